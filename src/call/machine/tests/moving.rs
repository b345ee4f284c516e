//! The switchboard moves the call: REFER received.

use std::time::Duration;

use super::rig::{PHONE_RTP, Rig, Sent, THIRD, address};
use super::third::{Manner, RTP as THIRD_RTP};
use crate::call::gate::TransferGate;
use crate::call::record::Outcome;
use crate::config::Follow;
use crate::sip::{Command, EndCause, Event};

const TICK: Duration = Duration::from_millis(20);

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// The greeting has been heard.
fn talking() -> Rig {
    let mut rig = Rig::dial();
    // Longer than any test lasts.
    rig.settings.idle = seconds(300.0);
    rig.run_until_quiet();
    rig
}

/// The greeting (three sentences of a second each) is being heard.
fn greeting(manner: Manner) -> Rig {
    let mut rig = Rig::dial();
    rig.settings.idle = seconds(300.0);
    rig.third.manner = manner;
    rig.run(seconds(0.6));
    rig
}

/// The one stream the agent sends: no packet missing, none too late.
fn assert_no_gap(sent: &[Sent]) {
    assert!(sent.len() > 100);
    for pair in sent.windows(2) {
        assert_eq!(pair[0].ssrc, pair[1].ssrc);
        assert_eq!(pair[0].number.wrapping_add(1), pair[1].number);
        assert_eq!(pair[1].at - pair[0].at, TICK);
    }
}

fn frames_heard(rig: &Rig) -> usize {
    rig.handset.heard.len() + rig.third.handset.heard.len()
}

/// The conversation is with the third party, and only there.
fn assert_goes_on_with_third(rig: &mut Rig) {
    let heard = rig.third.handset.heard.len();
    rig.third_says(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"), "{:?}", rig.texts());
    assert!(rig.third.handset.heard.len() > heard + 90, "two sentences of a second are heard there");
    assert_eq!(rig.texts().iter().filter(|text| text.contains("bonjour")).count(), 1, "no second greeting");
}

fn assert_goes_on_with_phone(rig: &mut Rig) {
    let heard = rig.handset.heard.len();
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"), "{:?}", rig.texts());
    assert!(rig.handset.heard.len() > heard + 90);
    assert!(rig.record.is_none());
}

/// Everybody hangs up, and nothing is left.
fn assert_forgotten(rig: &mut Rig) {
    rig.phone_command(Command::HangUp);
    if rig.third.call.is_some() {
        rig.third_command(Command::HangUp);
    }
    rig.run(seconds(140.0));
    assert!(rig.record.is_some(), "the call is over");
    assert!(rig.endpoints_idle());
}

fn third_was(rig: &Rig, cause: EndCause) -> bool {
    rig.third.events.contains(&Event::Ended { cause })
}

#[test]
fn a_call_follows_a_blind_transfer() {
    let mut rig = talking();
    rig.refer();
    rig.run_until("the conversation is elsewhere", Rig::has_moved);
    rig.run(seconds(0.2));
    assert_eq!(rig.outcomes(), [100, 180, 200]);
    rig.phone_command(Command::HangUp);
    rig.run(seconds(0.1));
    assert!(rig.record.is_none(), "the switchboard leaves, the call goes on");
    assert_goes_on_with_third(&mut rig);
    let referred_by = rig.sip_sent.iter().any(|(agent, text)| *agent && text.contains("Referred-By: <sip:0612345678@"));
    assert!(referred_by, "the INVITE says who asked for it");
    rig.third_command(Command::HangUp);
    rig.run(seconds(0.1));
    let record = rig.record.as_ref().expect("a record");
    assert_eq!((record.outcome, record.moves, record.transfers), (Outcome::CallerHungUp, 1, 0));
    assert_forgotten(&mut rig);
}

#[test]
fn an_attended_transfer_takes_the_place_of_the_consultation() {
    let mut rig = talking();
    rig.refer_to_consulted();
    rig.run_until("the conversation is elsewhere", Rig::has_moved);
    rig.run(seconds(0.2));
    assert_eq!(rig.outcomes(), [100, 200]);
    let replaces = rig.sip_sent.iter().any(|(agent, text)| *agent && text.contains("\nReplaces: "));
    assert!(replaces, "as the target says");
    assert!(rig.third.events.iter().any(|event| matches!(event, Event::Replaced { .. })));
    rig.phone_command(Command::HangUp);
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn what_is_being_said_goes_on_without_a_gap() {
    let mut rig = greeting(Manner::Ring);
    rig.refer();
    rig.run(seconds(0.4));
    rig.third_answers();
    rig.run(seconds(5.0));
    assert_no_gap(&rig.rtp_sent);
    let mut to: Vec<_> = rig.rtp_sent.iter().map(|sent| sent.to).collect();
    to.dedup();
    assert_eq!(to, [address(PHONE_RTP), address(THIRD_RTP)]);
    assert_eq!(rig.texts().len(), 3);
    assert!((148..=150).contains(&frames_heard(&rig)), "{}: each frame is heard once", frames_heard(&rig));
    assert!(rig.third.handset.heard.len() > 80);
    assert_forgotten(&mut rig);
}

#[test]
fn who_refuses_leaves_the_conversation_as_it_was() {
    for status in [486, 480, 603] {
        let mut rig = greeting(Manner::Refuse(status));
        rig.refer();
        rig.run(seconds(4.0));
        assert_eq!(rig.outcomes(), [100, status]);
        assert_no_gap(&rig.rtp_sent);
        assert!(rig.rtp_sent.iter().all(|sent| sent.to == address(PHONE_RTP)));
        assert_eq!(rig.handset.heard.len(), 150, "the greeting was not interrupted");
        assert_goes_on_with_phone(&mut rig);
        // And the next try is taken up.
        rig.third.manner = Manner::Answer;
        rig.refer();
        rig.run_until("the conversation is elsewhere", Rig::has_moved);
        assert_forgotten(&mut rig);
    }
}

#[test]
fn an_answer_without_usable_media_is_no_answer() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
               m=audio 32000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n";
    let mut rig = greeting(Manner::AnswerWith(sdp));
    rig.refer();
    rig.run(seconds(4.0));
    assert_eq!(rig.outcomes(), [100, 488]);
    assert!(third_was(&rig, EndCause::RemoteBye));
    assert_no_gap(&rig.rtp_sent);
    assert_goes_on_with_phone(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn a_switchboard_that_leaves_at_once_does_not_end_the_call() {
    let mut rig = greeting(Manner::Ring);
    rig.refer();
    rig.run(seconds(0.2));
    rig.phone_command(Command::HangUp);
    rig.run(seconds(0.1));
    let silent = rig.rtp_sent.len();
    rig.run(seconds(3.0));
    assert!(rig.record.is_none(), "RFC 5589: the new call goes on");
    assert_eq!(rig.rtp_sent.len(), silent, "nobody is there to hear");
    rig.third_answers();
    rig.run_until_quiet();
    assert_eq!(rig.texts().len(), 3, "the greeting is not begun again");
    // The first sentence had been cut: it has no pause, so that it is said again whole.
    let (before, after) = (rig.handset.heard.len(), rig.third.handset.heard.len());
    assert!((30..50).contains(&before) && (148..=150).contains(&after), "{before} {after}");
    let ssrc = rig.rtp_sent[0].ssrc;
    assert!(rig.rtp_sent.iter().all(|sent| sent.ssrc == ssrc));
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn a_caller_who_left_and_a_new_leg_that_fails_end_the_call() {
    // Refused; given up after a minute.
    for refused in [true, false] {
        let mut rig = greeting(Manner::Ring);
        rig.refer();
        rig.run(seconds(0.2));
        rig.phone_command(Command::HangUp);
        rig.run(seconds(1.0));
        if refused {
            rig.third_command(Command::Reject { status: 486 });
            rig.run(seconds(0.1));
        } else {
            rig.run(seconds(58.0));
            assert!(rig.record.is_none());
            rig.run(seconds(2.0));
            assert!(third_was(&rig, EndCause::RemoteCancel));
        }
        let record = rig.record.as_ref().expect("a record");
        assert_eq!((record.outcome, record.moves), (Outcome::CallerHungUp, 0));
        assert_forgotten(&mut rig);
    }
}

#[test]
fn a_new_leg_that_nobody_answers_is_given_up_after_a_minute() {
    let mut rig = talking();
    rig.third.manner = Manner::Ring;
    // Nor does the network's silence end the call meanwhile: a switchboard may have the audio elsewhere.
    rig.handset.muted = true;
    rig.refer();
    rig.run(seconds(59.0));
    assert_eq!((rig.sip_count(true, "CANCEL "), rig.outcomes()), (0, vec![100, 180]));
    rig.run(seconds(2.0));
    assert_eq!((rig.sip_count(true, "CANCEL "), rig.outcomes()), (1, vec![100, 180, 408]));
    assert!(third_was(&rig, EndCause::RemoteCancel));
    rig.handset.muted = false;
    assert_goes_on_with_phone(&mut rig);
    rig.handset.muted = true;
    rig.run(seconds(32.0));
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::Lost), "silence counts again");
    assert_forgotten(&mut rig);
}

#[test]
fn the_old_far_end_gets_bye_after_a_while_and_is_not_heard_meanwhile() {
    let mut rig = talking();
    rig.refer();
    rig.run_until("the conversation is elsewhere", Rig::has_moved);
    let moved = rig.now;
    // It still sends; its stream must neither be heard nor draw ours back.
    rig.say(1_500, "refaire ma carte");
    rig.run(seconds(1.0));
    assert!(!rig.has_said("Il faut un rendez-vous"));
    assert!(rig.rtp_sent.iter().filter(|sent| sent.at > moved).all(|sent| sent.to == address(THIRD_RTP)));
    assert_eq!(rig.sip_count(true, "BYE "), 0);
    rig.run_until("our BYE", Rig::phone_ended);
    let waited = rig.now - moved;
    assert!(waited > seconds(3.9) && waited < seconds(4.1), "{waited:?}");
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn a_call_on_hold_goes_on_when_it_has_been_moved() {
    let mut rig = greeting(Manner::Ring);
    let answer = rig.phone_offers("sendonly");
    assert!(answer.contains("a=recvonly"));
    rig.refer();
    rig.run(seconds(1.0));
    let heard = frames_heard(&rig);
    rig.run(seconds(1.0));
    assert_eq!(frames_heard(&rig), heard, "on hold");
    rig.third_answers();
    rig.run_until_quiet();
    assert!((147..=150).contains(&frames_heard(&rig)), "{}: from where it was", frames_heard(&rig));
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn hold_and_resume_while_the_new_leg_rings() {
    let mut rig = greeting(Manner::Ring);
    rig.refer();
    rig.run(seconds(0.2));
    assert!(rig.phone_offers("sendonly").contains("a=recvonly"));
    assert!(rig.phone_offers("sendrecv").contains("a=sendrecv"));
    // The network's silence counts no more than before.
    rig.handset.muted = true;
    rig.run(seconds(40.0));
    assert!(rig.record.is_none());
    rig.handset.muted = false;
    rig.third_command(Command::Reject { status: 486 });
    rig.run(seconds(0.5));
    assert_eq!(rig.outcomes(), [100, 180, 486]);
    assert_goes_on_with_phone(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn one_refer_at_a_time() {
    let mut rig = talking();
    rig.third.manner = Manner::Ring;
    rig.refer();
    rig.run(seconds(0.2));
    rig.refer_again("");
    rig.run(seconds(0.2));
    assert_eq!(rig.sip_count(true, "SIP/2.0 491"), 1);
    assert_eq!(rig.sip_count(true, "INVITE "), 1);
    assert_forgotten(&mut rig);
}

/// Without a subscription (RFC 4488) the endpoint knows of no REFER under way: the call does.
#[test]
fn one_refer_at_a_time_also_without_notifications() {
    let mut rig = Rig::dial_with_default_offer(|text, from_agent| !from_agent && text.starts_with("REFER "));
    rig.settings.idle = seconds(300.0);
    rig.run_until_quiet();
    rig.third.manner = Manner::Ring;
    rig.refer();
    rig.run(seconds(0.1));
    rig.refer_again("Refer-Sub: false");
    rig.run(seconds(0.2));
    assert_eq!(rig.sip_count(true, "SIP/2.0 202"), 1);
    rig.refer_again("Refer-Sub: false");
    rig.run(seconds(0.2));
    assert_eq!(rig.sip_count(true, "SIP/2.0 491"), 1);
    assert_eq!(rig.sip_count(true, "NOTIFY "), 0);
    rig.third_answers();
    rig.run_until("the conversation is elsewhere", Rig::has_moved);
    rig.run(seconds(0.2));
    // The leg that was left is no place to move from.
    rig.refer_again("Refer-Sub: false");
    rig.run(seconds(0.2));
    assert_eq!(rig.sip_count(true, "SIP/2.0 603"), 1);
    assert_eq!(rig.sip_count(true, "INVITE "), 1);
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn a_refer_that_meets_ours_is_refused() {
    let mut rig = talking();
    rig.operator = vec![180];
    rig.press("0");
    rig.run_until("our REFER is taken up", |rig| rig.transferred_to.is_some());
    rig.run(seconds(0.5));
    rig.refer();
    rig.run(seconds(0.5));
    assert_eq!(rig.sip_count(true, "SIP/2.0 491"), 1);
    assert!(rig.third.call.is_none());
    assert!(rig.record.is_none());
    assert_forgotten(&mut rig);
}

#[test]
fn our_transfer_waits_until_it_is_known_where_the_caller_is() {
    for answered in [true, false] {
        let mut rig = talking();
        rig.third.manner = Manner::Ring;
        rig.refer();
        rig.run(seconds(0.2));
        rig.press("0");
        rig.run(seconds(8.0));
        assert_eq!(rig.sip_count(true, "REFER "), 0);
        // Keys wait with it.
        rig.press("1");
        assert!(!rig.has_said("Il faut un rendez-vous"));
        if answered {
            rig.third_answers();
        } else {
            rig.third_command(Command::Reject { status: 486 });
        }
        rig.run(seconds(0.5));
        assert_eq!(rig.sip_count(true, "REFER "), 1);
        let by_third = rig.third.events.iter().any(|event| matches!(event, Event::TransferRequested { .. }));
        assert_eq!((by_third, rig.transferred_to.is_some()), (answered, !answered));
        assert_forgotten(&mut rig);
    }
}

#[test]
fn only_the_switchboard_is_called() {
    let strangers = ["sip:0899123456@203.0.113.6", "tel:0899123456", "sip:0899123456@192.0.2.9;maddr=203.0.113.6"];
    for target in strangers {
        let mut rig = talking();
        rig.phone_command(Command::Transfer { target: target.to_owned() });
        rig.run(seconds(0.5));
        assert_eq!(rig.outcomes(), [603], "{target}");
        assert_eq!(rig.sip_count(true, "INVITE "), 0, "{target}");
        assert_goes_on_with_phone(&mut rig);
    }
    // The address its own messages come from is the switchboard's, whatever the configuration says.
    let mut rig = talking();
    rig.phone_command(Command::Transfer { target: "sip:200@192.0.2.2".to_owned() });
    rig.run(seconds(0.5));
    assert_eq!(rig.sip_count(true, "INVITE sip:200@192.0.2.2 "), 1);
    // Unless the town wants otherwise.
    let mut rig = Rig::dial();
    rig.settings.gate = TransferGate::new(Follow::Always, []);
    rig.run_until_quiet();
    rig.phone_command(Command::Transfer { target: strangers[0].to_owned() });
    rig.run(seconds(0.2));
    assert_eq!(rig.sip_count(true, "INVITE sip:0899123456@203.0.113.6 "), 1);
}

#[test]
fn goodbye_while_the_new_leg_rings_ends_both() {
    let mut rig = talking();
    rig.third.manner = Manner::Ring;
    rig.refer();
    rig.run(seconds(0.2));
    rig.say(800, "au revoir");
    rig.run_until("the agent hangs up", Rig::phone_ended);
    rig.run(seconds(0.2));
    assert!(third_was(&rig, EndCause::RemoteCancel));
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::AgentHungUp));
    assert_forgotten(&mut rig);
}

#[test]
fn somebody_else_may_take_up_the_new_leg() {
    let mut rig = greeting(Manner::Ring);
    rig.refer();
    rig.run(seconds(0.2));
    let rings = |text: &&String| text.starts_with("SIP/2.0 180") && text.contains("From: <sip:mairie@");
    let ringing = rig.sip_sent.iter().map(|(_, text)| text).find(rings).expect("a 180").clone();
    let now = rig.now;
    rig.third.pick_up_elsewhere(now, &ringing);
    rig.run_until("the conversation is elsewhere", Rig::has_moved);
    rig.run(seconds(5.0));
    assert_eq!(rig.outcomes(), [100, 180, 200]);
    assert_eq!(rig.sip_count(true, "CANCEL "), 1, "the telephone that rang");
    assert_no_gap(&rig.rtp_sent);
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn a_call_can_be_moved_on() {
    let mut rig = talking();
    rig.refer();
    rig.run_until("the conversation is elsewhere", Rig::has_moved);
    rig.run(seconds(0.1));
    // The phone has not left yet when the third party moves the call to another extension.
    rig.third_command(Command::Transfer { target: format!("sip:etat-civil@{THIRD}") });
    rig.run(seconds(0.3));
    assert_eq!(rig.sip_count(true, "INVITE sip:etat-civil@"), 1);
    assert!(rig.phone_ended(), "there is one old leg at most");
    rig.run(seconds(5.0));
    assert_eq!(rig.sip_count(true, "BYE "), 2, "and that of the third party after it");
    assert_goes_on_with_third(&mut rig);
    assert_forgotten(&mut rig);
}

#[test]
fn a_replaced_dialog_overtakes_the_new_leg() {
    let mut rig = talking();
    rig.third.manner = Manner::Ring;
    rig.refer();
    rig.run(seconds(0.2));
    rig.phone_moves();
    rig.run(seconds(0.3));
    assert!(third_was(&rig, EndCause::RemoteCancel));
    assert_goes_on_with_phone(&mut rig);
    assert_forgotten(&mut rig);
    assert_eq!(rig.record.as_ref().map(|record| record.moves), Some(1));
}

/// Whatever the network loses, the call moves once, and nothing is left behind.
#[test]
fn a_bad_network_does_not_lose_the_call() {
    for seed in 0..30_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut rig = Rig::dial_with_default_offer(move |_, _| {
            // xorshift64: 15 of 100 are lost.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % 100 < 15
        });
        rig.settings.idle = seconds(300.0);
        rig.run_until("the greeting", |rig| !rig.handset.heard.is_empty());
        rig.refer();
        // Some leave at once, some when they know of the outcome, some never.
        match seed % 3 {
            0 => rig.run(seconds(0.3)),
            1 => rig.run_until("the outcome", |rig| rig.outcomes().last().is_some_and(|status| *status >= 200)),
            _ => rig.run(seconds(40.0)),
        }
        rig.phone_command(Command::HangUp);
        rig.run(seconds(45.0));
        if rig.record.is_none() {
            assert!(rig.has_moved(), "seed {seed}");
            rig.third_command(Command::HangUp);
        }
        rig.run(seconds(200.0));
        let record = rig.record.as_ref().expect("a record");
        // Who leaves before the REFER has arrived has not moved anybody.
        let referred = rig.agent_events.iter().any(|event| matches!(event, Event::TransferRequested { .. }));
        assert_eq!(record.moves, u32::from(referred), "seed {seed}");
        assert!(rig.endpoints_idle(), "seed {seed}");
    }
}
