//! Who speaks when.

use std::time::Duration;

use super::rig::{Rig, SENTENCE};
use crate::audio::{Codec, FRAME_SAMPLES, LINE_RATE, Sound, g711, signals};
use crate::speech::SpeechError;

#[test]
fn words_over_a_prompt_cut_it() {
    let mut rig = Rig::dial();
    rig.run(SENTENCE + Duration::from_millis(500));
    rig.say(1_200, "Refaire ma carte d'identité.");
    let ended = rig.now;
    rig.run_until("the answer", |rig| rig.has_said("Il faut un rendez-vous"));
    assert!(rig.now - ended < Duration::from_millis(700));
    let silent_from = ended - Duration::from_millis(800);
    let while_speaking = rig.handset.heard.iter().filter(|at| **at > silent_from && **at <= ended).count();
    assert_eq!(while_speaking, 0, "the agent is silent while the caller speaks");
}

#[test]
fn the_prompt_pauses_within_300_ms_of_speech() {
    let mut rig = Rig::dial();
    rig.run(SENTENCE + Duration::from_millis(500));
    let began = rig.now;
    rig.say(1_200, "refaire ma carte");
    let last = rig.handset.heard.iter().filter(|at| **at < rig.now).max().copied().expect("audio");
    assert!(last - began <= Duration::from_millis(300), "{:?}", last - began);
}

/// What is taken back by a barge-in is not on the way already: a packet leaves when it is due and not before, so that one
/// packet at most, the one that fades out, follows the decision (see also the tests of `playout`).
#[test]
fn nothing_is_sent_ahead_of_its_time() {
    let mut rig = Rig::dial();
    rig.run(SENTENCE + Duration::from_millis(500));
    rig.say(1_200, "refaire ma carte d'identité");
    rig.run_until_quiet();
    let first = rig.rtp_sent[0].at;
    for (packets, sent) in (0..).zip(&rig.rtp_sent) {
        assert_eq!(sent.at - first, Duration::from_millis(20) * packets);
    }
    assert!(rig.rtp_sent.len() > 100);
}

#[test]
fn a_cough_lets_the_prompt_go_on() {
    let mut rig = Rig::dial();
    rig.run(SENTENCE + Duration::from_millis(500));
    let asked = rig.said.len();
    rig.cough();
    let heard = rig.handset.heard.len();
    rig.run_until_quiet();
    assert!(rig.handset.heard.len() > heard + 25, "the greeting goes on");
    assert_eq!(rig.said.len(), asked, "and nothing else is said");
}

#[test]
fn a_caller_who_goes_on_is_recognised_again() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(900, "je voudrais");
    rig.run(Duration::from_millis(350));
    assert!(!rig.has_said("Il faut"), "a pause of 350 ms does not end the turn");
    rig.say(900, "je voudrais refaire ma carte d'identité");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn silence_is_answered_and_ends_in_a_transfer_or_a_goodbye() {
    let mut rig = Rig::dial();
    rig.operator = vec![486];
    rig.run_until_quiet();
    let (heard_all, asked) = (rig.now, rig.said.len());
    rig.run_until("a reminder", |rig| rig.said.len() > asked);
    let idle = rig.now - heard_all;
    assert!(idle > Duration::from_secs(4) && idle < Duration::from_secs(7), "{idle:?}");
    assert!(rig.has_said("tapez zéro pour un agent"), "{:?}", rig.texts());
    for _ in 0..5 {
        if rig.phone_ended() {
            break;
        }
        rig.run(Duration::from_secs(55));
    }
    assert!(rig.phone_ended(), "a call of pure silence ends: {:?}", rig.texts());
}

#[test]
fn two_failures_lead_to_the_operator() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(1_000, "patatras bidule");
    rig.run_until_quiet();
    assert!(rig.transferred_to.is_none());
    rig.say(1_000, "machin chouette");
    rig.run_until("the transfer", |rig| rig.transferred_to.is_some());
}

#[test]
fn a_dead_recogniser_leaves_the_keys() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(1_000, "");
    rig.words = Err(SpeechError::Engine { engine: "whisper", detail: "essai".to_owned() });
    rig.run_until_quiet();
    assert!(rig.has_said("Pour la carte d'identité, tapez 1."), "{:?}", rig.texts());
    rig.press("1");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn a_recogniser_that_hangs_is_not_waited_for() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.recognition = Duration::from_secs(50);
    rig.say(1_000, "refaire ma carte");
    let ended = rig.now;
    rig.run_until("the keypad menu", |rig| rig.has_said("Pour la carte d'identité, tapez 1."));
    assert!(rig.now - ended < Duration::from_secs(7));
}

#[test]
fn digits_are_complete_after_a_pause() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(1_000, "je voudrais être rappelé");
    rig.run_until_quiet();
    assert!(rig.has_said("Je peux noter le numéro avec lequel vous appelez."), "{:?}", rig.texts());
    rig.press("0612345678");
    let typed = rig.now;
    rig.run_until("the number is read back", |rig| rig.last_said().contains("bien cela"));
    assert!(rig.now - typed <= Duration::from_millis(3_300), "at once or after the pause");
    assert!(rig.texts().iter().any(|text| text.contains("06 12 34 56 78")), "{:?}", rig.texts());
}

#[test]
fn the_service_is_told_apart_from_the_voice() {
    let mut rig = Rig::dial();
    rig.voice_fails = true;
    rig.run(Duration::from_secs(2));
    assert!(rig.record.is_none(), "a voice that fails does not end the call");
    rig.voice_fails = false;
    rig.press("1");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn our_own_voice_coming_back_is_no_caller() {
    let mut rig = Rig::dial();
    // Whoever is mistaken for a caller would be understood.
    rig.words = Ok("au revoir");
    rig.handset.echo = 0.25;
    rig.voice = Some(Sound::new(signals::speech(LINE_RATE, -20.0, 4_000, 1), LINE_RATE));
    rig.run(Duration::from_secs(13));
    assert_eq!(rig.texts().len(), 3, "the greeting, and no answer to itself: {:?}", rig.texts());
    assert!(rig.handset.heard.len() > 400, "heard whole: {} frames", rig.handset.heard.len());
    let sound = rig.voice.clone().expect("a voice").samples;
    let line = g711::decode(Codec::Pcma, &g711::encode(Codec::Pcma, &sound));
    let loud = |peak: &u16| *peak > 500;
    let said = line.chunks(FRAME_SAMPLES).map(|frame| frame.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0));
    let said: Vec<u16> = said.filter(loud).collect();
    let sent: Vec<u16> = rig.track.iter().map(|frame| frame.peak).filter(loud).collect();
    assert!(sent == said.repeat(3), "never lowered, never held back");
    // A caller is heard through it all the same.
    rig.run_until("a reminder", |rig| rig.said.len() > 3);
    let said = rig.said.len();
    rig.run(Duration::from_millis(1_500));
    rig.say(1_500, "refaire ma carte d'identité");
    rig.run_until("the answer", |rig| rig.said.len() > said && rig.has_said("Il faut un rendez-vous"));
}
