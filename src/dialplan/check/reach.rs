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
    }
    translations(dialplan, findings);
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

/// Topics of the first language that another one lacks.
fn translations(dialplan: &Dialplan, findings: &mut Findings) {
    let Some((first, others)) = dialplan.plans.split_first() else {
        return;
    };
    for plan in others {
        for topic in &first.topics {
            if plan.find(&topic.service, &topic.slug).is_none() {
                findings.warning(
                    topic.location,
                    format!("le sujet « {} » n'est pas traduit dans la langue « {} »", topic.title, plan.language.0),
                    format!(
                        "dans {}/, écrivez ce sujet sous le titre « ## … {{#{}}} »",
                        plan.language.0,
                        topic.slug.rsplit('/').next().unwrap_or_default()
                    ),
                );
            }
        }
    }
}
