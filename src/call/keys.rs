//! Keys by the three ways a telephone sends them (RFC 4733 events, INFO, tones in the audio): each press once.
//!
//! Owns: which presses are the same. Must not know: what a key does.
//!
//! A switchboard may tell one press by two ways. Each way tells the presses in order and none twice, so a press told by
//! one way is the oldest recent press of that key that this way has not told yet; without such a press it is a new one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How a press came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A telephone event in RTP, told as the press begins.
    Event,
    /// INFO, told when the press is over by many switchboards.
    Info,
    /// A tone in the audio, told 40 ms after its beginning, and after the jitter buffer.
    Tone,
}

/// Two ways tell the same press within this of each other, the time it was held left out.
const APART: Duration = Duration::from_millis(1_000);
/// Presses remembered, at most; the oldest are forgotten.
const MAX_PRESSES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Keys {
    presses: VecDeque<Press>,
}

#[derive(Debug)]
struct Press {
    key: char,
    told: Instant,
    /// Ways that have told it.
    ways: [bool; 3],
}

impl Keys {
    /// Whether what `way` tells now is a new press. `held`: how long the key was down, when that is over and known.
    pub fn is_new(&mut self, now: Instant, way: Way, key: char, held: Duration) -> bool {
        let reach = APART + held;
        let known = self.presses.iter_mut().find(|press| {
            press.key == key && !press.ways[way as usize] && now.saturating_duration_since(press.told) <= reach
        });
        if let Some(press) = known {
            press.ways[way as usize] = true;
            return false;
        }
        if self.presses.len() == MAX_PRESSES {
            self.presses.pop_front();
        }
        let mut ways = [false; 3];
        ways[way as usize] = true;
        self.presses.push_back(Press { key, told: now, ways });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    /// Keys that count of (ms, way, key) told in this order.
    fn counted(told: &[(u64, Way, char)]) -> String {
        let (start, mut keys) = (epoch(), Keys::default());
        let new = |(ms, way, key): &(u64, Way, char)| {
            keys.is_new(start + Duration::from_millis(*ms), *way, *key, Duration::ZERO).then_some(*key)
        };
        told.iter().filter_map(new).collect()
    }

    #[test]
    fn one_way_alone_is_never_doubted() {
        for way in [Way::Event, Way::Info, Way::Tone] {
            let quick: Vec<_> = (0..40).map(|n| (90 * n, way, '5')).collect();
            assert_eq!(counted(&quick), "5".repeat(40));
        }
    }

    #[test]
    fn two_ways_make_one_press() {
        use Way::{Event, Info, Tone};
        assert_eq!(counted(&[(0, Event, '1'), (180, Info, '1')]), "1");
        assert_eq!(counted(&[(0, Info, '1'), (30, Event, '1'), (60, Tone, '1')]), "1");
        // The second way lags by more than a press.
        let lagging = [
            (0, Event, '5'),
            (200, Event, '5'),
            (250, Info, '5'),
            (400, Event, '5'),
            (450, Info, '5'),
            (650, Info, '5'),
        ];
        assert_eq!(counted(&lagging), "555");
        assert_eq!(counted(&[(0, Event, '0'), (100, Event, '6'), (350, Info, '0'), (450, Info, '6')]), "06");
    }

    #[test]
    fn what_is_far_apart_is_two_presses() {
        assert_eq!(counted(&[(0, Way::Event, '1'), (1_500, Way::Info, '1')]), "11");
        let (start, mut keys) = (epoch(), Keys::default());
        assert!(keys.is_new(start, Way::Event, '1', Duration::ZERO));
        let late = start + Duration::from_millis(3_200);
        assert!(!keys.is_new(late, Way::Info, '1', Duration::from_millis(3_000)), "it was held for 3 s");
    }
}
