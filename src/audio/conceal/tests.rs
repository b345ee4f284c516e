use proptest::prelude::*;

use super::*;
use crate::audio::level::rms_dbfs;
use crate::audio::signals::{Noise, speech, tone, white_noise};
use crate::audio::{Codec, LINE_RATE, g711};

const RATES: [u32; 2] = [LINE_RATE, 16_000];

/// `samples` after the losses: `lost` tells which frames of `frame` samples are missing.
fn with_losses(rate: u32, samples: &[i16], frame: usize, lost: impl Fn(usize) -> bool) -> Vec<i16> {
    let mut concealer = Concealer::new(rate);
    let mut heard = samples.to_vec();
    for (n, chunk) in heard.chunks_mut(frame).enumerate() {
        if lost(n) { concealer.missing(chunk) } else { concealer.received(chunk) }
    }
    heard
}

/// Largest second difference: what the ear hears as a click; about ω² of a tone's peak.
fn sharpest(samples: &[i16]) -> i32 {
    let bend = |w: &[i16]| (i32::from(w[2]) - 2 * i32::from(w[1]) + i32::from(w[0])).abs();
    samples.windows(3).map(bend).max().unwrap_or(0)
}

fn samples_of(rate: u32, ms: usize) -> usize {
    rate as usize * ms / 1_000
}

#[test]
fn without_loss_nothing_changes() {
    for rate in RATES {
        let voice = speech(rate, -20.0, 1_000, 1);
        assert_eq!(with_losses(rate, &voice, 160, |_| false), voice);
        assert_eq!(Concealer::new(rate).delay(), 0);
    }
}

#[test]
fn before_any_audio_there_is_silence() {
    let mut concealer = Concealer::new(LINE_RATE);
    let mut out = [7; 160];
    concealer.missing(&mut out);
    assert_eq!(out, [0; 160]);
    concealer.missing(&mut []);
    concealer.received(&mut []);
}

#[test]
fn a_tone_goes_on_through_the_first_ten_milliseconds() {
    for rate in RATES {
        let frame = samples_of(rate, 10);
        for hertz in [100.0, 150.0, 200.0, 300.0, 440.0, 1_000.0, 1_700.0] {
            let sound = tone(rate, hertz, -10.0, 200);
            let heard = with_losses(rate, &sound, frame, |n| n == 10);
            let lost = 10 * frame..11 * frame;
            let error: Vec<i16> = heard[lost.clone()].iter().zip(&sound[lost.clone()]).map(|(a, b)| a - b).collect();
            let distance = rms_dbfs(&sound[lost]) - rms_dbfs(&error);
            assert!(distance > 12.0, "{hertz} Hz at {rate}: error only {distance:.1} dB below the tone");
        }
    }
}

#[test]
fn seams_do_not_click() {
    for rate in RATES {
        let frame = samples_of(rate, 10);
        for hertz in [100.0, 133.0, 200.0, 310.0, 440.0, 700.0, 1_000.0] {
            for length in [1, 2, 3, 5, 8] {
                for phase in 0..7 {
                    let sound = tone(rate, hertz, -10.0, 400);
                    let sound = &sound[phase * 11..];
                    let heard = with_losses(rate, sound, frame, |n| (10..10 + length).contains(&n));
                    let (bound, found) = (sharpest(sound), sharpest(&heard));
                    // A step of 1/20 of the peak would be 730.
                    assert!(found <= bound * 3 / 2 + 300, "{hertz} Hz at {rate}, {length}0 ms: {found} of {bound}");
                }
            }
        }
    }
}

#[test]
fn level_follows_the_recommendation() {
    for rate in RATES {
        let ten = samples_of(rate, 10);
        let sound = tone(rate, 200.0, -10.0, 400);
        let heard = with_losses(rate, &sound, ten, |n| (10..20).contains(&n));
        let gains: Vec<f32> = heard[10 * ten..20 * ten]
            .chunks(ten)
            .map(|chunk| 10f32.powf((rms_dbfs(chunk) - rms_dbfs(&sound[..ten])) / 20.0))
            .collect();
        for (gain, wanted) in gains.iter().zip([1.0, 0.9, 0.7, 0.5, 0.3, 0.1]) {
            assert!((gain - wanted).abs() < 0.06, "{gains:?}");
        }
        assert!(heard[16 * ten..20 * ten].iter().all(|sample| *sample == 0), "silent after 60 ms");
        assert_eq!(heard[21 * ten..], sound[21 * ten..], "and back within 10 ms");
    }
}

#[test]
fn noise_and_speech_keep_their_level_and_gain_no_click() {
    for rate in RATES {
        let twenty = samples_of(rate, 20);
        for (name, sound) in [
            ("noise", white_noise(rate, -30.0, 2_000, 5)),
            ("voice", speech(rate, -20.0, 2_000, 5)),
            ("faint voice", speech(rate, -45.0, 2_000, 6)),
        ] {
            let heard = with_losses(rate, &sound, twenty, |n| n % 7 == 5);
            let change = rms_dbfs(&heard) - rms_dbfs(&sound);
            assert!(change.abs() < 1.0, "{name} at {rate}: {change:.2} dB");
            assert!(sharpest(&heard) <= sharpest(&sound) * 11 / 10 + 50, "{name} at {rate}");
        }
    }
}

#[test]
fn recorded_speech_goes_on_in_phase_and_at_its_level() {
    let (mut level, mut error) = (0.0, 0.0);
    for n in 0..10 {
        let Some(bytes) = crate::testing::shared_data(&format!("speech/concat_june_phone_0{n}.wav")) else { return };
        let clip = crate::audio::wav::read(&bytes).expect("a clip");
        let sound = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &clip.samples));
        let lost = |n: usize| n % 10 == 5;
        let heard = with_losses(LINE_RATE, &sound, 80, lost);
        let gaps = sound.chunks(80).zip(heard.chunks(80)).enumerate().filter(|(n, _)| lost(*n));
        let (mut wanted, mut filled) = (Vec::new(), Vec::new());
        for (_, (sound, heard)) in gaps {
            wanted.extend(sound);
            filled.extend(heard);
            error += sound.iter().zip(heard).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
            level += sound.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>();
        }
        let change = rms_dbfs(&filled) - rms_dbfs(&wanted);
        assert!(change.abs() < 1.5, "clip {n}: level {change:.1} dB");
        assert!(sharpest(&heard) <= sharpest(&sound) * 11 / 10, "clip {n}: a click");
    }
    // Repetition out of phase would be 3 dB above.
    let distance = 10.0 * (level / error).log10();
    println!("error {distance:.1} dB below the speech");
    assert!(distance > 1.5, "error {distance:.1} dB below the speech");
}

#[test]
fn pieces_of_any_length_make_the_same_sound() {
    let sound = speech(LINE_RATE, -20.0, 1_000, 9);
    let lost = |at: usize| (2_000..2_317).contains(&at) || (5_000..5_081).contains(&at);
    let whole = |piece: usize| {
        let mut concealer = Concealer::new(LINE_RATE);
        let mut heard = sound.clone();
        let mut at = 0;
        while at < heard.len() {
            let kind = lost(at);
            let run = (at..heard.len().min(at + piece)).take_while(|n| lost(*n) == kind).count();
            let chunk = &mut heard[at..at + run];
            if kind {
                concealer.missing(chunk)
            } else {
                concealer.received(chunk)
            }
            at += run;
        }
        heard
    };
    let reference = whole(8_000);
    for piece in [1, 7, 80, 160, 333] {
        assert_eq!(whole(piece), reference, "{piece} samples at once");
    }
}

proptest! {
    /// Whatever is lost: no panic, and nothing is louder than what came in.
    #[test]
    fn any_losses_stay_within_the_peak(
        seed in any::<u64>(),
        wide in any::<bool>(),
        pieces in proptest::collection::vec((any::<bool>(), 0usize..500), 0..60),
    ) {
        let mut concealer = Concealer::new(if wide { 16_000 } else { LINE_RATE });
        let mut source = Noise::new(seed);
        let mut peak = 0i32;
        for (lost, length) in pieces {
            let level = (source.value() * 32_768.0).abs();
            let mut piece: Vec<i16> = (0..length).map(|_| (source.value() * level) as i16).collect();
            if lost {
                concealer.missing(&mut piece);
            } else {
                peak = piece.iter().map(|s| i32::from(*s).abs()).fold(peak, i32::max);
                concealer.received(&mut piece);
            }
            prop_assert!(piece.iter().all(|s| i32::from(*s).abs() <= peak + 1));
        }
    }
}
