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

/// Two ends and a line with a delay each way; both poll everything on each tick.
fn talk(near: &mut Session, far: &mut Session, travel: Duration, seconds: u64) -> (Instant, u64) {
    let start = epoch();
    let mut wire: Vec<(Instant, bool, bool, Vec<u8>)> = Vec::new();
    let mut received = 0;
    let mut now = start;
    for tick in 0..seconds * 50 {
        now = start + ms(20 * tick);
        for (arrival, to_far, report, datagram) in std::mem::take(&mut wire) {
            if arrival > now {
                wire.push((arrival, to_far, report, datagram));
                continue;
            }
            let session = if to_far { &mut *far } else { &mut *near };
            if report {
                session.handle_rtcp(arrival, address(FAR_RTCP), &datagram);
            } else {
                session.handle_packet(arrival, address(FAR), &datagram);
            }
        }
        for (session, to_far) in [(&mut *near, true), (&mut *far, false)] {
            wire.push((now + travel, to_far, false, session.send_audio(now, &audio(tick as usize % 50))));
            let report = session.poll_rtcp(now);
            let own_port = session.rtcp_remote() != session.remote();
            wire.extend(report.map(|report| (now + travel, to_far, own_port, report)));
        }
        received += frames(far, now).iter().filter(|frame| frame.received).count() as u64;
        frames(near, now);
    }
    (now, received)
}

const FAR_RTCP: &str = "192.0.2.1:4001";

#[test]
fn reports_tell_both_ends_how_they_are_heard() {
    for mux in [false, true] {
        let settings = SessionConfig { rtcp_mux: mux, ..config(Codec::Pcma) };
        let (mut near, mut far) = (Session::new(settings.clone(), 1), Session::new(settings, 2));
        let (_, received) = talk(&mut near, &mut far, ms(60), 30);
        assert!(received >= 1_490, "{received}");
        for session in [&near, &far] {
            let quality = session.quality();
            let trip = quality.round_trip_ms.expect("measured");
            // On a grid of 20 ms both ways.
            assert!((119..=160).contains(&trip), "{trip}");
            let told = quality.far.expect("reports came");
            assert_eq!((told.lost_permille, told.jitter_ms, told.mos_tenths, quality.lost_permille), (0, 0, 44, 0));
            assert!(quality.r_factor >= 92 && quality.mos_tenths == 44, "{quality:?}");
        }
        let port = if mux { 4_000 } else { 4_001 };
        assert_eq!(near.rtcp_remote().port(), port);
    }
}

#[test]
fn a_poor_line_is_rated_poor() {
    let (mut near, mut far) = pair(Codec::Pcma);
    let start = epoch();
    for n in 0..2_000u64 {
        let sent = near.send_audio(start + ms(20 * n), &audio(n as usize % 50));
        // One in ten in runs of two, and every seventh late by 30 ms.
        if n % 20 < 2 {
            continue;
        }
        let now = start + ms(20 * n + if n % 7 == 0 { 30 } else { 0 });
        far.handle_packet(now, address(FAR), &sent);
        frames(&mut far, now);
    }
    let quality = far.quality();
    assert!((95..=105).contains(&quality.lost_permille), "{quality:?}");
    assert!(quality.jitter_ms >= 3, "{quality:?}");
    assert!(quality.concealed_permille >= 60, "{quality:?}");
    // 10 % in runs of two: 95 * 10 / (10 / 1.8 + 25.1) = 31.
    assert!((55..=64).contains(&quality.r_factor), "{quality:?}");
    assert!((28..=33).contains(&quality.mos_tenths), "{quality:?}");
}

#[test]
fn reports_of_other_hosts_and_on_the_wrong_port_are_dropped() {
    let (mut near, mut far) = pair(Codec::Pcma);
    let start = epoch();
    far.handle_packet(start, address(FAR), &near.send_audio(start, &audio(0)));
    let bye = near.goodbye(start).expect("a report");
    far.handle_rtcp(start, address(ELSEWHERE), &bye);
    far.handle_packet(start, address(FAR), &bye);
    assert!(!far.has_far_end_left());
    far.handle_rtcp(start, address("192.0.2.1:65000"), &bye);
    assert!(far.has_far_end_left());
    assert_eq!(far.rtcp_remote(), address("192.0.2.1:65000"), "answers go where reports come from");
}

#[test]
fn what_was_heard_is_what_was_sent_less_the_way() {
    let (mut near, mut far) = pair(Codec::Pcma);
    let start = epoch();
    for n in 0..50 {
        near.send_audio(start + ms(20 * n), &audio(0));
    }
    let last = start + ms(980);
    assert_eq!(near.sent_samples(), 8_000);
    // 40 ms of jitter buffer at the far end: the last two frames wait, and the one before begins to be played.
    assert_eq!(near.heard_samples(last), 8_000 - 3 * 160);
    assert_eq!(near.heard_samples(last + ms(10)), 8_000 - 3 * 160 + 80);
    assert_eq!(near.heard_samples(last + ms(60)), 8_000);
    near.skip_audio();
    assert_eq!(near.sent_samples(), 8_000, "nothing was sent");
    // With a round trip of about 400 ms, ten frames more are on the way.
    let (now, _) = talk(&mut near, &mut far, ms(200), 30);
    let behind = near.sent_samples() - near.heard_samples(now);
    assert!((12 * 160..=15 * 160).contains(&behind), "{behind}");
}

#[test]
fn silence_is_told_only_where_it_was_agreed_on() {
    let start = epoch();
    let mut near = Session::new(config(Codec::Pcma), 1);
    let packet = near.send_silence(start).expect("audio");
    assert_eq!(RtpReader::new(&packet).expect("RTP").payload(), [0xD5; 160]);
    let agreed = SessionConfig { comfort_noise: Some(13), ..config(Codec::Pcma) };
    let mut near = Session::new(agreed.clone(), 1);
    let mut far = Session::new(agreed, 2);
    let mut heard = Vec::new();
    let mut packets = 0;
    for n in 0..200u64 {
        let now = start + ms(20 * n);
        let packet =
            if (50..150).contains(&n) { near.send_silence(now) } else { Some(near.send_audio(now, &audio(3))) };
        if let Some(packet) = packet {
            packets += 1;
            let header = RtpReader::new(&packet).expect("RTP");
            if n > 1 {
                assert_eq!((header.payload_type() == 13, header.mark()), ((50..150).contains(&n), n == 150), "{n}");
            }
            far.handle_packet(now, address(FAR), &packet);
        }
        heard.extend(frames(&mut far, now));
    }
    assert_eq!(packets, 100 + 10);
    assert!((196..=202).contains(&heard.len()), "{} frames", heard.len());
    let noise: Vec<i16> = heard[60..140].iter().flat_map(|frame| frame.samples).collect();
    assert!(heard[60..140].iter().all(|frame| !frame.received));
    let level = crate::audio::level::rms_dbfs(&noise);
    assert!((level + 65.0).abs() < 1.0, "{level} dBov");
    assert_eq!(far.quality().concealed_permille, 0, "a pause is no loss");
    // A key goes before silence.
    assert!(near.send_key(Key('1')));
    let key = near.send_silence(start + ms(5_000)).expect("an event");
    assert_eq!(RtpReader::new(&key).expect("RTP").payload_type(), 101);
}

#[test]
fn wide_band_audio_comes_at_both_rates() {
    let (mut near, mut far) = pair(Codec::G722);
    let start = epoch();
    let voice = tone(16_000, 1_000.0, -15.0, 2_000);
    let mut heard = Vec::new();
    for (n, frame) in voice.as_chunks::<320>().0.iter().enumerate() {
        let now = start + ms(20 * n as u64);
        let packet = near.send_wide(now, frame);
        let header = RtpReader::new(&packet).expect("RTP");
        assert_eq!((header.payload_type(), header.payload().len()), (9, 160));
        far.handle_packet(now, address(FAR), &packet);
        heard.extend(frames(&mut far, now));
    }
    assert_eq!(heard.len(), 100);
    let level = |samples: Vec<i16>| crate::audio::level::rms_dbfs(&samples);
    let wide =
        level(heard[5..].iter().flat_map(|frame| frame.wide.as_deref().expect("wide").iter().copied()).collect());
    let line = level(heard[5..].iter().flat_map(|frame| frame.samples).collect());
    assert!((wide + 15.0).abs() < 0.5 && (line + 15.0).abs() < 0.5, "{wide} {line}");
    // Audio of the line fits into a wide-band call, and what changes to G.711 in mid-call goes on.
    let mut heard = Vec::new();
    for n in 100..200u64 {
        let now = start + ms(20 * n);
        if n == 150 {
            near.renegotiate(config(Codec::Pcma));
        }
        far.handle_packet(now, address(FAR), &near.send_audio(now, &audio(n as usize)));
        heard.extend(frames(&mut far, now));
    }
    assert_eq!(heard.len(), 100);
    assert!(
        heard[5..45].iter().all(|frame| frame.wide.is_some()) && heard[55..].iter().all(|frame| frame.wide.is_none())
    );
    let line = level(heard[5..].iter().flat_map(|frame| frame.samples).collect());
    assert!((line + 15.0).abs() < 0.7, "{line}");
}

#[test]
fn payload_type_numbers_may_differ_each_way() {
    let mut near = Session::new(SessionConfig::new(Codec::G722, 99, address(FAR)), 1);
    let theirs = SessionConfig {
        receive: vec![(99, Codec::G722)],
        telephone_event: Some(101),
        telephone_event_receive: Some(120),
        ..SessionConfig::new(Codec::G722, 110, address(FAR))
    };
    let mut far = Session::new(theirs, 2);
    let now = epoch();
    far.handle_packet(now, address(FAR), &near.send_audio(now, &audio(0)));
    assert_eq!(frames(&mut far, now).iter().filter(|frame| frame.received).count(), 1);
    let sent = far.send_audio(now, &audio(0));
    assert_eq!(RtpReader::new(&sent).expect("RTP").payload_type(), 110);
    let number = RtpReader::new(&near.send_audio(now, &audio(1))).expect("RTP").sequence_number();
    let ssrc = RtpReader::new(&near.send_audio(now, &audio(1))).expect("RTP").ssrc();
    far.handle_packet(now, address(FAR), &packet(ssrc, number.into(), 160, 120, &[5, 0x8A, 3, 0]));
    assert_eq!(far.poll_key(), Some(Key('5')));
}
