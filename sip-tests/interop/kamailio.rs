//! Kamailio: calls both ways through a record-routing proxy that demands digest of us.

use allo_mairie::sip::digest::Password;
use allo_mairie::sip::sdp::Direction;
use allo_mairie::sip::{Command, EndCause, EndpointConfig, Login};

use crate::peers::can_run;
use crate::peers::kamailio::Kamailio;
use crate::peers::pjsua::Pjsua;
use crate::user_agent::{UserAgent, config};

const PEERS: &[&str] = &["kamailio", "python:pjsua2"];

#[tokio::test]
async fn a_call_to_us_through_the_proxy() {
    if !can_run(PEERS) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut proxy = Kamailio::start(&agent).await;
    let route = format!("proxy=sip:{};lr", proxy.address);
    let mut peer = Pjsua::start(&[&route]).await;
    peer.tell(&format!("call sip:mairie@{}", proxy.address));
    let (mut call, offer) = agent.incoming().await;
    call.command(Command::Ring).await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    proxy.process.line("within the call: ACK from pjsua").await;
    peer.tell("hold 0");
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::ReceiveOnly));
    call.answer_reoffer(offer).await;
    proxy.process.line("within the call: INVITE from pjsua").await;
    // Ours go by the route set too.
    call.command(Command::HangUp).await;
    peer.line("state 0 DISCONNECTED").await;
    proxy.process.line("within the call: BYE from mairie").await;
}

#[tokio::test]
async fn a_call_of_ours_through_the_proxy_with_digest() {
    if !can_run(PEERS) {
        return;
    }
    let login = Login { realm: None, password: Password { user: "mairie".into(), password: "secret".into() } };
    let agent = UserAgent::start(EndpointConfig { credentials: vec![login], ..config("mairie") }).await;
    let mut proxy = Kamailio::start(&agent).await;
    let registrar = format!("registrar=sip:{}", proxy.address);
    let mut peer = Pjsua::start(&[&registrar, "user=marie", "password=secret"]).await;
    peer.line("registration 200").await;
    let mut call = agent.dial(&format!("sip:marie@{}", proxy.address), proxy.address).await;
    proxy.process.line("authorized: mairie").await;
    call.answered().await;
    peer.line("state 0 CONFIRMED").await;
    proxy.process.line("within the call: ACK from mairie").await;
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);
    proxy.process.line("within the call: BYE from marie").await;
}
