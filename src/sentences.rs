//! The sentence encoder from its file, and the points of a dialplan's sentences kept on disk. An edge of the house.
//!
//! Finding the points of a town's thousands of phrases takes seconds, of one sentence milliseconds: the former are kept in a
//! file named after the model and the sentences, so they are computed once a dialplan. Owns: those files, the threads. Must not
//! know: what points are for.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tracing::debug;

use crate::understanding::encoder::{DIMENSIONS, Encode, Encoder, Malformed, Points, Table};

/// Fewer sentences are computed in less time than a file is worth.
const WORTH_KEEPING: usize = 64;
/// Files kept, one a language and one of the examples: of the dialplan in use, and of its last changes.
const MOST_KEPT: usize = 12;
/// Where commands look for the model.
pub const MODEL: &str = "models/sentences.safetensors";
/// Where commands keep points.
pub const CACHE: &str = "cache/understanding";

/// Why there is no encoder. Shown to whoever starts the program: French, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum SentencesError {
    #[error("« {} » n'a pas pu être lu : {source}. Lancez « make models ».", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("« {} » : {source}. Lancez « make models ».", .path.display())]
    Malformed { path: PathBuf, source: Malformed },
}

/// Reads the model; `None` when there is none.
pub fn open(model: &Path, cache: &Path) -> Result<Option<Arc<dyn Encode>>, SentencesError> {
    let unreadable = |source| SentencesError::Unreadable { path: model.to_owned(), source };
    let mut file = match fs::File::open(model) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    let encoder = Encoder::read(&bytes, |place| Box::new(OnDisk { file, start: place.start as u64 }))
        .map_err(|source| SentencesError::Malformed { path: model.to_owned(), source })?;
    let model = Sha256::digest(&bytes).into();
    Ok(Some(Arc::new(Kept { encoder, model, cache: cache.to_owned() })))
}

/// Rows read from the model's file as they are needed: forty-four megabytes that the system may keep or give away.
struct OnDisk {
    file: fs::File,
    /// Where the table begins in it.
    start: u64,
}

impl Table for OnDisk {
    fn read(&self, at: usize, row: &mut [u8]) -> bool {
        self.file.read_exact_at(row, self.start + at as u64).is_ok()
    }
}

/// An encoder that remembers.
#[derive(Debug)]
struct Kept {
    encoder: Encoder,
    model: [u8; 32],
    cache: PathBuf,
}

impl Encode for Kept {
    fn points(&self, texts: &[String]) -> Points {
        if texts.len() < WORTH_KEEPING {
            return self.encoder.encode(texts);
        }
        let path = self.cache.join(self.name(texts));
        if let Some(points) = read(&path, texts.len()) {
            return points;
        }
        let points = self.compute(texts);
        // Without a file they are computed again next time.
        if let Err(error) = write(&path, &points).and_then(|()| tidy(&self.cache)) {
            debug!(%error, "points of sentences not kept");
        }
        points
    }
}

impl Kept {
    /// On every processor.
    fn compute(&self, texts: &[String]) -> Points {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let share = texts.len().div_ceil(threads);
            let parts: Vec<_> = texts.chunks(share).map(|part| scope.spawn(|| self.encoder.encode(part))).collect();
            let mut points = Points::default();
            for part in parts {
                // A thread that panicked takes the program with it, as it would have without threads.
                points.append(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            points
        })
    }

    fn name(&self, texts: &[String]) -> String {
        let mut digest = Sha256::new();
        digest.update(self.model);
        for text in texts {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text.as_bytes());
        }
        let digest = digest.finalize();
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>() + ".points"
    }
}

/// `count` points from a file; `None` when it is absent, cut short or damaged.
fn read(path: &Path, count: usize) -> Option<Points> {
    let bytes = fs::read(path).ok()?;
    let (digest, values) = bytes.split_first_chunk::<32>()?;
    if values.len() != count * DIMENSIONS * 4 || Sha256::digest(values).as_slice() != digest {
        return None;
    }
    let numbers = values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Some(Points::new(numbers.collect()))
}

/// Whole or not at all.
fn write(path: &Path, points: &Points) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let values: Vec<u8> = points.numbers().iter().flat_map(|value| value.to_le_bytes()).collect();
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = fs::File::create(&part)?;
    file.write_all(&Sha256::digest(&values))?;
    file.write_all(&values)?;
    fs::rename(part, path)
}

/// Leaves the newest.
fn tidy(folder: &Path) -> io::Result<()> {
    let mut files: Vec<_> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "points"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    files.iter().rev().skip(MOST_KEPT).try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: usize) -> Points {
        Points::new((0..count).flat_map(|i| (0..DIMENSIONS).map(move |j| (i * j) as f32)).collect())
    }

    #[test]
    fn what_was_kept_is_read_again_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/a.points");
        write(&path, &points(3)).unwrap();
        assert_eq!(read(&path, 3), Some(points(3)));
        assert_eq!(read(&path, 2), None);
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path, 3), None);
        fs::write(&path, b"short").unwrap();
        assert_eq!(read(&path, 3), None);
    }

    #[test]
    fn the_oldest_give_way() {
        let folder = tempfile::tempdir().unwrap();
        for i in 0..MOST_KEPT + 3 {
            let path = folder.path().join(format!("{i}.points"));
            write(&path, &points(1)).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000 + i as u64);
            fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        fs::write(folder.path().join("other"), b"").unwrap();
        tidy(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST_KEPT + 1);
        assert!(!folder.path().join("2.points").exists() && folder.path().join("3.points").exists());
    }

    #[test]
    fn rows_are_read_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        fs::write(&path, b"..abcdef").unwrap();
        let table = OnDisk { file: fs::File::open(&path).unwrap(), start: 2 };
        let mut row = [0; 3];
        assert!(table.read(3, &mut row) && row == *b"def");
        assert!(!table.read(4, &mut row));
    }

    #[test]
    fn no_model_is_no_failure_and_a_damaged_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        assert!(open(&model, folder.path()).unwrap().is_none());
        fs::write(&model, b"{}").unwrap();
        assert!(matches!(open(&model, folder.path()), Err(SentencesError::Malformed { .. })));
    }
}
