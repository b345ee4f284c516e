//! Every question can be answered, by voice and by key, and no key means two things.

use std::collections::BTreeMap;

use super::{Findings, is_special, said, situations};
use crate::dialplan::{Action, Condition, Dialplan, LanguagePlan, Part, SlotKind, Speech, Topic, TopicId, Trigger};

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    for plan in &dialplan.plans {
        for (id, topic) in plan.iter() {
            routes(topic, findings);
            clashes(plan, topic, findings);
            form(topic, findings);
            unanswered(dialplan, plan, id, topic, findings);
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
    let human = human_key(plan);
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
                Some(known) if known.action != rule.action && Some(key) == human => findings.error(
                    rule.location,
                    format!("la touche {key} mène partout à un agent : ici, elle ne le ferait plus"),
                    "donnez à cette réponse une touche libre",
                ),
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
        if slot.options.iter().any(|option| option.key.is_some() && option.key == human) {
            findings.error(
                slot.location,
                format!("la touche {} mène partout à un agent : ici, elle ne le ferait plus", human.unwrap_or('0')),
                "donnez à ce choix une touche libre",
            );
        }
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

/// The key of `Partout` that leads to a human.
fn human_key(plan: &LanguagePlan) -> Option<char> {
    let to_human = plan.everywhere.iter().filter(|rule| matches!(rule.action, Action::Transfer(_)));
    to_human.flat_map(|rule| keys(&rule.triggers)).next()
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
    if let Some(rule) = topic.rules.first() {
        findings.warning(
            rule.location,
            "cette réponse ne sert pas : ce sujet pose les questions de « Demander »",
            "enlevez-la, ou posez cette question dans un autre sujet",
        );
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
fn unanswered(dialplan: &Dialplan, plan: &LanguagePlan, id: TopicId, topic: &Topic, findings: &mut Findings) {
    let silent = situations(topic).into_iter().find(|situation| said(topic, situation).next().is_none());
    if let Some(situation) = silent.filter(|situation| !situation.is_empty() && topic.slots.is_empty()) {
        let places: Vec<String> = situation.iter().map(|condition| in_words(dialplan, *condition)).collect();
        findings.error(
            topic.location,
            format!("« {} » ne dit rien quand {}", topic.title, places.join(" et ")),
            "ajoutez une réponse pour ce cas, ou une qui vaut toujours",
        );
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

fn in_words(dialplan: &Dialplan, condition: Condition) -> String {
    match condition {
        Condition::Always => String::new(),
        Condition::IfOpen => "la mairie est ouverte".to_owned(),
        Condition::IfClosed => "la mairie est fermée".to_owned(),
        Condition::EntryOpen(entry) => format!("« {} » est ouvert", dialplan.entry(entry).name),
        Condition::EntryClosed(entry) => format!("« {} » est fermé", dialplan.entry(entry).name),
    }
}

fn ends_with_a_question(speech: &Speech) -> bool {
    matches!(speech.parts.last(), Some(Part::Text(text)) if text.trim_end().ends_with('?'))
}
