//! What foretells an echo whose delay is known.
//!
//! Owns: the taps, how they are learnt, and whether they are of use. Must not know: how the delay was found, what is done with
//! what is left.

use super::delay::EARLIEST;
use super::history::{History, SAMPLES};
use super::{FAINT, LEAK, RINGING, RINGING_ROOM, ROOM_LEAK, dot};
use crate::audio::FRAME_SAMPLES;

/// Taps of a filter, 16 ms, and how many of them lie before the delay found.
const TAPS: usize = 128;
const BEFORE: usize = 24;
const STEP: f32 = 0.5;
/// Power below which a filter learns nothing: about -66 dBFS.
const LEAST_POWER: f32 = 270.0;
/// The learning filter is better when it leaves so much less, twice in a row.
const BETTER: f32 = 0.7;
/// And has gone astray when it leaves so much more.
const ASTRAY: f32 = 2.0;
/// A filter works when it takes out this much at least (4 dB).
const USEFUL: f32 = 0.4;
/// One that adds sound in so many frames begins anew.
const HARMFUL_FRAMES: u32 = 4;
/// Energy of a filter's taps: no echo is 3 dB louder than what was sent.
const LOUDEST: f32 = 2.0;

#[derive(Debug)]
pub(super) struct Filters {
    /// Delay of the middle, in samples at 4 kHz, from the earliest.
    pub delay: usize,
    working: [f32; TAPS],
    learning: [f32; TAPS],
    /// The working filter has been of use.
    pub proven: bool,
    better: u32,
    /// Frames in a row to which the working filter has added sound.
    harmful: u32,
    /// Frames since the working filter was last of use.
    pub useless: u32,
    /// What the echo leaves of itself, as a share of its power.
    pub leak: f32,
    pub echo: f32,
}

impl Filters {
    pub fn new(delay: usize) -> Self {
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
    pub fn start(&self, behind: i64) -> i64 {
        let delay = 2 * (self.delay as i64 - EARLIEST as i64);
        behind + delay
    }

    /// How much of the echo's power of one frame may be heard in the next.
    pub fn ringing(&self) -> f32 {
        if self.leak > ROOM_LEAK { RINGING_ROOM } else { RINGING }
    }

    /// What is left of a frame, its power, and that of the echo foretold; learns.
    pub fn run(
        &mut self,
        frame: &[i16; FRAME_SAMPLES],
        came: f32,
        sent: &History,
        start: i64,
    ) -> ([i16; FRAME_SAMPLES], f32, f32) {
        // The middle of the filter sees the sample that went out so long before the frame's own.
        let origin = SAMPLES as i64 - start;
        let mut window = [0.0f32; FRAME_SAMPLES + TAPS];
        sent.copy(origin + (BEFORE + 1) as i64 - TAPS as i64, &mut window);
        let mut energy = window.first_chunk::<TAPS>().map_or(0.0, |first| dot(first, first));
        let (mut residual, mut left, mut learnt, mut echo) = ([0; FRAME_SAMPLES], 0.0, 0.0, 0.0);
        for n in 0..FRAME_SAMPLES {
            let Some(past) = window[n..].first_chunk::<TAPS>() else { break };
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
