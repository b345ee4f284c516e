//! No dialplan that passes the checker can leave a caller alone: small dialplans made at random, most of them wild, are
//! checked, and those found sound are walked with the dialogue itself. What the checker refuses is not walked.

use std::fmt::Write as _;
use std::sync::LazyLock;

use allo_mairie::dialogue::{Conversation, Dialogue, Input, Output, Phrases};
use allo_mairie::dialplan::{Severity, SourceFile, check, parse};
use allo_mairie::rtp::Key;
use jiff::civil::{DateTime, date, datetime};
use proptest::prelude::*;

static PHRASES: LazyLock<Phrases> = LazyLock::new(Phrases::built_in);

/// Turns after which a caller who does but one thing must have got somewhere.
const MOST_TURNS: usize = 8;
const NOBODY: u16 = 486;

#[derive(Debug, Clone)]
struct Sketch {
    number: bool,
    menu: Vec<Action>,
    fallbacks: Vec<Option<Action>>,
    topics: Vec<Topic>,
    human_by_key: bool,
}

#[derive(Debug, Clone)]
struct Topic {
    rules: Vec<Action>,
    next: Option<Action>,
    after: Option<(u8, Action)>,
    form: bool,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    GoTo(usize),
    Offer(usize),
    Transfer(usize),
    Repeat,
    SlowDown,
    HangUp,
    Voicemail,
    AnythingElse,
    Menu,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0..5_usize).prop_map(Action::GoTo),
        2 => (0..5_usize).prop_map(Action::Offer),
        2 => (0..2_usize).prop_map(Action::Transfer),
        1 => Just(Action::Repeat),
        1 => Just(Action::SlowDown),
        1 => Just(Action::HangUp),
        1 => Just(Action::Voicemail),
        2 => Just(Action::AnythingElse),
        1 => Just(Action::Menu),
    ]
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let topic = (
        prop::collection::vec(action(), 0..3),
        prop::option::of(action()),
        prop::option::of((1..4_u8, action())),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(rules, next, after, form)| Topic { rules, next, after, form });
    (
        any::<bool>(),
        prop::collection::vec(action(), 1..4),
        prop::collection::vec(prop::option::of(action()), 2),
        prop::collection::vec(topic, 1..5),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(number, menu, fallbacks, topics, human_by_key)| Sketch {
            number,
            menu,
            fallbacks,
            topics,
            human_by_key,
        })
}

impl Sketch {
    fn write(&self, action: Action) -> String {
        let topic = |index: usize| format!("Sujet {}", index % self.topics.len());
        match action {
            Action::GoTo(index) => format!("aller à {}", topic(index)),
            Action::Offer(index) => format!("proposer {}", topic(index)),
            Action::Transfer(0) => "transférer à Standard".to_owned(),
            Action::Transfer(_) => "transférer à Police".to_owned(),
            Action::Repeat => "répéter".to_owned(),
            Action::SlowDown => "ralentir".to_owned(),
            Action::HangUp => "raccrocher".to_owned(),
            Action::Voicemail => "messagerie Accueil".to_owned(),
            Action::AnythingElse => "aller à Autre chose".to_owned(),
            Action::Menu => "aller à Menu au clavier".to_owned(),
        }
    }

    fn text(&self) -> String {
        let mut text = "# Mairie\n".to_owned();
        if self.number {
            text.push_str("- Numéro : 01 02 03 04 05\n");
        }
        text.push_str("## Horaires\n- lundi au vendredi : 9h-17h\n- jours fériés : fermé\n");
        text.push_str("## Accueil\nDire :\n> Bonjour, ici l'assistant automatique. Que puis-je faire ?\n");
        text.push_str("## Autre chose\nDire :\n> Autre chose ?\n## Menu au clavier\nDire :\n> Tapez un chiffre.\n");
        for (index, action) in self.menu.iter().enumerate() {
            let _ = writeln!(text, "- touche {} : {}", index + 1, self.write(*action));
        }
        let key = if self.human_by_key { ", touche 0" } else { "" };
        let _ = writeln!(text, "## Partout\n- « un agent »{key} : transférer à Standard\n- « au revoir » : raccrocher");
        for (index, topic) in self.topics.iter().enumerate() {
            let word = ["alpha", "bravo", "charlie", "delta", "echo"][index];
            let _ = writeln!(text, "## Sujet {index}\nQuand on dit :\n- {word}\n\nRépondre :\n> Voici {word}.");
            for (at, action) in topic.rules.iter().enumerate().filter(|_| !topic.form) {
                let trigger = ["oui, touche 1", "non, touche 2"][at];
                let _ = writeln!(text, "- {trigger} : {}", self.write(*action));
            }
            if topic.form {
                let _ =
                    writeln!(text, "\nDemander numéro (téléphone) :\n> Quel numéro ?\n- Enregistrer : demande {index}");
            }
            if let Some((count, action)) = topic.after {
                let _ = writeln!(text, "- Après {count} échecs : {}", self.write(action));
            }
            if let Some(action) = topic.next {
                let _ = writeln!(text, "- Ensuite : {}", self.write(action));
            }
        }
        text.push_str("## Annuaire\n");
        for (index, fallback) in self.fallbacks.iter().enumerate() {
            let _ = writeln!(text, "### {}\n- Poste : 10{index}", ["Standard", "Police"][index]);
            if let Some(action) = fallback {
                let _ = writeln!(text, "- Si fermé, occupé ou sans réponse : {}", self.write(*action));
            }
        }
        text
    }
}

/// What a caller does who has got stuck.
#[derive(Debug, Clone, Copy)]
enum Stuck {
    Silent,
    Babbling,
    KeyZero,
}

/// `true` when a human, a request or a goodbye came of it.
fn play(dialogue: &mut Dialogue, at: DateTime, input: Input) -> bool {
    dialogue.handle_input(at, input);
    std::iter::from_fn(|| dialogue.poll_output())
        .fold(false, |found, output| found | matches!(output, Output::HangUp | Output::Save(_) | Output::Transfer(_)))
}

fn step(key: char, line: Option<&str>) -> Input {
    match line {
        Some(text) => Input::Heard { text: text.to_owned(), confidence: 0.9 },
        None => Input::Key(Key(key)),
    }
}

/// From where these steps lead, what this caller does ends in time. Transfers on the way are not answered.
fn ends(town: &Conversation, at: DateTime, steps: &[Input], stuck: Stuck) -> Result<(), String> {
    let mut dialogue = town.start();
    play(&mut dialogue, at, Input::Started { caller_number: None });
    for input in steps {
        play(&mut dialogue, at, input.clone());
        // One who does not answer may lead to another.
        while play(&mut dialogue, at, Input::TransferFinished { status: NOBODY }) && !dialogue.has_ended() {}
    }
    for _ in 0..MOST_TURNS {
        if dialogue.has_ended() {
            return Ok(());
        }
        let found = match stuck {
            Stuck::Silent => play(&mut dialogue, at, Input::Silence),
            Stuck::Babbling => {
                let text = "le chat de la voisine mange des croquettes sur la plage".to_owned();
                play(&mut dialogue, at, Input::Heard { text, confidence: 0.9 })
            }
            Stuck::KeyZero => {
                play(&mut dialogue, at, Input::Key(Key('0'))) || play(&mut dialogue, at, Input::KeysPaused)
            }
        };
        if found {
            return Ok(());
        }
    }
    Err(format!("no way out for {stuck:?} after {steps:?}"))
}

/// Every way of `depth` steps through the dialplan, by keys and by the words of its topics.
fn walk(town: &Conversation, at: DateTime, steps: &mut Vec<Input>, depth: usize) -> Result<usize, String> {
    for stuck in [Stuck::Silent, Stuck::Babbling, Stuck::KeyZero] {
        ends(town, at, steps, stuck)?;
    }
    let mut walked = 1;
    if depth > 0 {
        let inputs = "12".chars().map(|key| step(key, None));
        let inputs = inputs.chain(["alpha", "bravo", "oui", "non"].map(|line| step(' ', Some(line))));
        for input in inputs.chain([Input::Silence]) {
            steps.push(input);
            walked += walk(town, at, steps, depth - 1)?;
            steps.pop();
        }
    }
    Ok(walked)
}

fn sound(text: &str) -> Option<Conversation> {
    let (plan, problems) = parse(&[SourceFile { path: "mairie.md".into(), text: text.to_owned() }]);
    let plan = plan.unwrap_or_else(|| panic!("{problems:?}\n{text}"));
    let is_sound = check(&plan, date(2026, 11, 23)).iter().all(|problem| problem.severity < Severity::Error);
    is_sound.then(|| Conversation::new(plan, PHRASES.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn what_passes_the_checker_never_leaves_a_caller_alone(sketch in sketch(), open in any::<bool>()) {
        let text = sketch.text();
        let town = sound(&text);
        prop_assume!(town.is_some());
        let at = if open { datetime(2026, 11, 24, 10, 0, 0, 0) } else { datetime(2026, 11, 24, 20, 0, 0, 0) };
        if let Some(town) = town
            && let Err(stuck) = walk(&town, at, &mut Vec::new(), 2)
        {
            return Err(TestCaseError::fail(format!("{stuck}\n{text}")));
        }
    }
}

#[test]
fn what_the_checker_refuses_ends_all_the_same() {
    // The question that a single failure sends back to itself: the checker refuses it, and a call does not trust the checker.
    let sketch = Sketch {
        number: true,
        menu: vec![Action::GoTo(0)],
        fallbacks: vec![None, None],
        topics: vec![Topic {
            rules: vec![Action::AnythingElse],
            next: None,
            after: Some((1, Action::GoTo(0))),
            form: false,
        }],
        human_by_key: true,
    };
    let text = sketch.text();
    assert!(sound(&text).is_none(), "the checker refuses it");
    let plan = parse(&[SourceFile { path: "mairie.md".into(), text }]).0.expect("it parses");
    let town = Conversation::new(plan, PHRASES.clone());
    let at = datetime(2026, 11, 24, 10, 0, 0, 0);
    assert_eq!(ends(&town, at, &[step('1', None)], Stuck::Silent), Ok(()));
}
