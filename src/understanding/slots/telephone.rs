//! Telephone numbers, spoken or written, whole or in parts.

use super::numbers::number_at;
use crate::understanding::text::{Token, tokens};

/// Digits of a French number.
const FRENCH_DIGITS: usize = 10;
/// Longest international number (E.164).
const LONGEST: usize = 15;

/// What a sentence holds of a telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// National digits ("0612345678"), or "+" and digits for a foreign number; and the words that are no part of it.
    Whole {
        number: String,
        rest: String,
    },
    /// Digits, but not a whole number.
    Part {
        digits: String,
    },
    Nothing,
}

/// Looks for a telephone number anywhere in the text.
pub fn find(text: &str) -> Found {
    let words = tokens(text);
    let plus = text.contains('+');
    let runs = runs(&words);
    // "06 12, non, 06 13 …": the last whole number counts.
    for run in runs.iter().rev() {
        if let Some(number) = normalise(&run.digits, plus) {
            let rest: Vec<&str> = words
                .iter()
                .enumerate()
                .filter(|(i, _)| !(run.from..run.to).contains(i))
                .map(|(_, t)| t.written.as_str())
                .collect();
            return Found::Whole { number, rest: rest.join(" ") };
        }
    }
    match runs.into_iter().max_by_key(|r| r.digits.len()) {
        Some(run) => Found::Part { digits: run.digits },
        None => Found::Nothing,
    }
}

/// Ten national digits out of what was dictated or typed, if that is what they are.
pub fn normalise(digits: &str, international: bool) -> Option<String> {
    if digits.len() > LONGEST + 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if is_french(digits) {
        return Some(digits.to_owned());
    }
    // The start said twice ("six … 06 88 …"): the last ten digits are the number.
    if (FRENCH_DIGITS + 1..FRENCH_DIGITS + 4).contains(&digits.len()) && !digits.starts_with("33") {
        let last = &digits[digits.len() - FRENCH_DIGITS..];
        if is_french(last) && digits[..digits.len() - FRENCH_DIGITS].bytes().all(|b| last.as_bytes()[..2].contains(&b))
        {
            return Some(last.to_owned());
        }
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

struct Run {
    digits: String,
    from: usize,
    to: usize,
}

/// Stretches of numbers, with at most small words between them.
fn runs(words: &[Token]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut current: Option<Run> = None;
    let mut i = 0;
    while i < words.len() {
        if let Some(number) = number_at(&words[i..]) {
            let repeated = repeats(words, i);
            match &mut current {
                Some(run) => {
                    push(&mut run.digits, &number.digits, repeated);
                    run.to = i + number.words;
                }
                None => {
                    let mut digits = String::new();
                    push(&mut digits, &number.digits, repeated);
                    current = Some(Run { digits, from: i, to: i + number.words });
                }
            }
            i += number.words;
        } else {
            // "double zéro" announces the next number; fillers don't end a dictation; anything else does.
            let goes_on = matches!(
                words[i].folded.as_str(),
                "euh"
                    | "heu"
                    | "et"
                    | "puis"
                    | "ensuite"
                    | "alors"
                    | "apres"
                    | "double"
                    | "triple"
                    | "fois"
                    | "hein"
                    | "voila"
            );
            if !goes_on {
                runs.extend(current.take());
            }
            i += 1;
        }
    }
    runs.extend(current);
    // A single "un" or "deux" is an article or a count, not a telephone number.
    runs.retain(|run| run.digits.len() >= 2);
    runs
}

/// 2 after "double", 3 after "triple", else 1.
fn repeats(words: &[Token], at: usize) -> usize {
    match at.checked_sub(1).map(|before| words[before].folded.as_str()) {
        Some("double") => 2,
        Some("triple") => 3,
        _ => 1,
    }
}

fn push(digits: &mut String, more: &str, times: usize) {
    for _ in 0..times {
        if digits.len() + more.len() <= 40 {
            digits.push_str(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_in_all_their_forms() {
        for (text, number) in [
            ("06 12 34 56 78", "0612345678"),
            ("0612345678", "0612345678"),
            ("06.12.34.56.78.", "0612345678"),
            ("06-12-34-56-78", "0612345678"),
            ("0 6 12 34 56 78", "0612345678"),
            ("0 6 1 2 3 4 5 6 7 8", "0612345678"),
            ("zéro six douze trente-quatre cinquante-six soixante-dix-huit", "0612345678"),
            ("zéro six, douze, trente quatre, 56, 78", "0612345678"),
            ("mon numéro c'est le 06 12 34 56 78 merci", "0612345678"),
            ("au zéro un trente quatre-vingt-sept vingt zéro zéro", "0130872000"),
            ("zéro un trente quatre-vingt-sept vingt deux zéro un", "0130872201"),
            ("06 12 34 euh 56 et puis 78", "0612345678"),
            ("plus 33 6 12 34 56 78", "0612345678"),
            ("+33 6 12 34 56 78", "0612345678"),
            ("0033 6 12 34 56 78", "0612345678"),
            ("33 06 12 34 56 78", "0612345678"),
            ("+44 20 7946 0958", "+442079460958"),
            ("00 32 2 555 12 12", "+3225551212"),
            ("06 12 non pardon 06 13 14 15 16", "0613141516"),
            ("06 11 11 11 11 non 06 22 22 22 22", "0622222222"),
            ("zéro sept quatre-vingt-dix-neuf quatre-vingt-seize soixante et onze quatre-vingts", "0799967180"),
            ("zéro six septante-cinq nonante-deux onze treize", "0675921113"),
            ("zéro six double zéro douze treize quatorze", "0600121314"),
            ("oh six 06 88 77 66 55", "0688776655"),
            ("le zéro neuf cinquante et un vingt-deux trente et un quarante et un", "0951223141"),
        ] {
            match find(text) {
                Found::Whole { number: found, .. } => assert_eq!(found, number, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_rest_of_the_sentence_is_kept() {
        let Found::Whole { rest, .. } = find("Le Goff, au 06 12 34 56 78, plutôt le matin") else {
            panic!("no number");
        };
        assert_eq!(rest, "Le Goff au plutôt le matin");
    }

    #[test]
    fn parts_and_nothing() {
        assert_eq!(find("06 12 34"), Found::Part { digits: "061234".into() });
        assert_eq!(find("zéro six douze"), Found::Part { digits: "0612".into() });
        assert_eq!(find("un agent"), Found::Nothing);
        assert_eq!(find(""), Found::Nothing);
        assert_eq!(find("j'ai deux enfants"), Found::Nothing);
        assert!(matches!(find(&"12 ".repeat(5_000)), Found::Part { .. }));
    }

    #[test]
    fn read_back_by_pairs() {
        assert_eq!(by_pairs("0612345678"), "06 12 34 56 78");
        assert_eq!(by_pairs("+442079460958"), "+44 20 79 46 09 58");
    }

    #[test]
    fn typed_digits() {
        assert_eq!(normalise("0612345678", false).as_deref(), Some("0612345678"));
        assert_eq!(normalise("33612345678", false).as_deref(), Some("0612345678"));
        assert_eq!(normalise("0612", false), None);
        assert_eq!(normalise("1234567890", false), None);
        assert_eq!(normalise("", true), None);
    }
}
