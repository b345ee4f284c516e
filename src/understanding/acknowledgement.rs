//! A question behind a sign of having understood: "Ah, d'accord. Et c'est combien ?" is no yes.
//!
//! Owns: what is only a sign of having understood. Must not know: what was asked before, topics.

use std::sync::LazyLock;

use super::asking::asks;
use super::pattern::Patterns;
use super::text::{Token, Weight, tokens};

/// Signs of having understood, folded; the longer ones first.
const SIGNS: &[&[&str]] = &[
    &["c", "est", "ce", "que", "je", "pensais"],
    &["c", "est", "bon", "a", "savoir"],
    &["je", "ne", "savais", "pas"],
    &["je", "savais", "pas"],
    &["merci", "de", "votre", "aide"],
    &["merci", "pour", "votre", "aide"],
    &["merci", "quand", "meme"],
    &["c", "est", "tres", "clair"],
    &["c", "est", "gentil", "a", "vous"],
    &["je", "vous", "remercie"],
    &["je", "ferai", "ca"],
    &["je", "ferai", "comme", "ca"],
    &["c", "est", "gentil"],
    &["c", "est", "clair"],
    &["c", "est", "parfait"],
    &["bonne", "idee"],
    &["oh", "la", "la"],
    &["eh", "bien"],
    &["non", "merci"],
    &["ca", "ira"],
    &["en", "tout", "cas"],
    &["j", "ai", "compris"],
    &["merci", "beaucoup"],
    &["je", "comprends"],
    &["c", "est", "note"],
    &["c", "est", "bon"],
    &["ca", "marche"],
    &["d", "accord"],
    &["tant", "mieux"],
    &["tant", "pis"],
    &["tres", "bien"],
    &["je", "vois"],
    &["ah", "bon"],
    &["all", "right"],
    &["i", "see"],
    &["thank", "you"],
    &["accord"],
    &["entendu"],
    &["parfait"],
    &["super"],
    &["compris"],
    &["mince"],
    &["zut"],
    &["dommage"],
    &["non"],
    &["voila"],
    &["formidable"],
    &["genial"],
    &["impeccable"],
    &["logique"],
    &["bien"],
    &["okay"],
    &["ok"],
    &["merci"],
    &["thanks"],
    &["right"],
    &["oui"],
    &["ouais"],
    &["yes"],
    &["ah"],
    &["oh"],
    &["bon"],
    &["ben"],
    &["bah"],
    &["euh"],
    &["heu"],
    &["hein"],
    &["alors"],
    &["madame"],
    &["monsieur"],
];
/// Before a plain yes they change nothing.
const HESITATIONS: &[&str] = &["euh", "heu", "hum", "ben", "bah", "alors"];
/// Stays a yes beside anything but a "mais".
const PLAIN_YES: &[&str] = &["oui", "ouais", "si", "yes"];
/// What goes on from the answer that was just heard.
const GOING_ON: &[&str] = &["et", "mais", "sinon", "and", "but"];
/// A question has as many words at least.
const FEWEST_WORDS: usize = 3;

/// What was said behind a sign of having understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The words, without the sign and the "et".
    pub words: String,
    /// They ask in so many words; else they only go on ("et …"), or have a question mark.
    pub asks: bool,
}

/// A yes that is more than a sign of having understood.
pub fn is_plain_yes(words: &[Token]) -> bool {
    let first = words.iter().find(|word| !HESITATIONS.contains(&word.folded.as_str()));
    first.is_some_and(|word| PLAIN_YES.contains(&word.folded.as_str()))
}

/// The question behind a sign of having understood, if that is what `text` is. Behind a plain yes only what begins with "mais" is one.
pub fn question_behind(text: &str) -> Option<Behind> {
    let words = tokens(text);
    let mut at = signs(&words);
    let is = |at: usize, among: &[&str]| words.get(at).is_some_and(|word| among.contains(&word.folded.as_str()));
    let is_no = words.iter().find(|word| word.weight != Weight::Filler).is_some_and(|word| word.folded == "non");
    if at == 0 || is_no || (is_plain_yes(&words) && !is(at, &["mais", "but"])) {
        return None;
    }
    let goes_on = is(at, GOING_ON);
    while is(at, GOING_ON) || SIGNS.iter().any(|sign| sign.len() == 1 && begins_with(&words[at..], sign)) {
        at += 1;
    }
    let behind = words.get(at..).filter(|behind| behind.len() >= FEWEST_WORDS)?;
    let asks = asks(behind);
    // A mark alone may be the recogniser's.
    let may_ask = asks || goes_on || text.trim_end().ends_with('?');
    may_ask.then(|| Behind { words: super::text::written(behind), asks })
}

/// Who has been told that nothing can be done here will do otherwise: "bon, ben, je vais voir avec le magasin", "tant pis".
pub fn is_resigned(text: &str) -> bool {
    static RESIGNED: LazyLock<Patterns> = LazyLock::new(|| {
        Patterns::new(
            &[
                "tant pis",
                "dommage",
                "je vais voir|demander|appeler|aller|faire|chercher|essayer|embeter|rappeler|attendre|regarder|contacter|me",
                "je verrai|demanderai|irai|appellerai|ferai|chercherai|essaierai|essayerai|attendrai|regarderai|trouverai",
                "on va voir|demander|appeler|aller|faire|se",
                "on verra|demandera|ira|appellera|fera",
                "pas grave",
                "ask|call|try somebody|someone|them|my|the",
            ],
            0,
        )
    });
    RESIGNED.found(&tokens(text)) && !text.trim_end().ends_with('?')
}

/// What stands behind signs of having understood and the "et" after them.
pub fn without_signs(words: &[Token]) -> &[Token] {
    let behind = &words[signs(words)..];
    let goes_on = behind.first().is_some_and(|word| GOING_ON.contains(&word.folded.as_str()));
    &behind[usize::from(goes_on)..]
}

/// Nothing but a sign of having understood. A lone yes or thanks is for whoever has asked something.
pub fn is_sign(words: &[Token]) -> bool {
    let behind = without_signs(words);
    behind.len() < words.len() && behind.iter().all(|word| word.weight == Weight::Filler)
}

/// How many words at the beginning are signs of having understood.
fn signs(words: &[Token]) -> usize {
    let mut at = 0;
    while let Some(sign) = SIGNS.iter().find(|sign| begins_with(&words[at..], sign)) {
        at += sign.len();
    }
    at
}

fn begins_with(words: &[Token], sign: &[&str]) -> bool {
    words.len() >= sign.len() && words.iter().zip(sign).all(|(word, sign)| word.folded == *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_will_do_otherwise_is_resigned() {
        for text in
            ["Bon, je demanderai à mon médecin, alors.", "Bon, ben, je vais embêter le magasin, alors.", "Tant pis."]
        {
            assert!(is_resigned(text), "{text}");
        }
        for text in ["Et je vais voir qui, alors ?", "je voudrais un passeport", ""] {
            assert!(!is_resigned(text), "{text}");
        }
    }

    #[test]
    fn questions_behind_a_sign_of_having_understood() {
        for (text, words) in [
            ("D'accord. Et moi, je peux aller le chercher pour elle ?", "moi je peux aller le chercher pour elle"),
            ("Ah oui. Et à peu près, ça nous reviendrait à combien ?", "à peu près ça nous reviendrait à combien"),
            ("Ah d'accord et faut attendre beaucoup", "faut attendre beaucoup"),
            ("Bon, très bien, merci. Et c'est où ?", "c'est où"),
            ("Oui mais est-ce que c'est payant", "est ce que c'est payant"),
            ("Euh oui, mais euh c'est combien ?", "c'est combien"),
            ("Okay. And how much is it?", "how much is it"),
        ] {
            let behind = question_behind(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((behind.words.as_str(), behind.asks), (words, true), "{text}");
        }
        assert!(!question_behind("d'accord et c'est au nom de Martin").unwrap().asks);
    }

    #[test]
    fn answers_are_none() {
        for text in [
            "",
            "d'accord",
            "ah oui",
            "Ah oui, je veux bien.",
            "Ah oui, si vous pouvez.",
            "Oui, et c'est combien ?",
            "Euh, oui, et où est-ce ?",
            "non, c'est combien ?",
            "c'est combien ?",
            "très bien merci",
            "d'accord, allez-y",
            "D'accord, et merci.",
            "oui merci, notez-le",
        ] {
            assert_eq!(question_behind(text), None, "{text}");
        }
    }

    #[test]
    fn plain_yes() {
        for (text, plain) in
            [("oui", true), ("euh oui d'accord", true), ("ah oui", false), ("d'accord", false), ("", false)]
        {
            assert_eq!(is_plain_yes(&tokens(text)), plain, "{text}");
        }
    }
}
