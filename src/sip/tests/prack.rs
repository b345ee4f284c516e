//! Reliable provisional responses, both sides (RFC 3262), and offers and answers in them (RFC 6337 §2).

use super::*;

fn require(net: &mut Net, who: usize) {
    net.configure(who, |config| config.policy.reliable_provisionals = true);
}

fn early(sdp: &str) -> Command {
    Command::EarlyMedia { sdp: sdp.to_owned() }
}

fn progress(status: u16, sdp: Option<&str>) -> Event {
    Event::Progress { status, sdp: sdp.map(str::to_owned) }
}

fn assert_times(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{actual:?} instead of {expected:?}");
    assert!(actual.iter().zip(expected).all(|(a, e)| (a - e).abs() < 0.001), "{actual:?} instead of {expected:?}");
}

#[test]
fn ringing_is_acknowledged() {
    let mut net = Net::new(300);
    require(&mut net, AGENT);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(5.0));
    assert_eq!(net.sent(AGENT), ["100 INVITE", "180 INVITE", "200 PRACK"]);
    assert_eq!(net.sent(PEER), ["INVITE", "PRACK"]);
    let ringing = first_response(&net, AGENT, 180);
    let text = |name| ringing.headers.text(&name).unwrap().into_owned();
    assert_eq!(text(HeaderName::Require), "100rel");
    assert!(ringing.headers.get(&HeaderName::Contact).is_some());
    let prack = last_request(&net, PEER, "PRACK");
    assert_eq!(prack.headers.text(&HeaderName::RAck).unwrap(), format!("{} 1 INVITE", text(HeaderName::RSeq)));
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn without_need_ringing_is_not_reliable() {
    let mut net = Net::new(301);
    net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    assert!(first_response(&net, AGENT, 180).headers.get(&HeaderName::RSeq).is_none());
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn who_requires_it_gets_it() {
    let mut net = Net::new(302);
    net.response_to(&raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\nRequire: 100rel\r\n", ""));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    assert!(first_response(&net, AGENT, 180).headers.get(&HeaderName::RSeq).is_some());
    // Nobody acknowledges it: it goes out again at intervals that double, then the INVITE is refused (§3).
    net.run(seconds(33.0));
    assert_times(&net.times_sent(AGENT, "180 INVITE"), &[0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
    assert_eq!(net.times_sent(AGENT, "504 INVITE")[0], 32.0);
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::NoAck }));
    net.assert_forgotten();
}

#[test]
fn lost_responses_and_pracks_are_repeated() {
    let mut net = Net::new(303);
    require(&mut net, AGENT);
    net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.lose_first("180 INVITE", 2);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(4.0));
    assert_times(&net.times_sent(AGENT, "180 INVITE"), &[0.1, 0.6, 1.6]);
    assert_eq!(net.count_sent(PEER, "PRACK"), 1);
    net.lose_first("PRACK", 2);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(10.0));
    // The PRACK is a request like others: repeated by its own timer. What comes twice is not acknowledged twice.
    assert_eq!(requests(&net, PEER, "PRACK").len(), 2);
    assert_eq!(net.count(PEER, &progress(180, None)), 2);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn early_media_answers_for_good_and_the_200_waits_for_the_prack() {
    let mut net = Net::new(304);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.lose_first("PRACK", 1);
    net.command(AGENT, agent, early(ANSWER));
    net.command(AGENT, agent, Command::Ring);
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    net.run(seconds(0.3));
    assert_eq!(net.sent(AGENT), ["100 INVITE", "183 INVITE", "180 INVITE"], "the 200 waits (RFC 3262 §3)");
    net.run(seconds(2.0));
    assert_eq!(net.count_sent(AGENT, "200 INVITE"), 1);
    let ok = net.carried.iter().find(|c| c.label() == "200 INVITE").unwrap().bytes.clone();
    let Message::Response(ok) = read_datagram(&ok).unwrap().message else { panic!("a request") };
    assert!(ok.body.is_empty(), "the answer has been given");
    assert_eq!(net.count(PEER, &progress(183, Some(ANSWER))), 1);
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: None }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn early_media_for_who_does_not_know_reliable_responses_is_a_preview() {
    let mut net = Net::new(305);
    let sdp = "Contact: <sip:alice@127.0.0.1:5061>\r\nContent-Type: application/sdp\r\n";
    net.response_to(&raw("INVITE", sdp, OFFER));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, early(ANSWER));
    let preview = first_response(&net, AGENT, 183);
    assert_eq!((&preview.body[..], preview.headers.get(&HeaderName::RSeq)), (ANSWER.as_bytes(), None));
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    assert_eq!(first_response(&net, AGENT, 200).body, ANSWER.as_bytes(), "the same answer (RFC 3261 §13.2.1)");
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
    // An offer must not get lost: without reliable responses, and without an offer, there is no early media.
    let mut net = Net::new(306);
    net.response_to(&raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", ""));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, early(OFFER));
    assert!(first_response(&net, AGENT, 183).body.is_empty());
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn late_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut net = Net::new(307);
    let peer = net.dial_with(PEER, AGENT, None);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    assert!(matches!(&net.events(AGENT)[0], Event::Incoming { offer: None, .. }));
    net.command(AGENT, agent, early(OFFER));
    net.run(seconds(0.1));
    let offer = Some(OFFER.to_owned());
    assert_eq!(net.last_event(PEER), Some(Event::Reoffered { offer }));
    assert_eq!(net.count_sent(PEER, "PRACK"), 0, "it brings the answer");
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: Some(ANSWER.into()) }));
    assert_eq!(last_request(&net, PEER, "PRACK").body, ANSWER.as_bytes());
    // Now either side may change it before the call is answered (RFC 3311 §5.1).
    net.command(PEER, peer, Command::Update { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::ReofferAnswered { sdp: Some(ANSWER.into()) }));
    net.command(AGENT, agent, Command::Update { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::ReofferAnswered { sdp: Some(ANSWER.into()) }));
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: None }));
    assert!(last_request(&net, PEER, "ACK").body.is_empty());
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn late_offer_in_the_200_is_answered_in_the_ack() {
    let mut net = Net::new(308);
    let peer = net.dial_with(PEER, AGENT, None);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    net.run(seconds(2.0));
    let offer = Some(OFFER.to_owned());
    assert_eq!(net.events(PEER), [Event::Answered { sdp: None }, Event::Reoffered { offer }]);
    assert_eq!(net.count_sent(PEER, "ACK"), 0);
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: Some(ANSWER.into()) }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn late_offer_that_nobody_answers_ends_the_call() {
    let mut net = Net::new(309);
    net.dial_with(PEER, AGENT, None);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: OFFER.into() });
    net.run(seconds(40.0));
    assert!(matches!(net.last_event(PEER), Some(Event::Ended { .. })));
    assert!(matches!(net.last_event(AGENT), Some(Event::Ended { .. })));
    net.assert_forgotten();
}

#[test]
fn update_before_the_first_answer_is_glare() {
    let mut net = Net::new(310);
    net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    let ringing = first_response(&net, AGENT, 180);
    let invite = last_request(&net, PEER, "INVITE");
    let text = |headers: &crate::sip::wire::Headers, name: &HeaderName| headers.text(name).unwrap().into_owned();
    let update = format!(
        "UPDATE sip:mairie@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKup\r\nFrom: {}\r\n\
         To: {}\r\nCall-ID: {}\r\nCSeq: 2 UPDATE\r\nContent-Type: application/sdp\r\n\r\n{OFFER}",
        text(&invite.headers, &HeaderName::From),
        text(&ringing.headers, &HeaderName::To),
        text(&invite.headers, &HeaderName::CallId),
    );
    // RFC 3311 §5.2: their first offer has no answer yet.
    let response = net.response_to(&update);
    assert_eq!(response.status, 500);
    assert!(response.headers.get(&HeaderName::RetryAfter).is_some());
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

/// A reliable provisional response to the INVITE `call` sent.
fn reliable(invite: &Request, status: u16, rseq: u32, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let extra = format!("Contact: <sip:b@127.0.0.1:5060>\r\nRequire: 100rel\r\nRSeq: {rseq}\r\n{kind}");
    response_text(invite, status, "b", &extra, body)
}

#[test]
fn responses_out_of_order_wait_for_the_missing_one() {
    let mut net = Net::new(311);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    for (rseq, pracks) in [(7, 1), (9, 1), (7, 1), (8, 2), (9, 3), (8, 3), (6, 3)] {
        net.deliver(PEER, address(AGENT), reliable(&invite, 180, rseq, "").as_bytes());
        assert_eq!(requests(&net, PEER, "PRACK").len(), pracks, "after {rseq}");
    }
    let racks: Vec<String> = requests(&net, PEER, "PRACK")
        .iter()
        .map(|prack| prack.headers.text(&HeaderName::RAck).unwrap().into_owned())
        .collect();
    assert_eq!(racks, ["7 1 INVITE", "8 1 INVITE", "9 1 INVITE"]);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn prack_that_matches_nothing_gets_481_and_one_without_rack_400() {
    let mut net = Net::new(312);
    net.response_to(&raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\nRequire: 100rel\r\n", ""));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    let ringing = first_response(&net, AGENT, 180);
    let rseq: u32 = ringing.headers.text(&HeaderName::RSeq).unwrap().parse().unwrap();
    let to = ringing.headers.text(&HeaderName::To).unwrap().into_owned();
    let prack = |cseq: u32, rack: &str| {
        raw("PRACK", rack, "")
            .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"))
            .replace("CSeq: 1", &format!("CSeq: {cseq}"))
            .replace("rawPRACK", &format!("rawPRACK{cseq}"))
    };
    assert_eq!(net.response_to(&prack(2, "")).status, 400);
    for (cseq, rack) in
        [(3, format!("{} 1 INVITE", rseq + 1)), (4, format!("{rseq} 2 INVITE")), (5, format!("{rseq} 1 UPDATE"))]
    {
        assert_eq!(net.response_to(&prack(cseq, &format!("RAck: {rack}\r\n"))).status, 481);
    }
    assert_eq!(net.response_to(&prack(6, &format!("RAck: {rseq} 1 INVITE\r\n"))).status, 200);
    assert_eq!(net.response_to(&prack(7, &format!("RAck: {rseq} 1 INVITE\r\n"))).status, 481, "acknowledged already");
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_prack_may_bring_a_further_offer() {
    let mut net = Net::new(313);
    let sdp = "Contact: <sip:alice@127.0.0.1:5061>\r\nSupported: 100rel\r\nContent-Type: application/sdp\r\n";
    net.response_to(&raw("INVITE", sdp, OFFER));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, early(ANSWER));
    let early = first_response(&net, AGENT, 183);
    let rseq = early.headers.text(&HeaderName::RSeq).unwrap().into_owned();
    let to = early.headers.text(&HeaderName::To).unwrap().into_owned();
    let extra = format!("RAck: {rseq} 1 INVITE\r\nContent-Type: application/sdp\r\n");
    let prack = raw("PRACK", &extra, OFFER)
        .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"))
        .replace("CSeq: 1", "CSeq: 2");
    assert!(net.exchange(&prack).is_empty());
    assert_eq!(net.last_event(AGENT), Some(Event::Reoffered { offer: Some(OFFER.into()) }));
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    assert_eq!(net.carried.last().unwrap().label(), "200 PRACK");
    assert_eq!(first_response(&net, AGENT, 200).body, ANSWER.as_bytes());
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn reliable_calls_over_a_bad_network_end_cleanly() {
    let mut answered = 0;
    for seed in 0..100 {
        let mut net = Net::new(4000 + seed);
        require(&mut net, AGENT);
        net.loss = 0.15;
        net.duplication = 0.1;
        net.jitter = seconds(0.3);
        let peer = net.dial_with(PEER, AGENT, (seed % 2 == 0).then_some(OFFER));
        net.run(seconds(8.0));
        if net.events(AGENT).iter().any(|e| matches!(e, Event::Incoming { .. })) {
            let agent = net.incoming(AGENT);
            net.command(AGENT, agent, Command::Ring);
            net.command(AGENT, agent, early(ANSWER));
            net.command(AGENT, agent, Command::Ring);
            for _ in 0..200 {
                if matches!(net.last_event(PEER), Some(Event::Reoffered { .. })) {
                    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(OFFER.into()) });
                }
                net.run(seconds(0.1));
            }
            net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
            for _ in 0..100 {
                net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(OFFER.into()) });
                net.run(seconds(0.1));
            }
            answered += net.events(PEER).iter().filter(|e| matches!(e, Event::Answered { .. })).count();
        }
        net.command(PEER, peer, Command::HangUp);
        net.run(seconds(70.0));
        net.loss = 0.0;
        net.assert_forgotten();
    }
    assert!(answered > 95, "{answered} of 100 calls answered");
}
