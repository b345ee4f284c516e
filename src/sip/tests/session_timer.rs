//! Session timers, both sides (RFC 4028).

use super::*;

/// Both ends with these times, in seconds.
fn timed(seed: u64, agent: u32, peer: u32) -> Net {
    let mut net = Net::new(seed);
    net.configure(AGENT, |config| config.policy.session_expires = agent);
    net.configure(PEER, |config| config.policy.session_expires = peer);
    net
}

fn establish(net: &mut Net) -> (CallHandle, CallHandle) {
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.2));
    (agent, peer)
}

fn text(headers: &crate::sip::wire::Headers, name: HeaderName) -> Option<String> {
    headers.text(&name).map(|value| value.into_owned())
}

#[test]
fn the_caller_refreshes_at_half_time_by_update() {
    let mut net = timed(400, 1_800, 600);
    let (agent, peer) = establish(&mut net);
    let invite = last_request(&net, PEER, "INVITE");
    assert_eq!(text(&invite.headers, HeaderName::SessionExpires).unwrap(), "600");
    assert_eq!(text(&invite.headers, HeaderName::MinSe).unwrap(), "90");
    assert!(text(&invite.headers, HeaderName::Supported).unwrap().contains("timer"));
    let ok = first_response(&net, AGENT, 200);
    assert_eq!(text(&ok.headers, HeaderName::SessionExpires).unwrap(), "600;refresher=uac");
    assert_eq!(text(&ok.headers, HeaderName::Require).unwrap(), "timer");
    let told = (net.events(AGENT).len(), net.events(PEER).len());
    net.run(seconds(3_600.0));
    assert_eq!(requests(&net, PEER, "UPDATE").len(), 11);
    assert_eq!(requests(&net, AGENT, "UPDATE").len(), 0);
    let update = last_request(&net, PEER, "UPDATE");
    assert_eq!(text(&update.headers, HeaderName::SessionExpires).unwrap(), "600;refresher=uac");
    assert!(update.body.is_empty());
    assert_eq!((net.events(AGENT).len(), net.events(PEER).len()), told, "nothing the application need know");
    net.command(AGENT, agent, Command::HangUp);
    let _ = peer;
    net.assert_forgotten();
}

#[test]
fn without_update_a_reinvite_repeats_what_is_agreed() {
    let mut net = timed(401, 1_800, 600);
    let peer = net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    let contact = "Contact: <sip:b@127.0.0.1:5060>\r\nContent-Type: application/sdp\r\nAllow: INVITE, ACK, BYE\r\n";
    let ok = response_text(&invite, 200, "b", &format!("{contact}Session-Expires: 600;refresher=uac\r\n"), ANSWER);
    net.filter = Some(Box::new(|_| false));
    net.deliver(PEER, address(AGENT), ok.as_bytes());
    net.carried.clear();
    net.run(seconds(300.1));
    let reinvite = last_request(&net, PEER, "INVITE");
    assert_eq!(reinvite.body, OFFER.as_bytes());
    assert_eq!(text(&reinvite.headers, HeaderName::SessionExpires).unwrap(), "600;refresher=uac");
    // The same answer is no news; another one is.
    let told = net.events(PEER).len();
    let ok = response_text(&reinvite, 200, "", &format!("{contact}Session-Expires: 600;refresher=uac\r\n"), ANSWER);
    net.deliver(PEER, address(AGENT), ok.as_bytes());
    assert_eq!(net.events(PEER).len(), told);
    net.run(seconds(300.1));
    let reinvite = last_request(&net, PEER, "INVITE");
    let moved = ANSWER.replace("5000", "5002");
    let ok = response_text(&reinvite, 200, "", &format!("{contact}Session-Expires: 600;refresher=uac\r\n"), &moved);
    net.deliver(PEER, address(AGENT), ok.as_bytes());
    assert_eq!(net.last_event(PEER), Some(Event::ReofferAnswered { sdp: Some(moved) }));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    net.filter = None;
    net.run(seconds(40.0));
    let agent = net.events[AGENT].first().map(|e| e.1);
    if let Some(agent) = agent {
        net.command(AGENT, agent, Command::HangUp);
    }
    net.assert_forgotten();
}

#[test]
fn who_was_called_refreshes_where_nobody_asked() {
    let mut net = timed(402, 1_800, 0);
    let (agent, peer) = establish(&mut net);
    let ok = first_response(&net, AGENT, 200);
    assert_eq!(text(&ok.headers, HeaderName::SessionExpires).unwrap(), "1800;refresher=uas");
    net.run(seconds(1_000.0));
    assert_eq!(requests(&net, AGENT, "UPDATE").len(), 1);
    let update = last_request(&net, AGENT, "UPDATE");
    assert_eq!(text(&update.headers, HeaderName::SessionExpires).unwrap(), "1800;refresher=uac");
    net.command(PEER, peer, Command::HangUp);
    let _ = agent;
    net.assert_forgotten();
}

#[test]
fn who_knows_no_timers_gets_none_unless_a_proxy_asks() {
    for (extra, granted, minimum) in [
        ("", None, 200),
        ("Session-Expires: 1200\r\n", Some("1200;refresher=uas"), 200),
        // Below our minimum, but who sent it would not know what a 422 is.
        ("Session-Expires: 60\r\n", None, 200),
    ] {
        let mut net = Net::new(403);
        net.response_to(&raw("INVITE", &format!("Contact: <sip:alice@127.0.0.1:5061>\r\n{extra}"), ""));
        let agent = net.incoming(AGENT);
        net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
        let ok = first_response(&net, AGENT, minimum);
        assert_eq!(text(&ok.headers, HeaderName::SessionExpires).as_deref(), granted, "{extra}");
        assert_eq!(text(&ok.headers, HeaderName::Require), None);
        net.command(AGENT, agent, Command::HangUp);
        net.assert_forgotten();
    }
}

#[test]
fn too_short_an_interval_is_refused_and_the_caller_asks_again() {
    let mut net = timed(404, 1_800, 100);
    net.configure(AGENT, |config| config.policy.min_se = 300);
    let (agent, _) = establish(&mut net);
    let refused = first_response(&net, AGENT, 422);
    assert_eq!(text(&refused.headers, HeaderName::MinSe).unwrap(), "300");
    let invites = requests(&net, PEER, "INVITE");
    assert_eq!(invites.len(), 2);
    assert_eq!(text(&invites[1].headers, HeaderName::SessionExpires).unwrap(), "300");
    assert_eq!(text(&invites[1].headers, HeaderName::MinSe).unwrap(), "300");
    assert_eq!(invites[1].headers.cseq().unwrap().number, 2);
    assert_eq!(invites[0].headers.call_id(), invites[1].headers.call_id());
    assert_eq!(net.count(PEER, &Event::Answered { sdp: Some(ANSWER.to_owned()) }), 1);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn endless_422_is_given_up() {
    let mut net = Net::new(405);
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    for n in 1u16..10 {
        let invite = last_request(&net, PEER, "INVITE");
        let short = response_text(&invite, 422, "b", &format!("Min-SE: {}\r\n", 2_000 * u32::from(n)), "");
        net.deliver(PEER, address(AGENT), short.as_bytes());
    }
    assert_eq!(requests(&net, PEER, "INVITE").len(), 4);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(422) }));
    net.assert_forgotten();
}

#[test]
fn a_session_nobody_refreshes_ends_a_little_before_its_time() {
    let mut net = timed(406, 600, 600);
    let (agent, _) = establish(&mut net);
    let from = net.times_sent(AGENT, "200 INVITE")[0];
    // The caller's refreshes get lost.
    net.filter = Some(Box::new(|c| c.from == AGENT));
    net.run(seconds(700.0));
    // §10: min(32, interval/3) seconds before.
    assert_eq!(net.times_sent(AGENT, "BYE")[0], from + 568.0);
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::Expired }));
    let _ = agent;
    net.filter = None;
    let peer = net.events[PEER][0].1;
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn every_reinvite_and_update_starts_the_interval_anew() {
    let mut net = timed(407, 600, 600);
    let (agent, peer) = establish(&mut net);
    for _ in 0..10 {
        net.run(seconds(250.0));
        net.command(AGENT, agent, Command::Reoffer { sdp: Some(OFFER.into()) });
        net.run(seconds(0.1));
        net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
        net.run(seconds(0.1));
    }
    let reinvite = last_request(&net, AGENT, "INVITE");
    assert_eq!(
        text(&reinvite.headers, HeaderName::SessionExpires).unwrap(),
        "600;refresher=uas",
        "it stays the peer's"
    );
    assert_eq!(requests(&net, PEER, "UPDATE").len(), 0, "there was no need");
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.run(seconds(400.0));
    assert_eq!(requests(&net, PEER, "UPDATE").len(), 1);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_far_end_that_does_not_know_the_call_any_more_is_left() {
    let mut net = timed(408, 1_800, 600);
    let (agent, peer) = establish(&mut net);
    net.configure(AGENT, |config| config.max_calls = 1);
    net.run(seconds(301.0));
    assert_eq!(net.count_sent(AGENT, "481 UPDATE"), 1);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Timeout }));
    let _ = (agent, peer);
    net.assert_forgotten();
}

#[test]
fn update_that_is_not_implemented_after_all_gives_way_to_reinvite() {
    let mut net = timed(409, 1_800, 600);
    let (agent, peer) = establish(&mut net);
    net.filter = Some(Box::new(|c| c.label() != "UPDATE"));
    net.run(seconds(300.2));
    let update = last_request(&net, PEER, "UPDATE");
    net.filter = None;
    net.deliver(PEER, address(AGENT), response_text(&update, 501, "", "", "").as_bytes());
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Reoffered { offer: Some(OFFER.into()) }));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(400.0));
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn an_update_with_too_short_an_interval_is_refused() {
    let mut net = Net::new(410);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Update { sdp: None });
    let update = last_request(&net, PEER, "UPDATE");
    net.run(seconds(0.1));
    let like = String::from_utf8(update.to_bytes().to_vec()).unwrap();
    let short = like
        .replace("Session-Expires: 1800", "Session-Expires: 30")
        .replace("CSeq: 2", "CSeq: 9")
        .replace("z9hG4bK", "z9hG4bKshort");
    let response = net.response_to(&short);
    assert_eq!(response.status, 422);
    assert_eq!(text(&response.headers, HeaderName::MinSe).unwrap(), "90");
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_refresh_repeats_what_is_in_force_not_what_was_refused() {
    let mut net = timed(411, 1_800, 600);
    let (agent, peer) = establish(&mut net);
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.replace("4000", "4002")) });
    net.run(seconds(0.1));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: None });
    net.run(seconds(0.1));
    net.filter = Some(Box::new(|c| c.label() != "UPDATE"));
    net.run(seconds(300.2));
    let update = last_request(&net, PEER, "UPDATE");
    net.deliver(PEER, address(AGENT), response_text(&update, 405, "", "", "").as_bytes());
    assert_eq!(last_request(&net, PEER, "INVITE").body, OFFER.as_bytes());
    net.filter = None;
    net.run(seconds(0.1));
    // Refused here as well: theirs stays what it was, too.
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: None });
    net.run(seconds(0.1));
    assert_eq!(net.endpoints[PEER].active_calls(), 1);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}
