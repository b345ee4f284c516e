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
    "ah, je vois",
    "d'accord, et c'est payant ?",
    "notez-le simplement",
    "annulez",
    "il y a le feu",
    "je voudrais parler à l'état civil",
    "autre chose",
    "attendez",
    "c'est tout",
    "le numéro",
    "non c'est pour un passeport",
    "revenez en arrière",
    "non pas Le Goff, Martin",
    "je me suis trompé de numéro",
    "je m'appelle Martin",
    "continuez",
    "{nom}",
    "œ🎉ß",
    "une carte ou un passeport ou une naissance",
];

pub(super) fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        8 => (0..LINES.len(), 0.0f32..1.0).prop_map(|(i, confidence)| Input::Heard { text: LINES[i].into(), confidence }),
        1 => "\\PC{0,600}".prop_map(|text| Input::Heard { text, confidence: 0.8 }),
        4 => prop::sample::select("0123456789*#A".chars().collect::<Vec<_>>()).prop_map(|c| Input::Key(Key(c))),
        1 => any::<char>().prop_map(|c| Input::Key(Key(c))),
        2 => Just(Input::KeysPaused),
        2 => Just(Input::Silence),
        1 => Just(Input::SpeechFinished),
        1 => (0usize..9, any::<bool>()).prop_map(|(heard, had_begun)| Input::SpeechInterrupted { heard, had_begun }),
        2 => prop::sample::select(vec![200u16, 202, 404, 408, 480, 486, 503, 600, 0]).prop_map(|status| Input::TransferFinished { status }),
        1 => Just(Input::RecogniserFailed),
        1 => Just(Input::Started { caller_number: Some("0612345678".into()) }),
    ]
}

/// How a caller who gets no further goes on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stuck {
    Silent,
    Nonsense,
    /// Less than a sentence: it may be taken for a name.
    Mumbling,
    Key0,
}

impl Stuck {
    pub fn any() -> impl Strategy<Value = Self> {
        prop_oneof![Just(Self::Silent), Just(Self::Nonsense), Just(Self::Mumbling), Just(Self::Key0)]
    }

    fn inputs(self) -> Vec<Input> {
        let heard = |text: &str| vec![Input::Heard { text: text.into(), confidence: 0.8 }];
        match self {
            Self::Silent => vec![Input::Silence],
            Self::Nonsense => heard("le chat de la voisine mange des croquettes sur la plage"),
            Self::Mumbling => heard("croquettes bleues"),
            Self::Key0 => vec![Input::Key(Key('0')), Input::KeysPaused],
        }
    }
}

/// Longest way out of trouble.
const MOST_TURNS: usize = 8;

/// From here on nothing but that leads to a human, a saved request or goodbye.
pub(super) fn ends(talk: &mut Talk, stuck: Stuck) -> Result<(), TestCaseError> {
    if matches!(talk.dialogue.stage, Stage::Transferring(_)) {
        talk.input(Input::TransferFinished { status: 486 });
    }
    if !is_resolved(talk) {
        // The last answer has been heard: nonsense does not go on from a sensible sentence.
        talk.input(Input::SpeechFinished);
    }
    let mut turns = 0;
    while !is_resolved(talk) {
        turns += 1;
        prop_assert!(turns <= MOST_TURNS, "{stuck:?}: stuck in {:?}", talk.dialogue.stage);
        for input in stuck.inputs() {
            talk.input(input);
            if is_resolved(talk) {
                break;
            }
        }
    }
    Ok(())
}

/// No sentence is empty or holds a value that is not filled in, and nothing is said for too long.
pub(super) fn say_is_whole(talk: &Talk) -> Result<(), TestCaseError> {
    prop_assert!(talk.outputs.len() < MOST_OUTPUTS);
    for output in &talk.outputs {
        if let Output::Say(prompt) = output {
            prop_assert!(!prompt.sentences.is_empty());
            let whole = prompt.sentences.iter().all(|s| !s.contains('{') && !s.trim().is_empty());
            prop_assert!(whole, "unfilled or empty sentence");
        }
    }
    Ok(())
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
        stuck in Stuck::any(),
    ) {
        let at = if closed { CLOSED } else { OPEN };
        let mut talk = Talk::with(&SMALL_TOWN, at, known.then_some("0612345678"));
        for input in inputs {
            talk.input(input);
            say_is_whole(&talk)?;
        }
        ends(&mut talk, stuck)?;
    }

    #[test]
    fn sentences_interpreted_ahead_change_nothing(inputs in prop::collection::vec(any_input(), 0..25)) {
        let mut alone = Talk::with(&SMALL_TOWN, OPEN, None);
        let mut told = Talk::with(&SMALL_TOWN, OPEN, None);
        for input in inputs {
            if let Input::Heard { text, .. } = &input
                && let Some(understood) = told.dialogue.context().understand(text, None)
            {
                told.dialogue.is_told(understood);
            }
            alone.input(input.clone());
            told.input(input);
            prop_assert_eq!(&alone.outputs, &told.outputs);
        }
    }

    #[test]
    fn a_call_whose_time_is_up_ends_at_once(
        closed in any::<bool>(),
        inputs in prop::collection::vec(any_input(), 0..15),
    ) {
        let at = if closed { CLOSED } else { OPEN };
        let mut talk = Talk::with(&SMALL_TOWN, at, None);
        for input in inputs {
            talk.input(input);
        }
        let had_ended = talk.dialogue.has_ended();
        talk.input(Input::TimeIsUp);
        prop_assert!(talk.dialogue.has_ended() && (had_ended || talk.hung_up()));
    }
}
