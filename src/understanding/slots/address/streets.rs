//! The town's streets, found by ear inside what was said.
//!
//! A street's name is looked for as sounds run together, anywhere in what was said (Sellers' algorithm: edit distance
//! with a free start and end), so that words cut otherwise ("Saint Jérôme, Saint Gérome") cost little. Work: letters of
//! all names times letters said, each bounded.

use super::kind;
use crate::understanding::phonetic::sound;
use crate::understanding::slots::words::{Word, words};

/// Most streets of a town.
const MOST_STREETS: usize = 2_000;
/// Longest name and longest speech looked at, in sounds.
const LONGEST: usize = 48;
/// Share of a name that must be heard.
const HEARD: f32 = 0.72;
/// The same where another kind of street was said.
const HEARD_OF_OTHER_KIND: f32 = 0.85;
/// Share of what was said that the name must explain.
const EXPLAINED: f32 = 0.55;
/// A name of fewer sounds is found by chance in much.
const SHORT: usize = 5;
const EXPLAINED_BY_SHORT: f32 = 0.75;
/// A kind of street said that is not the street's own.
const OTHER_KIND: f32 = 0.08;
/// Less likely than the best by this is not offered.
const FAR: f32 = 0.12;

/// The streets of a town, ready to be compared.
#[derive(Debug, Clone, Default)]
pub struct Streets(Vec<Street>);

#[derive(Debug, Clone)]
struct Street {
    written: String,
    kind: Option<&'static str>,
    sound: Vec<u8>,
}

impl Streets {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let streets = names.into_iter().take(MOST_STREETS).filter_map(|name| {
            let words = words(name);
            let kind = words.first().and_then(kind);
            let sound = sounds(if kind.is_some() { words.get(1..)? } else { &words });
            (!sound.is_empty()).then(|| Street { written: name.trim().to_owned(), kind, sound })
        });
        Self(streets.collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Streets that these words may name, likest first, with how alike they are (0–1).
    pub(super) fn find(&self, said: &[Word], said_kind: Option<&str>) -> Vec<(String, f32)> {
        let heard = sounds(if said_kind.is_some() { said.get(1..).unwrap_or_default() } else { said });
        if heard.len() < 2 {
            return Vec::new();
        }
        let mut found: Vec<(&Street, f32)> = self
            .0
            .iter()
            .filter_map(|street| {
                let distance = distance_inside(&street.sound, &heard)?;
                let length = street.sound.len() as f32;
                let likeness = 1.0 - distance as f32 / length;
                let explained = length / heard.len() as f32;
                // A short name inside a long one: "Pontoise" in "rue de la porte de Pontoise".
                let unexplained = (1.0 - explained).clamp(0.0, 1.0) * 0.15;
                let other_kind = matches!((said_kind, street.kind), (Some(a), Some(b)) if a != b);
                let score = likeness - unexplained - if other_kind { OTHER_KIND } else { 0.0 };
                let enough = if other_kind { HEARD_OF_OTHER_KIND } else { HEARD };
                let explains = if street.sound.len() < SHORT { EXPLAINED_BY_SHORT } else { EXPLAINED };
                (likeness >= enough && explained >= explains).then_some((street, score.clamp(0.0, 1.0)))
            })
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        let best = found.first().map_or(0.0, |f| f.1);
        found.retain(|f| f.1 >= best - FAR);
        found.into_iter().map(|(street, score)| (street.written.clone(), score)).collect()
    }
}

/// Sounds of the words run together, without articles.
fn sounds(words: &[Word]) -> Vec<u8> {
    const ARTICLES: &[&str] = &["de", "du", "des", "la", "le", "les", "l", "d", "aux", "au", "euh"];
    let mut sounds: Vec<u8> = Vec::with_capacity(LONGEST);
    for word in words.iter().filter(|w| !w.is_any(ARTICLES)) {
        let mut heard = sound(word.written);
        // "st", "ste", "gal", "mal": as written in lists.
        match word.folded.as_str() {
            "st" => heard = sound("saint"),
            "ste" => heard = sound("sainte"),
            "gal" => heard = sound("général"),
            "mal" => heard = sound("maréchal"),
            "dr" => heard = sound("docteur"),
            numeral => {
                // "Henri-IV", "Marché-Neuf" heard as "marché 9".
                if let Some(spoken) = spoken_numeral(numeral) {
                    heard = sound(spoken);
                }
            }
        }
        for c in heard.bytes() {
            if sounds.last() != Some(&c) {
                sounds.push(c);
            }
        }
        if sounds.len() >= LONGEST {
            sounds.truncate(LONGEST);
            break;
        }
    }
    sounds
}

/// Small numbers as they are said, in digits or Roman.
fn spoken_numeral(folded: &str) -> Option<&'static str> {
    const NUMERALS: &[(&str, &str, &str)] = &[
        ("2", "ii", "deux"),
        ("3", "iii", "trois"),
        ("4", "iv", "quatre"),
        ("5", "v", "cinq"),
        ("6", "vi", "six"),
        ("7", "vii", "sept"),
        ("8", "viii", "huit"),
        ("9", "ix", "neuf"),
        ("10", "x", "dix"),
        ("11", "xi", "onze"),
        ("12", "xii", "douze"),
        ("13", "xiii", "treize"),
        ("14", "xiv", "quatorze"),
        ("15", "xv", "quinze"),
        ("16", "xvi", "seize"),
        ("18", "xviii", "dix-huit"),
    ];
    NUMERALS.iter().find(|(digits, roman, _)| folded == *digits || folded == *roman).map(|(.., spoken)| *spoken)
}

/// Least number of changes that make `name` a piece of `heard`; `None` when it can't be few.
fn distance_inside(name: &[u8], heard: &[u8]) -> Option<usize> {
    let allowed = (name.len() as f32 * (1.0 - HEARD)) as usize;
    if name.len() > heard.len() + allowed {
        return None;
    }
    let mut row = [0usize; LONGEST + 1];
    for (i, wanted) in name.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        let mut least = row[0];
        for (j, got) in heard.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(wanted != got)).min(above + 1).min(row[j] + 1);
            diagonal = above;
            least = least.min(row[j + 1]);
        }
        if least > allowed {
            return None;
        }
    }
    row[..=heard.len()].iter().copied().min()
}
