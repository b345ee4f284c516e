//! Keys as telephone events (RFC 4733), received and sent.
//!
//! Owns: the events' payload, one key a press, the packets of a press. Must not know: sequence numbers, SSRC.

use std::collections::VecDeque;

use super::Key;
use crate::audio::FRAME_SAMPLES;

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// Timestamp units a packet advances (8 kHz clock).
const STEP: u16 = FRAME_SAMPLES as u16;
/// Some senders move the timestamp with every packet of one press. Two presses are never this close (60 ms).
const SAME_PRESS: i32 = 3 * STEP as i32;
/// Events this much older than the newest are late duplicates (5 s); beyond, the clock has restarted.
const OLD: i32 = -40_000;
/// Level of the tone the far end may make of our event, -dBm0.
const VOLUME: u8 = 10;
/// The packet that ends a press is sent three times (RFC 4733 §2.5.1.4).
const END_PACKETS: u16 = 3;
/// Ticks without event between two presses: 80 ms, above the 40 ms of ITU-T Q.24.
const PAUSE: u16 = 4;
/// Presses waiting to be sent, at most; more are refused.
const MAX_WAITING: usize = 32;

/// Finds the presses in the events received.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    last: Option<Event>,
}

#[derive(Debug, Clone, Copy)]
struct Event {
    code: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl Receiver {
    /// Takes one event packet; gives the key at the first packet seen of its press, whichever that is:
    /// neither marker bit nor end bit is relied upon.
    pub fn handle(&mut self, timestamp: u32, payload: &[u8]) -> Option<Key> {
        let &[code, flags, high, low, ..] = payload else {
            return None;
        };
        let key = Key(char::from(*KEYS.get(usize::from(code))?));
        let event = Event { code, timestamp, duration: u16::from_be_bytes([high, low]), ended: flags & 0x80 != 0 };
        let Some(last) = self.last.as_mut() else {
            self.last = Some(event);
            return Some(key);
        };
        let later = timestamp.wrapping_sub(last.timestamp) as i32;
        if (OLD..0).contains(&later) {
            return None;
        }
        let same = last.code == code
            && (later == 0
                || !last.ended && (later <= SAME_PRESS && event.duration >= last.duration || continues(last, later)));
        if same {
            let ended = last.ended || event.ended;
            *last = Event { ended, ..event };
            return None;
        }
        self.last = Some(event);
        Some(key)
    }

    /// A new source has its own timestamps.
    pub fn reset(&mut self) {
        self.last = None;
    }
}

/// A press longer than the duration field holds (8 s) goes on as a new segment (RFC 4733 §2.5.1.3).
fn continues(last: &Event, later: i32) -> bool {
    let full = i32::from(u16::MAX);
    i32::from(last.duration) > full - 10 * SAME_PRESS && (later - full).abs() <= SAME_PRESS
}

/// One event packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventPacket {
    pub marker: bool,
    /// The press's timestamp, the same in all its packets.
    pub timestamp: u32,
    pub payload: [u8; 4],
}

/// Turns presses into one packet a tick.
#[derive(Debug, Default)]
pub(super) struct Sender {
    waiting: VecDeque<(u8, u16)>,
    state: SenderState,
}

#[derive(Debug, Default)]
enum SenderState {
    #[default]
    Idle,
    Pressing {
        code: u8,
        timestamp: u32,
        tick: u16,
        ticks: u16,
    },
    Pausing {
        ticks_left: u16,
    },
}

impl Sender {
    /// Queues a press of `ticks` × 20 ms; `false` when the key does not exist or too many wait.
    pub fn press(&mut self, key: Key, ticks: u16) -> bool {
        let code = KEYS.iter().position(|&k| char::from(k) == key.0);
        let Some(code) = code.filter(|_| self.waiting.len() < MAX_WAITING) else {
            return false;
        };
        // The duration field ends at 8.19 s; a press never gets there.
        self.waiting.push_back((code as u8, ticks.clamp(2, 400)));
        true
    }

    pub fn is_busy(&self) -> bool {
        matches!(self.state, SenderState::Pressing { .. }) || !self.waiting.is_empty()
    }

    /// The event packet of this tick, to be sent in place of audio.
    pub fn tick(&mut self, now: u32) -> Option<EventPacket> {
        if let SenderState::Pausing { ticks_left } = &mut self.state {
            *ticks_left -= 1;
            if *ticks_left == 0 {
                self.state = SenderState::Idle;
            }
            return None;
        }
        if let SenderState::Idle = self.state {
            let (code, ticks) = self.waiting.pop_front()?;
            self.state = SenderState::Pressing { code, timestamp: now, tick: 0, ticks };
        }
        let SenderState::Pressing { code, timestamp, tick, ticks } = &mut self.state else {
            return None;
        };
        *tick += 1;
        let ending = *tick >= *ticks;
        let duration = (*tick).min(*ticks) * STEP;
        let [high, low] = duration.to_be_bytes();
        let packet = EventPacket {
            marker: *tick == 1,
            timestamp: *timestamp,
            payload: [*code, if ending { 0x80 | VOLUME } else { VOLUME }, high, low],
        };
        if *tick == *ticks + END_PACKETS - 1 {
            self.state = SenderState::Pausing { ticks_left: PAUSE };
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: u8, end: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [code, if end { 0x8A } else { 0x0A }, high, low]
    }

    /// Keys found in (timestamp, payload) packets.
    fn keys(packets: &[(u32, [u8; 4])]) -> String {
        let mut receiver = Receiver::default();
        packets
            .iter()
            .filter_map(|(timestamp, payload)| receiver.handle(*timestamp, payload))
            .map(|key| key.0)
            .collect()
    }

    #[test]
    fn one_key_a_press_however_many_packets() {
        let press: Vec<_> = (1..=20).map(|n| (1_000, event(5, n > 17, 160 * n.min(18)))).collect();
        assert_eq!(keys(&press), "5");
        let thrice: Vec<_> = press.iter().flat_map(|p| [*p; 3]).collect();
        assert_eq!(keys(&thrice), "5", "duplicates");
        assert_eq!(keys(&press[..4]), "5", "lost end");
        assert_eq!(keys(&press[18..]), "5", "only an end packet arrived");
    }

    #[test]
    fn two_presses_of_the_same_key_are_two_keys() {
        let packets = [
            (1_000, event(0, false, 160)),
            (1_000, event(0, true, 800)),
            (3_400, event(0, false, 160)),
            (3_400, event(0, true, 800)),
        ];
        assert_eq!(keys(&packets), "00");
        assert_eq!(keys(&[packets[0], packets[2]]), "00", "end of the first lost");
        assert_eq!(keys(&[packets[1], packets[2], packets[1], packets[3]]), "00");
    }

    #[test]
    fn a_moving_timestamp_is_one_press() {
        let press: Vec<_> = (1..=10u16).map(|n| (1_000 + 160 * u32::from(n), event(11, n == 10, 160 * n))).collect();
        assert_eq!(keys(&press), "#");
    }

    #[test]
    fn a_press_of_twenty_seconds_is_one_key() {
        let mut packets = Vec::new();
        for segment in 0..3u32 {
            for n in 1..=409u16 {
                packets.push((1_000 + segment * 65_535, event(9, false, n * 160)));
            }
            packets.push((1_000 + segment * 65_535, event(9, false, 65_535)));
        }
        assert_eq!(keys(&packets), "9");
    }

    #[test]
    fn timestamps_wrap_and_codes_are_checked() {
        let packets =
            [(u32::MAX - 100, event(10, true, 800)), (2_000, event(15, true, 800)), (5_000, event(16, true, 800))];
        assert_eq!(keys(&packets), "*D");
        let mut receiver = Receiver::default();
        assert_eq!(receiver.handle(0, &[]), None);
        assert_eq!(receiver.handle(0, &[1, 0, 0]), None);
    }

    #[test]
    fn packets_of_a_press() {
        let mut sender = Sender::default();
        assert!(sender.press(Key('7'), 5));
        let mut now = 10_000;
        let mut packets = Vec::new();
        for _ in 0..20 {
            packets.extend(sender.tick(now));
            now += 160;
        }
        assert_eq!(packets.len(), 7);
        assert!(packets.iter().all(|p| p.timestamp == 10_000));
        let markers: Vec<bool> = packets.iter().map(|p| p.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        let durations: Vec<u16> = packets.iter().map(|p| u16::from_be_bytes([p.payload[2], p.payload[3]])).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        let ends: Vec<bool> = packets.iter().map(|p| p.payload[1] & 0x80 != 0).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        assert!(packets.iter().all(|p| p.payload[0] == 7));
    }

    #[test]
    fn presses_follow_each_other_and_are_understood() {
        let (mut sender, mut receiver) = (Sender::default(), Receiver::default());
        for key in "0123456789*#ABCD0077".chars() {
            assert!(sender.press(Key(key), 6));
        }
        let mut heard = String::new();
        let mut now = 0u32;
        while sender.is_busy() {
            if let Some(packet) = sender.tick(now) {
                heard.extend(receiver.handle(packet.timestamp, &packet.payload).map(|k| k.0));
            }
            now += 160;
        }
        assert_eq!(heard, "0123456789*#ABCD0077");
    }

    #[test]
    fn presses_are_bounded() {
        let mut sender = Sender::default();
        assert!(!sender.press(Key('x'), 6));
        let taken = (0..100).filter(|_| sender.press(Key('1'), 6)).count();
        assert_eq!(taken, MAX_WAITING);
    }
}
