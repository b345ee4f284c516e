//! The legs of a call: each is one call of the SIP endpoint, and the conversation is on one of them at a time.
//!
//! Owns: which legs there are and what each is for, our session descriptions in each and the keys in them. Must not know:
//! what is said, RTP, when legs come and go (see [`super::moving`]).
//!
//! All legs but the operator's describe the same RTP port: the conversation is one stream, wherever it goes. Keys of SRTP are
//! each leg's own.

use std::net::{IpAddr, SocketAddr};

use crate::rtp::srtp::{Key, KeySource};
use crate::sip::EndCause;
use crate::sip::sdp::{self, Direction, LocalMedia, Negotiated, SdpError, Security, SrtpPolicy};

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
    /// Its signalling is fit for keys: they may be told to the far end, and taken from it.
    pub exchanges_keys: bool,
    local: LocalMedia,
    /// Our last session description.
    described: Option<String>,
    /// The far end's keys as agreed on last; none in clear.
    far_keys: Vec<Key>,
}

impl Leg {
    fn describe(
        &mut self,
        offer: Option<&str>,
        keyring: &mut Keyring,
    ) -> Result<(String, Option<Negotiated>), SdpError> {
        let mut local = self.local.clone();
        // One on with every description (RFC 3264 §8).
        local.session_version += u64::from(self.described.is_some());
        // An offer of ours may go to another device, which knows nothing of packets sent so far: it gets fresh keys.
        if offer.is_none() || self.described.is_none() {
            local.security = keyring.fresh(self.exchanges_keys);
        }
        let (sdp, negotiated) = match offer {
            Some(offer) => {
                let (mut sdp, mut negotiated) = sdp::answer(offer, &local)?;
                // New keys from the far end are answered with new ones of ours (RFC 4568 §7.1.4): one that begins anew
                // expects our packets from the beginning, too. Keys that were in use never come back.
                if self.described.is_some() && self.has_new_keys(&negotiated) {
                    local.security = keyring.fresh(self.exchanges_keys);
                    (sdp, negotiated) = sdp::answer(offer, &local)?;
                }
                self.note_keys(&negotiated);
                (sdp, Some(negotiated))
            }
            None if local.security.is_impossible() => return Err(SdpError::KeysInClear),
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
    pub fn accept(&mut self, answer: &str) -> Result<Negotiated, SdpError> {
        let offer = self.described.as_deref().unwrap_or_default();
        let negotiated = sdp::accept_answer_to(offer, answer, &self.local)?;
        self.note_keys(&negotiated);
        Ok(negotiated)
    }

    fn has_new_keys(&self, negotiated: &Negotiated) -> bool {
        negotiated.srtp.as_ref().is_some_and(|agreed| agreed.keys.remote != self.far_keys)
    }

    fn note_keys(&mut self, negotiated: &Negotiated) {
        self.far_keys = negotiated.srtp.as_ref().map(|agreed| agreed.keys.remote.clone()).unwrap_or_default();
    }
}

/// Makes our keys of SRTP.
#[derive(Debug)]
struct Keyring {
    policy: SrtpPolicy,
    source: Option<KeySource>,
}

impl Keyring {
    /// Keys for our next description; none where its way is not fit for them.
    fn fresh(&mut self, exchanges_keys: bool) -> Security {
        Security::new(self.policy, self.source.as_mut().filter(|_| exchanges_keys))
    }
}

/// Every leg of a call.
#[derive(Debug)]
pub(super) struct Legs {
    all: Vec<Leg>,
    next: u32,
    /// How the first leg describes itself; others have a session id of their own.
    local: LocalMedia,
    keyring: Keyring,
}

impl Legs {
    /// The leg of a call that has just arrived.
    pub fn new(local: LocalMedia, policy: SrtpPolicy) -> Legs {
        let keyring = Keyring { policy, source: None };
        let mut legs = Legs { all: Vec::new(), next: LegId::FIRST.0, local, keyring };
        legs.add(Role::Conversation, None, false);
        legs
    }

    /// Our keys come from this source.
    pub fn set_keys(&mut self, source: KeySource) {
        self.keyring.source = Some(source);
    }

    pub fn add(&mut self, role: Role, far_end: Option<IpAddr>, exchanges_keys: bool) -> LegId {
        self.add_at(role, far_end, exchanges_keys, self.local.address)
    }

    /// A leg whose audio is received elsewhere.
    pub fn add_at(&mut self, role: Role, far_end: Option<IpAddr>, exchanges_keys: bool, address: SocketAddr) -> LegId {
        let id = LegId(self.next);
        self.next += 1;
        let session_id = self.local.session_id ^ u64::from(id.0);
        let local = LocalMedia { session_id, address, ..self.local.clone() };
        self.all.push(Leg { id, role, far_end, exchanges_keys, local, described: None, far_keys: Vec::new() });
        id
    }

    /// A leg's next description: the answer to an offer with what it agrees on, or an offer of ours. One that can't be
    /// answered leaves the session as it is. `None`: there is no such leg.
    pub fn describe(
        &mut self,
        id: LegId,
        offer: Option<&str>,
    ) -> Option<Result<(String, Option<Negotiated>), SdpError>> {
        let leg = self.all.iter_mut().find(|leg| leg.id == id)?;
        Some(leg.describe(offer, &mut self.keyring))
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
