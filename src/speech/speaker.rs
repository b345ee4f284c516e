//! Sentences to sound: from memory, from disk, or from the voice of the language.
//!
//! Owns: where a sentence's sound comes from, and preparing the fixed ones. Must not know: calls, what is said.
//!
//! ```text
//! cached      memory only, never waits: what a call task asks first
//! speak       memory → disk (a thread of its own) → voice (one thread a language), kept in both
//! speak_once  voice only, clause by clause: what holds a caller's words
//! prepare     as speak, for what is known before the first call, at 8 kHz; live sentences go first
//!             (`prepare_behind`: the same on a thread of its own, while calls are served)
//! ```
//!
//! The voice speaks at 16 kHz; what it says is kept on disk at 8 kHz too. A wide-band call that asks for a sentence of
//! which only the 8 kHz form is there (made by an older version, or not in memory yet) gets that, and the wide form is
//! fetched or made for the next time, behind what callers wait for: it never waits longer than a narrow-band call.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::cache::{Cache, Key};
use super::worker::{Pool, PoolStatus, Reply, Share, Ticket, Urgency, Work};
use super::{MARGIN, Pace, Reader, SpeechError, Voice, spoken};
use crate::audio::{LINE_RATE, Sound, WIDE_RATE};

/// Makes a voice: quick, and fails when a file is missing; the model itself may be loaded at the first sentence.
pub type MakeVoice = Box<dyn Fn() -> Result<Box<dyn Voice>, SpeechError> + Send + Sync>;

const VOICE: &str = "voice";
const DISK: &str = "prompt cache";
/// Wide forms under way that nobody waits for; with so many, a sentence stays narrow until it is asked for again.
const MAX_WISHES: usize = 64;

/// The voices of the house with their cache. Clones share them.
#[derive(Clone)]
pub struct Speaker(Arc<Inner>);

struct Inner {
    lanes: HashMap<String, Arc<Lane>>,
    cache: Cache,
    /// Reads the disk, so that no call waits for it.
    disk: Pool<()>,
    wishes: Arc<Mutex<HashSet<Said>>>,
}

/// Language, text, pace.
type Said = (String, String, Pace);

/// A wide form under way: wanted for as long as this lives.
struct Wish {
    _ticket: Ticket<Sound>,
    said: Said,
    wishes: Arc<Mutex<HashSet<Said>>>,
}

impl Drop for Wish {
    fn drop(&mut self) {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.said);
    }
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

/// Who waits for a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// A caller, in silence.
    Caller,
    /// Nobody, but calls share the voice.
    Later,
    /// The start, and no call shares the voice yet.
    Start,
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
        Ok(Self(Arc::new(Inner { lanes, cache, disk, wishes: Arc::default() })))
    }

    /// The sound, when it is in memory, at `rate` or else at 8 kHz. Never blocks on the disk or a voice.
    pub fn cached(&self, language: &str, text: &str, pace: Pace, rate: u32) -> Option<Sound> {
        let sound = self.0.cache.recall(language, text, pace, rate);
        if sound.is_some() || rate == LINE_RATE {
            return sound;
        }
        let narrow = self.0.cache.recall(language, text, pace, LINE_RATE)?;
        self.wish(language, text, pace);
        Some(narrow)
    }

    /// The sound of one sentence at `rate`, or at 8 kHz when only that is there, kept for the next time.
    pub fn speak(&self, language: &str, text: &str, pace: Pace, rate: u32) -> Result<Ticket<Sound>, SpeechError> {
        if let Some(sound) = self.cached(language, text, pace, rate) {
            return Ok(Ticket::done(sound));
        }
        let lane = self.lane(language)?.clone();
        let (ticket, reply) = Ticket::pair(VOICE);
        let (cache, text) = (self.0.cache.clone(), text.to_owned());
        let run = move |_: Result<&mut (), SpeechError>, reply: Reply<Sound>| {
            // A narrow form on disk goes at once; in memory, it has the wide one made when it is asked for again.
            let found = cache
                .load(&lane.key(&text, pace, rate))
                .or_else(|| (rate != LINE_RATE).then(|| cache.load(&lane.key(&text, pace, LINE_RATE))).flatten());
            match found {
                Some(sound) => {
                    cache.remember(&lane.language, &text, pace, &sound);
                    reply.send(Ok(sound));
                }
                None => {
                    lane.synthesise(cache, Order { text, pace, rate, keep: Keep::Yes }, Audience::Caller, reply, None)
                }
            }
        };
        self.0.disk.submit(Urgency::Live, reply, run).map_err(|(error, _)| error)?;
        Ok(ticket)
    }

    /// As [`Self::speak_once`], clause by clause: the first is there while the others are made.
    pub fn speak_by_clauses(&self, language: &str, text: &str, pace: Pace, rate: u32) -> Result<Clauses, SpeechError> {
        let mut left: VecDeque<String> = spoken::clauses(text).into_iter().map(str::to_owned).collect();
        let first = left.pop_front().unwrap_or_default();
        let pause = pause_between(&first);
        let next = self.speak_once(language, &first, pace, rate)?;
        Ok(Clauses { speaker: self.clone(), language: language.to_owned(), pace, rate, next, pause, left })
    }

    /// The sound of a sentence that holds a caller's own words (name, number): never kept, neither on disk nor in memory.
    pub fn speak_once(&self, language: &str, text: &str, pace: Pace, rate: u32) -> Result<Ticket<Sound>, SpeechError> {
        let lane = self.lane(language)?;
        let (ticket, reply) = Ticket::pair(VOICE);
        let order = Order { text: text.to_owned(), pace, rate, keep: Keep::No };
        lane.synthesise(self.0.cache.clone(), order, Audience::Caller, reply, None);
        Ok(ticket)
    }

    /// Has the wide form of a sentence ready for the next time, once at a time.
    fn wish(&self, language: &str, text: &str, pace: Pace) {
        let Ok(lane) = self.lane(language).cloned() else { return };
        let said = (language.to_owned(), text.to_owned(), pace);
        let mut wishes = self.0.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        if wishes.len() >= MAX_WISHES || !wishes.insert(said.clone()) {
            return;
        }
        drop(wishes);
        let (ticket, reply) = Ticket::pair(VOICE);
        let wish = Wish { _ticket: ticket, said, wishes: self.0.wishes.clone() };
        let cache = self.0.cache.clone();
        let run = move |_: Result<&mut (), SpeechError>, reply: Reply<Sound>| {
            let text = wish.said.1.clone();
            match cache.load(&lane.key(&text, pace, WIDE_RATE)) {
                Some(sound) => {
                    cache.remember(&lane.language, &text, pace, &sound);
                    reply.send(Ok(sound));
                }
                None => {
                    let order = Order { text, pace, rate: WIDE_RATE, keep: Keep::Yes };
                    lane.synthesise(cache, order, Audience::Later, reply, Some(wish));
                }
            }
        };
        if let Err((error, _)) = self.0.disk.submit(Urgency::Ahead, reply, run) {
            tracing::debug!(%error, "a prompt stays narrow-band");
        }
    }

    /// Makes every one of `sentences` (language, text) that is not on disk yet, and loads all into memory, at 8 kHz.
    /// Blocks; `progress(done, of)` after each. Call it on a thread outside the async runtime.
    pub fn prepare(
        &self,
        sentences: &[(String, String)],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), SpeechError> {
        let mut left_out = 0_usize;
        for (done, (language, text)) in sentences.iter().enumerate() {
            left_out += usize::from(!self.0.prepare(language, text, Audience::Start)?);
            progress(done + 1, sentences.len());
        }
        tell_left_out(left_out);
        Ok(())
    }

    /// As [`Self::prepare`], on a thread of its own that ends with the last clone of this speaker. A sentence that fails is told and
    /// made when it is said.
    pub fn prepare_behind(&self, sentences: Vec<(String, String)>) -> Result<(), SpeechError> {
        let house = Arc::downgrade(&self.0);
        let work = move || {
            let (mut left_out, mut failed) = (0_usize, 0_usize);
            let total = sentences.len();
            for (language, text) in sentences {
                let Some(house) = Weak::upgrade(&house) else { return };
                match house.prepare(&language, &text, Audience::Later) {
                    Ok(kept) => left_out += usize::from(!kept),
                    Err(_) => failed += 1,
                }
            }
            tell_left_out(left_out);
            tracing::info!(total, failed, "all sentences are ready");
        };
        let started = std::thread::Builder::new().name("prompts".to_owned()).spawn(work);
        started.map(drop).map_err(|error| SpeechError::Engine { engine: VOICE, detail: error.to_string() })
    }

    /// Has the voices of these languages load their models, behind the caller's back: the first live sentence then does not wait
    /// for it.
    pub fn warm_up(&self, languages: &[&str]) {
        for lane in languages.iter().filter_map(|language| self.0.lanes.get(*language)) {
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
            if let Err((error, _)) = lane.voice.submit(Audience::Later.work(0), reply, run) {
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

    /// How the voice of each language is.
    pub fn status(&self) -> impl Iterator<Item = (&str, PoolStatus)> {
        self.0.lanes.iter().map(|(language, lane)| (language.as_str(), lane.voice.status()))
    }

    fn lane(&self, language: &str) -> Result<&Arc<Lane>, SpeechError> {
        self.0.lane(language)
    }
}

impl Inner {
    /// Makes a sentence unless it is on disk, and has it in memory at 8 kHz. `false`: memory has no room for it.
    fn prepare(&self, language: &str, text: &str, audience: Audience) -> Result<bool, SpeechError> {
        let (pace, cache, lane) = (Pace::Normal, &self.cache, self.lane(language)?);
        let known = cache.recall(language, text, pace, LINE_RATE);
        let sound = match known.or_else(|| cache.load(&lane.key(text, pace, LINE_RATE))) {
            Some(sound) => sound,
            None => {
                let (ticket, reply) = Ticket::pair(VOICE);
                let order = Order { text: text.to_owned(), pace, rate: LINE_RATE, keep: Keep::Yes };
                lane.synthesise(cache.clone(), order, audience, reply, None);
                ticket.wait()?
            }
        };
        Ok(cache.keep(language, text, pace, &sound))
    }

    fn lane(&self, language: &str) -> Result<&Arc<Lane>, SpeechError> {
        self.lanes.get(language).ok_or_else(|| SpeechError::Engine {
            engine: VOICE,
            detail: format!("no voice for the language `{language}`"),
        })
    }
}

fn tell_left_out(left_out: usize) {
    if left_out > 0 {
        tracing::info!(left_out, "more fixed prompts than memory is set aside for: these come from disk");
    }
}

/// A sentence on its way, clause by clause. A clause is asked for as soon as the one before is there, so that those of
/// several callers take turns. Dropping it abandons what is left.
pub struct Clauses {
    speaker: Speaker,
    language: String,
    pace: Pace,
    rate: u32,
    next: Ticket<Sound>,
    /// Silence behind the next one, when others follow.
    pause: Duration,
    left: VecDeque<String>,
}

impl Clauses {
    /// The next clause with the pause behind it, and what is left; nothing comes after an error.
    pub async fn next(mut self) -> (Result<Sound, SpeechError>, Option<Self>) {
        let ticket = std::mem::replace(&mut self.next, Ticket::done(Sound::new([], self.rate)));
        let sound = match ticket.await {
            Ok(sound) => sound,
            Err(error) => return (Err(error), None),
        };
        let Some(text) = self.left.pop_front() else { return (Ok(sound), None) };
        let with_pause = paused(&sound, self.pause);
        self.pause = pause_between(&text);
        self.next = self.speaker.speak_once(&self.language, &text, self.pace, self.rate).unwrap_or_else(|error| {
            let (ticket, reply) = Ticket::pair(VOICE);
            reply.send(Err(error));
            ticket
        });
        (Ok(with_pause), Some(self))
    }
}

/// Silence behind a clause that others follow, beside their margins, as the voice makes it within a sentence.
pub fn pause_between(clause: &str) -> Duration {
    spoken::pause_after(clause.chars().last()).saturating_sub(2 * MARGIN)
}

fn paused(sound: &Sound, pause: Duration) -> Sound {
    let silence = (pause.as_secs_f64() * f64::from(sound.rate)) as usize;
    let mut samples = sound.samples.to_vec();
    samples.resize(samples.len() + silence, 0);
    Sound::new(samples, sound.rate)
}

/// What a voice is to say.
struct Order {
    text: String,
    pace: Pace,
    /// Of what is replied, Hz.
    rate: u32,
    keep: Keep,
}

impl Lane {
    fn key(&self, text: &str, pace: Pace, rate: u32) -> Key {
        Key::new(&self.fingerprint, pace, &self.language, &(self.reader)(text), rate)
    }

    /// Hands the sentence to the voice; a full queue is told through `reply`. `wish` lives until it has been said.
    fn synthesise(
        self: &Arc<Self>,
        cache: Cache,
        order: Order,
        audience: Audience,
        reply: Reply<Sound>,
        wish: Option<Wish>,
    ) {
        let Order { text, pace, rate, keep } = order;
        // Holds no pool: the last one to go must not be a worker of it.
        let (language, characters) = (self.language.clone(), text.chars().count());
        let keys = (keep == Keep::Yes).then(|| [WIDE_RATE, LINE_RATE].map(|rate| self.key(&text, pace, rate)));
        let run = move |voice: Result<&mut Box<dyn Voice>, SpeechError>, reply: Reply<Sound>| {
            let _until_said = wish;
            // Another call may have asked for the same sentence just before.
            if let Some(sound) = cache.recall(&language, &text, pace, rate) {
                reply.send(Ok(sound));
                return;
            }
            let forms = voice.and_then(|voice| forms(voice.speak(&text, pace)?));
            let forms = match forms {
                Ok(forms) => forms,
                Err(error) => return reply.send(Err(error)),
            };
            let [wide, narrow] = &forms;
            let wanted = if rate == LINE_RATE { narrow } else { wide };
            if keys.is_some() {
                cache.remember(&language, &text, pace, wanted);
            }
            reply.send(Ok(wanted.clone()));
            // The caller has its sound; the disk may take its time. A form that was there stays as callers know it.
            for (key, sound) in keys.iter().flatten().zip(&forms) {
                if !(cache.holds(key) && sound.rate != rate)
                    && let Err(error) = cache.store(key, &sound.samples)
                {
                    tracing::warn!(%error, "a prompt is not kept on disk");
                }
            }
        };
        if let Err((error, reply)) = self.voice.submit(audience.work(characters), reply, run) {
            reply.send(Err(error));
        }
    }
}

/// A character takes about this long to say.
const CHARACTER: Duration = Duration::from_millis(65);
/// A voice that needs longer than this and the length of what it says is given up: it needs a fifth of that length, and up to
/// its whole where others compute too, for it lets them go first.
const PATIENCE: Duration = Duration::from_secs(6);
/// When nobody waits it may take its time.
const PATIENCE_LATER: Duration = Duration::from_secs(60);
/// And at the start all the time that a machine may need which compiles, or fetches and prepares its models, meanwhile: giving up
/// would end the start.
const PATIENCE_AT_START: Duration = Duration::from_secs(600);

impl Audience {
    fn work(self, characters: usize) -> Work {
        let size = CHARACTER * u32::try_from(characters).unwrap_or(u32::MAX);
        let (urgency, patience) = match self {
            Self::Caller => (Urgency::Live, PATIENCE),
            Self::Later => (Urgency::Ahead, PATIENCE_LATER),
            Self::Start => (Urgency::Ahead, PATIENCE_AT_START),
        };
        // It can't be asked to stop: if it is only slow, it is done in another while.
        Work { urgency, size, patience: patience + size, grace: patience }
    }
}

/// What the voice said, at 16 and at 8 kHz.
fn forms(said: Sound) -> Result<[Sound; 2], SpeechError> {
    let at = |rate| said.at(rate).map_err(|error| SpeechError::Engine { engine: VOICE, detail: error.to_string() });
    Ok([at(WIDE_RATE)?, at(LINE_RATE)?])
}

#[cfg(test)]
mod tests;
