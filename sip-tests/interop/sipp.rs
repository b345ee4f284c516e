//! SIPp: loss both ways as a caller and as the called party, TCP, IPv6, a redirection, a challenge.

use std::net::{IpAddr, Ipv6Addr};

use allo_mairie::sip::digest::Password;
use allo_mairie::sip::{Command, EndCause, EndpointConfig, Login};

use crate::peers::can_run;
use crate::peers::sipp::Sipp;
use crate::user_agent::{UserAgent, answer_all, config, listening};

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
    let sipp = Sipp::start("caller", &["-lost", "15", "-m", &calls, "-r", "20", &address]);
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

/// Calls over TCP: enough at once for segments that hold several messages.
const STREAM_CALLS: usize = 50;

/// SIPp calls us with these arguments; nothing may be repeated.
async fn it_calls(listen: &str, ip: IpAddr, scenario: &str, arguments: &[&str]) {
    let mut agent = UserAgent::open(listening(config("mairie"), &[listen])).await;
    let (address, calls) = (agent.address.to_string(), STREAM_CALLS.to_string());
    let arguments = [arguments, &["-m", &calls, "-r", "500", "-l", &calls, &address]].concat();
    let sipp = Sipp::start_at(ip, scenario, &arguments);
    let ended = answer_all(&mut agent, STREAM_CALLS).await;
    assert_eq!(ended, vec![EndCause::RemoteBye; STREAM_CALLS]);
    sipp.succeeded_without_repetition().await;
}

const FOUR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const SIX: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[tokio::test]
async fn calls_over_one_tcp_connection() {
    if can_run(&["sipp"]) {
        it_calls("tcp:127.0.0.1:0", FOUR, "uac", &["-t", "t1"]).await;
    }
}

#[tokio::test]
async fn calls_over_a_tcp_connection_each() {
    if can_run(&["sipp"]) {
        it_calls("tcp:127.0.0.1:0", FOUR, "uac", &["-t", "tn", "-max_socket", "1000"]).await;
    }
}

/// ACK and BYE in one segment.
#[tokio::test]
async fn calls_whose_messages_come_joined() {
    if can_run(&["sipp"]) {
        it_calls("tcp:127.0.0.1:0", FOUR, "joined", &["-t", "t1"]).await;
    }
}

/// Audio by IPv6, too.
#[tokio::test]
async fn calls_by_ipv6() {
    if can_run(&["sipp"]) {
        it_calls("udp:[::1]:0", SIX, "uac", &[]).await;
        it_calls("tcp:[::1]:0", SIX, "uac", &["-t", "t1"]).await;
    }
}

/// We call SIPp with these arguments, all calls at once.
async fn we_call(listen: &str, ip: IpAddr, arguments: &[&str]) {
    let agent = UserAgent::open(listening(config("mairie"), &[listen])).await;
    let calls = STREAM_CALLS.to_string();
    let sipp = Sipp::start_at(ip, "uas", &[arguments, &["-m", &calls]].concat());
    sipp.ready().await;
    let target = format!("sip:service@{}", sipp.address);
    let target = if listen.starts_with("tcp") { format!("{target};transport=tcp") } else { target };
    let mut open = Vec::new();
    for _ in 0..STREAM_CALLS {
        open.push(agent.dial(&target, sipp.address).await);
    }
    for call in &mut open {
        call.answered().await;
    }
    for call in &mut open {
        call.command(Command::HangUp).await;
        assert_eq!(call.ended().await, EndCause::Local);
    }
    sipp.succeeded_without_repetition().await;
}

#[tokio::test]
async fn our_calls_over_tcp() {
    if can_run(&["sipp"]) {
        we_call("tcp:127.0.0.1:0", FOUR, &["-t", "t1"]).await;
        we_call("tcp:127.0.0.1:0", FOUR, &["-t", "tn", "-max_socket", "1000"]).await;
    }
}

#[tokio::test]
async fn our_calls_by_ipv6() {
    if can_run(&["sipp"]) {
        we_call("udp:[::1]:0", SIX, &[]).await;
        we_call("tcp:[::1]:0", SIX, &["-t", "t1"]).await;
    }
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
