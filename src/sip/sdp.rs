//! Session descriptions: offer/answer (RFC 3264) over `sdp-types`. PURE.
//!
//! Owns: reading an offer or answer, writing ours. Must not know: sockets, samples.
//!
//! ```text
//! pub fn offer(local: &LocalMedia) -> String
//! pub fn answer(offer: &str, local: &LocalMedia) -> Result<(String, Negotiated), SdpError>
//! pub fn accept_answer(answer: &str, local: &LocalMedia) -> Result<Negotiated, SdpError>
//! ```

use std::net::SocketAddr;

use crate::audio::Codec;

/// Our side of the audio stream.
#[derive(Debug, Clone)]
pub struct LocalMedia {
    /// Where we receive RTP (advertised address).
    pub address: SocketAddr,
    /// Codecs we accept, best first.
    pub codecs: Vec<Codec>,
    /// `o=` session id and version; the version grows with every new description of the same call.
    pub session_id: u64,
    pub session_version: u64,
}

/// What both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where the far end receives RTP.
    pub remote: SocketAddr,
    pub codec: Codec,
    /// Payload type to send `codec` with, and to expect it under.
    pub payload_type: u8,
    /// Payload type of telephone-event/8000 (RFC 4733), if both sides have it.
    pub telephone_event: Option<u8>,
    /// Ours: whether we may send, whether we will receive (hold).
    pub direction: Direction,
    /// The far end's wish for packet length in ms (a=ptime), if it has one.
    pub ptime_ms: Option<u32>,
}

/// Media direction from our side (RFC 3264 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}
