//! Keys as telephone events (RFC 4733), received and sent.
//!
//! Owns: the events' payload, one key a press, the packets of a press. Must not know: sequence numbers, SSRC.

use std::collections::VecDeque;

use super::Key;
use crate::audio::FRAME_MS;

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// Some senders move the timestamp with every packet of one press. Two presses are never this close, ms.
const SAME_PRESS_MS: u32 = 60;
/// Events this much older than the newest are late duplicates; beyond, the clock has restarted, ms.
const OLD_MS: u32 = 5_000;
/// Events taken of one packet, at most (RFC 4733 §2.5.1.5 allows several).
const MAX_EVENTS: usize = 16;
/// Bytes of an event.
const EVENT: usize = 4;
/// Longest payload worth keeping, bytes.
pub(super) const MAX_PAYLOAD: usize = MAX_EVENTS * EVENT;
/// Level of the tone the far end may make of our event, -dBm0.
const VOLUME: u8 = 10;
/// The packet that ends a press is sent three times (RFC 4733 §2.5.1.4).
const END_PACKETS: u16 = 3;
/// Ticks without event between two presses: 80 ms, above the 40 ms of ITU-T Q.24.
const PAUSE: u16 = 4;
/// Presses waiting to be sent, at most; more are refused.
const MAX_WAITING: usize = 32;

/// Finds the presses in the events received.
#[derive(Debug)]
pub(super) struct Receiver {
    /// Timestamp units a millisecond.
    units: i32,
    last: Option<Event>,
}

#[derive(Debug, Clone, Copy)]
struct Event {
    code: u8,
    timestamp: u32,
    duration: u16,
}

impl Receiver {
    /// For events on a clock of `clock` Hz.
    pub fn new(clock: u32) -> Self {
        Self { units: (clock / 1_000).clamp(1, 192) as i32, last: None }
    }

    /// Takes one packet's events, each of which begins where the one before ends; gives a key at the first event seen
    /// of its press, whichever that is: neither marker bit nor end bit is relied upon.
    pub fn handle(&mut self, timestamp: u32, payload: &[u8], mut tell: impl FnMut(Key)) {
        let mut begins = timestamp;
        for event in payload.chunks_exact(EVENT).take(MAX_EVENTS) {
            let &[code, _, high, low] = event else {
                return;
            };
            let duration = u16::from_be_bytes([high, low]);
            if self.is_new_press(Event { code, timestamp: begins, duration })
                && let Some(&key) = KEYS.get(usize::from(code))
            {
                tell(Key(char::from(key)));
            }
            begins = begins.wrapping_add(u32::from(duration));
        }
    }

    /// A new source has its own timestamps.
    pub fn reset(&mut self) {
        self.last = None;
    }

    fn is_new_press(&mut self, event: Event) -> bool {
        let Some(last) = self.last.as_mut() else {
            self.last = Some(event);
            return true;
        };
        let later = event.timestamp.wrapping_sub(last.timestamp) as i32;
        if (-(OLD_MS as i32) * self.units..0).contains(&later) {
            return false;
        }
        let near = later <= SAME_PRESS_MS as i32 * self.units && event.duration >= last.duration;
        let same = last.code == event.code && (later == 0 || near || continues(last, later, self.units));
        if same && later == 0 {
            // Packets of one press may arrive in any order.
            last.duration = last.duration.max(event.duration);
        } else {
            *last = event;
        }
        !same
    }
}

/// A press longer than the duration field holds goes on as a new segment (RFC 4733 §2.5.1.3), which begins where the
/// one before ended. Its last packets may have been lost.
fn continues(last: &Event, later: i32, units: i32) -> bool {
    let full = i32::from(u16::MAX);
    let tolerance = SAME_PRESS_MS as i32 * units;
    i32::from(last.duration) > full - 3 * tolerance && (later - full).abs() <= tolerance
}

/// One event packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventPacket {
    pub marker: bool,
    /// Where the press, or its segment, began.
    pub timestamp: u32,
    pub payload: [u8; EVENT],
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
    Pressing(Press),
    Pausing {
        ticks_left: u16,
    },
}

#[derive(Debug)]
struct Press {
    code: u8,
    /// Beginning of the segment under way.
    timestamp: u32,
    /// Ticks of the press, and of its segment, so far.
    tick: u16,
    segment: u16,
    ticks: u16,
}

impl Sender {
    /// Queues a press of `ticks` × 20 ms; `false` when the key does not exist or too many wait.
    pub fn press(&mut self, key: Key, ticks: u16) -> bool {
        let code = KEYS.iter().position(|&k| char::from(k) == key.0);
        let Some(code) = code.filter(|_| self.waiting.len() < MAX_WAITING) else {
            return false;
        };
        self.waiting.push_back((code as u8, ticks.clamp(2, 400)));
        true
    }

    pub fn is_busy(&self) -> bool {
        matches!(self.state, SenderState::Pressing(_)) || !self.waiting.is_empty()
    }

    /// The event packet of this tick, to be sent in place of audio. `clock` is that of `now`, Hz.
    pub fn tick(&mut self, now: u32, clock: u32) -> Option<EventPacket> {
        if let SenderState::Pausing { ticks_left } = &mut self.state {
            *ticks_left -= 1;
            if *ticks_left == 0 {
                self.state = SenderState::Idle;
            }
            return None;
        }
        if let SenderState::Idle = self.state {
            let (code, ticks) = self.waiting.pop_front()?;
            self.state = SenderState::Pressing(Press { code, timestamp: now, tick: 0, segment: 0, ticks });
        }
        let SenderState::Pressing(press) = &mut self.state else {
            return None;
        };
        let step = (u64::from(clock) * FRAME_MS / 1_000).clamp(1, 4_000) as u16;
        press.tick += 1;
        if press.tick <= press.ticks {
            press.segment += 1;
            if press.segment > u16::MAX / step {
                press.timestamp = press.timestamp.wrapping_add(u32::from(press.segment - 1) * u32::from(step));
                press.segment = 1;
            }
        }
        let ending = press.tick >= press.ticks;
        let [high, low] = (press.segment * step).to_be_bytes();
        let packet = EventPacket {
            marker: press.tick == 1,
            timestamp: press.timestamp,
            payload: [press.code, if ending { 0x80 | VOLUME } else { VOLUME }, high, low],
        };
        if press.tick == press.ticks + END_PACKETS - 1 {
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
        heard(8_000, packets)
    }

    fn heard<P: AsRef<[u8]>>(clock: u32, packets: &[(u32, P)]) -> String {
        let mut receiver = Receiver::new(clock);
        let mut keys = String::new();
        for (timestamp, payload) in packets {
            receiver.handle(*timestamp, payload.as_ref(), |key| keys.push(key.0));
        }
        keys
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
        assert_eq!(heard(8_000, &[(0, &[][..]), (0, &[1, 0, 0])]), "");
    }

    #[test]
    fn end_packets_with_moving_timestamps_are_the_same_press() {
        let press: Vec<_> =
            (1..=12u16).map(|n| (1_000 + 160 * u32::from(n), event(11, n >= 10, 160 * n.min(10)))).collect();
        assert_eq!(keys(&press), "#");
        // 40 ms after the last of them, the same key once more.
        let again = (1..=5u16).map(|n| (1_000 + 160 * (14 + u32::from(n)), event(11, n == 5, 160 * n)));
        let both: Vec<_> = press.iter().copied().chain(again).collect();
        assert_eq!(keys(&both), "##");
    }

    #[test]
    fn packets_of_a_press_in_any_order_are_one_key() {
        let press: Vec<_> = (1..=8).map(|n| (1_000, event(3, n > 5, 160 * n.min(6)))).collect();
        let mut shuffled = press.clone();
        shuffled.rotate_left(5);
        shuffled.swap(0, 3);
        assert_eq!(keys(&shuffled), "3");
        assert_eq!(keys(&[shuffled, press].concat()), "3");
    }

    #[test]
    fn several_events_in_one_packet() {
        // RFC 4733 §2.5.1.5: the second event begins where the first one ends.
        let both = |second| [event(1, true, 400), event(2, false, second)].concat();
        let packets = [(1_000, event(1, false, 160).to_vec()), (1_000, both(160)), (1_000, both(320))];
        assert_eq!(heard(8_000, &packets), "12");
        assert_eq!(heard(8_000, &packets[2..]), "12", "the packets before were lost");
        let alone = (1_400, event(2, true, 480).to_vec());
        assert_eq!(heard(8_000, &[&packets[..], &[alone]].concat()), "12");
        let hostile = (0, event(5, true, 0).repeat(400));
        assert_eq!(heard(8_000, &[hostile]), "5");
    }

    #[test]
    fn a_clock_of_48_khz() {
        let press = |begin: u32| (1..=10u16).map(move |n| (begin, event(8, n > 7, 960 * n.min(8))));
        let packets: Vec<_> = press(10_000).chain(press(10_000 + 960 * 12)).collect();
        assert_eq!(heard(48_000, &packets), "88");
        // 3 s are three segments of 1.3 s each at most.
        let (mut sender, mut now, mut packets) = (Sender::default(), u32::MAX - 5_000, Vec::new());
        assert!(sender.press(Key('6'), 150));
        while sender.is_busy() {
            packets.extend(sender.tick(now, 48_000).map(|p| (p.timestamp, p.payload.to_vec())));
            now = now.wrapping_add(960);
        }
        assert_eq!(heard(48_000, &packets), "6");
        let mut begins: Vec<u32> = packets.iter().map(|p| p.0).collect();
        begins.dedup();
        let spans: Vec<u32> = begins.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        assert_eq!(spans, [68 * 960; 2], "a segment begins where the one before ends");
        let ends = packets.iter().filter(|p| p.1[1] & 0x80 != 0).count();
        assert_eq!(ends, 3, "the end bit is for the last segment alone");
    }

    #[test]
    fn a_long_press_whose_segment_lost_its_last_packets() {
        let first = (1..=403u16).map(|n| (1_000, event(9, false, n * 160)));
        let second = (1..=20u16).map(|n| (1_000 + 65_535, event(9, n > 17, n.min(18) * 160)));
        assert_eq!(keys(&first.chain(second).collect::<Vec<_>>()), "9");
    }

    #[test]
    fn packets_of_a_press() {
        let mut sender = Sender::default();
        assert!(sender.press(Key('7'), 5));
        let mut now = 10_000;
        let mut packets = Vec::new();
        for _ in 0..20 {
            packets.extend(sender.tick(now, 8_000));
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
        let (mut sender, mut receiver) = (Sender::default(), Receiver::new(8_000));
        for key in "0123456789*#ABCD0077".chars() {
            assert!(sender.press(Key(key), 6));
        }
        let mut heard = String::new();
        let mut now = 0u32;
        while sender.is_busy() {
            if let Some(packet) = sender.tick(now, 8_000) {
                receiver.handle(packet.timestamp, &packet.payload, |key| heard.push(key.0));
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
