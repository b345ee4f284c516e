//! RTP (RFC 3550) and telephone events (RFC 4733), PURE.
//!
//! Owns: one call's RTP session: order and loss of received packets, keys, headers of sent ones, the 20 ms grid.
//! Must not know: sockets, SIP, speech.

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

// The session, in `rtp/session.rs`:
//
//   Session::new(config: SessionConfig, seed: u64) -> Session            // SSRC, first sequence number and timestamp from the seed
//   session.renegotiate(config: SessionConfig)                            // re-INVITE: SSRC stays, latch opens again
//   session.handle_packet(now, source: SocketAddr, packet: &[u8])         // never fails: bad packets are counted and dropped
//   session.poll_frame(now) -> Option<Frame>                              // in order; call until None. Frames lost for > 60 ms are concealed,
//                                                                          // and when nothing arrives at all, silence frames keep pace with `now`
//   session.poll_key() -> Option<Key>                                     // once per press, at its first packet
//   session.send_audio(samples: &[i16; FRAME_SAMPLES]) -> Vec<u8>         // next packet in PCMA/PCMU; timestamps advance 160 a packet
//   session.skip_audio()                                                  // a tick without a packet (hold): the timestamp advances, marker on the next
//   session.send_key(key: Key) / telephone events are sent by `Pacer` ticks: see session docs
//   session.remote() -> SocketAddr; session.counters() -> Counters
