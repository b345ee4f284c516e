//! Nobody is left alone: every transfer has somebody behind it and a fall-back, every topic can be reached.

use std::collections::BTreeSet;

use super::{Findings, actions, is_special};
use crate::dialplan::{Action, Dialplan, DirectoryId, LanguagePlan, Location, TopicId};

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    if dialplan.operator().is_none() {
        findings.error(
            Location::default(),
            "il n'y a personne à qui transférer un appel",
            "dans mairie.md, écrivez « ## Annuaire », « ### Standard » et « - Poste : 100 »",
        );
    }
    transfers(dialplan, findings);
    for plan in &dialplan.plans {
        human(plan, findings);
        unreachable(dialplan, plan, findings);
        by_keys(plan, findings);
    }
}

/// Entries calls are transferred to need an extension and a fall-back.
fn transfers(dialplan: &Dialplan, findings: &mut Findings) {
    let mut used: BTreeSet<DirectoryId> = BTreeSet::new();
    let mut missing = |action: &Action, at: Location, findings: &mut Findings| {
        let Action::Transfer(id) = action else {
            return;
        };
        used.insert(*id);
        let entry = dialplan.entry(*id);
        if entry.extension.is_none() {
            findings.error(
                at,
                format!("on ne peut pas transférer à « {} » : il n'a pas de poste", entry.name),
                "ajoutez « - Poste : » à ce service dans l'annuaire, ou transférez à un autre",
            );
        }
    };
    for plan in &dialplan.plans {
        for rule in &plan.everywhere {
            missing(&rule.action, rule.location, findings);
        }
        for topic in &plan.topics {
            for (action, at) in actions(topic) {
                missing(action, at, findings);
            }
        }
    }
    for entry in &dialplan.directory {
        if let Some(action) = &entry.fallback {
            missing(action, entry.location, findings);
        }
    }
    for id in used {
        let entry = dialplan.entry(id);
        match &entry.fallback {
            None => findings.warning(
                entry.location,
                format!("si « {} » ne répond pas, rien n'est prévu", entry.name),
                "ajoutez « - Si fermé, occupé ou sans réponse : aller à Demande de rappel »",
            ),
            Some(Action::Transfer(other)) if *other == id => findings.error(
                entry.location,
                format!("« {} » est renvoyé à lui-même", entry.name),
                "renvoyez à un autre service, ou à une demande de rappel",
            ),
            Some(_) => {}
        }
    }
}

/// A human can be asked for at any time, by word or by key.
fn human(plan: &LanguagePlan, findings: &mut Findings) {
    use crate::dialplan::Trigger;
    let mut to_human = plan.everywhere.iter().filter(|rule| matches!(rule.action, Action::Transfer(_))).peekable();
    if to_human.peek().is_none() {
        findings.error(
            plan.topic(plan.welcome).location,
            "on ne peut pas demander à parler à quelqu'un",
            "sous « ## Partout », écrivez « - « un agent », touche 0 : transférer à Standard »",
        );
    } else if !to_human.any(|rule| rule.triggers.iter().any(|trigger| matches!(trigger, Trigger::Key(_)))) {
        findings.error(
            plan.topic(plan.welcome).location,
            "aucune touche ne mène à un agent",
            "sous « ## Partout », ajoutez « touche 0 » à la ligne qui transfère",
        );
    }
}

/// A topic that no phrase and no action leads to is never heard.
fn unreachable(dialplan: &Dialplan, plan: &LanguagePlan, findings: &mut Findings) {
    let is_first = dialplan.plans.first().is_some_and(|first| first.language == plan.language);
    let fallbacks = dialplan.directory.iter().filter(|_| is_first).filter_map(|entry| entry.fallback.as_ref());
    let targets: BTreeSet<TopicId> = plan
        .topics
        .iter()
        .flat_map(|topic| actions(topic).map(|(action, _)| action))
        .chain(plan.everywhere.iter().map(|rule| &rule.action))
        .chain(fallbacks)
        .filter_map(|action| match action {
            Action::GoTo(id) | Action::Offer(id) => Some(*id),
            _ => None,
        })
        .collect();
    for (id, topic) in plan.iter() {
        let spoken_for = !topic.phrases.is_empty() || !topic.keywords.is_empty();
        if !spoken_for && !is_special(plan, id) && !targets.contains(&id) {
            findings.warning(
                topic.location,
                format!("rien ne mène au sujet « {} »", topic.title),
                "ajoutez « Quand on dit : » et des phrases, ou « aller à » dans un autre sujet",
            );
        }
    }
}

/// Callers who cannot be understood reach every service with the keypad.
fn by_keys(plan: &LanguagePlan, findings: &mut Findings) {
    let Some(menu) = plan.keypad_menu else {
        findings.warning(
            plan.topic(plan.welcome).location,
            "il n'y a pas de menu au clavier : qui n'est pas compris ne peut que demander un agent",
            "écrivez « ## Menu au clavier », puis « - touche 1 : aller à … »",
        );
        return;
    };
    let mut reached = BTreeSet::from([plan.welcome, menu]);
    reached.extend(plan.anything_else);
    let mut open: Vec<TopicId> = reached.iter().copied().collect();
    let everywhere = plan.everywhere.iter().map(|rule| &rule.action);
    let mut next: Vec<&Action> = everywhere.collect();
    loop {
        for action in next.drain(..) {
            if let Action::GoTo(id) | Action::Offer(id) = action
                && reached.insert(*id)
            {
                open.push(*id);
            }
        }
        let Some(id) = open.pop() else { break };
        next.extend(actions(plan.topic(id)).map(|(action, _)| action));
    }
    for service in &plan.services {
        let of_service = || plan.iter().filter(|(_, topic)| topic.service == service.id);
        let first = of_service().find(|(id, topic)| topic.parent.is_none() && !is_special(plan, *id));
        if let Some((_, topic)) = first
            && !of_service().any(|(id, _)| reached.contains(&id))
        {
            findings.warning(
                topic.location,
                format!("aucune touche ne mène à la fiche « {} »", service.title.as_ref().unwrap_or(&service.id)),
                format!("sous « ## Menu au clavier », ajoutez « - touche … : aller à {} »", topic.title),
            );
        }
    }
}
