//! PJSUA2: who offers when, early media, keys by INFO, refusals, and a session that is refreshed in its time.

use std::time::Duration;

use allo_mairie::sip::sdp::Direction;
use allo_mairie::sip::{Command, EndCause, EndpointConfig, Event, Policy};

use crate::peers::pjsua::Pjsua;
use crate::peers::{can_run, has_time};
use crate::user_agent::{UserAgent, config};

const PEER: &[&str] = &["python:pjsua2"];

/// Its INVITE has no offer: ours is in the 200, its answer in the ACK. The same within the call.
#[tokio::test]
async fn it_leaves_the_offer_to_us() {
    if !can_run(PEER) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("late {}", agent.uri("mairie")));
    let (mut call, offer) = agent.incoming().await;
    assert_eq!(offer, None);
    call.answer(None).await;
    assert_eq!(call.acknowledged().await, Some(Direction::SendReceive));
    peer.line("state 0 CONFIRMED 200").await;

    peer.tell("late_reinvite 0");
    let (offer, _) = call.reoffered().await;
    assert_eq!(offer, None);
    call.answer_reoffer(None).await;
    assert_eq!(call.acknowledged().await, Some(Direction::SendReceive));
    peer.line("media 0 1").await;
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);
}

/// We leave the offer to it, when we call and within the call.
#[tokio::test]
async fn we_leave_the_offer_to_it() {
    if !can_run(PEER) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let mut peer = Pjsua::start(&[]).await;
    let mut call = agent.dial_without_offer(&format!("sip:pjsua@{}", peer.address), peer.address).await;
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::SendReceive));
    call.answer_reoffer(offer).await;
    peer.line("media 0 1").await;
    peer.line("state 0 CONFIRMED").await;

    call.command(Command::Reoffer { sdp: None }).await;
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::SendReceive));
    call.answer_reoffer(offer).await;
    peer.line("media 0 1").await;
    call.command(Command::HangUp).await;
    peer.line("state 0 DISCONNECTED").await;
}

/// 183 with a description, both ways, and 200 after it.
#[tokio::test]
async fn early_media_both_ways() {
    if !can_run(PEER) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut peer = Pjsua::start(&["answer=manual"]).await;
    peer.tell(&format!("call {}", agent.uri("mairie")));
    let (mut call, offer) = agent.incoming().await;
    call.early_media(offer.clone()).await;
    peer.line("state 0 EARLY 183").await;
    // It plays what comes before the answer, and acknowledges it.
    peer.line("media 0 1").await;
    peer.line("PRACK role 0").await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);

    let mut call = agent.dial(&format!("sip:pjsua@{}", peer.address), peer.address).await;
    peer.line("incoming 1").await;
    peer.tell("answer 1 183");
    let early = call
        .until("183", |event| match event {
            Event::Progress { status: 183, sdp } => Some(sdp.clone()),
            _ => None,
        })
        .await;
    assert!(early.is_some_and(|sdp| sdp.contains("m=audio")));
    peer.tell("answer 1 200");
    call.answered().await;
    peer.line("state 1 CONFIRMED").await;
    call.command(Command::HangUp).await;
    peer.line("state 1 DISCONNECTED").await;
}

/// Refusals, with their status, both ways.
#[tokio::test]
async fn refusals_both_ways() {
    if !can_run(PEER) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut peer = Pjsua::start(&["answer=manual"]).await;
    for (number, status) in [486, 603].into_iter().enumerate() {
        peer.tell(&format!("call {}", agent.uri("mairie")));
        let (call, _) = agent.incoming().await;
        call.command(Command::Reject { status }).await;
        peer.line(&format!("state {number} DISCONNECTED {status}")).await;
    }
    for (number, status) in [(2, 480), (3, 486), (4, 603)] {
        let mut call = agent.dial(&format!("sip:pjsua@{}", peer.address), peer.address).await;
        peer.line(&format!("incoming {number}")).await;
        peer.tell(&format!("answer {number} {status}"));
        assert_eq!(call.ended().await, EndCause::Refused(status));
    }
    // It gives up before we answer.
    peer.tell(&format!("call {}", agent.uri("mairie")));
    let (mut call, _) = agent.incoming().await;
    call.command(Command::Ring).await;
    peer.line("state 5 EARLY 180").await;
    peer.tell("hangup 5");
    assert_eq!(call.ended().await, EndCause::RemoteCancel);
    peer.line("state 5 DISCONNECTED 487").await;
}

#[tokio::test]
async fn a_key_by_info_is_taken_and_the_call_goes_on() {
    if !can_run(PEER) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut peer = Pjsua::start(&[]).await;
    peer.tell(&format!("call {}", agent.uri("mairie")));
    let (mut call, offer) = agent.incoming().await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    peer.tell("info 0 5");
    let key = call.until("Key", |event| match event {
        Event::Key(press) => Some(press.key),
        _ => None,
    });
    assert_eq!(key.await, '5');
    // Its client transaction begins (no status yet), then has our answer.
    peer.line("INFO role 0").await;
    let answered = peer.line("INFO role 0").await;
    assert!(answered.ends_with(" 200"), "{answered}");
    peer.tell("hold 0");
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::ReceiveOnly));
    call.answer_reoffer(offer).await;
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);
}

/// Sessions of 90 s, refreshed twice by PJSUA2 in its call and by us in ours: without that they would have run out.
#[tokio::test]
async fn sessions_are_refreshed_in_time() {
    if !can_run(PEER) || !has_time() {
        return;
    }
    let policy = Policy { session_expires: 90, ..Policy::default() };
    let mut agent = UserAgent::start(EndpointConfig { policy, ..config("mairie") }).await;
    let mut peer = Pjsua::start(&["timer=90"]).await;
    peer.tell(&format!("call {}", agent.uri("mairie")));
    let (mut theirs, offer) = agent.incoming().await;
    theirs.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;
    let mut ours = agent.dial(&format!("sip:pjsua@{}", peer.address), peer.address).await;
    ours.answered().await;
    peer.line("state 1 CONFIRMED").await;
    // Two refreshes of each: the first alone would let the sessions run out at 135 s.
    let refreshes = async {
        let mut seen = [0, 0];
        while seen != [2, 2] {
            let line = peer.process.line_within(Duration::from_secs(60), "transaction ").await;
            let refresh = line.contains(" UPDATE ") || line.contains(" INVITE ");
            for (number, seen) in seen.iter_mut().enumerate() {
                let its = line.starts_with(&format!("transaction {number} "));
                // "Completed", or "terminated" where that follows at once.
                let done = line.contains(" UPDATE ") && line.ends_with(" 5 200") || line.ends_with(" 6 200");
                *seen += usize::from(its && refresh && done && *seen < 2);
            }
        }
    };
    // Its refresh may bring its description once more.
    let answers = async {
        loop {
            let (offer, _) = theirs.reoffered_within(Duration::from_secs(150)).await;
            theirs.answer_reoffer(offer).await;
        }
    };
    tokio::select! {
        () = refreshes => {}
        () = answers => unreachable!("it goes on for ever"),
    }
    for (number, call) in [&mut theirs, &mut ours].into_iter().enumerate() {
        call.command(Command::HangUp).await;
        assert_eq!(call.ended().await, EndCause::Local);
        peer.line(&format!("state {number} DISCONNECTED")).await;
    }
}
