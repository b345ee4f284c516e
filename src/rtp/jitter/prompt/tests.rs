use proptest::prelude::*;

use super::super::packet::Content;
use super::super::queue::{MAX_ITEMS, MAX_PACKETS, MAX_READY};
use super::*;
use crate::audio::{Codec, FRAME_SAMPLES, g711};
use crate::testing::epoch;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A packet of `count` samples whose values say which 20 ms they belong to: the A-law codes 1, 2, 3 … 200.
fn numbered(at: u32, count: u32) -> Packet {
    let payload: Vec<u8> = (at..at + count).map(code).collect();
    audio(50_000u32.wrapping_add(at), &payload)
}

fn code(sample: u32) -> u8 {
    (sample / 160 % 200) as u8 + 1
}

fn audio(timestamp: u32, payload: &[u8]) -> Packet {
    let content = Content::audio(Codec::Pcma, payload).expect("not too long");
    Packet { timestamp, clock: 8_000, content }
}

fn twenty(n: u64) -> Packet {
    numbered(n as u32 * 160, 160)
}

fn drain(buffer: &mut Prompt, now: Instant) -> Vec<Frame> {
    std::iter::from_fn(|| buffer.pop(now)).collect()
}

/// Numbers of the 20 ms packets in these frames; `None` for concealment.
fn numbers(frames: &[Frame]) -> Vec<Option<u64>> {
    // The end of a frame, where no concealment is blended in.
    let number = |f: &Frame| u64::from(g711::encode(Codec::Pcma, &f.samples[FRAME_SAMPLES - 1..])[0]) - 1;
    frames.iter().map(|f| f.received.then(|| number(f))).collect()
}

#[test]
fn audio_in_order_leaves_at_once() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    for n in 0..100 {
        let now = start + ms(20 * n);
        assert!(buffer.insert(now, n, twenty(n)));
        assert_eq!(numbers(&drain(&mut buffer, now)), [Some(n)]);
    }
}

#[test]
fn packets_of_any_length_are_cut_into_frames() {
    for length in [80, 160, 240, 480, 960] {
        let (start, mut buffer) = (epoch(), Prompt::default());
        let mut heard = Vec::new();
        let total = 4_800;
        for n in 0..total / length {
            let now = start + ms(u64::from(n * length / 8));
            buffer.insert(now, u64::from(n), numbered(n * length, length));
            for frame in drain(&mut buffer, now) {
                assert!(frame.received, "{length} samples a packet");
                heard.extend(frame.samples);
            }
        }
        let sent: Vec<u8> = (0..total).map(code).collect();
        assert_eq!(heard, g711::decode(Codec::Pcma, &sent), "{length} samples a packet");
    }
}

#[test]
fn reordered_packets_are_put_in_order() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let mut heard = Vec::new();
    for (tick, group) in [vec![0], vec![2], vec![1, 3], vec![5, 4]].into_iter().enumerate() {
        let now = start + ms(20 * tick as u64);
        for n in group {
            assert!(buffer.insert(now, n, twenty(n)));
        }
        heard.extend(numbers(&drain(&mut buffer, now)));
    }
    assert_eq!(heard, [0, 1, 2, 3, 4, 5].map(Some));
    assert!(!buffer.insert(start + ms(100), 3, twenty(3)), "too late");
}

#[test]
fn a_lost_packet_is_waited_for_then_concealed() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let mut heard = Vec::new();
    for n in [0, 1, 2, 4, 5, 6, 7, 8] {
        let now = start + ms(20 * n);
        buffer.insert(now, n, twenty(n));
        let frames = drain(&mut buffer, now);
        if (4..7).contains(&n) {
            assert!(frames.is_empty(), "packet 3 may still come");
        }
        heard.extend(numbers(&frames));
    }
    let expected = [Some(0), Some(1), Some(2), None, Some(4), Some(5), Some(6), Some(7), Some(8)];
    assert_eq!(heard, expected);
}

#[test]
fn concealment_fades_without_a_click() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let loud: Vec<i16> = crate::audio::signals::tone(8_000, 200.0, -10.0, 40);
    for n in 0..2u64 {
        let payload = g711::encode(Codec::Pcma, &loud[160 * n as usize..][..160]);
        buffer.insert(start + ms(20 * n), n, audio(160 * n as u32, &payload));
    }
    let frames: Vec<Frame> = (0..20).flat_map(|n| drain(&mut buffer, start + ms(20 * n))).collect();
    let heard: Vec<i16> = frames.iter().flat_map(|f| f.samples).collect();
    let step = |s: &[i16]| s.windows(2).map(|w| (w[1] as i32 - w[0] as i32).abs()).max();
    assert!(heard.len() >= 160 * 10);
    assert!(step(&heard) <= step(&loud).map(|s| s + 300), "a jump at a seam");
    assert!(heard[160 * 5 + 8..].iter().all(|s| *s == 0), "silent after 60 ms");
}

#[test]
fn silence_keeps_pace_when_nothing_ever_arrives() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let mut frames = 0;
    for tick in 0..=500 {
        let due = (20 * tick as u64).saturating_sub(60) / 20;
        frames += drain(&mut buffer, start + ms(20 * tick as u64)).len() as u64;
        assert_eq!(frames, due, "after {tick} ticks");
    }
}

#[test]
fn a_stall_costs_no_word_and_time_stays_bounded() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let mut heard = Vec::new();
    for tick in 0..100u64 {
        let now = start + ms(20 * tick);
        // Packets 20 to 29 all come with packet 30.
        let arriving = match tick {
            20..30 => 0..0,
            30 => 20..31,
            _ => tick..tick + 1,
        };
        for n in arriving {
            buffer.insert(now, n, twenty(n));
        }
        heard.extend(numbers(&drain(&mut buffer, now)));
        assert!(heard.len() as u64 <= tick + 1 + 10);
    }
    let audio: Vec<u64> = heard.iter().copied().flatten().collect();
    assert_eq!(audio, (0..100).collect::<Vec<_>>());
    let invented = heard.iter().filter(|n| n.is_none()).count();
    assert!((6..=8).contains(&invented), "{invented} frames for a stall of 200 ms");
}

#[test]
fn a_flood_does_not_make_time_run() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let mut frames = 0;
    for n in 0..5_000u64 {
        // Ten times too fast.
        let now = start + ms(2 * n);
        buffer.insert(now, n, twenty(n));
        frames += drain(&mut buffer, now).len() as u64;
        assert!(frames <= 2 * n / 20 + 11);
    }
    assert!(buffer.played_out().dropped > 4_000);
    // And without anybody asking, memory is bounded.
    for n in 5_000..9_000u64 {
        buffer.insert(start, n, twenty(n));
    }
    for n in 10_000..14_000u64 {
        buffer.insert(start, 2 * n, twenty(2 * n));
    }
    let (waiting, ready) = buffer.queue.lengths();
    assert!(waiting <= MAX_PACKETS + 1);
    assert!(ready <= MAX_ITEMS);
    assert!(buffer.queue.ready_units() <= MAX_READY);
}

#[test]
fn a_pause_of_the_sender_is_silence_of_the_same_length() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let mut heard = Vec::new();
    for tick in 0..200u64 {
        let now = start + ms(20 * tick);
        // Silence suppression: sequence numbers go on, the timestamp jumps by the pause.
        let index = match tick {
            0..50 => Some(tick),
            50..100 => None,
            _ => Some(tick - 50),
        };
        if let Some(index) = index {
            buffer.insert(now, index, twenty(tick));
        }
        heard.extend(numbers(&drain(&mut buffer, now)));
    }
    let silent = heard.iter().filter(|n| n.is_none()).count();
    assert!((48..=50).contains(&silent), "{silent} frames for a pause of 50");
    assert!((198..=201).contains(&heard.len()));
}

#[test]
fn a_new_source_follows_what_was_left_of_the_old() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    buffer.insert(start, 0, twenty(0));
    buffer.insert(start, 2, twenty(2));
    buffer.restart();
    buffer.insert(start, 70_000, audio(7, &[code(160 * 9); 160]));
    let now = start + ms(60);
    let frames = drain(&mut buffer, now);
    let received: Vec<u64> = numbers(&frames).into_iter().flatten().collect();
    assert_eq!(received, [0, 2, 9]);
}

#[test]
fn a_slow_sender_does_not_slow_time_down() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    let (mut frames, mut invented) = (0, 0);
    // One per cent too slow, for ten minutes: what is missing of 6 s, less 300 ms, is made up for.
    for n in 0..30_000u64 {
        let now = start + Duration::from_micros(20_200 * n);
        buffer.insert(now, n, twenty(n));
        for frame in drain(&mut buffer, now) {
            frames += 1;
            invented += u64::from(!frame.received);
        }
        assert!(frames * 20 + 300 >= 20_200 * n / 1_000, "{frames} frames after {n} packets");
    }
    assert!((280..=300).contains(&invented), "{invented}");
}

#[test]
fn nobody_asked_for_an_hour() {
    let (start, mut buffer) = (epoch(), Prompt::default());
    buffer.insert(start, 0, twenty(0));
    assert_eq!(drain(&mut buffer, start).len(), 1);
    assert!(drain(&mut buffer, start + Duration::from_secs(3_600)).len() <= 50);
}

proptest! {
    /// Whatever arrives, whenever: no panic, never more than real time plus the bound, never less than real time
    /// minus 300 ms, and bounded memory.
    #[test]
    fn pace_holds_for_any_arrivals(
        arrivals in proptest::collection::vec(
            (0u64..40, 0u64..300, any::<u32>(), 0usize..1000), 0..200),
    ) {
        let (start, mut buffer) = (epoch(), Prompt::default());
        let (mut elapsed, mut frames) = (0, 0);
        for (wait, index, timestamp, length) in arrivals {
            elapsed += wait;
            let now = start + ms(elapsed);
            let content = Content::audio(Codec::Pcma, &vec![1; length]).unwrap_or(Content::Nothing);
            buffer.insert(now, index, Packet { timestamp, clock: 8_000, content });
            frames += drain(&mut buffer, now).len() as u64;
            prop_assert!(frames * 20 <= elapsed + 220, "{frames} frames in {elapsed} ms");
            prop_assert!(frames * 20 + 320 >= elapsed, "{frames} frames in {elapsed} ms");
            prop_assert!(buffer.queue.lengths().0 <= MAX_PACKETS + 1);
        }
    }
}
