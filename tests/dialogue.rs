//! The town's dialplan as a whole: whatever callers do, nobody is left alone, and nearly all that is said is prepared.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use allo_mairie::dialogue::{Dialogue, Input, Output, Phrases, fixed_sentences};
use allo_mairie::dialplan::{Dialplan, parse, render};
use allo_mairie::files::read_dialplan;
use allo_mairie::rtp::Key;
use allo_mairie::understanding::Understanding;
use jiff::civil::datetime;
use proptest::prelude::*;

struct Town {
    plan: Arc<Dialplan>,
    phrases: Arc<Phrases>,
    understanding: Arc<Vec<Understanding>>,
    fixed: HashSet<String>,
    /// What callers may say: first variants of the officer's phrases.
    lines: Vec<String>,
}

static TOWN: LazyLock<Town> = LazyLock::new(|| {
    let files =
        read_dialplan(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dialplans/saint-germain-en-laye")).unwrap();
    let (plan, problems) = parse(&files);
    let plan = plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)));
    let phrases = Phrases::built_in();
    let topics = plan.plans.iter().flat_map(|p| &p.topics);
    let mut lines: Vec<String> = topics.flat_map(|t| &t.phrases).filter_map(|p| p.variants(1).pop()).collect();
    for line in [
        "oui",
        "non",
        "un agent",
        "répétez",
        "Le Goff",
        "06 12 34 56 78",
        "le matin",
        "des croquettes",
        "autre chose",
        "",
    ] {
        lines.extend(std::iter::repeat_n(line.to_owned(), 6));
    }
    Town {
        fixed: fixed_sentences(&plan, &phrases).into_iter().map(|(_, s)| s).collect(),
        understanding: Arc::new(plan.plans.iter().map(Understanding::train).collect()),
        plan: Arc::new(plan),
        phrases: Arc::new(phrases),
        lines,
    }
});

#[derive(Debug, Clone)]
enum Step {
    Line(usize),
    Key(char),
    Silence,
    Paused,
    Outcome(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(|i| Step::Line(i.index(1 << 20))),
        3 => prop::sample::select("0123456789*#".chars().collect::<Vec<_>>()).prop_map(Step::Key),
        1 => Just(Step::Silence),
        1 => Just(Step::Paused),
        1 => prop::sample::select(vec![480u16, 486, 503]).prop_map(Step::Outcome),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_left_alone(steps in prop::collection::vec(step(), 0..20), moment in 0usize..4, stuck in 0usize..4) {
        let town = &*TOWN;
        // A Tuesday morning, its lunch break, a Saturday evening, Christmas.
        let at = [
            datetime(2026, 11, 17, 10, 0, 0, 0),
            datetime(2026, 11, 17, 12, 30, 0, 0),
            datetime(2026, 12, 5, 20, 0, 0, 0),
            datetime(2026, 12, 25, 10, 0, 0, 0),
        ][moment];
        let mut dialogue =
            Dialogue::new(Arc::clone(&town.plan), Arc::clone(&town.phrases), Arc::clone(&town.understanding));
        let play = |dialogue: &mut Dialogue, input: Input| {
            dialogue.handle_input(at, input);
            let mut resolved = false;
            while let Some(output) = dialogue.poll_output() {
                resolved |= matches!(output, Output::Transfer(_) | Output::HangUp | Output::Save(_));
                if let Output::Say(prompt) = output {
                    for sentence in prompt.sentences {
                        // Not prepared: only what holds a value of this call.
                        let has_value = [
                            "lundi", "demain", "aujourd'hui", "Je note", "J'ai noté", "Aujourd'hui", "fermé", "Toujours au",
                            "Monday", "tomorrow", "today", "Today", "I have", "I've noted", "I also have", "Then is it",
                            "Still on", "The message:", "The place:",
                        ]
                        .iter()
                        .any(|v| sentence.contains(v));
                        assert!(town.fixed.contains(&sentence) || has_value, "not prepared: {sentence}");
                    }
                }
            }
            resolved
        };
        play(&mut dialogue, Input::Started { caller_number: None });
        for step in steps {
            let input = match step {
                Step::Line(i) => Input::Heard { text: town.lines[i % town.lines.len()].clone(), confidence: 0.9 },
                Step::Key(key) => Input::Key(Key(key)),
                Step::Silence => Input::Silence,
                Step::Paused => Input::KeysPaused,
                Step::Outcome(status) => Input::TransferFinished { status },
            };
            play(&mut dialogue, input);
        }
        // Whatever was ringing is busy; then nothing but silence, nonsense or key 0.
        play(&mut dialogue, Input::TransferFinished { status: 486 });
        let mut turns = 0;
        while !dialogue.has_ended() {
            turns += 1;
            prop_assert!(turns <= 8, "no way out");
            let input = match stuck {
                0 => Input::Silence,
                1 => Input::Heard { text: "le chat de la voisine mange des croquettes sur la plage".into(), confidence: 0.9 },
                // Less than a sentence: it may be taken for a name.
                3 => Input::Heard { text: "croquettes bleues".into(), confidence: 0.9 },
                _ => Input::Key(Key('0')),
            };
            let resolved = play(&mut dialogue, input);
            if resolved { break; }
            if stuck == 2 {
                let resolved = play(&mut dialogue, Input::KeysPaused);
                if resolved { break; }
            }
        }
    }
}
