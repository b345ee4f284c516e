//! Whether a text holds a piece of another, when it was heard rather than written: small faults are forgiven, but for numbers, and who
//! listens does not mind how a word is written ("sans 50" for 150). PURE.

use crate::speech::spoken;
use crate::understanding::text::{plain, tokens};

/// Letters that must agree in a stretch of words.
const ALIKE: f64 = 0.8;
/// Shorter pieces must agree to the letter.
const SHORT: usize = 5;
/// A last word this short is what tells one piece from another: "rappeler au" from "rappeler à ce sujet".
const TELLING: usize = 2;
/// Shorter pieces are not told by their sound.
const SHORT_SOUND: usize = 6;
/// As many digits in a piece are a number that is said in pairs: only the digits count.
const A_NUMBER: usize = 8;

/// One of the alternatives (`a|b`) is in the text.
pub fn holds(text: &str, alternatives: &str) -> bool {
    let pieces = || alternatives.split('|').map(str::trim).filter(|piece| !piece.is_empty());
    pieces().any(|piece| holds_pieces(text, piece)) || {
        let said: Vec<Vec<Sounding>> = spoken::sentences(text).iter().map(|sentence| sounding(sentence)).collect();
        pieces().any(|piece| said.iter().any(|sentence| sounds_in(sentence, &sounding(piece))))
    }
}

/// A word as it is heard.
struct Sounding {
    sound: String,
    is_number: bool,
}

fn sounding(text: &str) -> Vec<Sounding> {
    const NUMBERS: &[&str] = &[
        "zero",
        "deux",
        "trois",
        "quatre",
        "cinq",
        "six",
        "sept",
        "huit",
        "neuf",
        "dix",
        "onze",
        "douze",
        "treize",
        "quatorze",
        "quinze",
        "seize",
        "vingt",
        "vingts",
        "trente",
        "quarante",
        "cinquante",
        "soixante",
        "cent",
        "cents",
        "mille",
    ];
    let word = |token: crate::understanding::text::Token| Sounding {
        is_number: NUMBERS.contains(&token.folded.as_str()),
        sound: token.sound,
    };
    tokens(&spoken::french(text)).into_iter().map(word).filter(|word| !word.sound.is_empty()).collect()
}

/// The same sounds in a row, wherever one word ends; no number goes on beyond them.
fn sounds_in(said: &[Sounding], wanted: &[Sounding]) -> bool {
    let joined: String = wanted.iter().map(|word| word.sound.as_str()).collect();
    if joined.chars().count() < SHORT_SOUND {
        return false;
    }
    let goes_on = |word: Option<&Sounding>| word.is_some_and(|word| word.is_number);
    let (first, last) = (goes_on(wanted.first()), goes_on(wanted.last()));
    (0..said.len()).any(|from| {
        let mut heard = String::new();
        let end = said[from..].iter().position(|word| {
            heard.push_str(&word.sound);
            heard.len() >= joined.len()
        });
        let Some(end) = end.filter(|_| heard == joined).map(|length| from + length + 1) else { return false };
        let before = from.checked_sub(1).and_then(|before| said.get(before));
        let is_longer = (first && goes_on(before)) || (last && goes_on(said.get(end)));
        !is_longer
    })
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
    fn what_sounds_alike_is_heard() {
        assert!(holds("L'architecte est obligatoire si la maison dépasse sans 50 m².", "150|cent cinquante"));
        assert!(!holds("Elle dépasse deux cent cinquante mètres.", "150"));
        assert!(!holds("Elle dépasse cent cinquante-deux mètres.", "150"));
        assert!(holds("Pour quels services ou pour qu'elles personnes ?", "quel service, ou pour quelle personne"));
        assert!(!holds("Pour quel jour ?", "quel service"));
    }

    #[test]
    fn short_pieces_agree_to_the_letter() {
        assert!(holds("oui ou non", "non"));
        assert!(!holds("oui ou nom", "non"));
        assert!(holds("Je peux vous rapeler au 06.", "rappeler au"));
        assert!(!holds("Voulez-vous que la mairie puisse vous rappeler à ce sujet ?", "rappeler au"));
    }
}
