//! From what was said to the values of a form's slots. Pure functions over text; the form decides what to do with them.

use std::sync::LazyLock;

use jiff::civil::Date;

use crate::calendar::WEEKDAYS;
use crate::dialplan::{Language, Slot, SlotKind, fold, speak_date};
use crate::understanding::pattern::Patterns;
use crate::understanding::slots::address::Streets;
use crate::understanding::slots::date::{self, Day, PartOfDay, Tense};
use crate::understanding::slots::telephone::{self, Found};
use crate::understanding::slots::time::{self, Moment};
use crate::understanding::slots::{Reading, address, choice, email, is_sure, message, name, quantity, yes_no};
use crate::understanding::text::{Token, Weight, tokens};

use super::state::Filled;

/// "Ce numéro": the one the caller calls from.
static THIS_NUMBER: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(
        &[
            "ce numero",
            "le meme",
            "meme numero",
            "celui ci|la",
            "celui avec lequel",
            "numero avec lequel",
            "le mien",
            "numero affiche|actuel",
            "numero que vous voyez|avez",
            "celui que vous voyez|avez",
            "la ou|d j appelle",
            "d ou j appelle",
            "d ou je vous? appelle",
            "dont j appelle",
            "j appelle avec",
            "avec lequel j|je",
            "sur lequel j|je",
            "duquel j|je",
            "depuis lequel",
            "j appelle de? ce",
            "ce telephone ci?",
            "^ oui $",
            "^ celui",
            "this number",
            "this one",
            "the same",
            "calling from",
        ],
        0,
    )
});

/// What a name tells about the past: "date de naissance", "jour de la perte".
const PAST: &[&str] = &[
    "naissance",
    "deces",
    "mariage",
    "perte",
    "vol",
    "incident",
    "accident",
    "faits",
    "sinistre",
    "constat",
    "birth",
    "death",
    "loss",
    "lost",
    "incident",
];

/// What an answer is read with.
pub(super) struct Ear<'a> {
    pub today: Date,
    pub language: &'a Language,
    pub streets: &'a Streets,
    /// What the recogniser nearly heard instead of the whole sentence.
    pub nearly: &'a [Reading<String>],
}

/// What a sentence gives for a telephone slot.
pub(super) enum Dictated {
    Whole {
        filled: Filled,
        rest: String,
    },
    /// Digits so far.
    Part(String),
    Nothing,
}

/// A number in the text, continuing `so_far`; or the number the caller calls from, when that is meant. `nearly`: what the recogniser
/// nearly heard instead of these words.
pub(super) fn telephone(text: &str, so_far: &str, caller_number: Option<&str>, nearly: &[Reading<String>]) -> Dictated {
    match telephone::find_among(so_far, text, nearly) {
        Found::Whole { readings, rest } => match filled(readings, number) {
            Some(filled) => Dictated::Whole { filled, rest },
            None => Dictated::Nothing,
        },
        Found::Part { digits } => Dictated::Part(digits),
        Found::Nothing => match caller_number {
            Some(caller) if means_own_number(text) => {
                Dictated::Whole { filled: number(caller.to_owned()), rest: String::new() }
            }
            _ => Dictated::Nothing,
        },
    }
}

/// A telephone number as a value.
pub(super) fn number(number: String) -> Filled {
    let spoken = telephone::by_pairs(&number);
    Filled::new(number, spoken)
}

/// "Ce numéro", "celui avec lequel j'appelle".
pub(super) fn means_own_number(text: &str) -> bool {
    THIS_NUMBER.found(&tokens(text))
}

/// So few digits apart, a number told is the one that was expected, misheard: the recogniser seldom loses more than a pair of five.
pub(super) fn is_nearly_number(told: &str, expected: &str) -> bool {
    const MOST_APART: usize = 2;
    told.len() == expected.len() && told.bytes().zip(expected.bytes()).filter(|(a, b)| a != b).count() <= MOST_APART
}

/// A whole telephone number is told.
pub(super) fn tells_telephone(text: &str) -> bool {
    matches!(telephone(text, "", None, &[]), Dictated::Whole { .. })
}

/// Value of any other slot that was asked for.
pub(super) fn asked(slot: &Slot, text: &str, ear: &Ear) -> Option<Filled> {
    match slot.kind {
        SlotKind::PersonName => filled(name::read(text), Filled::same),
        SlotKind::YesNo => yes_no::read(text).map(|answer| yes_or_no(answer.yes)),
        SlotKind::Choice => {
            let options: Vec<_> = slot.options.iter().map(|o| o.phrase.clone()).collect();
            choice::read(text, &options).map(|i| option(slot, i))
        }
        SlotKind::Number => quantity::read(text).map(Filled::same),
        SlotKind::Telephone => None,
        SlotKind::Date => filled(date::read(text, ear.today, tense(slot)), |day| spoken_day(day, ear)),
        SlotKind::Time => filled(time::read(text), |moment| spoken_moment(moment, ear)),
        SlotKind::Email => filled(email::read(text), Filled::same),
        SlotKind::Address => filled(address::read(text, ear.streets), |a| Filled::same(a.recorded())),
        SlotKind::FreeMessage => message::read(text).map(|said| {
            // The sentence it is read back in has a full stop of its own.
            let spoken = said.trim_end_matches(['.', '…', ' ']).to_owned();
            Filled::new(said, spoken)
        }),
    }
}

/// A choice that was misheard, where any other slot may be meant as well.
pub(super) fn misheard(slot: &Slot, text: &str) -> Option<Filled> {
    let options: Vec<_> = slot.options.iter().map(|o| o.phrase.clone()).collect();
    choice::misheard(text, &options).map(|i| option(slot, i))
}

/// What corrects a value already given: a new one, or a change of its letters ("avec deux L").
pub(super) fn corrected(slot: &Slot, old: Option<&Filled>, text: &str, ear: &Ear) -> Option<Filled> {
    let changed = old.filter(|_| slot.kind == SlotKind::PersonName).and_then(|old| amended(old, text));
    if changed.is_some() {
        return changed;
    }
    match slot.kind {
        SlotKind::Telephone => match telephone(text, "", None, ear.nearly) {
            Dictated::Whole { filled, .. } => Some(filled),
            _ => None,
        },
        _ => asked(slot, text, ear),
    }
}

/// A name changed by its letters: "avec deux L".
pub(super) fn amended(old: &Filled, text: &str) -> Option<Filled> {
    if old.is_skipped() {
        return None;
    }
    name::amended(&old.value, text).map(Filled::same)
}

/// A street of the town with a number in it, named in passing.
pub(super) fn address_in_passing(text: &str, ear: &Ear) -> Option<Filled> {
    let first = address::read(text, ear.streets).into_iter().next()?;
    (first.value.is_listed && first.value.number.is_some()).then(|| Filled::same(first.value.recorded()))
}

/// An e-mail address named in passing.
pub(super) fn email_in_passing(slot: &Slot, text: &str, ear: &Ear) -> Option<Filled> {
    let is_one = text.contains('@') || tokens(text).iter().any(|t| matches!(t.folded.as_str(), "arobase" | "arrobase"));
    if is_one { asked(slot, text, ear) } else { None }
}

/// A name that is said to be one, named in passing: "je m'appelle …", "madame … à l'appareil".
pub(super) fn name_in_passing(text: &str) -> Option<Filled> {
    /// Longer is a sentence.
    const MOST_WORDS: usize = 4;
    static INTRODUCED: LazyLock<regex::Regex> = LazyLock::new(|| {
        let introductions = [
            // Words taken out of a sentence have lost their apostrophes.
            "m['’ ]appelle",
            "(?:mon|le) nom(?: de famille)? est",
            "(?:mon|le) nom(?: de famille)?,? c['’ ]est",
            "au nom de",
            "(?:je suis|c['’ ]est|ici) (?:madame|monsieur|mademoiselle)",
            "my name is",
            "my name['’ ]s",
        ];
        regex::Regex::new(&format!(r"(?i)\b(?:{})\s+([^,;:.!?]+)", introductions.join("|")))
            .expect("pattern of this source")
    });
    /// What ends a name where no comma does.
    const END: &[&str] = &[
        "et", "au", "a", "mon", "ma", "mes", "notre", "son", "sa", "l", "la", "les", "un", "une", "pour", "je", "j",
        "du", "qui", "le", "c", "on", "maire", "and", "i", "my", "for", "the",
    ];
    let said = INTRODUCED.captures(text)?.get(1)?.as_str();
    let words: Vec<String> = said
        .split_whitespace()
        .enumerate()
        .take_while(|(i, word)| {
            let folded = fold(word.split(['\'', '’']).next().unwrap_or_default());
            // "Le Goff" begins with an article.
            (*i == 0 && folded == "le")
                || !(END.contains(&folded.as_str()) || folded.chars().any(|c| c.is_ascii_digit()))
        })
        .map(|(_, word)| word.to_owned())
        .collect();
    if words.is_empty() || words.len() > MOST_WORDS {
        return None;
    }
    let said_as_name = words.iter().all(|word| word.chars().next().is_some_and(char::is_alphabetic));
    if said_as_name { filled(name::read(&words.join(" ")), Filled::same) } else { None }
}

/// An address beyond doubt: it has a number or a street of the list.
pub(super) fn is_clear_address(text: &str, ear: &Ear) -> bool {
    address::read(text, ear.streets).first().is_some_and(|r| r.value.is_listed || r.value.number.is_some())
}

/// The best reading as a value, with the others behind it.
fn filled<T>(readings: Vec<Reading<T>>, make: impl Fn(T) -> Filled) -> Option<Filled> {
    let is_doubtful = !is_sure(&readings);
    let mut values: Vec<Filled> = Vec::with_capacity(readings.len());
    for reading in readings {
        let value = make(reading.value);
        // "La semaine du 12" twice over, a number read in two ways: each value once.
        if !value.is_skipped() && !values.iter().any(|known| known.value == value.value) {
            values.push(value);
        }
    }
    let mut values = values.into_iter();
    let first = values.next()?;
    Some(Filled { is_doubtful, others: values.collect(), ..first })
}

fn tense(slot: &Slot) -> Tense {
    let name = fold(&slot.name);
    let is_past = name.split(|c: char| !c.is_alphanumeric()).any(|word| PAST.contains(&word));
    if is_past { Tense::Past } else { Tense::Future }
}

/// A day or an hour named in passing: "un rendez-vous mardi à dix heures". A day behind is another's ("je l'ai perdue
/// hier"), and "samedi matin" does not answer at what time.
pub(super) fn in_passing(slot: &Slot, text: &str, ear: &Ear) -> Option<Filled> {
    match slot.kind {
        SlotKind::Date if tense(slot) == Tense::Future => {
            filled(date::read_in_passing(text, ear.today, Tense::Future), |day| spoken_day(day, ear))
        }
        SlotKind::Time => {
            let mut readings = time::read(text);
            readings.retain(|r| !matches!(r.value, Moment::Period(_)));
            filled(readings, |moment| spoken_moment(moment, ear))
        }
        _ => None,
    }
}

fn spoken_day(day: Day, ear: &Ear) -> Filled {
    let english = ear.language.0 == "en";
    let say = |date: Date| {
        let near = date >= ear.today && (date - ear.today).get_days() < 320;
        speak_date(date, near, ear.language)
    };
    let mut spoken = match (day.first == day.last, english) {
        (true, _) => say(day.first),
        (false, false) => format!("du {} au {}", say(day.first), say(day.last)),
        (false, true) => format!("from {} to {}", say(day.first), say(day.last)),
    };
    if let Some(part) = day.part {
        spoken.push_str(match (part, english) {
            (PartOfDay::Morning, false) => ", le matin",
            (PartOfDay::Noon, false) => ", à midi",
            (PartOfDay::Afternoon, false) => ", l'après-midi",
            (PartOfDay::Evening, false) => ", le soir",
            (PartOfDay::Morning, true) => ", in the morning",
            (PartOfDay::Noon, true) => ", at noon",
            (PartOfDay::Afternoon, true) => ", in the afternoon",
            (PartOfDay::Evening, true) => ", in the evening",
        });
    }
    Filled::new(day.recorded(), spoken)
}

fn spoken_moment(moment: Moment, ear: &Ear) -> Filled {
    let spoken = if ear.language.0 == "en" { moment.spoken_english() } else { moment.spoken() };
    Filled::new(moment.recorded(), spoken)
}

fn yes_or_no(yes: bool) -> Filled {
    Filled::same(if yes { "oui" } else { "non" }.to_owned())
}

/// A choice made in passing, while another slot was asked for; and the text without its words.
pub(super) fn choice_in_passing(slot: &Slot, text: &str) -> Option<(Filled, String)> {
    let said = tokens(text);
    let options: Vec<_> = slot.options.iter().map(|o| o.phrase.clone()).collect();
    let index = choice::preferred(&said, &options).or_else(|| choice::by_words(&said, &options))?;
    let chosen: Vec<String> = options[index].words().iter().flat_map(|w| tokens(w)).map(|t| t.folded).collect();
    // The words of the choice go; small ones only next to it.
    let first = said.iter().position(|t| t.is_content() && chosen.contains(&t.folded))?;
    let start = (0..first).rev().take_while(|&i| !said[i].is_content()).last().unwrap_or(first);
    let rest: Vec<&str> = said
        .iter()
        .enumerate()
        .filter(|(i, t)| !((start..first).contains(i) || (*i >= first && chosen.contains(&t.folded))))
        .map(|(_, t)| t.written.as_str())
        .collect();
    Some((option(slot, index), rest.join(" ")))
}

/// The option at this place.
pub(super) fn option(slot: &Slot, index: usize) -> Filled {
    Filled::same(slot.options.get(index).map(|o| o.phrase.written.clone()).unwrap_or_default())
}

/// The value of a key, for slots that one key answers.
pub(super) fn keyed(slot: &Slot, key: char) -> Option<Filled> {
    match slot.kind {
        SlotKind::Choice => {
            let by_key = slot.options.iter().position(|o| o.key == Some(key));
            // By its place, where the officer gave no keys.
            let by_place = || {
                let place = (key.to_digit(10)? as usize).checked_sub(1)?;
                (place < slot.options.len() && slot.options.iter().all(|o| o.key.is_none())).then_some(place)
            };
            by_key.or_else(by_place).map(|i| option(slot, i))
        }
        SlotKind::YesNo => match key {
            '1' => Some(yes_or_no(true)),
            '2' => Some(yes_or_no(false)),
            _ => None,
        },
        _ => None,
    }
}

/// Only what fits is taken for an answer, so that it is none in passing. Anything may be a name or a message, and a day is named
/// in many a question ("vous êtes ouverts samedi ?").
pub(super) fn is_exact(kind: SlotKind) -> bool {
    use SlotKind::{Choice, Email, Number, Telephone, YesNo};
    matches!(kind, YesNo | Choice | Telephone | Number | Email)
}

/// Nothing but a day, an hour, a name: "le samedi 12 décembre" is no question about Saturday, "Fontaine" none about fountains.
pub(super) fn is_bare(kind: SlotKind, text: &str) -> bool {
    let words = tokens(text);
    let mut content = words.iter().filter(|word| word.is_content()).peekable();
    match kind {
        SlotKind::Date | SlotKind::Time => content.all(is_of_time),
        SlotKind::PersonName => {
            // "Bertrand, c'est mon nom de famille" is about no other name.
            let told = words.windows(2).position(|pair| pair[0].folded == "mon" && pair[1].folded == "nom");
            let of_name = |word: &Token| word.folded == "de" || OF_NAMES.contains(&word.folded.as_str());
            let is_told = told.is_some_and(|at| words[at + 1..].iter().all(of_name))
                // "C'est au nom de Fontaine."
                || words.windows(3).any(|run| {
                    let is_of = matches!(run[1].folded.as_str(), "de" | "d");
                    run[0].folded == "nom" && is_of && !OF_NAMES.contains(&run[2].folded.as_str())
                });
            let mut names = content.filter(|word| !OF_NAMES.contains(&word.folded.as_str())).peekable();
            names.peek().is_some()
                && names.count() <= 2
                && (is_told || !words.iter().any(|word| word.weight == Weight::Function))
        }
        _ => false,
    }
}

/// A word that days and hours are made of; months are no content words.
fn is_of_time(word: &Token) -> bool {
    WEEKDAYS.iter().any(|(name, _)| *name == word.folded) || OF_TIME.contains(&word.folded.as_str())
}

/// Words about a name that are none.
const OF_NAMES: &[&str] = &["nom", "famille", "prenom", "jeune", "fille", "epouse"];

const OF_TIME: &[&str] = &[
    "premier",
    "matin",
    "midi",
    "soir",
    "minuit",
    "apres",
    "demain",
    "hier",
    "aujourdhui",
    "prochain",
    "prochaine",
    "dernier",
    "derniere",
    "semaine",
    "mois",
    "annee",
    "jour",
    "jours",
    "heure",
    "heures",
    "vers",
    "quart",
    "demie",
    "trente",
    "quinze",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
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
    "tomorrow",
    "yesterday",
    "today",
    "morning",
    "afternoon",
    "evening",
    "next",
    "last",
    "week",
];

/// Digits are typed for these: a number, JJMMAAAA, HHMM.
pub(super) fn takes_digits(kind: SlotKind) -> bool {
    matches!(kind, SlotKind::Telephone | SlotKind::Number | SlotKind::Date | SlotKind::Time)
}

/// Typed digits as the value of a slot.
pub(super) fn typed(slot: &Slot, digits: &str, ear: &Ear) -> Option<Filled> {
    match slot.kind {
        SlotKind::Telephone => {
            telephone::normalise(digits, false).map(|number| Filled::new(number.clone(), telephone::by_pairs(&number)))
        }
        SlotKind::Date => date::typed(digits, ear.today, tense(slot)).map(|day| spoken_day(day, ear)),
        SlotKind::Time => time::typed(digits).map(|moment| spoken_moment(moment, ear)),
        SlotKind::Number => quantity::typed(digits).map(Filled::same),
        _ if digits.is_empty() => None,
        _ => Some(Filled::same(digits.to_owned())),
    }
}

/// The slot that is named: "le nom", "c'est le numéro".
pub(super) fn named(slots: &[Slot], text: &str) -> Option<usize> {
    let said = tokens(text);
    slots.iter().position(|slot| {
        let mut words = tokens(&slot.name);
        // The officer may call it "téléphone" or "numéro": callers use both.
        match slot.kind {
            SlotKind::Telephone => words.extend(tokens("numéro téléphone")),
            SlotKind::Email => words.extend(tokens("mail courriel email")),
            SlotKind::Address => words.extend(tokens("adresse rue")),
            SlotKind::Date => words.extend(tokens("date jour")),
            SlotKind::Time => words.extend(tokens("heure horaire")),
            SlotKind::PersonName => words.extend(tokens("orthographe")),
            _ => {}
        }
        words
            .iter()
            .filter(|w| w.is_content() || w.folded.len() >= 4)
            .any(|word| said.iter().any(|s| s.folded == word.folded || word.likeness(s) >= 0.85))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_answers_are_no_wishes() {
        for (kind, text) in [
            (SlotKind::Date, "le samedi 12 décembre"),
            (SlotKind::Date, "euh le 3 mars 1998"),
            (SlotKind::Time, "demain vers 18 heures"),
            (SlotKind::PersonName, "Fontaine"),
            (SlotKind::PersonName, "madame Claire Rousseau"),
            (SlotKind::PersonName, "Bertrand s'est mon nom de famille."),
        ] {
            assert!(is_bare(kind, text), "{text}");
        }
        for (kind, text) in [
            (SlotKind::Date, "vous êtes ouverts le samedi ?"),
            (SlotKind::PersonName, "et c'est combien pour une carte"),
            (SlotKind::PersonName, "je voudrais changer mon nom de famille sur ma carte"),
            (SlotKind::PersonName, "un agent"),
            (SlotKind::PersonName, "merci"),
            (SlotKind::Address, "Fontaine"),
        ] {
            assert!(!is_bare(kind, text), "{text}");
        }
    }

    #[test]
    fn the_next_meaning_follows() {
        let readings = vec![
            Reading::new("a".to_owned(), 60),
            Reading::new("b".to_owned(), 70),
            Reading::new("a".to_owned(), 75),
            Reading::new("c".to_owned(), 80),
        ];
        let first = filled(readings, Filled::same).unwrap();
        assert!(first.is_doubtful && first.value == "a" && first.others.len() == 2);
        let second = first.next().unwrap();
        assert!(second.is_doubtful && second.value == "b");
        let third = second.next().unwrap();
        assert_eq!(third.value, "c");
        assert_eq!(third.next(), None);
    }
}
