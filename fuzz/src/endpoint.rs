//! Two user agents with a network and a clock between them, which live through whatever the bytes say: messages made up,
//! repeated, changed, lost, delayed; commands in any order. Nothing may panic or go on for ever; the number of calls is
//! bounded; once both have hung up, nothing is remembered.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::digest::origin;
use crate::script::Script;
use crate::sip::digest::Password;
use crate::sip::wire::{HeaderName, Headers, Message, Response, read_datagram};
use crate::sip::{
    AccessConfig, CallHandle, Command, Destination, Dial, Endpoint, EndpointConfig, Flow, Input, Listeners, Login, LookUp,
    Output, Policy, Transport,
};

const MAX_CALLS: usize = 4;
/// Outgoing calls beyond `max_calls`, as the endpoint says.
const EXTRA_CALLS: usize = 64;
const MAX_STEPS: usize = 160;
/// Messages kept to be repeated.
const MAX_KEPT: usize = 128;
/// More deliveries and timers than this in one life: two endpoints keep each other busy for ever.
const MAX_HAPPENINGS: usize = 100_000;

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

/// Whole requests to begin with; `#` stands for a number that makes them differ.
const TEMPLATES: [(&str, &str); 10] = [
    ("INVITE", "Contact: <sip:x@127.0.0.1:5061>\r\nSupported: 100rel, timer\r\n"),
    ("INVITE", "Contact: <sip:x@127.0.0.1:5061>\r\nRequire: 100rel\r\nSession-Expires: 90;refresher=uac\r\n"),
    ("INVITE", "Contact: <sip:x@127.0.0.1:5061>\r\nReplaces: fuzz-#;to-tag=a;from-tag=b\r\n"),
    ("ACK", ""),
    ("BYE", ""),
    ("CANCEL", ""),
    ("OPTIONS", ""),
    (
        "REFER",
        "Refer-To: <sip:y@127.0.0.1?Replaces=fuzz-#%3Bto-tag%3Da%3Bfrom-tag%3Db>\r\nContact: <sip:x@127.0.0.1:5061>\r\n",
    ),
    ("NOTIFY", "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\nContent-Type: message/sipfrag\r\n"),
    ("UPDATE", "Contact: <sip:x@127.0.0.1:5061>\r\nSession-Expires: 1800\r\n"),
];

pub fn check(data: &[u8]) {
    let mut script = Script(data);
    let mut world = World::new();
    for _ in 0..MAX_STEPS {
        let Some(step) = script.byte() else {
            break;
        };
        world.step(step, &mut script);
        world.assert_bounded();
    }
    world.end();
}

struct World {
    now: Instant,
    agents: [Endpoint; 2],
    /// When, to whom, from whom, over what.
    under_way: VecDeque<(Instant, usize, Transport, Bytes)>,
    kept: Vec<(usize, Bytes)>,
    /// Asked for, answered or not.
    look_ups: Vec<(usize, LookUp)>,
    calls: [BTreeSet<CallHandle>; 2],
    happenings: usize,
}

fn address(who: usize) -> SocketAddr {
    ([127, 0, 0, 1], if who == 0 { 5060 } else { 5061 }).into()
}

fn flow(from: usize, transport: Transport) -> Flow {
    Flow { transport, ..Flow::udp(address(from)) }
}

fn agent(who: usize) -> Endpoint {
    let config = EndpointConfig {
        listeners: Listeners::udp(address(who)),
        user: "agent".to_owned(),
        display_name: None,
        product: "fuzz".to_owned(),
        max_calls: MAX_CALLS,
        accept_transfers: who == 1,
        policy: Policy { session_expires: 90, reliable_provisionals: who == 1, ..Policy::default() },
        credentials: vec![Login {
            realm: None,
            password: Password { user: "agent".to_owned(), password: "secret".to_owned() },
        }],
        access: AccessConfig::open(),
    };
    Endpoint::new(config, 7 + who as u64)
}

impl World {
    fn new() -> World {
        World {
            now: origin(),
            agents: [agent(0), agent(1)],
            under_way: VecDeque::new(),
            kept: Vec::new(),
            look_ups: Vec::new(),
            calls: [BTreeSet::new(), BTreeSet::new()],
            happenings: 0,
        }
    }

    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let who = usize::from(step >> 7);
        match step % 12 {
            0 => {
                const WAITS: [u64; 8] = [0, 5, 20, 100, 500, 4_000, 33_000, 100_000];
                let wait = Duration::from_millis(WAITS[script.below(WAITS.len())]);
                self.run(wait);
            }
            1 | 2 | 3 => {
                let handle = self.calls[who].iter().nth(script.below(self.calls[who].len())).copied();
                let command = command(script);
                self.command(who, handle.unwrap_or(CallHandle(1)), command);
            }
            4 => {
                let offer = (script.below(4) > 0).then(|| OFFER.to_owned());
                let named = script.below(3) == 0;
                self.dial(who, offer, named);
            }
            5 => {
                let (now, flow) = (self.now, Flow::udp(address(1 - who)));
                let destination = if script.below(2) > 0 { Destination::Target } else { flow.into() };
                self.agents[who].ping(now, "sip:agent@pbx.example".to_owned(), destination);
                self.drain(who);
            }
            6 => {
                let length = script.below(256);
                let bytes = script.take(length).to_vec();
                self.deliver(who, transport(script), &bytes);
            }
            7 | 8 if !self.kept.is_empty() => {
                // Something sent before comes again, perhaps changed, perhaps to its sender.
                let (from, bytes) = self.kept[script.below(self.kept.len())].clone();
                let mut bytes = bytes.to_vec();
                for _ in 0..script.below(4) {
                    let at = script.below(256) * 8 + script.below(8);
                    let with = script.byte().unwrap_or(b' ');
                    if let Some(place) = bytes.get_mut(at) {
                        *place = with;
                    }
                }
                let to = if step % 12 == 7 { 1 - from } else { from };
                self.deliver(to, transport(script), &bytes);
            }
            9 => {
                let (method, extra) = TEMPLATES[script.below(TEMPLATES.len())];
                let number = script.below(4).to_string();
                let body = if script.below(2) == 0 { OFFER } else { "" };
                let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
                let to_tag = if script.below(2) == 0 { "" } else { ";tag=a" };
                let text = format!(
                    "{method} sip:agent@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKfuzz{number}\r\n\
                     From: <sip:x@127.0.0.1>;tag=b\r\nTo: <sip:agent@127.0.0.1>{to_tag}\r\nCall-ID: fuzz-{number}\r\n\
                     CSeq: {} {method}\r\n{}{kind}Content-Length: {}\r\n\r\n{body}",
                    script.below(4),
                    extra.replace('#', &number),
                    body.len()
                );
                self.deliver(who, transport(script), text.as_bytes());
            }
            10 => drop(self.under_way.pop_front()),
            11 => match script.below(16) {
                15 => {
                    let now = self.now;
                    self.agents[who].handle_input(now, Input::Drain);
                    self.drain(who);
                }
                way @ 0..4 => {
                    let (now, flow) = (self.now, flow(1 - who, transport(script)));
                    let failed = match way {
                        0 => Input::Unreachable { remote: flow.remote },
                        _ => Input::TransportFailed { flow },
                    };
                    self.agents[who].handle_input(now, failed);
                    self.drain(who);
                }
                4..8 if !self.look_ups.is_empty() => {
                    let (who, look_up) = self.look_ups[script.below(self.look_ups.len())];
                    let found = [flow(1 - who, Transport::Udp), flow(who, Transport::Tcp)];
                    let targets = found[..script.below(3)].to_vec();
                    let now = self.now;
                    self.agents[who].handle_input(now, Input::Located { look_up, targets });
                    self.drain(who);
                }
                _ if !self.kept.is_empty() => {
                    let (from, bytes) = self.kept[script.below(self.kept.len())].clone();
                    if let Some(response) = response_to(&bytes, script) {
                        self.deliver(from, transport(script), &response);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn dial(&mut self, who: usize, offer: Option<String>, named: bool) {
        let other = 1 - who;
        let (target, destination) = match named {
            true => ("sip:agent@pbx.example".to_owned(), Destination::Target),
            false => (format!("sip:agent@{}", address(other)), Flow::udp(address(other)).into()),
        };
        let dial = Dial::to(target, destination, offer);
        let handle = self.agents[who].dial(self.now, dial);
        self.calls[who].insert(handle);
        self.drain(who);
    }

    fn command(&mut self, who: usize, call: CallHandle, command: Command) {
        let now = self.now;
        self.agents[who].handle_input(now, Input::Command { call, command });
        self.drain(who);
    }

    fn deliver(&mut self, who: usize, transport: Transport, payload: &[u8]) {
        let (now, flow) = (self.now, flow(1 - who, transport));
        self.agents[who].handle_input(now, Input::Message { flow, payload });
        self.drain(who);
    }

    fn drain(&mut self, who: usize) {
        while let Some(output) = self.agents[who].poll_output() {
            match output {
                Output::Event { call, .. } => {
                    self.calls[who].insert(call);
                }
                // Answered now, or later, or never.
                Output::Locate { look_up, .. } => {
                    if self.look_ups.len() < MAX_KEPT {
                        self.look_ups.push((who, look_up));
                    }
                }
                Output::Transmit { flow, payload } => {
                    if self.kept.len() < MAX_KEPT {
                        self.kept.push((who, payload.clone()));
                    }
                    let to = (0..2).find(|to| address(*to) == flow.remote);
                    if let Some(to) = to {
                        let at = self.now + Duration::from_millis(10);
                        self.under_way.push_back((at, to, flow.transport, payload));
                    }
                }
            }
        }
    }

    /// Runs the clock.
    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.happenings += 1;
            assert!(self.happenings < MAX_HAPPENINGS, "they keep each other busy");
            let arrival = self.under_way.front().map(|(at, ..)| *at);
            let timer = self.agents.iter().filter_map(Endpoint::poll_timeout).min();
            let Some(next) = [arrival, timer].into_iter().flatten().min().filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            if arrival == Some(next)
                && let Some((_, to, transport, payload)) = self.under_way.pop_front()
            {
                self.deliver(to, transport, &payload);
                continue;
            }
            for who in 0..2 {
                if self.agents[who].poll_timeout().is_some_and(|at| at <= self.now) {
                    let now = self.now;
                    self.agents[who].handle_input(now, Input::Timeout);
                    self.drain(who);
                }
            }
        }
        self.now = until;
    }

    fn assert_bounded(&self) {
        for agent in &self.agents {
            assert!(agent.active_calls() <= MAX_CALLS + EXTRA_CALLS);
        }
    }

    /// Both hang up whatever there is; then everything must be forgotten.
    fn end(&mut self) {
        for _ in 0..3 {
            for who in 0..2 {
                for call in self.calls[who].clone() {
                    self.command(who, call, Command::HangUp);
                }
            }
            self.run(Duration::from_secs(40));
        }
        self.run(Duration::from_secs(120));
        for agent in &self.agents {
            assert_eq!(agent.active_calls(), 0);
            assert!(agent.is_idle(), "something is still remembered");
            assert_eq!(agent.poll_timeout(), None);
        }
    }
}

/// A response of somebody else to a request that was sent.
fn response_to(request: &[u8], script: &mut Script<'_>) -> Option<Bytes> {
    const STATUSES: [u16; 16] = [100, 180, 183, 199, 200, 202, 302, 401, 407, 408, 422, 481, 486, 491, 503, 603];
    let Message::Request(request) = read_datagram(request).ok()?.message else {
        return None;
    };
    let status = STATUSES[script.below(STATUSES.len())];
    let mut headers = Headers::default();
    for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
        headers.push(name.clone(), request.headers.get(&name)?.clone());
    }
    let tag = ["", ";tag=u", ";tag=v", ";tag=w"][script.below(4)];
    headers.push(HeaderName::To, [request.headers.get(&HeaderName::To)?, tag.as_bytes()].concat());
    headers.push(
        HeaderName::Contact,
        ["<sip:x@127.0.0.1:5061>", "<sip:y@127.0.0.1:5060>;q=0.5, <tel:12>"][script.below(2)],
    );
    match status {
        183 => {
            headers.push(HeaderName::Require, "100rel");
            headers.push(HeaderName::RSeq, (1 + script.below(4)).to_string());
        }
        200 => headers.push(HeaderName::SessionExpires, ["90;refresher=uac", "90;refresher=uas"][script.below(2)]),
        401 | 407 => {
            let name = if status == 401 { HeaderName::WwwAuthenticate } else { HeaderName::ProxyAuthenticate };
            let stale = ["", ", stale=true"][script.below(2)];
            headers.push(name, format!("Digest realm=\"r\", nonce=\"{}\", qop=\"auth\"{stale}", script.below(4)));
        }
        422 => headers.push(HeaderName::MinSe, "1800"),
        _ => {}
    }
    let body = match script.below(2) {
        0 => Bytes::new(),
        _ => {
            headers.push(HeaderName::ContentType, "application/sdp");
            Bytes::from_static(OFFER.as_bytes())
        }
    };
    Some(Message::Response(Response { status, reason: "x".to_owned(), headers, body }).to_bytes())
}

fn transport(script: &mut Script<'_>) -> Transport {
    if script.below(8) == 7 { Transport::Tcp } else { Transport::Udp }
}

fn command(script: &mut Script<'_>) -> Command {
    let status = [0, 99, 180, 183, 200, 302, 404, 486, 603, 700][script.below(10)];
    let sdp = (script.below(4) > 0).then(|| OFFER.to_owned());
    match script.below(13) {
        0 => Command::Ring,
        1 | 2 => Command::Answer { sdp: OFFER.to_owned() },
        3 => Command::Reject { status },
        4 => Command::AnswerReoffer { sdp },
        5 => Command::HangUp,
        6 => Command::Transfer { target: "sip:x@127.0.0.1:5061".to_owned() },
        7 => Command::AcceptTransfer,
        8 => Command::NotifyTransfer { status },
        9 => Command::EarlyMedia { sdp: OFFER.to_owned() },
        10 => Command::Reoffer { sdp },
        11 => Command::Update { sdp },
        _ => Command::AttendedTransfer { other: CallHandle(1 + script.below(6) as u64) },
    }
}
