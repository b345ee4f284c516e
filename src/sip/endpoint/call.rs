//! What the endpoint remembers of one call. PURE.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::super::Flow;
use super::super::transaction::TransactionId;
use super::super::wire::{Method, RAck, Request};
use super::auth::Realm;
use super::leg::Leg;
use super::reply::Reply;
use super::session_timer::{Asked, Granted, SessionTimer};
use super::ways::Stage;

/// One INVITE usage, from the INVITE to the answered BYE.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) phase: Phase,
    /// The call's dialog; none while we call.
    pub(super) leg: Option<Box<Leg>>,
    /// Key of this call among the dialogs: our tag.
    pub(super) local_tag: String,
    /// `Ended` has been reported; what remains is signalling.
    pub(super) ended: bool,
    /// We called, so that the Call-ID is ours (§14.1).
    pub(super) dialled: bool,
    /// Our INVITE left the offer to whom it called.
    pub(super) asks_for_offer: bool,
    /// Our 2xx that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// Our reliable provisional response that waits for its PRACK.
    pub(super) unpracked: Option<Unpracked>,
    /// The far end's offer, or its wish for one, that the application has not answered.
    pub(super) theirs: Option<TheirOffer>,
    /// Our INVITE or UPDATE within the dialog.
    pub(super) ours: Option<OurOffer>,
    /// The one after that.
    pub(super) queued: Option<Proposal>,
    pub(super) session: Option<SessionTimer>,
    pub(super) transfer: Option<Transfer>,
    /// A Refer-To asked for before the ACK of our 200.
    pub(super) wanted_transfer: Option<String>,
    /// We sent a REFER once: NOTIFYs may come late.
    pub(super) subscribed: bool,
    /// The far end's REFER.
    pub(super) referred: Option<Referred>,
    /// Our INVITE that was cancelled because another dialog took its place.
    pub(super) superseded: Option<TransactionId>,
}

/// How far a call is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Incoming, without final response.
    Ringing(Box<Ringing>),
    /// Outgoing, without final response.
    Calling(Box<Calling>),
    /// A 2xx was sent or received.
    Confirmed,
    /// We sent BYE.
    Closing,
}

/// Whether the caller takes reliable provisional responses (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reliability {
    Unsupported,
    Supported,
    Required,
}

/// An INVITE we have not answered.
#[derive(Debug)]
pub(super) struct Ringing {
    pub(super) transaction: TransactionId,
    pub(super) reply: Reply,
    /// Number of the INVITE: its ACK has the same.
    pub(super) cseq: u32,
    /// The INVITE brought an offer.
    pub(super) offered: bool,
    pub(super) reliability: Reliability,
    pub(super) asked: Asked,
    /// Number of the last reliable response; 0 before the first.
    pub(super) rseq: u32,
    /// Provisional responses that wait for the PRACK of the one before.
    pub(super) waiting: VecDeque<(u16, Option<String>)>,
    /// The answer sent in an unreliable 183, which the 200 repeats.
    pub(super) preview: Option<String>,
    /// The 200 waits for the PRACK of a description.
    pub(super) accepted: Option<String>,
}

/// An INVITE of ours without final response.
#[derive(Debug)]
pub(super) struct Calling {
    pub(super) stage: Stage,
    /// The INVITE as it was sent last: another target, or a challenge, gets it once more.
    pub(super) invite: Request,
    pub(super) cseq: u32,
    /// A provisional response has come, so that a CANCEL may go (§9.1).
    pub(super) heard: bool,
    pub(super) cancelled: bool,
    /// Early dialogs, by who answered.
    pub(super) forks: Vec<Fork>,
    /// Other addresses of the target.
    pub(super) ways: VecDeque<Flow>,
    /// The application told the way, which then serves for targets that nobody knows.
    pub(super) guided: bool,
    /// Who has sent us on to the targets.
    pub(super) sender: Option<Flow>,
    /// Targets still to be tried, the best last.
    pub(super) targets: Vec<String>,
    /// Targets tried or waiting, so that none comes twice.
    pub(super) known: Vec<String>,
    /// Who has asked who we are.
    pub(super) realms: Vec<Realm>,
    /// INVITEs sent again for a 422 or a challenge.
    pub(super) repeats: u8,
    /// Targets that redirections may add.
    pub(super) redirects: usize,
}

/// An early dialog.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) leg: Leg,
    /// Number of its last reliable provisional response.
    pub(super) rseq: Option<u32>,
}

/// A 2xx of ours until its ACK (§13.3.1.4).
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) cseq: u32,
    pub(super) response: Bytes,
    pub(super) destination: Flow,
    pub(super) interval: Duration,
    /// It answers the INVITE that opened the dialog, not a re-INVITE.
    pub(super) initial: bool,
    /// It carries our offer: the ACK brings the answer.
    pub(super) offer_is_ours: bool,
    /// BYE as soon as the ACK is here (§15).
    pub(super) hang_up: bool,
}

/// A reliable provisional response of ours until its PRACK (RFC 3262 §3).
#[derive(Debug)]
pub(super) struct Unpracked {
    pub(super) rseq: u32,
    pub(super) cseq: u32,
    pub(super) response: Bytes,
    pub(super) destination: Flow,
    pub(super) interval: Duration,
    pub(super) has_sdp: bool,
    /// It carries our offer: the PRACK brings the answer.
    pub(super) offer_is_ours: bool,
}

/// What the application has to answer.
#[derive(Debug)]
pub(super) struct TheirOffer {
    /// The far end's tag of the dialog it came in.
    pub(super) tag: String,
    pub(super) way: Way,
}

/// How the answer to their offer travels.
#[derive(Debug)]
pub(super) enum Way {
    /// re-INVITE: in its 2xx. Without an offer, the 2xx makes ours.
    Invite { transaction: TransactionId, reply: Reply, cseq: u32, offered: bool, granted: Option<Granted> },
    /// UPDATE or PRACK: in its 2xx.
    Request { transaction: Option<TransactionId>, reply: Reply, refreshes: bool, granted: Option<Granted> },
    /// The 2xx to our INVITE without offer: in the ACK.
    Acceptance { transaction: TransactionId, cseq: u32 },
    /// A reliable provisional response to our INVITE without offer: in the PRACK.
    Provisional { rack: RAck },
    /// INVITE with Replaces: in its 2xx, and the dialog becomes the call's.
    Replacement(Box<Replacement>),
}

/// A dialog about to take the place of the call's (RFC 3891).
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) transaction: TransactionId,
    pub(super) reply: Reply,
    pub(super) cseq: u32,
    pub(super) offered: bool,
    pub(super) asked: Asked,
    pub(super) leg: Leg,
    pub(super) local_tag: String,
}

/// Why we send INVITE or UPDATE within a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The application asked for it and is told the outcome.
    Application,
    /// The session timer.
    Refresh,
}

/// An INVITE or UPDATE to be sent within a dialog.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) method: Method,
    pub(super) offer: Option<Bytes>,
    pub(super) purpose: Purpose,
    /// How often it has been sent again.
    pub(super) repeats: u8,
}

/// Our INVITE or UPDATE within a dialog.
#[derive(Debug)]
pub(super) struct OurOffer {
    pub(super) proposal: Proposal,
    pub(super) state: OurState,
}

#[derive(Debug)]
pub(super) enum OurState {
    Sent {
        transaction: TransactionId,
        /// The far end's tag of the dialog.
        tag: String,
        cseq: u32,
    },
    /// It met another one, and goes out again at `CallTimer::RetryOffer`.
    Waiting,
}

/// A REFER of ours until its outcome is known.
#[derive(Debug)]
pub(super) struct Transfer {
    /// Number of the REFER: the id of its subscription (RFC 3515 §2.4.6).
    pub(super) cseq: u32,
    /// Last status reported.
    pub(super) reported: Option<u16>,
}

/// The far end's REFER.
#[derive(Debug)]
pub(super) enum Referred {
    /// Offered to the application. `silent`: no NOTIFYs wanted (RFC 4488).
    Asked { transaction: Option<TransactionId>, reply: Box<Reply>, cseq: u32, silent: bool },
    /// Accepted: outcomes go out one NOTIFY at a time, so that none overtakes another.
    Following { cseq: u32, waiting: VecDeque<u16>, in_flight: bool },
}

impl Call {
    pub(super) fn new(phase: Phase, leg: Option<Box<Leg>>, local_tag: String) -> Call {
        let dialled = matches!(phase, Phase::Calling(_));
        Call {
            phase,
            leg,
            local_tag,
            ended: false,
            dialled,
            asks_for_offer: false,
            unacked: None,
            unpracked: None,
            theirs: None,
            ours: None,
            queued: None,
            session: None,
            transfer: None,
            wanted_transfer: None,
            subscribed: false,
            referred: None,
            superseded: None,
        }
    }

    /// The dialog with this far end: the call's own, or an early one of a fork.
    pub(super) fn leg_mut(&mut self, tag: &str) -> Option<&mut Leg> {
        if let Some(leg) = &mut self.leg {
            return Some(&mut **leg).filter(|leg| leg.tag() == tag);
        }
        match &mut self.phase {
            Phase::Calling(calling) => calling.forks.iter_mut().map(|fork| &mut fork.leg).find(|leg| leg.tag() == tag),
            _ => None,
        }
    }

    pub(super) fn calling(&self) -> Option<&Calling> {
        match &self.phase {
            Phase::Calling(calling) => Some(calling),
            _ => None,
        }
    }

    pub(super) fn calling_mut(&mut self) -> Option<&mut Calling> {
        match &mut self.phase {
            Phase::Calling(calling) => Some(calling),
            _ => None,
        }
    }

    pub(super) fn ringing_mut(&mut self) -> Option<&mut Ringing> {
        match &mut self.phase {
            Phase::Ringing(ringing) => Some(ringing),
            _ => None,
        }
    }

    pub(super) fn is_confirmed(&self) -> bool {
        matches!(self.phase, Phase::Confirmed)
    }

    /// A request of ours waits for its answer that makes another INVITE or UPDATE glare.
    pub(super) fn sent(&self) -> Option<&Proposal> {
        self.ours.as_ref().filter(|ours| matches!(ours.state, OurState::Sent { .. })).map(|ours| &ours.proposal)
    }
}
