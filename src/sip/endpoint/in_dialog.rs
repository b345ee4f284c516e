//! Requests within a dialog (RFC 3261 §12.2.2): ACK, BYE, re-INVITE, INFO; REFER and NOTIFY go to `transfer`. PURE.

use super::super::transaction::T2;
use super::call::Reoffer;
use super::incoming::{Checked, UnsupportedBody, offer_of};
use super::*;

impl Endpoint {
    /// The call a request within a dialog belongs to.
    fn find_call(&self, checked: &Checked) -> Option<CallHandle> {
        let handle = *self.dialogs.get(checked.to_tag.as_deref()?)?;
        let matches = match self.calls.get(&handle)?.dialog() {
            Some(dialog) => dialog.matches(&checked.call_id, &checked.from_tag),
            // Our own INVITE is unanswered: the tag is ours, that is all that can be checked.
            None => true,
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
        let in_order = self
            .calls
            .get_mut(&handle)
            .and_then(Call::dialog_mut)
            .is_none_or(|dialog| dialog.advance(&method, checked.cseq));
        let closing = self.calls.get(&handle).is_some_and(|call| matches!(call.phase, Phase::Closing { .. }));
        let transaction = self.transactions.open_server(
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
        } else if method == Method::REFER {
            self.receive_refer(now, handle, transaction, checked);
        } else if checked.request.body.is_empty() {
            // INFO without content keeps the dialog alive (RFC 6086 §4.2.2).
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
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(unacked) = call.unacked.take_if(|u| u.cseq == checked.cseq) else {
            return;
        };
        let wanted = call.wanted_transfer.take();
        let ended = call.ended;
        self.stop_resending(handle);
        if unacked.hang_up {
            return self.send_bye(now, handle);
        }
        if !ended && (unacked.initial || unacked.offer_is_ours) {
            let sdp = offer_of(&checked.request).ok().flatten().filter(|_| unacked.offer_is_ours);
            self.io.report(handle, Event::Acknowledged { sdp });
        }
        if let Some(target) = wanted {
            self.send_refer(now, handle, target);
        }
    }

    /// §15.1.2.
    fn receive_bye(&mut self, now: Instant, handle: CallHandle, transaction: Option<TransactionId>, checked: &Checked) {
        let calling = self.calls.get(&handle).is_some_and(|call| matches!(call.phase, Phase::Calling { .. }));
        if calling {
            // Who has not answered yet refuses, and does not say BYE (§15): our INVITE goes on.
            return self.answer(now, transaction, checked, 481, None);
        }
        self.answer(now, transaction, checked, 200, None);
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        match &call.phase {
            // A caller may leave an early dialog with BYE.
            Phase::Ringing { transaction, reply, .. } => {
                let transaction = *transaction;
                let response = reply.build(487, &call.local_tag).to_bytes();
                self.transactions.respond(&mut self.io, now, transaction, 487, response);
            }
            // In Closing both hung up at once: the answer to our BYE is not waited for.
            Phase::Calling { .. } | Phase::Confirmed { .. } | Phase::Closing { .. } => {}
        }
        let closing = matches!(call.phase, Phase::Closing { .. });
        self.end_call(now, handle, EndCause::RemoteBye);
        self.remove_call(now, handle, closing);
    }

    /// New media offered within the call (§14.2).
    fn receive_reinvite(
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
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let early = matches!(call.phase, Phase::Ringing { .. });
        if call.reoffer.is_some() || early {
            // The earlier INVITE is not answered yet.
            let seconds = self.identity.short_delay().to_string();
            let retry = (HeaderName::RetryAfter, seconds);
            return self.answer(now, transaction, &checked, 500, Some(retry));
        }
        // Our own INVITE, or the ACK of our 2xx, is still under way (RFC 5407 §3.1).
        if call.unacked.is_some() || matches!(call.phase, Phase::Calling { .. }) {
            return self.answer(now, transaction, &checked, 491, None);
        }
        let offer = match offer_of(&checked.request) {
            Ok(offer) => offer,
            Err(UnsupportedBody(name, value)) => {
                let header = Some((name, value.to_owned()));
                return self.answer(now, transaction, &checked, 415, header);
            }
        };
        if let Some(dialog) = call.dialog_mut() {
            dialog.refresh_target(&checked.request.headers);
        }
        let trying = checked.reply.build(100, "").to_bytes();
        self.transactions.respond(&mut self.io, now, id, 100, trying);
        if let Some(call) = self.calls.get_mut(&handle) {
            call.reoffer =
                Some(Reoffer { transaction: id, reply: checked.reply, cseq: checked.cseq, offered: offer.is_some() });
        }
        self.io.report(handle, Event::Reoffered { offer });
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
