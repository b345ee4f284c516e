//! What may be heard next: what kind of answer, and words that help the recogniser.

use crate::dialplan::{Slot, SlotKind, Trigger};
use crate::turn::Answer;

use super::speak::small_first;
use super::state::{FormStep, Stage};
use super::{Dialogue, Expectation};

/// Longest prompt for the recogniser, in characters: longer ones cost time.
const LONGEST_PROMPT: usize = 200;

/// How a prompt ends where yes or no answers: as an example of such answers. Whisper takes the end of its prompt for what was said
/// last; with these words at its beginning it hears five of eight short answers as something else or nothing, so it hears all
/// (docs/recogniser.md).
const YES_NO: [(&str, &str); 2] =
    [("fr", "Oui. Non. Oui. D'accord. Non."), ("en", "Yes. No. Yes, please. All right. No.")];

impl Dialogue {
    pub(super) fn expectation(&self) -> Expectation {
        let mut words: Vec<String> = Vec::new();
        // What the prompt ends with.
        let mut examples: Vec<String> = Vec::new();
        let mut digits = false;
        let answer = match &self.stage {
            _ if self.is_reading() => Answer::YesNo,
            Stage::Confirming(_) | Stage::Proposing(_) => Answer::YesNo,
            Stage::Offering(topics) => {
                examples.extend(topics.iter().map(|t| self.title(*t)));
                examples.push("autre chose".to_owned());
                Answer::Choice(examples.clone())
            }
            Stage::Asking(Some(id)) => match self.topic(*id) {
                Some(topic) if !topic.rules.is_empty() && self.is_closed_question(*id) => {
                    let phrases = topic.rules.iter().flat_map(|r| &r.triggers).filter_map(|trigger| match trigger {
                        Trigger::Phrase(phrase) => Some(phrase.words().join(" ")),
                        _ => None,
                    });
                    examples.extend(phrases);
                    Answer::Choice(examples.clone())
                }
                _ => Answer::Open,
            },
            Stage::Filling(form) => match (&form.at, self.topic(form.topic)) {
                (FormStep::Slot { index, .. }, Some(topic)) => match topic.slots.get(*index) {
                    Some(slot) => {
                        digits = super::slots::takes_digits(slot.kind);
                        Self::slot_answer(slot, &mut examples)
                    }
                    None => Answer::Open,
                },
                // A correction may hold a number: "non, 06 13 …".
                (FormStep::Confirm | FormStep::Correct | FormStep::Check { .. }, _) => Answer::Confirmation,
                _ => Answer::Open,
            },
            _ => Answer::Open,
        };
        if !digits {
            self.add_general_words(&mut words);
        }
        let language = self.language();
        let mut end = as_answers(&examples);
        if self.may_answer_yes_or_no(&answer)
            && let Some((_, yes_no)) = YES_NO.iter().find(|(spoken, _)| *spoken == language.0)
        {
            end.push_str(if end.is_empty() { "" } else { " " });
            end.push_str(yes_no);
        }
        Expectation { language, answer, prompt: ending_with(&words, &end), digits }
    }

    /// Yes or no answers the question, if not by itself.
    fn may_answer_yes_or_no(&self, answer: &Answer) -> bool {
        match answer {
            Answer::YesNo | Answer::Confirmation => true,
            Answer::Choice(_) => matches!(&self.stage, Stage::Asking(Some(id)) if self.topic(*id).is_some_and(|topic| {
                topic.rules.iter().flat_map(|rule| &rule.triggers).any(|trigger| *trigger == Trigger::Yes)
            })),
            _ => false,
        }
    }

    /// What answers a form's question, with the answers that are likely then.
    fn slot_answer(slot: &Slot, examples: &mut Vec<String>) -> Answer {
        match slot.kind {
            SlotKind::YesNo => Answer::YesNo,
            SlotKind::Choice => {
                examples.extend(slot.options.iter().map(|o| o.phrase.written.clone()));
                Answer::Choice(examples.clone())
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

/// "Le matin. L'après-midi.": as many as fit.
fn as_answers(examples: &[String]) -> String {
    let mut answers = String::new();
    for example in examples.iter().map(|example| example.trim()).filter(|example| !example.is_empty()) {
        if answers.chars().count() + example.chars().count() + 2 > LONGEST_PROMPT / 2 {
            break;
        }
        answers.push_str(if answers.is_empty() { "" } else { " " });
        let mut letters = example.chars();
        answers.extend(letters.next().into_iter().flat_map(char::to_uppercase).chain(letters));
        answers.push('.');
    }
    answers
}

/// The words, as many as the end leaves room for, and the end.
fn ending_with(words: &[String], end: &str) -> String {
    let words = bounded(words, LONGEST_PROMPT.saturating_sub(end.chars().count()));
    match (words.as_str(), end) {
        ("", _) => end.to_owned(),
        (_, "") => words,
        _ => format!("{words} {end}"),
    }
}

/// Words joined by commas up to the bound, each whole and once.
fn bounded(words: &[String], longest: usize) -> String {
    let mut prompt = String::new();
    let mut length = 0;
    for (i, word) in words.iter().enumerate() {
        let word = word.trim();
        if word.is_empty() || words[..i].iter().any(|w| w.trim().eq_ignore_ascii_case(word)) {
            continue;
        }
        let more = word.chars().count() + 2;
        if length + more > longest {
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
        let prompt = bounded(&words, LONGEST_PROMPT);
        assert!(prompt.chars().count() <= LONGEST_PROMPT + 1, "{prompt}");
        assert_eq!(prompt.matches("sujet 1,").count(), 1);
        assert_eq!(bounded(&[], LONGEST_PROMPT), "");
    }

    #[test]
    fn prompts_end_with_answers() {
        let options = ["le matin".to_owned(), "l'après-midi".to_owned()];
        assert_eq!(as_answers(&options), "Le matin. L'après-midi.");
        assert_eq!(ending_with(&["mairie".to_owned()], "Oui. Non."), "mairie. Oui. Non.");
        assert_eq!(ending_with(&[], "Oui. Non."), "Oui. Non.");
        assert_eq!(ending_with(&["mairie".to_owned()], ""), "mairie.");
        let many: Vec<String> = (0..90).map(|i| format!("choix {i}")).collect();
        let prompt = ending_with(&many, &as_answers(&many));
        assert!(prompt.chars().count() <= LONGEST_PROMPT + 2 && prompt.ends_with('.'), "{prompt}");
    }
}
