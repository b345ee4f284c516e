//! A value of a form read back by itself, because it may have been misheard: yes, the next reading, or another value.

use crate::dialplan::{Slot, SlotKind, Topic};
use crate::understanding::Interpretation;
use crate::understanding::slots::yes_no;

use super::Dialogue;
use super::form::{MOST_FAILURES, takes_anything};
use super::phrases::PhraseId;
use super::slots::{self, Dictated, Ear};
use super::state::{Filled, Form, FormStep, Stage};

/// Answers to one slot of which every reading was refused; then a human.
const MOST_REFUSED: u8 = 2;

impl Dialogue {
    /// "J'ai noté : … C'est bien cela ?"
    pub(super) fn check(&mut self, mut form: Form, index: usize, phrase: PhraseId) {
        let spoken = form.values.get(index).and_then(Option::as_ref).map(|value| value.spoken.clone());
        form.at = FormStep::Check { index };
        self.stage = Stage::Filling(form);
        self.say_with(phrase, |_| spoken.clone());
    }

    /// What was heard after a value was read back by itself.
    pub(super) fn checked(
        &mut self,
        topic: &Topic,
        mut form: Form,
        index: usize,
        text: &str,
        interpretation: &Interpretation,
    ) {
        let Some(slot) = topic.slots.get(index) else {
            return self.form_failure(false);
        };
        let answer = yes_no::read(text);
        let old = form.values.get(index).cloned().flatten();
        let says_yes = answer.as_ref().is_some_and(|answer| answer.yes);
        if says_yes && let Some(other) = self.other_number_told(slot, old.as_ref(), text) {
            // "Oui, mais plutôt au 01 …".
            form.values[index] = Some(form.likeliest(other));
            self.progress();
            return self.next_slot(topic, form);
        }
        if says_yes || is_own_number(slot, old.as_ref(), text, answer.is_some()) {
            return self.accept(topic, form, index);
        }
        // "Non, 06 13 …", "non, avec deux L", or the right value without a "non".
        let words = answer.as_ref().map_or(text, |answer| answer.rest.as_str());
        let streets = self.streets(slot.kind);
        let language = self.language();
        let ear = Ear { today: self.at.date(), language: &language, streets: &streets, nearly: &self.nearly };
        if let (Some(_), Some(old)) = (&answer, &old) {
            form.deny(old);
        }
        if !words.is_empty()
            && let Some(value) = slots::corrected(slot, old.as_ref(), words, &ear)
        {
            form.values[index] = Some(form.likeliest(value));
            self.progress();
            return self.next_slot(topic, form);
        }
        if answer.is_none() {
            if !takes_anything(slot.kind) && self.digression(form.topic, interpretation) {
                return;
            }
            return self.form_failure(false);
        }
        self.refused_value(topic, form, index);
    }

    /// A whole number other than the one read back.
    fn other_number_told(&self, slot: &Slot, old: Option<&Filled>, text: &str) -> Option<Filled> {
        let old = old.filter(|_| slot.kind == SlotKind::Telephone)?;
        match slots::telephone(text, "", None, &self.nearly) {
            Dictated::Whole { filled, .. } if !is_known(&filled, old) => Some(filled),
            _ => None,
        }
    }

    pub(super) fn accept(&mut self, topic: &Topic, mut form: Form, index: usize) {
        if let Some(value) = form.values.get_mut(index).and_then(Option::as_mut) {
            value.is_doubtful = false;
            value.is_recalled = false;
            value.others.clear();
        }
        form.refused = 0;
        self.progress();
        self.next_slot(topic, form);
    }

    /// "Non": the next thing that may have been meant, then the question again in another way, then a human.
    pub(super) fn refused_value(&mut self, topic: &Topic, mut form: Form, index: usize) {
        let old = form.values.get_mut(index).and_then(Option::take);
        if old.as_ref().is_some_and(|value| value.is_recalled) {
            // Not this time: asked as if it had never been given.
            if let Some(slot) = topic.slots.get(index) {
                self.known.forget(slot);
            }
            self.declines_own_number |= old.as_ref().map(|value| &value.value) == self.caller_number.as_ref();
            self.progress();
            return self.next_slot(topic, form);
        }
        let next = old.and_then(Filled::next);
        if next.is_some() {
            form.values[index] = next;
            form.failures = 0;
            return self.check(form, index, PhraseId::OtherValue);
        }
        form.refused = form.refused.saturating_add(1);
        form.at = FormStep::Slot { index, digits: String::new() };
        if form.refused >= MOST_REFUSED {
            form.failures = MOST_FAILURES - 1;
            self.stage = Stage::Filling(form);
            return self.form_failure(false);
        }
        self.stage = Stage::Filling(form);
        let kind = topic.slots.get(index).map(|slot| slot.kind);
        self.say(match kind {
            Some(SlotKind::Telephone) => PhraseId::NumberByDigits,
            Some(SlotKind::PersonName) => PhraseId::SpellName,
            Some(SlotKind::Date) => PhraseId::DateInvalid,
            Some(SlotKind::Time) => PhraseId::TimeInvalid,
            Some(SlotKind::Email) => PhraseId::EmailInvalid,
            _ => PhraseId::SayAgain,
        });
    }
}

/// The number the caller calls from, which was read back, is named or told instead of a yes. Told behind a no it was misheard when it was read.
fn is_own_number(slot: &Slot, old: Option<&Filled>, text: &str, denied: bool) -> bool {
    let Some(old) = old.filter(|old| old.is_recalled && slot.kind == SlotKind::Telephone) else {
        return false;
    };
    match slots::telephone(text, "", None, &[]) {
        Dictated::Whole { filled, .. } => is_known(&filled, old),
        _ => !denied && slots::means_own_number(text),
    }
}

/// The same number; of one known from elsewhere than the recogniser, nearly the same.
fn is_known(told: &Filled, old: &Filled) -> bool {
    told.value == old.value || (old.is_recalled && slots::is_nearly_number(&told.value, &old.value))
}

/// A doubtful value is asked about by itself when something else may have been meant, or when nothing is read back later.
pub(super) fn needs_check(topic: &Topic, value: Option<&Filled>) -> bool {
    value.is_some_and(|value| value.is_doubtful && (!value.others.is_empty() || topic.confirm.is_none()))
}
