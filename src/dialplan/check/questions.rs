//! Every question can be answered, by voice and by key, and no key means two things.

use std::collections::BTreeMap;

use super::{Findings, is_special};
use crate::dialplan::{Action, Dialplan, LanguagePlan, Part, SlotKind, Speech, Topic, TopicId, Trigger};

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    for plan in &dialplan.plans {
        for (id, topic) in plan.iter() {
            routes(topic, findings);
            clashes(plan, topic, findings);
            form(topic, findings);
            unanswered(plan, id, topic, findings);
        }
    }
}

/// Those who cannot be understood, or cannot speak, answer with keys.
fn routes(topic: &Topic, findings: &mut Findings) {
    for rule in &topic.rules {
        if !rule.triggers.iter().any(|trigger| matches!(trigger, Trigger::Key(_))) {
            findings.error(
                rule.location,
                "on ne peut pas donner cette réponse au clavier",
                "ajoutez une touche : « - oui, touche 1 : … »",
            );
        }
    }
    for slot in &topic.slots {
        for option in slot.options.iter().filter(|option| option.key.is_none()) {
            findings.error(
                slot.location,
                format!("on ne peut pas choisir « {} » au clavier", option.phrase.written),
                "ajoutez une touche : « - le matin, touche 1 »",
            );
        }
    }
}

/// One key, one meaning.
fn clashes(plan: &LanguagePlan, topic: &Topic, findings: &mut Findings) {
    let mut meanings: BTreeMap<char, &Action> = BTreeMap::new();
    for rule in &topic.rules {
        for key in keys(&rule.triggers) {
            if meanings.get(&key).is_some_and(|known| **known != rule.action) {
                findings.error(
                    rule.location,
                    format!("la touche {key} a déjà un autre sens dans « {} »", topic.title),
                    "donnez-lui une touche libre",
                );
            }
            meanings.entry(key).or_insert(&rule.action);
            let everywhere = plan.everywhere.iter().find(|known| keys(&known.triggers).any(|k| k == key));
            match everywhere {
                Some(known) if known.action != rule.action => findings.warning(
                    rule.location,
                    format!("la touche {key} a un autre sens ici que sous « Partout »"),
                    "choisissez une touche que « Partout » n'emploie pas",
                ),
                _ => {}
            }
        }
    }
    for slot in &topic.slots {
        let mut pressed: Vec<char> = slot.options.iter().filter_map(|option| option.key).collect();
        pressed.sort_unstable();
        if let Some(twice) = pressed.windows(2).find(|pair| pair[0] == pair[1]) {
            findings.error(
                slot.location,
                format!("la touche {} vaut pour deux choix", twice[0]),
                "donnez une touche à chaque choix",
            );
        }
    }
}

fn keys(triggers: &[Trigger]) -> impl Iterator<Item = char> {
    triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Key(key) => Some(*key),
        _ => None,
    })
}

/// A form has something to choose, to confirm and to keep.
fn form(topic: &Topic, findings: &mut Findings) {
    for slot in &topic.slots {
        if slot.kind == SlotKind::Choice && slot.options.len() < 2 {
            findings.error(
                slot.location,
                format!("« Demander {} » n'offre pas de choix", slot.name),
                "écrivez au moins deux lignes : « - le matin, touche 1 »",
            );
        }
    }
    if topic.slots.is_empty() {
        if let Some(confirm) = &topic.confirm {
            findings.error(confirm.location, "il n'y a rien à confirmer ici", "écrivez d'abord « Demander … : »");
        }
        return;
    }
    if topic.record.is_none() {
        findings.warning(
            topic.location,
            format!("ce que demande « {} » n'est gardé nulle part", topic.title),
            "ajoutez « - Enregistrer : » et le nom de la demande",
        );
    }
    if topic.confirm.is_none() {
        findings.warning(
            topic.location,
            format!("« {} » ne fait pas confirmer ce qui a été compris", topic.title),
            "ajoutez « Confirmer : » et une phrase qui répète les réponses",
        );
    }
}

/// Something is said whether the town hall is open or closed, and a question asked awaits an answer.
fn unanswered(plan: &LanguagePlan, id: TopicId, topic: &Topic, findings: &mut Findings) {
    use crate::dialplan::Condition::{Always, IfClosed, IfOpen};
    for (state, word) in [(IfOpen, "ouverte"), (IfClosed, "fermée")] {
        let silent = !topic.say.iter().any(|speech| speech.condition == Always || speech.condition == state);
        if silent && topic.slots.is_empty() {
            findings.error(
                topic.location,
                format!("« {} » ne dit rien quand la mairie est {word}", topic.title),
                "ajoutez une réponse pour ce cas, ou une qui vaut toujours",
            );
        }
    }
    if topic.say.iter().any(ends_with_a_question)
        && topic.rules.is_empty()
        && topic.slots.is_empty()
        && topic.next.is_none()
        && !is_special(plan, id)
        && plan.follow_ups(id).next().is_none()
    {
        findings.warning(
            topic.location,
            format!("« {} » pose une question, mais aucune réponse n'est prévue", topic.title),
            "ajoutez « - oui, touche 1 : … » et « - non, touche 2 : … »",
        );
    }
}

fn ends_with_a_question(speech: &Speech) -> bool {
    matches!(speech.parts.last(), Some(Part::Text(text)) if text.trim_end().ends_with('?'))
}
