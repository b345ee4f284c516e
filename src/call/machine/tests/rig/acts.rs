//! What a test does with the rig, and what it asks of it.

use super::super::third::{self, replaces_dialog};
use super::*;
use crate::rtp::Key;

impl Rig {
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

    /// Goes to what happens next, if that is by then; else `false`, and it is then.
    pub fn step(&mut self, limit: Instant) -> bool {
        self.settle();
        let next = self.next_event().filter(|at| *at <= limit);
        match next {
            Some(at) => self.advance(at.max(self.now)),
            None => self.now = self.now.max(limit),
        }
        self.settle();
        next.is_some()
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

    /// The caller begins to speak, for as long as the test lets time pass.
    pub fn mouth_is_full(&mut self) {
        self.handset.mouth.extend(speech(1_500));
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
        self.send_sip(PHONE, address(AGENT), info.into());
    }

    /// The telephone plays this sound into the line, whatever it is.
    pub fn play(&mut self, samples: &[i16]) {
        self.handset.mouth.extend(samples);
        self.run(Duration::from_millis(samples.len() as u64 / 8));
    }

    /// The telephone offers its media once more, with this direction: what it is answered.
    pub fn phone_offers(&mut self, direction: &str) -> String {
        let sdp = sdp::offer(&self.media).replace("a=sendrecv", &format!("a={direction}"));
        let before = self.phone_events.len();
        self.phone_command(Command::Reoffer { sdp: Some(sdp) });
        self.run(Duration::from_millis(100));
        let answer = self.phone_events[before..].iter().find_map(|(_, event)| match event {
            Event::ReofferAnswered { sdp } => sdp.clone(),
            _ => None,
        });
        answer.expect("an answer")
    }

    /// The telephone offers its media once more, with new keys. What it was sending is still under way.
    pub fn phone_changes_keys(&mut self, seed: u8) {
        let policy = self.media.security.policy();
        self.media.security = Security::new(policy, Some(&mut KeySource::new([seed; 32])));
        let answer = self.phone_offers("sendrecv");
        let agreed = sdp::accept_answer(&answer, &self.media).expect("a usable answer").srtp.expect("keys");
        self.handset.protection.as_mut().expect("an encrypted call").rekey(&agreed.keys);
    }

    /// The third party's telephone offers its media once more, with new keys.
    pub fn third_changes_keys(&mut self, seed: u8) {
        let policy = self.third.media.security.policy();
        self.third.media.security = Security::new(policy, Some(&mut KeySource::new([seed; 32])));
        let before = self.third.events.len();
        self.third_command(Command::Reoffer { sdp: Some(sdp::offer(&self.third.media)) });
        let answer = |rig: &Self| {
            rig.third.events[before..].iter().find_map(|event| match event {
                Event::ReofferAnswered { sdp } => sdp.clone(),
                _ => None,
            })
        };
        // What comes after the answer is under the new keys.
        self.run_until("an answer", |rig| answer(rig).is_some());
        let answer = answer(self);
        let negotiated = sdp::accept_answer(&answer.expect("an answer"), &self.third.media).expect("a usable answer");
        let protection = self.third.handset.protection.as_mut().expect("an encrypted call");
        protection.rekey(&negotiated.srtp.expect("keys").keys);
    }

    /// The operator's switchboard tells a key by INFO.
    pub fn third_presses_by_info(&mut self, key: char) {
        let leg = self.legs.values().copied().max().expect("the operator's leg");
        self.tell_machine(Input::Sip { leg, event: Event::Key(sip::KeyPress { key, held: None }) });
    }

    /// The switchboard moves the caller: another dialog takes the place of the call's.
    pub fn phone_moves(&mut self) {
        let ok = self.sip_sent.iter().find(|(agent, text)| *agent && text.starts_with("SIP/2.0 200")).expect("a 200");
        let replaces = replaces_dialog(&ok.1, "To: ", "From: ");
        let dial = Dial::to(
            format!("<sip:mairie@{AGENT}?{}>", replaces.to_uri_headers()),
            flow(self.transport, address(AGENT)).into(),
            Some(sdp::offer(&self.media)),
        );
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
        let by = if self.transport == Transport::Tls { ";transport=tls" } else { "" };
        self.phone_command(Command::Transfer { target: format!("sip:accueil@{THIRD}{by}") });
    }

    /// The phone calls the third party, and hands it the agent.
    pub fn refer_to_consulted(&mut self) {
        let dial = Dial::to(
            format!("sip:accueil@{THIRD}"),
            flow(self.transport, address(THIRD)).into(),
            Some(sdp::offer(&self.media)),
        );
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
        self.wire.push_back((self.now + self.latency, address(PHONE), address(AGENT), Packet::Sip(copy.into())));
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
        self.rtp_sent.last().is_some_and(|sent| sent.to == address(third::RTP))
    }
}
