//! The moment of a conversation, as typed after `--at`: "samedi 20h", "demain 9h30", "5 décembre 2026 20h", ISO 8601.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use crate::calendar::{MONTHS, WEEKDAYS};
use crate::dialplan::fold;

/// Reads a moment; days without a date are the next ones from `now`, a day without an hour is at ten o'clock.
pub fn parse(written: &str, now: DateTime) -> Option<DateTime> {
    let written = written.trim();
    if let Ok(exact) = written.parse::<DateTime>() {
        return Some(exact);
    }
    let folded = fold(written);
    let mut words = folded.split([' ', ',']).filter(|w| !matches!(*w, "" | "a" | "le" | "ce" | "prochain")).peekable();
    let mut date = None;
    let mut time = None;
    while let Some(word) = words.next() {
        if let Some((_, weekday)) = WEEKDAYS.iter().find(|(name, _)| *name == word) {
            let ahead = i64::from(now.date().weekday().until(*weekday));
            date = Some(now.date().checked_add(ahead.days()).ok()?);
        } else if word == "demain" {
            date = Some(now.date().tomorrow().ok()?);
        } else if word == "aujourd'hui" {
            date = Some(now.date());
        } else if let Some(clock) = clock(word) {
            time = Some(clock);
        } else {
            // "5 décembre 2026": the year may be left out.
            let day: i8 = word.trim_end_matches("er").parse().ok()?;
            let name = words.next()?;
            let month = MONTHS.iter().position(|m| fold(m) == name)?;
            let month = i8::try_from(month + 1).ok()?;
            let year = match words.peek().and_then(|w| w.parse::<i16>().ok()).filter(|y| *y >= 1900) {
                Some(year) => {
                    words.next();
                    Some(year)
                }
                None => None,
            };
            let this_year = Date::new(year.unwrap_or(now.year()), month, day).ok()?;
            date = Some(match year {
                None if this_year < now.date() => Date::new(now.year() + 1, month, day).ok()?,
                _ => this_year,
            });
        }
    }
    if date.is_none() && time.is_none() {
        return None;
    }
    Some(date.unwrap_or(now.date()).to_datetime(time.unwrap_or(Time::constant(10, 0, 0, 0))))
}

/// "20h", "8h30", "20:00", "midi", "minuit".
fn clock(word: &str) -> Option<Time> {
    match word {
        "midi" => return Some(Time::constant(12, 0, 0, 0)),
        "minuit" => return Some(Time::midnight()),
        _ => {}
    }
    let (hour, minute) = word.split_once(['h', ':'])?;
    let minute = if minute.is_empty() { 0 } else { minute.parse().ok()? };
    Time::new(hour.parse().ok()?, minute, 0, 0).ok()
}

/// "samedi 5 décembre 2026 à 20h".
pub fn spoken(at: DateTime) -> String {
    let weekday = WEEKDAYS.iter().find(|(_, d)| *d == at.date().weekday()).map_or("", |(name, _)| name);
    let month = usize::try_from(at.month() - 1).ok().and_then(|i| MONTHS.get(i)).unwrap_or(&"");
    let day = if at.day() == 1 { "1er".to_owned() } else { at.day().to_string() };
    let minutes = if at.minute() == 0 { String::new() } else { format!("{:02}", at.minute()) };
    format!("{weekday} {day} {month} {} à {}h{minutes}", at.year(), at.hour())
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn moments_as_people_type_them() {
        let now = datetime(2026, 11, 23, 7, 0, 0, 0);
        for (written, wanted) in [
            ("samedi 20h", datetime(2026, 11, 28, 20, 0, 0, 0)),
            ("lundi", datetime(2026, 11, 23, 10, 0, 0, 0)),
            ("demain 9h30", datetime(2026, 11, 24, 9, 30, 0, 0)),
            ("demain à midi", datetime(2026, 11, 24, 12, 0, 0, 0)),
            ("20h", datetime(2026, 11, 23, 20, 0, 0, 0)),
            ("samedi 5 décembre 2026 à 20h", datetime(2026, 12, 5, 20, 0, 0, 0)),
            ("1er janvier 9h", datetime(2027, 1, 1, 9, 0, 0, 0)),
            ("2026-12-05T20:00", datetime(2026, 12, 5, 20, 0, 0, 0)),
        ] {
            assert_eq!(parse(written, now), Some(wanted), "{written}");
        }
        for wrong in ["", "tantôt", "99h", "32 mars", "12 brumaire", "5"] {
            assert_eq!(parse(wrong, now), None, "{wrong}");
        }
        assert_eq!(spoken(datetime(2026, 12, 5, 20, 5, 0, 0)), "samedi 5 décembre 2026 à 20h05");
    }
}
