//! What the agent says: text with `{values}`.

use super::Sink;
use super::inline::Inline;
use crate::dialplan::text::{suggest, title_key};
use crate::dialplan::{Condition, Part, Speech, Value};

/// Reads a quotation. `slots`: names of the topic's form.
pub(super) fn speech(text: &Inline, condition: Condition, slots: &[String], sink: &mut Sink) -> Speech {
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
        if let Some(value) = value(&name, slots, sink) {
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

fn value(name: &Inline, slots: &[String], sink: &mut Sink) -> Option<Value> {
    const BUILT_IN: &[&str] = &["prochaine ouverture", "horaires du jour"];
    let key = title_key(name.text());
    match key.as_str() {
        "prochaine ouverture" => return Some(Value::NextOpening),
        "horaires du jour" => return Some(Value::TodaysHours),
        _ => {}
    }
    if let Some(slot) = slots.iter().find(|slot| title_key(slot) == key) {
        return Some(Value::Slot(slot.clone()));
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
