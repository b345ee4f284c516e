//! Two endpoints, a small network and a clock of our own: signalling in virtual time.
//!
//! [`Net`] delivers datagrams after a delay, loses or doubles them from a seed, keeps everything it carried, and runs the
//! clock to the next delivery or timer.

mod access;
mod auth;
mod basic;
mod bounds;
mod flows;
mod forks;
mod fuzz;
mod inside;
mod lively;
mod lossy;
mod prack;
mod races;
mod redirect;
mod refer;
mod refusals;
mod reliable;
mod replaces;
mod routing;
mod session_timer;
pub(crate) mod torture;
mod update;
mod ways;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::wire::{HeaderName, Message, Request, Response, Uri, read_datagram};
use super::*;
use crate::testing::epoch;

pub(super) const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
pub(super) const ANSWER: &str =
    "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n";

pub(super) fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

/// The town's agent, the peer who calls it, and a third party where there is one.
pub(crate) const AGENT: usize = 0;
pub(super) const PEER: usize = 1;
pub(super) const THIRD: usize = 2;

pub(super) fn address(who: usize) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 5060 + u16::try_from(who).unwrap()))
}

pub(crate) fn config(who: usize) -> EndpointConfig {
    EndpointConfig {
        listeners: Listeners::udp(address(who)),
        user: ["mairie", "alice", "carole"][who].to_owned(),
        display_name: None,
        product: "test".to_owned(),
        max_calls: 4,
        accept_transfers: who != AGENT,
        policy: Policy::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    }
}

/// One datagram that was sent, delivered or not.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    pub(super) at: Instant,
    pub(super) from: usize,
    pub(super) to: SocketAddr,
    pub(super) bytes: Bytes,
}

impl Carried {
    /// `INVITE`, or `180 INVITE` for a response.
    pub(super) fn label(&self) -> String {
        match read_datagram(&self.bytes).unwrap().message {
            Message::Request(request) => request.method.to_string(),
            Message::Response(response) => format!("{} {}", response.status, response.headers.cseq().unwrap().method),
        }
    }
}

type Filter = Box<dyn FnMut(&Carried) -> bool>;

pub(super) struct Net {
    pub(super) now: Instant,
    pub(super) start: Instant,
    pub(super) endpoints: Vec<Endpoint>,
    /// Datagrams under way to an endpoint, with when they arrive.
    queue: Vec<(Instant, SocketAddr, usize, Bytes)>,
    pub(super) carried: Vec<Carried>,
    pub(super) events: Vec<Vec<(Instant, CallHandle, Event)>>,
    pub(super) delay: Duration,
    /// Extra delay up to this, so that datagrams overtake each other.
    pub(super) jitter: Duration,
    pub(super) loss: f64,
    pub(super) duplication: f64,
    /// Where names lead; others lead nowhere.
    pub(super) names: HashMap<&'static str, Vec<SocketAddr>>,
    /// Look-ups that wait for the test to answer them, instead of being answered at once.
    pub(super) held: Option<Vec<(usize, LookUp)>>,
    /// Says which datagrams get through.
    pub(super) filter: Option<Filter>,
    rng: StdRng,
}

impl Net {
    pub(super) fn new(seed: u64) -> Net {
        let now = epoch();
        Net {
            now,
            start: now,
            endpoints: vec![Endpoint::new(config(AGENT), seed), Endpoint::new(config(PEER), seed + 1)],
            queue: Vec::new(),
            carried: Vec::new(),
            events: vec![Vec::new(), Vec::new()],
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0.0,
            duplication: 0.0,
            names: HashMap::new(),
            held: None,
            filter: None,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// Three of them.
    pub(super) fn with_third(seed: u64) -> Net {
        let mut net = Net::new(seed);
        net.endpoints.push(Endpoint::new(config(THIRD), seed + 2));
        net.events.push(Vec::new());
        net
    }

    /// An endpoint that does things another way, before anything has happened.
    pub(super) fn configure(&mut self, who: usize, change: impl FnOnce(&mut EndpointConfig)) {
        let mut config = config(who);
        change(&mut config);
        self.endpoints[who] = Endpoint::new(config, 77 + who as u64);
    }

    /// Loses the first `count` datagrams with this label.
    pub(super) fn lose_first(&mut self, label: &'static str, count: usize) {
        let mut left = count;
        self.filter = Some(Box::new(move |carried| {
            let hit = left > 0 && carried.label() == label;
            left -= usize::from(hit);
            !hit
        }));
    }

    pub(super) fn drain(&mut self, who: usize) {
        while let Some(output) = self.endpoints[who].poll_output() {
            match output {
                Output::Event { call, event } => self.events[who].push((self.now, call, event)),
                Output::Locate { look_up, uri } => match &mut self.held {
                    Some(held) => held.push((who, look_up)),
                    None => {
                        let Ok(Uri::Sip(uri)) = uri.parse() else { panic!("{uri} is no SIP URI") };
                        let found = self.names.get(uri.host.as_str()).cloned().unwrap_or_default();
                        self.located(who, look_up, &found);
                    }
                },
                Output::Transmit { flow, payload } => {
                    let carried = Carried { at: self.now, from: who, to: flow.remote, bytes: payload };
                    let passes = self.filter.as_mut().is_none_or(|f| f(&carried));
                    self.carried.push(carried.clone());
                    if !passes || self.rng.random_bool(self.loss) {
                        continue;
                    }
                    let copies = if self.rng.random_bool(self.duplication) { 2 } else { 1 };
                    for _ in 0..copies {
                        let extra = self.jitter.mul_f64(self.rng.random());
                        let at = self.now + self.delay + extra;
                        self.queue.push((at, carried.to, who, carried.bytes.clone()));
                    }
                }
            }
        }
    }

    /// Answers a look-up of `who`.
    pub(super) fn located(&mut self, who: usize, look_up: LookUp, found: &[SocketAddr]) {
        let targets = found.iter().copied().map(Flow::udp).collect();
        self.endpoints[who].handle_input(self.now, Input::Located { look_up, targets });
        self.drain(who);
    }

    /// Runs the clock until `until`, or until nothing is left to happen before it.
    pub(super) fn run_until(&mut self, until: Instant) {
        loop {
            let arrival = self.queue.iter().map(|q| q.0).min();
            let timer = self.endpoints.iter().filter_map(Endpoint::poll_timeout).min();
            let next = [arrival, timer].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if let Some(index) = self.queue.iter().position(|q| q.0 <= self.now) {
                let (_, to, from, payload) = self.queue.remove(index);
                if let Some(who) = (0..self.endpoints.len()).find(|w| address(*w) == to) {
                    self.deliver(who, address(from), &payload);
                }
                continue;
            }
            for who in 0..self.endpoints.len() {
                if self.endpoints[who].poll_timeout().is_some_and(|t| t <= self.now) {
                    self.endpoints[who].handle_input(self.now, Input::Timeout);
                    self.drain(who);
                }
            }
        }
        self.now = until;
    }

    pub(super) fn run(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    pub(super) fn deliver(&mut self, who: usize, source: SocketAddr, payload: &[u8]) {
        self.endpoints[who].handle_input(self.now, Input::Message { flow: Flow::udp(source), payload });
        self.drain(who);
    }

    pub(super) fn command(&mut self, who: usize, call: CallHandle, command: Command) {
        self.endpoints[who].handle_input(self.now, Input::Command { call, command });
        self.drain(who);
    }

    pub(super) fn dial(&mut self, who: usize) -> CallHandle {
        self.dial_with(who, 1 - who, Some(OFFER))
    }

    pub(super) fn dial_with(&mut self, who: usize, other: usize, offer: Option<&str>) -> CallHandle {
        let call = self.endpoints[who].dial(
            self.now,
            Dial::to(
                format!("sip:{}@{}", config(other).user, address(other)),
                Flow::udp(address(other)).into(),
                offer.map(str::to_owned),
            ),
        );
        self.drain(who);
        call
    }

    /// The peer calls, the agent rings and answers: handles of agent and peer.
    pub(super) fn establish(&mut self) -> (CallHandle, CallHandle) {
        let peer = self.dial(PEER);
        self.run(seconds(0.1));
        let agent = self.incoming(AGENT);
        self.command(AGENT, agent, Command::Ring);
        self.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
        self.run(seconds(0.2));
        assert_eq!(self.last_event(AGENT), Some(Event::Acknowledged { sdp: None }));
        self.carried.clear();
        (agent, peer)
    }

    /// The call that came in last.
    pub(super) fn incoming(&self, who: usize) -> CallHandle {
        self.events[who]
            .iter()
            .rev()
            .find(|(_, _, event)| matches!(event, Event::Incoming { .. }))
            .expect("an incoming call")
            .1
    }

    pub(super) fn last_event(&self, who: usize) -> Option<Event> {
        self.events[who].last().map(|(_, _, event)| event.clone())
    }

    pub(super) fn events(&self, who: usize) -> Vec<Event> {
        self.events[who].iter().map(|(_, _, e)| e.clone()).collect()
    }

    pub(super) fn count(&self, who: usize, event: &Event) -> usize {
        self.events[who].iter().filter(|(_, _, e)| e == event).count()
    }

    /// What `who` sent, by label.
    pub(super) fn sent(&self, who: usize) -> Vec<String> {
        self.carried.iter().filter(|c| c.from == who).map(Carried::label).collect()
    }

    pub(super) fn count_sent(&self, who: usize, label: &str) -> usize {
        self.sent(who).iter().filter(|l| *l == label).count()
    }

    /// When `who` sent messages with this label, in seconds since the start.
    pub(super) fn times_sent(&self, who: usize, label: &str) -> Vec<f64> {
        self.carried
            .iter()
            .filter(|c| c.from == who && c.label() == label)
            .map(|c| c.at.duration_since(self.start).as_secs_f64())
            .collect()
    }

    /// Two minutes later nothing is remembered.
    pub(super) fn assert_forgotten(&mut self) {
        self.filter = None;
        self.run(seconds(120.0));
        for endpoint in &self.endpoints {
            assert_eq!(endpoint.active_calls(), 0);
            assert!(endpoint.is_idle(), "something is still remembered");
            assert_eq!(endpoint.poll_timeout(), None);
        }
    }

    /// What everybody sent, in order: who, and the label.
    pub(super) fn flow(&self) -> Vec<(usize, String)> {
        self.carried.iter().map(|c| (c.from, c.label())).collect()
    }

    /// The one message `who` sends when this arrives from `source`.
    pub(super) fn answer_to(&mut self, who: usize, source: SocketAddr, text: &str) -> Message {
        let before = self.carried.len();
        self.deliver(who, source, text.as_bytes());
        assert_eq!(self.carried.len(), before + 1, "{:?}", self.flow().split_off(before));
        read_datagram(&self.carried[before].bytes).unwrap().message
    }

    /// What the agent sends when this arrives from the peer's address.
    pub(super) fn exchange(&mut self, text: &str) -> Vec<Message> {
        let before = self.carried.len();
        self.deliver(AGENT, address(PEER), text.as_bytes());
        self.carried[before..].iter().map(|c| read_datagram(&c.bytes).unwrap().message).collect()
    }

    /// The one response the agent gives to this.
    pub(super) fn response_to(&mut self, text: &str) -> Response {
        let mut messages = self.exchange(text);
        match (messages.pop(), messages.len()) {
            (Some(Message::Response(response)), 0) => response,
            other => panic!("expected one response, got {other:?}"),
        }
    }
}

/// A request as text, from the peer's address; `extra` header lines end with CRLF each.
pub(super) fn raw(method: &str, extra: &str, body: &str) -> String {
    format!(
        "{method} sip:mairie@127.0.0.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKraw{method}\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:alice@127.0.0.1:5061>;tag=raw\r\n\
         To: <sip:mairie@127.0.0.1:5060>\r\n\
         Call-ID: raw-call\r\n\
         CSeq: 1 {method}\r\n\
         {extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A response to a request of ours, by whom this tag names; `extra` header lines end with CRLF each.
pub(super) fn response_text(request: &Request, status: u16, tag: &str, extra: &str, body: &str) -> String {
    let text = |name: &HeaderName| request.headers.text(name).unwrap_or_default().into_owned();
    let to = match request.headers.to().unwrap().tag() {
        Some(_) => text(&HeaderName::To),
        None => format!("{};tag={tag}", text(&HeaderName::To)),
    };
    format!(
        "SIP/2.0 {status} X\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        text(&HeaderName::Via),
        text(&HeaderName::From),
        text(&HeaderName::CallId),
        text(&HeaderName::CSeq),
        body.len()
    )
}

/// A request within a dialog that `ours` belongs to, from its far end with this tag.
pub(super) fn request_text(ours: &Request, method: &str, cseq: u32, tag: &str, extra: &str, body: &str) -> String {
    let text = |name: &HeaderName| ours.headers.text(name).unwrap_or_default().into_owned();
    let from = match ours.headers.to().unwrap().tag() {
        Some(_) => text(&HeaderName::To),
        None => format!("{};tag={tag}", text(&HeaderName::To)),
    };
    format!(
        "{method} sip:us@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKrt{method}{cseq}{tag}\r\n\
         Max-Forwards: 70\r\nFrom: {from}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        text(&HeaderName::From),
        text(&HeaderName::CallId),
        body.len()
    )
}

/// Every request with this method that `who` sent, each once.
pub(super) fn requests(net: &Net, who: usize, method: &str) -> Vec<Request> {
    let mut all: Vec<Request> = net
        .carried
        .iter()
        .filter(|c| c.from == who)
        .filter_map(|c| match read_datagram(&c.bytes).unwrap().message {
            Message::Request(request) if request.method.as_str() == method => Some(request),
            _ => None,
        })
        .collect();
    all.dedup();
    all
}

/// The last request with this method that `who` sent.
pub(super) fn last_request(net: &Net, who: usize, method: &str) -> Request {
    net.carried
        .iter()
        .rev()
        .filter(|c| c.from == who)
        .find_map(|c| match read_datagram(&c.bytes).unwrap().message {
            Message::Request(request) if request.method.as_str() == method => Some(request),
            _ => None,
        })
        .expect("a request with that method")
}

/// The first response with this status that `who` sent.
pub(super) fn first_response(net: &Net, who: usize, status: u16) -> Response {
    net.carried
        .iter()
        .filter(|c| c.from == who)
        .find_map(|c| match read_datagram(&c.bytes).unwrap().message {
            Message::Response(response) if response.status == status => Some(response),
            _ => None,
        })
        .expect("a response with that status")
}
