//! Decisions on a small dialplan: context, asking for somebody, mistakes of the ear, any input.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::dialplan::{Dialplan, SourceFile, parse, render};

static TOWN: LazyLock<Dialplan> = LazyLock::new(|| {
    let files = [SourceFile { path: "mairie.md".into(), text: include_str!("../dialogue/tests/town.md").into() }];
    let (plan, problems) = parse(&files);
    plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)))
});
static TRAINED: LazyLock<Understanding> = LazyLock::new(|| Understanding::train(&TOWN.plans[0]));

fn topic(slug: &str) -> TopicId {
    TOWN.plans[0].find("mairie", slug).unwrap_or_else(|| panic!("no topic {slug}"))
}

fn decision(text: &str, open: Option<&str>) -> Decision {
    TRAINED.interpret(text, open.map(topic)).decision
}

#[test]
fn phrases_are_spotted_in_long_sentences() {
    for text in [
        "alors euh je voudrais refaire ma carte d'identité s'il vous plaît",
        "bonsoir, j'ai perdu ma carte d'identité",
        "ma CNI est périmée",
        "refaire ma kni",
        "ma carte d'identité, il faudrait que je la renouvelle",
    ] {
        assert_eq!(decision(text, None), Decision::Answer(topic("carte-d-identite")), "{text}");
    }
}

#[test]
fn follow_ups_need_their_topic_open() {
    let price = topic("carte-d-identite/prix");
    assert_eq!(decision("et c'est gratuit", Some("carte-d-identite")), Decision::Answer(price));
    assert_eq!(decision("c'est payant", Some("carte-d-identite/pieces-a-apporter")), Decision::Answer(price));
    for open in [None, Some("passeport")] {
        assert_ne!(decision("et c'est gratuit", open), Decision::Answer(price), "{open:?}");
    }
}

#[test]
fn somebody_is_asked_for_with_the_service_meant() {
    assert_eq!(
        decision("je voudrais parler à quelqu'un pour un acte de naissance", None),
        Decision::Reach { service: Some(topic("acte-de-naissance")) }
    );
    assert_eq!(decision("passez-moi madame Martin", None), Decision::Reach { service: None });
}

#[test]
fn the_unknown_stays_unknown_and_emergencies_win() {
    assert_eq!(decision("le chat de la voisine mange des croquettes", None), Decision::Unknown);
    assert_eq!(decision("", None), Decision::Unknown);
    assert_eq!(decision("je voulais refaire ma carte d'identité mais il y a le feu", None), Decision::Emergency);
}

#[test]
fn danger_beside_a_matter_is_danger() {
    for danger in [
        "un homme se fait agresser devant le cinéma",
        "il y a eu un attentat à la conférence de la médiathèque, des gens sont par terre",
        "il y a un homme qui se fait agresser devant la salle où passe le film du cinéma en plein air",
        "je voulais refaire ma carte d'identité pour les vacances de mes enfants mais il y a le feu chez la voisine",
    ] {
        assert_eq!(decision(danger, None), Decision::Emergency, "{danger}");
    }
}

#[test]
fn every_candidate_says_why() {
    let found = TRAINED.interpret("refaire mon passeport", None);
    assert_eq!(found.ranking[0].topic, topic("passeport"));
    assert!(found.ranking[0].evidence.iter().any(|e| e.contains("phrase « (faire|refaire|renouveler)")), "{found:?}");
    assert!(found.ranking.len() <= MOST_CANDIDATES);
    assert!(found.ranking.windows(2).all(|w| w[0].score >= w[1].score));
}

#[test]
fn several_wishes_are_taken_in_their_order() {
    let found = TRAINED.interpret("je voudrais refaire mon passeport et puis un acte de naissance", None);
    assert_eq!(found.decision, Decision::Answer(topic("passeport")), "{found:?}");
    assert_eq!(found.also, [topic("acte-de-naissance")]);
    let found = TRAINED.interpret("mon mari et moi nous voulons refaire nos passeports", None);
    assert!(found.also.is_empty(), "{found:?}");
}

#[test]
fn what_an_unknown_sentence_lacks_is_told() {
    for (text, lack) in [
        ("c'est combien", Lack::Subject),
        ("je voudrais commander une pizza", Lack::Competence),
        ("les nuages dansent lentement", Lack::Words),
    ] {
        let found = TRAINED.interpret(text, None);
        assert_eq!((found.decision, found.lack), (Decision::Unknown, lack), "{text}");
        assert!(!found.reasons.is_empty(), "{text}");
    }
}

#[test]
fn every_decision_says_why() {
    for text in ["refaire mon passeport", "il y a le feu", "un agent", "le chat dort", "une naissance chez mon frère"]
    {
        let found = TRAINED.interpret(text, None);
        assert!(!found.reasons.is_empty() && (0.0..=1.0).contains(&found.confidence), "{text}: {found:?}");
    }
}

/// Words that make decisions of every kind, to be joined at random.
const WORDS: &[&str] = &[
    "carte",
    "identité",
    "passeport",
    "refaire",
    "et",
    "puis",
    "naissance",
    "c'est",
    "combien",
    "madame",
    "Martin",
    "parler",
    "à",
    "feu",
    "gaz",
    "pizza",
    "perdu",
    "mon",
    "rappelez-moi",
    "non",
    "connard",
    "seul",
    "service",
    "état",
    "civil",
    "kni",
];

proptest! {
    #[test]
    fn any_text_has_an_interpretation(
        noise in "\\PC{0,200}",
        words in prop::collection::vec(prop::sample::select(WORDS), 0..12),
        open in 0usize..12,
    ) {
        let text = format!("{} {noise}", words.join(" "));
        let found = TRAINED.interpret(&text, Some(TopicId(open)));
        prop_assert!(found.ranking.iter().all(|c| (0.0..=1.0).contains(&c.score)));
        prop_assert!((0.0..=1.0).contains(&found.confidence));
        let mut topics: Vec<TopicId> = found.ranking.iter().map(|c| c.topic).chain(found.also.iter().copied()).collect();
        match found.decision {
            Decision::Answer(topic) | Decision::Confirm(topic) | Decision::Reach { service: Some(topic) } => topics.push(topic),
            Decision::Offer(offered) => {
                prop_assert!(offered.len() >= 2);
                topics.extend(offered);
            }
            Decision::Reach { service: None } | Decision::Emergency | Decision::Unknown => {}
        }
        prop_assert!(topics.iter().all(|topic| topic.0 < TOWN.plans[0].topics.len()));
    }
}
