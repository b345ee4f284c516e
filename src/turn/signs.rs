//! First signs of speech, before they are enough for a turn.
//!
//! Owns: when a prompt is to give way to what may become a turn, lowered first and then held; both are taken back when no
//! turn comes of it. Must not know: turns, prompts.
//!
//! A turn needs 120 ms of speech, while the agent speaks within a window of 200 ms, and a packet takes its time: who waits
//! for that speaks over the caller for a quarter of a second. Holding a prompt is cheap when it can go on where it was.

use super::vad::Activity;

/// What the last frames say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Somebody may be about to speak.
    Perhaps,
    /// Somebody speaks, as far as can be said so early.
    Likely,
    /// It was nothing.
    Nothing,
}

/// Two frames of speech in three (40 ms), one of them with a pitch: a syllable has begun. A click is one frame.
const PERHAPS: Measure = Measure { window: 3, speech: 2, pitched: 1 };
/// Four in five (80 ms), two with a pitch: longer than a click, a smack or a knock rings.
const LIKELY: Measure = Measure { window: 5, speech: 4, pitched: 2 };
/// Frames without speech after which the signs have come to nothing (120 ms): longer than the closure of a stop consonant.
const GONE_FRAMES: u32 = 6;
/// What is further below our own voice, dB, may be its echo: it is left to the detector, which takes its time. Callers are about as
/// loud as we are; louder echoes are the canceller's.
const ECHO_BELOW_DB: f32 = 14.0;

struct Measure {
    window: u32,
    speech: u32,
    pitched: u32,
}

#[derive(Default)]
pub(super) struct Signs {
    /// Last frames, newest in bit 0: speech, and speech with a pitch.
    speech: u32,
    pitched: u32,
    told: Option<Sign>,
}

impl Signs {
    /// One frame, and what it changes. `turn`: the caller has the floor already, so that there is nothing to foretell;
    /// `own`: level of our own voice, dBFS.
    pub fn handle_frame(&mut self, activity: Activity, turn: bool, own: f32) -> Option<Sign> {
        let counts = activity.level >= own - ECHO_BELOW_DB;
        self.speech = self.speech << 1 | u32::from(activity.speech && counts);
        self.pitched = self.pitched << 1 | u32::from(activity.pitched && counts);
        if turn {
            self.told = None;
            return None;
        }
        let sign = match self.told {
            None | Some(Sign::Nothing) if self.reaches(&PERHAPS) => Sign::Perhaps,
            Some(Sign::Perhaps) if self.reaches(&LIKELY) => Sign::Likely,
            Some(Sign::Perhaps | Sign::Likely) if self.speech & mask(GONE_FRAMES) == 0 => Sign::Nothing,
            _ => return None,
        };
        self.told = Some(sign);
        Some(sign)
    }

    fn reaches(&self, measure: &Measure) -> bool {
        let last = mask(measure.window);
        (self.speech & last).count_ones() >= measure.speech && (self.pitched & last).count_ones() >= measure.pitched
    }
}

/// The lowest `count` bits, of 32.
const fn mask(count: u32) -> u32 {
    (1 << count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::SILENCE_DBFS;

    #[test]
    fn what_is_far_below_our_own_voice_may_be_its_echo() {
        let voiced = |level| Activity { speech: true, pitched: true, level, ..Activity::default() };
        for (level, told) in [(-25.0, true), (-33.0, true), (-36.0, false), (-50.0, false)] {
            let mut signs = Signs::default();
            let any = (0..9).filter_map(|_| signs.handle_frame(voiced(level), false, -20.0)).count() > 0;
            assert_eq!(any, told, "{level} dBFS");
        }
    }

    /// Frames by letter: `p` speech with a pitch, `s` speech, `.` neither; what is told after which frame.
    fn told(frames: &str) -> Vec<(usize, Sign)> {
        let mut signs = Signs::default();
        let activity = |letter| Activity { speech: letter != '.', pitched: letter == 'p', ..Activity::default() };
        let told =
            frames.chars().map(activity).map(|activity| signs.handle_frame(activity, false, SILENCE_DBFS)).enumerate();
        told.filter_map(|(frame, sign)| Some((frame + 1, sign?))).collect()
    }

    #[test]
    fn a_syllable_lowers_then_holds() {
        assert_eq!(told("pppppppp"), [(2, Sign::Perhaps), (4, Sign::Likely)]);
        assert_eq!(told("ss.pppp"), [(4, Sign::Perhaps), (5, Sign::Likely)], "an unvoiced beginning, a stop");
    }

    #[test]
    fn clicks_and_noise_do_neither() {
        assert_eq!(told("s....s....ss....."), []);
        assert_eq!(told("ssssssssssssssss"), [], "without a pitch there is no voice");
    }

    #[test]
    fn what_comes_to_nothing_is_taken_back_once() {
        assert_eq!(told("pp..........."), [(2, Sign::Perhaps), (8, Sign::Nothing)]);
        assert_eq!(
            told("pppp......pp"),
            [(2, Sign::Perhaps), (4, Sign::Likely), (10, Sign::Nothing), (12, Sign::Perhaps)]
        );
    }

    #[test]
    fn a_turn_needs_no_signs() {
        let mut signs = Signs::default();
        let voiced = Activity { speech: true, pitched: true, ..Activity::default() };
        assert_eq!(signs.handle_frame(voiced, false, SILENCE_DBFS), None);
        assert_eq!(signs.handle_frame(voiced, false, SILENCE_DBFS), Some(Sign::Perhaps));
        assert_eq!(signs.handle_frame(voiced, true, SILENCE_DBFS), None);
        let after: Vec<Option<Sign>> =
            (0..9).map(|_| signs.handle_frame(Activity::default(), true, SILENCE_DBFS)).collect();
        assert!(after.iter().all(Option::is_none));
        assert_eq!(
            signs.handle_frame(Activity::default(), false, SILENCE_DBFS),
            None,
            "the turn's end takes nothing back"
        );
    }
}
