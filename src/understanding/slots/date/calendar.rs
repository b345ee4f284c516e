//! Names of days and months as said, heard and misheard; dates from incomplete ones.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::Tense;
use crate::understanding::slots::words::Word;

/// Weekday at the first of these words, and how many words it took: "jeudi", "je dis", "Monday".
pub(super) fn weekday(words: &[Word]) -> Option<(Weekday, usize)> {
    let first = words.first()?;
    let named = match first.folded.as_str() {
        "lundi" | "lundis" | "lundit" | "lindi" | "monday" | "mondays" => Some(Weekday::Monday),
        "mardi" | "mardis" | "mardit" | "tuesday" | "tuesdays" => Some(Weekday::Tuesday),
        "mercredi" | "mercredis" | "mercredit" | "mecredi" | "wednesday" | "wednesdays" => Some(Weekday::Wednesday),
        "jeudi" | "jeudis" | "judi" | "jedi" | "jeudit" | "thursday" | "thursdays" => Some(Weekday::Thursday),
        "vendredi" | "vendredis" | "vendredit" | "vandredi" | "friday" | "fridays" => Some(Weekday::Friday),
        "samedi" | "samedis" | "samdi" | "samedit" | "saturday" | "saturdays" => Some(Weekday::Saturday),
        "dimanche" | "dimanches" | "dimance" | "sunday" | "sundays" => Some(Weekday::Sunday),
        _ => None,
    };
    if let Some(day) = named {
        return Some((day, 1));
    }
    let second = &words.get(1)?.folded;
    let cut = match (first.folded.as_str(), second.as_str()) {
        ("lun" | "lin", "di" | "dit" | "dis") => Weekday::Monday,
        ("mar" | "mare" | "marre", "di" | "dit" | "dis") => Weekday::Tuesday,
        ("mercre" | "mercredi", "dit" | "di") => Weekday::Wednesday,
        ("je" | "jeu" | "j", "dis" | "di" | "dit") => Weekday::Thursday,
        ("vendre", "di" | "dit" | "dis") => Weekday::Friday,
        ("same" | "sam", "di" | "dit" | "dis") => Weekday::Saturday,
        ("di" | "dit" | "dis", "manche" | "manches") => Weekday::Sunday,
        _ => return None,
    };
    Some((cut, 2))
}

/// Month of a word. `after_day`: a day's number stands before it, so that words that only sound like a month count too.
pub(super) fn month(word: &str, after_day: bool) -> Option<i8> {
    const NAMES: [&[&str]; 12] = [
        &["janvier", "january", "janv", "jan"],
        &["fevrier", "february", "fev", "fevr", "feb"],
        &["mars", "march"],
        &["avril", "april", "avr"],
        &["mai", "may"],
        &["juin", "june"],
        &["juillet", "july", "juil"],
        &["aout", "august"],
        &["septembre", "september", "sept"],
        &["octobre", "october", "oct"],
        &["novembre", "november", "nov"],
        &["decembre", "december", "dec"],
    ];
    const HEARD: [&[&str]; 12] = [
        &["janvie", "janviers"],
        &["fevriers"],
        &["mar", "marse", "marche", "mare"],
        &["avrile", "avrils", "avrille"],
        &["mais", "mes", "met", "mets", "maie"],
        &["jouin", "join", "joint", "juins", "jeun", "june"],
        &["juilet", "juillets", "juyet"],
        &["ou", "out", "oute", "houx", "aut", "outre", "a-out"],
        &[],
        &[],
        &[],
        &[],
    ];
    // "sept" alone is a number; "mar" and "may" are words.
    let exact = NAMES.iter().position(|names| names.contains(&word) && (word != "sept" || after_day));
    let heard = || HEARD.iter().position(|names| after_day && names.contains(&word));
    let near = || {
        // A letter or two wrong: "octabre", "setembre".
        let allowed = match word.len() {
            0..5 => return None,
            5..7 => 1,
            _ => 2,
        };
        NAMES.iter().position(|names| {
            names.iter().take(2).any(|name| name.len() >= 5 && strsim::osa_distance(name, word) <= allowed)
        })
    };
    let index = exact.or_else(heard).or_else(|| near().filter(|_| after_day || word.len() >= 7))?;
    i8::try_from(index + 1).ok()
}

/// Named days of the year.
pub(super) fn feast(words: &[Word]) -> Option<(i8, i8, usize)> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|w| w.is(word));
    if is(0, "noel") || is(0, "christmas") {
        return Some((25, 12, if is(1, "day") { 2 } else { 1 }));
    }
    if is(0, "toussaint") {
        return Some((1, 11, 1));
    }
    if is(0, "jour") && is(1, "de") && is(2, "l") && is(3, "an") {
        return Some((1, 1, 4));
    }
    if is(0, "nouvel") && is(1, "an") {
        return Some((1, 1, 2));
    }
    if is(0, "saint") && is(1, "sylvestre") {
        return Some((31, 12, 2));
    }
    None
}

/// The next (or last) date of this day and month, today included.
pub(super) fn nearest(day: i8, month: i8, today: Date, tense: Tense) -> Option<Date> {
    // Eight years reach over a turn of the century without its leap year.
    (0..=8).find_map(|years| {
        let year = match tense {
            Tense::Future => today.year() + years,
            Tense::Past => today.year() - years,
        };
        Date::new(year, month, day).ok().filter(|date| match tense {
            Tense::Future => *date >= today,
            Tense::Past => *date <= today,
        })
    })
}

/// The next (or last) day of this number in its month, on that weekday if one is named.
pub(super) fn day_of_month(day: i8, weekday: Option<Weekday>, today: Date, tense: Tense) -> Option<Date> {
    let mut first = today.first_of_month();
    for _ in 0..24 {
        let date = Date::new(first.year(), first.month(), day).ok().filter(|date| match tense {
            Tense::Future => *date >= today,
            Tense::Past => *date <= today,
        });
        if let Some(date) = date.filter(|d| weekday.is_none_or(|w| d.weekday() == w)) {
            return Some(date);
        }
        let step = if tense == Tense::Future { 1.month() } else { -1.month() };
        first = moved(first, step)?;
    }
    None
}

/// The next (or last) such weekday, today excluded.
pub(super) fn next_weekday(weekday: Weekday, today: Date, tense: Tense) -> Option<Date> {
    let steps = match tense {
        Tense::Future => 1,
        Tense::Past => -1,
    };
    today.nth_weekday(steps, weekday).ok()
}

pub(super) fn moved(date: Date, span: Span) -> Option<Date> {
    date.checked_add(span).ok()
}

/// Monday of the week.
pub(super) fn monday(date: Date) -> Option<Date> {
    moved(date, -i64::from(date.weekday().to_monday_zero_offset()).days())
}

/// Two digits of a year: in the past the last such year, in the future this century.
pub(super) fn whole_year(year: i16, today: Date, tense: Tense) -> i16 {
    if year >= 100 {
        return year;
    }
    let century = today.year() / 100 * 100;
    match tense {
        Tense::Past if century + year > today.year() => century - 100 + year,
        _ => century + year,
    }
}
