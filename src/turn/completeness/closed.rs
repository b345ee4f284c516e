//! Yes, no, or one of several.

use super::super::endpoint::Completeness;
use super::{Said, numbers, sentence};
use crate::understanding::slots::telephone::{self, Found};
use crate::understanding::slots::yes_no;
use crate::understanding::text::{Token, tokens};

/// Likeness of a word that is the option's.
const SAME_WORD: f32 = 0.85;

/// Digits that are a telephone number being dictated, no day or hour.
const START_OF_NUMBER: usize = 4;

enum Reply {
    Yes,
    No,
    /// One of them and more: "non, c'est pour un passeport".
    More,
    Neither,
}

fn reply(said: &Said<'_>) -> Reply {
    if said.french {
        return match yes_no::read(said.written) {
            Some(answer) if answer.rest.is_empty() => {
                if answer.yes {
                    Reply::Yes
                } else {
                    Reply::No
                }
            }
            Some(_) => Reply::More,
            None => Reply::Neither,
        };
    }
    if !said.folded().all(|word| said.words.yes_no.contains(&word)) {
        return Reply::Neither;
    }
    let denies = said.folded().any(|word| matches!(word, "no" | "nope" | "not" | "wrong"));
    if denies { Reply::No } else { Reply::Yes }
}

pub(super) fn yes_or_no(said: &Said<'_>) -> Completeness {
    match reply(said) {
        Reply::Yes | Reply::No if !sentence::is_dangling(said) => Completeness::Finished,
        _ => sentence::judge(said),
    }
}

/// After "no" comes what is wrong; perhaps at once.
pub(super) fn confirmation(said: &Said<'_>) -> Completeness {
    match (reply(said), telephone::find(said.written)) {
        _ if sentence::is_dangling(said) => Completeness::Unfinished,
        (Reply::Yes, _) => Completeness::Finished,
        (Reply::No, Found::Nothing) => Completeness::Unknown,
        (_, Found::Part { digits }) if digits.len() >= START_OF_NUMBER => numbers::telephone(said),
        (_, Found::Whole { .. }) => Completeness::Finished,
        _ => sentence::judge(said),
    }
}

pub(super) fn choice(said: &Said<'_>, options: &[String]) -> Completeness {
    // "La deux", "le un": an article that would dangle elsewhere.
    let place = said.tokens.len() <= 2 && is_place(said.word_from_end(0));
    if place || options.iter().any(|option| names(said, option)) {
        return Completeness::Finished;
    }
    yes_or_no(said)
}

fn is_place(word: &str) -> bool {
    let ordinal = word.ends_with("ieme")
        || matches!(word, "premier" | "premiere" | "second" | "seconde" | "dernier" | "derniere");
    let french = matches!(word, "un" | "une" | "deux" | "trois" | "quatre");
    let english = matches!(word, "one" | "two" | "three" | "four" | "first" | "third" | "fourth" | "last");
    ordinal || french || english || word.len() == 1 && word.bytes().all(|b| b.is_ascii_digit())
}

/// All the option's meaningful words are said, and nothing hangs after them.
fn names(said: &Said<'_>, option: &str) -> bool {
    let option = tokens(option);
    let meant: Vec<&Token> = option.iter().filter(|token| token.is_content()).collect();
    !meant.is_empty()
        && !sentence::is_dangling(said)
        && meant.iter().all(|word| said.tokens.iter().any(|token| token.likeness(word) >= SAME_WORD))
}
