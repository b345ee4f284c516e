//! Where requests outside dialogs go, and where next when that fails (RFC 3263 §4): INVITE and lone OPTIONS. PURE.
//!
//! Must not know: who answers DNS queries; a look-up is asked for and answered like everything else.

use super::super::dialog::towards;
use super::super::wire::{NameAddr, SipUri, Uri};
use super::super::{Destination, Locator, LookUp};
use super::*;

/// Addresses of one target that are tried; further ones are left out.
const MAX_WAYS: usize = 8;

/// How far a request outside dialogs is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// Nothing has been asked or sent.
    Fresh,
    /// Its target's name is being looked up.
    Locating(LookUp),
    Sent {
        transaction: TransactionId,
        destination: Flow,
    },
}

impl Stage {
    pub(super) fn transaction(&self) -> Option<TransactionId> {
        match self {
            Stage::Sent { transaction, .. } => Some(*transaction),
            Stage::Fresh | Stage::Locating(_) => None,
        }
    }

    pub(super) fn destination(&self) -> Option<Flow> {
        match self {
            Stage::Sent { destination, .. } => Some(*destination),
            Stage::Fresh | Stage::Locating(_) => None,
        }
    }

    /// Whether this transaction's answer is waited for.
    pub(super) fn waits_for(&self, id: TransactionId) -> bool {
        self.transaction() == Some(id)
    }

    fn asked(&self, look_up: LookUp) -> bool {
        matches!(self, Stage::Locating(asked) if *asked == look_up)
    }
}

impl Endpoint {
    /// The ways to a target, best first; `None` when its name has to be looked up.
    pub(super) fn ways_to(&self, uri: &str, destination: Destination) -> Option<VecDeque<Flow>> {
        match destination {
            Destination::Ways(given) => Some(distinct(given)),
            Destination::Target => match uri.parse() {
                Ok(Uri::Sip(uri)) => Some(distinct(self.known(&uri)?)),
                // A telephone number is no place.
                Ok(Uri::Other { .. }) | Err(_) => Some(VecDeque::new()),
            },
        }
    }

    /// The ways to where we are sent on from `sender`, whom a URI that names no place leads back to; `None` when its
    /// name has to be looked up.
    pub(super) fn ways_on(&self, uri: &str, sender: Flow) -> Option<VecDeque<Flow>> {
        let uri: Uri = uri.parse().ok()?;
        match &uri {
            Uri::Sip(sip) if sip.ip().is_none() => {
                let known = self.known(sip)?;
                Some(if known.is_empty() { VecDeque::from([sender]) } else { distinct(known) })
            }
            _ => Some(VecDeque::from([towards(&uri, sender, self.identity.listeners())])),
        }
    }

    fn known(&self, uri: &SipUri) -> Option<Vec<Flow>> {
        let targets = Locator::new(uri, self.identity.listeners().clone()).known()?;
        Some(targets.into_iter().map(|target| target.flow).collect())
    }

    /// Asks where a URI leads.
    pub(super) fn look_up(&mut self, now: Instant, call: CallHandle, uri: String) -> Stage {
        self.look_ups += 1;
        let look_up = LookUp { call, number: self.look_ups };
        self.io.outputs.push_back(Output::Locate { look_up, uri });
        self.arm(now, call, CallTimer::LookUpGuard);
        Stage::Locating(look_up)
    }

    pub(super) fn located(&mut self, now: Instant, look_up: LookUp, targets: Vec<Flow>) {
        let handle = look_up.call;
        let ways = distinct(targets);
        if self.pings.get(&handle).is_some_and(|ping| ping.stage.asked(look_up)) {
            self.io.timers.stop(TimerKey::Call(handle, CallTimer::LookUpGuard));
            return self.ping_located(now, handle, ways);
        }
        let calling = self.calls.get(&handle).and_then(Call::calling);
        if calling.is_some_and(|calling| calling.stage.asked(look_up)) {
            self.io.timers.stop(TimerKey::Call(handle, CallTimer::LookUpGuard));
            self.invite_located(now, handle, ways);
        }
    }

    /// Nobody has answered the look-up.
    pub(super) fn look_up_unanswered(&mut self, now: Instant, handle: CallHandle) {
        let of_call = self.calls.get(&handle).and_then(Call::calling).map(|calling| calling.stage);
        let of_ping = self.pings.get(&handle).map(|ping| ping.stage);
        if let Some(Stage::Locating(look_up)) = of_call.or(of_ping) {
            self.located(now, look_up, Vec::new());
        }
    }

    /// Where the INVITE's target leads is known.
    pub(super) fn invite_located(&mut self, now: Instant, handle: CallHandle, mut ways: VecDeque<Flow>) {
        let Some(calling) = self.calls.get_mut(&handle).and_then(Call::calling_mut) else {
            return;
        };
        // What we can't resolve may be a name that only the switchboard knows.
        let flow = ways.pop_front().or(calling.sender.filter(|_| calling.guided));
        calling.ways = ways;
        match flow {
            Some(flow) => self.send_invite(now, handle, flow, Vec::new()),
            None if self.next_target(now, handle) => {}
            None => self.invite_ended(now, handle, EndCause::Unreachable),
        }
    }

    /// No service, no answer, or no way there (RFC 3263 §4.3): the INVITE goes to the next address of its target, else
    /// to the next target; `false` when there is none.
    pub(super) fn invite_elsewhere(&mut self, now: Instant, handle: CallHandle) -> bool {
        let Some(calling) = self.calls.get_mut(&handle).filter(|call| !call.ended).and_then(Call::calling_mut) else {
            return false;
        };
        match calling.ways.pop_front().filter(|_| !calling.cancelled) {
            Some(flow) => {
                self.send_invite(now, handle, flow, Vec::new());
                true
            }
            None => self.next_target(now, handle),
        }
    }

    /// An INVITE of ours has come to nothing.
    pub(super) fn invite_ended(&mut self, now: Instant, handle: CallHandle, cause: EndCause) {
        self.end_call(now, handle, cause);
        self.remove_call(now, handle, false);
    }

    /// Makes a request one for this way: Via, Contact and, the first time, the host of From are those of the listener
    /// it leaves by.
    pub(super) fn aim(&self, request: &mut Request, branch: &str, flow: Flow, number: u32) {
        let fresh = request.headers.get(&HeaderName::Via).is_none();
        let from = request.headers.from().filter(|_| fresh);
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, self.identity.via(branch, flow));
        if request.method == Method::INVITE {
            let secure = request.uri.parse().is_ok_and(|uri: Uri| uri.is_sips());
            headers.push(HeaderName::Contact, self.identity.contact(flow, secure));
        }
        for (name, value) in request.headers.iter() {
            match (name, &from) {
                (HeaderName::Via | HeaderName::Contact, _) => {}
                (HeaderName::CSeq, _) => headers.push(HeaderName::CSeq, format!("{number} {}", request.method)),
                (HeaderName::From, Some(from)) => headers.push(HeaderName::From, self.hosted(from, flow).to_string()),
                _ => headers.push(name.clone(), value.clone()),
            }
        }
        request.headers = headers;
    }

    fn hosted(&self, from: &NameAddr, flow: Flow) -> NameAddr {
        let mut from = from.clone();
        if let (Uri::Sip(uri), Uri::Sip(ours)) = (&mut from.uri, self.identity.uri(None, flow.local)) {
            (uri.host, uri.port) = (ours.host, ours.port);
        }
        from
    }
}

/// Each way once, as many as are tried.
fn distinct(flows: Vec<Flow>) -> VecDeque<Flow> {
    let mut ways = VecDeque::new();
    for flow in flows {
        if ways.len() < MAX_WAYS && !ways.contains(&flow) {
            ways.push_back(flow);
        }
    }
    ways
}
