//! Three SIP endpoints, a network that can lose, a caller with a telephone, somebody else at the switchboard, a scripted
//! recogniser and a voice of tones: a whole call in virtual time.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::handset::Handset;
use super::plan::PLAN;
use super::third::{Third, replaces_dialog};
use crate::audio::{Codec, HoldMusic, LINE_RATE, signals};
use crate::call::bridge::Party;
use crate::call::gate::TransferGate;
use crate::call::machine::{Input, JobId, LegId, Machine, Output, Settings};
use crate::call::record::Record;
use crate::config::{Follow, TransferMethod};
use crate::dialogue::{Conversation, Phrases, Request};
use crate::dialplan::{self, SourceFile};
use crate::rtp::Key;
use crate::sip::sdp::{self, LocalMedia};
use crate::sip::{self, CallHandle, Command, Dial, Endpoint, EndpointConfig, Event};
use crate::speech::{SpeechError, Transcript};
use crate::turn;

pub const AGENT: &str = "192.0.2.1:5060";
pub const PHONE: &str = "192.0.2.2:5060";
/// At the switchboard's address for transfers.
pub const THIRD: &str = "192.0.2.9:5060";
pub const AGENT_RTP: &str = "192.0.2.1:20000";
/// Of the operator whom the agent calls itself.
pub const AGENT_OPERATOR_RTP: &str = "192.0.2.1:20002";
pub const PHONE_RTP: &str = "192.0.2.2:30000";
/// One way.
const LATENCY: Duration = Duration::from_millis(10);
/// Each sentence of the voice is a tone of this length.
pub const SENTENCE: Duration = Duration::from_millis(1_000);
const TONE_PEAK: i16 = 4_000;

/// What travels.
enum Packet {
    Sip(Bytes),
    Rtp(Vec<u8>),
}

/// One of the agent's RTP packets as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub at: Instant,
    pub to: SocketAddr,
    pub number: u16,
    pub ssrc: u32,
}

/// Says what the network does with a SIP datagram: `true` loses it.
type Loss = Box<dyn FnMut(&str, bool) -> bool>;

pub struct Rig {
    pub now: Instant,
    pub start: Instant,
    agent: Endpoint,
    phone: Endpoint,
    /// The agent's calls.
    legs: HashMap<CallHandle, LegId>,
    pub phone_call: CallHandle,
    /// The phone's call to the third party.
    consultation: Option<CallHandle>,
    pub third: Third,
    pub machine: Option<Machine>,
    conversation: Conversation,
    pub settings: Settings,
    /// Arrival, source, destination.
    wire: VecDeque<(Instant, SocketAddr, SocketAddr, Packet)>,
    pub lose: Loss,
    /// The caller's telephone.
    pub handset: Handset,
    /// The agent's RTP packets.
    pub rtp_sent: Vec<Sent>,
    /// Sentences the voice was asked for, with the time.
    pub said: Vec<(Instant, String)>,
    /// What the recogniser makes of what it is given now.
    pub words: Result<&'static str, SpeechError>,
    pub recognition: Duration,
    jobs: Vec<(Instant, JobId)>,
    pub abandoned: usize,
    pub voice_fails: bool,
    pub saved: Vec<Request>,
    pub agent_events: Vec<Event>,
    pub phone_events: Vec<(Instant, Event)>,
    /// Statuses to report, in order, once the phone is asked to call somebody else.
    pub operator: Vec<u16>,
    pub transferred_to: Option<String>,
    pub record: Option<Record>,
    pub sip_sent: Vec<(bool, String)>,
    /// Requests repeated as others.
    copies: u32,
    /// Where the operator's audio is received, when there is a port.
    pub operator_port: Option<&'static str>,
    /// Ports given back.
    pub closed: usize,
    /// The phone refuses a REFER with this.
    pub refuses_refer: Option<u16>,
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn endpoint(address: &str, user: &str) -> Endpoint {
    let config = EndpointConfig {
        listeners: sip::Listeners::udp(address.parse().unwrap()),
        user: user.to_owned(),
        display_name: None,
        product: "essai".to_owned(),
        max_calls: 4,
        accept_transfers: true,
        policy: sip::Policy::default(),
        credentials: Vec::new(),
        access: sip::AccessConfig::open(),
    };
    Endpoint::new(config, 7)
}

pub fn local_media(rtp: &str) -> LocalMedia {
    LocalMedia { address: address(rtp), codecs: vec![Codec::Pcma, Codec::Pcmu], session_id: 1, session_version: 1 }
}

pub fn speech(ms: u64) -> Vec<i16> {
    signals::speech(LINE_RATE, -22.0, ms, 3)
}

impl Rig {
    /// A telephone that dials the town hall at ten on a Monday.
    pub fn dial() -> Self {
        Self::dial_with_default_offer(|_, _| false)
    }

    pub fn dial_with_default_offer(lose: impl FnMut(&str, bool) -> bool + 'static) -> Self {
        Self::dial_with(Some(sdp::offer(&local_media(PHONE_RTP))), lose)
    }

    pub fn dial_with(offer: Option<String>, lose: impl FnMut(&str, bool) -> bool + 'static) -> Self {
        let files = [SourceFile { path: "mairie.md".into(), text: PLAN.into() }];
        let (plan, problems) = dialplan::parse(&files);
        let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
        let conversation = Conversation::new(plan, Phrases::built_in());
        let now = crate::testing::epoch();
        let mut phone = endpoint(PHONE, "0612345678");
        let dial = Dial {
            target: format!("sip:mairie@{AGENT}"),
            destination: sip::Flow::udp(AGENT.parse().unwrap()).into(),
            offer,
            from: None,
            referred_by: None,
            redirects: true,
        };
        let phone_call = phone.dial(now, dial);
        let settings = Settings {
            idle: Duration::from_secs(6),
            key_pause: Duration::from_secs(3),
            longest: Duration::from_secs(600),
            network_silence: Duration::from_secs(30),
            recognition: Duration::from_secs(5),
            transfer_margin: Duration::from_secs(5),
            transfer_target: "sip:{poste}@192.0.2.9".parse().unwrap(),
            transfer_method: TransferMethod::Auto,
            hold_music: HoldMusic::built_in(),
            gate: TransferGate::new(Follow::Switchboard, ["192.0.2.9".to_owned()]),
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            turn: turn::Settings::default(),
        };
        Self {
            now,
            start: now,
            agent: endpoint(AGENT, "mairie"),
            phone,
            legs: HashMap::new(),
            phone_call,
            consultation: None,
            third: Third::new(),
            machine: None,
            conversation,
            settings,
            wire: VecDeque::new(),
            lose: Box::new(lose),
            handset: Handset::new(5),
            rtp_sent: Vec::new(),
            said: Vec::new(),
            words: Ok(""),
            recognition: Duration::from_millis(300),
            jobs: Vec::new(),
            abandoned: 0,
            voice_fails: false,
            saved: Vec::new(),
            agent_events: Vec::new(),
            phone_events: Vec::new(),
            operator: vec![180, 200],
            transferred_to: None,
            record: None,
            sip_sent: Vec::new(),
            copies: 0,
            operator_port: Some(AGENT_OPERATOR_RTP),
            closed: 0,
            refuses_refer: None,
        }
    }

    // ---- what a test does -------------------------------------------------------------------------------------

    /// Runs for a while.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            match self.next_event().filter(|at| *at <= end) {
                Some(at) => self.advance(at.max(self.now)),
                None => break,
            }
        }
        self.now = end;
        self.settle();
    }

    /// Runs until something is so; fails after a minute of virtual time.
    pub fn run_until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let limit = self.now + Duration::from_secs(60);
        loop {
            self.settle();
            if so(self) {
                return;
            }
            let at = self.next_event().filter(|at| *at <= limit);
            let Some(at) = at else { panic!("never: {what}; said {:?}", self.texts()) };
            self.advance(at.max(self.now));
        }
    }

    /// Runs until the agent has said all it wanted.
    pub fn run_until_quiet(&mut self) {
        let from = self.now;
        self.run_until("the agent has finished speaking", |rig| {
            let heard = [&rig.handset, &rig.third.handset].into_iter().filter_map(|handset| handset.heard.last());
            heard.max().is_some_and(|last| *last > from && rig.now - *last > Duration::from_millis(700))
        });
    }

    /// The caller speaks; the recogniser will hear `words`.
    pub fn say(&mut self, ms: u64, words: &'static str) {
        self.words = Ok(words);
        self.handset.mouth.extend(speech(ms));
        self.run(Duration::from_millis(ms));
    }

    /// A short loud noise that is no speech to the recogniser.
    pub fn cough(&mut self) {
        self.say(400, "");
    }

    /// The telephone's keys.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.handset.press(Key(key));
            self.run(Duration::from_millis(300));
        }
    }

    /// The telephone offers its media once more, with this direction: what it is answered.
    pub fn phone_offers(&mut self, direction: &str) -> String {
        let sdp = sdp::offer(&local_media(PHONE_RTP)).replace("a=sendrecv", &format!("a={direction}"));
        let before = self.phone_events.len();
        self.phone_command(Command::Reoffer { sdp: Some(sdp) });
        self.run(Duration::from_millis(100));
        let answer = self.phone_events[before..].iter().find_map(|(_, event)| match event {
            Event::ReofferAnswered { sdp } => sdp.clone(),
            _ => None,
        });
        answer.expect("an answer")
    }

    /// The switchboard moves the caller: another dialog takes the place of the call's.
    pub fn phone_moves(&mut self) {
        let ok = self.sip_sent.iter().find(|(agent, text)| *agent && text.starts_with("SIP/2.0 200")).expect("a 200");
        let replaces = replaces_dialog(&ok.1, "To: ", "From: ");
        let dial = Dial {
            target: format!("<sip:mairie@{AGENT}?{}>", replaces.to_uri_headers()),
            destination: sip::Flow::udp(AGENT.parse().unwrap()).into(),
            offer: Some(sdp::offer(&local_media(PHONE_RTP))),
            from: None,
            referred_by: None,
            redirects: true,
        };
        self.phone_call = self.phone.dial(self.now, dial);
    }

    pub fn phone_command(&mut self, command: Command) {
        let call = self.phone_call;
        self.phone.handle_input(self.now, sip::Input::Command { call, command });
    }

    pub fn tell_machine(&mut self, input: Input<'_>) {
        let now = self.now;
        self.machine.as_mut().expect("a call").handle_input(now, input);
    }

    pub fn texts(&self) -> Vec<&str> {
        self.said.iter().map(|(_, text)| text.as_str()).collect()
    }

    pub fn last_said(&self) -> &str {
        self.said.last().map_or("", |(_, text)| text)
    }

    pub fn has_said(&self, part: &str) -> bool {
        self.said.iter().any(|(_, text)| text.contains(part))
    }

    pub fn phone_ended(&self) -> bool {
        self.phone_events.iter().any(|(_, event)| matches!(event, Event::Ended { .. }))
    }

    pub fn sip_count(&self, from_agent: bool, start: &str) -> usize {
        self.sip_sent.iter().filter(|(agent, text)| *agent == from_agent && text.starts_with(start)).count()
    }

    /// First frame with sound the caller heard after `from`.
    pub fn first_heard_after(&self, from: Instant) -> Option<Duration> {
        self.handset.heard.iter().find(|at| **at > from).map(|at| *at - from)
    }

    pub fn endpoints_idle(&self) -> bool {
        self.agent.is_idle() && self.phone.is_idle() && self.third.endpoint.is_idle()
    }

    /// The third party speaks; the recogniser will hear `words`.
    pub fn third_says(&mut self, ms: u64, words: &'static str) {
        self.words = Ok(words);
        self.third.handset.mouth.extend(speech(ms));
        self.run(Duration::from_millis(ms));
    }

    /// The phone asks the agent to call the third party instead.
    pub fn refer(&mut self) {
        self.phone_command(Command::Transfer { target: format!("sip:accueil@{THIRD}") });
    }

    /// The phone calls the third party, and hands it the agent.
    pub fn refer_to_consulted(&mut self) {
        let dial = Dial {
            target: format!("sip:accueil@{THIRD}"),
            destination: sip::Flow::udp(address(THIRD)).into(),
            offer: Some(sdp::offer(&local_media(PHONE_RTP))),
            from: None,
            referred_by: None,
            redirects: true,
        };
        let other = self.phone.dial(self.now, dial);
        self.consultation = Some(other);
        self.run(Duration::from_millis(200));
        self.phone_command(Command::AttendedTransfer { other });
    }

    /// A REFER of the phone's as it was sent, but as another request; `more`: lines of its header. Is never lost.
    pub fn refer_again(&mut self, more: &str) {
        let (_, text) = self.sip_sent.iter().rev().find(|(_, text)| text.starts_with("REFER ")).expect("a REFER");
        self.copies += 1;
        let cseq = text.lines().find(|line| line.starts_with("CSeq:")).expect("a CSeq");
        let copy = text
            .replace("z9hG4bK", &format!("z9hG4bK{}", self.copies))
            .replace(cseq, format!("CSeq: {} REFER\r\n{more}", 100 + self.copies).trim_end());
        self.wire.push_back((self.now + LATENCY, address(PHONE), address(AGENT), Packet::Sip(copy.into())));
    }

    pub fn third_answers(&mut self) {
        self.third.answer(self.now);
    }

    pub fn third_command(&mut self, command: Command) {
        self.third.command(self.now, command);
    }

    /// What the phone was told of its REFER, in order.
    pub fn outcomes(&self) -> Vec<u16> {
        let status = |event: &Event| match event {
            Event::TransferProgress { status } | Event::TransferFinished { status } => Some(*status),
            _ => None,
        };
        self.phone_events.iter().filter_map(|(_, event)| status(event)).collect()
    }

    pub fn has_moved(&self) -> bool {
        self.rtp_sent.last().is_some_and(|sent| sent.to == address(super::third::RTP))
    }

    // ---- the world --------------------------------------------------------------------------------------------

    fn next_event(&self) -> Option<Instant> {
        [
            self.agent.poll_timeout(),
            self.phone.poll_timeout(),
            self.third.endpoint.poll_timeout(),
            self.third.handset.next_deadline(),
            self.machine.as_ref().and_then(Machine::poll_timeout),
            self.handset.next_deadline(),
            self.wire.iter().map(|(at, ..)| *at).min(),
            self.jobs.iter().map(|(at, _)| *at).min(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn advance(&mut self, at: Instant) {
        self.now = at;
        if self.agent.poll_timeout().is_some_and(|due| due <= at) {
            self.agent.handle_input(at, sip::Input::Timeout);
        }
        if self.phone.poll_timeout().is_some_and(|due| due <= at) {
            self.phone.handle_input(at, sip::Input::Timeout);
        }
        if self.third.endpoint.poll_timeout().is_some_and(|due| due <= at) {
            self.third.endpoint.handle_input(at, sip::Input::Timeout);
        }
        if let Some(machine) = &mut self.machine
            && machine.poll_timeout().is_some_and(|due| due <= at)
        {
            machine.handle_input(at, Input::Timeout);
        }
        for (from, packets) in [(PHONE_RTP, self.handset.tick(at)), (super::third::RTP, self.third.handset.tick(at))] {
            let arrival = at + LATENCY;
            self.wire.extend(packets.into_iter().map(|(to, packet)| (arrival, address(from), to, Packet::Rtp(packet))));
        }
        while let Some(index) = self.wire.iter().position(|(due, ..)| *due <= at) {
            if let Some((_, from, to, packet)) = self.wire.remove(index) {
                self.arrive(from, to, packet);
            }
        }
        while let Some(index) = self.jobs.iter().position(|(due, _)| *due <= at) {
            let (_, job) = self.jobs.remove(index);
            let outcome = self.words.clone().map(|text| Transcript {
                text: text.to_owned(),
                confidence: 0.9,
                elapsed: self.recognition,
            });
            self.tell_machine(Input::Recognised { job, outcome });
        }
    }

    fn arrive(&mut self, from: SocketAddr, to: SocketAddr, packet: Packet) {
        let now = self.now;
        match packet {
            Packet::Sip(payload) => {
                let receiver = [(AGENT, &mut self.agent), (PHONE, &mut self.phone), (THIRD, &mut self.third.endpoint)];
                let Some((_, endpoint)) = receiver.into_iter().find(|(at, _)| address(at) == to) else { return };
                endpoint.handle_input(now, sip::Input::Message { flow: sip::Flow::udp(from), payload: &payload });
            }
            Packet::Rtp(payload) if to == address(AGENT_RTP) => {
                if let Some(machine) = &mut self.machine {
                    machine.handle_input(now, Input::Rtp { party: Party::Caller, source: from, packet: &payload });
                }
            }
            Packet::Rtp(payload) if to == address(AGENT_OPERATOR_RTP) => {
                if let Some(machine) = &mut self.machine {
                    machine.handle_input(now, Input::Rtp { party: Party::Operator, source: from, packet: &payload });
                }
            }
            Packet::Rtp(payload) if to == address(PHONE_RTP) => self.handset.handle_packet(now, from, &payload),
            Packet::Rtp(payload) => self.third.handset.handle_packet(now, from, &payload),
        }
    }

    /// Drains every output until nothing moves.
    fn settle(&mut self) {
        loop {
            let moved = self.drain_agent() | self.drain_phone() | self.drain_third() | self.drain_machine();
            if !moved {
                return;
            }
        }
    }

    fn send_sip(&mut self, from: &str, to: SocketAddr, payload: Bytes) {
        let text = String::from_utf8_lossy(&payload).into_owned();
        let from_agent = from == AGENT;
        let lost = (self.lose)(&text, from_agent);
        self.sip_sent.push((from_agent, text));
        if !lost {
            self.wire.push_back((self.now + LATENCY, address(from), to, Packet::Sip(payload)));
        }
    }

    fn drain_agent(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.agent.poll_output() {
            moved = true;
            match output {
                sip::Output::Transmit { flow, payload } => self.send_sip(AGENT, flow.remote, payload),
                sip::Output::Locate { uri, .. } => panic!("nobody here looks {uri} up"),
                sip::Output::Event { call, event } => {
                    self.agent_events.push(event.clone());
                    if matches!(event, Event::Incoming { .. }) {
                        self.legs.insert(call, LegId::FIRST);
                        let settings = Arc::new(self.settings.clone());
                        self.machine = Some(Machine::new(
                            settings,
                            self.conversation.plan().clone(),
                            self.conversation.start(),
                            AGENT_RTP.parse().unwrap(),
                            99,
                            self.now,
                            "2026-11-23T10:00:00".parse().unwrap(),
                        ));
                    }
                    let leg = self.legs[&call];
                    self.tell_machine(Input::Sip { leg, event });
                }
            }
        }
        moved
    }

    fn drain_phone(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.phone.poll_output() {
            moved = true;
            match output {
                sip::Output::Transmit { flow, payload } => self.send_sip(PHONE, flow.remote, payload),
                sip::Output::Locate { uri, .. } => panic!("nobody here looks {uri} up"),
                sip::Output::Event { call, .. } if Some(call) == self.consultation => {}
                sip::Output::Event { call, event } => {
                    self.phone_events.push((self.now, event.clone()));
                    if call == self.phone_call && matches!(event, Event::Ended { .. }) {
                        self.handset.put_down();
                    }
                    self.handle_phone(event);
                }
            }
        }
        moved
    }

    fn drain_third(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.third.endpoint.poll_output() {
            moved = true;
            match output {
                sip::Output::Transmit { flow, payload } => self.send_sip(THIRD, flow.remote, payload),
                sip::Output::Locate { uri, .. } => panic!("nobody here looks {uri} up"),
                sip::Output::Event { call, event } => self.third.handle_event(self.now, call, event),
            }
        }
        moved
    }

    fn handle_phone(&mut self, event: Event) {
        match event {
            Event::Answered { sdp: Some(sdp) } => {
                let negotiated = sdp::accept_answer(&sdp, &local_media(PHONE_RTP)).expect("a usable answer");
                self.handset.pick_up(self.now, &negotiated);
            }
            Event::Reoffered { offer: Some(offer) } => {
                let (sdp, negotiated) = sdp::answer(&offer, &local_media(PHONE_RTP)).expect("a usable offer");
                self.phone_command(Command::AnswerReoffer { sdp: Some(sdp) });
                self.handset.pick_up(self.now, &negotiated);
            }
            Event::TransferRequested { target, .. } => {
                self.transferred_to = Some(target);
                if let Some(status) = self.refuses_refer {
                    return self.phone_command(Command::RefuseTransfer { status });
                }
                self.phone_command(Command::AcceptTransfer);
                for status in self.operator.clone() {
                    self.phone_command(Command::NotifyTransfer { status });
                }
            }
            _ => {}
        }
    }

    fn drain_machine(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.machine.as_mut().and_then(Machine::poll_output) {
            moved = true;
            match output {
                Output::Sip { leg, command } => {
                    let call = self.legs.iter().find(|(_, of)| **of == leg).map(|(call, _)| *call).expect("a call");
                    self.agent.handle_input(self.now, sip::Input::Command { call, command });
                }
                Output::Dial { leg, dial } => {
                    let call = self.agent.dial(self.now, dial);
                    self.legs.insert(call, leg);
                }
                Output::Open => {
                    self.tell_machine(Input::Opened { address: self.operator_port.map(address) });
                }
                Output::Close => self.closed += 1,
                Output::Rtp { party: Party::Operator, destination, packet } => {
                    let arrival = self.now + LATENCY;
                    self.wire.push_back((arrival, address(AGENT_OPERATOR_RTP), destination, Packet::Rtp(packet)));
                }
                Output::Rtp { party: Party::Caller, destination, packet } => {
                    self.rtp_sent.push(Sent {
                        at: self.now,
                        to: destination,
                        number: u16::from_be_bytes([packet[2], packet[3]]),
                        ssrc: u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]),
                    });
                    let arrival = self.now + LATENCY;
                    self.wire.push_back((arrival, address(AGENT_RTP), destination, Packet::Rtp(packet)));
                }
                Output::Recognise { job, .. } => self.jobs.push((self.now + self.recognition, job)),
                Output::Abandon { job } => {
                    self.jobs.retain(|(_, running)| *running != job);
                    self.abandoned += 1;
                }
                Output::Speak { sentence, text, .. } => {
                    self.said.push((self.now, text));
                    let samples = vec![TONE_PEAK; (SENTENCE.as_millis() as usize) * (LINE_RATE as usize) / 1_000];
                    let outcome = if self.voice_fails {
                        Err(SpeechError::Engine { engine: "voice", detail: "essai".to_owned() })
                    } else {
                        Ok(samples.into())
                    };
                    self.tell_machine(Input::Spoken { sentence, outcome });
                }
                Output::Save(request) => self.saved.push(request),
                Output::Finished(record) => self.record = Some(record),
            }
        }
        moved
    }
}
