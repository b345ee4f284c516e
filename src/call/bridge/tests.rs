//! Two telephones with clocks of their own and a network between each of them and the bridge, in virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rtp_rs::RtpReader;

use super::*;
use crate::audio::level::rms_dbfs;
use crate::audio::signals::{speech, tone};
use crate::audio::{Codec, FRAME_MS, WIDE_FRAME_SAMPLES, WIDE_RATE};
use crate::rtp::{Key, Pacer, SessionConfig};
use crate::testing::epoch;

const CALLER: &str = "192.0.2.2:30000";
const OPERATOR: &str = "192.0.2.9:32000";
/// Where the bridge receives.
const OURS: &str = "192.0.2.1:20000";

fn address(text: &str) -> SocketAddr {
    text.parse().expect("address")
}

fn config(codec: Codec, remote: &str) -> SessionConfig {
    let kind = match codec {
        Codec::Pcma => 8,
        Codec::Pcmu => 0,
        Codec::G722 => 9,
        Codec::Opus => 96,
    };
    SessionConfig { telephone_event: Some(101), ..SessionConfig::new(codec, kind, address(remote)) }
}

#[derive(Debug, Clone, Copy, Default)]
struct Network {
    /// Share of packets lost.
    loss: f64,
    /// Delay beyond 5 ms, uniform over 0 to this, µs; packets overtake each other.
    jitter: u64,
}

struct Telephone {
    session: Session,
    /// Length of its 20 ms, µs.
    tick: f64,
    ticks: u64,
    /// What is said, at 16 kHz, over and over; silence when empty.
    mouth: Vec<i16>,
    /// Sends nothing at all.
    mute: bool,
    /// Each frame played, at 8 kHz, with the time, µs; only while `records`.
    heard: Vec<(u64, [i16; FRAME_SAMPLES])>,
    keys: String,
    /// Datagrams as they were sent and received.
    sent: Vec<Vec<u8>>,
    received: Vec<Vec<u8>>,
    records: bool,
}

impl Telephone {
    fn new(config: SessionConfig, seed: u64, ppm: f64) -> Self {
        let config = SessionConfig { playout: Playout::Smooth, remote: address(OURS), ..config };
        Self {
            session: Session::new(config, seed),
            tick: 1_000.0 * FRAME_MS as f64 / (1.0 + ppm / 1e6),
            ticks: 0,
            mouth: Vec::new(),
            mute: false,
            heard: Vec::new(),
            keys: String::new(),
            sent: Vec::new(),
            received: Vec::new(),
            records: true,
        }
    }

    /// The next tick, µs.
    fn due(&self) -> u64 {
        (self.ticks as f64 * self.tick) as u64 + 3_000
    }

    fn says(&mut self, wide: Vec<i16>) {
        self.mouth = wide;
    }

    /// Samples of all it has played since `from` µs.
    fn played(&self, from: u64) -> Vec<i16> {
        self.heard.iter().filter(|(at, _)| *at >= from).flat_map(|(_, samples)| *samples).collect()
    }
}

struct World {
    start: Instant,
    now: u64,
    caller: Telephone,
    operator: Telephone,
    /// The bridge's ends.
    near: [Session; 2],
    directions: [Direction; 2],
    pacers: [Pacer; 2],
    bridge: Bridge,
    network: Network,
    random: SmallRng,
    /// Arrival and order; `true`: at the bridge.
    wire: BTreeMap<(u64, u64), (Party, bool, Vec<u8>)>,
    order: u64,
}

fn sides<'a>(near: &'a mut [Session; 2], directions: [Direction; 2]) -> Sides<'a> {
    let [caller, operator] = near;
    Sides {
        caller: Side { session: caller, direction: directions[0] },
        operator: Side { session: operator, direction: directions[1] },
    }
}

impl World {
    fn new(caller: Codec, operator: Codec) -> Self {
        Self::with(config(caller, CALLER), config(operator, OPERATOR), [0.0; 2], Network::default())
    }

    fn with(caller: SessionConfig, operator: SessionConfig, ppm: [f64; 2], network: Network) -> Self {
        let start = epoch();
        let mut near = [Session::new(caller.clone(), 1), Session::new(operator.clone(), 2)];
        let directions = [Direction::SendReceive; 2];
        let bridge = Bridge::new(start, HoldMusic::built_in(), sides(&mut near, directions));
        Self {
            start,
            now: 0,
            caller: Telephone::new(caller, 3, ppm[0]),
            operator: Telephone::new(operator, 4, ppm[1]),
            near,
            directions,
            pacers: [Pacer::new(start), Pacer::new(start + Duration::from_millis(7))],
            bridge,
            network,
            random: SmallRng::seed_from_u64(11),
            wire: BTreeMap::new(),
            order: 0,
        }
    }

    fn at(&self) -> Instant {
        self.start + Duration::from_micros(self.now)
    }

    fn send(&mut self, party: Party, to_bridge: bool, packet: Vec<u8>) {
        if self.random.random_bool(self.network.loss) {
            return;
        }
        let arrival = self.now + 5_000 + self.random.random_range(0..=self.network.jitter);
        self.order += 1;
        self.wire.insert((arrival, self.order), (party, to_bridge, packet));
    }

    fn run(&mut self, ms: u64) {
        let end = self.now + 1_000 * ms;
        loop {
            let pace = |pacer: &Pacer| pacer.next_deadline().duration_since(self.start).as_micros() as u64;
            let wire = self.wire.first_key_value().map(|((at, _), _)| *at);
            let dues = [self.caller.due(), self.operator.due(), pace(&self.pacers[0]), pace(&self.pacers[1])];
            let next = dues.into_iter().chain(wire).min().expect("a clock");
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            self.step();
        }
    }

    fn step(&mut self) {
        let now = self.at();
        while let Some(entry) = self.wire.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let (party, to_bridge, packet) = entry.remove();
            if !to_bridge {
                let telephone = if party == Party::Caller { &mut self.caller } else { &mut self.operator };
                telephone.session.handle_packet(now, address(OURS), &packet);
                if telephone.records {
                    telephone.received.push(packet);
                }
                continue;
            }
            let (index, from) = if party == Party::Caller { (0, CALLER) } else { (1, OPERATOR) };
            self.near[index].handle_packet(now, address(from), &packet);
            for packet in self.bridge.arrived(now, party, &mut sides(&mut self.near, self.directions)) {
                self.send(party.other(), false, packet);
            }
        }
        for party in [Party::Caller, Party::Operator] {
            let telephone = if party == Party::Caller { &mut self.caller } else { &mut self.operator };
            if telephone.due() > self.now {
                continue;
            }
            let frame = telephone.ticks as usize;
            telephone.ticks += 1;
            let spoken = |n: usize| telephone.mouth.get(n % telephone.mouth.len().max(1)).copied().unwrap_or(0);
            let samples: [i16; WIDE_FRAME_SAMPLES] = std::array::from_fn(|n| spoken(frame * WIDE_FRAME_SAMPLES + n));
            let packet = if telephone.mute {
                telephone.session.skip_audio();
                None
            } else if telephone.session.codec().is_wide() {
                Some(telephone.session.send_wide(now, &samples))
            } else {
                // What is said has nothing above 4 kHz.
                Some(telephone.session.send_audio(now, &std::array::from_fn(|n| samples[2 * n])))
            };
            while let Some(frame) = telephone.session.poll_frame(now) {
                if telephone.records {
                    telephone.heard.push((self.now, frame.samples));
                } else if frame.samples.iter().any(|sample| sample.unsigned_abs() > 3_000) {
                    telephone.heard.push((self.now, [0; FRAME_SAMPLES]));
                }
            }
            telephone.keys.extend(std::iter::from_fn(|| telephone.session.poll_key()).map(|key| key.0));
            if let Some(packet) = packet {
                if telephone.records {
                    telephone.sent.push(packet.clone());
                }
                self.send(party, true, packet);
            }
        }
        for (index, party) in [(0, Party::Caller), (1, Party::Operator)] {
            for _ in 0..self.pacers[index].ticks_due(now) {
                let packet = self.bridge.tick(now, party, &mut sides(&mut self.near, self.directions));
                if let Some(packet) = packet {
                    self.send(party, false, packet);
                }
            }
        }
    }
}

/// Payload type, number, timestamp, SSRC, marker, payload.
type Parts = (u8, u16, u32, u32, bool, Vec<u8>);

fn parts(packet: &[u8]) -> Parts {
    let reader = RtpReader::new(packet).expect("RTP");
    let number = reader.sequence_number().into();
    (reader.payload_type(), number, reader.timestamp(), reader.ssrc(), reader.mark(), reader.payload().to_vec())
}

/// A tone at −16 dBFS whose period fits a second.
fn hum() -> Vec<i16> {
    tone(WIDE_RATE, 1_000.0, -16.0, 1_000)
}

#[test]
fn with_the_same_codec_payloads_are_untouched_and_loss_stays_loss() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let network = Network { loss: 0.05, jitter: 60_000 };
        let mut world = World::with(config(codec, CALLER), config(codec, OPERATOR), [0.0; 2], network);
        world.caller.says(speech(WIDE_RATE, -20.0, 5_000, 4));
        world.run(20_000);
        let sent: Vec<_> = world.caller.sent.iter().map(|packet| parts(packet)).collect();
        let got: Vec<_> = world.operator.received.iter().map(|packet| parts(packet)).collect();
        assert!(got.len() > 850 && got.len() < sent.len(), "{} of {}", got.len(), sent.len());
        let known: BTreeMap<&[u8], &Parts> = sent.iter().map(|packet| (&packet.5[..], packet)).collect();
        let ours = got[0].3;
        assert!(sent.iter().all(|packet| packet.3 != ours), "a stream of our own");
        // The same distance in numbers and time between any two packets, lost ones in between or not.
        let mut offsets: Vec<(u16, u32)> = Vec::new();
        for packet in &got {
            assert_eq!((packet.0, packet.3), (sent[0].0, ours));
            let from = known[&packet.5[..]];
            offsets.push((packet.1.wrapping_sub(from.1), packet.2.wrapping_sub(from.2)));
        }
        // The test's speech repeats: a payload may be known by another packet of the same words.
        let usual = offsets[offsets.len() / 2];
        let period = (250, 250 * 160);
        let same = |offset: &(u16, u32)| {
            (0..5u16).any(|n| {
                let ahead = (n * period.0, u32::from(n) * period.1);
                (offset.0, offset.1) == (usual.0.wrapping_add(ahead.0), usual.1.wrapping_add(ahead.1))
                    || (offset.0.wrapping_add(ahead.0), offset.1.wrapping_add(ahead.1)) == usual
            })
        };
        let strange = offsets.iter().filter(|offset| !same(offset)).count();
        // Silent payloads of a syllable's gap are alike.
        assert!(strange * 50 < offsets.len(), "{codec:?}: {strange} of {}", offsets.len());
        assert_eq!(world.bridge.relayed().transcoded, 0);
    }
}

#[test]
fn a_tone_is_as_loud_at_the_other_side_whatever_the_codecs() {
    for (one, other) in [
        (Codec::Pcma, Codec::Pcma),
        (Codec::Pcma, Codec::Pcmu),
        (Codec::Pcma, Codec::G722),
        (Codec::G722, Codec::Pcmu),
        (Codec::G722, Codec::G722),
    ] {
        let mut world = World::new(one, other);
        world.caller.says(hum());
        world.operator.says(tone(WIDE_RATE, 500.0, -22.0, 1_000));
        world.run(4_000);
        let heard = [rms_dbfs(&world.operator.played(1_000_000)), rms_dbfs(&world.caller.played(1_000_000))];
        for (heard, said) in heard.into_iter().zip([-16.0, -22.0]) {
            assert!((heard - said).abs() < 0.5, "{one:?} and {other:?}: {heard:.2} for {said} dBFS");
        }
        let relayed = world.bridge.relayed();
        assert_eq!(relayed.forwarded > 0, one == other);
        assert_eq!(relayed.transcoded > 0, one != other);
    }
}

#[test]
fn keys_pass_as_events_both_ways() {
    for (one, other) in [(Codec::Pcma, Codec::Pcma), (Codec::Pcma, Codec::G722)] {
        let mut world = World::new(one, other);
        world.run(500);
        for key in "147*#".chars() {
            assert!(world.caller.session.send_key(Key(key)) && world.operator.session.send_key(Key('9')));
        }
        world.run(3_000);
        assert_eq!((world.operator.keys.as_str(), world.caller.keys.as_str()), ("147*#", "99999"), "{other:?}");
        assert_eq!(world.bridge.relayed().keys_dropped, 0);
    }
}

#[test]
fn a_long_press_stays_as_long_where_packets_pass() {
    let mut world = World::new(Codec::Pcma, Codec::Pcma);
    world.run(500);
    assert!(world.caller.session.send_key_for(Key('5'), Duration::from_secs(2)));
    world.run(3_000);
    let events = world.operator.received.iter().map(|packet| parts(packet)).filter(|packet| packet.0 == 101);
    let longest = events.map(|packet| u16::from_be_bytes([packet.5[2], packet.5[3]])).max();
    assert_eq!(longest, Some(16_000), "2 s at 8 kHz");
    assert_eq!(world.operator.keys, "5");
}

#[test]
fn keys_for_a_side_that_takes_none_are_dropped_and_counted() {
    for codec in [Codec::Pcma, Codec::G722] {
        let operator = SessionConfig { telephone_event: None, ..config(codec, OPERATOR) };
        let mut world = World::with(config(Codec::Pcma, CALLER), operator, [0.0; 2], Network::default());
        world.caller.says(hum());
        world.run(500);
        assert!(world.caller.session.send_key(Key('1')) && world.caller.session.send_key(Key('2')));
        world.run(2_000);
        assert_eq!(world.bridge.relayed().keys_dropped, 2, "{codec:?}");
        assert!(world.operator.received.iter().all(|packet| parts(packet).0 != 101));
    }
}

#[test]
fn keys_of_the_signalling_are_pressed_again_between_packets() {
    for codec in [Codec::Pcma, Codec::G722] {
        for events in [Some(101), None] {
            let operator = SessionConfig { telephone_event: events, ..config(codec, OPERATOR) };
            let mut world = World::with(config(Codec::Pcma, CALLER), operator, [0.0; 2], Network::default());
            world.caller.says(hum());
            world.run(500);
            for key in "12".chars() {
                let (now, held) = (world.at(), Duration::ZERO);
                let mut sides = sides(&mut world.near, world.directions);
                world.bridge.told_key(now, Party::Caller, Key(key), held, &mut sides);
            }
            world.run(1_000);
            let relayed = world.bridge.relayed();
            match events {
                Some(_) => assert_eq!((world.operator.keys.as_str(), relayed.keys_dropped), ("12", 0), "{codec:?}"),
                None => assert_eq!((world.operator.keys.as_str(), relayed.keys_dropped), ("", 2), "{codec:?}"),
            }
            // Its audio goes on.
            let received = world.operator.received.len();
            world.run(1_000);
            assert!(world.operator.received.len() >= received + 49, "{codec:?}");
        }
    }
}

#[test]
fn a_press_told_by_events_and_by_the_signalling_is_one() {
    for codec in [Codec::Pcma, Codec::G722] {
        for told_first in [true, false] {
            let mut world = World::new(Codec::Pcma, codec);
            world.caller.says(hum());
            world.run(500);
            for key in "551".chars() {
                let tell = |world: &mut World| {
                    let (now, held) = (world.at(), Duration::from_millis(400));
                    let mut sides = sides(&mut world.near, world.directions);
                    world.bridge.told_key(now, Party::Caller, Key(key), held, &mut sides);
                };
                if told_first {
                    tell(&mut world);
                }
                world.run(60);
                // Longer than a press of ours.
                assert!(world.caller.session.send_key_for(Key(key), Duration::from_millis(400)));
                world.run(600);
                if !told_first {
                    tell(&mut world);
                }
                world.run(1_500);
            }
            let relayed = world.bridge.relayed();
            assert_eq!((world.operator.keys.as_str(), relayed.keys_dropped), ("551", 0), "{codec:?} {told_first}");
            // Nothing that was left out looks lost.
            assert_eq!(world.operator.session.counters().lost, 0, "{codec:?} {told_first}");
        }
    }
}

#[test]
fn the_hold_of_one_side_is_music_for_the_other() {
    for (one, other) in [(Codec::Pcma, Codec::Pcma), (Codec::Pcma, Codec::G722), (Codec::G722, Codec::Pcmu)] {
        for hold in [Direction::ReceiveOnly, Direction::Inactive] {
            let mut world = World::new(one, other);
            world.caller.says(hum());
            world.operator.says(hum());
            world.run(2_000);
            world.directions[1] = hold;
            let (from, received) = (world.now + 500_000, world.operator.received.len());
            world.run(6_000);
            let level = rms_dbfs(&world.caller.played(from));
            assert!((-31.0..=-26.0).contains(&level), "music: {level:.1} dBFS");
            assert!(world.operator.received.len() <= received + 1, "who holds gets nothing");
            world.directions[1] = Direction::SendReceive;
            let from = world.now + 1_000_000;
            world.run(4_000);
            for telephone in [&world.caller, &world.operator] {
                let level = rms_dbfs(&telephone.played(from));
                assert!((level + 16.0).abs() < 0.5, "{one:?} and {other:?}, after the hold: {level:.2} dBFS");
            }
        }
    }
}

#[test]
fn silence_of_the_network_is_comfort_noise_and_no_dead_air() {
    for (one, other) in [(Codec::Pcmu, Codec::Pcmu), (Codec::Pcma, Codec::Pcmu)] {
        let mut world = World::new(one, other);
        world.caller.says(hum());
        world.run(2_000);
        world.caller.mute = true;
        let from = world.now + 600_000;
        world.run(5_000);
        let level = rms_dbfs(&world.operator.played(from));
        assert!((-69.0..=-61.0).contains(&level), "{one:?}: {level:.1} dBFS");
        let loud = |samples: &[i16]| samples.iter().all(|sample| *sample == 0);
        assert!(!world.operator.played(from).chunks(800).any(loud), "100 ms of nothing");
        world.caller.mute = false;
        let from = world.now + 400_000;
        world.run(2_000);
        assert!((rms_dbfs(&world.operator.played(from)) + 16.0).abs() < 0.5);
    }
}

#[test]
fn codecs_that_change_in_mid_call_are_followed() {
    let mut world = World::new(Codec::Pcma, Codec::Pcma);
    world.caller.says(hum());
    world.operator.says(hum());
    world.run(1_000);
    // The caller's telephone sends another law than agreed on.
    let other = config(Codec::Pcmu, CALLER);
    world.caller.session.renegotiate(SessionConfig { remote: address(OURS), ..other.clone() });
    world.run(2_000);
    let from = world.now - 1_000_000;
    assert!((rms_dbfs(&world.operator.played(from)) + 16.0).abs() < 0.5, "heard all the same");
    // Both sides agree on it.
    world.near[0].renegotiate(other);
    world.near[1].renegotiate(config(Codec::Pcmu, OPERATOR));
    world.bridge.renegotiated(&mut sides(&mut world.near, world.directions));
    let before = world.bridge.relayed().forwarded;
    world.run(1_000);
    assert!(world.bridge.relayed().forwarded > before + 40);
}

/// Bursts of 200 ms once a second, as pauses and words are.
fn bursts() -> Vec<i16> {
    let mut samples = tone(WIDE_RATE, 400.0, -10.0, 200);
    samples.resize(WIDE_RATE as usize, 0);
    samples
}

/// How long after it was said each burst was heard, ms.
fn delays(world: &World) -> Vec<f64> {
    let mut last = 0;
    let mut onsets = Vec::new();
    for (at, _) in &world.operator.heard {
        if at - last > 300_000 {
            onsets.push(*at);
        }
        last = *at;
    }
    let said = |n: u64| n as f64 * 50.0 * world.caller.tick + 3_000.0;
    onsets
        .into_iter()
        .map(|at| {
            let n = ((at as f64 - 3_000.0) / (50.0 * world.caller.tick)).floor() as u64;
            (at as f64 - said(n)) / 1_000.0
        })
        .collect()
}

/// An hour of a conversation; the clocks of the telephones are off by so much.
fn hour(caller: Codec, operator: Codec, ppm: [f64; 2], network: Network) -> Vec<f64> {
    let mut world = World::with(config(caller, CALLER), config(operator, OPERATOR), ppm, network);
    world.caller.records = false;
    world.operator.records = false;
    world.caller.says(bursts());
    world.operator.mute = true;
    world.run(3_600_000);
    delays(&world)
}

fn assert_bounded(delays: &[f64], most: f64, what: &str) {
    assert!(delays.len() > 3_500, "{what}: {} bursts heard", delays.len());
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&delays[10..310]), mean(&delays[delays.len() - 300..]));
    let worst = delays[10..].iter().copied().fold(0.0, f64::max);
    println!("{what}: {first:.1} ms at first, {last:.1} ms after an hour, {worst:.1} ms at worst");
    assert!((first - last).abs() < 25.0, "{what}: from {first:.1} to {last:.1} ms");
    assert!(worst < most, "{what}: {worst:.1} ms");
}

#[test]
fn clocks_that_differ_do_not_make_the_delay_grow_where_packets_pass() {
    for ppm in [[300.0, -300.0], [-300.0, 300.0]] {
        let network = Network { loss: 0.0, jitter: 20_000 };
        assert_bounded(&hour(Codec::Pcma, Codec::Pcma, ppm, network), 140.0, &format!("untouched, {ppm:?} ppm"));
    }
}

#[test]
fn clocks_that_differ_do_not_make_the_delay_grow_where_audio_is_transcoded() {
    for ppm in [[300.0, -300.0], [-300.0, 300.0]] {
        let network = Network { loss: 0.0, jitter: 20_000 };
        assert_bounded(&hour(Codec::Pcma, Codec::Pcmu, ppm, network), 220.0, &format!("transcoded, {ppm:?} ppm"));
    }
}

#[test]
fn pauses_of_a_sender_with_silence_suppression_do_not_add_up() {
    let network = Network { loss: 0.01, jitter: 40_000 };
    let mut world = World::with(config(Codec::Pcma, CALLER), config(Codec::Pcma, OPERATOR), [0.0; 2], network);
    world.caller.records = false;
    world.operator.records = false;
    world.operator.mute = true;
    world.caller.says(bursts());
    for _ in 0..600 {
        // Silent, without packets, from 300 to 900 ms of each second.
        world.caller.mute = false;
        world.run(300);
        world.caller.mute = true;
        world.run(600);
        world.caller.mute = false;
        world.run(100);
    }
    let delays = delays(&world);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&delays[20..120]), mean(&delays[delays.len() - 100..]));
    println!("silence suppression: {first:.1} ms at first, {last:.1} ms after ten minutes");
    assert!(delays.len() > 570, "{} bursts heard", delays.len());
    assert!(last < first + 20.0 && last < 300.0, "{first:.1} to {last:.1} ms");
}
