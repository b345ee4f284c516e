//! What the caller hears: sentences in order, frame by frame, and what is to be done once they have been heard.
//!
//! Owns: the queue of sentences and of the actions behind them, pausing, cutting, the count of what was heard.
//! Must not know: where audio comes from, packets, dialogue.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::audio::FRAME_SAMPLES;
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
/// A prompt that resumes starts again from the last quiet frame no further back than this, in samples (2 s).
const REWIND_LIMIT: usize = 16_000;
/// And when there is none, this far back (400 ms).
const REWIND_DEFAULT: usize = 3_200;
/// Peak below which a 20 ms frame counts as a pause between clauses (about −45 dBFS).
const QUIET_PEAK: u16 = 180;

enum Step {
    Sentence { id: SentenceId, audio: Audio, interruptible: bool },
    Then(Then),
}

enum Audio {
    /// Being synthesised.
    Awaited,
    Ready(Arc<[i16]>),
    /// The voice failed: skipped.
    Missing,
}

/// What the next 20 ms hold.
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one tick; a box would allocate for each frame")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Silence,
    Speech([i16; FRAME_SAMPLES]),
}

#[derive(Default)]
pub(super) struct Playout {
    steps: VecDeque<Step>,
    /// Samples of the first sentence already sent.
    position: usize,
    gap: u32,
    paused: bool,
    /// One last frame that fades out, so that a cut makes no click.
    fade: Option<[i16; FRAME_SAMPLES]>,
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
    pub fn supply(&mut self, wanted: SentenceId, samples: Option<Arc<[i16]>>) {
        for step in &mut self.steps {
            if let Step::Sentence { id, audio, .. } = step
                && *id == wanted
            {
                *audio = samples.map_or(Audio::Missing, Audio::Ready);
                return;
            }
        }
    }

    /// Sentences are waiting, being synthesised or being played.
    pub fn is_speaking(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Sentence { .. }))
    }

    /// The caller is hearing our voice at this moment.
    pub fn is_audible(&self) -> bool {
        !self.paused && (self.position > 0 || self.gap > 0)
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

    /// Holds the prompt where it is: the caller may be about to speak.
    pub fn pause(&mut self) {
        if !self.paused && self.is_speaking() {
            self.fade_out();
            self.paused = true;
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
        if let Some(Step::Sentence { audio: Audio::Ready(samples), .. }) = self.steps.front() {
            self.position = clause_start(samples, self.position);
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
        self.paused = false;
        self.position = 0;
        self.gap = 0;
        self.ran_dry = false;
        Some(std::mem::take(&mut self.heard))
    }

    /// The audio of the next 20 ms; call once a tick.
    pub fn next_frame(&mut self) -> Slot {
        if let Some(fade) = self.fade.take() {
            return Slot::Speech(fade);
        }
        if self.paused {
            return Slot::Silence;
        }
        if self.gap > 0 {
            self.gap -= 1;
            return Slot::Silence;
        }
        while let Some(Step::Sentence { audio: Audio::Missing, .. }) = self.steps.front() {
            self.finish_sentence();
            self.gap = 0;
        }
        let Some(Step::Sentence { audio: Audio::Ready(samples), .. }) = self.steps.front() else {
            return Slot::Silence;
        };
        let frame = frame_at(samples, self.position);
        self.position += FRAME_SAMPLES;
        if self.position >= samples.len() {
            self.finish_sentence();
        }
        Slot::Speech(frame)
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

    fn finish_sentence(&mut self) {
        self.steps.pop_front();
        self.position = 0;
        self.heard += 1;
        if self.is_speaking() {
            self.gap = GAP_FRAMES;
        } else {
            self.heard = 0;
            self.ran_dry = true;
        }
    }

    fn fade_out(&mut self) {
        if self.position > 0
            && let Some(Step::Sentence { audio: Audio::Ready(samples), .. }) = self.steps.front()
        {
            let mut frame = frame_at(samples, self.position);
            for (index, sample) in frame.iter_mut().enumerate() {
                let weight = (FRAME_SAMPLES - index) as f32 / FRAME_SAMPLES as f32;
                *sample = (f32::from(*sample) * weight) as i16;
            }
            self.fade = Some(frame);
        }
    }
}

fn frame_at(samples: &[i16], position: usize) -> [i16; FRAME_SAMPLES] {
    let mut frame = [0; FRAME_SAMPLES];
    let rest = samples.get(position..).unwrap_or_default();
    let length = rest.len().min(FRAME_SAMPLES);
    frame[..length].copy_from_slice(&rest[..length]);
    frame
}

/// Where the clause that holds `position` begins: behind the last quiet frame before it.
fn clause_start(samples: &[i16], position: usize) -> usize {
    let end = position.min(samples.len());
    let start = end.saturating_sub(REWIND_LIMIT);
    let mut at = end;
    while at >= start + FRAME_SAMPLES {
        let frame = &samples[at - FRAME_SAMPLES..at];
        if frame.iter().all(|sample| sample.unsigned_abs() < QUIET_PEAK) {
            return at;
        }
        at -= FRAME_SAMPLES;
    }
    if start == 0 { 0 } else { end - REWIND_DEFAULT }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frames: usize) -> Option<Arc<[i16]>> {
        Some(vec![1_000; frames * FRAME_SAMPLES].into())
    }

    fn speech_frames(playout: &mut Playout, ticks: usize) -> usize {
        (0..ticks).filter(|_| matches!(playout.next_frame(), Slot::Speech(_))).count()
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
        let Slot::Speech(fade) = playout.next_frame() else { panic!("a fading frame") };
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
        playout.supply(id, Some(samples.into()));
        speech_frames(&mut playout, 8);
        playout.pause();
        assert!(playout.is_paused());
        let Slot::Speech(fade) = playout.next_frame() else { panic!("one fading frame") };
        assert!(fade[FRAME_SAMPLES - 1] < 10);
        assert_eq!(playout.next_frame(), Slot::Silence, "and nothing after it");
        playout.resume();
        assert_eq!(speech_frames(&mut playout, 20), 5, "frames 5 to 9: the clause after the quiet");
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
    }

    #[test]
    fn the_clause_is_found_within_the_limit() {
        assert_eq!(clause_start(&vec![1_000; 40_000], 30_000), 30_000 - REWIND_DEFAULT);
        assert_eq!(clause_start(&vec![1_000; 40_000], 1_000), 0);
        assert_eq!(clause_start(&[], 500), 0);
    }
}
