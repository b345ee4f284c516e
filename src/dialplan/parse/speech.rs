//! What the agent says: text with `{values}`.

use super::Sink;
use super::inline::Inline;
use super::outline::Outline;
use crate::dialplan::text::{fold, suggest, title_key};
use crate::dialplan::{Condition, Part, Place, Speech, Value};

/// Reads a quotation. `slots`: names of the topic's form.
pub(super) fn speech(
    text: &Inline,
    condition: Condition,
    slots: &[String],
    outline: &Outline,
    sink: &mut Sink,
) -> Speech {
    let mut parts = Vec::new();
    let mut fixed = String::new();
    let mut rest = text.clone();
    loop {
        let Some(open) = rest.text().find('{') else {
            fixed.push_str(rest.text());
            break;
        };
        fixed.push_str(&rest.text()[..open]);
        let Some(close) = rest.text()[open..].find('}').map(|at| open + at) else {
            sink.error(
                rest.slice(open..open + 1).location(),
                "cette accolade n'est pas refermée",
                "écrivez par exemple « {prochaine ouverture} »",
            );
            break;
        };
        let name = rest.slice(open + 1..close).trim();
        if let Some(value) = value(&name, slots, outline, sink) {
            if !fixed.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut fixed)));
            }
            parts.push(Part::Value(value));
        }
        rest = rest.slice(close + 1..rest.text().len());
    }
    if !fixed.is_empty() {
        parts.push(Part::Text(fixed));
    }
    Speech { condition, parts, location: text.location() }
}

/// Values that need no form, as they are written: what they are called, and those of them that stand alone.
const BUILT_IN: &[&str] = &[
    "date",
    "prochaine ouverture",
    "horaires",
    "horaires du jour",
    "numéro de la mairie",
    "adresse de la mairie",
    "courriel de la mairie",
    "site de la mairie",
];

fn value(name: &Inline, slots: &[String], outline: &Outline, sink: &mut Sink) -> Option<Value> {
    let key = title_key(name.text());
    if let Some(slot) = slots.iter().find(|slot| title_key(slot) == key) {
        return Some(Value::Slot(slot.clone()));
    }
    match key.as_str() {
        "date" | "date du jour" => return Some(Value::Today),
        "site de la mairie" | "site internet de la mairie" => return Some(Value::Website),
        "horaires" => return Some(Value::Hours(None)),
        "horaires du jour" => return Some(Value::TodaysHours(None)),
        "prochaine ouverture" => return Some(Value::NextOpening(None)),
        _ => {}
    }
    // The longer beginnings first: "horaires du jour de la médiathèque".
    type Beginning = (&'static [&'static str], fn(Place) -> Value);
    const OF_A_PLACE: &[Beginning] = &[
        (&["prochaine", "ouverture"], Value::NextOpening),
        (&["horaires", "du", "jour"], Value::TodaysHours),
        (&["horaires"], Value::Hours),
        (&["numero"], Value::Number),
        (&["telephone"], Value::Number),
        (&["adresse"], Value::Address),
        (&["courriel"], Value::Email),
    ];
    for (words, value) in OF_A_PLACE {
        if let Some(place) = after(name, words).and_then(|rest| of(&rest)) {
            return outline.resolve_place(&place, sink).map(value);
        }
    }
    let known = || slots.iter().map(String::as_str).chain(BUILT_IN.iter().copied());
    sink.error(
        name.location(),
        format!("la valeur « {} » n'est pas connue ici", name.text()),
        match suggest(name.text(), known()) {
            Some(meant) => format!("vouliez-vous dire « {{{meant}}} » ?"),
            None => {
                format!("on peut écrire : {}", known().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", "))
            }
        },
    );
    None
}

/// What follows these words, an article before them forgiven.
fn after(name: &Inline, words: &[&str]) -> Option<Inline> {
    let (first, rest) = name.split_word();
    let mut rest = if matches!(fold(first.text()).as_str(), "le" | "la" | "les") { rest } else { name.clone() };
    for word in words {
        let (first, others) = rest.split_word();
        if fold(first.text()) != *word {
            return None;
        }
        rest = others;
    }
    Some(rest)
}

/// "de la médiathèque" → "la médiathèque"; `None` without "de".
fn of(rest: &Inline) -> Option<Inline> {
    let (first, others) = rest.split_word();
    match fold(first.text()).as_str() {
        "de" | "du" | "des" if !others.is_empty() => Some(others),
        word if word.starts_with("d'") => {
            let (at, _) = rest.text().char_indices().nth(2)?;
            Some(rest.slice(at..rest.text().len()))
        }
        _ => None,
    }
}
