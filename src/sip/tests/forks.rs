//! An INVITE that rings at several places (RFC 3261 §13.2.2, §12.1; RFC 6026).

use super::*;

fn source(tag: &str) -> SocketAddr {
    match tag {
        "one" => "127.0.0.1:5071".parse().unwrap(),
        _ => "127.0.0.1:5072".parse().unwrap(),
    }
}

/// A response of a fork.
fn fork(invite: &Request, status: u16, tag: &str, extra: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let extra = format!("Contact: <sip:{tag}@{}>\r\nAllow: INVITE, UPDATE\r\n{extra}{kind}", source(tag));
    response_text(invite, status, tag, &extra, body)
}

fn calling(seed: u64) -> (Net, CallHandle, Request) {
    let mut net = Net::new(seed);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    net.carried.clear();
    (net, peer, invite)
}

impl Net {
    fn hear(&mut self, tag: &str, text: &str) {
        self.deliver(PEER, source(tag), text.as_bytes());
    }
}

#[test]
fn each_fork_has_its_own_early_dialog() {
    let (mut net, peer, invite) = calling(500);
    for (tag, rseq) in [("one", 5), ("two", 90)] {
        let extra = format!("Require: 100rel\r\nRSeq: {rseq}\r\n");
        net.hear(tag, &fork(&invite, 183, tag, &extra, ANSWER));
    }
    let pracks = requests(&net, PEER, "PRACK");
    assert_eq!(pracks.len(), 2);
    for (prack, (tag, rack)) in pracks.iter().zip([("one", "5 1 INVITE"), ("two", "90 1 INVITE")]) {
        assert_eq!(prack.uri, format!("sip:{tag}@{}", source(tag)));
        assert_eq!(prack.headers.to().unwrap().tag(), Some(tag));
        assert_eq!(prack.headers.cseq().unwrap().number, 2);
        assert_eq!(prack.headers.text(&HeaderName::RAck).unwrap(), rack);
        net.hear(tag, &response_text(prack, 200, tag, "", ""));
    }
    // Each may be changed before anybody has answered.
    for tag in ["one", "two"] {
        let update = request_text(&invite, "UPDATE", 1, tag, "Content-Type: application/sdp\r\n", OFFER);
        net.hear(tag, &update);
        assert_eq!(net.last_event(PEER), Some(Event::Reoffered { offer: Some(OFFER.into()) }));
        net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
        assert_eq!(net.carried.last().unwrap().label(), "200 UPDATE");
    }
    net.command(PEER, peer, Command::Update { sdp: Some(OFFER.into()) });
    let update = last_request(&net, PEER, "UPDATE");
    assert_eq!((update.headers.to().unwrap().tag(), update.headers.cseq().unwrap().number), (Some("two"), 3));
    net.hear("two", &response_text(&update, 200, "two", "Content-Type: application/sdp\r\n", ANSWER));
    assert_eq!(net.last_event(PEER), Some(Event::ReofferAnswered { sdp: Some(ANSWER.into()) }));
    // The second one answers: its dialog goes on counting.
    net.hear("two", &fork(&invite, 200, "two", "", ""));
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    assert_eq!(last_request(&net, PEER, "ACK").headers.cseq().unwrap().number, 1);
    net.command(PEER, peer, Command::HangUp);
    let bye = last_request(&net, PEER, "BYE");
    assert_eq!((bye.headers.to().unwrap().tag(), bye.headers.cseq().unwrap().number), (Some("two"), 4));
    net.assert_forgotten();
}

#[test]
fn the_first_to_answer_has_the_call_and_others_are_ended() {
    let (mut net, peer, invite) = calling(501);
    net.hear("one", &fork(&invite, 180, "one", "", ""));
    net.hear("two", &fork(&invite, 180, "two", "", ""));
    net.hear("two", &fork(&invite, 200, "two", "", ANSWER));
    assert_eq!(net.sent(PEER), ["ACK"]);
    net.hear("one", &fork(&invite, 200, "one", "", ANSWER));
    assert_eq!(net.sent(PEER), ["ACK", "ACK", "BYE"]);
    let bye = last_request(&net, PEER, "BYE");
    assert_eq!(bye.uri, format!("sip:one@{}", source("one")));
    // Sent again, both are acknowledged again (RFC 6026 §7.2).
    net.hear("one", &fork(&invite, 200, "one", "", ANSWER));
    net.hear("two", &fork(&invite, 200, "two", "", ANSWER));
    assert_eq!(net.sent(PEER), ["ACK", "ACK", "BYE", "ACK", "ACK"]);
    assert_eq!(net.count(PEER, &Event::Answered { sdp: Some(ANSWER.into()) }), 1);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

/// More Record-Route than a dialog keeps: an acceptance that no dialog comes of.
fn endless_route() -> String {
    "Record-Route: <sip:127.0.0.1:5071;lr>\r\n".repeat(100)
}

#[test]
fn an_acceptance_without_dialog_ends_the_call() {
    let (mut net, _, invite) = calling(510);
    net.hear("one", &fork(&invite, 200, "one", &endless_route(), ANSWER));
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(502) }));
    assert!(net.sent(PEER).is_empty());
    // A whole one, later: nobody waits for it any more.
    net.hear("one", &fork(&invite, 200, "one", "", ANSWER));
    assert_eq!(net.sent(PEER), ["ACK", "BYE"]);
    net.assert_forgotten();
}

#[test]
fn an_acceptance_without_dialog_leaves_nothing_of_a_cancelled_call() {
    let (mut net, peer, invite) = calling(511);
    net.hear("one", &fork(&invite, 180, "one", "", ""));
    net.command(PEER, peer, Command::HangUp);
    net.hear("two", &fork(&invite, 200, "two", &endless_route(), ANSWER));
    net.assert_forgotten();
}

#[test]
fn a_fork_that_answers_after_the_cancel_is_ended() {
    let (mut net, peer, invite) = calling(502);
    net.hear("one", &fork(&invite, 180, "one", "", ""));
    net.command(PEER, peer, Command::HangUp);
    assert_eq!(net.sent(PEER), ["CANCEL"]);
    net.hear("two", &fork(&invite, 200, "two", "", ANSWER));
    assert_eq!(net.sent(PEER), ["CANCEL", "ACK", "BYE"]);
    assert_eq!(net.events(PEER).last(), Some(&Event::Ended { cause: EndCause::Local }));
    net.assert_forgotten();
}

#[test]
fn a_forks_reliable_response_after_the_cancel_is_still_acknowledged() {
    let (mut net, peer, invite) = calling(503);
    net.hear("one", &fork(&invite, 180, "one", "", ""));
    net.command(PEER, peer, Command::HangUp);
    net.hear("two", &fork(&invite, 180, "two", "Require: 100rel\r\nRSeq: 1\r\n", ""));
    assert_eq!(net.sent(PEER), ["CANCEL", "PRACK"]);
    net.hear("one", &fork(&invite, 487, "one", "", ""));
    assert_eq!(net.sent(PEER), ["CANCEL", "PRACK", "ACK"]);
    net.assert_forgotten();
}

#[test]
fn endless_forks_are_bounded() {
    let (mut net, peer, invite) = calling(504);
    for n in 0..100 {
        let tag = format!("fork{n}");
        net.hear(&tag, &fork(&invite, 180, &tag, "Require: 100rel\r\nRSeq: 1\r\n", ""));
    }
    assert_eq!(requests(&net, PEER, "PRACK").len(), 8);
    assert_eq!(net.count(PEER, &Event::Progress { status: 180, sdp: None }), 100);
    for n in 0..100 {
        let tag = format!("fork{n}");
        net.hear(&tag, &fork(&invite, 200, &tag, "", ANSWER));
    }
    assert_eq!(requests(&net, PEER, "ACK").len(), 8, "more stay unacknowledged, and give up");
    assert_eq!(requests(&net, PEER, "BYE").len(), 7);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn requests_of_an_unknown_fork_are_refused() {
    let (mut net, peer, invite) = calling(505);
    for (method, status) in [("BYE", 481), ("UPDATE", 481), ("PRACK", 400), ("INFO", 200)] {
        let text = request_text(&invite, method, 5, "nobody", "", "");
        let Message::Response(response) = net.answer_to(PEER, source("one"), &text) else { panic!("a request") };
        assert_eq!(response.status, status, "{method}");
    }
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_lone_refusal_after_forks_ends_the_call() {
    let (mut net, _, invite) = calling(506);
    net.hear("one", &fork(&invite, 180, "one", "", ""));
    net.hear("two", &fork(&invite, 183, "two", "", ANSWER));
    assert_eq!(net.last_event(PEER), Some(Event::Progress { status: 183, sdp: Some(ANSWER.into()) }));
    net.hear("one", &fork(&invite, 486, "one", "", ""));
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Refused(486) }));
    net.assert_forgotten();
}

#[test]
fn late_offers_of_two_forks_are_answered_one_after_the_other() {
    let mut net = Net::new(507);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial_with(PEER, AGENT, None);
    let invite = last_request(&net, PEER, "INVITE");
    let extra = "Require: 100rel\r\nRSeq: 1\r\n";
    net.hear("one", &fork(&invite, 183, "one", extra, OFFER));
    net.hear("two", &fork(&invite, 183, "two", extra, OFFER));
    let offer = Event::Reoffered { offer: Some(OFFER.into()) };
    assert_eq!(net.count(PEER, &offer), 1, "the other one sends again");
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.hear("two", &fork(&invite, 183, "two", extra, OFFER));
    assert_eq!(net.count(PEER, &offer), 2);
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    assert_eq!(requests(&net, PEER, "PRACK").len(), 2);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn an_update_of_a_fork_that_loses_is_answered_nevertheless() {
    let (mut net, peer, invite) = calling(508);
    for tag in ["one", "two"] {
        net.hear(tag, &fork(&invite, 183, tag, "Require: 100rel\r\nRSeq: 1\r\n", ANSWER));
    }
    net.hear("one", &request_text(&invite, "UPDATE", 1, "one", "Content-Type: application/sdp\r\n", OFFER));
    assert_eq!(net.last_event(PEER), Some(Event::Reoffered { offer: Some(OFFER.into()) }));
    net.hear("two", &fork(&invite, 200, "two", "", ""));
    assert_eq!(net.count_sent(PEER, "487 UPDATE"), 1);
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_second_late_offer_is_answered_with_nothing() {
    let mut net = Net::new(509);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial_with(PEER, AGENT, None);
    let invite = last_request(&net, PEER, "INVITE");
    net.hear("one", &fork(&invite, 200, "one", "", OFFER));
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.hear("two", &fork(&invite, 200, "two", "", OFFER));
    let acks = requests(&net, PEER, "ACK");
    assert_eq!(acks[0].body, ANSWER.as_bytes());
    assert!(String::from_utf8_lossy(&acks[1].body).contains("m=audio 0 "), "RFC 3261 §13.2.2.4");
    assert_eq!(net.count_sent(PEER, "BYE"), 1);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}
