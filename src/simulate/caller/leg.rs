//! One leg of the caller's telephone: its SIP call and, once answered, its audio. PURE.

use std::net::SocketAddr;
use std::time::Instant;

use super::EARLY_PACKETS;
use crate::rtp::Counters;
use crate::simulate::handset::Handset;
use crate::sip::sdp::{self, LocalMedia};

pub struct Leg {
    pub stage: Stage,
    media: LocalMedia,
    seed: u64,
    answered_at: Option<Instant>,
    /// Audio that overtook the answer: (arrival, source, packet).
    early: Vec<Early>,
}

type Early = (Instant, SocketAddr, Vec<u8>);

pub enum Stage {
    Unused,
    Calling {
        since: Instant,
    },
    /// It rang too long: CANCEL is on its way.
    GivingUp,
    Up(Box<Handset>),
    /// We have hung up; waiting for the end. Holds the audio of an answered call for its counters.
    Leaving(Option<Box<Handset>>),
    Over,
}

impl Leg {
    pub fn new(media: LocalMedia, seed: u64) -> Self {
        Self { stage: Stage::Unused, media, seed, answered_at: None, early: Vec::new() }
    }

    pub fn is_up(&self) -> bool {
        matches!(self.stage, Stage::Up(_))
    }

    pub fn is_calling(&self) -> bool {
        matches!(self.stage, Stage::Calling { .. } | Stage::GivingUp)
    }

    /// There is a SIP call that we have not left.
    pub fn is_open(&self) -> bool {
        self.is_up() || self.is_calling()
    }

    pub fn ringing_since(&self) -> Option<Instant> {
        match self.stage {
            Stage::Calling { since } => Some(since),
            _ => None,
        }
    }

    pub fn answered_at(&self) -> Option<Instant> {
        self.answered_at
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Up(handset) => Some(handset.poll_timeout()),
            _ => None,
        }
    }

    pub fn keep_early(&mut self, now: Instant, source: SocketAddr, payload: &[u8]) {
        if self.early.len() < EARLY_PACKETS {
            self.early.push((now, source, payload.to_vec()));
        }
    }

    /// The 200 came. Gives the audio that overtook it, or `None` when its SDP is unusable.
    pub fn answered(&mut self, now: Instant, sdp: Option<&str>) -> Option<Vec<Early>> {
        let agreed = sdp::accept_answer(sdp?, &self.media).ok()?;
        self.stage = Stage::Up(Box::new(Handset::new(now, &agreed, self.seed)));
        self.answered_at = Some(now);
        Some(std::mem::take(&mut self.early))
    }

    /// Answers a re-INVITE; `None` refuses it.
    pub fn answer_reoffer(&mut self, offer: Option<&str>) -> Option<String> {
        let Stage::Up(handset) = &mut self.stage else { return None };
        self.media.session_version += 1;
        let Some(offer) = offer else { return Some(sdp::offer(&self.media)) };
        let (answer, agreed) = sdp::answer(offer, &self.media).ok()?;
        handset.renegotiate(&agreed);
        Some(answer)
    }

    /// We hang up: the audio stops, the SIP call ends by itself.
    pub fn leave(&mut self) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Up(handset) => Stage::Leaving(Some(handset)),
            Stage::Calling { .. } | Stage::GivingUp => Stage::Leaving(None),
            stage @ (Stage::Unused | Stage::Leaving(_) | Stage::Over) => stage,
        };
    }

    /// The SIP call is over; the counters of its audio.
    pub fn end(&mut self) -> Option<Counters> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Up(handset) | Stage::Leaving(Some(handset)) => Some(handset.counters()),
            Stage::Unused | Stage::Calling { .. } | Stage::GivingUp | Stage::Leaving(None) | Stage::Over => None,
        }
    }
}
