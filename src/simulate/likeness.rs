//! Whether a text holds a piece of another, when it was heard rather than written: small faults are forgiven, but for numbers. PURE.

use crate::understanding::text::plain;

/// Letters that must agree in a stretch of words.
const ALIKE: f64 = 0.8;
/// Shorter pieces must agree to the letter.
const SHORT: usize = 5;
/// A last word this short is what tells one piece from another: "rappeler au" from "rappeler à ce sujet".
const TELLING: usize = 2;
/// As many digits in a piece are a number that is said in pairs: only the digits count.
const A_NUMBER: usize = 8;

/// One of the alternatives (`a|b`) is in the text.
pub fn holds(text: &str, alternatives: &str) -> bool {
    alternatives.split('|').map(str::trim).filter(|piece| !piece.is_empty()).any(|piece| holds_pieces(text, piece))
}

/// The parts of a piece (`a … b`), in their order.
fn holds_pieces(text: &str, piece: &str) -> bool {
    let digits = digits_of(piece);
    if digits.len() >= A_NUMBER {
        return digits_of(text).contains(&digits);
    }
    let said = figures(&plain(text));
    let said: Vec<&str> = said.split(' ').filter(|word| !word.is_empty()).collect();
    let mut from = 0;
    let mut some = false;
    for part in piece.replace("...", "…").split('…') {
        let wanted = figures(&plain(part));
        if wanted.is_empty() {
            continue;
        }
        some = true;
        match find(&said[from..], &wanted) {
            Some(end) => from += end,
            None => return false,
        }
    }
    some
}

/// Small numbers as figures: "dix chiffres" and "10 chiffres" are the same to who hears them. "Un" may be an article.
fn figures(text: &str) -> String {
    const NUMBERS: &[&str] = &[
        "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize", "quatorze",
        "quinze", "seize",
    ];
    let figure = |word: &str| match NUMBERS.iter().position(|number| *number == word) {
        Some(place) => (place + 2).to_string(),
        None => word.to_owned(),
    };
    text.split(' ').map(figure).collect::<Vec<_>>().join(" ")
}

/// End of the first stretch of words that is like `wanted`.
fn find(said: &[&str], wanted: &str) -> Option<usize> {
    let words: Vec<&str> = wanted.split(' ').collect();
    let numbers = |words: &[&str]| -> Vec<String> {
        words.iter().filter(|word| word.bytes().any(|b| b.is_ascii_digit())).map(|word| (*word).to_owned()).collect()
    };
    let (joined, wanted_numbers) = (words.concat(), numbers(&words));
    let telling = words.last().filter(|last| words.len() > 1 && last.chars().count() <= TELLING);
    for from in 0..said.len() {
        // A recogniser may join two words or part one.
        for length in [words.len(), words.len() + 1, words.len().saturating_sub(1)] {
            let Some(stretch) = said.get(from..from + length).filter(|stretch| !stretch.is_empty()) else {
                continue;
            };
            let stretch_joined = stretch.concat();
            let alike = if joined.chars().count() < SHORT {
                stretch_joined == joined
            } else {
                strsim::normalized_levenshtein(&stretch_joined, &joined) >= ALIKE
            };
            let ends_alike = telling.is_none() || stretch.last() == telling;
            if alike && ends_alike && numbers(stretch) == wanted_numbers {
                return Some(from + length);
            }
        }
    }
    None
}

/// All digits of a text, run together.
pub fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_faults_of_hearing_are_forgiven() {
        let heard = "Il faut un rendez vous à l'état civile. Voulez-vous la liste ?";
        assert!(holds(heard, "rendez-vous"));
        assert!(holds(heard, "passeport|état civil"));
        assert!(holds(heard, "rendez-vous … état civil"));
        assert!(!holds(heard, "état civil … rendez-vous"));
        assert!(!holds(heard, "passeport"));
        assert!(!holds(heard, ""));
        assert!(!holds("", "oui"));
    }

    #[test]
    fn numbers_are_not() {
        assert!(holds("C'est 25 euros de timbre.", "25 euros"));
        assert!(!holds("C'est 26 euros de timbre.", "25 euros"));
        assert!(holds("au 01, 30, 87, 20, 00.", "01 30 87 20 00"));
        assert!(!holds("au 01 30 87 20 02.", "01 30 87 20 00"));
        assert!(holds("Il me faut un numéro à 10 chiffres.", "numéro à dix chiffres"));
        assert!(holds("dans les cinq jours", "5 jours") && !holds("dans les six jours", "5 jours"));
    }

    #[test]
    fn short_pieces_agree_to_the_letter() {
        assert!(holds("oui ou non", "non"));
        assert!(!holds("oui ou nom", "non"));
        assert!(holds("Je peux vous rapeler au 06.", "rappeler au"));
        assert!(!holds("Voulez-vous que la mairie puisse vous rappeler à ce sujet ?", "rappeler au"));
    }
}
