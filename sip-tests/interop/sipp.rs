//! SIPp: loss both ways as a caller and as the called party, a redirection, a challenge.

use allo_mairie::sip::digest::Password;
use allo_mairie::sip::{Command, EndCause, EndpointConfig, Login};

use crate::peers::can_run;
use crate::peers::sipp::Sipp;
use crate::user_agent::{UserAgent, answer_all, config};

/// Calls under loss: enough for every message to be lost somewhere (0.85 to the power of 100 is one in ten million).
const CALLS: usize = 20;

#[tokio::test]
async fn calls_survive_the_loss_of_fifteen_packets_in_a_hundred() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = UserAgent::start(config("mairie")).await;
    let address = agent.address.to_string();
    let calls = CALLS.to_string();
    let sipp = Sipp::start("uac", &["-lost", "15", "-m", &calls, "-r", "20", &address]);
    let ended = answer_all(&mut agent, CALLS).await;
    assert_eq!(ended, vec![EndCause::RemoteBye; CALLS]);
    // The agent stays for the answers to BYE that were lost.
    sipp.succeeded().await;
}

#[tokio::test]
async fn our_calls_survive_the_loss_of_fifteen_packets_in_a_hundred() {
    if !can_run(&["sipp"]) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let calls = CALLS.to_string();
    // A 200 it repeats because our ACK was lost gets another ACK, rightly (RFC 3261 §13.2.2.4); its scenario would take
    // the second one, late, for a fault.
    let sipp = Sipp::start("uas", &["-lost", "15", "-m", &calls, "-default_behaviors", "all,-abortunexp"]);
    let mut open = Vec::new();
    for _ in 0..CALLS {
        open.push(agent.dial(&format!("sip:service@{}", sipp.address), sipp.address).await);
    }
    for call in &mut open {
        call.answered().await;
        call.command(Command::HangUp).await;
        assert_eq!(call.ended().await, EndCause::Local);
    }
    // Every BYE reached it.
    sipp.succeeded().await;
}

/// RFC 3261 §8.1.3.4: the operator's telephone sends us on to another.
#[tokio::test]
async fn a_redirection_is_followed() {
    if !can_run(&["sipp"]) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let mut elsewhere = UserAgent::start(config("etat-civil")).await;
    let port = elsewhere.address.port().to_string();
    let sipp = Sipp::start("redirect", &["-m", "1", "-key", "elsewhere", &port]);
    let mut call = agent.dial(&format!("sip:poste@{}", sipp.address), sipp.address).await;
    let (mut taken, offer) = elsewhere.incoming().await;
    taken.answer(offer).await;
    call.answered().await;
    sipp.succeeded().await;
    call.command(Command::HangUp).await;
    assert_eq!(taken.ended().await, EndCause::RemoteBye);
}

/// RFC 3261 §22.2: SIPp checks what we answer its challenge with.
#[tokio::test]
async fn a_challenge_is_answered() {
    if !can_run(&["sipp"]) {
        return;
    }
    let login = Login {
        realm: Some("standard.test".into()),
        password: Password { user: "poste".into(), password: "secret".into() },
    };
    let agent = UserAgent::start(EndpointConfig { credentials: vec![login], ..config("mairie") }).await;
    let sipp = Sipp::start("challenge", &["-m", "1"]);
    let mut call = agent.dial(&format!("sip:poste@{}", sipp.address), sipp.address).await;
    call.answered().await;
    call.command(Command::HangUp).await;
    sipp.succeeded().await;
}
