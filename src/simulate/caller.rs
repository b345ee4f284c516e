//! The spoken test caller: a telephone with a person at it, who follows a script. PURE.
//!
//! Owns: when the caller speaks, what a transfer does to the call, what is measured. Must not know: sockets, files,
//! the agent.
//!
//! The person waits until the far end has spoken and fallen silent, says the next line, and waits again. When the
//! agent transfers (REFER, RFC 3515), the telephone calls the operator itself, reports the outcome by NOTIFY, and the
//! rest of the script is said to whoever is on the line then.

mod floor;
mod leg;
mod outcome;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use self::leg::{Leg, Stage};
pub use self::outcome::Outcome;
use self::outcome::{Stretch, Turn};
use super::address::literal_address;
use super::recording::Recording;
use super::report::{EndedBy, Failure, Packets, Party};
use super::script::Line;
use crate::audio::Codec;
use crate::sip::sdp::{self, LocalMedia, Security};
use crate::sip::{Command, EndCause, Event};

/// A far end that owes a reply this long gets the next line all the same.
const AGENT_PATIENCE: Duration = Duration::from_secs(15);
/// The same for the operator, who may well listen without a word.
const OPERATOR_PATIENCE: Duration = Duration::from_secs(4);
/// The operator's telephone rings at most this long; then the transfer is reported as 408.
const RING_LIMIT: Duration = Duration::from_secs(60);
/// After a transfer has succeeded the agent has this long to leave before we do.
const AGENT_LEAVES: Duration = Duration::from_secs(5);
/// No packet for this long on the leg in use: the far end is lost.
const FAR_END_LOST: Duration = Duration::from_secs(30);
/// After hanging up, the wait for the far end's confirmation.
const LINGER: Duration = Duration::from_secs(5);
/// Over a prompt, the caller speaks this long after it began.
pub const BARGE_IN_AFTER: Duration = Duration::from_secs(1);
/// Packets that arrive before the answer has been read, kept for it; more are dropped.
const EARLY_PACKETS: usize = 50;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Codecs to offer, best first.
    pub codecs: Vec<Codec>,
    /// Longest call, from the INVITE on.
    pub longest: Duration,
    /// Hang up once the reply to the last line has been heard; else wait until the far end hangs up.
    pub hang_up_after_last: bool,
    /// Speak over the agent's prompts, [`BARGE_IN_AFTER`] after they begin.
    pub barge_in: bool,
    /// Where we receive RTP from the agent and from the operator.
    pub agent_rtp: SocketAddr,
    pub operator_rtp: SocketAddr,
    /// Randomness of RTP.
    pub seed: u64,
}

#[derive(Debug)]
pub enum Input<'a> {
    /// Something happened to the SIP call of this leg.
    Signal { leg: Party, event: Event },
    /// A datagram on the RTP socket of this leg.
    Packet { leg: Party, source: SocketAddr, payload: &'a [u8] },
    /// The next line of a caller who is told what to say ([`Caller::told`]): said at once, or when the far end has finished.
    Say(Line),
    /// The same over whatever the far end is saying.
    SayOver(Line),
    /// The person at the terminal wants to end.
    HangUp,
    /// `poll_timeout()` has been reached.
    Timeout,
}

#[derive(Debug)]
pub enum Output {
    Command {
        leg: Party,
        command: Command,
    },
    /// Place the operator's leg from the same endpoint.
    Dial {
        target: String,
        destination: SocketAddr,
        offer: String,
    },
    Packet {
        leg: Party,
        destination: SocketAddr,
        payload: Vec<u8>,
    },
    /// For whoever looks on.
    Observed(Observation),
    /// The call is over: take [`Caller::finish`].
    Done,
}

/// What an onlooker sees and hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    Ringing {
        party: Party,
    },
    Answered {
        party: Party,
    },
    LineStarted {
        turn: usize,
        party: Party,
    },
    LineFinished {
        turn: usize,
    },
    /// The far end began to speak; `after` as in [`super::report::TurnReport::reply_started_after_ms`], or since the answer.
    FarEndStarted {
        party: Party,
        after_ms: Option<i64>,
    },
    /// The far end has finished: what it said, mono at 8 kHz. `turn` is the line it followed.
    /// `stretch` names it for [`Outcome::report`].
    FarEndFinished {
        stretch: usize,
        party: Party,
        turn: Option<usize>,
        after_ms: Option<i64>,
        samples: Vec<i16>,
    },
    TransferRequested {
        target: String,
    },
    TransferFinished {
        status: u16,
    },
    Ended {
        by: EndedBy,
    },
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Floor {
    /// The far end's, since then. `began`: its first packet with speech.
    Listening { since: Instant, began: Option<Instant> },
    /// Ours.
    Saying,
    /// Nobody's: before the answer, and while the operator's telephone rings.
    Idle,
}

/// See the module's documentation.
pub struct Caller {
    settings: Settings,
    script: VecDeque<Line>,
    /// Lines come while the call goes on; the caller never hangs up by themselves.
    told: bool,
    dialled: Instant,
    agent: Leg,
    operator: Leg,
    /// Who the person is talking to.
    talking_to: Party,
    floor: Floor,
    recording: Option<Recording>,
    turns: Vec<Turn>,
    stretches: Vec<Stretch>,
    answered: Option<Instant>,
    first_audio: Option<Instant>,
    transferred_to: Option<String>,
    transfer_status: Option<u16>,
    ended_by: EndedBy,
    ended: Option<Instant>,
    failure: Option<Failure>,
    packets: Packets,
    /// Once we have hung up: when to stop waiting for confirmations.
    linger_until: Option<Instant>,
    done: bool,
    outputs: VecDeque<Output>,
}

impl Caller {
    /// The INVITE with [`Self::offer`] is being sent at `now`.
    pub fn new(now: Instant, settings: Settings, script: Vec<Line>) -> Self {
        Self {
            agent: Leg::new(local_media(&settings, settings.agent_rtp), settings.seed),
            operator: Leg::new(local_media(&settings, settings.operator_rtp), settings.seed ^ 1),
            settings,
            script: script.into(),
            told: false,
            dialled: now,
            talking_to: Party::Agent,
            floor: Floor::Idle,
            recording: None,
            turns: Vec::new(),
            stretches: Vec::new(),
            answered: None,
            first_audio: None,
            transferred_to: None,
            transfer_status: None,
            ended_by: EndedBy::Nobody,
            ended: None,
            failure: None,
            packets: Packets::default(),
            linger_until: None,
            done: false,
            outputs: VecDeque::new(),
        }
        .calling_agent()
    }

    /// Whoever drives this caller says by [`Input::Say`] what comes next, and by [`Input::HangUp`] when it is over.
    pub fn told(self) -> Self {
        Self { told: true, ..self }
    }

    fn calling_agent(mut self) -> Self {
        self.agent.stage = Stage::Calling { since: self.dialled };
        self
    }

    /// The SDP offer for the INVITE to the agent.
    pub fn offer(settings: &Settings) -> String {
        sdp::offer(&local_media(settings, settings.agent_rtp))
    }

    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        if self.done {
            return;
        }
        match input {
            Input::Signal { leg, event } => self.handle_signal(now, leg, event),
            Input::Packet { leg, source, payload } => self.handle_packet(now, leg, source, payload),
            Input::Say(line) => self.be_told(now, line),
            Input::SayOver(line) => self.say(now, line),
            Input::HangUp => self.hang_up(now, EndedBy::Caller),
            Input::Timeout => {}
        }
        self.handle_time(now);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.done {
            return None;
        }
        let legs = [&self.agent, &self.operator].into_iter().filter_map(Leg::poll_timeout);
        legs.chain(self.deadlines().into_iter().flatten()).min()
    }

    /// [`Output::Done`] has been said.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// What is left of the call.
    pub fn finish(self) -> Outcome {
        Outcome::new(self)
    }

    fn leg(&mut self, party: Party) -> &mut Leg {
        match party {
            Party::Agent => &mut self.agent,
            Party::Operator => &mut self.operator,
        }
    }

    fn command(&mut self, leg: Party, command: Command) {
        self.outputs.push_back(Output::Command { leg, command });
    }

    fn observe(&mut self, observation: Observation) {
        self.outputs.push_back(Output::Observed(observation));
    }
}

/// Signalling.
impl Caller {
    fn handle_signal(&mut self, now: Instant, party: Party, event: Event) {
        match event {
            Event::Progress { status, .. } => {
                if status == 180 || status == 183 {
                    self.observe(Observation::Ringing { party });
                }
                if party == Party::Operator && self.agent.is_up() {
                    self.command(Party::Agent, Command::NotifyTransfer { status });
                }
            }
            Event::Answered { sdp } => self.answered(now, party, sdp.as_deref()),
            Event::Reoffered { offer } | Event::Replaced { offer, .. } => {
                let answer = self.leg(party).answer_reoffer(offer.as_deref());
                self.command(party, Command::AnswerReoffer { sdp: answer });
            }
            Event::TransferRequested { target, .. } if party == Party::Agent => self.transfer(now, target),
            Event::Ended { cause } => self.leg_ended(now, party, cause),
            // Not of a call we place, or of no meaning to a telephone.
            Event::TransferRequested { .. }
            | Event::Incoming { .. }
            | Event::Acknowledged { .. }
            | Event::ReofferAnswered { .. }
            | Event::ReofferRefused { .. }
            | Event::Key(_)
            | Event::ReleaseReason { .. }
            | Event::TransferProgress { .. }
            | Event::TransferFinished { .. } => {}
        }
    }

    fn answered(&mut self, now: Instant, party: Party, sdp: Option<&str>) {
        if self.leg(party).ringing_since().is_none() {
            return;
        }
        let Some(early) = self.leg(party).answered(now, sdp) else {
            self.failure = Some(Failure::BadAnswer);
            return self.hang_up(now, EndedBy::Caller);
        };
        self.recording.get_or_insert_with(|| Recording::new(now));
        self.observe(Observation::Answered { party });
        if party == Party::Agent {
            self.answered = Some(now);
        } else {
            self.transfer_outcome(200);
        }
        self.talking_to = party;
        self.floor = Floor::Listening { since: now, began: None };
        for (arrival, source, payload) in early {
            self.handle_packet(arrival, party, source, &payload);
        }
    }

    /// REFER: call the operator ourselves.
    fn transfer(&mut self, now: Instant, target: String) {
        if !matches!(self.operator.stage, Stage::Unused | Stage::Over) {
            return;
        }
        self.command(Party::Agent, Command::AcceptTransfer);
        self.observe(Observation::TransferRequested { target: target.clone() });
        self.transferred_to = Some(target.clone());
        self.transfer_status = None;
        self.close_stretch(now, Party::Agent);
        let Some(destination) = literal_address(&target) else {
            return self.transfer_outcome(404);
        };
        self.floor = Floor::Idle;
        let media = local_media(&self.settings, self.settings.operator_rtp);
        let offer = sdp::offer(&media);
        self.operator = Leg::new(media, self.settings.seed ^ 1);
        self.operator.stage = Stage::Calling { since: now };
        self.outputs.push_back(Output::Dial { target, destination, offer });
    }

    fn transfer_outcome(&mut self, status: u16) {
        self.transfer_status = Some(status);
        if self.agent.is_up() {
            self.command(Party::Agent, Command::NotifyTransfer { status });
        }
        self.observe(Observation::TransferFinished { status });
    }

    fn leg_ended(&mut self, now: Instant, party: Party, cause: EndCause) {
        let (open, answered) = (self.leg(party).is_open(), self.leg(party).is_up());
        self.close_stretch(now, party);
        if let Some(counters) = self.leg(party).end() {
            self.packets.add(counters);
        }
        if self.linger_until.is_some() {
            return self.finish_when_over(now);
        }
        if !open {
            // We had left it.
            return;
        }
        match (party, answered) {
            (Party::Agent, false) => {
                self.failure = Some(match cause {
                    EndCause::Refused(status) => Failure::Refused(status),
                    _ => Failure::NotAnswered,
                });
                self.over(now, EndedBy::Nobody);
            }
            (Party::Operator, false) => {
                let status = match cause {
                    EndCause::Refused(status) => status,
                    EndCause::Unreachable => 503,
                    _ => 408,
                };
                self.transfer_outcome(status);
                if !self.agent.is_up() {
                    self.failure = Some(Failure::Refused(status));
                    return self.over(now, EndedBy::Nobody);
                }
                self.floor = Floor::Listening { since: now, began: None };
            }
            // The agent leaves after a transfer, or while the operator's telephone rings: the call goes on.
            (Party::Agent, true) if self.talking_to == Party::Operator || self.operator.is_calling() => {}
            (_, true) => {
                if matches!(cause, EndCause::Timeout | EndCause::NoAck) {
                    self.failure = Some(Failure::FarEndLost);
                    return self.over(now, EndedBy::Nobody);
                }
                self.over(now, if party == Party::Agent { EndedBy::Agent } else { EndedBy::Operator });
            }
        }
    }

    fn hang_up(&mut self, now: Instant, by: EndedBy) {
        self.close_stretch(now, Party::Agent);
        self.close_stretch(now, Party::Operator);
        self.over(now, by);
    }

    /// The call is over for us: leave every leg and wait for the confirmations.
    fn over(&mut self, now: Instant, by: EndedBy) {
        if self.linger_until.is_none() {
            self.linger_until = Some(now + LINGER);
            self.ended_by = by;
            self.ended = Some(now);
            if self.first_audio.is_none() && self.answered.is_some() {
                self.failure.get_or_insert(Failure::NoAudio);
            }
            self.observe(Observation::Ended { by });
        }
        for party in [Party::Agent, Party::Operator] {
            if self.leg(party).is_open() {
                self.command(party, Command::HangUp);
                self.leg(party).leave();
            }
        }
        self.finish_when_over(now);
    }

    fn finish_when_over(&mut self, now: Instant) {
        let left = [&self.agent, &self.operator].into_iter().any(|leg| matches!(leg.stage, Stage::Leaving(_)));
        let given_up = self.linger_until.is_some_and(|until| until <= now);
        if self.done || (left && !given_up) {
            return;
        }
        for party in [Party::Agent, Party::Operator] {
            if let Some(counters) = self.leg(party).end() {
                self.packets.add(counters);
            }
        }
        self.done = true;
        self.outputs.push_back(Output::Done);
    }
}

fn local_media(settings: &Settings, address: SocketAddr) -> LocalMedia {
    LocalMedia {
        address,
        codecs: settings.codecs.clone(),
        session_id: settings.seed >> 1,
        session_version: 1,
        security: Security::default(),
    }
}
