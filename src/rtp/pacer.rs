//! The 20 ms grid on which packets are sent, in virtual time.
//!
//! Owns: when the next packets are due. Must not know: what they contain, timers.

use std::time::{Duration, Instant};

use crate::audio::FRAME_MS;

const TICK: Duration = Duration::from_millis(FRAME_MS);

/// Packets sent at once after a late wake-up, at most: 60 ms, what a far end's jitter buffer takes without loss.
const MAX_BURST: u64 = 3;

/// A grid of deadlines, `start + n · 20 ms`. Being woken late does not shift it.
///
/// Wait until [`next_deadline`](Self::next_deadline), then send [`ticks_due`](Self::ticks_due) packets.
#[derive(Debug, Clone)]
pub struct Pacer {
    next: Instant,
    skipped: u64,
}

impl Pacer {
    /// The first packet is due at `start` itself.
    pub fn new(start: Instant) -> Self {
        Self { next: start, skipped: 0 }
    }

    /// The first packet is due at the first point of the grid through `phase` that has not passed: at most 20 ms from now.
    pub fn on_grid(phase: Instant, now: Instant) -> Self {
        let since = |from: Instant, to: Instant| to.saturating_duration_since(from).as_nanos() % TICK.as_nanos();
        // One of the two is nothing.
        let wait = (TICK.as_nanos() - since(phase, now) + since(now, phase)) % TICK.as_nanos();
        Self::new(now + Duration::from_nanos(wait as u64))
    }

    pub fn next_deadline(&self) -> Instant {
        self.next
    }

    /// Ticks given up after late wake-ups, since the start.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Number of packets to send now, 0–3. Deadlines missed beyond that are given up and counted: what was to be
    /// said is said later instead of in a burst.
    pub fn ticks_due(&mut self, now: Instant) -> u32 {
        let Some(late) = now.checked_duration_since(self.next) else {
            return 0;
        };
        let due = (late.as_nanos() / TICK.as_nanos()).saturating_add(1);
        // A day late would be 4.3 million ticks; whatever is beyond u32 restarts the grid.
        let Ok(due) = u32::try_from(due) else {
            self.next = now + TICK;
            return 1;
        };
        self.next += TICK * due;
        let sent = u64::from(due).min(MAX_BURST);
        self.skipped += u64::from(due) - sent;
        sent as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn one_packet_every_twenty_milliseconds() {
        let start = epoch();
        let mut pacer = Pacer::new(start);
        assert_eq!(pacer.next_deadline(), start);
        let sent: u32 = (0..1_000).map(|n| pacer.ticks_due(start + ms(n))).sum();
        assert_eq!(sent, 50);
        assert_eq!(pacer.next_deadline(), start + ms(1_000));
        assert_eq!(pacer.skipped(), 0);
    }

    #[test]
    fn a_grid_given_is_joined_at_its_next_point() {
        let start = epoch();
        let phase = start + ms(1_000);
        for (at, first) in [(990, 1_000), (1_000, 1_000), (1_001, 1_020), (2_019, 2_020), (2_020, 2_020), (961, 980)] {
            let deadline = Pacer::on_grid(phase, start + ms(at)).next_deadline();
            assert_eq!(deadline, start + ms(first), "at {at}");
        }
    }

    #[test]
    fn too_early_is_nothing() {
        let start = epoch();
        let mut pacer = Pacer::new(start + ms(5));
        assert_eq!(pacer.ticks_due(start), 0);
        assert_eq!(pacer.next_deadline(), start + ms(5));
    }

    #[test]
    fn a_late_wake_up_does_not_shift_the_grid() {
        let start = epoch();
        let mut pacer = Pacer::new(start);
        assert_eq!(pacer.ticks_due(start + ms(19)), 1);
        assert_eq!(pacer.ticks_due(start + ms(57)), 2);
        assert_eq!(pacer.next_deadline(), start + ms(60));
    }

    #[test]
    fn no_burst_after_a_long_sleep() {
        let start = epoch();
        let mut pacer = Pacer::new(start);
        assert_eq!(pacer.ticks_due(start + ms(1_000)), 3);
        assert_eq!(pacer.skipped(), 48);
        assert_eq!(pacer.ticks_due(start + ms(1_019)), 0);
        assert_eq!(pacer.ticks_due(start + ms(1_020)), 1);
    }
}
