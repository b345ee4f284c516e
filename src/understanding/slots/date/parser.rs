//! Reads a day off the words: at each place the most particular form first, the first that is found counts.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::calendar::{day_of_month, feast, monday, month, moved, nearest, next_weekday, weekday, whole_year};
use super::{Day, PartOfDay, Tense};
use crate::understanding::slots::Reading;
use crate::understanding::slots::numbers::{below_hundred, cardinal, ordinal};
use crate::understanding::slots::words::{Gap, Word};

/// Cost of the other meaning of a form that has two.
const OTHER_MEANING: u16 = 70;
/// Weekday and date do not agree.
const DISAGREE: u16 = 60;
/// A bare number taken for a day.
const BARE: u16 = 40;
/// An answer of so many words may be a bare number.
const SHORT: usize = 3;

/// Words after a number that make it something other than a day.
const COUNTED: &[&str] = &[
    "h",
    "heure",
    "heures",
    "minute",
    "minutes",
    "an",
    "ans",
    "euro",
    "euros",
    "rue",
    "avenue",
    "personne",
    "personnes",
    "enfant",
    "enfants",
    "fois",
    "pieces",
    "bis",
    "ter",
    "oclock",
    "pm",
    "am",
    "years",
    "people",
];

pub(super) struct Parser<'w, 't> {
    words: &'w [Word<'t>],
    text: &'t str,
    today: Date,
    tense: Tense,
}

impl<'w, 't> Parser<'w, 't> {
    pub fn new(words: &'w [Word<'t>], text: &'t str, today: Date, tense: Tense) -> Self {
        Self { words, text, today, tense }
    }

    pub fn read(&self) -> Vec<Reading<Day>> {
        self.with_part(self.told().unwrap_or_else(|| self.bare_number()))
    }

    /// The same where no day was asked for: a bare number is none ("demander un acte").
    pub fn read_in_passing(&self) -> Vec<Reading<Day>> {
        self.with_part(self.told().unwrap_or_default())
    }

    /// The first words that tell a day.
    fn told(&self) -> Option<Vec<Reading<Day>>> {
        (0..self.words.len()).find_map(|at| {
            let readings = self.at(at);
            (!readings.is_empty()).then_some(readings)
        })
    }

    fn with_part(&self, days: Vec<Reading<Day>>) -> Vec<Reading<Day>> {
        let part = self.part_of_day();
        days.into_iter()
            .map(|reading| reading.map(|day| Day { part: day.part.or(part.filter(|_| day.first == day.last)), ..day }))
            .collect()
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.folded.as_str())
    }

    /// These words follow one another from here.
    fn are(&self, at: usize, words: &[&[&str]]) -> bool {
        words.iter().enumerate().all(|(k, any)| any.contains(&self.word(at + k)))
    }

    fn from(&self, at: usize) -> &'w [Word<'t>] {
        self.words.get(at..).unwrap_or_default()
    }

    fn at(&self, at: usize) -> Vec<Reading<Day>> {
        let sure = |day: Option<Day>| day.map(|day| vec![Reading::new(day, 0)]);
        sure(self.in_digits(at))
            .or_else(|| sure(self.relative(at)))
            .or_else(|| self.distance(at))
            .or_else(|| sure(self.week(at)))
            .or_else(|| sure(self.month_or_year(at)))
            .or_else(|| self.named_day(at))
            .or_else(|| self.weekday(at))
            .or_else(|| self.of_month(at))
            .unwrap_or_default()
    }

    fn days(&self, days: i64) -> Option<Day> {
        moved(self.today, days.days()).map(Day::one)
    }

    /// "03/05", "03/05/1985", "2026-05-03", and the numbers of a birth date: "03 05 85".
    fn in_digits(&self, at: usize) -> Option<Day> {
        let number = |k: usize| self.words.get(at + k).filter(|w| w.written.len() <= 4).and_then(Word::digits);
        let small = |k: usize| number(k).and_then(|v| i8::try_from(v).ok());
        let start = self.words.get(at)?;
        if !start.is_digits() {
            return self.in_words(at);
        }
        // The signs between the numbers: words alone do not keep them.
        let sign = |k: usize| {
            let (before, word) = (self.words.get(at + k - 1)?, self.words.get(at + k)?);
            let from = before.written.as_ptr() as usize + before.written.len() - self.text.as_ptr() as usize;
            let to = word.written.as_ptr() as usize - self.text.as_ptr() as usize;
            self.text.get(from..to).map(str::trim)
        };
        if start.written.len() == 4 && sign(1) == Some("-") && sign(2) == Some("-") {
            let year = number(0).and_then(|y| i16::try_from(y).ok())?;
            return Date::new(year, small(1)?, small(2)?).ok().map(Day::one);
        }
        let joined = |k: usize| matches!(sign(k), Some("/" | "." | "-"));
        let (day, month) = (small(0)?, small(1)?);
        if joined(1) {
            return match number(2).filter(|_| joined(2)) {
                Some(year) => self.dated(day, month, Some(i16::try_from(year).ok()?)),
                None => self.dated(day, month, None),
            };
        }
        self.in_words(at)
    }

    /// Day, month and year as three numbers: "zéro trois zéro cinq mille neuf cent quatre-vingt-cinq".
    fn in_words(&self, at: usize) -> Option<Day> {
        let (day, next) = self.two_digits(at)?;
        let (month, next) = self.two_digits(next)?;
        let (year, next) = self.year(next, true)?;
        // More numbers are something else: a telephone number.
        if cardinal(self.from(next)).is_some() {
            return None;
        }
        self.dated(day, month, Some(year))
    }

    /// "03", "zéro trois", "trois".
    fn two_digits(&self, at: usize) -> Option<(i8, usize)> {
        let zero = usize::from(matches!(self.word(at), "zero" | "0"));
        let number =
            below_hundred(self.from(at + zero)).filter(|n| n.value > 0 && n.value < if zero == 1 { 10 } else { 32 })?;
        let words = if self.words.get(at + zero)?.is_digits() { 1 } else { number.words };
        Some((i8::try_from(number.value).ok()?, at + zero + words))
    }

    fn dated(&self, day: i8, month: i8, year: Option<i16>) -> Option<Day> {
        match year {
            Some(year) => Date::new(whole_year(year, self.today, self.tense), month, day).ok(),
            None => nearest(day, month, self.today, self.tense),
        }
        .map(Day::one)
    }

    /// A year, and the place after it: "2027", "deux mille 27", "19 85"; two digits when `short`.
    fn year(&self, at: usize, short: bool) -> Option<(i16, usize)> {
        let at = at + usize::from(matches!(self.word(at), "en" | "in" | "of" | "de"));
        let number = cardinal(self.from(at))?;
        let next = at + number.words;
        let more = cardinal(self.from(next)).filter(|n| n.value < 100);
        let found = match (number.value, more) {
            // "1900 85", "2000 27".
            (1900 | 2000, Some(more)) if more.value > 0 => (number.value + more.value, next + more.words),
            (1900..=2100, _) => match cardinal(self.from(next)).filter(|n| (1900..=2100).contains(&n.value)) {
                // Said again: the second counts.
                Some(again) => (again.value, next + again.words),
                None => (number.value, next),
            },
            (19 | 20, Some(more)) if more.value >= 10 => (number.value * 100 + more.value, next + more.words),
            (0..100, _) if short => (number.value, next),
            _ => return None,
        };
        Some((i16::try_from(found.0).ok()?, found.1))
    }

    /// "aujourd'hui", "demain", "avant-hier", "day after tomorrow".
    fn relative(&self, at: usize) -> Option<Day> {
        let day = match self.word(at) {
            "aujourd" | "aujourdhui" | "today" | "tonight" => 0,
            "apres" if self.word(at + 1) == "demain" => 2,
            // Heard for it.
            "apres" if self.are(at + 1, &[&["de", "deux"], &["main", "mains", "meme"]]) => 2,
            "de" | "deux" if matches!(self.word(at + 1), "main" | "mains") => 1,
            "day" if self.are(at + 1, &[&["after"], &["tomorrow"]]) => 2,
            "day" if self.are(at + 1, &[&["before"], &["yesterday"]]) => -2,
            "surlendemain" => 2,
            "demain" | "tomorrow" if self.word(at + 1) == "en" && self.is_eight(at + 2) => 8,
            "demain" | "tomorrow" | "lendemain" => 1,
            "avant" if self.word(at + 1) == "hier" => -2,
            "hier" | "yesterday" => -1,
            "ce" if matches!(self.word(at + 1), "jour" | "matin" | "soir" | "midi" | "apres") => 0,
            "cet" | "cette" if matches!(self.word(at + 1), "apres" | "aprem" | "nuit" | "matinee" | "soiree") => 0,
            "this" if matches!(self.word(at + 1), "morning" | "afternoon" | "evening") => 0,
            _ => return None,
        };
        self.days(day)
    }

    fn is_eight(&self, at: usize) -> bool {
        matches!(self.word(at), "huit" | "8" | "8e")
    }

    /// "dans quinze jours", "il y a trois semaines", "in two weeks", "a month ago".
    fn distance(&self, at: usize) -> Option<Vec<Reading<Day>>> {
        let (sign, from) = match self.word(at) {
            "dans" | "sous" | "in" | "within" => (1, at + 1),
            // Heard for "dans"; the number and its unit must follow.
            "don" | "dont" | "dan" | "dent" => (1, at + 1),
            "d" if self.word(at + 1) == "ici" => (1, at + 2),
            "il" if self.are(at + 1, &[&["y"], &["a"]]) => (-1, at + 3),
            "ya" | "y" => (-1, at + 1 + usize::from(self.word(at + 1) == "a")),
            _ => (0, at),
        };
        let article = matches!(self.word(from), "a" | "an");
        let count = if article { 1 } else { i64::from(cardinal(self.from(from))?.value) };
        let unit_at = from + if article { 1 } else { cardinal(self.from(from))?.words };
        let sign = match sign {
            0 if self.word(unit_at + 1) == "ago" => -1,
            0 => return None,
            sign => sign,
        };
        if count > 1_200 {
            return None;
        }
        let step = count * sign;
        // "Huit jours" is a week and "quinze jours" two, as people count them; to the letter is the other meaning.
        let (date, other) = match self.word(unit_at) {
            "jour" | "jours" | "day" | "days" => match step {
                8 | -8 => (moved(self.today, (7 * sign).days()), moved(self.today, step.days())),
                15 | -15 => (moved(self.today, (14 * sign).days()), moved(self.today, step.days())),
                _ => (moved(self.today, step.days()), None),
            },
            "semaine" | "semaines" | "week" | "weeks" => (moved(self.today, step.weeks()), None),
            "quinzaine" | "fortnight" => (moved(self.today, (14 * step).days()), None),
            "mois" | "month" | "months" => (moved(self.today, step.months()), None),
            "an" | "ans" | "annee" | "annees" | "year" | "years" => (moved(self.today, step.years()), None),
            _ => return None,
        };
        let mut readings = vec![Reading::new(Day::one(date?), 0)];
        readings.extend(other.map(|date| Reading::new(Day::one(date), OTHER_MEANING)));
        Some(readings)
    }

    /// "la semaine prochaine", "cette semaine", "la semaine du 12", "ce week-end", "fin de semaine".
    fn week(&self, at: usize) -> Option<Day> {
        let this_monday = monday(self.today)?;
        let (is_weekend, next) = match self.word(at) {
            "semaine" => (false, at + 1),
            "week" if matches!(self.word(at + 1), "end" | "ends") => (true, at + 2),
            "week" => (false, at + 1),
            "weekend" | "weekends" => (true, at + 1),
            _ => return None,
        };
        let before = at.checked_sub(1).map_or("", |k| self.word(k));
        if !is_weekend && self.word(next) == "du" {
            let day = self.of_month(next + 1).and_then(|r| r.into_iter().next())?;
            let first = monday(day.value.first)?;
            return Some(Day { first, last: moved(first, 6.days())?, part: None });
        }
        let weeks = match (before, self.word(next)) {
            (_, "prochaine" | "prochain" | "suivante" | "suivant" | "qui") | ("next", _) => 1,
            (_, "derniere" | "dernier" | "passee" | "passe" | "precedente") | ("last", _) => -1,
            ("cette" | "ce" | "this" | "la" | "le" | "en" | "de" | "the", _) => 0,
            _ => return None,
        };
        let first = moved(this_monday, weeks.weeks())?;
        let (from, to) = if is_weekend {
            (5, 6)
        } else {
            match at.checked_sub(2).map_or("", |k| self.word(k)) {
                "debut" => (0, 1),
                "milieu" => (1, 3),
                "fin" => (3, 4),
                _ => (0, 6),
            }
        };
        let first_day = moved(first, from.days())?;
        let last = moved(first, to.days())?;
        // "Cette semaine" begins today.
        let today = if weeks == 0 && self.tense == Tense::Future { self.today.max(first_day) } else { first_day };
        (today <= last).then_some(Day { first: today, last, part: None })
    }

    /// "le mois prochain", "en mars", "début mai 2027", "l'année prochaine".
    fn month_or_year(&self, at: usize) -> Option<Day> {
        let next_or_last = |word: &str| match word {
            "prochain" | "prochaine" | "suivant" | "suivante" => Some(1),
            "dernier" | "derniere" | "passe" | "passee" => Some(-1),
            _ => None,
        };
        let before = at.checked_sub(1).map_or("", |k| self.word(k));
        let english = match before {
            "next" => Some(1),
            "last" => Some(-1),
            _ => None,
        };
        match self.word(at) {
            "mois" | "month" => {
                let ahead = next_or_last(self.word(at + 1)).or(english)?;
                let first = moved(self.today, i64::from(ahead).months())?.first_of_month();
                return Some(Day { first, last: first.last_of_month(), part: None });
            }
            "annee" | "an" | "year" => {
                let ahead = next_or_last(self.word(at + 1)).or(english)?;
                let year = self.today.year().checked_add(ahead)?;
                let (first, last) = (Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?);
                return Some(Day { first, last, part: None });
            }
            _ => {}
        }
        if !matches!(before, "en" | "de" | "d" | "debut" | "fin" | "mi" | "courant" | "in" | "early" | "late" | "of") {
            return None;
        }
        // "Le 15 de mars" is a day.
        let day_before = at.checked_sub(2).is_some_and(|k| cardinal(&self.words[k..]).is_some());
        let number = month(self.word(at), false).filter(|_| !day_before)?;
        let year = self.year(at + 1, false).map(|(year, _)| year);
        let first = match year {
            Some(year) => Date::new(year, number, 1).ok()?,
            None => match self.tense {
                // The month under way is still ahead and already behind.
                Tense::Future => nearest(1, number, self.today.first_of_month(), Tense::Future)?,
                Tense::Past => nearest(1, number, self.today, Tense::Past)?,
            },
        };
        let (from, to) = match before {
            "debut" | "early" => (1, 10),
            "mi" => (10, 20),
            "fin" | "late" => (20, first.days_in_month()),
            _ => (1, first.days_in_month()),
        };
        let day = |number: i8| Date::new(first.year(), first.month(), number).ok();
        Some(Day { first: day(from)?, last: day(to)?, part: None })
    }

    /// "Noël", "le jour de l'an".
    fn named_day(&self, at: usize) -> Option<Vec<Reading<Day>>> {
        let (day, month, words) = feast(self.from(at))?;
        let year = self.year(at + words, false).map(|(year, _)| year);
        Some(vec![Reading::new(self.dated(day, month, year)?, 0)])
    }

    /// "mardi", "mardi prochain", "mardi en huit", "mardi 15", "mardi 15 mars", "le premier lundi de mai".
    fn weekday(&self, at: usize) -> Option<Vec<Reading<Day>>> {
        if let Some(found) = self.nth_weekday(at) {
            return Some(vec![Reading::new(Day::one(found), 0)]);
        }
        let (day, used) = weekday(self.from(at))?;
        let next = at + used;
        // "mardi le 15", "mardi matin 15 mars".
        let number_at = next + usize::from(matches!(self.word(next), "le" | "matin" | "the"));
        if let Some((date, cost)) = self.numbered(number_at, Some(day), true) {
            return Some(vec![Reading::new(date, cost)]);
        }
        let before = at.checked_sub(1).map_or("", |k| self.word(k));
        let tense = match (before, self.word(next)) {
            ("last", _) | (_, "dernier" | "passe") => Tense::Past,
            ("next" | "this" | "ce", _) | (_, "prochain" | "qui" | "en" | "suivant") => Tense::Future,
            _ => self.tense,
        };
        let date = next_weekday(day, self.today, tense)?;
        let plus = |weeks: i64| moved(date, weeks.weeks()).map(Day::one);
        let one = |day: Option<Day>| day.map(|day| vec![Reading::new(day, 0)]);
        if self.word(next) == "en" && self.is_eight(next + 1) || self.word(next) == "week" {
            return one(plus(1));
        }
        if self.word(next) == "en" && matches!(self.word(next + 1), "quinze" | "15") {
            return one(plus(2));
        }
        // "mardi de la semaine prochaine"
        if self.are(next, &[&["de"], &["la"], &["semaine"], &["prochaine"]])
            || self.are(next, &[&["la"], &["semaine"], &["prochaine"]])
        {
            let first = moved(monday(self.today)?, 1.week())?;
            let offset = i64::from(day.to_monday_zero_offset());
            return one(moved(first, offset.days()).map(Day::one));
        }
        let mut readings = vec![Reading::new(Day::one(date), 0)];
        // "Mardi prochain", said early in the week, may be the one after.
        let said_next = before == "next" || self.word(next) == "prochain";
        let same_week = monday(date)? == monday(self.today)?;
        if said_next && same_week {
            readings.extend(plus(1).map(|day| Reading::new(day, OTHER_MEANING)));
        }
        Some(readings)
    }

    /// "premier lundi de mai", "dernier samedi du mois".
    fn nth_weekday(&self, at: usize) -> Option<Date> {
        let (nth, used) = match self.word(at) {
            "dernier" | "last" => (-1, 1),
            _ => {
                let rank = ordinal(self.from(at)).filter(|n| n.value <= 4)?;
                (i8::try_from(rank.value).ok()?, rank.words)
            }
        };
        let (day, more) = weekday(self.from(at + used))?;
        let next = at + used + more;
        if !matches!(self.word(next), "de" | "d" | "du" | "of" | "in") {
            return None;
        }
        let of = next + 1 + usize::from(self.word(next + 1) == "the");
        let first = if matches!(self.word(of), "mois" | "month") {
            let ahead = i64::from(matches!(self.word(of + 1), "prochain" | "suivant"));
            moved(self.today, ahead.months())?.first_of_month()
        } else {
            nearest(1, month(self.word(of), true)?, self.today.first_of_month(), self.tense)?
        };
        first.nth_weekday_of_month(nth, day).ok()
    }

    /// "le 15", "le 15 mars", "premier mai 2027", "May 3rd", "du 3 au 7 mai".
    fn of_month(&self, at: usize) -> Option<Vec<Reading<Day>>> {
        // "May 3rd 2027".
        if let Some(number) = month(self.word(at), false)
            && let Some((day, next)) = self.day_number(at + 1 + usize::from(self.word(at + 1) == "the"))
        {
            let follows = !self.words.get(next).is_some_and(|w| w.is_any(COUNTED));
            let year = self.year(next, false).map(|(year, _)| year);
            if follows {
                return Some(vec![Reading::new(self.dated(day, number, year)?, 0)]);
            }
        }
        let before = at.checked_sub(1).map_or("", |k| self.word(k));
        let article = matches!(before, "le" | "du" | "the" | "au" | "on" | "des");
        let (day, cost) = self.numbered(at, None, article)?;
        // "du 3 au 7 mai": both ends.
        if before == "au"
            && let Some(from) = self.range_start(at - 1)
            && let Some(first) = Date::new(day.first.year(), day.first.month(), from).ok().filter(|d| *d < day.first)
        {
            return Some(vec![Reading::new(Day { first, ..day }, cost)]);
        }
        Some(vec![Reading::new(day, cost)])
    }

    /// The "3" of "du 3 au 7 mai"; `au`: the place of "au".
    fn range_start(&self, au: usize) -> Option<i8> {
        (1..=3usize).find_map(|back| {
            let at = au.checked_sub(back)?;
            let (day, next) = self.day_number(at)?;
            let opened = at.checked_sub(1).is_some_and(|k| matches!(self.word(k), "du" | "entre" | "de"));
            (next == au && opened).then_some(day)
        })
    }

    /// A day's number here, with its month and year if they follow. `alone`: it may stand without a month.
    fn numbered(&self, at: usize, weekday: Option<Weekday>, alone: bool) -> Option<(Day, u16)> {
        let (day, mut next) = self.day_number(at)?;
        // "le 3 de mai", "2 à octobre", "the 3rd of May".
        if matches!(self.word(next), "de" | "d" | "a" | "of" | "du") && month(self.word(next + 1), true).is_some() {
            next += 1;
        }
        if self.are(next, &[&["du", "au"], &["mois"], &["de", "d"]]) {
            next += 3;
        }
        // "18 de sambre": a month in two words.
        let in_two = || {
            month(&format!("{}{}", self.word(next), self.word(next + 1)), false)
                .filter(|_| !self.word(next + 1).is_empty())
        };
        let joined = in_two();
        let number = month(self.word(next), true).or(joined);
        if month(self.word(next), true).is_none() && joined.is_some() {
            next += 1;
        }
        if let Some(number) = number {
            let year = self.year(next + 1, false).or_else(|| {
                // "3 mai 85": two digits, unless an hour follows.
                let short = self.year(next + 1, true)?;
                let counted = self.words.get(short.1).is_some_and(|w| w.is_any(COUNTED));
                let said_at = matches!(self.word(next + 1), "a" | "vers" | "at");
                (!counted && !said_at).then_some(short)
            });
            let date = self.dated(day, number, year.map(|(year, _)| year))?;
            let agrees = weekday.is_none_or(|w| w == date.first.weekday());
            return Some((date, if agrees { 0 } else { DISAGREE }));
        }
        let follows = self.words.get(next).is_some_and(|w| w.is_any(COUNTED));
        // "du 3 au 7 mai" is read at its end.
        let is_range = matches!(self.word(next), "au" | "et")
            && self.day_number(next + 1).is_some_and(|(_, end)| month(self.word(end), true).is_some());
        if !alone || follows || is_range {
            return None;
        }
        if self.are(next, &[&["du"], &["mois"], &["prochain"]]) {
            let first = moved(self.today, 1.month())?;
            return Date::new(first.year(), first.month(), day).ok().map(|date| (Day::one(date), 0));
        }
        let date = day_of_month(day, weekday, self.today, self.tense)
            .or_else(|| day_of_month(day, None, self.today, self.tense))?;
        let agrees = weekday.is_none_or(|w| w == date.weekday());
        Some((Day::one(date), if agrees { 0 } else { DISAGREE }))
    }

    /// 1 to 31 in words or digits, as a recogniser writes it before a month: "vin quatre", "20 4", "30 et 1", "1011".
    fn day_number(&self, at: usize) -> Option<(i8, usize)> {
        let first = self.words.get(at)?;
        let day = |value: u32| i8::try_from(value).ok().filter(|day| (1..=31).contains(day));
        if let Some(rank) = ordinal(self.from(at)) {
            return Some((day(rank.value)?, at + rank.words));
        }
        // "le vent est un janvier", "le temps est un mars".
        if let Some(tens) = match first.folded.as_str() {
            "vent" | "vend" | "vends" => Some(20),
            "temps" | "tant" | "trent" => Some(30),
            _ => None,
        } && self.are(at + 1, &[&["et", "est"], &["un", "1"]])
            && month(self.word(at + 3), true).is_some()
        {
            return Some((tens + 1, at + 3));
        }
        let tens = match first.folded.as_str() {
            "vin" | "vins" | "vint" | "20" | "vain" => 20,
            "30" | "trante" => 30,
            _ => 0,
        };
        if tens > 0 {
            let and = usize::from(self.word(at + 1) == "et");
            let unit = cardinal(self.from(at + 1 + and)).filter(|n| (1..10).contains(&n.value));
            let joined = unit.filter(|n| {
                let counted = self.words.get(at + 1 + and + n.words).is_some_and(|w| w.is_any(COUNTED));
                let word = &self.words[at + 1 + and];
                !counted && (word.written.len() == 1 || !word.is_digits())
            });
            if let Some(unit) = joined {
                return Some((day(tens + unit.value)?, at + 1 + and + unit.words));
            }
            return Some((day(tens)?, at + 1));
        }
        // "1011 juin": a number begun twice.
        if first.is_digits() && first.written.len() == 4 && month(self.word(at + 1), true).is_some() {
            return Some((day(first.digits()? % 100)?, at + 1));
        }
        if matches!(first.folded.as_str(), "dis" | "dit") && month(self.word(at + 1), true).is_some() {
            return Some((10, at + 1));
        }
        let number = cardinal(self.from(at))?;
        // "12 000" is no day, and a clock's numbers touch their "h".
        Some((day(number.value)?, at + number.words))
    }

    /// "Quinze" alone, or nearly.
    fn bare_number(&self) -> Vec<Reading<Day>> {
        if self.words.len() > SHORT {
            return Vec::new();
        }
        let bare = (0..self.words.len()).find_map(|at| {
            let touches = self.words.get(at + 1).is_some_and(|w| w.before == Gap::Nothing && !w.is_digits());
            self.numbered(at, None, true).filter(|_| !touches)
        });
        bare.map(|(day, cost)| vec![Reading::new(day, cost + BARE)]).unwrap_or_default()
    }

    fn part_of_day(&self) -> Option<PartOfDay> {
        (0..self.words.len()).find_map(|at| match self.word(at) {
            "matin" | "matinee" | "morning" => Some(PartOfDay::Morning),
            "apres" if self.word(at + 1) == "midi" => Some(PartOfDay::Afternoon),
            "aprem" | "afternoon" => Some(PartOfDay::Afternoon),
            "soir" | "soiree" | "evening" | "tonight" | "night" => Some(PartOfDay::Evening),
            "midi" | "noon" if at == 0 || self.word(at - 1) != "apres" => Some(PartOfDay::Noon),
            _ => None,
        })
    }
}
