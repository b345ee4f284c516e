//! The mel filter bank that Whisper hears through.
//!
//! Owns: Slaney's mel scale and triangular filters normalised by area, as `librosa.filters.mel` with its defaults
//! (M. Slaney, *Auditory Toolbox*, 1998). Must not know: where the filters are stored.

/// Below this frequency the scale is linear, above it logarithmic.
const BREAK_HZ: f64 = 1000.0;
const LINEAR_HZ_PER_MEL: f64 = 200.0 / 3.0;
const BREAK_MEL: f64 = BREAK_HZ / LINEAR_HZ_PER_MEL;

/// Natural logarithm of the frequency ratio of one mel above the break.
fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}

fn to_mel(hz: f64) -> f64 {
    if hz < BREAK_HZ { hz / LINEAR_HZ_PER_MEL } else { BREAK_MEL + (hz / BREAK_HZ).ln() / log_step() }
}

fn to_hz(mel: f64) -> f64 {
    if mel < BREAK_MEL { mel * LINEAR_HZ_PER_MEL } else { BREAK_HZ * (log_step() * (mel - BREAK_MEL)).exp() }
}

/// `bands` filters over the `fft / 2 + 1` bins of an FFT of `fft` samples at `rate` Hz, band after band.
pub fn filter_bank(bands: usize, fft: usize, rate: f64) -> Vec<f32> {
    let bins = fft / 2 + 1;
    let top = to_mel(rate / 2.0);
    let edge = |index: usize| to_hz(top * index as f64 / (bands + 1) as f64);
    let mut filters = Vec::with_capacity(bands * bins);
    for band in 0..bands {
        let (low, centre, high) = (edge(band), edge(band + 1), edge(band + 2));
        let area = 2.0 / (high - low);
        for bin in 0..bins {
            let hz = rate * bin as f64 / fft as f64;
            let rising = (hz - low) / (centre - low);
            let falling = (high - hz) / (high - centre);
            filters.push((area * rising.min(falling).max(0.0)) as f32);
        }
    }
    filters
}

#[cfg(test)]
mod tests;
