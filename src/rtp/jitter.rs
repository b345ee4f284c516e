//! Received packets in, frames in playing order out.
//!
//! Owns: the two ways of play-out over the same queue of packets. Must not know: RTP headers, codecs, sockets.

mod packet;
mod playback;
mod prompt;
mod queue;
mod smooth;
#[cfg(test)]
mod table;

use std::time::Instant;

pub(super) use packet::{Content, Packet};
pub(super) use prompt::Prompt;
pub(super) use smooth::Smooth;

use super::quality::{Bursts, PlayedOut};
use super::{Frame, Playout};

#[derive(Debug)]
pub(super) enum JitterBuffer {
    Prompt(Prompt),
    Smooth(Smooth),
}

impl JitterBuffer {
    pub fn new(playout: Playout) -> Self {
        match playout {
            Playout::Prompt => Self::Prompt(Prompt::default()),
            Playout::Smooth => Self::Smooth(Smooth::default()),
        }
    }

    pub fn playout(&self) -> Playout {
        match self {
            Self::Prompt(_) => Playout::Prompt,
            Self::Smooth(_) => Playout::Smooth,
        }
    }

    /// Takes a packet; `false` when its place has already been played.
    pub fn insert(&mut self, now: Instant, index: u64, packet: Packet) -> bool {
        match self {
            Self::Prompt(buffer) => buffer.insert(now, index, packet),
            Self::Smooth(buffer) => buffer.insert(now, index, packet),
        }
    }

    /// The next frame that may be played at `now`.
    pub fn pop(&mut self, now: Instant) -> Option<Frame> {
        match self {
            Self::Prompt(buffer) => buffer.pop(now),
            Self::Smooth(buffer) => buffer.pop(now),
        }
    }

    /// Forgets the source under way.
    pub fn restart(&mut self) {
        match self {
            Self::Prompt(buffer) => buffer.restart(),
            Self::Smooth(buffer) => buffer.restart(),
        }
    }

    /// Packets kept: bounded whatever arrives.
    pub fn held(&self) -> usize {
        match self {
            Self::Prompt(buffer) => buffer.held(),
            Self::Smooth(buffer) => buffer.held(),
        }
    }

    pub fn played_out(&self) -> PlayedOut {
        match self {
            Self::Prompt(buffer) => buffer.played_out(),
            Self::Smooth(buffer) => buffer.played_out(),
        }
    }

    pub fn bursts(&self) -> &Bursts {
        match self {
            Self::Prompt(buffer) => buffer.bursts(),
            Self::Smooth(buffer) => buffer.bursts(),
        }
    }
}
