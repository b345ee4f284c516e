//! Packets that go on to another far end as they came: two calls with the same codec, joined.
//!
//! Owns: what is taken out of a packet to be forwarded, how many wait. Must not know: whom they go to, the numbers they
//! get there (see [`super::send`]).
//!
//! A forwarded packet is neither held back nor decoded: order, loss and the spacing of the timestamps stay what the network
//! and the sender made of them, and the device at the other end deals with them once. So nothing is added to the delay, and
//! no clock of ours is in between.

use std::time::Instant;

use super::super::jitter::{Content, JitterBuffer};
use super::super::noise::ComfortNoise;
use super::{Arrival, Session};
use crate::audio::Codec;

/// Packets to be forwarded and not asked for, at most; the oldest is dropped. A tick brings one or two.
const MAX_FORWARDS: usize = 64;

/// A packet on its way to another far end.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// Grows when the source restarts: numbers and timestamps of two stretches have nothing to do with each other.
    pub(super) stretch: u32,
    /// Place in the source's order.
    pub(super) index: u64,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) carries: Carries,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Carries {
    Audio {
        payload: Box<[u8]>,
        /// Length in 1/8000 s.
        units: u32,
    },
    Event(Box<[u8]>),
    Noise(ComfortNoise),
}

impl Forward {
    /// The far end has become silent, and says how that sounds: nothing to forward.
    pub fn noise(&self) -> Option<ComfortNoise> {
        match self.carries {
            Carries::Noise(noise) => Some(noise),
            Carries::Audio { .. } | Carries::Event(_) => None,
        }
    }

    /// Of a key being pressed.
    pub fn is_key(&self) -> bool {
        matches!(self.carries, Carries::Event(_))
    }
}

/// Forwarding.
impl Session {
    /// From now on packets of this codec, telephone events and comfort noise wait for [`Self::poll_forward`] instead of being
    /// played; `None`: they are played. Once audio of another codec comes, everything is played again.
    pub fn set_forwarding(&mut self, codec: Option<Codec>) {
        if self.forwarding == codec {
            return;
        }
        self.forwarding = codec;
        self.forwards.clear();
        self.played_before = self.played_out();
        self.frames = JitterBuffer::new(self.config.playout);
    }

    pub fn is_forwarding(&self) -> bool {
        self.forwarding.is_some()
    }

    /// The next packet to forward, as it arrived.
    pub fn poll_forward(&mut self) -> Option<Forward> {
        self.forwards.pop_front()
    }

    /// Puts a packet aside to be forwarded, or gives it back to be played.
    pub(super) fn put_aside(&mut self, index: u64, arrival: Arrival) -> Option<Arrival> {
        let Some(forwarding) = self.forwarding else { return Some(arrival) };
        let carries = match arrival.content {
            Content::Audio { codec, payload, units } if codec == forwarding => Carries::Audio { payload, units },
            Content::Audio { .. } => {
                self.set_forwarding(None);
                return Some(arrival);
            }
            Content::Noise(noise) => Carries::Noise(noise),
            Content::Nothing if !arrival.events.is_empty() => Carries::Event(arrival.events),
            // Of a payload type nobody agreed on.
            Content::Nothing => return None,
        };
        if self.forwards.len() == MAX_FORWARDS {
            self.forwards.pop_front();
        }
        let Arrival { timestamp, marker, .. } = arrival;
        self.forwards.push_back(Forward { stretch: self.stretch, index, timestamp, marker, carries });
        None
    }

    /// Sends a packet of another session's as it came, under our own numbers. `None` when the far end takes no such packet,
    /// or it came before the first of its stretch.
    pub fn send_forward(&mut self, now: Instant, forward: &Forward) -> Option<Vec<u8>> {
        match &forward.carries {
            Carries::Audio { payload, units } => {
                Some(self.sender.forward(now, self.config.payload_type, forward, payload, *units)?)
            }
            Carries::Event(payload) => {
                let kind = self.config.telephone_event?;
                self.sender.forward(now, kind, forward, payload, 0)
            }
            Carries::Noise(_) => None,
        }
    }

    /// Whether audio and keys of `from` can go to our far end as they are.
    pub fn takes_packets_of(&self, from: &Session) -> bool {
        let (ours, theirs) = (&self.config, &from.config);
        let clock = |session: &Session| session.config.telephone_event.map(|_| session.config.telephone_event_clock);
        let events = clock(self).is_none() || clock(from).is_none() || clock(self) == clock(from);
        ours.codec == theirs.codec && ours.opus == theirs.opus && events
    }

    /// Whether the far end takes keys as telephone events.
    pub fn takes_keys(&self) -> bool {
        self.config.telephone_event.is_some()
    }

    /// Changes who listens to what is received.
    pub fn set_playout(&mut self, playout: super::super::Playout) {
        if playout != self.config.playout {
            self.config.playout = playout;
            self.played_before = self.played_out();
            self.frames = JitterBuffer::new(playout);
        }
    }
}
