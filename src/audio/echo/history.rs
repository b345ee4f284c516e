//! What was sent of late, for what may come back of it.
//!
//! Owns: the last 800 ms, as they are and as the search wants them. Must not know: delays, filters.

use crate::audio::FRAME_SAMPLES;

/// Frames kept: 800 ms.
pub(super) const FRAMES: usize = 40;
/// The same in samples, and in samples at 4 kHz.
pub(super) const SAMPLES: usize = FRAMES * FRAME_SAMPLES;
pub(super) const COARSE: usize = SAMPLES / 2;
pub(super) const COARSE_FRAME: usize = FRAME_SAMPLES / 2;
/// Whitening: first difference, nearly.
const EMPHASIS: f32 = 0.9;

/// Nothing is kept while nothing but silence was sent.
#[derive(Debug, Default)]
pub(super) struct History {
    /// A ring: empty, or of [`FRAMES`].
    frames: Vec<[i16; FRAME_SAMPLES]>,
    oldest: usize,
}

impl History {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The latest frame takes the place of the oldest.
    pub fn push(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        if self.frames.is_empty() {
            self.frames = vec![[0; FRAME_SAMPLES]; FRAMES];
        }
        self.frames[self.oldest] = *frame;
        self.oldest = (self.oldest + 1) % FRAMES;
    }

    /// All of it was silence: its memory is given back.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Samples from `start` on, which counts from the oldest; silence beyond both ends.
    pub fn copy(&self, start: i64, out: &mut [f32]) {
        out.fill(0.0);
        for (frame, begins) in self.in_order().zip((0..).step_by(FRAME_SAMPLES)) {
            // Where in `out` the frame begins, and what of it lies there.
            let place: i64 = begins - start;
            let within = |at: i64| at.clamp(0, FRAME_SAMPLES as i64) as usize;
            let (from, to) = (within(-place), within(out.len() as i64 - place));
            if from < to {
                let at = (place + from as i64) as usize;
                out[at..].iter_mut().zip(&frame[from..to]).for_each(|(out, sample)| *out = f32::from(*sample));
            }
        }
    }

    /// All of it at 4 kHz, whitened.
    pub fn coarse(&self, out: &mut [f32; COARSE]) {
        out.fill(0.0);
        let mut last = 0.0;
        for (frame, out) in self.in_order().zip(out.as_chunks_mut().0) {
            *out = whitened(frame, last);
            last = last_coarse(frame);
        }
    }

    /// The oldest first.
    fn in_order(&self) -> impl Iterator<Item = &[i16; FRAME_SAMPLES]> {
        let (newer, older) = self.frames.split_at(self.oldest);
        older.iter().chain(newer)
    }
}

/// To 4 kHz, and flatter: neighbouring pairs, then nearly the difference. `last`: [`last_coarse`] of the frame before.
pub(super) fn whitened(frame: &[i16; FRAME_SAMPLES], mut last: f32) -> [f32; COARSE_FRAME] {
    let pairs = frame.as_chunks::<2>().0;
    std::array::from_fn(|n| {
        let sample = halved(pairs[n]);
        sample - EMPHASIS * std::mem::replace(&mut last, sample)
    })
}

/// What whitening the next frame begins with.
pub(super) fn last_coarse(frame: &[i16; FRAME_SAMPLES]) -> f32 {
    frame.as_chunks().0.last().copied().map_or(0.0, halved)
}

fn halved([first, second]: [i16; 2]) -> f32 {
    0.5 * (f32::from(first) + f32::from(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::LINE_RATE;
    use crate::audio::signals::speech;

    #[test]
    fn the_last_800_ms_are_kept_in_order() {
        let sound = speech(LINE_RATE, -20.0, 1_500, 1);
        let mut history = History::default();
        let mut copied = [1.0; 500];
        history.copy(-50, &mut copied);
        assert!(history.is_empty() && copied == [0.0; 500], "nothing was sent");
        sound.as_chunks().0.iter().for_each(|frame| history.push(frame));
        let kept: Vec<f32> = sound[sound.len() - SAMPLES..].iter().map(|&s| f32::from(s)).collect();
        history.copy(-50, &mut copied);
        assert!(copied[..50] == [0.0; 50] && copied[50..] == kept[..450]);
        history.copy(SAMPLES as i64 - 450, &mut copied);
        assert!(copied[450..] == [0.0; 50] && copied[..450] == kept[SAMPLES - 450..]);
        history.forget();
        assert!(history.is_empty());
    }

    #[test]
    fn whitening_goes_on_from_frame_to_frame() {
        let sound = speech(LINE_RATE, -20.0, 1_000, 2);
        let mut history = History::default();
        sound.as_chunks().0.iter().for_each(|frame| history.push(frame));
        let mut coarse = [0.0; COARSE];
        history.coarse(&mut coarse);
        let kept = &sound[sound.len() - SAMPLES..];
        let pair = |n: usize| 0.5 * (f32::from(kept[2 * n]) + f32::from(kept[2 * n + 1]));
        for (n, sample) in coarse.iter().enumerate().skip(1) {
            assert_eq!(*sample, pair(n) - EMPHASIS * pair(n - 1), "{n}");
        }
    }
}
