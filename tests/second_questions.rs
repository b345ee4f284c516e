//! What callers say after an answer, on Saint-Germain-en-Laye: `sip-tests/understanding/context`, by words alone.
//!
//! `a.tsv` is what the weights are fitted on, `b.tsv` is held out; docs/understanding.md has the figures with the sentence encoder. The
//! floors stand a little below what was measured. Run with `-- --nocapture` to see the figures.

use std::path::PathBuf;
use std::sync::LazyLock;

use allo_mairie::dialplan::{Dialplan, TopicId, parse, render};
use allo_mairie::understanding::{Decision, Lack, Understanding};

static TOWN: LazyLock<Dialplan> = LazyLock::new(|| {
    let dir = root().join("dialplans/saint-germain-en-laye");
    let files = allo_mairie::files::read_dialplan(&dir).expect("the town's dialplan");
    let (plan, problems) = parse(&files);
    plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)))
});
static TRAINED: LazyLock<Understanding> = LazyLock::new(|| Understanding::train(&TOWN.plans[0]));

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn topic(name: &str) -> TopicId {
    let (service, slug) = name.split_once('/').unwrap_or_else(|| panic!("no topic: {name}"));
    TOWN.plans[0].find(service, slug).unwrap_or_else(|| panic!("no topic: {name}"))
}

#[derive(Debug, Default)]
struct Tally {
    follow: usize,
    follow_right: usize,
    follow_wrong: usize,
    away: usize,
    away_right: usize,
    /// Answered by the open service.
    away_kept: usize,
    signs: usize,
    signs_right: usize,
    alarms: usize,
}

fn measure(file: &str) -> Tally {
    let text = std::fs::read_to_string(root().join("sip-tests/understanding/context").join(file)).expect("a table");
    let mut tally = Tally::default();
    for line in text.lines().skip(1) {
        let [open, sentence, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not three columns: {line}");
        };
        let service = |topic: TopicId| TOWN.plans[0].topics[topic.0].service.as_str();
        let open = topic(open);
        let found = TRAINED.interpret(sentence, Some(open));
        tally.alarms += usize::from(found.decision == Decision::Emergency);
        match expected {
            "ack" => {
                tally.signs += 1;
                tally.signs_right += usize::from(found.decision == Decision::Unknown && found.lack == Lack::Question);
            }
            "same" | "none" => {}
            _ if service(topic(expected)) == service(open) => {
                tally.follow += 1;
                match found.decision {
                    Decision::Answer(found) if found == topic(expected) => tally.follow_right += 1,
                    Decision::Answer(found) if service(found) != service(open) => tally.follow_wrong += 1,
                    _ => {}
                }
            }
            _ => {
                tally.away += 1;
                match found.decision {
                    Decision::Answer(found) if service(found) == service(topic(expected)) => tally.away_right += 1,
                    Decision::Answer(found) if service(found) == service(open) => tally.away_kept += 1,
                    _ => {}
                }
            }
        }
    }
    println!("{file}: {tally:?}");
    tally
}

#[track_caller]
fn at_least(part: usize, of: usize, percent: usize) {
    assert!(part * 100 >= of * percent, "{part} of {of} is below {percent} %");
}

#[test]
fn a_second_question_goes_on_from_the_open_topic() {
    for file in ["a.tsv", "b.tsv"] {
        let tally = measure(file);
        assert!(tally.follow >= 140 && tally.away >= 40 && tally.signs >= 20, "{tally:?}");
        at_least(tally.follow_right, tally.follow, 60);
        at_least(tally.follow - tally.follow_wrong, tally.follow, 88);
        at_least(tally.away_right, tally.away, 70);
        at_least(tally.away - tally.away_kept, tally.away, 90);
        at_least(tally.signs_right, tally.signs, 40);
        assert!(tally.alarms <= 12, "{tally:?}");
    }
}

#[test]
fn danger_in_the_middle_of_a_call_is_danger() {
    for open in
        ["voirie/trou-ou-trottoir-abime", "cni_passeport/carte-d-identite", "ccas_social/aides-aux-personnes-agees"]
    {
        for danger in [
            "Ah mon Dieu, ma femme vient de tomber dans l'escalier, elle ne répond plus !",
            "D'accord. Attendez, il y a le feu dans la cuisine !",
            "ça sent le gaz depuis tout à l'heure chez moi",
            "Oui. Un homme frappe sa femme sur le palier, là, maintenant.",
        ] {
            assert_eq!(TRAINED.interpret(danger, Some(topic(open))).decision, Decision::Emergency, "{open}: {danger}");
        }
    }
}

#[test]
fn somebody_asked_for_in_the_middle_of_a_call_is_reached() {
    for asked in ["Ah d'accord, mais je voudrais parler à quelqu'un.", "Non, passez-moi un agent."] {
        let found = TRAINED.interpret(asked, Some(topic("dechets/encombrants")));
        assert!(matches!(found.decision, Decision::Reach { .. }), "{asked}: {found:?}");
    }
}
