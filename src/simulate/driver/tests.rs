//! Caller and operator's phone call each other over loopback, without engines: our SIP and RTP, for real.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::audio::Codec;
use crate::net::bind;
use crate::simulate::report::{EndedBy, Failure, PhoneEnd};
use crate::sip::{AccessConfig, EndpointConfig, Listeners, Policy};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn endpoint(user: &str) -> (SipHandle, tokio::sync::mpsc::Receiver<CallLine>) {
    let config = EndpointConfig {
        listeners: Listeners::udp((LOOPBACK, 0).into()),
        user: user.into(),
        display_name: None,
        product: "test".into(),
        max_calls: 4,
        accept_transfers: true,
        policy: Policy::default(),
        credentials: Vec::new(),
        access: AccessConfig::open(),
    };
    bind(config, (LOOPBACK, 0).into(), 5).await.unwrap()
}

/// A hum of this length: loud enough for the ear.
fn hum(label: &str, milliseconds: usize) -> Line {
    let samples: Vec<i16> = (0..milliseconds * 8).map(|n| if n % 40 < 20 { 4_000 } else { -4_000 }).collect();
    Line::speak(label, samples)
}

fn caller_settings(agent_rtp: SocketAddr, operator_rtp: SocketAddr) -> caller::Settings {
    caller::Settings {
        codecs: vec![Codec::Pcmu],
        longest: Duration::from_secs(30),
        hang_up_after_last: true,
        barge_in: false,
        agent_rtp,
        operator_rtp,
        seed: 1,
    }
}

async fn place(phone: SocketAddr, script: Vec<Line>) -> caller::Outcome {
    let (sip, _incoming) = endpoint("appelant").await;
    let target = Target { uri: format!("sip:poste@{phone}"), destination: phone, local_ip: LOOPBACK };
    call(&sip, target, caller_settings, script, std::future::pending(), |_| {}).await.unwrap()
}

async fn take(mut calls: tokio::sync::mpsc::Receiver<CallLine>, manner: phone::Manner, script: Vec<Line>) -> Phone {
    let line = calls.recv().await.unwrap();
    let settings = |rtp| phone::Settings { manner, codecs: vec![Codec::Pcma, Codec::Pcmu], rtp, seed: 2 };
    take_call(line, LOOPBACK, settings, script, std::future::pending(), |_| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_telephones_talk_and_hang_up() {
    let (sip, calls) = endpoint("poste").await;
    let script = vec![hum("allô", 400), hum("oui", 300)];
    let manner = phone::Manner::Answer { after: Duration::from_millis(100) };
    let phone = tokio::spawn(take(calls, manner, script));
    let outcome = place(sip.local_address(), vec![hum("bonjour", 500)]).await;
    let phone = phone.await.unwrap().finish(vec!["hum".into()]);
    let report = outcome.report(&[]);
    assert_eq!((report.failure, report.ended_by), (None, EndedBy::Caller));
    assert!(report.answered_after_ms.is_some_and(|after| after >= 100));
    // The phone speaks again 1.2 s after it has heard the caller's last word, plus what a busy machine adds.
    assert!(report.turns[0].reply_started_after_ms.is_some_and(|after| after >= 1_150), "{report:?}");
    assert!(report.packets.sent > 100 && report.packets.received > 100, "{report:?}");
    assert_eq!(phone.report.ended_by, PhoneEnd::Caller);
    assert_eq!(phone.report.said, ["allô", "oui"]);
    let loud = |samples: &[i16]| samples.iter().filter(|sample| sample.unsigned_abs() > 3_000).count();
    // 500 ms out, 700 ms in, less what G.711 rounds and the network may drop.
    assert!((3_500..=4_100).contains(&loud(&outcome.sent)), "{}", loud(&outcome.sent));
    assert!((4_500..=5_700).contains(&loud(&outcome.received)), "{}", loud(&outcome.received));
    assert!((3_000..=4_100).contains(&loud(&phone.received)), "{}", loud(&phone.received));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_phone_fails_the_call() {
    let (sip, calls) = endpoint("poste").await;
    let phone = tokio::spawn(take(calls, phone::Manner::Busy, vec![]));
    let report = place(sip.local_address(), vec![]).await.report(&[]);
    assert_eq!(report.failure, Some(Failure::Refused(486)));
    assert_eq!(phone.await.unwrap().finish(vec![]).report.refused_with, Some(486));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_at_the_terminal_can_give_up_while_it_rings() {
    let (sip, calls) = endpoint("poste").await;
    let phone = tokio::spawn(take(calls, phone::Manner::NoAnswer, vec![]));
    let (own, _incoming) = endpoint("appelant").await;
    let destination = sip.local_address();
    let target = Target { uri: format!("sip:poste@{destination}"), destination, local_ip: LOOPBACK };
    let rings = tokio::sync::Notify::new();
    let outcome = call(&own, target, caller_settings, vec![], rings.notified(), |observation| {
        if matches!(observation, caller::Observation::Ringing { .. }) {
            rings.notify_one();
        }
    });
    let report = outcome.await.unwrap().report(&[]);
    assert_eq!((report.answered_after_ms, report.ended_by), (None, EndedBy::Caller));
    assert_eq!(phone.await.unwrap().finish(vec![]).report.ended_by, PhoneEnd::Caller);
}
