//! PJSUA2: session timers, reliable provisional responses, transfers both ways. Plain calls are in [`super::transports`].

use allo_mairie::sip::{Command, EndCause, Event, Policy};

use crate::peers::can_run;
use crate::peers::pjsua::Pjsua;
use crate::user_agent::{UserAgent, config};

const PEER: &[&str] = &["python:pjsua2"];

fn uri(agent: &UserAgent) -> String {
    format!("sip:mairie@{}", agent.address)
}

#[tokio::test]
async fn reliable_provisional_responses_both_ways() {
    if !can_run(PEER) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut peer = Pjsua::start(&["100rel=1", "answer=manual"]).await;
    peer.tell(&format!("call {}", uri(&agent)));
    let (mut call, offer) = agent.incoming().await;
    call.command(Command::Ring).await;
    // Their PRACK has our 200: role 0 is the client's, state 5 "terminated" or 4 "completed" comes with the status.
    peer.line("PRACK role 0").await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    call.command(Command::HangUp).await;
    peer.line("state 0 DISCONNECTED").await;

    let mut call = agent.dial(&format!("sip:pjsua@{}", peer.address), peer.address).await;
    peer.line("incoming 1").await;
    peer.tell("answer 1 180");
    call.until("Progress", |event| matches!(event, Event::Progress { status: 180, .. }).then_some(())).await;
    // Our PRACK, at their server side.
    peer.line("PRACK role 1").await;
    peer.tell("answer 1 200");
    call.answered().await;
    call.command(Command::HangUp).await;
    peer.line("state 1 DISCONNECTED").await;
}

#[tokio::test]
async fn session_timers_are_agreed_and_refreshed_both_ways() {
    if !can_run(PEER) {
        return;
    }
    // The shortest session RFC 4028 allows; waiting for half of it is too long here, so each side is told to refresh.
    let policy = Policy { session_expires: 90, ..Policy::default() };
    let mut agent = UserAgent::start(allo_mairie::sip::EndpointConfig { policy, ..config("mairie") }).await;
    let mut peer = Pjsua::start(&["timer=90"]).await;
    peer.tell(&format!("call {}", uri(&agent)));
    let (mut call, offer) = agent.incoming().await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    peer.tell("update 0");
    // Refreshed by UPDATE with the description unchanged.
    let (offer, _) = call.reoffered().await;
    call.answer_reoffer(offer).await;
    peer.line("UPDATE role 0").await;
    call.command(Command::Update { sdp: None }).await;
    peer.line("UPDATE role 1").await;
    call.command(Command::HangUp).await;
    peer.line("state 0 DISCONNECTED").await;
}

/// It transfers our call to a second telephone of ours: REFER with Replaces comes in, we place the call that replaces.
#[tokio::test]
async fn it_transfers_us_to_its_other_call() {
    if !can_run(PEER) {
        return;
    }
    let mut first = UserAgent::start(config("accueil")).await;
    let mut second = UserAgent::start(config("etat-civil")).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", uri(&first)));
    let (mut moved, offer) = first.incoming().await;
    moved.answer(offer).await;
    peer.line("state 0 CONFIRMED").await;
    peer.tell(&format!("call {}", uri(&second)));
    let (mut consulted, offer) = second.incoming().await;
    consulted.answer(offer).await;
    peer.line("state 1 CONFIRMED").await;
    peer.tell("replaces 0 1");
    let (target, referred_by) = moved
        .until("TransferRequested", |event| match event {
            Event::TransferRequested { target, referred_by, .. } => Some((target.clone(), referred_by.clone())),
            _ => None,
        })
        .await;
    assert!(target.contains("Replaces="), "{target}");
    moved.command(Command::AcceptTransfer).await;
    let mut replacing = first.follow(target, referred_by, second.address).await;
    let offer = consulted
        .until("Replaced", |event| match event {
            Event::Replaced { offer, .. } => Some(offer.clone()),
            _ => None,
        })
        .await;
    consulted.answer_reoffer(offer).await;
    replacing.answered().await;
    peer.line("state 1 DISCONNECTED").await;
    moved.command(Command::NotifyTransfer { status: 200 }).await;
    peer.line("transfer 0 200 final").await;
    // PJSUA2 leaves that to its application; so do we.
    moved.command(Command::HangUp).await;
    peer.line("state 0 DISCONNECTED").await;
    // The moved call goes on between our two telephones, until one hangs up.
    replacing.command(Command::HangUp).await;
    assert_eq!(consulted.ended().await, EndCause::RemoteBye);
}

/// We transfer one PJSUA2 to another, and the second takes the place of our call.
#[tokio::test]
async fn we_transfer_it_to_our_other_call() {
    if !can_run(PEER) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let mut moved = Pjsua::start(&[]).await;
    let mut consulted = Pjsua::start(&[]).await;
    let mut first = agent.dial(&format!("sip:pjsua@{}", moved.address), moved.address).await;
    first.answered().await;
    let mut second = agent.dial(&format!("sip:pjsua@{}", consulted.address), consulted.address).await;
    second.answered().await;
    consulted.line("state 0 CONFIRMED").await;
    first.command(Command::AttendedTransfer { other: second.handle() }).await;
    moved.line("refer 0").await;
    consulted.line("replaced 0 by 1").await;
    moved.line("state 1 CONFIRMED").await;
    first.see(Event::TransferFinished { status: 200 }).await;
    assert_eq!(second.ended().await, EndCause::RemoteBye);
    consulted.line("state 1 CONFIRMED").await;
    first.command(Command::HangUp).await;
    moved.line("state 0 DISCONNECTED").await;
    moved.tell("hangup 1");
    consulted.line("state 1 DISCONNECTED").await;
}

/// What it transfers blindly, we follow.
#[tokio::test]
async fn it_transfers_us_blindly() {
    if !can_run(PEER) {
        return;
    }
    let mut agent = UserAgent::start(config("accueil")).await;
    let mut target_agent = UserAgent::start(config("etat-civil")).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", uri(&agent)));
    let (mut moved, offer) = agent.incoming().await;
    moved.answer(offer).await;
    peer.line("state 0 CONFIRMED").await;
    peer.tell(&format!("xfer 0 {}", uri(&target_agent)));
    let (target, referred_by) = moved
        .until("TransferRequested", |event| match event {
            Event::TransferRequested { target, referred_by, .. } => Some((target.clone(), referred_by.clone())),
            _ => None,
        })
        .await;
    moved.command(Command::AcceptTransfer).await;
    let mut new = agent.follow(target, referred_by, target_agent.address).await;
    let (mut taken, offer) = target_agent.incoming().await;
    taken.answer(offer).await;
    new.answered().await;
    moved.command(Command::NotifyTransfer { status: 200 }).await;
    peer.line("transfer 0 200 final").await;
    moved.command(Command::HangUp).await;
    new.command(Command::HangUp).await;
    assert_eq!(taken.ended().await, EndCause::RemoteBye);
}
