//! A dialog of a call and what has been negotiated in it (RFC 3264, RFC 6337). PURE.

use bytes::Bytes;

use super::super::dialog::Dialog;
use super::super::wire::{HeaderName, Headers};

/// Where offer and answer stand (RFC 6337 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negotiation {
    /// Nobody has offered yet.
    Open,
    /// Our offer has no answer.
    OfferSent,
    /// Their offer has no answer.
    OfferReceived,
    Agreed,
}

/// One dialog of a call: early with a fork, or confirmed.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) dialog: Dialog,
    pub(super) negotiation: Negotiation,
    /// Our session description in force.
    pub(super) described: Option<Bytes>,
    /// Theirs.
    pub(super) heard: Option<Bytes>,
    /// The offer without answer, of either side.
    pending: Option<Bytes>,
    /// The far end allows UPDATE.
    pub(super) takes_update: bool,
    /// What our last INVITE answered challenges with: its ACK has the same (RFC 3261 §22.1).
    pub(super) credentials: Vec<(HeaderName, Bytes)>,
}

impl Leg {
    /// `headers` of the message that opened the dialog.
    pub(super) fn new(dialog: Dialog, negotiation: Negotiation, headers: &Headers) -> Leg {
        let mut leg = Leg {
            dialog,
            negotiation,
            described: None,
            heard: None,
            pending: None,
            takes_update: false,
            credentials: Vec::new(),
        };
        leg.note_allow(headers);
        leg
    }

    pub(super) fn tag(&self) -> &str {
        &self.dialog.remote_tag
    }

    /// What the far end can do, where it says so.
    pub(super) fn note_allow(&mut self, headers: &Headers) {
        if headers.get(&HeaderName::Allow).is_some() {
            self.takes_update = headers.list(&HeaderName::Allow).any(|method| method == "UPDATE");
        }
    }

    /// Keeps the credentials of an INVITE for its ACK.
    pub(super) fn keep_credentials(&mut self, invite: &Headers) {
        let kept = |name: &HeaderName| matches!(name, HeaderName::Authorization | HeaderName::ProxyAuthorization);
        self.credentials =
            invite.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    }

    /// Their offer, while it has no answer.
    pub(super) fn their_offer(&self) -> Option<&Bytes> {
        self.pending.as_ref().filter(|_| self.negotiation == Negotiation::OfferReceived)
    }

    /// We have sent a description as the answer.
    pub(super) fn answered(&mut self, sdp: Bytes) {
        self.described = Some(sdp);
        self.heard = self.pending.take().or(self.heard.take());
        self.negotiation = Negotiation::Agreed;
    }

    /// We have sent a description as the offer.
    pub(super) fn offered(&mut self, sdp: Bytes) {
        self.pending = Some(sdp);
        self.negotiation = Negotiation::OfferSent;
    }

    /// Their offer arrived.
    pub(super) fn hear_offer(&mut self, sdp: &str) {
        self.pending = Some(Bytes::copy_from_slice(sdp.as_bytes()));
        self.negotiation = Negotiation::OfferReceived;
    }

    /// Their answer arrived; whether it says something else than their last description.
    pub(super) fn hear_answer(&mut self, sdp: &str) -> bool {
        let news = self.heard.as_deref() != Some(sdp.as_bytes());
        self.described = self.pending.take().or(self.described.take());
        self.heard = Some(Bytes::copy_from_slice(sdp.as_bytes()));
        self.negotiation = Negotiation::Agreed;
        news
    }

    /// An offer came to nothing: the session is as it was (RFC 3261 §14.1).
    pub(super) fn drop_offer(&mut self) {
        self.pending = None;
        if self.negotiation != Negotiation::Open {
            self.negotiation = Negotiation::Agreed;
        }
    }
}
