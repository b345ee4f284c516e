//! What a sentence holds for a form's slots: the ones named beside the question first, then the one asked for.

use crate::dialplan::{SlotKind, Topic};
use crate::understanding::text::{Token, tokens};

use super::Dialogue;
use super::form::{takes_anything, wants_telephone};
use super::slots::{self, Dictated, Ear};
use super::state::{Form, FormStep};

impl Dialogue {
    /// Fills what the text holds: telephone and choices anywhere, then the slot that was asked for.
    pub(super) fn fill_in_passing(
        &mut self,
        topic: &Topic,
        form: &mut Form,
        text: &str,
        asked: Option<(usize, &str)>,
    ) -> bool {
        let mut rest = text.to_owned();
        let mut filled = false;
        let takes_anything =
            asked.is_some_and(|(index, _)| topic.slots.get(index).is_some_and(|s| takes_anything(s.kind)));
        // A number alone is no message where the form wants one.
        let is_number = takes_anything && is_number_alone(topic, text);
        if is_number && topic.slots.iter().zip(&form.values).all(|(s, v)| s.kind != SlotKind::Telephone || v.is_some())
        {
            return false;
        }
        let free = takes_anything && !is_number;
        if !free {
            for (i, slot) in topic.slots.iter().enumerate() {
                if form.values[i].is_some() || slot.kind != SlotKind::Telephone {
                    continue;
                }
                let is_asked = asked.is_some_and(|(index, _)| index == i);
                let so_far = asked.map_or("", |(_, digits)| if is_asked { digits } else { "" });
                let caller = self.caller_number.as_deref().filter(|_| is_asked);
                match slots::telephone(&rest, so_far, caller, &self.nearly) {
                    Dictated::Whole { filled: value, rest: other } => {
                        form.values[i] = Some(form.likeliest(value));
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
        let has_address = topic.slots.iter().any(|slot| slot.kind == SlotKind::Address);
        let streets = self.streets(if has_address { SlotKind::Address } else { SlotKind::FreeMessage });
        let language = self.language();
        let ear = Ear { today: self.at.date(), language: &language, streets: &streets, nearly: &self.nearly };
        if !free {
            filled |= Self::fill_introduced(topic, form, &rest, asked_kind, &ear);
        }
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

    /// Names, addresses and e-mail that say what they are: "je m'appelle …", a street of the town, an "arobase".
    fn fill_introduced(topic: &Topic, form: &mut Form, text: &str, asked: Option<SlotKind>, ear: &Ear) -> bool {
        let mut filled = false;
        for (i, slot) in topic.slots.iter().enumerate() {
            let only_one = topic.slots.iter().filter(|other| other.kind == slot.kind).count() == 1;
            if form.values[i].is_some() || asked == Some(slot.kind) || !only_one {
                continue;
            }
            let value = match slot.kind {
                SlotKind::PersonName => slots::name_in_passing(text),
                // Its words would be taken for the answer to these.
                SlotKind::Email if asked != Some(SlotKind::PersonName) => slots::email_in_passing(slot, text, ear),
                SlotKind::Address if asked != Some(SlotKind::PersonName) => slots::address_in_passing(text, ear),
                _ => None,
            };
            filled |= value.is_some();
            form.values[i] = value;
        }
        filled
    }
}

/// The form wants a telephone number, and `text` is one with nothing beside it.
fn is_number_alone(topic: &Topic, text: &str) -> bool {
    let is_alone = |rest: &str| !tokens(rest).iter().any(Token::is_content);
    wants_telephone(topic)
        && matches!(slots::telephone(text, "", None, &[]), Dictated::Whole { rest, .. } if is_alone(&rest))
}
