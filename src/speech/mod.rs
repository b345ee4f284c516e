//! Hearing and speaking: the native engines, on worker threads behind traits, with fakes for tests.
//!
//! Owns: Whisper (`recogniser`, feature `whisper`), the Piper voice (`voice`, feature `piper`), the cache of prompts,
//! text in spoken form, preparation of the models. Must not know: SIP, RTP, dialogue.

pub mod cache;
pub mod fake;
pub mod models;
#[cfg(any(test, feature = "piper"))]
mod phonemes;
pub mod recogniser;
pub mod share;
pub mod speaker;
pub mod spoken;
#[cfg(feature = "piper")]
pub mod voice;
pub mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::audio::Sound;

/// One utterance to be recognised.
#[derive(Debug, Clone, Default)]
pub struct Utterance {
    /// Mono.
    pub samples: Arc<[i16]>,
    /// Of the samples, Hz: 8,000 from a narrow-band call, 16,000 from a wide-band one. The engine hears 16 kHz.
    pub rate: u32,
    /// ISO 639-1, e.g. `fr`: the one expected.
    pub language: String,
    /// Languages it may be in instead; empty when the language is known.
    pub others: Vec<String>,
    /// Initial prompt: words of the dialplan and of what the dialogue expects now.
    pub prompt: String,
}

impl Utterance {
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }
}

/// What was heard. Personal data: never goes into a log line's text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// Empty when the utterance held no words (silence, noise, a known invention of Whisper).
    pub text: String,
    /// Mean probability of the tokens, 0–1.
    pub confidence: f32,
    /// The same with other digits, likeliest first; only where there are digits enough for a dictated number.
    pub alternatives: Vec<Alternative>,
    /// The language it is in, where several were possible ([`Utterance::others`]) and there are words.
    pub language: Option<String>,
    /// Time the engine worked.
    pub elapsed: Duration,
}

/// A transcript that was nearly chosen. Personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    pub text: String,
    /// How much less likely than the one chosen: natural logarithm of the ratio.
    pub odds: f32,
}

#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum SpeechError {
    /// The work was overtaken: nobody wants its result any more.
    #[error("abandoned")]
    Abandoned,
    /// More work is queued than the bound allows.
    #[error("queue of the {engine} is full")]
    Busy { engine: &'static str },
    #[error("{engine} failed: {detail}")]
    Engine { engine: &'static str, detail: String },
    #[error("this build has no {engine}")]
    NotBuilt { engine: &'static str },
}

/// A speech recogniser; lives on a worker thread of its own.
pub trait Recogniser: Send {
    /// Turns one utterance into text; returns `Abandoned` as soon as it notices `abandoned` set.
    fn recognise(&mut self, utterance: &Utterance, abandoned: &AtomicBool) -> Result<Transcript, SpeechError>;
}

/// Silence that a voice leaves at both ends of a sentence.
const MARGIN: Duration = Duration::from_millis(20);

/// How fast a sentence is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Pace {
    #[default]
    Normal,
    /// "Plus lentement".
    Slow,
}

/// A synthetic voice; lives on a worker thread of its own.
pub trait Voice: Send {
    /// Speaks one sentence of written text (numbers, hours and abbreviations are put in spoken form here):
    /// at 16 kHz, loudness-normalised, trimmed of silence at both ends. A narrow-band call gets it at 8 kHz by [`Sound::at`].
    fn speak(&mut self, text: &str, pace: Pace) -> Result<Sound, SpeechError>;
    /// Identifies voice and settings; part of the cache's key.
    fn fingerprint(&self) -> String;
    /// How this voice reads a text (spoken form, lexicon): the other part of the cache's key, so that a changed rule or
    /// pronunciation makes anew only the sentences it changes. The default: the text as it is.
    fn reader(&self) -> Reader {
        Arc::new(str::to_owned)
    }
    /// Loads what the first sentence would have to wait for.
    fn warm_up(&mut self) -> Result<(), SpeechError> {
        Ok(())
    }
}

/// Written text → its reading; see [`Voice::reader`].
pub type Reader = Arc<dyn Fn(&str) -> String + Send + Sync>;
