//! The noise floor of the line, by minimum statistics.
//!
//! Owns: the quietest 20 ms of the last two seconds. Must not know: what is speech. Speech has gaps at least that
//! often; steady noise has none, so the floor rises to it within two seconds.

/// Level assumed while less than two seconds have been heard: a line with a modest room behind it, dBFS.
const ASSUMED_DBFS: f32 = -50.0;
/// Below this a line is simply quiet: G.711's own idle noise, comfort noise, digital silence, dBFS.
const LOWEST_DBFS: f32 = -62.0;
/// Eight blocks of twelve frames: 1.92 s.
const BLOCKS: usize = 8;
const FRAMES_PER_BLOCK: usize = 12;

#[derive(Debug)]
pub(super) struct NoiseFloor {
    /// Minimum of each block; the one at `block` is under way.
    minima: [f32; BLOCKS],
    block: usize,
    frames: usize,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { minima: [ASSUMED_DBFS; BLOCKS], block: 0, frames: 0 }
    }
}

impl NoiseFloor {
    /// Takes the level of the next frame; gives the floor, both in dBFS.
    pub fn handle_frame(&mut self, level: f32) -> f32 {
        if self.frames == FRAMES_PER_BLOCK {
            self.frames = 0;
            self.block = (self.block + 1) % BLOCKS;
            self.minima[self.block] = level;
        }
        self.frames += 1;
        self.minima[self.block] = self.minima[self.block].min(level);
        self.minima.into_iter().fold(f32::INFINITY, f32::min).max(LOWEST_DBFS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_noise_up_within_two_seconds_and_down_at_once() {
        let mut floor = NoiseFloor::default();
        assert_eq!(floor.handle_frame(-30.0), ASSUMED_DBFS);
        let after: Vec<f32> = (0..100).map(|_| floor.handle_frame(-30.0)).collect();
        assert_eq!(after[99], -30.0);
        assert_eq!(floor.handle_frame(-45.0), -45.0);
        assert_eq!(floor.handle_frame(-100.0), LOWEST_DBFS);
    }

    #[test]
    fn speech_with_gaps_does_not_raise_it() {
        let mut floor = NoiseFloor::default();
        for n in 0..1_000 {
            let level = if n % 60 == 0 { -55.0 } else { -20.0 };
            let now = floor.handle_frame(level);
            assert!(now <= -50.0, "frame {n}: {now}");
        }
    }
}
