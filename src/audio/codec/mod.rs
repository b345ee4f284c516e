//! The codecs of the line: G.711, G.722 and Opus, each packet by packet.
//!
//! Owns: [`Codec`], encoding of frames, decoding and recovery of payloads. Must not know: RTP headers, order and loss of
//! packets (who calls decides what is next and what is lost), session descriptions.
//!
//! G.722 and Opus remember: payloads are decoded once, in playing order, by one [`Decoder`] a stream. No payload may
//! give more than [`MAX_DURATION_MS`]; whatever its bytes, nothing panics and nothing else is allocated.

mod g722;
#[cfg(feature = "opus")]
mod opus;
#[cfg(feature = "opus")]
mod still;
#[cfg(test)]
mod tests;

use super::g711;
use super::{LINE_RATE, WIDE_RATE};

/// Longest payload that is decoded, ms: Opus packets cannot be longer (RFC 6716 §3.4), and nobody sends more in a call.
pub const MAX_DURATION_MS: u32 = 120;

/// Audio codecs of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law (static payload type 8).
    Pcma,
    /// G.711 µ-law (static payload type 0).
    Pcmu,
    /// G.722 at 64 kbit/s (static payload type 9): 7 kHz.
    G722,
    /// Opus (RFC 6716, RFC 7587), mono; inside the house never above 8 kHz.
    Opus,
}

impl Codec {
    /// All there are, the best for speech first.
    pub const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];

    /// Encoding name in session descriptions; compared without case.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// Clock of RTP timestamps, Hz. G.722 counts 8,000 though it samples 16,000 (RFC 3551 §4.5.2); Opus always counts
    /// 48,000 (RFC 7587 §4.1).
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Pcma | Codec::Pcmu | Codec::G722 => 8_000,
            Codec::Opus => 48_000,
        }
    }

    /// Rate of the samples that are encoded and decoded, Hz.
    pub fn sample_rate(self) -> u32 {
        match self {
            Codec::Pcma | Codec::Pcmu => LINE_RATE,
            Codec::G722 | Codec::Opus => WIDE_RATE,
        }
    }

    /// Whether it carries more than the telephone's 3.4 kHz.
    pub fn is_wide(self) -> bool {
        self.sample_rate() > LINE_RATE
    }

    /// Whether this build can encode and decode it.
    pub fn is_built(self) -> bool {
        self != Codec::Opus || cfg!(feature = "opus")
    }

    /// Samples at [`sample_rate`](Self::sample_rate) as a span of RTP time.
    pub fn timestamp_units(self, samples: u32) -> u32 {
        samples / (self.sample_rate() / LINE_RATE) * (self.clock_rate() / LINE_RATE)
    }

    /// Longest payload in samples.
    fn max_samples(self) -> usize {
        self.sample_rate() as usize * MAX_DURATION_MS as usize / 1000
    }
}

/// What the far end wants of the Opus it receives (RFC 7587 §6.1); the default is that of an offer without `a=fmtp`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpusParameters {
    /// It makes use of forward error correction.
    pub fec: bool,
    /// Highest mean bit rate, bit/s.
    pub max_average_bitrate: Option<u32>,
    /// Highest rate it plays at, Hz.
    pub max_playback_rate: Option<u32>,
    /// It wants a constant bit rate.
    pub constant_bitrate: bool,
}

/// Why a payload gives no audio. The next one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    #[error("empty payload")]
    Empty,
    #[error("payload of more than 120 ms")]
    TooLong,
    #[error("malformed payload")]
    Malformed,
    #[error("this build has no such codec")]
    NotBuilt,
}

/// Samples at the codec's rate that a payload holds, without decoding it; `None` where decoding would fail.
pub fn duration(codec: Codec, payload: &[u8]) -> Option<u32> {
    let samples = match codec {
        Codec::Pcma | Codec::Pcmu => payload.len(),
        Codec::G722 => payload.len().checked_mul(2)?,
        #[cfg(feature = "opus")]
        Codec::Opus => opus::samples(payload)?,
        #[cfg(not(feature = "opus"))]
        Codec::Opus => return None,
    };
    (1..=codec.max_samples()).contains(&samples).then(|| u32::try_from(samples).ok()).flatten()
}

/// Payloads of one stream into samples.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    engine: DecoderEngine,
}

#[derive(Debug)]
enum DecoderEngine {
    G711,
    G722(g722::Decoder),
    #[cfg(feature = "opus")]
    Opus(opus::Decoder),
    /// Of a codec that is not built in.
    None,
}

impl Decoder {
    /// Of a codec that is not built in, it refuses everything.
    pub fn new(codec: Codec) -> Self {
        let engine = match codec {
            Codec::Pcma | Codec::Pcmu => DecoderEngine::G711,
            Codec::G722 => DecoderEngine::G722(g722::Decoder::default()),
            #[cfg(feature = "opus")]
            Codec::Opus => opus::Decoder::new().map_or(DecoderEngine::None, DecoderEngine::Opus),
            #[cfg(not(feature = "opus"))]
            Codec::Opus => DecoderEngine::None,
        };
        Self { codec, engine }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the payload's samples.
    ///
    /// # Errors
    /// Then nothing is appended, and the payload counts as lost.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        if payload.is_empty() {
            return Err(CodecError::Empty);
        }
        match &mut self.engine {
            DecoderEngine::G711 | DecoderEngine::G722(_) if duration(self.codec, payload).is_none() => {
                Err(CodecError::TooLong)
            }
            DecoderEngine::G711 => {
                g711::decode_into(self.codec, payload, out);
                Ok(())
            }
            DecoderEngine::G722(decoder) => decoder.decode(payload, out),
            #[cfg(feature = "opus")]
            DecoderEngine::Opus(decoder) => decoder.decode(payload, out),
            DecoderEngine::None => Err(CodecError::NotBuilt),
        }
    }

    /// Appends exactly `samples` samples in place of a lost packet if the codec itself can: Opus does, out of the error
    /// correction in the `next` packet if that is there, else by continuing what it played. `false`: nothing appended,
    /// who calls conceals. At most [`MAX_DURATION_MS`] at a time.
    pub fn recover(&mut self, next: Option<&[u8]>, samples: usize, out: &mut Vec<i16>) -> bool {
        match &mut self.engine {
            #[cfg(feature = "opus")]
            DecoderEngine::Opus(decoder) if (1..=self.codec.max_samples()).contains(&samples) => {
                decoder.recover(next, samples, out)
            }
            _ => {
                let _ = (next, samples, out);
                false
            }
        }
    }
}

/// Samples into payloads of one stream.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    engine: EncoderEngine,
}

#[derive(Debug)]
enum EncoderEngine {
    G711,
    G722(g722::Encoder),
    #[cfg(feature = "opus")]
    Opus(opus::Encoder),
    None,
}

impl Encoder {
    /// Of a codec that is not built in, it appends nothing.
    pub fn new(codec: Codec) -> Self {
        let usual = OpusParameters { fec: true, ..OpusParameters::default() };
        Self::with_parameters(codec, &usual)
    }

    /// As the far end wants it; the parameters count for Opus only.
    pub fn with_parameters(codec: Codec, parameters: &OpusParameters) -> Self {
        let engine = match codec {
            Codec::Pcma | Codec::Pcmu => EncoderEngine::G711,
            Codec::G722 => EncoderEngine::G722(g722::Encoder::default()),
            #[cfg(feature = "opus")]
            Codec::Opus => opus::Encoder::new(parameters).map_or(EncoderEngine::None, EncoderEngine::Opus),
            #[cfg(not(feature = "opus"))]
            Codec::Opus => {
                let _ = parameters;
                EncoderEngine::None
            }
        };
        Self { codec, engine }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Appends the payload of one frame: 20 ms at the codec's rate. (G.711 takes any length, G.722 any even one, Opus
    /// also 2.5, 5, 10, 40 and 60 ms.) Of a frame of another length nothing is appended.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) {
        match &mut self.engine {
            EncoderEngine::G711 => g711::encode_into(self.codec, samples, out),
            EncoderEngine::G722(encoder) => encoder.encode(samples, out),
            #[cfg(feature = "opus")]
            EncoderEngine::Opus(encoder) => encoder.encode(samples, out),
            EncoderEngine::None => {}
        }
    }
}
