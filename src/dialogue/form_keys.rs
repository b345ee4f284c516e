//! Keys typed into a form.

use std::sync::Arc;

use crate::dialplan::Slot;
use crate::understanding::slots::address::Streets;

use super::Dialogue;
use super::slots::{self, Ear};
use super::state::{Form, FormStep, Stage};

/// Longest run of typed digits.
const MOST_DIGITS: usize = 20;

impl Dialogue {
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
            // Another number is typed than the caller's own, which was offered.
            FormStep::Check { index } if key == '0' && form.offers_own_number(topic, index) => {
                let slot = topic.slots.get(index)?;
                form.values[index] = None;
                self.digit(slot, form, index, String::new(), key);
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
                self.say_speech(&slot.question);
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
        let ear = Ear { today: self.at.date(), language: &language, streets: &Streets::default(), nearly: &[] };
        match topic.slots.get(index).and_then(|slot| slots::typed(slot, &digits, &ear)) {
            Some(value) => {
                form.values[index] = Some(value);
                self.progress();
                self.next_slot(topic, form);
            }
            None => self.form_failure(false),
        }
    }
}
