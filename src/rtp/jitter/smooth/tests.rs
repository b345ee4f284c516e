use super::*;
use crate::audio::signals::speech;
use crate::audio::{Codec, g711};
use crate::testing::epoch;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn packet(n: u64, payload: &[u8]) -> Packet {
    let content = Content::audio(Codec::Pcma, payload).expect("20 ms");
    Packet { timestamp: 9_000 + 160 * n as u32, clock: 8_000, content }
}

fn voice(n: u64) -> Vec<u8> {
    vec![(n % 100) as u8 + 30; 160]
}

#[test]
fn one_frame_every_twenty_milliseconds_whatever_comes() {
    let (start, mut buffer) = (epoch(), Smooth::default());
    let mut frames = 0;
    for n in 0..5_000u64 {
        let now = start + ms(n);
        if n % 20 == 7 && !(1_000..2_000).contains(&n) {
            buffer.insert(now, n / 20, packet(n / 20, &voice(n)));
        }
        frames += std::iter::from_fn(|| buffer.pop(now)).count() as u64;
        assert_eq!(frames, n / 20 + 1);
    }
    // Nobody asked for an hour: no hour of frames.
    assert!(std::iter::from_fn(|| buffer.pop(start + ms(3_600_000))).count() <= 51);
}

#[test]
fn in_a_clean_network_little_is_held_back_and_nothing_concealed() {
    let (start, mut buffer) = (epoch(), Smooth::default());
    let mut received = 0;
    for n in 0..3_000u64 {
        let now = start + ms(20 * n);
        buffer.insert(now + ms(3), n, packet(n, &voice(n)));
        received += std::iter::from_fn(|| buffer.pop(now + ms(5))).filter(|frame| frame.received).count();
    }
    assert!(received >= 2_990, "{received}");
    assert!(buffer.arrivals.target() <= 5_000, "{} µs held back", buffer.arrivals.target());
}

#[test]
fn changes_are_made_in_pauses() {
    // Jitter that grows and goes away again under speech with syllables: frames are added and left out.
    let (start, mut buffer) = (epoch(), Smooth::default());
    let speech = g711::encode(Codec::Pcma, &speech(8_000, -20.0, 60_000, 3));
    let mut wire: Vec<(u64, u64)> =
        (0..3_000u64).map(|n| (20 * n + if (500..1_000).contains(&n) { n * 7_919 % 60 } else { 0 }, n)).collect();
    wire.sort();
    let (mut next, mut changes) = (0, 0);
    for tick in 0..3_000u64 {
        let now = start + ms(20 * tick);
        while next < wire.len() && wire[next].0 <= 20 * tick {
            let n = wire[next].1;
            buffer.insert(start + ms(wire[next].0), n, packet(n, &speech[160 * n as usize..][..160]));
            next += 1;
        }
        let dropped = buffer.dropped;
        while buffer.pop(now).is_some() {}
        changes += buffer.dropped - dropped;
        if tick == 990 {
            assert!(buffer.arrivals.target() >= 40_000, "{} µs held back", buffer.arrivals.target());
        }
    }
    assert!((1..=10).contains(&changes), "what was held back is given up again: {changes} frames");
    let lag = buffer.arrivals.wanted(start + ms(59_980)).expect("known") - buffer.position.expect("known");
    assert!(lag.abs() <= 2 * FRAME_LENGTH, "{lag} units off what is wanted");
    let played = buffer.played_out();
    assert!(played.late <= 15 && played.concealed <= 60, "{played:?}");
}

#[test]
fn a_new_source_begins_anew_and_restarted_clocks_are_survived() {
    let (start, mut buffer) = (epoch(), Smooth::default());
    let mut received = 0;
    for n in 0..400u64 {
        let now = start + ms(20 * n);
        if n == 200 {
            buffer.restart();
        }
        // At 200 another source with timestamps of its own, at 300 its clock restarts.
        let shift = [0, 1 << 31, 3 << 30][(n as usize / 100).saturating_sub(1).min(2)];
        let mut packet = packet(n, &voice(n));
        packet.timestamp = packet.timestamp.wrapping_add(shift);
        buffer.insert(now, n, packet);
        received += std::iter::from_fn(|| buffer.pop(now)).filter(|frame| frame.received).count();
    }
    assert!(received >= 380, "{received}");
}
