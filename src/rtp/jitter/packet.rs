//! What is kept of a received packet until it is played.

use super::super::noise::ComfortNoise;
use crate::audio::codec::duration;
use crate::audio::{Codec, FRAME_SAMPLES, LINE_RATE};

/// Time in a stream of audio is counted in units of 1/8000 s, whatever the codec's clock.
pub(crate) const UNIT_RATE: u32 = LINE_RATE;
/// A frame of 20 ms, in units.
pub(crate) const FRAME_UNITS: u32 = FRAME_SAMPLES as u32;
/// Longest audio of one packet taken: 120 ms. Nobody sends more in a call.
const MAX_UNITS: u32 = 6 * FRAME_UNITS;

#[derive(Debug)]
pub(crate) struct Packet {
    /// In units of `clock`.
    pub timestamp: u32,
    /// Timestamp units a second.
    pub clock: u32,
    pub content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Audio {
        codec: Codec,
        payload: Box<[u8]>,
        /// Length in units.
        units: u32,
    },
    Noise(ComfortNoise),
    /// Holds its place in the order and is not heard: a telephone event, a payload type nobody agreed on.
    Nothing,
}

impl Content {
    /// Audio of a packet; `None` when it can't be of this codec or is too long.
    pub fn audio(codec: Codec, payload: &[u8]) -> Option<Self> {
        let samples = u64::from(duration(codec, payload)?);
        let units = samples * u64::from(UNIT_RATE) / u64::from(codec.sample_rate());
        let units = u32::try_from(units).ok().filter(|units| (1..=MAX_UNITS).contains(units))?;
        Some(Self::Audio { codec, payload: payload.into(), units })
    }

    /// Length in units.
    pub fn units(&self) -> u32 {
        match self {
            Self::Audio { units, .. } => *units,
            Self::Noise(_) | Self::Nothing => 0,
        }
    }
}

impl Packet {
    /// Units from an earlier timestamp of the same clock to this one, forward over the wrap.
    pub fn units_since(&self, earlier: u32) -> u32 {
        let distance = u64::from(self.timestamp.wrapping_sub(earlier));
        (distance * u64::from(UNIT_RATE) / u64::from(self.clock.max(1))) as u32
    }

    /// The timestamp right behind this packet.
    pub fn end(&self) -> u32 {
        let length = u64::from(self.content.units()) * u64::from(self.clock) / u64::from(UNIT_RATE);
        self.timestamp.wrapping_add(length as u32)
    }
}
