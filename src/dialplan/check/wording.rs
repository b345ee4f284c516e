//! Words that clash, answers too long to listen to, and the notice the law asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Findings, said, situations};
use crate::dialplan::text::{CHARACTERS_A_VALUE, folded_words, spoken_characters, spoken_duration};
use crate::dialplan::{Dialplan, Language, LanguagePlan, Location, Part, Phrase, Speech, Topic, TopicId, Trigger};

/// Nobody listens longer to an automatic voice.
const LONGEST: Duration = Duration::from_secs(20);
/// Wordings of one phrase that are compared; a phrase that stands for more is compared in part.
const VARIANTS: usize = 400;

pub(super) fn check(dialplan: &Dialplan, findings: &mut Findings) {
    for plan in &dialplan.plans {
        for topic in &plan.topics {
            length(dialplan, &plan.language, topic, findings);
        }
        notice(plan, findings);
        clashes(plan, findings);
    }
}

fn length(dialplan: &Dialplan, language: &Language, topic: &Topic, findings: &mut Findings) {
    let length = |speech: &Speech| spoken_length(dialplan, language, speech);
    for situation in situations(topic) {
        if too_long(said(topic, &situation), length, findings) {
            break;
        }
    }
    let others = topic.slots.iter().map(|slot| &slot.question).chain(&topic.confirm).chain(&topic.on_silence);
    for speech in others {
        too_long(std::iter::once(speech), length, findings);
    }
}

fn too_long<'a>(
    speeches: impl Iterator<Item = &'a Speech>,
    length: impl Fn(&Speech) -> usize,
    findings: &mut Findings,
) -> bool {
    let mut characters = 0;
    let mut last = None;
    for speech in speeches {
        characters += length(speech);
        last = Some(speech.location);
    }
    let duration = spoken_duration(characters);
    match last {
        Some(at) if duration > LONGEST => {
            findings.warning(
                at,
                format!(
                    "cette réponse dure environ {} secondes ; on n'écoute guère plus de {}",
                    duration.as_secs(),
                    LONGEST.as_secs()
                ),
                "raccourcissez-la, ou mettez la suite dans un sujet « ### » proposé à la fin",
            );
            true
        }
        _ => false,
    }
}

fn spoken_length(dialplan: &Dialplan, language: &Language, speech: &Speech) -> usize {
    speech
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => spoken_characters(text),
            Part::Value(value) => {
                dialplan.fixed_value(value, language).map_or(CHARACTERS_A_VALUE, |said| spoken_characters(&said))
            }
        })
        .sum()
}

/// Callers are told that they speak with a machine (regulation (EU) 2024/1689, article 50).
fn notice(plan: &LanguagePlan, findings: &mut Findings) {
    const NOTICES: &[&str] = &[
        "assistant",
        "assistante",
        "automatique",
        "automate",
        "robot",
        "vocal",
        "vocale",
        "virtuel",
        "virtuelle",
        "automated",
        "virtual",
        "automatic",
    ];
    let welcome = plan.topic(plan.welcome);
    let told = welcome.say.iter().flat_map(|speech| &speech.parts).any(|part| match part {
        Part::Text(text) => folded_words(text).iter().any(|word| NOTICES.contains(&word.as_str())),
        Part::Value(_) => false,
    });
    if !told {
        findings.warning(
            welcome.location,
            "l'accueil ne dit pas que l'on parle à un assistant automatique",
            "le règlement européen sur l'intelligence artificielle le demande (article 50) : « Je suis l'assistant vocal. »",
        );
    }
}

/// Two topics that claim the same words: those valid at any time among each other, and the follow-ups of one topic.
fn clashes(plan: &LanguagePlan, findings: &mut Findings) {
    let mut claims: BTreeMap<(Option<TopicId>, String), (String, Location)> = BTreeMap::new();
    let mut claim = |circle: Option<TopicId>, owner: &str, phrase: &Phrase, at: Location, findings: &mut Findings| {
        for variant in phrase.variants(VARIANTS) {
            let words = folded_words(&variant).join(" ");
            let (first, _) = claims.entry((circle, words.clone())).or_insert_with(|| (owner.to_owned(), at));
            if first != owner {
                findings.error(
                    at,
                    format!("« {owner} » et « {first} » se disputent les mots « {words} »"),
                    "changez la phrase dans l'un des deux sujets",
                );
                return;
            }
        }
    };
    for rule in &plan.everywhere {
        for trigger in &rule.triggers {
            if let Trigger::Phrase(phrase) = trigger {
                claim(None, "Partout", phrase, rule.location, findings);
            }
        }
    }
    for (id, topic) in plan.iter() {
        let owner = match topic.parent {
            Some(parent) => format!("{} > {}", plan.topic(parent).title, topic.title),
            None => topic.title.clone(),
        };
        // A follow-up and its own parent are both listened for while the parent is open.
        let circles = match topic.parent {
            Some(parent) => vec![Some(parent)],
            None => vec![None, Some(id)],
        };
        for phrase in &topic.phrases {
            for circle in &circles {
                claim(*circle, &owner, phrase, topic.location, findings);
            }
        }
    }
}
