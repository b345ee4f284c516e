//! Values given before that are said anew, at `Confirmer` and while the next one is asked for.

use std::sync::LazyLock;

use crate::dialplan::{Slot, SlotKind, Topic};
use crate::understanding::pattern::Patterns;
use crate::understanding::slots::yes_no;
use crate::understanding::text::{Token, tokens};

use super::Dialogue;
use super::form::takes_anything;
use super::phrases::PhraseId;
use super::slots::{self, Dictated, Ear};
use super::speak::either;
use super::state::{Filled, Form};

/// Words that take something back.
static DENIALS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "^ non",
            "^ nan",
            "^ ah|oh|attendez|euh|mince|zut|oups non",
            "^ pardon",
            "pardon",
            "excus*",
            "desole*",
            "trompe*",
            "erreur",
            "rectifi*",
            "corrig*",
            "je voulais dire",
            "en fait c|ce",
            "c|ce n? est? pas",
            "pas le|la? bon|bonne",
            "mal dit|compris|entendu|note",
            "chang*|modifi* le|la|mon|ma",
            "mauvais*",
            "^ no",
            "sorry",
            "i mean|meant",
            "mistake",
            "wrong",
        ],
        0,
    )
});

/// Words that say outright that a value is wrong: naming it is then enough to be asked for it again.
static MISTAKES: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "trompe*",
            "erreur",
            "rectifi*",
            "corrig*",
            "chang*",
            "modifi*",
            "mauvais*",
            "pas le|la? bon|bonne",
            "faux",
            "mistake",
            "wrong",
        ],
        0,
    )
});

/// "Non, …", "pardon, …", "je me suis trompé".
pub(super) fn is_denial(text: &str) -> bool {
    DENIALS.found(&tokens(text))
}

impl Dialogue {
    /// At `Confirmer`: "non, 06 13 …", "le nom c'est Martin", "le numéro": corrects a slot or asks for it again. `false`:
    /// nothing to correct.
    pub(super) fn correct(&mut self, topic: &Topic, form: &mut Form, text: &str) -> bool {
        if text.is_empty() || !self.put_right(topic, form, text, None) {
            return false;
        }
        self.progress();
        self.next_slot(topic, form.clone());
        true
    }

    /// While `asked` is asked for: something given before is taken back, or a number is given anew.
    pub(super) fn corrects_earlier(&mut self, topic: &Topic, form: &mut Form, asked: usize, text: &str) -> bool {
        let given = |i: usize| i != asked && form.values.get(i).is_some_and(Option::is_some);
        if !(0..topic.slots.len()).any(given) {
            return false;
        }
        let asked_kind = topic.slots.get(asked).map(|slot| slot.kind);
        if is_denial(text) {
            return self.put_right(topic, form, text, Some(asked));
        }
        // Nobody says a whole other number for nothing.
        if asked_kind == Some(SlotKind::Telephone) || asked_kind.is_some_and(takes_anything) {
            return false;
        }
        let Dictated::Whole { filled, .. } = slots::telephone(text, "", None, &self.nearly) else {
            return false;
        };
        let place = (0..topic.slots.len()).find(|i| given(*i) && topic.slots[*i].kind == SlotKind::Telephone);
        match place {
            Some(i) if form.values[i].as_ref().is_some_and(|old| old.value != filled.value) => {
                form.values[i] = Some(filled);
                // "Le 06 …, et plutôt le matin".
                self.fill_in_passing(topic, form, text, None);
                true
            }
            _ => false,
        }
    }

    /// Changes what the text takes back. `asked`: the slot under way, which has no value to correct; only what was given is then
    /// looked at.
    fn put_right(&mut self, topic: &Topic, form: &mut Form, text: &str, asked: Option<usize>) -> bool {
        let kind =
            if topic.slots.iter().any(|s| s.kind == SlotKind::Address) { SlotKind::Address } else { SlotKind::Choice };
        let streets = self.streets(kind);
        let language = self.language();
        let ear = Ear { today: self.at.date(), language: &language, streets: &streets, nearly: &self.nearly };
        let may = |form: &Form, i: usize| match asked {
            Some(asked) => i != asked && form.values.get(i).is_some_and(Option::is_some),
            None => true,
        };
        let asked_kind = asked.and_then(|i| topic.slots.get(i)).map(|slot| slot.kind);
        if let Some((i, words)) = denied(topic, form, text)
            && may(form, i)
            && let Some(value) = slots::corrected(&topic.slots[i], form.values[i].as_ref(), &words, &ear)
        {
            form.values[i] = Some(value);
            return true;
        }
        // What is said beside the "non".
        let beside = yes_no::read(text).filter(|answer| !answer.yes && asked.is_some()).map(|answer| answer.rest);
        let mut rest = without_refusal(topic, beside.unwrap_or_else(|| text.to_owned()));
        if rest.is_empty() {
            return false;
        }
        let mut corrected = false;
        for (i, slot) in topic.slots.iter().enumerate() {
            // What is asked for is answered rather than corrected elsewhere.
            if !may(form, i) || asked_kind == Some(slot.kind) {
                continue;
            }
            let value = match slot.kind {
                SlotKind::Telephone => match slots::telephone(&rest, "", None, ear.nearly) {
                    // The number the caller calls from, misheard as it was read back, is told once more.
                    Dictated::Whole { filled, .. } if self.is_own_told(form.values[i].as_ref(), &filled) => None,
                    Dictated::Whole { filled, rest } => Some((form.likeliest(filled), rest)),
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
        if corrected {
            return true;
        }
        // A "non" may answer what was asked; and what answers it corrects nothing.
        if let Some(slot) = asked.and_then(|i| topic.slots.get(i)) {
            let is_answer = || match slot.kind {
                SlotKind::Telephone => !matches!(slots::telephone(&rest, "", None, &[]), Dictated::Nothing),
                kind => slots::is_exact(kind) && slots::asked(slot, &rest, &ear).is_some(),
            };
            if slot.kind == SlotKind::YesNo || is_answer() {
                return false;
            }
        }
        let outright = asked.is_none() || MISTAKES.found(&tokens(text));
        let named = slots::named(&topic.slots, &rest).filter(|i| may(form, *i));
        if let Some(i) = named.filter(|i| outright || self.is_named_anew(&topic.slots[*i], &rest, &ear)) {
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
                if form.values[i].is_none() {
                    self.known.forget(slot);
                }
            }
            return true;
        }
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
            let old = form.values[i].as_ref().filter(|_| slot.kind == SlotKind::PersonName && may(form, i))?;
            Some((i, slots::amended(old, &rest)?))
        });
        // At the read-back, before it is taken for a name.
        let misheard = || {
            let choices = topic.slots.iter().enumerate().filter(|(_, slot)| slot.kind == SlotKind::Choice);
            choices.filter(|_| asked.is_none()).find_map(|(i, slot)| Some((i, slots::misheard(slot, &rest)?)))
        };
        let by_kind = || {
            BY_KIND.iter().find_map(|kind| {
                let i = topic.slots.iter().position(|s| s.kind == *kind)?;
                let slot = &topic.slots[i];
                let clear = match kind {
                    SlotKind::Address => slots::is_clear_address(&rest, &ear),
                    // In passing a name is only corrected right after it was given.
                    SlotKind::PersonName => {
                        asked.is_none() || (form.before_last_asked() == Some(i) && !is_sentence(&rest))
                    }
                    _ => true,
                };
                if !clear || !may(form, i) || asked_kind == Some(*kind) {
                    return None;
                }
                Some((i, slots::asked(slot, &rest, &ear)?))
            })
        };
        match amended.or_else(misheard).or_else(by_kind) {
            // The same again corrects nothing: said for ever, it would lead nowhere.
            Some((i, value)) if form.values[i].as_ref().is_none_or(|old| old.value != value.value) => {
                form.values[i] = Some(value);
                true
            }
            _ => false,
        }
    }

    fn is_own_told(&self, old: Option<&Filled>, told: &Filled) -> bool {
        let own = self.caller_number.as_deref();
        own.is_some_and(|own| old.is_some_and(|old| old.value == own) && slots::is_nearly_number(&told.value, own))
    }

    /// "Le nom, c'est Martel": the slot is named with a value beside it.
    fn is_named_anew(&self, slot: &Slot, text: &str, ear: &Ear) -> bool {
        let value = without_words(text, &slot.name);
        !matches!(slot.kind, SlotKind::Telephone | SlotKind::Choice | SlotKind::FreeMessage)
            && !is_sentence(&value)
            && slots::asked(slot, &value, ear).is_some()
    }

    pub(super) fn ask_what_to_correct(&mut self, topic: &Topic) {
        let names: Vec<String> = topic.slots.iter().map(|s| s.name.clone()).collect();
        let language = self.language();
        self.say_with(PhraseId::Correct, |_| Some(either(&language, &names)));
    }
}

/// The text without the words of a slot's name.
fn without_words(text: &str, name: &str) -> String {
    let name: Vec<String> = tokens(name).into_iter().map(|t| t.folded).collect();
    tokens(text).into_iter().filter(|t| !name.contains(&t.folded)).map(|t| t.written).collect::<Vec<_>>().join(" ")
}

/// Words about somebody's doing or not doing, no name alone.
fn is_sentence(text: &str) -> bool {
    const VERBS: &[&str] =
        &["pas", "plus", "rien", "sais", "ai", "a", "avez", "peux", "veux", "voudrais", "faut", "not", "don", "have"];
    let words = tokens(text);
    // Of a name that is spelled, the letters are no words: "Martin, M A R T I N".
    let is_letter = |i: usize| words.get(i).is_some_and(|word| word.folded.chars().count() == 1);
    let is_spelled = |i: usize| is_letter(i) && (is_letter(i + 1) || i.checked_sub(1).is_some_and(is_letter));
    let said = || words.iter().enumerate().filter(|(i, _)| !is_spelled(*i)).map(|(_, word)| word);
    said().filter(|w| w.is_content()).count() > 4 || said().any(|w| VERBS.contains(&w.folded.as_str()))
}

/// "Pas cela, Martin", "pas ce nom : Martin": without the refusal.
fn without_refusal(topic: &Topic, text: String) -> String {
    let words = tokens(&text);
    let is = |at: usize, among: &[&str]| words.get(at).is_some_and(|word| among.contains(&word.folded.as_str()));
    let Some(not) = words.iter().position(|word| word.folded == "pas") else { return text };
    if (0..not).any(|at| !is(at, &["ce", "c", "n", "est", "mais", "ah"])) {
        return text;
    }
    let is_name = |at: usize| {
        let names = topic.slots.iter().flat_map(|slot| tokens(&slot.name));
        words.get(at).is_some_and(|word| names.filter(Token::is_content).any(|name| name.folded == word.folded))
    };
    let mut next = not + 1;
    if is(next, &["cela", "ca", "celui", "celle"]) {
        next += if is(next + 1, &["la", "ci"]) { 2 } else { 1 };
    } else if is(next, &["du"]) && is(next + 1, &["tout"]) {
        next += 2;
    } else {
        while is(next, &["ce", "le", "la", "l", "mon", "ma", "bon", "bonne"]) {
            next += 1;
        }
        if !is_name(next) {
            return text;
        }
    }
    // "Pas ce nom" names what is to be asked again; "pas cela" names nothing.
    if !(next..words.len()).any(|at| words[at].is_content()) {
        return text;
    }
    words[next..].iter().map(|word| word.written.as_str()).collect::<Vec<_>>().join(" ")
}

/// "Pas Martin, Martel", "c'est Martel, pas Martin": the slot whose value is named after "pas", and the words beside it.
fn denied(topic: &Topic, form: &Form, text: &str) -> Option<(usize, String)> {
    let said = tokens(text);
    let alike = |a: &Token, b: &Token| a.folded == b.folded || a.likeness(b) >= 0.75;
    for (i, value) in form.values.iter().enumerate().take(topic.slots.len()) {
        let Some(value) = value.as_ref().filter(|value| !value.is_skipped()) else {
            continue;
        };
        let old: Vec<Token> = tokens(&value.spoken).into_iter().filter(Token::is_content).collect();
        if old.is_empty() {
            continue;
        }
        for at in (0..said.len()).filter(|at| matches!(said[*at].folded.as_str(), "pas" | "not")) {
            let named: Vec<usize> = (at + 1..said.len()).filter(|j| said[*j].is_content()).take(old.len()).collect();
            if named.len() < old.len() || !named.iter().zip(&old).all(|(j, old)| alike(&said[*j], old)) {
                continue;
            }
            let after = said.get(named.last()? + 1..).unwrap_or_default();
            let beside = if after.iter().any(Token::is_content) { after } else { &said[..at] };
            if beside.iter().any(Token::is_content) {
                let words: Vec<&str> = beside.iter().map(|token| token.written.as_str()).collect();
                return Some((i, words.join(" ")));
            }
        }
    }
    None
}
