//! What happens by itself as time passes: packets arrive, the recogniser and the voice finish, and whatever each party has to send leaves.

use super::super::third;
use super::*;

impl Rig {
    pub(super) fn next_event(&self) -> Option<Instant> {
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

    pub(super) fn advance(&mut self, at: Instant) {
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
        for (from, packets) in [(PHONE_RTP, self.handset.tick(at)), (third::RTP, self.third.handset.tick(at))] {
            let arrival = at + self.latency;
            self.wire.extend(packets.into_iter().map(|(to, packet)| (arrival, address(from), to, Packet::Rtp(packet))));
        }
        for (handset, rtp, rtcp, agent) in [
            (&mut self.handset, PHONE_RTP, PHONE_RTCP, AGENT_RTP),
            (&mut self.third.handset, third::RTP, third::RTCP, AGENT_OPERATOR_RTP),
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
            Packet::Rtp(payload) if to == address(third::RTCP) => {
                self.third.handset.handle_rtcp(now, from, &payload);
            }
            Packet::Rtp(payload) if to == address(PHONE_RTCP) => self.handset.handle_rtcp(now, from, &payload),
            Packet::Rtp(payload) if to == address(PHONE_RTP) => self.handset.handle_packet(now, from, &payload),
            Packet::Rtp(payload) => self.third.handset.handle_packet(now, from, &payload),
        }
    }

    /// Drains every output until nothing moves.
    pub(super) fn settle(&mut self) {
        loop {
            let moved = self.drain_agent() | self.drain_phone() | self.drain_third() | self.drain_machine();
            if !moved {
                return;
            }
        }
    }

    pub(super) fn send_sip(&mut self, from: &str, to: SocketAddr, payload: Bytes) {
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
