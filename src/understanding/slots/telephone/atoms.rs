//! Stretches of a sentence that may be a dictated number, and what each word in them may stand for.

use crate::understanding::slots::numbers::{teen, tens, unit};
use crate::understanding::slots::words::{Gap, Word};

/// Longest run looked at, in atoms: fifteen digits said one by one, with some to spare.
const MOST_ATOMS: usize = 26;

/// Cost of taking a word for a digit that only sounds like it.
const HOMOPHONE: u16 = 40;
/// Cost of passing over a small word that may be a digit, and over any other.
const PASS_SMALL: u16 = 10;
const PASS: u16 = 60;
const PASS_ARTICLE: u16 = 30;

/// What one word, or two digits of one, may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Atom {
    pub value: Value,
    /// Said as a word, not written in digits.
    pub by_word: bool,
    /// A comma or another sign before it.
    pub stop: bool,
    /// "et" before it.
    pub and: bool,
    /// Cost of reading it as the number.
    pub cost: u16,
    /// Cost of passing over it, for words that only sound like a number.
    pub pass: Option<u16>,
    /// How often it is said: 2 after "double".
    pub times: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// 0–99 in so many digits: "06" is 6 in two.
    Number { value: u8, width: u8 },
    /// "cent" after a unit: "zéro huit cent dix".
    Hundred,
}

/// A stretch of numbers, with at most small words between them.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub atoms: Vec<Atom>,
    /// Words it covers.
    pub from: usize,
    pub to: usize,
    /// Up to the last word that is surely a number.
    pub sure_to: usize,
    sure_atoms: usize,
}

impl Run {
    /// Without the words at the end that only sound like digits.
    pub fn trimmed(&self) -> Run {
        let mut run = self.clone();
        run.atoms.truncate(self.sure_atoms);
        run
    }
}

pub(super) fn runs(words: &[Word]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut current: Option<Run> = None;
    let (mut and, mut times, mut stop) = (false, 1, false);
    for (i, word) in words.iter().enumerate() {
        stop |= word.before == Gap::Stop;
        let next_is_number = words.get(i + 1).is_some_and(is_number);
        let after_number = i > 0 && is_number(&words[i - 1]);
        let hundred = word.is_any(&["cent", "cents"]) && i > 0 && is_unit(&words[i - 1]);
        let sure = is_number(word) || (hundred && (next_is_number || current.is_some()));
        let after_zero = i > 0 && is_zero(&words[i - 1]);
        let like = homophone(word)
            .or_else(|| after_zero.then(|| behind_zero(word)).flatten())
            .filter(|_| !sure && current.is_some() && (after_number || next_is_number));
        if sure || like.is_some() {
            let run =
                current.get_or_insert_with(|| Run { atoms: Vec::new(), from: i, to: i, sure_to: i, sure_atoms: 0 });
            let atom = Atom {
                value: Value::Hundred,
                by_word: true,
                stop,
                and,
                cost: 0,
                pass: None,
                times: std::mem::replace(&mut times, 1),
            };
            match like {
                Some((value, small)) => run.atoms.push(Atom {
                    value: Value::Number { value, width: width(value) },
                    cost: HOMOPHONE,
                    pass: Some(if small { PASS_SMALL } else { PASS }),
                    ..atom
                }),
                None if hundred => run.atoms.push(atom),
                None => push_number(&mut run.atoms, word, atom),
            }
            run.to = i + 1;
            if sure {
                run.sure_to = i + 1;
                run.sure_atoms = run.atoms.len();
            }
            (and, stop) = (false, false);
            continue;
        }
        match word.folded.as_str() {
            "et" => and = true,
            // "double zéro" announces the next number.
            "double" => times = 2,
            "triple" => times = 3,
            // Fillers don't end a dictation.
            "euh" | "heu" | "puis" | "ensuite" | "alors" | "fois" | "hein" | "voila" | "and" | "then" => {}
            _ => {
                runs.extend(current.take());
                (and, times) = (false, 1);
            }
        }
    }
    runs.extend(current);
    for run in &mut runs {
        run.atoms.truncate(MOST_ATOMS);
        run.sure_atoms = run.sure_atoms.min(run.atoms.len());
        // "un 06 …", "… 78 un matin": an article at the edge.
        let last = run.sure_atoms.saturating_sub(1);
        for (edge, word) in [(0, run.from), (last, run.sure_to.saturating_sub(1))] {
            let is_article = words.get(word).is_some_and(|w| w.is_any(&["un", "une"]));
            if let Some(atom) = run.atoms.get_mut(edge).filter(|_| is_article) {
                atom.pass = Some(PASS_ARTICLE);
            }
        }
    }
    runs
}

/// Digits, or a word that is a number and nothing else.
fn is_number(word: &Word) -> bool {
    word.is_digits() || value(&word.folded).is_some()
}

fn is_unit(word: &Word) -> bool {
    unit(&word.folded).is_some_and(|v| v > 0) || (word.written.len() == 1 && word.is_digits())
}

fn value(folded: &str) -> Option<u8> {
    match folded {
        "o" | "oh" => Some(0),
        _ => unit(folded).or_else(|| teen(folded)).or_else(|| tens(folded)).and_then(|v| u8::try_from(v).ok()),
    }
}

fn width(value: u8) -> u8 {
    if value < 10 { 1 } else { 2 }
}

/// One atom for a number word; digits are cut in pairs, an odd one first unless a zero leads.
fn push_number(atoms: &mut Vec<Atom>, word: &Word, first: Atom) {
    if let Some(value) = value(&word.folded) {
        atoms.push(Atom { value: Value::Number { value, width: width(value) }, ..first });
        return;
    }
    let digits = word.written.as_bytes();
    let odd = digits.len() % 2 == 1 && digits.first() != Some(&b'0');
    let (head, tail) = digits.split_at(usize::from(odd));
    let pieces = [head].into_iter().filter(|head| !head.is_empty()).chain(tail.chunks(2));
    for (k, piece) in pieces.enumerate().take(MOST_ATOMS) {
        let value = piece.iter().fold(0u8, |value, digit| value * 10 + (digit - b'0'));
        let number = Value::Number { value, width: piece.len() as u8 };
        let atom = Atom { value: number, by_word: false, ..first };
        atoms.push(if k == 0 { atom } else { Atom { stop: false, and: false, times: 1, ..atom } });
    }
}

/// What is left of a digit that ran into the zero before it: "0 à 99", "0 en 29" for 01 99, 01 29.
fn behind_zero(word: &Word) -> Option<(u8, bool)> {
    matches!(word.folded.as_str(), "a" | "en" | "an").then_some((1, false))
}

fn is_zero(word: &Word) -> bool {
    word.written == "0" || value(&word.folded) == Some(0)
}

/// Words that sound like a number; the flag tells small words that are more often themselves.
fn homophone(word: &Word) -> Option<(u8, bool)> {
    Some(match word.folded.as_str() {
        "de" | "deu" => (2, true),
        "d" if word.before != Gap::Apostrophe => (2, true),
        "cette" | "cet" | "set" | "sete" | "cept" | "ses" => (7, true),
        "si" | "scie" | "sis" | "cis" | "sic" | "sisse" => (6, true),
        "dis" | "dit" | "dits" | "disse" | "di" => (10, true),
        "hein" | "ain" | "in" => (1, true),
        "vin" | "vins" | "vain" | "vint" | "vinte" | "20t" => (20, false),
        "ouate" | "huite" | "huitre" | "uit" | "wit" => (8, false),
        "neuve" | "neufs" | "nef" => (9, false),
        "sain" | "saint" | "sein" | "sink" | "cinque" | "sync" | "cing" => (5, false),
        "catre" | "katre" | "cat" | "quatres" | "quart" => (4, false),
        "troie" | "toi" => (3, false),
        "zoro" | "zerot" | "zeraux" | "ero" => (0, false),
        "douce" | "douse" => (12, false),
        "onz" | "honze" => (11, false),
        "tres" | "trese" | "treze" => (13, false),
        "cators" | "catorze" | "katorz" => (14, false),
        "kinze" | "quinz" => (15, false),
        "ceze" | "seiz" | "sez" => (16, false),
        "trante" | "tente" | "trent" => (30, false),
        "carante" | "quarant" => (40, false),
        "cinquent" | "cinquant" => (50, false),
        "soissante" | "soisante" | "soixant" | "soixent" => (60, false),
        // English.
        "to" | "too" => (2, true),
        "for" => (4, true),
        "ate" => (8, false),
        _ => return None,
    })
}
