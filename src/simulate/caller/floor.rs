//! Whose turn it is, and the caller's audio on both legs. PURE.

use std::net::SocketAddr;
use std::time::Instant;

use super::leg::Stage;
use super::outcome::{Stretch, Turn};
use super::{
    AGENT_LEAVES, AGENT_PATIENCE, BARGE_IN_AFTER, Caller, FAR_END_LOST, Floor, OPERATOR_PATIENCE, Observation, Output,
    RING_LIMIT,
};
use crate::simulate::ear::Heard;
use crate::simulate::handset::Said;
use crate::simulate::report::{EndedBy, Failure, Party, milliseconds};
use crate::simulate::script::Line;
use crate::sip::Command;

impl Caller {
    pub(super) fn handle_packet(&mut self, now: Instant, party: Party, source: SocketAddr, payload: &[u8]) {
        let Some(recording) = &mut self.recording else {
            return self.leg(party).keep_early(now, source, payload);
        };
        let leg = match party {
            Party::Agent => &mut self.agent,
            Party::Operator => &mut self.operator,
        };
        let heard = match &mut leg.stage {
            Stage::Up(handset) => handset.handle_packet(now, source, payload, recording),
            Stage::Calling { .. } => return leg.keep_early(now, source, payload),
            Stage::Unused | Stage::GivingUp | Stage::Leaving(_) | Stage::Over => None,
        };
        if let Some(heard) = heard {
            self.heard(party, heard);
        }
    }

    pub(super) fn heard(&mut self, party: Party, heard: Heard) {
        match heard {
            Heard::Started { first, previous } => {
                self.first_audio.get_or_insert(first);
                if let Some(turn) = self.turns.last_mut().filter(|turn| turn.party == party) {
                    turn.reply_began(first, previous);
                }
                if party == self.talking_to
                    && let Floor::Listening { began, .. } = &mut self.floor
                {
                    began.get_or_insert(first);
                }
                self.open_stretch(party, first, previous);
            }
            Heard::Finished { last } => {
                if let Some(turn) = self.turns.last_mut().filter(|turn| turn.party == party) {
                    turn.prompt_ended(last);
                }
                self.end_stretch(party, last);
            }
        }
    }

    /// The far end speaks from `first` on: of a new stretch, or going on with the one under way.
    pub(super) fn open_stretch(&mut self, party: Party, first: Instant, previous: Option<Instant>) {
        let turn = self.turns.iter().rposition(|turn| turn.party == party && turn.began(first));
        let under_way = self.stretches.iter().rposition(|stretch| stretch.party == party && stretch.to.is_none());
        match (under_way, previous) {
            (Some(index), _) if self.stretches[index].turn == turn => return,
            // A reply after a barge-in: the prompt that was cut ended before it.
            (Some(_), Some(previous)) => self.end_stretch(party, previous),
            (Some(_), None) => self.end_stretch(party, first),
            (None, _) => {}
        }
        let after_ms = match turn {
            Some(index) => self.turns[index].reply_started_after_ms(),
            None => self.leg(party).answered_at().map(|answered| milliseconds(answered, first)),
        };
        self.stretches.push(Stretch { party, turn, from: first, to: None, after_ms });
        self.observe(Observation::FarEndStarted { party, after_ms });
    }

    pub(super) fn end_stretch(&mut self, party: Party, last: Instant) {
        let Some(index) = self.stretches.iter().rposition(|stretch| stretch.party == party && stretch.to.is_none())
        else {
            return;
        };
        self.stretches[index].to = Some(last);
        let Stretch { turn, after_ms, .. } = self.stretches[index];
        let samples = self.recording.as_ref().map(|recording| self.stretches[index].samples(recording));
        let samples = samples.unwrap_or_default();
        self.observe(Observation::FarEndFinished { stretch: index, party, turn, after_ms, samples });
    }

    /// Ends what is being heard on a leg at once.
    pub(super) fn close_stretch(&mut self, now: Instant, party: Party) {
        let last = match &mut self.leg(party).stage {
            Stage::Up(handset) => handset.stop_listening(),
            _ => None,
        };
        self.end_stretch(party, last.unwrap_or(now));
    }

    pub(super) fn handle_time(&mut self, now: Instant) {
        for party in [Party::Agent, Party::Operator] {
            self.handle_leg_time(now, party);
        }
        self.take_floor(now);
        if let Some(until) = self.linger_until {
            if until <= now {
                self.finish_when_over(now);
            }
            return;
        }
        if self.dialled + self.settings.longest <= now {
            self.failure.get_or_insert(if self.answered.is_some() { Failure::TooLong } else { Failure::NotAnswered });
            return self.hang_up(now, EndedBy::Caller);
        }
        if self.far_end_lost_at().is_some_and(|at| at <= now) {
            let silent = self.first_audio.is_none();
            self.failure.get_or_insert(if silent { Failure::NoAudio } else { Failure::FarEndLost });
            return self.hang_up(now, EndedBy::Nobody);
        }
        if self.operator.ringing_since().is_some_and(|since| since + RING_LIMIT <= now) {
            self.operator.stage = Stage::GivingUp;
            self.command(Party::Operator, Command::HangUp);
        }
        if self.agent_leaves_at().is_some_and(|at| at <= now) {
            self.command(Party::Agent, Command::HangUp);
            self.agent.leave();
        }
    }

    pub(super) fn handle_leg_time(&mut self, now: Instant, party: Party) {
        let Some(recording) = &mut self.recording else { return };
        let leg = match party {
            Party::Agent => &mut self.agent,
            Party::Operator => &mut self.operator,
        };
        let Stage::Up(handset) = &mut leg.stage else { return };
        let said = handset.tick(now, recording);
        let heard = handset.hear_timeout(now);
        while let Some((destination, payload)) = handset.poll_packet() {
            self.outputs.push_back(Output::Packet { leg: party, destination, payload });
        }
        if let Some(said) = said {
            self.line_said(now, said);
        }
        if let Some(heard) = heard {
            self.heard(party, heard);
        }
    }

    pub(super) fn line_said(&mut self, now: Instant, said: Said) {
        let index = self.turns.len().saturating_sub(1);
        let Some(turn) = self.turns.last_mut() else { return };
        turn.said = said;
        self.observe(Observation::LineFinished { turn: index });
        if self.floor == Floor::Saying {
            // A reply that began while we spoke counts if it still goes on, or came after our last word.
            let hearing = self.is_hearing();
            let began =
                self.turns[index].reply_started.filter(|&began| hearing || said.last.is_some_and(|last| last < began));
            self.floor = Floor::Listening { since: now, began };
        }
    }

    pub(super) fn is_hearing(&self) -> bool {
        match (self.talking_to, &self.agent.stage, &self.operator.stage) {
            (Party::Agent, Stage::Up(handset), _) | (Party::Operator, _, Stage::Up(handset)) => {
                handset.ear().is_hearing()
            }
            _ => false,
        }
    }

    /// When the person speaks next, if nothing else happens.
    pub(super) fn speaks_at(&self) -> Option<Instant> {
        let Floor::Listening { since, began } = self.floor else { return None };
        if self.linger_until.is_some() {
            return None;
        }
        match began {
            Some(began) if self.settings.barge_in && self.talking_to == Party::Agent && !self.script.is_empty() => {
                Some(began + BARGE_IN_AFTER)
            }
            // Until the ear reports the end.
            Some(_) if self.is_hearing() => None,
            Some(began) => Some(began),
            None if self.is_hearing() => None,
            None if self.talking_to == Party::Operator => Some(since + OPERATOR_PATIENCE),
            None => Some(since + AGENT_PATIENCE),
        }
    }

    pub(super) fn take_floor(&mut self, now: Instant) {
        let Some(at) = self.speaks_at().filter(|&at| at <= now) else { return };
        let party = self.talking_to;
        let Some(line) = self.script.pop_front() else {
            // The operator's phone waits for us; the agent ends the call by itself.
            if !self.told && (self.settings.hang_up_after_last || party == Party::Operator) {
                return self.hang_up(now, EndedBy::Caller);
            }
            // `began` is forgotten, so that the next look is a patience away.
            self.floor = Floor::Listening { since: now.max(at), began: None };
            return;
        };
        self.say(now, line);
    }

    /// What to say next: at once, or when the far end has finished.
    pub(super) fn be_told(&mut self, now: Instant, line: Line) {
        self.script.push_back(line);
        if let Floor::Listening { began, .. } = &mut self.floor {
            began.get_or_insert(now);
        }
    }

    /// Begins a line now, whoever is speaking; before the call is answered there is nobody to say it to.
    pub(super) fn say(&mut self, now: Instant, line: Line) {
        if self.floor == Floor::Idle {
            return;
        }
        let party = self.talking_to;
        let over_prompt = self.is_hearing();
        let turn = self.turns.len();
        self.turns.push(Turn::new(line.label, party, now, over_prompt));
        self.floor = Floor::Saying;
        if let Stage::Up(handset) = &mut self.leg(party).stage {
            handset.say(line.action);
        }
        self.observe(Observation::LineStarted { turn, party });
    }

    pub(super) fn far_end_lost_at(&self) -> Option<Instant> {
        let leg = match self.talking_to {
            Party::Agent => &self.agent,
            Party::Operator => &self.operator,
        };
        match &leg.stage {
            Stage::Up(handset) if !self.operator.is_calling() => Some(handset.last_packet() + FAR_END_LOST),
            _ => None,
        }
    }

    /// After a successful transfer: when we leave the agent, who should have left us.
    pub(super) fn agent_leaves_at(&self) -> Option<Instant> {
        match &self.operator.stage {
            Stage::Up(_) if self.agent.is_up() => self.operator.answered_at().map(|at| at + AGENT_LEAVES),
            _ => None,
        }
    }

    pub(super) fn deadlines(&self) -> [Option<Instant>; 5] {
        if self.linger_until.is_some() {
            return [self.linger_until, None, None, None, None];
        }
        [
            Some(self.dialled + self.settings.longest),
            self.speaks_at(),
            self.far_end_lost_at(),
            self.operator.ringing_since().map(|since| since + RING_LIMIT),
            self.agent_leaves_at(),
        ]
    }
}
