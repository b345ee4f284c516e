//! What has grown old: dates gone by, sources long unchecked, hours that forget the public holidays.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Findings, speeches};
use crate::dialplan::spoken;
use crate::dialplan::text::folded_words;
use crate::dialplan::{Days, Dialplan, Hours, Location, Part, Topic};

pub(super) fn check(dialplan: &Dialplan, today: Date, findings: &mut Findings) {
    if dialplan.hours.lines.is_empty() {
        findings.warning(
            Location::default(),
            "les horaires de la mairie manquent : elle passe pour fermée",
            "dans mairie.md, écrivez « ## Horaires », puis « - lundi au vendredi : 8h30-12h, 13h30-17h30 »",
        );
    }
    hours(&dialplan.hours, today, findings);
    for entry in &dialplan.directory {
        if let Some(own) = &entry.hours {
            hours(own, today, findings);
        }
    }
    for plan in &dialplan.plans {
        let mut old: BTreeMap<usize, Vec<&Topic>> = BTreeMap::new();
        let mut undated: BTreeMap<usize, Vec<&Topic>> = BTreeMap::new();
        for topic in &plan.topics {
            past_dates(topic, today, findings);
            let Some(source) = &topic.source else {
                continue;
            };
            match source.checked {
                None => undated.entry(source.location.file).or_default().push(topic),
                Some(date) if date.saturating_add(1.year()) < today => {
                    old.entry(source.location.file).or_default().push(topic);
                }
                Some(date) if date > today => findings.warning(
                    source.location,
                    format!("cette source aurait été vérifiée le {}, qui n'est pas encore venu", spoken::date(date)),
                    "corrigez la date",
                ),
                Some(_) => {}
            }
        }
        sources(&old, "n'ont pas été vérifiées depuis plus d'un an", findings);
        sources(&undated, "ne disent pas quand elles ont été vérifiées", findings);
    }
}

/// One warning a file, or they would hide everything else.
fn sources(by_file: &BTreeMap<usize, Vec<&Topic>>, what: &str, findings: &mut Findings) {
    const NAMED: usize = 3;
    for topics in by_file.values() {
        let Some(at) = topics.first().and_then(|topic| topic.source.as_ref()).map(|source| source.location) else {
            continue;
        };
        let mut names: Vec<String> = topics.iter().take(NAMED).map(|topic| format!("« {} »", topic.title)).collect();
        if topics.len() > NAMED {
            names.push(format!("et {} autres", topics.len() - NAMED));
        }
        findings.warning(
            at,
            format!("des sources de cette fiche {what} : {}", names.join(", ")),
            "relisez ces réponses, puis datez-les : « - Source : …, vérifié le … »",
        );
    }
}

fn hours(hours: &Hours, today: Date, findings: &mut Findings) {
    let holidays = hours.lines.iter().position(|line| line.days == Days::PublicHolidays);
    match (holidays, hours.lines.first()) {
        (None, Some(first)) => findings.warning(
            first.location,
            "ces horaires ne disent rien des jours fériés : la mairie passe pour ouverte le 14 juillet",
            "ajoutez à la fin « - jours fériés : fermé »",
        ),
        (Some(at), _) => {
            let after = hours.lines[at..].iter().find(|line| matches!(line.days, Days::Weekdays(_)));
            if let Some(line) = after {
                findings.warning(
                    line.location,
                    "cette ligne l'emporte sur les jours fériés : la dernière ligne qui convient est la bonne",
                    "écrivez-la avant « jours fériés »",
                );
            }
        }
        (None, None) => {}
    }
    for line in &hours.lines {
        if let Days::Dates { last, .. } = line.days
            && last < today
        {
            findings.warning(
                line.location,
                format!("cette date est passée depuis le {}", spoken::date(last)),
                "enlevez la ligne, ou changez l'année",
            );
        }
    }
}

/// "du 3 mars 2025" said after that day.
fn past_dates(topic: &Topic, today: Date, findings: &mut Findings) {
    for speech in speeches(topic) {
        for part in &speech.parts {
            let Part::Text(text) = part else {
                continue;
            };
            if let Some(date) = latest_date(text).filter(|date| *date < today) {
                findings.warning(
                    speech.location,
                    format!("cette réponse parle du {}, qui est passé", spoken::date(date)),
                    "mettez la réponse à jour",
                );
            }
        }
    }
}

/// The last day a text names in full, as in "du 3 au 7 mars 2025".
fn latest_date(text: &str) -> Option<Date> {
    let words = folded_words(text);
    words
        .windows(3)
        .filter_map(|three| {
            let day: i8 = three[0].strip_suffix("er").unwrap_or(&three[0]).parse().ok()?;
            let month = spoken::month(&three[1])?;
            let year: i16 = three[2].parse().ok()?;
            Date::new(year, month, day).ok()
        })
        .max()
}
