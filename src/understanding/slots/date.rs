//! Days: "mardi en huit", "le 3 mai 2027", "dans quinze jours", "la semaine prochaine", "03/05", "next Friday".
//!
//! Relative to a given today; the clock is not read. A day left open ("le 15", "mars") lies ahead for an appointment and
//! behind for a birth: the slot says which.

mod calendar;
mod parser;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use super::Reading;
use super::words::{Gap, words};
use parser::Parser;

/// Where a day lies that the words leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    /// Appointments, wishes.
    Future,
    /// Births, losses, incidents.
    Past,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOfDay {
    Morning,
    Noon,
    Afternoon,
    Evening,
}

/// One day, or several in a row ("la semaine prochaine"), and what part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub first: Date,
    pub last: Date,
    pub part: Option<PartOfDay>,
}

impl Day {
    pub fn one(date: Date) -> Self {
        Self { first: date, last: date, part: None }
    }

    /// As it is recorded: "2026-11-24", "2026-11-24 matin", "2026-11-30/2026-12-06".
    pub fn recorded(&self) -> String {
        let mut text = self.first.to_string();
        if self.last != self.first {
            text.push('/');
            text.push_str(&self.last.to_string());
        }
        if let Some(part) = self.part {
            text.push(' ');
            text.push_str(part.french());
        }
        text
    }
}

impl PartOfDay {
    pub fn french(self) -> &'static str {
        match self {
            Self::Morning => "matin",
            Self::Noon => "midi",
            Self::Afternoon => "après-midi",
            Self::Evening => "soir",
        }
    }
}

/// Behind the last of these stands the day that is meant.
const CORRECTS: [&str; 9] = ["non", "pardon", "plutot", "sorry", "enfin", "betise", "trompe", "confonds", "attendez"];

/// The day that is meant, best first; empty when there is none.
pub fn read(text: &str, today: Date, tense: Tense) -> Vec<Reading<Day>> {
    let all = words(text);
    // "Le 15, non, le 16": what comes after the correction counts.
    let corrected = all.iter().rposition(|w| w.is_any(&CORRECTS));
    if let Some(at) = corrected {
        let behind = &all[at + 1..];
        // "Je confonds, le 16 j'ai cours. C'est le 17 juin": what is told last, where a sentence of its own tells it.
        let last = behind.iter().rposition(|w| w.before == Gap::Stop && w.is("c")).filter(|last| *last > 0);
        for from in last.into_iter().chain([0]) {
            let after = Parser::new(&behind[from..], text, today, tense).read();
            if !after.is_empty() {
                return after;
            }
        }
    }
    Parser::new(&all, text, today, tense).read()
}

/// A day named beside something else, which was not asked for.
pub fn read_in_passing(text: &str, today: Date, tense: Tense) -> Vec<Reading<Day>> {
    Parser::new(&words(text), text, today, tense).read_in_passing()
}

/// Typed JJMMAAAA or JJMM.
pub fn typed(digits: &str, today: Date, tense: Tense) -> Option<Day> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i16>().ok();
    let (day, month) = (i8::try_from(number(0..2)?).ok()?, i8::try_from(number(2..4)?).ok()?);
    match digits.len() {
        4 => calendar::nearest(day, month, today, tense).map(Day::one),
        6 => Date::new(calendar::whole_year(number(4..6)?, today, tense), month, day).ok().map(Day::one),
        8 => Date::new(number(4..8)?, month, day).ok().filter(|d| (1900..=2100).contains(&d.year())).map(Day::one),
        _ => None,
    }
}
