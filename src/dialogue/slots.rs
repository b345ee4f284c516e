//! From what was said to the values of a form's slots. Pure functions over text; the form decides what to do with them.

use crate::dialplan::{Slot, SlotKind};
use crate::understanding::pattern::Patterns;
use crate::understanding::slots::telephone::{self, Found};
use crate::understanding::slots::{choice, name, yes_no};
use crate::understanding::text::{fold, tokens};
use std::sync::LazyLock;

use super::state::Filled;

/// Longest free text kept, in characters.
const LONGEST_TEXT: usize = 300;

/// "Ce numéro": the one the caller calls from.
static THIS_NUMBER: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "ce numero",
            "le meme",
            "meme numero",
            "celui ci|la",
            "celui avec lequel",
            "numero avec lequel",
            "le mien",
            "numero affiche|actuel",
            "numero que vous voyez|avez",
            "celui que vous voyez|avez",
            "la ou|d j appelle",
            "dont j appelle",
            "j appelle avec",
            "j appelle de? ce",
            "^ oui $",
            "^ celui",
        ],
        0,
    )
});

/// What a sentence gives for a telephone slot.
pub(super) enum Dictated {
    Whole {
        filled: Filled,
        rest: String,
    },
    /// Digits so far.
    Part(String),
    Nothing,
}

/// A number in the text, continuing `so_far`; or the number the caller calls from, when that is meant.
pub(super) fn telephone(text: &str, so_far: &str, caller_number: Option<&str>) -> Dictated {
    let whole = |number: String, rest: String| Dictated::Whole {
        filled: Filled { spoken: telephone::by_pairs(&number), value: number },
        rest,
    };
    match telephone::find(text) {
        Found::Whole { number, rest } => whole(number, rest),
        Found::Part { digits } => {
            let joined = format!("{so_far}{digits}");
            match telephone::normalise(&joined, false) {
                Some(number) => whole(number, String::new()),
                // Started anew after a part: "06 12 … zéro six douze".
                None if joined.len() > 10 && digits.starts_with('0') => Dictated::Part(digits),
                None => Dictated::Part(joined),
            }
        }
        Found::Nothing => match caller_number {
            Some(number) if THIS_NUMBER.found(&tokens(text)) => whole(number.to_owned(), String::new()),
            _ => Dictated::Nothing,
        },
    }
}

/// Value of any other slot that was asked for.
pub(super) fn asked(slot: &Slot, text: &str) -> Option<Filled> {
    match slot.kind {
        SlotKind::PersonName => name::read(text).map(same),
        SlotKind::YesNo => yes_no::read(text).map(|answer| same(if answer.yes { "oui" } else { "non" }.to_owned())),
        SlotKind::Choice => {
            let options: Vec<_> = slot.options.iter().map(|o| o.phrase.clone()).collect();
            choice::read(text, &options).map(|i| option(slot, i))
        }
        SlotKind::Number => number(text).map(same),
        SlotKind::Telephone => None,
        SlotKind::Date | SlotKind::Time | SlotKind::Address | SlotKind::Email | SlotKind::FreeMessage => free(text),
    }
}

/// A choice made in passing, while another slot was asked for; and the text without its words.
pub(super) fn choice_in_passing(slot: &Slot, text: &str) -> Option<(Filled, String)> {
    let said = tokens(text);
    let options: Vec<_> = slot.options.iter().map(|o| o.phrase.clone()).collect();
    let index = choice::by_words(&said, &options)?;
    let chosen: Vec<String> = options[index].words().iter().flat_map(|w| tokens(w)).map(|t| t.folded).collect();
    // The words of the choice go; small ones only next to it.
    let first = said.iter().position(|t| t.is_content() && chosen.contains(&t.folded))?;
    let start = (0..first).rev().take_while(|&i| !said[i].is_content()).last().unwrap_or(first);
    let rest: Vec<&str> = said
        .iter()
        .enumerate()
        .filter(|(i, t)| !((start..first).contains(i) || (*i >= first && chosen.contains(&t.folded))))
        .map(|(_, t)| t.written.as_str())
        .collect();
    Some((option(slot, index), rest.join(" ")))
}

/// The option at this place.
pub(super) fn option(slot: &Slot, index: usize) -> Filled {
    same(slot.options.get(index).map(|o| o.phrase.written.clone()).unwrap_or_default())
}

/// Typed digits as the value of a slot.
pub(super) fn typed(slot: &Slot, digits: &str) -> Option<Filled> {
    match slot.kind {
        SlotKind::Telephone => telephone::normalise(digits, false)
            .map(|number| Filled { spoken: telephone::by_pairs(&number), value: number }),
        _ if digits.is_empty() => None,
        _ => Some(same(digits.to_owned())),
    }
}

/// The slot that is named: "le nom", "c'est le numéro".
pub(super) fn named(slots: &[Slot], text: &str) -> Option<usize> {
    let said = tokens(text);
    slots.iter().position(|slot| {
        let mut words = tokens(&slot.name);
        // The officer may call it "téléphone" or "numéro": callers use both.
        if slot.kind == SlotKind::Telephone {
            words.extend(tokens("numéro téléphone"));
        }
        words.iter().any(|word| said.iter().any(|s| s.folded == word.folded || word.likeness(s) >= 0.85))
    })
}

fn number(text: &str) -> Option<String> {
    let words = tokens(text);
    (0..words.len()).find_map(|i| crate::understanding::slots::numbers::number_at(&words[i..])).map(|n| n.digits)
}

fn free(text: &str) -> Option<Filled> {
    let text: String = text.trim().chars().take(LONGEST_TEXT).collect();
    let has_words = fold(&text).chars().any(char::is_alphanumeric);
    has_words.then(|| same(text))
}

fn same(value: String) -> Filled {
    Filled { spoken: value.clone(), value }
}
