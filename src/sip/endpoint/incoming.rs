//! Requests as they arrive (RFC 3261 §8.2, §9.2, §11.2, §13.3): checked in the order of §8.2, then handed to the
//! dialog they belong to, or opening a call. PURE.
//!
//! Refusals outside dialogs keep no state (§8.2.7): a retransmitted request is refused again, with the same tag.

use super::super::dialog::Dialog;
use super::super::transaction::{Received, ServerKey};
use super::super::wire::{NameAddr, Problem, Uri, Via, decode};
use super::super::{CallOrigin, Party};
use super::call::{Reliability, Ringing};
use super::check::check;
pub(super) use super::check::{UnsupportedBody, offer_of};
use super::leg::{Leg, Negotiation};
use super::session_timer::{Asked, lists};
use super::*;

/// Retry-After, in seconds, when every line is taken.
const RETRY_BUSY: &str = "30";
/// Retry-After, in seconds, while shutting down.
const RETRY_DRAINING: &str = "60";

/// A request that has passed the general checks.
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) reply: Reply,
    pub(super) key: ServerKey,
    pub(super) source: Flow,
    pub(super) call_id: bytes::Bytes,
    pub(super) cseq: u32,
    pub(super) from_tag: String,
    pub(super) to_tag: Option<String>,
}

/// Why a request is refused before anyone looks at what it asks for.
pub(super) struct Refusal {
    status: u16,
    reason: Option<String>,
    header: Option<(HeaderName, String)>,
}

impl Refusal {
    pub(super) fn new(status: u16) -> Refusal {
        Refusal { status, reason: None, header: None }
    }

    pub(super) fn bad(reason: impl Into<String>) -> Refusal {
        Refusal { reason: Some(reason.into()), ..Refusal::new(400) }
    }

    pub(super) fn with(status: u16, name: HeaderName, value: impl Into<String>) -> Refusal {
        Refusal { header: Some((name, value.into())), ..Refusal::new(status) }
    }
}

impl Endpoint {
    pub(super) fn receive_request(&mut self, now: Instant, source: Flow, request: Request, problem: Option<Problem>) {
        let Some(reply) = Reply::to(&request, source, self.identity.product()) else {
            return;
        };
        let is_ack = request.method == Method::ACK;
        let checked = match check(&request, problem) {
            Ok(()) => ServerKey::of(&request).zip(request.headers.cseq().map(|cseq| cseq.number)),
            Err(_) if is_ack => return,
            Err(refusal) => return self.refuse(&request, &reply, refusal),
        };
        let (Some((key, cseq)), Some(call_id)) = (checked, request.headers.call_id().cloned()) else {
            return;
        };
        let tag = |address: Option<&NameAddr>| address.and_then(NameAddr::tag).map(str::to_owned);
        let checked = Checked {
            from_tag: tag(request.headers.from()).unwrap_or_default(),
            to_tag: tag(request.headers.to()),
            cseq,
            call_id,
            key,
            reply,
            source,
            request,
        };
        let received = self.transactions.receive_request(&mut self.io, now, &checked.key, &checked.request);
        if received == Received::Absorbed {
            return;
        }
        if is_ack {
            return self.receive_ack(now, &checked);
        }
        if checked.request.method == Method::CANCEL {
            return self.receive_cancel(now, &checked);
        }
        if let Err(refusal) = self.check_understood(&checked) {
            return self.refuse(&checked.request, &checked.reply, refusal);
        }
        match (&checked.to_tag, &checked.request.method) {
            (Some(_), _) => self.receive_in_dialog(now, checked),
            (None, method) if *method == Method::INVITE => self.receive_invite(now, checked),
            (None, method) if *method == Method::OPTIONS => self.receive_options(&checked),
            // Everything else only makes sense within a dialog.
            (None, _) => self.refuse(&checked.request, &checked.reply, Refusal::new(481)),
        }
    }

    /// §8.2.1–8.2.2: method, Request-URI, merged requests, extensions.
    fn check_understood(&self, checked: &Checked) -> Result<(), Refusal> {
        let request = &checked.request;
        let allowed = ALLOW.split(", ").any(|method| method == request.method.as_str());
        if !allowed {
            let status = match request.method {
                Method::Known(_) => 405,
                Method::Other(_) => 501,
            };
            return Err(Refusal::with(status, HeaderName::Allow, ALLOW));
        }
        if let Ok(Uri::Other { scheme, .. }) = request.uri.parse()
            && !scheme.eq_ignore_ascii_case("tel")
        {
            return Err(Refusal::new(416));
        }
        if checked.to_tag.is_none() && (self.transactions.is_merged(request) || self.is_loop(request)) {
            return Err(Refusal::new(482));
        }
        let unknown: Vec<String> = request
            .headers
            .list(&HeaderName::Require)
            .map(|tag| decode(&tag).into_owned())
            .filter(|tag| !SUPPORTED.split(", ").any(|known| known.eq_ignore_ascii_case(tag)))
            .collect();
        if !unknown.is_empty() {
            return Err(Refusal::with(420, HeaderName::Unsupported, unknown.join(", ")));
        }
        // Only an INVITE replaces a dialog (RFC 3891 §3).
        if request.method != Method::INVITE && request.headers.get(&HeaderName::Replaces).is_some() {
            return Err(Refusal::bad("Replaces Outside Of INVITE"));
        }
        Ok(())
    }

    /// Whether it is an INVITE of our own that came back to us (§16.3): one of its branches waits here for the answer.
    fn is_loop(&self, request: &Request) -> bool {
        request
            .headers
            .list(&HeaderName::Via)
            .filter_map(|via| decode(&via).parse::<Via>().ok())
            .any(|via| via.branch().is_some_and(|branch| self.transactions.is_ours(branch)))
    }

    /// Refuses without keeping state.
    pub(super) fn refuse(&mut self, request: &Request, reply: &Reply, refusal: Refusal) {
        let tag = self.identity.stateless_tag(request);
        let mut response = reply.build(refusal.status, &tag);
        if let Some(reason) = refusal.reason {
            response.reason = reason;
        }
        if let Some((name, value)) = refusal.header {
            response.headers.push(name, value);
        }
        self.io.send(reply.destination, response.to_bytes());
    }

    /// Refuses; for an INVITE within a transaction while there is room, so that the refusal reaches its sender.
    pub(super) fn refuse_invite(&mut self, now: Instant, checked: Checked, refusal: Refusal) {
        if self.transactions.is_crowded() {
            return self.refuse(&checked.request, &checked.reply, refusal);
        }
        let reply = &checked.reply;
        let Some(id) =
            self.transactions.open_server(&mut self.io, checked.key, &checked.request, reply.destination, None)
        else {
            return;
        };
        let mut response = reply.build(refusal.status, &self.identity.tag());
        if let Some(reason) = refusal.reason {
            response.reason = reason;
        }
        if let Some((name, value)) = refusal.header {
            response.headers.push(name, value);
        }
        self.respond(now, Some(id), reply, &response);
    }

    pub(super) fn refuse_unknown_dialog(&mut self, checked: &Checked) {
        self.refuse(&checked.request, &checked.reply, Refusal::new(481));
    }

    /// §11.2: what we can do; while draining, that we take no calls.
    pub(super) fn receive_options(&mut self, checked: &Checked) {
        // Within a dialog it asks whether the call still lives, and it does.
        if self.draining && checked.to_tag.is_none() {
            let refusal = Refusal::with(503, HeaderName::RetryAfter, RETRY_DRAINING);
            return self.refuse(&checked.request, &checked.reply, refusal);
        }
        let tag = self.identity.stateless_tag(&checked.request);
        let mut response = checked.reply.build(200, &tag);
        let headers = &mut response.headers;
        headers.push(HeaderName::Contact, self.identity.contact(checked.reply.destination, checked.reply.secure));
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Accept, "application/sdp");
        headers.push(HeaderName::AcceptEncoding, "identity");
        headers.push(HeaderName::Supported, SUPPORTED);
        headers.push(HeaderName::AllowEvents, "refer");
        self.io.send(checked.reply.destination, response.to_bytes());
    }

    /// §9.2.
    fn receive_cancel(&mut self, now: Instant, checked: &Checked) {
        let Some((id, handle)) = self.transactions.find_invite(&checked.key) else {
            return self.refuse(&checked.request, &checked.reply, Refusal::new(481));
        };
        let call = handle.and_then(|handle| self.calls.get_mut(&handle));
        let tag = match &call {
            Some(call) => call.local_tag.clone(),
            None => self.identity.stateless_tag(&checked.request),
        };
        let ok = checked.reply.build(200, &tag).to_bytes();
        self.io.send(checked.reply.destination, ok);
        let (Some(handle), Some(call)) = (handle, call) else {
            return;
        };
        match &call.phase {
            Phase::Ringing(ringing) if ringing.transaction == id => {
                let response = ringing.reply.build(487, &tag).to_bytes();
                self.transactions.respond(&mut self.io, now, id, 487, response);
                self.report_reason(handle, &checked.request.headers);
                self.end_call(now, handle, EndCause::RemoteCancel);
                self.remove_call(now, handle, false);
            }
            // Otherwise the INVITE has its final response already, and the CANCEL no effect.
            _ => self.cancel_their_offer(now, handle, id),
        }
    }

    /// A new call (§13.3.1), or a new dialog for one we have (RFC 3891).
    pub(super) fn receive_invite(&mut self, now: Instant, checked: Checked) {
        match self.find_replaced(&checked.request) {
            Ok(None) => {}
            Ok(Some(handle)) => return self.receive_replacement(now, handle, checked),
            Err(refusal) => return self.refuse_invite(now, checked, refusal),
        }
        if self.draining {
            let refusal = Refusal::with(503, HeaderName::RetryAfter, RETRY_DRAINING);
            return self.refuse_invite(now, checked, refusal);
        }
        if self.calls.len() >= self.config.max_calls {
            let refusal = Refusal::with(486, HeaderName::RetryAfter, RETRY_BUSY);
            return self.refuse_invite(now, checked, refusal);
        }
        let request = &checked.request;
        let headers = &request.headers;
        let offer = match offer_of(request) {
            Ok(offer) => offer,
            Err(unsupported) => {
                let refusal = unsupported.into();
                return self.refuse_invite(now, checked, refusal);
            }
        };
        let asked = Asked::of(headers);
        if let Err(min) = asked.grant(&self.config.policy) {
            return self.refuse_invite(now, checked, Refusal::with(422, HeaderName::MinSe, min.to_string()));
        }
        let tag = self.identity.tag();
        let Some(dialog) = Dialog::of_invite(request, &tag, checked.source) else {
            let refusal = Refusal::bad("Missing Or Malformed Contact Header Field");
            return self.refuse_invite(now, checked, refusal);
        };
        let mut leg = Leg::new(dialog, Negotiation::Open, headers);
        if let Some(offer) = &offer {
            leg.hear_offer(offer);
        }
        let handle = self.next_handle();
        let destination = checked.reply.destination;
        let Some(transaction) =
            self.transactions.open_server(&mut self.io, checked.key, request, destination, Some(handle))
        else {
            let refusal = Refusal::with(503, HeaderName::RetryAfter, RETRY_BUSY);
            return self.refuse(&checked.request, &checked.reply, refusal);
        };
        let trying = checked.reply.build(100, "");
        self.respond(now, Some(transaction), &checked.reply, &trying);
        let origin = CallOrigin::of_invite(request);
        let event = Event::Incoming {
            caller: caller_of(&origin),
            called: headers.to().cloned().map(party).unwrap_or_default(),
            origin: Box::new(origin),
            offer: offer.clone(),
            source: checked.source.remote,
            transport: checked.source.transport,
        };
        let reliability = match (lists(headers, &HeaderName::Require, "100rel"), headers) {
            (true, _) => Reliability::Required,
            (false, headers) if lists(headers, &HeaderName::Supported, "100rel") => Reliability::Supported,
            _ => Reliability::Unsupported,
        };
        let ringing = Ringing {
            transaction,
            reply: checked.reply,
            cseq: checked.cseq,
            offered: offer.is_some(),
            reliability,
            asked,
            rseq: 0,
            waiting: VecDeque::new(),
            preview: None,
            accepted: None,
        };
        self.insert_call(handle, Call::new(Phase::Ringing(Box::new(ringing)), Some(Box::new(leg)), tag));
        self.io.report(handle, event);
    }
}

/// Who calls.
pub(super) fn caller_of(origin: &CallOrigin) -> Party {
    origin.caller.clone().map(party).unwrap_or_default()
}

fn party(address: NameAddr) -> Party {
    Party { user: address.uri.user(), uri: address.uri.to_string(), display_name: address.display_name }
}
