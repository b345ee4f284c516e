//! The pronunciation lexicon: how names are said, written down by the officer.
//!
//! One entry a line, `word = said` (or a tab between the two): by ear in the language's own spelling (`Laye = lè`) or in IPA
//! between slashes (`Laye = /lɛ/`). Lines that start with `#` and blank lines are comments. An entry all in capitals
//! (`ANTS`) holds for the acronym only; any other holds whatever the case, also inside compounds
//! ("Saint-Germain-en-Laye"). What is wrong is told line by line, in French, with what to do.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use super::foreign;

/// More entries than this in one lexicon are refused.
const MOST_ENTRIES: usize = 4_000;
/// Errors told at once; who mends these sees the next.
const MOST_ERRORS: usize = 20;
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
    #[error("ligne {line} : il manque le signe = entre le mot et sa prononciation ; écrivez par exemple « Laye = lè »")]
    NoSign { line: usize },
    #[error(
        "ligne {line} : « {word} » n'est pas un mot ; il doit commencer et finir par une lettre ou un chiffre, comme dans \
         « Laye = lè »"
    )]
    BadWord { line: usize, word: String },
    #[error(
        "ligne {line} : la prononciation manque ; écrivez après le signe = comment le mot se dit, par exemple « Laye = lè »"
    )]
    NothingSaid { line: usize },
    #[error("ligne {line} : mot ou prononciation trop longs ; {LONGEST} caractères au plus")]
    TooLong { line: usize },
    #[error("ligne {line} : la voix ne sait pas dire « {character} » ; {}", remedy(*.character))]
    UnknownCharacter { line: usize, character: char },
    #[error(
        "ligne {line} : « {character} » n'est pas un signe de l'alphabet phonétique ; ou écrivez à l'oreille, sans barres obliques"
    )]
    UnknownPhoneme { line: usize, character: char },
    #[error("ligne {line} : « {word} » est déjà à la ligne {first} ; gardez une seule des deux lignes")]
    Duplicate { line: usize, word: String, first: usize },
    #[error("plus de {MOST_ENTRIES} mots ; retirez ceux que la voix dit bien sans aide")]
    TooMany,
}

fn remedy(character: char) -> &'static str {
    match character {
        '0'..='9' => "écrivez les nombres en lettres",
        '/' => "l'alphabet phonétique s'écrit entre deux barres obliques, comme « /lɛ/ »",
        '=' => "une ligne n'a qu'un signe =",
        c if c.is_alphabetic() => {
            "écrivez avec les lettres de la langue, ou mettez l'alphabet phonétique entre barres obliques, comme « /lɛ/ »"
        }
        _ => "n'écrivez que des lettres, des espaces, des traits d'union et des apostrophes",
    }
}

/// All that is wrong with a lexicon, in the order of its lines; the first [`MOST_ERRORS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LexiconErrors(Vec<LexiconError>);

impl LexiconErrors {
    pub fn iter(&self) -> impl Iterator<Item = &LexiconError> {
        self.0.iter()
    }
}

impl std::error::Error for LexiconErrors {}

impl fmt::Display for LexiconErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
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
    /// Reads the text of a lexicon file.
    pub fn parse(text: &str) -> Result<Self, LexiconErrors> {
        let mut lexicon = Self::default();
        let mut errors = Vec::new();
        let mut acronyms = BTreeSet::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (index, row) in text.lines().enumerate() {
            let line = index + 1;
            let row = row.trim();
            if row.is_empty() || row.starts_with('#') {
                continue;
            }
            let (word, said) = match entry(row, line) {
                Ok(entry) => entry,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            let name = if is_acronym(&word) { word.clone() } else { fold(&word) };
            if let Some(first) = seen.insert(name, line) {
                errors.push(LexiconError::Duplicate { line, word, first });
                continue;
            }
            if !lexicon.add(&word, said, &mut acronyms) {
                errors.push(LexiconError::TooMany);
                break;
            }
        }
        errors.truncate(MOST_ERRORS);
        if errors.is_empty() { Ok(lexicon) } else { Err(LexiconErrors(errors)) }
    }

    /// With one entry more, which counts for more than those there are: to try a pronunciation.
    pub fn and(mut self, row: &str) -> Result<Self, LexiconErrors> {
        let (word, said) = entry(row.trim(), 1).map_err(|error| LexiconErrors(vec![error]))?;
        if self.add(&word, said, &mut BTreeSet::new()) {
            return Ok(self);
        }
        Err(LexiconErrors(vec![LexiconError::TooMany]))
    }

    /// `false` when it is full. `acronyms`: those with an entry of their own.
    fn add(&mut self, word: &str, said: Piece, acronyms: &mut BTreeSet<String>) -> bool {
        let index = self.said.len();
        if index == MOST_ENTRIES {
            return false;
        }
        self.said.push(said);
        if is_acronym(word) {
            self.capitals.insert(word, index);
            acronyms.insert(word.to_owned());
        } else {
            // An acronym's own entry counts for more than a word's in capitals.
            let capitals = word.to_uppercase();
            if !acronyms.contains(&capitals) {
                self.capitals.insert(&capitals, index);
            }
            self.words.insert(&fold(word), index);
        }
        true
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
        if language.starts_with("fr") {
            for piece in &mut pieces {
                if let Piece::Text(words) = piece {
                    *words = foreign::respell(words);
                }
            }
        }
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

/// A line of the file, taken apart.
fn entry(row: &str, line: usize) -> Result<(String, Piece), LexiconError> {
    let (word, said) = row.split_once('\t').or_else(|| row.split_once('=')).ok_or(LexiconError::NoSign { line })?;
    let (word, said) = (word.trim().replace('’', "'"), said.trim());
    if !(word.starts_with(char::is_alphanumeric) && word.ends_with(char::is_alphanumeric)) {
        return Err(LexiconError::BadWord { line, word: word.chars().take(LONGEST).collect() });
    }
    if word.chars().count() > LONGEST || said.chars().count() > LONGEST {
        return Err(LexiconError::TooLong { line });
    }
    let said = match said.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(ipa) => {
            Piece::Phonemes(phonemes(ipa).map_err(|character| LexiconError::UnknownPhoneme { line, character })?)
        }
        None => {
            let said = said.replace('’', "'");
            match said.chars().find(|c| !is_by_ear(*c)) {
                Some(character) => return Err(LexiconError::UnknownCharacter { line, character }),
                None => Piece::Text(said),
            }
        }
    };
    let (Piece::Text(sound) | Piece::Phonemes(sound)) = &said;
    if !sound.chars().any(char::is_alphabetic) {
        return Err(LexiconError::NothingSaid { line });
    }
    Ok((word, said))
}

/// Letters as French and its neighbours write them.
fn is_by_ear(c: char) -> bool {
    (c.is_alphabetic() && c < '\u{180}') || matches!(c, ' ' | '-' | '\'')
}

/// IPA in the signs that espeak-ng and the voices use; the first that is none of them is the error.
fn phonemes(ipa: &str) -> Result<String, char> {
    const SIGNS: &str = "abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔəɚɛɜɟɡɣɥɪɬɯɲɹɾʁʃʊʋʌʎʏʒʔθβχʲˈˌː\u{303} -.";
    let mut signs = String::with_capacity(ipa.len());
    for c in ipa.trim().chars() {
        match c {
            'g' => signs.push('ɡ'),
            'ʀ' | 'R' => signs.push('ʁ'),
            '\'' | '’' => signs.push('ˈ'),
            ':' => signs.push('ː'),
            'ã' => signs.push_str("ɑ\u{303}"),
            'õ' => signs.push_str("ɔ\u{303}"),
            'ẽ' => signs.push_str("ɛ\u{303}"),
            c if SIGNS.contains(c) => signs.push(c),
            c => return Err(c),
        }
    }
    Ok(signs)
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
    fn the_longest_wins() {
        assert_eq!(reading("Marc Ferro\tmarc féro\nFerro\tférrô\n", "Marc Ferro, Ferro"), "marc féro, férrô");
    }

    #[test]
    fn one_entry_more_counts_for_more() {
        let lexicon = Lexicon::parse("Laye = laie").expect("lexicon").and("Laye = lè").expect("entry");
        assert_eq!(lexicon.reading("fr", "Laye"), "lè");
        assert!(Lexicon::default().and("Laye lè").is_err());
    }

    #[test]
    fn ipa_is_written_as_the_voices_know_it() {
        let lexicon = Lexicon::parse("Pecq = /p'eg ʀã/").expect("lexicon");
        assert_eq!(lexicon.pieces("fr", "Pecq"), [Piece::Phonemes("pˈeɡ ʁɑ\u{303}".into())]);
    }

    #[test]
    fn names_in_y_stay_french_and_can_be_respelled() {
        assert_eq!(reading("", "Chambourcy, Marly-le-Roi"), "Chambourci, Marli-le-Roi");
        assert_eq!(reading("Marly = marlie", "Marly"), "marlie");
        assert_eq!(Lexicon::default().reading("en", "Marly"), "Marly");
    }

    #[test]
    fn private_characters_in_a_text_reach_no_entry() {
        assert_eq!(reading("ANTS\tantse", "le\u{e000} b"), "le b");
    }

    #[test]
    fn every_error_names_its_line_and_what_to_do() {
        let text = "a = b\nLaye lè\nPecq = \n-x- = y\nLaye = l3\nPoissy = pwɑsi\nPoissy = /pw4/\nA = c\nPecq = /p";
        let errors = Lexicon::parse(text).expect_err("wrong");
        assert_eq!(
            errors.0,
            [
                LexiconError::NoSign { line: 2 },
                LexiconError::NothingSaid { line: 3 },
                LexiconError::BadWord { line: 4, word: "-x-".into() },
                LexiconError::UnknownCharacter { line: 5, character: '3' },
                LexiconError::UnknownCharacter { line: 6, character: 'ɑ' },
                LexiconError::UnknownPhoneme { line: 7, character: '4' },
                LexiconError::Duplicate { line: 8, word: "A".into(), first: 1 },
                LexiconError::UnknownCharacter { line: 9, character: '/' },
            ]
        );
        let told = errors.to_string();
        for part in
            ["ligne 2 : il manque le signe =", "nombres en lettres", "déjà à la ligne 1", "entre barres obliques"]
        {
            assert!(told.contains(part), "{told}");
        }
        let long = format!("a = {}", "é".repeat(LONGEST + 1));
        assert_eq!(Lexicon::parse(&long).expect_err("long").0, [LexiconError::TooLong { line: 1 }]);
        assert_eq!(Lexicon::parse("a = //").expect_err("nothing").0, [LexiconError::NothingSaid { line: 1 }]);
        assert_eq!(Lexicon::parse(&"x\n".repeat(1_000)).expect_err("many").0.len(), MOST_ERRORS);
    }

    #[test]
    fn an_acronym_and_a_word_are_no_duplicates() {
        assert_eq!(reading("ANTS = antse\nants = fourmis", "L'ANTS et les ants"), "L'antse et les fourmis");
        assert!(Lexicon::parse("Laye = lè\nlaye = laie").is_err());
    }

    #[test]
    fn the_example_of_the_officers_page_is_read() {
        let page = include_str!("../../../docs/prononciation.md");
        let example = page.split("```").nth(1).expect("an example").trim_start_matches("text\n");
        let lexicon = Lexicon::parse(example).expect("the page's own lines");
        assert_eq!(lexicon.reading("fr", "Saint-Germain-en-Laye"), "Saint-Germain-en-lè");
        assert_eq!(lexicon.reading("fr", "Le SIVOM de la rue Schnapper"), "Le sivome de la rue chnapère");
        assert_eq!(lexicon.reading("fr", "Le Pecq"), "Le /pˈɛk/");
    }

    #[test]
    fn more_entries_than_markers_are_refused() {
        let full: String = (0..MOST_ENTRIES).map(|i| format!("MOT{i}\tdit ainsi\n")).collect();
        assert_eq!(reading(&full, "MOT3999."), "dit ainsi.");
        let one_more = Lexicon::parse(&format!("{full}un\tde trop"));
        assert_eq!(one_more.expect_err("full").0, [LexiconError::TooMany]);
    }

    #[test]
    fn the_lexicons_of_the_product_are_read() {
        let french = Lexicon::parse(include_str!("../../../prompts/fr/prononciation.tsv")).expect("fr");
        assert_eq!(french.reading("fr", "Saint-Germain-en-Laye"), "Saint-Germain-en-lè");
        let english = Lexicon::parse(include_str!("../../../prompts/en/prononciation.tsv")).expect("en");
        assert!(english.reading("en", "Laye").starts_with('/'));
    }
}
