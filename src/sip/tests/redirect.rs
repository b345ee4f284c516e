//! A called party that sends us elsewhere (RFC 3261 §8.1.3.4, §21.3).

use super::*;

fn calling(seed: u64) -> Net {
    let mut net = Net::new(seed);
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    net
}

/// The INVITE sent last is refused like this.
fn refuse(net: &mut Net, status: u16, extra: &str) {
    let invite = last_request(net, PEER, "INVITE");
    let text = response_text(&invite, status, "x", extra, "");
    net.deliver(PEER, address(AGENT), text.as_bytes());
}

fn targets(net: &Net) -> Vec<String> {
    requests(net, PEER, "INVITE").into_iter().map(|invite| invite.uri).collect()
}

fn ended(net: &Net) -> Option<Event> {
    net.events(PEER).into_iter().find(|event| matches!(event, Event::Ended { .. }))
}

#[test]
fn targets_are_tried_best_first() {
    let mut net = calling(600);
    let contacts = "Contact: <sip:b@192.0.2.2>;q=0.2, \"C\" <sip:c@192.0.2.3:5070;transport=udp?Subject=x>;q=0.9\r\n\
                    Contact: <sip:d@pbx.example>, <http://example.com>, sip:c@192.0.2.3:5070;q=1\r\n";
    refuse(&mut net, 302, contacts);
    refuse(&mut net, 486, "");
    refuse(&mut net, 480, "");
    assert_eq!(
        targets(&net),
        [
            "sip:mairie@127.0.0.1:5060",
            "sip:d@pbx.example",
            "sip:c@192.0.2.3:5070",
            "sip:c@192.0.2.3:5070;transport=udp",
        ]
    );
    assert_eq!(ended(&net), None);
    let all = requests(&net, PEER, "INVITE");
    let text = |request: &Request, name| request.headers.text(&name).unwrap().into_owned();
    for (number, invite) in (1..).zip(&all) {
        // §8.1.3.4: the same Call-ID, From and To; a number and a branch of its own.
        assert_eq!(invite.headers.cseq().unwrap().number, number);
        for name in [HeaderName::CallId, HeaderName::From, HeaderName::To] {
            assert_eq!(text(invite, name.clone()), text(&all[0], name));
        }
        assert_eq!(invite.body, OFFER.as_bytes());
    }
    let mut branches: Vec<String> =
        all.iter().map(|invite| invite.headers.top_via().unwrap().branch().unwrap().to_owned()).collect();
    branches.dedup();
    assert_eq!(branches.len(), 4);
    let to: Vec<SocketAddr> = net.carried.iter().filter(|c| c.label() == "INVITE").map(|c| c.to).collect();
    assert_eq!(to[1], address(AGENT), "a name we can't resolve here is the switchboard's to find");
    assert_eq!(to[2], "192.0.2.3:5070".parse().unwrap());
    refuse(&mut net, 603, "");
    assert_eq!(ended(&net), Some(Event::Ended { cause: EndCause::Refused(603) }), "nobody anywhere (§21.6)");
    assert_eq!(targets(&net).len(), 4);
    net.assert_forgotten();
}

#[test]
fn a_redirected_target_may_redirect_but_not_in_circles() {
    let mut net = calling(601);
    refuse(&mut net, 302, "Contact: <sip:b@192.0.2.2>\r\n");
    refuse(&mut net, 301, "Contact: <sip:mairie@127.0.0.1:5060>, <sip:c@192.0.2.3>\r\n");
    refuse(&mut net, 302, "Contact: <sip:b@192.0.2.2>\r\n");
    assert_eq!(targets(&net), ["sip:mairie@127.0.0.1:5060", "sip:b@192.0.2.2", "sip:c@192.0.2.3"]);
    assert_eq!(ended(&net), Some(Event::Ended { cause: EndCause::Refused(302) }));
    net.assert_forgotten();
}

#[test]
fn no_more_than_five_targets() {
    let mut net = calling(602);
    for n in 0..20 {
        refuse(&mut net, 302, &format!("Contact: <sip:a{n}@192.0.2.2>, <sip:b{n}@192.0.2.2>\r\n"));
    }
    assert_eq!(targets(&net).len(), 6);
    assert!(matches!(ended(&net), Some(Event::Ended { cause: EndCause::Refused(302) })));
    net.assert_forgotten();
    let mut net = Net::new(603);
    net.configure(PEER, |config| config.policy.max_redirects = 0);
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    refuse(&mut net, 302, "Contact: <sip:b@192.0.2.2>\r\n");
    assert_eq!(ended(&net), Some(Event::Ended { cause: EndCause::Refused(302) }));
    net.assert_forgotten();
}

#[test]
fn a_redirection_without_a_usable_target_is_a_refusal() {
    for extra in ["", "Contact: <http://x>\r\n", "Contact: *\r\n", "Contact: <sip:>\r\n"] {
        let mut net = calling(604);
        refuse(&mut net, 302, extra);
        assert_eq!(ended(&net), Some(Event::Ended { cause: EndCause::Refused(302) }), "{extra}");
        net.assert_forgotten();
    }
}

#[test]
fn who_has_hung_up_is_not_sent_on() {
    let mut net = Net::new(605);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial(PEER);
    net.command(PEER, peer, Command::HangUp);
    refuse(&mut net, 302, "Contact: <sip:b@192.0.2.2>\r\n");
    assert_eq!(targets(&net).len(), 1);
    assert_eq!(net.endpoints[PEER].active_calls(), 0);
    net.assert_forgotten();
}

/// RFC 3665 §3.6, first half: the target of the redirection takes the call.
#[test]
fn a_redirected_call_is_answered() {
    let mut net = Net::with_third(606);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.filter = Some(Box::new(|c| c.label() != "486 INVITE"));
    net.command(AGENT, agent, Command::Reject { status: 486 });
    let contact = format!("Contact: <sip:carole@{}>\r\n", address(THIRD));
    refuse(&mut net, 302, &contact);
    net.run(seconds(0.1));
    let third = net.incoming(THIRD);
    net.command(THIRD, third, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    assert_eq!(net.last_event(PEER), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    assert_eq!(net.last_event(THIRD), Some(Event::Acknowledged { sdp: None }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_target_that_says_nothing_gives_way_to_the_next() {
    let mut net = calling(607);
    refuse(&mut net, 302, "Contact: <sip:b@192.0.2.2>, <sip:c@192.0.2.3>;q=0.5\r\n");
    net.run(seconds(32.1));
    assert_eq!(targets(&net), ["sip:mairie@127.0.0.1:5060", "sip:b@192.0.2.2", "sip:c@192.0.2.3"]);
    let now = net.now;
    let flow = Flow::udp("192.0.2.3:5060".parse().unwrap());
    net.endpoints[PEER].handle_input(now, Input::TransportFailed { flow });
    net.drain(PEER);
    assert_eq!(ended(&net), Some(Event::Ended { cause: EndCause::Unreachable }));
    net.assert_forgotten();
}

#[test]
fn early_dialogs_end_with_the_target_that_sends_us_on() {
    let mut net = Net::new(608);
    net.filter = Some(Box::new(|_| false));
    let peer = net.dial_with(PEER, AGENT, None);
    let invite = last_request(&net, PEER, "INVITE");
    let extra = "Contact: <sip:x@192.0.2.9>\r\nRequire: 100rel\r\nRSeq: 1\r\nContent-Type: application/sdp\r\n";
    net.deliver(PEER, address(AGENT), response_text(&invite, 183, "x", extra, OFFER).as_bytes());
    assert_eq!(net.last_event(PEER), Some(Event::Reoffered { offer: Some(OFFER.into()) }));
    refuse(&mut net, 302, "Contact: <sip:b@192.0.2.2>\r\n");
    // The answer comes too late; the offer of the next one is told anew.
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    assert_eq!(net.count_sent(PEER, "PRACK"), 0);
    let invite = last_request(&net, PEER, "INVITE");
    net.deliver(PEER, address(AGENT), response_text(&invite, 183, "y", extra, OFFER).as_bytes());
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    assert_eq!(net.count_sent(PEER, "PRACK"), 1);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}
