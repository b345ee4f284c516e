//! Functions on samples: codecs, concealment, echo, resampling, level, dialling tones, WAV bytes.
//!
//! Owns: arithmetic on `i16` PCM. Must not know: packets, calls, files (WAV is read and written as bytes).
//!
//! Telephone audio inside the house is mono `i16` at [`LINE_RATE`], of wide-band calls also at [`WIDE_RATE`]; the
//! recogniser gets `f32` at 16 kHz.
//! Levels are in dBFS: 0 dBFS is a square wave of full scale (the dBov of ITU-T G.100.1), so a full-scale sine is -3 dBFS.

pub mod codec;
pub mod conceal;
pub mod echo;
pub mod g711;
pub mod hold_music;
pub mod level;
pub mod loudness;
pub mod resample;
pub mod signals;
pub mod sound;
pub mod tones;
pub mod wav;

pub use codec::Codec;
pub use hold_music::HoldMusic;
pub use sound::Sound;

/// Sampling rate of narrow-band telephone audio, Hz.
pub const LINE_RATE: u32 = 8_000;

/// Length of a frame and of a packet we send: 20 ms, 160 samples at [`LINE_RATE`].
pub const FRAME_SAMPLES: usize = 160;
pub const FRAME_MS: u64 = 20;

/// Sampling rate of wide-band telephone audio, Hz.
pub const WIDE_RATE: u32 = 16_000;

/// A frame at [`WIDE_RATE`].
pub const WIDE_FRAME_SAMPLES: usize = 320;

/// Sampling rate the recogniser wants, Hz.
pub const RECOGNISER_RATE: u32 = 16_000;
