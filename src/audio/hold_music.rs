//! What is heard while somebody fetches somebody: a short loop of music, played over and over without a seam.
//!
//! Owns: the loop that comes with the agent (made here, note by note, so that it is nobody's), the level of any loop. Must
//! not know: files, when it is played.

use std::f64::consts::TAU;
use std::sync::{Arc, LazyLock};

use super::level::normalise_loudness;
use super::resample::{self, ResampleError};
use super::{FRAME_SAMPLES, LINE_RATE, WIDE_FRAME_SAMPLES, WIDE_RATE};

/// Below the voice, so that who comes back on the line is not drowned; no peak above −12 dBFS.
const LEVEL_DBFS: f32 = -28.0;
const CEILING_DBFS: f32 = -12.0;

/// Length of a note of the built-in loop, s: eighths at 80 beats a minute.
const NOTE: f64 = 0.375;
/// It fades to a third in this time, s.
const DECAY: f64 = 0.55;
/// The built-in loop: broken chords of C, A minor, F and G (MIDI note numbers), 12 s.
const NOTES: [u8; 32] = [
    60, 64, 67, 72, 76, 72, 67, 64, 57, 60, 64, 69, 72, 69, 64, 60, 53, 57, 60, 65, 69, 65, 60, 57, 55, 59, 62, 67, 71,
    67, 62, 59,
];

/// A loop of music at both rates of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldMusic {
    narrow: Arc<[i16]>,
    wide: Arc<[i16]>,
}

static BUILT_IN: LazyLock<HoldMusic> = LazyLock::new(|| {
    let wide = normalise_loudness(&compose(), WIDE_RATE, LEVEL_DBFS, CEILING_DBFS);
    // Every tone of it lies below 2 kHz: every second sample is the same music.
    let narrow: Vec<i16> = wide.iter().step_by(2).copied().collect();
    HoldMusic { narrow: narrow.into(), wide: wide.into() }
});

impl HoldMusic {
    /// The loop that comes with the agent.
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// Another loop, mono at any rate, brought to the same level; `None` when it is shorter than a second or silent.
    ///
    /// # Errors
    /// Of a rate that can't be converted.
    pub fn new(samples: &[i16], rate: u32) -> Result<Option<Self>, ResampleError> {
        let wide = resample::resample_i16(samples, rate, WIDE_RATE)?;
        let whole = wide.len() / WIDE_FRAME_SAMPLES * WIDE_FRAME_SAMPLES;
        if whole < WIDE_RATE as usize || wide.iter().all(|sample| sample.unsigned_abs() < 16) {
            return Ok(None);
        }
        let wide = normalise_loudness(&wide[..whole], WIDE_RATE, LEVEL_DBFS, CEILING_DBFS);
        let mut narrow = resample::resample_i16(&wide, WIDE_RATE, LINE_RATE)?;
        narrow.resize(whole / 2, 0);
        Ok(Some(Self { narrow: narrow.into(), wide: wide.into() }))
    }

    /// Its 20 ms number `n`, at 8 kHz.
    pub fn line(&self, n: u64) -> [i16; FRAME_SAMPLES] {
        frame(&self.narrow, n)
    }

    /// The same at 16 kHz.
    pub fn wide(&self, n: u64) -> [i16; WIDE_FRAME_SAMPLES] {
        frame(&self.wide, n)
    }
}

fn frame<const N: usize>(samples: &[i16], n: u64) -> [i16; N] {
    let frames = (samples.len() / N).max(1) as u64;
    let start = (n % frames) as usize * N;
    std::array::from_fn(|index| samples.get(start + index).copied().unwrap_or(0))
}

/// Soft struck notes; those at the end ring on at the beginning.
fn compose() -> Vec<i16> {
    let rate = f64::from(WIDE_RATE);
    let length = (NOTES.len() as f64 * NOTE * rate) as usize;
    let mut mix = vec![0.0; length];
    for (index, note) in NOTES.iter().enumerate() {
        let start = (index as f64 * NOTE * rate) as usize;
        let frequency = 440.0 * 2f64.powf((f64::from(*note) - 69.0) / 12.0);
        for n in 0..(4.0 * DECAY * rate) as usize {
            let t = n as f64 / rate;
            let envelope = (t / 0.012).min(1.0) * (-t / (DECAY / 1.1)).exp() * (1.0 - t / (4.0 * DECAY));
            let angle = TAU * frequency * t;
            let tone = angle.sin() + 0.3 * (2.0 * angle).sin() + 0.1 * (3.0 * angle).sin();
            mix[(start + n) % length] += 4_000.0 * envelope * tone;
        }
    }
    mix.into_iter().map(|sample: f64| sample.round().clamp(-32_768.0, 32_767.0) as i16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{active_level_dbfs, peak_dbfs, rms_dbfs};
    use crate::audio::signals::tone;

    fn heard(music: &HoldMusic, frames: u64) -> (Vec<i16>, Vec<i16>) {
        ((0..frames).flat_map(|n| music.line(n)).collect(), (0..frames).flat_map(|n| music.wide(n)).collect())
    }

    #[test]
    fn it_is_as_loud_as_it_should_be_at_both_rates() {
        let (narrow, wide) = heard(&HoldMusic::built_in(), 600);
        for (samples, rate) in [(narrow, LINE_RATE), (wide, WIDE_RATE)] {
            assert!((active_level_dbfs(&samples, rate) - LEVEL_DBFS).abs() < 0.5);
            assert!(peak_dbfs(&samples) <= CEILING_DBFS + 0.1);
        }
    }

    #[test]
    fn it_goes_on_without_a_seam_or_a_pause() {
        let (narrow, _) = heard(&HoldMusic::built_in(), 1_800);
        let steps = |samples: &[i16]| samples.windows(2).map(|w| (w[1] - w[0]).unsigned_abs()).max();
        let seams: Vec<i16> = narrow[95_000..97_000].to_vec();
        assert!(steps(&seams) <= steps(&narrow[..95_000]), "the end meets the beginning");
        for stretch in narrow.chunks(4_000) {
            assert!(rms_dbfs(stretch) > LEVEL_DBFS - 8.0, "no dead air");
        }
    }

    #[test]
    fn another_loop_is_brought_to_the_same_level() {
        let own = HoldMusic::new(&tone(44_100, 440.0, -3.1, 3_000), 44_100).unwrap().unwrap();
        let (narrow, _) = heard(&own, 140);
        assert!((rms_dbfs(&narrow) - LEVEL_DBFS).abs() < 0.5, "{}", rms_dbfs(&narrow));
        assert_eq!(HoldMusic::new(&[0; 80_000], 8_000).unwrap(), None, "silence is no music");
        assert_eq!(HoldMusic::new(&tone(8_000, 440.0, -20.0, 500), 8_000).unwrap(), None, "too short");
    }
}
