//! What the endpoint remembers of one call. PURE.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::super::Flow;
use super::super::dialog::Dialog;
use super::super::transaction::TransactionId;
use super::reply::Reply;

/// One INVITE usage, from the INVITE to the answered BYE.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) phase: Phase,
    /// Key of this call among the dialogs: our tag.
    pub(super) local_tag: String,
    /// `Ended` has been reported; what remains is signalling.
    pub(super) ended: bool,
    /// Our 2xx that waits for its ACK.
    pub(super) unacked: Option<Unacked>,
    /// A re-INVITE the application has not answered.
    pub(super) reoffer: Option<Reoffer>,
    pub(super) transfer: Option<Transfer>,
    /// A REFER target asked for before the ACK of our 200.
    pub(super) wanted_transfer: Option<String>,
    /// We sent a REFER once: NOTIFYs may come late.
    pub(super) subscribed: bool,
    /// The far end's REFER.
    pub(super) referred: Option<Referred>,
}

/// How far a call is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Incoming, without final response.
    Ringing {
        transaction: TransactionId,
        reply: Box<Reply>,
        dialog: Box<Dialog>,
        /// Number of the INVITE: its ACK has the same.
        cseq: u32,
        /// The INVITE brought an offer.
        offered: bool,
    },
    /// Outgoing, without final response.
    Calling {
        transaction: TransactionId,
        /// Request-URI of the INVITE.
        uri: String,
        /// A provisional response has come, so that a CANCEL may go (§9.1).
        heard: bool,
        cancelled: bool,
    },
    /// A 2xx was sent or received.
    Confirmed { dialog: Box<Dialog> },
    /// We sent BYE.
    Closing { dialog: Box<Dialog> },
}

/// A 2xx of ours until its ACK (§13.3.1.4).
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) cseq: u32,
    pub(super) response: Bytes,
    pub(super) destination: Flow,
    pub(super) interval: Duration,
    /// It answers the INVITE that opened the call, not a re-INVITE.
    pub(super) initial: bool,
    /// It carries our offer: the ACK brings the answer.
    pub(super) offer_is_ours: bool,
    /// BYE as soon as the ACK is here (§15).
    pub(super) hang_up: bool,
}

/// A re-INVITE until the application answers.
#[derive(Debug)]
pub(super) struct Reoffer {
    pub(super) transaction: TransactionId,
    pub(super) reply: Reply,
    pub(super) cseq: u32,
    pub(super) offered: bool,
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
    /// Offered to the application.
    Asked { transaction: Option<TransactionId>, reply: Box<Reply>, cseq: u32 },
    /// Accepted: outcomes go out one NOTIFY at a time, so that none overtakes another.
    Following { cseq: u32, waiting: VecDeque<u16>, in_flight: bool },
}

impl Call {
    pub(super) fn new(phase: Phase, local_tag: String) -> Call {
        Call {
            phase,
            local_tag,
            ended: false,
            unacked: None,
            reoffer: None,
            transfer: None,
            wanted_transfer: None,
            subscribed: false,
            referred: None,
        }
    }

    pub(super) fn dialog(&self) -> Option<&Dialog> {
        match &self.phase {
            Phase::Ringing { dialog, .. } | Phase::Confirmed { dialog } | Phase::Closing { dialog } => Some(dialog),
            Phase::Calling { .. } => None,
        }
    }

    pub(super) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Ringing { dialog, .. } | Phase::Confirmed { dialog } | Phase::Closing { dialog } => Some(dialog),
            Phase::Calling { .. } => None,
        }
    }
}
