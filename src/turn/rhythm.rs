//! The caller's own rhythm: how long this person pauses without having finished.
//!
//! Owns: a running estimate of the pauses within turns. Must not know: words, frames.

use std::time::Duration;

/// A silence half as long again as the caller's usual pause is no pause any more.
const MARGIN: u32 = 3;
const MARGIN_OF: u32 = 2;
/// Most extra time: beyond it everybody would think that the line is dead.
const MOST: Duration = Duration::from_millis(600);
/// A longer pause counts at once (the next may be as long), a shorter one brings the estimate down by one in so many.
const FORGET: u32 = 4;
/// Longer silences are no pause within a thought (the caller was away) and count as this much.
const LONGEST_PAUSE: Duration = Duration::from_millis(2_000);

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rhythm {
    pause: Duration,
}

impl Rhythm {
    /// The caller went on after so much silence.
    pub fn note_pause(&mut self, pause: Duration) {
        let pause = pause.min(LONGEST_PAUSE);
        self.pause = if pause > self.pause { pause } else { self.pause - (self.pause - pause) / FORGET };
    }

    /// Time to add to a silence that would end anybody's turn.
    pub fn extra(&self, silence: Duration) -> Duration {
        (self.pause * MARGIN / MARGIN_OF).saturating_sub(silence).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn fluent_callers_get_nothing_slow_ones_more_up_to_a_bound() {
        let mut rhythm = Rhythm::default();
        assert_eq!(rhythm.extra(ms(700)), Duration::ZERO);
        for _ in 0..10 {
            rhythm.note_pause(ms(250));
        }
        assert_eq!(rhythm.extra(ms(700)), Duration::ZERO);
        rhythm.note_pause(ms(600));
        assert_eq!(rhythm.extra(ms(700)), ms(200));
        assert_eq!(rhythm.extra(ms(1_500)), Duration::ZERO, "who dictates is given more anyway");
        rhythm.note_pause(Duration::from_secs(60));
        assert_eq!(rhythm.extra(ms(700)), MOST);
    }

    #[test]
    fn one_long_pause_is_forgotten_after_some_short_ones() {
        let mut rhythm = Rhythm::default();
        rhythm.note_pause(ms(900));
        let mut pauses = 0;
        while rhythm.extra(ms(700)) > ms(50) {
            rhythm.note_pause(ms(200));
            pauses += 1;
        }
        assert!((3..=6).contains(&pauses), "{pauses}");
    }
}
