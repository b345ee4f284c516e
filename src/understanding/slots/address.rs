//! Addresses: number, street of the town by ear, and what is said beside it ("bâtiment B, troisième étage").

mod streets;
#[cfg(test)]
mod tests;

pub use streets::Streets;

use super::Reading;
use super::numbers::cardinal;
use super::words::{Gap, Word, words};

/// Longest address kept, in characters.
const LONGEST: usize = 200;
/// A street of the list, not word for word.
const BY_EAR: u16 = 30;
/// A street that is not in the list.
const NOT_LISTED: u16 = 60;
/// Most readings given.
const MOST_READINGS: usize = 3;

/// An address taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// "16", "16 bis".
    pub number: Option<String>,
    /// As in the town's list, else as said.
    pub street: String,
    /// "bâtiment B", "78100 Saint-Germain-en-Laye", as said.
    pub more: Option<String>,
    /// The street is one of the list.
    pub is_listed: bool,
}

impl Address {
    /// "16 bis rue de Pontoise, bâtiment B".
    pub fn recorded(&self) -> String {
        let mut text = String::new();
        if let Some(number) = &self.number {
            text.push_str(number);
            text.push(' ');
        }
        text.push_str(&self.street);
        if let Some(more) = &self.more {
            text.push_str(", ");
            text.push_str(more);
        }
        text.chars().take(LONGEST).collect()
    }
}

/// Kinds of streets; what a recogniser writes for them comes after the first.
const KINDS: &[&[&str]] = &[
    &["rue", "ru", "rues", "roue"],
    &["avenue", "avenues", "av", "venue"],
    &["boulevard", "boulevards", "bd", "bld"],
    &["place", "places"],
    &["allee", "allees", "alle", "aller"],
    &["impasse", "impasses", "imp"],
    &["chemin", "chemins"],
    &["route", "routes"],
    &["quai", "quais"],
    &["square", "squares"],
    &["cours", "cour"],
    &["passage", "passages"],
    &["sente", "sentes"],
    &["sentier", "sentiers"],
    &["villa"],
    &["residence"],
    &["ruelle", "ruelles"],
    &["esplanade"],
    &["promenade"],
    &["lotissement"],
    &["rond", "rondpoint"],
    &["clos"],
    &["hameau"],
    &["venelle"],
];

/// The address in what was said, best first. Without a street it knows, the words stay as they were said.
pub fn read(text: &str, streets: &Streets) -> Vec<Reading<Address>> {
    let words = words(text);
    if let Some(corrected) = corrected(text, &words, streets) {
        return corrected;
    }
    let start = opening(&words);
    let (number, from) = match house_number(&words, start) {
        Some((number, at)) => (Some(number), at),
        None => (None, start),
    };
    let Some(first) = words.get(from) else {
        return Vec::new();
    };
    let kind_at = (from..words.len()).find(|i| kind(&words[*i]).is_some());
    // "C'est au 16, euh, rue de Pontoise": the number may stand before, the kind tells where the street begins.
    let street_at = kind_at.unwrap_or(from);
    let (number, street_at) = match (number, kind_at) {
        (None, Some(at)) => (number_before(&words, at), at),
        // "7 au 27 rue de Paris" ("c'est au 27"): the number next to the street.
        (Some(first), Some(at)) if at > from => (number_before(&words, at).or(Some(first)), at),
        (number, _) => (number, street_at),
    };
    let said_kind = words.get(street_at).and_then(kind);
    let mut end = street_end(&words, street_at, true);
    let mut found = streets.find(&words[street_at..end], said_kind);
    // The "à" may be a piece of the name: "du vieil à prevoir".
    let other_end = street_end(&words, street_at, false);
    if other_end > end {
        let other = streets.find(&words[street_at..other_end], said_kind);
        let best = |found: &[(String, f32)]| found.first().map_or(0.0, |f| f.1);
        if best(&other) > best(&found) {
            (found, end) = (other, other_end);
        }
    }
    let said = &words[street_at..end];
    let more = more(text, &words[end..]);
    let mut readings: Vec<Reading<Address>> = found
        .into_iter()
        .take(MOST_READINGS)
        .map(|(street, likeness)| {
            let cost = if likeness >= 0.999 { 0 } else { BY_EAR + ((1.0 - likeness) * 100.0) as u16 };
            let address = Address { number: number.clone(), street, more: more.clone(), is_listed: true };
            Reading::new(address, cost)
        })
        .collect();
    if readings.is_empty() && (number.is_some() || said_kind.is_some()) {
        let street = as_said(text, said);
        let cost = if streets.is_empty() { 0 } else { NOT_LISTED };
        readings.push(Reading::new(Address { number, street, more, is_listed: false }, cost));
    } else if readings.is_empty() && said.iter().any(|w| !is_small(w)) && first.before != Gap::Nothing {
        // "Le Clos des Vignes": a place, as said.
        let street = as_said(text, &words[start..]);
        let cost = if streets.is_empty() { 0 } else { NOT_LISTED };
        readings.push(Reading::new(Address { number, street, more: None, is_listed: false }, cost));
    }
    readings.retain(|r| r.value.street.chars().any(char::is_alphabetic));
    readings
}

/// "Devant le 14, rue d'Alsace. Euh non, pardon, devant le 16, rue d'Alsace": what is told behind the last "non", where it is an address.
fn corrected(text: &str, words: &[Word], streets: &Streets) -> Option<Vec<Reading<Address>>> {
    let is_kind = |words: &[Word]| words.iter().any(|word| kind(word).is_some());
    let no = words.iter().rposition(|word| word.folded == "non").filter(|no| is_kind(&words[..*no]))?;
    let behind = words.get(no + 1..)?;
    if !is_kind(behind) {
        return renumbered(text, &words[..no], behind, streets);
    }
    let readings = read(&as_said(text, behind), streets);
    readings.first().is_some_and(|reading| reading.value.number.is_some()).then_some(readings)
}

/// "Au trente et un, rue de Pologne. Ah non, trente-trois": the street stays.
fn renumbered(text: &str, before: &[Word], behind: &[Word], streets: &Streets) -> Option<Vec<Reading<Address>>> {
    let (number, _) = house_number(behind, opening(behind))?;
    // Hesitations before the "non" are no part of the street.
    let end = before.iter().rposition(|word| !word.is_any(&["ah", "euh", "heu", "oh", "mais", "enfin"]))? + 1;
    let readings = read(&as_said(text, &before[..end]), streets).into_iter();
    Some(readings.map(|reading| reading.map(|address| Address { number: Some(number.clone()), ..address })).collect())
}

/// First word after "j'habite au", "c'est", "mon adresse est le".
fn opening(words: &[Word]) -> usize {
    const AROUND: &[&str] = &[
        "j", "habite", "au", "c", "est", "mon", "adresse", "alors", "euh", "heu", "oui", "bonjour", "je", "suis",
        "donc", "a", "le", "numero", "voila", "nous", "habitons", "ca", "se", "trouve", "situe", "dans", "bah", "ben",
        "bon", "chez", "moi", "demeure", "reside", "sur", "devant", "pres", "du", "de", "non", "it", "is", "at", "i",
        "live", "d", "elle", "elles", "il", "ils", "on",
    ];
    words.iter().position(|w| !w.is_any(AROUND)).map_or(0, |at| {
        // "le Clos": the article belongs to a place without number.
        if at > 0
            && words[at - 1].is_any(&["le", "la"])
            && cardinal(&words[at..]).is_none()
            && kind(&words[at]).is_none()
        {
            at - 1
        } else {
            at
        }
    })
}

fn kind(word: &Word) -> Option<&'static str> {
    KINDS.iter().find(|names| word.is_any(names)).map(|names| names[0])
}

fn is_small(word: &Word) -> bool {
    word.is_any(&[
        "oui", "non", "euh", "je", "ne", "sais", "pas", "plus", "ca", "c", "est", "le", "la", "de", "merci", "rien",
        "alors", "bonjour", "quoi", "comment", "pourquoi", "et", "a",
    ])
}

/// "16", "seize bis", "16, ter": and the place after it.
fn house_number(words: &[Word], at: usize) -> Option<(String, usize)> {
    let number = cardinal(words.get(at..)?).filter(|n| (1..10_000).contains(&n.value))?;
    let mut next = at + number.words;
    let mut value = number.value;
    // "80, 17 rue": a number in its parts.
    if let Some(more) = words.get(next..).and_then(cardinal)
        && words[at].is_digits()
        && words[next].is_digits()
        && kind(words.get(next + more.words)?).is_some()
        && (matches!(value, 60 | 80) && more.value < 20 || matches!(value, 20 | 30 | 40 | 50) && more.value < 10)
    {
        value += more.value;
        next += more.words;
    }
    let suffix = words.get(next).and_then(|w| match w.folded.as_str() {
        "bis" | "bisse" | "bise" => Some("bis"),
        "ter" | "terre" | "taire" => Some("ter"),
        "quater" => Some("quater"),
        "a" | "b" | "c" | "d" if w.before == Gap::Nothing || w.written.chars().all(char::is_uppercase) => {
            Some(match w.folded.as_str() {
                "a" => "A",
                "b" => "B",
                "c" => "C",
                _ => "D",
            })
        }
        _ => None,
    });
    if suffix.is_some() {
        next += 1;
    }
    Some((suffix.map_or_else(|| value.to_string(), |s| format!("{value} {s}")), next))
}

/// The number that ends right before a street's kind, small words aside: of "vingt-quatre, rue …" all of it.
fn number_before(words: &[Word], kind_at: usize) -> Option<String> {
    const LONGEST_NUMBER: usize = 6;
    (kind_at.saturating_sub(LONGEST_NUMBER)..kind_at).filter_map(|at| house_number(words, at)).find_map(
        |(number, end)| {
            let only_small = words
                .get(end..kind_at)?
                .iter()
                .all(|w| w.is_any(&["euh", "de", "la", "dans", "alors", "heu", "au", "a"]));
            only_small.then_some(number)
        },
    )
}

/// Where the street's name ends: at a postcode, what is said about the building, and `before_town` at "à …".
fn street_end(words: &[Word], from: usize, before_town: bool) -> usize {
    const BESIDE: &[&str] = &[
        "batiment",
        "bat",
        "appartement",
        "partement",
        "appart",
        "etage",
        "escalier",
        "residence",
        "porte",
        "code",
        "digicode",
        "interphone",
        "lot",
        "hall",
        "entree",
        "merci",
        "voila",
        "svp",
        "please",
        "thank",
        "thanks",
    ];
    let begun = from + 1;
    (begun..words.len())
        .find(|i| {
            let word = &words[*i];
            let postcode = word.is_digits() && word.written.len() == 5;
            let in_town = before_town && word.is("a") && word.before != Gap::Nothing && words.get(i + 1).is_some();
            let rank = usize::from(words.get(i + 1).is_some_and(|w| w.before == Gap::Nothing));
            let storey = words.get(i + 1 + rank).is_some_and(|next| next.is("etage")) && word.before != Gap::Hyphen;
            let polite = word.is("s") && words.get(i + 1).is_some_and(|w| w.is("il"));
            word.is_any(BESIDE) || postcode || in_town || storey || polite
        })
        .unwrap_or(words.len())
}

/// What is said beside the street, if it tells something.
fn more(text: &str, words: &[Word]) -> Option<String> {
    const COURTESY: &[&str] =
        &["merci", "voila", "svp", "s", "il", "vous", "plait", "beaucoup", "bien", "please", "thank", "thanks", "you"];
    let polite = |w: &Word| w.is_any(COURTESY);
    let end = words.iter().rposition(|w| !polite(w))? + 1;
    let start = usize::from(words[0].is("a") && end > 1);
    let mut more = as_said(text, &words[start..end]);
    // "à partement 3".
    if words[start].is("partement") {
        more.insert_str(0, "ap");
    }
    (!more.is_empty()).then_some(more)
}

/// The stretch of the text that these words cover.
fn as_said(text: &str, words: &[Word]) -> String {
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return String::new();
    };
    let start = (first.written.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let end = (last.written.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) + last.written.len();
    text.get(start..end).unwrap_or_default().to_owned()
}
