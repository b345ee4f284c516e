//! The samples of an utterance.
//!
//! Owns: what was said so far, once in memory however often it is given to somebody. Must not know: what is speech.

use std::sync::Arc;

/// Room for what comes is made in steps, samples: 250 ms at 16 kHz. Doubling would leave half of it empty.
const STEP: usize = 4_000;

pub(super) struct Recording {
    /// Shared with whoever has been given it.
    told: Arc<[i16]>,
    /// What came since.
    since: Vec<i16>,
}

impl Recording {
    pub fn new(samples: Vec<i16>) -> Self {
        Self { told: Arc::default(), since: samples }
    }

    pub fn len(&self) -> usize {
        self.told.len() + self.since.len()
    }

    pub fn extend(&mut self, samples: &[i16]) {
        if self.since.capacity() - self.since.len() < samples.len() {
            self.since.reserve_exact(samples.len().max(STEP));
        }
        self.since.extend_from_slice(samples);
    }

    /// The first so many samples, to be given to somebody.
    pub fn tell(&mut self, length: usize) -> Arc<[i16]> {
        let length = length.min(self.len());
        if length != self.told.len() {
            let (told, since) = (&self.told, &self.since);
            let before = length.min(told.len());
            let now = told[..before].iter().chain(&since[..length - before]).copied().collect();
            let rest = told[before..].iter().chain(&since[length - before..]).copied().collect();
            (self.told, self.since) = (now, rest);
        }
        self.told.clone()
    }

    /// The last so many samples.
    pub fn last(&self, length: usize) -> impl Iterator<Item = i16> {
        let all = self.told.iter().chain(&self.since).copied();
        all.skip(self.len().saturating_sub(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_kept_once_and_nothing_is_lost() {
        let all: Vec<i16> = (0..9_000).collect();
        let mut recording = Recording::new(all[..500].to_vec());
        recording.extend(&all[500..3_000]);
        let first = recording.tell(2_000);
        assert_eq!((&first[..], recording.len()), (&all[..2_000], 3_000));
        assert!(Arc::ptr_eq(&first, &recording.tell(2_000)), "not copied again");
        recording.extend(&all[3_000..]);
        assert_eq!(recording.tell(8_500)[..], all[..8_500]);
        // Less than before: what is behind it is not forgotten.
        assert_eq!(recording.tell(100)[..], all[..100]);
        assert!(recording.last(7_000).eq(all[2_000..].iter().copied()));
        assert_eq!(recording.tell(100_000)[..], all[..]);
        assert_eq!(first[..], all[..2_000], "whoever was given it still has it");
        assert!(recording.last(100_000).eq(all.iter().copied()) && recording.last(0).count() == 0);
    }

    #[test]
    fn room_is_made_in_steps() {
        let mut recording = Recording::new(Vec::new());
        for n in 1..=1_000 {
            recording.extend(&[7; 160]);
            assert!(recording.len() == 160 * n && recording.since.capacity() <= recording.since.len() + STEP);
        }
    }
}
