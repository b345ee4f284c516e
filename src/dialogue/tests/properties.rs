//! From any state: no panic; silence, nonsense or key 0 repeated ends with a human, a saved request or goodbye.

use proptest::prelude::*;

use super::*;

const LINES: &[&str] = &[
    "",
    "oui",
    "non",
    "euh",
    "un agent",
    "répétez",
    "plus lentement",
    "au revoir",
    "rappelez-moi",
    "Le Goff",
    "06 12 34 56 78",
    "06 12",
    "le matin",
    "la deuxième",
    "non 06 13 14 15 16",
    "refaire ma carte d'identité",
    "et c'est gratuit",
    "mon passeport",
    "une naissance",
    "le chat mange des croquettes",
    "ce numéro",
    "annulez",
    "il y a le feu",
    "je voudrais parler à l'état civil",
    "autre chose",
    "attendez",
    "c'est tout",
    "le numéro",
    "non c'est pour un passeport",
    "{nom}",
    "œ🎉ß",
    "une carte ou un passeport ou une naissance",
];

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => (0..LINES.len(), 0.0f32..1.0).prop_map(|(i, confidence)| Input::Heard { text: LINES[i].into(), confidence }),
        1 => "\\PC{0,600}".prop_map(|text| Input::Heard { text, confidence: 0.8 }),
        4 => prop::sample::select("0123456789*#A".chars().collect::<Vec<_>>()).prop_map(|c| Input::Key(Key(c))),
        1 => any::<char>().prop_map(|c| Input::Key(Key(c))),
        2 => Just(Input::KeysPaused),
        2 => Just(Input::Silence),
        1 => Just(Input::SpeechFinished),
        1 => (0usize..9).prop_map(|heard| Input::SpeechInterrupted { heard }),
        2 => prop::sample::select(vec![200u16, 202, 404, 408, 480, 486, 503, 600, 0]).prop_map(|status| Input::TransferFinished { status }),
        1 => Just(Input::RecogniserFailed),
        1 => Just(Input::Started { caller_number: Some("0612345678".into()) }),
    ]
}

/// What ends the caller's trouble.
fn is_resolved(talk: &Talk) -> bool {
    talk.transferred().is_some() || talk.hung_up() || talk.saved().is_some() || talk.dialogue.has_ended()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn never_panics_and_never_dead_ends(
        closed in any::<bool>(),
        known in any::<bool>(),
        inputs in prop::collection::vec(any_input(), 0..25),
        stuck in 0usize..3,
    ) {
        let at = if closed { CLOSED } else { OPEN };
        let mut talk = Talk::with(&SMALL_TOWN, at, known.then_some("0612345678"));
        for input in inputs {
            talk.input(input);
            prop_assert!(talk.outputs.len() < MOST_OUTPUTS);
            for output in &talk.outputs {
                if let Output::Say(prompt) = output {
                    prop_assert!(!prompt.sentences.is_empty());
                    let whole = prompt.sentences.iter().all(|s| !s.contains('{') && !s.trim().is_empty());
                    prop_assert!(whole, "unfilled or empty sentence");
                }
            }
        }
        if matches!(talk.dialogue.stage, Stage::Transferring(_)) {
            talk.input(Input::TransferFinished { status: 486 });
        }
        let mut turns = 0;
        while !is_resolved(&talk) {
            turns += 1;
            prop_assert!(turns <= 8, "stuck in {:?}", talk.dialogue.stage);
            let input = match stuck {
                0 => Input::Silence,
                1 => Input::Heard { text: "le chat de la voisine mange des croquettes sur la plage".into(), confidence: 0.8 },
                _ => Input::Key(Key('0')),
            };
            let key = matches!(input, Input::Key(_));
            talk.input(input);
            if key && !is_resolved(&talk) {
                talk.input(Input::KeysPaused);
            }
        }
    }
}
