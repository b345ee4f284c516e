//! Answering, losing packets, transferring, ending.

use std::time::Duration;

use super::rig::{AGENT, PHONE, Rig};
use crate::call::bridge::Party;
use crate::call::machine::Input;
use crate::call::record::Outcome;
use crate::sip::{Command, EndCause, Event};

#[test]
fn a_whole_call_from_invite_to_bye() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    assert!(rig.has_said("Mairie de Saint-Aubin, bonjour."));
    rig.say(1_500, "je voudrais refaire ma carte d'identité");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous à l'état civil."));
    rig.press("1");
    rig.run_until_quiet();
    assert!(rig.texts().iter().any(|text| text.contains("justificatif de domicile")), "{:?}", rig.texts());
    rig.say(800, "au revoir");
    rig.run_until("the agent hangs up", Rig::phone_ended);
    let record = rig.record.take().expect("a record");
    assert_eq!(record.outcome, Outcome::AgentHungUp);
    assert_eq!((record.turns, record.keys), (2, 1));
    assert_eq!(record.replies.len(), 2);
    assert!(record.packets.sent > 500 && record.packets.received > 500, "{:?}", record.packets);
    assert_eq!(record.packets.lost, 0);
    // Nothing is left behind once the transactions' timers have run out (64·T1).
    rig.run(Duration::from_secs(40));
    assert!(rig.endpoints_idle());
}

#[test]
fn the_greeting_leaves_with_the_200() {
    let mut rig = Rig::dial();
    rig.run_until("a greeting", |rig| !rig.handset.heard.is_empty());
    let record_at = rig.handset.heard[0] - rig.start;
    // INVITE and 200 travel 10 ms each, the first packet 10 ms more, and the telephone listens every 20 ms.
    assert!(record_at <= Duration::from_millis(60), "{record_at:?}");
}

#[test]
fn an_answer_leaves_soon_after_the_end_of_speech() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.say(1_500, "Je voudrais refaire ma carte d'identité.");
    let ended = rig.now;
    rig.run_until_quiet();
    let reply = rig.first_heard_after(ended).expect("an answer");
    // Recognition starts after 120 ms and takes 300; a finished sentence ends the turn then. The network adds 20 ms and the
    // grids 40 at most.
    assert!(reply > Duration::from_millis(400) && reply < Duration::from_millis(500), "{reply:?}");
}

#[test]
fn a_lost_ack_changes_nothing_for_the_caller() {
    let mut lost = 0;
    let mut rig = Rig::dial_with_default_offer(move |text, from_agent| {
        let ack = !from_agent && text.starts_with("ACK ");
        lost += u32::from(ack);
        ack && lost <= 2
    });
    rig.run_until_quiet();
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
    assert!(rig.sip_count(true, "SIP/2.0 200") >= 3, "the 200 is sent again until an ACK comes");
    assert_eq!(rig.sip_count(true, "BYE "), 0);
}

#[test]
fn a_call_never_acknowledged_is_ended_after_64_t1() {
    let mut rig = Rig::dial_with_default_offer(|text, from_agent| !from_agent && text.starts_with("ACK "));
    rig.run(Duration::from_secs(45));
    let record = rig.record.take().expect("a record");
    assert_eq!(record.outcome, Outcome::NotAcknowledged);
    assert!(rig.sip_count(true, "BYE ") >= 1);
}

#[test]
fn a_caller_who_hangs_up_mid_sentence_ends_everything() {
    let mut rig = Rig::dial();
    rig.run(Duration::from_millis(500));
    assert!(!rig.handset.heard.is_empty());
    rig.phone_command(Command::HangUp);
    rig.run(Duration::from_millis(100));
    let record = rig.record.take().expect("a record");
    assert_eq!(record.outcome, Outcome::CallerHungUp);
    let heard = rig.handset.heard.len();
    rig.run(Duration::from_secs(40));
    assert_eq!(rig.handset.heard.len(), heard, "not a packet more");
    assert!(rig.endpoints_idle());
}

#[test]
fn a_caller_who_hangs_up_while_being_recognised_leaves_no_work() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.recognition = Duration::from_secs(3);
    rig.say(1_500, "refaire ma carte");
    rig.run(Duration::from_millis(700));
    rig.phone_command(Command::HangUp);
    rig.run(Duration::from_millis(100));
    assert!(rig.record.is_some());
    assert!(rig.abandoned >= 1, "the recognition under way is abandoned");
}

#[test]
fn an_invite_without_an_offer_gets_ours() {
    let mut rig = Rig::dial_with(None, |_, _| false);
    rig.run(Duration::from_millis(100));
    let answer = rig.phone_events.iter().find_map(|(_, event)| match event {
        Event::Reoffered { offer: Some(sdp) } => Some(sdp.clone()),
        _ => None,
    });
    assert!(answer.is_some_and(|sdp| sdp.contains("m=audio 20000 RTP/AVP 8 0")));
    // The answer comes with the ACK, and the conversation begins.
    rig.run_until_quiet();
    assert!(rig.has_said("Mairie de Saint-Aubin, bonjour."));
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn a_call_on_hold_waits_and_goes_on() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    let version =
        |sdp: &str| sdp.lines().find_map(|l| l.strip_prefix("o=- ")).unwrap().split(' ').nth(1).unwrap().to_owned();
    for (direction, answer, number) in [("sendonly", "a=recvonly", "2"), ("inactive", "a=inactive", "3")] {
        let said = rig.said.len();
        let sdp = rig.phone_offers(direction);
        assert!(sdp.contains(answer), "{sdp}");
        assert_eq!(version(&sdp), number, "one on with every description (RFC 3264 §8)");
        rig.handset.muted = true;
        rig.run(Duration::from_secs(60));
        assert_eq!(rig.said.len(), said, "nobody hears reminders");
        assert!(rig.record.is_none(), "silence is no end while on hold");
        rig.handset.muted = false;
    }
    let sdp = rig.phone_offers("sendrecv");
    assert!(sdp.contains("a=sendrecv"), "{sdp}");
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn a_call_the_switchboard_moves_goes_on() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.phone_moves();
    rig.run(Duration::from_millis(200));
    assert_eq!(rig.sip_count(true, "BYE "), 1, "the old dialog ends");
    assert!(rig.record.is_none());
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    let greetings = rig.texts().iter().filter(|text| text.contains("bonjour")).count();
    assert_eq!(greetings, 1, "the conversation goes on: {:?}", rig.texts());
    assert!(rig.has_said("Il faut un rendez-vous"));
    rig.phone_command(Command::HangUp);
    rig.run(Duration::from_millis(200));
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::CallerHungUp));
    rig.run(Duration::from_secs(70));
    assert!(rig.endpoints_idle());
}

#[test]
fn a_far_end_that_asks_for_an_offer_within_the_call_gets_all_of_ours() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    let before = rig.phone_events.len();
    rig.phone_command(Command::Reoffer { sdp: None });
    rig.run(Duration::from_millis(100));
    let offer = rig.phone_events[before..].iter().find_map(|(_, event)| match event {
        Event::Reoffered { offer } => offer.clone(),
        _ => None,
    });
    assert!(offer.is_some_and(|sdp| sdp.contains("m=audio 20000 RTP/AVP 8 0 101") && sdp.contains("a=sendrecv")));
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}

#[test]
fn a_call_without_a_common_codec_is_refused_with_488() {
    let offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
                 m=audio 30000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n";
    let mut rig = Rig::dial_with(Some(offer.to_owned()), |_, _| false);
    rig.run(Duration::from_millis(200));
    let ended = rig.phone_events.iter().any(|(_, event)| *event == Event::Ended { cause: EndCause::Refused(488) });
    assert!(ended, "{:?}", rig.phone_events);
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::Refused));
}

#[test]
fn key_0_transfers_and_success_ends_our_part() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.press("0");
    rig.run_until("the call has left us", Rig::phone_ended);
    assert_eq!(rig.transferred_to.as_deref(), Some("sip:100@192.0.2.9"));
    let record = rig.record.take().expect("a record");
    assert_eq!(record.outcome, Outcome::Transferred);
    assert_eq!(rig.sip_count(true, "BYE "), 1, "we leave, not the caller");
}

#[test]
fn a_busy_operator_gives_the_caller_back() {
    let mut rig = Rig::dial();
    rig.operator = vec![486];
    rig.run_until_quiet();
    rig.say(900, "je voudrais parler à un agent");
    rig.run_until("the transfer is tried", |rig| rig.transferred_to.is_some());
    let asked = rig.said.len();
    rig.run_until_quiet();
    assert!(rig.said.len() > asked, "the caller is told and offered another way: {:?}", rig.texts());
    assert!(!rig.phone_ended());
    // The other way is a call-back request; "oui" takes it.
    rig.say(500, "oui");
    rig.run_until_quiet();
    assert!(rig.has_said("Je peux noter le numéro avec lequel vous appelez."), "{:?}", rig.texts());
    rig.press("0612345678#");
    rig.run_until_quiet();
    rig.say(500, "oui");
    rig.run_until("the request is kept", |rig| !rig.saved.is_empty());
    assert!(rig.saved[0].fields.iter().any(|(_, value)| value.replace(' ', "") == "0612345678"), "{:?}", rig.saved);
}

#[test]
fn an_operator_who_never_answers_is_given_up() {
    let mut rig = Rig::dial();
    rig.operator = vec![180];
    rig.run_until_quiet();
    rig.press("0");
    rig.run_until("the transfer is tried", |rig| rig.transferred_to.is_some());
    let (tried, asked) = (rig.now, rig.said.len());
    rig.run_until("the caller is taken back", |rig| rig.said.len() > asked);
    let after = (rig.now - tried).as_secs();
    assert!((29..=31).contains(&after), "25 s of ringing and the margin of 5 s, was {after} s");
}

#[test]
fn silence_of_the_network_ends_the_call() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    rig.handset.muted = true;
    rig.run(Duration::from_secs(32));
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::Lost));
}

#[test]
fn stopping_the_service_tells_the_caller() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    let asked = rig.said.len();
    rig.tell_machine(Input::Stop);
    rig.run_until("the call ends", Rig::phone_ended);
    assert!(rig.said.len() > asked, "something is said first");
    assert!(rig.record.is_some());
}

#[test]
fn the_longest_call_is_ended_politely() {
    let mut rig = Rig::dial();
    rig.settings.longest = Duration::from_secs(10);
    rig.run_until("the call ends", Rig::phone_ended);
    let last = rig.said.last().expect("a last word").0 - rig.start;
    assert!(last >= Duration::from_secs(9), "{last:?}");
}

#[test]
fn junk_instead_of_audio_is_harmless() {
    let mut rig = Rig::dial();
    rig.run_until_quiet();
    for length in 0..64 {
        let packet = vec![0xa5; length];
        rig.tell_machine(Input::Rtp { party: Party::Caller, source: PHONE.parse().unwrap(), packet: &packet });
        rig.tell_machine(Input::Rtp { party: Party::Caller, source: AGENT.parse().unwrap(), packet: &packet });
    }
    rig.say(1_200, "refaire ma carte");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"));
}
