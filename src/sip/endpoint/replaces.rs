//! INVITE with Replaces (RFC 3891): a new dialog takes the place of a call's, which goes on under its handle. PURE.

use bytes::Bytes;

use super::super::CallOrigin;
use super::super::dialog::Dialog;
use super::super::wire::Replaces;
use super::call::{Replacement, TheirOffer, Way};
use super::incoming::{Checked, Refusal, caller_of, offer_of};
use super::leg::{Leg, Negotiation};
use super::session_timer::Asked;
use super::*;

impl Endpoint {
    /// The call an INVITE wants to replace the dialog of; `Ok(None)` when it has no such wish (§3).
    pub(super) fn find_replaced(&self, request: &Request) -> Result<Option<CallHandle>, Refusal> {
        let mut all = request.headers.list(&HeaderName::Replaces);
        let Some(first) = all.next() else {
            return Ok(None);
        };
        if all.next().is_some() {
            return Err(Refusal::bad("Repeated Replaces Header Field"));
        }
        let Ok(replaces) = String::from_utf8_lossy(&first).parse::<Replaces>() else {
            return Err(Refusal::bad("Malformed Replaces Header Field"));
        };
        let Some(&handle) = self.dialogs.get(replaces.to_tag()) else {
            // A dialog of ours that is over: it is too late.
            let over = self.afterlife.get(replaces.to_tag(), replaces.call_id.as_bytes()).is_some();
            return Err(Refusal::new(if over { 603 } else { 481 }));
        };
        let Some(call) = self.calls.get(&handle) else {
            return Err(Refusal::new(481));
        };
        let call_id = replaces.call_id.as_bytes();
        let is_far_end = |leg: &Leg| leg.dialog.matches(call_id, replaces.from_tag());
        match &call.phase {
            // Over, but for the signalling.
            _ if call.ended => Err(Refusal::new(603)),
            Phase::Closing => Err(Refusal::new(603)),
            // An early dialog can be replaced only by who called (§3).
            Phase::Ringing(_) => Err(Refusal::new(481)),
            Phase::Calling(calling) if calling.forks.iter().any(|fork| is_far_end(&fork.leg)) => Ok(Some(handle)),
            Phase::Confirmed if call.leg.as_ref().is_some_and(|leg| is_far_end(leg)) => match replaces.early_only() {
                true => Err(Refusal::new(486)),
                false => Ok(Some(handle)),
            },
            Phase::Calling(_) | Phase::Confirmed => Err(Refusal::new(481)),
        }
    }

    pub(super) fn receive_replacement(&mut self, now: Instant, handle: CallHandle, checked: Checked) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        if call.theirs.is_some() || call.sent().is_some() {
            // Something else is being negotiated: soon it can be.
            let seconds = self.identity.short_delay().to_string();
            return self.refuse_invite(now, checked, Refusal::with(500, HeaderName::RetryAfter, seconds));
        }
        let offer = match offer_of(&checked.request) {
            Ok(offer) => offer,
            Err(unsupported) => return self.refuse_invite(now, checked, unsupported.into()),
        };
        let asked = Asked::of(&checked.request.headers);
        if let Err(min) = asked.grant(&self.config.policy) {
            return self.refuse_invite(now, checked, Refusal::with(422, HeaderName::MinSe, min.to_string()));
        }
        let tag = self.identity.tag();
        let headers = &checked.request.headers;
        let Some(dialog) = Dialog::of_invite(&checked.request, &tag, checked.source) else {
            return self.refuse_invite(now, checked, Refusal::bad("Missing Or Malformed Contact Header Field"));
        };
        let mut leg = Leg::new(dialog, Negotiation::Open, headers);
        if let Some(offer) = &offer {
            leg.hear_offer(offer);
        }
        let party = caller_of(&CallOrigin::of_invite(&checked.request));
        let destination = checked.reply.destination;
        let Some(transaction) =
            self.transactions.open_server(&mut self.io, checked.key, &checked.request, destination, Some(handle))
        else {
            let refusal = Refusal::with(503, HeaderName::RetryAfter, "10");
            return self.refuse(&checked.request, &checked.reply, refusal);
        };
        let trying = checked.reply.build(100, "");
        self.respond(now, Some(transaction), &checked.reply, &trying);
        let replacement = Replacement {
            transaction,
            reply: checked.reply,
            cseq: checked.cseq,
            offered: offer.is_some(),
            asked,
            leg,
            local_tag: tag.clone(),
        };
        if let Some(call) = self.calls.get_mut(&handle) {
            let way = Way::Replacement(Box::new(replacement));
            call.theirs = Some(TheirOffer { tag: checked.from_tag, way });
        }
        self.dialogs.insert(tag, handle);
        self.io.report(handle, Event::Replaced { party, offer });
    }

    pub(super) fn refuse_replacement(&mut self, now: Instant, replacement: &Replacement, status: u16) {
        self.dialogs.remove(&replacement.local_tag);
        let response = replacement.reply.build(status, &replacement.local_tag).to_bytes();
        self.transactions.respond(&mut self.io, now, replacement.transaction, status, response);
    }

    /// The application takes the new dialog: it becomes the call's, and the old one ends (§3).
    pub(super) fn answer_replacement(
        &mut self,
        now: Instant,
        handle: CallHandle,
        replacement: Replacement,
        sdp: Option<Bytes>,
    ) {
        let Some(sdp) = sdp else {
            return self.refuse_replacement(now, &replacement, 488);
        };
        let granted = replacement.asked.grant(&self.config.policy).unwrap_or_default();
        self.leave_dialog(now, handle);
        let Replacement { transaction, reply, cseq, offered, mut leg, local_tag, .. } = replacement;
        if offered {
            leg.answered(sdp.clone())
        } else {
            leg.offered(sdp.clone())
        }
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        self.dialogs.remove(&call.local_tag);
        call.local_tag = local_tag;
        call.leg = Some(Box::new(leg));
        call.phase = Phase::Confirmed;
        call.dialled = false;
        let accepted = Accepted { transaction, cseq, initial: true, offer_is_ours: !offered };
        self.send_2xx(now, handle, &reply, accepted, Some(sdp), granted);
    }

    /// BYE in the call's dialog, or CANCEL of its INVITE, without waiting for what comes of it.
    fn leave_dialog(&mut self, now: Instant, handle: CallHandle) {
        self.refuse_refer(now, handle, 603);
        self.stop_resending(handle);
        self.run_session_timer(now, handle, None);
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::RetryOffer));
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        // What was under way there ends with it.
        call.transfer = None;
        call.wanted_transfer = None;
        call.referred = None;
        let proposals = [call.ours.take().map(|ours| ours.proposal), call.queued.take()];
        for _ in proposals.iter().flatten().filter(|proposal| proposal.purpose == call::Purpose::Application) {
            self.io.report(handle, Event::ReofferRefused { status: 487 });
        }
        let confirmed = call.is_confirmed();
        if !confirmed {
            call.superseded = call.calling().and_then(|calling| calling.stage.transaction());
            return self.send_cancel(now, handle);
        }
        self.send_in_dialog(now, handle, Method::BYE, Usage::Detached, |_| {});
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if let Some(leg) = call.leg.take() {
            let ended = Ended { call_id: leg.dialog.call_id, by_us: true, subscribed: call.subscribed };
            self.afterlife.remember(&mut self.io, now, call.local_tag.clone(), ended);
        }
        call.subscribed = false;
    }
}
