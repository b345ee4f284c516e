//! Forms: the first empty slot is asked, one sentence may fill several, everything is read back, corrected, then saved.

use std::sync::Arc;

use crate::dialplan::{Slot, SlotKind, Topic, TopicId};
use crate::understanding::slots::address::Streets;
use crate::understanding::slots::{telephone, yes_no};
use crate::understanding::{Decision, Interpretation};

use super::check::needs_check;
use super::phrases::PhraseId;
use super::slots::{self, Dictated, Ear};
use super::speak::either;
use super::state::{Filled, Form, FormStep, Stage};
use super::{Dialogue, Note, Output, Request};

/// Failures in a row at one slot.
pub(super) const MOST_FAILURES: u8 = 2;
/// Longest run of typed digits.
const MOST_DIGITS: usize = 20;
/// A digression from a form must be this sure.
const SURE: f32 = 0.6;

impl Dialogue {
    /// Opens the form of a topic; `text` is what the caller said to get here.
    pub(super) fn start_form(&mut self, topic: TopicId, text: Option<&str>) {
        let plan = Arc::clone(&self.plan);
        let Some(found) = plan.plans.get(self.language).and_then(|w| w.topics.get(topic.0)) else {
            return;
        };
        let mut form = Form {
            topic,
            values: vec![None; found.slots.len()],
            at: FormStep::Slot { index: 0, digits: String::new() },
            failures: 0,
            refused: 0,
        };
        if let Some(text) = text {
            // "Rappelez-moi au 06 …, plutôt le matin": what is known already is not asked again.
            self.fill_in_passing(found, &mut form, text, None);
        }
        self.next_slot(found, form);
    }

    /// Asks about the first value that needs it, for the first empty slot, or confirms, or saves.
    pub(super) fn next_slot(&mut self, topic: &Topic, mut form: Form) {
        form.failures = 0;
        if let Some(index) = form.values.iter().position(|value| needs_check(topic, value.as_ref())) {
            return self.check(form, index, PhraseId::ConfirmValue);
        }
        match form.values.iter().position(Option::is_none) {
            Some(index) => {
                form.at = FormStep::Slot { index, digits: String::new() };
                let question = topic.slots[index].clone();
                self.stage = Stage::Filling(form);
                self.ask_slot(&question);
            }
            None if form.values.iter().flatten().any(Filled::is_skipped) => {
                // Something was never understood: what is known is kept, reading it back would only confuse.
                self.stage = Stage::Filling(form);
                if !self.save_what_is_known() {
                    self.say_number();
                }
                self.progress();
                self.ask_anything_else();
            }
            None => match &topic.confirm {
                Some(confirm) => {
                    form.at = FormStep::Confirm;
                    self.stage = Stage::Filling(form);
                    self.say_speech(confirm);
                }
                None => self.save(topic, &form),
            },
        }
    }

    fn ask_slot(&mut self, slot: &Slot) {
        self.say_speech(&slot.question);
        if slot.kind == SlotKind::Telephone && self.caller_number.is_some() {
            self.say(PhraseId::ThisNumber);
        }
    }

    /// The question of the slot under way, again.
    pub(super) fn ask_slot_again(&mut self) {
        let plan = Arc::clone(&self.plan);
        let Stage::Filling(form) = self.stage.clone() else {
            return;
        };
        let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(form.topic.0)) else {
            return;
        };
        match &form.at {
            FormStep::Slot { index, .. } => {
                if let Some(slot) = topic.slots.get(*index) {
                    self.ask_slot(slot);
                }
            }
            FormStep::Check { index } => {
                let index = *index;
                self.check(form, index, PhraseId::ConfirmValue);
            }
            FormStep::Confirm => {
                if let Some(confirm) = &topic.confirm {
                    self.say_speech(confirm);
                }
            }
            FormStep::Correct => self.ask_what_to_correct(topic),
        }
    }

    /// The town's streets, compared with once a form asks for an address.
    pub(super) fn streets(&mut self, kind: SlotKind) -> Arc<Streets> {
        if kind != SlotKind::Address {
            return Arc::default();
        }
        let plan = &self.plan;
        let make = || Arc::new(Streets::new(plan.streets.iter().map(String::as_str)));
        Arc::clone(self.streets.get_or_insert_with(make))
    }

    pub(super) fn form_heard(&mut self, text: &str, interpretation: &Interpretation) {
        let plan = Arc::clone(&self.plan);
        let Stage::Filling(mut form) = self.stage.clone() else {
            return;
        };
        let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(form.topic.0)) else {
            return;
        };
        match form.at.clone() {
            FormStep::Slot { index, digits } => {
                let Some(slot) = topic.slots.get(index) else {
                    return self.form_failure(false);
                };
                if !takes_anything(slot.kind) && self.digression(form.topic, interpretation) {
                    return;
                }
                if self.fill_in_passing(topic, &mut form, text, Some((index, &digits))) {
                    self.progress();
                    return self.next_slot(topic, form);
                }
                // Part of a number: it is kept and the caller goes on.
                if let FormStep::Slot { digits: more, .. } = &form.at
                    && more.len() > digits.len()
                    && more.len() < 10
                {
                    let spoken = telephone::by_pairs(more);
                    form.failures = 0;
                    self.stage = Stage::Filling(form);
                    return self.say_with(PhraseId::NumberContinues, |_| Some(spoken.clone()));
                }
                self.form_failure(false);
            }
            FormStep::Check { index } => self.checked(topic, form, index, text, interpretation),
            FormStep::Confirm => match yes_no::read(text) {
                Some(answer) if answer.yes => {
                    self.progress();
                    self.save(topic, &form);
                }
                Some(answer) if self.correct(topic, &mut form, &answer.rest) => {}
                Some(_) => {
                    form.at = FormStep::Correct;
                    self.stage = Stage::Filling(form);
                    self.ask_what_to_correct(topic);
                }
                None if self.correct(topic, &mut form, text) => {}
                None if self.digression(form.topic, interpretation) => {}
                None => self.form_failure(false),
            },
            FormStep::Correct => {
                if !self.correct(topic, &mut form, text) {
                    self.form_failure(false);
                }
            }
        }
    }

    /// Fills what the text holds: telephone and choices anywhere, then the slot that was asked for.
    fn fill_in_passing(&mut self, topic: &Topic, form: &mut Form, text: &str, asked: Option<(usize, &str)>) -> bool {
        let mut rest = text.to_owned();
        let mut filled = false;
        let free = asked.is_some_and(|(index, _)| topic.slots.get(index).is_some_and(|s| takes_anything(s.kind)));
        if !free {
            for (i, slot) in topic.slots.iter().enumerate() {
                if form.values[i].is_some() || slot.kind != SlotKind::Telephone {
                    continue;
                }
                let is_asked = asked.is_some_and(|(index, _)| index == i);
                let so_far = asked.map_or("", |(_, digits)| if is_asked { digits } else { "" });
                let caller = self.caller_number.as_deref().filter(|_| is_asked);
                match slots::telephone(&rest, so_far, caller) {
                    Dictated::Whole { filled: value, rest: other } => {
                        form.values[i] = Some(value);
                        rest = other;
                        filled = true;
                    }
                    Dictated::Part(digits) if is_asked => form.at = FormStep::Slot { index: i, digits },
                    _ => {}
                }
            }
            for (i, slot) in topic.slots.iter().enumerate() {
                if form.values[i].is_none()
                    && slot.kind == SlotKind::Choice
                    && let Some((value, other)) = slots::choice_in_passing(slot, &rest)
                {
                    form.values[i] = Some(value);
                    rest = other;
                    filled = true;
                }
            }
        }
        let asked_kind = asked.and_then(|(index, _)| topic.slots.get(index)).map(|slot| slot.kind);
        let streets = self.streets(asked_kind.unwrap_or(SlotKind::FreeMessage));
        let language = self.language();
        let ear = Ear { today: self.at.date(), language: &language, streets: &streets };
        if let Some((index, _)) = asked
            && form.values.get(index).is_some_and(Option::is_none)
            && let Some(value) = topic.slots.get(index).and_then(|slot| slots::asked(slot, &rest, &ear))
        {
            form.values[index] = Some(value);
            filled = true;
        }
        // "Un rendez-vous mardi à dix heures": both, wherever one is asked or neither.
        if matches!(asked_kind, None | Some(SlotKind::Date | SlotKind::Time)) {
            for (i, slot) in topic.slots.iter().enumerate() {
                if form.values[i].is_none() {
                    form.values[i] = slots::in_passing(slot, &rest, &ear);
                    filled |= form.values[i].is_some() && asked_kind.is_some();
                }
            }
        }
        filled
    }

    /// "Non, 06 13 …", "le nom c'est Martin", "le numéro": corrects a slot or asks for it again. `false`: nothing to correct.
    fn correct(&mut self, topic: &Topic, form: &mut Form, text: &str) -> bool {
        if text.is_empty() {
            return false;
        }
        let mut corrected = false;
        let mut rest = text.to_owned();
        for (i, slot) in topic.slots.iter().enumerate() {
            let value = match slot.kind {
                SlotKind::Telephone => match slots::telephone(&rest, "", None) {
                    Dictated::Whole { filled, rest } => Some((filled, rest)),
                    _ => None,
                },
                SlotKind::Choice => slots::choice_in_passing(slot, &rest),
                _ => None,
            };
            if let Some((value, other)) = value {
                form.values[i] = Some(value);
                rest = other;
                corrected = true;
            }
        }
        let kind =
            if topic.slots.iter().any(|s| s.kind == SlotKind::Address) { SlotKind::Address } else { SlotKind::Choice };
        let streets = self.streets(kind);
        let language = self.language();
        let ear = Ear { today: self.at.date(), language: &language, streets: &streets };
        if !corrected && let Some(i) = slots::named(&topic.slots, &rest) {
            let slot = &topic.slots[i];
            let after_name = without_words(&rest, &slot.name);
            let old = form.values[i].take();
            form.values[i] = match slot.kind {
                // The number itself was looked for above.
                SlotKind::Telephone | SlotKind::Choice => None,
                _ => slots::corrected(slot, old.as_ref(), &after_name, &ear),
            };
            if form.values[i].is_none() {
                // Named without a new value: what else may have been meant, if the ear was in doubt.
                form.values[i] = old.and_then(Filled::next);
            }
            corrected = true;
        }
        if !corrected {
            // "Non, mardi", "non, avec deux L", "non, c'est Martin": the kind of the answer tells the slot; names come last,
            // anything may be one.
            const BY_KIND: [SlotKind; 6] = [
                SlotKind::Email,
                SlotKind::Time,
                SlotKind::Date,
                SlotKind::Address,
                SlotKind::Number,
                SlotKind::PersonName,
            ];
            let amended = topic.slots.iter().enumerate().find_map(|(i, slot)| {
                let old = form.values[i].as_ref().filter(|_| slot.kind == SlotKind::PersonName)?;
                Some((i, slots::amended(old, &rest)?))
            });
            let by_kind = || {
                BY_KIND.iter().find_map(|kind| {
                    let i = topic.slots.iter().position(|s| s.kind == *kind)?;
                    let slot = &topic.slots[i];
                    let clear = *kind != SlotKind::Address || slots::is_clear_address(&rest, &ear);
                    let value = slots::asked(slot, &rest, &ear).filter(|_| clear)?;
                    Some((i, value))
                })
            };
            if let Some((i, value)) = amended.or_else(by_kind) {
                form.values[i] = Some(value);
                corrected = true;
            }
        }
        if corrected {
            self.progress();
            self.next_slot(topic, form.clone());
        }
        corrected
    }

    fn ask_what_to_correct(&mut self, topic: &Topic) {
        let names: Vec<String> = topic.slots.iter().map(|s| s.name.clone()).collect();
        self.say_with(PhraseId::Correct, |_| Some(either(&names)));
    }

    /// Another wish in the middle of a form: a human at once; an answer is given, then the form goes on.
    pub(super) fn digression(&mut self, form_topic: TopicId, interpretation: &Interpretation) -> bool {
        match interpretation.decision {
            Decision::Reach { .. } => {
                self.asked_for_human(None);
                true
            }
            Decision::Answer(other) if other != form_topic => {
                let sure = interpretation.ranking.first().is_some_and(|c| c.score >= SURE);
                let plan = Arc::clone(&self.plan);
                let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(other.0)) else {
                    return false;
                };
                if !sure || !topic.slots.is_empty() || topic.say.is_empty() {
                    return false;
                }
                self.note(Note::Topic(super::name_of(topic)));
                let sentences = self.topic_sentences(topic);
                self.say_sentences(sentences);
                self.ask_slot_again();
                true
            }
            _ => false,
        }
    }

    /// A slot was not answered: once more, then a human, or what is known is kept.
    pub(super) fn form_failure(&mut self, silent: bool) {
        let plan = Arc::clone(&self.plan);
        let Stage::Filling(mut form) = self.stage.clone() else {
            return;
        };
        let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(form.topic.0)) else {
            return;
        };
        form.failures = form.failures.saturating_add(1);
        let failures = form.failures;
        let step = form.at.clone();
        if let FormStep::Slot { digits, .. } = &mut form.at {
            digits.clear();
        }
        self.stage = Stage::Filling(form);
        if failures >= MOST_FAILURES {
            if self.can_reach_operator() && self.dead_ends == 0 {
                return self.escalate();
            }
            // Nobody can help now. What isn't needed to call back is left out; silence ends the call.
            if let FormStep::Slot { index, .. } = step
                && !silent
                && topic.slots.get(index).is_some_and(|slot| slot.kind != SlotKind::Telephone)
                && let Stage::Filling(mut form) = self.stage.clone()
            {
                form.values[index] = Some(Filled::skipped());
                return self.next_slot(topic, form);
            }
            // A value that nobody said no to is kept.
            if let FormStep::Check { index } = step
                && !silent
                && let Stage::Filling(form) = self.stage.clone()
            {
                return self.accept(topic, form, index);
            }
            return self.give_up();
        }
        match step {
            FormStep::Slot { index, .. } => match topic.slots.get(index) {
                Some(slot) => match slot.kind {
                    SlotKind::Telephone => self.say(PhraseId::NumberInvalid),
                    SlotKind::PersonName => self.say(PhraseId::NameInvalid),
                    SlotKind::Date => self.say(PhraseId::DateInvalid),
                    SlotKind::Time => self.say(PhraseId::TimeInvalid),
                    SlotKind::Email => self.say(PhraseId::EmailInvalid),
                    SlotKind::YesNo => self.say(PhraseId::NotUnderstoodYesNo),
                    SlotKind::Choice => {
                        let options: Vec<String> = slot.options.iter().map(|o| o.phrase.written.clone()).collect();
                        self.say(PhraseId::NotUnderstoodHere);
                        self.say_with(PhraseId::Choose, |_| Some(either(&options)));
                    }
                    _ => {
                        self.say(PhraseId::NotUnderstoodHere);
                        self.ask_slot(slot);
                    }
                },
                None => self.ask_slot_again(),
            },
            FormStep::Check { .. } | FormStep::Confirm => self.say(PhraseId::NotUnderstoodYesNo),
            FormStep::Correct => self.ask_what_to_correct(topic),
        }
    }

    /// A key in a form. `None`: the form has no use for it.
    pub(super) fn form_key(&mut self, key: char) -> Option<bool> {
        let plan = Arc::clone(&self.plan);
        let Stage::Filling(mut form) = self.stage.clone() else {
            return None;
        };
        let topic = plan.plans.get(self.language)?.topics.get(form.topic.0)?;
        match form.at.clone() {
            FormStep::Slot { index, digits } => {
                let slot = topic.slots.get(index)?;
                if slots::takes_digits(slot.kind) {
                    return Some(self.digit(slot, form, index, digits, key));
                }
                form.values[index] = Some(slots::keyed(slot, key)?);
                self.progress();
                self.next_slot(topic, form);
            }
            FormStep::Check { index } if key == '1' => self.accept(topic, form, index),
            FormStep::Check { index } if key == '2' => self.refused_value(topic, form, index),
            FormStep::Confirm if key == '1' => {
                self.progress();
                self.save(topic, &form);
            }
            FormStep::Confirm if key == '2' => {
                form.at = FormStep::Correct;
                self.stage = Stage::Filling(form);
                self.ask_what_to_correct(topic);
            }
            _ => return None,
        }
        Some(true)
    }

    /// A key of a number, date or hour. `true` when what may be heard next has to be told anew.
    fn digit(&mut self, slot: &Slot, mut form: Form, index: usize, mut digits: String, key: char) -> bool {
        match key {
            '0'..='9' => {
                if digits.len() < MOST_DIGITS {
                    digits.push(key);
                }
                form.at = FormStep::Slot { index, digits };
                self.stage = Stage::Filling(form);
                return false;
            }
            '#' => self.typed(digits),
            // Starts over.
            _ => {
                form.at = FormStep::Slot { index, digits: String::new() };
                self.stage = Stage::Filling(form);
                self.ask_slot(slot);
            }
        }
        true
    }

    /// No more keys came: what was typed is complete.
    pub(super) fn keys_paused(&mut self) -> bool {
        let Stage::Filling(Form { at: FormStep::Slot { digits, .. }, .. }) = &self.stage else {
            return false;
        };
        if digits.is_empty() {
            return false;
        }
        let digits = digits.clone();
        // A lone 0 is the wish for an agent, even where digits are typed.
        if digits == "0" {
            self.asked_for_human(None);
            return true;
        }
        self.typed(digits);
        true
    }

    fn typed(&mut self, digits: String) {
        let plan = Arc::clone(&self.plan);
        let Stage::Filling(mut form) = self.stage.clone() else {
            return;
        };
        let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(form.topic.0)) else {
            return;
        };
        let FormStep::Slot { index, .. } = form.at else {
            return;
        };
        let language = self.language();
        let ear = Ear { today: self.at.date(), language: &language, streets: &Streets::default() };
        match topic.slots.get(index).and_then(|slot| slots::typed(slot, &digits, &ear)) {
            Some(value) => {
                form.values[index] = Some(value);
                self.progress();
                self.next_slot(topic, form);
            }
            None => self.form_failure(false),
        }
    }

    fn save(&mut self, topic: &Topic, form: &Form) {
        let kind = topic.record.clone().unwrap_or_else(|| topic.title.clone());
        let mut fields: Vec<(String, String)> = Vec::new();
        for (slot, value) in topic.slots.iter().zip(&form.values) {
            if let Some(value) = value {
                fields.push((slot.name.clone(), value.value.clone()));
            }
        }
        self.put(Output::Save(Request { kind: kind.clone(), fields }));
        self.note(Note::RequestSaved(kind));
        self.progress();
        self.say(PhraseId::Saved);
        self.stage = Stage::Asking(None);
        match &topic.next {
            Some(next) => self.perform(next),
            None => self.ask_anything_else(),
        }
    }

    /// Saves a request that can be acted on: it has a telephone number, or the caller's is known. `true` when saved.
    pub(super) fn save_what_is_known(&mut self) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(words) = plan.plans.get(self.language) else {
            return false;
        };
        let (topic, values) = match &self.stage {
            Stage::Filling(form) => (Some(form.topic), form.values.clone()),
            _ => (self.call_back_form(), Vec::new()),
        };
        let Some(topic) = topic.and_then(|id| words.topics.get(id.0)) else {
            return false;
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut reachable = false;
        for (i, slot) in topic.slots.iter().enumerate() {
            let known = values.get(i).cloned().flatten().filter(|v| !v.is_skipped()).map(|v| v.value);
            let caller = || self.caller_number.clone().filter(|_| slot.kind == SlotKind::Telephone);
            if let Some(value) = known.or_else(caller) {
                reachable |= slot.kind == SlotKind::Telephone;
                fields.push((slot.name.clone(), value));
            }
        }
        if !reachable {
            return false;
        }
        let kind = topic.record.clone().unwrap_or_else(|| topic.title.clone());
        self.put(Output::Save(Request { kind: kind.clone(), fields }));
        self.note(Note::RequestSaved(kind));
        self.say(PhraseId::SavedPartly);
        true
    }

    /// Spoken form of a slot of the form under way.
    pub(super) fn slot_value(&self, name: &str) -> Option<String> {
        let Stage::Filling(form) = &self.stage else {
            return None;
        };
        let index = self.topic(form.topic)?.slots.iter().position(|s| s.name == name)?;
        form.values.get(index)?.as_ref().filter(|v| !v.is_skipped()).map(|v| v.spoken.clone())
    }

    /// What is said now is taken as it is (a message, an address): commands in it are words of the message.
    pub(super) fn is_taking_free_text(&self) -> bool {
        self.slot_under_way().is_some_and(takes_anything)
    }

    /// Digits can be typed now.
    pub(super) fn is_typing_slot(&self) -> bool {
        self.slot_under_way().is_some_and(slots::takes_digits)
    }

    /// A yes or a no is wanted by this form now.
    pub(super) fn form_wants_yes_or_no(&self, form: &Form) -> bool {
        form.at == FormStep::Confirm || self.slot_under_way() == Some(SlotKind::YesNo)
    }

    fn slot_under_way(&self) -> Option<SlotKind> {
        let Stage::Filling(Form { topic, at: FormStep::Slot { index, .. }, .. }) = &self.stage else {
            return None;
        };
        self.topic(*topic)?.slots.get(*index).map(|slot| slot.kind)
    }
}

pub(super) fn takes_anything(kind: SlotKind) -> bool {
    matches!(kind, SlotKind::FreeMessage | SlotKind::Address)
}

/// The text without the words of a slot's name.
fn without_words(text: &str, name: &str) -> String {
    use crate::understanding::text::tokens;
    let name: Vec<String> = tokens(name).into_iter().map(|t| t.folded).collect();
    tokens(text).into_iter().filter(|t| !name.contains(&t.folded)).map(|t| t.written).collect::<Vec<_>>().join(" ")
}
