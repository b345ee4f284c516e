//! A PABX moves the whole agent: the conversation goes on where it says.

use allo_mairie::call::{Outcome, Record};
use allo_mairie::sip::{Command, EndCause, Event};

use crate::agent::Agent;
use crate::peers::baresip::Baresip;
use crate::peers::can_run;
use crate::peers::pjsua::Pjsua;
use crate::user_agent::{UserAgent, config};

/// Packets in what "stat" says.
async fn received(peer: &mut Pjsua, call: u32) -> u64 {
    peer.tell(&format!("stat {call}"));
    let line = peer.line(&format!("received {call} ")).await;
    line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a count")
}

/// Key 9, pressed at the agent's new far end, is understood; its goodbye is heard there, and it hangs up.
async fn assert_talks_to(peer: &mut Pjsua, call: u32, agent: &mut Agent) -> Record {
    // PJSUA2 has no event for it: asked until a fifth of a second has come.
    let mut asked = 0;
    let mut before = received(peer, call).await;
    while before < 10 {
        assert!(asked < 1_000, "the agent's audio does not come here");
        asked += 1;
        before = received(peer, call).await;
    }
    peer.tell(&format!("dtmf {call} 9"));
    peer.line(&format!("state {call} DISCONNECTED")).await;
    let record = agent.record().await;
    assert_eq!((record.outcome, record.keys), (Outcome::AgentHungUp, 1));
    assert!(record.packets.received > 0 && record.packets.sent > before, "{:?}", record.packets);
    record
}

/// Without any other peer: a switchboard of ours.
#[tokio::test]
async fn the_agent_follows_and_takes_its_leave() {
    let mut agent = Agent::start().await;
    let switchboard = UserAgent::start(config("standard")).await;
    let mut third = UserAgent::start(config("accueil")).await;
    let mut old = switchboard.dial(&agent.uri(), agent.address).await;
    old.answered().await;
    old.command(Command::Transfer { target: format!("sip:accueil@{}", third.address) }).await;
    let (mut new, offer) = third.incoming().await;
    new.answer(offer).await;
    old.see(Event::TransferFinished { status: 200 }).await;
    assert_eq!(old.ended().await, EndCause::RemoteBye);
    new.command(Command::HangUp).await;
    assert_eq!(new.ended().await, EndCause::Local);
    let record = agent.record().await;
    assert_eq!((record.outcome, record.moves), (Outcome::CallerHungUp, 1));
}

#[tokio::test]
async fn pjsua_hands_the_agent_to_its_other_call() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    let mut agent = Agent::start().await;
    let mut consulted = Pjsua::start(&[]).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", agent.uri()));
    peer.line("state 0 CONFIRMED").await;
    peer.tell(&format!("call sip:pjsua@{}", consulted.address));
    peer.line("state 1 CONFIRMED").await;
    peer.tell("replaces 0 1");
    peer.line("transfer 0 200 final").await;
    consulted.line("replaced 0 by 1").await;
    // PJSUA2 does not leave by itself: we do, after a while.
    peer.line("state 0 DISCONNECTED").await;
    let record = assert_talks_to(&mut consulted, 1, &mut agent).await;
    assert_eq!((record.moves, record.transfers), (1, 0));
}

#[tokio::test]
async fn pjsua_transfers_the_agent_blindly() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    let mut agent = Agent::start().await;
    let mut target = Pjsua::start(&["answer=manual"]).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", agent.uri()));
    peer.line("state 0 CONFIRMED").await;
    peer.tell(&format!("xfer 0 sip:pjsua@{}", target.address));
    target.line("incoming 0").await;
    target.tell("answer 0 180");
    peer.line("transfer 0 180 going on").await;
    // Who transfers leaves before the target has answered.
    peer.tell("hangup 0");
    peer.line("state 0 DISCONNECTED").await;
    target.tell("answer 0 200");
    target.line("state 0 CONFIRMED").await;
    let record = assert_talks_to(&mut target, 0, &mut agent).await;
    assert_eq!(record.moves, 1);
}

#[tokio::test]
async fn what_is_not_the_switchboards_is_not_called_for_pjsua() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    let mut agent = Agent::start().await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", agent.uri()));
    peer.line("state 0 CONFIRMED").await;
    peer.tell("xfer 0 sip:0899123456@203.0.113.6");
    peer.line("transfer 0 603 final").await;
    let record = assert_talks_to(&mut peer, 0, &mut agent).await;
    assert_eq!(record.moves, 0);
}

#[tokio::test]
async fn a_refused_transfer_by_pjsua_leaves_the_agent_where_it_was() {
    if !can_run(&["python:pjsua2"]) {
        return;
    }
    let mut agent = Agent::start().await;
    let mut target = Pjsua::start(&["answer=manual"]).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", agent.uri()));
    peer.line("state 0 CONFIRMED").await;
    peer.tell(&format!("xfer 0 sip:pjsua@{}", target.address));
    target.line("incoming 0").await;
    target.tell("answer 0 486");
    peer.line("transfer 0 486 final").await;
    let record = assert_talks_to(&mut peer, 0, &mut agent).await;
    assert_eq!(record.moves, 0);
}

#[tokio::test]
async fn baresip_transfers_the_agent_and_leaves() {
    if !can_run(&["baresip", "python:pjsua2"]) {
        return;
    }
    let mut agent = Agent::start().await;
    let mut target = Pjsua::start(&[]).await;
    let mut peer = Baresip::start(true).await;
    peer.tell("dial", &agent.uri()).await;
    peer.event("CALL_ESTABLISHED").await;
    peer.tell("transfer", &format!("sip:pjsua@{}", target.address)).await;
    target.line("state 0 CONFIRMED").await;
    peer.event("CALL_CLOSED").await;
    let record = assert_talks_to(&mut target, 0, &mut agent).await;
    assert_eq!(record.moves, 1);
}
