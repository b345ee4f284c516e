//! Calls from ringing to the end, over a network that does its job (RFC 3665 §3).

use super::*;
use crate::sip::wire::HeaderName;

#[test]
fn caller_calls_and_hangs_up() {
    let mut net = Net::new(1);
    let (agent, peer) = net.establish();
    assert!(matches!(
        &net.events(AGENT)[0],
        Event::Incoming { caller, called, offer: Some(offer), source, .. }
            if caller.user.as_deref() == Some("alice") && called.user.as_deref() == Some("mairie")
                && offer == OFFER && *source == address(PEER)
    ));
    assert_eq!(
        net.events(PEER),
        [Event::Progress { status: 180, sdp: None }, Event::Answered { sdp: Some(ANSWER.to_owned()) }]
    );
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    let local = EndCause::Local;
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause: local }));
    let remote = EndCause::RemoteBye;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: remote }));
    assert_eq!(net.sent(PEER), ["BYE"]);
    assert_eq!(net.sent(AGENT), ["200 BYE"]);
    // The call is over: commands about it do nothing.
    net.command(AGENT, agent, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.sent(AGENT), ["200 BYE"]);
    net.assert_forgotten();
}

#[test]
fn agent_hangs_up() {
    let mut net = Net::new(2);
    let (agent, _) = net.establish();
    net.command(AGENT, agent, Command::HangUp);
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.run(seconds(1.0));
    assert_eq!(net.endpoints[AGENT].active_calls(), 0);
    let cause = EndCause::RemoteBye;
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
    assert_eq!(net.sent(AGENT), ["BYE"]);
    net.assert_forgotten();
}

#[test]
fn both_hang_up_at_once() {
    let mut net = Net::new(3);
    let (agent, peer) = net.establish();
    net.command(AGENT, agent, Command::HangUp);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    for who in [AGENT, PEER] {
        assert_eq!(net.sent(who), ["BYE", "200 BYE"]);
        let cause = EndCause::Local;
        assert_eq!(net.count(who, &Event::Ended { cause }), 1);
        assert_eq!(net.endpoints[who].active_calls(), 0);
    }
    net.assert_forgotten();
}

#[test]
fn first_messages_come_at_once() {
    let mut net = Net::new(4);
    net.dial(PEER);
    net.run(seconds(0.02));
    assert_eq!(net.sent(AGENT), ["100 INVITE"]);
    assert!(net.carried.iter().all(|c| c.at == net.start + seconds(0.01) || c.from == PEER));
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn rejected_call() {
    for (status, expected) in [(486, 486), (603, 603), (200, 480), (99, 480)] {
        let mut net = Net::new(5);
        net.dial(PEER);
        net.run(seconds(0.1));
        let call = net.incoming(AGENT);
        net.command(AGENT, call, Command::Reject { status });
        net.run(seconds(1.0));
        let cause = EndCause::Refused(expected);
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
        assert_eq!(net.sent(PEER), ["INVITE", "ACK"]);
        assert_eq!(net.endpoints[AGENT].active_calls(), 0);
        net.assert_forgotten();
    }
}

#[test]
fn hanging_up_on_an_unanswered_call_refuses_it() {
    let mut net = Net::new(6);
    net.dial(PEER);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Ring);
    net.command(AGENT, call, Command::HangUp);
    net.run(seconds(1.0));
    let cause = EndCause::Refused(480);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
    net.assert_forgotten();
}

#[test]
fn caller_gives_up_while_ringing() {
    let mut net = Net::new(7);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(2.0));
    net.command(PEER, peer, Command::HangUp);
    let cause = EndCause::Local;
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
    net.run(seconds(1.0));
    let cause = EndCause::RemoteCancel;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    assert_eq!(net.sent(PEER), ["INVITE", "CANCEL", "ACK"]);
    let expected = ["100 INVITE", "180 INVITE", "200 CANCEL", "487 INVITE"];
    assert_eq!(net.sent(AGENT), expected);
    assert_eq!(net.endpoints[PEER].active_calls(), 0);
    net.assert_forgotten();
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut net = Net::new(8);
    net.delay = seconds(0.2);
    let peer = net.dial(PEER);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.39));
    assert_eq!(net.sent(PEER), ["INVITE"]);
    net.run(seconds(2.0));
    assert_eq!(net.sent(PEER), ["INVITE", "CANCEL", "ACK"]);
    net.assert_forgotten();
}

#[test]
fn cancel_that_crosses_the_answer_ends_in_bye() {
    let mut net = Net::new(9);
    net.delay = seconds(0.1);
    let peer = net.dial(PEER);
    net.run(seconds(0.5));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(2.0));
    assert_eq!(net.sent(PEER), ["INVITE", "CANCEL", "ACK", "BYE"]);
    let cause = EndCause::RemoteBye;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    let cause = EndCause::Local;
    assert_eq!(net.events(PEER), [Event::Ended { cause }]);
    net.assert_forgotten();
}

#[test]
fn late_offer_brings_the_answer_with_the_ack() {
    let mut net = Net::new(10);
    let invite = raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", "");
    let trying = net.response_to(&invite);
    assert_eq!(trying.status, 100);
    assert!(matches!(&net.events(AGENT)[0], Event::Incoming { offer: None, .. }));
    let call = net.incoming(AGENT);
    net.carried.clear();
    net.command(AGENT, call, Command::Answer { sdp: OFFER.into() });
    let ok = first_response(&net, AGENT, 200);
    assert_eq!(ok.body, OFFER.as_bytes());
    assert_eq!(ok.headers.content_type().as_deref(), Some("application/sdp"));
    let to = ok.headers.text(&HeaderName::To).unwrap().into_owned();
    let ack = raw("ACK", "Content-Type: application/sdp\r\n", ANSWER)
        .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"));
    assert!(net.exchange(&ack).is_empty());
    let sdp = Some(ANSWER.to_owned());
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp }));
    net.command(AGENT, call, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn caller_may_leave_a_ringing_call_with_bye() {
    let mut net = Net::new(11);
    net.response_to(&raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", ""));
    let call = net.incoming(AGENT);
    net.carried.clear();
    net.command(AGENT, call, Command::Ring);
    let ringing = first_response(&net, AGENT, 180);
    let to = ringing.headers.text(&HeaderName::To).unwrap().into_owned();
    let bye = raw("BYE", "", "")
        .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"))
        .replace("CSeq: 1", "CSeq: 2");
    let answers = net.exchange(&bye);
    let statuses: Vec<u16> = answers
        .iter()
        .map(|m| match m {
            Message::Response(r) => r.status,
            Message::Request(_) => 0,
        })
        .collect();
    assert_eq!(statuses, [200, 487]);
    let cause = EndCause::RemoteBye;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    net.assert_forgotten();
}

#[test]
fn ping_tells_whether_somebody_is_there() {
    let mut net = Net::new(12);
    let ping = |net: &mut Net| {
        let now = net.now;
        let call = net.endpoints[PEER].ping(now, "sip:mairie@127.0.0.1".into(), Flow::udp(address(AGENT)));
        net.drain(PEER);
        call
    };
    let call = ping(&mut net);
    net.run(seconds(1.0));
    let reported: Vec<_> = net.events[PEER].iter().map(|(_, c, e)| (*c, e.clone())).collect();
    let cause = EndCause::Local;
    assert_eq!(reported, [(call, Event::Answered { sdp: None }), (call, Event::Ended { cause })]);
    let now = net.now;
    net.endpoints[AGENT].handle_input(now, Input::Drain);
    ping(&mut net);
    net.run(seconds(1.0));
    let cause = EndCause::Refused(503);
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
    net.filter = Some(Box::new(|_| false));
    ping(&mut net);
    net.run(seconds(40.0));
    let cause = EndCause::Timeout;
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
    net.assert_forgotten();
}

#[test]
fn dialling_nonsense_is_refused_at_once() {
    let mut net = Net::new(13);
    for (target, status) in [("", 400), ("sip:", 400), ("http://x", 416), ("sip:a b@c", 400)] {
        let now = net.now;
        net.endpoints[PEER]
            .dial(now, Dial::to(target.to_owned(), Flow::udp(address(AGENT)).into(), Some(OFFER.to_owned())));
        net.drain(PEER);
        let cause = EndCause::Refused(status);
        assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }), "{target}");
    }
    assert!(net.carried.is_empty());
    net.assert_forgotten();
}

#[test]
fn from_names_who_calls() {
    let mut net = Net::new(14);
    let now = net.now;
    net.endpoints[PEER].dial(
        now,
        Dial {
            from: Some(Party {
                display_name: Some("Zoé \"Zaza\" Dupont".to_owned()),
                user: Some("+33 1 23".to_owned()),
                uri: String::new(),
            }),
            ..Dial::to(
                "sip:mairie@127.0.0.1;user=phone".to_owned(),
                Flow::udp(address(AGENT)).into(),
                Some(OFFER.to_owned()),
            )
        },
    );
    net.drain(PEER);
    net.run(seconds(0.1));
    let Event::Incoming { caller, .. } = &net.events(AGENT)[0] else {
        panic!("no call came in");
    };
    assert_eq!(caller.display_name.as_deref(), Some("Zoé \"Zaza\" Dupont"));
    assert_eq!(caller.user.as_deref(), Some("+33 1 23"));
    assert_eq!(last_request(&net, PEER, "INVITE").uri, "sip:mairie@127.0.0.1;user=phone");
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::HangUp);
    net.assert_forgotten();
}
