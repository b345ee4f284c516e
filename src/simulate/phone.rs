//! The operator's test phone: one incoming call that it answers, refuses or lets ring. PURE.
//!
//! Owns: what an operator's telephone does with a call. Must not know: the agent, sockets, files.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::ear::Heard;
use super::handset::Handset;
use super::recording::Recording;
use super::report::{PhoneEnd, PhoneReport, milliseconds};
use super::script::Line;
use crate::audio::Codec;
use crate::sip::sdp::{self, LocalMedia, Security};
use crate::sip::{Command, Event};

/// A person lifts the receiver, then speaks.
const BREATH: Duration = Duration::from_millis(300);
/// Audio kept before and after what was heard, for the recogniser.
const MARGIN: Duration = Duration::from_millis(200);

/// What the phone does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Answer {
        after: Duration,
    },
    /// 486 Busy Here.
    Busy,
    /// Rings until the caller gives up.
    NoAnswer,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub manner: Manner,
    pub codecs: Vec<Codec>,
    /// Where we receive RTP.
    pub rtp: SocketAddr,
    pub seed: u64,
}

#[derive(Debug)]
pub enum Input<'a> {
    Signal(Event),
    Packet {
        source: SocketAddr,
        payload: &'a [u8],
    },
    /// The person at the phone hangs up.
    HangUp,
    Timeout,
}

#[derive(Debug)]
pub enum Output {
    Command(Command),
    Packet {
        destination: SocketAddr,
        payload: Vec<u8>,
    },
    Observed(Observation),
    /// The call is over: take [`Phone::finish`].
    Done,
}

/// What an onlooker sees and hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Ringing,
    Refused {
        status: u16,
    },
    Answered,
    Said {
        label: String,
    },
    /// The caller has finished speaking; mono at 8 kHz.
    Heard {
        samples: Vec<i16>,
    },
    Ended {
        by: PhoneEnd,
    },
}

enum Stage {
    /// Before the INVITE's event.
    Idle,
    Ringing {
        offer: Option<String>,
        answer_at: Option<Instant>,
    },
    /// 200 sent with our offer, because the INVITE had none: the answer comes with the ACK.
    Offered,
    Talking(Box<Handset>),
    /// We hung up or refused; waiting for the end.
    Leaving,
    Over,
}

/// One call at the operator's phone.
pub struct Phone {
    settings: Settings,
    script: VecDeque<Line>,
    stage: Stage,
    recording: Option<Recording>,
    /// When the next line is said, unless the caller speaks.
    speak_at: Option<Instant>,
    heard_from: Option<Instant>,
    report: PhoneReport,
    outputs: VecDeque<Output>,
}

/// A call that is over.
pub struct Outcome {
    pub report: PhoneReport,
    /// What the phone received (the caller) and sent, mono at 8 kHz, aligned.
    pub received: Vec<i16>,
    pub sent: Vec<i16>,
}

impl Phone {
    /// `script`: said one after the other; the first on answering, the others each time the caller has finished.
    pub fn new(settings: Settings, script: Vec<Line>) -> Self {
        Self {
            settings,
            script: script.into(),
            stage: Stage::Idle,
            recording: None,
            speak_at: None,
            heard_from: None,
            report: PhoneReport::default(),
            outputs: VecDeque::new(),
        }
    }

    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Signal(event) => self.handle_signal(now, event),
            Input::Packet { source, payload } => self.handle_packet(now, source, payload),
            Input::HangUp if !matches!(self.stage, Stage::Over | Stage::Leaving) => {
                self.outputs.push_back(Output::Command(Command::HangUp));
                self.report.ended_by = PhoneEnd::Phone;
                self.leave(now);
            }
            Input::HangUp | Input::Timeout => {}
        }
        self.handle_time(now);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Ringing { answer_at, .. } => *answer_at,
            Stage::Talking(handset) => {
                let speak_at = self.speak_at.filter(|_| may_speak(handset));
                [Some(handset.poll_timeout()), speak_at].into_iter().flatten().min()
            }
            Stage::Idle | Stage::Offered | Stage::Leaving | Stage::Over => None,
        }
    }

    /// What is left of the call; `texts` is what each [`Observation::Heard`] was transcribed to.
    pub fn finish(self, texts: Vec<String>) -> Outcome {
        let (sent, received) = self.recording.map(Recording::into_channels).unwrap_or_default();
        Outcome { report: PhoneReport { heard: texts, ..self.report }, received, sent }
    }

    fn observe(&mut self, observation: Observation) {
        self.outputs.push_back(Output::Observed(observation));
    }

    fn handle_signal(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming { offer, .. } => self.ring(now, offer),
            Event::Acknowledged { sdp } => {
                if matches!(self.stage, Stage::Offered) {
                    match sdp.and_then(|sdp| sdp::accept_answer(&sdp, &self.media()).ok()) {
                        Some(agreed) => self.talk(now, &agreed),
                        None => self.handle_input(now, Input::HangUp),
                    }
                }
            }
            Event::Reoffered { offer } | Event::Replaced { offer, .. } => self.reoffered(offer.as_deref()),
            Event::Ended { .. } => {
                if self.report.ended_by == PhoneEnd::Nobody && self.report.refused_with.is_none() {
                    self.report.ended_by = PhoneEnd::Caller;
                }
                self.leave(now);
                self.stage = Stage::Over;
                let by = self.report.ended_by;
                self.observe(Observation::Ended { by });
                self.outputs.push_back(Output::Done);
            }
            // Not of a call we take, or of no meaning to this telephone.
            Event::Progress { .. }
            | Event::Answered { .. }
            | Event::ReofferAnswered { .. }
            | Event::ReofferRefused { .. }
            | Event::Key(_)
            | Event::ReleaseReason { .. }
            | Event::TransferProgress { .. }
            | Event::TransferFinished { .. }
            | Event::TransferRequested { .. } => {}
        }
    }

    fn ring(&mut self, now: Instant, offer: Option<String>) {
        if self.settings.manner == Manner::Busy {
            return self.refuse(486);
        }
        self.outputs.push_back(Output::Command(Command::Ring));
        self.observe(Observation::Ringing);
        let answer_at = match self.settings.manner {
            Manner::Answer { after } => Some(now + after),
            Manner::Busy | Manner::NoAnswer => None,
        };
        self.stage = Stage::Ringing { offer, answer_at };
    }

    fn refuse(&mut self, status: u16) {
        self.report.refused_with = Some(status);
        self.outputs.push_back(Output::Command(Command::Reject { status }));
        self.observe(Observation::Refused { status });
        self.stage = Stage::Leaving;
    }

    fn answer(&mut self, now: Instant, offer: Option<&str>) {
        let media = self.media();
        let Some(offer) = offer else {
            self.outputs.push_back(Output::Command(Command::Answer { sdp: sdp::offer(&media) }));
            self.stage = Stage::Offered;
            return;
        };
        let Ok((sdp, agreed)) = sdp::answer(offer, &media) else {
            return self.refuse(488);
        };
        self.outputs.push_back(Output::Command(Command::Answer { sdp }));
        self.talk(now, &agreed);
    }

    fn talk(&mut self, now: Instant, agreed: &sdp::Negotiated) {
        self.report.answered = true;
        self.recording = Some(Recording::new(now));
        self.stage = Stage::Talking(Box::new(Handset::new(now, agreed, self.settings.seed)));
        self.speak_at = Some(now + BREATH);
        self.observe(Observation::Answered);
    }

    fn reoffered(&mut self, offer: Option<&str>) {
        let mut media = self.media();
        media.session_version += 1;
        let sdp = match (&mut self.stage, offer) {
            (Stage::Talking(handset), Some(offer)) => sdp::answer(offer, &media).ok().map(|(sdp, agreed)| {
                handset.renegotiate(&agreed);
                sdp
            }),
            (Stage::Talking(_), None) => Some(sdp::offer(&media)),
            _ => None,
        };
        self.outputs.push_back(Output::Command(Command::AnswerReoffer { sdp }));
    }

    fn media(&self) -> LocalMedia {
        LocalMedia {
            address: self.settings.rtp,
            codecs: self.settings.codecs.clone(),
            session_id: self.settings.seed >> 1,
            session_version: 1,
            security: Security::default(),
        }
    }

    fn handle_packet(&mut self, now: Instant, source: SocketAddr, payload: &[u8]) {
        let (Stage::Talking(handset), Some(recording)) = (&mut self.stage, &mut self.recording) else { return };
        let heard = handset.handle_packet(now, source, payload, recording);
        self.heard(now, heard);
    }

    fn heard(&mut self, now: Instant, heard: Option<Heard>) {
        match heard {
            Some(Heard::Started { first, .. }) => {
                self.heard_from.get_or_insert(first);
            }
            Some(Heard::Finished { last }) => {
                self.take_heard(last);
                self.speak_at = Some(now);
            }
            None => {}
        }
    }

    fn take_heard(&mut self, last: Instant) {
        let (Some(first), Some(recording)) = (self.heard_from.take(), &self.recording) else { return };
        let from = first.checked_sub(MARGIN).unwrap_or(first);
        let samples = recording.received_between(from, last + MARGIN);
        self.observe(Observation::Heard { samples });
    }

    fn handle_time(&mut self, now: Instant) {
        if let Stage::Ringing { offer, answer_at: Some(at) } = &mut self.stage
            && *at <= now
        {
            let offer = offer.take();
            self.answer(now, offer.as_deref());
        }
        let (Stage::Talking(handset), Some(recording)) = (&mut self.stage, &mut self.recording) else { return };
        if self.speak_at.is_some_and(|at| at <= now) && may_speak(handset) {
            self.speak_at = None;
            if let Some(line) = self.script.pop_front() {
                handset.say(line.action);
                self.report.said.push(line.label.clone());
                self.outputs.push_back(Output::Observed(Observation::Said { label: line.label }));
            }
        }
        handset.tick(now, recording);
        let heard = handset.hear_timeout(now);
        while let Some((destination, payload)) = handset.poll_packet() {
            self.outputs.push_back(Output::Packet { destination, payload });
        }
        self.heard(now, heard);
    }

    /// The audio ends.
    fn leave(&mut self, now: Instant) {
        if let Stage::Talking(handset) = &mut self.stage {
            let last = handset.stop_listening();
            self.report.packets.add(handset.counters());
            self.report.duration_ms = self.recording.as_ref().map(|recording| milliseconds(recording.origin(), now));
            if let Some(last) = last {
                self.take_heard(last);
            }
        }
        self.stage = Stage::Leaving;
    }
}

/// Neither side is speaking.
fn may_speak(handset: &Handset) -> bool {
    !handset.is_saying() && !handset.ear().is_hearing()
}

#[cfg(test)]
mod tests;
