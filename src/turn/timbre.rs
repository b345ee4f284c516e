//! What kind of sound the line carries: with a pitch, a pure tone, or neither.
//!
//! Owns: periodicity (normalised autocorrelation, as in Rabiner & Schafer, "Digital Processing of Speech Signals") and
//! predictability (linear prediction, covariance method). Must not know: level, turns.

use std::iter::Sum;
use std::ops::{AddAssign, Mul};

use crate::audio::FRAME_SAMPLES;

/// Periods of voices at 4 kHz: 62 to 400 Hz.
const LAGS: std::ops::RangeInclusive<usize> = 10..=64;
/// Two frames at half the rate.
const WINDOW: usize = FRAME_SAMPLES;
/// Of the first difference, at 4 kHz.
const PRE_EMPHASIS: f32 = 0.9;
/// Taps of the predictor: enough for two sines.
const ORDER: usize = 4;

pub(super) struct TimbreMeter {
    /// The last two frames at 4 kHz.
    window: [f32; WINDOW],
    frame: [i16; FRAME_SAMPLES],
}

impl Default for TimbreMeter {
    fn default() -> Self {
        Self { window: [0.0; WINDOW], frame: [0; FRAME_SAMPLES] }
    }
}

impl TimbreMeter {
    pub fn handle_frame(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.frame = *frame;
        self.window.copy_within(WINDOW / 2.., 0);
        for (slot, pair) in self.window[WINDOW / 2..].iter_mut().zip(frame.chunks_exact(2)) {
            *slot = (f32::from(pair[0]) + f32::from(pair[1])) / 2.0;
        }
    }

    /// Highest normalised autocorrelation of the last two frames at the periods of voices, 0–1. The lows are held down first:
    /// the rumble of traffic is like itself a few samples later, without any period.
    pub fn periodicity(&self) -> f32 {
        let mut last = self.window[0];
        let centred = self.window.map(|s| s - PRE_EMPHASIS * std::mem::replace(&mut last, s));
        // Energy of the samples before each: that of a part is a difference.
        let mut before = [0.0; WINDOW + 1];
        for (n, s) in centred.iter().enumerate() {
            before[n + 1] = before[n] + f64::from(*s) * f64::from(*s);
        }
        LAGS.map(|lag| {
            let energies = before[WINDOW - lag] * (before[WINDOW] - before[lag]);
            dot(&centred[..WINDOW - lag], &centred[lag..]) / energies.sqrt().max(1.0) as f32
        })
        .fold(0.0, f32::max)
    }

    /// How much of the last frame four taps of linear prediction explain, dB. One or two sines are explained entirely;
    /// what limits them is G.711's noise.
    pub fn predictability_db(&self) -> f32 {
        let samples = self.frame.map(f64::from);
        let shifted = |by: usize| &samples[ORDER - by..FRAME_SAMPLES - by];
        // Of the frame shifted by `i` and by `j`. One more of both takes in a sample at the beginning and leaves out the
        // last: of whole numbers, which these are, that is exact.
        let mut products = [[0.0; ORDER + 1]; ORDER + 1];
        for lag in 0..=ORDER {
            let mut product = dot(shifted(0), shifted(lag));
            for i in 0..=ORDER - lag {
                let j = i + lag;
                (products[i][j], products[j][i]) = (product, product);
                if j < ORDER {
                    let enters = samples[ORDER - 1 - i] * samples[ORDER - 1 - j];
                    product += enters - samples[FRAME_SAMPLES - 1 - i] * samples[FRAME_SAMPLES - 1 - j];
                }
            }
        }
        let energy = products[0][0];
        if energy <= 0.0 {
            return 0.0;
        }
        // Gaussian elimination of the taps one by one: what then remains of the energy is the error.
        for tap in 1..=ORDER {
            let pivot = products[tap];
            if pivot[tap] <= 1e-9 * energy {
                continue;
            }
            for (i, row) in products.iter_mut().enumerate() {
                if i == 0 || i > tap {
                    let factor = row[tap] / pivot[tap];
                    row.iter_mut().zip(pivot).for_each(|(value, of_pivot)| *value -= factor * of_pivot);
                }
            }
        }
        let error = products[0][0].max(energy * 1e-9);
        (10.0 * (energy / error).log10()) as f32
    }
}

/// Sums side by side that a processor adds up at once: a single sum has to be in order.
const LANES: usize = 8;

fn dot<T>(a: &[T], b: &[T]) -> T
where
    T: Copy + Default + Mul<Output = T> + AddAssign + Sum,
{
    let mut sums = [T::default(); LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += *a * *b;
        }
    }
    sums.into_iter().chain(a_rest.iter().zip(b_rest).map(|(a, b)| *a * *b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::LINE_RATE;
    use crate::audio::signals::{speech, tone, white_noise};

    /// Lowest and highest of both measures over the frames after the first two.
    fn measure(samples: &[i16]) -> [(f32, f32); 2] {
        let mut meter = TimbreMeter::default();
        let (frames, _) = samples.as_chunks::<FRAME_SAMPLES>();
        let mut range = [(f32::INFINITY, f32::NEG_INFINITY); 2];
        for (n, frame) in frames.iter().enumerate() {
            meter.handle_frame(frame);
            if n >= 2 {
                for (range, value) in range.iter_mut().zip([meter.periodicity(), meter.predictability_db()]) {
                    *range = (range.0.min(value), range.1.max(value));
                }
            }
        }
        range
    }

    #[test]
    fn noise_tones_and_voices_differ() {
        let [noise_pitch, noise_tone] = measure(&white_noise(LINE_RATE, -30.0, 5_000, 1));
        assert!(noise_pitch.1 < 0.45 && noise_tone.1 < 2.0, "{noise_pitch:?} {noise_tone:?}");
        for hertz in [150.0, 440.0, 1_000.0, 3_000.0] {
            let [_, tone] = measure(&tone(LINE_RATE, hertz, -20.0, 1_000));
            assert!(tone.0 > 28.0, "{hertz} Hz: {tone:?}");
        }
        let [pitch, _] = measure(&speech(LINE_RATE, -20.0, 180, 1));
        assert!(pitch.0 > 0.6, "{pitch:?}");
        assert_eq!(measure(&[0; 800]), [(0.0, 0.0); 2]);
        let [_, clipped] = measure(&[i16::MIN; 800]);
        assert!(clipped.1.is_finite());
    }
}
