//! What has been prepared, with size, time of modification and SHA-256, so that a second run has nothing to read.
//!
//! Owns: `models/manifest.json`, hashing of files. Must not know: how the files are made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ModelsError;

const FILE: &str = "manifest.json";

/// Prepared files by their name in the models' directory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    files: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    sha256: String,
    /// Which packages and which version of the conversion it was made by.
    recipe: String,
}

/// How the files on disk compare with the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Size and time of modification only; a file that was touched is hashed again.
    Quick,
    /// Every byte.
    Full,
}

impl Manifest {
    /// The manifest of `dir`; empty when there is none or it is unreadable, which only costs time.
    pub fn load(dir: &Path) -> Self {
        fs::read(dir.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    pub fn save(&self, dir: &Path) -> Result<(), ModelsError> {
        let path = dir.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(|error| ModelsError::io(&path, error.into()))?;
        write_atomically(&path, |out| io::Write::write_all(out, &text))
    }

    /// Whether `name` is as it was prepared by `recipe`. A file whose times changed but not its bytes stays good.
    pub fn agrees(&mut self, dir: &Path, name: &str, recipe: &str, check: Check) -> Result<bool, ModelsError> {
        let path = dir.join(name);
        let Some(entry) = self.files.get_mut(name) else {
            return Ok(false);
        };
        let Ok((bytes, modified)) = facts(&path) else {
            return Ok(false);
        };
        if entry.recipe != recipe || entry.bytes != bytes {
            return Ok(false);
        }
        if check == Check::Quick && entry.modified == modified {
            return Ok(true);
        }
        let same = sha256(&path)? == entry.sha256;
        if same {
            entry.modified = modified;
        }
        Ok(same)
    }

    /// Notes that `name` has just been prepared.
    pub fn record(&mut self, dir: &Path, name: &str, recipe: &str) -> Result<(), ModelsError> {
        let path = dir.join(name);
        let (bytes, modified) = facts(&path).map_err(|error| ModelsError::io(&path, error))?;
        let entry = Entry { bytes, modified, sha256: sha256(&path)?, recipe: recipe.to_owned() };
        self.files.insert(name.to_owned(), entry);
        Ok(())
    }
}

fn facts(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    let since = metadata.modified()?.duration_since(UNIX_EPOCH);
    let modified = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
    Ok((metadata.len(), modified))
}

/// SHA-256 of a file, in lower-case hexadecimal.
pub fn sha256(path: &Path) -> Result<String, ModelsError> {
    let hash = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        Ok(hex(&hasher.finalize()))
    };
    hash().map_err(|error| ModelsError::io(path, error))
}

/// SHA-256 of bytes, in lower-case hexadecimal.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes beside `path`, then renames: `path` is whole or absent.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<File>) -> io::Result<()>,
) -> Result<(), ModelsError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let attempt = || -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = io::BufWriter::with_capacity(1 << 20, File::create(&part)?);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    attempt().map_err(|error| {
        // The half-written file is worth nothing, and on a full disk its room is wanted.
        let _ = fs::remove_file(&part);
        ModelsError::io(path, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_file_agrees_until_its_bytes_or_its_recipe_change() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        write_atomically(&path, |out| io::Write::write_all(out, b"abc")).expect("written");
        let mut manifest = Manifest::default();
        manifest.record(dir.path(), "a", "r1").expect("recorded");
        manifest.save(dir.path()).expect("saved");

        let mut manifest = Manifest::load(dir.path());
        let mut agrees = |recipe, check| manifest.agrees(dir.path(), "a", recipe, check).expect("readable");
        assert!(agrees("r1", Check::Quick));
        assert!(agrees("r1", Check::Full));
        assert!(!agrees("r2", Check::Quick), "made by another recipe");

        // Same bytes, other time: still good.
        let later = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let touch = |time| File::options().write(true).open(&path)?.set_modified(time);
        touch(later).expect("touched");
        assert!(agrees("r1", Check::Quick));

        // Other bytes, same size and time: only the full check sees it.
        fs::write(&path, b"abd").expect("written");
        touch(later).expect("touched");
        assert!(agrees("r1", Check::Quick));
        assert!(!agrees("r1", Check::Full));
    }

    #[test]
    fn hash_of_abc_is_that_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of(b"abc"), expected);
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        fs::write(&path, b"abc").expect("written");
        assert_eq!(sha256(&path).expect("readable"), expected);
    }

    #[test]
    fn a_failed_write_leaves_neither_file_nor_part() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        let outcome = write_atomically(&path, |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(matches!(outcome, Err(ModelsError::DiskFull { .. })));
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    }
}
