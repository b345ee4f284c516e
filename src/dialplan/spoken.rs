//! Days and hours as people say them. Written forms ("8h30") are enough: the voice expands them.

use jiff::civil::{Date, DateTime, Time, Weekday};

use super::{Days, Holidays, Hours, Language, Span};
use crate::calendar::{ENGLISH_MONTHS, MONTHS};

/// When it opens next, seen from `at`: "aujourd'hui à 13h", "demain à 8h30", "lundi à 8h30", "lundi prochain à 8h30"
/// (in seven days), "le mardi 3 novembre à 8h30". English for `en`, French for any other language.
pub fn speak_next_opening(at: DateTime, next: DateTime, language: &Language) -> String {
    let days = next.date().since(at.date()).map_or(0, |span| span.get_days());
    let date = next.date();
    if language.0 == "en" {
        let day = match days {
            ..=0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            2..=6 => format!("on {}", english_weekday(date.weekday())),
            7 => format!("next {}", english_weekday(date.weekday())),
            _ => format!("on {}", english_date(date)),
        };
        return format!("{day} at {}", english_time(next.time()));
    }
    let day = match days {
        ..=0 => "aujourd'hui".to_owned(),
        1 => "demain".to_owned(),
        2..=6 => weekday(date.weekday()).to_owned(),
        7 => format!("{} prochain", weekday(date.weekday())),
        _ => format!("le {} {}", weekday(date.weekday()), day_and_month(date)),
    };
    format!("{day} à {}", time(next.time()))
}

/// Hours of one day: "de 8h30 à 12h et de 13h à 17h30", or why it is closed. Made to follow "Aujourd'hui :".
pub fn speak_todays_hours(hours: &Hours, date: Date, holidays: &Holidays, language: &Language) -> String {
    let spans = hours.spans(date, holidays);
    let english = language.0 == "en";
    if spans.is_empty() {
        return match (english, holidays.contains(date)) {
            (false, true) => "fermé, c'est un jour férié".to_owned(),
            (false, false) => "fermé toute la journée".to_owned(),
            (true, true) => "closed for a public holiday".to_owned(),
            (true, false) => "closed all day".to_owned(),
        };
    }
    speak_spans(spans, english)
}

/// Hours of an ordinary week: "du lundi au vendredi de 8h30 à midi et de 13h30 à 17h30, le samedi de 9h à midi".
/// Holidays and exceptions are left out. `None` when it is never open.
pub fn speak_hours(hours: &Hours, language: &Language) -> Option<String> {
    let english = language.0 == "en";
    let mut week: Vec<(&[Span], Vec<Weekday>)> = Vec::new();
    for day in Weekday::Monday.cycle_forward().take(7) {
        let line =
            hours.lines.iter().rev().find(|line| matches!(&line.days, Days::Weekdays(days) if days.contains(&day)));
        let open = line.map_or(&[][..], |line| &line.open);
        match week.iter_mut().find(|(known, _)| *known == open) {
            _ if open.is_empty() => {}
            Some((_, days)) => days.push(day),
            None => week.push((open, vec![day])),
        }
    }
    let parts: Vec<String> = week
        .iter()
        .map(|(open, days)| {
            let pause = if is_day_and_night(open) { "," } else { "" };
            format!("{}{pause} {}", speak_days(days, english), speak_spans(open, english))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// "tous les jours", "du lundi au jeudi et le samedi". The days stand in order.
fn speak_days(days: &[Weekday], english: bool) -> String {
    if days.len() == 7 {
        return if english { "every day" } else { "tous les jours" }.to_owned();
    }
    let mut runs: Vec<(Weekday, Weekday)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if last.next() == *day => *last = *day,
            _ => runs.push((*day, *day)),
        }
    }
    let named = |day| if english { format!("on {}", english_weekday(day)) } else { format!("le {}", weekday(day)) };
    let mut parts = Vec::new();
    for (first, last) in runs {
        if first == last {
            parts.push(named(first));
        } else if first.next() == last {
            parts.extend([named(first), named(last)]);
        } else if english {
            parts.push(format!("from {} to {}", english_weekday(first), english_weekday(last)));
        } else {
            parts.push(format!("du {} au {}", weekday(first), weekday(last)));
        }
    }
    list(&parts, english)
}

fn is_day_and_night(spans: &[Span]) -> bool {
    matches!(spans, [Span { from, to }] if *from == Time::midnight() && *to == Time::MAX)
}

/// "de 8h30 à midi et de 13h30 à 17h30".
fn speak_spans(spans: &[Span], english: bool) -> String {
    if is_day_and_night(spans) {
        return if english { "day and night" } else { "jour et nuit" }.to_owned();
    }
    let spans: Vec<String> = spans
        .iter()
        .map(|span| {
            if english {
                format!("from {} to {}", english_time(span.from), english_time(span.to))
            } else {
                format!("de {} à {}", time(span.from), time(span.to))
            }
        })
        .collect();
    list(&spans, english)
}

/// "a, b et c".
fn list(parts: &[String], english: bool) -> String {
    let and = if english { " and " } else { " et " };
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{}{and}{last}", others.join(", ")),
        None => String::new(),
    }
}

/// `8h30`, `13h`, `midi`, `minuit`.
pub(super) fn time(time: Time) -> String {
    match (time.hour(), time.minute()) {
        (12, 0) => "midi".to_owned(),
        (0, 0) | (23, 59) => "minuit".to_owned(),
        (hour, 0) => format!("{hour}h"),
        (hour, minute) => format!("{hour}h{minute:02}"),
    }
}

/// A day as it is read back: `mardi 24 novembre` when `near`, else with its year and without its weekday.
pub fn speak_date(date: Date, near: bool, language: &Language) -> String {
    match (near, language.0 == "en") {
        (true, false) => format!("{} {}", weekday(date.weekday()), day_and_month(date)),
        (false, false) => self::date(date),
        (true, true) => english_date(date),
        (false, true) => format!("{} {} {}", date.day(), month_name(&ENGLISH_MONTHS, date), date.year()),
    }
}

/// `3 novembre 2026`.
pub(super) fn date(date: Date) -> String {
    format!("{} {}", day_and_month(date), date.year())
}

pub(super) fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "lundi",
        Weekday::Tuesday => "mardi",
        Weekday::Wednesday => "mercredi",
        Weekday::Thursday => "jeudi",
        Weekday::Friday => "vendredi",
        Weekday::Saturday => "samedi",
        Weekday::Sunday => "dimanche",
    }
}

/// Number of the month of this folded name.
pub(super) fn month(folded: &str) -> Option<i8> {
    let index = MONTHS.iter().position(|name| super::fold(name) == folded)?;
    i8::try_from(index + 1).ok()
}

fn day_and_month(date: Date) -> String {
    let month = month_name(&MONTHS, date);
    match date.day() {
        1 => format!("1er {month}"),
        day => format!("{day} {month}"),
    }
}

fn month_name(names: &[&'static str; 12], date: Date) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
}

fn english_weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn english_date(date: Date) -> String {
    format!("{} {} {}", english_weekday(date.weekday()), date.day(), month_name(&ENGLISH_MONTHS, date))
}

fn english_time(time: Time) -> String {
    let (hour, half) = match time.hour() {
        0 => (12, "am"),
        hour @ 1..=11 => (hour, "am"),
        12 => (12, "pm"),
        hour => (hour - 12, "pm"),
    };
    match (time.hour(), time.minute()) {
        (12, 0) => "noon".to_owned(),
        (0, 0) | (23, 59) => "midnight".to_owned(),
        (_, 0) => format!("{hour} {half}"),
        (_, minute) => format!("{hour}:{minute:02} {half}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date as day, time as hour};

    use super::*;
    use crate::dialplan::{Days, HoursLine, Location, Span};

    fn french() -> Language {
        Language("fr".into())
    }

    #[test]
    fn the_next_opening_the_way_people_say_it() {
        // Seen from Saturday 31 October 2026, 20:00.
        let from = day(2026, 10, 31).at(20, 0, 0, 0);
        for (next, french_form, english_form) in [
            (day(2026, 10, 31).at(21, 0, 0, 0), "aujourd'hui à 21h", "today at 9 pm"),
            (day(2026, 11, 1).at(8, 30, 0, 0), "demain à 8h30", "tomorrow at 8:30 am"),
            (day(2026, 11, 2).at(8, 30, 0, 0), "lundi à 8h30", "on Monday at 8:30 am"),
            (day(2026, 11, 6).at(12, 0, 0, 0), "vendredi à midi", "on Friday at noon"),
            (day(2026, 11, 7).at(9, 0, 0, 0), "samedi prochain à 9h", "next Saturday at 9 am"),
            (day(2026, 11, 10).at(8, 5, 0, 0), "le mardi 10 novembre à 8h05", "on Tuesday 10 November at 8:05 am"),
            (day(2026, 12, 1).at(13, 0, 0, 0), "le mardi 1er décembre à 13h", "on Tuesday 1 December at 1 pm"),
        ] {
            assert_eq!(speak_next_opening(from, next, &french()), french_form);
            assert_eq!(speak_next_opening(from, next, &Language("en".into())), english_form);
        }
    }

    #[test]
    fn the_hours_of_a_week() {
        use Weekday::*;
        let span = |from, to| Span { from: hour(from, 0, 0, 0), to: hour(to, 0, 0, 0) };
        let line = |days: &[Weekday], open: &[Span]| HoursLine {
            days: Days::Weekdays(days.to_vec()),
            open: open.to_vec(),
            location: Location::default(),
        };
        let say = |lines: Vec<HoursLine>, language: &str| speak_hours(&Hours { lines }, &Language(language.into()));
        let usual = || {
            vec![
                line(&[Monday, Tuesday, Wednesday, Thursday, Friday], &[span(9, 12), span(14, 17)]),
                line(&[Saturday], &[span(9, 12)]),
                HoursLine { days: Days::PublicHolidays, open: Vec::new(), location: Location::default() },
            ]
        };
        for (lines, french_form, english_form) in [
            (
                usual(),
                "du lundi au vendredi de 9h à midi et de 14h à 17h, le samedi de 9h à midi",
                "from Monday to Friday from 9 am to noon and from 2 pm to 5 pm, on Saturday from 9 am to noon",
            ),
            // The last line that matches a day wins.
            (
                [usual(), vec![line(&[Thursday], &[])]].concat(),
                "du lundi au mercredi et le vendredi de 9h à midi et de 14h à 17h, le samedi de 9h à midi",
                "from Monday to Wednesday and on Friday from 9 am to noon and from 2 pm to 5 pm, on Saturday from 9 am to noon",
            ),
            (
                vec![line(&[Tuesday, Wednesday], &[span(10, 18)])],
                "le mardi et le mercredi de 10h à 18h",
                "on Tuesday and on Wednesday from 10 am to 6 pm",
            ),
            (
                vec![line(
                    &[Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday],
                    &[Span { from: Time::midnight(), to: Time::MAX }],
                )],
                "tous les jours, jour et nuit",
                "every day, day and night",
            ),
        ] {
            assert_eq!(say(lines.clone(), "fr").as_deref(), Some(french_form));
            assert_eq!(say(lines, "en").as_deref(), Some(english_form));
        }
        assert_eq!(say(Vec::new(), "fr"), None);
        assert_eq!(say(vec![line(&[Monday], &[])], "fr"), None);
    }

    #[test]
    fn todays_hours_or_why_there_are_none() {
        let span = |from, to| Span { from: hour(from, 30, 0, 0), to: hour(to, 0, 0, 0) };
        let hours = Hours {
            lines: vec![
                HoursLine {
                    days: Days::Weekdays(vec![Weekday::Monday, Weekday::Friday]),
                    open: vec![span(8, 12), span(13, 17)],
                    location: Location::default(),
                },
                HoursLine { days: Days::PublicHolidays, open: Vec::new(), location: Location::default() },
            ],
        };
        let say =
            |date, language: &str| speak_todays_hours(&hours, date, &Holidays::default(), &Language(language.into()));
        assert_eq!(say(day(2026, 11, 9), "fr"), "de 8h30 à midi et de 13h30 à 17h");
        assert_eq!(say(day(2026, 11, 9), "en"), "from 8:30 am to noon and from 1:30 pm to 5 pm");
        assert_eq!(say(day(2026, 11, 10), "fr"), "fermé toute la journée");
        assert_eq!(say(day(2026, 12, 25), "fr"), "fermé, c'est un jour férié");
        assert_eq!(say(day(2026, 12, 25), "en"), "closed for a public holiday");
    }
}
