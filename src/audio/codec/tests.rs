//! Each codec against what it must sound like, against others' bytes, and against any bytes.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::audio::level::rms_dbfs;
use crate::audio::signals::{silence, speech};

/// 100 ms of silence, then 300 ms of 300, 1,000, 2,500 and 5,500 Hz, encoded by FFmpeg 8.
const TONES_G722: &[u8] = include_bytes!("vectors/tones.g722");
/// SHA-256 of the last 100 ms that FFmpeg 8 decodes from it (little endian). Before, they differ by some units: the crate
/// starts its quantiser at another scale, which decoders forget.
const TONES_DECODED: &str = "11db4fceea0d1e894d2b38ac90b87f60db5a487c9195393443a2e464671ca2d1";

/// The four tones as FFmpeg's encoder got them.
fn tones() -> Vec<i16> {
    let parts = [(300.0, 6_000.0), (1_000.0, 5_000.0), (2_500.0, 3_000.0), (5_500.0, 1_500.0)];
    let at = |n: f64| parts.iter().map(|(f, a)| a * (std::f64::consts::TAU * f * n / 16_000.0).sin()).sum::<f64>();
    (0..6_400).map(|n| if n < 1_600 { 0 } else { (at(f64::from(n)) + 0.5).floor() as i16 }).collect()
}

fn decoded(codec: Codec, payloads: &[Vec<u8>]) -> Vec<i16> {
    let mut decoder = Decoder::new(codec);
    let mut samples = Vec::new();
    for payload in payloads {
        decoder.decode(payload, &mut samples).expect("a good payload");
    }
    samples
}

/// 20 ms each.
fn encoded(mut encoder: Encoder, samples: &[i16]) -> Vec<Vec<u8>> {
    let frame = encoder.codec().sample_rate() as usize / 50;
    samples
        .chunks_exact(frame)
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload);
            payload
        })
        .collect()
}

/// Signal to noise, dB, at the delay (samples) where it is best; the first 50 ms are left out.
fn snr(before: &[i16], after: &[i16]) -> (f64, usize) {
    let at = |delay: usize| {
        let pairs = before.iter().zip(&after[delay..]).skip(800);
        let (signal, noise) = pairs.fold((0.0, 1e-9), |(signal, noise), (x, y)| {
            let (x, y) = (f64::from(*x), f64::from(*y));
            (signal + x * x, noise + (x - y).powi(2))
        });
        10.0 * (signal / noise).log10()
    };
    (0..150).map(|delay| (at(delay), delay)).max_by(|a, b| a.0.total_cmp(&b.0)).expect("a delay")
}

#[test]
fn names_and_clocks() {
    let table = Codec::ALL.map(|codec| (codec.name(), codec.clock_rate(), codec.sample_rate(), codec.is_wide()));
    assert_eq!(
        table,
        [
            ("opus", 48_000, 16_000, true),
            ("G722", 8_000, 16_000, true),
            ("PCMA", 8_000, 8_000, false),
            ("PCMU", 8_000, 8_000, false)
        ]
    );
    // 20 ms in units of the RTP clock.
    assert_eq!(Codec::ALL.map(|codec| codec.timestamp_units(codec.sample_rate() / 50)), [960, 160, 160, 160]);
}

#[test]
fn g711_is_one_byte_a_sample() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let sound = speech(8_000, -20.0, 200, 3);
        let payloads = encoded(Encoder::new(codec), &sound);
        assert!(payloads.iter().all(|payload| payload.len() == 160 && duration(codec, payload) == Some(160)));
        let (snr, delay) = snr(&sound, &[decoded(codec, &payloads), silence(8_000, 20)].concat());
        assert!(snr > 35.0 && delay == 0, "{codec:?} {snr} dB");
    }
}

#[test]
fn g722_decodes_what_ffmpeg_encoded_as_ffmpeg_does() {
    let payloads: Vec<Vec<u8>> = TONES_G722.chunks(160).map(<[u8]>::to_vec).collect();
    let samples = decoded(Codec::G722, &payloads);
    let bytes: Vec<u8> = samples[4_800..].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, TONES_DECODED);
    let (snr, delay) = snr(&tones()[2_400..6_000], &samples[2_400..]);
    assert!(snr > 34.0 && delay == 22, "{snr} dB at {delay}");
}

#[test]
fn g722_encodes_as_well_as_ffmpeg_and_keeps_the_level() {
    let payloads = encoded(Encoder::new(Codec::G722), &tones());
    assert!(payloads.iter().all(|payload| payload.len() == 160 && duration(Codec::G722, payload) == Some(320)));
    let (db, delay) = snr(&tones()[2_400..6_000], &decoded(Codec::G722, &payloads)[2_400..]);
    assert!(db > 34.0 && delay == 22, "{db} dB at {delay}");
    let sound = speech(16_000, -20.0, 1_000, 5);
    let heard = decoded(Codec::G722, &encoded(Encoder::new(Codec::G722), &sound));
    let change = rms_dbfs(&heard) - rms_dbfs(&sound);
    assert!(change.abs() < 0.1, "{change} dB");
    let (db, _) = snr(&sound[..15_000], &heard);
    assert!(db > 20.0, "speech at {db} dB");
}

#[test]
fn g722_takes_no_half_pair() {
    let mut encoder = Encoder::new(Codec::G722);
    let mut payload = Vec::new();
    encoder.encode(&[1_000; 319], &mut payload);
    assert!(payload.is_empty());
    encoder.encode(&[1_000; 2], &mut payload);
    assert_eq!(payload.len(), 1);
}

#[test]
fn payloads_of_no_or_too_much_audio_are_refused() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        let mut decoder = Decoder::new(codec);
        let mut out = vec![7];
        assert_eq!(decoder.decode(&[], &mut out), Err(CodecError::Empty));
        assert_eq!(decoder.decode(&[0; 961], &mut out), Err(CodecError::TooLong));
        assert_eq!((duration(codec, &[]), duration(codec, &[0; 961])), (None, None));
        assert_eq!(out, [7], "nothing appended");
        assert_eq!(decoder.decode(&[0; 960], &mut out), Ok(()));
        assert_eq!(out.len() - 1, codec.max_samples());
        assert!(!decoder.recover(Some(&[0; 160]), 160, &mut out), "who calls conceals");
        assert_eq!(out.len() - 1, codec.max_samples());
    }
}

#[cfg(not(feature = "opus"))]
#[test]
fn without_opus_nothing_comes_of_it() {
    assert!(!Codec::Opus.is_built());
    let (mut samples, mut payload) = (Vec::new(), Vec::new());
    assert_eq!(Decoder::new(Codec::Opus).decode(&[8, 1, 2], &mut samples), Err(CodecError::NotBuilt));
    Encoder::new(Codec::Opus).encode(&[0; 320], &mut payload);
    assert!(samples.is_empty() && payload.is_empty() && duration(Codec::Opus, &[8, 1, 2]).is_none());
}

#[cfg(feature = "opus")]
mod opus {
    use super::*;

    fn sent(parameters: OpusParameters, sound: &[i16]) -> Vec<Vec<u8>> {
        encoded(Encoder::with_parameters(Codec::Opus, &parameters), sound)
    }

    fn bitrate(payloads: &[Vec<u8>]) -> f64 {
        let bytes: usize = payloads.iter().map(Vec::len).sum();
        bytes as f64 * 8.0 / (payloads.len() as f64 * 0.02)
    }

    const FEC: OpusParameters =
        OpusParameters { fec: true, max_average_bitrate: None, max_playback_rate: None, constant_bitrate: false };

    #[test]
    fn speech_comes_through_at_its_level_and_rate() {
        let sound = speech(16_000, -20.0, 2_000, 5);
        let payloads = sent(FEC, &sound);
        assert!(payloads.iter().all(|payload| duration(Codec::Opus, payload) == Some(320)));
        let rate = bitrate(&payloads);
        assert!((16_000.0..27_000.0).contains(&rate), "{rate} bit/s");
        let heard = decoded(Codec::Opus, &payloads);
        assert_eq!(heard.len(), sound.len());
        let (db, delay) = snr(&sound[..30_000], &heard);
        // libopus looks ahead 6.5 ms.
        assert!(db > 8.0 && (100..110).contains(&delay), "{db} dB at {delay}");
        let change = rms_dbfs(&heard) - rms_dbfs(&sound);
        assert!(change.abs() < 1.0, "{change} dB");
    }

    #[test]
    fn error_correction_brings_back_what_was_lost() {
        let sound = speech(16_000, -20.0, 4_000, 9);
        let error_of_lost = |parameters: OpusParameters, look: bool| {
            let payloads = sent(parameters, &sound);
            let whole = decoded(Codec::Opus, &payloads);
            let mut decoder = Decoder::new(Codec::Opus);
            let mut heard = Vec::new();
            let (mut signal, mut noise) = (0.0, 0.0);
            for (n, payload) in payloads.iter().enumerate() {
                let lost = n % 10 == 5;
                if lost {
                    let next = payloads.get(n + 1).map(Vec::as_slice).filter(|_| look);
                    assert!(decoder.recover(next, 320, &mut heard));
                } else {
                    decoder.decode(payload, &mut heard).expect("a good payload");
                }
                assert_eq!(heard.len(), (n + 1) * 320);
                for k in (n * 320..heard.len()).filter(|_| lost) {
                    signal += f64::from(whole[k]).powi(2);
                    noise += (f64::from(whole[k]) - f64::from(heard[k])).powi(2);
                }
            }
            10.0 * (signal / noise).log10()
        };
        let (corrected, concealed) = (error_of_lost(FEC, true), error_of_lost(FEC, false));
        assert!(corrected > concealed + 5.0, "{corrected} dB against {concealed} dB");
        let unasked = error_of_lost(OpusParameters::default(), true);
        assert!(corrected > unasked + 5.0, "who asks for none gets none: {unasked} dB");
    }

    #[test]
    fn the_far_end_limits_what_it_gets() {
        let sound = speech(16_000, -20.0, 2_000, 7);
        let slow = OpusParameters { max_average_bitrate: Some(12_000), ..FEC };
        let rate = bitrate(&sent(slow, &sound));
        assert!(rate < 14_000.0, "{rate} bit/s");
        let absurd = OpusParameters { max_average_bitrate: Some(0), ..FEC };
        assert!(bitrate(&sent(absurd, &sound)) < 9_000.0);
        let constant = sent(OpusParameters { constant_bitrate: true, ..FEC }, &sound);
        assert!(constant.iter().all(|payload| payload.len() == 60), "24 kbit/s: 60 bytes a packet");
        // Configurations 0–3 are narrow band (RFC 6716 §3.1).
        let narrow = sent(OpusParameters { max_playback_rate: Some(8_000), ..FEC }, &sound);
        assert!(narrow.iter().all(|payload| payload[0] >> 3 <= 3));
        let wide = sent(FEC, &sound);
        assert!(wide.iter().skip(5).any(|payload| (8..=11).contains(&(payload[0] >> 3))), "wide-band SILK");
    }

    #[test]
    fn silence_is_sent_too() {
        let payloads = sent(FEC, &silence(16_000, 2_000));
        assert!(payloads.iter().all(|payload| payload.len() > 2), "no discontinuous transmission");
    }

    #[test]
    fn silence_that_lasts_is_encoded_once_and_harms_nothing_behind_it() {
        let speech = |seed| speech(16_000, -20.0, 1_500, seed);
        let sound = [speech(3), vec![0; 5 * 16_000], speech(4)].concat();
        // A unit in every 40th frame: never silent for long enough.
        let mut restless = sound.clone();
        (24_000..104_000).step_by(40 * 320).for_each(|at| restless[at] = 1);
        let payloads = sent(FEC, &sound);
        assert!(payloads[75 + 50..75 + 250].iter().all(|payload| *payload == payloads[75 + 49]));
        let [kept, usual] = [payloads, sent(FEC, &restless)].map(|payloads| decoded(Codec::Opus, &payloads));
        let silent = rms_dbfs(&kept[40_000..103_000]);
        assert!(silent < -85.0, "{silent} dBFS");
        // libopus looks ahead 6.5 ms. The beginning counts most.
        let error = |heard: &[i16], samples: usize| {
            let pairs = sound[104_000..].iter().zip(&heard[104_104..]).take(samples);
            rms_dbfs(&pairs.map(|(a, b)| a.saturating_sub(*b)).collect::<Vec<_>>())
        };
        for samples in [320, 1_600, 23_000] {
            let (kept, usual) = (error(&kept, samples), error(&usual, samples));
            assert!(kept < usual + 1.0, "{samples} samples: {kept:.1} against {usual:.1} dBFS");
        }
    }

    #[test]
    fn packets_of_every_length_are_decoded() {
        for ms10 in [25, 50, 100, 200, 400, 600] {
            let length = 16 * ms10 / 10;
            let mut payload = Vec::new();
            Encoder::new(Codec::Opus).encode(&speech(16_000, -20.0, 100, 1)[..length], &mut payload);
            assert_eq!(duration(Codec::Opus, &payload), Some(length as u32));
            assert_eq!(decoded(Codec::Opus, &[payload]).len(), length);
        }
        let mut payload = Vec::new();
        Encoder::new(Codec::Opus).encode(&[0; 321], &mut payload);
        assert!(payload.is_empty(), "Opus has no such frame");
    }

    #[test]
    fn bytes_that_are_no_packet() {
        let mut decoder = Decoder::new(Codec::Opus);
        let mut out = Vec::new();
        assert_eq!(decoder.decode(&[], &mut out), Err(CodecError::Empty));
        // Code 3 with 0 frames, and with 48 of 60 ms (RFC 6716 §3.4, R5); code 1 with frames of half a byte (R3).
        for packet in [&[0x1B, 0][..], &[0x1B, 48, 1, 2], &[0x19, 1]] {
            assert_eq!(decoder.decode(packet, &mut out), Err(CodecError::Malformed), "{packet:?}");
        }
        assert!(!decoder.recover(None, 0, &mut out) && !decoder.recover(None, 1_921, &mut out));
        assert!(out.is_empty());
        // A gap that is no multiple of 2.5 ms.
        assert!(decoder.recover(None, 333, &mut out));
        assert_eq!(out.len(), 333);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..1_500), 1..8),
        gap in 0usize..2_000,
    ) {
        for codec in Codec::ALL {
            let mut decoder = Decoder::new(codec);
            let mut out = Vec::new();
            for payload in &payloads {
                let before = out.len();
                let result = decoder.decode(payload, &mut out);
                let grown = out.len() - before;
                prop_assert!(grown <= codec.max_samples());
                match duration(codec, payload) {
                    Some(samples) if result.is_ok() => prop_assert_eq!(grown, samples as usize),
                    Some(_) => prop_assert_eq!((codec, grown), (Codec::Opus, 0)),
                    None => prop_assert!(result.is_err() && grown == 0),
                }
                let before = out.len();
                let recovered = decoder.recover(Some(payload), gap, &mut out);
                prop_assert_eq!(out.len() - before, if recovered { gap } else { 0 });
            }
        }
    }
}
