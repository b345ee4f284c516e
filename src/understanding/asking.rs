//! Whether words ask something.
//!
//! Owns: the words that ask. Must not know: what was asked before, topics.

use super::text::Token;

/// Words that ask wherever they stand.
const ALWAYS: &[&str] =
    &["combien", "comment", "pourquoi", "quel", "quelle", "quels", "quelles", "how", "why", "what", "where"];
/// They ask, or join two clauses: "les gens qui attendent le bus", "quand il pleut".
const OR_JOIN: &[&str] = &["quand", "lequel", "laquelle", "quoi", "when", "which"];
/// Ask at the beginning only.
const AT_FIRST: &[&str] = &["qui", "quand", "when", "who"];
/// Pairs that ask.
const PAIRS: &[(&str, &str)] = &[
    ("est", "ce"),
    ("a", "qui"),
    ("faut", "il"),
    ("peut", "on"),
    ("puis", "je"),
    ("dois", "je"),
    ("a", "t"),
    ("faut", "attendre"),
    ("je", "peux"),
    ("on", "peut"),
    ("je", "dois"),
    ("on", "doit"),
    ("can", "i"),
    ("do", "i"),
    ("is", "it"),
];

fn is(word: &Token, among: &[&str]) -> bool {
    among.contains(&word.folded.as_str())
}

/// Something is asked in so many words. "Je peux aller le chercher" asks, behind an answer.
pub fn asks(words: &[Token]) -> bool {
    let is_asking = |word: &Token| is(word, ALWAYS) || is(word, OR_JOIN) || word.written.to_lowercase() == "où";
    let is_pair = |pair: &[Token]| PAIRS.contains(&(pair[0].folded.as_str(), pair[1].folded.as_str()));
    words.iter().any(is_asking) || words.windows(2).any(is_pair)
}

/// The same of a message, which may well say "quand il pleut" and "on peut tomber".
pub fn is_question(words: &[Token]) -> bool {
    words.iter().any(|word| is(word, ALWAYS)) || words.first().is_some_and(|word| is(word, AT_FIRST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn a_message_asks_less_easily_than_what_follows_an_answer() {
        for (text, behind, message) in [
            ("combien ça coûte", true, true),
            ("et c'est où", true, false),
            ("qui faut-il appeler", true, true),
            ("quand est-ce que ça ouvre", true, true),
            ("ça glisse quand il pleut", true, false),
            ("on peut tomber", true, false),
            ("un banc pour les gens qui attendent le bus", false, false),
            ("", false, false),
        ] {
            let words = tokens(text);
            assert_eq!((asks(&words), is_question(&words)), (behind, message), "{text}");
        }
    }
}
