//! Three SIP endpoints, a network that can lose, a caller with a telephone, somebody else at the switchboard, a scripted
//! recogniser and a voice of tones: a whole call in virtual time. What a test does with it is in `acts`.

mod acts;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::handset::Handset;
use super::kit::{CodedVoice, Ear, Frame};
use super::plan::PLAN;
use super::third::Third;
use crate::audio::{Codec, HoldMusic, LINE_RATE, Sound, g711, signals};
use crate::call::bridge::Party;
use crate::call::gate::TransferGate;
use crate::call::machine::{Input, JobId, LegId, Machine, Output, SentenceId, Settings};
use crate::call::record::Record;
use crate::config::{Follow, TransferMethod};
use crate::dialogue::{Context, Conversation, Phrases, Request};
use crate::dialplan::{self, Language, SourceFile};
use crate::rtp::srtp::KeySource;
use crate::sip::sdp::{self, LocalMedia, Security, SrtpPolicy};
use crate::sip::{self, CallHandle, Command, ConnectionId, Dial, Endpoint, EndpointConfig, Event, Flow, Transport};
use crate::speech::{SpeechError, Transcript, Utterance};
use crate::turn;

pub const AGENT: &str = "192.0.2.1:5060";
pub const PHONE: &str = "192.0.2.2:5060";
/// At the switchboard's address for transfers.
pub const THIRD: &str = "192.0.2.9:5060";
pub const AGENT_RTP: &str = "192.0.2.1:20000";
/// Of the operator whom the agent calls itself.
pub const AGENT_OPERATOR_RTP: &str = "192.0.2.1:20002";
pub const AGENT_OPERATOR_RTCP: &str = "192.0.2.1:20003";
pub const PHONE_RTP: &str = "192.0.2.2:30000";
pub const PHONE_RTCP: &str = "192.0.2.2:30001";
pub const AGENT_RTCP: &str = "192.0.2.1:20001";
/// One way, unless a test wants it otherwise.
const LATENCY: Duration = Duration::from_millis(10);
/// Each sentence of the voice is a tone of this length.
pub const SENTENCE: Duration = Duration::from_millis(1_000);
const TONE_PEAK: i16 = 4_000;
/// Payload type of PCMA (RFC 3551).
const PCMA: u8 = 8;

/// What travels.
enum Packet {
    Sip(Bytes),
    Rtp(Vec<u8>),
}

/// What the voice has made.
enum Spoken {
    Clause(Sound),
    Last(Sound),
}

/// One of the agent's RTP packets as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub at: Instant,
    pub to: SocketAddr,
    pub number: u16,
    pub ssrc: u32,
    /// Payload type.
    pub kind: u8,
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
    /// One way.
    pub latency: Duration,
    /// Datagrams of the agent's RTCP port.
    pub reports_sent: usize,
    /// Of the operator's side.
    pub operator_reports_sent: usize,
    /// How SIP travels.
    transport: Transport,
    /// The telephone's side of the audio.
    pub media: LocalMedia,
    /// The caller's telephone.
    pub handset: Handset,
    /// The agent's RTP packets.
    pub rtp_sent: Vec<Sent>,
    /// What the recogniser was given.
    pub recognised: Vec<Utterance>,
    /// What the voice says instead of tones.
    pub voice: Option<Sound>,
    /// A voice whose frames can be told apart, instead of tones.
    pub coded: Option<CodedVoice>,
    /// With a voice that can be told from tones, every frame sent.
    pub track: Vec<Frame>,
    /// Sentences being made.
    speeches: Vec<(Instant, SentenceId, Spoken)>,
    /// Hears what is said, instead of [`Self::words`].
    pub ear: Option<Ear>,
    /// Keys told by INFO so far.
    infos: u32,
    /// Sentences the voice was asked for, with the time.
    pub said: Vec<(Instant, String)>,
    /// What the recogniser makes of what it is given now.
    pub words: Result<&'static str, SpeechError>,
    pub recognition: Duration,
    /// The recogniser has no time for the call.
    pub by_keys: bool,
    jobs: Vec<(Instant, JobId, Option<String>, Context)>,
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

pub fn endpoint(address: &str, user: &str, transport: Transport) -> Endpoint {
    let config = EndpointConfig {
        listeners: sip::Listeners::new(sip::Listener { transport, advertised: address.parse().unwrap() }),
        user: user.to_owned(),
        display_name: None,
        product: "essai".to_owned(),
        max_calls: 4,
        accept_transfers: true,
        policy: sip::Policy::default(),
        credentials: Vec::new(),
        access: sip::AccessConfig::open(),
    };
    // Each with branches of its own: an INVITE with one of ours would be our own come back.
    let seed = address.bytes().map(u64::from).sum();
    Endpoint::new(config, seed)
}

/// The way to or from there; connections are named after the far end.
pub fn flow(transport: Transport, remote: SocketAddr) -> Flow {
    let last = remote.ip().to_string().rsplit('.').next().and_then(|last| last.parse().ok());
    let connection = last.filter(|_| transport.is_reliable()).map(ConnectionId);
    Flow { transport, connection, ..Flow::udp(remote) }
}

pub fn local_media(rtp: &str) -> LocalMedia {
    LocalMedia {
        address: address(rtp),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 1,
        session_version: 1,
        security: Security::default(),
    }
}

/// The default offer of a telephone that knows no telephone events.
pub fn offer_without_events() -> String {
    let offer = sdp::offer(&local_media(PHONE_RTP));
    let plain = offer.lines().filter(|line| !line.starts_with("a=rtpmap:101") && !line.starts_with("a=fmtp:101"));
    plain.map(|line| format!("{}\r\n", line.replace(" 101", ""))).collect()
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

    /// A telephone that has these codecs, as the agent has.
    pub fn dial_codecs(codecs: &[Codec]) -> Self {
        let media = LocalMedia { codecs: codecs.to_vec(), ..local_media(PHONE_RTP) };
        let offer = sdp::offer(&media);
        let mut rig = Self::dial_by(Transport::Udp, media, Some(offer), |_, _| false);
        rig.settings.codecs = codecs.to_vec();
        rig
    }

    /// A telephone that encrypts by this policy, with signalling over TLS or not.
    pub fn dial_encrypted(policy: SrtpPolicy, transport: Transport, late: bool) -> Self {
        let security = Security::new(policy, Some(&mut KeySource::new([3; 32])));
        let media = LocalMedia { security, ..local_media(PHONE_RTP) };
        let offer = (!late).then(|| sdp::offer(&media));
        Self::dial_by(transport, media, offer, |_, _| false)
    }

    pub fn dial_with(offer: Option<String>, lose: impl FnMut(&str, bool) -> bool + 'static) -> Self {
        Self::dial_by(Transport::Udp, local_media(PHONE_RTP), offer, lose)
    }

    /// A telephone that dials this town hall.
    pub fn dial_town(town: Conversation) -> Self {
        let media = local_media(PHONE_RTP);
        let offer = sdp::offer(&media);
        Self { conversation: town, ..Self::dial_by(Transport::Udp, media, Some(offer), |_, _| false) }
    }

    fn dial_by(
        transport: Transport,
        media: LocalMedia,
        offer: Option<String>,
        lose: impl FnMut(&str, bool) -> bool + 'static,
    ) -> Self {
        let files = [SourceFile { path: "mairie.md".into(), text: PLAN.into() }];
        let (plan, problems) = dialplan::parse(&files);
        let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
        let conversation = Conversation::new(plan, Phrases::built_in());
        let now = crate::testing::epoch();
        let mut phone = endpoint(PHONE, "0612345678", transport);
        let dial = Dial::to(format!("sip:mairie@{AGENT}"), flow(transport, address(AGENT)).into(), offer);
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
            comfort_noise: false,
            srtp: SrtpPolicy::Optional,
            srtp_without_tls: false,
            turn: turn::Settings::default(),
        };
        Self {
            now,
            start: now,
            agent: endpoint(AGENT, "mairie", transport),
            phone,
            legs: HashMap::new(),
            phone_call,
            consultation: None,
            third: Third::new(transport),
            machine: None,
            conversation,
            settings,
            wire: VecDeque::new(),
            lose: Box::new(lose),
            latency: LATENCY,
            reports_sent: 0,
            operator_reports_sent: 0,
            transport,
            media,
            handset: Handset::new(5),
            rtp_sent: Vec::new(),
            recognised: Vec::new(),
            voice: None,
            coded: None,
            track: Vec::new(),
            speeches: Vec::new(),
            ear: None,
            infos: 0,
            said: Vec::new(),
            words: Ok(""),
            recognition: Duration::from_millis(300),
            by_keys: false,
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

    fn next_event(&self) -> Option<Instant> {
        [
            self.agent.poll_timeout(),
            self.phone.poll_timeout(),
            self.third.endpoint.poll_timeout(),
            self.third.handset.next_deadline(),
            self.machine.as_ref().and_then(Machine::poll_timeout),
            self.handset.next_deadline(),
            self.wire.iter().map(|(at, ..)| *at).min(),
            self.jobs.iter().map(|(at, ..)| *at).min(),
            self.speeches.iter().map(|(at, ..)| *at).min(),
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
            let arrival = at + self.latency;
            self.wire.extend(packets.into_iter().map(|(to, packet)| (arrival, address(from), to, Packet::Rtp(packet))));
        }
        for (handset, rtp, rtcp, agent) in [
            (&mut self.handset, PHONE_RTP, PHONE_RTCP, AGENT_RTP),
            (&mut self.third.handset, super::third::RTP, super::third::RTCP, AGENT_OPERATOR_RTP),
        ] {
            let Some((to, report)) = handset.poll_report(at) else { continue };
            let from = if [AGENT_RTP, agent].map(address).contains(&to) { rtp } else { rtcp };
            self.wire.push_back((at + self.latency, address(from), to, Packet::Rtp(report)));
        }
        while let Some(index) = self.wire.iter().position(|(due, ..)| *due <= at) {
            if let Some((_, from, to, packet)) = self.wire.remove(index) {
                self.arrive(from, to, packet);
            }
        }
        while let Some(index) = self.jobs.iter().position(|(due, ..)| *due <= at) {
            let (_, job, heard, context) = self.jobs.remove(index);
            let outcome = self.words.clone().map(|words| Transcript {
                text: heard.unwrap_or_else(|| words.to_owned()),
                confidence: 0.9,
                elapsed: self.recognition,
                ..Transcript::default()
            });
            let understood = outcome.as_ref().ok().and_then(|heard| context.understand(&heard.text, None));
            self.tell_machine(Input::Recognised { job, outcome, understood });
        }
        while let Some(index) = self.speeches.iter().position(|(due, ..)| *due <= at) {
            let (_, sentence, spoken) = self.speeches.remove(index);
            self.tell_machine(match spoken {
                Spoken::Clause(sound) => Input::Clause { sentence, sound },
                Spoken::Last(sound) => Input::Spoken { sentence, outcome: Ok(sound) },
            });
        }
    }

    fn arrive(&mut self, from: SocketAddr, to: SocketAddr, packet: Packet) {
        let now = self.now;
        match packet {
            Packet::Sip(payload) => {
                let receiver = [(AGENT, &mut self.agent), (PHONE, &mut self.phone), (THIRD, &mut self.third.endpoint)];
                let Some((_, endpoint)) = receiver.into_iter().find(|(at, _)| address(at) == to) else { return };
                endpoint.handle_input(now, sip::Input::Message { flow: flow(self.transport, from), payload: &payload });
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
            Packet::Rtp(payload) if to == address(AGENT_RTCP) || to == address(AGENT_OPERATOR_RTCP) => {
                let party = if to == address(AGENT_RTCP) { Party::Caller } else { Party::Operator };
                if let Some(machine) = &mut self.machine {
                    machine.handle_input(now, Input::Rtcp { party, source: from, packet: &payload, arrived: now });
                }
            }
            Packet::Rtp(payload) if to == address(super::third::RTCP) => {
                self.third.handset.handle_rtcp(now, from, &payload);
            }
            Packet::Rtp(payload) if to == address(PHONE_RTCP) => self.handset.handle_rtcp(now, from, &payload),
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
            self.wire.push_back((self.now + self.latency, address(from), to, Packet::Sip(payload)));
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
                        let machine = Machine::new(
                            settings,
                            self.conversation.plan().clone(),
                            self.conversation.start(),
                            AGENT_RTP.parse().unwrap(),
                            99,
                            self.now,
                            "2026-11-23T10:00:00".parse().unwrap(),
                        );
                        self.machine = Some(machine.with_keys(KeySource::new([9; 32])).by_keys(self.by_keys));
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
                let negotiated = sdp::accept_answer(&sdp, &self.media).expect("a usable answer");
                self.handset.pick_up(self.now, &negotiated);
            }
            Event::Reoffered { offer: Some(offer) } => {
                let (sdp, negotiated) = sdp::answer(&offer, &self.media).expect("a usable offer");
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
                        kind: packet[1] & 0x7F,
                        number: u16::from_be_bytes([packet[2], packet[3]]),
                        ssrc: u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]),
                    });
                    if (self.coded.is_some() || self.voice.is_some()) && packet[1] & 0x7F == PCMA {
                        self.track.push(Frame::new(self.now, &g711::decode(Codec::Pcma, &packet[12..])));
                    }
                    let arrival = self.now + self.latency;
                    self.wire.push_back((arrival, address(AGENT_RTP), destination, Packet::Rtp(packet)));
                }
                Output::Rtcp { party, destination, packet } => {
                    let from = match party {
                        Party::Caller => AGENT_RTCP,
                        Party::Operator => AGENT_OPERATOR_RTCP,
                    };
                    match party {
                        Party::Caller => self.reports_sent += 1,
                        Party::Operator => self.operator_reports_sent += 1,
                    }
                    let arrival = self.now + self.latency;
                    self.wire.push_back((arrival, address(from), destination, Packet::Rtp(packet)));
                }
                Output::Recognise { job, utterance, context } => {
                    let heard = self.ear.as_ref().map(|ear| ear.hear(&utterance.samples));
                    self.recognised.push(utterance);
                    self.jobs.push((self.now + self.recognition, job, heard, context));
                }
                Output::Hasten { job } => {
                    assert!(self.jobs.iter().any(|(_, known, ..)| *known == job), "{job:?} is done")
                }
                Output::Abandon { job } => {
                    self.jobs.retain(|(_, running, ..)| *running != job);
                    self.abandoned += 1;
                }
                Output::Speak { sentence, text, language, .. } if self.coded.is_some() && !self.voice_fails => {
                    self.said.push((self.now, text.clone()));
                    let fixed = self.conversation.fixed_sentences().contains(&(Language(language), text.clone()));
                    let Some(voice) = &mut self.coded else { continue };
                    let delay = if fixed { voice.cached_delay } else { voice.delay };
                    let sound = voice.speak(&text);
                    if delay.is_zero() {
                        self.tell_machine(Input::Spoken { sentence, outcome: Ok(sound) });
                        continue;
                    }
                    let clauses = if voice.by_clause { voice.clauses(&text, &sound) } else { vec![sound] };
                    let last = clauses.len() - 1;
                    for (n, clause) in clauses.into_iter().enumerate() {
                        let spoken = if n == last { Spoken::Last(clause) } else { Spoken::Clause(clause) };
                        self.speeches.push((self.now + delay * (n as u32 + 1), sentence, spoken));
                    }
                }
                Output::Speak { sentence, text, rate, .. } => {
                    self.said.push((self.now, text));
                    let tone =
                        || Sound::new(vec![TONE_PEAK; (SENTENCE.as_millis() as usize) * (rate as usize) / 1_000], rate);
                    let sound = self.voice.clone().unwrap_or_else(tone);
                    let outcome = if self.voice_fails {
                        Err(SpeechError::Engine { engine: "voice", detail: "essai".to_owned() })
                    } else {
                        Ok(sound)
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
