//! Interarrival jitter (RFC 3550 §6.4.1, A.8).
//!
//! Owns: the running estimate of one source. Must not know: order, loss.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Interarrival {
    origin: Option<Instant>,
    last: Option<Transit>,
    /// Sixteen times the jitter, in timestamp units, as A.8 keeps it against rounding.
    scaled: u64,
    clock: u32,
}

#[derive(Debug)]
struct Transit {
    timestamp: u32,
    /// Arrival less timestamp, in timestamp units, modulo 2^32.
    transit: u32,
}

impl Interarrival {
    /// Takes a packet of audio.
    pub fn note(&mut self, now: Instant, timestamp: u32, clock: u32) {
        let origin = *self.origin.get_or_insert(now);
        if clock != self.clock {
            self.clock = clock;
            self.last = None;
            self.scaled = 0;
        }
        let arrival = now.saturating_duration_since(origin).as_micros() * u128::from(clock) / 1_000_000;
        let transit = (arrival as u32).wrapping_sub(timestamp);
        let last = self.last.replace(Transit { timestamp, transit });
        // Packets of one timestamp (a picture, a key) say nothing of the network.
        let Some(last) = last.filter(|last| last.timestamp != timestamp) else {
            return;
        };
        let difference = u64::from((transit.wrapping_sub(last.transit) as i32).unsigned_abs());
        self.scaled = self.scaled + difference - ((self.scaled + 8) >> 4).min(self.scaled + difference);
    }

    /// In timestamp units.
    pub fn jitter(&self) -> u32 {
        u32::try_from(self.scaled >> 4).unwrap_or(u32::MAX)
    }

    pub fn duration(&self) -> Duration {
        let micros = u64::from(self.jitter()) * 1_000_000 / u64::from(self.clock.max(1));
        Duration::from_micros(micros)
    }

    /// Another source, or one that restarted.
    pub fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    #[test]
    fn the_estimate_of_appendix_a8() {
        let start = epoch();
        let delays = [0u64, 7, 3, 30, 0, 12, 80, 5, 5, 41];
        let mut measured = Interarrival::default();
        let mut expected = 0.0f64;
        for (n, delay) in delays.iter().cycle().take(400).enumerate() {
            let n = n as u64;
            let timestamp = (u32::MAX - 3_000).wrapping_add(160 * n as u32);
            measured.note(start + Duration::from_millis(20 * n + delay), timestamp, 8_000);
            if n > 0 {
                let before = delays[(n as usize - 1) % delays.len()];
                let difference = (*delay as f64 - before as f64).abs() * 8.0;
                // J(i) = J(i-1) + (|D(i-1,i)| - J(i-1)) / 16
                expected += (difference - expected) / 16.0;
            }
        }
        assert!((f64::from(measured.jitter()) - expected).abs() <= 1.0, "{} {expected}", measured.jitter());
        assert_eq!(measured.duration().as_millis() as u32, measured.jitter() / 8);
    }

    #[test]
    fn a_steady_stream_has_none_and_wild_timestamps_are_survived() {
        let start = epoch();
        let mut measured = Interarrival::default();
        for n in 0..100u64 {
            measured.note(start + Duration::from_millis(20 * n), 960 * n as u32, 48_000);
        }
        assert_eq!(measured.jitter(), 0);
        for n in 0..100_000u32 {
            measured.note(start, if n % 2 == 0 { 0 } else { 1 << 31 }, 48_000);
        }
        assert!(measured.jitter() <= 1 << 31);
    }
}
