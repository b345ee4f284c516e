//! An understanding that has learned from any phrases, asked about any sentences: what it answers is among what it knows.

use std::sync::LazyLock;

use crate::dialplan::{Dialplan, SourceFile, TopicId, parse};
use crate::understanding::{Decision, Understanding};

const HEAD: &str = "# Mairie\n## Accueil\nDire :\n> Bonjour.\n\
                    ## Carte\nQuand on dit :\n- refaire [ma] carte\nMots : carte, identité\nRépondre :\n> Oui.\n\
                    ### Prix\nQuand on dit :\n- c'est combien\nRépondre :\n> Gratuit.\n";
/// Lines that become topics of their own.
const MOST_TOPICS: usize = 12;
const MOST_SENTENCES: usize = 8;

static BASE: LazyLock<(Dialplan, Understanding)> = LazyLock::new(|| trained(HEAD).expect("the base is sound"));

/// The first half of the input, up to a form feed, holds phrases, one a line; the other the sentences.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (phrases, sentences) = text.split_once('\u{c}').unwrap_or(("", &text));
    let mut written = HEAD.to_owned();
    for (index, phrase) in phrases.lines().take(MOST_TOPICS).enumerate() {
        written.push_str(&format!(
            "## Sujet {index}\nQuand on dit :\n- {phrase}\nMots : {phrase}\nRépondre :\n> {index}.\n"
        ));
    }
    let own = if phrases.is_empty() { None } else { trained(&written) };
    let (plan, understanding) = own.as_ref().unwrap_or(&BASE);
    let topics = plan.plans[0].topics.len();
    for sentence in sentences.lines().take(MOST_SENTENCES) {
        for open in [None, Some(TopicId(1)), Some(TopicId(topics - 1))] {
            let found = understanding.interpret(sentence, open);
            assert!(found.ranking.len() <= 5);
            for candidate in &found.ranking {
                assert!((0.0..=1.0).contains(&candidate.score), "{}", candidate.score);
                assert!(candidate.topic.0 < topics);
            }
            match found.decision {
                Decision::Answer(topic) | Decision::Confirm(topic) => assert!(topic.0 < topics),
                Decision::Offer(offered) => assert!(offered.len() >= 2 && offered.iter().all(|topic| topic.0 < topics)),
                _ => {}
            }
        }
    }
}

fn trained(text: &str) -> Option<(Dialplan, Understanding)> {
    let plan = parse(&[SourceFile { path: "mairie.md".to_owned(), text: text.to_owned() }]).0?;
    let understanding = Understanding::train(plan.plans.first()?);
    Some((plan, understanding))
}
