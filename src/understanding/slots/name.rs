//! Names of persons: the name alone, out of "bonjour, c'est madame Le Goff", with its spelling if it is spelled.

mod amend;
mod around;
mod lost_spelling;
#[cfg(test)]
mod tests;

pub use amend::amended;

use std::borrow::Cow;

use super::Reading;
use super::spelling::{self, Spelled};
use super::words::{Gap, Word, words};
use crate::understanding::text::{self, fold};
use around::{is_around, is_no_name, is_particle, is_title};

/// Longest name kept, in characters.
const LONGEST: usize = 80;
/// More words than this are a sentence, not a name.
const MOST_WORDS: usize = 6;
/// The spelling differs from what was said by a letter or two.
const SPELLED_OTHERWISE: u16 = 20;
/// A name whose spelling was lost.
const LOST: u16 = 40;
/// Said and spelled have little in common.
const DISAGREE: u16 = 60;
/// The other of the two.
const OTHER: u16 = 70;
/// Share of letters that must agree for a spelling to be of a word said.
const ALIKE: f64 = 0.5;

/// The name in what was said, written with capitals, best first; empty when there seems to be none.
pub fn read(text: &str) -> Vec<Reading<String>> {
    let words = without_remark(words(text));
    if let Some(name) = said_to_compare(&words) {
        return vec![Reading::new(name, 0)];
    }
    let spelled = spelling::spelled(&words).map(|s| Spelled { letters: twice_at_most(&s.letters), ..s });
    if let Some(name) = lost_spelling::name_before(text, spelled.as_ref()) {
        return read(name).into_iter().map(|reading| Reading::new(reading.value, reading.cost.max(LOST))).collect();
    }
    if spelled.is_some()
        && let Cow::Owned(rest) = lost_spelling::without_announcement(text)
    {
        return read(&rest);
    }
    let covered = spelled.as_ref().map_or(0..0, |s| s.from..s.to);
    let said: Vec<&Word> =
        words.iter().enumerate().filter(|(i, _)| !covered.contains(i)).map(|(_, word)| word).collect();
    if said.iter().any(|w| is_no_name(w)) {
        return Vec::new();
    }
    // "O'Neill", "N'Diaye".
    let prefixed = |w: &Word| {
        let next = words.iter().skip_while(|other| !std::ptr::eq(*other, w)).nth(1);
        next.is_some_and(|n| n.before == Gap::Apostrophe && n.written.starts_with(char::is_uppercase))
    };
    let kept = kept(said, text, prefixed);
    let readings = match spelled {
        Some(spelled) => combined(&kept, &spelled),
        None if kept.is_empty() => Vec::new(),
        None => vec![Reading::new(written(&kept), 0)],
    };
    if kept.len() > MOST_WORDS {
        return Vec::new();
    }
    readings
        .into_iter()
        .filter(|r| r.value.chars().any(char::is_alphabetic))
        .map(|r| r.map(|name| name.chars().take(LONGEST).collect()))
        .collect()
}

/// "Lefebvre, avec un B au milieu. L, E, F …": beside a spelling what is told of one letter is no part of the name.
fn without_remark(mut words: Vec<Word<'_>>) -> Vec<Word<'_>> {
    let is_letter = |word: &Word| word.folded.chars().count() == 1;
    let with = words.iter().position(|word| word.is("avec"));
    let Some(with) = with.filter(|with| words[..*with].iter().any(|word| !is_letter(word))) else { return words };
    let letter = words[with + 1..].iter().take(3).position(is_letter).map(|at| with + 1 + at);
    let Some(letter) = letter.filter(|letter| spelling::spelled(&words[letter + 1..]).is_some()) else { return words };
    let behind =
        words[letter + 1..].iter().take_while(|word| word.is_any(&["au", "a", "la", "milieu", "fin", "debut"]));
    let behind = behind.count();
    // "Avec deux L : C, O, L, L …", but "avec la lettre L comme Louis, E, F …" spells.
    let is_apart = letter == with + 2 && words[letter + 1].before == Gap::Stop;
    if behind == 0 && !is_apart {
        return words;
    }
    let end = letter + 1 + behind;
    words.drain(with..end);
    words
}

/// No name has a letter three times in a row: the recogniser said one too often ("P-E-R-R-R-I-N").
fn twice_at_most(letters: &str) -> String {
    let mut kept: Vec<char> = Vec::new();
    for letter in letters.chars() {
        if !kept.ends_with(&[letter; 2]) {
            kept.push(letter);
        }
    }
    kept.into_iter().collect()
}

/// Words that may be the name: without digits, single letters, politeness and cues around it.
fn kept<'w, 't>(said: Vec<&'w Word<'t>>, text: &str, prefixed: impl Fn(&Word) -> bool) -> Vec<&'w Word<'t>> {
    let mut kept: Vec<&Word> = said
        .into_iter()
        .filter(|w| w.folded.chars().any(char::is_alphabetic))
        .filter(|w| w.folded.chars().count() > 1 || is_particle(w) || prefixed(w))
        .collect();
    // Politeness and cue words go from both ends; inside a name they may belong to it ("Le Bon").
    let small = |w: &Word| !w.written.starts_with(char::is_uppercase);
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
    let after_cue = text::plain(text::cut(text)).contains(" nom de ");
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
    let twice = said_twice(&kept);
    kept.drain(..twice);
    kept
}

/// "Chevalier, comme un chevalier", also heard as "comment": the name is the word that comes again.
fn said_to_compare(words: &[Word]) -> Option<String> {
    let [first, like, .., last] = words else {
        return None;
    };
    let is_compared = words.len() <= 4 && like.is_any(&["comme", "comment"]);
    let is_name = first.folded.chars().count() > 1 && first.folded == last.folded && !is_around(first);
    (is_compared && is_name).then(|| written(&[first]))
}

/// Words at the beginning that come again at the end: "Moreau. Claire Moreau.", "Garcia. Monsieur Garcia."
fn said_twice(kept: &[&Word]) -> usize {
    let folded = |words: &[&Word]| words.iter().map(|word| word.folded.clone()).collect::<Vec<_>>();
    let again = |count: &usize| folded(&kept[..*count]) == folded(&kept[kept.len() - count..]);
    (1..=kept.len() / 2).rev().find(again).unwrap_or(0)
}

/// Said and spelled together: the spelling wins over the word it spells; the other words stay.
fn combined(said: &[&Word], spelled: &Spelled) -> Vec<Reading<String>> {
    let letters = capitals(&spelled.letters);
    if said.is_empty() || said.len() > MOST_WORDS {
        return vec![Reading::new(letters, 0)];
    }
    let plain = only_letters(&spelled.letters);
    // The words of the name that this spells: a stretch, the likest, the longest among equals.
    let mut best: Option<(f64, usize, usize)> = None;
    for from in 0..said.len() {
        for to in from + 1..=said.len() {
            let stretch: String = said[from..to].iter().map(|w| only_letters(&w.folded)).collect();
            let likeness = strsim::normalized_damerau_levenshtein(&stretch, &plain);
            if best.is_none_or(|(known, ..)| likeness > known) {
                best = Some((likeness, from, to));
            }
        }
    }
    let Some((likeness, from, to)) = best.filter(|(likeness, ..)| *likeness >= ALIKE) else {
        return vec![Reading::new(letters, DISAGREE), Reading::new(written(said), OTHER)];
    };
    if likeness >= 1.0 {
        // The spelling adds nothing but accents and signs.
        let adds = spelled.letters.chars().any(|c| !c.is_ascii_alphabetic());
        if !adds || to - from > 1 {
            return vec![Reading::new(written(said), 0)];
        }
    }
    let heard: String = said[from..to].iter().map(|w| only_letters(&w.folded)).collect();
    let before = written(&said[..from]);
    let after = written(&said[to..]);
    let respelled = respaced(&said[from..to], &plain).unwrap_or(letters);
    let name = [before, respelled, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if likeness >= 1.0 {
        return vec![Reading::new(name, 0)];
    }
    if lost_vowel(&heard, &plain) || lost_vowels(&heard, &plain) || misheard_letter(&heard, &plain) {
        // "Martin, M R T I N": the recogniser lost a letter, or took it for another.
        return vec![Reading::new(written(said), SPELLED_OTHERWISE), Reading::new(name, OTHER)];
    }
    vec![Reading::new(name, SPELLED_OTHERWISE), Reading::new(written(said), SPELLED_OTHERWISE + OTHER)]
}

/// "Le Gof, L E G O F F": the spelling with the particle apart, as it was said.
fn respaced(said: &[&Word], spelled: &str) -> Option<String> {
    let [particle, _, ..] = said else {
        return None;
    };
    let rest = spelled.strip_prefix(particle.folded.as_str()).filter(|rest| !rest.is_empty())?;
    Some(format!("{} {}", capital(particle.written), capital(rest)))
}

/// The spelling lacks one vowel inside of what was said, and nothing else.
fn lost_vowel(said: &str, spelled: &str) -> bool {
    let said: Vec<char> = said.chars().collect();
    let spelled: Vec<char> = spelled.chars().collect();
    said.len() == spelled.len() + 1
        && (1..said.len() - 1)
            .any(|at| "aeiouy".contains(said[at]) && said[..at] == spelled[..at] && said[at + 1..] == spelled[at..])
}

/// One letter differs, and with it the name would not sound as it was said: "Chauvin, C-H-A-U-R-I-N". Letters that may sound alike, and
/// the last one, which is seldom heard, are what names are spelled for.
fn misheard_letter(said: &str, spelled: &str) -> bool {
    const ALIKE: &[&str] = &["iy", "ckq", "csz", "gj", "mn", "ae", "uw", "vw", "ao"];
    if said.len() != spelled.len() {
        return false;
    }
    let mut others = said.chars().zip(spelled.chars()).enumerate().filter(|(_, (said, spelled))| said != spelled);
    match (others.next(), others.next()) {
        (Some((at, (one, other))), None) => {
            at + 1 < said.len() && !ALIKE.iter().any(|alike| alike.contains(one) && alike.contains(other))
        }
        _ => false,
    }
}

/// "Kowalski, KWVLSKI": hardly a vowel is left of the spelling.
fn lost_vowels(said: &str, spelled: &str) -> bool {
    let vowels = |text: &str| text.chars().filter(|c| "aeiouy".contains(*c)).count();
    spelled.len() >= 4 && vowels(spelled) * 5 <= spelled.len() && vowels(said) > vowels(spelled)
}

fn only_letters(text: &str) -> String {
    fold(text).chars().filter(char::is_ascii_alphabetic).collect()
}

fn written(words: &[&Word]) -> String {
    // Someone who types or a recogniser that writes everything small: capitals are put in.
    let small = words.iter().all(|w| w.written.chars().all(|c| !c.is_uppercase()));
    // A recogniser that shouts.
    let loud = words.iter().all(|w| w.written.chars().all(|c| !c.is_lowercase()) && w.written.chars().count() > 1);
    let mut out = String::new();
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push(match word.before {
                Gap::Hyphen => '-',
                Gap::Apostrophe => '\'',
                _ => ' ',
            });
        }
        if loud {
            out.push_str(&capital(&word.written.to_lowercase()));
        } else if small && !(i > 0 && matches!(word.folded.as_str(), "de" | "du" | "des" | "d")) {
            out.push_str(&capital(word.written));
        } else {
            out.push_str(word.written);
        }
    }
    out
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Capitals at the start and after each sign.
fn capitals(letters: &str) -> String {
    let mut out = String::with_capacity(letters.len());
    let mut first = true;
    for c in letters.trim_end_matches(['-', '\'', ' ']).chars() {
        if first {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        first = matches!(c, '-' | '\'' | ' ');
    }
    out
}
