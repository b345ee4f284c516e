//! What the caller hears: sentences in order, frame by frame, and what is to be done once they have been heard.
//!
//! Owns: the queue of sentences and of the actions behind them, pausing, cutting, the count of what was heard.
//! Must not know: where audio comes from, packets, dialogue.
//!
//! A sentence leaves the queue when the caller has heard it, which is later than it was sent: [`Playout::note_unheard`]
//! tells how much is on its way. What was on its way when the caller began to speak counts as not heard.

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
/// A prompt that resumes starts again from the last quiet frame no further back than this, in frames (2 s).
const REWIND_LIMIT: usize = 100;
/// And when there is none, this far back (400 ms).
const REWIND_DEFAULT: usize = 20;
/// Peak below which a 20 ms frame counts as a pause between clauses (about −45 dBFS).
const QUIET_PEAK: u16 = 180;

enum Step {
    Sentence { id: SentenceId, audio: Audio, interruptible: bool },
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
struct Flight {
    /// Frames sent before its first one, and where in the sentence that one lies, in frames.
    from: u64,
    position: usize,
    /// Frames sent up to its end; `None` while it is being sent.
    end: Option<u64>,
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
    /// One last frame that fades out, so that a cut makes no click.
    fade: Option<Slot>,
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

    /// Adds a sentence whose audio will come by [`Self::supply`].
    pub fn push_sentence(&mut self, interruptible: bool) -> SentenceId {
        let id = SentenceId(self.next);
        self.next += 1;
        self.steps.push_back(Step::Sentence { id, audio: Audio::Awaited, interruptible });
        self.ran_dry = false;
        id
    }

    pub fn push_then(&mut self, then: Then) {
        self.steps.push_back(Step::Then(then));
    }

    /// Gives a sentence its audio, or `None` when the voice failed. A sentence no longer wanted is ignored.
    pub fn supply(&mut self, wanted: SentenceId, sound: Option<Sound>) {
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
        !self.paused && (!self.flights.is_empty() || self.gap > 0)
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

    /// Holds the prompt where the caller has heard it: they may be about to speak.
    pub fn pause(&mut self) {
        if self.paused || !self.is_speaking() {
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
        self.paused = false;
        // Nobody listened meanwhile, or it has been played long since.
        self.fade = None;
        if let Some(Step::Sentence { audio: Audio::Ready(sound) | Audio::Begun(sound), .. }) = self.steps.front() {
            self.position = clause_start(sound, self.position);
        }
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
            return fade;
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
            Some(Step::Sentence { audio: Audio::Ready(sound), .. }) => sound,
            // Whole frames only: what is left of the last one is said with what comes.
            Some(Step::Sentence { audio: Audio::Begun(sound), .. })
                if self.position < sound.samples.len() / frame_length(sound) =>
            {
                sound
            }
            _ => return Slot::Silence,
        };
        if self.flights.len() == under_way {
            self.flights.push_back(Flight { from: self.sent, position: self.position, end: None });
        }
        self.position += 1;
        slot_at(sound, self.position - 1)
    }

    /// Nothing is left to be said or done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
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
            self.fade = Some(match slot_at(sound, self.position) {
                Slot::Silence => Slot::Silence,
                Slot::Line(frame) => Slot::Line(faded(frame)),
                Slot::Wide(frame) => Slot::Wide(faded(frame)),
            });
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

fn faded<const LENGTH: usize>(mut frame: [i16; LENGTH]) -> [i16; LENGTH] {
    for (index, sample) in frame.iter_mut().enumerate() {
        let weight = (LENGTH - index) as f32 / LENGTH as f32;
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
mod tests {
    use super::*;
    use crate::audio::LINE_RATE;

    fn sound(samples: Vec<i16>) -> Option<Sound> {
        Some(Sound::new(samples, LINE_RATE))
    }

    fn tone(frames: usize) -> Option<Sound> {
        sound(vec![1_000; frames * FRAME_SAMPLES])
    }

    /// Sends `ticks` frames, each heard as it is sent; how many had sound.
    fn speech_frames(playout: &mut Playout, ticks: usize) -> usize {
        speech_frames_late(playout, ticks, 0)
    }

    /// As above, heard so many frames after they were sent.
    fn speech_frames_late(playout: &mut Playout, ticks: usize, late: u64) -> usize {
        let frame = |_: &usize| {
            let slot = playout.next_frame();
            playout.note_unheard(late);
            slot != Slot::Silence
        };
        (0..ticks).filter(frame).count()
    }

    fn fade(slot: Slot) -> [i16; FRAME_SAMPLES] {
        let Slot::Line(fade) = slot else { panic!("a fading frame") };
        fade
    }

    #[test]
    fn sentences_follow_each_other_with_a_breath() {
        let mut playout = Playout::default();
        let first = playout.push_sentence(true);
        let second = playout.push_sentence(true);
        playout.push_then(Then::HangUp);
        playout.supply(second, tone(2));
        assert_eq!(speech_frames(&mut playout, 5), 0, "the second sentence waits for the first");
        playout.supply(first, tone(3));
        assert_eq!(speech_frames(&mut playout, 3), 3);
        assert_eq!(speech_frames(&mut playout, GAP_FRAMES as usize), 0);
        assert_eq!(playout.take_then(|_| true), None, "not before all has been heard");
        assert!(!playout.take_ran_dry());
        assert_eq!(speech_frames(&mut playout, 2), 2);
        assert!(playout.take_ran_dry());
        assert!(!playout.take_ran_dry());
        assert_eq!(playout.take_then(|_| true), Some(Then::HangUp));
    }

    #[test]
    fn a_cut_tells_what_was_heard_and_fades() {
        let mut playout = Playout::default();
        let first = playout.push_sentence(true);
        let second = playout.push_sentence(true);
        playout.push_then(Then::HangUp);
        playout.supply(first, tone(1));
        playout.supply(second, tone(50));
        speech_frames(&mut playout, 1 + GAP_FRAMES as usize + 10);
        assert_eq!(playout.cut(), Some(1));
        let fade = fade(playout.next_frame());
        assert_eq!(fade[0], 1_000);
        assert!(fade[FRAME_SAMPLES - 1] < 10);
        assert_eq!(playout.next_frame(), Slot::Silence);
        assert_eq!(playout.take_then(|_| true), None, "what was to follow is dropped too");
        assert_eq!(playout.cut(), None);
    }

    #[test]
    fn a_paused_prompt_resumes_at_its_clause() {
        let mut samples = vec![1_000; 10 * FRAME_SAMPLES];
        samples[3 * FRAME_SAMPLES..5 * FRAME_SAMPLES].fill(0);
        let mut playout = Playout::default();
        let id = playout.push_sentence(true);
        playout.supply(id, sound(samples));
        speech_frames(&mut playout, 8);
        playout.pause();
        assert!(playout.is_paused());
        assert!(fade(playout.next_frame())[FRAME_SAMPLES - 1] < 10);
        assert_eq!(playout.next_frame(), Slot::Silence, "and nothing after the fading frame");
        playout.resume();
        assert_eq!(speech_frames(&mut playout, 20), 5, "frames 5 to 9: the clause after the quiet");
    }

    #[test]
    fn what_is_on_its_way_is_not_heard_yet() {
        let mut playout = Playout::default();
        let only = playout.push_sentence(true);
        playout.push_then(Then::HangUp);
        playout.supply(only, tone(10));
        assert_eq!(speech_frames_late(&mut playout, 14, 5), 10);
        assert!(playout.is_audible() && playout.is_speaking() && !playout.take_ran_dry());
        assert_eq!(playout.take_then(|_| true), None);
        assert_eq!(speech_frames_late(&mut playout, 1, 5), 0);
        assert!(!playout.is_audible() && playout.take_ran_dry());
        assert_eq!(playout.take_then(|_| true), Some(Then::HangUp));
    }

    #[test]
    fn what_was_on_its_way_at_a_pause_is_said_again() {
        let mut playout = Playout::default();
        let (first, second) = (playout.push_sentence(true), playout.push_sentence(true));
        let mut samples = vec![1_000; 10 * FRAME_SAMPLES];
        samples[3 * FRAME_SAMPLES..4 * FRAME_SAMPLES].fill(0);
        samples[8 * FRAME_SAMPLES..9 * FRAME_SAMPLES].fill(0);
        playout.supply(first, sound(samples));
        playout.supply(second, tone(5));
        // The first is sent whole, and three frames of the second after the breath; of all this, seven frames heard.
        let sent = 10 + GAP_FRAMES as usize + 3;
        assert_eq!(speech_frames_late(&mut playout, sent, sent as u64 - 7), 13);
        playout.pause();
        speech_frames_late(&mut playout, 2, 0);
        playout.resume();
        assert_eq!(speech_frames(&mut playout, 6), 6, "frames 4 to 9 of the first: the clause that frame 7 is in");
        assert_eq!(speech_frames(&mut playout, GAP_FRAMES as usize + 5), 5, "the second from its beginning");
        assert!(playout.take_ran_dry());
        // A cut by a key counts what was heard alone.
        let mut playout = Playout::default();
        let (first, second) = (playout.push_sentence(true), playout.push_sentence(true));
        playout.supply(first, tone(4));
        playout.supply(second, tone(5));
        speech_frames_late(&mut playout, 6, 3);
        assert_eq!(playout.cut(), Some(0));
    }

    #[test]
    fn wide_band_sound_comes_in_wide_frames() {
        let mut playout = Playout::default();
        let id = playout.push_sentence(true);
        playout.supply(id, Some(Sound::new(vec![1_000; 2 * WIDE_FRAME_SAMPLES], WIDE_RATE)));
        assert_eq!(playout.next_frame(), Slot::Wide([1_000; _]));
        playout.pause();
        let Slot::Wide(fade) = playout.next_frame() else { panic!("a fading frame") };
        assert!(fade[0] == 1_000 && fade[WIDE_FRAME_SAMPLES - 1] < 10);
        playout.resume();
        assert_eq!(speech_frames(&mut playout, 9), 2);
        assert!(playout.take_ran_dry());
    }

    #[test]
    fn a_sentence_the_voice_could_not_make_is_skipped() {
        let mut playout = Playout::default();
        let first = playout.push_sentence(true);
        let second = playout.push_sentence(true);
        playout.supply(first, None);
        playout.supply(second, tone(1));
        assert_eq!(speech_frames(&mut playout, 1), 1, "without a pause for what was not said");
        assert!(playout.take_ran_dry());
        let only = playout.push_sentence(true);
        playout.supply(only, None);
        assert_eq!(speech_frames(&mut playout, 1), 0);
        assert!(playout.take_ran_dry(), "nothing was on its way");
    }

    #[test]
    fn a_sentence_is_said_while_its_later_clauses_are_made() {
        let mut playout = Playout::default();
        let id = playout.push_sentence(true);
        playout.push_then(Then::HangUp);
        let clause = |samples: usize| Sound::new(vec![1_000; samples], LINE_RATE);
        playout.supply_clause(id, clause(2 * FRAME_SAMPLES + 40));
        assert_eq!(speech_frames(&mut playout, 4), 2, "the broken frame waits for what comes");
        assert!(playout.is_audible() && playout.is_speaking() && !playout.take_ran_dry());
        playout.supply_clause(id, clause(FRAME_SAMPLES - 40));
        assert_eq!(speech_frames(&mut playout, 4), 1, "joined without a gap");
        playout.supply(id, Some(clause(FRAME_SAMPLES)));
        assert_eq!(speech_frames(&mut playout, 4), 1);
        assert!(playout.take_ran_dry());
        assert_eq!(playout.take_then(|_| true), Some(Then::HangUp));
        // A voice that fails at the second clause: the first has been said.
        let id = playout.push_sentence(true);
        playout.supply_clause(id, clause(2 * FRAME_SAMPLES));
        speech_frames(&mut playout, 1);
        playout.supply(id, None);
        assert_eq!(speech_frames(&mut playout, 3), 1);
        assert!(playout.take_ran_dry());
    }

    #[test]
    fn the_clause_is_found_within_the_limit() {
        let tone = tone(250).expect("a sound");
        assert_eq!(clause_start(&tone, 180), 180 - REWIND_DEFAULT);
        assert_eq!(clause_start(&tone, 6), 0);
        assert_eq!(clause_start(&Sound::new([], LINE_RATE), 3), 0);
    }
}
