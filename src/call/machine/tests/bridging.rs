//! The agent calls the operator itself and joins the two.

use std::time::Duration;

use super::rig::{Rig, offer_without_events};
use super::third::Manner;
use crate::audio::Codec;
use crate::call::record::Outcome;
use crate::config::TransferMethod;
use crate::dialogue::Note;
use crate::rtp::Key;
use crate::rtp::srtp::KeySource;
use crate::sip::sdp::{Security, SrtpPolicy};
use crate::sip::{Command, EndCause, Event, Transport, sdp};

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// The caller has asked for an agent, whose telephone does this.
fn asked(method: TransferMethod, manner: Manner) -> Rig {
    asked_over(method, manner, |_, _| false)
}

fn asked_over(method: TransferMethod, manner: Manner, lose: impl FnMut(&str, bool) -> bool + 'static) -> Rig {
    let mut rig = Rig::dial_with_default_offer(lose);
    rig.settings.transfer_method = method;
    rig.settings.idle = seconds(300.0);
    rig.third.manner = manner;
    rig.run_until_quiet();
    rig.say(1_500, "je voudrais refaire ma carte d'identité");
    rig.run_until_quiet();
    rig.press("0");
    rig
}

fn joined() -> Rig {
    let mut rig = asked(TransferMethod::Bridge, Manner::Answer);
    until_joined(&mut rig);
    rig
}

fn until_joined(rig: &mut Rig) {
    rig.run_until("the operator has been told", |rig| rig.third.handset.voice.len() > 100);
    rig.run(seconds(2.0));
}

/// A caller over this transport, in clear, and an operator who has the audio encrypted.
fn encrypted_operator(transport: Transport) -> Rig {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Off, transport, false);
    rig.settings.transfer_method = TransferMethod::Bridge;
    rig.settings.idle = seconds(300.0);
    match transport {
        Transport::Tls => rig.settings.transfer_target = "sip:{poste}@192.0.2.9:5060;transport=tls".parse().unwrap(),
        _ => rig.settings.srtp_without_tls = true,
    }
    rig.third.media.security = Security::new(SrtpPolicy::Required, Some(&mut KeySource::new([66; 32])));
    rig.run_until_quiet();
    rig.press("0");
    rig
}

fn record(rig: &Rig) -> (Outcome, bool) {
    let record = rig.record.as_ref().expect("a record");
    (record.outcome, record.notes.contains(&Note::Joined))
}

/// Both hear each other, and nobody else.
fn assert_talk(rig: &mut Rig) {
    let (phone, third) = (rig.handset.heard.len(), rig.third.handset.heard.len());
    let voices = (rig.handset.voice.len(), rig.third.handset.voice.len());
    rig.say(1_000, "");
    rig.run(seconds(0.4));
    assert!(rig.third.handset.heard.len() > third + 25, "the operator hears the caller");
    assert_eq!(rig.handset.heard.len(), phone, "who does not hear itself");
    let third = rig.third.handset.heard.len();
    rig.third_says(1_000, "");
    rig.run(seconds(0.4));
    assert!(rig.handset.heard.len() > phone + 25, "the caller hears the operator");
    assert_eq!(rig.third.handset.heard.len(), third);
    assert_eq!((rig.handset.voice.len(), rig.third.handset.voice.len()), voices, "the agent is silent");
}

/// Everybody has hung up, and nothing is left.
fn assert_forgotten(rig: &mut Rig) {
    rig.run(seconds(140.0));
    assert!(rig.record.is_some(), "the call is over");
    assert_eq!(rig.closed, 1, "the port is given back");
    assert!(rig.endpoints_idle());
}

#[test]
fn where_the_switchboard_refuses_refer_the_agent_calls_the_operator() {
    for status in [405, 501, 603, 488, 403] {
        let mut rig = asked(TransferMethod::Auto, Manner::Ring);
        // The phone has not been asked yet: the announcement is being said.
        rig.refuses_refer = Some(status);
        rig.run_until("the operator's telephone rings", |rig| rig.third.call.is_some());
        let (heard, voice) = (rig.handset.heard.len(), rig.handset.voice.len());
        rig.run(seconds(5.0));
        assert!(rig.handset.heard.len() > heard + 200, "the caller hears music while it rings");
        rig.third_answers();
        rig.run(seconds(1.5));
        assert!(!rig.third.handset.voice.is_empty(), "the operator is told who is there");
        rig.run(seconds(4.0));
        assert_eq!(rig.handset.voice.len(), voice, "which the caller does not hear");
        assert!(rig.has_said("Appel du 06 12 34 56 78."), "{:?}", rig.texts());
        assert!(rig.texts().iter().any(|text| text.starts_with("Au sujet de : ")), "{:?}", rig.texts());
        assert_talk(&mut rig);
        rig.phone_command(Command::HangUp);
        rig.run(seconds(0.2));
        assert!(rig.third.events.contains(&Event::Ended { cause: EndCause::RemoteBye }));
        assert_eq!(record(&rig), (Outcome::Transferred, true));
        assert_forgotten(&mut rig);
    }
}

#[test]
fn what_the_switchboard_says_of_the_operator_is_no_refusal_of_refer() {
    for status in [486, 480, 404] {
        let mut rig = asked(TransferMethod::Auto, Manner::Answer);
        rig.refuses_refer = Some(status);
        let said = rig.said.len();
        rig.run_until("the caller is told", |rig| rig.said.len() > said);
        rig.run(seconds(2.0));
        assert!(rig.third.call.is_none(), "{status}");
    }
    // A REFER that was taken, and failed then.
    let mut rig = asked(TransferMethod::Auto, Manner::Answer);
    rig.operator = vec![180, 603];
    rig.run(seconds(5.0));
    assert!(rig.transferred_to.is_some() && rig.third.call.is_none());
    // And where only the switchboard may.
    let mut rig = asked(TransferMethod::Refer, Manner::Answer);
    rig.refuses_refer = Some(405);
    rig.run(seconds(5.0));
    assert!(rig.transferred_to.is_some() && rig.third.call.is_none());
}

#[test]
fn the_operator_hanging_up_ends_the_call() {
    let mut rig = joined();
    assert_talk(&mut rig);
    assert_eq!(rig.sip_count(true, "REFER "), 0);
    rig.third_command(Command::HangUp);
    rig.run_until("the caller is told by a BYE", Rig::phone_ended);
    rig.run(seconds(0.1));
    assert_eq!(record(&rig), (Outcome::Transferred, true));
    assert_forgotten(&mut rig);
}

#[test]
fn keys_pass_once_they_are_joined() {
    let mut rig = joined();
    rig.press("12#");
    rig.third.handset.press(Key('7'));
    rig.run(seconds(1.0));
    assert_eq!((rig.third.handset.keys.as_str(), rig.handset.keys.as_str()), ("12#", "7"));
    assert!(rig.record.is_none());
}

#[test]
fn an_operator_who_can_not_be_reached_gives_the_caller_back() {
    for manner in [Manner::Refuse(486), Manner::Refuse(480), Manner::Refuse(503), Manner::Ring, Manner::AnswerWith("x")]
    {
        let mut rig = asked(TransferMethod::Bridge, manner);
        rig.run_until("the operator is called", |rig| rig.third.call.is_some());
        let called = rig.now;
        rig.run(seconds(0.2));
        let voice = rig.handset.voice.len();
        rig.run_until("the caller is spoken to", |rig| rig.handset.voice.len() > voice);
        let after = (rig.now - called).as_secs();
        let expected = if manner == Manner::Ring { 29..=31 } else { 0..=2 };
        assert!(expected.contains(&after), "{manner:?}: after {after} s");
        rig.run_until_quiet();
        assert_eq!(rig.closed, 1);
        assert!(rig.has_said("Je peux noter le numéro avec lequel vous appelez."), "{manner:?}: {:?}", rig.texts());
        rig.phone_command(Command::HangUp);
        assert_forgotten(&mut rig);
    }
}

#[test]
fn without_a_port_the_caller_is_told() {
    let mut rig = Rig::dial();
    rig.settings.transfer_method = TransferMethod::Bridge;
    rig.operator_port = None;
    rig.run_until_quiet();
    rig.press("0");
    rig.run_until("the other way is offered", |rig| rig.has_said("Je peux noter le numéro avec lequel vous appelez."));
    assert!(rig.third.call.is_none());
}

#[test]
fn a_caller_who_hangs_up_leaves_no_telephone_ringing() {
    let mut rig = asked(TransferMethod::Bridge, Manner::Ring);
    rig.run_until("the operator's telephone rings", |rig| rig.third.call.is_some());
    rig.run(seconds(2.0));
    rig.phone_command(Command::HangUp);
    rig.run(seconds(0.2));
    assert!(rig.third.events.contains(&Event::Ended { cause: EndCause::RemoteCancel }));
    assert_eq!(record(&rig), (Outcome::CallerHungUp, false));
    assert_forgotten(&mut rig);
}

#[test]
fn a_caller_who_hangs_up_as_the_operator_answers_leaves_nobody() {
    for early in 0..12 {
        let mut rig = asked(TransferMethod::Bridge, Manner::Ring);
        rig.run_until("the operator's telephone rings", |rig| rig.third.call.is_some());
        rig.run(seconds(1.0));
        rig.third_answers();
        rig.run(Duration::from_millis(5 * early));
        rig.phone_command(Command::HangUp);
        rig.run(seconds(1.0));
        assert!(rig.third.events.iter().any(|event| matches!(event, Event::Ended { .. })), "{early}");
        assert_forgotten(&mut rig);
    }
}

#[test]
fn a_key_or_a_word_of_the_operator_ends_the_briefing() {
    for key in [true, false] {
        let mut rig = asked(TransferMethod::Bridge, Manner::Ring);
        rig.run_until("the operator's telephone rings", |rig| rig.third.call.is_some());
        rig.third_answers();
        // "Mairie, bonjour": that is no answer to the briefing.
        rig.third_says(600, "");
        rig.run(seconds(0.9));
        let briefed = rig.third.handset.voice.len();
        rig.run(seconds(0.6));
        assert!(rig.third.handset.voice.len() > briefed + 20, "the briefing goes on after a greeting");
        if key {
            rig.third.handset.press(Key('1'));
            rig.run(seconds(0.5));
        } else {
            rig.third_says(800, "");
        }
        let briefed = rig.third.handset.voice.len();
        assert!(briefed < 140, "{briefed}: cut before its third second");
        rig.run(seconds(0.2));
        assert_talk(&mut rig);
    }
}

#[test]
fn an_operator_who_leaves_during_the_briefing_gives_the_caller_back() {
    let mut rig = asked(TransferMethod::Bridge, Manner::Answer);
    rig.run_until("the briefing is heard", |rig| rig.third.handset.voice.len() > 20);
    let said = rig.said.len();
    rig.third_command(Command::HangUp);
    rig.run_until("the caller is told", |rig| rig.said.len() > said);
    assert!(!rig.phone_ended());
    rig.run_until_quiet();
    assert!(rig.has_said("Je peux noter le numéro avec lequel vous appelez."), "{:?}", rig.texts());
}

#[test]
fn the_hold_of_one_is_music_for_the_other() {
    let mut rig = joined();
    let offer = |rtp: &str, direction: &str| {
        let local = super::rig::local_media(rtp);
        sdp::offer(&local).replace("a=sendrecv", &format!("a={direction}"))
    };
    rig.third_command(Command::Reoffer { sdp: Some(offer(super::third::RTP, "sendonly")) });
    rig.run(seconds(0.5));
    let (phone, third) = (rig.handset.heard.len(), rig.third.handset.heard.len());
    rig.run(seconds(4.0));
    assert!(rig.handset.heard.len() > phone + 150, "music");
    assert_eq!(rig.third.handset.heard.len(), third);
    rig.run(seconds(60.0));
    assert!(rig.record.is_none(), "silence is no end while on hold");
    rig.third_command(Command::Reoffer { sdp: Some(offer(super::third::RTP, "sendrecv")) });
    rig.run(seconds(0.5));
    assert_talk(&mut rig);
    rig.phone_offers("sendonly");
    let third = rig.third.handset.heard.len();
    rig.run(seconds(4.0));
    assert!(rig.third.handset.heard.len() > third + 150, "music");
    rig.phone_offers("sendrecv");
    rig.run(seconds(0.5));
    assert_talk(&mut rig);
}

#[test]
fn other_laws_are_transcoded() {
    let mut rig = Rig::dial();
    rig.settings.transfer_method = TransferMethod::Bridge;
    rig.settings.codecs = vec![Codec::Pcma, Codec::Pcmu];
    rig.run_until_quiet();
    let local = sdp::LocalMedia { codecs: vec![Codec::Pcmu], ..super::rig::local_media(super::rig::PHONE_RTP) };
    rig.press("0");
    rig.run_until("the operator has been told", |rig| rig.third.handset.voice.len() > 60);
    rig.run(seconds(2.0));
    rig.phone_command(Command::Reoffer { sdp: Some(sdp::offer(&local)) });
    rig.run(seconds(1.0));
    assert_talk(&mut rig);
}

#[test]
fn the_longest_call_is_no_limit_for_two_who_talk() {
    let mut rig = joined();
    rig.run(seconds(900.0));
    assert!(rig.record.is_none());
    assert_talk(&mut rig);
}

#[test]
fn an_operator_may_be_moved_but_not_move_the_caller() {
    let mut rig = joined();
    rig.third_command(Command::Transfer { target: "sip:200@192.0.2.9".to_owned() });
    rig.run(seconds(0.5));
    assert!(rig.third.events.contains(&Event::TransferFinished { status: 603 }));
    assert_talk(&mut rig);
}

#[test]
fn silence_of_the_network_ends_the_call_of_either() {
    for caller in [true, false] {
        let mut rig = joined();
        let handset = if caller { &mut rig.handset } else { &mut rig.third.handset };
        handset.muted = true;
        rig.run(seconds(33.0));
        assert_eq!(record(&rig), (Outcome::Transferred, true));
        rig.run(seconds(1.0));
        assert!(rig.phone_ended());
        assert_forgotten(&mut rig);
    }
}

#[test]
fn lost_messages_delay_and_change_nothing() {
    for seed in 0..6u32 {
        let mut state = seed.wrapping_mul(2_654_435_769) | 1;
        let lossy = move |_: &str, _: bool| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.is_multiple_of(5)
        };
        let mut rig = asked_over(TransferMethod::Bridge, Manner::Answer, lossy);
        rig.run_until("the operator has been told", |rig| rig.third.handset.voice.len() > 100);
        rig.run(seconds(3.0));
        assert_talk(&mut rig);
        rig.phone_command(Command::HangUp);
        rig.run(seconds(40.0));
        assert_eq!(record(&rig), (Outcome::Transferred, true));
        assert_forgotten(&mut rig);
    }
}

#[test]
fn each_side_has_keys_of_its_own_or_none() {
    for transport in [Transport::Tls, Transport::Udp] {
        let mut rig = encrypted_operator(transport);
        rig.run_until("the operator has been told", |rig| rig.third.handset.voice.len() > 60);
        rig.run(seconds(3.0));
        assert!(rig.third.handset.protection.is_some() && rig.handset.protection.is_none());
        assert_talk(&mut rig);
        // The operator's telephone changes its keys in mid-conversation, and ours with them.
        rig.third_changes_keys(77);
        assert_talk(&mut rig);
        let rejected = rig.third.handset.protection.as_ref().expect("keys").rejected();
        assert_eq!((rejected.unauthentic, rejected.replayed), (0, 0), "{transport:?}");
        // What comes in clear from now on is nothing.
        rig.third.handset.protection = None;
        let heard = rig.handset.heard.len();
        rig.third_says(1_000, "");
        assert_eq!(rig.handset.heard.len(), heard);
        rig.phone_command(Command::HangUp);
        rig.run(seconds(0.2));
        assert_eq!(record(&rig), (Outcome::Transferred, true));
        assert!(rig.record.as_ref().is_some_and(|record| record.encryption.is_none()), "the caller's side");
        assert_forgotten(&mut rig);
    }
}

#[test]
fn an_operator_is_not_called_where_keys_would_be_told() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false);
    rig.settings.transfer_method = TransferMethod::Bridge;
    rig.settings.srtp = SrtpPolicy::Required;
    rig.run_until_quiet();
    rig.press("0");
    rig.run_until("the other way is offered", |rig| rig.has_said("Je peux noter le numéro avec lequel vous appelez."));
    assert!(rig.third.call.is_none());
    assert_eq!((rig.closed, rig.sip_count(true, "INVITE")), (1, 0));
}

#[test]
fn reports_go_to_both_while_they_are_joined() {
    let mut rig = joined();
    let before = (rig.reports_sent, rig.operator_reports_sent);
    rig.run(seconds(20.0));
    assert!(rig.reports_sent >= before.0 + 2, "{} reports", rig.reports_sent);
    assert!(rig.operator_reports_sent >= before.1 + 2, "{} reports", rig.operator_reports_sent);
    for handset in [&rig.handset, &rig.third.handset] {
        let round_trip = handset.session().quality().round_trip_ms.expect("ours answer theirs");
        assert!(round_trip.abs_diff(20) <= 2, "{round_trip} ms");
    }
    assert_talk(&mut rig);
    let before = (rig.reports_sent, rig.operator_reports_sent);
    rig.phone_command(Command::HangUp);
    rig.run(seconds(0.2));
    assert_eq!((rig.reports_sent, rig.operator_reports_sent), (before.0 + 1, before.1 + 1), "the last ones say BYE");
}

#[test]
fn keys_told_by_info_become_telephone_events() {
    let mut rig = joined();
    rig.press_by_info('5');
    rig.run(seconds(0.5));
    rig.third_presses_by_info('8');
    rig.run(seconds(0.5));
    assert_eq!((rig.third.handset.keys.as_str(), rig.handset.keys.as_str()), ("5", "8"));
    // Told by both ways, it is one press.
    rig.press("6");
    rig.press_by_info('6');
    rig.run(seconds(0.5));
    assert_eq!(rig.third.handset.keys, "56");
    assert_talk(&mut rig);
    // During the briefing a key ends it, and goes nowhere.
    let mut rig = asked(TransferMethod::Bridge, Manner::Answer);
    rig.run_until("the briefing is heard", |rig| rig.third.handset.voice.len() > 20);
    rig.third_presses_by_info('1');
    rig.run(seconds(0.5));
    assert!(rig.third.handset.voice.len() < 60, "the briefing is cut");
    assert_talk(&mut rig);
    assert_eq!(rig.handset.keys, "");
}

#[test]
fn a_caller_without_telephone_events_gets_no_keys() {
    let mut rig = Rig::dial_with(Some(offer_without_events()), |_, _| false);
    rig.settings.transfer_method = TransferMethod::Bridge;
    rig.settings.idle = seconds(300.0);
    rig.run_until_quiet();
    rig.press_by_info('0');
    rig.run_until("the operator has been told", |rig| rig.third.handset.voice.len() > 60);
    rig.run(seconds(3.0));
    rig.third_presses_by_info('8');
    rig.third.handset.press(Key('9'));
    rig.run(seconds(0.5));
    assert_eq!(rig.handset.keys, "");
    assert_talk(&mut rig);
}

#[test]
fn joined_at_16_khz_the_two_are_not_recognised() {
    let mut rig = Rig::dial_codecs(&[Codec::G722, Codec::Pcma]);
    rig.third.media.codecs = vec![Codec::G722, Codec::Pcma];
    rig.settings.transfer_method = TransferMethod::Bridge;
    rig.settings.idle = seconds(300.0);
    rig.run_until_quiet();
    rig.press("0");
    rig.run_until("the operator has been told", |rig| rig.third.handset.voice.len() > 60);
    rig.run(seconds(3.0));
    assert!(!rig.third.handset.heard_wide.is_empty(), "the briefing in wide band");
    let recognised = rig.recognised.len();
    assert_talk(&mut rig);
    assert_eq!(rig.recognised.len(), recognised);
}

#[test]
fn somebody_else_may_pick_up_the_operators_telephone() {
    let mut rig = asked(TransferMethod::Bridge, Manner::Ring);
    rig.run_until("the operator's telephone rings", |rig| rig.third.call.is_some());
    rig.run(seconds(0.2));
    let rings = |text: &&String| text.starts_with("SIP/2.0 180") && text.contains("From: <sip:mairie@");
    let ringing = rig.sip_sent.iter().map(|(_, text)| text).find(rings).expect("a 180").clone();
    let now = rig.now;
    rig.third.pick_up_elsewhere(now, &ringing);
    until_joined(&mut rig);
    assert_talk(&mut rig);
}
