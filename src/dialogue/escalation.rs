//! Finding a human, or the next best thing: the entry's fall-back, a call-back request, the number and the hours.

use std::sync::Arc;

use crate::dialplan::{Action, DirectoryId, Phrase, SlotKind, TopicId, fold};
use crate::understanding::Whom;
use crate::understanding::slots::{choice, yes_no};
use crate::understanding::text::Token;

use super::answers::name;
use super::phrases::PhraseId;
use super::speak::Moment;
use super::state::{Form, Stage, Unreachable};
use super::{Dialogue, Note, Output};

/// When nobody could be reached so often in one call, what is known is kept and the call ends politely.
const MOST_DEAD_ENDS: u8 = 2;
/// A busy line may be tried once more than a closed one.
const MOST_FAILED_TRANSFERS: u8 = 3;

impl Dialogue {
    /// Failures lead to the operator.
    pub(super) fn escalate(&mut self) {
        match self.plan.operator() {
            Some(entry) => self.transfer(entry),
            None => self.unreachable(None, Unreachable::NoExtension),
        }
    }

    /// The caller asked for somebody.
    pub(super) fn asked_for_human(&mut self, entry: Option<DirectoryId>) {
        match entry.or_else(|| self.plan.operator()) {
            Some(entry) => self.transfer(entry),
            None => self.unreachable(None, Unreachable::NoExtension),
        }
    }

    /// "Je voudrais parler à l'état civil", "à madame Martin".
    pub(super) fn reach(&mut self, whom: &Whom, service: Option<TopicId>) {
        let reachable: Vec<DirectoryId> = whom.entries.iter().copied().filter(|e| self.is_reachable(*e)).collect();
        if let [first, others @ ..] = reachable.as_slice()
            && !others.is_empty()
        {
            for (id, entry) in std::iter::once((PhraseId::ReachFirst, first))
                .chain(others.iter().map(|entry| (PhraseId::ReachNext, entry)))
            {
                let name = self.plan.entry(*entry).name.clone();
                self.say_with(id, |_| Some(name.clone()));
            }
            self.stage = Stage::Proposing(Action::Transfer(*first));
            self.candidates = reachable;
            return;
        }
        let entry = self.entry_for(whom, service);
        self.asked_for_human(entry);
    }

    /// The entry meant. A service without a telephone of its own is reached through the operator.
    pub(super) fn entry_for(&self, whom: &Whom, service: Option<TopicId>) -> Option<DirectoryId> {
        let entry = whom.entries.first().copied().or_else(|| self.entry_of_service(service?));
        entry.filter(|entry| self.is_reachable(*entry))
    }

    fn is_reachable(&self, entry: DirectoryId) -> bool {
        let entry = self.plan.entry(entry);
        entry.extension.is_some() || entry.number.is_some() || entry.fallback.is_some()
    }

    /// Which of several entries the caller means, when they were asked; inside: `None` for the operator, after a no.
    pub(super) fn entry_chosen(&self, proposed: &Action, words: &[Token]) -> Option<Option<DirectoryId>> {
        let is_choice = self.candidates.len() > 1 && *proposed == Action::Transfer(self.candidates[0]);
        if !is_choice {
            return None;
        }
        let names: Vec<Phrase> = self.candidates.iter().map(|e| name(&self.plan.entry(*e).name)).collect();
        let chosen = choice::by_words(words, &names).or_else(|| choice::place(words, names.len()));
        match chosen {
            Some(index) => self.candidates.get(index).map(|entry| Some(*entry)),
            None => {
                let said: Vec<&str> = words.iter().map(|word| word.written.as_str()).collect();
                let answer = yes_no::read(&said.join(" "))?;
                (!answer.yes && answer.rest.is_empty()).then_some(None)
            }
        }
    }

    /// "Voulez-vous que je vous passe un agent ?"
    pub(super) fn propose_operator(&mut self, entry: Option<DirectoryId>) {
        match entry.or_else(|| self.plan.operator()) {
            Some(entry) => {
                self.say(PhraseId::ProposeOperator);
                self.stage = Stage::Proposing(Action::Transfer(entry));
            }
            None => self.offer_call_back(),
        }
    }

    /// The entry that bears the name of the topic's service.
    fn entry_of_service(&self, topic: TopicId) -> Option<DirectoryId> {
        let words = self.words()?;
        let service = &words.topics.get(topic.0)?.service;
        let plain = |name: &str| fold(&name.replace(['_', '-'], " "));
        let names = [Some(plain(service)), words.service_title(service).map(plain)];
        let found = self.plan.directory.iter().position(|entry| names.contains(&Some(plain(&entry.name))));
        found.map(DirectoryId)
    }

    pub(super) fn can_reach_operator(&self) -> bool {
        self.plan
            .operator()
            .is_some_and(|entry| self.plan.entry(entry).extension.is_some() && self.plan.entry_is_open(entry, self.at))
    }

    /// Hands the call over, when the entry has an extension and is open now.
    pub(super) fn transfer(&mut self, entry: DirectoryId) {
        let Some(target) = self.plan.directory.get(entry.0) else {
            return self.unreachable(None, Unreachable::NoExtension);
        };
        if !self.plan.entry_is_open(entry, self.at) {
            return self.unreachable(Some(entry), Unreachable::Closed);
        }
        if target.extension.is_none() {
            return self.unreachable(Some(entry), Unreachable::NoExtension);
        }
        if self.plan.operator() == Some(entry) {
            self.say(PhraseId::TransferOperator);
        } else {
            let service = target.name.clone();
            self.say_with(PhraseId::TransferService, |_| Some(service.clone()));
        }
        self.flush(false);
        self.note(Note::Escalated);
        self.put(Output::Transfer(entry));
        // Should nobody answer, a form under way goes on.
        self.suspend();
        self.stage = Stage::Transferring(entry);
    }

    pub(super) fn transfer_finished(&mut self, status: u16) {
        let Stage::Transferring(entry) = self.stage else {
            return;
        };
        if (200..300).contains(&status) {
            self.stage = Stage::Ended;
            return;
        }
        self.note(Note::TransferFailed(status));
        self.progress();
        self.stage = Stage::Asking(self.words().map(|w| w.welcome));
        self.unreachable(Some(entry), Unreachable::Failed(status));
    }

    /// Says why, then goes the other way.
    pub(super) fn unreachable(&mut self, entry: Option<DirectoryId>, why: Unreachable) {
        self.dead_ends = self.dead_ends.saturating_add(1);
        let most = match why {
            Unreachable::Failed(_) => MOST_FAILED_TRANSFERS,
            _ => MOST_DEAD_ENDS,
        };
        let last = self.dead_ends >= most;
        match why {
            Unreachable::Closed if last => {}
            Unreachable::Closed => {
                let next = self.next_opening(entry);
                self.say_with(PhraseId::Closed, |_| next.clone());
            }
            Unreachable::NoExtension => {
                self.say(PhraseId::NoExtension);
                if let Some(number) = entry.and_then(|e| self.plan.entry(e).number.clone()) {
                    self.say_with(PhraseId::ServiceNumber, |_| Some(number.clone()));
                }
            }
            Unreachable::Failed(486 | 600) => self.say(PhraseId::Busy),
            Unreachable::Failed(408 | 480 | 487) => self.say(PhraseId::NoAnswer),
            Unreachable::Failed(_) => self.say(PhraseId::TransferFailed),
        }
        if last {
            return self.give_up();
        }
        // What comes now is another question, with tries of its own; `dead_ends` bounds how often.
        self.progress();
        // In the middle of a request that somebody can answer by telephone, the request is the way.
        self.suspend();
        let plan = Arc::clone(&self.plan);
        let topics = plan.plans.get(self.language).map_or(&[][..], |words| &words.topics);
        let asks_number = |form: &mut Form| {
            topics.get(form.topic.0).is_some_and(|t| t.slots.iter().any(|slot| slot.kind == SlotKind::Telephone))
        };
        if let Some(form) = self.suspended.pop_if(asks_number) {
            return self.resume(form);
        }
        let fallback = entry.and_then(|e| self.plan.entry(e).fallback.clone());
        match fallback {
            Some(Action::Transfer(other)) if Some(other) != entry && self.dead_ends == 1 => self.transfer(other),
            Some(Action::GoTo(topic)) => match self.in_this_language(topic) {
                Some(topic) => self.enter(topic, None),
                None => self.offer_call_back(),
            },
            Some(Action::Voicemail(_)) => self.call_back_or_number(),
            Some(Action::HangUp) => self.goodbye(),
            Some(Action::Offer(topic)) if self.in_this_language(topic) != self.call_back_form() => {
                match self.in_this_language(topic) {
                    Some(topic) => self.perform(&Action::Offer(topic)),
                    None => self.offer_call_back(),
                }
            }
            // A service that can't be reached directly: the operator may help.
            None if why == Unreachable::NoExtension && self.can_reach_operator() && self.plan.operator() != entry => {
                self.escalate();
            }
            _ => self.offer_call_back(),
        }
    }

    /// Topics of the directory are those of the first language.
    fn in_this_language(&self, topic: TopicId) -> Option<TopicId> {
        if self.language == 0 {
            return Some(topic);
        }
        let found = self.plan.first_plan()?.topics.get(topic.0)?;
        self.words()?.find(&found.service, &found.slug)
    }

    fn next_opening(&self, entry: Option<DirectoryId>) -> Option<String> {
        let language = self.language();
        Moment { plan: &self.plan, language: &language, at: self.at, entry, slot: &|_| None }.next_opening()
    }

    /// The form that asks for a call back.
    pub(super) fn call_back_form(&self) -> Option<TopicId> {
        self.words()?.call_back_form()
    }

    fn offer_call_back(&mut self) {
        match self.call_back_form() {
            Some(form) => {
                self.say(PhraseId::OfferCallBack);
                self.stage = Stage::Proposing(Action::GoTo(form));
            }
            None => {
                self.say_number();
                self.ask_anything_else();
            }
        }
    }

    /// Takes a call-back request at once, or says the number.
    pub(super) fn call_back_or_number(&mut self) {
        match self.call_back_form() {
            Some(form) => self.enter(form, None),
            None => {
                self.say_number();
                self.ask_anything_else();
            }
        }
    }

    pub(super) fn say_number(&mut self) {
        let plan = Arc::clone(&self.plan);
        // While the town hall is open the next opening says nothing: that sentence is left out.
        let opening = if plan.is_open(self.at) { None } else { self.next_opening(None) };
        self.say_with(PhraseId::CallAgain, |name| match name {
            "numéro" => plan.number.clone(),
            _ => opening.clone(),
        });
    }

    /// Nobody can be reached and nothing is understood: what is known is kept, then the call ends politely.
    pub(super) fn give_up(&mut self) {
        if !self.save_what_is_known() {
            self.say_number();
        }
        self.goodbye();
    }
}
