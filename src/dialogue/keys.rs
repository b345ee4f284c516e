//! Keys of the telephone: the open question first, then `Partout`, then what always holds (0, #, *).

use std::sync::Arc;

use crate::dialplan::{Action, Rule, Trigger};
use crate::rtp::Key;

use super::Dialogue;
use super::phrases::PhraseId;
use super::state::Stage;

impl Dialogue {
    /// `true` when what may be heard next has to be told anew.
    pub(super) fn key(&mut self, key: Key) -> bool {
        self.someone_is_there = true;
        self.granted = 0;
        self.read_to_silence = 0;
        self.spoken.unheard.clear();
        // Keys choose among what has been read.
        self.unread.clear();
        let key = key.0.to_ascii_uppercase();
        if matches!(self.stage, Stage::Filling(_))
            && let Some(told_anew) = self.form_key(key)
        {
            return told_anew;
        }
        match self.stage.clone() {
            Stage::Confirming(topic) if key == '1' => self.enter_wished(topic),
            Stage::Confirming(_) if key == '2' => self.say_otherwise(),
            Stage::Proposing(action) if key == '1' => {
                self.progress();
                self.perform(&action);
            }
            Stage::Proposing(_) if key == '2' => {
                self.progress();
                self.ask_anything_else();
            }
            Stage::Offering(topics) if place(key, topics.len()).is_some() => {
                if let Some(topic) = place(key, topics.len()).and_then(|i| topics.get(i)) {
                    self.enter_wished(*topic);
                }
            }
            _ => self.key_anywhere(key),
        }
        true
    }

    fn say_otherwise(&mut self) {
        self.trouble.misunderstood += 1;
        if self.trouble.total() >= 2 {
            return self.escalate();
        }
        self.say(PhraseId::SayItOtherwise);
        self.stage = Stage::Asking(self.words().map(|w| w.welcome));
    }

    /// Rules of the topic that asks, `Partout`, the keypad menu where no other question is open, then what always holds.
    pub(super) fn key_anywhere(&mut self, key: char) {
        let plan = Arc::clone(&self.plan);
        let Some(words) = plan.plans.get(self.language) else {
            return;
        };
        let rules_of = |topic: Option<crate::dialplan::TopicId>| -> &[Rule] {
            topic.and_then(|id| words.topics.get(id.0)).map_or(&[], |t| &t.rules)
        };
        let (own, menu): (&[Rule], &[Rule]) = match &self.stage {
            Stage::Asking(topic) => {
                let open_question = topic.is_none() || *topic == Some(words.welcome) || *topic == words.anything_else;
                (rules_of(*topic), if open_question { rules_of(words.keypad_menu) } else { &[] })
            }
            _ => (&[], &[]),
        };
        let rule = [own, &words.everywhere, menu]
            .into_iter()
            .flatten()
            .find(|rule| rule.triggers.contains(&Trigger::Key(key)))
            .map(|rule| rule.action.clone());
        match (rule, key) {
            (Some(action), _) => {
                if !matches!(action, Action::Transfer(_) | Action::Repeat | Action::SlowDown) {
                    self.progress();
                }
                self.command_action(&action);
            }
            (None, '0') => self.asked_for_human(None),
            (None, '#' | '*') => self.repeat(),
            (None, _) => {
                self.say(PhraseId::UnknownKey);
                self.not_understood();
            }
        }
    }
}

fn place(key: char, count: usize) -> Option<usize> {
    let digit = key.to_digit(10)? as usize;
    (1..=count).contains(&digit).then(|| digit - 1)
}
