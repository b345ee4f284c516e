//! Client transactions: INVITE (RFC 3261 §17.1.1 with RFC 6026 §7.2) and others (§17.1.2). PURE.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    Flow, HeaderName, Io, Method, PATIENCE, Request, Response, T1, T2, T4, Timer, TimerKey, TransactionId, Transport,
    ack_of_refusal,
};

/// A larger request goes over TCP, where nothing has to be cut into fragments (§18.1.1), bytes.
const MOST_OVER_UDP: usize = 1_300;

/// The time to the next repetition, from which on the network may say that nobody is there: the third datagram has been sent
/// after 1.5 s. Who is just starting again has so long, and one forged error ends nothing.
const PERSISTENT: Duration = Duration::from_secs(2);

/// Forks whose 2xx we acknowledge; beyond it a 2xx stays unacknowledged and its sender gives up.
const MAX_FORKS: usize = 8;

/// A request we sent, and how far its answer is.
#[derive(Debug)]
pub(crate) struct ClientTransaction {
    destination: Flow,
    /// The way it would have gone, were it not too large for UDP: taken when the other is closed.
    retreat: Option<(Flow, Box<Request>)>,
    method: Method,
    /// Nobody waits for the answer: timer B ends it, provisional responses or not.
    given_up: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// INVITE sent, nothing heard.
    Calling { request: Box<Request>, bytes: Bytes, interval: Duration },
    /// INVITE answered provisionally.
    Proceeding { request: Box<Request> },
    /// INVITE refused and acknowledged.
    Refused { ack: Bytes },
    /// INVITE accepted: the ACK of each fork that said so.
    Accepted { acks: Vec<ForkAck> },
    /// Another request sent; no final response yet.
    Trying { bytes: Bytes, interval: Duration },
    /// Another request, answered.
    Completed,
}

#[derive(Debug)]
struct ForkAck {
    to_tag: String,
    ack: Bytes,
    destination: Flow,
}

/// The request with a Via of ours that says TCP; `None` when its Via is not ours over UDP.
fn over_tcp(request: &Request) -> Option<Request> {
    let sent_by = request.headers.get(&HeaderName::Via)?.strip_prefix(b"SIP/2.0/UDP ")?;
    let via = [b"SIP/2.0/TCP ", sent_by].concat();
    let mut request = request.clone();
    request.headers.replace_first(&HeaderName::Via, via).then_some(request)
}

/// What a timer did to a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fired {
    Alive,
    Done,
    TimedOut,
}

impl ClientTransaction {
    /// Sends the request; a large one over TCP instead of UDP, as its Via then says (§18.1.1).
    pub(super) fn start(
        io: &mut Io,
        now: Instant,
        id: TransactionId,
        request: Request,
        destination: Flow,
    ) -> ClientTransaction {
        let method = request.method.clone();
        let timeout = if method == Method::INVITE { Timer::B } else { Timer::F };
        io.timers.set(TimerKey::Transaction(id, timeout), now + PATIENCE);
        let too_large = destination.transport == Transport::Udp && request.to_bytes().len() > MOST_OVER_UDP;
        let over_tcp = if too_large { over_tcp(&request) } else { None };
        let (first, way, retreat) = match over_tcp {
            Some(over_tcp) => {
                let way = Flow { transport: Transport::Tcp, connection: None, ..destination };
                (over_tcp, way, Some((destination, Box::new(request))))
            }
            None => (request, destination, None),
        };
        let mut transaction =
            ClientTransaction { destination: way, retreat, method, given_up: false, state: State::Completed };
        transaction.send(io, now, id, first);
        transaction
    }

    fn send(&mut self, io: &mut Io, now: Instant, id: TransactionId, request: Request) {
        let bytes = request.to_bytes();
        io.send(self.destination, bytes.clone());
        let invite = self.method == Method::INVITE;
        // A reliable transport repeats what is lost by itself (§17.1.1.2, §17.1.2.2).
        if !self.destination.transport.is_reliable() {
            let retransmit = if invite { Timer::A } else { Timer::E };
            io.timers.set(TimerKey::Transaction(id, retransmit), now + T1);
        }
        self.state = match invite {
            true => State::Calling { request: Box::new(request), bytes, interval: T1 },
            false => State::Trying { bytes, interval: T1 },
        };
    }

    /// The way to TCP is closed: an unanswered request that would have gone over UDP does (§18.1.1). Timer B or F runs
    /// on.
    pub(super) fn retreat(&mut self, io: &mut Io, now: Instant, id: TransactionId) -> bool {
        if !matches!(self.state, State::Calling { .. } | State::Trying { .. }) {
            return false;
        }
        let Some((destination, request)) = self.retreat.take() else {
            return false;
        };
        self.destination = destination;
        self.send(io, now, id, *request);
        true
    }

    /// The request as bytes, while it has no answer.
    pub(super) fn sent(&self) -> Bytes {
        match &self.state {
            State::Calling { bytes, .. } | State::Trying { bytes, .. } => bytes.clone(),
            _ => Bytes::new(),
        }
    }

    pub(super) fn destination(&self) -> Flow {
        self.destination
    }

    /// Timers D and K: nothing comes twice over a reliable transport, so there is nothing to wait for.
    fn linger(&self, time: Duration) -> Duration {
        if self.destination.transport.is_reliable() { Duration::ZERO } else { time }
    }

    /// Whether it was sent this way and has no final response.
    pub(super) fn waits_for(&self, flow: Flow) -> bool {
        self.destination == flow
            && matches!(self.state, State::Calling { .. } | State::Proceeding { .. } | State::Trying { .. })
    }

    /// Waits for its first answer from there, and has sent so many datagrams that one refused by the network counts.
    pub(super) fn is_refused_at(&self, remote: SocketAddr) -> bool {
        let tried = match self.state {
            State::Calling { interval, .. } | State::Trying { interval, .. } => interval >= PERSISTENT,
            _ => false,
        };
        tried && self.destination.transport == Transport::Udp && self.destination.remote == remote
    }

    pub(super) fn method(&self) -> Method {
        self.method.clone()
    }

    /// The INVITE, while it has no final response.
    pub(super) fn invite(&self) -> Option<(&Request, Flow)> {
        match &self.state {
            State::Calling { request, .. } | State::Proceeding { request } => Some((request, self.destination)),
            _ => None,
        }
    }

    /// Waits until `at` at most, when it is an INVITE without final response.
    pub(super) fn give_up(&mut self, io: &mut Io, at: Instant, id: TransactionId) {
        if self.invite().is_some() {
            self.given_up = true;
            io.timers.set(TimerKey::Transaction(id, Timer::B), at);
        }
    }

    /// What follows the request (ACK, CANCEL, the dialog) takes the connection its responses come by, wherever Contact
    /// points.
    pub(super) fn follow(&mut self, source: Flow) {
        if source.connection.is_some() && source.transport == self.destination.transport {
            self.destination = source;
        }
    }

    /// A response; `true` when it brings news for whoever sent the request.
    pub(super) fn receive(&mut self, io: &mut Io, now: Instant, id: TransactionId, response: &Response) -> bool {
        match &self.state {
            State::Calling { .. } | State::Proceeding { .. } => self.receive_for_invite(io, now, id, response),
            State::Refused { ack } => {
                if response.status >= 300 {
                    io.send(self.destination, ack.clone());
                }
                false
            }
            State::Accepted { acks } => {
                if !(200..300).contains(&response.status) {
                    return false;
                }
                let to = response.headers.to();
                let tag = to.and_then(|to| to.tag()).unwrap_or_default();
                match acks.iter().find(|fork| fork.to_tag == tag) {
                    Some(fork) => {
                        io.send(fork.destination, fork.ack.clone());
                        false
                    }
                    None => true,
                }
            }
            State::Trying { .. } if response.status < 200 => {
                // Proceeding (§17.1.2.2): from the next one on, retransmissions go at T2.
                if let State::Trying { interval, .. } = &mut self.state {
                    *interval = T2;
                }
                true
            }
            State::Trying { .. } => {
                io.timers.stop(TimerKey::Transaction(id, Timer::E));
                io.timers.stop(TimerKey::Transaction(id, Timer::F));
                let linger = self.linger(T4);
                io.timers.set(TimerKey::Transaction(id, Timer::K), now + linger);
                self.state = State::Completed;
                true
            }
            State::Completed => false,
        }
    }

    fn receive_for_invite(&mut self, io: &mut Io, now: Instant, id: TransactionId, response: &Response) -> bool {
        io.timers.stop(TimerKey::Transaction(id, Timer::A));
        if response.status >= 200 || !self.given_up {
            io.timers.stop(TimerKey::Transaction(id, Timer::B));
        }
        let request = match std::mem::replace(&mut self.state, State::Completed) {
            State::Calling { request, .. } | State::Proceeding { request } => request,
            other => {
                self.state = other;
                return false;
            }
        };
        self.state = match response.status {
            ..200 => State::Proceeding { request },
            200..300 => {
                io.timers.set(TimerKey::Transaction(id, Timer::M), now + PATIENCE);
                State::Accepted { acks: Vec::new() }
            }
            _ => {
                io.timers.set(TimerKey::Transaction(id, Timer::D), now + self.linger(PATIENCE));
                let ack = ack_of_refusal(&request, response).to_bytes();
                io.send(self.destination, ack.clone());
                State::Refused { ack }
            }
        };
        true
    }

    /// Sends the ACK of a 2xx and keeps it for retransmissions.
    pub(super) fn acknowledge(&mut self, io: &mut Io, to_tag: &str, ack: Bytes, destination: Flow) -> bool {
        let State::Accepted { acks } = &mut self.state else {
            return false;
        };
        if acks.len() >= MAX_FORKS {
            return false;
        }
        io.send(destination, ack.clone());
        acks.push(ForkAck { to_tag: to_tag.to_owned(), ack, destination });
        true
    }

    pub(super) fn handle_timer(&mut self, io: &mut Io, now: Instant, id: TransactionId, timer: Timer) -> Fired {
        match (&mut self.state, timer) {
            (State::Calling { bytes, interval, .. }, Timer::A) => {
                io.send(self.destination, bytes.clone());
                *interval *= 2;
                io.timers.set(TimerKey::Transaction(id, Timer::A), now + *interval);
                Fired::Alive
            }
            (State::Trying { bytes, interval }, Timer::E) => {
                io.send(self.destination, bytes.clone());
                *interval = (*interval * 2).min(T2);
                io.timers.set(TimerKey::Transaction(id, Timer::E), now + *interval);
                Fired::Alive
            }
            (_, Timer::B | Timer::F) => Fired::TimedOut,
            (_, Timer::D | Timer::K | Timer::M) => Fired::Done,
            _ => Fired::Alive,
        }
    }
}
