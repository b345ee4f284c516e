//! Concealment of lost audio: ITU-T G.711 Appendix I (1999) at 8 and 16 kHz, without its delay.
//!
//! Owns: what is played where nothing arrived, and the seams on both sides. Must not know: packets, clocks, codecs.
//!
//! The last one, two, then three pitch periods are repeated (10, 20 ms into the loss), full for 10 ms, then fading by
//! 20 % each 10 ms, silent after 60 ms. The pitch is found by normalised cross-correlation of the last 20 ms, first
//! at 4 kHz, then around the best place at the full rate. Seams are overlapped over a quarter of a pitch period, the
//! return over 4 ms more for each 10 ms lost, up to 10 ms.
//!
//! Appendix I holds all audio back by 3.75 ms, so that it can bend the last quarter period before a loss into the
//! repetition. Here nothing is held back: the quarter *after* the last sample that was played is overlapped, with the
//! ringing of that sound's own resonances (linear prediction fed with nothing) as what fades out.
//!
//! Cost: one search a loss, whatever its length: 55 µs at 8 kHz, 99 at 16 kHz (`docs/audio.md`). Memory: 2.5 kB at
//! 8 kHz.

use super::LINE_RATE;

/// Rate at which the pitch is looked for first, Hz.
const COARSE_RATE: usize = 4_000;
/// Pitch periods looked for: 5 to 15 ms (200 to 66 Hz), in samples at [`COARSE_RATE`].
const SHORTEST: usize = 20;
const LONGEST: usize = 60;
/// Stretch that is compared: 20 ms, at [`COARSE_RATE`].
const COMPARED: usize = 80;
/// Three of the longest periods and the seam in front of them: 48.75 ms, at [`COARSE_RATE`].
const HISTORY: usize = 3 * LONGEST + LONGEST / 4;
/// Order of the linear prediction a factor of [`COARSE_RATE`]: 8 at 8 kHz, 16 at 16 kHz.
const ORDER: usize = 4;
const MAX_ORDER: usize = 48;
/// Fade a 10 ms, from 10 ms on.
const FADE: f32 = 0.2;
/// Overlap at the return: so much more for each 10 ms lost, in ms.
const RETURN_MORE_MS: usize = 4;
const RETURN_MAX_MS: usize = 10;
/// After silence there is nothing to overlap with: short, so that the beginning of a word stays one, and no click.
const RETURN_SILENT_MS: usize = 5;
/// Energy below which nothing is compared: under one unit of A-law a sample.
const LEAST_ENERGY: f32 = 1.0;

/// Fills what is missing in one stream of audio.
#[derive(Debug)]
pub struct Concealer {
    /// Samples a period of [`COARSE_RATE`].
    factor: usize,
    /// The latest audio played, concealment included.
    history: Vec<i16>,
    /// Samples concealed since the last good one.
    lost: usize,
    /// What is repeated; valid while `lost > 0`.
    repetition: Repetition,
    /// Overlap at the return: samples done and in all.
    returned: usize,
    returning: usize,
}

/// A stretch of one to three pitch periods, played over and over.
#[derive(Debug, Default)]
struct Repetition {
    /// The history at the loss; its last quarter period is bent into what comes before the repeated stretch.
    source: Vec<f32>,
    /// The last quarter period as it was.
    quarter: Vec<f32>,
    pitch: usize,
    periods: usize,
    offset: usize,
    /// What fades out while the repetition, or its longer successor, fades in.
    tail: Vec<f32>,
    tail_at: usize,
}

impl Concealer {
    /// For audio at `rate` Hz: 8,000 or 16,000 (any multiple of 4,000 up to 48,000).
    pub fn new(rate: u32) -> Self {
        let factor = (rate as usize / COARSE_RATE).clamp(1, MAX_ORDER / ORDER);
        Self {
            factor,
            history: vec![0; HISTORY * factor],
            lost: 0,
            repetition: Repetition::default(),
            returned: 0,
            returning: 0,
        }
    }

    /// Samples by which audio comes out later than it went in: none.
    pub const fn delay(&self) -> usize {
        0
    }

    /// Takes the next good audio in playing order, of any length; after a loss its beginning (1 to 10 ms) is
    /// cross-faded in place.
    pub fn received(&mut self, samples: &mut [i16]) {
        if self.lost > 0 && self.returning == 0 {
            self.returned = 0;
            self.returning = self.overlap();
        }
        for sample in samples.iter_mut().take(self.returning - self.returned) {
            let old = self.next();
            self.returned += 1;
            // Without a corner at either end: the overlap may be one with silence.
            let at = self.returned as f32 / (self.returning + 1) as f32;
            let weight = (at * std::f32::consts::FRAC_PI_2).sin().powi(2);
            *sample = round(f32::from(*sample) * weight + old * (1.0 - weight));
        }
        if self.returned == self.returning {
            self.lost = 0;
            self.returned = 0;
            self.returning = 0;
        }
        self.remember(samples);
    }

    /// Fills the next lost samples, however many.
    pub fn missing(&mut self, out: &mut [i16]) {
        if self.lost == 0 || self.returning > 0 {
            self.lost = 0;
            self.returned = 0;
            self.returning = 0;
            self.repetition.start(&self.history, self.factor);
        }
        for sample in out.iter_mut() {
            *sample = round(self.next());
        }
        self.remember(out);
    }

    /// The repetition's next sample, faded.
    fn next(&mut self) -> f32 {
        let ten = self.ms(10);
        let faded = self.lost.saturating_sub(ten) as f32 / ten as f32;
        let gain = 1.0 - FADE * faded;
        if gain <= 0.0 {
            return 0.0;
        }
        if self.lost == ten || self.lost == 2 * ten {
            self.repetition.lengthen();
        }
        self.lost += 1;
        self.repetition.next() * gain
    }

    /// Length of the cross-fade at the return.
    fn overlap(&self) -> usize {
        let ten = self.ms(10);
        if self.lost >= 6 * ten {
            return self.ms(RETURN_SILENT_MS);
        }
        let more = (self.lost - 1) / ten * self.ms(RETURN_MORE_MS);
        (self.repetition.pitch / 4 + more).min(self.ms(RETURN_MAX_MS))
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.history.len();
        let new = &samples[samples.len().saturating_sub(length)..];
        self.history.copy_within(new.len().., 0);
        self.history[length - new.len()..].copy_from_slice(new);
    }

    fn ms(&self, ms: usize) -> usize {
        ms * self.factor * COARSE_RATE / 1_000
    }
}

impl Default for Concealer {
    /// For narrow-band telephone audio.
    fn default() -> Self {
        Self::new(LINE_RATE)
    }
}

impl Repetition {
    fn start(&mut self, history: &[i16], factor: usize) {
        self.source.clear();
        self.source.extend(history.iter().map(|&sample| f32::from(sample)));
        self.pitch = pitch(&self.source, factor);
        self.periods = 1;
        self.offset = 0;
        let quarter = self.pitch / 4;
        self.quarter.clear();
        self.quarter.extend_from_slice(&self.source[self.source.len() - quarter..]);
        ringing(&self.source, factor, quarter, &mut self.tail);
        self.tail_at = 0;
        self.bend();
    }

    /// One period more, overlapped with how it would have gone on.
    fn lengthen(&mut self) {
        let offset = self.offset;
        let mut tail = std::mem::take(&mut self.tail);
        tail.clear();
        tail.extend((0..self.pitch / 4).map(|_| self.next()));
        self.offset = offset % self.pitch;
        self.periods += 1;
        self.bend();
        self.tail = tail;
        self.tail_at = 0;
    }

    fn next(&mut self) -> f32 {
        let stretch = self.periods * self.pitch;
        let sample = self.source[self.source.len() - stretch + self.offset];
        self.offset = (self.offset + 1) % stretch;
        let Some(old) = self.tail.get(self.tail_at) else { return sample };
        self.tail_at += 1;
        let weight = self.tail_at as f32 / (self.tail.len() + 1) as f32;
        sample * weight + old * (1.0 - weight)
    }

    /// The end of the stretch is led into what comes before its beginning, so that it can be repeated.
    fn bend(&mut self) {
        let (length, quarter) = (self.source.len(), self.quarter.len());
        let before = length - self.periods * self.pitch - quarter;
        for n in 0..quarter {
            let weight = (n + 1) as f32 / (quarter + 1) as f32;
            self.source[length - quarter + n] = self.quarter[n] * (1.0 - weight) + self.source[before + n] * weight;
        }
    }
}

/// The pitch period, in samples: the lag at which the last 20 ms resemble what was before them most.
fn pitch(source: &[f32], factor: usize) -> usize {
    let mut coarse = [0.0; HISTORY];
    for (sample, chunk) in coarse.iter_mut().zip(source.chunks_exact(factor)) {
        *sample = chunk.iter().sum::<f32>() / factor as f32;
    }
    let first = best_lag(&coarse, COMPARED, SHORTEST, LONGEST) * factor;
    let reach = factor - 1;
    let (from, to) = (first.saturating_sub(reach), first + reach);
    best_lag(source, COMPARED * factor, from.max(SHORTEST * factor), to.min(LONGEST * factor))
}

/// The lag with the highest normalised cross-correlation; the shortest when nothing resembles.
fn best_lag(source: &[f32], compared: usize, from: usize, to: usize) -> usize {
    let start = source.len() - compared;
    let target = &source[start..];
    let (mut best, mut best_likeness) = (from, 0.0);
    let mut energy: f32 = source[start - from..][..compared].iter().map(|s| s * s).sum();
    for lag in from..=to {
        let past = &source[start - lag..][..compared];
        let product: f32 = past.iter().zip(target).map(|(a, b)| a * b).sum();
        let likeness = product / energy.max(LEAST_ENERGY * compared as f32).sqrt();
        if likeness > best_likeness {
            (best, best_likeness) = (lag, likeness);
        }
        if lag < to {
            let (enters, leaves) = (source[start - lag - 1], past[compared - 1]);
            energy = (energy + enters * enters - leaves * leaves).max(0.0);
        }
    }
    best
}

/// How the sound goes on for `count` samples when nothing excites it any more: linear prediction by the autocorrelation
/// of the last 20 ms, within the peak of the last 20 ms.
fn ringing(source: &[f32], factor: usize, count: usize, out: &mut Vec<f32>) {
    let order = ORDER * factor;
    let recent = &source[source.len() - COMPARED * factor..];
    let mut windowed = recent.to_vec();
    let length = windowed.len() as f32;
    for (n, sample) in windowed.iter_mut().enumerate() {
        // The end counts most: half a Hann window, and a short way down.
        let at = (n as f32 + 0.5) / length;
        let weight = if at < 0.9 { (at / 0.9 * std::f32::consts::FRAC_PI_2).sin() } else { (1.05 - at) / 0.15 };
        *sample *= weight * weight;
    }
    let mut autocorrelation = [0.0; MAX_ORDER + 1];
    for (lag, value) in autocorrelation.iter_mut().enumerate().take(order + 1) {
        *value = windowed.iter().zip(&windowed[lag..]).map(|(a, b)| a * b).sum();
    }
    autocorrelation[0] = autocorrelation[0] * 1.000_1 + LEAST_ENERGY;
    let coefficients = predictor(&autocorrelation, order);
    let peak = recent.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    out.clear();
    for n in 0..count {
        let past = |back: usize| if back <= n { out[n - back] } else { recent[recent.len() + n - back] };
        let next: f32 = (1..=order).map(|back| coefficients[back - 1] * past(back)).sum();
        out.push(next.clamp(-peak, peak));
    }
}

/// Levinson-Durbin: coefficients of the best linear prediction from the samples before.
fn predictor(autocorrelation: &[f32; MAX_ORDER + 1], order: usize) -> [f32; MAX_ORDER] {
    let mut coefficients = [0.0; MAX_ORDER];
    let mut error = autocorrelation[0];
    for n in 0..order {
        let known: f32 = (0..n).map(|k| coefficients[k] * autocorrelation[n - k]).sum();
        let reflection = (autocorrelation[n + 1] - known) / error;
        // Beyond what the arithmetic can tell apart (NaN too): the prediction so far has to do.
        if reflection.abs().partial_cmp(&1.0) != Some(std::cmp::Ordering::Less) {
            break;
        }
        let before = coefficients;
        for k in 0..n {
            coefficients[k] = before[k] - reflection * before[n - 1 - k];
        }
        coefficients[n] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    coefficients
}

fn round(value: f32) -> i16 {
    // `as` saturates.
    value.round() as i16
}

#[cfg(test)]
mod tests;
