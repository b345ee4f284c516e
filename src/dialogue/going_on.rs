//! Who goes on speaking before they have heard anything of the answer had not finished.
//!
//! What came of the first part is taken back, and both parts are understood as one: "on veut monter une association" — "où est-ce
//! qu'il faut la déclarer ?". Owns: when that may be, and the conversation as it was before. Must not know: sound, how words are
//! understood.

use crate::understanding::text::LONGEST_TEXT;
use crate::understanding::{Decision, commands};

use super::correction::is_denial;
use super::{Dialogue, Output};

/// The conversation before the caller's last words, and these.
#[derive(Debug, Clone)]
pub(super) struct Before {
    dialogue: Dialogue,
    words: String,
}

impl Dialogue {
    /// What the caller has said in all: `text`, behind what it goes on from.
    pub(super) fn gone_on(&mut self, text: String) -> String {
        let goes_on = std::mem::take(&mut self.goes_on);
        let before = self.before.take();
        let before = before.filter(|before| {
            let is_short = before.words.len() + text.len() < LONGEST_TEXT;
            goes_on && is_short && before.dialogue.language == self.language && !self.stands_alone(&text)
        });
        let text = match before {
            Some(before) => {
                let Before { dialogue, words } = *before;
                let now = Self { at: self.at, outputs: std::mem::take(&mut self.outputs), ..dialogue };
                *self = Self { turn: self.turn, ..now };
                format!("{words} {text}")
            }
            None => text,
        };
        self.before = Some(Box::new(Before { dialogue: self.clone(), words: text.clone() }));
        text
    }

    /// After the caller's words: what has left the conversation can't be taken back, and no alarm is.
    pub(super) fn keep_what_is_final(&mut self) {
        let has_left =
            self.outputs.iter().any(|output| matches!(output, Output::Save(_) | Output::Transfer(_) | Output::HangUp));
        let is_alarm = self.before.as_ref().is_some_and(|before| before.dialogue.emergencies != self.emergencies);
        if has_left || is_alarm {
            self.before = None;
        }
    }

    /// Words that need none before them, and must not be lost among them.
    fn stands_alone(&self, text: &str) -> bool {
        commands::command(text).is_some()
            || is_denial(text)
            || self.interpret(text).is_none_or(|found| found.decision == Decision::Emergency)
    }
}
