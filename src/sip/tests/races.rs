//! Messages that cross (RFC 5407): each race of its sections 3.1 to 3.3, by its number.

use super::*;

const SDP: &str = "Contact: <sip:alice@127.0.0.1:5061>\r\nContent-Type: application/sdp\r\n";

/// Calls and is answered, with the ACK held back: handles of agent and peer.
fn moratorium(seed: u64) -> (Net, CallHandle, CallHandle) {
    let mut net = Net::new(seed);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(0.1));
    (net, agent, peer)
}

fn like(net: &Net) -> Request {
    let ringing = first_response(net, AGENT, 180);
    let mut invite = last_request(net, PEER, "INVITE");
    let mut headers = crate::sip::wire::Headers::default();
    for (name, value) in invite.headers.iter() {
        let value = if *name == HeaderName::To { ringing.headers.get(name).unwrap() } else { value };
        headers.push(name.clone(), value.clone());
    }
    invite.headers = headers;
    invite
}

/// A request of the caller in the dialog of the call that rings.
fn from_caller(net: &Net, method: &str, cseq: u32, extra: &str, body: &str) -> String {
    let like = like(net);
    let text = |name: &HeaderName| like.headers.text(name).unwrap().into_owned();
    format!(
        "{method} sip:mairie@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKr{method}{cseq}\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        text(&HeaderName::From),
        text(&HeaderName::To),
        text(&HeaderName::CallId),
        body.len()
    )
}

fn statuses(messages: &[Message]) -> Vec<u16> {
    messages.iter().map(|m| if let Message::Response(r) = m { r.status } else { 0 }).collect()
}

#[test]
fn section_3_1_1_retransmitted_invite_in_moratorium() {
    let (mut net, agent, peer) = moratorium(800);
    let invite = last_request(&net, PEER, "INVITE").to_bytes();
    net.filter = Some(Box::new(|c| c.label() != "200 INVITE"));
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    let before = net.carried.len();
    net.deliver(AGENT, address(PEER), &invite);
    assert_eq!(net.carried.len(), before, "absorbed (RFC 6026 §7.1): the 200 has a timer of its own");
    net.filter = None;
    net.run(seconds(1.0));
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_1_2_cancel_in_moratorium() {
    let (mut net, agent, peer) = moratorium(801);
    net.carried.clear();
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.sent(PEER), ["CANCEL", "ACK", "BYE"]);
    assert_eq!(net.sent(AGENT), ["200 INVITE", "200 CANCEL", "200 BYE"]);
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    net.assert_forgotten();
}

#[test]
fn section_3_1_3_bye_of_the_early_state_in_moratorium() {
    let (mut net, agent, peer) = moratorium(802);
    net.filter = Some(Box::new(|_| false));
    let bye = from_caller(&net, "BYE", 2, "", "");
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    assert_eq!(statuses(&net.exchange(&bye)), [200]);
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    let sent = net.carried.len();
    net.run(seconds(5.0));
    assert_eq!(net.carried.len(), sent, "the 200 to the INVITE is sent no more");
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_1_4_reinvite_in_moratorium_after_offer_and_answer() {
    let (mut net, agent, peer) = moratorium(803);
    net.filter = Some(Box::new(|c| c.label() != "ACK"));
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    let acknowledged = Event::Acknowledged { sdp: None };
    assert_eq!(net.events(AGENT)[1..], [acknowledged, Event::Reoffered { offer: Some(OFFER.into()) }]);
    net.filter = None;
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::ReofferAnswered { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_1_5_reinvite_in_moratorium_before_the_answer() {
    let mut net = Net::new(804);
    net.response_to(&raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", ""));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    let to = first_response(&net, AGENT, 200).headers.text(&HeaderName::To).unwrap().into_owned();
    let inside = |method: &str, cseq: u32, extra: &str, body: &str| {
        raw(method, extra, body)
            .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"))
            .replace("CSeq: 1", &format!("CSeq: {cseq}"))
            .replace("z9hG4bKraw", &format!("z9hG4bKin{cseq}"))
    };
    assert_eq!(net.response_to(&inside("INVITE", 2, SDP, OFFER)).status, 491);
    net.exchange(&inside("ACK", 1, "Content-Type: application/sdp\r\n", ANSWER));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: Some(ANSWER.into()) }));
    assert_eq!(net.response_to(&inside("INVITE", 3, SDP, OFFER)).status, 100);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_1_6_bye_of_the_established_state_in_moratorium() {
    let (mut net, agent, peer) = moratorium(805);
    net.filter = Some(Box::new(|c| c.label() != "ACK"));
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(5.0));
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    assert_eq!(net.count_sent(AGENT, "200 INVITE"), 1);
    assert_eq!(net.endpoints[AGENT].active_calls(), 0);
    net.assert_forgotten();
}

#[test]
fn section_3_2_1_bye_in_mortal() {
    let mut net = Net::new(806);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::HangUp);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    for who in [AGENT, PEER] {
        assert_eq!(net.sent(who), ["BYE", "200 BYE"]);
    }
    net.assert_forgotten();
}

#[test]
fn section_3_2_2_reinvite_in_mortal() {
    let mut net = Net::new(807);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::HangUp);
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(1.0));
    assert_eq!(net.sent(AGENT), ["BYE", "481 INVITE"]);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::RemoteBye }));
    assert_eq!(net.count_sent(PEER, "BYE"), 0);
    net.assert_forgotten();
}

#[test]
fn section_3_2_3_200_for_a_reinvite_in_mortal() {
    let mut net = Net::new(808);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    net.filter = Some(Box::new(|c| c.label() != "200 BYE"));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(net.sent(PEER), ["INVITE", "BYE", "ACK"]);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: EndCause::Local }));
    net.assert_forgotten();
}

#[test]
fn section_3_2_4_ack_in_mortal() {
    let mut net = Net::new(809);
    let (agent, peer) = net.establish();
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.command(AGENT, agent, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.sent(AGENT), ["100 INVITE", "200 INVITE", "BYE"]);
    assert_eq!(net.sent(PEER), ["INVITE", "ACK", "200 BYE"]);
    net.assert_forgotten();
}

#[test]
fn section_3_3_1_reinvites_cross() {
    let mut net = Net::new(810);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    for _ in 0..60 {
        net.run(seconds(0.1));
        net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
        net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    }
    let done = Event::ReofferAnswered { sdp: Some(ANSWER.into()) };
    assert_eq!((net.count(AGENT, &done), net.count(PEER, &done)), (1, 1));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_3_2_update_and_reinvite_cross() {
    let mut net = Net::new(811);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::Update { sdp: Some(OFFER.into()) });
    net.command(PEER, peer, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    assert_eq!((net.count_sent(AGENT, "491 INVITE"), net.count_sent(PEER, "491 UPDATE")), (1, 1));
    for _ in 0..60 {
        net.run(seconds(0.1));
        net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
        net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    }
    let done = Event::ReofferAnswered { sdp: Some(ANSWER.into()) };
    assert_eq!((net.count(AGENT, &done), net.count(PEER, &done)), (1, 1));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn section_3_3_3_refer_in_mortal() {
    let mut net = Net::new(812);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::Transfer { target: "sip:100@192.0.2.9".into() });
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.count_sent(PEER, "481 REFER"), 1);
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    net.assert_forgotten();
}
