//! The pronunciation lexicon: how names are said, written down by the officer.
//!
//! One entry a line, `word<TAB>said`: by ear in the language's own spelling (`Laye<TAB>lè`) or in IPA between slashes
//! (`Laye<TAB>/lɛ/`). Lines that start with `#` and blank lines are comments. An entry all in capitals (`ANTS`) holds
//! for the acronym only; any other holds whatever the case, also inside compounds ("Saint-Germain-en-Laye").

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// More entries than this in one lexicon are refused.
const MOST_ENTRIES: usize = 4_000;
/// Longest entry and longest pronunciation, characters.
const LONGEST: usize = 100;
/// Acronyms travel through the rules of the spoken form as one private-use character each.
const FIRST_MARKER: u32 = 0xE000;

/// Text for the voice: words to be phonemised, or phonemes as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// IPA.
    Phonemes(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LexiconError {
    #[error("line {line}: no tab between the word and how it is said")]
    NoTab { line: usize },
    #[error("line {line}: the word must begin and end with a letter or a digit")]
    BadWord { line: usize },
    #[error("line {line}: the pronunciation is empty")]
    NothingSaid { line: usize },
    #[error("line {line}: word or pronunciation longer than {LONGEST} characters")]
    TooLong { line: usize },
    #[error("more than {MOST_ENTRIES} entries")]
    TooMany,
}

/// A checked lexicon.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// How the entries are said, in the order of the file.
    said: Vec<Piece>,
    /// Entries as they stand in capitals: acronyms, and words in a heading.
    capitals: Table,
    /// Entries in small letters, but for acronyms.
    words: Table,
}

impl Lexicon {
    /// Reads the text of a lexicon file. Of two entries for one word the later wins.
    pub fn parse(text: &str) -> Result<Self, LexiconError> {
        let mut lexicon = Self::default();
        let mut acronyms = BTreeSet::new();
        for (index, row) in text.lines().enumerate() {
            let line = index + 1;
            let row = row.trim_end();
            if row.is_empty() || row.starts_with('#') {
                continue;
            }
            let (word, said) = row.split_once('\t').ok_or(LexiconError::NoTab { line })?;
            let (word, said) = (word.trim().replace('’', "'"), said.trim());
            let closed = word.starts_with(char::is_alphanumeric) && word.ends_with(char::is_alphanumeric);
            if !closed {
                return Err(LexiconError::BadWord { line });
            }
            if word.chars().count() > LONGEST || said.chars().count() > LONGEST {
                return Err(LexiconError::TooLong { line });
            }
            let said = match said.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                Some(ipa) => Piece::Phonemes(ipa.trim().to_owned()),
                None => Piece::Text(said.to_owned()),
            };
            if matches!(&said, Piece::Text(words) | Piece::Phonemes(words) if words.is_empty()) {
                return Err(LexiconError::NothingSaid { line });
            }
            let index = lexicon.said.len();
            if index == MOST_ENTRIES {
                return Err(LexiconError::TooMany);
            }
            lexicon.said.push(said);
            if is_acronym(&word) {
                lexicon.capitals.insert(&word, index);
            } else {
                // An acronym's own entry counts for more than a word's in capitals.
                let capitals = word.to_uppercase();
                if !acronyms.contains(&capitals) {
                    lexicon.capitals.insert(&capitals, index);
                }
                lexicon.words.insert(&fold(&word), index);
            }
            if is_acronym(&word) {
                acronyms.insert(word);
            }
        }
        Ok(lexicon)
    }

    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// `text` in spoken form with this lexicon's pronunciations.
    pub fn pieces(&self, language: &str, text: &str) -> Vec<Piece> {
        let text: String = text.chars().filter(|c| !is_marker(*c)).collect();
        let mut marked = String::with_capacity(text.len());
        let mut from = 0;
        for (found, index) in self.capitals.find(&text) {
            let marker = u32::try_from(index).ok().and_then(|index| char::from_u32(FIRST_MARKER + index));
            marked.push_str(&text[from..found.start]);
            marked.extend(marker);
            from = found.end;
        }
        marked.push_str(&text[from..]);

        let spoken = super::form(language, &marked);
        let mut pieces = Vec::new();
        let mut from = 0;
        for (found, index) in self.words.find(&fold(&spoken)) {
            self.push_marked(&mut pieces, &spoken[from..found.start]);
            push(&mut pieces, self.said[index].clone());
            from = found.end;
        }
        self.push_marked(&mut pieces, &spoken[from..]);
        pieces
    }

    /// What the voice will say, in one line of text: identifies the sound of a sentence.
    pub fn reading(&self, language: &str, text: &str) -> String {
        self.pieces(language, text)
            .iter()
            .map(|piece| match piece {
                Piece::Text(words) => words.clone(),
                Piece::Phonemes(ipa) => format!("/{ipa}/"),
            })
            .collect()
    }

    /// Text in which each marker is an acronym of this lexicon.
    fn push_marked(&self, pieces: &mut Vec<Piece>, text: &str) {
        for part in text.split_inclusive(is_marker) {
            let words = part.trim_end_matches(is_marker);
            push(pieces, Piece::Text(words.to_owned()));
            let said = part[words.len()..]
                .chars()
                .next()
                .and_then(|marker| self.said.get((u32::from(marker) - FIRST_MARKER) as usize));
            if let Some(said) = said {
                push(pieces, said.clone());
            }
        }
    }
}

/// Words of a lexicon, found where they stand whole in a text.
#[derive(Debug, Clone, Default)]
struct Table {
    words: HashMap<String, usize>,
    /// Lengths of the words, bytes.
    lengths: BTreeSet<usize>,
}

impl Table {
    /// A later word takes the place of the same word before.
    fn insert(&mut self, word: &str, index: usize) {
        self.lengths.insert(word.len());
        self.words.insert(word.to_owned(), index);
    }

    /// The entries in `text`, left to right; the longest wins where several begin.
    fn find(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        let mut free_from = 0;
        let mut before = None;
        for (start, c) in text.char_indices() {
            let begins = c.is_alphanumeric() && !before.is_some_and(char::is_alphanumeric);
            before = Some(c);
            if !begins || start < free_from {
                continue;
            }
            let entry = self.lengths.iter().rev().find_map(|length| {
                let word = text.get(start..start + length)?;
                let whole = !text[start + length..].starts_with(char::is_alphanumeric);
                whole.then(|| self.words.get(word)).flatten().map(|index| (start..start + length, *index))
            });
            if let Some((range, index)) = entry {
                free_from = range.end;
                found.push((range, index));
            }
        }
        found
    }
}

/// Small letters, byte for byte in the same places (a letter whose small form has another length stays).
fn fold(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut small = c.to_lowercase();
            match (small.next(), small.next()) {
                (Some(one), None) if one.len_utf8() == c.len_utf8() => one,
                _ => c,
            }
        })
        .collect()
}

pub(super) fn is_marker(c: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&c)
}

/// Neighbouring text is one piece, so that liaisons are made across it.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (Some(Piece::Text(before)), Piece::Text(more)) => before.push_str(&more),
        (_, Piece::Text(words)) if words.is_empty() => {}
        (_, piece) => pieces.push(piece),
    }
}

fn is_acronym(word: &str) -> bool {
    word.chars().count() > 1 && word.chars().all(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(lexicon: &str, text: &str) -> String {
        Lexicon::parse(lexicon).expect("lexicon").reading("fr", text)
    }

    #[test]
    fn words_are_replaced_whole_and_in_any_case() {
        let lexicon = "# names\nLaye\tlè\n\nsaintgermainenlaye\tsaint germain en lè\n";
        assert_eq!(reading(lexicon, "Saint-Germain-en-Laye"), "Saint-Germain-en-lè");
        assert_eq!(reading(lexicon, "SAINT-GERMAIN-EN-LAYE"), "saint-germain-en-lè");
        assert_eq!(reading(lexicon, "la layette"), "la layette");
        assert_eq!(
            reading(lexicon, "courrier@saintgermainenlaye.fr"),
            "courrier arobase saint germain en lè point èffe erre"
        );
    }

    #[test]
    fn capitals_are_acronyms_only() {
        let lexicon = "ANTS\tantse\nants\tfourmis\n";
        assert_eq!(reading(lexicon, "L'ANTS et les ants"), "L'antse et les fourmis");
    }

    #[test]
    fn ipa_becomes_phonemes() {
        let lexicon = Lexicon::parse("Péricard\t/peʁikaʁ/\nFQX\t/fuʁkø/").expect("lexicon");
        assert_eq!(
            lexicon.pieces("fr", "M. Péricard, à FQX."),
            [
                Piece::Text("monsieur ".into()),
                Piece::Phonemes("peʁikaʁ".into()),
                Piece::Text(", à ".into()),
                Piece::Phonemes("fuʁkø".into()),
                Piece::Text(".".into()),
            ]
        );
    }

    #[test]
    fn the_longest_and_the_latest_win() {
        let lexicon = "Marc Ferro\tmarc féro\nFerro\tfèrô\nFerro\tférrô\n";
        assert_eq!(reading(lexicon, "Marc Ferro, Ferro"), "marc féro, férrô");
    }

    #[test]
    fn private_characters_in_a_text_reach_no_entry() {
        assert_eq!(reading("ANTS\tantse", "le\u{e000} b"), "le b");
    }

    #[test]
    fn errors_name_their_line() {
        for (text, error) in [
            ("a\tb\nLaye lè", LexiconError::NoTab { line: 2 }),
            ("Laye\t ", LexiconError::NoTab { line: 1 }),
            ("Laye\t//", LexiconError::NothingSaid { line: 1 }),
            ("-x-\ty", LexiconError::BadWord { line: 1 }),
        ] {
            assert_eq!(Lexicon::parse(text).map(|_| ()), Err(error), "{text:?}");
        }
        let long = format!("a\t{}", "é".repeat(LONGEST + 1));
        assert_eq!(Lexicon::parse(&long).map(|_| ()), Err(LexiconError::TooLong { line: 1 }));
    }

    #[test]
    fn more_entries_than_markers_are_refused() {
        let full: String = (0..MOST_ENTRIES).map(|i| format!("MOT{i}\tdit {i}\n")).collect();
        assert_eq!(reading(&full, "MOT3999."), "dit 3999.");
        assert_eq!(Lexicon::parse(&format!("{full}un\tde trop")).map(|_| ()), Err(LexiconError::TooMany));
    }

    #[test]
    fn the_lexicons_of_the_product_are_read() {
        let french = Lexicon::parse(include_str!("../../../prompts/fr/prononciation.tsv")).expect("fr");
        assert_eq!(french.reading("fr", "Saint-Germain-en-Laye"), "Saint-Germain-en-lè");
        let english = Lexicon::parse(include_str!("../../../prompts/en/prononciation.tsv")).expect("en");
        assert!(english.reading("en", "Laye").starts_with('/'));
    }
}
