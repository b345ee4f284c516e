//! What a sentence holds for a form's slots: the one asked for, and others named beside it.

use crate::dialplan::{SlotKind, Topic};

use super::Dialogue;
use super::form::takes_anything;
use super::slots::{self, Dictated, Ear};
use super::state::{Form, FormStep};

impl Dialogue {
    /// Fills what the text holds: telephone and choices anywhere, then the slot that was asked for.
    pub(super) fn fill_in_passing(&mut self, topic: &Topic, form: &mut Form, text: &str, asked: Option<(usize, &str)>) -> bool {
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
}
