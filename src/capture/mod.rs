//! A capture of calls for Wireshark: which packets belong to them, and what of those may leave.
//!
//! Owns: the choice of the calls, what is left out (voice, keys pressed, SRTP keys, passwords, numbers and names), the form of the
//! file. Must not know: sockets, files, the clock (packets come with their time). All of it is PURE but [`Tap`], through
//! which the edges hand over what they send and receive.
//!
//! What is left out is replaced by as many `x`, so that lengths stay right, or cut off behind the RTP header, as a short
//! snapshot length does. Headers, parameters and lines that are not known to be harmless are left out, not the other way
//! round.

mod message;
mod packet;
mod rtp;
mod sdp;
mod selection;
mod tap;
#[cfg(test)]
mod tests;

pub use packet::{FILE_HEADER, Packet};
pub use tap::{Armed, Busy, Seen, Tap};

/// What is wanted, as asked for by the person at the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wanted {
    /// So many calls, the next ones to come in; at least one.
    pub calls: u16,
    /// Voice and keys pressed.
    pub audio: bool,
    /// SRTP keys. Passwords are never written.
    pub keys: bool,
    /// Numbers, names and everything else that may tell who calls.
    pub personal: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { calls: 1, audio: false, keys: false, personal: false }
    }
}

/// Most calls of one capture.
pub const MAX_CALLS: u16 = 100;

/// Which way a packet travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Received,
    Sent,
}

/// What a capture has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub calls: u64,
    pub messages: u64,
    pub rtp: u64,
    pub rtcp: u64,
    /// Packets the queue had no room for.
    pub dropped: u64,
}

/// Replaces what may not leave; line ends stay, so that the message keeps its shape.
fn mask(bytes: &mut [u8]) {
    for byte in bytes {
        if !matches!(byte, b'\r' | b'\n') {
            *byte = b'x';
        }
    }
}
