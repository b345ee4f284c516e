//! Kamailio's dispatcher in front of two of our endpoints: OPTIONS, draining, the next one takes over.

use allo_mairie::sip::{Command, EndCause};

use crate::peers::can_run;
use crate::peers::kamailio::Kamailio;
use crate::peers::pjsua::Pjsua;
use crate::user_agent::{UserAgent, config};

const PEERS: &[&str] = &["kamailio", "python:pjsua2"];

/// Both endpoints answer its OPTIONS, a telephone behind it.
async fn dispatched(ping: u32) -> (UserAgent, UserAgent, Kamailio, Pjsua) {
    let first = UserAgent::start(config("mairie")).await;
    let second = UserAgent::start(config("mairie")).await;
    let mut proxy = Kamailio::dispatching([&first, &second], ping).await;
    let route = format!("proxy=sip:{};lr", proxy.address);
    let peer = Pjsua::start(&[&route]).await;
    // In no order.
    for _ in 0..2 {
        proxy.line("up: OPTIONS sip:").await;
    }
    (first, second, proxy, peer)
}

/// What drains answers OPTIONS with 503: it gets no more calls, and keeps those it has.
#[tokio::test]
async fn it_sees_one_of_us_drain_and_gives_calls_to_the_other() {
    if !can_run(PEERS) {
        return;
    }
    let (mut first, mut second, mut proxy, mut peer) = dispatched(1).await;
    let called = format!("call sip:mairie@{}", proxy.address);
    peer.tell(&called);
    proxy.line(&format!("given to sip:{}", first.address)).await;
    let (mut going_on, offer) = first.incoming().await;
    going_on.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;

    first.drain().await;
    proxy.line(&format!("down: OPTIONS sip:{}", first.address)).await;
    peer.tell(&called);
    proxy.line(&format!("given to sip:{}", second.address)).await;
    let (mut taken, offer) = second.incoming().await;
    taken.answer(offer).await;
    peer.line("state 1 CONFIRMED 200").await;

    peer.tell("hold 0");
    let (offer, _) = going_on.reoffered().await;
    going_on.answer_reoffer(offer).await;
    peer.line("media 0 2").await;
    peer.tell("hangup 0");
    assert_eq!(going_on.ended().await, EndCause::RemoteBye);
    first.quiet().await;
    assert!(!first.has_been_called());
    taken.command(Command::HangUp).await;
    peer.line("state 1 DISCONNECTED").await;
}

/// A call that reaches the one that drains before the next OPTIONS does (two seconds later): 503, and the other takes it.
#[tokio::test]
async fn a_call_refused_while_draining_goes_to_the_other() {
    if !can_run(PEERS) {
        return;
    }
    let (mut first, mut second, mut proxy, mut peer) = dispatched(2).await;
    first.drain().await;
    peer.tell(&format!("call sip:mairie@{}", proxy.address));
    let (mut taken, offer) = second.incoming().await;
    taken.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    proxy.line(&format!("refused with 503, given to sip:{}", second.address)).await;
    assert!(!first.has_been_called());
    peer.tell("hangup 0");
    assert_eq!(taken.ended().await, EndCause::RemoteBye);
}

#[tokio::test]
async fn when_both_drain_the_caller_is_told_at_once() {
    if !can_run(PEERS) {
        return;
    }
    let (first, second, mut proxy, mut peer) = dispatched(1).await;
    first.drain().await;
    second.drain().await;
    for _ in 0..2 {
        proxy.line("down: OPTIONS sip:").await;
    }
    peer.tell(&format!("call sip:mairie@{}", proxy.address));
    peer.line("state 0 DISCONNECTED 503").await;
}
