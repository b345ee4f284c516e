//! The legs of a call: each is one call of the SIP endpoint, and the conversation is on one of them at a time.
//!
//! Owns: which legs there are and what each is for, our session descriptions in each. Must not know: what is said, RTP,
//! when legs come and go (see [`super::moving`]).
//!
//! All legs but the operator's describe the same RTP port: the conversation is one stream, wherever it goes.

use std::net::{IpAddr, SocketAddr};

use crate::sip::EndCause;
use crate::sip::sdp::{self, Direction, LocalMedia, Negotiated, SdpError};

/// Names one leg of a call; never used again within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(u32);

impl LegId {
    /// The leg a call arrives on.
    pub const FIRST: LegId = LegId(0);
}

/// What a leg is for. There is at most one leg of each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The conversation is here.
    Conversation,
    /// Being called because the conversation's far end asked for it: once answered, the conversation goes on there.
    Successor(Errand),
    /// The operator, whom the agent calls itself.
    Operator,
    /// The conversation has gone on elsewhere; the far end is to say BYE.
    Left,
}

/// What is known while a successor is being called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Errand {
    /// The status that who asked for it was told last.
    pub told: Option<u16>,
    /// The conversation's leg has ended meanwhile, for this reason.
    pub bereft: Option<EndCause>,
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub id: LegId,
    pub role: Role,
    /// The address signalling comes from; `None` until the first message.
    pub far_end: Option<IpAddr>,
    local: LocalMedia,
    /// Our last session description.
    described: Option<String>,
}

impl Leg {
    /// Our next description: the answer to an offer with what it agrees on, or an offer of ours. One that can't be
    /// answered leaves the session as it is.
    pub fn describe(&mut self, offer: Option<&str>) -> Result<(String, Option<Negotiated>), SdpError> {
        let mut local = self.local.clone();
        // One on with every description (RFC 3264 §8).
        local.session_version += u64::from(self.described.is_some());
        let (sdp, negotiated) = match offer {
            Some(offer) => sdp::answer(offer, &local).map(|(sdp, negotiated)| (sdp, Some(negotiated)))?,
            // As many streams as before, ours open (RFC 3264 §8).
            None => {
                let again =
                    self.described.as_deref().and_then(|last| sdp::reoffer(&local, last, Direction::SendReceive));
                (again.unwrap_or_else(|| sdp::offer(&local)), None)
            }
        };
        self.local = local;
        self.described = Some(sdp.clone());
        Ok((sdp, negotiated))
    }

    /// Reads the answer to our offer.
    pub fn accept(&self, answer: &str) -> Result<Negotiated, SdpError> {
        sdp::accept_answer_to(self.described.as_deref().unwrap_or_default(), answer, &self.local)
    }
}

/// Every leg of a call.
#[derive(Debug)]
pub(super) struct Legs {
    all: Vec<Leg>,
    next: u32,
    /// How the first leg describes itself; others have a session id of their own.
    local: LocalMedia,
}

impl Legs {
    /// The leg of a call that has just arrived.
    pub fn new(local: LocalMedia) -> Legs {
        let mut legs = Legs { all: Vec::new(), next: LegId::FIRST.0, local };
        legs.add(Role::Conversation, None);
        legs
    }

    pub fn add(&mut self, role: Role, far_end: Option<IpAddr>) -> &mut Leg {
        self.add_at(role, far_end, self.local.address)
    }

    /// A leg whose audio is received elsewhere.
    pub fn add_at(&mut self, role: Role, far_end: Option<IpAddr>, address: SocketAddr) -> &mut Leg {
        let id = LegId(self.next);
        self.next += 1;
        let session_id = self.local.session_id ^ u64::from(id.0);
        let local = LocalMedia { session_id, address, ..self.local.clone() };
        self.all.push(Leg { id, role, far_end, local, described: None });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    pub fn get_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.all.iter_mut().find(|leg| leg.id == id)
    }

    pub fn role(&self, id: LegId) -> Option<Role> {
        self.all.iter().find(|leg| leg.id == id).map(|leg| leg.role)
    }

    pub fn remove(&mut self, id: LegId) {
        self.all.retain(|leg| leg.id != id);
    }

    /// The conversation's leg; `None` while only its successor is left.
    pub fn conversation(&self) -> Option<LegId> {
        self.all.iter().find(|leg| leg.role == Role::Conversation).map(|leg| leg.id)
    }

    pub fn successor(&self) -> Option<(LegId, Errand)> {
        self.all.iter().find_map(|leg| match leg.role {
            Role::Successor(errand) => Some((leg.id, errand)),
            Role::Conversation | Role::Operator | Role::Left => None,
        })
    }

    pub fn errand_mut(&mut self) -> Option<(LegId, &mut Errand)> {
        self.all.iter_mut().find_map(|leg| match &mut leg.role {
            Role::Successor(errand) => Some((leg.id, errand)),
            Role::Conversation | Role::Operator | Role::Left => None,
        })
    }

    pub fn left(&self) -> Option<LegId> {
        self.all.iter().find(|leg| leg.role == Role::Left).map(|leg| leg.id)
    }

    /// The conversation goes on at its successor.
    pub fn succeed(&mut self, successor: LegId) {
        for leg in &mut self.all {
            match leg.role {
                _ if leg.id == successor => leg.role = Role::Conversation,
                Role::Conversation => leg.role = Role::Left,
                Role::Successor(_) | Role::Operator | Role::Left => {}
            }
        }
    }

    /// Those the conversation is not on.
    pub fn others(&self) -> Vec<LegId> {
        self.all.iter().filter(|leg| leg.role != Role::Conversation).map(|leg| leg.id).collect()
    }
}
