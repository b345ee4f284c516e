//! France's public holidays: eleven everywhere, two more in Alsace and Moselle (Code du travail, L3133-1 and L3134-13).

use jiff::ToSpan;
use jiff::civil::Date;

/// Which public holidays apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holidays {
    /// Good Friday and 26 December too.
    pub alsace_moselle: bool,
}

impl Holidays {
    pub fn contains(&self, date: Date) -> bool {
        self.name(date).is_some()
    }

    /// French name of the holiday this date is.
    pub fn name(&self, date: Date) -> Option<&'static str> {
        let fixed = match (date.month(), date.day()) {
            (1, 1) => Some("jour de l'an"),
            (5, 1) => Some("fête du travail"),
            (5, 8) => Some("8 mai"),
            (7, 14) => Some("14 juillet"),
            (8, 15) => Some("15 août"),
            (11, 1) => Some("Toussaint"),
            (11, 11) => Some("11 novembre"),
            (12, 25) => Some("Noël"),
            (12, 26) if self.alsace_moselle => Some("lendemain de Noël"),
            _ => None,
        };
        fixed.or_else(|| {
            let since_easter = date.since(easter(date.year())?).ok()?.get_days();
            match since_easter {
                -2 if self.alsace_moselle => Some("Vendredi saint"),
                1 => Some("lundi de Pâques"),
                39 => Some("Ascension"),
                50 => Some("lundi de Pentecôte"),
                _ => None,
            }
        })
    }

    /// The holidays of a year, in order.
    pub fn of_year(&self, year: i16) -> Vec<(Date, &'static str)> {
        let Ok(first) = Date::new(year, 1, 1) else {
            return Vec::new();
        };
        first
            .series(1.day())
            .take_while(|date| date.year() == year)
            .filter_map(|date| Some((date, self.name(date)?)))
            .collect()
    }
}

/// Easter Sunday of the Gregorian calendar.
fn easter(year: i16) -> Option<Date> {
    let easter = computus::gregorian(i32::from(year)).ok()?;
    let month = i8::try_from(easter.month).ok()?;
    let day = i8::try_from(easter.day).ok()?;
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_eleven_holidays_of_2026_and_2027() {
        let everywhere = Holidays::default();
        let days = |year| -> Vec<Date> {
            let found = everywhere.of_year(year);
            found.into_iter().map(|(date, _)| date).collect()
        };
        assert_eq!(
            days(2026),
            [
                date(2026, 1, 1),
                date(2026, 4, 6),
                date(2026, 5, 1),
                date(2026, 5, 8),
                date(2026, 5, 14),
                date(2026, 5, 25),
                date(2026, 7, 14),
                date(2026, 8, 15),
                date(2026, 11, 1),
                date(2026, 11, 11),
                date(2026, 12, 25),
            ]
        );
        // Ascension 2027 is 6 May, Whit Monday 17 May.
        assert!(days(2027).contains(&date(2027, 5, 6)));
        assert!(days(2027).contains(&date(2027, 5, 17)));
        assert_eq!(days(2027).len(), 11);
    }

    #[test]
    fn ascension_may_fall_on_another_holiday() {
        // 1 May 2008 and 8 May 1997 were also Ascension: one day less that year.
        assert_eq!(Holidays::default().of_year(2008).len(), 10);
        assert_eq!(Holidays::default().of_year(1997).len(), 10);
    }

    #[test]
    fn alsace_and_moselle_have_two_more() {
        let alsace = Holidays { alsace_moselle: true };
        assert!(alsace.contains(date(2026, 4, 3)));
        assert!(alsace.contains(date(2026, 12, 26)));
        assert!(!Holidays::default().contains(date(2026, 4, 3)));
        assert_eq!(alsace.of_year(2026).len(), 13);
    }
}
