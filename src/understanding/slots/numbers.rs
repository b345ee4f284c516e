//! Numbers in words, digits or both, French and English: the bricks of dates, hours and counts.
//!
//! Telephone numbers have bricks of their own: there, several readings of the same words compete.

use super::words::{Gap, Word};

/// A number, and how many words it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    pub value: u32,
    pub words: usize,
}

/// The cardinal number that starts at the first of these words, up to 999 999.
pub fn cardinal(words: &[Word]) -> Option<Number> {
    let (value, used) = match written(words) {
        Some(found) => found,
        None => below_thousand(words).or_else(|| is_thousand(words, 0).then_some((1, 0)))?,
    };
    if value < 1_000 && is_thousand(words, used) {
        let used = used + 1;
        let and = used + usize::from(is(words, used, "and"));
        let rest = below_thousand(&words[and.min(words.len())..])
            .map(|(rest, more)| (rest, and + more))
            .or_else(|| small_digits(words, used).map(|rest| (rest, used + 1)));
        let (rest, used) = rest.unwrap_or((0, used));
        return Some(Number { value: value * 1_000 + rest, words: used });
    }
    Some(Number { value, words: used })
}

/// A number from 0 to 99, in words or in digits.
pub fn below_hundred(words: &[Word]) -> Option<Number> {
    let found = spelled_below_hundred(words).or_else(|| small_digits(words, 0).map(|value| (value, 1)))?;
    Some(Number { value: found.0, words: found.1 })
}

/// "premier", "deuxième", "1er", "21st": its rank, and how many words it took.
pub fn ordinal(words: &[Word]) -> Option<Number> {
    let first = words.first()?;
    if let Some(value) = first.digits() {
        let ending = words.get(1).filter(|w| w.before == Gap::Nothing)?;
        let ends =
            ["er", "ere", "re", "e", "eme", "ieme", "nd", "nde", "st", "rd", "th"].contains(&ending.folded.as_str());
        return ends.then_some(Number { value, words: 2 });
    }
    // "vingt et unième", "twenty-first".
    if let Some(tens) = tens(&first.folded) {
        let and = usize::from(is(words, 1, "et"));
        if let Some(value) = words.get(1 + and).and_then(|w| simple_ordinal(&w.folded)).filter(|v| *v < 10) {
            return Some(Number { value: tens + value, words: 2 + and });
        }
    }
    simple_ordinal(&first.folded).map(|value| Number { value, words: 1 })
}

fn simple_ordinal(word: &str) -> Option<u32> {
    Some(match word {
        "premier" | "premiere" | "premiers" | "first" => 1,
        "second" | "seconde" => 2,
        "third" => 3,
        "fifth" => 5,
        "eighth" => 8,
        "ninth" => 9,
        "twelfth" => 12,
        "twentieth" => 20,
        "thirtieth" => 30,
        "cinquieme" => 5,
        "neuvieme" => 9,
        "quatrieme" => 4,
        "unieme" => 1,
        _ => {
            let stem = word.strip_suffix("iemes").or_else(|| word.strip_suffix("ieme")).or(word.strip_suffix("th"))?;
            let known = |w: &str| unit(w).filter(|v| *v > 0).or_else(|| teen(w)).or_else(|| tens(w));
            known(stem).or_else(|| known(&format!("{stem}e")))?
        }
    })
}

/// "1200", "1 200", "3" of "3 cents".
fn written(words: &[Word]) -> Option<(u32, usize)> {
    let first = words.first()?;
    let mut value = first.digits()?;
    let mut used = 1;
    if first.written.len() <= 3 && value > 0 {
        // "1 200": groups of three after spaces.
        while value < 1_000
            && let Some(next) = words.get(used).filter(|w| w.before == Gap::Space && w.written.len() == 3)
            && let Some(group) = next.digits()
        {
            value = value * 1_000 + group;
            used += 1;
        }
    }
    if value < 100 && is_hundred(words, used) {
        let (rest, more) = rest_below_hundred(&words[used + 1..]);
        return Some((value * 100 + rest, used + 1 + more));
    }
    (value < 1_000_000).then_some((value, used))
}

fn below_thousand(words: &[Word]) -> Option<(u32, usize)> {
    if is_hundred(words, 0) {
        let (rest, more) = rest_below_hundred(&words[1..]);
        return Some((100 + rest, 1 + more));
    }
    let (value, used) = spelled_below_hundred(words)?;
    // "dix-neuf cent quatre-vingts" is a year.
    if (1..20).contains(&value) && is_hundred(words, used) {
        let (rest, more) = rest_below_hundred(&words[used + 1..]);
        return Some((value * 100 + rest, used + 1 + more));
    }
    Some((value, used))
}

/// What follows "cent".
fn rest_below_hundred(words: &[Word]) -> (u32, usize) {
    let and = usize::from(is(words, 0, "and"));
    let rest = &words[and.min(words.len())..];
    match spelled_below_hundred(rest) {
        Some((value, used)) if value > 0 => (value, used + and),
        _ => match small_digits(rest, 0).filter(|v| *v > 0) {
            Some(value) => (value, 1 + and),
            None => (0, 0),
        },
    }
}

fn small_digits(words: &[Word], at: usize) -> Option<u32> {
    words.get(at).filter(|w| w.written.len() <= 2).and_then(Word::digits)
}

fn is(words: &[Word], at: usize, word: &str) -> bool {
    words.get(at).is_some_and(|w| w.is(word))
}

fn is_hundred(words: &[Word], at: usize) -> bool {
    words.get(at).is_some_and(|w| w.is_any(&["cent", "cents", "hundred"]))
}

fn is_thousand(words: &[Word], at: usize) -> bool {
    words.get(at).is_some_and(|w| w.is_any(&["mille", "mil", "thousand"]))
}

fn spelled_below_hundred(words: &[Word]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Some(value) = unit(&first.folded) {
        // "quatre-vingt(s)", with what follows up to nineteen.
        if is_eighty(words, 0) {
            return Some(match below_twenty(words, 2) {
                Some((rest, used)) => (80 + rest, used),
                None => (80, 2),
            });
        }
        return Some((value, 1));
    }
    if let Some(found) = ten_to_nineteen(words, 0) {
        return Some(found);
    }
    let tens = tens(&first.folded)?;
    let (and, from) = if is(words, 1, "et") { (true, 2) } else { (false, 1) };
    if tens == 60
        && let Some((value, used)) = ten_to_nineteen(words, from)
        && (!and || value == 11)
    {
        return Some((60 + value, used));
    }
    match words.get(from).and_then(|w| unit(&w.folded)) {
        Some(1) if and => Some((tens + 1, from + 1)),
        // "vingt, zéro six" are two numbers; "quatre-vingt" after a ten is the next one.
        Some(value) if !and && value > 0 && !is_eighty(words, from) => Some((tens + value, from + 1)),
        _ => Some((tens, 1)),
    }
}

fn is_eighty(words: &[Word], at: usize) -> bool {
    is(words, at, "quatre") && words.get(at + 1).is_some_and(|w| w.is_any(&["vingt", "vingts"]))
}

fn below_twenty(words: &[Word], at: usize) -> Option<(u32, usize)> {
    ten_to_nineteen(words, at).or_else(|| match words.get(at).and_then(|w| unit(&w.folded))? {
        0 => None,
        value => Some((value, at + 1)).filter(|_| !is_eighty(words, at)),
    })
}

/// Value, and the place after it.
fn ten_to_nineteen(words: &[Word], at: usize) -> Option<(u32, usize)> {
    let word = words.get(at)?;
    if word.is("dix") {
        let more = words.get(at + 1).and_then(|w| unit(&w.folded)).filter(|v| (7..=9).contains(v));
        return Some(more.map_or((10, at + 1), |v| (10 + v, at + 2)));
    }
    teen(&word.folded).map(|value| (value, at + 1))
}

/// 0 to 9.
pub(super) fn unit(word: &str) -> Option<u32> {
    Some(match word {
        "zero" | "zeros" => 0,
        "un" | "une" | "one" => 1,
        "deux" | "two" => 2,
        "trois" | "three" => 3,
        "quatre" | "four" => 4,
        "cinq" | "five" => 5,
        "six" => 6,
        "sept" | "seven" => 7,
        "huit" | "eight" => 8,
        "neuf" | "nine" => 9,
        _ => return None,
    })
}

/// 10 to 19, those of one word.
pub(super) fn teen(word: &str) -> Option<u32> {
    Some(match word {
        "dix" | "ten" => 10,
        "onze" | "eleven" => 11,
        "douze" | "twelve" => 12,
        "treize" | "thirteen" => 13,
        "quatorze" | "fourteen" => 14,
        "quinze" | "fifteen" => 15,
        "seize" | "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        _ => return None,
    })
}

/// 20, 30 … 90, those of one word.
pub(super) fn tens(word: &str) -> Option<u32> {
    Some(match word {
        "vingt" | "vingts" | "twenty" => 20,
        "trente" | "thirty" => 30,
        "quarante" | "forty" => 40,
        "cinquante" | "fifty" => 50,
        "soixante" | "sixty" => 60,
        "septante" | "seventy" => 70,
        "huitante" | "octante" | "eighty" => 80,
        "nonante" | "ninety" => 90,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::slots::words::words;

    #[test]
    fn cardinals() {
        for (text, value, used) in [
            ("zéro", 0, 1),
            ("06", 6, 1),
            ("un", 1, 1),
            ("dix-sept", 17, 2),
            ("dix douze", 10, 1),
            ("vingt et un", 21, 3),
            ("vingt-deux", 22, 2),
            ("trente", 30, 1),
            ("soixante-dix", 70, 2),
            ("soixante et onze", 71, 3),
            ("soixante-dix-huit", 78, 3),
            ("soixante-quinze", 75, 2),
            ("quatre-vingts", 80, 2),
            ("quatre-vingt-un", 81, 3),
            ("quatre-vingt-dix-neuf", 99, 4),
            ("quatre-vingt-onze", 91, 3),
            ("nonante-trois", 93, 2),
            ("vingt quatre-vingt-dix", 20, 1),
            ("vingt zéro six", 20, 1),
            ("cent", 100, 1),
            ("deux cent cinquante-trois", 253, 4),
            ("3 cents", 300, 2),
            ("mille deux cents", 1_200, 3),
            ("deux mille vingt-six", 2_026, 4),
            ("deux mille 26", 2_026, 3),
            ("dix-neuf cent quatre-vingt-cinq", 1_985, 6),
            ("mil neuf cent soixante-douze", 1_972, 5),
            ("1 200 euros", 1_200, 2),
            ("12 000", 12_000, 2),
            ("999 999", 999_999, 2),
            ("twenty-one", 21, 2),
            ("two hundred and five", 205, 4),
            ("two thousand and twenty-six", 2_026, 5),
            ("ninety nine", 99, 2),
        ] {
            assert_eq!(cardinal(&words(text)), Some(Number { value, words: used }), "{text}");
        }
        for text in ["", "carte", "1234567890", "et un"] {
            assert_eq!(cardinal(&words(text)), None, "{text}");
        }
    }

    #[test]
    fn ordinals() {
        for (text, value) in [
            ("premier", 1),
            ("1er", 1),
            ("1re", 1),
            ("deuxième", 2),
            ("2e", 2),
            ("seconde", 2),
            ("neuvième", 9),
            ("onzième", 11),
            ("vingtième", 20),
            ("vingt et unième", 21),
            ("trente-deuxième", 32),
            ("first", 1),
            ("21st", 21),
            ("twenty-third", 23),
            ("fourth", 4),
            ("15th", 15),
        ] {
            assert_eq!(ordinal(&words(text)).map(|n| n.value), Some(value), "{text}");
        }
        for text in ["", "deux", "12", "12 er", "bientôt"] {
            assert_eq!(ordinal(&words(text)), None, "{text}");
        }
    }
}
