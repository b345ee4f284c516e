//! Hours, ranges of hours, dates, weekdays.

use regex::Captures;

use super::numbers::{cardinal, cardinal_feminine};
use super::pattern;
use crate::calendar::MONTHS;

const MONTH_NAMES: &str = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre";
const DAY_NAMES: &str = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche";
const SHORT_DAYS: [(&str, &str); 7] = [
    ("lun", "lundi"),
    ("mar", "mardi"),
    ("mer", "mercredi"),
    ("jeu", "jeudi"),
    ("ven", "vendredi"),
    ("sam", "samedi"),
    ("dim", "dimanche"),
];

pub(super) fn rewrite(text: &str) -> String {
    dates(&hours(&short_days(text)))
}

/// "lun.-ven." → "lundi-vendredi". "mar", "mer" and "sam" are words too: alone, they need their stop and what follows days.
fn short_days(text: &str) -> String {
    let long = |short: &str| {
        let lower = short.to_lowercase();
        SHORT_DAYS.iter().find(|(known, _)| *known == lower).map_or(lower.clone(), |(_, day)| (*day).to_owned())
    };
    let text =
        pattern!(r"(?i)\b(lun|mar|mer|jeu|ven|sam|dim)\.? ?([-–—/]|au|à|et|ou) ?(lun|mar|mer|jeu|ven|sam|dim)\b\.?")
            .replace_all(text, |c: &Captures| {
                let joined =
                    if matches!(&c[2], "-" | "–" | "—" | "/") { "-".to_owned() } else { format!(" {} ", &c[2]) };
                format!("{}{joined}{}", long(&c[1]), long(&c[3]))
            });
    pattern!(r"(?i)(\bla )?\b(lun|mar|mer|jeu|ven|sam|dim)\.( ?[:,]| \d| matin| après| et | au )")
        .replace_all(&text, |c: &Captures| match c.get(1) {
            Some(_) => c[0].to_owned(),
            None => format!("{}{}", long(&c[2]), &c[3]),
        })
        .into_owned()
}

fn hours(text: &str) -> String {
    let text = pattern!(r"\b24 ?h? ?/ ?24 ?h?\b").replace_all(text, "vingt-quatre heures sur vingt-quatre");
    let text =
        pattern!(r"\b24 ?/ ?7\b").replace_all(&text, "vingt-quatre heures sur vingt-quatre, sept jours sur sept");
    let text = pattern!(r"\b([5-7]) ?j(?:ours)? ?/ ?7 ?j?\b|\b7 ?/ ?7 ?j?\b").replace_all(&text, |c: &Captures| {
        let days = c.get(1).map_or(7, |days| days.as_str().parse().unwrap_or(7));
        format!("{} jours sur sept", cardinal(days))
    });
    // 8:30 is 8h30.
    let text = pattern!(r"\b([01]?\d|2[0-3]):([0-5]\d)\b").replace_all(&text, "${1}h$2");
    // "8h30-12h", "9-19 h"; the words "de … à …" unless "de" is there.
    let text = pattern!(
        r"(?i)(\bde |\bentre )?\b(\d{1,2})(?:h(\d\d)?| h(?: (\d\d))?)? ?[-–—/] ?(\d{1,2})(?:h(\d\d)?| h(?: (\d\d))?)\b"
    )
    .replace_all(&text, |c: &Captures| {
        let from = hour(&c[2], group(c, 3).or(group(c, 4)));
        let to = hour(&c[5], group(c, 6).or(group(c, 7)));
        match (from, to) {
            (Some(from), Some(to)) => match group(c, 1) {
                Some(word) if word.eq_ignore_ascii_case("entre ") => format!("{word}{from} et {to}"),
                Some(word) => format!("{word}{from} à {to}"),
                None => format!("de {from} à {to}"),
            },
            _ => c[0].to_owned(),
        }
    });
    pattern!(r"\b(\d{1,2})(?:[hH](\d\d)?| [hH](?: (\d\d))?)\b")
        .replace_all(&text, |c: &Captures| hour(&c[1], group(c, 2).or(group(c, 3))).unwrap_or_else(|| c[0].to_owned()))
        .into_owned()
}

/// "huit heures trente"; `None` when the minutes are none. More than 24 hours is a duration.
fn hour(hours: &str, minutes: Option<&str>) -> Option<String> {
    let hours: u64 = hours.parse().ok()?;
    let plural = if hours > 1 { "s" } else { "" };
    let mut words =
        if hours == 0 { "zéro heure".to_owned() } else { format!("{} heure{plural}", cardinal_feminine(hours)) };
    if let Some(minutes) = minutes {
        let minutes: u64 = minutes.parse().ok()?;
        if minutes > 59 {
            return None;
        }
        if minutes > 0 {
            words.push(' ');
            words.push_str(&cardinal_feminine(minutes));
        }
    }
    Some(words)
}

fn dates(text: &str) -> String {
    let text = pattern!(r"\b(\d{4})-(\d{2})-(\d{2})\b")
        .replace_all(text, |c: &Captures| date(&c[3], &c[2], Some(&c[1])).unwrap_or_else(|| c[0].to_owned()));
    let text = pattern!(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})\b")
        .replace_all(&text, |c: &Captures| date(&c[1], &c[2], Some(&c[3])).unwrap_or_else(|| c[0].to_owned()));
    let text = pattern!(r"\b(\d{2})/(\d{2})\b")
        .replace_all(&text, |c: &Captures| date(&c[1], &c[2], None).unwrap_or_else(|| c[0].to_owned()));
    // "le 5/3", "lundi 2/11": without a word that announces a date it is a fraction.
    let text = pattern!(&format!(r"(?i)\b(le|du|au|avant le|{DAY_NAMES}) (\d{{1,2}})/(\d{{1,2}})\b")).replace_all(
        &text,
        |c: &Captures| match date(&c[2], &c[3], None) {
            Some(date) => format!("{} {date}", &c[1]),
            None => c[0].to_owned(),
        },
    );
    let text = pattern!(r"(?i)\b(\d{1,2}|1er) (janv|févr|fév|avr|juil|sept|oct|nov|déc)\.").replace_all(
        &text,
        |c: &Captures| {
            let short = c[2].to_lowercase();
            let month = MONTHS.iter().find(|month| month.starts_with(&short));
            format!("{} {}", &c[1], month.unwrap_or(&short.as_str()))
        },
    );
    // "3-15 mars" is "du 3 au 15 mars".
    let text = pattern!(&format!(r"(?i)(\bdu |\bles )?\b(\d{{1,2}})(?:er)? ?[-–—] ?(\d{{1,2}}) ({MONTH_NAMES})\b"))
        .replace_all(&text, |c: &Captures| {
            let days = (group(c, 2).and_then(|day| day.parse::<u64>().ok()), c[3].parse::<u64>().ok());
            let (Some(from @ 1..=31), Some(to @ 1..=31)) = days else { return c[0].to_owned() };
            let from = if from == 1 { "premier".to_owned() } else { cardinal(from) };
            let (word, joint) = match group(c, 1) {
                Some(word) if word.eq_ignore_ascii_case("les ") => (word, "et"),
                Some(word) => (word, "au"),
                None => ("du ", "au"),
            };
            format!("{word}{from} {joint} {} {}", cardinal(to), &c[4])
        });
    let text = pattern!(&format!(r"(?i)\b1(?:er)? ({MONTH_NAMES})\b")).replace_all(&text, "premier $1");
    // "du 1er au 15 mars", "le 1 au matin" apart.
    let text = pattern!(&format!(r"(?i)\b(du|le) 1(?:er)? (au|et|ou)( \d{{1,2}} (?:{MONTH_NAMES})\b)"))
        .replace_all(&text, "$1 premier $2$3");
    pattern!(&format!(r"(?i)(\bdu )?\b({DAY_NAMES}) ?[-–—/] ?({DAY_NAMES})\b"))
        .replace_all(&text, |c: &Captures| format!("{}{} au {}", group(c, 1).unwrap_or("du "), &c[2], &c[3]))
        .into_owned()
}

/// "trois novembre deux mille vingt-six"; `None` when it is no date.
fn date(day: &str, month: &str, year: Option<&str>) -> Option<String> {
    let day: u64 = day.parse().ok()?;
    let month: usize = month.parse().ok()?;
    let name = MONTHS.get(month.checked_sub(1)?)?;
    let day = match day {
        1 => "premier".to_owned(),
        2..=31 => cardinal(day),
        _ => return None,
    };
    let Some(year) = year else {
        return Some(format!("{day} {name}"));
    };
    let number: u64 = year.parse().ok()?;
    let number = match year.len() {
        2 if number < 70 => 2000 + number,
        2 => 1900 + number,
        _ => number,
    };
    Some(format!("{day} {name} {}", cardinal(number)))
}

fn group<'t>(captures: &'t Captures, index: usize) -> Option<&'t str> {
    captures.get(index).map(|found| found.as_str())
}
