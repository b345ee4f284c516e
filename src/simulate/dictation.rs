//! Numbers and spelled names as a person dictates them: the rest of a line is a synthetic voice's, these words are recorded ones. No
//! synthetic voice says letters so that they are heard (docs/slots.md). PURE.
//!
//! Owns: which words of a line are dictated, in which recorded words, with which pauses. Must not know: files, voices.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::audio::LINE_RATE;

/// A number is dictated when it has so many groups, a name when it has so many letters; below that it is said within the sentence.
const FEWEST_GROUPS: usize = 4;
const FEWEST_LETTERS: usize = 3;
/// Pauses between the words of a group, between the groups of a number, and between letters, ms.
const WITHIN_GROUP_MS: Range<u64> = 5..40;
const BETWEEN_GROUPS_MS: Range<u64> = 100..600;
const BETWEEN_LETTERS_MS: Range<u64> = 100..350;

/// Stretches of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    Said(&'a str),
    Dictated(Dictation),
}

/// Groups of words, by the names of their recordings: "0" to "20", "30" … "90", "et", "a" to "z".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dictation {
    groups: Vec<Vec<String>>,
    is_spelled: bool,
}

/// The line in the order it is spoken; one piece [`Piece::Said`] when nothing is dictated.
pub fn pieces(line: &str) -> Vec<Piece<'_>> {
    let words = words(line);
    let mut pieces = Vec::new();
    let (mut at, mut said) = (0, 0);
    while at < words.len() {
        let Some((count, dictation)) = spelled(&words[at..]).or_else(|| dictated(line, &words[at..])) else {
            at += 1;
            continue;
        };
        push_said(&mut pieces, &line[said..words[at].span.start]);
        pieces.push(Piece::Dictated(dictation));
        at += count;
        said = words[at - 1].span.end;
    }
    push_said(&mut pieces, &line[said..]);
    pieces
}

/// What holds no word is punctuation behind a dictation.
fn push_said<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if text.chars().any(char::is_alphanumeric) {
        pieces.push(Piece::Said(text.trim_start_matches([',', '.', ' '])));
    }
}

/// A telephone number, group by group.
pub fn of_number(digits: &str) -> Dictation {
    let groups = digits.as_bytes().chunks(2).filter_map(|pair| in_words(std::str::from_utf8(pair).ok()?));
    Dictation { groups: groups.collect(), is_spelled: false }
}

/// A name, letter by letter, without accents.
pub fn of_name(name: &str) -> Dictation {
    let groups = name.chars().map(|letter| vec![plain(letter).to_string()]).collect();
    Dictation { groups, is_spelled: true }
}

impl Dictation {
    /// The recordings one after the other, mono at 8 kHz; nothing when one of them is missing. The same dictation has the same pauses.
    pub fn spoken(&self, recordings: &BTreeMap<String, Vec<i16>>) -> Option<Vec<i16>> {
        let seed = self.groups.iter().flatten().flat_map(|word| word.bytes());
        let mut random =
            StdRng::seed_from_u64(seed.fold(7, |seed, byte| seed.wrapping_mul(131).wrapping_add(byte.into())));
        let mut samples = Vec::new();
        let mut pause = |samples: &mut Vec<i16>, ms: &Range<u64>| {
            let length = random.random_range(ms.clone()) * u64::from(LINE_RATE) / 1_000;
            samples.resize(samples.len() + length as usize, 0);
        };
        let between = if self.is_spelled { BETWEEN_LETTERS_MS } else { BETWEEN_GROUPS_MS };
        for (number, group) in self.groups.iter().enumerate() {
            if number > 0 {
                pause(&mut samples, &between);
            }
            for (number, word) in group.iter().enumerate() {
                if number > 0 {
                    pause(&mut samples, &WITHIN_GROUP_MS);
                }
                samples.extend_from_slice(recordings.get(word)?);
            }
        }
        Some(samples)
    }
}

struct Word<'a> {
    text: &'a str,
    span: Range<usize>,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match start {
            None if is_part(c) => start = Some(at),
            Some(from) if !is_part(c) => {
                words.push(Word { text: &line[from..at], span: from..at });
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// "V, A, deux S, E, U, R" at the beginning: how many words, and what they are.
fn spelled(words: &[Word<'_>]) -> Option<(usize, Dictation)> {
    let letter = |word: &Word<'_>| {
        let mut letters = word.text.chars();
        let letter = letters.next().filter(|c| letters.next().is_none() && c.is_uppercase())?;
        Some(plain(letter)).filter(char::is_ascii_lowercase)
    };
    let mut groups = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if let Some(letter) = letter(word) {
            groups.push(vec![letter.to_string()]);
            at += 1;
        } else if let Some(letter) = words.get(at + 1).and_then(letter).filter(|_| word.text == "deux") {
            groups.push(vec!["2".to_owned(), letter.to_string()]);
            at += 2;
        } else {
            break;
        }
    }
    (groups.len() >= FEWEST_LETTERS).then_some((at, Dictation { groups, is_spelled: true }))
}

/// "Zéro six, douze, …" or "06 12 …" at the beginning.
fn dictated(line: &str, words: &[Word<'_>]) -> Option<(usize, Dictation)> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut count = 0;
    for (number, word) in words.iter().enumerate() {
        let is_figure = word.text.bytes().all(|byte| byte.is_ascii_digit());
        let before = number.checked_sub(1).map(|last| &words[last]);
        let is_with_last =
            !is_figure && before.is_some_and(|last| line[last.span.end..word.span.start].trim().is_empty());
        let is_and = word.text == "et";
        if is_and && !is_with_last {
            break;
        }
        let Some(recorded) = in_words(word.text) else { break };
        match groups.last_mut().filter(|_| is_with_last) {
            Some(group) => group.extend(recorded),
            None => groups.push(recorded),
        }
        if !is_and {
            count = number + 1;
        }
    }
    // "Et" that joins no number belongs to what follows.
    if let Some(group) = groups.last_mut().filter(|group| group.last().is_some_and(|word| word == "et")) {
        group.pop();
    }
    (groups.len() >= FEWEST_GROUPS).then_some((count, Dictation { groups, is_spelled: false }))
}

/// The recorded words of a number below 100, in figures or in words ("quatre-vingt-dix-sept").
fn in_words(number: &str) -> Option<Vec<String>> {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return match number.as_bytes() {
            [digit] => Some(vec![char::from(*digit).to_string()]),
            [ten, unit] => Some(pair(ten - b'0', unit - b'0')),
            _ => None,
        };
    }
    let folded = number.to_lowercase();
    let parts: Vec<&str> = folded.split('-').collect();
    let mut words = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let (count, word) = match &parts[at..] {
            ["quatre", "vingt" | "vingts", ..] => (2, "80"),
            ["dix", "sept", ..] => (2, "17"),
            ["dix", "huit", ..] => (2, "18"),
            ["dix", "neuf", ..] => (2, "19"),
            [single, ..] => (1, recorded(single)?),
            [] => return None,
        };
        words.push(word.to_owned());
        at += count;
    }
    Some(words)
}

fn recorded(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 23] = [
        ("zéro", "0"),
        ("un", "1"),
        ("deux", "2"),
        ("trois", "3"),
        ("quatre", "4"),
        ("cinq", "5"),
        ("six", "6"),
        ("sept", "7"),
        ("huit", "8"),
        ("neuf", "9"),
        ("dix", "10"),
        ("onze", "11"),
        ("douze", "12"),
        ("treize", "13"),
        ("quatorze", "14"),
        ("quinze", "15"),
        ("seize", "16"),
        ("vingt", "20"),
        ("trente", "30"),
        ("quarante", "40"),
        ("cinquante", "50"),
        ("soixante", "60"),
        ("et", "et"),
    ];
    WORDS.iter().find(|(spoken, _)| *spoken == word).map(|(_, name)| *name)
}

/// The recorded words of two digits, as French people read them.
fn pair(ten: u8, unit: u8) -> Vec<String> {
    let words = |numbers: &[u8]| numbers.iter().map(u8::to_string).collect::<Vec<_>>();
    let with_et = |first: u8, second: u8| vec![first.to_string(), "et".to_owned(), second.to_string()];
    match (ten, unit) {
        (0, unit) => words(&[0, unit]),
        (1, unit) => words(&[10 + unit]),
        (7, 1) => with_et(60, 11),
        (2..=6, 1) => with_et(ten * 10, 1),
        (7 | 9, unit) => words(&[ten * 10 - 10, 10 + unit]),
        (ten, 0) => words(&[ten * 10]),
        (ten, unit) => words(&[ten * 10, unit]),
    }
}

fn plain(letter: char) -> char {
    match letter.to_lowercase().next().unwrap_or(letter) {
        'ë' | 'é' | 'è' | 'ê' => 'e',
        'ï' | 'î' => 'i',
        'ç' => 'c',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dictated words, groups by "," and pieces by "|"; what the voice says in brackets.
    fn shown(line: &str) -> String {
        let piece = |piece: &Piece<'_>| match piece {
            Piece::Said(text) => format!("[{text}]"),
            Piece::Dictated(dictation) => {
                dictation.groups.iter().map(|group| group.join(" ")).collect::<Vec<_>>().join(", ")
            }
        };
        pieces(line).iter().map(piece).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn numbers_and_spelled_names_are_dictated() {
        for (line, expected) in [
            ("Bonjour, il y a un trou.", "[Bonjour, il y a un trou.]"),
            ("C'est au vingt-sept, rue de Paris.", "[C'est au vingt-sept, rue de Paris.]"),
            ("06 12 34 91 71", "0 6, 12, 30 4, 80 11, 60 et 11"),
            ("Non, 01 30 61 45 09.", "[Non, ] | 0 1, 30, 60 et 1, 40 5, 0 9"),
            (
                "C'est le zéro six, zéro neuf, soixante-seize, trente-huit, quatre-vingt-un.",
                "[C'est le ] | 0 6, 0 9, 60 16, 30 8, 80 1",
            ),
            ("plus trente-trois, six, cinquante et un, seize, vingt-deux", "[plus ] | 30 3, 6, 50 et 1, 16, 20 2"),
            ("06 12 34 56 97, et vous ?", "0 6, 12, 30 4, 50 6, 80 17 | [et vous ?]"),
            ("Zéro, un, deux, dix-sept et puis rien", "0, 1, 2, 17 | [et puis rien]"),
            ("Kowalski. K, O, W, A.", "[Kowalski. ] | k, o, w, a"),
            ("Vasseur : V, A, deux S, E, U, R, à midi", "[Vasseur : ] | v, a, 2 s, e, u, r | [à midi]"),
            ("M A R T I N", "m, a, r, t, i, n"),
            ("le plan B ou A", "[le plan B ou A]"),
            ("", ""),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
        assert_eq!(shown("06 12 34 91 71"), {
            let Dictation { groups, .. } = of_number("0612349171");
            groups.iter().map(|group| group.join(" ")).collect::<Vec<_>>().join(", ")
        });
        assert_eq!(of_name("Noël").groups, [["n"], ["o"], ["e"], ["l"]]);
    }

    #[test]
    fn recordings_come_with_their_pauses() {
        let recordings: BTreeMap<String, Vec<i16>> =
            ["0", "6", "12"].into_iter().map(|word| (word.to_owned(), vec![1_000; 800])).collect();
        let spoken = of_number("0612").spoken(&recordings).expect("all are recorded");
        let pauses = spoken.iter().filter(|sample| **sample == 0).count() as u64 * 1_000 / u64::from(LINE_RATE);
        assert_eq!(spoken.iter().filter(|sample| **sample != 0).count(), 3 * 800);
        assert!((WITHIN_GROUP_MS.start + BETWEEN_GROUPS_MS.start - 1..640).contains(&pauses), "{pauses} ms");
        assert_eq!(Some(spoken), of_number("0612").spoken(&recordings), "the same each time");
        assert_eq!(of_number("0613").spoken(&recordings), None, "13 is not recorded");
    }
}
