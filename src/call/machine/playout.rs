//! What the caller hears: sentences in order, frame by frame, and what is to be done once they have been heard.
//!
//! Owns: the queue of sentences and of the actions behind them, lowering, pausing, cutting, the phrase that covers a wait,
//! the count of what was heard. Must not know: where audio comes from, packets, dialogue.
//!
//! A sentence leaves the queue when the caller has heard it, which is later than it was sent: [`Playout::note_unheard`]
//! tells how much is on its way. What was on its way when the caller began to speak counts as not heard.
//!
//! A prompt gives way in steps, each of which can be taken back: [`Playout::lower`], [`Playout::hold_back`] (then it goes on
//! where it was), [`Playout::pause`] (then it begins its clause anew). [`Playout::cut`] is final.

use std::collections::VecDeque;

use crate::audio::{FRAME_SAMPLES, Sound, WIDE_FRAME_SAMPLES, WIDE_RATE};
use crate::dialplan::DirectoryId;

/// Names one sentence that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SentenceId(pub u64);

/// What follows once everything said before it has been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Transfer(DirectoryId),
    HangUp,
}

/// Silence between two sentences, in frames of 20 ms: the breath a reader takes.
const GAP_FRAMES: u32 = 12;
/// Whoever begins to speak before so much of an answer was heard, in frames (600 ms), does not answer it.
const BARELY: usize = 30;
/// A prompt that resumes starts again from the last quiet frame no further back than this, in frames (2 s).
const REWIND_LIMIT: usize = 100;
/// And when there is none, this far back (400 ms).
const REWIND_DEFAULT: usize = 20;
/// Peak below which a 20 ms frame counts as a pause between clauses (about −45 dBFS).
const QUIET_PEAK: u16 = 180;
/// What is left of a prompt that somebody may be speaking over: -12 dB, still to be followed, no longer in the way.
const LOWERED: f32 = 0.25;

enum Step {
    Sentence { id: SentenceId, audio: Audio, interruptible: bool, asks: bool },
    Then(Then),
}

enum Audio {
    /// Being synthesised.
    Awaited,
    /// Its first clauses; the others are being synthesised.
    Begun(Sound),
    /// Mono, 8 or 16 kHz.
    Ready(Sound),
    /// The voice failed: skipped.
    Missing,
}

/// What the next 20 ms hold.
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one tick; a box would allocate for each frame")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Silence,
    /// At 8 kHz.
    Line([i16; FRAME_SAMPLES]),
    /// At 16 kHz.
    Wide([i16; WIDE_FRAME_SAMPLES]),
}

/// A sentence that is being sent, or on its way.
#[derive(Clone)]
struct Flight {
    /// Frames sent before its first one, and where in the sentence that one lies, in frames.
    from: u64,
    position: usize,
    /// Frames sent up to its end; `None` while it is being sent.
    end: Option<u64>,
}

/// Where a prompt was that is held back only.
struct Held {
    flights: VecDeque<Flight>,
    position: usize,
    gap: u32,
    /// Frames sent up to there.
    sent: u64,
}

/// Said while an answer is being looked for; no part of it.
struct Cover {
    id: SentenceId,
    audio: Audio,
    /// Frames sent.
    position: usize,
}

/// Factors of the level: now, and at the end of the next frame.
#[derive(Clone, Copy)]
struct Gain {
    now: f32,
    next: f32,
}

impl Default for Gain {
    fn default() -> Self {
        Self { now: 1.0, next: 1.0 }
    }
}

#[derive(Default)]
pub(super) struct Playout {
    /// The first has not been heard whole.
    steps: VecDeque<Step>,
    /// Of the first steps, one each; all but the last have been sent whole.
    flights: VecDeque<Flight>,
    /// Frames of the sentence under way already sent; after a pause, heard.
    position: usize,
    /// Frames so far, silence included, and how many of them the caller has heard.
    sent: u64,
    heard_frames: u64,
    gap: u32,
    paused: bool,
    /// Paused, but on a suspicion only.
    held: Option<Held>,
    gain: Gain,
    cover: Option<Cover>,
    covers: u32,
    /// A question has begun since the queue was last empty.
    asked: bool,
    /// Frames since a sentence of the answer under way has been waited for, and the most of that.
    starved: u32,
    longest_starved: u32,
    /// One last frame that fades out, so that a cut makes no click. Boxed: it is there for one tick in a thousand.
    fade: Option<Box<Slot>>,
    /// Sentences heard whole since the queue was last empty.
    heard: usize,
    next: u64,
    /// Something was said and nothing is left: to be told once.
    ran_dry: bool,
}

impl Playout {
    /// Names its sentences from there on.
    pub fn numbered_from(next: u64) -> Self {
        Self { next, ..Self::default() }
    }

    /// Adds a sentence whose audio will come by [`Self::supply`]. `asks`: it is a question.
    pub fn push_sentence(&mut self, interruptible: bool, asks: bool) -> SentenceId {
        let id = self.next_id();
        self.steps.push_back(Step::Sentence { id, audio: Audio::Awaited, interruptible, asks });
        self.ran_dry = false;
        id
    }

    /// A phrase that is said before anything else, once it has its audio; not if an answer is there sooner.
    pub fn push_cover(&mut self) -> SentenceId {
        let id = self.next_id();
        self.cover = Some(Cover { id, audio: Audio::Awaited, position: 0 });
        id
    }

    fn next_id(&mut self) -> SentenceId {
        let id = SentenceId(self.next);
        self.next += 1;
        id
    }

    pub fn push_then(&mut self, then: Then) {
        self.steps.push_back(Step::Then(then));
    }

    /// Gives a sentence its audio, or `None` when the voice failed. A sentence no longer wanted is ignored.
    pub fn supply(&mut self, wanted: SentenceId, sound: Option<Sound>) {
        if let Some(cover) = self.cover.as_mut().filter(|cover| cover.id == wanted) {
            cover.audio = sound.map_or(Audio::Missing, Audio::Ready);
            return;
        }
        for step in &mut self.steps {
            if let Step::Sentence { id, audio, .. } = step
                && *id == wanted
            {
                *audio = match std::mem::replace(audio, Audio::Missing) {
                    Audio::Begun(begun) => Audio::Ready(joined(begun, sound)),
                    _ => sound.map_or(Audio::Missing, Audio::Ready),
                };
                return;
            }
        }
    }

    /// Gives a sentence a clause of its audio, with the pause behind it; the last one comes by [`Self::supply`].
    pub fn supply_clause(&mut self, wanted: SentenceId, sound: Sound) {
        for step in &mut self.steps {
            if let Step::Sentence { id, audio, .. } = step
                && *id == wanted
            {
                *audio = match std::mem::replace(audio, Audio::Missing) {
                    Audio::Begun(begun) => Audio::Begun(joined(begun, Some(sound))),
                    _ => Audio::Begun(sound),
                };
                return;
            }
        }
    }

    /// Sentences are waiting, being synthesised, being sent or being heard.
    pub fn is_speaking(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Sentence { .. }))
    }

    /// The caller is hearing our voice at this moment.
    pub fn is_audible(&self) -> bool {
        self.is_covering() || !self.paused && (!self.flights.is_empty() || self.gap > 0)
    }

    /// Of what is being said, the caller has heard enough to answer it; known after [`Self::pause`].
    pub fn has_begun(&self) -> bool {
        self.heard > 0 || self.position >= BARELY
    }

    /// The phrase that covers a wait is being said, or comes next.
    pub fn is_covering(&self) -> bool {
        self.cover.as_ref().is_some_and(|cover| matches!(cover.audio, Audio::Ready(_)))
    }

    /// Waits that were covered.
    pub fn covers(&self) -> u32 {
        self.covers
    }

    /// The caller has been asked something: what they say may answer it.
    pub fn has_asked(&self) -> bool {
        self.asked
    }

    /// Longest silence within an answer that was due to a sentence without audio, in frames of 20 ms; the breath before it
    /// left out.
    pub fn longest_gap(&self) -> u32 {
        self.longest_starved
    }

    /// Whether the caller may cut what is being said now.
    pub fn is_interruptible(&self) -> bool {
        match self.steps.front() {
            Some(Step::Sentence { interruptible, .. }) => *interruptible,
            Some(Step::Then(_)) => false,
            None => true,
        }
    }

    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// So many of the frames sent, the last ones, the caller has not heard yet.
    pub fn note_unheard(&mut self, frames: u64) {
        self.heard_frames = self.heard_frames.max(self.sent.saturating_sub(frames));
        self.settle();
    }

    /// Somebody may be about to speak.
    pub fn lower(&mut self) {
        if self.is_audible() && self.is_interruptible() && !self.is_covering() {
            self.gain.next = LOWERED;
        }
    }

    /// Somebody seems to speak: silence, until [`Self::pause`] or [`Self::let_go`].
    pub fn hold_back(&mut self) {
        if self.paused || !self.is_interruptible() || self.is_covering() {
            return;
        }
        let held = Held { flights: self.flights.clone(), position: self.position, gap: self.gap, sent: self.sent };
        self.pause();
        self.held = self.paused.then_some(held);
    }

    /// Nobody speaks: what was lowered or held back goes on where it was.
    pub fn let_go(&mut self) {
        self.gain.next = 1.0;
        let Some(Held { mut flights, position, gap, sent }) = self.held.take() else { return };
        // Nothing of the sentence was sent meanwhile.
        if let Some(flight) = flights.back_mut().filter(|flight| flight.end.is_none()) {
            flight.from += self.sent - sent;
        }
        (self.flights, self.position, self.gap) = (flights, position, gap);
        self.go_on();
        self.settle();
    }

    /// Holds the prompt where the caller has heard it: they are speaking.
    pub fn pause(&mut self) {
        self.held = None;
        self.drop_cover();
        if self.paused {
            return;
        }
        if !self.is_speaking() {
            self.gain = Gain::default();
            return;
        }
        self.fade_out();
        self.paused = true;
        // What is on its way will be spoken over.
        if let Some(first) = self.flights.front() {
            let heard = self.heard_frames.saturating_sub(first.from);
            self.position = first.position + usize::try_from(heard).unwrap_or(usize::MAX);
            self.gap = 0;
            self.flights.clear();
        }
    }

    /// Goes on after [`Self::pause`], from the beginning of the clause that was cut.
    pub fn resume(&mut self) {
        if !self.paused {
            return;
        }
        self.held = None;
        if let Some(Step::Sentence { audio: Audio::Ready(sound) | Audio::Begun(sound), .. }) = self.steps.front() {
            self.position = clause_start(sound, self.position);
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        self.paused = false;
        // Nobody listened meanwhile, or it has been played long since.
        self.fade = None;
        // Rising within a frame, so that a sound taken up in its middle makes no click.
        self.gain = Gain { now: 0.0, next: 1.0 };
    }

    /// Ends the phrase that covers a wait: at once when it is being said.
    pub fn drop_cover(&mut self) {
        if let Some(Cover { audio: Audio::Ready(sound), position, .. }) = self.cover.take()
            && position > 0
        {
            self.fade = Some(Box::new(fading(slot_at(&sound, position), 1.0)));
        }
    }

    /// Ends it unless it is being said.
    pub fn forget_cover(&mut self) {
        self.cover = self.cover.take().filter(|cover| cover.position > 0);
    }

    /// Drops everything that has not been heard, with what was to follow. Returns how many sentences were heard
    /// whole, or `None` when nothing was being said.
    pub fn cut(&mut self) -> Option<usize> {
        if self.steps.is_empty() {
            return None;
        }
        if !self.paused {
            self.fade_out();
        }
        self.steps.clear();
        self.flights.clear();
        self.paused = false;
        self.held = None;
        self.gain = Gain::default();
        self.asked = false;
        self.position = 0;
        self.gap = 0;
        self.ran_dry = false;
        Some(std::mem::take(&mut self.heard))
    }

    /// The audio of the next 20 ms; call once a tick.
    pub fn next_frame(&mut self) -> Slot {
        let slot = self.next_slot();
        self.sent += 1;
        let last = self.flights.len().checked_sub(1).and_then(|last| self.steps.get(last));
        if let (Some(flight), Some(Step::Sentence { audio: Audio::Ready(sound), .. })) = (self.flights.back_mut(), last)
            && flight.end.is_none()
            && self.position >= frames_of(sound)
        {
            flight.end = Some(self.sent);
            self.sent_whole(GAP_FRAMES);
        }
        slot
    }

    fn next_slot(&mut self) -> Slot {
        if let Some(fade) = self.fade.take() {
            return *fade;
        }
        if let Some(slot) = self.cover_slot() {
            return slot;
        }
        if self.paused {
            return Slot::Silence;
        }
        if self.gap > 0 {
            self.gap -= 1;
            return Slot::Silence;
        }
        while let Some(Step::Sentence { audio: Audio::Missing, .. }) = self.steps.get(self.under_way()) {
            self.flights.push_back(Flight { from: self.sent, position: 0, end: Some(self.sent) });
            // Without a breath for what was not said.
            self.sent_whole(0);
            self.settle();
        }
        let under_way = self.under_way();
        let sound = match self.steps.get(under_way) {
            Some(Step::Sentence { audio: Audio::Ready(sound), asks, .. }) => {
                self.asked |= asks;
                sound
            }
            // Whole frames only: what is left of the last one is said with what comes.
            Some(Step::Sentence { audio: Audio::Begun(sound), asks, .. })
                if self.position < sound.samples.len() / frame_length(sound) =>
            {
                self.asked |= asks;
                sound
            }
            waits => {
                let within = self.heard > 0 || !self.flights.is_empty();
                if within && matches!(waits, Some(Step::Sentence { .. })) {
                    self.starved += 1;
                    self.longest_starved = self.longest_starved.max(self.starved);
                }
                return Slot::Silence;
            }
        };
        self.starved = 0;
        if self.flights.len() == under_way {
            self.flights.push_back(Flight { from: self.sent, position: self.position, end: None });
        }
        let slot = slot_at(sound, self.position);
        self.position += 1;
        let Gain { now, next } = self.gain;
        self.gain.now = next;
        scaled(slot, now, next)
    }

    /// The next frame of the phrase that covers a wait; none when the answer is there, or has come before it.
    fn cover_slot(&mut self) -> Option<Slot> {
        let there = |step: &Step| matches!(step, Step::Sentence { audio: Audio::Ready(_) | Audio::Begun(_), .. });
        let answered = !self.paused && self.steps.front().is_some_and(there);
        let Some(Cover { audio, position, .. }) = &mut self.cover else { return None };
        if *position == 0 && answered {
            self.cover = None;
            return None;
        }
        let Audio::Ready(sound) = audio else { return None };
        let slot = slot_at(sound, *position);
        self.covers += u32::from(*position == 0);
        *position += 1;
        if *position >= frames_of(sound) {
            self.cover = None;
            self.gap = GAP_FRAMES;
        }
        Some(slot)
    }

    /// Nothing is left to be said or done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.is_covering()
    }

    /// What is to be done now that everything before it has been heard, if it may be.
    pub fn take_then(&mut self, may: impl FnOnce(Then) -> bool) -> Option<Then> {
        match self.steps.front() {
            Some(&Step::Then(then)) if may(then) => {
                self.steps.pop_front();
                Some(then)
            }
            _ => None,
        }
    }

    /// True once after everything said has been heard.
    pub fn take_ran_dry(&mut self) -> bool {
        std::mem::take(&mut self.ran_dry)
    }

    /// Place of the first step that has not been sent whole.
    fn under_way(&self) -> usize {
        self.flights.iter().filter(|flight| flight.end.is_some()).count()
    }

    fn sent_whole(&mut self, gap: u32) {
        self.position = 0;
        let more = self.steps.iter().skip(self.flights.len()).any(|step| matches!(step, Step::Sentence { .. }));
        self.gap = if more { gap } else { 0 };
    }

    /// Sentences that have been heard whole are done with.
    fn settle(&mut self) {
        while self.flights.front().is_some_and(|flight| flight.end.is_some_and(|end| end <= self.heard_frames)) {
            self.flights.pop_front();
            self.steps.pop_front();
            self.heard += 1;
            if !self.is_speaking() {
                self.heard = 0;
                self.asked = false;
                self.gain = Gain::default();
                self.ran_dry = true;
            }
        }
    }

    fn fade_out(&mut self) {
        let under_way = self.under_way();
        if self.flights.len() > under_way
            && let Some(Step::Sentence { audio: Audio::Ready(sound) | Audio::Begun(sound), .. }) =
                self.steps.get(under_way)
        {
            self.fade = Some(Box::new(fading(slot_at(sound, self.position), self.gain.now)));
        }
    }
}

/// What is there, and what comes; when that failed, what is there.
fn joined(begun: Sound, more: Option<Sound>) -> Sound {
    more.and_then(|more| begun.followed_by(&more).ok()).unwrap_or(begun)
}

fn frame_length(sound: &Sound) -> usize {
    if sound.rate == WIDE_RATE { WIDE_FRAME_SAMPLES } else { FRAME_SAMPLES }
}

fn frames_of(sound: &Sound) -> usize {
    sound.samples.len().div_ceil(frame_length(sound))
}

fn slot_at(sound: &Sound, frame: usize) -> Slot {
    let start = frame.saturating_mul(frame_length(sound));
    let rest = sound.samples.get(start..).unwrap_or_default();
    if sound.rate == WIDE_RATE { Slot::Wide(padded(rest)) } else { Slot::Line(padded(rest)) }
}

fn padded<const LENGTH: usize>(samples: &[i16]) -> [i16; LENGTH] {
    let mut frame = [0; LENGTH];
    let length = samples.len().min(LENGTH);
    frame[..length].copy_from_slice(&samples[..length]);
    frame
}

fn fading(slot: Slot, gain: f32) -> Slot {
    scaled(slot, gain, 0.0)
}

/// A frame whose level goes from one factor to the other.
fn scaled(slot: Slot, from: f32, to: f32) -> Slot {
    match slot {
        _ if from == 1.0 && to == 1.0 => slot,
        Slot::Silence => Slot::Silence,
        Slot::Line(frame) => Slot::Line(ramped(frame, from, to)),
        Slot::Wide(frame) => Slot::Wide(ramped(frame, from, to)),
    }
}

fn ramped<const LENGTH: usize>(mut frame: [i16; LENGTH], from: f32, to: f32) -> [i16; LENGTH] {
    for (index, sample) in frame.iter_mut().enumerate() {
        let weight = from + (to - from) * index as f32 / LENGTH as f32;
        *sample = (f32::from(*sample) * weight) as i16;
    }
    frame
}

/// Where the clause that holds frame `position` begins: behind the last quiet frame before it.
fn clause_start(sound: &Sound, position: usize) -> usize {
    let end = position.min(frames_of(sound));
    let start = end.saturating_sub(REWIND_LIMIT);
    let is_quiet = |frame: &usize| {
        let at = frame * frame_length(sound);
        let rest = sound.samples.get(at..).unwrap_or_default();
        rest.iter().take(frame_length(sound)).all(|sample| sample.unsigned_abs() < QUIET_PEAK)
    };
    match (start..end).rev().find(is_quiet) {
        Some(quiet) => quiet + 1,
        None if start == 0 => 0,
        None => end - REWIND_DEFAULT,
    }
}

#[cfg(test)]
mod tests;
