//! Calls that begin while the recogniser has no time for them.

use std::time::Duration;

use super::rig::Rig;

/// Dialled, and nothing has happened yet.
fn overloaded() -> Rig {
    let mut rig = Rig::dial();
    rig.by_keys = true;
    rig
}

#[test]
fn the_menu_comes_after_the_greeting_and_keys_are_answered() {
    let mut rig = overloaded();
    rig.run_until("the menu", |rig| rig.has_said("tapez 1"));
    assert!(rig.has_said("bonjour") && rig.has_said("touches de votre téléphone"), "{:?}", rig.texts());
    rig.run_until_quiet();
    rig.press("1");
    rig.run_until("the answer", |rig| rig.has_said("Il faut un rendez-vous"));
    assert!(rig.recognised.is_empty());
}

#[test]
fn who_speaks_all_the_same_is_passed_to_the_operator_without_the_recogniser() {
    let mut rig = overloaded();
    rig.run_until("the menu", |rig| rig.has_said("tapez 1"));
    rig.run_until_quiet();
    rig.say(2_000, "refaire ma carte d'identité");
    rig.run_until("the operator", |rig| rig.has_said("Je vous passe un agent"));
    assert!(rig.recognised.is_empty());
}

#[test]
fn a_cough_is_no_reason_for_the_operator() {
    let mut rig = overloaded();
    rig.run_until("the menu", |rig| rig.has_said("tapez 1"));
    rig.run_until_quiet();
    rig.cough();
    rig.run(Duration::from_secs(2));
    assert!(!rig.has_said("Je vous passe un agent"), "{:?}", rig.texts());
    rig.press("1");
    rig.run_until("the answer", |rig| rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn who_does_nothing_is_not_left_alone() {
    let mut rig = overloaded();
    rig.run_until("the operator", |rig| rig.has_said("Je vous passe un agent"));
    assert!(rig.recognised.is_empty());
}

#[test]
fn other_calls_are_heard_in_any_language_of_the_town_at_first() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(1_200, "refaire ma carte d'identité");
    rig.run_until("the answer", |rig| rig.has_said("Il faut un rendez-vous"));
    // This town has one.
    assert!(rig.recognised.iter().all(|utterance| utterance.language == "fr" && utterance.others.is_empty()));
}
