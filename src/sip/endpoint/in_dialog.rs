//! Requests within a dialog (RFC 3261 §12.2.2): to which call they belong, ACK, BYE; the others go to `reoffer`,
//! `reliable`, `info` and `transfer`. PURE.

use super::super::transaction::T2;
use super::incoming::{Checked, offer_of};
use super::*;

impl Endpoint {
    /// The call a request within a dialog belongs to.
    fn find_call(&self, checked: &Checked) -> Option<CallHandle> {
        let handle = *self.dialogs.get(checked.to_tag.as_deref()?)?;
        let call = self.calls.get(&handle)?;
        let matches = match (&call.leg, call.calling()) {
            (Some(leg), _) => leg.dialog.matches(&checked.call_id, &checked.from_tag),
            // Our own INVITE is unanswered: a fork may speak before its first response is here.
            (None, Some(calling)) => calling.invite.headers.call_id() == Some(&checked.call_id),
            (None, None) => false,
        };
        matches.then_some(handle)
    }

    pub(super) fn receive_in_dialog(&mut self, now: Instant, checked: Checked) {
        let Some(handle) = self.find_call(&checked) else {
            return self.receive_after_end(&checked);
        };
        let method = checked.request.method.clone();
        if method == Method::OPTIONS {
            return self.receive_options(&checked);
        }
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let in_order = call.leg_mut(&checked.from_tag).is_none_or(|leg| leg.dialog.advance(&method, checked.cseq));
        let closing = matches!(call.phase, Phase::Closing);
        let transaction = self.transactions.open_server(
            &mut self.io,
            checked.key.clone(),
            &checked.request,
            checked.reply.destination,
            Some(handle),
        );
        if !in_order {
            return self.answer(now, transaction, &checked, 500, None);
        }
        if method == Method::BYE {
            self.receive_bye(now, handle, transaction, &checked);
        } else if method == Method::NOTIFY {
            self.receive_notify(now, handle, transaction, &checked);
        } else if closing {
            self.answer(now, transaction, &checked, 481, None);
        } else if method == Method::INVITE {
            self.receive_reinvite(now, handle, transaction, checked);
        } else if method == Method::UPDATE {
            self.receive_update(now, handle, transaction, checked);
        } else if method == Method::PRACK {
            self.receive_prack(now, handle, transaction, checked);
        } else if method == Method::REFER {
            self.receive_refer(now, handle, transaction, checked);
        } else if method == Method::INFO {
            self.receive_info(now, handle, transaction, &checked);
        } else if checked.request.body.is_empty() {
            self.answer(now, transaction, &checked, 200, None);
        } else {
            let accept = (HeaderName::Accept, "application/sdp".to_owned());
            self.answer(now, transaction, &checked, 415, Some(accept));
        }
    }

    /// Answers a request within a dialog.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        transaction: Option<TransactionId>,
        checked: &Checked,
        status: u16,
        header: Option<(HeaderName, String)>,
    ) {
        // To has our tag already, so none is added.
        let mut response = checked.reply.build(status, "");
        if let Some((name, value)) = header {
            response.headers.push(name, value);
        }
        self.respond(now, transaction, &checked.reply, &response);
    }

    /// The dialog is over, or never was.
    fn receive_after_end(&mut self, checked: &Checked) {
        let tag = checked.to_tag.as_deref().unwrap_or_default();
        let late = self.afterlife.get(tag, &checked.call_id).is_some_and(|ended| {
            let method = &checked.request.method;
            (*method == Method::BYE && ended.by_us) || (*method == Method::NOTIFY && ended.subscribed)
        });
        if late {
            let ok = checked.reply.build(200, "").to_bytes();
            self.io.send(checked.reply.destination, ok);
        } else {
            self.refuse_unknown_dialog(checked);
        }
    }

    /// The ACK of a 2xx of ours (§13.3.1.4).
    pub(super) fn receive_ack(&mut self, now: Instant, checked: &Checked) {
        let Some(handle) = self.find_call(checked) else {
            return;
        };
        let waited_for = |call: &Call| call.unacked.as_ref().is_some_and(|unacked| unacked.cseq == checked.cseq);
        if self.calls.get(&handle).is_some_and(waited_for) {
            self.acknowledged(now, handle, Some(&checked.request));
        }
    }

    /// Our 2xx has arrived: its ACK says so, or, without one, the far end's next INVITE.
    pub(super) fn acknowledged(&mut self, now: Instant, handle: CallHandle, ack: Option<&Request>) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(unacked) = call.unacked.take() else {
            return;
        };
        let wanted = call.wanted_transfer.take();
        let ended = call.ended;
        let sdp = ack.and_then(|ack| offer_of(ack).ok().flatten()).filter(|_| unacked.offer_is_ours);
        if let Some(leg) = &mut call.leg
            && unacked.offer_is_ours
        {
            match &sdp {
                Some(answer) => drop(leg.hear_answer(answer)),
                None => leg.drop_offer(),
            }
        }
        self.stop_resending(handle);
        if unacked.hang_up {
            return self.send_bye(now, handle);
        }
        if !ended && (unacked.initial || unacked.offer_is_ours) {
            self.io.report(handle, Event::Acknowledged { sdp });
        }
        if let Some(refer_to) = wanted {
            self.send_refer(now, handle, refer_to);
        }
        self.send_queued(now, handle);
    }

    /// §15.1.2.
    fn receive_bye(&mut self, now: Instant, handle: CallHandle, transaction: Option<TransactionId>, checked: &Checked) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        match &call.phase {
            // Who has not answered yet refuses, and does not say BYE (§15): our INVITE goes on.
            Phase::Calling(_) => return self.answer(now, transaction, checked, 481, None),
            // A caller may leave an early dialog with BYE.
            Phase::Ringing(ringing) => {
                let id = ringing.transaction;
                let response = ringing.reply.build(487, &call.local_tag).to_bytes();
                self.answer(now, transaction, checked, 200, None);
                self.transactions.respond(&mut self.io, now, id, 487, response);
            }
            // In Closing both hung up at once: the answer to our BYE is not waited for.
            Phase::Confirmed | Phase::Closing => self.answer(now, transaction, checked, 200, None),
        }
        let closing = self.calls.get(&handle).is_some_and(|call| matches!(call.phase, Phase::Closing));
        self.report_reason(handle, &checked.request.headers);
        self.end_call(now, handle, EndCause::RemoteBye);
        self.remove_call(now, handle, closing);
    }

    /// What the far end says about the end (RFC 3326).
    pub(super) fn report_reason(&mut self, handle: CallHandle, headers: &Headers) {
        if self.calls.get(&handle).is_none_or(|call| call.ended) {
            return;
        }
        let Some(reason) = headers.reasons().into_iter().next() else {
            return;
        };
        let cause = reason.cause();
        self.io.report(handle, Event::ReleaseReason { protocol: reason.protocol, cause });
    }

    /// Our 2xx goes out again, at intervals that double up to T2 (§13.3.1.4).
    pub(super) fn resend_2xx(&mut self, now: Instant, handle: CallHandle) {
        let Some(unacked) = self.calls.get_mut(&handle).and_then(|call| call.unacked.as_mut()) else {
            return;
        };
        self.io.send(unacked.destination, unacked.response.clone());
        unacked.interval = (unacked.interval * 2).min(T2);
        self.io.timers.set(TimerKey::Call(handle, CallTimer::Resend2xx), now + unacked.interval);
    }

    /// Nobody acknowledged our 2xx: the session is not, and BYE says so (§13.3.1.4).
    pub(super) fn ack_missing(&mut self, now: Instant, handle: CallHandle) {
        self.end_call(now, handle, EndCause::NoAck);
        self.send_bye(now, handle);
    }
}
