//! Long answers are read in parts.

use std::sync::LazyLock;

use super::*;

const SENTENCE: &str = "Ceci est une phrase assez longue pour que sa lecture prenne environ cinq secondes à la voix.";

fn town(sentences: usize) -> Town {
    build(&text(sentences))
}

fn text(sentences: usize) -> String {
    let numbered: Vec<String> = (1..=sentences).map(|i| format!("> Phrase {i}. {SENTENCE}")).collect();
    TOWN.replace(
        "## Passeport",
        &format!(
            "## Long discours\nQuand on dit :\n- [un] long discours\n\nRépondre :\n{}\n> Voulez-vous la suite du discours ?\n\
             - oui, touche 1 : aller à Passeport\n- non, touche 2 : aller à Autre chose\n\n## Passeport",
            numbered.join("\n")
        ),
    )
}

/// A long answer whose question is not its last sentence.
static TOWN_ASKING: LazyLock<String> = LazyLock::new(|| {
    TOWN.replace(
        "## Passeport",
        "## Long discours\nQuand on dit :\n- [un] long discours\n\nRépondre :\n{texte}> Voulez-vous un passeport ? Ou plutôt rien.\n\
         - oui, touche 1 : aller à Passeport\n- non, touche 2 : aller à Autre chose\n\n## Passeport",
    )
});

static LONG: LazyLock<Town> = LazyLock::new(|| town(7));

fn talk() -> Talk {
    let mut talk = Talk::with(&LONG, OPEN, None);
    talk.says("je voudrais un long discours").hears("Phrase 1").hears("Je continue ?").does_not_hear("Phrase 5");
    assert!(talk.dialogue.asks_yes_or_no());
    talk
}

#[test]
fn yes_and_silence_go_on() {
    let mut talk = talk();
    talk.says("oui allez-y").hears("Phrase 4").does_not_hear("Phrase 1.").hears("Je continue ?");
    talk.input(Input::Silence)
        .hears("Phrase 7")
        .hears("Voulez-vous la suite du discours ?")
        .does_not_hear("Je continue");
    // Now the question of the topic itself.
    talk.says("oui").hears("Le passeport se demande");
}

#[test]
fn no_part_takes_much_longer_than_twenty_seconds() {
    let mut talk = talk();
    loop {
        let time: f32 = talk
            .outputs
            .iter()
            .filter_map(|output| match output {
                Output::Say(prompt) => {
                    Some(prompt.sentences.iter().map(|s| crate::dialplan::spoken_time(s).as_secs_f32()).sum::<f32>())
                }
                _ => None,
            })
            .sum();
        assert!(time <= 26.0, "{time} s: {}", talk.said());
        if !talk.said().contains("Je continue") {
            break;
        }
        talk.says("continuez");
    }
    talk.hears("Voulez-vous la suite du discours ?");
}

#[test]
fn no_leads_to_the_question() {
    let mut talk = talk();
    talk.says("non").hears("Voulez-vous la suite du discours ?").does_not_hear("Phrase");
    talk.says("non").hears("autre chose");
}

#[test]
fn no_part_ends_with_a_question_of_its_own() {
    for asking in 1..=6 {
        let sentence = |end: char| format!("Phrase {asking}. {}{end}", SENTENCE.trim_end_matches('.'));
        let town = build(&text(7).replace(&sentence('.'), &sentence('?')));
        let mut talk = Talk::with(&town, OPEN, None);
        talk.says("un long discours");
        let mut heard = talk.said();
        for _ in 0..4 {
            assert!(!talk.said().contains("voix? Je continue"), "{}", talk.said());
            talk.says("continuez");
            heard += &talk.said();
        }
        assert!((1..=7).all(|i| heard.contains(&format!("Phrase {i}"))), "{heard}");
    }
}

#[test]
fn no_leads_to_the_question_and_what_belongs_to_it() {
    let asking = TOWN_ASKING.replace("{texte}", &format!("> {}\n", [SENTENCE; 6].join(" ")));
    let mut talk = Talk::with(&build(&asking), OPEN, None);
    talk.says("je voudrais un long discours").hears("Je continue ?");
    talk.says("non").hears("Voulez-vous un passeport ?").hears("Ou plutôt rien.");
}

#[test]
fn anything_else_is_heard() {
    let mut talk = talk();
    talk.says("un acte de naissance").hears("gratuit").does_not_hear("Phrase");
    let mut talk = self::talk();
    talk.says("répétez").hears("Phrase 1").hears("Je continue ?").says("oui").hears("Phrase 4");
    let mut talk = self::talk();
    talk.types("1").hears("Le passeport se demande");
    let mut talk = self::talk();
    talk.types("0");
    assert_eq!(talk.transferred().as_deref(), Some("Standard"));
}

#[test]
fn a_little_more_than_a_part_is_read_at_once() {
    let mut talk = Talk::with(&town(3), OPEN, None);
    talk.says("un long discours").hears("Phrase 3").hears("Voulez-vous la suite").does_not_hear("Je continue");
}

#[test]
fn an_answer_nobody_asked_for_is_not_read_to_the_silent() {
    let town =
        build(&text(7).replace("Après 2 échecs : transférer à Standard", "Après 2 échecs : aller à Long discours"));
    let mut talk = Talk::with(&town, OPEN, None);
    // A question, the menu, the menu's own failures.
    for _ in 0..4 {
        talk.input(Input::Silence);
    }
    talk.hears("Phrase 1").hears("Je continue ?");
    talk.input(Input::Silence).does_not_hear("Phrase");
    assert!(talk.hung_up(), "nobody ever spoke");
}
