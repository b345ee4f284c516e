//! How long work takes, and whether there is too much of it. PURE.
//!
//! Owns: the estimate of an engine's speed, the threshold and its hysteresis. Must not know: threads, queues, engines.

use std::time::Duration;

/// How fast an engine is, as learned from what it has done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speed {
    /// Seconds of work for a second of audio.
    factor: f64,
}

/// Before anything was done: Whisper base on two threads needs 0.05 to 0.1 s for a second of speech on the machines measured.
const FIRST_FACTOR: f64 = 0.1;
/// Weight of the newest job: the last five make two thirds of the estimate, so that it follows a machine that gets busy
/// within some seconds and no single job moves it far.
const NEWEST: f64 = 0.2;
/// No engine needs longer than this for a second of audio; a clock that jumps says so.
const SLOWEST: f64 = 60.0;

impl Default for Speed {
    fn default() -> Self {
        Self { factor: FIRST_FACTOR }
    }
}

impl Speed {
    /// Work of that size has taken so long.
    pub fn learn(&mut self, size: Duration, took: Duration) {
        if size.is_zero() {
            return;
        }
        let factor = (took.as_secs_f64() / size.as_secs_f64()).min(SLOWEST);
        self.factor += NEWEST * (factor - self.factor);
    }

    /// How long work of that size will take.
    pub fn time_for(&self, size: Duration) -> Duration {
        size.mul_f64(self.factor)
    }

    pub fn factor(&self) -> f64 {
        self.factor
    }
}

/// How long a job under way goes on: what is left of what it should take. One that takes longer than it should goes on for as
/// long as it is late, or an engine that hangs would count as about to finish.
pub(super) fn remaining(expected: Duration, elapsed: Duration) -> Duration {
    expected.abs_diff(elapsed)
}

/// More work than can be done in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overload {
    longest_wait: Duration,
    is_on: bool,
}

/// It is over when the wait is below this part of the longest: then the backlog is gone, not just shorter.
const OVER_AT: u32 = 4;

impl Overload {
    pub fn new(longest_wait: Duration) -> Self {
        Self { longest_wait, is_on: false }
    }

    /// With this wait expected now; what has changed, if anything: `true` when it begins.
    pub fn update(&mut self, wait: Duration) -> Option<bool> {
        let is_on = if self.is_on { wait > self.longest_wait / OVER_AT } else { wait > self.longest_wait };
        (std::mem::replace(&mut self.is_on, is_on) != is_on).then_some(is_on)
    }

    pub fn is_on(&self) -> bool {
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_speed_is_learned_and_one_odd_job_does_not_change_it_much() {
        let mut speed = Speed::default();
        assert_eq!(speed.time_for(3 * S), 300 * MS);
        for _ in 0..30 {
            speed.learn(4 * S, 2 * S);
        }
        assert!((speed.factor() - 0.5).abs() < 0.01, "{}", speed.factor());
        speed.learn(4 * S, 20 * S);
        assert!((1.3..1.5).contains(&speed.factor()), "{}", speed.factor());
        for _ in 0..20 {
            speed.learn(4 * S, 2 * S);
        }
        assert!((speed.factor() - 0.5).abs() < 0.02, "{}", speed.factor());
    }

    #[test]
    fn work_of_no_size_and_absurd_times_teach_nothing() {
        let mut speed = Speed::default();
        speed.learn(Duration::ZERO, S);
        assert_eq!(speed.time_for(S), 100 * MS);
        speed.learn(MS, Duration::MAX);
        assert!(speed.factor() <= SLOWEST);
    }

    #[test]
    fn a_job_that_is_late_is_expected_to_stay_so() {
        assert_eq!(remaining(3 * S, S), 2 * S);
        assert_eq!(remaining(3 * S, 3 * S), Duration::ZERO);
        assert_eq!(remaining(S, 9 * S), 8 * S);
    }

    #[test]
    fn overload_begins_above_the_longest_wait_and_ends_when_the_backlog_is_gone() {
        let mut overload = Overload::new(2 * S);
        assert_eq!(overload.update(2 * S), None);
        assert_eq!(overload.update(2 * S + MS), Some(true));
        assert_eq!(overload.update(9 * S), None, "told once");
        assert_eq!(overload.update(501 * MS), None, "not over yet");
        assert!(overload.is_on());
        assert_eq!(overload.update(500 * MS), Some(false));
        assert_eq!(overload.update(1_900 * MS), None, "nor does it begin again");
        assert!(!overload.is_on());
    }
}
