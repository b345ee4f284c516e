//! Telephone numbers and counts.

use super::super::endpoint::Completeness;
use super::{Said, sentence};
use crate::understanding::slots::telephone::{self, Found};

/// Digits after which a number of ten may be over although two of them are missing.
const NEARLY_ALL: usize = 8;

pub(super) fn telephone(said: &Said<'_>) -> Completeness {
    match telephone::find(said.written) {
        // "06 12 34 56 78 et": a second number follows.
        Found::Whole { .. } if said.folded().next_back().is_some_and(is_joining) => Completeness::Unfinished,
        Found::Whole { .. } if is_certain(said) => Completeness::Finished,
        Found::Whole { .. } => Completeness::Unknown,
        // Some may have been misheard.
        Found::Part { digits } if digits.len() >= NEARLY_ALL => Completeness::Unknown,
        Found::Part { .. } => Completeness::Unfinished,
        Found::Nothing if said.tokens.len() > 1 => sentence::judge(said),
        Found::Nothing => Completeness::Unknown,
    }
}

/// Whether the digits are as many as they seem. Recognisers write "quatre-vingt-dix-sept" as "80 17" and "quatre-vingt-trois" as
/// "4, 20, 3": ten digits then are eight or six, and the caller goes on.
fn is_certain(said: &Said<'_>) -> bool {
    let numbers: Vec<&str> = said.folded().filter(|word| word.bytes().all(|b| b.is_ascii_digit())).collect();
    let additive = |pair: &[&str]| matches!(pair, ["60" | "80", teen] if teen.len() == 2 && teen.starts_with('1'));
    numbers.iter().all(|number| number.len() % 2 == 0) && !numbers.windows(2).any(additive)
}

fn is_joining(word: &str) -> bool {
    matches!(word, "et" | "ou" | "and" | "or")
}

/// A count or a reference of any length: a word that dangles is all that can be told.
pub(super) fn number(said: &Said<'_>) -> Completeness {
    // "Un" and "une" are counts here.
    let count = matches!(said.word_from_end(0), "un" | "une");
    let dangling = !count && sentence::is_dangling(said);
    if dangling {
        Completeness::Unfinished
    } else if sentence::declines(said) {
        Completeness::Finished
    } else {
        Completeness::Unknown
    }
}
