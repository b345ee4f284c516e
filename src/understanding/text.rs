//! Words of a sentence, made comparable: folded, stemmed and written by ear.
//!
//! Owns: how text becomes tokens. Must not know: topics, languages other than French.

use std::collections::HashMap;
use std::sync::LazyLock;

pub use crate::dialplan::fold;
use rust_stemmers::{Algorithm, Stemmer};

use super::lexicon::{self, Family};
use super::phonetic;
use super::themes::{self, Themes};

/// Longest text looked at, in characters: nobody says more in one turn, and it bounds the work.
pub const LONGEST_TEXT: usize = 400;

/// Words before whose apostrophe a vowel was lost.
const ELIDED: &[&str] = &["c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu"];

/// How much a word says about what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// "euh", "alors", "bonjour", "s'il vous plaît".
    Filler,
    /// Articles, pronouns, auxiliaries, "je voudrais".
    Function,
    /// Everything else.
    Content,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As it stands in the text.
    pub written: String,
    /// Lower case, without accents.
    pub folded: String,
    /// Stem of `folded`.
    pub stem: String,
    /// How it sounds, roughly.
    pub sound: String,
    pub weight: Weight,
    /// Words that may stand for it; 0: none.
    pub family: Family,
    /// What it has to do with.
    pub themes: Themes,
    /// Letters it holds, one bit each: words far apart are told at once.
    letters: u64,
}

/// Likeness of two words of one family.
const SAME_FAMILY: f32 = 0.8;
/// Likeness of two words one sound apart.
const NEARLY_BY_SOUND: f32 = 0.75;
/// Sounds but e of a word that is long enough to be known by all but one of them.
const LONG_SOUND: usize = 5;

impl Token {
    /// Makes a token of one word that holds no separator.
    pub fn new(written: &str) -> Self {
        let folded = fold(written);
        let stem = stem(&folded);
        Self {
            themes: themes::themes(&stem),
            stem,
            sound: phonetic::sound(written),
            weight: weight(&folded),
            family: lexicon::family(&folded),
            letters: letters(&folded),
            written: written.to_owned(),
            folded,
        }
    }

    pub fn is_content(&self) -> bool {
        self.weight == Weight::Content
    }

    /// How alike two words are, 0–1: equal, same stem, same sound, same family, or a letter or two apart.
    pub fn likeness(&self, other: &Token) -> f32 {
        if self.folded == other.folded {
            return 1.0;
        }
        if !self.is_content() || !other.is_content() {
            return 0.0;
        }
        if self.stem == other.stem {
            return 0.97;
        }
        if self.sound == other.sound && self.sound.len() >= 3 {
            return 0.9;
        }
        if self.family != 0 && self.family == other.family {
            return SAME_FAMILY;
        }
        let shorter = self.folded.len().min(other.folded.len());
        let allowed = match shorter {
            0..5 => return 0.0,
            5..8 => 1,
            _ => 2,
        };
        let far = (self.letters ^ other.letters).count_ones() as usize > 2 * allowed;
        let by_letters = if far || self.folded.len().abs_diff(other.folded.len()) > allowed {
            0.0
        } else {
            match strsim::osa_distance(&self.folded, &other.folded) {
                1 if allowed == 1 => 0.75,
                1 => 0.85,
                2 if allowed == 2 => 0.7,
                _ => 0.0,
            }
        };
        if by_letters == 0.0 && self.sounds_nearly(other) { NEARLY_BY_SOUND } else { by_letters }
    }

    /// One sound apart and long: "déchetrice" for "déchetterie". An e is often silent; the first sound is seldom the one that is
    /// misheard.
    fn sounds_nearly(&self, other: &Self) -> bool {
        let heard = |token: &Self| token.sound.replace('e', "");
        // Asked of every word of the dialplan: what can be told without a copy comes first.
        let sounds = |token: &Self| token.sound.bytes().filter(|sound| *sound != b'e').count();
        let first = |token: &Self| token.sound.bytes().find(|sound| *sound != b'e');
        first(self) == first(other)
            && sounds(self).min(sounds(other)) >= LONG_SOUND
            && sounds(self).abs_diff(sounds(other)) <= 1
            && strsim::osa_distance(&heard(self), &heard(other)) <= 1
    }
}

/// Folded words joined by single spaces: for comparing sentences regardless of punctuation.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in fold(text).split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The first [`LONGEST_TEXT`] characters.
pub fn cut(text: &str) -> &str {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// Words of a text, fillers included. Hyphens and apostrophes separate words, but for "aujourd'hui" and "quelqu'un".
pub fn tokens(text: &str) -> Vec<Token> {
    let joined =
        cut(text).replace(['’', 'ʼ', '‘', '`'], "'").replace("ujourd'hui", "ujourdhui").replace("uelqu'un", "uelquun");
    joined.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(Token::new).collect()
}

/// Words as they are written: "d'identité", not "d identité".
pub fn written(said: &[Token]) -> String {
    let mut text = String::new();
    for (at, token) in said.iter().enumerate() {
        let elided = at.checked_sub(1).is_some_and(|before| ELIDED.contains(&said[before].folded.as_str()));
        let vowel = token.folded.starts_with(['a', 'e', 'h', 'i', 'o', 'u', 'y']);
        if at > 0 {
            text.push(if elided && vowel { '\'' } else { ' ' });
        }
        text.push_str(&token.written);
    }
    text
}

fn letters(folded: &str) -> u64 {
    folded.bytes().fold(0, |bits, byte| bits | 1 << (byte & 63))
}

/// Stem of a folded word.
pub fn stem(folded: &str) -> String {
    // Numbers and very short words are their own stems.
    if folded.len() < 4 || folded.bytes().any(|b| b.is_ascii_digit()) {
        return folded.to_owned();
    }
    let stemmed = Stemmer::create(Algorithm::French).stem(folded).into_owned();
    // The stemmer keeps "-e" of some feminine participles ("perdue" → "perdu", but "perime" from "périmée").
    stemmed.strip_suffix('e').filter(|rest| rest.len() >= 4).map_or_else(|| stemmed.clone(), str::to_owned)
}

fn weight(folded: &str) -> Weight {
    match SMALL_WORDS.get(folded) {
        Some(weight) => *weight,
        // Digits are values, they tell no topic.
        None if folded.bytes().all(|b| b.is_ascii_digit()) => Weight::Function,
        None => Weight::Content,
    }
}

static SMALL_WORDS: LazyLock<HashMap<&'static str, Weight>> = LazyLock::new(|| {
    let function = FUNCTION_WORDS.iter().chain(ENGLISH_FUNCTION_WORDS).map(|word| (*word, Weight::Function));
    function.chain(FILLERS.iter().map(|word| (*word, Weight::Filler))).collect()
});

const FILLERS: &[&str] = &[
    "euh",
    "heu",
    "hum",
    "hmm",
    "hein",
    "ben",
    "bah",
    "bon",
    "alors",
    "donc",
    "voila",
    "enfin",
    "bonjour",
    "bonsoir",
    "allo",
    "merci",
    "svp",
    "plait",
    "madame",
    "monsieur",
    "mademoiselle",
    "messieurs",
    "dames",
    "ecoutez",
    "dites",
    "excusez",
    "pardon",
    "ok",
    "accord",
    "juste",
    "simplement",
    "beaucoup",
    "aussi",
    "la-bas",
    "genre",
    "quoi",
    "hello",
    "thanks",
    "thank",
    "sir",
    "madam",
    "sorry",
];

const FUNCTION_WORDS: &[&str] = &[
    // Months are values, they tell no topic.
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
    "cherche",
    "cherchais",
    "chercher",
    "recherche",
    "donner",
    "donnez",
    "prendre",
    "appelle",
    "appeler",
    "appelais",
    "expliquer",
    "indiquer",
    "veuillez",
    "dirait",
    "a",
    "ai",
    "aimerais",
    "aimerait",
    "aller",
    "as",
    "au",
    "aux",
    "avais",
    "avait",
    "avec",
    "avez",
    "avoir",
    "avons",
    "besoin",
    "bien",
    "c",
    "ca",
    "ce",
    "cela",
    "ces",
    "cet",
    "cette",
    "ceux",
    "chez",
    "comme",
    "comment",
    "concernant",
    "connaitre",
    "d",
    "dans",
    "de",
    "demander",
    "des",
    "desirerais",
    "dire",
    "dois",
    "doit",
    "doivent",
    "dont",
    "du",
    "elle",
    "elles",
    "en",
    "es",
    "est",
    "et",
    "etait",
    "ete",
    "etes",
    "etre",
    "eu",
    "faire",
    "fais",
    "fait",
    "faites",
    "faudrait",
    "faut",
    "font",
    "il",
    "ils",
    "j",
    "jai",
    "je",
    "l",
    "la",
    "le",
    "les",
    "leur",
    "leurs",
    "lui",
    "m",
    "ma",
    "mais",
    "me",
    "mes",
    "moi",
    "mon",
    "n",
    "ne",
    "non",
    "oui",
    "ouais",
    "ni",
    "nos",
    "notre",
    "nous",
    "obtenir",
    "on",
    "ont",
    "ou",
    "par",
    "pas",
    "peut",
    "peux",
    "plus",
    "pour",
    "pourrais",
    "pourriez",
    "pouvez",
    "pouvoir",
    "puis",
    "qu",
    "quand",
    "que",
    "quel",
    "quelle",
    "quelles",
    "quels",
    "question",
    "qui",
    "renseignement",
    "renseignements",
    "s",
    "sa",
    "sais",
    "sans",
    "savoir",
    "se",
    "ses",
    "seulement",
    "si",
    "soit",
    "son",
    "sont",
    "souhaite",
    "souhaiterais",
    "suis",
    "sujet",
    "sur",
    "t",
    "ta",
    "te",
    "tes",
    "toi",
    "ton",
    "tres",
    "tu",
    "un",
    "une",
    "va",
    "vais",
    "veut",
    "veux",
    "viens",
    "vient",
    "voir",
    "vos",
    "votre",
    "voudrais",
    "voudrait",
    "voulais",
    "voulez",
    "vous",
    "y",
];

/// Those that are no meaningful word of French.
const ENGLISH_FUNCTION_WORDS: &[&str] = &[
    "about",
    "please",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "am",
    "an",
    "and",
    "any",
    "are",
    "at",
    "be",
    "been",
    "can",
    "could",
    "did",
    "do",
    "does",
    "for",
    "from",
    "get",
    "give",
    "got",
    "had",
    "has",
    "have",
    "he",
    "help",
    "her",
    "his",
    "how",
    "i",
    "if",
    "in",
    "is",
    "it",
    "its",
    "know",
    "like",
    "looking",
    "may",
    "my",
    "need",
    "of",
    "or",
    "our",
    "she",
    "should",
    "some",
    "tell",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "to",
    "want",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "will",
    "with",
    "would",
    "you",
    "your",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_accents_ligatures_and_case() {
        assert_eq!(fold("ÉTAT CIVIL, l’œuvre Ça"), "etat civil, l'oeuvre ca");
        assert_eq!(plain("  Il faut : 25 € (timbre) ! "), "il faut 25 timbre");
    }

    #[test]
    fn splits_elisions_and_hyphens_but_keeps_whole_words() {
        let words: Vec<String> = tokens("Quelqu’un d'aujourd'hui, rendez-vous").into_iter().map(|t| t.folded).collect();
        assert_eq!(words, ["quelquun", "d", "aujourdhui", "rendez", "vous"]);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let long = "é".repeat(5_000);
        assert_eq!(cut(&long).chars().count(), LONGEST_TEXT);
        assert!(tokens(&"a ".repeat(100_000)).len() <= LONGEST_TEXT);
    }

    #[test]
    fn likeness_grades() {
        let like = |a: &str, b: &str| Token::new(a).likeness(&Token::new(b));
        assert_eq!(like("Identité", "identite"), 1.0);
        assert!(like("poubelles", "poubelle") > 0.95);
        assert!(like("périmée", "périmé") > 0.85);
        assert!(like("kni", "cni") >= 0.9);
        assert!(like("déchetterie", "déchèterie") >= 0.85);
        assert_eq!(like("déchetterie", "déchetrice"), NEARLY_BY_SOUND);
        assert_eq!(like("carte", "école"), 0.0);
        assert_eq!(like("de", "des"), 0.0);
    }
}
