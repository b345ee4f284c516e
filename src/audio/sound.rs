//! A stretch of sound that knows its rate.

use std::sync::Arc;
use std::time::Duration;

use super::resample::{self, ResampleError};

/// Mono, shared instead of copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    pub samples: Arc<[i16]>,
    /// Hz.
    pub rate: u32,
}

impl Sound {
    pub fn new(samples: impl Into<Arc<[i16]>>, rate: u32) -> Self {
        Self { samples: samples.into(), rate }
    }

    /// This and then that, at the rate of this.
    pub fn followed_by(&self, that: &Self) -> Result<Self, ResampleError> {
        Ok(Self::new([&*self.samples, &*that.at(self.rate)?.samples].concat(), self.rate))
    }

    pub fn duration(&self) -> Duration {
        let rate = u64::from(self.rate.max(1));
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / rate)
    }

    /// The same at another rate; shared when it is at that rate already.
    pub fn at(&self, rate: u32) -> Result<Self, ResampleError> {
        if self.rate == rate {
            return Ok(self.clone());
        }
        Ok(Self::new(resample::resample_i16(&self.samples, self.rate, rate)?, rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_as_long_at_any_rate() {
        let narrow = Sound::new([5; 800], 8_000);
        let wide = narrow.at(16_000).expect("a known rate");
        assert_eq!((wide.samples.len(), wide.rate), (1_600, 16_000));
        assert_eq!(wide.duration(), narrow.duration());
        assert_eq!(narrow.duration(), Duration::from_millis(100));
        assert!(Arc::ptr_eq(&narrow.at(8_000).expect("its own").samples, &narrow.samples));
    }
}
