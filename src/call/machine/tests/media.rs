//! Audio and reports of whole calls: wide band, round trips, comfort noise, what has been heard.

use std::time::Duration;

use super::rig::Rig;
use crate::audio::{Codec, Sound, WIDE_RATE, signals};
use crate::call::record::Record;
use crate::rtp::srtp::Suite;
use crate::sip::sdp::{self, SrtpPolicy};
use crate::sip::{Command, Transport};

/// Above what the telephone's band carries.
const HIGH: f64 = 5_500.0;
const COMFORT_NOISE: u8 = 13;

/// Speech with a tone above the telephone's band, 16 kHz.
fn wide_speech(ms: u64) -> Vec<i16> {
    let tone = signals::tone(WIDE_RATE, HIGH, -25.0, ms);
    signals::speech(WIDE_RATE, -22.0, ms, 3).iter().zip(tone).map(|(a, b)| a.saturating_add(b)).collect()
}

/// Level of the tone in a sound, dBFS.
fn high_level(samples: &[i16]) -> f64 {
    let step = std::f64::consts::TAU * HIGH / f64::from(WIDE_RATE);
    let (mut cosine, mut sine) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (s, c) = (n as f64 * step).sin_cos();
        cosine += f64::from(*sample) * c;
        sine += f64::from(*sample) * s;
    }
    let amplitude = 2.0 * cosine.hypot(sine) / samples.len() as f64;
    20.0 * (amplitude / std::f64::consts::SQRT_2 / 32_768.0).max(1e-9).log10()
}

fn leave(rig: &mut Rig) -> Record {
    rig.phone_command(Command::HangUp);
    rig.run(Duration::from_millis(200));
    rig.record.take().expect("a record")
}

#[test]
fn a_g722_call_is_wide_band_both_ways() {
    for (codecs, wide) in [(vec![Codec::G722, Codec::Pcma], true), (vec![Codec::Pcma], false)] {
        let mut rig = Rig::dial_codecs(&codecs);
        rig.voice = Some(Sound::new(wide_speech(2_000), WIDE_RATE));
        rig.run_until("the voice is heard", |rig| rig.handset.heard.len() > 50);
        let heard = rig.handset.heard_wide.len();
        assert_eq!(heard > 0, wide);
        rig.run(Duration::from_millis(500));
        if wide {
            // Half a second of the voice in the middle of a sentence.
            let level = high_level(&rig.handset.heard_wide[heard..]);
            assert!((level + 25.0).abs() < 3.0, "the voice has {level:.1} dBFS at {HIGH} Hz");
        }
        rig.voice = None;
        rig.run_until_quiet();
        rig.recognised.clear();
        rig.words = Ok("je voudrais refaire ma carte d'identité");
        match wide {
            true => rig.handset.wide_mouth.extend(wide_speech(2_000)),
            false => rig.handset.mouth.extend(super::rig::speech(2_000)),
        }
        rig.run_until_quiet();
        assert!(rig.has_said("Il faut un rendez-vous"), "{:?}", rig.texts());
        let utterance = rig.recognised.last().expect("an utterance");
        assert_eq!(utterance.rate == WIDE_RATE, wide);
        if wide {
            let middle = &utterance.samples[WIDE_RATE as usize / 2..WIDE_RATE as usize];
            let level = high_level(middle);
            assert!((level + 25.0).abs() < 3.0, "the recogniser gets {level:.1} dBFS at {HIGH} Hz");
        }
    }
}

#[test]
fn an_echo_in_a_wide_band_call_is_not_given_to_the_recogniser() {
    let mut rig = Rig::dial_codecs(&[Codec::G722]);
    rig.words = Ok("au revoir");
    rig.handset.echo = 0.25;
    rig.voice = Some(Sound::new(signals::speech(WIDE_RATE, -20.0, 4_000, 1), WIDE_RATE));
    rig.run(Duration::from_secs(13));
    assert_eq!(rig.texts().len(), 3, "the greeting, and no answer to itself: {:?}", rig.texts());
    rig.recognised.clear();
    rig.run_until("a reminder", |rig| rig.said.len() > 3);
    rig.run(Duration::from_millis(1_500));
    rig.say(1_500, "refaire ma carte d'identité");
    rig.run_until("the answer", |rig| rig.has_said("Il faut un rendez-vous"));
    assert!(rig.recognised.iter().all(|utterance| utterance.rate != WIDE_RATE), "where the echo has been taken out");
}

#[test]
fn reports_measure_the_round_trip() {
    for encrypted in [false, true] {
        let mut rig = match encrypted {
            true => Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false),
            false => Rig::dial(),
        };
        rig.settings.idle = Duration::from_secs(300);
        rig.latency = Duration::from_millis(45);
        rig.run(Duration::from_secs(25));
        assert!(rig.reports_sent >= 2, "{} reports", rig.reports_sent);
        let before = rig.reports_sent;
        let theirs = rig.handset.session().quality().round_trip_ms;
        let record = leave(&mut rig);
        let ours = record.quality.expect("audio").round_trip_ms;
        for round_trip in [ours, theirs] {
            let round_trip = round_trip.expect("a round trip");
            assert!(round_trip.abs_diff(90) <= 2, "{round_trip} ms");
        }
        assert_eq!(rig.reports_sent, before + 1, "the last one says BYE");
        assert_eq!(record.encryption.map(|encryption| encryption.suite), encrypted.then_some(Suite::AeadAes256Gcm));
        assert!(record.encryption.is_none_or(|encryption| encryption.rejected.unauthentic == 0));
    }
}

#[test]
fn reports_share_the_port_where_that_was_agreed_on() {
    let plain = sdp::offer(&super::rig::local_media(super::rig::PHONE_RTP));
    let mut rig = Rig::dial_with(Some(format!("{plain}a=rtcp-mux\r\n")), |_, _| false);
    rig.run(Duration::from_secs(12));
    assert_eq!(rig.reports_sent, 0);
    // Sender reports, by their second byte (RFC 3550 §6.4.1).
    assert!(rig.rtp_sent.iter().any(|sent| sent.kind == 200 & 0x7F));
}

#[test]
fn comfort_noise_takes_the_place_of_silence_where_both_want_it() {
    let plain = sdp::offer(&super::rig::local_media(super::rig::PHONE_RTP));
    let offer = plain.replace("RTP/AVP 8 0", "RTP/AVP 8 0 13");
    assert_ne!(offer, plain);
    for (wanted, offered) in [(true, true), (false, true), (true, false)] {
        let mut rig = Rig::dial_with(Some(if offered { offer.clone() } else { plain.clone() }), |_, _| false);
        rig.settings.comfort_noise = wanted;
        rig.run_until_quiet();
        let from = rig.rtp_sent.len();
        rig.run(Duration::from_secs(2));
        let silence = &rig.rtp_sent[from..];
        let noise = silence.iter().filter(|sent| sent.kind == COMFORT_NOISE).count();
        match wanted && offered {
            // Every 200 ms, and nothing else.
            true => assert!((9..=11).contains(&noise) && silence.len() == noise, "{noise} of {}", silence.len()),
            false => assert!(noise == 0 && silence.len() >= 99, "{noise} of {}", silence.len()),
        }
        rig.say(1_500, "je voudrais refaire ma carte d'identité");
        rig.run_until_quiet();
        assert!(rig.has_said("Il faut un rendez-vous"), "{:?}", rig.texts());
    }
}

/// On a line with a long way, silence counts from when the caller has heard the end, not from when it was sent.
#[test]
fn the_wait_for_the_caller_begins_when_all_has_been_heard() {
    let wait = |latency: u64| {
        let mut rig = Rig::dial();
        rig.latency = Duration::from_millis(latency);
        rig.settings.idle = Duration::from_secs(20);
        rig.run_until_quiet();
        // By now reports have told the way's length.
        rig.run_until("a reminder", |rig| rig.said.len() > 3);
        let reminded = rig.said.len();
        rig.run_until_quiet();
        let sent = rig.handset.heard.last().copied().expect("audio") - rig.latency;
        rig.run_until("another", |rig| rig.said.len() > reminded);
        rig.said[reminded].0 - sent
    };
    let (near, far) = (wait(10), wait(310));
    // Half the round trip later.
    assert!((far - near).abs_diff(Duration::from_millis(300)) <= Duration::from_millis(60), "{near:?} {far:?}");
}
