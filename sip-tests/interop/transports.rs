//! PJSUA2 over TCP, TLS and IPv6: whole calls both ways, with hold and resume.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use allo_mairie::net::SipSettings;
use allo_mairie::sip::sdp::Direction;
use allo_mairie::sip::{Command, EndCause, Event};

use crate::peers::can_run;
use crate::peers::certificate::Certificate;
use crate::peers::pjsua::Pjsua;
use crate::user_agent::{UserAgent, config, listening};

const PEER: &[&str] = &["python:pjsua2"];
const FOUR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SIX: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// It calls us, holds, resumes and hangs up.
async fn its_call(agent: &mut UserAgent, peer: &mut Pjsua) {
    peer.tell(&format!("call {}", agent.uri("mairie")));
    let (mut call, offer) = agent.incoming().await;
    call.command(Command::Ring).await;
    peer.line("state 0 EARLY 180").await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    peer.tell("hold 0");
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::ReceiveOnly), "they only send");
    call.answer_reoffer(offer).await;
    // PJSUA_CALL_MEDIA_LOCAL_HOLD.
    peer.line("media 0 2").await;
    peer.tell("resume 0");
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::SendReceive));
    call.answer_reoffer(offer).await;
    peer.line("media 0 1").await;
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);
    peer.line("state 0 DISCONNECTED 200").await;
}

/// We call it, hold, resume and hang up: the call `number` it knows of. `transport`: parameter of its URI, if any.
async fn our_call(agent: &UserAgent, peer: &mut Pjsua, number: usize, transport: &str) {
    let target = format!("sip:pjsua@{}{transport}", peer.address);
    let mut call = agent.dial(&target, peer.address).await;
    call.answered().await;
    peer.line(&format!("state {number} CONFIRMED")).await;
    call.reoffer(Direction::SendOnly).await;
    assert_eq!(call.reoffer_answered().await, Direction::SendOnly);
    // PJSUA_CALL_MEDIA_REMOTE_HOLD.
    peer.line(&format!("media {number} 3")).await;
    call.reoffer(Direction::SendReceive).await;
    assert_eq!(call.reoffer_answered().await, Direction::SendReceive);
    peer.line(&format!("media {number} 1")).await;
    call.command(Command::HangUp).await;
    assert_eq!(call.ended().await, EndCause::Local);
    peer.line(&format!("state {number} DISCONNECTED")).await;
}

/// Both ways, with one telephone.
async fn both_ways(settings: SipSettings, ip: IpAddr, options: &[&str], transport: &str) {
    // PJSUA2's Python module is built without IPv6 for media.
    let mut agent = UserAgent::open(settings).await.with_media(FOUR);
    let mut peer = Pjsua::start_at(ip, options).await;
    its_call(&mut agent, &mut peer).await;
    our_call(&agent, &mut peer, 1, transport).await;
    agent.quiet().await;
}

#[tokio::test]
async fn calls_over_tcp() {
    if can_run(PEER) {
        both_ways(listening(config("mairie"), &["tcp:127.0.0.1:0"]), FOUR, &[], ";transport=tcp").await;
    }
}

#[tokio::test]
async fn calls_over_udp_by_ipv6() {
    if can_run(PEER) {
        both_ways(listening(config("mairie"), &["udp:[::1]:0"]), SIX, &["transport=udp"], "").await;
    }
}

#[tokio::test]
async fn calls_over_tcp_by_ipv6() {
    if can_run(PEER) {
        both_ways(listening(config("mairie"), &["tcp:[::1]:0"]), SIX, &["transport=tcp"], ";transport=tcp").await;
    }
}

/// What the telephone is told of its certificate and of the one it trusts.
fn secured(own: &Certificate, trusted: &Certificate) -> [String; 3] {
    [
        format!("certificate={}", own.certificate.display()),
        format!("key={}", own.key.display()),
        format!("trusted={}", trusted.certificate.display()),
    ]
}

/// Each shows a certificate signed by itself, which the other has written down.
#[tokio::test]
async fn calls_over_tls_with_certificates_on_both_sides() {
    if !can_run(PEER) {
        return;
    }
    let (ours, theirs) = (Certificate::new(), Certificate::new());
    let settings = listening(config("mairie"), &["tls:127.0.0.1:0"]);
    let settings = SipSettings { tls: Some(ours.trusting(&theirs.certificate)), ..settings };
    let options = secured(&theirs, &ours);
    both_ways(settings, FOUR, &options.each_ref().map(String::as_str), ";transport=tls").await;
}

/// We do not call a telephone whose certificate we do not know.
#[tokio::test]
async fn a_certificate_we_do_not_know_ends_our_call() {
    if !can_run(PEER) {
        return;
    }
    let (ours, theirs, other) = (Certificate::new(), Certificate::new(), Certificate::new());
    let settings = listening(config("mairie"), &["tls:127.0.0.1:0"]);
    let agent = UserAgent::open(SipSettings { tls: Some(ours.trusting(&other.certificate)), ..settings }).await;
    let options = secured(&theirs, &ours);
    let peer = Pjsua::start(&options.each_ref().map(String::as_str)).await;
    let mut call = agent.dial(&format!("sip:pjsua@{};transport=tls", peer.address), peer.address).await;
    call.see(Event::Ended { cause: EndCause::Refused(503) }).await;
    // Who has written it down gets through.
    let settings = listening(config("mairie"), &["tls:127.0.0.1:0"]);
    let agent = UserAgent::open(SipSettings { tls: Some(ours.trusting(&theirs.certificate)), ..settings }).await;
    let mut peer = peer;
    our_call(&agent, &mut peer, 0, ";transport=tls").await;
}

/// A telephone that does not know our certificate does not call us, and one whose certificate we do not know can't.
#[tokio::test]
async fn a_certificate_unknown_to_either_ends_its_call() {
    if !can_run(PEER) {
        return;
    }
    let (ours, theirs, other) = (Certificate::new(), Certificate::new(), Certificate::new());
    let settings = listening(config("mairie"), &["tls:127.0.0.1:0"]);
    let mut agent = UserAgent::open(SipSettings { tls: Some(ours.trusting(&theirs.certificate)), ..settings }).await;
    let call = format!("call {}", agent.uri("mairie"));
    for (own, trusted) in [(&theirs, &other), (&other, &ours)] {
        let options = secured(own, trusted);
        let mut peer = Pjsua::start(&options.each_ref().map(String::as_str)).await;
        peer.tell(&call);
        peer.line("state 0 DISCONNECTED 503").await;
        assert!(!agent.has_been_called());
    }
    // The one we trust and that trusts us gets through.
    let options = secured(&theirs, &ours);
    let mut peer = Pjsua::start(&options.each_ref().map(String::as_str)).await;
    its_call(&mut agent, &mut peer).await;
}
