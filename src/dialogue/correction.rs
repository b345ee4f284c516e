//! Values given before, said anew.

use crate::dialplan::{SlotKind, Topic};

use super::Dialogue;
use super::phrases::PhraseId;
use super::slots::{self, Dictated, Ear};
use super::speak::either;
use super::state::{Filled, Form};

impl Dialogue {
    /// "Non, 06 13 …", "le nom c'est Martin", "le numéro": corrects a slot or asks for it again. `false`: nothing to correct.
    pub(super) fn correct(&mut self, topic: &Topic, form: &mut Form, text: &str) -> bool {
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

    pub(super) fn ask_what_to_correct(&mut self, topic: &Topic) {
        let names: Vec<String> = topic.slots.iter().map(|s| s.name.clone()).collect();
        self.say_with(PhraseId::Correct, |_| Some(either(&names)));
    }
}

/// The text without the words of a slot's name.
fn without_words(text: &str, name: &str) -> String {
    use crate::understanding::text::tokens;
    let name: Vec<String> = tokens(name).into_iter().map(|t| t.folded).collect();
    tokens(text).into_iter().filter(|t| !name.contains(&t.folded)).map(|t| t.written).collect::<Vec<_>>().join(" ")
}
