//! How loud a clip sounds (ITU-R BS.1770, gated as EBU R128 asks), and its true peak.
//!
//! Owns: these two measures and the gain made from them. Must not know: what is said. The filters and gates are the crate
//! `ebur128`'s; at 8 kHz they weight what is left of the spectrum.

use std::iter;

use ebur128::{EbuR128, Mode};

use super::level::SILENCE_DBFS;
use super::resample::ResampleError;
use super::{LINE_RATE, Sound};

/// BS.1770 measures in blocks of 400 ms; a shorter clip is heard repeated until it fills so many.
const BLOCK_MS: usize = 400;

/// Integrated loudness, LUFS: pauses left out. `None` for a clip in which nothing sounds.
pub fn integrated_lufs(samples: &[i16], rate: u32) -> Option<f64> {
    if samples.is_empty() {
        return None;
    }
    let mut meter = EbuR128::new(1, rate, Mode::I).ok()?;
    let block = rate as usize * BLOCK_MS / 1000;
    let times = (2 * block).div_ceil(samples.len()).max(1);
    for clip in iter::repeat_n(samples, if samples.len() < 2 * block { times } else { 1 }) {
        meter.add_frames_i16(clip).ok()?;
    }
    meter.loudness_global().ok().filter(|lufs| lufs.is_finite())
}

/// Loudness of everything the agent says on the line, LUFS, and what none of its peaks exceeds, dBTP (docs/voice.md).
pub const SPEECH_LUFS: f64 = -20.5;
pub const SPEECH_CEILING_DBTP: f64 = -1.5;
/// Gain never exceeds this, dB: a nearly silent clip stays quiet instead of becoming hiss.
const MAX_GAIN_DB: f64 = 30.0;

/// Speech as loud as all of it is.
pub fn of_speech(sound: &Sound) -> Result<Sound, ResampleError> {
    normalised(sound, SPEECH_LUFS, SPEECH_CEILING_DBTP)
}

/// Brings a sound to `target_lufs` as it is heard at 8 kHz, where most callers hear it, but no true peak above
/// `ceiling_dbtp` at its own rate or there. Silence stays as it is.
fn normalised(sound: &Sound, target_lufs: f64, ceiling_dbtp: f64) -> Result<Sound, ResampleError> {
    let line = sound.at(LINE_RATE)?;
    let Some(lufs) = integrated_lufs(&line.samples, line.rate) else { return Ok(sound.clone()) };
    let peak = true_peak_dbtp(&sound.samples, sound.rate).max(true_peak_dbtp(&line.samples, line.rate));
    let gain_db = (target_lufs - lufs).min(ceiling_dbtp - peak).min(MAX_GAIN_DB);
    let gain = 10_f64.powf(gain_db / 20.0);
    let samples: Vec<i16> = sound.samples.iter().map(|sample| (f64::from(*sample) * gain).round() as i16).collect();
    Ok(Sound::new(samples, sound.rate))
}

/// Largest magnitude between samples too, at four times their rate, dBTP.
pub fn true_peak_dbtp(samples: &[i16], rate: u32) -> f64 {
    let peak = || {
        let mut meter = EbuR128::new(1, rate, Mode::TRUE_PEAK).ok()?;
        meter.add_frames_i16(samples).ok()?;
        // The last samples leave the filter when others come in.
        meter.add_frames_i16(&[0; 64]).ok()?;
        meter.true_peak(0).ok()
    };
    let silence = f64::from(SILENCE_DBFS);
    peak().map_or(silence, |peak| (20.0 * peak.log10()).max(silence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::signals::{silence, speech, tone};

    #[test]
    fn a_sine_measures_what_the_standard_says() {
        // BS.1770: a sine of 997 Hz at 0 dB full scale in one channel is -3.01 LUFS; ours is 20 dB below in rms.
        for rate in [8_000, 16_000, 48_000] {
            let sine = tone(rate, 997.0, -20.0, 2_000);
            let lufs = integrated_lufs(&sine, rate).expect("a sound");
            assert!((lufs - -20.0).abs() < 0.3, "{lufs} LUFS at {rate} Hz");
        }
    }

    #[test]
    fn pauses_do_not_count() {
        let spoken = speech(8_000, -20.0, 2_000, 1);
        let alone = integrated_lufs(&spoken, 8_000).expect("a sound");
        let padded = [silence(8_000, 3_000), spoken, silence(8_000, 3_000)].concat();
        let apart = integrated_lufs(&padded, 8_000).expect("a sound");
        assert!((apart - alone).abs() < 0.7, "{alone} and {apart} LUFS");
    }

    #[test]
    fn a_word_shorter_than_a_block_has_a_loudness() {
        let sine = tone(8_000, 997.0, -20.0, 100);
        assert!((integrated_lufs(&sine, 8_000).expect("a sound") - -20.0).abs() < 0.3);
        assert_eq!(integrated_lufs(&[], 8_000), None);
        assert_eq!(integrated_lufs(&[0; 8_000], 8_000), None);
    }

    #[test]
    fn sounds_are_brought_to_the_same_loudness_unless_their_peaks_forbid() {
        for (level, seed) in [(-40.0, 1), (-12.0, 2)] {
            let spoken = Sound::new(speech(16_000, level, 2_000, seed), 16_000);
            let even = normalised(&spoken, -24.0, -1.0).expect("known rates").at(8_000).expect("a known rate");
            let lufs = integrated_lufs(&even.samples, 8_000).expect("a sound");
            assert!((lufs - -24.0).abs() < 0.1, "{lufs} LUFS of {level} dBFS");
            let limited = normalised(&spoken, -3.0, -9.0).expect("known rates");
            for rate in [8_000, 16_000] {
                let peak = true_peak_dbtp(&limited.at(rate).expect("a known rate").samples, rate);
                assert!((-12.0..=-8.9).contains(&peak), "{peak} dBTP at {rate} Hz");
            }
        }
        let silent = Sound::new([0; 99], 16_000);
        assert_eq!(normalised(&silent, -20.0, -1.0), Ok(silent));
    }

    #[test]
    fn peaks_between_samples_are_seen() {
        // A quarter of the sampling rate, sampled at 45 degrees: samples at 0.707 of the peak.
        let samples: Vec<i16> = (0..4_000).map(|n| if n % 4 < 2 { 11_585 } else { -11_585 }).collect();
        let peak = true_peak_dbtp(&samples, 8_000);
        assert!((-6.3..-5.7).contains(&peak), "{peak} dBTP, the curve's own peak is -6.02");
        assert_eq!(true_peak_dbtp(&[0; 99], 8_000), -100.0);
    }
}
