//! What a careful reader would object to in a dialplan that parses: dead ends, questions the keypad cannot answer,
//! wordings that clash, facts that have grown old. One file a concern.

mod freshness;
mod questions;
mod reach;
mod wording;

#[cfg(test)]
mod tests;

use jiff::civil::Date;

use super::{Action, Dialplan, LanguagePlan, Location, Problem, Severity, Topic};

/// Everything there is to object to, in the order of the files. `today` is the local date.
pub fn check(dialplan: &Dialplan, today: Date) -> Vec<Problem> {
    let mut findings = Findings::default();
    reach::check(dialplan, &mut findings);
    questions::check(dialplan, &mut findings);
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
