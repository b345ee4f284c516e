//! Engines for tests: deterministic, without models.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Pace, Recogniser, SpeechError, Transcript, Utterance, Voice};
use crate::audio::{Sound, WIDE_RATE};

/// Speaks a 440 Hz tone of 60 ms a character, a quarter longer when slow. Text without a letter or digit is silent.
#[derive(Debug, Default)]
pub struct ToneVoice;

impl Voice for ToneVoice {
    fn speak(&mut self, text: &str, pace: Pace) -> Result<Sound, SpeechError> {
        if !text.chars().any(char::is_alphanumeric) {
            return Ok(Sound::new([], WIDE_RATE));
        }
        let each = WIDE_RATE as usize * 60 / 1000;
        let length = match pace {
            Pace::Normal => text.chars().count() * each,
            Pace::Slow => text.chars().count() * each * 5 / 4,
        };
        let step = TAU * 440.0 / WIDE_RATE as f32;
        let samples: Vec<i16> = (0..length).map(|n| (3_000.0 * (step * n as f32).sin()) as i16).collect();
        Ok(Sound::new(samples, WIDE_RATE))
    }

    fn fingerprint(&self) -> String {
        "tone 1".to_owned()
    }
}

/// One answer of a [`ScriptedRecogniser`].
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// This text, with this confidence.
    Heard(&'static str, f32),
    Fails(SpeechError),
    /// The engine panics.
    Panics,
    /// Works until the utterance is abandoned.
    Endless,
    /// Does not come back, whatever it is told, before [`ScriptedRecogniser::release`].
    Hangs,
    /// This text in this language.
    In(&'static str, &'static str),
}

/// Gives the answers of its script in order; after the last, an empty transcript. Clones share the script.
#[derive(Debug, Clone, Default)]
pub struct ScriptedRecogniser {
    script: Arc<Mutex<VecDeque<Answer>>>,
    /// Utterances received so far, and a bell rung at each.
    received: Arc<(Mutex<Vec<Utterance>>, Condvar)>,
    released: Arc<(Mutex<bool>, Condvar)>,
}

impl ScriptedRecogniser {
    pub fn new(script: impl IntoIterator<Item = Answer>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }

    /// Lets go of all that hang, now and later.
    pub fn release(&self) {
        *self.released.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.released.1.notify_all();
    }

    /// Does not come back before [`Self::release`].
    pub fn hang(&self) {
        let guard = self.released.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.released.1.wait_while(guard, |released| !*released));
    }

    /// What it was given to hear.
    pub fn received(&self) -> Vec<Utterance> {
        self.received.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Blocks until `count` utterances have come in, at most 10 s; tells whether they have.
    pub fn wait_for(&self, count: usize) -> bool {
        let guard = self.received.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.received.1.wait_timeout_while(guard, Duration::from_secs(10), |got| got.len() < count);
        waited.unwrap_or_else(PoisonError::into_inner).0.len() >= count
    }
}

impl Recogniser for ScriptedRecogniser {
    fn recognise(&mut self, utterance: &Utterance, abandoned: &AtomicBool) -> Result<Transcript, SpeechError> {
        let answer = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        self.received.0.lock().unwrap_or_else(PoisonError::into_inner).push(utterance.clone());
        self.received.1.notify_all();
        match answer {
            Some(Answer::Heard(text, confidence)) => {
                Ok(Transcript { text: text.to_owned(), confidence, ..Transcript::default() })
            }
            Some(Answer::Fails(error)) => Err(error),
            Some(Answer::Panics) => panic!("scripted panic"),
            Some(Answer::Endless) => {
                while !abandoned.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                Err(SpeechError::Abandoned)
            }
            Some(Answer::Hangs) => {
                self.hang();
                Ok(Transcript::default())
            }
            Some(Answer::In(language, text)) => {
                let language = Some(language.to_owned());
                Ok(Transcript { text: text.to_owned(), confidence: 0.9, language, ..Transcript::default() })
            }
            None => Ok(Transcript::default()),
        }
    }
}
