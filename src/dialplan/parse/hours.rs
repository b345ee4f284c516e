//! Lines of opening hours: `lundi au vendredi : 8h30-12h, 13h30-17h30`.

use jiff::civil::{Time, Weekday};

use super::Sink;
use super::inline::Inline;
use super::label::statement;
use super::when::{self, NotATime};
use crate::dialplan::text::fold;
use crate::dialplan::{Days, HoursLine, Span};

/// Reads one line; several lines come of it when it names several dates.
pub(super) fn line(written: &Inline, sink: &mut Sink) -> Vec<HoursLine> {
    let Some((left, right)) = statement(written) else {
        sink.error(
            written.location(),
            "cette ligne d'horaires n'est pas comprise",
            "écrivez par exemple « - lundi au vendredi : 8h30-12h, 13h30-17h30 »",
        );
        return Vec::new();
    };
    let days = days(left.text());
    let open = spans(right.text());
    for (part, wrong) in [(&left, days.as_ref().err()), (&right, open.as_ref().err())] {
        if let Some(wrong) = wrong {
            sink.error(part.location(), wrong.message.clone(), wrong.remedy);
        }
    }
    let (Ok(days), Ok(open)) = (days, open) else {
        return Vec::new();
    };
    days.into_iter().map(|days| HoursLine { days, open: open.clone(), location: written.location() }).collect()
}

fn days(written: &str) -> Result<Vec<Days>, NotATime> {
    let text = fold(written);
    match text.as_str() {
        "jours feries" | "les jours feries" | "jour ferie" | "feries" => {
            return Ok(vec![Days::PublicHolidays]);
        }
        "tous les jours" | "chaque jour" | "7 jours sur 7" => {
            return Ok(vec![Days::Weekdays(week().to_vec())]);
        }
        _ => {}
    }
    if let Some(days) = weekdays(&text) {
        return Ok(vec![Days::Weekdays(days)]);
    }
    match when::dates(written) {
        Ok(ranges) => Ok(ranges.into_iter().map(|(first, last)| Days::Dates { first, last }).collect()),
        Err(wrong) if text.chars().any(|c| c.is_ascii_digit()) => Err(wrong),
        Err(_) => Err(NotATime {
            message: format!("« {written} » n'est ni un jour, ni une date"),
            remedy: "écrivez « lundi au vendredi », « samedi », « jours fériés » ou « 24 décembre 2026 »",
        }),
    }
}

/// `lundi au vendredi`, `lundi, mercredi et vendredi`; `None` if a word is no weekday.
fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    let mut days: Vec<Weekday> = Vec::new();
    let mut range = false;
    for word in text.replace([',', '-'], " , ").split_whitespace() {
        match word {
            "du" | "le" | "les" | "et" => {}
            "," if !text.contains('-') => {}
            "au" | "a" | "," => range = true,
            word => {
                let day = when::weekday(word)?;
                if std::mem::take(&mut range) {
                    let mut next = days.last()?.next();
                    while next != day {
                        days.push(next);
                        next = next.next();
                    }
                }
                days.push(day);
            }
        }
    }
    if days.is_empty() || range {
        return None;
    }
    days.sort_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    Some(days)
}

fn week() -> [Weekday; 7] {
    use Weekday::*;
    [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]
}

fn spans(written: &str) -> Result<Vec<Span>, NotATime> {
    let text = fold(written);
    match text.as_str() {
        "ferme" | "fermee" | "fermes" | "fermeture" => return Ok(Vec::new()),
        "jour et nuit" | "24h/24" | "24h sur 24" => {
            return Ok(vec![Span { from: Time::midnight(), to: Time::MAX }]);
        }
        _ => {}
    }
    let mut spans = text
        .replace(" et ", ",")
        .replace(" puis ", ",")
        .split([',', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(span)
        .collect::<Result<Vec<_>, _>>()?;
    spans.sort_by_key(|span| span.from);
    if spans.is_empty() {
        return Err(NotATime {
            message: "il manque les heures".to_owned(),
            remedy: "écrivez « 8h30-12h, 13h30-17h30 » ou « fermé »",
        });
    }
    if spans.windows(2).any(|pair| pair[0].to > pair[1].from) {
        return Err(NotATime {
            message: format!("les heures de « {written} » se chevauchent"),
            remedy: "écrivez par exemple « 8h30-12h, 13h30-17h30 »",
        });
    }
    Ok(spans)
}

fn span(written: &str) -> Result<Span, NotATime> {
    let text = written.strip_prefix("de ").unwrap_or(written);
    let (from, to) =
        text.split_once('-').or_else(|| text.split_once(" jusqu'a ")).or_else(|| text.split_once(" a ")).ok_or_else(
            || NotATime {
                message: format!("« {written} » n'est pas une plage d'heures"),
                remedy: "écrivez par exemple « 8h30-12h », ou « fermé »",
            },
        )?;
    let from = when::time(from.trim())?;
    let to = match to.trim() {
        "minuit" | "24h" | "24h00" | "0h" => Time::MAX,
        to => when::time(to)?,
    };
    if to <= from {
        return Err(NotATime {
            message: format!("« {written} » finit avant de commencer"),
            remedy: "écrivez l'heure d'ouverture, puis celle de fermeture",
        });
    }
    Ok(Span { from, to })
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn span_of(from: (i8, i8), to: (i8, i8)) -> Span {
        Span { from: time(from.0, from.1, 0, 0), to: time(to.0, to.1, 0, 0) }
    }

    #[test]
    fn weekdays_in_ranges_and_lists() {
        use Weekday::*;
        for (written, expected) in [
            ("lundi au vendredi", vec![Monday, Tuesday, Wednesday, Thursday, Friday]),
            ("Lundi-jeudi", vec![Monday, Tuesday, Wednesday, Thursday]),
            ("lundi, mercredi et vendredi", vec![Monday, Wednesday, Friday]),
            ("le samedi", vec![Saturday]),
            ("samedi au lundi", vec![Monday, Saturday, Sunday]),
            ("mardis et jeudis", vec![Tuesday, Thursday]),
        ] {
            assert_eq!(days(written), Ok(vec![Days::Weekdays(expected)]), "{written}");
        }
        assert_eq!(days("Jours fériés"), Ok(vec![Days::PublicHolidays]));
        assert!(days("lundit").is_err());
        assert!(days("au lundi").is_err());
    }

    #[test]
    fn hours_in_the_ways_people_write_them() {
        let usual = vec![span_of((8, 30), (12, 0)), span_of((13, 30), (17, 30))];
        for written in [
            "8h30-12h, 13h30-17h30",
            "de 8h30 à 12h et de 13h30 à 17h30",
            "8:30 – 12:00 ; 13:30 – 17:30",
            "13h30-17h30, 8h30-midi",
        ] {
            assert_eq!(spans(written), Ok(usual.clone()), "{written}");
        }
        assert_eq!(spans("Fermé"), Ok(Vec::new()));
        for wrong in ["12h-8h", "8h-12h, 11h-14h", "le matin", "", "8h30"] {
            assert!(spans(wrong).is_err(), "{wrong}");
        }
    }
}
