//! What may be heard next: what kind of answer, and words that help the recogniser.

use crate::dialplan::{Slot, SlotKind, Trigger};
use crate::turn::Answer;

use super::speak::small_first;
use super::state::{FormStep, Stage};
use super::{Dialogue, Expectation};

/// Longest prompt for the recogniser, in characters: longer ones cost time.
const LONGEST_PROMPT: usize = 200;

impl Dialogue {
    pub(super) fn expectation(&self) -> Expectation {
        let mut words: Vec<String> = Vec::new();
        let mut digits = false;
        let answer = match &self.stage {
            _ if self.is_reading() => {
                words.push("Oui. Non. Continuez".to_owned());
                Answer::YesNo
            }
            Stage::Confirming(_) | Stage::Proposing(_) => {
                words.push("Oui. Non. D'accord".to_owned());
                Answer::YesNo
            }
            Stage::Offering(topics) => {
                words.extend(topics.iter().map(|t| self.title(*t)));
                words.push("autre chose".to_owned());
                Answer::Choice(words.clone())
            }
            Stage::Asking(Some(id)) => match self.topic(*id) {
                Some(topic) if !topic.rules.is_empty() && self.is_closed_question(*id) => {
                    words.push("Oui. Non".to_owned());
                    let phrases = topic.rules.iter().flat_map(|r| &r.triggers).filter_map(|trigger| match trigger {
                        Trigger::Phrase(phrase) => Some(phrase.words().join(" ")),
                        _ => None,
                    });
                    let options: Vec<String> = phrases.collect();
                    words.extend(options.iter().cloned());
                    Answer::Choice(options)
                }
                _ => Answer::Open,
            },
            Stage::Filling(form) => match (&form.at, self.topic(form.topic)) {
                (FormStep::Slot { index, .. }, Some(topic)) => match topic.slots.get(*index) {
                    Some(slot) => {
                        digits = super::slots::takes_digits(slot.kind);
                        Self::slot_answer(slot, &mut words)
                    }
                    None => Answer::Open,
                },
                // A correction may hold a number: "non, 06 13 …".
                (FormStep::Confirm | FormStep::Correct | FormStep::Check { .. }, _) => {
                    words.push("Oui. Non".to_owned());
                    Answer::Confirmation
                }
                _ => Answer::Open,
            },
            _ => Answer::Open,
        };
        if !digits {
            self.add_general_words(&mut words);
        }
        Expectation { language: self.language(), answer, prompt: bounded(&words), digits }
    }

    /// What answers a form's question, with the words that are likely then.
    fn slot_answer(slot: &Slot, words: &mut Vec<String>) -> Answer {
        match slot.kind {
            SlotKind::YesNo => {
                words.push("Oui. Non".to_owned());
                Answer::YesNo
            }
            SlotKind::Choice => {
                let options: Vec<String> = slot.options.iter().map(|o| o.phrase.written.clone()).collect();
                words.extend(options.iter().cloned());
                Answer::Choice(options)
            }
            // No digits as words: they double and fuse those that are dictated (docs/slots.md).
            SlotKind::Telephone => Answer::Telephone,
            SlotKind::PersonName => Answer::Name,
            SlotKind::Address => Answer::Address,
            SlotKind::Email => Answer::Email,
            SlotKind::FreeMessage => Answer::Message,
            SlotKind::Date => Answer::Date,
            SlotKind::Time => Answer::Time,
            SlotKind::Number => Answer::Number,
        }
    }

    /// The topic's rules answer a closed question.
    fn is_closed_question(&self, id: crate::dialplan::TopicId) -> bool {
        let built_in = self.words().is_some_and(|w| w.welcome == id || w.anything_else == Some(id));
        let by_word = |trigger: &Trigger| !matches!(trigger, Trigger::Key(_));
        !built_in && self.topic(id).is_some_and(|t| t.rules.iter().any(|r| r.triggers.iter().any(by_word)))
    }

    /// The town, the words the recogniser confuses most, then the open topic's and other titles.
    fn add_general_words(&self, words: &mut Vec<String>) {
        words.push(self.plan.name.clone());
        let Some(plan) = self.words() else {
            return;
        };
        if let Some(topic) = self.open {
            words.extend(plan.follow_ups(topic).map(|(_, t)| small_first(&t.title)).take(3));
        }
        if let Some(book) = self.phrases.book(&plan.language) {
            words.extend(book.words.iter().cloned());
        }
        let ordinary = plan.iter().filter(|(_, t)| t.parent.is_none() && !t.phrases.is_empty());
        words.extend(ordinary.map(|(_, t)| small_first(&t.title)));
    }
}

/// Words joined by commas up to the bound, each whole and once.
fn bounded(words: &[String]) -> String {
    let mut prompt = String::new();
    let mut length = 0;
    for (i, word) in words.iter().enumerate() {
        let word = word.trim();
        if word.is_empty() || words[..i].iter().any(|w| w.trim().eq_ignore_ascii_case(word)) {
            continue;
        }
        let more = word.chars().count() + 2;
        if length + more > LONGEST_PROMPT {
            continue;
        }
        if !prompt.is_empty() {
            prompt.push_str(", ");
        }
        prompt.push_str(word);
        length += more;
    }
    if !prompt.is_empty() {
        prompt.push('.');
    }
    prompt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_bounded_and_hold_no_word_twice() {
        let words: Vec<String> = (0..100).map(|i| format!("sujet {}", i % 40)).chain(["é".repeat(500)]).collect();
        let prompt = bounded(&words);
        assert!(prompt.chars().count() <= LONGEST_PROMPT + 1, "{prompt}");
        assert_eq!(prompt.matches("sujet 1,").count(), 1);
        assert_eq!(bounded(&[]), "");
    }
}
