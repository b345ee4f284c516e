//! Requests of ours and what comes back (RFC 3261 §8.1, §13.2). PURE.

use std::net::SocketAddr;

use bytes::Bytes;

use super::super::dialog::{Dialog, Outgoing};
use super::super::wire::{NameAddr, RAck, RSeq, ReferTo, Uri};
use super::super::{Destination, Dial, ListenerId, sdp};
use super::call::{Calling, Fork, TheirOffer, Way};
use super::leg::{Leg, Negotiation};
use super::session_timer::{self, granted_to_us, lists};
use super::ways::Stage;
use super::*;

/// Early dialogs of one INVITE; the provisional responses of more forks are told, but open none.
const MAX_FORKS: usize = 8;
/// Outgoing calls may take this many places beyond `max_calls` (a transfer must not fail because callers fill the
/// lines); more are refused at once with [`EndCause::Refused`] (503).
const EXTRA_CALLS: usize = 64;

impl Endpoint {
    /// Calls somebody: INVITE with the offer, once the target's name is looked up. What comes of it follows as events; a
    /// target that is no `sip:` or `tel:` URI ends the call with [`EndCause::Refused`] (400 or 416), one that leads
    /// nowhere with [`EndCause::Unreachable`], without anything being sent.
    pub fn dial(&mut self, now: Instant, dial: Dial) -> CallHandle {
        let handle = self.next_handle();
        let uri = match request_uri(&dial.target) {
            Ok(uri) => uri,
            Err(status) => {
                let cause = EndCause::Refused(status);
                self.io.report(handle, Event::Ended { cause });
                return handle;
            }
        };
        let replaces = dial.target.parse::<ReferTo>().ok().and_then(|target| target.replaces());
        if self.calls.len() >= self.config.max_calls.saturating_add(EXTRA_CALLS) {
            let cause = EndCause::Refused(503);
            self.io.report(handle, Event::Ended { cause });
            return handle;
        }
        let tag = self.identity.tag();
        let user = dial.from.as_ref().and_then(|from| from.user.as_deref());
        let mut from = NameAddr::new(self.identity.uri(user, ListenerId::default())).with_tag(&tag);
        from.display_name = match &dial.from {
            Some(party) => party.display_name.clone(),
            None => self.config.display_name.clone(),
        };
        let mut invite = self.outside_dialog(Method::INVITE, &uri, &from);
        let headers = &mut invite.headers;
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        session_timer::ask(headers, &self.config.policy);
        if let Some(replaces) = replaces {
            // Without Require, who does not know it would just take another call (RFC 3891 §6.2).
            headers.push(HeaderName::Replaces, replaces.to_string());
            headers.push(HeaderName::Require, "replaces");
        }
        if let Some(referred_by) = dial.referred_by {
            headers.push(HeaderName::ReferredBy, referred_by);
        }
        if let Some(offer) = dial.offer {
            headers.push(HeaderName::ContentType, "application/sdp");
            invite.body = offer.into_bytes().into();
        }
        let asks_for_offer = invite.body.is_empty();
        let calling = Calling {
            stage: Stage::Fresh,
            invite,
            cseq: 1,
            heard: false,
            cancelled: false,
            forks: Vec::new(),
            ways: VecDeque::new(),
            guided: matches!(dial.destination, Destination::Ways(_)),
            sender: None,
            targets: Vec::new(),
            known: vec![uri.clone()],
            realms: Vec::new(),
            repeats: 0,
            redirects: if dial.redirects { self.config.policy.max_redirects } else { 0 },
        };
        let call = Call::new(Phase::Calling(Box::new(calling)), None, tag);
        self.insert_call(handle, Call { asks_for_offer, ..call });
        match self.ways_to(&uri, dial.destination) {
            Some(ways) => self.invite_located(now, handle, ways),
            None => {
                let stage = self.look_up(now, handle, uri);
                if let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) {
                    calling.stage = stage;
                }
            }
        }
        handle
    }

    /// A request that opens a dialog or stands alone (§8.1.1), but for what depends on its way: [`Endpoint::aim`].
    pub(super) fn outside_dialog(&mut self, method: Method, uri: &str, from: &NameAddr) -> Request {
        let mut headers = Headers::default();
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, from.to_string());
        headers.push(HeaderName::To, format!("<{uri}>"));
        headers.push(HeaderName::CallId, self.identity.call_id());
        headers.push(HeaderName::CSeq, format!("1 {method}"));
        headers.push(HeaderName::UserAgent, self.identity.product());
        Request { method, uri: uri.to_owned(), headers, body: bytes::Bytes::new() }
    }

    pub(super) fn receive_response(&mut self, now: Instant, id: TransactionId, usage: Usage, response: &Response) {
        let status = response.status;
        if matches!(status, 401 | 407) && self.answer_challenge(now, id, usage, response) {
            return;
        }
        match usage {
            Usage::Invite(handle) if status < 200 => self.receive_provisional(now, id, handle, response),
            Usage::Invite(handle) if status < 300 => self.receive_acceptance(now, id, handle, response),
            Usage::Invite(handle) => self.receive_refusal(now, id, handle, response),
            Usage::Proposal(handle) => self.receive_proposal_response(now, id, handle, response),
            Usage::Bye(handle) if status >= 200 => self.remove_call(now, handle, true),
            Usage::Refer(handle) => {
                // Nothing will be told of the outcome (RFC 4488 §4): that it was taken up is all there is to know.
                let silent = response.headers.text(&HeaderName::ReferSub);
                let silent = silent.is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("false"));
                self.receive_refer_response(handle, status, silent);
            }
            Usage::Notify(handle) if status >= 200 => self.notify_answered(now, handle, status),
            Usage::Ping(handle) if status >= 200 => self.ping_answered(now, id, handle, status),
            Usage::Bye(_) | Usage::Notify(_) | Usage::Ping(_) | Usage::Prack(_) | Usage::Detached => {}
        }
    }

    /// A request of ours got no answer (timer B or F).
    pub(super) fn request_timed_out(&mut self, now: Instant, id: TransactionId, usage: Usage) {
        match usage {
            Usage::Proposal(handle) => self.proposal_failed(now, id, handle, 408),
            Usage::Invite(handle) => self.invite_failed(now, id, handle, EndCause::Timeout),
            Usage::Bye(handle) => self.remove_call(now, handle, true),
            Usage::Refer(handle) => self.receive_refer_response(handle, 408, false),
            Usage::Notify(handle) => self.notify_answered(now, handle, 408),
            Usage::Ping(handle) => self.ping_failed(now, id, handle, EndCause::Timeout),
            Usage::Prack(_) | Usage::Detached => {}
        }
    }

    /// What went this way could not be sent: each request that still waits there is as good as refused with 503
    /// (§8.1.3.1).
    pub(super) fn transport_failed(&mut self, now: Instant, flow: Flow) {
        let failed = self.transactions.fail(&mut self.io, now, flow);
        self.requests_failed(now, failed);
    }

    /// No datagram gets there: calls and OPTIONS that nobody has answered yet go elsewhere, or end.
    pub(super) fn unreachable(&mut self, now: Instant, remote: SocketAddr) {
        let opening = |usage| matches!(usage, Usage::Invite(_) | Usage::Ping(_));
        let failed = self.transactions.unreachable(&mut self.io, now, remote, opening);
        self.requests_failed(now, failed);
    }

    fn requests_failed(&mut self, now: Instant, failed: Vec<(TransactionId, Usage)>) {
        for (id, usage) in failed {
            match usage {
                Usage::Proposal(handle) => self.proposal_failed(now, id, handle, 503),
                Usage::Invite(handle) => self.invite_failed(now, id, handle, EndCause::Unreachable),
                Usage::Refer(handle) => self.receive_refer_response(handle, 503, false),
                Usage::Notify(handle) => self.notify_answered(now, handle, 503),
                Usage::Ping(handle) => self.ping_failed(now, id, handle, EndCause::Unreachable),
                Usage::Bye(_) | Usage::Prack(_) | Usage::Detached => self.request_timed_out(now, id, usage),
            }
        }
    }

    /// Somebody is being called (§13.2.2.1); reliable responses are acknowledged (RFC 3262 §4).
    fn receive_provisional(&mut self, now: Instant, id: TransactionId, handle: CallHandle, response: &Response) {
        let status = response.status;
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let busy = call.theirs.is_some();
        let ended = call.ended;
        let Some(calling) = call.calling_mut().filter(|calling| calling.stage.waits_for(id)) else {
            return;
        };
        let first = !std::mem::replace(&mut calling.heard, true);
        let cancelled = calling.cancelled;
        let fork = if status > 100 { fork_of(calling, response) } else { None };
        let mut sdp = (!response.body.is_empty()).then(|| body_text(&response.body));
        let rseq = reliable_number(response);
        let mut offered = None;
        let mut acknowledged = None;
        if let (Some(fork), Some(rseq)) = (fork, rseq) {
            // Out of order, or once more (§4): not acknowledged, so that the missing one comes first.
            if fork.rseq.is_some_and(|last| last.checked_add(1) != Some(rseq.0)) {
                return;
            }
            match (&sdp, fork.leg.negotiation) {
                (Some(answer), Negotiation::OfferSent) => drop(fork.leg.hear_answer(answer)),
                (Some(_), Negotiation::Open) if busy => return,
                (Some(offer), Negotiation::Open) => {
                    fork.leg.hear_offer(offer);
                    offered = sdp.take();
                }
                _ => {}
            }
            fork.rseq = Some(rseq.0);
            let cseq = response.headers.cseq().map_or(1, |cseq| cseq.number);
            let rack = RAck { rseq, cseq, method: Method::INVITE };
            acknowledged = Some((fork.leg.tag().to_owned(), rack));
        }
        if cancelled && first {
            self.send_cancel(now, handle);
        }
        if let Some((tag, rack)) = acknowledged {
            match (&offered, self.calls.get_mut(&handle)) {
                (Some(_), Some(call)) if !ended => {
                    call.theirs = Some(TheirOffer { tag, way: Way::Provisional { rack } });
                    self.arm(now, handle, CallTimer::OfferGuard);
                }
                _ => self.send_prack(now, handle, &tag, &rack, None),
            }
        }
        if ended || status == 100 {
            return;
        }
        self.io.report(handle, Event::Progress { status, sdp });
        if offered.is_some() {
            self.io.report(handle, Event::Reoffered { offer: offered });
        }
        self.send_queued(now, handle);
    }

    /// Nobody took the call, at least not there (§13.2.2.2, §13.2.2.3).
    fn receive_refusal(&mut self, now: Instant, id: TransactionId, handle: CallHandle, response: &Response) {
        let current =
            self.calls.get(&handle).and_then(Call::calling).is_some_and(|calling| calling.stage.waits_for(id));
        if !current || self.invite_again(now, handle, response) {
            return;
        }
        self.invite_ended(now, handle, EndCause::Refused(response.status));
    }

    /// No answer from there, or no way there.
    fn invite_failed(&mut self, now: Instant, id: TransactionId, handle: CallHandle, cause: EndCause) {
        let current =
            self.calls.get(&handle).and_then(Call::calling).is_some_and(|calling| calling.stage.waits_for(id));
        if current && !self.invite_elsewhere(now, handle) {
            self.invite_ended(now, handle, cause);
        }
    }

    /// A 2xx to our INVITE (§13.2.2.4): ACK always; a call for the first one, BYE for forks and for a cancelled call.
    fn receive_acceptance(&mut self, now: Instant, id: TransactionId, handle: CallHandle, response: &Response) {
        let sdp = (!response.body.is_empty()).then(|| body_text(&response.body));
        let tag = response.headers.to().and_then(|to| to.tag().map(str::to_owned)).unwrap_or_default();
        let of_other_fork = |call: &Call| {
            let current = call.calling().is_some_and(|calling| calling.stage.waits_for(id));
            current && call.theirs.as_ref().is_some_and(|theirs| theirs.tag != tag)
        };
        // What is under way with others who were called is over.
        if self.calls.get(&handle).is_some_and(of_other_fork) {
            self.abandon_their_offer(now, handle);
        }
        let Some(call) = self.calls.get_mut(&handle) else {
            return self.end_fork(now, id, response, None);
        };
        // Whoever offers because we asked for it gets an answer, even if it takes nothing (§13.2.2.4).
        let refusal = sdp.as_deref().filter(|_| call.asks_for_offer).and_then(sdp::refuse).map(Bytes::from);
        // The same 2xx again, while its ACK waits for the application's answer.
        let waits = call.theirs.as_ref().is_some_and(|theirs| {
            theirs.tag == tag && matches!(theirs.way, Way::Acceptance { transaction, .. } if transaction == id)
        });
        if waits {
            return;
        }
        let current = call.calling_mut().filter(|calling| calling.stage.waits_for(id));
        let Some((calling, sent_to)) = current.zip(self.transactions.destination(id)) else {
            return self.end_fork(now, id, response, refusal);
        };
        let known = calling.forks.iter().position(|fork| fork.leg.tag() == tag);
        let leg = match known.map(|at| calling.forks.swap_remove(at).leg) {
            Some(mut leg) => {
                leg.dialog.confirm(response);
                leg.note_allow(&response.headers);
                Some(leg)
            }
            None => new_leg(calling, response, sent_to),
        };
        let Some(mut leg) = leg else {
            // No dialog comes of it, so it can be neither acknowledged nor ended (§21.5.3: an invalid response).
            self.end_call(now, handle, EndCause::Refused(502));
            return self.remove_call(now, handle, false);
        };
        let cseq = response.headers.cseq().map_or(calling.cseq, |cseq| cseq.number);
        let mut offered = None;
        let mut answer = sdp;
        match (&answer, leg.negotiation) {
            (Some(sdp), Negotiation::OfferSent) => drop(leg.hear_answer(sdp)),
            (Some(sdp), Negotiation::Open) => {
                leg.hear_offer(sdp);
                offered = answer.take();
            }
            // Agreed before the call was answered: another description means nothing (RFC 6337 §2.2).
            (_, Negotiation::Agreed) => answer = leg.heard.as_ref().map(body_text),
            // The answer is missing.
            (None, Negotiation::OfferSent) => leg.drop_offer(),
            _ => {}
        }
        call.phase = Phase::Confirmed;
        call.leg = Some(Box::new(leg));
        let stale = call.ours.take_if(|ours| matches!(&ours.state, OurState::Sent { tag: other, .. } if *other != tag));
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::CancelGuard));
        if stale.is_some_and(|ours| ours.proposal.purpose == call::Purpose::Application) && !call.ended {
            self.io.report(handle, Event::ReofferRefused { status: 487 });
        }
        if call.ended {
            // It was answered before our CANCEL got there.
            self.acknowledge(id, handle, &tag, cseq, refusal.filter(|_| offered.is_some()));
            return self.send_bye(now, handle);
        }
        if offered.is_some() {
            let way = Way::Acceptance { transaction: id, cseq };
            call.theirs = Some(TheirOffer { tag, way });
            self.arm(now, handle, CallTimer::OfferGuard);
        } else {
            self.acknowledge(id, handle, &tag, cseq, None);
        }
        self.run_session_timer(now, handle, granted_to_us(&response.headers));
        self.io.report(handle, Event::Answered { sdp: answer });
        if offered.is_some() {
            self.io.report(handle, Event::Reoffered { offer: offered });
        }
        self.send_queued(now, handle);
    }

    /// Another one answered as well, or too late: ACK, so that it rests, then BYE.
    fn end_fork(&mut self, now: Instant, id: TransactionId, response: &Response, answer: Option<Bytes>) {
        let Some(sent_to) = self.transactions.destination(id) else {
            return;
        };
        let Some(mut dialog) = Dialog::of_response(response, "", sent_to).filter(|dialog| dialog.is_reachable()) else {
            return;
        };
        let flow = dialog.next_hop(self.identity.listeners());
        let branch = self.identity.branch();
        let mut ack = dialog.ack(dialog.last_cseq(), self.identity.via(&branch, flow), flow);
        ack.request.headers.push(HeaderName::UserAgent, self.identity.product());
        if let Some(answer) = answer {
            ack.request.headers.push(HeaderName::ContentType, "application/sdp");
            ack.request.body = answer;
        }
        let tag = dialog.remote_tag.clone();
        if !self.transactions.acknowledge(&mut self.io, id, &tag, ack.request.to_bytes(), ack.destination) {
            return;
        }
        let branch = self.identity.branch();
        let Outgoing { request, destination } = dialog.request(Method::BYE, self.identity.via(&branch, flow), flow);
        self.transactions.open_client(&mut self.io, now, request, branch, destination, Usage::Detached);
    }
}

/// The early dialog a provisional response belongs to, opened by it when it is the first (§12.1).
fn fork_of<'a>(calling: &'a mut Calling, response: &Response) -> Option<&'a mut Fork> {
    let to = response.headers.to()?;
    let tag = to.tag()?;
    if let Some(at) = calling.forks.iter().position(|fork| fork.leg.tag() == tag) {
        let fork = &mut calling.forks[at];
        fork.leg.dialog.refresh_target(&response.headers);
        fork.leg.note_allow(&response.headers);
        return Some(fork);
    }
    if calling.forks.len() >= MAX_FORKS {
        return None;
    }
    let leg = new_leg(calling, response, calling.stage.destination()?)?;
    calling.forks.push(Fork { leg, rseq: None });
    calling.forks.last_mut()
}

fn new_leg(calling: &Calling, response: &Response, sent_to: Flow) -> Option<Leg> {
    let dialog = Dialog::of_response(response, &calling.invite.uri, sent_to)?;
    let mut leg = Leg::new(dialog, Negotiation::Open, &response.headers);
    leg.keep_credentials(&calling.invite.headers);
    if !calling.invite.body.is_empty() {
        leg.offered(calling.invite.body.clone());
    }
    Some(leg)
}

/// The number of a reliable provisional response (RFC 3262 §3).
fn reliable_number(response: &Response) -> Option<RSeq> {
    if response.status == 100 || !lists(&response.headers, &HeaderName::Require, "100rel") {
        return None;
    }
    response.headers.text(&HeaderName::RSeq)?.parse().ok()
}

/// The Request-URI for a target as people and configuration write it; else the status a server would refuse it with.
pub(super) fn request_uri(target: &str) -> Result<String, u16> {
    let address: NameAddr = target.parse().map_err(|_| 400u16)?;
    // Without brackets, `;` parameters were read as the header's: they belong to the URI here.
    let uri = match target.trim() {
        bare if !bare.contains('<') => bare.parse().map_err(|_| 400u16)?,
        _ => address.uri,
    };
    match uri {
        Uri::Sip(mut sip) => {
            sip.headers = None;
            Ok(sip.to_string())
        }
        Uri::Other { ref scheme, .. } if scheme.eq_ignore_ascii_case("tel") => Ok(uri.to_string()),
        Uri::Other { .. } => Err(416),
    }
}
