//! RTP (RFC 3550) and telephone events (RFC 4733), PURE.
//!
//! Owns: one call's RTP session: order and loss of received packets, keys, headers of sent ones, the 20 ms grid;
//! what protects packets on their way ([`srtp`]).
//! Must not know: sockets, SIP, speech.

mod dtmf;
mod jitter;
mod pacer;
mod sequence;
mod session;
pub mod srtp;

pub use pacer::Pacer;
pub use session::Session;

use std::net::SocketAddr;

use crate::audio::{Codec, FRAME_SAMPLES};

/// One frame of received audio, 20 ms at 8 kHz, in playing order.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    pub samples: [i16; FRAME_SAMPLES],
    /// `false` when the frame was lost, late, or the far end sent nothing: samples are then concealment or silence.
    pub received: bool,
}

/// A key of the telephone: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub char);

/// What a session needs to know, from offer/answer.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    pub codec: Codec,
    pub payload_type: u8,
    pub telephone_event: Option<u8>,
    /// Where to send to; symmetric RTP latches once onto the source of the first valid packet.
    pub remote: SocketAddr,
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
