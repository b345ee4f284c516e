//! What the line sends back of our own voice, taken out of what the caller says.
//!
//! Owns: the delay of the echo, a filter that foretells it, and the judgement whether anything else is heard.
//! Must not know: packets, turns, what is being said.
//!
//! Three steps, each cheap and bounded (figures in `docs/audio.md`):
//! 1. **Delay**, from -100 to 400 ms: correlation of what came with what was sent, both at 4 kHz and whitened, with a
//!    memory of a third of a second. A delay counts once it has been the best for some frames. Negative delays are those
//!    of a receiver that runs behind the sender.
//! 2. **Filter**: 16 ms around that delay, by normalised least mean squares. Two of them (Ochiai 1977): one always learns,
//!    the other works and takes over what the first has learnt only when that is better, so that a caller who speaks at
//!    the same time spoils nothing.
//! 3. **Judgement**: what remains is the caller when it exceeds what the echo usually leaves; else it is lowered to the
//!    line's noise, so that no voice detector takes it for speech. Until a filter works, sound that resembles what was
//!    sent is held back, all else passes.
//!
//! Without echo nothing is changed, and while the line is quiet next to nothing computed. Memory: 43 kB a call.

use super::FRAME_SAMPLES;

/// What was sent, kept for the delay, 20 ms a frame: 800 ms.
const KEPT: usize = 40 * FRAME_SAMPLES;
/// Searched delays, in samples at 4 kHz, from -100 to 400 ms.
const EARLIEST: usize = 400;
const LAGS: usize = EARLIEST + 1_600;
const HALF_FRAME: usize = FRAME_SAMPLES / 2;
/// Whitening: first difference, nearly.
const EMPHASIS: f32 = 0.9;
/// Memory of the correlation, a frame.
const MEMORY: f32 = 0.94;
/// Resemblance (squared coherence) of an echo whose delay can be believed …
const BELIEVED: f32 = 0.2;
/// … for so many frames.
const BELIEVED_FRAMES: u32 = 4;
/// Resemblance of what is held back while no filter works.
const SUSPECTED: f32 = 0.3;
/// And where the delay is known already.
const EXPECTED: f32 = 0.08;
/// Delays this near are the same, in samples at 4 kHz (1 ms).
const SAME_DELAY: usize = 4;
/// With a filter at work the delay is looked at every so many frames only.
const SEARCH_EVERY: u32 = 4;

/// Taps of a filter, 16 ms, and how many of them lie before the delay found.
const TAPS: usize = 128;
const BEFORE: usize = 24;
const STEP: f32 = 0.5;
/// Power below which a filter learns nothing: about -66 dBFS.
const LEAST_POWER: f32 = 270.0;

/// Below this nothing needs to be taken out, and no delay is looked for: -58 dBFS.
const FAINT: f32 = 1_700.0;
/// The learning filter is better when it leaves so much less, twice in a row.
const BETTER: f32 = 0.7;
/// And has gone astray when it leaves so much more.
const ASTRAY: f32 = 2.0;
/// A filter works when it takes out this much at least (4 dB).
const USEFUL: f32 = 0.4;
/// One that has not been of use for so long (500 ms of sound) gives way to another delay.
const USELESS_FRAMES: u32 = 25;
/// One that adds sound in so many frames begins anew.
const HARMFUL_FRAMES: u32 = 4;
/// Energy of a filter's taps: no echo is 3 dB louder than what was sent.
const LOUDEST: f32 = 2.0;
/// What an echo leaves of itself (power): at first, at best, at worst; how fast that is learnt, and forgotten.
const LEAK: f32 = 0.25;
const LEAK_BEST: f32 = 0.01;
const LEAK_WORST: f32 = 0.5;
const LEARNT: f32 = 0.1;
const FORGOTTEN: f32 = 1.004;
/// The caller is this much above it (6 dB).
const ABOVE: f32 = 4.0;
/// The echo's power rings on, a frame, in the room behind the line.
const RINGING: f32 = 0.25;

/// Takes our own voice out of one call's incoming audio. 8 kHz, frames of 20 ms.
#[derive(Debug)]
pub struct EchoCanceller {
    /// What was sent, latest last, and the same at 4 kHz, whitened.
    sent: Vec<i16>,
    sent_coarse: Vec<f32>,
    /// Last sample at 4 kHz of either direction, before whitening.
    sent_last: f32,
    received_last: f32,
    /// Frames so far in each direction.
    sent_frames: u64,
    received_frames: u64,
    /// Frames sent since the last one with sound.
    silent: u32,
    search: Search,
    filters: Option<Filters>,
    /// Lowest power of late: the line's noise.
    noise: f32,
}

#[derive(Debug)]
struct Search {
    products: Vec<f32>,
    energies: Vec<f32>,
    energy: f32,
    /// The best delay and how much it resembles.
    best: usize,
    resemblance: f32,
    /// Frames for which it has been the best.
    stable: u32,
    skipped: u32,
}

#[derive(Debug)]
struct Filters {
    /// Delay of the middle, in samples at 4 kHz, from the earliest.
    delay: usize,
    working: [f32; TAPS],
    learning: [f32; TAPS],
    /// The working filter has been of use.
    proven: bool,
    better: u32,
    /// Frames in a row to which the working filter has added sound.
    harmful: u32,
    /// Frames since the working filter was last of use.
    useless: u32,
    /// What the echo leaves of itself, as a share of its power.
    leak: f32,
    echo: f32,
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self {
            sent: vec![0; KEPT],
            sent_coarse: vec![0.0; KEPT / 2],
            sent_last: 0.0,
            received_last: 0.0,
            sent_frames: 0,
            received_frames: 0,
            silent: u32::MAX,
            search: Search {
                products: vec![0.0; LAGS],
                energies: vec![0.0; LAGS],
                energy: 0.0,
                best: 0,
                resemblance: 0.0,
                stable: 0,
                skipped: 0,
            },
            filters: None,
            noise: FAINT,
        }
    }
}

impl EchoCanceller {
    /// What goes out in this tick; silence when nothing does.
    pub fn sent(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.sent.copy_within(FRAME_SAMPLES.., 0);
        self.sent[KEPT - FRAME_SAMPLES..].copy_from_slice(frame);
        let coarse = whitened(frame, &mut self.sent_last);
        self.sent_coarse.copy_within(HALF_FRAME.., 0);
        self.sent_coarse[KEPT / 2 - HALF_FRAME..].copy_from_slice(&coarse);
        self.sent_frames += 1;
        self.silent = if power(frame) > FAINT { 0 } else { self.silent.saturating_add(1) };
    }

    /// An echo has been found in this call.
    pub fn is_active(&self) -> bool {
        self.filters.is_some()
    }

    /// The next frame that came, in playing order; changed where it holds our voice.
    pub fn received(&mut self, frame: &mut [i16; FRAME_SAMPLES]) {
        self.received_frames += 1;
        let behind = self.behind();
        let came = power(frame);
        let coarse = whitened(frame, &mut self.received_last);
        self.noise = if came < self.noise { came.max(1.0) } else { self.noise * 1.01 };
        // Nothing was sent that could still come back.
        if self.silent > (KEPT / FRAME_SAMPLES) as u32 {
            return;
        }
        if came > FAINT {
            self.look_for_delay(&coarse, behind);
        }
        let Some(filters) = &mut self.filters else {
            if came > FAINT && self.search.resemblance > SUSPECTED && self.search.stable > 0 {
                lower(frame, came, self.noise);
            }
            return;
        };
        let start = filters.start(behind);
        let (residual, left, echo) = filters.run(frame, came, &self.sent, start);
        // What the last frames' echo leaves rings on a little.
        filters.echo = echo.max(filters.echo * RINGING);
        if !filters.proven {
            let there = self.search.best.abs_diff(filters.delay) <= SAME_DELAY;
            if came > FAINT && self.search.resemblance > if there { EXPECTED } else { SUSPECTED } {
                lower(frame, came, self.noise);
            }
            return;
        }
        *frame = residual;
        // No echo to speak of.
        if filters.echo < self.noise {
            return;
        }
        let usual = filters.leak * filters.echo + self.noise;
        if left > ABOVE * usual {
            filters.leak = (filters.leak * FORGOTTEN).min(LEAK_WORST);
        } else {
            if echo > FAINT {
                let share = (left / echo).clamp(LEAK_BEST, LEAK_WORST);
                filters.leak += LEARNT * (share - filters.leak);
            }
            lower(frame, left, self.noise);
        }
    }

    /// Samples at 8 kHz by which the frame that has just come is behind the last one sent.
    fn behind(&mut self) -> i64 {
        let frames = self.sent_frames as i64 - (self.received_frames - 1) as i64;
        // As many have come as were sent, but for what jitter holds back or brings at once. Else the count is moved.
        if !(-12..=16).contains(&frames) {
            self.received_frames = self.sent_frames + 1;
            return 0;
        }
        frames * FRAME_SAMPLES as i64
    }

    fn look_for_delay(&mut self, coarse: &[f32; HALF_FRAME], behind: i64) {
        let search = &mut self.search;
        let working = self.filters.as_ref().is_some_and(|filters| filters.proven);
        search.skipped += 1;
        if working && search.skipped < SEARCH_EVERY {
            return;
        }
        search.skipped = 0;
        search.take(coarse, &self.sent_coarse, behind / 2);
        if search.stable < BELIEVED_FRAMES || search.resemblance < BELIEVED {
            return;
        }
        let known = self.filters.as_ref().is_some_and(|filters| {
            filters.delay.abs_diff(search.best) <= SAME_DELAY || filters.proven && filters.useless < USELESS_FRAMES
        });
        if !known {
            self.filters = Some(Filters::new(search.best));
        }
    }
}

impl Search {
    /// Correlates a frame with what was sent at all delays.
    fn take(&mut self, frame: &[f32; HALF_FRAME], sent: &[f32], behind: i64) {
        let own: f32 = frame.iter().map(|s| s * s).sum();
        self.energy = self.energy * MEMORY + own;
        let mut best = (0, 0.0);
        let mut energy = None;
        for lag in 0..LAGS {
            let Some(at) = place(sent.len(), behind, HALF_FRAME, lag) else {
                // Not sent yet, or too long ago.
                self.products[lag] *= MEMORY;
                self.energies[lag] *= MEMORY;
                energy = None;
                continue;
            };
            let past = &sent[at..at + HALF_FRAME];
            let power = match energy {
                None => past.iter().map(|s| s * s).sum::<f32>(),
                Some(before) => {
                    let left = sent[at + HALF_FRAME];
                    f32::max(before + past[0] * past[0] - left * left, 0.0)
                }
            };
            energy = Some(power);
            self.products[lag] = self.products[lag] * MEMORY + dot(past, frame);
            self.energies[lag] = self.energies[lag] * MEMORY + power;
            let scale = self.energies[lag] * self.energy;
            let resemblance = self.products[lag] * self.products[lag] / scale.max(1.0);
            // Sent sound that is much fainter than what came can't be its origin, however alike.
            if resemblance > best.1 && self.energies[lag] * 2.0 > self.energy {
                best = (lag, resemblance);
            }
        }
        let same = best.0.abs_diff(self.best) <= SAME_DELAY;
        self.stable = if same { self.stable.saturating_add(1) } else { 0 };
        (self.best, self.resemblance) = best;
    }
}

impl Filters {
    fn new(delay: usize) -> Self {
        Self {
            delay,
            working: [0.0; TAPS],
            learning: [0.0; TAPS],
            proven: false,
            better: 0,
            harmful: 0,
            useless: 0,
            leak: LEAK,
            echo: 0.0,
        }
    }

    /// How far before the end of what was sent the first sample for this frame lies.
    fn start(&self, behind: i64) -> i64 {
        let delay = 2 * (self.delay as i64 - EARLIEST as i64);
        behind + delay
    }

    /// What is left of a frame, its power, and that of the echo foretold; learns.
    fn run(
        &mut self,
        frame: &[i16; FRAME_SAMPLES],
        came: f32,
        sent: &[i16],
        start: i64,
    ) -> ([i16; FRAME_SAMPLES], f32, f32) {
        // sent[origin + n] is what the middle of the filter sees with sample n.
        let origin = sent.len() as i64 - start;
        let mut window = [0.0f32; FRAME_SAMPLES + TAPS];
        for (n, sample) in window.iter_mut().enumerate() {
            let at = origin + n as i64 + BEFORE as i64 - TAPS as i64 + 1;
            *sample = usize::try_from(at).ok().and_then(|at| sent.get(at)).copied().map_or(0.0, f32::from);
        }
        let mut energy: f32 = window[..TAPS].iter().map(|s| s * s).sum();
        let (mut residual, mut left, mut learnt, mut echo) = ([0; FRAME_SAMPLES], 0.0, 0.0, 0.0);
        for n in 0..FRAME_SAMPLES {
            let past = &window[n..n + TAPS];
            let sample = f32::from(frame[n]);
            let foretold = dot(past, &self.working);
            let rest = sample - foretold;
            let error = sample - dot(past, &self.learning);
            let step = STEP * error / (energy + TAPS as f32 * LEAST_POWER);
            for (tap, sample) in self.learning.iter_mut().zip(past) {
                *tap += step * sample;
            }
            residual[n] = rest.round() as i16;
            left += rest * rest;
            learnt += error * error;
            echo += foretold * foretold;
            energy = f32::max(energy + window[n + TAPS] * window[n + TAPS] - past[0] * past[0], 0.0);
        }
        let count = FRAME_SAMPLES as f32;
        let (left, learnt, echo) = (left / count, learnt / count, echo / count);
        self.compare(came, left, learnt);
        // A filter that adds sound is no help: the frame stays.
        if left > came { (*frame, came, echo.min(came)) } else { (residual, left, echo) }
    }

    fn compare(&mut self, came: f32, left: f32, learnt: f32) {
        if came < FAINT {
            return;
        }
        self.useless = if left < USEFUL * came { 0 } else { self.useless.saturating_add(1) };
        self.better = if learnt < BETTER * left && learnt < USEFUL * came { self.better + 1 } else { 0 };
        self.harmful = if left > came { self.harmful + 1 } else { 0 };
        if self.harmful >= HARMFUL_FRAMES {
            // It had learnt the caller's voice, or the echo has changed.
            *self = Self { useless: self.useless, ..Self::new(self.delay) };
        } else if self.better >= 2 && dot(&self.learning, &self.learning) < LOUDEST {
            self.working = self.learning;
            self.proven = true;
            self.better = 0;
        } else if learnt > ASTRAY * left {
            self.learning = self.working;
        }
    }
}

/// Where in what was sent the stretch begins that a frame of `length` meets with this lag.
fn place(kept: usize, behind: i64, length: usize, lag: usize) -> Option<usize> {
    // Lag EARLIEST means no delay: the frame that goes out in the tick of the one that came, which is not there yet.
    let at = usize::try_from((kept + EARLIEST) as i64 - behind - lag as i64).ok()?;
    (at + length <= kept).then_some(at)
}

/// To 4 kHz, and flatter: neighbouring pairs, then nearly the difference.
fn whitened(frame: &[i16; FRAME_SAMPLES], last: &mut f32) -> [f32; HALF_FRAME] {
    let mut out = [0.0; HALF_FRAME];
    for (value, pair) in out.iter_mut().zip(frame.as_chunks::<2>().0) {
        let sample = 0.5 * (f32::from(pair[0]) + f32::from(pair[1]));
        *value = sample - EMPHASIS * *last;
        *last = sample;
    }
    out
}

/// Brings a frame of this power down to the line's noise.
fn lower(frame: &mut [i16; FRAME_SAMPLES], power: f32, noise: f32) {
    let gain = (noise / power.max(1.0)).sqrt().min(1.0);
    for sample in frame {
        *sample = (f32::from(*sample) * gain) as i16;
    }
}

fn power(frame: &[i16; FRAME_SAMPLES]) -> f32 {
    frame.iter().map(|&s| f32::from(s) * f32::from(s)).sum::<f32>() / FRAME_SAMPLES as f32
}

/// In eight sums, so that it can be vectorised.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for n in 0..8 {
            sums[n] += a[n] * b[n];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
