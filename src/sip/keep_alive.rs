//! Whether the switchboards we work with are there: OPTIONS now and then (RFC 3261 §11). PURE.
//!
//! Owns: when each is asked, what its answer says. Must not know: how a request travels; keep-alives of connections
//! (RFC 5626) are the transports' own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::EndCause;
use super::timers::Timers;

/// Switchboards that are asked; further ones are not.
const MAX_PEERS: usize = 32;
/// The first questions are spread over this, so that the first answers are here soon after the start.
const FIRST: Duration = Duration::from_secs(5);

/// Whom to ask, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeepAliveSettings {
    /// SIP URIs without user; one that comes twice is asked once.
    pub peers: Vec<String>,
    /// At most this long from an answer to the next question; zero: nobody is asked.
    pub interval: Duration,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepAliveInput {
    /// What came of [`KeepAliveOutput::Ping`].
    Ended {
        index: usize,
        cause: EndCause,
    },
    /// Ask nobody any more.
    Stop,
    Timeout,
}

/// What is to be done or known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepAliveOutput {
    /// Ask whether it is there; answer with [`KeepAliveInput::Ended`].
    Ping { index: usize, uri: String },
    /// It is another than before.
    State { index: usize, uri: String, state: Reachability },
}

/// Whether a switchboard answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// Not asked yet.
    Unknown,
    /// It answered last time, with whatever status.
    Reachable,
    /// It did not.
    Unreachable,
}

#[derive(Debug)]
struct Peer {
    uri: String,
    state: Reachability,
    asked: bool,
}

/// Every switchboard.
#[derive(Debug)]
pub struct KeepAlive {
    peers: Vec<Peer>,
    interval: Duration,
    /// When each is asked next.
    timers: Timers<usize>,
    outputs: VecDeque<KeepAliveOutput>,
    rng: StdRng,
    stopped: bool,
}

impl KeepAlive {
    pub fn new(now: Instant, settings: KeepAliveSettings, seed: u64) -> KeepAlive {
        let mut peers: Vec<Peer> = Vec::new();
        for uri in settings.peers {
            if peers.len() < MAX_PEERS && peers.iter().all(|known| known.uri != uri) {
                peers.push(Peer { uri, state: Reachability::Unknown, asked: false });
            }
        }
        let mut keep_alive = KeepAlive {
            peers,
            interval: settings.interval,
            timers: Timers::new(),
            outputs: VecDeque::new(),
            rng: StdRng::seed_from_u64(seed),
            stopped: settings.interval.is_zero(),
        };
        let first = FIRST.min(settings.interval);
        for index in 0..keep_alive.peers.len() {
            keep_alive.ask_within(now, index, 0.0, first);
        }
        keep_alive
    }

    /// Each switchboard and whether it answers.
    pub fn states(&self) -> impl Iterator<Item = (&str, Reachability)> {
        self.peers.iter().map(|peer| (peer.uri.as_str(), peer.state))
    }

    pub fn handle_input(&mut self, now: Instant, input: KeepAliveInput) {
        match input {
            KeepAliveInput::Ended { index, cause } => self.ended(now, index, cause),
            KeepAliveInput::Stop => {
                self.stopped = true;
                (0..self.peers.len()).for_each(|index| self.timers.stop(index));
            }
            KeepAliveInput::Timeout => {
                while let Some(index) = self.timers.pop_expired(now) {
                    let Some(peer) = self.peers.get_mut(index) else { continue };
                    peer.asked = true;
                    self.outputs.push_back(KeepAliveOutput::Ping { index, uri: peer.uri.clone() });
                }
            }
        }
    }

    pub fn poll_output(&mut self) -> Option<KeepAliveOutput> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn ended(&mut self, now: Instant, index: usize, cause: EndCause) {
        let Some(peer) = self.peers.get_mut(index).filter(|peer| peer.asked) else { return };
        peer.asked = false;
        let state = match cause {
            // A refusal is an answer.
            EndCause::Local | EndCause::Refused(_) => Reachability::Reachable,
            _ => Reachability::Unreachable,
        };
        if std::mem::replace(&mut peer.state, state) != state {
            self.outputs.push_back(KeepAliveOutput::State { index, uri: peer.uri.clone(), state });
        }
        // Never all at once: what was asked together drifts apart.
        self.ask_within(now, index, 0.75, self.interval);
    }

    /// Asks at a moment between this part of the time and all of it.
    fn ask_within(&mut self, now: Instant, index: usize, from: f64, time: Duration) {
        if !self.stopped {
            let part = self.rng.random_range(from..=1.0);
            self.timers.set(index, now + time.mul_f64(part));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    const INTERVAL: Duration = Duration::from_secs(60);

    fn keep_alive(peers: &[&str], interval: Duration) -> KeepAlive {
        let peers = peers.iter().map(|peer| (*peer).to_owned()).collect();
        KeepAlive::new(epoch(), KeepAliveSettings { peers, interval }, 7)
    }

    /// When each was asked, and what was told.
    #[derive(Default)]
    struct Life {
        asked: Vec<(usize, Duration)>,
        told: Vec<(usize, Reachability)>,
    }

    /// Lives for this long; each question is answered after `takes` with what `answer` says.
    fn live(
        keep_alive: &mut KeepAlive,
        time: Duration,
        takes: Duration,
        mut answer: impl FnMut(usize, Duration) -> EndCause,
    ) -> Life {
        let start = epoch();
        let mut life = Life::default();
        let mut under_way: VecDeque<(Instant, usize)> = VecDeque::new();
        loop {
            let next = [keep_alive.poll_timeout(), under_way.front().map(|(at, _)| *at)].into_iter().flatten().min();
            let Some(now) = next.filter(|at| *at <= start + time) else { return life };
            match under_way.pop_front_if(|(at, _)| *at == now) {
                Some((_, index)) => {
                    let cause = answer(index, now - start);
                    keep_alive.handle_input(now, KeepAliveInput::Ended { index, cause });
                }
                None => keep_alive.handle_input(now, KeepAliveInput::Timeout),
            }
            while let Some(output) = keep_alive.poll_output() {
                match output {
                    KeepAliveOutput::Ping { index, .. } => {
                        life.asked.push((index, now - start));
                        under_way.push_back((now + takes, index));
                    }
                    KeepAliveOutput::State { index, state, .. } => life.told.push((index, state)),
                }
            }
        }
    }

    #[test]
    fn a_change_is_told_once_and_any_answer_is_life() {
        let mut peers = keep_alive(&["sip:a"], INTERVAL);
        let causes = [
            EndCause::Local,
            EndCause::Refused(404),
            EndCause::Refused(503),
            EndCause::Timeout,
            EndCause::Unreachable,
            EndCause::Timeout,
            EndCause::Refused(401),
            EndCause::Local,
        ];
        let mut left = causes.iter();
        let cause = |_, _| left.next().copied().unwrap_or(EndCause::Local);
        let Life { asked, told } = live(&mut peers, INTERVAL * 10, Duration::from_secs(1), cause);
        assert!(asked.len() >= causes.len());
        assert_eq!(told, [(0, Reachability::Reachable), (0, Reachability::Unreachable), (0, Reachability::Reachable)]);
        assert_eq!(peers.states().collect::<Vec<_>>(), [("sip:a", Reachability::Reachable)]);
    }

    #[test]
    fn each_is_asked_in_time_and_not_with_the_others() {
        let names: Vec<String> = (0..20).map(|n| format!("sip:{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut peers = keep_alive(&names, INTERVAL);
        let takes = Duration::from_millis(20);
        let Life { asked, .. } = live(&mut peers, Duration::from_secs(3_600), takes, |_, _| EndCause::Local);
        for index in 0..names.len() {
            let times: Vec<Duration> = asked.iter().filter(|(i, _)| *i == index).map(|(_, at)| *at).collect();
            assert!(times[0] <= FIRST);
            assert!(times.windows(2).all(|w| (w[1] - w[0]) >= INTERVAL * 3 / 4 && (w[1] - w[0]) <= INTERVAL + takes));
        }
        let busiest = (0..3_600).map(|s| asked.iter().filter(|(_, at)| at.as_secs() == s).count());
        assert!(busiest.skip(5).max().unwrap() <= 6, "twenty in a minute never come in one second");
    }

    #[test]
    fn who_does_not_answer_is_asked_again_only_afterwards() {
        let mut peers = keep_alive(&["sip:a"], Duration::from_secs(10));
        let silent = Duration::from_secs(32);
        let Life { asked, told } = live(&mut peers, Duration::from_secs(400), silent, |_, _| EndCause::Timeout);
        assert!(asked.windows(2).all(|w| w[1].1 - w[0].1 > silent), "{asked:?}");
        assert_eq!(told, [(0, Reachability::Unreachable)]);
    }

    #[test]
    fn nobody_is_asked_without_an_interval_or_after_the_end() {
        assert_eq!(keep_alive(&["sip:a"], Duration::ZERO).poll_timeout(), None);
        let mut peers = keep_alive(&["sip:a", "sip:b", "sip:a"], INTERVAL);
        assert_eq!(peers.states().count(), 2);
        let now = peers.poll_timeout().unwrap();
        peers.handle_input(now, KeepAliveInput::Timeout);
        assert!(matches!(peers.poll_output(), Some(KeepAliveOutput::Ping { .. })));
        peers.handle_input(now, KeepAliveInput::Stop);
        // One under way still ends, another way than somebody else's.
        for index in 0..3 {
            peers.handle_input(now, KeepAliveInput::Ended { index, cause: EndCause::Local });
        }
        let told = std::iter::from_fn(|| peers.poll_output()).count();
        assert_eq!((told, peers.poll_timeout()), (1, None));
    }
}
