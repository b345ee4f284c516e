//! Values in `{…}` that the dialplan must hold: a number, an address, hours.

use super::{Findings, speeches};
use crate::dialplan::{Dialplan, Part, Place, Value};

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    for plan in &dialplan.plans {
        for speech in plan.topics.iter().flat_map(speeches) {
            for part in &speech.parts {
                let Part::Value(value) = part else { continue };
                if let Some((what, place)) = missing(dialplan, value) {
                    let (whose, remedy) = match place.and_then(|id| dialplan.directory.get(id.0)) {
                        Some(entry) => (
                            format!("« {} »", entry.name),
                            format!("ajoutez-le sous « ### {} » dans l'annuaire, ou changez cette phrase", entry.name),
                        ),
                        None => (
                            "la mairie".to_owned(),
                            "ajoutez-le au début de mairie.md, ou changez cette phrase".to_owned(),
                        ),
                    };
                    findings.error(
                        speech.location,
                        format!("on ne connaît pas {what} de {whose} : cette phrase ne serait pas dite"),
                        remedy,
                    );
                }
            }
        }
    }
}

/// What is not known, and of whom.
fn missing(dialplan: &Dialplan, value: &Value) -> Option<(&'static str, Place)> {
    let (what, place) = match value {
        Value::Number(place) => ("le numéro", *place),
        Value::Address(place) => ("l'adresse", *place),
        Value::Email(place) => ("le courriel", *place),
        Value::Website => ("le site", None),
        Value::Hours(place) => ("les horaires", *place),
        // Without any opening hours there is no next opening.
        Value::NextOpening(place) => {
            let lines = &dialplan.hours_of(*place).lines;
            return lines.iter().all(|line| line.open.is_empty()).then_some(("les horaires", *place));
        }
        Value::Today | Value::TodaysHours(_) | Value::Slot(_) => return None,
    };
    dialplan.fixed_value(value, &dialplan.languages.first()?.clone()).is_none().then_some((what, place))
}
