//! Telephone numbers, spoken or written, whole or in parts.
//!
//! A recogniser writes French numbers in their parts ("80, 17" for 97), joins what was said apart, and hears "cette" for
//! sept. [`atoms`] lists what each word may stand for, [`search`] looks for the ten digits that change least of it.

mod atoms;
mod search;

use super::Reading;
use super::words::{Word, words};
use atoms::{Run, runs};

/// Digits of a French number.
const FRENCH_DIGITS: usize = 10;
/// So few digits fewer and a number may have been heard whole; what is shorter is still being dictated.
const NEARLY_ALL: usize = FRENCH_DIGITS - 1;
/// Longest international number (E.164).
const LONGEST: usize = 15;
/// Most readings given.
const MOST_READINGS: usize = 3;
/// A reading dearer than the best by this is not offered.
const FAR: u16 = 250;

/// What a sentence holds of a telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// National digits ("0612345678"), or "+" and digits for a foreign number, best first; and the words that are no part
    /// of it.
    Whole {
        readings: Vec<Reading<String>>,
        rest: String,
    },
    /// Digits, those from before included, but not a whole number.
    Part {
        digits: String,
    },
    Nothing,
}

/// Looks for a telephone number anywhere in the text.
pub fn find(text: &str) -> Found {
    find_after("", text)
}

/// Looks for a telephone number of which `so_far` was given before.
pub fn find_after(so_far: &str, text: &str) -> Found {
    let words = words(text);
    let plus = text.contains('+');
    let runs = runs(&words);
    // "06 12, non, 06 13 …": the last whole number counts.
    for run in runs.iter().rev() {
        // Trailing words that only sound like digits are rather no digits ("… 78 de préférence").
        for (run, to) in [(run.trimmed(), run.sure_to), (run.clone(), run.to)] {
            let readings = whole(so_far, &run, plus);
            if !readings.is_empty() {
                let rest = super::words::without(&words, &(run.from..to));
                return Found::Whole { readings, rest };
            }
        }
    }
    let parts = runs.iter().map(|run| search::natural(&run.trimmed().atoms)).filter(|digits| digits.len() >= 2);
    match parts.max_by_key(String::len) {
        // Started anew after a part: "06 12 … zéro six douze".
        Some(digits) if so_far.len() + digits.len() > FRENCH_DIGITS && digits.starts_with('0') => {
            Found::Part { digits }
        }
        Some(digits) => Found::Part { digits: format!("{so_far}{digits}") },
        // One digit is an article or a count, unless a number is being dictated.
        None => match runs.iter().map(|run| search::natural(&run.trimmed().atoms)).find(|d| !d.is_empty()) {
            Some(digit) if !so_far.is_empty() && is_little_else(&words) => {
                Found::Part { digits: format!("{so_far}{digit}") }
            }
            _ => Found::Nothing,
        },
    }
}

/// The same where the recogniser nearly heard other digits: each of `alternatives` is the whole sentence, and what believing it costs.
pub fn find_among(so_far: &str, text: &str, alternatives: &[Reading<String>]) -> Found {
    let found = find_after(so_far, text);
    let (mut readings, rest) = match &found {
        Found::Whole { readings, rest } => (readings.clone(), rest.clone()),
        Found::Part { digits } if digits.len() >= NEARLY_ALL => (Vec::new(), String::new()),
        Found::Part { .. } | Found::Nothing => return found,
    };
    let is_known = |readings: &[Reading<String>], value: &str| readings.iter().position(|known| known.value == value);
    for alternative in alternatives {
        let Found::Whole { readings: others, .. } = find_after(so_far, &alternative.value) else { continue };
        for Reading { value, cost } in others {
            let cost = cost.saturating_add(alternative.cost);
            match is_known(&readings, &value) {
                Some(at) => readings[at].cost = readings[at].cost.min(cost),
                None => readings.push(Reading::new(value, cost)),
            }
        }
    }
    if readings.is_empty() {
        return found;
    }
    readings.sort_by_key(|reading| reading.cost);
    Found::Whole { readings: likeliest(readings), rest }
}

/// Those that are worth offering.
fn likeliest(mut readings: Vec<Reading<String>>) -> Vec<Reading<String>> {
    if let Some(best) = readings.first().map(|r| r.cost) {
        readings.retain(|r| r.cost <= best + FAR);
    }
    readings.truncate(MOST_READINGS);
    readings
}

/// Readings of a run as a whole number.
fn whole(so_far: &str, run: &Run, plus: bool) -> Vec<Reading<String>> {
    let natural = search::natural(&run.atoms);
    let literal = format!("{so_far}{natural}");
    let international = plus || literal.starts_with("00");
    let given = normalise(&literal, plus).filter(|_| international || literal.starts_with("33"));
    if let Some(number) = given {
        return vec![Reading::new(number, 0)];
    }
    likeliest(search::search(so_far, &run.atoms, literal.len()))
}

/// "Cinq", "et puis 5": nothing but a digit and small words.
fn is_little_else(words: &[Word]) -> bool {
    words.len() <= 3
}

/// Digits are missing or too many: an odd number of them although they were said by pairs.
pub fn is_misheard(text: &str) -> bool {
    runs(&words(text)).iter().any(|run| {
        let atoms = run.trimmed().atoms;
        let pairs = atoms.iter().filter(|atom| matches!(atom.value, atoms::Value::Number { width: 2, .. })).count();
        pairs > 1 && search::natural(&atoms).len() % 2 == 1
    })
}

/// A French number may begin with these digits: with its zero, as a mobile without it, or with the country's code.
pub fn may_begin(digits: &str) -> bool {
    ["0", "6", "7", "33"].iter().any(|start| digits.starts_with(start) || start.starts_with(digits))
}

/// Ten national digits out of what was dictated or typed, if that is what they are.
pub fn normalise(digits: &str, international: bool) -> Option<String> {
    if digits.len() > LONGEST + 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if is_french(digits) {
        return Some(digits.to_owned());
    }
    // "0 33 6 12 …" happens too: people say the prefix and then the whole number.
    for prefix in ["0033", "33"] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            let national = format!("0{}", rest.trim_start_matches('0'));
            if is_french(&national) {
                return Some(national);
            }
        }
    }
    let foreign = digits.strip_prefix("00").or(international.then_some(digits))?;
    ((8..=LONGEST).contains(&foreign.len()) && !foreign.starts_with('0')).then(|| format!("+{foreign}"))
}

/// Ten digits of the national plan: 01–05 fixed, 06 and 07 mobile, 08 services, 09.
fn is_french(digits: &str) -> bool {
    digits.len() == FRENCH_DIGITS && digits.starts_with('0') && !digits.starts_with("00")
}

/// "06 12 34 56 78": by pairs, as French numbers are read.
pub fn by_pairs(number: &str) -> String {
    let (prefix, digits) = match number.strip_prefix('+') {
        Some(rest) => ("+", rest),
        None => ("", number),
    };
    let digits: Vec<char> = digits.chars().collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    format!("{prefix}{}", pairs.join(" "))
}

#[cfg(test)]
mod tests;
