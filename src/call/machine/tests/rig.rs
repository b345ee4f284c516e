//! Two SIP endpoints, a network that can lose, a caller with a telephone, a scripted recogniser and a voice of tones:
//! a whole call in virtual time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::audio::{Codec, FRAME_SAMPLES, LINE_RATE, signals};
use crate::call::machine::{Input, JobId, Machine, Output, Settings};
use crate::call::record::Record;
use crate::dialogue::{Conversation, Phrases, Request};
use crate::dialplan::{self, SourceFile};
use crate::rtp::{Frame, Key, Pacer, Session, SessionConfig};
use crate::sip::sdp::{self, LocalMedia};
use crate::sip::{self, CallHandle, Command, Dial, Endpoint, EndpointConfig, Event};
use crate::speech::{SpeechError, Transcript};
use crate::turn;

const PLAN: &str = "# Mairie de Saint-Aubin
- Numéro : 02 99 00 00 00
- Langues : français

## Horaires
- lundi au vendredi : 8h30-12h, 13h30-17h30

## Accueil
Dire :
> Mairie de Saint-Aubin, bonjour. Je suis l'assistant vocal. Que puis-je faire pour vous ?

Si silence :
> Dites par exemple « refaire ma carte d'identité », ou tapez zéro pour un agent.
- Après 2 échecs : aller à Menu au clavier

## Menu au clavier
Dire :
> Pour la carte d'identité, tapez 1. Pour être rappelé, tapez 2. Pour un agent, tapez 0.
- touche 1 : aller à Carte d'identité
- touche 2 : aller à Demande de rappel
- Après 2 échecs : transférer à Standard

## Partout
- « un agent », « un conseiller », touche 0 : transférer à Standard
- « répétez », touche # : répéter
- « au revoir », « c'est tout » : raccrocher

## Carte d'identité
Quand on dit :
- (refaire|renouveler) [ma|une|la] carte [d'identité]
- [j'ai] perdu [ma] carte [d'identité]

Répondre :
> Il faut un rendez-vous à l'état civil. Voulez-vous la liste des pièces à apporter ?
- oui, touche 1 : aller à Pièces à apporter
- non, touche 2 : aller à Autre chose

### Pièces à apporter
Répondre :
> Une photo récente, un justificatif de domicile, et l'ancienne carte.

## Demande de rappel
Quand on dit :
- [je (voudrais|veux)] (être rappelé|qu'on me rappelle)

Demander numéro (téléphone) :
> À quel numéro vous rappeler ? Vous pouvez le taper, puis dièse.

Confirmer :
> Je note le {numéro}. C'est bien cela ?
- Enregistrer : demande de rappel
- Ensuite : aller à Autre chose

## Autre chose
Dire :
> Puis-je faire autre chose pour vous ?

## Annuaire
### Standard
- Poste : 100
- Sonner : 25 secondes
- Si fermé, occupé ou sans réponse : messagerie Accueil
";

pub const AGENT: &str = "192.0.2.1:5060";
pub const PHONE: &str = "192.0.2.2:5060";
const AGENT_RTP: &str = "192.0.2.1:20000";
const PHONE_RTP: &str = "192.0.2.2:30000";
/// One way.
const LATENCY: Duration = Duration::from_millis(10);
/// Each sentence of the voice is a tone of this length.
pub const SENTENCE: Duration = Duration::from_millis(1_000);
const TONE_PEAK: i16 = 4_000;

/// What travels, and where to.
enum Packet {
    Sip { to_agent: bool, payload: Bytes },
    Rtp { to_agent: bool, payload: Vec<u8> },
}

/// Says what the network does with a SIP datagram: `true` loses it.
type Loss = Box<dyn FnMut(&str, bool) -> bool>;

pub struct Rig {
    pub now: Instant,
    pub start: Instant,
    agent: Endpoint,
    phone: Endpoint,
    agent_call: Option<CallHandle>,
    pub phone_call: CallHandle,
    pub machine: Option<Machine>,
    conversation: Conversation,
    pub settings: Settings,
    wire: VecDeque<(Instant, Packet)>,
    pub lose: Loss,
    /// The caller's telephone.
    telephone: Option<Session>,
    pacer: Option<Pacer>,
    /// What the caller is saying, ahead of the microphone.
    mouth: VecDeque<i16>,
    pub muted: bool,
    /// What the line returns of the agent's voice: a factor, none without.
    pub echo: f32,
    returning: VecDeque<i16>,
    /// What the voice says instead of tones.
    pub voice: Option<Vec<i16>>,
    infos: u32,
    /// When each frame with sound was heard by the caller.
    pub heard: Vec<Instant>,
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
}

fn endpoint(address: &str, user: &str, accept_transfers: bool) -> Endpoint {
    let config = EndpointConfig {
        listeners: sip::Listeners::udp(address.parse().unwrap()),
        user: user.to_owned(),
        display_name: None,
        product: "essai".to_owned(),
        max_calls: 4,
        accept_transfers,
        policy: sip::Policy::default(),
        credentials: Vec::new(),
        access: sip::AccessConfig::open(),
    };
    Endpoint::new(config, 7)
}

/// The default offer of a telephone that knows no telephone events.
pub fn offer_without_events() -> String {
    let offer = sdp::offer(&local_media());
    let plain = offer.lines().filter(|line| !line.starts_with("a=rtpmap:101") && !line.starts_with("a=fmtp:101"));
    plain.map(|line| format!("{}\r\n", line.replace(" 101", ""))).collect()
}

fn local_media() -> LocalMedia {
    LocalMedia {
        address: PHONE_RTP.parse().unwrap(),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session_id: 1,
        session_version: 1,
    }
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
        Self::dial_with(Some(sdp::offer(&local_media())), lose)
    }

    pub fn dial_with(offer: Option<String>, lose: impl FnMut(&str, bool) -> bool + 'static) -> Self {
        let files = [SourceFile { path: "mairie.md".into(), text: PLAN.into() }];
        let (plan, problems) = dialplan::parse(&files);
        let plan = plan.unwrap_or_else(|| panic!("{problems:?}"));
        let conversation = Conversation::new(plan, Phrases::built_in());
        let now = crate::testing::epoch();
        let mut phone = endpoint(PHONE, "0612345678", true);
        let dial = Dial {
            target: format!("sip:mairie@{AGENT}"),
            destination: sip::Flow::udp(AGENT.parse().unwrap()),
            offer,
            from: None,
            referred_by: None,
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
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            turn: turn::Settings::default(),
        };
        Self {
            now,
            start: now,
            agent: endpoint(AGENT, "mairie", false),
            phone,
            agent_call: None,
            phone_call,
            machine: None,
            conversation,
            settings,
            wire: VecDeque::new(),
            lose: Box::new(lose),
            telephone: None,
            pacer: None,
            mouth: VecDeque::new(),
            muted: false,
            echo: 0.0,
            returning: VecDeque::new(),
            voice: None,
            infos: 0,
            heard: Vec::new(),
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
            rig.heard.last().is_some_and(|last| *last > from && rig.now - *last > Duration::from_millis(700))
        });
    }

    /// The caller speaks; the recogniser will hear `words`.
    pub fn say(&mut self, ms: u64, words: &'static str) {
        self.words = Ok(words);
        self.mouth.extend(speech(ms));
        self.run(Duration::from_millis(ms));
    }

    /// A short loud noise that is no speech to the recogniser.
    pub fn cough(&mut self) {
        self.say(400, "");
    }

    /// The telephone's keys.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let Some(telephone) = &mut self.telephone else { panic!("no media yet") };
            telephone.send_key(Key(key));
            self.run(Duration::from_millis(300));
        }
    }

    /// The switchboard tells a key by INFO.
    pub fn press_by_info(&mut self, key: char) {
        let ok = self.sip_sent.iter().find(|(agent, text)| *agent && text.starts_with("SIP/2.0 200")).expect("a 200");
        let line = |name: &str| ok.1.lines().find_map(|line| line.strip_prefix(name)).expect("the header").to_owned();
        let (from, to, call_id) = (line("From: "), line("To: "), line("Call-ID: "));
        self.infos += 1;
        let (number, body) = (1_000 + self.infos, format!("Signal={key}\r\nDuration=160\r\n"));
        let info = format!(
            "INFO sip:mairie@{AGENT} SIP/2.0\r\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKinfo{number}\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} INFO\r\n\
             Content-Type: application/dtmf-relay\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send_sip(false, info.into());
    }

    /// The telephone plays this sound into the line, whatever it is.
    pub fn play(&mut self, samples: &[i16]) {
        self.mouth.extend(samples);
        self.run(Duration::from_millis(samples.len() as u64 / 8));
    }

    /// The telephone offers its media once more, with this direction: what it is answered.
    pub fn phone_offers(&mut self, direction: &str) -> String {
        let sdp = sdp::offer(&local_media()).replace("a=sendrecv", &format!("a={direction}"));
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
        let line = |name: &str| ok.1.lines().find_map(|line| line.strip_prefix(name)).expect("the header");
        let tag = |value: &str| value.split_once(";tag=").map(|(_, tag)| tag.to_owned()).expect("a tag");
        let replaces = crate::sip::wire::Replaces::new(line("Call-ID: "), &tag(line("To: ")), &tag(line("From: ")));
        let dial = Dial {
            target: format!("<sip:mairie@{AGENT}?{}>", replaces.to_uri_headers()),
            destination: sip::Flow::udp(AGENT.parse().unwrap()),
            offer: Some(sdp::offer(&local_media())),
            from: None,
            referred_by: None,
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
        self.heard.iter().find(|at| **at > from).map(|at| *at - from)
    }

    pub fn endpoints_idle(&self) -> bool {
        self.agent.is_idle() && self.phone.is_idle()
    }

    // ---- the world --------------------------------------------------------------------------------------------

    fn next_event(&self) -> Option<Instant> {
        [
            self.agent.poll_timeout(),
            self.phone.poll_timeout(),
            self.machine.as_ref().and_then(Machine::poll_timeout),
            self.pacer.as_ref().map(Pacer::next_deadline),
            self.wire.iter().map(|(at, _)| *at).min(),
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
        if let Some(machine) = &mut self.machine
            && machine.poll_timeout().is_some_and(|due| due <= at)
        {
            machine.handle_input(at, Input::Timeout);
        }
        self.tick_telephone();
        while let Some(index) = self.wire.iter().position(|(due, _)| *due <= at) {
            if let Some((_, packet)) = self.wire.remove(index) {
                self.arrive(packet);
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

    /// The telephone's 20 ms: what the microphone took goes out, what came in is heard.
    fn tick_telephone(&mut self) {
        let (Some(telephone), Some(pacer)) = (&mut self.telephone, &mut self.pacer) else { return };
        for _ in 0..pacer.ticks_due(self.now) {
            let mut samples = [0; FRAME_SAMPLES];
            for sample in &mut samples {
                let returned = f32::from(self.returning.pop_front().unwrap_or(0)) * self.echo;
                *sample = self.mouth.pop_front().unwrap_or(0).saturating_add(returned as i16);
            }
            let packet = telephone.send_audio(&samples);
            if !self.muted {
                self.wire.push_back((self.now + LATENCY, Packet::Rtp { to_agent: true, payload: packet }));
            }
            while let Some(Frame { samples, received }) = telephone.poll_frame(self.now) {
                self.returning.extend(samples);
                if received && samples.iter().any(|sample| sample.unsigned_abs() > 500) {
                    self.heard.push(self.now);
                }
            }
        }
    }

    fn arrive(&mut self, packet: Packet) {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        match packet {
            Packet::Sip { to_agent: true, payload } => {
                self.agent.handle_input(
                    self.now,
                    sip::Input::Message { flow: sip::Flow::udp(address(PHONE)), payload: &payload },
                );
            }
            Packet::Sip { to_agent: false, payload } => {
                self.phone.handle_input(
                    self.now,
                    sip::Input::Message { flow: sip::Flow::udp(address(AGENT)), payload: &payload },
                );
            }
            Packet::Rtp { to_agent: true, payload } => {
                if let Some(machine) = &mut self.machine {
                    machine.handle_input(self.now, Input::Rtp { source: address(PHONE_RTP), packet: &payload });
                }
            }
            Packet::Rtp { to_agent: false, payload } => {
                if let Some(telephone) = &mut self.telephone {
                    telephone.handle_packet(self.now, address(AGENT_RTP), &payload);
                }
            }
        }
    }

    /// Drains every output until nothing moves.
    fn settle(&mut self) {
        loop {
            let moved = self.drain_agent() | self.drain_phone() | self.drain_machine();
            if !moved {
                return;
            }
        }
    }

    fn send_sip(&mut self, from_agent: bool, payload: Bytes) {
        let text = String::from_utf8_lossy(&payload).into_owned();
        let lost = (self.lose)(&text, from_agent);
        self.sip_sent.push((from_agent, text));
        if !lost {
            self.wire.push_back((self.now + LATENCY, Packet::Sip { to_agent: !from_agent, payload }));
        }
    }

    fn drain_agent(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.agent.poll_output() {
            moved = true;
            match output {
                sip::Output::Transmit { payload, .. } => self.send_sip(true, payload),
                sip::Output::Event { call, event } => {
                    self.agent_events.push(event.clone());
                    if matches!(event, Event::Incoming { .. }) {
                        self.agent_call = Some(call);
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
                    self.tell_machine(Input::Sip(event));
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
                sip::Output::Transmit { payload, .. } => self.send_sip(false, payload),
                sip::Output::Event { event, .. } => {
                    self.phone_events.push((self.now, event.clone()));
                    self.handle_phone(event);
                }
            }
        }
        moved
    }

    fn handle_phone(&mut self, event: Event) {
        match event {
            Event::Answered { sdp: Some(sdp) } => {
                let negotiated = sdp::accept_answer(&sdp, &local_media()).expect("a usable answer");
                self.lift(&negotiated);
            }
            Event::Reoffered { offer: Some(offer) } => {
                let (sdp, negotiated) = sdp::answer(&offer, &local_media()).expect("a usable offer");
                self.phone_command(Command::AnswerReoffer { sdp: Some(sdp) });
                self.lift(&negotiated);
            }
            Event::TransferRequested { target, .. } => {
                self.transferred_to = Some(target);
                self.phone_command(Command::AcceptTransfer);
                for status in self.operator.clone() {
                    self.phone_command(Command::NotifyTransfer { status });
                }
            }
            _ => {}
        }
    }

    /// The telephone sends and receives.
    fn lift(&mut self, negotiated: &sdp::Negotiated) {
        let config = SessionConfig {
            codec: negotiated.codec,
            payload_type: negotiated.payload_type,
            telephone_event: negotiated.telephone_event,
            remote: negotiated.remote,
        };
        self.telephone = Some(Session::new(config, 5));
        self.pacer = Some(Pacer::new(self.now));
    }

    fn drain_machine(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.machine.as_mut().and_then(Machine::poll_output) {
            moved = true;
            match output {
                Output::Sip(command) => {
                    let call = self.agent_call.expect("a call");
                    self.agent.handle_input(self.now, sip::Input::Command { call, command });
                }
                Output::Rtp { packet, .. } => {
                    self.wire.push_back((self.now + LATENCY, Packet::Rtp { to_agent: false, payload: packet }));
                }
                Output::Recognise { job, .. } => self.jobs.push((self.now + self.recognition, job)),
                Output::Abandon { job } => {
                    self.jobs.retain(|(_, running)| *running != job);
                    self.abandoned += 1;
                }
                Output::Speak { sentence, text, .. } => {
                    self.said.push((self.now, text));
                    let tone = || vec![TONE_PEAK; (SENTENCE.as_millis() as usize) * (LINE_RATE as usize) / 1_000];
                    let samples = self.voice.clone().unwrap_or_else(tone);
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
