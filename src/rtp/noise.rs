//! Comfort noise (RFC 3389): how the far end's silence sounds.
//!
//! Owns: the payload, noise of that level and spectrum. Must not know: when it is played or sent.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Reflection coefficients used; RFC 3389 §3 lets a receiver take fewer than it gets.
const MAX_ORDER: usize = 12;

/// A silence descriptor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComfortNoise {
    /// Level, -dBov: 0 is a square wave of full scale, 127 the faintest.
    pub level: u8,
    /// Reflection coefficients of the spectrum, -1 to 1; all zero is white noise.
    reflection: [f32; MAX_ORDER],
}

impl ComfortNoise {
    /// White noise at `level` -dBov.
    pub fn white(level: u8) -> Self {
        Self { level: level.min(127), reflection: [0.0; MAX_ORDER] }
    }

    /// Reads a payload: the level, then a byte for each reflection coefficient (RFC 3389 §3.1, §3.2).
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (&level, coefficients) = payload.split_first()?;
        let mut noise = Self::white(level & 0x7F);
        for (to, &from) in noise.reflection.iter_mut().zip(coefficients) {
            // 258 (N - 127) / 32768; 255 is reserved.
            *to = (f32::from(from.min(254)) - 127.0) * 258.0 / 32768.0;
        }
        Some(noise)
    }

    /// The payload of white noise: its level alone.
    pub fn payload(&self) -> [u8; 1] {
        [self.level]
    }
}

/// Noise without end.
#[derive(Debug)]
pub struct Generator {
    random: SmallRng,
    noise: ComfortNoise,
    /// Backward prediction errors of the lattice.
    backward: [f32; MAX_ORDER],
    /// Peak of the excitation.
    peak: f32,
}

impl Generator {
    pub fn new(noise: &ComfortNoise) -> Self {
        let mut generator = Self {
            // Which noise it is does not matter.
            random: SmallRng::seed_from_u64(0x3389),
            noise: *noise,
            backward: [0.0; MAX_ORDER],
            peak: 0.0,
        };
        generator.change(noise);
        generator
    }

    /// Another level or spectrum, without a seam.
    pub fn change(&mut self, noise: &ComfortNoise) {
        self.noise = *noise;
        let rms = 32_768.0 * 10f32.powf(-f32::from(noise.level) / 20.0);
        // The all-pole filter makes the excitation louder by this much; a uniform distribution has its peak 4.8 dB up.
        let power: f32 = noise.reflection.iter().map(|k| 1.0 - k * k).product();
        self.peak = rms * power.max(0.0).sqrt() * 3f32.sqrt();
    }

    /// The next sample: white noise through the lattice of the reflection coefficients.
    pub fn sample(&mut self) -> i16 {
        let mut forward = if self.peak > 0.0 { self.random.random_range(-self.peak..=self.peak) } else { 0.0 };
        for i in (0..MAX_ORDER).rev() {
            let k = self.noise.reflection[i];
            forward -= k * self.backward[i];
            if i + 1 < MAX_ORDER {
                self.backward[i + 1] = self.backward[i] + k * forward;
            }
        }
        self.backward[0] = forward;
        // `as` saturates.
        forward.round() as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs;

    fn made(payload: &[u8]) -> Vec<i16> {
        let mut generator = Generator::new(&ComfortNoise::parse(payload).expect("a descriptor"));
        (0..16_000).map(|_| generator.sample()).collect()
    }

    #[test]
    fn noise_has_the_level_it_was_told() {
        for level in [20u8, 40, 60, 70] {
            for spectrum in [&[][..], &[80, 140, 127], &[20, 220], &[127; 40]] {
                let payload = [&[level], spectrum].concat();
                let measured = rms_dbfs(&made(&payload));
                assert!((measured + f32::from(level)).abs() < 1.0, "{level}, {spectrum:?}: {measured} dBov");
            }
        }
    }

    #[test]
    fn the_spectrum_is_that_of_the_coefficients() {
        // k1 = -r1/r0: below 127 neighbouring samples are alike (low frequencies), above they are opposite.
        let correlation = |payload: &[u8]| {
            let samples = made(payload);
            let product =
                |lag: usize| -> f64 { samples.windows(lag + 1).map(|w| f64::from(w[0]) * f64::from(w[lag])).sum() };
            product(1) / product(0)
        };
        let expected = 258.0 * 64.0 / 32768.0;
        assert!((correlation(&[30, 63]) - expected).abs() < 0.03);
        assert!((correlation(&[30, 191]) + expected).abs() < 0.03);
        assert!(correlation(&[30]).abs() < 0.03);
    }

    #[test]
    fn any_payload_is_survived() {
        assert_eq!(ComfortNoise::parse(&[]), None);
        assert_eq!(ComfortNoise::parse(&[0xFF]).map(|noise| noise.level), Some(127), "the first bit is reserved");
        for extreme in [0, 254, 255] {
            assert!(made(&[[0].as_slice(), &[extreme; 300]].concat()).len() == 16_000);
        }
        assert!(made(&[127]).iter().all(|sample| *sample == 0));
        assert_eq!(ComfortNoise::white(65).payload(), [65]);
    }
}
