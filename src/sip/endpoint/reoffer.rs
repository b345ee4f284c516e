//! The far end's offers within a call: re-INVITE (RFC 3261 §14.2), UPDATE (RFC 3311 §5.2), and what the application
//! answers, wherever the offer came in. PURE.

use std::time::Duration;

use bytes::Bytes;

use super::super::sdp;
use super::call::{TheirOffer, Way};
use super::incoming::{Checked, UnsupportedBody, offer_of};
use super::leg::{Leg, Negotiation};
use super::session_timer::Asked;
use super::*;

/// An UPDATE must be answered before its sender gives up (RFC 3311 §5.2).
pub(super) const UPDATE_PATIENCE: Duration = Duration::from_secs(8);

/// Why an INVITE or UPDATE within the dialog is refused before the application sees it.
enum Busy {
    /// It crossed one of ours (491).
    Glare,
    /// An earlier one of theirs is unanswered (500, Retry-After).
    Pending,
}

impl Endpoint {
    /// New media offered within the call, or an offer asked for (§14.2).
    pub(super) fn receive_reinvite(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: Option<TransactionId>,
        checked: Checked,
    ) {
        // Without a transaction there is nothing to answer in later.
        let Some(id) = transaction else {
            let retry = (HeaderName::RetryAfter, "10".to_owned());
            return self.answer(now, None, &checked, 503, Some(retry));
        };
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        if call.ended {
            return self.answer(now, transaction, &checked, 481, None);
        }
        if let Some(busy) = busy_for_invite(call, !checked.request.body.is_empty()) {
            return self.answer_busy(now, transaction, &checked, busy);
        }
        let offer = match offer_of(&checked.request) {
            Ok(offer) => offer,
            Err(unsupported) => return self.answer_unsupported(now, transaction, &checked, unsupported),
        };
        let granted = match Asked::of(&checked.request.headers).grant(&self.config.policy) {
            Ok(granted) => granted,
            Err(min) => {
                return self.answer(now, transaction, &checked, 422, Some((HeaderName::MinSe, min.to_string())));
            }
        };
        let Some(leg) = self.calls.get_mut(&handle).and_then(|call| call.leg.as_mut()) else {
            return;
        };
        take_notice(leg, &checked.request, offer.as_deref());
        let tag = leg.tag().to_owned();
        let trying = checked.reply.build(100, "").to_bytes();
        self.transactions.respond(&mut self.io, now, id, 100, trying);
        if let Some(call) = self.calls.get_mut(&handle) {
            let (reply, cseq, offered) = (checked.reply, checked.cseq, offer.is_some());
            let way = Way::Invite { transaction: id, reply, cseq, offered, granted };
            call.theirs = Some(TheirOffer { tag, way });
        }
        // Who sends a re-INVITE has our 2xx, whatever became of its ACK (RFC 5407 §3.1.4).
        self.acknowledged(now, handle, None);
        self.io.report(handle, Event::Reoffered { offer });
    }

    pub(super) fn receive_update(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: Option<TransactionId>,
        checked: Checked,
    ) {
        let offer = match offer_of(&checked.request) {
            Ok(offer) => offer,
            Err(unsupported) => return self.answer_unsupported(now, transaction, &checked, unsupported),
        };
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.ended {
            return self.answer(now, transaction, &checked, 481, None);
        }
        let confirmed = call.is_confirmed();
        let pending = matches!(&call.theirs, Some(TheirOffer { way: Way::Request { .. }, .. }));
        let has_theirs = call.theirs.is_some();
        let has_ours =
            call.sent().is_some_and(|proposal| proposal.offer.is_some() || proposal.method == Method::INVITE);
        let Some(leg) = call.leg_mut(&checked.from_tag) else {
            return self.answer(now, transaction, &checked, 481, None);
        };
        let busy = match leg.negotiation {
            _ if pending => Some(Busy::Pending),
            _ if offer.is_none() => None,
            _ if has_ours => Some(Busy::Glare),
            Negotiation::OfferSent => Some(Busy::Glare),
            Negotiation::OfferReceived => Some(Busy::Pending),
            // Before the INVITE's own offer there is none to change.
            Negotiation::Open => Some(Busy::Glare),
            Negotiation::Agreed => has_theirs.then_some(Busy::Pending),
        };
        if let Some(busy) = busy {
            return self.answer_busy(now, transaction, &checked, busy);
        }
        let granted = match Asked::of(&checked.request.headers).grant(&self.config.policy) {
            Ok(granted) => granted.filter(|_| confirmed),
            Err(min) => {
                return self.answer(now, transaction, &checked, 422, Some((HeaderName::MinSe, min.to_string())));
            }
        };
        take_notice(leg, &checked.request, offer.as_deref());
        let reply = checked.reply;
        let way = Way::Request { transaction, reply, refreshes: true, granted };
        let Some(offer) = offer else {
            return self.answer_request(now, handle, way, None);
        };
        call.theirs = Some(TheirOffer { tag: checked.from_tag, way });
        self.io.timers.set(TimerKey::Call(handle, CallTimer::OfferGuard), now + UPDATE_PATIENCE);
        self.io.report(handle, Event::Reoffered { offer: Some(offer) });
    }

    fn answer_busy(&mut self, now: Instant, transaction: Option<TransactionId>, checked: &Checked, busy: Busy) {
        match busy {
            Busy::Glare => self.answer(now, transaction, checked, 491, None),
            Busy::Pending => {
                let seconds = self.identity.short_delay().to_string();
                self.answer(now, transaction, checked, 500, Some((HeaderName::RetryAfter, seconds)));
            }
        }
    }

    pub(super) fn answer_unsupported(
        &mut self,
        now: Instant,
        transaction: Option<TransactionId>,
        checked: &Checked,
        UnsupportedBody(name, value): UnsupportedBody,
    ) {
        self.answer(now, transaction, checked, 415, Some((name, value.to_owned())));
    }

    /// The 2xx of an UPDATE or PRACK.
    fn answer_request(&mut self, now: Instant, handle: CallHandle, way: Way, sdp: Option<Bytes>) {
        let Way::Request { transaction, reply, refreshes, granted } = way else {
            return;
        };
        let mut response = reply.build(200, "");
        let headers = &mut response.headers;
        if refreshes {
            headers.push(HeaderName::Contact, self.identity.contact(reply.destination, reply.secure));
            headers.push(HeaderName::Allow, ALLOW);
            headers.push(HeaderName::Supported, SUPPORTED);
        }
        if let Some(granted) = granted {
            granted.write(headers);
        }
        if let Some(sdp) = sdp {
            headers.push(HeaderName::ContentType, "application/sdp");
            response.body = sdp;
        }
        self.respond(now, transaction, &reply, &response);
        if self.calls.get(&handle).is_some_and(|call| call.is_confirmed() && refreshes) {
            self.run_session_timer(now, handle, granted.map(|granted| granted.timer()));
        }
    }

    /// What the application says to their offer; `None` refuses it.
    pub(super) fn answer_offer(&mut self, now: Instant, handle: CallHandle, sdp: Option<String>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(TheirOffer { tag, way }) = call.theirs.take() else {
            return;
        };
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::OfferGuard));
        let sdp = sdp.map(|sdp| Bytes::from(sdp.into_bytes()));
        if let Way::Replacement(replacement) = way {
            return self.answer_replacement(now, handle, *replacement, sdp);
        }
        let Some(leg) = call.leg_mut(&tag) else {
            return;
        };
        let refusal = || leg_refusal(leg);
        match way {
            Way::Invite { transaction, reply, cseq, offered, granted } => match sdp {
                Some(sdp) => {
                    if offered {
                        leg.answered(sdp.clone())
                    } else {
                        leg.offered(sdp.clone())
                    }
                    let accepted = Accepted { transaction, cseq, initial: false, offer_is_ours: !offered };
                    self.send_2xx(now, handle, &reply, accepted, Some(sdp), granted);
                }
                None => {
                    leg.drop_offer();
                    let response = reply.build(488, "").to_bytes();
                    self.transactions.respond(&mut self.io, now, transaction, 488, response);
                }
            },
            Way::Request { transaction, reply, refreshes, granted } => match sdp {
                Some(sdp) => {
                    leg.answered(sdp.clone());
                    let way = Way::Request { transaction, reply, refreshes, granted };
                    self.answer_request(now, handle, way, Some(sdp));
                }
                None => {
                    leg.drop_offer();
                    let response = reply.build(488, "");
                    self.respond(now, transaction, &reply, &response);
                }
            },
            // An offer in a response can't be refused: the answer takes none of its streams, and a call that has no
            // other ends (§13.2.2.4).
            Way::Acceptance { transaction, cseq } => {
                let refused = sdp.is_none();
                let sdp = sdp.or_else(refusal);
                if let Some(sdp) = &sdp {
                    leg.answered(sdp.clone());
                }
                self.acknowledge(transaction, handle, &tag, cseq, sdp);
                if refused {
                    return self.hang_up(now, handle);
                }
            }
            Way::Provisional { rack } => {
                let refused = sdp.is_none();
                let sdp = sdp.or_else(refusal);
                if let Some(sdp) = &sdp {
                    leg.answered(sdp.clone());
                }
                self.send_prack(now, handle, &tag, &rack, sdp);
                if refused {
                    return self.hang_up(now, handle);
                }
            }
            Way::Replacement(_) => {}
        }
        self.send_queued(now, handle);
    }

    /// The application has not answered: 504 to an UPDATE, no streams where the offer came in a 2xx.
    pub(super) fn offer_unanswered(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if let Some(TheirOffer { tag, way: Way::Request { transaction, reply, .. } }) =
            call.theirs.take_if(|theirs| matches!(theirs.way, Way::Request { .. }))
        {
            if let Some(leg) = call.leg_mut(&tag) {
                leg.drop_offer();
            }
            let response = reply.build(504, "");
            self.respond(now, transaction, &reply, &response);
            return self.send_queued(now, handle);
        }
        self.answer_offer(now, handle, None);
    }

    /// CANCEL of an INVITE that the application has not answered (§9.2); the call goes on.
    pub(super) fn cancel_their_offer(&mut self, now: Instant, handle: CallHandle, id: TransactionId) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let cancelled = call.theirs.take_if(|theirs| match &theirs.way {
            Way::Invite { transaction, .. } => *transaction == id,
            Way::Replacement(replacement) => replacement.transaction == id,
            Way::Request { .. } | Way::Acceptance { .. } | Way::Provisional { .. } => false,
        });
        match cancelled.map(|theirs| theirs.way) {
            Some(Way::Invite { transaction, reply, .. }) => {
                if let Some(leg) = &mut call.leg {
                    leg.drop_offer();
                }
                let response = reply.build(487, "").to_bytes();
                self.transactions.respond(&mut self.io, now, transaction, 487, response);
            }
            Some(Way::Replacement(replacement)) => self.refuse_replacement(now, &replacement, 487),
            _ => return,
        }
        self.send_queued(now, handle);
    }

    /// The call ends: what waits for the application's answer gets 487 (§15.1.2), and an unacknowledged 2xx its ACK.
    pub(super) fn abandon_their_offer(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(TheirOffer { tag, way }) = call.theirs.take() else {
            return;
        };
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::OfferGuard));
        match way {
            Way::Invite { transaction, reply, .. } => {
                let response = reply.build(487, "").to_bytes();
                self.transactions.respond(&mut self.io, now, transaction, 487, response);
            }
            Way::Request { transaction, reply, .. } => {
                let response = reply.build(487, "");
                self.respond(now, transaction, &reply, &response);
            }
            Way::Acceptance { transaction, cseq } => {
                let sdp = call.leg_mut(&tag).and_then(|leg| leg_refusal(leg));
                self.acknowledge(transaction, handle, &tag, cseq, sdp);
            }
            // The INVITE is cancelled, and the response with it.
            Way::Provisional { .. } => {}
            Way::Replacement(replacement) => self.refuse_replacement(now, &replacement, 603),
        }
    }
}

/// The answer that takes no stream of their offer.
fn leg_refusal(leg: &Leg) -> Option<Bytes> {
    let offer = leg.their_offer()?;
    sdp::refuse(&body_text(offer)).map(Bytes::from)
}

/// §14.2, RFC 5407 §3.1.4, §3.1.5.
fn busy_for_invite(call: &Call, offers: bool) -> Option<Busy> {
    match (&call.phase, &call.theirs) {
        // The INVITE that opened the call is not answered yet.
        (Phase::Ringing(_), _) => return Some(Busy::Pending),
        (Phase::Calling(_), _) => return Some(Busy::Glare),
        (_, Some(TheirOffer { way: Way::Acceptance { .. } | Way::Provisional { .. }, .. })) => {
            return Some(Busy::Glare);
        }
        (_, Some(_)) => return Some(Busy::Pending),
        _ => {}
    }
    let crossed = call.sent().is_some_and(|ours| ours.method == Method::INVITE || (ours.offer.is_some() && offers));
    // Our offer in a 2xx has no answer yet: that is what the missing ACK brings.
    let owed = call.unacked.as_ref().is_some_and(|unacked| unacked.offer_is_ours);
    (crossed || owed).then_some(Busy::Glare)
}

/// A target refresh request, and its offer.
fn take_notice(leg: &mut Leg, request: &Request, offer: Option<&str>) {
    leg.dialog.refresh_target(&request.headers);
    leg.note_allow(&request.headers);
    if let Some(offer) = offer {
        leg.hear_offer(offer);
    }
}
