//! Forms: the first empty slot is asked, one sentence may fill several, everything is read back, corrected, then saved.

use std::sync::Arc;

use crate::dialplan::{Part, Slot, SlotKind, Topic, TopicId, Value};
use crate::understanding::Interpretation;
use crate::understanding::slots::address::Streets;
use crate::understanding::slots::{telephone, yes_no};

use super::check::needs_check;
use super::correction;
use super::heard::is_asking_for_somebody;
use super::matter::{is_said_again, is_said_back};
use super::phrases::PhraseId;
use super::slots::{self, Dictated};
use super::speak::either;
use super::state::{Filled, Form, FormStep, Stage};
use super::{Dialogue, Note, Output, Request};

/// Failures in a row at one slot.
pub(super) const MOST_FAILURES: u8 = 2;
/// Slots given up in one form; who is understood no better is not asked on. Who has given nothing yet is asked for one more.
const MOST_SKIPPED: usize = 2;
const MOST_SKIPPED_AT_FIRST: usize = 1;

/// Words. A message may be about somebody who is to be reached, and is longer then.
const LONGEST_CALL_FOR_SOMEBODY: usize = 14;

/// What the caller said on the way to a form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Said<'a> {
    /// Nothing that a form may use.
    Nothing,
    /// What led there; values may stand in it.
    Wish(&'a str),
    /// What the form is about.
    Matter(&'a str),
}

/// A matter and its place are told: somebody can go and see without calling back.
fn stands_without_number(topic: &Topic, form: &Form) -> bool {
    let is_given = |kind: SlotKind| {
        let mut values = topic.slots.iter().zip(&form.values).filter(|(slot, _)| slot.kind == kind);
        values.any(|(_, value)| value.as_ref().is_some_and(|value| !value.is_skipped()))
    };
    is_given(SlotKind::FreeMessage) && is_given(SlotKind::Address)
}

impl Dialogue {
    /// Opens the form of a topic; `text` is what the caller said to get here.
    pub(super) fn start_form(&mut self, topic: TopicId, said: Said) {
        let plan = Arc::clone(&self.plan);
        let Some(found) = plan.plans.get(self.language).and_then(|w| w.topics.get(topic.0)) else {
            return;
        };
        // Left before for another wish: it goes on where it was.
        let (mut form, is_new) = match self.take_suspended(topic) {
            Some(form) => (form, false),
            None => (Form::new(topic, found.slots.len()), true),
        };
        match said {
            Said::Nothing => {}
            // "Rappelez-moi au 06 …, plutôt le matin": what is known already is not asked again.
            Said::Wish(text) => drop(self.fill_in_passing(found, &mut form, text, None)),
            Said::Matter(text) => {
                let is_open = |i: &usize| {
                    found.slots[*i].kind == SlotKind::FreeMessage && form.values.get(*i).is_some_and(Option::is_none)
                };
                let message = (0..found.slots.len()).find(is_open);
                self.fill_in_passing(found, &mut form, text, message.map(|index| (index, "")));
            }
        }
        if is_new { self.next_slot(found, form) } else { self.resume(form) }
    }

    /// Asks about the first value that needs it, for the first empty slot, or confirms, or saves.
    pub(super) fn next_slot(&mut self, topic: &Topic, mut form: Form) {
        form.failures = 0;
        for (slot, value) in topic.slots.iter().zip(&form.values) {
            if let Some(value) = value.as_ref().filter(|value| !value.is_recalled) {
                self.known.learn(slot, value);
            }
        }
        if let Some(index) = form.values.iter().position(|value| needs_check(topic, value.as_ref())) {
            return self.check(form, index, PhraseId::ConfirmValue);
        }
        while let Some(index) = form.values.iter().position(Option::is_none)
            && let Some(value) = topic.slots.get(index).and_then(|slot| self.known.recall(slot))
            // Two numbers in one form are two numbers.
            && !form.values.iter().flatten().any(|other| other.value == value.value)
        {
            form.note_asked(index);
            let slot = &topic.slots[index];
            // A number may have changed its purpose; what is read back anyway needs no question of its own.
            let by_itself = slot.kind == SlotKind::Telephone || !reads_back(topic, &slot.name);
            form.values[index] = Some(Filled { is_recalled: by_itself, ..value });
            if by_itself {
                let phrase =
                    if slot.kind == SlotKind::Telephone { PhraseId::KeepNumber } else { PhraseId::ConfirmValue };
                return self.check(form, index, phrase);
            }
        }
        if let Some(index) = form.values.iter().position(Option::is_none)
            && let Some(number) = topic.slots.get(index).and_then(|slot| self.own_number(slot, &form))
        {
            form.note_asked(index);
            form.values[index] = Some(number);
            return self.check(form, index, PhraseId::OwnNumber);
        }
        match form.values.iter().position(Option::is_none) {
            Some(index) => {
                form.note_asked(index);
                form.at = FormStep::Slot { index, digits: String::new() };
                let question = topic.slots[index].clone();
                self.stage = Stage::Filling(form);
                self.say_speech(&question.question);
            }
            None if form.skipped() > 0 => {
                // Something was never understood: what is known is kept, reading it back would only confuse.
                self.stage = Stage::Filling(form);
                if !self.save_what_is_known() {
                    // Nothing was understood, and nobody can help now.
                    self.say_number();
                    return self.goodbye();
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

    /// The number the caller calls from, instead of asking for one: a yes is easier to say, and to hear, than ten digits.
    fn own_number(&self, slot: &Slot, form: &Form) -> Option<Filled> {
        let number =
            self.caller_number.as_deref().filter(|_| slot.kind == SlotKind::Telephone && !self.declines_own_number)?;
        // Two numbers in one form are two numbers.
        let is_new = !form.values.iter().flatten().any(|other| other.value == number);
        is_new.then(|| Filled { is_recalled: true, ..slots::number(number.to_owned()) })
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
                    self.say_speech(&slot.question);
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
                if self.corrects_earlier(topic, &mut form, index, text) {
                    self.progress();
                    self.say(PhraseId::Corrected);
                    return self.next_slot(topic, form);
                }
                let is_told_again = !takes_anything(slot.kind) && is_said_again(topic, &form, text);
                if is_told_again && slot.kind == SlotKind::PersonName {
                    return self.form_failure(false);
                }
                // An agent is no address. While one can be had, a short sentence that asks for somebody is no message either.
                if takes_anything(slot.kind)
                    && self.can_reach_operator()
                    && text.split_whitespace().count() <= LONGEST_CALL_FOR_SOMEBODY
                    && is_asking_for_somebody(interpretation, text)
                {
                    return self.asked_for_human(None);
                }
                // Anything may be a name or a message; what else answers the question does so before it is a wish.
                let is_exact = slots::is_exact(slot.kind);
                let is_wanting = !is_told_again && !is_said_back(slot, text);
                let may_be_wish =
                    !is_exact && is_wanting && !takes_anything(slot.kind) && !slots::is_bare(slot.kind, text);
                if may_be_wish && self.digression(form.topic, interpretation) {
                    return;
                }
                // "Non, 06 13 …" while the number is dictated begins it anew.
                let so_far = if correction::is_denial(text) { "" } else { digits.as_str() };
                if self.fill_in_passing(topic, &mut form, text, Some((index, so_far))) {
                    self.progress();
                    return self.next_slot(topic, form);
                }
                // Part of a number: it is kept and the caller goes on. What begins none was misheard.
                if let FormStep::Slot { digits: more, .. } = &form.at
                    && telephone::may_begin(more)
                    && !telephone::is_misheard(text)
                    && (more.len() > digits.len() || so_far.is_empty())
                    && (1..10).contains(&more.len())
                    && *more != digits
                {
                    let spoken = telephone::by_pairs(more);
                    form.failures = 0;
                    self.stage = Stage::Filling(form);
                    return self.say_with(PhraseId::NumberContinues, |_| Some(spoken.clone()));
                }
                if is_exact && is_wanting && self.digression(form.topic, interpretation) {
                    return;
                }
                self.form_failure(false);
            }
            FormStep::Check { index } => self.checked(topic, form, index, text, interpretation),
            FormStep::Confirm => match yes_no::read(text) {
                Some(answer) if answer.yes => {
                    self.progress();
                    self.save(topic, &form);
                }
                Some(answer) => {
                    if let Some(number) = form.number_told_twice(topic, &answer.rest, self.caller_number.as_deref()) {
                        return self.check(form, number, PhraseId::ConfirmValue);
                    }
                    form.deny_numbers(topic, &answer.rest);
                    if self.correct(topic, &mut form, &answer.rest) {
                        return;
                    }
                    if let Some(number) = form.number_told_again(topic, &answer.rest) {
                        return self.refused_value(topic, form, number);
                    }
                    form.at = FormStep::Correct;
                    self.stage = Stage::Filling(form);
                    self.ask_what_to_correct(topic);
                }
                None if self.correct(topic, &mut form, text) => {}
                None if self.digression(form.topic, interpretation) => {}
                None => self.form_failure(false),
            },
            FormStep::Correct => {
                form.deny_numbers(topic, text);
                if self.correct(topic, &mut form, text) {
                    return;
                }
                match form.number_told_again(topic, text) {
                    Some(number) => self.refused_value(topic, form, number),
                    None => self.form_failure(false),
                }
            }
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
        let step = form.at.clone();
        let gives_up = form.failures >= tries(topic, &form);
        if let FormStep::Slot { digits, .. } = &mut form.at {
            digits.clear();
        }
        self.stage = Stage::Filling(form);
        if gives_up {
            if self.can_reach_operator() && self.dead_ends == 0 {
                return self.escalate();
            }
            // Nobody can help now. What isn't needed to call back is left out, once or twice; silence ends the call.
            if let FormStep::Slot { index, .. } = step
                && !silent
                && self.may_skip()
                && let Stage::Filling(mut form) = self.stage.clone()
                && topic
                    .slots
                    .get(index)
                    .is_some_and(|slot| slot.kind != SlotKind::Telephone || stands_without_number(topic, &form))
            {
                form.values[index] = Some(Filled::skipped());
                return self.next_slot(topic, form);
            }
            // A value that nobody said no to is kept.
            if let FormStep::Check { index } = step
                && !silent
                && let Stage::Filling(mut form) = self.stage.clone()
            {
                form.is_guessed = true;
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
                        let language = self.language();
                        self.say_with(PhraseId::Choose, |_| Some(either(&language, &options)));
                    }
                    _ => {
                        self.say(PhraseId::NotUnderstoodHere);
                        self.say_speech(&slot.question);
                    }
                },
                None => self.ask_slot_again(),
            },
            FormStep::Check { .. } | FormStep::Confirm => self.say(PhraseId::NotUnderstoodYesNo),
            FormStep::Correct => self.ask_what_to_correct(topic),
        }
    }

    pub(super) fn save(&mut self, topic: &Topic, form: &Form) {
        let kind = topic.record.clone().unwrap_or_else(|| topic.title.clone());
        let mut fields: Vec<(String, String)> = Vec::new();
        for (slot, value) in topic.slots.iter().zip(&form.values) {
            if let Some(value) = value {
                fields.push((slot.name.clone(), value.value.clone()));
                // The caller has said yes to it.
                self.known.learn(slot, &Filled { is_doubtful: false, ..value.clone() });
            }
        }
        self.put(Output::Save(Request { kind: kind.clone(), fields }));
        self.note(Note::RequestSaved(kind));
        self.note_recorded(form.topic);
        self.progress();
        self.say(PhraseId::Saved);
        self.stage = Stage::Asking(None);
        match &topic.next {
            Some(next) => self.perform(next),
            None => self.ask_anything_else(),
        }
    }

    /// Saves a request that can be acted on: the form under way, or a call back to the number the caller calls from. `true` when
    /// saved.
    pub(super) fn save_what_is_known(&mut self) -> bool {
        let form = self.take_started_form();
        // Somebody will read what was left before: that is enough.
        if form.is_none() && self.has_recorded() {
            self.say(PhraseId::Saved);
            return true;
        }
        let form = form.or_else(|| Some(Form::new(self.call_back_form()?, 0)));
        form.is_some_and(|form| self.save_partly(&form))
    }

    /// Saves the forms that the caller has begun to fill, when the call ends before they are whole.
    pub(super) fn save_started_forms(&mut self) {
        while let Some(form) = self.take_started_form() {
            let told = form.values.iter().flatten().any(|value| !value.is_skipped() && !value.is_recalled);
            if told && self.save_partly(&form) {
                self.suspended.clear();
            }
        }
    }

    fn take_started_form(&mut self) -> Option<Form> {
        if let Stage::Filling(form) = &self.stage {
            let form = form.clone();
            self.stage = Stage::Asking(None);
            return Some(form);
        }
        self.suspended.pop()
    }

    /// Saves what can be acted on: it has a telephone number, or the caller's is known, or it tells what is to be seen where.
    fn save_partly(&mut self, form: &Form) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(topic) = plan.plans.get(self.language).and_then(|words| words.topics.get(form.topic.0)) else {
            return false;
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut reachable = false;
        for (i, slot) in topic.slots.iter().enumerate() {
            let given = form.values.get(i).cloned().flatten().filter(|v| !v.is_skipped());
            let known = given.or_else(|| self.known.recall(slot)).map(|v| v.value);
            let caller = || self.caller_number.clone().filter(|_| slot.kind == SlotKind::Telephone);
            if let Some(value) = known.or_else(caller) {
                reachable |= slot.kind == SlotKind::Telephone;
                fields.push((slot.name.clone(), value));
            }
        }
        if !reachable && !stands_without_number(topic, form) {
            return false;
        }
        let kind = topic.record.clone().unwrap_or_else(|| topic.title.clone());
        self.put(Output::Save(Request { kind: kind.clone(), fields }));
        self.note(Note::RequestSaved(kind));
        self.note_recorded(form.topic);
        self.say(if reachable { PhraseId::SavedPartly } else { PhraseId::Saved });
        true
    }

    /// Another slot of this form can be left out.
    fn may_skip(&self) -> bool {
        let Stage::Filling(form) = &self.stage else { return false };
        let has_given = form.values.iter().flatten().any(|value| !value.is_skipped());
        form.unanswered() < if has_given { MOST_SKIPPED } else { MOST_SKIPPED_AT_FIRST }
    }

    /// "La question d'avant": what was answered last is asked again.
    pub(super) fn ask_previous_slot(&mut self) {
        let plan = Arc::clone(&self.plan);
        let Stage::Filling(mut form) = self.stage.clone() else {
            return;
        };
        let Some(topic) = plan.plans.get(self.language).and_then(|w| w.topics.get(form.topic.0)) else {
            return;
        };
        let before = match form.at {
            FormStep::Slot { index, .. } => form.asked.iter().rposition(|i| *i == index).unwrap_or(form.asked.len()),
            FormStep::Check { index } => {
                form.asked.iter().rposition(|i| *i == index).map_or(form.asked.len(), |at| at + 1)
            }
            FormStep::Confirm | FormStep::Correct => form.asked.len(),
        };
        form.asked.truncate(before);
        let Some(index) = form.asked.pop() else {
            return self.ask_slot_again();
        };
        if let Some(slot) = topic.slots.get(index) {
            self.known.forget(slot);
            form.values[index] = None;
        }
        self.next_slot(topic, form);
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

    /// A whole telephone number is said to a form that has a place for one.
    pub(super) fn is_told_number(&self, text: &str) -> bool {
        let Stage::Filling(form) = &self.stage else {
            return false;
        };
        self.topic(form.topic).is_some_and(wants_telephone)
            && !self.is_taking_free_text()
            && slots::tells_telephone(text)
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

impl Form {
    /// "Non, 06 39 …", of which not all digits were heard: the number is what is wrong.
    fn number_told_again(&mut self, topic: &Topic, told: &str) -> Option<usize> {
        let is_part =
            matches!(slots::telephone(told, "", None, &[]), Dictated::Part(digits) if digits.len() >= FEWEST_DIGITS);
        let place = topic.slots.iter().position(|slot| slot.kind == SlotKind::Telephone).filter(|_| is_part)?;
        let value = self.values.get(place)?.clone().filter(|value| !value.is_skipped())?;
        self.deny(&value);
        Some(place)
    }

    /// Another number was denied, and now this one is told and heard as it stands: rather the caller has misheard than the recogniser twice.
    /// So it is with `own`, the number the caller calls from.
    fn number_told_twice(&self, topic: &Topic, told: &str, own: Option<&str>) -> Option<usize> {
        let Dictated::Whole { filled, .. } = slots::telephone(told, "", None, &[]) else {
            return None;
        };
        let is_own = |value: &Filled| own == Some(&value.value) && slots::is_nearly_number(&filled.value, &value.value);
        let is_again = |value: &Filled| {
            value.value == filled.value && !self.denied.is_empty() && !self.denied.contains(&value.value)
        };
        let place = topic.slots.iter().position(|slot| slot.kind == SlotKind::Telephone)?;
        let value = self.values.get(place)?.as_ref()?;
        (is_own(value) || is_again(value)).then_some(place)
    }

    /// This value is a number that was not told in this form (the one the caller calls from, or one given before), and waits for a yes.
    pub(super) fn offers_own_number(&self, topic: &Topic, index: usize) -> bool {
        let is_telephone = topic.slots.get(index).is_some_and(|slot| slot.kind == SlotKind::Telephone);
        is_telephone
            && self.values.get(index).is_some_and(|value| value.as_ref().is_some_and(|value| value.is_recalled))
    }

    /// "Non, 06 …": what stands where another number is told now is wrong.
    fn deny_numbers(&mut self, topic: &Topic, told: &str) {
        if !slots::tells_telephone(told) {
            return;
        }
        for (slot, value) in topic.slots.iter().zip(self.values.clone()) {
            if let Some(value) = value.filter(|_| slot.kind == SlotKind::Telephone) {
                self.deny(&value);
            }
        }
    }
}

/// Fewer digits may be part of anything.
const FEWEST_DIGITS: usize = 4;

/// Failures granted at the step under way. Who could not answer one question is asked the others once; but a number to call is always
/// asked for twice: without it nobody can help later.
fn tries(topic: &Topic, form: &Form) -> u8 {
    let is_number = |index: usize| topic.slots.get(index).is_some_and(|slot| slot.kind == SlotKind::Telephone);
    match form.at {
        FormStep::Slot { index, .. } if form.unanswered() > 0 && !is_number(index) => 1,
        _ => MOST_FAILURES,
    }
}

pub(super) fn takes_anything(kind: SlotKind) -> bool {
    matches!(kind, SlotKind::FreeMessage | SlotKind::Address)
}

/// The form has a place for a telephone number.
pub(super) fn wants_telephone(topic: &Topic) -> bool {
    topic.slots.iter().any(|slot| slot.kind == SlotKind::Telephone)
}

/// `Confirmer` says the value of this slot.
fn reads_back(topic: &Topic, slot: &str) -> bool {
    let parts = topic.confirm.iter().flat_map(|speech| &speech.parts);
    parts.into_iter().any(|part| matches!(part, Part::Value(Value::Slot(name)) if name == slot))
}
