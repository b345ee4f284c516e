//! No dead end, proved by walking the dialplan as a graph.
//!
//! A caller stands at a topic. Some ways lead on by themselves: `Ensuite`, `Après N échecs`, what follows a transfer that
//! nobody answers. The others are chosen: rules, `Partout`, the keypad menu. Shown here, in every language, for transfers that
//! all fail (the worst case: closed, busy, no answer):
//!
//! 1. ways that lead on by themselves never run in a circle, so each ends at a question, a request or a goodbye;
//! 2. silence and failures, which take only such ways and then that to the operator, end there too;
//! 3. where nobody answers, something is left: a request, a message, or at least a number to call;
//! 4. from every question some sequence of keys leads to a human, a request or a goodbye.
//!
//! Every topic and every action is a start, so what holds for each holds for every path.

use std::collections::BTreeSet;

use super::{Findings, is_special};
use crate::dialplan::{Action, Dialplan, DirectoryId, Language, LanguagePlan, Location, Topic, TopicId, Trigger};

/// Topics heard one after the other without a word of the caller's; the dialogue stops at the next one.
const MOST_IN_A_ROW: usize = 7;

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    let mut walk = Walk { dialplan, reported: BTreeSet::new() };
    for (language, plan) in dialplan.plans.iter().enumerate() {
        for (id, topic) in plan.iter() {
            walk.leads_on(Place { language, topic: id }, topic, findings);
            walk.failures(Place { language, topic: id }, topic, findings);
        }
        walk.nobody(language, plan, findings);
        walk.keys(language, plan, findings);
    }
}

/// A topic of one of the languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    language: usize,
    topic: TopicId,
}

/// Where ways that lead on by themselves end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// A question of this topic.
    Asks(Place),
    /// A question of the dialogue's own, to be answered by yes or no, or freely.
    AsksOpenly,
    /// A form: what the caller leaves is kept.
    Request,
    Goodbye,
    /// Nobody can be reached, nothing can be left and there is no number to call.
    Nothing,
    /// Topics that follow each other for ever.
    Circle(Vec<Place>),
    /// More topics in a row than the dialogue says.
    TooLong,
    /// It neither says nor asks anything: "répéter" after an answer.
    Stays,
}

struct Walk<'a> {
    dialplan: &'a Dialplan,
    /// Circles told already.
    reported: BTreeSet<Vec<Place>>,
}

impl Walk<'_> {
    fn plan(&self, language: usize) -> &LanguagePlan {
        &self.dialplan.plans[language]
    }

    fn at(&self, place: Place) -> &Topic {
        self.plan(place.language).topic(place.topic)
    }

    /// Where a caller ends who enters this topic and does nothing.
    fn enter(&self, place: Place, path: &mut Vec<Place>) -> End {
        if let Some(start) = path.iter().position(|known| *known == place) {
            return End::Circle(path[start..].to_vec());
        }
        path.push(place);
        if path.len() > MOST_IN_A_ROW {
            return End::TooLong;
        }
        let topic = self.at(place);
        let plan = self.plan(place.language);
        if !topic.slots.is_empty() || topic.confirm.is_some() {
            return End::Request;
        }
        if topic.record.is_none() && (is_special(plan, place.topic) || !topic.rules.is_empty()) {
            return End::Asks(place);
        }
        match &topic.next {
            Some(next) => self.act(place.language, next, path),
            None if topic.record.is_some() => End::Request,
            None => self.anything_else(place.language, path),
        }
    }

    fn anything_else(&self, language: usize, path: &mut Vec<Place>) -> End {
        match self.plan(language).anything_else {
            Some(topic) => self.enter(Place { language, topic }, path),
            None => End::AsksOpenly,
        }
    }

    fn act(&self, language: usize, action: &Action, path: &mut Vec<Place>) -> End {
        match action {
            Action::GoTo(topic) => self.enter(Place { language, topic: *topic }, path),
            Action::Offer(_) => End::AsksOpenly,
            Action::Transfer(entry) => self.nobody_answers(language, *entry, path, &mut Vec::new()),
            Action::Repeat | Action::SlowDown => End::Stays,
            Action::SwitchLanguage(other) => self.switch(language, other, path),
            Action::HangUp => End::Goodbye,
            Action::Voicemail(_) => self.call_back(language),
        }
    }

    /// The same topic in the other language, else its welcome.
    fn switch(&self, language: usize, other: &Language, path: &mut Vec<Place>) -> End {
        let Some(index) = self.dialplan.plans.iter().position(|plan| plan.language == *other) else {
            return End::Stays;
        };
        let there = self.plan(index);
        let pair = path.last().filter(|place| place.language == language).and_then(|place| {
            let topic = self.at(*place);
            there.find(&topic.service, &topic.slug)
        });
        self.enter(Place { language: index, topic: pair.unwrap_or(there.welcome) }, path)
    }

    /// What follows a transfer that fails. `tried`: those who did not answer either.
    fn nobody_answers(
        &self,
        language: usize,
        entry: DirectoryId,
        path: &mut Vec<Place>,
        tried: &mut Vec<DirectoryId>,
    ) -> End {
        if tried.contains(&entry) {
            // The dialogue gives up at the second failure and says goodbye.
            return self.call_back(language);
        }
        tried.push(entry);
        match &self.dialplan.entry(entry).fallback {
            Some(Action::Transfer(other)) => self.nobody_answers(language, *other, path, tried),
            Some(Action::GoTo(topic)) => match self.in_language(language, *topic) {
                Some(topic) => self.enter(Place { language, topic }, path),
                None => self.call_back(language),
            },
            Some(Action::HangUp) => End::Goodbye,
            Some(Action::Offer(topic)) if self.in_language(language, *topic).is_some() => End::AsksOpenly,
            _ => self.call_back(language),
        }
    }

    /// A call-back request is offered, else the number said.
    fn call_back(&self, language: usize) -> End {
        match self.plan(language).call_back_form() {
            Some(_) => End::Request,
            None if self.dialplan.number.is_some() => End::AsksOpenly,
            None => End::Nothing,
        }
    }

    /// Topics of the directory are those of the first language.
    fn in_language(&self, language: usize, topic: TopicId) -> Option<TopicId> {
        if language == 0 {
            return Some(topic);
        }
        let first = self.plan(0).topic(topic);
        self.plan(language).find(&first.service, &first.slug)
    }

    /// What a topic leads to by itself.
    fn leads_on(&mut self, place: Place, topic: &Topic, findings: &mut Findings) {
        let end = self.enter(place, &mut Vec::new());
        self.tell(&end, topic.location, findings);
        // A form goes on after it has been kept, and starts anew: "Ensuite" must not lead back to it at once.
        if let (End::Request, Some(next)) = (end, &topic.next) {
            let mut path = Vec::new();
            let end = self.act(place.language, next, &mut path);
            let end = if path.contains(&place) { End::Circle(vec![place]) } else { end };
            self.tell(&end, topic.location, findings);
        }
        for rule in &topic.rules {
            // "Répéter" is a fine answer to a key.
            let end = self.act(place.language, &rule.action, &mut vec![place]);
            if end == End::Nothing {
                self.tell(&end, rule.location, findings);
            }
        }
    }

    /// `Après N échecs`, from question to question.
    fn failures(&mut self, start: Place, topic: &Topic, findings: &mut Findings) {
        if topic.after_failures.is_none() {
            return;
        }
        let mut place = start;
        let mut passed = Vec::new();
        while let Some((_, action)) = &self.at(place).after_failures {
            if let Some(first) = passed.iter().position(|known| *known == place) {
                let end = End::Circle(passed[first..].to_vec());
                return self.tell(&end, topic.location, findings);
            }
            passed.push(place);
            match self.act(place.language, action, &mut Vec::new()) {
                End::Asks(next) => place = next,
                end => return self.tell(&end, topic.location, findings),
            }
        }
    }

    /// Where nobody answers, something is left.
    fn nobody(&mut self, language: usize, plan: &LanguagePlan, findings: &mut Findings) {
        let Some(operator) = self.dialplan.operator() else {
            return;
        };
        let has_form = plan.topics.iter().any(|topic| !topic.slots.is_empty());
        let end = if has_form || self.dialplan.number.is_some() {
            self.nobody_answers(language, operator, &mut Vec::new(), &mut Vec::new())
        } else {
            End::Nothing
        };
        self.tell(&end, plan.topic(plan.welcome).location, findings);
    }

    /// Callers who cannot be heard: from every question, keys lead to a human, a request or a goodbye.
    fn keys(&self, language: usize, plan: &LanguagePlan, findings: &mut Findings) {
        for (id, topic) in plan.iter() {
            let place = Place { language, topic: id };
            if self.enter(place, &mut Vec::new()) == End::Asks(place) && !self.has_exit_by_keys(place) {
                findings.error(
                    topic.location,
                    format!("au clavier, on ne sort pas de « {} »", topic.title),
                    "ajoutez une touche qui transfère, qui note une demande ou qui raccroche",
                );
            }
        }
    }

    fn has_exit_by_keys(&self, start: Place) -> bool {
        let mut seen = BTreeSet::from([start]);
        let mut open = vec![start];
        while let Some(place) = open.pop() {
            for action in self.actions_by_key(place) {
                if let Action::Transfer(entry) = action
                    && self.dialplan.entry(*entry).extension.is_some()
                {
                    return true;
                }
                match self.act(place.language, action, &mut vec![place]) {
                    End::Request | End::Goodbye => return true,
                    End::Asks(next) if seen.insert(next) => open.push(next),
                    _ => {}
                }
            }
        }
        false
    }

    /// What each key does at this question: its own rules, `Partout`, then the menu's where the question is an open one.
    fn actions_by_key(&self, place: Place) -> Vec<&Action> {
        let plan = self.plan(place.language);
        let own = &self.at(place).rules;
        let is_open = place.topic == plan.welcome || Some(place.topic) == plan.anything_else;
        let menu = plan.keypad_menu.filter(|_| is_open).map_or(&[][..], |menu| &plan.topic(menu).rules);
        let mut keys = BTreeSet::new();
        let mut actions = Vec::new();
        for rule in own.iter().chain(&plan.everywhere).chain(menu) {
            for trigger in &rule.triggers {
                if let Trigger::Key(key) = trigger
                    && keys.insert(*key)
                {
                    actions.push(&rule.action);
                }
            }
        }
        actions
    }

    fn tell(&mut self, end: &End, at: Location, findings: &mut Findings) {
        match end {
            End::Asks(_) | End::AsksOpenly | End::Request | End::Goodbye => {}
            End::Nothing => findings.error(
                at,
                "quand personne ne répond, l'appelant n'a aucune issue",
                "écrivez un sujet « Demande de rappel » avec « Enregistrer : demande de rappel », ou donnez à la mairie son \
                 « - Numéro : »",
            ),
            End::Circle(places) => {
                let mut known = places.clone();
                known.sort();
                if self.reported.insert(known) {
                    let titles: Vec<String> =
                        places.iter().chain(places.first()).map(|place| self.at(*place).title.clone()).collect();
                    findings.error(
                        at,
                        format!("ces sujets tournent en rond : {}", titles.join(" → ")),
                        "faites mener l'un d'eux à « Autre chose », à une demande ou à un service de l'annuaire",
                    );
                }
            }
            End::TooLong => findings.error(
                at,
                format!("plus de {MOST_IN_A_ROW} sujets s'enchaînent sans que l'appelant puisse parler"),
                "posez une question entre eux, ou réunissez-les",
            ),
            End::Stays => findings.error(
                at,
                "cette suite ne mène nulle part",
                "écrivez « aller à », « proposer », « transférer à » ou « raccrocher »",
            ),
        }
    }
}
