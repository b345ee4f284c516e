//! INVITE and UPDATE of ours within a dialog (RFC 3261 §14.1, RFC 3311 §5.1): one at a time, again after glare. PURE.

use std::time::Duration;

use bytes::Bytes;

use super::super::dialog::Outgoing;
use super::super::sdp;
use super::call::{OurOffer, OurState, Proposal, Purpose, TheirOffer, Way};
use super::identity::{ALLOW, SUPPORTED};
use super::leg::Negotiation;
use super::session_timer::{granted_to_us, min_se};
use super::*;

/// How often an offer goes out again (491, 422, Retry-After, a challenge) before it is given up.
const MAX_REPEATS: u8 = 6;
/// A Retry-After beyond this, in seconds, is a refusal.
const MAX_RETRY_AFTER: u64 = 30;

impl Endpoint {
    /// What the application wants offered.
    pub(super) fn reoffer(&mut self, now: Instant, handle: CallHandle, method: Method, sdp: Option<String>) {
        let offer = sdp.map(|sdp| Bytes::from(sdp.into_bytes()));
        self.propose(now, handle, Proposal { method, offer, purpose: Purpose::Application, repeats: 0 });
    }

    /// Sends it, or keeps it until it may go; beside one that is waiting there is no room for another (491).
    pub(super) fn propose(&mut self, now: Instant, handle: CallHandle, proposal: Proposal) {
        let Some(call) = self.calls.get_mut(&handle).filter(|call| !call.ended) else {
            return;
        };
        if call.queued.is_some() {
            if proposal.purpose == Purpose::Application {
                self.io.report(handle, Event::ReofferRefused { status: 491 });
            }
            return;
        }
        call.queued = Some(proposal);
        self.send_queued(now, handle);
    }

    /// Sends what has been waiting, once nothing is in its way any more.
    pub(super) fn send_queued(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle).filter(|call| !call.ended) else {
            return;
        };
        // One offer at a time, of either side (RFC 3264 §4, RFC 3311 §5.1), and no INVITE beside another.
        if call.ours.is_some() || call.theirs.is_some() || call.unacked.is_some() {
            return;
        }
        let Some(proposal) = &call.queued else {
            return;
        };
        let update = proposal.method == Method::UPDATE;
        let tag = match &call.phase {
            Phase::Confirmed => call.leg.as_ref(),
            // Before the final response only UPDATE, and only after the first offer has its answer.
            Phase::Ringing(_) if update => {
                call.leg.as_ref().filter(|leg| leg.negotiation == Negotiation::Agreed && call.unpracked.is_none())
            }
            Phase::Calling(calling) if update => {
                let agreed = calling.forks.iter().rev().find(|fork| fork.leg.negotiation == Negotiation::Agreed);
                let Some(fork) = agreed else {
                    return;
                };
                let tag = fork.leg.tag().to_owned();
                return self.send_proposal(now, handle, &tag);
            }
            Phase::Ringing(_) | Phase::Calling(_) | Phase::Closing => None,
        };
        if let Some(tag) = tag.map(|leg| leg.tag().to_owned()) {
            self.send_proposal(now, handle, &tag);
        }
    }

    fn send_proposal(&mut self, now: Instant, handle: CallHandle, tag: &str) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(proposal) = call.queued.take() else {
            return;
        };
        let confirmed = call.is_confirmed();
        let session = call.session;
        let Some(leg) = call.leg_mut(tag) else {
            return;
        };
        let branch = self.identity.branch();
        let flow = leg.dialog.next_hop(self.identity.listeners());
        let secure = leg.dialog.is_secure();
        let mut outgoing = leg.dialog.request(proposal.method.clone(), self.identity.via(&branch, flow), flow);
        let headers = &mut outgoing.request.headers;
        headers.push(HeaderName::Contact, self.identity.contact(flow, secure));
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        if let Some(session) = session.filter(|_| confirmed) {
            session.write(headers, &self.config.policy);
        }
        headers.push(HeaderName::UserAgent, self.identity.product());
        if let Some(offer) = &proposal.offer {
            headers.push(HeaderName::ContentType, "application/sdp");
            outgoing.request.body = offer.clone();
            leg.offered(offer.clone());
        }
        if proposal.method == Method::INVITE {
            leg.credentials.clear();
        }
        let cseq = leg.dialog.last_cseq();
        let usage = Usage::Proposal(handle);
        let Outgoing { request, destination } = outgoing;
        let transaction = self.transactions.open_client(&mut self.io, now, request, branch, destination, usage);
        if let Some(call) = self.calls.get_mut(&handle) {
            let state = OurState::Sent { transaction, tag: tag.to_owned(), cseq };
            call.ours = Some(OurOffer { proposal, state });
        }
    }

    /// The wait after a collision is over.
    pub(super) fn retry_offer(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(ours) = call.ours.take_if(|ours| matches!(ours.state, OurState::Waiting)) else {
            return;
        };
        // What came in between waits behind it; there is one place, and the older one has it.
        let displaced = call.queued.replace(ours.proposal);
        if displaced.is_some_and(|proposal| proposal.purpose == Purpose::Application) {
            self.io.report(handle, Event::ReofferRefused { status: 491 });
        }
        self.send_queued(now, handle);
    }

    pub(super) fn receive_proposal_response(
        &mut self,
        now: Instant,
        id: TransactionId,
        handle: CallHandle,
        response: &Response,
    ) {
        let status = response.status;
        if status < 200 {
            return;
        }
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let current =
            call.ours.take_if(|ours| matches!(ours.state, OurState::Sent { transaction, .. } if transaction == id));
        // Without it: a 2xx that waits for its ACK already, sent again.
        let Some(OurOffer { proposal, state: OurState::Sent { tag, cseq, .. } }) = current else {
            return;
        };
        if (200..300).contains(&status) {
            return self.proposal_accepted(now, id, handle, proposal, (&tag, cseq), response);
        }
        if let Some(leg) = call.leg_mut(&tag)
            && leg.negotiation == Negotiation::OfferSent
        {
            leg.drop_offer();
        }
        if call.ended {
            return;
        }
        self.proposal_refused(now, handle, proposal, &tag, response);
        self.send_queued(now, handle);
    }

    fn proposal_accepted(
        &mut self,
        now: Instant,
        id: TransactionId,
        handle: CallHandle,
        proposal: Proposal,
        (tag, cseq): (&str, u32),
        response: &Response,
    ) {
        let invite = proposal.method == Method::INVITE;
        let sdp = (!response.body.is_empty()).then(|| body_text(&response.body));
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let ended = call.ended;
        let Some(leg) = call.leg_mut(tag) else {
            return;
        };
        leg.dialog.refresh_target(&response.headers);
        leg.note_allow(&response.headers);
        let news = match &sdp {
            Some(sdp) if proposal.offer.is_some() => leg.hear_answer(sdp),
            Some(offer) if invite => {
                // We asked for an offer: the ACK waits for our answer (§13.2.2.4).
                leg.hear_offer(offer);
                let refusal = sdp::refuse(offer);
                if ended {
                    return self.acknowledge(id, handle, tag, cseq, refusal.map(Bytes::from));
                }
                call.theirs = Some(TheirOffer { tag: tag.to_owned(), way: Way::Acceptance { transaction: id, cseq } });
                self.arm(now, handle, CallTimer::OfferGuard);
                self.run_session_timer(now, handle, granted_to_us(&response.headers));
                return self.io.report(handle, Event::Reoffered { offer: Some(offer.clone()) });
            }
            _ => {
                leg.drop_offer();
                false
            }
        };
        if invite {
            self.acknowledge(id, handle, tag, cseq, None);
        }
        if ended {
            return;
        }
        if self.calls.get(&handle).is_some_and(Call::is_confirmed) {
            self.run_session_timer(now, handle, granted_to_us(&response.headers));
        }
        if news || proposal.purpose == Purpose::Application {
            self.io.report(handle, Event::ReofferAnswered { sdp });
        }
        self.send_queued(now, handle);
    }

    /// The ACK of a 2xx within the dialog, remembered for its retransmissions (§13.2.2.4).
    pub(super) fn acknowledge(
        &mut self,
        id: TransactionId,
        handle: CallHandle,
        tag: &str,
        cseq: u32,
        sdp: Option<Bytes>,
    ) {
        let branch = self.identity.branch();
        let Some(leg) = self.calls.get_mut(&handle).and_then(|call| call.leg_mut(tag)) else {
            return;
        };
        let flow = leg.dialog.next_hop(self.identity.listeners());
        let mut ack = leg.dialog.ack(cseq, self.identity.via(&branch, flow), flow);
        for (name, value) in &leg.credentials {
            ack.request.headers.push(name.clone(), value.clone());
        }
        ack.request.headers.push(HeaderName::UserAgent, self.identity.product());
        if let Some(sdp) = sdp {
            ack.request.headers.push(HeaderName::ContentType, "application/sdp");
            ack.request.body = sdp;
        }
        self.transactions.acknowledge(&mut self.io, id, tag, ack.request.to_bytes(), ack.destination);
    }

    fn proposal_refused(
        &mut self,
        now: Instant,
        handle: CallHandle,
        mut proposal: Proposal,
        tag: &str,
        response: &Response,
    ) {
        let status = response.status;
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let patient = proposal.repeats < MAX_REPEATS;
        proposal.repeats = proposal.repeats.saturating_add(1);
        let retry_after = retry_after(response).filter(|seconds| *seconds <= MAX_RETRY_AFTER);
        match status {
            // §12.2.1.2, RFC 5057: the far end has lost the dialog, or is gone.
            408 | 481 if call.is_confirmed() => {
                self.end_call(now, handle, EndCause::Timeout);
                return self.send_bye(now, handle);
            }
            // Glare (§14.1).
            491 if patient => {
                let delay = self.identity.glare_delay(call.dialled);
                return self.wait_with(now, handle, proposal, delay);
            }
            500 | 503 if patient && let Some(seconds) = retry_after => {
                return self.wait_with(now, handle, proposal, Duration::from_secs(seconds));
            }
            // RFC 4028 §7.3.
            422 if patient && let Some(session) = &mut call.session => {
                session.interval = session.interval.max(min_se(&response.headers).unwrap_or(session.interval));
                return self.propose(now, handle, proposal);
            }
            // The far end allows UPDATE, and cannot do it after all.
            405 | 501 if patient && proposal.purpose == Purpose::Refresh && proposal.method == Method::UPDATE => {
                if let Some(leg) = call.leg_mut(tag) {
                    leg.takes_update = false;
                    proposal.method = Method::INVITE;
                    proposal.offer.clone_from(&leg.described);
                    return self.propose(now, handle, proposal);
                }
            }
            _ => {}
        }
        if proposal.purpose == Purpose::Application {
            self.io.report(handle, Event::ReofferRefused { status });
        }
    }

    fn wait_with(&mut self, now: Instant, handle: CallHandle, proposal: Proposal, delay: Duration) {
        if let Some(call) = self.calls.get_mut(&handle) {
            call.ours = Some(OurOffer { proposal, state: OurState::Waiting });
            self.io.timers.set(TimerKey::Call(handle, CallTimer::RetryOffer), now + delay);
        }
    }

    /// No answer at all: as good as a 408; or nothing could be sent: as good as a 503 (§8.1.3.1).
    pub(super) fn proposal_failed(&mut self, now: Instant, id: TransactionId, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let current =
            call.ours.take_if(|ours| matches!(ours.state, OurState::Sent { transaction, .. } if transaction == id));
        let Some(OurOffer { proposal, state: OurState::Sent { tag, .. } }) = current else {
            return;
        };
        if let Some(leg) = call.leg_mut(&tag)
            && leg.negotiation == Negotiation::OfferSent
        {
            leg.drop_offer();
        }
        if call.ended {
            return;
        }
        if call.is_confirmed() && status == 408 {
            self.end_call(now, handle, EndCause::Timeout);
            return self.send_bye(now, handle);
        }
        if proposal.purpose == Purpose::Application {
            self.io.report(handle, Event::ReofferRefused { status });
        }
        self.send_queued(now, handle);
    }
}

/// Seconds of a Retry-After, without its comment and parameters.
pub(super) fn retry_after(response: &Response) -> Option<u64> {
    let value = response.headers.text(&HeaderName::RetryAfter)?;
    let digits: String = value.trim().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
