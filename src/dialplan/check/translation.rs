//! Topics that stand in one language only.

use std::collections::BTreeMap;

use super::Findings;
use crate::dialplan::{Dialplan, LanguagePlan, Topic};

/// Titles named in one warning.
const NAMED: usize = 3;

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    let Some((first, others)) = dialplan.plans.split_first() else {
        return;
    };
    for plan in others {
        untranslated(first, plan, findings);
        unpaired(first, plan, findings);
    }
}

/// Topics of the first language that another one lacks: one warning a file, or they would hide everything else.
fn untranslated(first: &LanguagePlan, plan: &LanguagePlan, findings: &mut Findings) {
    let mut missing: BTreeMap<&str, Vec<&Topic>> = BTreeMap::new();
    for topic in &first.topics {
        if plan.find(&topic.service, &topic.slug).is_none() {
            missing.entry(&topic.service).or_default().push(topic);
        }
    }
    let language = &plan.language.0;
    for topics in missing.values() {
        let Some(topic) = topics.first() else { continue };
        let remedy = format!(
            "dans {language}/, écrivez ce sujet sous le titre « ## … {{#{}}} »",
            topic.slug.rsplit('/').next().unwrap_or_default()
        );
        let message = match topics.as_slice() {
            [only] => format!("le sujet « {} » n'est pas traduit dans la langue « {language} »", only.title),
            several => {
                let mut names: Vec<String> =
                    several.iter().take(NAMED).map(|topic| format!("« {} »", topic.title)).collect();
                if several.len() > NAMED {
                    names.push(format!("et {} autres", several.len() - NAMED));
                }
                format!("ces sujets ne sont pas traduits dans la langue « {language} » : {}", names.join(", "))
            }
        };
        findings.warning(topic.location, message, remedy);
    }
}

/// Topics whose id no topic of the first language has: most often a slip in the id.
fn unpaired(first: &LanguagePlan, plan: &LanguagePlan, findings: &mut Findings) {
    for topic in &plan.topics {
        if first.find(&topic.service, &topic.slug).is_none() {
            findings.warning(
                topic.location,
                format!("« {} » ne traduit aucun sujet de la langue « {} »", topic.title, first.language.0),
                "donnez-lui l'identifiant du sujet traduit, dans le fichier du même nom : « ## … {#carte-d-identite} »",
            );
        }
    }
}
