//! Lone OPTIONS of ours (RFC 3261 §11.1): is somebody there? PURE.

use super::super::wire::NameAddr;
use super::super::{Destination, ListenerId};
use super::auth::Realm;
use super::ways::Stage;
use super::*;

/// OPTIONS under way at once; more end at once with [`EndCause::Refused`] (503).
const MAX_PINGS: usize = 64;

/// An OPTIONS without final response.
#[derive(Debug)]
pub(super) struct Ping {
    /// As it was sent last.
    request: Request,
    number: u32,
    /// Where else it may be sent.
    ways: VecDeque<Flow>,
    pub(super) stage: Stage,
    /// Who has asked who we are.
    realms: Vec<Realm>,
}

impl Endpoint {
    /// Asks whether somebody is there: a lone OPTIONS. A 2xx is reported as [`Event::Answered`] without SDP followed
    /// by [`Event::Ended`] ([`EndCause::Local`]); anything else as [`Event::Ended`]: [`EndCause::Refused`] with what
    /// was answered, [`EndCause::Timeout`] without an answer for 32 s, [`EndCause::Unreachable`].
    pub fn ping(&mut self, now: Instant, target: String, destination: impl Into<Destination>) -> CallHandle {
        let handle = self.next_handle();
        let uri = match outgoing::request_uri(&target) {
            Ok(uri) if self.pings.len() < MAX_PINGS => uri,
            refused => {
                let cause = EndCause::Refused(refused.err().unwrap_or(503));
                self.io.report(handle, Event::Ended { cause });
                return handle;
            }
        };
        let tag = self.identity.tag();
        let from = NameAddr::new(self.identity.uri(None, ListenerId::default())).with_tag(&tag);
        let mut request = self.outside_dialog(Method::OPTIONS, &uri, &from);
        request.headers.push(HeaderName::Accept, "application/sdp");
        let ping = Ping { request, number: 1, ways: VecDeque::new(), stage: Stage::Fresh, realms: Vec::new() };
        self.pings.insert(handle, ping);
        match self.ways_to(&uri, destination.into()) {
            Some(ways) => self.ping_located(now, handle, ways),
            None => {
                let stage = self.look_up(now, handle, uri);
                if let Some(ping) = self.pings.get_mut(&handle) {
                    ping.stage = stage;
                }
            }
        }
        handle
    }

    /// Where its target leads is known.
    pub(super) fn ping_located(&mut self, now: Instant, handle: CallHandle, ways: VecDeque<Flow>) {
        if let Some(ping) = self.pings.get_mut(&handle) {
            ping.ways = ways;
            self.ping_next(now, handle, EndCause::Unreachable);
        }
    }

    /// Sends it to the next address, or tells why there is none.
    fn ping_next(&mut self, now: Instant, handle: CallHandle, cause: EndCause) {
        match self.pings.get_mut(&handle).and_then(|ping| ping.ways.pop_front()) {
            Some(flow) => self.send_ping(now, handle, flow),
            None => self.ping_ended(handle, cause),
        }
    }

    fn send_ping(&mut self, now: Instant, handle: CallHandle, destination: Flow) {
        let branch = self.identity.branch();
        let Some((mut request, number, realms)) =
            self.pings.get(&handle).map(|ping| (ping.request.clone(), ping.number, ping.realms.clone()))
        else {
            return;
        };
        self.aim(&mut request, &branch, destination, number);
        self.sign(&mut request, &realms);
        let usage = Usage::Ping(handle);
        let sent = request.clone();
        let transaction = self.transactions.open_client(&mut self.io, now, sent, branch, destination, usage);
        if let Some(ping) = self.pings.get_mut(&handle) {
            ping.request = request;
            ping.stage = Stage::Sent { transaction, destination };
        }
    }

    /// The same with credentials for these realms (§22.2).
    pub(super) fn ping_with(
        &mut self,
        now: Instant,
        handle: CallHandle,
        id: TransactionId,
        realms: Vec<Realm>,
    ) -> Option<TransactionId> {
        let ping = self.pings.get_mut(&handle).filter(|ping| ping.stage.waits_for(id))?;
        let destination = ping.stage.destination()?;
        ping.realms = realms;
        ping.number = ping.number.saturating_add(1);
        self.send_ping(now, handle, destination);
        self.pings.get(&handle)?.stage.transaction()
    }

    /// A final response.
    pub(super) fn ping_answered(&mut self, now: Instant, id: TransactionId, handle: CallHandle, status: u16) {
        if self.pings.get(&handle).is_none_or(|ping| !ping.stage.waits_for(id)) {
            return;
        }
        match status {
            ..300 => {
                self.io.report(handle, Event::Answered { sdp: None });
                self.ping_ended(handle, EndCause::Local);
            }
            503 => self.ping_next(now, handle, EndCause::Refused(503)),
            _ => self.ping_ended(handle, EndCause::Refused(status)),
        }
    }

    /// No answer, or no way there (RFC 3263 §4.3).
    pub(super) fn ping_failed(&mut self, now: Instant, id: TransactionId, handle: CallHandle, cause: EndCause) {
        if self.pings.get(&handle).is_some_and(|ping| ping.stage.waits_for(id)) {
            self.ping_next(now, handle, cause);
        }
    }

    fn ping_ended(&mut self, handle: CallHandle, cause: EndCause) {
        self.pings.remove(&handle);
        self.io.report(handle, Event::Ended { cause });
    }
}
