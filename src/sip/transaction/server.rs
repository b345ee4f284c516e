//! Server transactions: INVITE (RFC 3261 §17.2.1 with RFC 6026 §7.1) and others (§17.2.2). PURE.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Flow, Io, Method, PATIENCE, T1, T2, T4, Timer, TimerKey, TransactionId};

/// A request we were sent, and how far its answer is.
#[derive(Debug)]
pub(crate) struct ServerTransaction {
    /// Where responses go.
    destination: Flow,
    state: State,
}

#[derive(Debug)]
enum State {
    /// INVITE without final response; the last provisional one.
    Proceeding { last: Option<Bytes> },
    /// INVITE refused; the refusal goes out again until the ACK.
    Refused { last: Bytes, interval: Duration },
    /// INVITE refused and acknowledged.
    Confirmed,
    /// INVITE accepted; the 2xx is sent again by the call, not here (RFC 6026 §7.1).
    Accepted,
    /// Another request, not yet answered.
    Trying,
    /// Another request, answered.
    Completed { last: Bytes },
}

impl ServerTransaction {
    pub(crate) fn new(method: &Method, destination: Flow) -> ServerTransaction {
        let state = if *method == Method::INVITE { State::Proceeding { last: None } } else { State::Trying };
        ServerTransaction { destination, state }
    }

    /// Timers I and J: over a reliable transport nothing comes twice (§17.2.1, §17.2.2).
    fn linger(&self, time: Duration) -> Duration {
        if self.destination.transport.is_reliable() { Duration::ZERO } else { time }
    }

    /// Whether all that is left is to absorb retransmissions: nothing is sent any more by itself, and no ACK awaited here.
    pub(super) fn only_absorbs(&self) -> bool {
        matches!(self.state, State::Accepted | State::Completed { .. })
    }

    /// The same request once more: the last response once more.
    pub(super) fn receive_retransmission(&self, io: &mut Io) {
        match &self.state {
            State::Proceeding { last: Some(last) } | State::Refused { last, .. } | State::Completed { last } => {
                io.send(self.destination, last.clone())
            }
            State::Proceeding { last: None } | State::Confirmed | State::Accepted | State::Trying => {}
        }
    }

    /// An ACK with our branch; `false` when it is for the call (a 2xx acknowledged by a peer that reuses branches).
    pub(super) fn receive_ack(&mut self, io: &mut Io, now: Instant, id: TransactionId) -> bool {
        match self.state {
            State::Refused { .. } => {
                io.timers.stop(TimerKey::Transaction(id, Timer::G));
                io.timers.stop(TimerKey::Transaction(id, Timer::H));
                io.timers.set(TimerKey::Transaction(id, Timer::I), now + self.linger(T4));
                self.state = State::Confirmed;
                true
            }
            State::Accepted => false,
            _ => true,
        }
    }

    /// The answer of whoever processes the request.
    pub(super) fn respond(&mut self, io: &mut Io, now: Instant, id: TransactionId, status: u16, response: Bytes) {
        let reliable = self.destination.transport.is_reliable();
        let absorb = self.linger(PATIENCE);
        let mut set = |timer, after| io.timers.set(TimerKey::Transaction(id, timer), now + after);
        match (&self.state, status) {
            (State::Proceeding { .. }, 100..=199) => {
                self.state = State::Proceeding { last: Some(response.clone()) };
            }
            (State::Proceeding { .. }, 200..=299) => {
                set(Timer::L, PATIENCE);
                self.state = State::Accepted;
            }
            (State::Proceeding { .. }, _) => {
                if !reliable {
                    set(Timer::G, T1);
                }
                set(Timer::H, PATIENCE);
                self.state = State::Refused { last: response.clone(), interval: T1 };
            }
            (State::Accepted, 200..=299) => {}
            (State::Trying, 200..) => {
                set(Timer::J, absorb);
                self.state = State::Completed { last: response.clone() };
            }
            // A second final response, or a provisional one too late: not sent.
            _ => return,
        }
        io.send(self.destination, response);
    }

    /// `true` when the transaction is over.
    pub(super) fn handle_timer(&mut self, io: &mut Io, now: Instant, id: TransactionId, timer: Timer) -> bool {
        match (&mut self.state, timer) {
            (State::Refused { last, interval }, Timer::G) => {
                io.send(self.destination, last.clone());
                *interval = (*interval * 2).min(T2);
                io.timers.set(TimerKey::Transaction(id, Timer::G), now + *interval);
                false
            }
            (_, Timer::H | Timer::I | Timer::J | Timer::L) => true,
            _ => false,
        }
    }
}
