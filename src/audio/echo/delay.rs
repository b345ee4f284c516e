//! Where in what was sent an echo comes from.
//!
//! Owns: the correlation of what came with what was sent, at all delays. Must not know: what is done about an echo.

use half::bf16;

use super::dot;
use super::history::{COARSE, COARSE_FRAME, History};

/// Searched delays, in samples at 4 kHz, from -100 to 400 ms.
pub(super) const EARLIEST: usize = 400;
const LAGS: usize = EARLIEST + 1_600;
/// Memory of the correlation, a frame.
const MEMORY: f32 = 0.94;
/// Delays this near are the same, in samples at 4 kHz (1 ms).
pub(super) const SAME_DELAY: usize = 4;

/// The correlation's sums have eight bits, for they are many: rounding changes a resemblance by a hundredth of itself.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Of what came and what was sent, and of what was sent with itself, by delay. Empty before anything was searched.
    products: Vec<bf16>,
    energies: Vec<bf16>,
    /// Of what came.
    energy: f32,
    /// The best delay and how much it resembles (squared coherence).
    pub best: usize,
    pub resemblance: f32,
    /// Frames for which it has been the best.
    pub stable: u32,
}

impl Search {
    /// Correlates a frame with what was sent at all delays; it came `behind` samples at 4 kHz after the last one sent.
    pub fn take(&mut self, frame: &[f32; COARSE_FRAME], history: &History, behind: i64) {
        let mut sent = [0.0; COARSE];
        history.coarse(&mut sent);
        self.products.resize(LAGS, bf16::ZERO);
        self.energies.resize(LAGS, bf16::ZERO);
        self.energy = self.energy * MEMORY + dot(frame, frame);
        let mut best = (0, 0.0);
        let mut power = None;
        for (lag, (products, energies)) in self.products.iter_mut().zip(&mut self.energies).enumerate() {
            let at = place(behind, lag);
            let Some((at, past)) = at.and_then(|at| Some((at, sent[at..].first_chunk::<COARSE_FRAME>()?))) else {
                // Not sent yet, or too long ago.
                *products = bf16::from_f32(products.to_f32() * MEMORY);
                *energies = bf16::from_f32(energies.to_f32() * MEMORY);
                power = None;
                continue;
            };
            let now = match power {
                None => dot(past, past),
                Some(before) => {
                    let left = sent[at + COARSE_FRAME];
                    f32::max(before + past[0] * past[0] - left * left, 0.0)
                }
            };
            power = Some(now);
            let product = products.to_f32() * MEMORY + dot(past, frame);
            let energy = energies.to_f32() * MEMORY + now;
            *products = bf16::from_f32(product);
            *energies = bf16::from_f32(energy);
            let resemblance = product * product / (energy * self.energy).max(1.0);
            // Sent sound that is much fainter than what came can't be its origin, however alike.
            if resemblance > best.1 && energy * 2.0 > self.energy {
                best = (lag, resemblance);
            }
        }
        let same = best.0.abs_diff(self.best) <= SAME_DELAY;
        self.stable = if same { self.stable.saturating_add(1) } else { 0 };
        (self.best, self.resemblance) = best;
    }
}

/// Where in what was sent the stretch begins that a frame meets with this lag.
fn place(behind: i64, lag: usize) -> Option<usize> {
    // Lag EARLIEST means no delay: the frame that goes out in the tick of the one that came, which is not there yet.
    let at = usize::try_from((COARSE + EARLIEST) as i64 - behind - lag as i64).ok()?;
    (at + COARSE_FRAME <= COARSE).then_some(at)
}
