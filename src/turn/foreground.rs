//! The caller's voice before others: a television, people in the room.
//!
//! Owns: how loud the speaker of this turn is, which speech is too faint to be the same person's, and what background has been
//! found so. Must not know: what a turn is; it is told when one begins and ends.
//!
//! Level is all that tells them apart on one telephone channel: a handset's microphone is a hand's breadth from its owner and
//! metres from everybody else, 15 dB and more.

use super::vad::Activity;

/// Speech fainter than the speaker by this is somebody else's, if it lasts, dB. Single syllables of one person are fainter too:
/// over the recorded clips they last 420 ms at most, pauses not counted.
const FAINTER_DB: f32 = 10.0;
/// How fast the speaker's level follows louder frames (five frames) and fainter ones of the same person (four seconds).
const RISE: f32 = 0.2;
const FALL: f32 = 0.005;
/// A caller who speaks over a known background is louder by this at least, dB.
const OVER_BACKGROUND_DB: f32 = 6.0;
/// A background not heard for so long is forgotten, in frames (10 s): somebody has turned it off, or the caller it was
/// mistaken for speaks up.
const REMEMBERED: u32 = 500;
/// After a turn cut for want of a pause nobody knows who was speaking: the first half second of quiet clears it, in frames.
const REMEMBERED_AFTER_CUT: u32 = 25;

#[derive(Debug, Default)]
pub(super) struct Foreground {
    /// Of this turn's speaker, dBFS.
    speaker: Option<f32>,
    /// Mean of the speech too faint to be the speaker's since the last that was not, dBFS; and of how many frames.
    faint: (f32, u32),
    background: Option<Background>,
}

#[derive(Debug)]
struct Background {
    /// dBFS.
    level: f32,
    /// Frames without it until it is forgotten, and left of them.
    remembered: u32,
    left: u32,
}

impl Foreground {
    /// A frame outside a turn: whether its speech may begin one. A known background may not.
    pub fn may_begin(&mut self, activity: Activity) -> bool {
        let Some(background) = &mut self.background else { return true };
        if activity.speech && activity.level < background.level + OVER_BACKGROUND_DB {
            background.left = background.remembered;
            return false;
        }
        background.left = background.left.saturating_sub(1);
        if background.left == 0 {
            self.background = None;
        }
        true
    }

    pub fn turn_begins(&mut self) {
        self.speaker = None;
        self.faint = (0.0, 0);
    }

    /// A frame of the turn: whether it is speech as loud as the speaker's.
    pub fn is_speaker(&mut self, activity: Activity) -> bool {
        if !activity.speech {
            return false;
        }
        let speaker = self.speaker.get_or_insert(activity.level);
        if activity.level < *speaker - FAINTER_DB {
            let (mean, frames) = self.faint;
            let frames = frames.saturating_add(1);
            self.faint = (mean + (activity.level - mean) / frames as f32, frames);
            return false;
        }
        let pace = if activity.level > *speaker { RISE } else { FALL };
        *speaker += pace * (activity.level - *speaker);
        true
    }

    /// The speaker goes on: what was faint was theirs.
    pub fn speaker_goes_on(&mut self) {
        self.faint = (0.0, 0);
    }

    /// The turn ended although faint speech goes on.
    pub fn ended_over_background(&mut self) {
        let (level, frames) = self.faint;
        if frames > 0 {
            self.background = Some(Background { level, remembered: REMEMBERED, left: REMEMBERED });
        }
    }

    /// The turn was cut because it had no pause.
    pub fn cut_without_pause(&mut self) {
        if let Some(level) = self.speaker {
            let (remembered, left) = (REMEMBERED_AFTER_CUT, REMEMBERED_AFTER_CUT);
            self.background = Some(Background { level, remembered, left });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(level: f32) -> Activity {
        Activity { speech: true, pitched: true, level, ..Activity::default() }
    }

    const QUIET: Activity =
        Activity { speech: false, pitched: false, loud: false, hangover: 0, level: -60.0, treble: -70.0 };

    #[test]
    fn weak_syllables_are_the_speakers_a_television_is_not() {
        let mut foreground = Foreground::default();
        foreground.turn_begins();
        for n in 0..200 {
            assert!(foreground.is_speaker(speech(if n % 2 == 0 { -20.0 } else { -27.0 })), "{n}");
        }
        for n in 0..200 {
            assert!(!foreground.is_speaker(speech(-37.0)), "{n}: it must not become the speaker");
        }
        assert!(foreground.is_speaker(speech(-22.0)));
        // A caller who is faint throughout is a speaker as well.
        foreground.turn_begins();
        assert!(foreground.is_speaker(speech(-40.0)));
    }

    #[test]
    fn a_found_background_begins_no_turn_until_it_has_been_off() {
        let mut foreground = Foreground::default();
        assert!(foreground.may_begin(speech(-35.0)));
        foreground.turn_begins();
        foreground.is_speaker(speech(-20.0));
        foreground.ended_over_background();
        assert!(foreground.may_begin(speech(-35.0)), "nothing faint was heard");
        (0..50).for_each(|_| _ = foreground.is_speaker(speech(-36.0)));
        foreground.ended_over_background();
        for _ in 0..3_000 {
            assert!(!foreground.may_begin(speech(-35.0)));
        }
        assert!(foreground.may_begin(speech(-25.0)), "the caller");
        (0..REMEMBERED).for_each(|_| _ = foreground.may_begin(QUIET));
        assert!(foreground.may_begin(speech(-35.0)));
    }

    #[test]
    fn after_a_cut_half_a_second_of_quiet_is_enough() {
        let mut foreground = Foreground::default();
        foreground.turn_begins();
        foreground.is_speaker(speech(-25.0));
        foreground.cut_without_pause();
        assert!(!foreground.may_begin(speech(-24.0)));
        (0..25).for_each(|_| _ = foreground.may_begin(QUIET));
        assert!(foreground.may_begin(speech(-24.0)));
    }
}
