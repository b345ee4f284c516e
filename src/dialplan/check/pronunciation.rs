//! Words that the voice will probably say wrongly: written with letters, or in a shape, that French does not have.
//!
//! The voice reads by the rules of French spelling; what those rules don't cover needs a line in the town's lexicon.
//! Must not know: the lexicon itself. What is left to the rules once it has spoken comes in as text.

use std::collections::BTreeSet;

use super::{Findings, speeches};
use crate::dialplan::{Dialplan, Language, Location, Part, Problem};

/// Words told in one place.
const MOST_WORDS: usize = 20;

/// Words to write into the lexicon. `left`: the text of a sentence that the voice reads by spelling alone, with what the
/// lexicon and the rules for numbers and abbreviations say already put in its place.
pub fn check_pronunciation(dialplan: &Dialplan, left: &dyn Fn(&Language, &str) -> String) -> Vec<Problem> {
    let mut findings = Findings::default();
    for plan in &dialplan.plans {
        let french = plan.language.0 == "fr";
        let mut told = BTreeSet::new();
        let mut look = |text: &str, at: Location| {
            for word in left(&plan.language, text).split(|c: char| !c.is_alphabetic() && c != '\'') {
                let word = word.trim_matches('\'');
                let word = word.rsplit('\'').next().unwrap_or(word);
                if is_hard(word, french) && told.len() < MOST_WORDS && told.insert(word.to_lowercase()) {
                    findings.warning(
                        at,
                        format!("la voix risque de mal dire « {word} »"),
                        format!(
                            "écoutez-la avec « allo-mairie say » ; si besoin, ajoutez « {word} = … » à prononciation.tsv, écrit \
                             comme cela se dit"
                        ),
                    );
                }
            }
        };
        for topic in &plan.topics {
            look(&topic.title, topic.location);
            for speech in speeches(topic) {
                let fixed: Vec<String> = speech
                    .parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => text.clone(),
                        Part::Value(value) => dialplan.fixed_value(value, &plan.language).unwrap_or_default(),
                    })
                    .collect();
                look(&fixed.concat(), speech.location);
            }
        }
        for entry in &dialplan.directory {
            look(&entry.name, entry.location);
        }
    }
    findings.problems
}

/// Letters or a shape that the rules of spelling don't cover.
fn is_hard(word: &str, french: bool) -> bool {
    let small: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if small.iter().any(|c| !is_latin(*c)) {
        return true;
    }
    french && small.len() > 2 && (small.iter().any(|c| !is_french(*c)) || has_foreign_shape(&small))
}

/// Letters as Western Europe writes them.
fn is_latin(c: char) -> bool {
    c < '\u{180}'
}

fn is_french(c: char) -> bool {
    c.is_ascii_lowercase() || "àâäçéèêëîïôöùûüÿœæ'".contains(c)
}

fn is_vowel(c: char) -> bool {
    "aeiouyàâäéèêëîïôöùûüÿœæ".contains(c)
}

fn has_foreign_shape(letters: &[char]) -> bool {
    let word: String = letters.iter().collect();
    // Borrowed words that the voice's own dictionary knows.
    const KNOWN: &[&str] = &[
        "wagon", "web", "kiwi", "clown", "sandwich", "tramway", "ticket", "stock", "hockey", "jockey", "coq", "cinq",
        "coing", "poing", "football", "foot", "quartz", "schéma",
    ];
    if KNOWN.contains(&word.as_str()) || word.strip_suffix('s').is_some_and(|one| KNOWN.contains(&one)) {
        return false;
    }
    const FOREIGN: &[&str] =
        &["cz", "sz", "gh", "ck", "sh", "ee", "zh", "kh", "tz", "w", "oom", "ook", "oot", "ø", "ñ"];
    let no_vowel = !letters.iter().any(|c| is_vowel(*c));
    let q_alone = letters.windows(2).any(|pair| pair[0] == 'q' && pair[1] != 'u');
    let tripled = letters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2]);
    no_vowel
        || q_alone
        || tripled
        || word.starts_with("sch")
        || word.ends_with("ing")
        || FOREIGN.iter().any(|part| word.contains(part))
        || longest_cluster(&word) >= 4
}

/// Consonants in a row, those that sound as one counted once, and "s" before a stop with "r" or "l" ("abstrait", "monstre")
/// left out.
fn longest_cluster(word: &str) -> usize {
    let mut word = word.replace("ch", "c").replace("ph", "f").replace("th", "t").replace("gn", "n");
    for (cluster, one) in
        [("str", "t"), ("scr", "c"), ("spr", "p"), ("spl", "p"), ("scl", "c"), ("st", "t"), ("sc", "c")]
    {
        word = word.replace(cluster, one);
    }
    word.split(is_vowel).map(|run| run.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_words_and_names_are_left_alone() {
        for word in [
            "mairie",
            "abstrait",
            "monstre",
            "instruction",
            "Longchamp",
            "Deschamps",
            "œuvre",
            "Noël",
            "aiguë",
            "coq",
            "Strasbourg",
            "extraordinaire",
            "Fourqueux",
            "Péricard",
            "Christophe",
            "lymphe",
            "wagons",
            "vingt",
            "août",
            "psy",
            "Ys",
            "le",
        ] {
            assert!(!is_hard(word, true), "{word}");
        }
    }

    #[test]
    fn foreign_letters_and_shapes_are_found() {
        for word in [
            "Schnapper",
            "Łódź",
            "Kowalczyk",
            "newsletter",
            "meeting",
            "Nguyễn",
            "Iraqien",
            "Niño",
            "brrr",
            "Fitzgerald",
            "北京",
        ] {
            assert!(is_hard(word, true), "{word}");
        }
        for (word, hard) in
            [("meeting", false), ("Saint-Germain", false), ("Łódź", false), ("Nguyễn", true), ("北京", true)]
        {
            assert_eq!(is_hard(word, false), hard, "{word}");
        }
    }

    #[test]
    fn a_word_is_told_once_and_not_when_the_lexicon_says_it() {
        let text = "# Mairie\n## Accueil\nDire :\n> Bonjour. La newsletter, la newsletter et le meeting.\n";
        let files = [crate::dialplan::SourceFile { path: "mairie.md".into(), text: text.into() }];
        let dialplan = crate::dialplan::parse(&files).0.unwrap();
        let told = |left: &dyn Fn(&Language, &str) -> String| -> Vec<String> {
            check_pronunciation(&dialplan, left).into_iter().map(|problem| problem.message).collect()
        };
        assert_eq!(
            told(&|_, text| text.to_owned()),
            ["la voix risque de mal dire « newsletter »", "la voix risque de mal dire « meeting »"]
        );
        assert_eq!(told(&|_, text| text.replace("newsletter", "niouz lètère").replace("meeting", "mitine")), [""; 0]);
    }
}
