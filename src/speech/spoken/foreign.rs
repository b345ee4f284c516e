//! French spellings at which espeak-ng turns to English in the middle of a sentence, respelled so that it stays French.
//!
//! It takes a word that ends in a consonant and `y`, or in `th`, for an English one: "Chambourcy" became "chamber-see".
//! What is said by French rules is the same word in `i`, `te`.

use regex::Captures;

use super::pattern;

pub(super) fn respell(text: &str) -> String {
    let text = pattern!(r"(?i)\b(\p{L}{2,}[bcdfghjklmnpqrstvwxz])y\b").replace_all(text, "${1}i");
    pattern!(r"\b(\p{L}{2,})([aeio])th\b")
        .replace_all(&text, |c: &Captures| {
            let vowel = if &c[2] == "e" { "è" } else { &c[2] };
            format!("{}{vowel}te", &c[1])
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_sounds_english_changes() {
        assert_eq!(respell("Chambourcy, Noisy-le-Roi et le jury"), "Chambourci, Noisi-le-Roi et le juri");
        assert_eq!(respell("Élisabeth et Judith"), "Élisabète et Judite");
        let french = "Guy, Leroy, Vésinet, math, le psy";
        assert_eq!(respell(french), french);
    }
}
