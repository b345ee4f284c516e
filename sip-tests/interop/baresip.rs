//! baresip: hold and resume, REFER both ways.

use allo_mairie::sip::sdp::Direction;
use allo_mairie::sip::{Command, EndCause, Event};

use crate::peers::baresip::Baresip;
use crate::peers::can_run;
use crate::user_agent::{UserAgent, config};

#[tokio::test]
async fn it_holds_and_resumes() {
    if !can_run(&["baresip"]) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut peer = Baresip::start(false).await;
    peer.tell("dial", &format!("sip:mairie@{}", agent.address)).await;
    let (mut call, offer) = agent.incoming().await;
    call.command(Command::Ring).await;
    call.answer(offer).await;
    peer.event("CALL_ESTABLISHED").await;
    peer.tell("hold", "").await;
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::ReceiveOnly), "they only send");
    call.answer_reoffer(offer).await;
    peer.tell("resume", "").await;
    let (offer, direction) = call.reoffered().await;
    assert_eq!(direction, Some(Direction::SendReceive));
    call.answer_reoffer(offer).await;
    peer.tell("hangup", "").await;
    assert_eq!(call.ended().await, EndCause::RemoteBye);
    peer.event("CALL_CLOSED").await;
}

#[tokio::test]
async fn it_follows_our_refer() {
    if !can_run(&["baresip"]) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let mut target = UserAgent::start(config("etat-civil")).await;
    let mut peer = Baresip::start(false).await;
    peer.tell("dial", &format!("sip:mairie@{}", agent.address)).await;
    let (mut call, offer) = agent.incoming().await;
    call.answer(offer).await;
    peer.event("CALL_ESTABLISHED").await;
    call.command(Command::Transfer { target: format!("sip:etat-civil@{}", target.address) }).await;
    let (mut taken, offer) = target.incoming().await;
    taken.answer(offer).await;
    call.see(Event::TransferFinished { status: 200 }).await;
    call.command(Command::HangUp).await;
    // The other call goes on.
    taken.command(Command::HangUp).await;
    assert_eq!(taken.ended().await, EndCause::Local);
}

#[tokio::test]
async fn it_sends_us_a_refer() {
    if !can_run(&["baresip"]) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let mut target = UserAgent::start(config("etat-civil")).await;
    let mut peer = Baresip::start(true).await;
    let mut call = agent.dial(&format!("sip:baresip@{}", peer.address), peer.address).await;
    call.answered().await;
    peer.event("CALL_ESTABLISHED").await;
    peer.tell("transfer", &format!("sip:etat-civil@{}", target.address)).await;
    let (wanted, referred_by) = call
        .until("TransferRequested", |event| match event {
            Event::TransferRequested { target, referred_by, .. } => Some((target.clone(), referred_by.clone())),
            _ => None,
        })
        .await;
    call.command(Command::AcceptTransfer).await;
    let mut new = agent.follow(wanted, referred_by, target.address).await;
    let (mut taken, offer) = target.incoming().await;
    taken.answer(offer).await;
    new.answered().await;
    call.command(Command::NotifyTransfer { status: 200 }).await;
    // It leaves once the transfer has succeeded.
    assert_eq!(call.ended().await, EndCause::RemoteBye);
    new.command(Command::HangUp).await;
    assert_eq!(taken.ended().await, EndCause::RemoteBye);
}
