//! Names of persons: the name alone, out of "bonjour, c'est madame Le Goff".

use crate::understanding::text::{self, Token, Weight, tokens};

/// Longest name kept, in characters.
const LONGEST: usize = 80;
/// More words than this are a sentence, not a name.
const MOST_WORDS: usize = 6;

/// Words around a name, never part of one.
const AROUND: &[&str] = &[
    "c",
    "est",
    "je",
    "m",
    "appelle",
    "appel",
    "appele",
    "mon",
    "ma",
    "nom",
    "prenom",
    "s",
    "moi",
    "suis",
    "au",
    "a",
    "oui",
    "euh",
    "heu",
    "alors",
    "bonjour",
    "bonsoir",
    "madame",
    "monsieur",
    "mademoiselle",
    "mme",
    "mr",
    "mlle",
    "famille",
    "bah",
    "ben",
    "bon",
    "donc",
    "voila",
    "ici",
    "notez",
    "noter",
    "mettez",
    "pour",
    "il",
    "vous",
    "plait",
    "svp",
    "ce",
    "sera",
    "serait",
    "merci",
    "allo",
    "nommer",
    "nomme",
    "numero",
    "telephone",
    "plutot",
    "sur",
    "et",
    "non",
    "pardon",
    "ecoutez",
    "enfin",
    "en",
    "votre",
    "d",
    "accord",
    "ok",
    "mettre",
    "voudrais",
    "soit",
    "suite",
    "puis",
];

/// Parts of names that stand before one and are spelled small.
const PARTICLES: &[&str] = &["de", "du", "des", "d", "la", "le", "les", "von", "van", "da", "dos", "el", "ben", "al"];

/// Sentences that answer "what is your name" with something else.
const NO_NAME: &[&str] = &[
    "sais",
    "pourquoi",
    "quoi",
    "comment",
    "comprends",
    "compris",
    "veux",
    "peux",
    "importe",
    "rien",
    "aucun",
    "aucune",
    "repetez",
    "repeter",
    "question",
    "personne",
    "entends",
    "attendez",
    "faire",
    "savoir",
    "combien",
    "quel",
    "quelle",
    "quels",
    "quand",
];

/// The name in what was said, written with capitals; `None` when there seems to be none.
pub fn read(text: &str) -> Option<String> {
    let words = tokens(text);
    if words.iter().any(|w| NO_NAME.contains(&w.folded.as_str())) {
        return None;
    }
    let spelled = spelled(&words);
    let mut kept: Vec<&Token> = words
        .iter()
        .filter(|w| w.folded.chars().any(char::is_alphabetic))
        .filter(|w| w.folded.chars().count() > 1 || PARTICLES.contains(&w.folded.as_str()))
        .collect();
    // Politeness and cue words go from both ends; inside a name they may belong to it ("Le Bon").
    let small = |w: &Token| !w.written.starts_with(char::is_uppercase);
    while let Some(first) = kept.first() {
        let second = kept.get(1);
        let goes = if is_around(first) {
            small(first) || (second.is_some() && first.folded != "ben")
        } else {
            // "Le nom, c'est Moreau": an article before a cue.
            is_particle(first) && second.is_some_and(|w| is_around(w) && small(w))
        };
        if !goes {
            break;
        }
        kept.remove(0);
    }
    // "au nom de Moreau": the particle belongs to the cue, unless a title stood before it ("monsieur de la Tour").
    let after_cue = text::plain(text).contains(" nom de ");
    while after_cue && kept.first().is_some_and(|w| w.folded == "de" || w.folded == "d") {
        kept.remove(0);
    }
    while kept.last().is_some_and(|w| (is_around(w) && small(w)) || is_particle(w)) {
        kept.pop();
    }
    if kept.first().is_some_and(|w| is_around(w)) && kept.len() == 1 {
        kept.clear();
    }
    kept.retain(|w| !is_title(w));
    let name = match (kept.is_empty(), spelled) {
        (_, Some(spelled)) if kept.len() <= 1 => spelled,
        (true, _) => return None,
        _ => written(&kept),
    };
    if kept.len() > MOST_WORDS || !name.chars().any(char::is_alphabetic) {
        return None;
    }
    Some(name.chars().take(LONGEST).collect())
}

fn is_particle(word: &Token) -> bool {
    PARTICLES.contains(&word.folded.as_str())
}

fn is_title(word: &Token) -> bool {
    matches!(word.folded.as_str(), "madame" | "monsieur" | "mademoiselle" | "mme" | "mr" | "mlle")
}

fn is_around(word: &Token) -> bool {
    word.weight == Weight::Filler || AROUND.contains(&word.folded.as_str())
}

/// Letters said one by one, three at least: "L E G O F F".
fn spelled(words: &[Token]) -> Option<String> {
    let mut best = String::new();
    let mut current = String::new();
    for word in words {
        let mut letters = word.folded.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if letter.is_alphabetic() => current.push(letter),
            _ => current.clear(),
        }
        if current.chars().count() > best.chars().count() {
            best.clone_from(&current);
        }
    }
    (best.chars().count() >= 3).then(|| capital(&best))
}

fn written(words: &[&Token]) -> String {
    // Someone who types or a recogniser that writes everything small: capitals are put in.
    let small = words.iter().all(|w| w.written.chars().all(|c| !c.is_uppercase()));
    let mut out = String::new();
    for (i, word) in words.iter().enumerate() {
        let elided = i > 0 && matches!(words[i - 1].folded.as_str(), "d" | "l");
        if i > 0 {
            out.push_str(if elided { "'" } else { " " });
        }
        if small && !(i > 0 && matches!(word.folded.as_str(), "de" | "du" | "des" | "d")) {
            out.push_str(&capital(&word.written));
        } else {
            out.push_str(&word.written);
        }
    }
    out
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_everyday_answers() {
        for (text, name) in [
            ("Le Goff", "Le Goff"),
            ("le goff", "Le Goff"),
            ("Martin", "Martin"),
            ("c'est madame Martin", "Martin"),
            ("bonjour, je m'appelle Jeanne Dupont", "Jeanne Dupont"),
            ("mon nom est Nguyen", "Nguyen"),
            ("au nom de Moreau", "Moreau"),
            ("euh Dubois s'il vous plaît", "Dubois"),
            ("monsieur de la Tour", "de la Tour"),
            ("oui alors c'est monsieur Haddad", "Haddad"),
            ("Durand, D U R A N D", "Durand"),
            ("L E G O F F", "Legoff"),
            ("je suis madame Péricard", "Péricard"),
            ("Le Goff au plutôt", "Le Goff"),
            ("notez Benali", "Benali"),
            ("Jean-Pierre Lefèvre", "Jean Pierre Lefèvre"),
            ("mademoiselle Chloé d'Artois", "Chloé d'Artois"),
            ("Ben Youssef", "Ben Youssef"),
            ("le nom c'est Moreau", "Moreau"),
            ("C'est madame Martin.", "Martin"),
            ("Le Bon", "Le Bon"),
        ] {
            assert_eq!(read(text).as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn no_name() {
        for text in [
            "",
            "oui",
            "euh",
            "je ne sais pas",
            "pourquoi",
            "bonjour madame",
            "06 12 34 56 78",
            "au",
            "mais enfin je vous ai déjà dit que la rue était barrée ce matin",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn long_answers_are_bounded() {
        assert!(read(&"Anne".repeat(100)).is_none_or(|n| n.chars().count() <= LONGEST));
    }
}
