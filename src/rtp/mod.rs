//! RTP and RTCP (RFC 3550), telephone events (RFC 4733), comfort noise (RFC 3389), PURE.
//!
//! Owns: one call's RTP session: order and loss of received packets, play-out, keys, headers of sent ones, reports and
//! quality, the 20 ms grid; what protects packets on their way ([`srtp`]). Must not know: sockets, SIP, speech.

mod dtmf;
mod interarrival;
mod jitter;
mod latch;
mod noise;
mod pacer;
mod quality;
mod rtcp;
mod sequence;
mod session;
pub mod srtp;

pub use noise::{ComfortNoise, Generator as NoiseGenerator};
pub use pacer::Pacer;
pub use quality::{FarQuality, Quality};
pub use session::{Forward, Session};

use std::net::SocketAddr;

use crate::audio::codec::OpusParameters;
use crate::audio::{Codec, FRAME_SAMPLES, WIDE_FRAME_SAMPLES};

/// One frame of received audio, 20 ms in playing order.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// At 8 kHz, whatever the codec.
    pub samples: [i16; FRAME_SAMPLES],
    /// At 16 kHz, of a wide-band codec: what `samples` was made from.
    pub wide: Option<Box<[i16; WIDE_FRAME_SAMPLES]>>,
    /// `false` when the frame was lost, late, or the far end sent nothing: samples are then concealment, comfort noise
    /// or silence.
    pub received: bool,
}

/// A key of the telephone: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub char);

/// Who listens to what is received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Playout {
    /// The agent: as soon as the network allows, at uneven pace.
    #[default]
    Prompt,
    /// A person: one frame every 20 ms, held back by what the network's delay varies.
    Smooth,
}

/// What a session needs to know, from offer/answer.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// What we send, and under which payload type: the far end's number.
    pub codec: Codec,
    pub payload_type: u8,
    /// How the far end wants its Opus.
    pub opus: OpusParameters,
    /// Payload types the far end may send audio under: the numbers of our own description. `payload_type` and the
    /// static types of RFC 3551 are understood besides.
    pub receive: Vec<(u8, Codec)>,
    /// Payload type of telephone-event, the far end's number, and its clock in Hz.
    pub telephone_event: Option<u8>,
    pub telephone_event_clock: u32,
    /// The number of our own description, where it differs.
    pub telephone_event_receive: Option<u8>,
    /// Comfort noise agreed on and wanted: while we are silent, only its level is sent. Received, it is understood under
    /// 13 always.
    pub comfort_noise: Option<u8>,
    /// Where to send to; symmetric RTP then follows the source of valid packets.
    pub remote: SocketAddr,
    /// Where reports go; without one, to the port after RTP's (RFC 3550 §11).
    pub remote_rtcp: Option<SocketAddr>,
    /// Reports share RTP's port (RFC 5761).
    pub rtcp_mux: bool,
    /// Reports may come without the parts of a compound packet (RFC 5506).
    pub rtcp_reduced_size: bool,
    pub playout: Playout,
}

impl SessionConfig {
    /// A codec and where to send it; the rest as when nothing is said of it.
    pub fn new(codec: Codec, payload_type: u8, remote: SocketAddr) -> Self {
        Self {
            codec,
            payload_type,
            opus: OpusParameters::default(),
            receive: Vec::new(),
            telephone_event: None,
            telephone_event_clock: 8_000,
            telephone_event_receive: None,
            comfort_noise: None,
            remote,
            remote_rtcp: None,
            rtcp_mux: false,
            rtcp_reduced_size: false,
            playout: Playout::default(),
        }
    }
}

/// Counters of one session, for the call's closing line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    pub sent: u64,
    pub received: u64,
    /// Expected by sequence number but never arrived.
    pub lost: u64,
    /// Longest time between two received packets, ms.
    pub max_gap_ms: u64,
}
