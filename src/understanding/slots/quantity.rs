//! Numbers asked for as such: "on sera quatre", "une dizaine", "cent vingt", "2,5", "aucun".

use std::sync::LazyLock;

use regex::Regex;

use super::numbers::cardinal;
use super::words::{Gap, Word, words};

static THOUSANDS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(\d{1,3}),(\d{3})\b").expect("pattern of this source"));

/// The number that is meant, in digits, a decimal comma if it has a fraction.
pub fn read(text: &str) -> Option<String> {
    // "1,200": thousands as they are written in English. Nobody counts in thousandths.
    let joined = THOUSANDS.replace_all(text, "$1$2");
    let text = joined.as_ref();
    let words = words(text);
    let corrected = words.iter().rposition(|w| w.is_any(&["non", "no", "pardon", "plutot", "sorry", "enfin"]));
    corrected.and_then(|at| first(&words[at + 1..], text)).or_else(|| first(&words, text))
}

fn first(words: &[Word], text: &str) -> Option<String> {
    let mut article = None;
    let mut at = 0;
    while at < words.len() {
        if let Some(found) = collective(words, at) {
            return Some(found.to_string());
        }
        if let Some((value, end)) = mended(words, at) {
            // "Une famille de quatre": an article before another number.
            if words[at].is_any(&["un", "une"]) && end == at + 1 && article.is_none() {
                article = Some(with_fraction(words, end, value, text));
            } else {
                return Some(with_fraction(words, end, value, text));
            }
            at = end;
            continue;
        }
        at += 1;
    }
    // "Just me."
    let only_me = || {
        let me = words.iter().position(|w| w.is("me"))?;
        let only = words.get(me.checked_sub(1)?)?;
        only.is_any(&["just", "only"]).then(|| "1".to_owned())
    };
    article.or_else(only_me).or_else(|| words.iter().find_map(|w| nothing_or_one(w)).map(|value| value.to_string()))
}

/// A number, with what a recogniser took apart put together: "80 5", "60 12", "4 20".
fn mended(words: &[Word], at: usize) -> Option<(u32, usize)> {
    let number = cardinal(words.get(at..)?)?;
    let mut value = number.value;
    let mut end = at + number.words;
    if value == 4 && words.get(end).is_some_and(|w| w.is("20")) {
        value = 80;
        end += 1;
    }
    let and =
        usize::from(words.get(end).is_some_and(|w| w.is("et")) && words.get(end + 1).is_some_and(Word::is_digits));
    let next = words.get(end + and..).and_then(|rest| Some((rest.first()?, cardinal(rest)?)));
    if let Some((word, next)) = next {
        let digits = words[at].is_digits() && word.is_digits() && word.before != Gap::Stop;
        let joins = match value {
            20 | 30 | 40 | 50 => (1..10).contains(&next.value),
            60 | 80 => (1..20).contains(&next.value),
            _ => false,
        };
        if digits && joins && word.written.len() < 3 {
            return Some((value + next.value, end + and + next.words));
        }
    }
    Some((value, end))
}

/// "une dizaine", "une douzaine", "une paire".
fn collective(words: &[Word], at: usize) -> Option<u32> {
    let number = match words.get(at)?.folded.as_str() {
        "dizaine" => 10,
        "douzaine" | "dozen" => 12,
        "quinzaine" => 15,
        "vingtaine" => 20,
        "trentaine" => 30,
        "quarantaine" => 40,
        "cinquantaine" => 50,
        "soixantaine" => 60,
        "centaine" => 100,
        "paire" | "couple" | "pair" => 2,
        "un" | "une" | "a" | "demi" | "deux" | "trois" | "half" => {
            // "half a dozen"
            let of = words.get(at + if words[at].is("half") && words.get(at + 1)?.is("a") { 2 } else { 1 })?;
            let count = match words[at].folded.as_str() {
                "deux" => 2,
                "trois" => 3,
                _ => 1,
            };
            return match of.folded.as_str() {
                "dizaines" | "douzaines" | "centaines" => {
                    let one = collective_of(&of.folded)?;
                    Some(count * one)
                }
                "douzaine" | "dozen" if words[at].is_any(&["demi", "half"]) => Some(6),
                "dizaine" | "douzaine" | "quinzaine" | "vingtaine" | "trentaine" | "quarantaine" | "cinquantaine"
                | "soixantaine" | "centaine" | "paire" | "couple" | "pair" | "dozen" => collective(words, at + 1),
                _ => None,
            };
        }
        _ => return None,
    };
    Some(number)
}

fn collective_of(plural: &str) -> Option<u32> {
    match plural {
        "dizaines" => Some(10),
        "douzaines" => Some(12),
        "centaines" => Some(100),
        _ => None,
    }
}

fn nothing_or_one(word: &Word) -> Option<u32> {
    match word.folded.as_str() {
        "aucun" | "aucune" | "personne" | "rien" | "none" | "nobody" | "nothing" => Some(0),
        "seul" | "seule" | "alone" | "myself" => Some(1),
        _ => None,
    }
}

/// "2,5", "deux virgule cinq", "deux et demi".
fn with_fraction(words: &[Word], end: usize, value: u32, text: &str) -> String {
    let is = |at: usize, any: &[&str]| words.get(at).is_some_and(|w| w.is_any(any));
    if is(end, &["et", "and"]) && is(end + 1, &["demi", "demie", "demis"]) {
        return format!("{value},5");
    }
    if is(end, &["and"]) && is(end + 1, &["a"]) && is(end + 2, &["half"]) {
        return format!("{value},5");
    }
    if is(end, &["virgule", "point"])
        && let Some(fraction) = cardinal(words.get(end + 1..).unwrap_or_default()).filter(|n| n.value < 1_000)
    {
        return format!("{value},{}", fraction.value);
    }
    // The comma of "2,5" touches both numbers.
    if let (Some(before), Some(after)) = (end.checked_sub(1).and_then(|k| words.get(k)), words.get(end))
        && before.is_digits()
        && after.is_digits()
        && after.written.len() <= 2
        && after.before == Gap::Stop
    {
        let from = before.written.as_ptr() as usize + before.written.len() - text.as_ptr() as usize;
        if matches!(text.get(from..from + 1), Some("," | "."))
            && text.get(from + 1..from + 1 + after.written.len()) == Some(after.written)
        {
            return format!("{value},{}", after.written);
        }
    }
    value.to_string()
}

/// Typed digits: a count without leading zeros.
pub fn typed(digits: &str) -> Option<String> {
    let is_number = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::slots::golden::golden;

    #[test]
    fn spoken_forms() {
        golden(
            &[
                ("4", "4"),
                ("quatre", "4"),
                ("un", "1"),
                ("une", "1"),
                ("un seul", "1"),
                ("deux personnes", "2"),
                ("on sera quatre", "4"),
                ("nous serons quatre avec les enfants", "4"),
                ("une famille de cinq", "5"),
                ("vingt et un", "21"),
                ("soixante-douze", "72"),
                ("soixante-dix-huit", "78"),
                ("quatre-vingt-dix-neuf", "99"),
                ("cent", "100"),
                ("cent vingt", "120"),
                ("deux cent cinquante", "250"),
                ("mille deux cents", "1200"),
                ("1 200", "1200"),
                ("1200", "1200"),
                ("environ 30", "30"),
                ("une dizaine", "10"),
                ("une bonne quinzaine", "15"),
                ("une vingtaine de personnes", "20"),
                ("une douzaine", "12"),
                ("une demi-douzaine", "6"),
                ("deux douzaines", "24"),
                ("une centaine", "100"),
                ("zéro", "0"),
                ("aucun", "0"),
                ("personne", "0"),
                ("moi tout seul", "1"),
                ("2,5", "2,5"),
                ("deux virgule cinq", "2,5"),
                ("deux et demi", "2,5"),
                ("trois non quatre", "4"),
                ("euh alors trois je pense", "3"),
                ("septante-cinq", "75"),
                // As a recogniser takes them apart.
                ("80 5", "85"),
                ("60 12", "72"),
                ("4 20", "80"),
                ("80 17", "97"),
                ("30 et 1", "31"),
                ("3 enfants", "3"),
                ("3 mille", "3000"),
                // English.
                ("twenty-one", "21"),
                ("two hundred", "200"),
                ("a dozen", "12"),
                ("half a dozen", "6"),
                ("there are four of us", "4"),
                ("just me, alone", "1"),
                ("none", "0"),
            ],
            read,
        );
    }

    #[test]
    fn no_number() {
        for text in ["", "oui", "je ne sais pas", "beaucoup", "le matin"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn typed_counts() {
        assert_eq!(typed("007").as_deref(), Some("7"));
        assert_eq!(typed("0").as_deref(), Some("0"));
        assert_eq!(typed(""), None);
        assert_eq!(typed("1a"), None);
    }
}
