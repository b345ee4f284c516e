//! Written text put in the words a voice says: numbers, hours, dates, telephone numbers, prices, abbreviations.
//!
//! Owns: the spoken form of French and English, the pronunciation lexicon's rules, cutting text into sentences. Pure.
//! Must not know: phonemes, voices, files.
//!
//! The rules run in a fixed order, the most particular first (addresses, telephone numbers, hours, dates, prices), so
//! that plain numbers are what is left over. Each rule leaves words only, which no later rule touches.

use std::time::Duration;

mod abbreviations;
mod amounts;
mod calendar;
mod contact;
mod english;
mod foreign;
mod lexicon;
mod numbers;
mod ordinals;
mod sentences;
mod symbols;
#[cfg(test)]
mod tests;

pub use lexicon::{Lexicon, LexiconError, LexiconErrors, Piece};
pub use sentences::{clauses, sentences};

/// A regular expression written in this source, compiled on first use.
macro_rules! pattern {
    ($pattern:expr) => {{
        static PATTERN: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($pattern).expect("pattern of this source"));
        &*PATTERN
    }};
}
use pattern;

/// Quiet between two clauses: what the voice itself makes behind a comma, and more where more ends.
pub fn pause_after(mark: Option<char>) -> Duration {
    Duration::from_millis(match mark {
        Some(',') => 190,
        Some(';' | ':') => 320,
        Some('.' | '!' | '?' | '…') => 450,
        _ => 120,
    })
}

/// Longest text put in spoken form, characters; a sentence of the dialplan is far below. The rest is not said.
const LONGEST: usize = 2_000;

/// Written French in spoken words: "8h30-12h" → "de huit heures trente à douze heures".
pub fn french(text: &str) -> String {
    let text: String = text.chars().take(LONGEST).collect();
    // A clause goes on where its sentence does: its comma is said too.
    let goes_on = text.trim_end().ends_with(',');
    let mut text = symbols::normalise(&text);
    for rule in [
        contact::rewrite,
        calendar::rewrite,
        ordinals::rewrite,
        amounts::rewrite,
        abbreviations::rewrite,
        symbols::rewrite,
    ] {
        text = rule(&text);
    }
    if goes_on && text.ends_with(char::is_alphanumeric) {
        text.push(',');
    }
    text
}

/// Written English in spoken words, as a town hall in Europe writes it: day before month, 24-hour clock, euros.
pub fn english(text: &str) -> String {
    let text: String = text.chars().take(LONGEST).collect();
    english::rewrite(&symbols::normalise(&text))
}

/// Spoken form of `text` in `language` (ISO 639-1). Languages other than French and English are left to the voice's own
/// rules.
pub fn form(language: &str, text: &str) -> String {
    match language.get(..2) {
        Some("fr") => french(text),
        Some("en") => english(text),
        _ => symbols::plain(text),
    }
}
