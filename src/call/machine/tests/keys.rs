//! Keys by RTP events, INFO and tones: each press counts once.

use std::time::Duration;

use super::rig::{Rig, offer_without_events};
use crate::audio::{LINE_RATE, signals};

fn menu() -> Rig {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(1_500, "je voudrais être rappelé");
    rig.run_until_quiet();
    assert!(rig.has_said("Je peux noter le numéro avec lequel vous appelez."), "{:?}", rig.texts());
    rig
}

fn key_sound(row: f64, column: f64) -> Vec<i16> {
    let high = signals::tone(LINE_RATE, column, -14.0, 100);
    signals::tone(LINE_RATE, row, -14.0, 100).iter().zip(high).map(|(a, b)| a + b).collect()
}

#[test]
fn keys_by_info_are_keys() {
    let mut rig = menu();
    for key in "0612345678#".chars() {
        rig.press_by_info(key);
        rig.run(Duration::from_millis(250));
    }
    rig.run_until_quiet();
    assert!(rig.has_said("Je note le 06 12 34 56 78."), "{:?}", rig.texts());
}

#[test]
fn a_press_told_by_two_ways_counts_once() {
    let mut rig = menu();
    for key in "0611223344#".chars() {
        rig.press(&key.to_string());
        rig.press_by_info(key);
    }
    rig.run_until_quiet();
    assert!(rig.has_said("Je note le 06 11 22 33 44."), "{:?}", rig.texts());
}

#[test]
fn tones_are_keys_where_nothing_else_was_agreed() {
    for (events, expected) in [(false, true), (true, false)] {
        let mut rig = if events { Rig::dial() } else { Rig::dial_with(Some(offer_without_events()), |_, _| false) };
        rig.run_until_quiet();
        // Key 0: an operator.
        rig.play(&key_sound(941.0, 1_336.0));
        rig.run(Duration::from_secs(5));
        assert_eq!(rig.transferred_to.is_some(), expected, "events agreed: {events}");
    }
}
