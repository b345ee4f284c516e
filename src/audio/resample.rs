//! Change of sampling rate: of whole clips here, over `rubato`'s FFT resampler, of streams in [`stream`].
//!
//! Owns: rates, delay compensation, conversion between `i16` and `f32` (±1.0 is full scale). Must not know: packets.
//!
//! For clips the filter's delay is taken out: output sample 0 is input sample 0, and the output is as long as the input
//! (rounded up to a whole sample). Aliases and images are more than 80 dB down from 10 % above the lower
//! Nyquist frequency on (see the tests); the pass band is flat to 90 % of it.

pub mod stream;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

use super::RECOGNISER_RATE;

/// Rates we convert between, Hz: what files, voices and codecs use.
pub const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Length of the anti-alias filter, in samples of the input: sharp enough for the pass band stated above.
const BLOCK: usize = 1_024;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResampleError {
    #[error("sampling rate {0} Hz is outside 4000–192000 Hz")]
    Rate(u32),
    #[error("resampler: {0}")]
    Resampler(String),
}

/// Audio at `rate` for the recogniser: `f32` at 16 kHz. What is at that rate already keeps its samples.
pub fn to_recogniser(samples: &[i16], rate: u32) -> Result<Vec<f32>, ResampleError> {
    resample(&to_f32(samples), rate, RECOGNISER_RATE)
}

/// `i16` audio from any rate to any other.
pub fn resample_i16(samples: &[i16], from: u32, to: u32) -> Result<Vec<i16>, ResampleError> {
    if from == to {
        check(from)?;
        return Ok(samples.to_vec());
    }
    Ok(to_i16(&resample(&to_f32(samples), from, to)?))
}

/// Mono audio from any rate to any other, as a whole.
pub fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, ResampleError> {
    check(from)?;
    check(to)?;
    if from == to || samples.is_empty() {
        return Ok(samples.to_vec());
    }
    let failed = |error: &dyn std::fmt::Display| ResampleError::Resampler(error.to_string());
    let block = BLOCK.max(BLOCK * from as usize / to as usize);
    let mut resampler = Fft::<f32>::new_custom(
        from as usize,
        to as usize,
        block,
        1,
        1,
        rubato::WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
    .map_err(|error| failed(&error))?;
    let input = InterleavedSlice::new(samples, 1, samples.len()).map_err(|error| failed(&error))?;
    let output = resampler.process_all(&input, samples.len(), None).map_err(|error| failed(&error))?;
    Ok(output.take_data())
}

/// Full scale becomes ±1.0.
pub fn to_f32(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&s| f32::from(s) / 32768.0).collect()
}

/// Rounds; what is beyond full scale is clipped, NaN becomes 0.
pub fn to_i16(samples: &[f32]) -> Vec<i16> {
    // `as` saturates and turns NaN into 0.
    samples.iter().map(|s| (s * 32768.0).round() as i16).collect()
}

fn check(rate: u32) -> Result<(), ResampleError> {
    if RATES.contains(&rate) { Ok(()) } else { Err(ResampleError::Rate(rate)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::LINE_RATE;
    use crate::audio::level::rms_dbfs;
    use crate::audio::signals::tone;

    /// Level of a tone after conversion, its ends (100 ms) left out, relative to the level before.
    fn gain_db(frequency: f64, from: u32, to: u32) -> f32 {
        let input = tone(from, frequency, -9.0, 1_000);
        let output = resample(&to_f32(&input), from, to).expect("known rates");
        let edge = to as usize / 10;
        let middle = &output[edge..output.len() - edge];
        let power = middle.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / middle.len() as f64;
        (10.0 * power.max(1e-20).log10()) as f32 - rms_dbfs(&input)
    }

    #[test]
    fn aliases_are_eighty_db_down_and_the_pass_band_is_flat() {
        for rate in [16_000, 22_050, 24_000, 44_100, 48_000] {
            for frequency in [4_400.0, 5_000.0, 6_000.0, 7_900.0] {
                let gain = gain_db(frequency, rate, LINE_RATE);
                assert!(gain < -80.0, "{frequency} Hz at {rate}: {gain:.1} dB");
            }
            for frequency in [100.0, 300.0, 1_000.0, 3_400.0, 3_600.0] {
                let gain = gain_db(frequency, rate, LINE_RATE);
                assert!(gain.abs() < 0.1, "{frequency} Hz at {rate}: {gain:.2} dB");
            }
        }
    }

    #[test]
    fn upsampling_leaves_no_image() {
        let input = tone(LINE_RATE, 3_000.0, -9.0, 1_000);
        let output = to_recogniser(&input, LINE_RATE).expect("known rates");
        assert_eq!(output.len(), 2 * input.len());
        // The image of 3 kHz would stand at 5 kHz: correlate with it.
        let (mut re, mut im) = (0.0, 0.0);
        let middle = &output[1_600..14_400];
        for (n, sample) in middle.iter().enumerate() {
            let angle = std::f64::consts::TAU * 5_000.0 * n as f64 / 16_000.0;
            re += f64::from(*sample) * angle.cos();
            im += f64::from(*sample) * angle.sin();
        }
        let amplitude = 2.0 * (re * re + im * im).sqrt() / middle.len() as f64;
        let level = 20.0 * amplitude.max(1e-12).log10();
        assert!(level < -90.0, "image at {level:.1} dB");
        for frequency in [100.0, 1_000.0, 3_600.0] {
            let gain = gain_db(frequency, LINE_RATE, RECOGNISER_RATE);
            assert!(gain.abs() < 0.1, "{frequency} Hz: {gain:.2} dB");
        }
    }

    #[test]
    fn no_sample_is_cut_or_shifted() {
        for (from, to) in [(8_000, 16_000), (24_000, 8_000), (22_050, 8_000), (48_000, 44_100)] {
            for ms in [20, 137, 1_000] {
                let length = from as usize * ms / 1000;
                // A pulse near each end must come out at the same time.
                for place in [length / 20, length / 2, length - 1 - length / 20] {
                    let mut input = vec![0.0; length];
                    input[place] = 1.0;
                    let output = resample(&input, from, to).expect("known rates");
                    let wanted = (length as u64 * u64::from(to)).div_ceil(u64::from(from));
                    assert_eq!(output.len() as u64, wanted);
                    let peak = (0..output.len())
                        .max_by(|a, b| output[*a].abs().total_cmp(&output[*b].abs()))
                        .expect("not empty");
                    let shift = peak as f64 / f64::from(to) - place as f64 / f64::from(from);
                    let sample = 1.001 / f64::from(from.min(to));
                    assert!(shift.abs() <= sample, "{from}→{to}, {ms} ms: shifted by {shift} s");
                }
            }
        }
    }

    #[test]
    fn the_recogniser_hears_wide_band_sample_by_sample() {
        let input = tone(RECOGNISER_RATE, 6_000.0, -9.0, 50);
        assert_eq!(to_recogniser(&input, RECOGNISER_RATE), Ok(to_f32(&input)));
    }

    #[test]
    fn odd_rates_and_lengths() {
        assert_eq!(resample(&[0.5; 3], 8_000, 8_000).expect("same"), [0.5; 3]);
        assert!(resample(&[], 8_000, 16_000).expect("empty").is_empty());
        assert_eq!(resample(&[0.1], 8_000, 16_000).expect("one").len(), 2);
        assert_eq!(resample(&[0.1; 100], 11_111, 8_000).expect("odd").len(), 73);
        assert_eq!(resample(&[0.0], 0, 8_000), Err(ResampleError::Rate(0)));
        assert_eq!(resample_i16(&[0], 1_000_000, 1_000_000), Err(ResampleError::Rate(1_000_000)));
        assert_eq!(to_i16(&[2.0, -2.0, f32::NAN, 0.5]), [32767, -32768, 0, 16384]);
    }
}
