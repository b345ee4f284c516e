//! Signs of listening: "mhm", "d'accord", "oui oui". Said over a prompt that asks nothing, they neither end nor take a turn.
//!
//! Owns: which words only say "I am listening" (Yngve 1970, "On getting a word in edgewise": back-channels), and how short such a sign is.
//! Must not know: what is being said, whether it asks something: "oui" is an answer then, and the call knows.

use std::time::Duration;

use crate::understanding::text::plain;

/// Utterance of a back-channel at most, pre-roll (200 ms) and pause (120 ms) included: three syllables twice over take a second.
/// Whoever speaks longer wants the floor, whatever the recogniser made of it.
pub const LONGEST_BACK_CHANNEL: Duration = Duration::from_millis(1_600);

/// Words of a back-channel at most: "oui oui oui d'accord très bien" has seven as [`plain`] counts them.
const MOST_WORDS: usize = 8;

/// Longer phrases first: each is taken whole, so that "bien" alone, or "tout" alone, is nothing.
/// No word here refuses, thanks, greets or asks: "non", "merci", "allô", "pardon", "comment" take the floor.
const FRENCH: &[&str] = &[
    "je vous ecoute",
    "c est tres bien",
    "c est bien ca",
    "tout a fait",
    "c est bon",
    "c est ca",
    "ca marche",
    "tres bien",
    "bien sur",
    "d accord",
    "je vois",
    "ah bon",
    "mm hm",
    "m hm",
    "o k",
    "exactement",
    "parfait",
    "entendu",
    "compris",
    "dac",
    "okay",
    "ok",
    "ouais",
    "oui",
    "voila",
    "bon",
    "bien",
    "ah",
    "eh",
    "oh",
    "hein",
    "euh",
];

const ENGLISH: &[&str] = &[
    "i m listening",
    "that s right",
    "of course",
    "all right",
    "i see",
    "got it",
    "go on",
    "uh huh",
    "mm hm",
    "m hm",
    "o k",
    "exactly",
    "alright",
    "right",
    "sure",
    "okay",
    "ok",
    "yeah",
    "yep",
    "yes",
    "well",
    "ah",
    "oh",
    "uh",
    "um",
];

/// Whether these words, all of them, only say that the caller is listening. Nothing at all (a cough, laughter without words) does too.
/// `language`: ISO 639-1; an unknown one knows only hums and laughter.
pub fn is_back_channel(text: &str, language: &str) -> bool {
    let plain = plain(&without_stage_directions(text));
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    let signs = match language {
        "fr" => FRENCH,
        "en" => ENGLISH,
        _ => &[],
    };
    let mut rest = words.as_slice();
    while let [first, ..] = rest {
        let taken = signs
            .iter()
            .map(|sign| sign.split(' ').collect::<Vec<_>>())
            .find_map(|sign| rest.starts_with(&sign).then_some(sign.len()))
            .or_else(|| (is_hum(first) || is_laughter(first)).then_some(1));
        match taken {
            Some(taken) => rest = &rest[taken..],
            None => return false,
        }
    }
    words.len() <= MOST_WORDS
}

/// "hm", "mmh", "hum", "mhm".
fn is_hum(word: &str) -> bool {
    let hums = word.bytes().all(|b| matches!(b, b'm' | b'h' | b'u'));
    word.len() >= 2 && word.contains('m') && hums
}

/// "haha", "hihihi", "ah ah".
fn is_laughter(word: &str) -> bool {
    let repeats = |syllable: &str| word.len() >= 2 && word.replace(syllable, "").is_empty();
    ["ha", "hi", "he", "ah"].into_iter().any(repeats)
}

/// Recognisers write sounds as "[toux]", "(rires)" and "*soupir*".
fn without_stage_directions(text: &str) -> String {
    let mut closing = None;
    let mut said = String::with_capacity(text.len());
    for c in text.chars() {
        match (closing, c) {
            (Some(end), c) if c == end => closing = None,
            (Some(_), _) => {}
            (None, '[') => closing = Some(']'),
            (None, '(') => closing = Some(')'),
            (None, '*') => closing = Some('*'),
            (None, c) => said.push(c),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_listening_are_known() {
        for text in [
            "Mhm.",
            "Hum, hum.",
            "Mmh mmh",
            "Hmm…",
            "D'accord.",
            "Oui, oui.",
            "Oui",
            "OK.",
            "Okay, d’accord",
            "Ah oui, d'accord.",
            "Ah bon ?",
            "Très bien.",
            "Oui oui oui, d'accord, très bien",
            "Bien sûr.",
            "C'est ça.",
            "Tout à fait.",
            "Ouais ouais",
            "Voilà.",
            "Je vois.",
            "Haha",
            "[Toux]",
            "(rires) ah oui",
            "*soupir*",
            "",
            "Je vous écoute.",
        ] {
            assert!(is_back_channel(text, "fr"), "{text}");
        }
        for text in ["Uh-huh.", "Okay.", "Yes, yes", "All right.", "I see.", "Mm-hm", "That's right", "Oh, sure"] {
            assert!(is_back_channel(text, "en"), "{text}");
        }
        assert!(is_back_channel("Mhm", "de"));
    }

    #[test]
    fn what_takes_the_floor_is_not() {
        for text in [
            "Non.",
            "Oui mais",
            "Oui, pour le passeport",
            "D'accord, et les horaires ?",
            "Merci.",
            "Allô ?",
            "Stop",
            "Attendez",
            "Pardon ?",
            "Tout",
            "Un humain",
            "Hier",
            "C'est cher",
            "Bien, je voudrais parler à quelqu'un",
            "Oui oui oui oui oui oui oui oui oui",
            "Accord",
            "U",
        ] {
            assert!(!is_back_channel(text, "fr"), "{text}");
        }
        for text in ["No.", "Yes but", "Hello?", "Right now please", "I", "Sure, how much is it"] {
            assert!(!is_back_channel(text, "en"), "{text}");
        }
        assert!(!is_back_channel("Oui", "de"), "its words are not known");
    }
}
