use proptest::prelude::*;
use rtp_rs::RtpPacketBuilder;

use super::*;
use crate::audio::signals::tone;
use crate::audio::{FRAME_SAMPLES, LINE_RATE, g711};
use crate::testing::epoch;

const FAR: &str = "192.0.2.1:4000";
const ELSEWHERE: &str = "198.51.100.9:9";

fn address(text: &str) -> SocketAddr {
    text.parse().expect("address")
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn config(codec: Codec) -> SessionConfig {
    let payload_type = match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
        Codec::G722 => 9,
        Codec::Opus => 96,
    };
    SessionConfig { telephone_event: Some(101), ..SessionConfig::new(codec, payload_type, address(FAR)) }
}

/// Two ends that hear each other over a perfect line.
fn pair(codec: Codec) -> (Session, Session) {
    (Session::new(config(codec), 1), Session::new(config(codec), 2))
}

fn audio(at: usize) -> [i16; FRAME_SAMPLES] {
    let samples = tone(LINE_RATE, 300.0, -15.0, 20 * (at as u64 + 1));
    std::array::from_fn(|n| samples[at * FRAME_SAMPLES + n])
}

fn packet(ssrc: u32, number: u16, timestamp: u32, kind: u8, payload: &[u8]) -> Vec<u8> {
    RtpPacketBuilder::new()
        .payload_type(kind)
        .ssrc(ssrc)
        .sequence(number.into())
        .timestamp(timestamp)
        .payload(payload)
        .build()
        .expect("valid packet")
}

fn frames(session: &mut Session, now: Instant) -> Vec<Frame> {
    std::iter::from_fn(|| session.poll_frame(now)).collect()
}

#[test]
fn audio_travels_in_both_laws() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let (mut near, mut far) = pair(codec);
        let start = epoch();
        for n in 0..50 {
            let now = start + ms(20 * n);
            let sent = audio(n as usize);
            far.handle_packet(now, address(FAR), &near.send_audio(now, &sent));
            let heard = frames(&mut far, now);
            assert_eq!(heard.len(), 1);
            assert!(heard[0].received);
            let expected = g711::decode(codec, &g711::encode(codec, &sent));
            assert_eq!(heard[0].samples.to_vec(), expected);
        }
        assert_eq!(near.counters().sent, 50);
        let counters = far.counters();
        assert_eq!((counters.received, counters.lost, counters.max_gap_ms), (50, 0, 20));
    }
}

#[test]
fn headers_of_what_we_send() {
    let (mut near, _) = pair(Codec::Pcma);
    let first = near.send_audio(epoch(), &audio(0));
    near.skip_audio();
    let second = near.send_audio(epoch(), &audio(1));
    let third = near.send_audio(epoch(), &audio(2));
    let [first, second, third] = [&first, &second, &third].map(|p| RtpReader::new(p).expect("RTP"));
    assert_eq!(first.payload_type(), 8);
    assert_eq!(first.payload().len(), 160);
    assert_eq!([first.mark(), second.mark(), third.mark()], [true, true, false]);
    assert_eq!(second.timestamp().wrapping_sub(first.timestamp()), 320);
    assert_eq!(third.timestamp().wrapping_sub(second.timestamp()), 160);
    assert!(first.sequence_number().precedes(second.sequence_number()));
    assert_eq!(first.ssrc(), third.ssrc());
    let (mut other, _) = (Session::new(config(Codec::Pcma), 7), ());
    let other = other.send_audio(epoch(), &audio(0));
    assert_ne!(RtpReader::new(&other).expect("RTP").ssrc(), first.ssrc());
}

#[test]
fn keys_arrive_once_and_are_not_heard() {
    let (mut near, mut far) = pair(Codec::Pcmu);
    let start = epoch();
    for key in "0#7".chars() {
        assert!(near.send_key(Key(key)));
    }
    let mut keys = String::new();
    let mut heard = Vec::new();
    for n in 0..60 {
        let now = start + ms(20 * n);
        far.handle_packet(now, address(FAR), &near.send_audio(now, &[900; FRAME_SAMPLES]));
        keys.extend(std::iter::from_fn(|| far.poll_key()).map(|k| k.0));
        heard.extend(frames(&mut far, now));
    }
    assert_eq!(keys, "0#7");
    assert!(!near.is_sending_key());
    // Three presses of 8 packets each: what remains is the audio and silence in the place of the keys.
    let audio: Vec<&Frame> = heard.iter().filter(|f| f.received).collect();
    assert_eq!(audio.len(), 60 - 24);
    assert!(audio.iter().all(|f| f.samples[80] > 800));
    assert!((56..=62).contains(&heard.len()), "{} frames", heard.len());
    assert_eq!(far.counters().lost, 0);
}

#[test]
fn keys_need_an_agreement() {
    let mut without = config(Codec::Pcma);
    without.telephone_event = None;
    let mut near = Session::new(without, 3);
    assert!(!near.send_key(Key('1')));
    let mut near = Session::new(config(Codec::Pcma), 3);
    assert!(!near.send_key(Key('?')));
}

#[test]
fn the_latch_closes_on_the_far_end_alone() {
    let (mut near, mut far) = pair(Codec::Pcma);
    let start = epoch();
    far.handle_packet(start, address(ELSEWHERE), &[0x80; 7]);
    far.handle_packet(start, address(ELSEWHERE), &packet(9, 1, 1, 96, &[1; 160]));
    far.handle_packet(start, address(ELSEWHERE), &packet(9, 2, 1, 96, &[1; 160]));
    far.handle_packet(start, address(ELSEWHERE), &packet(9, 1, 1, 72, &[1; 160]));
    far.handle_packet(start, address(ELSEWHERE), &packet(9, 1, 1, 8, &[1; 160]));
    assert_eq!(far.remote(), address(FAR), "nothing valid, and one stray packet");
    let behind_nat = address("203.0.113.5:1024");
    far.handle_packet(start, behind_nat, &near.send_audio(start, &audio(0)));
    far.handle_packet(start, behind_nat, &near.send_audio(start, &audio(1)));
    assert_eq!(far.remote(), behind_nat);
    far.handle_packet(start, address(ELSEWHERE), &near.send_audio(start, &audio(2)));
    far.handle_packet(start, address(ELSEWHERE), &near.send_audio(start, &audio(3)));
    assert_eq!(far.remote(), behind_nat);
    assert_eq!(far.counters().received, 1, "the packet that proved the address");
    // Re-INVITE with the same address: keep sending where packets came from, but the latch is open.
    far.renegotiate(config(Codec::Pcma));
    assert_eq!(far.remote(), behind_nat);
    let mut moved = config(Codec::Pcma);
    moved.remote = address("192.0.2.77:5000");
    far.renegotiate(moved);
    assert_eq!(far.remote(), address("192.0.2.77:5000"));
    far.handle_packet(start, address("192.0.2.77:5000"), &near.send_audio(start, &audio(4)));
    assert_eq!(far.counters().received, 2);
}

#[test]
fn our_stream_survives_renegotiation() {
    let (mut near, _) = pair(Codec::Pcma);
    let before = near.send_audio(epoch(), &audio(0));
    near.renegotiate(config(Codec::Pcmu));
    let after = near.send_audio(epoch(), &audio(1));
    let [before, after] = [&before, &after].map(|p| RtpReader::new(p).expect("RTP"));
    assert_eq!(before.ssrc(), after.ssrc());
    assert!(before.sequence_number().precedes(after.sequence_number()));
    assert_eq!(after.payload_type(), 0);
}

#[test]
fn a_new_ssrc_is_followed_and_a_stray_one_is_not() {
    let mut far = Session::new(config(Codec::Pcma), 1);
    let start = epoch();
    let mut received = 0;
    for n in 0..40u32 {
        let now = start + ms(20 * u64::from(n));
        let number = (65_530 + n) as u16;
        let sent = match n {
            10 => packet(77, 5, 5, 8, &[0xD5; 160]),
            0..20 => packet(1, number, 160 * n, 8, &[0xD5; 160]),
            // After a transfer: other source, numbers and timestamps.
            _ => packet(2, 100 + n as u16, 9_000 + 160 * n, 8, &[0xD5; 160]),
        };
        far.handle_packet(now, address(FAR), &sent);
        received += frames(&mut far, now).iter().filter(|f| f.received).count();
    }
    assert_eq!(received, 39, "all but the stray packet");
    assert_eq!(far.counters().lost, 1, "the stray packet's place");
}

#[test]
fn payload_types_may_change_in_mid_call() {
    let mut far = Session::new(config(Codec::Pcma), 1);
    let now = epoch();
    for (n, (kind, zero)) in [(8, 0xD5), (0, 0xFF), (8, 0xD5)].into_iter().enumerate() {
        let sent = packet(1, n as u16, 160 * n as u32, kind, &[zero; 160]);
        far.handle_packet(now, address(FAR), &sent);
        let heard = frames(&mut far, now);
        assert_eq!(heard.len(), 1);
        assert!(heard[0].samples.iter().all(|s| s.abs() <= 8), "type {kind}");
    }
    // Comfort noise holds its place: no wait for a missing packet after it.
    far.handle_packet(now, address(FAR), &packet(1, 3, 480, 13, &[60]));
    far.handle_packet(now, address(FAR), &packet(1, 4, 480, 8, &[0xD5; 160]));
    assert_eq!(frames(&mut far, now).len(), 1);
}

#[test]
fn counters_of_a_poor_line() {
    let (mut near, mut far) = pair(Codec::Pcma);
    let start = epoch();
    for n in 0..100u64 {
        let sent = near.send_audio(start + ms(20 * n), &audio(n as usize));
        if n % 10 == 3 || (50..55).contains(&n) {
            continue;
        }
        far.handle_packet(start + ms(20 * n), address(FAR), &sent);
        far.handle_packet(start + ms(20 * n), address(FAR), &sent);
    }
    let counters = far.counters();
    // 3, 13, … 93 and 50–54 with 53 in both.
    assert_eq!(counters.lost, 14);
    assert_eq!(counters.received, 2 * 86);
    assert_eq!(counters.max_gap_ms, 120);
}

proptest! {
    #[test]
    fn any_datagrams_are_survived(
        datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..50),
        headers in proptest::collection::vec((any::<u8>(), any::<u16>(), any::<u32>(), 0u32..3, 0usize..2_000), 0..80),
    ) {
        let mut far = Session::new(config(Codec::Pcma), 1);
        let start = epoch();
        for (n, datagram) in datagrams.iter().enumerate() {
            far.handle_packet(start + ms(n as u64), address(FAR), datagram);
        }
        for (n, (kind, number, timestamp, ssrc, length)) in headers.into_iter().enumerate() {
            let now = start + ms(10 * n as u64);
            let sent = packet(ssrc, number, timestamp, kind & 0x7F, &vec![kind; length]);
            far.handle_packet(now, address(FAR), &sent);
            let count = frames(&mut far, now).len();
            prop_assert!(count <= 60);
            while far.poll_key().is_some() {}
        }
    }

    /// Keys and audio survive wrap-around, whatever the numbers started at.
    #[test]
    fn any_seed_is_heard(seed in any::<u64>()) {
        let mut near = Session::new(config(Codec::Pcma), seed);
        let mut far = Session::new(config(Codec::Pcma), 0);
        let start = epoch();
        near.send_key(Key('4'));
        let mut received = 0;
        let mut keys = 0;
        for n in 0..50 {
            let now = start + ms(20 * n);
            far.handle_packet(now, address(FAR), &near.send_audio(now, &[500; FRAME_SAMPLES]));
            received += frames(&mut far, now).iter().filter(|f| f.received).count();
            keys += std::iter::from_fn(|| far.poll_key()).count();
        }
        prop_assert_eq!((received, keys), (42, 1));
    }
}
