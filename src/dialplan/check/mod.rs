//! What a careful reader would object to in a dialplan that parses: dead ends, questions the keypad cannot answer,
//! wordings that clash, facts that have grown old. One file a concern.

mod exits;
mod freshness;
mod pronunciation;
mod questions;
mod reach;
mod translation;
mod values;
mod wording;

#[cfg(test)]
mod tests;

use jiff::civil::Date;

use super::{Action, Condition, Dialplan, LanguagePlan, Location, Problem, Severity, Speech, Topic};

pub use pronunciation::check_pronunciation;

/// Everything there is to object to, in the order of the files. `today` is the local date.
pub fn check(dialplan: &Dialplan, today: Date) -> Vec<Problem> {
    let mut findings = Findings::default();
    reach::check(dialplan, &mut findings);
    exits::check(dialplan, &mut findings);
    questions::check(dialplan, &mut findings);
    values::check(dialplan, &mut findings);
    translation::check(dialplan, &mut findings);
    wording::check(dialplan, &mut findings);
    freshness::check(dialplan, today, &mut findings);
    let mut problems = findings.problems;
    problems.sort_by_key(|problem| (problem.location.file, problem.location.start));
    problems
}

#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    fn error(&mut self, at: Location, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Error, at, message.into(), remedy.into());
    }

    fn warning(&mut self, at: Location, message: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Warning, at, message.into(), remedy.into());
    }

    fn push(&mut self, severity: Severity, location: Location, message: String, remedy: String) {
        self.problems.push(Problem { severity, location, message, remedy: Some(remedy) });
    }
}

/// Everything a topic may say.
fn speeches(topic: &Topic) -> impl Iterator<Item = &Speech> {
    let questions = topic.slots.iter().map(|slot| &slot.question);
    topic.say.iter().chain(questions).chain(&topic.confirm).chain(&topic.on_silence)
}

/// Which places the conditions of a topic's answers ask about may be open or closed, in every combination: what holds then.
fn situations(topic: &Topic) -> Vec<Vec<Condition>> {
    let mut asked: Vec<[Condition; 2]> = Vec::new();
    for speech in &topic.say {
        let both = match speech.condition {
            Condition::Always => continue,
            Condition::IfOpen | Condition::IfClosed => [Condition::IfOpen, Condition::IfClosed],
            Condition::EntryOpen(id) | Condition::EntryClosed(id) => {
                [Condition::EntryOpen(id), Condition::EntryClosed(id)]
            }
        };
        if !asked.contains(&both) && asked.len() < MOST_PLACES {
            asked.push(both);
        }
    }
    asked.iter().fold(vec![Vec::new()], |known, both| {
        known.iter().flat_map(|held| both.iter().map(move |one| [held.as_slice(), &[*one]].concat())).collect()
    })
}

/// Places whose hours one topic may ask about, for the combinations to stay few.
const MOST_PLACES: usize = 6;

/// The answers of a topic in this situation.
fn said<'a>(topic: &'a Topic, situation: &'a [Condition]) -> impl Iterator<Item = &'a Speech> {
    topic.say.iter().filter(|s| s.condition == Condition::Always || situation.contains(&s.condition))
}

/// Every action of a topic, with its place.
fn actions(topic: &Topic) -> impl Iterator<Item = (&Action, Location)> {
    let rules = topic.rules.iter().map(|rule| (&rule.action, rule.location));
    let after = topic.after_failures.as_ref().map(|(_, action)| (action, topic.location));
    let next = topic.next.as_ref().map(|action| (action, topic.location));
    rules.chain(after).chain(next)
}

/// Topics that are reached without being named: welcome, keypad menu, anything else.
fn is_special(plan: &LanguagePlan, id: super::TopicId) -> bool {
    id == plan.welcome || Some(id) == plan.keypad_menu || Some(id) == plan.anything_else
}
