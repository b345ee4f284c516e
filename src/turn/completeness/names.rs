//! A person's name, perhaps spelled.

use super::super::endpoint::Completeness;
use super::{Said, sentence};

/// Letters in a row that are spelling, not initials.
const SPELLED: usize = 2;

/// Few names have fewer letters.
const SHORTEST_NAME: usize = 4;

/// A name alone may be spelled next, and letters have no end of their own, but where they spell the name that was said.
pub(super) fn judge(said: &Said<'_>) -> Completeness {
    let letters: Vec<&str> = said.folded().rev().take_while(|word| word.chars().count() == 1).collect();
    if letters.len() >= SPELLED {
        let spelled: String = letters.iter().rev().copied().collect();
        let before = said.tokens.len() - letters.len();
        let named = said.folded().take(before).any(|word| word == spelled);
        return match letters.len() {
            _ if named => Completeness::Finished,
            ..SHORTEST_NAME => Completeness::Unfinished,
            _ => Completeness::Unknown,
        };
    }
    if is_spelling(said) || sentence::is_dangling(said) {
        return Completeness::Unfinished;
    }
    if sentence::declines(said) || said.words.last_words.iter().any(|last| said.ends_with(last)) {
        return Completeness::Finished;
    }
    Completeness::Unknown
}

/// "D comme Denis", "deux L", "D-U-P": letters come.
fn is_spelling(said: &Said<'_>) -> bool {
    let letter = |word: &str| word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let hyphens =
        said.written.split_whitespace().last().is_some_and(|word| {
            word.split('-').count() >= SPELLED && word.trim_end_matches('.').split('-').all(letter)
        });
    let doubled = letter(said.word_from_end(0)) && matches!(said.word_from_end(1), "deux" | "2" | "double");
    let as_in = matches!(said.word_from_end(1), "comme" | "as") || matches!(said.word_from_end(0), "comme" | "as");
    hyphens || doubled || as_in
}
