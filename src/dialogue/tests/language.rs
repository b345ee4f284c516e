//! The language of the caller's first words.

use super::*;
use crate::dialogue::phrases::FRENCH_PHRASES;

const MAIRIE: &str = "# Mairie d'essai\n- Langues : français, anglais\n## Annuaire\n### Standard\n- Poste : 100\n";
const FRENCH: &str =
    "## Accueil\nDire :\n> Bonjour.\n\n## Passeport\nQuand on dit :\n- passeport\n\nRépondre :\n> Sur rendez-vous.\n";
const ENGLISH: &str = "## Accueil\nDire :\n> Good morning.\n\n## Passport {#passeport}\nQuand on dit :\n- passport\n\nRépondre :\n> By appointment.\n";

/// A town of two languages. Its English everyday phrases are French ones: no matter here.
fn town(languages: &[&str]) -> Town {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let files = [file("mairie.md", MAIRIE), file("fr/accueil.md", FRENCH), file("en/accueil.md", ENGLISH)];
    let (plan, problems) = parse(&files);
    let plan = plan.unwrap_or_else(|| panic!("{}", render(&files, &problems, false)));
    let understanding = Understanding::train_all(&plan, None, &InTurn);
    let phrases = |language: &&str| (Language((*language).into()), vec![file("phrases.md", FRENCH_PHRASES)]);
    let phrases = Phrases::from_files(&languages.iter().map(phrases).collect::<Vec<_>>()).expect("phrases");
    Town { plan: Arc::new(plan), phrases: Arc::new(phrases), understanding: Arc::new(understanding) }
}

fn speaks(language: &str) -> Input {
    Input::Speaks(Language(language.into()))
}

#[test]
fn the_first_words_choose_the_language_and_are_understood_in_it() {
    let mut talk = Talk::with(&town(&["fr", "en"]), OPEN, None);
    assert_eq!(talk.input(speaks("en")).listens().unwrap().language.0, "en");
    talk.says("passport").hears("By appointment.").does_not_hear("Good morning");
    assert_eq!(talk.dialogue.language().0, "en");
}

#[test]
fn later_words_do_not_change_it() {
    let mut talk = Talk::with(&town(&["fr", "en"]), OPEN, None);
    talk.says("passeport").hears("Sur rendez-vous.");
    talk.input(speaks("en"));
    assert!(talk.outputs.is_empty());
    assert_eq!(talk.dialogue.language().0, "fr");
}

#[test]
fn a_language_without_dialplan_or_phrases_is_not_spoken() {
    let mut talk = Talk::with(&town(&["fr", "en"]), OPEN, None);
    talk.input(speaks("de"));
    assert_eq!(talk.dialogue.language().0, "fr");
    let mut talk = Talk::with(&town(&["fr"]), OPEN, None);
    talk.input(speaks("en")).input(speaks("fr"));
    assert_eq!(talk.dialogue.language().0, "fr");
    talk.says("passeport").hears("Sur rendez-vous.");
}
