//! Dates and times of day as written in French: `24 décembre 2026`, `13 au 17 août`, `8h30`, `midi`.

use jiff::civil::{Date, DateTime, Time, Weekday};

use crate::calendar::WEEKDAYS;
use crate::dialplan::spoken;
use crate::dialplan::text::fold;

/// Why a date or time is not one, in French.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotATime {
    pub message: String,
    pub remedy: &'static str,
}

const DATE_REMEDY: &str = "écrivez par exemple « 24 décembre 2026 » ou « 13 au 17 août 2026 »";
const TIME_REMEDY: &str = "écrivez par exemple « 8h30 », « 12h » ou « 13h30 »";

/// `lundi`, `lundis`.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(name, _)| *name == word || word.strip_suffix('s') == Some(name)).map(|(_, day)| *day)
}

/// A single date, with or without its weekday, which must then be right.
pub(super) fn date(written: &str) -> Result<Date, NotATime> {
    match dates(written)?.as_slice() {
        [(first, last)] if first == last => Ok(*first),
        _ => Err(NotATime { message: format!("« {written} » n'est pas une date seule"), remedy: DATE_REMEDY }),
    }
}

/// `octobre 2026` or `2026`: its first day.
pub(super) fn period(written: &str) -> Result<Date, NotATime> {
    let text = fold(written);
    let words: Vec<&str> = text.split_whitespace().collect();
    let (month, year) = match words.as_slice() {
        [month, year] => (spoken::month(month), *year),
        [year] => (Some(1), *year),
        _ => (None, ""),
    };
    let year = year.parse().ok().filter(|year| *year >= 1900);
    month.zip(year).and_then(|(month, year)| Date::new(year, month, 1).ok()).ok_or_else(|| NotATime {
        message: format!("« {written} » n'est ni un mois ni une année"),
        remedy: "écrivez par exemple « octobre 2026 »",
    })
}

/// `samedi 5 décembre 2026 à 20h`.
pub(super) fn date_time(written: &str) -> Result<DateTime, NotATime> {
    let text = fold(written);
    let (day, hour) = text.rsplit_once(" a ").ok_or_else(|| NotATime {
        message: format!("« {written} » n'est pas une date suivie d'une heure"),
        remedy: "écrivez par exemple « samedi 5 décembre 2026 à 20h »",
    })?;
    Ok(date(day)?.to_datetime(time(hour)?))
}

/// Ranges of dates, both ends included: `24 et 31 décembre 2026`, `13 au 17 août 2026`, `24 décembre 2026 au 2 janvier 2027`.
pub(super) fn dates(written: &str) -> Result<Vec<(Date, Date)>, NotATime> {
    let wrong = || NotATime { message: format!("« {written} » n'est pas une date"), remedy: DATE_REMEDY };
    let mut days: Vec<PartialDay> = Vec::new();
    let mut joined_to_previous = Vec::new();
    let mut range = false;
    let text = fold(written).replace(',', " , ").replace(" - ", " au ");
    for word in text.split_whitespace() {
        match word {
            "du" | "le" | "les" | "et" | "," => continue,
            "au" | "jusqu'au" => {
                range = true;
                continue;
            }
            _ => {}
        }
        if let Some(day) = slashed(word) {
            days.push(day);
            joined_to_previous.push(std::mem::take(&mut range));
            continue;
        }
        let open = days.last_mut();
        if let Some(day) = weekday(word) {
            days.push(PartialDay { weekday: Some(day), ..PartialDay::default() });
            joined_to_previous.push(std::mem::take(&mut range));
        } else if let Some(month) = spoken::month(word) {
            let last = open.filter(|d| d.day.is_some() && d.month.is_none()).ok_or_else(wrong)?;
            last.month = Some(month);
        } else {
            let number: i16 = word.strip_suffix("er").unwrap_or(word).parse().map_err(|_| wrong())?;
            match (open, i8::try_from(number)) {
                (Some(last), _) if number >= 1900 && last.month.is_some() && last.year.is_none() => {
                    last.year = Some(number);
                }
                (Some(last), Ok(day)) if last.day.is_none() => last.day = Some(day),
                (_, Ok(day)) => {
                    days.push(PartialDay { day: Some(day), ..PartialDay::default() });
                    joined_to_previous.push(std::mem::take(&mut range));
                }
                _ => return Err(wrong()),
            }
        }
    }
    complete(&mut days, written)?;
    let mut ranges: Vec<(Date, Date)> = Vec::new();
    for (day, joined) in days.iter().zip(joined_to_previous) {
        let date = day.date(written)?;
        match ranges.last_mut() {
            Some(last) if joined => {
                if date < last.0 {
                    return Err(NotATime {
                        message: format!("« {written} » finit avant de commencer"),
                        remedy: DATE_REMEDY,
                    });
                }
                last.1 = date;
            }
            _ if joined => return Err(wrong()),
            _ => ranges.push((date, date)),
        }
    }
    if ranges.is_empty() { Err(wrong()) } else { Ok(ranges) }
}

#[derive(Debug, Default, Clone, Copy)]
struct PartialDay {
    weekday: Option<Weekday>,
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
}

impl PartialDay {
    fn date(&self, written: &str) -> Result<Date, NotATime> {
        let date = match (self.year, self.month, self.day) {
            (Some(year), Some(month), Some(day)) => Date::new(year, month, day).ok(),
            _ => None,
        };
        let date = date.ok_or_else(|| NotATime {
            message: format!("« {written} » n'est pas une date du calendrier"),
            remedy: DATE_REMEDY,
        })?;
        match self.weekday {
            Some(weekday) if weekday != date.weekday() => Err(NotATime {
                message: format!(
                    "le {} est un {}, pas un {}",
                    spoken::date(date),
                    spoken::weekday(date.weekday()),
                    spoken::weekday(weekday)
                ),
                remedy: "corrigez le jour ou la date",
            }),
            _ => Ok(date),
        }
    }
}

/// In "24 et 31 décembre 2026" the first day takes month and year from the last.
fn complete(days: &mut [PartialDay], written: &str) -> Result<(), NotATime> {
    let mut after: Option<PartialDay> = None;
    for day in days.iter_mut().rev() {
        if day.month.is_none() {
            day.month = after.and_then(|next| next.month);
        }
        if day.year.is_none() {
            day.year = after.and_then(|next| match (next.year, next.month, day.month) {
                // "du 24 décembre au 2 janvier 2027" begins the year before.
                (Some(year), Some(next), Some(own)) if own > next => Some(year - 1),
                (year, _, _) => year,
            });
        }
        if day.day.is_some() && day.month.is_some() && day.year.is_none() {
            return Err(NotATime {
                message: format!("il manque l'année dans « {written} »"),
                remedy: "une fermeture vaut pour une année : écrivez-la, par exemple « 24 décembre 2026 »",
            });
        }
        after = Some(*day);
    }
    Ok(())
}

/// `24/12/2026`.
fn slashed(word: &str) -> Option<PartialDay> {
    let mut parts = word.split('/');
    let day = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let year = parts.next()?.parse().ok()?;
    (parts.next().is_none() && year >= 1900).then_some(PartialDay {
        weekday: None,
        day: Some(day),
        month: Some(month),
        year: Some(year),
    })
}

/// `8h30`, `8 h`, `8:30`, `20 heures`, `midi`, `minuit`.
pub(super) fn time(written: &str) -> Result<Time, NotATime> {
    let text = fold(written).replace("heures", "h").replace("heure", "h");
    let wrong = || NotATime { message: format!("« {written} » n'est pas une heure"), remedy: TIME_REMEDY };
    match text.as_str() {
        "midi" => return Ok(jiff::civil::time(12, 0, 0, 0)),
        "minuit" => return Ok(Time::midnight()),
        _ => {}
    }
    let (hour, minute) = text.split_once(['h', ':']).ok_or_else(wrong)?;
    let hour: i8 = hour.trim().parse().map_err(|_| wrong())?;
    let minute: i8 = match minute.trim() {
        "" => 0,
        minute if minute.len() == 2 => minute.parse().map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date as day, time as hour};

    use super::*;

    #[test]
    fn dates_as_officers_write_them() {
        for (written, expected) in [
            ("24 décembre 2026", vec![(day(2026, 12, 24), day(2026, 12, 24))]),
            ("le 1er mai 2027", vec![(day(2027, 5, 1), day(2027, 5, 1))]),
            ("13 au 17 août 2026", vec![(day(2026, 8, 13), day(2026, 8, 17))]),
            ("du lundi 27 juillet au vendredi 7 Août 2026", vec![(day(2026, 7, 27), day(2026, 8, 7))]),
            ("24 décembre au 2 janvier 2027", vec![(day(2026, 12, 24), day(2027, 1, 2))]),
            (
                "24 et 31 décembre 2026",
                vec![(day(2026, 12, 24), day(2026, 12, 24)), (day(2026, 12, 31), day(2026, 12, 31))],
            ),
            ("24/12/2026", vec![(day(2026, 12, 24), day(2026, 12, 24))]),
        ] {
            assert_eq!(dates(written), Ok(expected), "{written}");
        }
    }

    #[test]
    fn months_and_years_stand_for_their_first_day() {
        assert_eq!(period("octobre 2026"), Ok(day(2026, 10, 1)));
        assert_eq!(period("2020"), Ok(day(2020, 1, 1)));
        for wrong in ["octobre", "20", "lundi 2026", ""] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn impossible_dates_say_why() {
        for (written, part) in [
            ("31 novembre 2026", "n'est pas une date du calendrier"),
            ("24 décembre", "il manque l'année"),
            ("dimanche 5 décembre 2026", "est un samedi, pas un dimanche"),
            ("17 au 13 août 2026", "finit avant de commencer"),
            ("bientôt", "n'est pas une date"),
            ("", "n'est pas une date"),
            ("au 3 mai 2026", "n'est pas une date"),
            ("99999999999 mai 2026", "n'est pas une date"),
            ("lundi", "n'est pas une date"),
        ] {
            let wrong = dates(written).unwrap_err();
            assert!(wrong.message.contains(part), "{written}: {}", wrong.message);
        }
    }

    #[test]
    fn times_of_day() {
        for (written, expected) in [
            ("8h30", hour(8, 30, 0, 0)),
            ("8 h", hour(8, 0, 0, 0)),
            ("13:45", hour(13, 45, 0, 0)),
            ("20 heures", hour(20, 0, 0, 0)),
            ("Midi", hour(12, 0, 0, 0)),
        ] {
            assert_eq!(time(written), Ok(expected), "{written}");
        }
        for written in ["8h3", "25h", "8", "", "h", "tôt"] {
            assert!(time(written).is_err(), "{written}");
        }
        assert_eq!(date_time("samedi 5 décembre 2026 à 20h"), Ok(jiff::civil::datetime(2026, 12, 5, 20, 0, 0, 0)));
    }
}
