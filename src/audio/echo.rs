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
//! Without echo nothing is changed, and while the line is quiet next to nothing computed. Memory: 13 kB while our voice can
//! come back, 8 kB from the first sound on that came meanwhile, 1 kB where there is an echo.

mod delay;
mod filter;
mod history;

use super::{FRAME_SAMPLES, level};
use delay::{SAME_DELAY, Search};
use filter::Filters;
use history::{FRAMES, History, last_coarse, whitened};

/// Resemblance (squared coherence) of an echo whose delay can be believed …
const BELIEVED: f32 = 0.2;
/// … for so many frames.
const BELIEVED_FRAMES: u32 = 4;
/// Resemblance of what is held back while no filter works.
const SUSPECTED: f32 = 0.3;
/// And where the delay is known already.
const EXPECTED: f32 = 0.08;
/// With a filter at work the delay is looked at every so many frames only.
const SEARCH_EVERY: u32 = 4;
/// Below this nothing needs to be taken out, and no delay is looked for: -58 dBFS.
const FAINT: f32 = 1_700.0;
/// A filter that has not been of use for so long (500 ms of sound) gives way to another delay.
const USELESS_FRAMES: u32 = 25;
/// What an echo leaves of itself (power): at first, at best, at worst; how fast that is learnt, and forgotten.
const LEAK: f32 = 0.25;
const LEAK_BEST: f32 = 0.01;
const LEAK_WORST: f32 = 0.5;
const LEARNT: f32 = 0.1;
const FORGOTTEN: f32 = 1.004;
/// The caller is this much above it (6 dB).
const ABOVE: f32 = 4.0;
/// The echo's power rings on, a frame, on a line …
const RINGING: f32 = 0.25;
/// … and in a room, which is longer than the filter: it leaves more than this of the echo, wherever it starts from.
const RINGING_ROOM: f32 = 0.6;
const ROOM_LEAK: f32 = 0.08;

/// Takes our own voice out of one call's incoming audio. 8 kHz, frames of 20 ms.
#[derive(Debug)]
pub struct EchoCanceller {
    history: History,
    /// Frames so far in each direction.
    sent_frames: u64,
    received_frames: u64,
    /// Frames sent since the last one with sound.
    silent: u32,
    /// Of the last frame that came, for whitening the next.
    received_last: f32,
    search: Search,
    /// Frames for which the delay was not looked at.
    skipped: u32,
    filters: Option<Box<Filters>>,
    /// Lowest power of late: the line's noise.
    noise: f32,
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self {
            history: History::default(),
            sent_frames: 0,
            received_frames: 0,
            silent: u32::MAX,
            received_last: 0.0,
            search: Search::default(),
            skipped: 0,
            filters: None,
            noise: FAINT,
        }
    }
}

impl EchoCanceller {
    /// What goes out in this tick; silence when nothing does.
    pub fn sent(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.sent_frames += 1;
        self.silent = if power(frame) > FAINT { 0 } else { self.silent.saturating_add(1) };
        if self.can_come_back() {
            self.history.push(frame);
        } else if !self.history.is_empty() {
            self.history.forget();
        }
    }

    /// Sound was sent of late.
    fn can_come_back(&self) -> bool {
        self.silent <= FRAMES as u32
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
        let last = std::mem::replace(&mut self.received_last, last_coarse(frame));
        self.noise = if came < self.noise { came.max(1.0) } else { self.noise * 1.01 };
        if !self.can_come_back() {
            return;
        }
        if came > FAINT {
            self.look_for_delay(frame, last, behind);
        }
        let Some(filters) = &mut self.filters else {
            if came > FAINT && self.search.resemblance > SUSPECTED && self.search.stable > 0 {
                lower(frame, came, self.noise);
            }
            return;
        };
        let start = filters.start(behind);
        let (residual, left, echo) = filters.run(frame, came, &self.history, start);
        // What the last frames' echo leaves rings on a little.
        filters.echo = echo.max(filters.echo * filters.ringing());
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

    fn look_for_delay(&mut self, frame: &[i16; FRAME_SAMPLES], last: f32, behind: i64) {
        let working = self.filters.as_ref().is_some_and(|filters| filters.proven);
        self.skipped += 1;
        if working && self.skipped < SEARCH_EVERY {
            return;
        }
        self.skipped = 0;
        let search = &mut self.search;
        search.take(&whitened(frame, last), &self.history, behind / 2);
        if search.stable < BELIEVED_FRAMES || search.resemblance < BELIEVED {
            return;
        }
        let known = self.filters.as_ref().is_some_and(|filters| {
            filters.delay.abs_diff(search.best) <= SAME_DELAY || filters.proven && filters.useless < USELESS_FRAMES
        });
        if !known {
            self.filters = Some(Box::new(Filters::new(search.best)));
        }
    }
}

/// Brings a frame of this power down to the line's noise.
fn lower(frame: &mut [i16; FRAME_SAMPLES], power: f32, noise: f32) {
    let gain = (noise / power.max(1.0)).sqrt().min(1.0);
    for sample in frame {
        *sample = (f32::from(*sample) * gain) as i16;
    }
}

fn power(frame: &[i16; FRAME_SAMPLES]) -> f32 {
    level::energy(frame) as f32 / FRAME_SAMPLES as f32
}

/// Of a whole number of sixteens, in as many sums, so that it can be vectorised and none waits for the one before.
#[inline]
fn dot<const LENGTH: usize>(a: &[f32; LENGTH], b: &[f32; LENGTH]) -> f32 {
    const { assert!(LENGTH.is_multiple_of(16)) };
    let mut sums = [0.0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for n in 0..16 {
            sums[n] += a[n] * b[n];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests;
