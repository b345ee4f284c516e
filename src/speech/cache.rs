//! Spoken sentences kept, at 8 kHz and at 16 kHz (each form a sound of its own): content-addressed WAV files on disk, and the fixed prompts in memory.
//!
//! A file's name is the SHA-256 of everything its sound depends on: voice, pace, language and reading (the text in
//! spoken form), so a changed sentence, rule, pronunciation or voice simply has another name. Files are written whole
//! or not at all and carry a digest of their samples: a torn or damaged file counts as absent.
//! Must not know: how sentences are synthesised, who asks.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::Pace;
use crate::audio::{LINE_RATE, Sound, wav};

/// Default bound of the files, bytes: about 37 hours of speech.
pub const DISK_LIMIT: u64 = 2 << 30;
/// Bound of the fixed prompts in memory, bytes (an hour and ten minutes); what is beyond stays on disk.
const FIXED_LIMIT: usize = 64 << 20;
/// Bound of the other sentences in memory, bytes; the least recently said goes first.
const RECENT_LIMIT: usize = 16 << 20;
/// Eviction frees this part of the limit (one tenth), so that it need not run at each write.
const EVICTED_PART: u64 = 10;
/// Largest file read, bytes: ten minutes of narrow-band speech.
const FILE_LIMIT: u64 = 10 * 60 * 16_000;
/// The chunk after the samples: its name, then the SHA-256 of the `data` chunk.
const DIGEST_CHUNK: &[u8; 8] = b"sha2\x20\0\0\0";
const DIGEST_BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("{} cannot be created: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("sound cannot be put in a file: {0}")]
    Encode(#[from] wav::WavError),
}

/// Names one sound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    name: String,
    rate: u32,
}

impl Key {
    /// `reading`: the sentence as the voice will say it. `rate`: of the samples, Hz.
    pub fn new(fingerprint: &str, pace: Pace, language: &str, reading: &str, rate: u32) -> Self {
        let mut digest = Sha256::new();
        let pace = match pace {
            Pace::Normal => "normal",
            Pace::Slow => "slow",
        };
        for part in [fingerprint, pace, language, reading] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        // The narrow-band form has the name it had before there was another.
        if rate != LINE_RATE {
            digest.update(rate.to_le_bytes());
        }
        Self { name: hex(&digest.finalize()), rate }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who asks for a sentence in memory: language, written text, pace, rate.
type Said = (String, String, Pace, u32);

/// Shared by all who speak; clones are the same cache.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    limit: u64,
    /// Bytes on disk, once counted.
    used: Mutex<Option<u64>>,
    written: AtomicU64,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    fixed: HashMap<Said, Arc<[i16]>>,
    fixed_bytes: usize,
    /// With the moment of the last use, counted in uses.
    recent: HashMap<Said, (Arc<[i16]>, u64)>,
    recent_bytes: usize,
    uses: u64,
}

impl Memory {
    fn keep(&mut self, said: Said, samples: &Arc<[i16]>) -> bool {
        let bytes = samples.len() * 2;
        if self.fixed_bytes + bytes > FIXED_LIMIT {
            return false;
        }
        if self.fixed.insert(said, samples.clone()).is_none() {
            self.fixed_bytes += bytes;
        }
        true
    }
}

impl Cache {
    /// Files under `folder` (made when absent), at most `limit` bytes.
    pub fn open(folder: &Path, limit: u64) -> Result<Self, CacheError> {
        fs::create_dir_all(folder).map_err(|source| CacheError::Folder { path: folder.to_owned(), source })?;
        Ok(Self(Arc::new(Inner {
            folder: folder.to_owned(),
            limit,
            used: Mutex::new(None),
            written: AtomicU64::new(0),
            memory: Mutex::default(),
        })))
    }

    /// The sound on disk; `None` when absent, torn or damaged. Marks it as used now.
    pub fn load(&self, key: &Key) -> Option<Sound> {
        let path = self.path(key);
        let file = File::open(&path).ok()?;
        if file.metadata().ok()?.len() > FILE_LIMIT {
            return None;
        }
        // Only the order of use matters here; a file system that refuses leaves the older time.
        #[expect(clippy::disallowed_methods, reason = "the edge: age of files on disk")]
        let _ = file.set_modified(SystemTime::now());
        let sound = decode(&fs::read(&path).ok()?, key.rate);
        if sound.is_none() {
            tracing::warn!(file = %path.display(), "damaged prompt, will be made anew");
        }
        sound
    }

    /// Keeps a sound on disk: written beside its place, then moved there, so that no reader sees half of it.
    pub fn store(&self, key: &Key, samples: &[i16]) -> Result<(), CacheError> {
        let path = self.path(key);
        let bytes = encode(samples, key.rate)?;
        let folder = path.parent().unwrap_or(&self.0.folder);
        fs::create_dir_all(folder).map_err(|source| CacheError::Folder { path: folder.to_owned(), source })?;
        let number = self.0.written.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!("{}.{}-{number}.part", key.name, std::process::id()));
        let result =
            File::create(&part).and_then(|mut file| file.write_all(&bytes)).and_then(|()| fs::rename(&part, &path));
        if let Err(source) = result {
            let _ = fs::remove_file(&part);
            return Err(CacheError::Write { path, source });
        }
        self.count(bytes.len() as u64);
        Ok(())
    }

    /// Whether there is a file of this sound, whole or not.
    pub fn holds(&self, key: &Key) -> bool {
        self.path(key).exists()
    }

    /// The sound in memory. Never touches the disk.
    pub fn recall(&self, language: &str, text: &str, pace: Pace, rate: u32) -> Option<Sound> {
        let said = (language.to_owned(), text.to_owned(), pace, rate);
        let mut memory = self.memory();
        memory.uses += 1;
        let now = memory.uses;
        if let Some(samples) = memory.fixed.get(&said) {
            return Some(Sound::new(samples.clone(), rate));
        }
        let (samples, used) = memory.recent.get_mut(&said)?;
        *used = now;
        Some(Sound::new(samples.clone(), rate))
    }

    /// Keeps a fixed prompt in memory for good; `false` when the bound is reached.
    pub fn keep(&self, language: &str, text: &str, pace: Pace, sound: &Sound) -> bool {
        let said = (language.to_owned(), text.to_owned(), pace, sound.rate);
        self.memory().keep(said, &sound.samples)
    }

    /// Remembers a sentence just said, at the expense of those not said for long. The other form of a fixed prompt is
    /// kept for good while there is room.
    pub fn remember(&self, language: &str, text: &str, pace: Pace, sound: &Sound) {
        let samples = &sound.samples;
        let bytes = samples.len() * 2;
        if bytes > RECENT_LIMIT {
            return;
        }
        let said = (language.to_owned(), text.to_owned(), pace, sound.rate);
        let narrow = (language.to_owned(), text.to_owned(), pace, LINE_RATE);
        let mut guard = self.memory();
        let memory = &mut *guard;
        memory.uses += 1;
        if memory.fixed.contains_key(&said) {
            return;
        }
        if memory.fixed.contains_key(&narrow) && memory.keep(said.clone(), samples) {
            return;
        }
        if let Some((old, _)) = memory.recent.insert(said, (samples.clone(), memory.uses)) {
            memory.recent_bytes -= old.len() * 2;
        }
        memory.recent_bytes += bytes;
        while memory.recent_bytes > RECENT_LIMIT {
            let oldest = memory.recent.iter().min_by_key(|(_, (_, used))| *used).map(|(said, _)| said.clone());
            let Some((old, _)) = oldest.and_then(|said| memory.recent.remove(&said)) else {
                break;
            };
            memory.recent_bytes -= old.len() * 2;
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &Key) -> PathBuf {
        let (head, tail) = key.name.split_at(2);
        self.0.folder.join(head).join(format!("{tail}.wav"))
    }

    /// Adds what was written to the count; over the limit, the files longest unused go.
    fn count(&self, bytes: u64) {
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        let total = used.map_or_else(|| self.files().iter().map(|file| file.bytes).sum(), |total| total + bytes);
        *used = Some(if total > self.0.limit { self.evict() } else { total });
    }

    /// Removes files, the longest unused first; returns the bytes that stay.
    fn evict(&self) -> u64 {
        let mut files = self.files();
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.bytes).sum();
        let goal = self.0.limit - self.0.limit / EVICTED_PART;
        for file in files {
            if total <= goal {
                break;
            }
            if fs::remove_file(&file.path).is_ok() {
                total -= file.bytes;
            }
        }
        total
    }

    /// Every file of the cache, those of interrupted writes included (they are old, so they go first).
    fn files(&self) -> Vec<Entry> {
        let folders = fs::read_dir(&self.0.folder).into_iter().flatten().flatten();
        folders
            .filter(|folder| folder.file_name().len() == 2)
            .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
            .filter_map(|file| {
                let data = file.metadata().ok()?;
                let used = data.modified().ok()?;
                data.is_file().then(|| Entry { path: file.path(), bytes: data.len(), used })
            })
            .collect()
    }
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// A WAV with a digest chunk behind the samples; players skip chunks they don't know.
fn encode(samples: &[i16], rate: u32) -> Result<Vec<u8>, CacheError> {
    let mut bytes = wav::write_mono(samples, rate)?;
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(DIGEST_CHUNK);
    bytes.extend_from_slice(&digest);
    let riff = u32::try_from(bytes.len() - 8).unwrap_or(u32::MAX);
    bytes[4..8].copy_from_slice(&riff.to_le_bytes());
    Ok(bytes)
}

fn decode(bytes: &[u8], rate: u32) -> Option<Sound> {
    let plain_length = bytes.len().checked_sub(DIGEST_CHUNK.len() + DIGEST_BYTES)?;
    let (plain, tail) = bytes.split_at(plain_length);
    let (name, digest) = tail.split_at(DIGEST_CHUNK.len());
    let mut plain = plain.to_vec();
    let riff = u32::try_from(plain_length.checked_sub(8)?).ok()?;
    plain.get_mut(4..8)?.copy_from_slice(&riff.to_le_bytes());
    if name != DIGEST_CHUNK || Sha256::digest(&plain)[..] != *digest {
        return None;
    }
    let clip = wav::read(&plain).ok()?;
    (clip.rate == rate).then(|| Sound::new(clip.samples, rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::WIDE_RATE;
    use std::time::Duration;

    fn cache(limit: u64) -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let cache = Cache::open(&folder.path().join("voice"), limit).expect("cache");
        (folder, cache)
    }

    fn key(reading: &str) -> Key {
        Key::new("voice 1", Pace::Normal, "fr", reading, LINE_RATE)
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let (_folder, cache) = cache(DISK_LIMIT);
        let samples: Vec<i16> = (-800..800).map(|n| n * 40).collect();
        assert_eq!(cache.load(&key("bonjour")), None);
        cache.store(&key("bonjour"), &samples).expect("stored");
        assert_eq!(cache.load(&key("bonjour")).as_ref().map(|sound| &sound.samples[..]), Some(&samples[..]));
        assert_eq!(cache.load(&key("bonsoir")), None);
        cache.store(&key("rien"), &[]).expect("stored");
        assert_eq!(cache.load(&key("rien")).map(|sound| sound.samples.len()), Some(0));
        // Anybody can listen to the file.
        let bytes = fs::read(cache.path(&key("bonjour"))).expect("file");
        assert_eq!(wav::read(&bytes).expect("wav").samples, samples);
    }

    #[test]
    fn everything_the_sound_depends_on_is_in_the_key() {
        let keys = [
            key("bonjour"),
            key("bonjour "),
            Key::new("voice 2", Pace::Normal, "fr", "bonjour", LINE_RATE),
            Key::new("voice 1", Pace::Slow, "fr", "bonjour", LINE_RATE),
            Key::new("voice 1", Pace::Normal, "en", "bonjour", LINE_RATE),
            Key::new("voice 1", Pace::Normal, "frb", "onjour", LINE_RATE),
            Key::new("voice 1", Pace::Normal, "fr", "bonjour", WIDE_RATE),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(keys[index + 1..].iter().all(|other| one != other), "{one:?}");
        }
    }

    #[test]
    fn the_narrow_band_form_has_the_name_it_always_had() {
        // So that what older versions left on disk serves: the SHA-256 of the four parts, each behind its length.
        assert_eq!(key("bonjour").name, "b56755acde8f62cfe82430ea6f39b2ceeba725204508e62d7865082e9f60324d");
    }

    #[test]
    fn both_forms_stand_side_by_side() {
        let (_folder, cache) = cache(DISK_LIMIT);
        let wide = Key::new("voice 1", Pace::Normal, "fr", "bonjour", WIDE_RATE);
        cache.store(&key("bonjour"), &[1; 80]).expect("stored");
        assert!(cache.load(&wide).is_none() && !cache.holds(&wide) && cache.holds(&key("bonjour")));
        cache.store(&wide, &[2; 160]).expect("stored");
        assert_eq!(cache.load(&wide), Some(Sound::new([2; 160], WIDE_RATE)));
        assert_eq!(cache.load(&key("bonjour")), Some(Sound::new([1; 80], LINE_RATE)));
        // In memory the wide form of a fixed prompt is fixed too; of any other it is not.
        cache.keep("fr", "a", Pace::Normal, &Sound::new([1; 80], LINE_RATE));
        cache.remember("fr", "a", Pace::Normal, &Sound::new([2; 160], WIDE_RATE));
        cache.remember("fr", "b", Pace::Normal, &Sound::new([3; 160], WIDE_RATE));
        assert_eq!(cache.recall("fr", "a", Pace::Normal, WIDE_RATE), Some(Sound::new([2; 160], WIDE_RATE)));
        let memory = cache.memory();
        assert_eq!((memory.fixed.len(), memory.recent.len(), memory.fixed_bytes), (2, 1, 160 + 320));
    }

    #[test]
    fn a_damaged_file_is_absent_and_replaced() {
        let (_folder, cache) = cache(DISK_LIMIT);
        let samples = vec![1_000_i16; 160];
        cache.store(&key("a"), &samples).expect("stored");
        let path = cache.path(&key("a"));
        let whole = fs::read(&path).expect("file");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("torn");
            assert_eq!(cache.load(&key("a")), None, "{length} bytes of {}", whole.len());
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(&path, &damaged).expect("damaged");
            let loaded = cache.load(&key("a"));
            // The RIFF length alone is no part of the sound.
            assert!(loaded.is_none() || (4..8).contains(&at), "byte {at}");
        }
        cache.store(&key("a"), &samples).expect("stored");
        assert_eq!(cache.load(&key("a")).as_ref().map(|sound| &sound.samples[..]), Some(&samples[..]));
    }

    #[test]
    fn the_longest_unused_are_evicted() {
        let file = 160 * 2 + 44 + 40;
        let (_folder, cache) = cache(file * 10);
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for n in 0..10 {
            let key = key(&n.to_string());
            cache.store(&key, &[n; 160]).expect("stored");
            let file = File::options().append(true).open(cache.path(&key)).expect("file");
            file.set_modified(old + Duration::from_secs(n.unsigned_abs().into())).expect("time set");
        }
        assert!(cache.load(&key("0")).is_some(), "in bounds, and used now");
        cache.store(&key("10"), &[10; 160]).expect("stored");
        let left: Vec<u16> = (0..=10).filter(|n| cache.path(&key(&n.to_string())).exists()).collect();
        assert_eq!(left, [0, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let (folder, _cache) = cache(0);
        let file = folder.path().join("file");
        fs::write(&file, "").expect("file");
        let error = Cache::open(&file.join("voice"), 0).expect_err("no folder under a file");
        assert!(error.to_string().contains("file/voice"), "{error}");
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_fixed() {
        let (_folder, cache) = cache(DISK_LIMIT);
        let minute = Sound::new(vec![0; 480_000], LINE_RATE);
        assert!(cache.keep("fr", "accueil", Pace::Normal, &minute));
        for n in 0..40 {
            assert!(cache.recall("fr", "0", Pace::Normal, LINE_RATE).is_some() || n == 0);
            cache.remember("fr", &n.to_string(), Pace::Normal, &minute);
        }
        let kept: Vec<u32> =
            (0..40).filter(|n| cache.recall("fr", &n.to_string(), Pace::Normal, LINE_RATE).is_some()).collect();
        assert_eq!(kept.len(), RECENT_LIMIT / 960_000);
        assert!(kept.starts_with(&[0]) && kept.ends_with(&[39]), "the one in use and the newest stay: {kept:?}");
        assert!(cache.recall("fr", "accueil", Pace::Normal, LINE_RATE).is_some());
        assert!(cache.recall("fr", "accueil", Pace::Slow, LINE_RATE).is_none());
        let fixed = (0..100).filter(|n| cache.keep("fr", &format!("f{n}"), Pace::Normal, &minute)).count();
        assert_eq!(fixed, FIXED_LIMIT / 960_000 - 1);
    }
}
