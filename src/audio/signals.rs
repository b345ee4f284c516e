//! Signals for tests and measurements: tones, noise, and a speech-like source with syllables.

use std::f64::consts::TAU;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A sine of `frequency` Hz at `dbfs`, `ms` milliseconds long.
pub fn tone(rate: u32, frequency: f64, dbfs: f64, ms: u64) -> Vec<i16> {
    let peak = amplitude(dbfs) * std::f64::consts::SQRT_2;
    (0..length(rate, ms)).map(|n| round(peak * (TAU * frequency * n as f64 / f64::from(rate)).sin())).collect()
}

/// White noise at `dbfs` from a seed (uniform distribution).
pub fn white_noise(rate: u32, dbfs: f64, ms: u64, seed: u64) -> Vec<i16> {
    let mut source = Noise(seed);
    let peak = amplitude(dbfs) * 3f64.sqrt();
    (0..length(rate, ms)).map(|_| round(peak * source.value())).collect()
}

/// A street: low rumble that swells and ebbs as cars pass, with hiss above it. At 8 kHz, of no set level.
pub fn street_noise(length: usize, seed: u64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut rumble, mut phase) = (0.0f32, random.random::<f32>() * 6.0);
    (0..length)
        .map(|_| {
            let white = random.random::<f32>() * 2.0 - 1.0;
            rumble = 0.97 * rumble + white;
            phase += 2.5 / super::LINE_RATE as f32;
            (rumble + 0.5 * white) * (1.0 + 0.6 * phase.sin())
        })
        .collect()
}

pub fn silence(rate: u32, ms: u64) -> Vec<i16> {
    vec![0; length(rate, ms)]
}

/// Syllables of a voice: a gliding pulse train (110–160 Hz) through three formants, four syllables a second with a
/// consonant-like dip between them. `dbfs` is the level while active.
pub fn speech(rate: u32, dbfs: f64, ms: u64, seed: u64) -> Vec<i16> {
    let mut source = Noise(seed);
    let rate_f = f64::from(rate);
    let total = length(rate, ms);
    let mut formants: [Resonator; 3] = Default::default();
    let mut phase = 0.0;
    let mut samples = Vec::with_capacity(total);
    for n in 0..total {
        let t = n as f64 / rate_f;
        let syllable = (t * 4.0).fract();
        if n % (rate as usize / 4) == 0 {
            let shift = source.value() * 200.0;
            for (resonator, centre) in formants.iter_mut().zip([500.0, 1500.0, 2500.0]) {
                resonator.tune(centre + shift, rate_f);
            }
        }
        phase += (130.0 + 25.0 * (TAU * 0.7 * t).sin()) / rate_f;
        let pulse = if phase >= 1.0 {
            phase -= 1.0;
            1.0
        } else {
            0.0
        };
        let excitation = pulse + 0.01 * source.value();
        let voice: f64 = formants.iter_mut().map(|r| r.filter(excitation)).sum();
        // Rise in 20 ms, fall to -26 dB for the last fifth of the syllable.
        let envelope = (syllable / 0.08).min(1.0) * if syllable > 0.8 { 0.05 } else { 1.0 };
        samples.push(voice * envelope);
    }
    let active: Vec<f64> = samples.iter().copied().filter(|s| s.abs() > 0.0).collect();
    let rms = (active.iter().map(|s| s * s).sum::<f64>() / active.len().max(1) as f64).sqrt();
    let gain = amplitude(dbfs) / rms.max(1e-12);
    samples.into_iter().map(|s| round(s * gain)).collect()
}

#[derive(Default)]
struct Resonator {
    a1: f64,
    a2: f64,
    y1: f64,
    y2: f64,
}

impl Resonator {
    fn tune(&mut self, centre: f64, rate: f64) {
        let radius = (-std::f64::consts::PI * 90.0 / rate).exp();
        self.a1 = 2.0 * radius * (TAU * centre / rate).cos();
        self.a2 = -radius * radius;
    }

    fn filter(&mut self, x: f64) -> f64 {
        let y = x + self.a1 * self.y1 + self.a2 * self.y2;
        self.y2 = self.y1;
        self.y1 = y;
        y
    }
}

/// SplitMix64, as uniform values in -1..1.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn value(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn amplitude(dbfs: f64) -> f64 {
    32768.0 * 10f64.powf(dbfs / 20.0)
}

fn length(rate: u32, ms: u64) -> usize {
    (u64::from(rate) * ms / 1000) as usize
}

fn round(value: f64) -> i16 {
    value.round().clamp(-32768.0, 32767.0) as i16
}
