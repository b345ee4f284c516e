//! Telephone numbers and counts.

use super::super::endpoint::Completeness;
use super::{Said, sentence};
use crate::understanding::slots::telephone::{self, Found};

pub(super) fn telephone(said: &Said<'_>) -> Completeness {
    match telephone::find(said.written) {
        // "06 12 34 56 78 et": a second number follows.
        Found::Whole { .. } if said.folded().next_back().is_some_and(is_joining) => Completeness::Unfinished,
        Found::Whole { .. } => Completeness::Finished,
        Found::Part { .. } => Completeness::Unfinished,
        Found::Nothing => sentence::judge(said),
    }
}

fn is_joining(word: &str) -> bool {
    matches!(word, "et" | "ou" | "and" | "or")
}

/// A count or a reference of any length: a word that dangles is all that can be told.
pub(super) fn number(said: &Said<'_>) -> Completeness {
    // "Un" and "une" are counts here.
    let count = matches!(said.from_end(0), "un" | "une");
    let dangling = !count && sentence::is_dangling(said);
    if dangling {
        Completeness::Unfinished
    } else if sentence::is_whole(said) {
        Completeness::Finished
    } else {
        Completeness::Unknown
    }
}
