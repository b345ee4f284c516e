//! Requests of ours and what comes back (RFC 3261 §8.1, §13.2): INVITE, BYE, OPTIONS. PURE.

use super::super::Dial;
use super::super::dialog::{Dialog, Outgoing};
use super::super::wire::{Headers, NameAddr, Uri};
use super::identity::ALLOW;
use super::*;

/// Outgoing calls may take this many places beyond `max_calls` (a transfer must not fail because callers fill the
/// lines); more are refused at once with [`EndCause::Refused`] (503).
const EXTRA_CALLS: usize = 64;
/// OPTIONS under way at once; more end at once with [`EndCause::Refused`] (503).
const MAX_PINGS: usize = 64;

impl Endpoint {
    /// Calls somebody: INVITE with the offer. What comes of it follows as events; a target that is no `sip:` or `tel:`
    /// URI ends the call with [`EndCause::Refused`] (400 or 416) without anything being sent.
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
        if self.calls.len() >= self.config.max_calls.saturating_add(EXTRA_CALLS) {
            let cause = EndCause::Refused(503);
            self.io.report(handle, Event::Ended { cause });
            return handle;
        }
        let tag = self.identity.tag();
        let user = dial.from.as_ref().and_then(|from| from.user.as_deref());
        let mut from = NameAddr::new(self.identity.uri(user, dial.destination)).with_tag(&tag);
        from.display_name = match &dial.from {
            Some(party) => party.display_name.clone(),
            None => self.config.display_name.clone(),
        };
        let branch = self.identity.branch();
        let mut request = self.outside_dialog(Method::INVITE, &uri, &branch, &from, dial.destination);
        let headers = &mut request.headers;
        headers.push(HeaderName::Contact, self.identity.contact(dial.destination));
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, "");
        headers.push(HeaderName::ContentType, "application/sdp");
        request.body = dial.offer.into_bytes().into();
        let transaction =
            self.transactions.open_client(&mut self.io, now, request, branch, dial.destination, Usage::Invite(handle));
        let phase = Phase::Calling { transaction, uri, heard: false, cancelled: false };
        self.insert_call(handle, Call::new(phase, tag));
        handle
    }

    /// Asks whether somebody is there: a lone OPTIONS. A 2xx is reported as [`Event::Answered`] without SDP followed
    /// by [`Event::Ended`] ([`EndCause::Local`]); anything else as [`Event::Ended`] with [`EndCause::Refused`] or,
    /// after 32 s without an answer, [`EndCause::Timeout`].
    pub fn ping(&mut self, now: Instant, target: String, destination: Flow) -> CallHandle {
        let handle = self.next_handle();
        let uri = match request_uri(&target) {
            Ok(uri) if self.pings < MAX_PINGS => uri,
            refused => {
                let cause = EndCause::Refused(refused.err().unwrap_or(503));
                self.io.report(handle, Event::Ended { cause });
                return handle;
            }
        };
        self.pings += 1;
        let tag = self.identity.tag();
        let from = NameAddr::new(self.identity.uri(None, destination)).with_tag(&tag);
        let branch = self.identity.branch();
        let mut request = self.outside_dialog(Method::OPTIONS, &uri, &branch, &from, destination);
        request.headers.push(HeaderName::Accept, "application/sdp");
        self.transactions.open_client(&mut self.io, now, request, branch, destination, Usage::Ping(handle));
        handle
    }

    /// A request that opens a dialog or stands alone (§8.1.1).
    fn outside_dialog(&mut self, method: Method, uri: &str, branch: &str, from: &NameAddr, flow: Flow) -> Request {
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, self.identity.via(branch, flow));
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
        match usage {
            Usage::Invite(handle) if status < 200 => self.receive_provisional(now, handle, status),
            Usage::Invite(handle) if status < 300 => {
                self.receive_acceptance(now, id, handle, response);
            }
            Usage::Invite(handle) => {
                if matches!(self.calls.get(&handle), Some(call) if matches!(call.phase, Phase::Calling { .. })) {
                    self.end_call(now, handle, EndCause::Refused(status));
                    self.remove_call(now, handle, false);
                }
            }
            Usage::Bye(handle) if status >= 200 => self.remove_call(now, handle, true),
            Usage::Refer(handle) => self.receive_refer_response(handle, status),
            Usage::Notify(handle) if status >= 200 => self.notify_answered(now, handle, status),
            Usage::Ping(handle) if status >= 200 => {
                self.pings = self.pings.saturating_sub(1);
                let cause = if status < 300 {
                    self.io.report(handle, Event::Answered { sdp: None });
                    EndCause::Local
                } else {
                    EndCause::Refused(status)
                };
                self.io.report(handle, Event::Ended { cause });
            }
            Usage::Bye(_) | Usage::Notify(_) | Usage::Ping(_) | Usage::Detached => {}
        }
    }

    /// A request of ours got no answer (timer B or F).
    pub(super) fn request_timed_out(&mut self, now: Instant, usage: Usage) {
        match usage {
            Usage::Invite(handle) => {
                self.end_call(now, handle, EndCause::Timeout);
                self.remove_call(now, handle, false);
            }
            Usage::Bye(handle) => self.remove_call(now, handle, true),
            Usage::Refer(handle) => self.receive_refer_response(handle, 408),
            Usage::Notify(handle) => self.notify_answered(now, handle, 408),
            Usage::Ping(handle) => {
                self.pings = self.pings.saturating_sub(1);
                let cause = EndCause::Timeout;
                self.io.report(handle, Event::Ended { cause });
            }
            Usage::Detached => {}
        }
    }

    /// What went this way could not be sent: each request that still waits there is as good as refused with 503
    /// (§8.1.3.1).
    pub(super) fn transport_failed(&mut self, now: Instant, flow: Flow) {
        for usage in self.transactions.fail(&mut self.io, flow) {
            match usage {
                Usage::Invite(handle) => {
                    self.end_call(now, handle, EndCause::Refused(503));
                    self.remove_call(now, handle, false);
                }
                Usage::Refer(handle) => self.receive_refer_response(handle, 503),
                Usage::Notify(handle) => self.notify_answered(now, handle, 503),
                Usage::Ping(handle) => {
                    self.pings = self.pings.saturating_sub(1);
                    self.io.report(handle, Event::Ended { cause: EndCause::Refused(503) });
                }
                Usage::Bye(_) | Usage::Detached => self.request_timed_out(now, usage),
            }
        }
    }

    fn receive_provisional(&mut self, now: Instant, handle: CallHandle, status: u16) {
        let Some(Call { phase: Phase::Calling { heard, cancelled, .. }, ended, .. }) = self.calls.get_mut(&handle)
        else {
            return;
        };
        let first = !std::mem::replace(heard, true);
        let (cancelled, ended) = (*cancelled, *ended);
        if cancelled && first {
            self.send_cancel(now, handle);
        }
        if !ended && status > 100 {
            self.io.report(handle, Event::Progress { status });
        }
    }

    /// A 2xx to our INVITE (§13.2.2.4): ACK always; a call for the first one, BYE for forks and for a cancelled call.
    fn receive_acceptance(&mut self, now: Instant, id: TransactionId, handle: CallHandle, response: &Response) {
        let uri = match self.calls.get(&handle).map(|call| &call.phase) {
            Some(Phase::Calling { uri, .. }) => Some(uri.clone()),
            _ => None,
        };
        let first = uri.is_some();
        let Some(sent_to) = self.transactions.destination(id) else {
            return;
        };
        let Some(mut dialog) = Dialog::of_2xx(response, &uri.unwrap_or_default(), sent_to) else {
            return;
        };
        let cseq = dialog.last_cseq();
        let branch = self.identity.branch();
        let flow = dialog.next_hop(self.identity.listeners());
        let mut ack = dialog.ack(cseq, self.identity.via(&branch, flow), flow);
        ack.request.headers.push(HeaderName::UserAgent, self.identity.product());
        let bytes = ack.request.to_bytes();
        let tag = dialog.remote_tag.clone();
        if !self.transactions.acknowledge(&mut self.io, id, &tag, bytes, ack.destination) {
            return;
        }
        if !first {
            let branch = self.identity.branch();
            let Outgoing { request, destination } = dialog.request(Method::BYE, self.identity.via(&branch, flow), flow);
            let usage = Usage::Detached;
            self.transactions.open_client(&mut self.io, now, request, branch, destination, usage);
            return;
        }
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::CancelGuard));
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.phase = Phase::Confirmed { dialog: Box::new(dialog) };
        if call.ended {
            // It was answered before our CANCEL got there.
            return self.send_bye(now, handle);
        }
        let sdp = (!response.body.is_empty()).then(|| body_text(&response.body));
        self.io.report(handle, Event::Answered { sdp });
    }
}

/// The Request-URI for a target as people and configuration write it; else the status a server would refuse it with.
fn request_uri(target: &str) -> Result<String, u16> {
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
