//! Whether the words so far can be all: what an adaptive end of turn is told.
//!
//! Owns: the judgement of a partial transcript against what is expected, one kind of answer a file. Must not know: sound, times.
//!
//! Wrong either way costs: "finished" too early cuts the caller, "unfinished" too late makes them wait. Where it can't be told
//! the answer is `Unknown`, and the silence decides as it would without words.

mod closed;
mod contact;
mod dates;
mod message;
mod names;
mod numbers;
mod sentence;
mod words;

use super::answer::Answer;
use super::endpoint::Completeness;
use crate::understanding::text::{Token, tokens};
use words::Words;

/// A partial transcript and its words.
struct Said<'a> {
    /// As the recogniser wrote it, without blanks at its end.
    written: &'a str,
    tokens: Vec<Token>,
    words: &'static Words,
    french: bool,
}

impl Said<'_> {
    /// The word so many from the end, folded; empty before the first.
    fn word_from_end(&self, back: usize) -> &str {
        self.tokens.iter().rev().nth(back).map_or("", |token| token.folded.as_str())
    }

    fn folded(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.tokens.iter().map(|token| token.folded.as_str())
    }

    /// Whether the words end with this phrase.
    fn ends_with(&self, phrase: &str) -> bool {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        phrase.len() <= self.tokens.len() && self.folded().rev().zip(phrase.into_iter().rev()).all(|(a, b)| a == b)
    }
}

/// `language`: ISO 639-1. In one whose words are not known everything is `Unknown`.
pub fn completeness(text: &str, language: &str, answer: &Answer) -> Completeness {
    let Some(words) = words::of(language) else { return Completeness::Unknown };
    let said = Said { written: text.trim_end(), tokens: tokens(text), words, french: language == "fr" };
    if said.tokens.is_empty() {
        return Completeness::Unknown;
    }
    match answer {
        Answer::Open => sentence::judge(&said),
        Answer::YesNo => closed::yes_or_no(&said),
        Answer::Confirmation => closed::confirmation(&said),
        Answer::Choice(options) => closed::choice(&said, options),
        Answer::Telephone => numbers::telephone(&said),
        Answer::Number => numbers::number(&said),
        Answer::Date => dates::date(&said),
        Answer::Time => dates::time(&said),
        Answer::Name => names::judge(&said),
        Answer::Address => contact::address(&said),
        Answer::Email => contact::email(&said),
        Answer::Message => message::judge(&said),
    }
}

#[cfg(test)]
mod tests;
