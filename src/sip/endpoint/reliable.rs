//! Reliable provisional responses (RFC 3262): ours until their PRACK, and PRACKs for theirs. PURE.

use bytes::Bytes;

use super::super::transaction::T1;
use super::super::wire::RAck;
use super::call::{Reliability, TheirOffer, Unpracked, Way};
use super::incoming::{Checked, offer_of};
use super::leg::Negotiation;
use super::*;

/// Provisional responses that wait for the PRACK of the one before; of more, the oldest are skipped.
const MAX_WAITING: usize = 4;

impl Endpoint {
    /// Sends 180, or 183 with a session description.
    pub(super) fn progress(&mut self, now: Instant, handle: CallHandle, status: u16, sdp: Option<String>) {
        let policy = self.config.policy.reliable_provisionals;
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let (Phase::Ringing(ringing), Some(leg)) = (&mut call.phase, &mut call.leg) else {
            return;
        };
        // One description: the first offer/answer exchange happens once.
        let mut sdp = sdp.filter(|_| {
            let open = if ringing.offered { Negotiation::OfferReceived } else { Negotiation::Open };
            leg.negotiation == open && ringing.preview.is_none()
        });
        let reliable = match ringing.reliability {
            Reliability::Required => true,
            Reliability::Supported => policy || sdp.is_some(),
            Reliability::Unsupported => false,
        };
        // An offer must arrive (RFC 6337 §2.2).
        if !reliable && !ringing.offered {
            sdp = None;
        }
        if reliable && call.unpracked.is_some() {
            if ringing.waiting.len() >= MAX_WAITING {
                ringing.waiting.pop_front();
            }
            return ringing.waiting.push_back((status, sdp));
        }
        let contact = self.identity.contact(ringing.reply.destination, ringing.reply.secure);
        let mut response = ringing.reply.build_for_dialog(status, &call.local_tag, contact);
        response.headers.push(HeaderName::Allow, ALLOW);
        response.headers.push(HeaderName::Supported, SUPPORTED);
        if reliable {
            ringing.rseq = match ringing.rseq {
                0 => self.identity.first_rseq(),
                last => last.saturating_add(1),
            };
            response.headers.push(HeaderName::Require, "100rel");
            response.headers.push(HeaderName::RSeq, ringing.rseq.to_string());
        }
        let has_sdp = sdp.is_some();
        if let Some(sdp) = sdp {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = Bytes::from(sdp.clone().into_bytes());
            match (reliable, ringing.offered) {
                (true, true) => leg.answered(response.body.clone()),
                (true, false) => leg.offered(response.body.clone()),
                (false, _) => ringing.preview = Some(sdp),
            }
        }
        let (id, bytes) = (ringing.transaction, response.to_bytes());
        if reliable {
            call.unpracked = Some(Unpracked {
                rseq: ringing.rseq,
                cseq: ringing.cseq,
                response: bytes.clone(),
                destination: ringing.reply.destination,
                interval: T1,
                has_sdp,
                offer_is_ours: has_sdp && !ringing.offered,
            });
            self.io.timers.set(TimerKey::Call(handle, CallTimer::ResendReliable), now + T1);
            self.arm(now, handle, CallTimer::NoPrack);
        }
        self.transactions.respond(&mut self.io, now, id, status, bytes);
    }

    /// Again, at intervals that double (§3).
    pub(super) fn resend_reliable(&mut self, now: Instant, handle: CallHandle) {
        let Some(unpracked) = self.calls.get_mut(&handle).and_then(|call| call.unpracked.as_mut()) else {
            return;
        };
        self.io.send(unpracked.destination, unpracked.response.clone());
        unpracked.interval *= 2;
        self.io.timers.set(TimerKey::Call(handle, CallTimer::ResendReliable), now + unpracked.interval);
    }

    /// Nobody acknowledged it for 64·T1: the INVITE is refused (§3).
    pub(super) fn prack_missing(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Phase::Ringing(ringing) = &call.phase else {
            return;
        };
        let id = ringing.transaction;
        let response = ringing.reply.build(504, &call.local_tag).to_bytes();
        self.transactions.respond(&mut self.io, now, id, 504, response);
        self.end_call(now, handle, EndCause::NoAck);
        self.remove_call(now, handle, false);
    }

    pub(super) fn stop_reliable(&mut self, handle: CallHandle) {
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::ResendReliable));
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::NoPrack));
    }

    pub(super) fn receive_prack(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: Option<TransactionId>,
        checked: Checked,
    ) {
        let rack: Option<RAck> = checked.request.headers.text(&HeaderName::RAck).and_then(|value| value.parse().ok());
        let Some(rack) = rack else {
            return self.answer(now, transaction, &checked, 400, None);
        };
        let sdp = match offer_of(&checked.request) {
            Ok(sdp) => sdp,
            Err(unsupported) => return self.answer_unsupported(now, transaction, &checked, unsupported),
        };
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let matching = call
            .unpracked
            .take_if(|sent| sent.rseq == rack.rseq.0 && sent.cseq == rack.cseq && rack.method == Method::INVITE);
        let Some(sent) = matching else {
            return self.answer(now, transaction, &checked, 481, None);
        };
        self.stop_reliable(handle);
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let ended = call.ended;
        let free = call.theirs.is_none();
        let Some(leg) = &mut call.leg else {
            return;
        };
        match sdp {
            // The answer to the offer in our response (RFC 3262 §5).
            sdp if sent.offer_is_ours => {
                match &sdp {
                    Some(answer) => drop(leg.hear_answer(answer)),
                    None => leg.drop_offer(),
                }
                self.answer(now, transaction, &checked, 200, None);
                if !ended {
                    self.io.report(handle, Event::Acknowledged { sdp });
                }
            }
            // A further offer, after the first answer.
            Some(offer) if !ended && free && leg.negotiation == Negotiation::Agreed => {
                leg.hear_offer(&offer);
                let way = Way::Request { transaction, reply: checked.reply, refreshes: false, granted: None };
                call.theirs = Some(TheirOffer { tag: checked.from_tag, way });
                let guard = TimerKey::Call(handle, CallTimer::OfferGuard);
                self.io.timers.set(guard, now + super::reoffer::UPDATE_PATIENCE);
                self.io.report(handle, Event::Reoffered { offer: Some(offer) });
            }
            Some(_) => self.answer(now, transaction, &checked, 491, None),
            None => self.answer(now, transaction, &checked, 200, None),
        }
        self.after_prack(now, handle);
    }

    /// What waited for the PRACK: the 200, or the next provisional response.
    fn after_prack(&mut self, now: Instant, handle: CallHandle) {
        let Some(ringing) = self.calls.get_mut(&handle).and_then(Call::ringing_mut) else {
            return self.send_queued(now, handle);
        };
        if let Some(sdp) = ringing.accepted.take() {
            return self.accept(now, handle, sdp);
        }
        match ringing.waiting.pop_front() {
            Some((status, sdp)) => self.progress(now, handle, status, sdp),
            None => self.send_queued(now, handle),
        }
    }

    /// PRACK for a reliable provisional response to our INVITE (§4).
    pub(super) fn send_prack(&mut self, now: Instant, handle: CallHandle, tag: &str, rack: &RAck, sdp: Option<Bytes>) {
        let branch = self.identity.branch();
        let Some(leg) = self.calls.get_mut(&handle).and_then(|call| call.leg_mut(tag)) else {
            return;
        };
        let flow = leg.dialog.next_hop(self.identity.listeners());
        let mut outgoing = leg.dialog.request(Method::PRACK, self.identity.via(&branch, flow), flow);
        let headers = &mut outgoing.request.headers;
        headers.push(HeaderName::RAck, rack.to_string());
        headers.push(HeaderName::UserAgent, self.identity.product());
        if let Some(sdp) = sdp {
            headers.push(HeaderName::ContentType, "application/sdp");
            outgoing.request.body = sdp;
        }
        let (request, destination) = (outgoing.request, outgoing.destination);
        self.transactions.open_client(&mut self.io, now, request, branch, destination, Usage::Prack(handle));
    }
}
