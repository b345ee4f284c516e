//! A Piper voice: any `.onnx` with its `.onnx.json`, spoken by piper-rs on ONNX Runtime, phonemised by espeak-ng.
//!
//! Owns: loading the runtime and the model, and the way from text to wide-band telephone audio. Must not know: queues, caches.
//!
//! Opening a voice reads its small files and checks that the large ones are there; the model itself (seconds,
//! hundreds of megabytes) is loaded at the first sentence, so that a start with a warm cache is quick.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use piper_rs::{ModelConfig, Piper};
use sha2::{Digest, Sha256};

use super::phonemes::{Alphabet, Chunk, clauses};
use super::spoken::{Lexicon, Piece, pause_after};
use super::{MARGIN, Pace, Reader, SpeechError, Voice};
use crate::audio::{Sound, WIDE_RATE, level, loudness, resample};

/// Raised when the same phonemes come out as other samples: older prompts on disk are then made anew.
const RENDERING: u32 = 3;
/// Most phonemes in one synthesis. Kokoro's table of styles ends at 509; speech is steadier well below.
const CHUNK_PHONEMES: usize = 300;
/// How much longer sounds are when slow; 1.0 is the voice's own pace.
const SLOW: f32 = 1.25;
/// Largest voice description read, bytes.
const CONFIG_LIMIT: u64 = 4 << 20;

const ENGINE: &str = "voice";

/// espeak-ng keeps its state in globals.
static ESPEAK: Mutex<()> = Mutex::new(());

/// ONNX Runtime is loaded once in a process; the library it came from.
static RUNTIME: Mutex<Option<PathBuf>> = Mutex::new(None);

#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    #[error("{} cannot be read: {source}", path.display())]
    Missing { path: PathBuf, source: std::io::Error },
    #[error("{} describes no Piper voice: {detail}", path.display())]
    Description { path: PathBuf, detail: String },
    #[error("{} is for a voice with {kind} phonemes, which are not supported", path.display())]
    PhonemeKind { path: PathBuf, kind: String },
    #[error("{} has no voice number {wanted}: the last is {last}", path.display())]
    Speaker { path: PathBuf, wanted: usize, last: usize },
    #[error("ONNX Runtime {} cannot be loaded: {detail}", path.display())]
    Runtime { path: PathBuf, detail: String },
    #[error("the model {} cannot be loaded: {detail}", path.display())]
    Model { path: PathBuf, detail: String },
    #[error("espeak-ng: {detail}")]
    Espeak { detail: String },
    #[error("synthesis: {detail}")]
    Synthesis { detail: String },
}

impl From<VoiceError> for SpeechError {
    fn from(error: VoiceError) -> Self {
        Self::Engine { engine: ENGINE, detail: error.to_string() }
    }
}

/// Where a voice is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceFiles {
    /// `libonnxruntime.so`, 1.24 or later.
    pub runtime: PathBuf,
    /// The `.onnx`.
    pub model: PathBuf,
    /// The `.onnx.json`.
    pub description: PathBuf,
}

impl VoiceFiles {
    /// From the path of either file of a voice, the other beside it as Piper names it.
    pub fn of(voice: &Path, runtime: &Path) -> Self {
        let (model, description) = if voice.extension().is_some_and(|ending| ending == "json") {
            (voice.with_extension(""), voice.to_owned())
        } else {
            let mut name = voice.as_os_str().to_owned();
            name.push(".json");
            (voice.to_owned(), PathBuf::from(name))
        };
        Self { runtime: runtime.to_owned(), model, description }
    }
}

/// A voice, its model loaded at the first sentence.
pub struct PiperVoice {
    files: VoiceFiles,
    language: String,
    lexicon: Arc<Lexicon>,
    threads: usize,
    description: Description,
    fingerprint: String,
    piper: Option<Piper>,
}

/// What we need of the `.onnx.json`, beside what piper-rs reads of it.
struct Description {
    /// The whole, in the form piper-rs wants.
    piper: serde_json::Value,
    espeak_voice: String,
    alphabet: Alphabet,
    /// Numbers of the voices the network holds, ascending; empty where it holds one.
    speakers: Vec<i64>,
    /// The one that speaks.
    speaker: Option<i64>,
    length_scale: f32,
}

impl PiperVoice {
    /// Reads the description and checks the files. `language`: ISO 639-1, for the spoken form. `speaker`: which voice of
    /// a network that holds several, 0 the first. `threads`: of the network, at least 1.
    pub fn open(
        files: VoiceFiles,
        language: &str,
        speaker: usize,
        lexicon: Arc<Lexicon>,
        threads: usize,
    ) -> Result<Self, VoiceError> {
        let (mut description, digest) = Description::read(&files.description)?;
        description.speaker = match description.speakers.as_slice() {
            [] if speaker == 0 => None,
            speakers => Some(*speakers.get(speaker).ok_or_else(|| VoiceError::Speaker {
                path: files.description.clone(),
                wanted: speaker,
                last: speakers.len().saturating_sub(1),
            })?),
        };
        File::open(&files.runtime).map_err(|source| VoiceError::Missing { path: files.runtime.clone(), source })?;
        let model =
            sample_digest(&files.model).map_err(|source| VoiceError::Missing { path: files.model.clone(), source })?;
        let mut fingerprint = format!("piper {RENDERING} {digest} {model}");
        if speaker > 0 {
            fingerprint += &format!(" speaker {speaker}");
        }
        Ok(Self {
            files,
            language: language.to_owned(),
            lexicon,
            threads: threads.max(1),
            description,
            fingerprint,
            piper: None,
        })
    }

    fn piper(&mut self) -> Result<&mut Piper, VoiceError> {
        match &mut self.piper {
            Some(piper) => Ok(piper),
            empty => {
                load_runtime(&self.files.runtime)?;
                let failed = |detail: String| VoiceError::Model { path: self.files.model.clone(), detail };
                let config: ModelConfig = serde_json::from_value(self.description.piper.clone()).map_err(|error| {
                    VoiceError::Description { path: self.files.description.clone(), detail: error.to_string() }
                })?;
                // Threads that spin between two operators would take the processor from the recogniser and the pacer.
                let session = ort::session::Session::builder()
                    .and_then(|builder| Ok(builder.with_intra_threads(self.threads)?))
                    .and_then(|builder| Ok(builder.with_intra_op_spinning(false)?))
                    .and_then(|mut builder| builder.commit_from_file(&self.files.model))
                    .map_err(|error| failed(error.to_string()))?;
                Ok(empty.insert(Piper::from_session(session, config)))
            }
        }
    }

    /// The sentence as phonemes, in chunks short enough for the model, with the pauses it does not make itself between.
    fn phonemes(&self, text: &str) -> Result<Vec<Chunk>, VoiceError> {
        let mut said = Vec::new();
        for clause in clauses(&self.lexicon.pieces(&self.language, text)) {
            let mut phonemes = String::new();
            for piece in &clause.pieces {
                phonemes.push(' ');
                match piece {
                    Piece::Text(words) => phonemes.push_str(&espeak(words, &self.description.espeak_voice)?),
                    Piece::Phonemes(ipa) => phonemes.push_str(ipa),
                }
            }
            said.push((phonemes, clause.mark));
        }
        Ok(self.description.alphabet.chunks(&said, CHUNK_PHONEMES))
    }

    /// The phones of a text in the voice's letters, one an element; marks, stress, length and pauses left out. What sounds
    /// alike has the same ones, however it is written.
    pub fn phones(&self, text: &str) -> Result<Vec<String>, VoiceError> {
        let mut phones: Vec<String> = Vec::new();
        for c in self.phonemes(text)?.iter().flat_map(|chunk| chunk.phonemes.chars()) {
            match (c, phones.last_mut()) {
                // Combining, as the tilde of a nasal vowel.
                ('\u{300}'..='\u{36f}', Some(last)) => last.push(c),
                _ if c.is_alphabetic() && !matches!(c, 'ˈ' | 'ˌ' | 'ː') => phones.push(c.into()),
                _ => {}
            }
        }
        Ok(phones)
    }

    fn render(&mut self, text: &str, pace: Pace) -> Result<Sound, VoiceError> {
        let chunks = self.phonemes(text)?;
        let speaker = self.description.speaker;
        let length = match pace {
            Pace::Normal => self.description.length_scale,
            Pace::Slow => self.description.length_scale * SLOW,
        };
        let piper = self.piper()?;
        let failed = |detail: String| VoiceError::Synthesis { detail };
        let mut spoken: Vec<Vec<f32>> = Vec::with_capacity(chunks.len());
        let mut rate = WIDE_RATE;
        for chunk in &chunks {
            let (samples, sampled_at) = piper
                .create(&chunk.phonemes, true, speaker, Some(length), None, None)
                .map_err(|error| failed(error.to_string()))?;
            rate = sampled_at;
            spoken.push(samples);
        }
        // Resampling overshoots a little: room for it, before the level is set.
        let peak = spoken.iter().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let mut sound: Vec<i16> = Vec::new();
        for (index, samples) in spoken.iter_mut().enumerate() {
            if peak > 0.5 {
                samples.iter_mut().for_each(|sample| *sample *= 0.5 / peak);
            }
            let wide = resample::resample(samples, rate, WIDE_RATE).map_err(|error| failed(error.to_string()))?;
            if let Some(before) = index.checked_sub(1).and_then(|before| chunks.get(before)) {
                let pause = pause_after(before.mark).saturating_sub(2 * MARGIN).as_secs_f64();
                sound.resize(sound.len() + (pause * f64::from(WIDE_RATE)) as usize, 0);
            }
            sound.extend(level::trim_silence(&resample::to_i16(&wide), WIDE_RATE, MARGIN.as_millis() as u32));
        }
        loudness::of_speech(&Sound::new(sound, WIDE_RATE)).map_err(|error| failed(error.to_string()))
    }
}

impl Voice for PiperVoice {
    fn speak(&mut self, text: &str, pace: Pace) -> Result<Sound, SpeechError> {
        Ok(self.render(text, pace)?)
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn reader(&self) -> Reader {
        let (lexicon, language) = (self.lexicon.clone(), self.language.clone());
        Arc::new(move |text| lexicon.reading(&language, text))
    }

    /// Loads the model and speaks a word: the first run allocates what later ones use.
    fn warm_up(&mut self) -> Result<(), SpeechError> {
        if self.piper.is_none() {
            self.render("bonjour", Pace::Normal)?;
        }
        Ok(())
    }
}

impl Description {
    /// Also returns the digest of the file.
    fn read(path: &Path) -> Result<(Self, String), VoiceError> {
        let wrong = |detail: String| VoiceError::Description { path: path.to_owned(), detail };
        let missing = |source| VoiceError::Missing { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(CONFIG_LIMIT).read_to_end(&mut bytes)).map_err(missing)?;
        let mut whole: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        let kind = whole["phoneme_type"].as_str().unwrap_or("espeak");
        if kind != "espeak" {
            return Err(VoiceError::PhonemeKind { path: path.to_owned(), kind: kind.to_owned() });
        }
        let espeak_voice =
            whole["espeak"]["voice"].as_str().ok_or_else(|| wrong("no espeak.voice".to_owned()))?.to_owned();
        let length_scale = whole["inference"]["length_scale"].as_f64().unwrap_or(1.0) as f32;
        let object = whole.as_object_mut().ok_or_else(|| wrong("no JSON object".to_owned()))?;
        // Left out by some voices of one speaker; piper-rs wants them.
        object.entry("num_speakers").or_insert_with(|| 1.into());
        object.entry("speaker_id_map").or_insert_with(|| serde_json::json!({}));
        let speakers: BTreeMap<String, i64> = serde_json::from_value(object["speaker_id_map"].clone())
            .map_err(|error| wrong(format!("speaker_id_map: {error}")))?;
        let letters = object
            .get_mut("phoneme_id_map")
            .and_then(|map| map.as_object_mut())
            .ok_or_else(|| wrong("no phoneme_id_map".to_owned()))?;
        // piper-rs knows letters of one character only.
        letters.retain(|letter, _| letter.chars().count() == 1);
        let alphabet = Alphabet::new(letters.keys().filter_map(|letter| letter.chars().next()), &espeak_voice);
        let mut sorted: Vec<i64> = speakers.into_values().collect();
        sorted.sort_unstable();
        let description = Self { speakers: sorted, speaker: None, piper: whole, espeak_voice, alphabet, length_scale };
        Ok((description, short_digest(&bytes)))
    }
}

/// Loads ONNX Runtime once. A second library in the same process is not possible; the first one serves.
fn load_runtime(path: &Path) -> Result<(), VoiceError> {
    let mut loaded = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = &*loaded {
        if first != path {
            tracing::warn!(loaded = %first.display(), ignored = %path.display(), "ONNX Runtime is loaded already");
        }
        return Ok(());
    }
    let failed = |detail: String| VoiceError::Runtime { path: path.to_owned(), detail };
    let absolute = fs::canonicalize(path).map_err(|source| VoiceError::Missing { path: path.to_owned(), source })?;
    check_runtime(&absolute).map_err(failed)?;
    let environment = ort::init_from(absolute).map_err(|error| failed(error.to_string()))?;
    environment.with_name("allo-mairie").with_telemetry(false).commit();
    *loaded = Some(path.to_owned());
    Ok(())
}

/// Whether the file is an ONNX Runtime that ort can use. Asked first, because ort 2.0.0-rc.12 waits for itself for ever
/// when loading fails: making its error needs the library.
fn check_runtime(path: &Path) -> Result<(), String> {
    type GetApiBase = unsafe extern "C" fn() -> *const ort::sys::OrtApiBase;
    // SAFETY: the library's initialisers run, as they do when ort loads the same file next; `OrtGetApiBase` has this
    // signature in every ONNX Runtime (onnxruntime_c_api.h) and returns a static or null.
    unsafe {
        let library = libloading::Library::new(path).map_err(|error| error.to_string())?;
        let base = library.get::<GetApiBase>(b"OrtGetApiBase\0").map_err(|error| error.to_string())?();
        let version = ort::sys::ORT_API_VERSION;
        if base.is_null() || ((*base).GetApi)(version).is_null() {
            return Err(format!("it is older than 1.{version}"));
        }
        // Stays loaded: ort uses it from here on.
        std::mem::forget(library);
    }
    Ok(())
}

/// IPA of `words`, which hold no punctuation.
fn espeak(words: &str, voice: &str) -> Result<String, VoiceError> {
    // A NUL cannot reach C; the spoken form has none, a lexicon might.
    let words = words.replace('\0', " ");
    let _one_at_a_time = ESPEAK.lock().unwrap_or_else(PoisonError::into_inner);
    // Voices of a region ("en-gb", "en-gb-x-rp") are not known by that name to every build: then that of the language.
    let language = voice.split('-').next().unwrap_or(voice);
    let clauses = espeak_rs::text_to_phonemes(&words, voice, None)
        .or_else(|_| espeak_rs::text_to_phonemes(&words, language, None))
        .map_err(|error| VoiceError::Espeak { detail: error.to_string() })?;
    Ok(clauses.join(" "))
}

/// Tells models apart without reading them whole: length, and blocks throughout.
fn sample_digest(path: &Path) -> std::io::Result<String> {
    const BLOCKS: u64 = 64;
    const BLOCK: u64 = 4096;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut digest = Sha256::new();
    digest.update(length.to_le_bytes());
    for block in 0..BLOCKS {
        let from = length.saturating_sub(BLOCK) / (BLOCKS - 1) * block;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.by_ref().take(BLOCK).read_to_end(&mut bytes)?;
        digest.update(&bytes);
    }
    Ok(digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn short_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
