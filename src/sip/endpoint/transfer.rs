//! Transfer (RFC 3515, RFC 5589): our REFER and the outcomes that NOTIFYs bring; the far end's REFER. PURE.
//!
//! A subscription lives as long as its call: it has no timer of its own. When the far end says BYE while a transfer is
//! under way, only `Ended` is reported (most switchboards leave as soon as the target answers, before their final
//! NOTIFY): what that means is the application's to decide. NOTIFYs that come after the end are answered 200.

use super::super::dialog::towards;
use super::super::wire::{EventType, ReferTo, ReferredBy, SubscriptionState, Uri, sipfrag_status};
use super::call::{Referred, Transfer};
use super::incoming::Checked;
use super::*;

/// Outcomes that may wait for their NOTIFY; of more, the oldest provisional ones are skipped.
const MAX_WAITING: usize = 8;

impl Endpoint {
    // Ours.

    /// Blind (RFC 5589 §6).
    pub(super) fn transfer_to(&mut self, now: Instant, handle: CallHandle, target: &str) {
        match target.parse::<ReferTo>() {
            Ok(refer_to) => self.start_transfer(now, handle, refer_to.to_string()),
            Err(_) => self.io.report(handle, Event::TransferFinished { status: 400 }),
        }
    }

    /// Attended (RFC 5589 §7): to the far end of another call of ours, whose dialog with us the new one replaces.
    pub(super) fn transfer_to_call(&mut self, now: Instant, handle: CallHandle, other: CallHandle) {
        let target = self.calls.get(&other).filter(|call| other != handle && call.is_confirmed() && !call.ended);
        let refer_to = target.and_then(|call| {
            let dialog = &call.leg.as_ref()?.dialog;
            let Ok(Uri::Sip(mut uri)) = dialog.remote_target().parse() else {
                return None;
            };
            uri.headers = Some(dialog.as_replaced(&call.local_tag).to_uri_headers());
            Some(format!("<{uri}>"))
        });
        match refer_to {
            Some(refer_to) => self.start_transfer(now, handle, refer_to),
            None => self.io.report(handle, Event::TransferFinished { status: 481 }),
        }
    }

    /// Sends REFER, or puts it off until our 200 is acknowledged. One transfer at a time: another is ignored.
    fn start_transfer(&mut self, now: Instant, handle: CallHandle, refer_to: String) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if !call.is_confirmed() || call.transfer.is_some() || call.wanted_transfer.is_some() {
            return;
        }
        if call.unacked.as_ref().is_some_and(|u| u.initial) {
            call.wanted_transfer = Some(refer_to);
            return;
        }
        self.send_refer(now, handle, refer_to);
    }

    pub(super) fn send_refer(&mut self, now: Instant, handle: CallHandle, refer_to: String) {
        let Some(contact) = self.contact_within(handle) else {
            return;
        };
        let local = self.calls.get(&handle).and_then(|call| call.leg.as_ref()).and_then(|leg| leg.dialog.local_uri());
        let sent = self.send_in_dialog(now, handle, Method::REFER, Usage::Refer(handle), |request| {
            let headers = &mut request.headers;
            headers.push(HeaderName::Contact, contact);
            headers.push(HeaderName::ReferTo, refer_to);
            headers.push(HeaderName::Supported, SUPPORTED);
            if let Some(local) = local {
                headers.push(HeaderName::ReferredBy, format!("<{local}>"));
            }
        });
        if !sent {
            return;
        }
        if let Some(call) = self.calls.get_mut(&handle) {
            let cseq = call.leg.as_ref().map_or(0, |leg| leg.dialog.last_cseq());
            call.subscribed = true;
            call.transfer = Some(Transfer { cseq, reported: None });
        }
    }

    /// The answer to our REFER; no answer at all counts as 408. The call itself goes on: its caller still hears us.
    /// `silent`: no NOTIFYs follow.
    pub(super) fn receive_refer_response(&mut self, handle: CallHandle, status: u16, silent: bool) {
        let status = match status {
            200..=299 if silent => status,
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
        let event: Option<EventType> = headers.text(&HeaderName::Event).and_then(|value| value.parse().ok());
        let Some(event) = event.filter(|event| event.is("refer")) else {
            let known = (HeaderName::AllowEvents, "refer".to_owned());
            return self.answer(now, transaction, checked, 489, Some(known));
        };
        let subscribed = self.calls.get(&handle).is_some_and(|call| call.subscribed);
        if !subscribed {
            return self.answer(now, transaction, checked, 481, None);
        }
        let id: Option<u32> = event.id().and_then(|id| id.trim().parse().ok());
        let state: Option<SubscriptionState> =
            headers.text(&HeaderName::SubscriptionState).and_then(|value| value.parse().ok());
        let terminated = state.is_some_and(|state| state.is_terminated());
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
        let headers = &checked.request.headers;
        let mut targets = headers.list(&HeaderName::ReferTo);
        let target = targets.next().and_then(|value| String::from_utf8_lossy(&value).parse::<ReferTo>().ok());
        let single = targets.next().is_none();
        drop(targets);
        let Some(target) = target.filter(|_| single) else {
            return self.answer(now, transaction, &checked, 400, None);
        };
        // Calls can be placed, nothing else.
        if !self.config.accept_transfers || target.method() != "INVITE" {
            return self.answer(now, transaction, &checked, 603, None);
        }
        let referred_by: Option<ReferredBy> =
            headers.text(&HeaderName::ReferredBy).and_then(|value| value.parse().ok());
        let refer_sub = headers.text(&HeaderName::ReferSub);
        let silent = refer_sub.is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("false"));
        let listeners = self.identity.listeners();
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let way = call.leg.as_ref().map(|leg| towards(&target.0.uri, leg.dialog.next_hop(listeners), listeners));
        let Some(destination) = way.filter(|_| call.referred.is_none() && !call.ended && call.is_confirmed()) else {
            return self.answer(now, transaction, &checked, 491, None);
        };
        let reply = Box::new(checked.reply);
        call.referred = Some(Referred::Asked { transaction, cseq: checked.cseq, reply, silent });
        self.arm(now, handle, CallTimer::ReferGuard);
        let (target, referred_by) = (target.0.uri.to_string(), referred_by.map(|by| by.to_string()));
        self.io.report(handle, Event::TransferRequested { target, referred_by, destination });
    }

    /// Nobody takes the REFER up.
    pub(super) fn refuse_refer(&mut self, now: Instant, handle: CallHandle, status: u16) {
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::ReferGuard));
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if let Some(Referred::Asked { transaction, reply, .. }) =
            call.referred.take_if(|referred| matches!(referred, Referred::Asked { .. }))
        {
            let response = reply.build(status, "");
            self.respond(now, transaction, &reply, &response);
        }
    }

    pub(super) fn accept_refer(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(Referred::Asked { transaction, reply, cseq, silent }) =
            call.referred.take_if(|referred| matches!(referred, Referred::Asked { .. }))
        else {
            return;
        };
        // RFC 4488 §4: the one who refers does not want to know, and gets no NOTIFY.
        if !silent {
            call.referred = Some(Referred::Following { cseq, waiting: Outcomes::from([100]), in_flight: false });
        }
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::ReferGuard));
        let mut response = reply.build(202, "");
        response.headers.push(HeaderName::Contact, self.identity.contact(reply.destination, reply.secure));
        if silent {
            response.headers.push(HeaderName::ReferSub, "false");
        }
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
