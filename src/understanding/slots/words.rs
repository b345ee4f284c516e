//! Words of an answer with the signs between them: for values, a comma, a hyphen or an "@" tells as much as a word.
//!
//! Lighter than [`text::tokens`]: no stems and no sounds. Letters and digits that touch are two words ("18h30", "1er").

use crate::understanding::text::{self, fold};

/// What stands between a word and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Letters and digits touch: "18h30".
    Nothing,
    Space,
    Hyphen,
    Apostrophe,
    /// Comma, full stop, any other sign; also the start of the text.
    Stop,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'t> {
    /// As it stands in the text.
    pub written: &'t str,
    /// Lower case, without accents.
    pub folded: String,
    pub before: Gap,
}

impl Word<'_> {
    pub fn is(&self, word: &str) -> bool {
        self.folded == word
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        words.contains(&self.folded.as_str())
    }

    /// Written in digits only.
    pub fn is_digits(&self) -> bool {
        self.written.bytes().all(|b| b.is_ascii_digit())
    }

    /// The number that digits write, up to nine of them.
    pub fn digits(&self) -> Option<u32> {
        if self.is_digits() && self.written.len() <= 9 { self.written.parse().ok() } else { None }
    }
}

/// Words of the first [`text::LONGEST_TEXT`] characters.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let text = text::cut(text);
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut digits = false;
    let mut gap = Gap::Stop;
    let mut push = |from: usize, to: usize, gap: Gap| {
        let written = &text[from..to];
        words.push(Word { written, folded: fold(written), before: gap });
    };
    for (at, c) in text.char_indices() {
        let is_mark = ('\u{300}'..='\u{36f}').contains(&c);
        if c.is_alphanumeric() || (is_mark && start.is_some()) {
            let is_digit = c.is_ascii_digit();
            if let Some(from) = start
                && is_digit != digits
                && !is_mark
            {
                push(from, at, gap);
                gap = Gap::Nothing;
                start = Some(at);
            }
            start = start.or(Some(at));
            if !is_mark {
                digits = is_digit;
            }
            continue;
        }
        if let Some(from) = start.take() {
            push(from, at, gap);
            gap = Gap::Nothing;
        }
        let sign = match c {
            '-' | '–' | '—' | '−' | '‑' | '‐' => Gap::Hyphen,
            '\'' | '’' | 'ʼ' | '‘' | '`' => Gap::Apostrophe,
            c if c.is_whitespace() => Gap::Space,
            _ => Gap::Stop,
        };
        gap = match (gap, sign) {
            (Gap::Stop, _) | (_, Gap::Stop) => Gap::Stop,
            (Gap::Nothing, sign) => sign,
            // "Jean - Pierre": the hyphen tells more than the spaces around it.
            (Gap::Space, sign) => sign,
            (gap, _) => gap,
        };
    }
    if let Some(from) = start {
        push(from, text.len(), gap);
    }
    words
}

/// The words outside a range, as written, joined by spaces.
pub fn without(words: &[Word], range: &std::ops::Range<usize>) -> String {
    let kept = words.iter().enumerate().filter(|(i, _)| !range.contains(i)).map(|(_, w)| w.written);
    kept.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_between_words_are_kept() {
        let found: Vec<(String, Gap)> =
            words("Alors, 18h30 - ou l’après-midi ?").into_iter().map(|w| (w.folded, w.before)).collect();
        let wanted = [
            ("alors", Gap::Stop),
            ("18", Gap::Stop),
            ("h", Gap::Nothing),
            ("30", Gap::Nothing),
            ("ou", Gap::Hyphen),
            ("l", Gap::Space),
            ("apres", Gap::Apostrophe),
            ("midi", Gap::Hyphen),
        ];
        assert_eq!(found, wanted.map(|(w, g)| (w.to_owned(), g)));
    }

    #[test]
    fn decomposed_accents_belong_to_their_word() {
        let text = "zéro e\u{301}te\u{301}";
        let found: Vec<String> = words(text).into_iter().map(|w| w.folded).collect();
        assert_eq!(found, ["zero", "ete"]);
        assert!(words("\u{301}\u{301} …").is_empty());
        assert!(words(&"a1".repeat(5_000)).len() <= 400);
    }
}
