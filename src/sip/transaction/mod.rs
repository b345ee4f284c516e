//! Transactions (RFC 3261 §17, RFC 6026) over unreliable and reliable transports. PURE.
//!
//! Owns: matching messages to transactions, retransmission, absorbing duplicates.
//! Must not know: dialogs, calls, what a request asks for. Each transaction carries a mark (`Usage`) of whoever
//! opened it, handed back with what concerns him.

mod client;
mod server;
mod timing;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::timers::Timers;
use super::wire::{HeaderName, Message, Method, Request, Response, read_datagram};
use super::{CallHandle, Event, Flow, Output, Transport};

pub(crate) use client::ClientTransaction;
pub(crate) use server::ServerTransaction;
pub(crate) use timing::{CallTimer, PATIENCE, T1, T2, T4, Timer, TimerKey};

/// Server transactions kept at once. Beyond it the oldest that only waits for retransmissions is forgotten: one that
/// still comes is processed again. Without such, an INVITE is refused without state (503), and other requests are
/// answered without remembering the answer.
/// Below half of what a hash table of 2^18 places takes (7/8 of them): with entries that come and go it is then cleaned
/// in place; above, it would double. Tests fill a smaller table.
const MAX_SERVER: usize = if cfg!(test) { 256 } else { 100_000 };

/// Names a transaction inside this endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TransactionId(u64);

/// What every layer acts on: deadlines and outputs. The caller drains the outputs after each input, which bounds
/// them by what one input causes.
#[derive(Debug)]
pub(crate) struct Io {
    pub(crate) timers: Timers<TimerKey>,
    pub(crate) outputs: VecDeque<Output>,
}

impl Io {
    pub(crate) fn new() -> Io {
        Io { timers: Timers::new(), outputs: VecDeque::new() }
    }

    pub(crate) fn send(&mut self, flow: Flow, payload: Bytes) {
        self.outputs.push_back(Output::Transmit { flow, payload });
    }

    pub(crate) fn report(&mut self, call: CallHandle, event: Event) {
        self.outputs.push_back(Output::Event { call, event });
    }
}

/// Who opened a client transaction, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    Invite(CallHandle),
    /// INVITE or UPDATE within a dialog.
    Proposal(CallHandle),
    Bye(CallHandle),
    Refer(CallHandle),
    Notify(CallHandle),
    Ping(CallHandle),
    /// Only a challenge of it concerns anybody.
    Prack(CallHandle),
    /// Nobody waits for the answer: CANCEL, BYE to a superfluous fork.
    Detached,
}

/// What identifies a server transaction (§17.2.3); ACK has the key of its INVITE.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServerKey {
    branch: String,
    sent_by: String,
    method: String,
}

impl ServerKey {
    /// `None` when Via cannot be read. A CANCEL gets a key of its own; see [`ServerKey::cancelled`].
    pub(crate) fn of(request: &Request) -> Option<ServerKey> {
        let via = request.headers.top_via()?;
        let method = match &request.method {
            method if *method == Method::ACK => Method::INVITE.to_string(),
            method => method.to_string(),
        };
        let branch = match via.branch() {
            Some(branch) => branch.to_owned(),
            // RFC 2543 elements: no unique branch; what stays the same over retransmissions and the ACK.
            None => {
                let headers = &request.headers;
                let call_id = String::from_utf8_lossy(headers.call_id()?).into_owned();
                let from = headers.from()?;
                let number = headers.cseq()?.number;
                format!("{call_id} {} {number} {}", from.tag().unwrap_or_default(), request.uri)
            }
        };
        Some(ServerKey { branch, sent_by: via.sent_by(), method })
    }

    /// The key of the INVITE that a CANCEL with this key is about (§9.2).
    pub(crate) fn cancelled(mut self) -> ServerKey {
        self.method = Method::INVITE.to_string();
        self
    }
}

/// What identifies a request that came over two ways (§8.2.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct MergeKey {
    call_id: Bytes,
    from_tag: String,
    cseq: u32,
}

impl MergeKey {
    fn of(request: &Request) -> Option<MergeKey> {
        Some(MergeKey {
            call_id: request.headers.call_id()?.clone(),
            from_tag: request.headers.from()?.tag().unwrap_or_default().to_owned(),
            cseq: request.headers.cseq()?.number,
        })
    }
}

/// What became of a request at the transaction layer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Dealt with: a retransmission, or the ACK of a refusal.
    Absorbed,
    /// The ACK of a 2xx, or a request without a transaction.
    New,
}

#[derive(Debug)]
struct ServerEntry {
    key: Arc<ServerKey>,
    merge: Option<Arc<MergeKey>>,
    call: Option<CallHandle>,
    transaction: ServerTransaction,
}

#[derive(Debug)]
struct ClientEntry {
    branch: String,
    usage: Usage,
    transaction: ClientTransaction,
    /// The request, until it has another answer than a challenge.
    sent: Bytes,
    /// How many challenges its request has answered already.
    challenges: u8,
}

/// Every transaction of the endpoint.
#[derive(Debug)]
pub(crate) struct Transactions {
    next: u64,
    /// Boxed: tables keep twice the room they need.
    servers: HashMap<TransactionId, Box<ServerEntry>>,
    server_keys: HashMap<Arc<ServerKey>, TransactionId>,
    merged: HashMap<Arc<MergeKey>, TransactionId>,
    /// Server transactions that only absorb retransmissions, oldest first.
    absorbing: BTreeSet<TransactionId>,
    clients: HashMap<TransactionId, ClientEntry>,
    branches: HashMap<String, TransactionId>,
}

impl Transactions {
    pub(crate) fn new() -> Transactions {
        Transactions {
            next: 0,
            servers: HashMap::new(),
            server_keys: HashMap::new(),
            merged: HashMap::new(),
            absorbing: BTreeSet::new(),
            clients: HashMap::new(),
            branches: HashMap::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.servers.is_empty()
            && self.server_keys.is_empty()
            && self.merged.is_empty()
            && self.absorbing.is_empty()
            && self.clients.is_empty()
            && self.branches.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn sizes(&self) -> [usize; 5] {
        [self.servers.len(), self.server_keys.len(), self.merged.len(), self.clients.len(), self.branches.len()]
    }

    /// Whether no further server transaction should be opened for a mere refusal.
    pub(crate) fn is_crowded(&self) -> bool {
        self.servers.len() >= MAX_SERVER / 2
    }

    fn next_id(&mut self) -> TransactionId {
        self.next += 1;
        TransactionId(self.next)
    }

    // Server side.

    /// Matches a request to its transaction.
    pub(crate) fn receive_request(
        &mut self,
        io: &mut Io,
        now: Instant,
        key: &ServerKey,
        request: &Request,
    ) -> Received {
        let Some(&id) = self.server_keys.get(key) else {
            return Received::New;
        };
        let Some(entry) = self.servers.get_mut(&id) else {
            return Received::New;
        };
        if request.method == Method::ACK {
            if entry.transaction.receive_ack(io, now, id) {
                return Received::Absorbed;
            }
            return Received::New;
        }
        entry.transaction.receive_retransmission(io);
        Received::Absorbed
    }

    /// Whether an INVITE outside dialogs has been received already over another way (§8.2.2.2).
    pub(crate) fn is_merged(&self, request: &Request) -> bool {
        MergeKey::of(request).is_some_and(|key| self.merged.contains_key(&key))
    }

    /// Whether a request with this key has been received.
    pub(crate) fn knows(&self, key: &ServerKey) -> bool {
        self.server_keys.contains_key(key)
    }

    /// Opens a server transaction; `None` when there are too many.
    pub(crate) fn open_server(
        &mut self,
        io: &mut Io,
        key: ServerKey,
        request: &Request,
        destination: Flow,
        call: Option<CallHandle>,
    ) -> Option<TransactionId> {
        if self.server_keys.contains_key(&key) {
            return None;
        }
        if self.servers.len() >= MAX_SERVER {
            let oldest = *self.absorbing.first()?;
            self.drop_server(io, oldest);
        }
        let id = self.next_id();
        let initial = request.method == Method::INVITE && request.headers.to().is_none_or(|to| to.tag().is_none());
        let merge = MergeKey::of(request).filter(|_| initial).map(Arc::new);
        let key = Arc::new(key);
        if let Some(merge) = &merge {
            self.merged.insert(merge.clone(), id);
        }
        self.server_keys.insert(key.clone(), id);
        let transaction = ServerTransaction::new(&request.method, destination);
        self.servers.insert(id, Box::new(ServerEntry { key, merge, call, transaction }));
        Some(id)
    }

    /// The INVITE a CANCEL is about, and the call it opened.
    pub(crate) fn find_invite(&self, cancel: &ServerKey) -> Option<(TransactionId, Option<CallHandle>)> {
        let id = *self.server_keys.get(&cancel.clone().cancelled())?;
        Some((id, self.servers.get(&id)?.call))
    }

    /// Sends a response within its transaction.
    pub(crate) fn respond(&mut self, io: &mut Io, now: Instant, id: TransactionId, status: u16, response: Bytes) {
        if let Some(entry) = self.servers.get_mut(&id) {
            entry.transaction.respond(io, now, id, status, response);
            if entry.transaction.only_absorbs() {
                self.absorbing.insert(id);
            }
        }
    }

    // Client side.

    /// Sends a request in a transaction of its own. `branch` is that of its Via.
    pub(crate) fn open_client(
        &mut self,
        io: &mut Io,
        now: Instant,
        request: Request,
        branch: String,
        destination: Flow,
        usage: Usage,
    ) -> TransactionId {
        let id = self.next_id();
        let transaction = ClientTransaction::start(io, now, id, request, destination);
        let key = client_key(&branch, &transaction.method());
        self.branches.insert(key.clone(), id);
        let sent = transaction.sent();
        self.clients.insert(id, ClientEntry { branch: key, usage, transaction, sent, challenges: 0 });
        id
    }

    /// The request that was challenged, and how many challenges it has answered before.
    pub(crate) fn challenged(&self, id: TransactionId) -> Option<(Request, u8)> {
        let entry = self.clients.get(&id)?;
        match read_datagram(&entry.sent).ok()?.message {
            Message::Request(request) => Some((request, entry.challenges)),
            Message::Response(_) => None,
        }
    }

    /// Notes that a request answers another challenge.
    pub(crate) fn note_challenges(&mut self, id: TransactionId, challenges: u8) {
        if let Some(entry) = self.clients.get_mut(&id) {
            entry.challenges = challenges;
        }
    }

    /// The request a client transaction was opened with, while the INVITE is still unanswered.
    pub(crate) fn invite_request(&self, id: TransactionId) -> Option<(&Request, Flow)> {
        self.clients.get(&id)?.transaction.invite()
    }

    /// Where a request of ours was sent.
    pub(crate) fn destination(&self, id: TransactionId) -> Option<Flow> {
        Some(self.clients.get(&id)?.transaction.destination())
    }

    /// Matches a response (§17.1.3); hands back whose it is when it brings news.
    pub(crate) fn receive_response(
        &mut self,
        io: &mut Io,
        now: Instant,
        source: Flow,
        response: &Response,
    ) -> Option<(TransactionId, Usage)> {
        let via = response.headers.top_via()?;
        let method = &response.headers.cseq()?.method;
        let key = client_key(via.params.get("branch")?, method);
        let id = *self.branches.get(&key)?;
        let entry = self.clients.get_mut(&id)?;
        if response.status >= 200 && !matches!(response.status, 401 | 407) {
            entry.sent = Bytes::new();
        }
        entry.transaction.follow(source);
        entry.transaction.receive(io, now, id, response).then_some((id, entry.usage))
    }

    /// Whether a request with this branch is one of ours that still waits for its answer.
    pub(crate) fn is_ours(&self, branch: &str) -> bool {
        self.branches.contains_key(&client_key(branch, &Method::INVITE))
    }

    /// Remembers the ACK of a 2xx, so that each retransmission of it is acknowledged again (§13.2.2.4).
    /// `false` when the response comes from one fork too many.
    pub(crate) fn acknowledge(
        &mut self,
        io: &mut Io,
        id: TransactionId,
        to_tag: &str,
        ack: Bytes,
        destination: Flow,
    ) -> bool {
        self.clients.get_mut(&id).is_some_and(|entry| entry.transaction.acknowledge(io, to_tag, ack, destination))
    }

    /// Nobody waits for this INVITE any more: it is given up in 64·T1, so that a final response until then still gets
    /// its ACK.
    pub(crate) fn give_up(&mut self, io: &mut Io, now: Instant, id: TransactionId) {
        if let Some(entry) = self.clients.get_mut(&id) {
            entry.transaction.give_up(io, now + PATIENCE, id);
        }
    }

    /// Forgets a client transaction.
    pub(crate) fn abandon(&mut self, io: &mut Io, id: TransactionId) {
        self.drop_client(io, id);
    }

    /// Drops the client transactions that wait for an answer from where nothing can be sent (§17.1.4); hands back whose
    /// they are.
    pub(crate) fn fail(&mut self, io: &mut Io, now: Instant, flow: Flow) -> Vec<(TransactionId, Usage)> {
        self.fail_those(io, now, |entry| entry.transaction.waits_for(flow))
    }

    /// As [`Self::fail`], when the network says that no datagram gets there (ICMP, §18.4). Anybody can forge that, and
    /// who has answered before may just be starting again: only requests for which `opening` is true, that have had no
    /// answer and have been repeated twice are given up, the others go on for as long as their timers say.
    pub(crate) fn unreachable(
        &mut self,
        io: &mut Io,
        now: Instant,
        remote: SocketAddr,
        opening: fn(Usage) -> bool,
    ) -> Vec<(TransactionId, Usage)> {
        self.fail_those(io, now, |entry| opening(entry.usage) && entry.transaction.is_refused_at(remote))
    }

    fn fail_those(
        &mut self,
        io: &mut Io,
        now: Instant,
        concerned: impl Fn(&ClientEntry) -> bool,
    ) -> Vec<(TransactionId, Usage)> {
        let mut failed: Vec<TransactionId> =
            self.clients.iter().filter(|(_, entry)| concerned(entry)).map(|(id, _)| *id).collect();
        failed.sort_unstable();
        failed.retain(|id| self.clients.get_mut(id).is_some_and(|entry| !entry.transaction.retreat(io, now, *id)));
        let usages = failed.iter().filter_map(|id| Some((*id, self.clients.get(id)?.usage))).collect();
        for id in failed {
            self.drop_client(io, id);
        }
        usages
    }

    // Time.

    /// A transaction's timer fired; hands back whose request has got no answer.
    pub(crate) fn handle_timer(
        &mut self,
        io: &mut Io,
        now: Instant,
        id: TransactionId,
        timer: Timer,
    ) -> Option<(TransactionId, Usage)> {
        if let Some(entry) = self.servers.get_mut(&id) {
            if entry.transaction.handle_timer(io, now, id, timer) {
                self.drop_server(io, id);
            }
            return None;
        }
        let entry = self.clients.get_mut(&id)?;
        let usage = entry.usage;
        match entry.transaction.handle_timer(io, now, id, timer) {
            client::Fired::Alive => None,
            client::Fired::Done => {
                self.drop_client(io, id);
                None
            }
            client::Fired::TimedOut => {
                self.drop_client(io, id);
                Some((id, usage))
            }
        }
    }

    fn drop_server(&mut self, io: &mut Io, id: TransactionId) {
        if let Some(entry) = self.servers.remove(&id) {
            self.server_keys.remove(&entry.key);
            self.absorbing.remove(&id);
            if let Some(merge) = entry.merge {
                self.merged.remove(&merge);
            }
            for timer in [Timer::G, Timer::H, Timer::I, Timer::J, Timer::L] {
                io.timers.stop(TimerKey::Transaction(id, timer));
            }
        }
    }

    fn drop_client(&mut self, io: &mut Io, id: TransactionId) {
        if let Some(entry) = self.clients.remove(&id) {
            self.branches.remove(&entry.branch);
            for timer in [Timer::A, Timer::B, Timer::D, Timer::E, Timer::F, Timer::K, Timer::M] {
                io.timers.stop(TimerKey::Transaction(id, timer));
            }
        }
    }
}

fn client_key(branch: &str, method: &Method) -> String {
    format!("{method} {branch}")
}

/// The ACK of a refused INVITE (§17.1.1.3): same branch, To of the response.
pub(crate) fn ack_of_refusal(invite: &Request, response: &Response) -> Request {
    let to = response.headers.get(&HeaderName::To);
    follow_up(invite, Method::ACK, to)
}

/// The CANCEL of an INVITE (§9.1): same branch, everything else as it was.
pub(crate) fn cancel_of(invite: &Request) -> Request {
    follow_up(invite, Method::CANCEL, None)
}

fn follow_up(invite: &Request, method: Method, to: Option<&Bytes>) -> Request {
    let mut request =
        Request { method: method.clone(), uri: invite.uri.clone(), headers: Default::default(), body: Bytes::new() };
    let headers = &invite.headers;
    for name in [HeaderName::Via, HeaderName::Route, HeaderName::From] {
        for value in headers.all(&name) {
            request.headers.push(name.clone(), value.clone());
        }
    }
    if let Some(to) = to.or_else(|| headers.get(&HeaderName::To)) {
        request.headers.push(HeaderName::To, to.clone());
    }
    if let Some(call_id) = headers.call_id() {
        request.headers.push(HeaderName::CallId, call_id.clone());
    }
    if let Some(cseq) = headers.cseq() {
        request.headers.push(HeaderName::CSeq, format!("{} {method}", cseq.number));
    }
    request.headers.push(HeaderName::MaxForwards, "70");
    request
}
