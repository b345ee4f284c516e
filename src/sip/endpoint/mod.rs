//! The user agent: joins wire, transactions and dialogs into calls. PURE.
//!
//! Owns: which call a message belongs to, what each request gets for an answer, the life of a call.
//! Must not know: audio, dialogue, sockets.

mod afterlife;
mod auth;
mod call;
mod check;
mod commands;
mod door;
mod identity;
mod in_dialog;
mod incoming;
mod info;
mod leg;
mod outgoing;
mod ping;
mod propose;
mod redirect;
mod reliable;
mod reoffer;
mod replaces;
mod reply;
mod session_timer;
mod transfer;
mod ways;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

use afterlife::{Afterlife, Ended};
use auth::Logins;
use call::{Call, OurState, Phase};
use commands::Accepted;
use identity::{ALLOW, Identity, SUPPORTED};
use incoming::Refusal;
use ping::Ping;
use reply::Reply;

use super::access::{Gate, Verdict};
use super::digest::DigestServer;
use super::transaction::{CallTimer, Io, PATIENCE, TimerKey, TransactionId, Transactions, Usage};
use super::wire::{Framing, HeaderName, Headers, Message, Method, Request, Response, read_message};
use super::{CallHandle, EndCause, EndpointConfig, Event, Flow, Input, Output};

/// The user agent. See the crate's contract of the pure modules.
pub struct Endpoint {
    config: EndpointConfig,
    gate: Gate,
    /// Made with the first challenge.
    digest: Option<DigestServer>,
    identity: Identity,
    io: Io,
    transactions: Transactions,
    calls: HashMap<CallHandle, Call>,
    /// Calls by our tag.
    dialogs: HashMap<String, CallHandle>,
    afterlife: Afterlife,
    logins: Logins,
    /// OPTIONS of ours under way.
    pings: HashMap<CallHandle, Ping>,
    /// Look-ups asked for so far.
    look_ups: u64,
    next_handle: u64,
    draining: bool,
}

/// Counts only: an endpoint is full of personal data.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("calls", &self.calls.len())
            .field("draining", &self.draining)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// `seed` feeds every tag, branch and Call-ID: take it from the operating system, never a constant, outside tests.
    pub fn new(config: EndpointConfig, seed: u64) -> Endpoint {
        Endpoint {
            identity: Identity::new(&config, seed),
            gate: Gate::new(config.access.clone()),
            digest: None,
            config,
            io: Io::new(),
            transactions: Transactions::new(),
            calls: HashMap::new(),
            dialogs: HashMap::new(),
            afterlife: Afterlife::default(),
            logins: Logins::default(),
            pings: HashMap::new(),
            look_ups: 0,
            next_handle: 1,
            draining: false,
        }
    }

    /// Calls not yet over, those included whose BYE or CANCEL is still unanswered. Zero means that nothing
    /// the far ends still need is left to send.
    pub fn active_calls(&self) -> usize {
        self.calls.len()
    }

    /// Whether nothing at all is remembered any more: at the latest 64·T1 (32 s) after the last message of the last
    /// call, plus the 64·T1 an unanswered BYE takes.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.dialogs.is_empty()
            && self.transactions.is_empty()
            && self.afterlife.is_empty()
            && self.pings.is_empty()
            && self.io.timers.is_empty()
    }

    /// Size of the largest table.
    #[cfg(test)]
    pub(super) fn largest_table(&self) -> usize {
        let tables = [self.calls.len(), self.dialogs.len(), self.afterlife.len(), self.pings.len()];
        tables.into_iter().chain(self.transactions.sizes()).max().unwrap_or_default()
    }

    /// Everything that happens comes in here. Drain [`Endpoint::poll_output`] afterwards.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Message { flow, payload } => self.handle_message(now, flow, payload),
            Input::TransportFailed { flow } => self.transport_failed(now, flow),
            Input::Unreachable { remote } => self.unreachable(now, remote),
            Input::Located { look_up, targets } => self.located(now, look_up, targets),
            Input::Command { call, command } => self.handle_command(now, call, command),
            Input::Drain => self.draining = true,
            Input::Timeout => self.handle_timeout(now),
        }
    }

    /// What is to be sent and what has happened, in order; call until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.io.outputs.pop_front();
        if let Some(Output::Transmit { flow, payload }) = &output
            && !payload.starts_with(RESPONSE)
        {
            self.gate.contacted(flow.remote.ip());
        }
        output
    }

    /// When [`Input::Timeout`] is wanted next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.io.timers.next()
    }

    fn handle_message(&mut self, now: Instant, source: Flow, payload: &[u8]) {
        let verdict = self.gate.judge(now, source.remote.ip());
        if verdict == Verdict::Drop {
            return;
        }
        // What is no SIP message at all (keep-alives, strays) is dropped: there is nobody to answer.
        let framing = if source.transport.is_reliable() { Framing::Stream } else { Framing::Datagram };
        let Ok(incoming) = read_message(payload, framing) else {
            return;
        };
        match incoming.message {
            Message::Request(request) if self.lets_in(now, verdict, source, &request) => {
                self.receive_request(now, source, request, incoming.problem);
            }
            // A malformed response is discarded (§18.1.2, §18.3), and one that was on its way to somebody else (§8.1.3.3).
            Message::Response(response)
                if incoming.problem.is_none() && response.headers.list(&HeaderName::Via).count() == 1 =>
            {
                if let Some((id, usage)) = self.transactions.receive_response(&mut self.io, now, source, &response) {
                    self.receive_response(now, id, usage, &response);
                }
            }
            Message::Response(_) | Message::Request(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(key) = self.io.timers.pop_expired(now) {
            match key {
                TimerKey::Transaction(id, timer) => {
                    let unanswered = self.transactions.handle_timer(&mut self.io, now, id, timer);
                    if let Some((id, usage)) = unanswered {
                        self.request_timed_out(now, id, usage);
                    }
                }
                TimerKey::Call(handle, timer) => self.handle_call_timer(now, handle, timer),
                TimerKey::Afterlife => self.afterlife.handle_timer(&mut self.io, now),
            }
        }
    }

    fn handle_call_timer(&mut self, now: Instant, handle: CallHandle, timer: CallTimer) {
        match timer {
            CallTimer::Resend2xx => self.resend_2xx(now, handle),
            CallTimer::NoAck => self.ack_missing(now, handle),
            CallTimer::CancelGuard => self.cancel_unanswered(now, handle),
            CallTimer::ReferGuard => self.refuse_refer(now, handle, 603),
            CallTimer::OfferGuard => self.offer_unanswered(now, handle),
            CallTimer::ResendReliable => self.resend_reliable(now, handle),
            CallTimer::NoPrack => self.prack_missing(now, handle),
            CallTimer::RetryOffer => self.retry_offer(now, handle),
            CallTimer::SessionRefresh => self.refresh_session(now, handle),
            CallTimer::SessionExpiry => self.session_expired(now, handle),
            CallTimer::LookUpGuard => self.look_up_unanswered(now, handle),
        }
    }

    /// A cancelled INVITE of ours has got no final response (§9.1).
    fn cancel_unanswered(&mut self, now: Instant, handle: CallHandle) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        match (call.superseded.take(), call.calling().and_then(|calling| calling.stage.transaction())) {
            // The call itself goes on in another dialog.
            (Some(id), None) => self.abandon_unanswered(id),
            (_, Some(id)) => {
                self.abandon_unanswered(id);
                self.remove_call(now, handle, true);
            }
            (None, None) => {}
        }
    }

    /// An INVITE transaction without final response would wait for ever.
    fn abandon_unanswered(&mut self, id: TransactionId) {
        if self.transactions.invite_request(id).is_some() {
            self.transactions.abandon(&mut self.io, id);
        }
    }

    fn next_handle(&mut self) -> CallHandle {
        let handle = CallHandle(self.next_handle);
        self.next_handle += 1;
        handle
    }

    fn insert_call(&mut self, handle: CallHandle, call: Call) {
        self.dialogs.insert(call.local_tag.clone(), handle);
        self.calls.insert(handle, call);
    }

    /// Tells the application, once, that the call is over, and refuses what was pending within it.
    fn end_call(&mut self, now: Instant, handle: CallHandle, cause: EndCause) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.wanted_transfer = None;
        call.queued = None;
        call.session = None;
        if !call.ended {
            call.ended = true;
            self.io.report(handle, Event::Ended { cause });
        }
        for timer in [CallTimer::RetryOffer, CallTimer::SessionRefresh, CallTimer::SessionExpiry] {
            self.io.timers.stop(TimerKey::Call(handle, timer));
        }
        self.abandon_their_offer(now, handle);
        self.refuse_refer(now, handle, 603);
    }

    /// Forgets the call; its dialog lives on among the ended ones.
    fn remove_call(&mut self, now: Instant, handle: CallHandle, by_us: bool) {
        self.abandon_their_offer(now, handle);
        let Some(call) = self.calls.remove(&handle) else {
            return;
        };
        self.dialogs.remove(&call.local_tag);
        for timer in CallTimer::ALL {
            self.io.timers.stop(TimerKey::Call(handle, timer));
        }
        let ours = call.ours.map(|ours| ours.state);
        if let Some(OurState::Sent { transaction, .. }) = ours {
            self.transactions.give_up(&mut self.io, now, transaction);
        }
        if let Some(transaction) = call.superseded {
            self.transactions.give_up(&mut self.io, now, transaction);
        }
        if let Some(leg) = call.leg
            && (by_us || call.subscribed)
        {
            let ended = Ended { call_id: leg.dialog.call_id, by_us, subscribed: call.subscribed };
            self.afterlife.remember(&mut self.io, now, call.local_tag, ended);
        }
    }

    /// Sends a request of ours within the call's dialog, with the headers every request has.
    fn send_in_dialog(
        &mut self,
        now: Instant,
        handle: CallHandle,
        method: Method,
        usage: Usage,
        fill: impl FnOnce(&mut Request),
    ) -> bool {
        let branch = self.identity.branch();
        let Some(leg) = self.calls.get_mut(&handle).and_then(|call| call.leg.as_mut()) else {
            return false;
        };
        let dialog = &mut leg.dialog;
        let flow = dialog.next_hop(self.identity.listeners());
        let mut outgoing = dialog.request(method, self.identity.via(&branch, flow), flow);
        fill(&mut outgoing.request);
        outgoing.request.headers.push(HeaderName::UserAgent, self.identity.product());
        self.transactions.open_client(&mut self.io, now, outgoing.request, branch, outgoing.destination, usage);
        true
    }

    /// Our Contact for requests within the call's dialog; `None` when it has none.
    fn contact_within(&self, handle: CallHandle) -> Option<String> {
        let dialog = &self.calls.get(&handle)?.leg.as_ref()?.dialog;
        Some(self.identity.contact(dialog.next_hop(self.identity.listeners()), dialog.is_secure()))
    }

    /// Says BYE; the call stays until the answer is here.
    fn send_bye(&mut self, now: Instant, handle: CallHandle) {
        self.stop_resending(handle);
        self.send_in_dialog(now, handle, Method::BYE, Usage::Bye(handle), |_| {});
        if let Some(call) = self.calls.get_mut(&handle)
            && call.is_confirmed()
        {
            call.phase = Phase::Closing;
        }
    }

    fn stop_resending(&mut self, handle: CallHandle) {
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::Resend2xx));
        self.io.timers.stop(TimerKey::Call(handle, CallTimer::NoAck));
        if let Some(call) = self.calls.get_mut(&handle) {
            call.unacked = None;
        }
    }

    /// Answers within a transaction, or without one where there is none.
    fn respond(&mut self, now: Instant, transaction: Option<TransactionId>, reply: &Reply, response: &Response) {
        let bytes = response.to_bytes();
        match transaction {
            Some(id) => {
                self.transactions.respond(&mut self.io, now, id, response.status, bytes);
            }
            None => self.io.send(reply.destination, bytes),
        }
    }

    fn arm(&mut self, now: Instant, handle: CallHandle, timer: CallTimer) {
        self.io.timers.set(TimerKey::Call(handle, timer), now + PATIENCE);
    }
}

/// Bodies we are given are text; a peer's may be anything.
fn body_text(body: &bytes::Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// How a response begins.
const RESPONSE: &[u8] = b"SIP/2.0 ";

/// NOTIFY outcomes that wait for their turn.
type Outcomes = VecDeque<u16>;
