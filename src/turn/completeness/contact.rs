//! Where to write to: addresses of houses and mailboxes.

use super::super::endpoint::Completeness;
use super::{Said, sentence};

const TOP_LEVEL: &[&str] = &["fr", "com", "net", "org", "eu", "info", "uk", "de", "be", "ch"];

/// Finished with the part after the last point: "… arobase orange point fr".
pub(super) fn email(said: &Said<'_>) -> Completeness {
    let at = said.written.contains('@') || said.folded().any(|word| matches!(word, "arobase" | "arrobase" | "at"));
    let last = said.word_from_end(0);
    if at && TOP_LEVEL.contains(&last) {
        return Completeness::Finished;
    }
    let starts = at || matches!(last, "point" | "tiret" | "dot" | "dash" | "underscore") || sentence::is_dangling(said);
    if starts {
        Completeness::Unfinished
    } else if sentence::declines(said) {
        Completeness::Finished
    } else {
        Completeness::Unknown
    }
}

/// Finished with a postcode and a town after it.
pub(super) fn address(said: &Said<'_>) -> Completeness {
    if sentence::is_dangling(said) {
        return Completeness::Unfinished;
    }
    let postcode = |word: &str| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit());
    match said.folded().position(postcode) {
        Some(at) if at + 1 < said.tokens.len() => Completeness::Finished,
        Some(_) => Completeness::Unknown,
        // "12": the street follows.
        None if said.folded().all(|word| word.bytes().all(|b| b.is_ascii_digit()) || matches!(word, "bis" | "ter")) => {
            Completeness::Unfinished
        }
        None if sentence::declines(said) => Completeness::Finished,
        None => Completeness::Unknown,
    }
}
