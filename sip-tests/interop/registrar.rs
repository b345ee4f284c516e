//! Registering with Kamailio: digest, calls to the registered Contact, refresh, leaving, fail-over.

use std::time::Duration;

use allo_mairie::net::SipSettings;
use allo_mairie::sip::sdp::Direction;
use allo_mairie::sip::{AccessConfig, Command, EndCause, EndpointConfig, Event, RegistrationSettings};

use crate::peers::kamailio::{Kamailio, Options};
use crate::peers::pjsua::Pjsua;
use crate::peers::{can_run, free_port};
use crate::user_agent::{UserAgent, config, listening};

const PEERS: &[&str] = &["kamailio", "python:pjsua2"];
/// What the switchboard grants of the 300 s we ask for: short, so that refreshing can be waited for.
const GRANTED: u32 = 3;

fn switchboard(algorithm: &'static str) -> Options {
    Options { algorithm, longest: GRANTED }
}

/// An agent that lets in nobody but the switchboards it is registered with.
async fn registering(listen: &str, registrations: Vec<RegistrationSettings>) -> UserAgent {
    let endpoint = EndpointConfig { access: AccessConfig::closed(), ..config("accueil") };
    let settings = listening(endpoint, &[listen]);
    UserAgent::open(SipSettings { registrations, register_first: true, ..settings }).await
}

async fn telephone(proxy: &Kamailio) -> Pjsua {
    Pjsua::start(&[&format!("proxy=sip:{};lr", proxy.address)]).await
}

/// Its call `number` comes to us through the switchboard.
async fn called(agent: &mut UserAgent, proxy: &Kamailio, peer: &mut Pjsua, number: usize) {
    peer.tell(&format!("call sip:accueil@{}", proxy.address));
    let (mut call, offer) = agent.incoming().await;
    call.answer(offer).await;
    peer.line(&format!("state {number} CONFIRMED 200")).await;
    peer.tell(&format!("hangup {number}"));
    assert_eq!(call.ended().await, EndCause::RemoteBye);
}

/// From the first REGISTER to the last, over this transport.
async fn whole_registration(algorithm: &'static str, transport: &str) {
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start_with(&prober, switchboard(algorithm)).await;
    let mut registration = proxy.registration("accueil");
    registration.registrar.push_str(&format!(";transport={transport}"));
    let mut agent = registering(&format!("{transport}:127.0.0.1:0"), vec![registration]).await;
    let registered = "registered: accueil expires 300";
    let line = proxy.line(registered).await;
    assert!(line.contains(&format!("algorithm={algorithm}")), "{line}");
    let mut peer = telephone(&proxy).await;
    called(&mut agent, &proxy, &mut peer, 0).await;
    // Refreshed twice: by the second time, the first would have run out.
    proxy.line(registered).await;
    proxy.line(registered).await;
    called(&mut agent, &proxy, &mut peer, 1).await;
    agent.drain().await;
    proxy.line("registered: accueil expires 0").await;
    agent.quiet().await;
    peer.tell(&format!("call sip:accueil@{}", proxy.address));
    peer.line("state 2 DISCONNECTED 404").await;
}

#[tokio::test]
async fn we_register_with_md5_refresh_and_leave() {
    if can_run(PEERS) {
        whole_registration("MD5", "udp").await;
    }
}

#[tokio::test]
async fn we_register_with_sha_256_refresh_and_leave() {
    if can_run(PEERS) {
        whole_registration("SHA-256", "udp").await;
    }
}

#[tokio::test]
async fn we_register_over_tcp_refresh_and_leave() {
    if can_run(PEERS) {
        whole_registration("MD5", "tcp").await;
    }
}

/// Over TCP a switchboard that is down refuses the connection: the next one has us at once.
#[tokio::test]
async fn the_second_switchboard_takes_us_when_the_first_is_down() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start_with(&prober, switchboard("MD5")).await;
    let up = over_tcp(proxy.registration("accueil"));
    let registrar = format!("sip:127.0.0.1:{};transport=tcp", free_port());
    let down = RegistrationSettings { registrar, ..up.clone() };
    let mut agent = registering("tcp:127.0.0.1:0", vec![down, up]).await;
    proxy.line("registered: accueil expires 300").await;
    let mut peer = telephone(&proxy).await;
    called(&mut agent, &proxy, &mut peer, 0).await;
}

/// The first one is there and goes away: at the next refresh the second takes us.
#[tokio::test]
async fn the_second_switchboard_takes_us_when_the_first_goes_away() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut first = Kamailio::start_with(&prober, switchboard("MD5")).await;
    let mut second = Kamailio::start_with(&prober, switchboard("MD5")).await;
    let both = [&first, &second].map(|proxy| over_tcp(proxy.registration("accueil")));
    let mut agent = registering("tcp:127.0.0.1:0", both.to_vec()).await;
    first.line("registered: accueil expires 300").await;
    let mut peer = telephone(&second).await;
    // One is enough.
    peer.tell(&format!("call sip:accueil@{}", second.address));
    peer.line("state 0 DISCONNECTED 404").await;
    drop(first);
    second.line("registered: accueil expires 300").await;
    called(&mut agent, &second, &mut peer, 1).await;
}

fn over_tcp(registration: RegistrationSettings) -> RegistrationSettings {
    let registrar = format!("{};transport=tcp", registration.registrar);
    RegistrationSettings { registrar, ..registration }
}

/// Over UDP it is ICMP that says so (RFC 3261 §18.4): nobody waits for timer F.
#[tokio::test]
async fn the_second_switchboard_takes_us_when_nobody_has_the_port_of_the_first() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let up = proxy.registration("accueil");
    let down = RegistrationSettings { registrar: format!("sip:127.0.0.1:{}", free_port()), ..up.clone() };
    let mut agent = registering("udp:127.0.0.1:0", vec![down, up]).await;
    proxy.process.line_within(Duration::from_secs(5), "registered: accueil expires 300").await;
    let mut peer = telephone(&proxy).await;
    called(&mut agent, &proxy, &mut peer, 0).await;
}

/// A wrong password is not tried again and again: the switchboard would bar us.
#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let mut wrong = proxy.registration("accueil");
    wrong.password.password = "faux".into();
    let _agent = registering("udp:127.0.0.1:0", vec![wrong]).await;
    // Without credentials, then with them.
    proxy.line("challenged: accueil").await;
    proxy.line("challenged: accueil").await;
    // Another user's comes next: nothing of ours in between.
    let registrar = format!("registrar=sip:{}", proxy.address);
    let _peer = Pjsua::start(&[&registrar, "user=marie", "password=secret"]).await;
    let next = proxy.line("challenged: ").await;
    assert!(next.contains("marie"), "{next}");
}

/// The telephone's ring, our hanging up before it is answered: CANCEL by way of the switchboard.
#[tokio::test]
async fn our_cancel_passes_by_the_switchboard() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let mut peer = registered(&mut proxy, "answer=manual").await;
    let caller = UserAgent::start(config("etat-civil")).await;
    let mut call = caller.dial(&format!("sip:marie@{}", proxy.address), proxy.address).await;
    peer.line("incoming 0").await;
    peer.tell("answer 0 180");
    call.ringing().await;
    call.command(Command::HangUp).await;
    assert_eq!(call.ended().await, EndCause::Local);
    peer.line("state 0 DISCONNECTED 487").await;
    caller.quiet().await;

    let mut call = caller.dial(&format!("sip:marie@{}", proxy.address), proxy.address).await;
    peer.line("incoming 1").await;
    peer.tell("answer 1 486");
    assert_eq!(call.ended().await, EndCause::Refused(486));
}

/// A telephone registered as "marie".
async fn registered(proxy: &mut Kamailio, how: &str) -> Pjsua {
    let registrar = format!("registrar=sip:{}", proxy.address);
    let mut peer = Pjsua::start(&[&registrar, "user=marie", "password=secret", how]).await;
    peer.line("registration 200").await;
    peer
}

/// Both telephones of one user ring; the second takes the call.
#[tokio::test]
async fn our_call_rings_at_two_telephones_and_one_takes_it() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let mut left = registered(&mut proxy, "answer=manual").await;
    let mut right = registered(&mut proxy, "answer=manual").await;
    let caller = UserAgent::start(config("etat-civil")).await;
    let mut call = caller.dial(&format!("sip:marie@{}", proxy.address), proxy.address).await;
    for peer in [&mut left, &mut right] {
        peer.line("incoming 0").await;
        peer.tell("answer 0 180");
    }
    call.ringing().await;
    call.ringing().await;
    right.tell("answer 0 200");
    call.answered().await;
    right.line("state 0 CONFIRMED").await;
    left.line("state 0 DISCONNECTED 487").await;
    call.command(Command::HangUp).await;
    right.line("state 0 DISCONNECTED").await;
    caller.quiet().await;
}

/// Both take it in the same moment: however their answers cross with the CANCEL, one call stays.
#[tokio::test]
async fn two_telephones_take_our_call_at_once() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let mut left = registered(&mut proxy, "answer=manual").await;
    let mut right = registered(&mut proxy, "answer=manual").await;
    let caller = UserAgent::start(config("etat-civil")).await;
    let mut call = caller.dial(&format!("sip:marie@{}", proxy.address), proxy.address).await;
    left.line("incoming 0").await;
    right.line("incoming 0").await;
    left.tell("answer 0 200");
    right.tell("answer 0 200");
    call.answered().await;
    // The one that has lost is told; the other is in the call until we leave it.
    let winner = tokio::select! {
        _ = left.line("state 0 DISCONNECTED") => &mut right,
        _ = right.line("state 0 DISCONNECTED") => &mut left,
    };
    call.reoffer(Direction::SendOnly).await;
    call.reoffer_answered().await;
    winner.line("media 0 3").await;
    call.command(Command::HangUp).await;
    winner.line("state 0 DISCONNECTED").await;
    caller.quiet().await;
}

/// Two of us are registered as one user: the one that was too late learns that the call was taken elsewhere.
#[tokio::test]
async fn a_call_to_two_of_us_is_taken_by_one() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let mut left = registering("udp:127.0.0.1:0", vec![proxy.registration("accueil")]).await;
    let mut right = registering("udp:127.0.0.1:0", vec![proxy.registration("accueil")]).await;
    for _ in 0..2 {
        proxy.line("registered: accueil expires 300").await;
    }
    let mut peer = telephone(&proxy).await;
    peer.tell(&format!("call sip:accueil@{}", proxy.address));
    let (mut late, _) = left.incoming().await;
    let (mut taken, offer) = right.incoming().await;
    late.command(Command::Ring).await;
    taken.command(Command::Ring).await;
    peer.line("state 0 EARLY 180").await;
    taken.answer(offer).await;
    // RFC 3326 §2: a call completed elsewhere is no missed call.
    let reason = late
        .until("ReleaseReason", |event| match event {
            Event::ReleaseReason { protocol, cause } => Some((protocol.clone(), *cause)),
            _ => None,
        })
        .await;
    assert_eq!(reason, ("SIP".to_owned(), Some(200)));
    assert_eq!(late.ended().await, EndCause::RemoteCancel);
    peer.line("state 0 CONFIRMED 200").await;
    peer.tell("hangup 0");
    assert_eq!(taken.ended().await, EndCause::RemoteBye);
}

/// 302 from the switchboard: we call the telephone it names, by the same switchboard.
#[tokio::test]
async fn a_redirection_by_the_switchboard_is_followed() {
    if !can_run(PEERS) {
        return;
    }
    let prober = UserAgent::start(config("standard")).await;
    let mut proxy = Kamailio::start(&prober).await;
    let mut peer = registered(&mut proxy, "answer=auto").await;
    let caller = UserAgent::start(config("etat-civil")).await;
    let mut call = caller.dial(&format!("sip:absente@{}", proxy.address), proxy.address).await;
    call.answered().await;
    peer.line("state 0 CONFIRMED").await;
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);
}
