//! The calls without sound: what the caller says is what the town understands, and the other way round. Who fails here fails by
//! understanding or by the conversation, not by the ear.
//!
//! Owns: a caller and a dialogue in the same room. Must not know: sound, SIP, how calls are judged.

use jiff::civil::DateTime;

use crate::dialogue::{Dialogue, Input, Output};
use crate::dialplan::Dialplan;
use crate::rtp::Key;
use crate::simulate::person::{Act, Person};
use crate::simulate::scenario::{Operator, Scenario};
use crate::simulate::verdict::Happened;

/// Inputs of one call, at most: a call that goes round in circles ends.
const MOST_INPUTS: usize = 200;
/// As Whisper gives for clear speech.
const CONFIDENCE: f32 = 0.9;
const OK: u16 = 200;
const BUSY: u16 = 486;
const NO_ANSWER: u16 = 480;

/// A call that is over.
pub struct Typed {
    pub happened: Happened,
    /// What the caller said, and what the town said to it.
    pub conversation: Vec<(String, String)>,
}

struct Room<'a> {
    dialogue: Dialogue,
    plan: &'a Dialplan,
    operator: Operator,
    at: DateTime,
    inputs: usize,
    ended: bool,
    /// Said since the caller spoke last.
    said: String,
    happened: Happened,
}

pub fn play(scenario: &Scenario, mut person: Person, dialogue: Dialogue, plan: &Dialplan, at: DateTime) -> Typed {
    let operator = scenario.operator;
    let (said, happened) = (String::new(), Happened::default());
    let mut room = Room { dialogue, plan, operator, at, inputs: 0, ended: false, said, happened };
    let mut conversation = Vec::new();
    let mut words = String::new();
    room.take(Input::Started { caller_number: scenario.number.clone() });
    // Before anything is said, as in a spoken call.
    let mut over = person.interrupts();
    loop {
        if let Some(text) = over.take() {
            room.take(Input::SpeechInterrupted { heard: 0, had_begun: true });
            conversation.push((std::mem::replace(&mut words, text.clone()), std::mem::take(&mut room.said)));
            room.take(Input::Heard { text, confidence: CONFIDENCE });
        }
        room.finish();
        let reply = std::mem::take(&mut room.said);
        room.happened.heard.push(' ');
        room.happened.heard.push_str(&reply);
        conversation.push((std::mem::take(&mut words), reply.clone()));
        if room.ended {
            break;
        }
        match person.heard(&reply) {
            Act::Say(text) => {
                words.clone_from(&text);
                room.take(Input::Heard { text, confidence: CONFIDENCE });
            }
            Act::Keys(keys) => {
                words.clone_from(&keys);
                keys.chars().for_each(|key| room.take(Input::Key(Key(key))));
                room.take(Input::KeysPaused);
            }
            Act::Wait => room.take(Input::Silence),
            Act::HangUp => break,
        }
        over = person.interrupts();
    }
    room.happened.asked_back = person.asked_back;
    Typed { happened: room.happened, conversation }
}

impl Room<'_> {
    fn take(&mut self, input: Input) {
        self.inputs += 1;
        if self.inputs > MOST_INPUTS {
            self.ended = true;
        }
        if self.ended {
            return;
        }
        self.dialogue.handle_input(self.at, input);
        let mut transferred = None;
        while let Some(output) = self.dialogue.poll_output() {
            match output {
                Output::Say(prompt) => {
                    self.said.push(' ');
                    self.said.push_str(&prompt.sentences.join(" "));
                }
                Output::Transfer(entry) => transferred = Some(entry),
                Output::Save(request) => self.happened.requests.push((request.kind, request.fields)),
                Output::HangUp => self.ended = true,
                Output::Listen(_) | Output::Note(_) => {}
            }
        }
        let Some(entry) = transferred else { return };
        let status = match self.operator {
            Operator::Answers => OK,
            Operator::Busy => BUSY,
            Operator::Absent => NO_ANSWER,
        };
        if status == OK {
            self.happened.reached = self.plan.directory.get(entry.0).and_then(|entry| entry.extension.clone());
            self.ended = true;
        } else {
            self.take(Input::TransferFinished { status });
        }
    }

    /// All of it is heard to its end.
    fn finish(&mut self) {
        self.take(Input::SpeechFinished);
    }
}
