//! Free messages: kept as said, without the words around them ("alors euh je voudrais dire que … voilà merci").

use super::words::{Word, words};
use crate::understanding::text;

/// Longest message kept, in characters.
const LONGEST: usize = 1_000;

/// Said before a message.
const BEFORE: &[&[&str]] = &[
    &["oui"],
    &["alors"],
    &["euh"],
    &["heu"],
    &["hum"],
    &["bah"],
    &["ben"],
    &["bon"],
    &["donc"],
    &["voila"],
    &["eh", "bien"],
    &["et", "bien"],
    &["bonjour"],
    &["bonsoir"],
    &["allo"],
    &["mon", "message", "c", "est"],
    &["mon", "message", "est"],
    &["le", "message", "c", "est"],
    &["je", "voudrais", "dire", "que"],
    &["je", "voudrais", "vous", "dire", "que"],
    &["je", "voulais", "dire", "que"],
    &["je", "voulais", "vous", "dire", "que"],
    &["dites", "leur", "que"],
    &["dites", "que"],
    &["notez", "que"],
    &["well"],
    &["so"],
    &["um"],
    &["uh"],
    &["hello"],
    &["hi"],
    &["good", "morning"],
    &["good", "afternoon"],
    &["good", "evening"],
    &["okay"],
    &["ok"],
    &["yes"],
    &["i", "would", "like", "to", "say", "that"],
    &["i", "d", "like", "to", "say", "that"],
    &["i", "wanted", "to", "say", "that"],
    &["please", "tell", "them", "that"],
    &["tell", "them", "that"],
    &["please", "note", "that"],
    &["my", "message", "is"],
    &["my", "message", "is", "that"],
    &["the", "message", "is"],
    &["the", "message", "is", "that"],
];

/// Said after it.
const AFTER: &[&[&str]] = &[
    &["voila"],
    &["merci"],
    &["merci", "beaucoup"],
    &["merci", "bien"],
    &["merci", "d", "avance"],
    &["au", "revoir"],
    &["bonne", "journee"],
    &["bonne", "soiree"],
    &["c", "est", "tout"],
    &["et", "voila"],
    &["euh"],
    &["s", "il", "vous", "plait"],
    &["terminer"],
    &["fin", "du", "message"],
    &["thank", "you"],
    &["thanks"],
    &["thank", "you", "very", "much"],
    &["thanks", "a", "lot"],
    &["that", "s", "all"],
    &["that", "s", "it"],
    &["that", "is", "all"],
    &["please"],
    &["goodbye"],
    &["bye"],
    &["have", "a", "nice", "day"],
    &["um"],
    &["okay"],
    &["end", "of", "message"],
];

/// Answers that are no message.
const NONE: &[&[&str]] = &[
    &["non"],
    &["non", "merci"],
    &["rien"],
    &["aucun"],
    &["pas", "de", "message"],
    &["non", "rien"],
    &["je", "n", "ai", "pas", "de", "message"],
    &["no"],
    &["no", "thanks"],
    &["no", "thank", "you"],
    &["no", "message"],
    &["nothing"],
    &["end", "of", "message"],
];

/// The message, or `None` when nothing is left of it.
pub fn read(text: &str) -> Option<String> {
    let text = text.trim();
    let cut = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let head = words(cut);
    if NONE.iter().any(|none| is_exactly(&head, none)) {
        return None;
    }
    let first = after_opening(&head);
    let from = match head.get(first) {
        Some(word) => offset(cut, word),
        // All of it is politeness; a text longer than its words were looked at is a message all the same.
        None if cut.chars().count() <= text::LONGEST_TEXT => return None,
        None => 0,
    };
    let message = &cut[from..];
    let to = before_closing(message);
    let message = message[..to].trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–'));
    message.chars().any(char::is_alphanumeric).then(|| capital(message))
}

fn is_exactly(words: &[Word], wanted: &[&str]) -> bool {
    words.len() == wanted.len() && starts(words, wanted)
}

fn starts(words: &[Word], wanted: &[&str]) -> bool {
    words.len() >= wanted.len() && words.iter().zip(wanted).all(|(word, wanted)| word.is(wanted))
}

fn after_opening(words: &[Word]) -> usize {
    let mut at = 0;
    while let Some(used) = BEFORE.iter().filter(|b| starts(&words[at..], b)).map(|b| b.len()).max() {
        at += used;
    }
    at
}

/// Byte where what closes a message begins. Only its last words are looked at.
fn before_closing(message: &str) -> usize {
    let from = message.char_indices().rev().nth(120).map_or(0, |(at, _)| at);
    let tail = words(&message[from..]);
    let mut end = tail.len();
    let mut to = message.len();
    // A message of politeness alone is left as it is.
    while let Some(used) = AFTER.iter().filter(|a| ends(&tail[..end], a)).map(|a| a.len()).max().filter(|u| *u < end) {
        end -= used;
        to = from + offset(&message[from..], &tail[end]);
    }
    if from > 0 || end < tail.len() { to } else { message.len() }
}

fn ends(words: &[Word], wanted: &[&str]) -> bool {
    words.len() >= wanted.len() && starts(&words[words.len() - wanted.len()..], wanted)
}

fn offset(text: &str, word: &Word) -> usize {
    (word.written.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::slots::golden::golden;

    #[test]
    fn messages() {
        golden(
            &[
                ("Il y a un trou dans la rue.", "Il y a un trou dans la rue."),
                ("il y a un trou dans la rue", "Il y a un trou dans la rue"),
                ("euh il y a un trou dans la rue", "Il y a un trou dans la rue"),
                ("oui alors il y a un trou", "Il y a un trou"),
                ("Bonjour, il y a un trou", "Il y a un trou"),
                ("Alors voilà, euh, le lampadaire est cassé", "Le lampadaire est cassé"),
                ("je voudrais dire que le lampadaire est cassé", "Le lampadaire est cassé"),
                ("Oui bonjour, je voulais vous dire que la poubelle brûle", "La poubelle brûle"),
                ("mon message c'est rappelez-moi demain", "Rappelez-moi demain"),
                ("dites-leur que je passe à 10 h", "Je passe à 10 h"),
                ("notez que le portail est ouvert", "Le portail est ouvert"),
                ("eh bien je n'ai pas reçu mon acte", "Je n'ai pas reçu mon acte"),
                ("le lampadaire est cassé, voilà", "Le lampadaire est cassé"),
                ("le lampadaire est cassé merci", "Le lampadaire est cassé"),
                ("le lampadaire est cassé, merci beaucoup, au revoir", "Le lampadaire est cassé"),
                ("le lampadaire est cassé voilà c'est tout", "Le lampadaire est cassé"),
                ("le lampadaire est cassé, bonne journée.", "Le lampadaire est cassé"),
                ("le lampadaire est cassé, merci d'avance", "Le lampadaire est cassé"),
                ("le lampadaire est cassé s'il vous plaît", "Le lampadaire est cassé"),
                ("Qui a volé mon vélo ?", "Qui a volé mon vélo ?"),
                ("Je voudrais un rendez-vous.", "Je voudrais un rendez-vous."),
                ("merci de me rappeler", "Merci de me rappeler"),
                ("non le trottoir est bloqué", "Non le trottoir est bloqué"),
                ("il n'y a rien à voir", "Il n'y a rien à voir"),
                ("ma fille a été admise, merci à vous", "Ma fille a été admise, merci à vous"),
                ("06 12 34 56 78", "06 12 34 56 78"),
                ("urgent", "Urgent"),
                ("à l'attention du maire : bravo", "À l'attention du maire : bravo"),
                ("   il pleut   dans la salle ", "Il pleut   dans la salle"),
                ("hum, bon, ben, le chauffage ne marche plus", "Le chauffage ne marche plus"),
                ("le chauffage ne marche plus, euh, voilà", "Le chauffage ne marche plus"),
                ("le banc, le banc est cassé", "Le banc, le banc est cassé"),
                ("oui", ""),
                ("euh", ""),
                ("", ""),
                ("…", ""),
                ("non merci", ""),
                ("pas de message", ""),
                ("rien", ""),
                ("bonjour", ""),
                ("well, the bench is broken, thank you", "The bench is broken"),
                ("hello, there is a hole in the road, that's all", "There is a hole in the road"),
                ("nothing", ""),
            ],
            read,
        );
    }

    #[test]
    fn long_messages_are_bounded_and_keep_their_end() {
        let long = format!("{}voilà merci", "le lampadaire est cassé ".repeat(30));
        let message = read(&long).unwrap();
        assert!(message.ends_with("est cassé"), "{message}");
        assert!(read(&"é".repeat(20_000)).unwrap().chars().count() <= LONGEST);
    }
}
