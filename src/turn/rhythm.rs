//! The caller's own rhythm: how long this person pauses without having finished.
//!
//! Owns: a running estimate of the pauses within turns. Must not know: words, frames.

use std::time::Duration;

/// Pauses up to this need no extra time: the silences of [`super::endpoint`] are made for them.
const ORDINARY: Duration = Duration::from_millis(400);
/// Most extra time: beyond it everybody would think that the line is dead.
const MOST: Duration = Duration::from_millis(600);
/// A longer pause counts at once (the next may be as long), a shorter one brings the estimate down by this share.
const FORGET: f32 = 0.25;
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
        self.pause = if pause > self.pause { pause } else { self.pause.mul_f32(1.0 - FORGET) + pause.mul_f32(FORGET) };
    }

    /// Time to add to the silence that ends a turn.
    pub fn extra(&self) -> Duration {
        self.pause.saturating_sub(ORDINARY).min(MOST)
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
        assert_eq!(rhythm.extra(), Duration::ZERO);
        for _ in 0..10 {
            rhythm.note_pause(ms(250));
        }
        assert_eq!(rhythm.extra(), Duration::ZERO);
        rhythm.note_pause(ms(700));
        assert_eq!(rhythm.extra(), ms(300));
        rhythm.note_pause(Duration::from_secs(60));
        assert_eq!(rhythm.extra(), MOST);
    }

    #[test]
    fn one_long_pause_is_forgotten_after_some_short_ones() {
        let mut rhythm = Rhythm::default();
        rhythm.note_pause(ms(900));
        let mut pauses = 0;
        while rhythm.extra() > ms(50) {
            rhythm.note_pause(ms(200));
            pauses += 1;
        }
        assert!((3..=6).contains(&pauses), "{pauses}");
    }
}
