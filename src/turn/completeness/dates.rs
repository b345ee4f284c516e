//! Dates and hours.

use super::super::endpoint::Completeness;
use super::{Said, sentence};

/// "Mardi 15 mars" is an appointment's whole date; "15 mars" may be a birthday whose year follows.
pub(super) fn date(said: &Said<'_>) -> Completeness {
    let has = |list: &[&str]| said.folded().any(|word| list.contains(&word));
    let (week_day, month) = (has(said.words.week_days), has(said.words.months));
    let year = said.folded().any(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()));
    let number = said.folded().any(is_number);
    let last = said.word_from_end(0);
    if is_written_date(said.written) || (month && year) || (week_day && month && number && !wants_more(said)) {
        return Completeness::Finished;
    }
    if said.words.days.iter().any(|day| said.ends_with(day)) || sentence::declines(said) {
        return Completeness::Finished;
    }
    // "Mardi quinze", "le quinze": the month is missing.
    if sentence::is_dangling(said) || (is_number(last) && !month) {
        return Completeness::Unfinished;
    }
    Completeness::Unknown
}

/// English says the day after the month: "Tuesday, March the".
fn wants_more(said: &Said<'_>) -> bool {
    sentence::is_dangling(said)
}

pub(super) fn time(said: &Said<'_>) -> Completeness {
    let hour = said.folded().any(|word| said.words.hours.contains(&word) || is_written_hour(word));
    if hour && !hangs_after_hour(said) {
        return Completeness::Finished;
    }
    if sentence::is_dangling(said) || hour {
        return Completeness::Unfinished;
    }
    if sentence::declines(said) { Completeness::Finished } else { Completeness::Unknown }
}

/// "Quinze heures et", "neuf heures moins".
fn hangs_after_hour(said: &Said<'_>) -> bool {
    let last = said.word_from_end(0);
    matches!(last, "et" | "moins" | "vers" | "entre" | "ou" | "a" | "and" | "past" | "quarter")
        || said.written.ends_with([',', '…'])
        || said.words.hesitations.contains(&last)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
        || matches!(word, "premier" | "1er" | "first")
        || (word != "un"
            && crate::understanding::slots::numbers::cardinal(&crate::understanding::slots::words::words(word))
                .is_some())
}

/// "15/03/2026", "15.03.26".
fn is_written_date(written: &str) -> bool {
    written.split_whitespace().any(|word| {
        let parts: Vec<&str> = word.trim_matches(|c: char| !c.is_ascii_digit()).split(['/', '.', '-']).collect();
        parts.len() == 3 && parts.iter().all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
            && parts[0].len() <= 2
            && parts[1].len() <= 2
            // "06.12.34" is the start of a telephone number, and no month has that number.
            && parts[1].parse::<u8>().is_ok_and(|month| (1..=12).contains(&month))
    })
}

/// "14h", "14h30".
fn is_written_hour(word: &str) -> bool {
    word.split_once('h').is_some_and(|(hours, minutes)| {
        !hours.is_empty()
            && [hours, minutes].iter().all(|part| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()))
    })
}
