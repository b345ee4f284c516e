//! Registering as an extension with one or several switchboards (RFC 3261 §10.2). PURE.
//!
//! Owns: when a REGISTER goes out and where, what its answer means, refreshing, trying again later, leaving.
//! Must not know: calls, look-ups, sockets. Passwords stay in here.

mod binding;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::digest::Password;
use super::timers::Timers;
use super::transaction::{Io, TimerKey, TransactionId, Transactions, Usage};
use super::wire::{Framing, HeaderName, Message, Method, Response, read_message};
use super::{Flow, Listeners};
use binding::{Binding, Next};

/// First pause after a failure; it doubles with each further one (RFC 5626 §4.5).
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// First pause after a refusal that trying again hardly changes: a wrong password, an unknown extension.
const FIRST_PAUSE_REFUSED: Duration = Duration::from_secs(60);
/// Longest pause, and the longest Retry-After that is heeded.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// One switchboard.
#[derive(Debug, Clone)]
pub struct RegistrationSettings {
    /// `sip:` or `sips:` URI of the switchboard, without user.
    pub registrar: String,
    /// The extension.
    pub user: String,
    pub password: Password,
    /// The only realm the password is given to; `None`: any.
    pub realm: Option<String>,
    /// What we ask for.
    pub expires: Duration,
}

/// What registering needs to know.
#[derive(Debug, Clone)]
pub struct RegistrationsConfig {
    pub listeners: Listeners,
    /// `User-Agent`
    pub product: String,
    /// In the order they are tried.
    pub registrations: Vec<RegistrationSettings>,
    /// Register with the first that takes us, instead of with all.
    pub first_only: bool,
}

/// What can happen.
#[derive(Debug)]
pub enum RegistrationInput {
    /// The answer to [`RegistrationOutput::Locate`], best first; none: nobody is there.
    Located {
        index: usize,
        targets: Vec<Flow>,
    },
    /// What was to go this way could not be sent.
    TransportFailed {
        flow: Flow,
    },
    /// The network says that no datagram gets there: an ICMP error (RFC 3261 §18.4).
    Unreachable {
        remote: SocketAddr,
    },
    /// Leave every switchboard.
    Stop,
    Timeout,
}

/// What is to be done or known.
#[derive(Debug)]
pub enum RegistrationOutput {
    Transmit {
        flow: Flow,
        payload: Bytes,
    },
    /// Where is this URI (RFC 3263)?
    Locate {
        index: usize,
        uri: String,
    },
    State {
        index: usize,
        state: RegistrationState,
    },
}

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationState {
    /// For this long, unless refreshed; over this flow.
    Registered {
        expires: Duration,
        flow: Flow,
    },
    /// Refused with this status, 408 without an answer, 503 when nobody could be reached; tried again after this.
    Failed {
        status: u16,
        retry_after: Duration,
    },
    Left,
}

#[derive(Debug)]
enum Phase {
    /// Another one of higher rank serves ([`RegistrationsConfig::first_only`]).
    Standby,
    Locating,
    /// A REGISTER is under way.
    Trying {
        transaction: TransactionId,
        flow: Flow,
        /// Where else it may be tried.
        others: VecDeque<Flow>,
        leaving: bool,
    },
    Registered {
        flow: Flow,
    },
    Waiting,
    Left,
}

#[derive(Debug)]
struct Entry {
    binding: Binding,
    phase: Phase,
    failures: u32,
}

/// Every registration.
#[derive(Debug)]
pub struct Registrations {
    entries: Vec<Entry>,
    first_only: bool,
    listeners: Listeners,
    product: String,
    transactions: Transactions,
    io: Io,
    /// When each is refreshed or tried again.
    timers: Timers<usize>,
    by_transaction: HashMap<TransactionId, usize>,
    outputs: VecDeque<RegistrationOutput>,
    rng: StdRng,
    stopping: bool,
}

impl Registrations {
    /// Asks for look-ups at once: drain the outputs.
    pub fn new(config: RegistrationsConfig, seed: u64) -> Registrations {
        let mut rng = StdRng::seed_from_u64(seed);
        let entries = config
            .registrations
            .into_iter()
            .filter_map(|settings| Binding::new(settings, &mut rng))
            .map(|binding| Entry { binding, phase: Phase::Standby, failures: 0 })
            .collect();
        let mut registrations = Registrations {
            entries,
            first_only: config.first_only,
            listeners: config.listeners,
            product: config.product,
            transactions: Transactions::new(),
            io: Io::new(),
            timers: Timers::new(),
            by_transaction: HashMap::new(),
            outputs: VecDeque::new(),
            rng,
            stopping: false,
        };
        let count = if registrations.first_only { 1 } else { registrations.entries.len() };
        for index in 0..count.min(registrations.entries.len()) {
            registrations.locate(index);
        }
        registrations
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether [`RegistrationInput::Stop`] has been carried out.
    pub fn has_left(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry.phase, Phase::Left))
    }

    pub fn handle_input(&mut self, now: Instant, input: RegistrationInput) {
        match input {
            RegistrationInput::Located { index, targets } => self.located(now, index, targets),
            RegistrationInput::TransportFailed { flow } => {
                for (id, _) in self.transactions.fail(&mut self.io, now, flow) {
                    self.failed_there(now, id, 503);
                }
            }
            RegistrationInput::Unreachable { remote } => {
                for (id, _) in self.transactions.unreachable(&mut self.io, now, remote, |_| true) {
                    self.failed_there(now, id, 503);
                }
            }
            RegistrationInput::Stop => self.stop(now),
            RegistrationInput::Timeout => self.handle_timeout(now),
        }
    }

    /// A message arrived; `true` when it was the answer to a REGISTER, and nobody else's.
    pub fn receive(&mut self, now: Instant, flow: Flow, payload: &[u8]) -> bool {
        let candidate = !self.by_transaction.is_empty()
            && payload.starts_with(b"SIP/2.0 ")
            && payload.windows(8).any(|window| window == b"REGISTER");
        if !candidate {
            return false;
        }
        let framing = if flow.transport.is_reliable() { Framing::Stream } else { Framing::Datagram };
        let Ok(incoming) = read_message(payload, framing) else { return false };
        let Message::Response(response) = incoming.message else { return false };
        if response.headers.cseq().is_none_or(|cseq| cseq.method != Method::REGISTER) {
            return false;
        }
        if let Some((id, _)) = self.transactions.receive_response(&mut self.io, now, flow, &response) {
            self.answered(now, id, &response);
        }
        true
    }

    pub fn poll_output(&mut self) -> Option<RegistrationOutput> {
        // Nothing but requests of ours is in there.
        if let Some(super::Output::Transmit { flow, payload }) = self.io.outputs.pop_front() {
            return Some(RegistrationOutput::Transmit { flow, payload });
        }
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.timers.next(), self.io.timers.next()].into_iter().flatten().min()
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(key) = self.io.timers.pop_expired(now) {
            if let TimerKey::Transaction(id, timer) = key
                && let Some((id, _)) = self.transactions.handle_timer(&mut self.io, now, id, timer)
            {
                self.failed_there(now, id, 408);
            }
        }
        while let Some(index) = self.timers.pop_expired(now) {
            match self.entries[index].phase {
                // The same way as before; when that fails, it is looked up anew.
                Phase::Registered { flow } => self.send(now, index, flow, VecDeque::new(), false),
                Phase::Waiting => self.locate(index),
                Phase::Standby | Phase::Locating | Phase::Trying { .. } | Phase::Left => {}
            }
        }
    }

    fn locate(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        entry.phase = Phase::Locating;
        entry.binding.begin();
        let uri = entry.binding.registrar().to_owned();
        self.outputs.push_back(RegistrationOutput::Locate { index, uri });
    }

    fn located(&mut self, now: Instant, index: usize, targets: Vec<Flow>) {
        if !self.entries.get(index).is_some_and(|entry| matches!(entry.phase, Phase::Locating)) {
            return;
        }
        let mut targets = VecDeque::from(targets);
        match targets.pop_front() {
            Some(flow) => self.send(now, index, flow, targets, false),
            None => self.give_up(now, index, 503, None),
        }
    }

    fn send(&mut self, now: Instant, index: usize, flow: Flow, others: VecDeque<Flow>, leaving: bool) {
        let entry = &mut self.entries[index];
        let advertised = self.listeners.get(flow.local).advertised;
        let (mut request, branch) = entry.binding.request(flow, advertised, leaving, &mut self.rng);
        request.headers.push(HeaderName::UserAgent, self.product.clone());
        let id = self.transactions.open_client(&mut self.io, now, request, branch, flow, Usage::Detached);
        self.by_transaction.insert(id, index);
        entry.phase = Phase::Trying { transaction: id, flow, others, leaving };
    }

    /// The registration whose current REGISTER this is.
    fn current(&mut self, id: TransactionId) -> Option<usize> {
        let index = self.by_transaction.remove(&id)?;
        matches!(self.entries[index].phase, Phase::Trying { transaction, .. } if transaction == id).then_some(index)
    }

    /// No answer from there, or none that counts: the next target, or later.
    fn failed_there(&mut self, now: Instant, id: TransactionId, status: u16) {
        let Some(index) = self.current(id) else { return };
        let Phase::Trying { others, leaving, .. } = &mut self.entries[index].phase else { return };
        match (*leaving, others.pop_front()) {
            (true, _) => self.left(index),
            (false, Some(flow)) => {
                let others = std::mem::take(others);
                self.send(now, index, flow, others, false);
            }
            (false, None) => self.give_up(now, index, status, None),
        }
    }

    fn answered(&mut self, now: Instant, id: TransactionId, response: &Response) {
        if response.status < 200 {
            return;
        }
        // RFC 3263 §4.3: a target that has no service has no say.
        if response.status == 503 {
            return self.failed_there(now, id, 503);
        }
        let Some(index) = self.current(id) else { return };
        let entry = &mut self.entries[index];
        let Phase::Trying { flow, others, leaving, .. } = &mut entry.phase else { return };
        let (flow, others, leaving) = (*flow, std::mem::take(others), *leaving);
        let advertised = self.listeners.get(flow.local).advertised;
        match entry.binding.answered(response, flow, advertised) {
            Next::Again => self.send(now, index, flow, others, leaving),
            _ if leaving => self.left(index),
            Next::Registered { expires } => {
                entry.failures = 0;
                // Between three and four quarters through, so that many extensions do not come at once.
                let part = self.rng.random_range(0.75..0.85);
                self.timers.set(index, now + expires.mul_f64(part));
                entry.phase = Phase::Registered { flow };
                let state = RegistrationState::Registered { expires, flow };
                self.outputs.push_back(RegistrationOutput::State { index, state });
            }
            Next::Refused { status, retry_after } => self.give_up(now, index, status, retry_after),
        }
    }

    /// It did not work now: the next switchboard, or later.
    fn give_up(&mut self, now: Instant, index: usize, status: u16, asked: Option<Duration>) {
        let entry = &mut self.entries[index];
        let first = match status {
            401 | 403 | 404 | 407 => FIRST_PAUSE_REFUSED,
            _ => FIRST_PAUSE,
        };
        let longest = first.saturating_mul(1 << entry.failures.min(10)).min(LONGEST_PAUSE);
        entry.failures = entry.failures.saturating_add(1);
        entry.phase = Phase::Standby;
        // Half to all of it (RFC 5626 §4.5), so that a switchboard that comes back is not overrun.
        let pause = longest.mul_f64(self.rng.random_range(0.5..=1.0)).max(asked.unwrap_or_default().min(LONGEST_PAUSE));
        let state = RegistrationState::Failed { status, retry_after: pause };
        self.outputs.push_back(RegistrationOutput::State { index, state });
        let next = index + 1;
        if self.first_only && next < self.entries.len() {
            return self.locate(next);
        }
        // The last in the row has failed, too: after the pause it begins with the first.
        let again = if self.first_only { 0 } else { index };
        self.entries[again].phase = Phase::Waiting;
        self.timers.set(again, now + pause);
    }

    fn stop(&mut self, now: Instant) {
        if std::mem::replace(&mut self.stopping, true) {
            return;
        }
        for index in 0..self.entries.len() {
            self.timers.stop(index);
            match self.entries[index].phase {
                // One under way may already be in force.
                Phase::Registered { flow } | Phase::Trying { flow, .. } => {
                    self.entries[index].binding.begin();
                    self.send(now, index, flow, VecDeque::new(), true);
                }
                Phase::Standby | Phase::Locating | Phase::Waiting => self.left(index),
                Phase::Left => {}
            }
        }
    }

    fn left(&mut self, index: usize) {
        self.entries[index].phase = Phase::Left;
        let state = RegistrationState::Left;
        self.outputs.push_back(RegistrationOutput::State { index, state });
    }
}
