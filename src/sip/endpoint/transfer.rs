//! Blind transfer (RFC 3515, RFC 5589): our REFER and the outcomes that NOTIFYs bring; the far end's REFER. PURE.
//!
//! A subscription lives as long as its call: it has no timer of its own. When the far end says BYE while a transfer is
//! under way, only `Ended` is reported (most switchboards leave as soon as the target answers, before their final
//! NOTIFY): what that means is the application's to decide. NOTIFYs that come after the end are answered 200.

use super::super::wire::{NameAddr, sipfrag_status};
use super::call::{Referred, Transfer};
use super::incoming::Checked;
use super::*;

/// Outcomes that may wait for their NOTIFY; of more, the oldest provisional ones are skipped.
const MAX_WAITING: usize = 8;

impl Endpoint {
    // Ours.

    /// Sends REFER, or puts it off until our 200 is acknowledged. One transfer at a time: another is ignored.
    pub(super) fn start_transfer(&mut self, now: Instant, handle: CallHandle, target: String) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if !matches!(call.phase, Phase::Confirmed { .. }) || call.transfer.is_some() || call.wanted_transfer.is_some() {
            return;
        }
        if call.unacked.as_ref().is_some_and(|u| u.initial) {
            call.wanted_transfer = Some(target);
            return;
        }
        self.send_refer(now, handle, target);
    }

    pub(super) fn send_refer(&mut self, now: Instant, handle: CallHandle, target: String) {
        // With or without brackets, the header has them: a bare URI loses its parameters.
        let target = target.trim();
        let refer_to = match target.contains('<') {
            true => target.to_owned(),
            false => format!("<{target}>"),
        };
        if refer_to.parse::<NameAddr>().is_err() {
            let status = 400;
            self.io.report(handle, Event::TransferFinished { status });
            return;
        }
        let Some(contact) = self.contact_within(handle) else {
            return;
        };
        let local = self.calls.get(&handle).and_then(Call::dialog).and_then(|dialog| dialog.local_uri());
        let sent = self.send_in_dialog(now, handle, Method::REFER, Usage::Refer(handle), |request| {
            let headers = &mut request.headers;
            headers.push(HeaderName::Contact, contact);
            headers.push(HeaderName::ReferTo, refer_to);
            if let Some(local) = local {
                headers.push(HeaderName::ReferredBy, format!("<{local}>"));
            }
        });
        if !sent {
            return;
        }
        if let Some(call) = self.calls.get_mut(&handle) {
            let cseq = call.dialog().map_or(0, |dialog| dialog.last_cseq());
            call.subscribed = true;
            call.transfer = Some(Transfer { cseq, reported: None });
        }
    }

    /// The answer to our REFER; no answer at all counts as 408. The call itself goes on: its caller still hears us.
    pub(super) fn receive_refer_response(&mut self, handle: CallHandle, status: u16) {
        let status = match status {
            // 202 means that the far end tries; outcomes come by NOTIFY.
            200..=299 => 100,
            300.. => status,
            _ => return,
        };
        self.report_outcome(handle, status);
    }

    fn report_outcome(&mut self, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(transfer) = &mut call.transfer else {
            return;
        };
        // A 202 after the first NOTIFY, or a NOTIFY repeated, is no news.
        let stale = transfer.reported.is_some_and(|last| status == last || status == 100);
        if status < 200 {
            if !stale {
                transfer.reported = Some(status);
                if !call.ended {
                    self.io.report(handle, Event::TransferProgress { status });
                }
            }
            return;
        }
        call.transfer = None;
        if !call.ended {
            self.io.report(handle, Event::TransferFinished { status });
        }
    }

    /// NOTIFY (RFC 6665 §4.1.3): of our REFER, always 200 within the call.
    pub(super) fn receive_notify(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: Option<TransactionId>,
        checked: &Checked,
    ) {
        let headers = &checked.request.headers;
        let event = headers.text(&HeaderName::Event).unwrap_or_default();
        let mut parts = event.split(';').map(str::trim);
        if !parts.next().is_some_and(|package| package.eq_ignore_ascii_case("refer")) {
            let known = (HeaderName::AllowEvents, "refer".to_owned());
            return self.answer(now, transaction, checked, 489, Some(known));
        }
        let subscribed = self.calls.get(&handle).is_some_and(|call| call.subscribed);
        if !subscribed {
            return self.answer(now, transaction, checked, 481, None);
        }
        let id: Option<u32> = parts.find_map(|param| param.strip_prefix("id=")).and_then(|id| id.trim().parse().ok());
        let terminated = headers.text(&HeaderName::SubscriptionState).is_some_and(|state| {
            let state = state.split(';').next().unwrap_or_default();
            state.trim().eq_ignore_ascii_case("terminated")
        });
        self.answer(now, transaction, checked, 200, None);
        let current = self
            .calls
            .get(&handle)
            .and_then(|call| call.transfer.as_ref())
            .is_some_and(|transfer| id.is_none_or(|id| id == transfer.cseq));
        if !current {
            return;
        }
        let status = sipfrag_status(&checked.request.body);
        match status {
            Some(status) if status >= 200 || !terminated => self.report_outcome(handle, status),
            _ if terminated => self.report_outcome(handle, 408),
            _ => {}
        }
    }

    // Theirs.

    /// REFER from the far end: offered to the application, or 603.
    pub(super) fn receive_refer(
        &mut self,
        now: Instant,
        handle: CallHandle,
        transaction: Option<TransactionId>,
        checked: Checked,
    ) {
        let mut targets = checked.request.headers.list(&HeaderName::ReferTo);
        let target = targets.next().and_then(|value| String::from_utf8_lossy(&value).parse::<NameAddr>().ok());
        let single = targets.next().is_none();
        drop(targets);
        let Some(target) = target.filter(|_| single) else {
            return self.answer(now, transaction, &checked, 400, None);
        };
        if !self.config.accept_transfers {
            return self.answer(now, transaction, &checked, 603, None);
        }
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.referred.is_some() || call.ended || !matches!(call.phase, Phase::Confirmed { .. }) {
            return self.answer(now, transaction, &checked, 491, None);
        }
        call.referred = Some(Referred::Asked { transaction, cseq: checked.cseq, reply: Box::new(checked.reply) });
        self.arm(now, handle, CallTimer::ReferGuard);
        let target = target.uri.to_string();
        self.io.report(handle, Event::TransferRequested { target });
    }

    /// Nobody took the REFER up.
    pub(super) fn refuse_refer(&mut self, now: Instant, handle: CallHandle) {
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::ReferGuard));
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if let Some(Referred::Asked { transaction, reply, .. }) =
            call.referred.take_if(|referred| matches!(referred, Referred::Asked { .. }))
        {
            let response = reply.build(603, "");
            self.respond(now, transaction, &reply, &response);
        }
    }

    pub(super) fn accept_refer(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(Referred::Asked { transaction, reply, cseq }) =
            call.referred.take_if(|referred| matches!(referred, Referred::Asked { .. }))
        else {
            return;
        };
        call.referred = Some(Referred::Following { cseq, waiting: Outcomes::from([100]), in_flight: false });
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::ReferGuard));
        let mut response = reply.build(202, "");
        response.headers.push(HeaderName::Contact, self.identity.contact(reply.destination));
        self.respond(now, transaction, &reply, &response);
        self.send_next_notify(now, handle);
    }

    pub(super) fn notify_outcome(&mut self, now: Instant, handle: CallHandle, status: u16) {
        let Some(Referred::Following { waiting, .. }) =
            self.calls.get_mut(&handle).and_then(|call| call.referred.as_mut())
        else {
            return;
        };
        if waiting.back().is_some_and(|last| *last >= 200) || !(100..700).contains(&status) {
            return;
        }
        if waiting.len() >= MAX_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(status);
        self.send_next_notify(now, handle);
    }

    fn send_next_notify(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(Referred::Following { waiting, in_flight, cseq }) = &mut call.referred else {
            return;
        };
        if *in_flight {
            return;
        }
        let Some(status) = waiting.pop_front() else {
            return;
        };
        *in_flight = true;
        let cseq = *cseq;
        if status >= 200 {
            call.referred = None;
        }
        let Some(contact) = self.contact_within(handle) else {
            return;
        };
        self.send_in_dialog(now, handle, Method::NOTIFY, Usage::Notify(handle), |request| {
            let state = match status {
                ..200 => "active;expires=60",
                _ => "terminated;reason=noresource",
            };
            let headers = &mut request.headers;
            headers.push(HeaderName::Contact, contact);
            headers.push(HeaderName::Event, format!("refer;id={cseq}"));
            headers.push(HeaderName::SubscriptionState, state);
            headers.push(HeaderName::ContentType, "message/sipfrag;version=2.0");
            let reason = super::super::wire::reason_phrase(status);
            request.body = format!("SIP/2.0 {status} {reason}\r\n").into_bytes().into();
        });
    }

    /// The far end has our NOTIFY, or wants no more of them (RFC 6665 §4.2.2).
    pub(super) fn notify_answered(&mut self, now: Instant, handle: CallHandle, status: u16) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if status >= 300 {
            call.referred.take_if(|referred| matches!(referred, Referred::Following { .. }));
            return;
        }
        if let Some(Referred::Following { in_flight, .. }) = &mut call.referred {
            *in_flight = false;
        }
        self.send_next_notify(now, handle);
    }
}
