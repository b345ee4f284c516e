//! Corrections of a name's letters: "avec deux L", "un Y au lieu du I", "sans H", "avec un accent aigu", "T à la fin".

use super::capitals;
use crate::understanding::slots::spelling::{self, acute, cedilla, circumflex, diaeresis, grave};
use crate::understanding::slots::words::{Word, words};
use crate::understanding::text::fold;

/// The name changed as told; `None` when these words tell no such change.
pub fn amended(name: &str, text: &str) -> Option<String> {
    let words = words(text);
    // A whole new spelling is no change of letters.
    if spelling::spelled(&words).is_some() {
        return None;
    }
    let letters: Vec<char> = name.to_lowercase().chars().collect();
    let changed = (0..words.len()).find_map(|at| change(&letters, &words, at))?;
    let changed: String = changed.into_iter().collect();
    Some(capitals(&changed))
}

fn change(name: &[char], words: &[Word], at: usize) -> Option<Vec<char>> {
    let word = |k: usize| words.get(at + k).map_or("", |w| w.folded.as_str());
    let letter = |k: usize| words.get(at + k..).and_then(spelling::letter);
    match word(0) {
        "deux" | "2" | "double" | "two" => {
            let (wanted, used) = letter(1)?;
            // "deux L": said with something that makes it a correction, or alone.
            let told = at > 0 || words.len() <= used + 2;
            told.then(|| doubled(name, wanted))
        }
        "seul" | "seule" | "single" => {
            let (wanted, _) = letter(1)?;
            Some(single(name, wanted))
        }
        "sans" | "without" if word(1).starts_with("accent") => Some(name.iter().map(|c| plain(*c)).collect()),
        "sans" | "without" if matches!(word(1), "tiret" | "trait" | "hyphen") => {
            Some(name.iter().map(|c| if *c == '-' { ' ' } else { *c }).collect())
        }
        "sans" | "without" => {
            let article = usize::from(matches!(word(1), "le" | "un" | "a" | "the"));
            let (unwanted, _) = letter(1 + article)?;
            removed(name, unwanted)
        }
        "pas" if word(1) == "de" || word(1) == "d" => {
            let (unwanted, _) = letter(2)?;
            removed(name, unwanted)
        }
        "tiret" | "hyphen" => Some(name.iter().map(|c| if *c == ' ' { '-' } else { *c }).collect()),
        "trait" if word(1) == "d" => Some(name.iter().map(|c| if *c == ' ' { '-' } else { *c }).collect()),
        "accent" | "trema" | "cedille" => accented(name, words, at),
        "un" | "avec" | "c" | "with" => {
            let article = usize::from(word(0) == "avec" && matches!(word(1), "un" | "une" | "le" | "la"))
                + usize::from(word(0) == "with" && matches!(word(1), "a" | "an"));
            let is = usize::from(word(0) == "c" && word(1) == "est")
                + usize::from(matches!(word(2), "un") && word(1) == "est");
            let from = 1 + article + is;
            // "avec un seul T", "avec deux L", "avec un accent" have their own words.
            if matches!(word(from), "seul" | "seule" | "deux" | "accent" | "tiret" | "trait") {
                return None;
            }
            let (wanted, used) = letter(from)?;
            with_letter(name, wanted, &words[at + from + used..], word(0) != "c")
        }
        _ if at == 0 => {
            let (wanted, used) = letter(0)?;
            with_letter(name, wanted, &words[used..], false)
        }
        _ => None,
    }
}

/// A letter wanted, with what is said of its place.
fn with_letter(name: &[char], wanted: char, rest: &[Word], alone: bool) -> Option<Vec<char>> {
    let word = |k: usize| rest.get(k).map_or("", |w| w.folded.as_str());
    let after = |k: usize| {
        let article =
            (k..k + 3).take_while(|k| matches!(word(*k), "un" | "d" | "de" | "du" | "le" | "l" | "a" | "of")).count();
        rest.get(k + article..).and_then(spelling::letter).map(|(letter, _)| letter)
    };
    let instead = match (word(0), word(1), word(2)) {
        ("au", "lieu", _) => after(2),
        ("a", "la", "place") => after(3),
        ("et", "pas" | "non", _) => after(2),
        ("pas" | "non" | "not", _, _) => after(1),
        ("instead", _, _) => after(1),
        _ => None,
    };
    if let Some(unwanted) = instead {
        let at = name.iter().rposition(|c| plain(*c) == unwanted)?;
        let mut changed = name.to_vec();
        changed[at] = wanted;
        return Some(changed);
    }
    match (word(0), word(1), word(2)) {
        ("a", "la", "fin") | ("at", "the", "end") | ("en", "dernier" | "fin", _) => Some(ending(name, wanted)),
        ("au", "debut", _) | ("devant", _, _) | ("en", "premier", _) => {
            let same = name.first().is_some_and(|c| plain(*c) == wanted);
            Some(if same { name.to_vec() } else { [&[wanted], name].concat() })
        }
        ("", _, _) | ("s" | "svp" | "please" | "merci", _, _) if alone => Some(somewhere(name, wanted)),
        _ => None,
    }
}

/// The letter at the end; it replaces one it is confused with.
fn ending(name: &[char], wanted: char) -> Vec<char> {
    let mut changed = name.to_vec();
    match name.last() {
        Some(last) if plain(*last) == wanted => {}
        Some(last) if are_confused(plain(*last), wanted) => {
            changed.pop();
            changed.push(wanted);
        }
        _ => changed.push(wanted),
    }
    changed
}

/// "Avec un Y": for an I; "avec un D": for the T at the end; a letter that is there already changes nothing.
fn somewhere(name: &[char], wanted: char) -> Vec<char> {
    if name.iter().any(|c| plain(*c) == wanted) {
        return name.to_vec();
    }
    match name.iter().rposition(|c| are_confused(plain(*c), wanted)) {
        Some(at) => {
            let mut changed = name.to_vec();
            changed[at] = wanted;
            changed
        }
        None => ending(name, wanted),
    }
}

fn are_confused(a: char, b: char) -> bool {
    ["dt", "sxz", "iy", "ckq", "gj", "mn", "bp", "vw", "fv"].iter().any(|group| group.contains(a) && group.contains(b))
}

fn doubled(name: &[char], wanted: char) -> Vec<char> {
    let is = |at: usize| name.get(at).is_some_and(|c| plain(*c) == wanted);
    if (0..name.len()).any(|at| is(at) && is(at + 1)) {
        return name.to_vec();
    }
    let mut changed = name.to_vec();
    // Inside rather than at the start: "Leffe", not "Lleffe".
    let place = (1..name.len()).find(|at| is(*at)).or_else(|| is(0).then_some(0));
    match place {
        Some(at) => changed.insert(at, wanted),
        None => changed.extend([wanted, wanted]),
    }
    changed
}

fn single(name: &[char], wanted: char) -> Vec<char> {
    let mut changed = name.to_vec();
    if let Some(at) = (1..name.len()).find(|at| plain(name[*at]) == wanted && plain(name[at - 1]) == wanted) {
        changed.remove(at);
    }
    changed
}

fn removed(name: &[char], unwanted: char) -> Option<Vec<char>> {
    let at = name.iter().rposition(|c| plain(*c) == unwanted)?;
    let mut changed = name.to_vec();
    changed.remove(at);
    Some(changed)
}

/// "accent aigu [sur le premier E]", "tréma sur le I", "cédille".
fn accented(name: &[char], words: &[Word], at: usize) -> Option<Vec<char>> {
    let word = |k: usize| words.get(at + k).map_or("", |w| w.folded.as_str());
    let (change, used): (fn(&str) -> String, usize) = match (word(0), word(1)) {
        ("accent", "grave") => (grave, 2),
        ("accent", "circonflexe") => (circumflex, 2),
        ("accent", "aigu" | "aigue") => (acute, 2),
        ("accent", _) => (acute, 1),
        ("trema", _) => (diaeresis, 1),
        _ => (cedilla, 1),
    };
    let first = words[at..].iter().any(|w| w.is("premier"));
    let on = (used..used + 5).find_map(|k| words.get(at + k..).and_then(spelling::letter)).map(|(letter, _)| letter);
    let takes = |c: char| change(&c.to_string()).chars().next().is_some_and(|changed| changed != c);
    let fits = |c: &char| takes(*c) && on.is_none_or(|on| on == *c);
    let any = |c: &char| takes(*c);
    let place = if first { name.iter().position(fits) } else { name.iter().rposition(fits) };
    let place = place.or_else(|| name.iter().rposition(any))?;
    let mut changed = name.to_vec();
    changed[place] = change(&name[place].to_string()).chars().next()?;
    Some(changed)
}

/// Without its accent.
fn plain(c: char) -> char {
    fold(&c.to_string()).chars().next().unwrap_or(c)
}
