//! Sentences to sound: from memory, from disk, or from the voice of the language.
//!
//! Owns: where a sentence's sound comes from, and preparing the fixed ones. Must not know: calls, what is said.
//!
//! ```text
//! cached   memory only, never waits: what a call task asks first
//! speak    memory → disk (a thread of its own) → voice (one thread a language), kept in both
//! prepare  the same for everything known before the first call; live sentences go first
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use super::cache::{Cache, Key};
use super::worker::{Pool, Reply, Share, Ticket, Urgency};
use super::{Pace, Reader, SpeechError, Voice};

/// Makes a voice: quick, and fails when a file is missing; the model itself may be loaded at the first sentence.
pub type MakeVoice = Box<dyn Fn() -> Result<Box<dyn Voice>, SpeechError> + Send + Sync>;

const VOICE: &str = "voice";
const DISK: &str = "prompt cache";

/// The voices of the house with their cache. Clones share them.
#[derive(Clone)]
pub struct Speaker(Arc<Inner>);

struct Inner {
    lanes: HashMap<String, Arc<Lane>>,
    cache: Cache,
    /// Reads the disk, so that no call waits for it.
    disk: Pool<()>,
}

/// A language's voice.
struct Lane {
    language: String,
    fingerprint: String,
    reader: Reader,
    voice: Pool<Box<dyn Voice>>,
}

/// Whether a sentence's sound may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Yes,
    /// It holds a caller's words: said once, kept nowhere.
    No,
}

impl Speaker {
    /// One voice for each language (ISO 639-1). `queue`: most sentences that may wait for each voice, and for the disk.
    pub fn start(voices: Vec<(String, MakeVoice)>, cache: Cache, queue: usize) -> Result<Self, SpeechError> {
        let mut lanes = HashMap::new();
        for (language, make) in voices {
            let voice = make()?;
            let lane = Lane {
                language: language.clone(),
                fingerprint: voice.fingerprint(),
                reader: voice.reader(),
                voice: Pool::start(VOICE, Share::Yielding, vec![voice], queue, make)?,
            };
            lanes.insert(language, Arc::new(lane));
        }
        let disk = Pool::start(DISK, Share::Full, vec![()], queue, || Ok(()))?;
        Ok(Self(Arc::new(Inner { lanes, cache, disk })))
    }

    /// The sound, when it is in memory. Never blocks on the disk or a voice.
    pub fn cached(&self, language: &str, text: &str, pace: Pace) -> Option<Arc<[i16]>> {
        self.0.cache.recall(language, text, pace)
    }

    /// The sound of one sentence, kept for the next time.
    pub fn speak(&self, language: &str, text: &str, pace: Pace) -> Result<Ticket<Arc<[i16]>>, SpeechError> {
        if let Some(samples) = self.cached(language, text, pace) {
            return Ok(Ticket::done(samples));
        }
        let lane = self.lane(language)?.clone();
        let (ticket, reply) = Ticket::pair(VOICE);
        let (cache, text) = (self.0.cache.clone(), text.to_owned());
        let run = move |_: Result<&mut (), SpeechError>, reply: Reply<Arc<[i16]>>| {
            let key = lane.key(&text, pace);
            match cache.load(&key) {
                Some(samples) => {
                    cache.remember(&lane.language, &text, pace, &samples);
                    reply.send(Ok(samples));
                }
                None => lane.synthesise(cache, text, pace, Keep::Yes, Urgency::Live, reply),
            }
        };
        self.0.disk.submit(Urgency::Live, reply, run).map_err(|(error, _)| error)?;
        Ok(ticket)
    }

    /// The sound of a sentence that holds a caller's own words (name, number): never kept, neither on disk nor in memory.
    pub fn speak_once(&self, language: &str, text: &str, pace: Pace) -> Result<Ticket<Arc<[i16]>>, SpeechError> {
        let lane = self.lane(language)?;
        let (ticket, reply) = Ticket::pair(VOICE);
        lane.synthesise(self.0.cache.clone(), text.to_owned(), pace, Keep::No, Urgency::Live, reply);
        Ok(ticket)
    }

    /// Makes every one of `sentences` (language, text) that is not on disk yet, and loads all into memory.
    /// Blocks; `progress(done, of)` after each. Call it on a thread outside the async runtime.
    pub fn prepare(
        &self,
        sentences: &[(String, String)],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), SpeechError> {
        let pace = Pace::Normal;
        let mut left_out = 0_usize;
        for (done, (language, text)) in sentences.iter().enumerate() {
            let lane = self.lane(language)?;
            let cache = &self.0.cache;
            if let Some(samples) = self.cached(language, text, pace) {
                cache.keep(language, text, pace, &samples);
            } else {
                let samples = match cache.load(&lane.key(text, pace)) {
                    Some(samples) => samples,
                    None => {
                        let (ticket, reply) = Ticket::pair(VOICE);
                        lane.synthesise(cache.clone(), text.clone(), pace, Keep::Yes, Urgency::Ahead, reply);
                        ticket.wait()?
                    }
                };
                if !cache.keep(language, text, pace, &samples) {
                    left_out += 1;
                }
            }
            progress(done + 1, sentences.len());
        }
        if left_out > 0 {
            tracing::warn!(left_out, "more fixed prompts than memory is set aside for: these come from disk");
        }
        Ok(())
    }

    /// Has every voice load its model, behind the caller's back: the first live sentence then does not wait for it.
    pub fn warm_up(&self) {
        for lane in self.0.lanes.values() {
            let (ticket, reply) = Ticket::pair(VOICE);
            let run = move |voice: Result<&mut Box<dyn Voice>, SpeechError>, reply: Reply<()>| {
                // Held so that the job stays wanted until it runs.
                drop(ticket);
                let result = voice.and_then(|voice| voice.warm_up());
                if let Err(error) = &result {
                    tracing::error!(%error, "the voice cannot be loaded");
                }
                reply.send(result);
            };
            if let Err((error, _)) = lane.voice.submit(Urgency::Ahead, reply, run) {
                tracing::warn!(%error, "the voice is not loaded ahead");
            }
        }
    }

    /// Languages that have a voice.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.lanes.keys().map(String::as_str)
    }

    /// Sentences that wait for a voice or are being made.
    pub fn backlog(&self) -> usize {
        self.0.disk.backlog() + self.0.lanes.values().map(|lane| lane.voice.backlog()).sum::<usize>()
    }

    fn lane(&self, language: &str) -> Result<&Arc<Lane>, SpeechError> {
        self.0.lanes.get(language).ok_or_else(|| SpeechError::Engine {
            engine: VOICE,
            detail: format!("no voice for the language `{language}`"),
        })
    }
}

impl Lane {
    fn key(&self, text: &str, pace: Pace) -> Key {
        Key::new(&self.fingerprint, pace, &self.language, &(self.reader)(text))
    }

    /// Hands the sentence to the voice; a full queue is told through `reply`.
    fn synthesise(
        self: &Arc<Self>,
        cache: Cache,
        text: String,
        pace: Pace,
        keep: Keep,
        urgency: Urgency,
        reply: Reply<Arc<[i16]>>,
    ) {
        // Holds no pool: the last one to go must not be a worker of it.
        let (language, key) = (self.language.clone(), (keep == Keep::Yes).then(|| self.key(&text, pace)));
        let run = move |voice: Result<&mut Box<dyn Voice>, SpeechError>, reply: Reply<Arc<[i16]>>| {
            // Another call may have asked for the same sentence just before.
            if let Some(samples) = cache.recall(&language, &text, pace) {
                reply.send(Ok(samples));
                return;
            }
            let spoken = voice.and_then(|voice| voice.speak(&text, pace));
            let samples: Arc<[i16]> = match spoken {
                Ok(samples) => samples.into(),
                Err(error) => return reply.send(Err(error)),
            };
            if key.is_some() {
                cache.remember(&language, &text, pace, &samples);
            }
            reply.send(Ok(samples.clone()));
            // The caller has its sound; the disk may take its time.
            if let Some(Err(error)) = key.map(|key| cache.store(&key, &samples)) {
                tracing::warn!(%error, "a prompt is not kept on disk");
            }
        };
        if let Err((error, reply)) = self.voice.submit(urgency, reply, run) {
            reply.send(Err(error));
        }
    }
}

#[cfg(test)]
mod tests;
