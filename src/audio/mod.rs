//! Functions on samples: G.711, resampling, level, WAV bytes.
//!
//! Owns: arithmetic on `i16` PCM. Must not know: packets, calls, files (WAV is read and written as bytes).
//!
//! Telephone audio inside the house is mono `i16` at [`LINE_RATE`]; the recogniser gets `f32` at 16 kHz.
//! Levels are in dBFS: 0 dBFS is a square wave of full scale (the dBov of ITU-T G.100.1), so a full-scale sine is -3 dBFS.

pub mod g711;
pub mod level;
pub mod resample;
pub mod signals;
pub mod wav;

/// Sampling rate of narrow-band telephone audio, Hz.
pub const LINE_RATE: u32 = 8_000;

/// Length of a frame and of a packet we send: 20 ms, 160 samples at [`LINE_RATE`].
pub const FRAME_SAMPLES: usize = 160;
pub const FRAME_MS: u64 = 20;

/// Audio codecs of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law (static payload type 8).
    Pcma,
    /// G.711 µ-law (static payload type 0).
    Pcmu,
}

/// Sampling rate the recogniser wants, Hz.
pub const RECOGNISER_RATE: u32 = 16_000;
