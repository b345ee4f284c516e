//! Encrypted calls: keys agreed, changed, refused; packets tampered with and repeated.

use std::time::Duration;

use super::rig::{Rig, THIRD, address};
use crate::call::machine::{Input, LegId, Machine, Output};
use crate::call::record::Outcome;
use crate::rtp::srtp::{KeySource, Suite};
use crate::sip::sdp::{LocalMedia, Security, SrtpPolicy, offer};
use crate::sip::{Command, EndCause, Event, Flow, Transport};

fn refused(rig: &Rig, status: u16) -> bool {
    rig.phone_events.iter().any(|(_, event)| *event == Event::Ended { cause: EndCause::Refused(status) })
}

/// A conversation there and back, and the record of the call.
fn talk_and_leave(rig: &mut Rig) -> crate::call::record::Record {
    rig.run_until_quiet();
    rig.say(1_500, "je voudrais refaire ma carte d'identité");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous à l'état civil."), "{:?}", rig.texts());
    rig.press("1");
    rig.run_until_quiet();
    assert!(rig.has_said("justificatif de domicile"), "{:?}", rig.texts());
    leave(rig)
}

fn leave(rig: &mut Rig) -> crate::call::record::Record {
    rig.phone_command(Command::HangUp);
    rig.run(Duration::from_millis(100));
    rig.record.take().expect("a record")
}

#[test]
fn an_encrypted_call_from_invite_to_bye() {
    for policy in [SrtpPolicy::Optional, SrtpPolicy::Required] {
        let mut rig = Rig::dial_encrypted(policy, Transport::Tls, false);
        let record = talk_and_leave(&mut rig);
        let encryption = record.encryption.expect("an encrypted call");
        assert_eq!(encryption.suite, Suite::AeadAes256Gcm, "the first one offered");
        assert_eq!((encryption.rejected.unauthentic, encryption.rejected.replayed), (0, 0));
        assert!(record.packets.received > 300 && record.packets.lost == 0, "{:?}", record.packets);
    }
}

#[test]
fn our_late_offer_brings_keys_over_tls() {
    for (ours, theirs) in [(SrtpPolicy::Optional, SrtpPolicy::Optional), (SrtpPolicy::Required, SrtpPolicy::Required)] {
        let mut rig = Rig::dial_encrypted(theirs, Transport::Tls, true);
        rig.settings.srtp = ours;
        assert!(talk_and_leave(&mut rig).encryption.is_some());
    }
    // A telephone without SRTP takes our offer of both in clear.
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Off, Transport::Tls, true);
    assert!(talk_and_leave(&mut rig).encryption.is_none());
}

#[test]
fn a_call_in_clear_is_refused_where_encryption_is_required() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Off, Transport::Tls, false);
    rig.settings.srtp = SrtpPolicy::Required;
    rig.run(Duration::from_secs(1));
    assert!(refused(&rig, 488), "{:?}", rig.phone_events);
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::Refused));
}

#[test]
fn keys_are_not_exchanged_in_clear_unless_told() {
    // RTP/AVP with keys over UDP: the audio stays in clear, and no key of ours is told.
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Optional, Transport::Udp, false);
    assert!(talk_and_leave(&mut rig).encryption.is_none());
    assert!(!rig.sip_sent.iter().any(|(agent, text)| *agent && text.contains("a=crypto")));
    // RTP/SAVP, or encryption required, over UDP.
    for (ours, theirs, late) in [
        (SrtpPolicy::Optional, SrtpPolicy::Required, false),
        (SrtpPolicy::Required, SrtpPolicy::Required, false),
        (SrtpPolicy::Required, SrtpPolicy::Required, true),
    ] {
        let mut rig = Rig::dial_encrypted(theirs, Transport::Udp, late);
        rig.settings.srtp = ours;
        rig.run(Duration::from_secs(1));
        assert!(refused(&rig, 488), "{ours:?} {theirs:?} {late}");
        assert!(!rig.sip_sent.iter().any(|(agent, text)| *agent && text.contains("a=crypto")));
    }
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Udp, false);
    rig.settings.srtp_without_tls = true;
    assert!(talk_and_leave(&mut rig).encryption.is_some());
}

#[test]
fn packets_tampered_with_and_repeated_are_ignored() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false);
    let (mut count, mut last) = (0, Vec::new());
    rig.handset.on_the_way = Box::new(move |packet| {
        count += 1;
        let mut forged = packet.clone();
        let at = count % forged.len();
        forged[at] ^= 0x40;
        let arriving = vec![forged, packet.clone(), packet.clone(), last.clone()];
        last = packet;
        arriving
    });
    let record = talk_and_leave(&mut rig);
    let rejected = record.encryption.expect("an encrypted call").rejected;
    let packets = record.packets;
    assert_eq!(packets.lost, 0);
    let near = |count: u64, expected: u64| count.abs_diff(expected) <= 300;
    // Some forgeries have the number of a packet that has come already.
    assert_eq!(rejected.unauthentic + rejected.replayed, 3 * packets.received, "{rejected:?} {packets:?}");
    assert!(near(rejected.replayed, 2 * packets.received), "{rejected:?} {packets:?}");
}

#[test]
fn audio_in_clear_is_no_audio_of_an_encrypted_call_nor_a_sign_of_life() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false);
    rig.run_until_quiet();
    // From now on the telephone forgets to encrypt.
    rig.handset.protection = None;
    let said = rig.said.len();
    rig.say(1_500, "je voudrais refaire ma carte d'identité");
    assert!(!rig.texts()[said..].iter().any(|text| text.contains("rendez-vous")));
    rig.run(Duration::from_secs(32));
    assert_eq!(rig.record.as_ref().map(|record| record.outcome), Some(Outcome::Lost));
}

#[test]
fn new_keys_in_a_re_invite() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Optional, Transport::Tls, false);
    rig.run_until_quiet();
    let ours = |rig: &Rig| -> Vec<String> {
        let lines = rig.sip_sent.iter().filter(|(agent, _)| *agent).flat_map(|(_, text)| text.lines());
        lines.filter(|line| line.starts_with("a=crypto")).map(str::to_owned).collect()
    };
    let first = ours(&rig);
    // While the re-INVITE travels, and 100 ms more, the telephone's packets are still under its old key.
    rig.mouth_is_full();
    rig.phone_changes_keys(77);
    rig.words = Ok("je voudrais refaire ma carte d'identité");
    rig.run(Duration::from_millis(1_500));
    let second = ours(&rig);
    assert_eq!(second.len(), first.len() + 1);
    assert!(!first.contains(&second[first.len()]), "ours is new, too");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"), "{:?}", rig.texts());
    let record = leave(&mut rig);
    assert_eq!(record.packets.lost, 0, "not a packet is lost on the way from key to key");
    let rejected = record.encryption.expect("an encrypted call").rejected;
    assert_eq!((rejected.unauthentic, rejected.replayed), (0, 0));
}

#[test]
fn hold_and_resume_keep_the_keys() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false);
    rig.run_until_quiet();
    let key = |sdp: &str| sdp.lines().find(|line| line.starts_with("a=crypto")).map(str::to_owned);
    let held = rig.phone_offers("sendonly");
    assert!(held.contains("m=audio 20000 RTP/SAVP ") && held.contains("a=recvonly"), "{held}");
    rig.run(Duration::from_secs(20));
    let resumed = rig.phone_offers("sendrecv");
    assert!(key(&held).is_some() && key(&held) == key(&resumed));
    assert!(talk_after_hold(&mut rig).encryption.is_some_and(|encryption| encryption.rejected.unauthentic == 0));
}

fn talk_after_hold(rig: &mut Rig) -> crate::call::record::Record {
    rig.run_until_quiet();
    rig.say(1_500, "je voudrais refaire ma carte d'identité");
    rig.run_until_quiet();
    assert!(rig.has_said("Il faut un rendez-vous"), "{:?}", rig.texts());
    leave(rig)
}

#[test]
fn asked_for_an_offer_we_bring_fresh_keys_under_the_same_profile() {
    for policy in [SrtpPolicy::Optional, SrtpPolicy::Required] {
        let mut rig = Rig::dial_encrypted(policy, Transport::Tls, false);
        rig.run_until_quiet();
        let heard = rig.handset.heard.len();
        // The telephone's new session numbers its packets anew, so it must not go on with its old key.
        let mut source = KeySource::new([44; 32]);
        rig.media.security = Security::new(policy, Some(&mut source));
        rig.phone_command(Command::Reoffer { sdp: None });
        rig.run(Duration::from_millis(200));
        let profile = if policy == SrtpPolicy::Required { "RTP/SAVP" } else { "RTP/AVP" };
        let (_, ok) = rig.sip_sent.iter().rev().find(|(agent, text)| *agent && text.contains("m=audio")).unwrap();
        assert!(ok.contains(&format!("m=audio 20000 {profile} ")), "{ok}");
        assert_eq!(ok.matches("a=crypto:").count(), 4, "{ok}");
        rig.say(1_500, "je voudrais refaire ma carte d'identité");
        rig.run_until_quiet();
        assert!(rig.has_said("Il faut un rendez-vous") && rig.handset.heard.len() > heard, "{:?}", rig.texts());
        assert!(leave(&mut rig).encryption.is_some());
    }
}

#[test]
fn the_switchboard_moves_an_encrypted_call_to_another_device() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Optional, Transport::Tls, false);
    rig.run_until_quiet();
    let mut source = KeySource::new([55; 32]);
    rig.media.security = Security::new(SrtpPolicy::Optional, Some(&mut source));
    rig.phone_moves();
    rig.run(Duration::from_millis(200));
    assert!(talk_after_hold(&mut rig).encryption.is_some());
    // To one without SRTP: optional is optional.
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Optional, Transport::Tls, false);
    rig.run_until_quiet();
    rig.media.security = Security::default();
    rig.phone_moves();
    rig.run(Duration::from_millis(200));
    assert!(talk_after_hold(&mut rig).encryption.is_none());
}

#[test]
fn a_re_invite_in_clear_is_refused_where_encryption_is_required() {
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false);
    rig.settings.srtp = SrtpPolicy::Required;
    rig.run_until_quiet();
    let clear = LocalMedia { security: Default::default(), ..rig.media.clone() };
    rig.phone_command(Command::Reoffer { sdp: Some(offer(&clear)) });
    rig.run(Duration::from_millis(200));
    assert!(rig.phone_events.iter().any(|(_, event)| *event == Event::ReofferRefused { status: 488 }));
    assert!(talk_after_hold(&mut rig).encryption.is_some());
}

/// Every `a=crypto` line the agent has told in messages that hold `part`.
fn keys_told(rig: &Rig, part: &str) -> Vec<String> {
    let ours = rig.sip_sent.iter().filter(|(agent, text)| *agent && text.contains(part));
    ours.flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with("a=crypto")).map(str::to_owned).collect()
}

#[test]
fn a_call_that_is_moved_has_keys_of_its_own_there() {
    for policy in [SrtpPolicy::Optional, SrtpPolicy::Required] {
        let mut rig = Rig::dial_encrypted(policy, Transport::Tls, false);
        rig.third.media.security = Security::new(policy, Some(&mut KeySource::new([66; 32])));
        rig.run_until_quiet();
        rig.refer();
        rig.run_until("the move", Rig::has_moved);
        let (told, offered) = (keys_told(&rig, "SIP/2.0 200"), keys_told(&rig, "INVITE sip:accueil"));
        assert_eq!((told.len(), offered.len()), (1, 4), "{policy:?}");
        assert!(!offered.contains(&told[0]), "{policy:?}");
        let heard = rig.third.handset.heard.len();
        rig.third_says(1_500, "je voudrais refaire ma carte d'identité");
        rig.run_until_quiet();
        assert!(rig.has_said("Il faut un rendez-vous") && rig.third.handset.heard.len() > heard, "{:?}", rig.texts());
        rig.third_command(Command::HangUp);
        rig.run(Duration::from_millis(100));
        let encryption = rig.record.take().expect("a record").encryption.expect("an encrypted call");
        // At most the packet that outran the answer with its key.
        assert!(encryption.rejected.unauthentic <= 1, "{policy:?} {encryption:?}");
    }
}

#[test]
fn a_call_is_not_moved_where_its_keys_would_be_told() {
    // Where encryption is required, and the way to the new far end is UDP.
    let mut rig = Rig::dial_encrypted(SrtpPolicy::Required, Transport::Tls, false);
    rig.settings.srtp = SrtpPolicy::Required;
    rig.run_until_quiet();
    let destination = Flow::udp(address(THIRD));
    let event = Event::TransferRequested { target: format!("sip:{THIRD}"), referred_by: None, destination };
    rig.tell_machine(Input::Sip { leg: LegId::FIRST, event });
    let output = rig.machine.as_mut().and_then(Machine::poll_output);
    assert!(matches!(output, Some(Output::Sip { command: Command::RefuseTransfer { status: 603 }, .. })), "{output:?}");
    rig.run(Duration::from_millis(200));
    assert_eq!(rig.sip_count(true, "INVITE"), 0);
    assert!(talk_after_hold(&mut rig).encryption.is_some());
}
