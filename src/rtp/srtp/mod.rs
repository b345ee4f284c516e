//! SRTP and SRTCP (RFC 3711, RFC 7714), PURE.
//!
//! Owns: session keys, packet indices and roll-over, replay windows, what is refused. Must not know: where master keys
//! come from (SDP today, a DTLS handshake tomorrow), sockets, what packets carry.
//!
//! [`Protection`] stands at the edge of one media stream: whatever leaves goes through [`Protection::protect`] last,
//! whatever arrives through [`Protection::unprotect`] first. It is made of one context a direction, because each side
//! sends with a key of its own: [`SendContext`] and [`ReceiveContext`].

mod cipher;
mod context;
mod derive;
mod key;
mod packet;
mod protection;
mod replay;
#[cfg(test)]
mod tests;

pub use context::{ReceiveContext, SendContext};
pub use key::{Key, KeySource, Keys, MAX_KEYS, MAX_MKI, MasterKey, Suite};
pub use protection::{Protection, Rejected};

/// Why a packet is not sent, or does not count as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    #[error("not an rtp or rtcp packet, or too short to be protected")]
    Malformed,
    #[error("no key has this master key identifier")]
    UnknownKey,
    #[error("the packet's authentication failed")]
    Unauthentic,
    #[error("the packet was received before, or is too old to tell")]
    Replayed,
    #[error("too many synchronisation sources under one key")]
    TooManySources,
    #[error("a packet index can't be used twice under one key")]
    IndexReused,
    #[error("the key has protected as many packets as it may")]
    KeyExhausted,
}
