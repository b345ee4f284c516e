//! E-mail addresses as they are said: "jean point dupont arobase gmail point com", "tiret du 6", "en un seul mot".

use std::sync::LazyLock;

use regex::Regex;

use super::Reading;
use super::numbers::cardinal;
use super::spelling;
use super::words::{Gap, Word, words};
use crate::understanding::text::{self, fold};

/// Longest address kept (RFC 5321 allows 254; nobody dictates more).
const LONGEST: usize = 120;
/// The provider was misheard.
const PROVIDER_MENDED: u16 = 20;
/// The ending was not said: "jean arobase gmail".
const ENDING_ADDED: u16 = 60;
/// The "@" was not heard.
const SIGN_ADDED: u16 = 80;
/// A hyphen that the recogniser may have put in by itself.
const OWN_HYPHEN: u16 = 20;
const OTHER_HYPHEN: u16 = 60;

static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[a-z0-9][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}").expect("pattern of this source")
});

/// Providers, with their usual ending and what is heard for them.
const PROVIDERS: &[(&str, &str, &[&str])] = &[
    (
        "gmail",
        "com",
        &[
            "gmail", "jmail", "gemail", "jemail", "gmel", "gmaile", "djimail", "jimail", "gmails", "10ml", "gml",
            "dixml",
        ],
    ),
    ("orange", "fr", &["orange", "oranges", "orage"]),
    ("free", "fr", &["free", "fri", "frie", "fril"]),
    (
        "wanadoo",
        "fr",
        &["wanadoo", "ouanadou", "wanadou", "ouanadoo", "vanadou", "wannadoo", "1etdu", "unadou", "1adou", "ouanadu"],
    ),
    ("hotmail", "fr", &["hotmail", "otmail", "hotmel", "hotmaile"]),
    ("outlook", "fr", &["outlook", "outlouk", "aoutlouk", "outluk"]),
    ("yahoo", "fr", &["yahoo", "yaou", "yahou", "iahou", "yaoo"]),
    ("laposte", "net", &["laposte", "lapost"]),
    ("sfr", "fr", &["sfr"]),
    ("live", "fr", &["live", "laive"]),
    ("icloud", "com", &["icloud", "aicloud", "iclaude", "aiclaude", "icloude"]),
    ("bbox", "fr", &["bbox", "bibox", "bebox"]),
    ("neuf", "fr", &["neuf"]),
    ("numericable", "fr", &["numericable", "numericables"]),
    ("protonmail", "com", &["protonmail"]),
    ("proton", "me", &["proton"]),
    ("msn", "com", &["msn"]),
    ("aol", "com", &["aol"]),
    ("club-internet", "fr", &["clubinternet"]),
    ("aliceadsl", "fr", &["aliceadsl"]),
];

/// A piece of the address being made.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    At,
    Dot,
    Sign(char),
    /// A hyphen in writing between whole words, perhaps the recogniser's own.
    Hyphen,
}

/// The address that is meant, best first.
pub fn read(text: &str) -> Vec<Reading<String>> {
    let plain = fold(text::cut(text));
    if let Some(found) = WRITTEN.find(&plain) {
        // "jean point dupont@gmail.com": what stands before belongs to it.
        let said_before = plain[..found.start()].split_whitespace().next_back();
        if !matches!(said_before, Some("point" | "tiret" | "underscore" | "bas")) {
            return vec![Reading::new(found.as_str().trim_end_matches(['.', '-']).to_owned(), 0)];
        }
    }
    let signed = with_signs(&plain);
    let words = words(&signed);
    let (from, to) = extent(&words);
    let pieces = pieces(&words[from..to]);
    let (local, domain, cost) = match parts(pieces) {
        Some(parts) => parts,
        None => return Vec::new(),
    };
    let Some((domain, more)) = domain_of(&domain) else {
        return Vec::new();
    };
    let cost = cost + more;
    let has_hyphen = local.contains(&Piece::Hyphen);
    let kept = local_of(&local, true);
    let mut readings = Vec::new();
    let mut add = |local: String, cost: u16| {
        if is_local(&local) && local.len() + domain.len() < LONGEST {
            readings.push(Reading::new(format!("{local}@{domain}"), cost));
        }
    };
    if has_hyphen {
        add(kept, cost + OWN_HYPHEN);
        add(local_of(&local, false), cost + OTHER_HYPHEN);
    } else {
        add(kept, cost);
    }
    readings
}

/// Signs that touch letters become words, so that they survive; those that end a sentence go.
fn with_signs(plain: &str) -> String {
    let chars: Vec<char> = plain.chars().collect();
    let mut out = String::with_capacity(plain.len() + 32);
    for (i, c) in chars.iter().enumerate() {
        let touches = |k: Option<usize>| k.and_then(|k| chars.get(k)).is_some_and(|c| c.is_alphanumeric());
        let inside = touches(i.checked_sub(1)) && touches(Some(i + 1));
        match c {
            '@' => out.push_str(" arobase "),
            '_' => out.push_str(" underscore "),
            '+' => out.push_str(" plus "),
            '.' if inside => out.push_str(" point "),
            c => out.push(*c),
        }
    }
    out
}

fn is_at(words: &[Word], at: usize) -> usize {
    let word = |k: usize| words.get(at + k).map_or("", |w| w.folded.as_str());
    match (word(0), word(1)) {
        ("arobase" | "arrobase" | "arobas" | "arobaze" | "arobases" | "arobace" | "arrobas" | "arobasse", _) => 1,
        ("a", "robase" | "robas" | "robaze" | "commercial") => 2,
        ("ar", "robase" | "obase" | "robas") => 2,
        ("la", "robase") => 2,
        ("at" | "ate" | "robas" | "robase", _) => 1,
        // "orobase", "aroubaise".
        (word, _) if word.len() >= 6 && strsim::osa_distance(word, "arobase") <= 2 => 1,
        _ => 0,
    }
}

/// Words that introduce an address; it begins after the last of them.
const CUES: &[&str] = &[
    "est",
    "adresse",
    "mail",
    "mel",
    "courriel",
    "email",
    "mails",
    "notez",
    "alors",
    "voici",
    "oui",
    "c",
    "bonjour",
    "electronique",
    "address",
    "is",
    "it",
    "donc",
    "euh",
];
/// Words said about it, no part of it.
const ABOUT: &[&str] = &[
    "minuscule",
    "minuscules",
    "majuscule",
    "majuscules",
    "attache",
    "attaches",
    "attachee",
    "colle",
    "colles",
    "euh",
    "heu",
    "alors",
    "donc",
    "ensuite",
    "puis",
    "apres",
    "espace",
    "voila",
    "merci",
    "hein",
    "lettres",
];

/// Where the address begins and ends.
fn extent(words: &[Word]) -> (usize, usize) {
    let at = (0..words.len()).find(|i| is_at(words, *i) > 0).unwrap_or(words.len());
    let is_cue = |i: usize| {
        let provider = i > 0 && matches!(words[i - 1].folded.as_str(), "g" | "j" | "hot" | "ge" | "proton");
        // "It's", "that's".
        let contracted = words[i].is("s") && i > 0 && words[i - 1].is_any(&["it", "that"]);
        (words[i].is_any(CUES) || contracted) && !provider
    };
    let from = (0..at).rev().find(|i| is_cue(*i)).map_or(0, |i| i + 1);
    (from, words.len())
}

fn pieces(words: &[Word]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = |k: usize| words.get(at + k).map_or("", |w| w.folded.as_str());
        let used = is_at(words, at);
        if used > 0 {
            pieces.push(Piece::At);
            at += used;
            continue;
        }
        let (piece, used) = match (word(0), word(1)) {
            ("point" | "pointe" | "poing" | "points" | "dot", _) => (Some(Piece::Dot), 1),
            // Names of signs: the keys of a French keyboard name them too.
            ("tiret" | "tirets" | "tire" | "tires", "du") if matches!(word(2), "bas" | "8" | "huit" | "dessous") => {
                (Some(Piece::Sign('_')), 3)
            }
            ("tiret" | "tirets" | "tire" | "tires", "du") if matches!(word(2), "6" | "six" | "haut" | "milieu") => {
                (Some(Piece::Sign('-')), 3)
            }
            ("tiret" | "tirets" | "tire" | "tires", "bas" | "8") => (Some(Piece::Sign('_')), 2),
            ("tiret" | "tirets" | "tire" | "tires", "6" | "haut" | "normal" | "simple") => (Some(Piece::Sign('-')), 2),
            ("tiret" | "tirets" | "tire" | "tires" | "dash" | "hyphen" | "minus", _) => (Some(Piece::Sign('-')), 1),
            ("trait", "d") if word(2) == "union" => (Some(Piece::Sign('-')), 3),
            ("underscore" | "underscor" | "enderscore" | "andersor" | "souligne" | "discours" | "andiscours", _) => {
                (Some(Piece::Sign('_')), 1)
            }
            ("under" | "ander", "score" | "scor") => (Some(Piece::Sign('_')), 2),
            ("plus", _) => (Some(Piece::Sign('+')), 1),
            ("en", "un") if matches!(word(2), "mot" | "seul") => (None, if word(2) == "seul" { 4 } else { 3 }),
            ("en", "deux") if word(2) == "mots" => (None, 3),
            ("all" | "in", "one") if word(2) == "word" => (None, 3),
            ("all" | "in", "lowercase" | "uppercase" | "lower" | "upper" | "small") => {
                (None, if matches!(word(2), "case" | "letters") { 3 } else { 2 })
            }
            ("en", "minuscule" | "minuscules" | "majuscule" | "majuscules") => (None, 2),
            ("tout" | "tous", "attache" | "attaches" | "colle" | "en" | "attachee" | "minuscule") => (None, 2),
            ("s", "il") if word(2) == "vous" => (None, 4),
            (about, _) if ABOUT.contains(&about) => (None, 1),
            _ => (Some(Piece::Text(String::new())), 1),
        };
        match piece {
            // Letters, numbers and words run together.
            Some(Piece::Text(_)) => {
                let mut end = at;
                if let Some(Piece::Text(more)) = text_piece(words, at, &mut end) {
                    let own_hyphen = words[at].before == Gap::Hyphen && more.len() > 1;
                    match pieces.last_mut() {
                        Some(Piece::Text(text)) if own_hyphen && text.len() > 1 => {
                            pieces.push(Piece::Hyphen);
                            pieces.push(Piece::Text(more));
                        }
                        Some(Piece::Text(text)) if text.len() < LONGEST => text.push_str(&more),
                        Some(Piece::Text(_)) => {}
                        _ => pieces.push(Piece::Text(more)),
                    }
                }
                at = end.max(at + 1);
            }
            Some(piece) => {
                pieces.push(piece);
                at += used;
            }
            None => at += used,
        }
    }
    pieces
}

/// A word, a number or a letter of the address.
fn text_piece(words: &[Word], at: usize, end: &mut usize) -> Option<Piece> {
    let word = words.get(at)?;
    *end = at + 1;
    let next = words.get(at + 1).map_or("", |w| w.folded.as_str());
    // "deux L", "I grec", "D comme Denis".
    if matches!(word.folded.as_str(), "deux" | "double" | "2") && next != "zero" {
        let single = words.get(at + 1).filter(|w| w.folded.chars().count() == 1 && !w.is_digits());
        if let Some((letter, used)) = single.and_then(|_| spelling::letter(&words[at + 1..])) {
            *end = at + 1 + used;
            return Some(Piece::Text([letter, letter].iter().collect()));
        }
    }
    if matches!(word.folded.as_str(), "i" | "y" | "double") && (next.starts_with("gr") || matches!(next, "v" | "ve")) {
        let (letter, used) = spelling::letter(&words[at..])?;
        *end = at + used;
        return Some(Piece::Text(letter.to_string()));
    }
    if word.folded.chars().count() == 1 && next == "comme" {
        *end = at + 3;
        return Some(Piece::Text(word.folded.clone()));
    }
    let named = ["be", "ce", "de", "ge", "pe", "te", "ve", "effe", "enne", "emme", "erre", "esse", "ixe", "zede", "ka"];
    let accented = word.written.contains('é') || word.is_any(&named[7..]);
    if accented && word.is_any(&named) {
        let (letter, used) = spelling::letter(&words[at..])?;
        *end = at + used;
        return Some(Piece::Text(letter.to_string()));
    }
    // Numbers: "soixante-quinze" is 75, "zéro six" 06.
    if word.is_digits() {
        return Some(Piece::Text(word.written.to_owned()));
    }
    if let Some(number) = cardinal(&words[at..]).filter(|_| !word.is_any(&["un", "une", "mil"])) {
        *end = at + number.words;
        return Some(Piece::Text(number.value.to_string()));
    }
    let text: String = word.folded.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(Piece::Text(text))
}

/// Local part and domain, and what it cost to tell them apart.
fn parts(mut pieces: Vec<Piece>) -> Option<(Vec<Piece>, Vec<Piece>, u16)> {
    // What is no address ends in words after the ending: cut there.
    if let Some(at) = pieces.iter().position(|p| *p == Piece::At) {
        let mut domain = pieces.split_off(at);
        domain.remove(0);
        domain.retain(|p| *p != Piece::At);
        return Some((pieces, domain, 0));
    }
    // No "@": the provider tells where the domain begins.
    let dot = pieces.iter().rposition(|p| *p == Piece::Dot)?;
    let Some(Piece::Text(text)) = pieces.get(dot.checked_sub(1)?).cloned() else {
        return None;
    };
    let (name, heard) = PROVIDERS
        .iter()
        .flat_map(|(name, _, heard)| heard.iter().map(move |heard| (*name, *heard)))
        .filter(|(_, heard)| text.ends_with(heard) && heard.len() >= 4)
        .max_by_key(|(_, heard)| heard.len())?;
    let mut domain = pieces.split_off(dot - 1);
    domain[0] = Piece::Text(name.to_owned());
    let rest = &text[..text.len() - heard.len()];
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    (!pieces.is_empty()).then_some((pieces, domain, SIGN_ADDED))
}

/// The domain, and the cost of what was mended in it.
fn domain_of(pieces: &[Piece]) -> Option<(String, u16)> {
    let mut labels: Vec<String> = vec![String::new()];
    for piece in pieces {
        match piece {
            Piece::Dot => labels.push(String::new()),
            Piece::Text(text) => labels.last_mut()?.push_str(text),
            Piece::Sign('-') | Piece::Hyphen => labels.last_mut()?.push('-'),
            _ => return None,
        }
    }
    let mut cost = 0;
    let count = labels.iter().filter(|l| !l.is_empty()).count();
    labels.retain(|l| !l.is_empty());
    if count == 0 {
        return None;
    }
    let name = labels.len().saturating_sub(2);
    let plain = labels[name].replace('-', "");
    let provider = PROVIDERS
        .iter()
        .find(|(_, _, heard)| heard.contains(&plain.as_str()))
        .or_else(|| PROVIDERS.iter().find(|(name, ..)| plain.len() >= 5 && strsim::osa_distance(name, &plain) <= 1));
    if count == 1 {
        // "arobase gmail": the usual ending.
        let (name, ending, _) = provider?;
        return Some((format!("{name}.{ending}"), ENDING_ADDED));
    }
    if let Some((provider, ..)) = provider {
        if labels[name] != *provider {
            cost += PROVIDER_MENDED;
        }
        labels[name] = (*provider).to_owned();
    }
    let ending = labels.last_mut()?;
    // What follows the ending is another sentence: "point com merci beaucoup".
    let known = [
        ("comme", "com"),
        ("come", "com"),
        ("com", "com"),
        ("fr", "fr"),
        ("frere", "fr"),
        ("effere", "fr"),
        ("etfaire", "fr"),
        ("fais", "fr"),
        ("fait", "fr"),
        ("faire", "fr"),
        ("effaire", "fr"),
        ("etfer", "fr"),
        ("eter", "fr"),
        ("net", "net"),
        ("nette", "net"),
        ("org", "org"),
        ("orgue", "org"),
        ("eu", "eu"),
        ("gouv", "gouv"),
        ("info", "info"),
        ("me", "me"),
        ("paris", "paris"),
    ];
    let cut = known.iter().find(|(heard, _)| ending.starts_with(heard)).map(|(_, meant)| *meant);
    *ending = match cut {
        Some(meant) => meant.to_owned(),
        None if (2..=6).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphabetic()) => ending.clone(),
        None => return None,
    };
    let sound = labels.iter().all(|label| {
        !label.starts_with('-') && !label.ends_with('-') && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    sound.then(|| (labels.join("."), cost))
}

fn local_of(pieces: &[Piece], hyphens: bool) -> String {
    let mut local = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => local.push_str(text),
            Piece::Dot => local.push('.'),
            Piece::Sign(sign) => local.push(*sign),
            Piece::Hyphen if hyphens => local.push('-'),
            Piece::Hyphen | Piece::At => {}
        }
    }
    local.trim_matches(['.', '-']).to_owned()
}

fn is_local(local: &str) -> bool {
    !local.is_empty()
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::slots::golden::golden;

    #[test]
    fn spoken_addresses() {
        golden(
            &[
                ("jean.dupont@gmail.com", "jean.dupont@gmail.com"),
                ("Jean.Dupont@Gmail.com.", "jean.dupont@gmail.com"),
                ("jean point dupont arobase gmail point com", "jean.dupont@gmail.com"),
                ("Jean Point Dupont, arobase, Gmail.com", "jean.dupont@gmail.com"),
                ("jean.dupont arobase gmail.com", "jean.dupont@gmail.com"),
                ("jean.dupont@gmail point com", "jean.dupont@gmail.com"),
                ("mon adresse c'est jean point dupont arobase gmail point com", "jean.dupont@gmail.com"),
                ("alors euh mon mail c'est marie arobase orange point fr", "marie@orange.fr"),
                ("marie tiret claire arobase free point fr", "marie-claire@free.fr"),
                ("marie trait d'union claire arobase free point fr", "marie-claire@free.fr"),
                ("marie underscore claire arobase free point fr", "marie_claire@free.fr"),
                ("marie tiret du bas claire arobase free point fr", "marie_claire@free.fr"),
                ("marie tiret du 8 claire arobase free point fr", "marie_claire@free.fr"),
                ("marie tiret du 6 claire arobase free point fr", "marie-claire@free.fr"),
                ("marie tiret bas claire arobase free point fr", "marie_claire@free.fr"),
                ("jeandupont en un seul mot arobase wanadoo point fr", "jeandupont@wanadoo.fr"),
                ("jean dupont tout attaché arobase wanadoo point fr", "jeandupont@wanadoo.fr"),
                ("jean dupont en minuscules arobase sfr point fr", "jeandupont@sfr.fr"),
                ("j point dupont arobase laposte point net", "j.dupont@laposte.net"),
                ("j point dupont arobase la poste point net", "j.dupont@laposte.net"),
                ("D U P O N T arobase yahoo point fr", "dupont@yahoo.fr"),
                ("D-U-P-O-N-T arobase yahoo.fr", "dupont@yahoo.fr"),
                ("jean 75 arobase hotmail point com", "jean75@hotmail.com"),
                ("jean soixante-quinze arobase hotmail point com", "jean75@hotmail.com"),
                ("jean75@hotmail.fr", "jean75@hotmail.fr"),
                ("paul arobase hot mail point fr", "paul@hotmail.fr"),
                ("paul arobase g mail point com", "paul@gmail.com"),
                ("paul arobase G-mail point com", "paul@gmail.com"),
                ("paul arobase j mail point com", "paul@gmail.com"),
                ("paul arobase gmail point comme", "paul@gmail.com"),
                ("paul a robase gmail point com", "paul@gmail.com"),
                ("paul arrobase outlook point fr", "paul@outlook.fr"),
                ("paul at gmail dot com", "paul@gmail.com"),
                ("paul arobase i cloud point com", "paul@icloud.com"),
                ("contact arobase ville tiret laye point fr", "contact@ville-laye.fr"),
                ("c'est contact arobase mairie point gouv point fr", "contact@mairie.gouv.fr"),
                ("paul arobase gmail", "paul@gmail.com"),
                ("paul arobase orange", "paul@orange.fr"),
                ("paul dupont gmail point com", "pauldupont@gmail.com"),
                ("paul arobase ouanadou point fr", "paul@wanadoo.fr"),
                ("ane deux n e arobase free point fr", "anenne@free.fr"),
                ("paul arobase gmail point com merci", "paul@gmail.com"),
                ("paul arobase gmail.com, voilà", "paul@gmail.com"),
                ("my email address is john dot smith at outlook dot com", "john.smith@outlook.com"),
                ("elodie point lefèvre arobase orange point fr", "elodie.lefevre@orange.fr"),
                // As Whisper base wrote what our voice said at telephone band.
                ("Jean- point du pont à robas, 10ml.com", "jean.dupont@gmail.com"),
                ("paul, orobase, orange.fais.", "paul@orange.fr"),
                ("Marie-Tiré Claire, Arobas, Orange Point et Faire", "marie-claire@orange.fr"),
                ("Paul & Discours Martin, Arobas, 1 et du point FR.", "paul_martin@wanadoo.fr"),
            ],
            |text| read(text).first().map(|r| r.value.clone()),
        );
    }

    #[test]
    fn doubts_are_kept() {
        let values: Vec<String> = read("jean-dupont arobase gmail point com").into_iter().map(|r| r.value).collect();
        assert_eq!(values, ["jean-dupont@gmail.com", "jeandupont@gmail.com"]);
        assert!(read("paul arobase gmail")[0].cost >= ENDING_ADDED);
    }

    #[test]
    fn no_address() {
        for text in ["", "je n'ai pas de mail", "oui", "06 12 34 56 78", "arobase", "@", "point com", "paul arobase"] {
            assert!(read(text).is_empty(), "{text}: {:?}", read(text));
        }
    }
}
