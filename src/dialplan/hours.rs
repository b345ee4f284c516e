//! Opening hours: whether open, and when next. The last line that matches a day wins.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::{Days, Holidays, Hours, HoursLine, Span};

/// How far ahead an opening is looked for.
const HORIZON_DAYS: usize = 366;

impl Hours {
    /// Open at this local time; the closing time itself is closed. Without any line: closed.
    pub fn is_open(&self, at: DateTime, holidays: &Holidays) -> bool {
        let time = at.time();
        self.spans(at.date(), holidays).iter().any(|span| span.from <= time && time < span.to)
    }

    /// Hours of this day, in order; empty when closed.
    pub fn spans(&self, date: Date, holidays: &Holidays) -> &[Span] {
        self.line(date, holidays).map_or(&[], |line| &line.open)
    }

    /// The line that rules this day.
    pub fn line(&self, date: Date, holidays: &Holidays) -> Option<&HoursLine> {
        self.lines.iter().rev().find(|line| match &line.days {
            Days::Weekdays(days) => days.contains(&date.weekday()),
            Days::PublicHolidays => holidays.contains(date),
            Days::Dates { first, last } => *first <= date && date <= *last,
        })
    }

    /// The first opening after `at`, even when open now; `None` if there is none within a year.
    pub fn next_opening(&self, at: DateTime, holidays: &Holidays) -> Option<DateTime> {
        at.date().series(1.day()).take(HORIZON_DAYS).find_map(|date| {
            self.spans(date, holidays).iter().map(|span| date.to_datetime(span.from)).find(|opening| *opening > at)
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::dialplan::{SourceFile, parse};

    fn hours(lines: &str) -> Hours {
        let text = format!("# Mairie\n\n## Horaires\n{lines}\n\n## Accueil\nDire :\n> Bonjour.\n");
        let (dialplan, problems) = parse(&[SourceFile { path: "mairie.md".into(), text }]);
        assert!(problems.is_empty(), "{problems:?}");
        dialplan.unwrap().hours
    }

    fn usual() -> Hours {
        hours(
            "- lundi au vendredi : 8h30-12h, 13h30-17h30\n- samedi : 9h-12h\n- jours fériés : fermé\n\
             - 24 décembre 2026 : 8h30-12h\n- 13 au 17 août 2026 : fermé\n- 11 novembre 2027 : 9h-10h",
        )
    }

    fn at(y: i16, m: i8, d: i8, hour: i8, minute: i8) -> DateTime {
        date(y, m, d).at(hour, minute, 0, 0)
    }

    #[test]
    fn open_from_the_first_minute_to_before_the_last() {
        let (hours, no) = (usual(), Holidays::default());
        // Monday 9 November 2026.
        for (hour, minute, open) in [
            (8, 29, false),
            (8, 30, true),
            (11, 59, true),
            (12, 0, false),
            (13, 29, false),
            (13, 30, true),
            (17, 29, true),
            (17, 30, false),
            (23, 59, false),
            (0, 0, false),
        ] {
            assert_eq!(hours.is_open(at(2026, 11, 9, hour, minute), &no), open, "{hour}:{minute}");
        }
    }

    #[test]
    fn the_last_matching_line_wins() {
        let (hours, no) = (usual(), Holidays::default());
        for (moment, open, why) in [
            (at(2026, 11, 7, 10, 0), true, "Saturday morning"),
            (at(2026, 11, 7, 14, 0), false, "Saturday afternoon"),
            (at(2026, 11, 8, 10, 0), false, "Sunday: no line"),
            (at(2026, 11, 11, 10, 0), false, "11 November"),
            (at(2026, 12, 25, 10, 0), false, "Christmas, a Friday"),
            (at(2026, 12, 24, 10, 0), true, "24 December in the morning"),
            (at(2026, 12, 24, 14, 0), false, "24 December in the afternoon"),
            (at(2026, 8, 12, 14, 0), true, "the day before the summer closure"),
            (at(2026, 8, 13, 14, 0), false, "first day of it"),
            (at(2026, 8, 17, 9, 0), false, "last day of it"),
            (at(2026, 8, 18, 9, 0), true, "the day after"),
            (at(2026, 5, 14, 10, 0), false, "Ascension 2026"),
            (at(2026, 5, 15, 10, 0), true, "the Friday after"),
            (at(2026, 4, 6, 10, 0), false, "Easter Monday 2026"),
            (at(2026, 5, 25, 10, 0), false, "Whit Monday 2026"),
            (at(2027, 11, 11, 9, 30), true, "a date written after the holidays wins over them"),
            (at(2026, 4, 3, 10, 0), true, "Good Friday is a working day"),
        ] {
            assert_eq!(hours.is_open(moment, &no), open, "{why}");
        }
        let alsace = Holidays { alsace_moselle: true };
        assert!(!hours.is_open(at(2026, 4, 3, 10, 0), &alsace), "Good Friday in Alsace");
    }

    #[test]
    fn the_next_opening() {
        let (hours, no) = (usual(), Holidays::default());
        for (moment, expected, why) in [
            (at(2026, 11, 9, 7, 0), at(2026, 11, 9, 8, 30), "before opening"),
            (at(2026, 11, 9, 12, 30), at(2026, 11, 9, 13, 30), "at lunch"),
            (at(2026, 11, 9, 9, 0), at(2026, 11, 9, 13, 30), "while open: the next one"),
            (at(2026, 11, 9, 18, 0), at(2026, 11, 10, 8, 30), "in the evening"),
            (at(2026, 11, 10, 18, 0), at(2026, 11, 12, 8, 30), "over 11 November"),
            (at(2026, 11, 7, 13, 0), at(2026, 11, 9, 8, 30), "over Sunday"),
            (at(2026, 12, 24, 13, 0), at(2026, 12, 26, 9, 0), "over Christmas to Saturday"),
            (at(2026, 12, 31, 18, 0), at(2027, 1, 2, 9, 0), "over New Year"),
            (at(2026, 8, 12, 18, 0), at(2026, 8, 18, 8, 30), "over the summer closure"),
        ] {
            assert_eq!(hours.next_opening(moment, &no), Some(expected), "{why}");
        }
        assert_eq!(Hours::default().next_opening(at(2026, 1, 1, 0, 0), &no), None);
        assert!(!Hours::default().is_open(at(2026, 1, 1, 0, 0), &no));
        let end_of_time = DateTime::MAX;
        assert_eq!(usual().next_opening(end_of_time, &no), None);
    }

    #[test]
    fn open_day_and_night() {
        let hours = hours("- tous les jours : 24h/24");
        assert!(hours.is_open(at(2026, 11, 9, 23, 59), &Holidays::default()));
        assert!(hours.is_open(at(2026, 11, 9, 0, 0), &Holidays::default()));
    }
}
