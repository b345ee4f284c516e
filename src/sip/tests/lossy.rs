//! Lost, late and doubled datagrams: retransmission, and what happens when nothing helps (RFC 3261 §17, §13.3.1.4).

use super::*;
use crate::sip::wire::HeaderName;

fn assert_times(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{actual:?} instead of {expected:?}");
    for (a, e) in actual.iter().zip(expected) {
        assert!((a - e).abs() < 0.001, "{actual:?} instead of {expected:?}");
    }
}

#[test]
fn unanswered_invite_is_repeated_then_given_up() {
    let mut net = Net::new(20);
    net.filter = Some(Box::new(|_| false));
    net.dial(PEER);
    net.run(seconds(40.0));
    // Timer A doubles from T1; timer B at 64·T1.
    assert_times(&net.times_sent(PEER, "INVITE"), &[0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
    let (at, _, event) = net.events[PEER].last().unwrap();
    assert_eq!(*event, Event::Ended { cause: EndCause::Timeout });
    assert_eq!(*at, net.start + seconds(32.0));
    net.assert_forgotten();
}

#[test]
fn retransmitted_invite_gets_the_last_response() {
    let mut net = Net::new(21);
    let invite = raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", "");
    assert_eq!(net.response_to(&invite).status, 100);
    assert_eq!(net.response_to(&invite).status, 100);
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Ring);
    assert_eq!(net.response_to(&invite).status, 180);
    net.command(AGENT, call, Command::Reject { status: 486 });
    assert_eq!(net.response_to(&invite).status, 486);
    assert_eq!(net.events[AGENT].len(), 2, "one call only");
    net.assert_forgotten();
}

#[test]
fn retransmitted_invite_after_the_answer_is_absorbed() {
    let mut net = Net::new(22);
    let invite = raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", "");
    net.response_to(&invite);
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    assert!(net.exchange(&invite).is_empty(), "RFC 6026 §7.1");
    assert_eq!(net.events[AGENT].len(), 1);
    net.assert_forgotten();
}

#[test]
fn refusal_is_repeated_until_the_ack() {
    let mut net = Net::new(23);
    net.dial(PEER);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.lose_first("ACK", 3);
    net.command(AGENT, call, Command::Reject { status: 486 });
    net.run(seconds(30.0));
    assert_times(&net.times_sent(AGENT, "486 INVITE"), &[0.1, 0.6, 1.6, 3.6]);
    assert_eq!(net.count_sent(PEER, "ACK"), 4);
    net.assert_forgotten();
}

#[test]
fn refusal_that_is_never_acknowledged_is_forgotten() {
    let mut net = Net::new(24);
    net.response_to(&raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", ""));
    let call = net.incoming(AGENT);
    net.carried.clear();
    net.command(AGENT, call, Command::Reject { status: 486 });
    net.run(seconds(31.9));
    assert!(!net.endpoints[AGENT].is_idle());
    net.run(seconds(0.2));
    assert!(net.endpoints[AGENT].is_idle());
    // G: T1, then doubled up to T2.
    let expected = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5];
    assert_times(&net.times_sent(AGENT, "486 INVITE"), &expected);
}

#[test]
fn lost_200_is_sent_again() {
    let mut net = Net::new(25);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.lose_first("200 INVITE", 2);
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(5.0));
    assert_times(&net.times_sent(AGENT, "200 INVITE"), &[0.1, 0.6, 1.6]);
    assert_eq!(net.count_sent(PEER, "ACK"), 1);
    assert_eq!(net.last_event(AGENT), Some(Event::Acknowledged { sdp: None }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn lost_ack_is_sent_again_for_every_200() {
    let mut net = Net::new(26);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.lose_first("ACK", 3);
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(10.0));
    assert_eq!(net.count_sent(AGENT, "200 INVITE"), 4);
    assert_eq!(net.count_sent(PEER, "ACK"), 4);
    let answered = Event::Answered { sdp: Some(ANSWER.to_owned()) };
    assert_eq!(net.count(PEER, &answered), 1);
    assert_eq!(net.count(AGENT, &Event::Acknowledged { sdp: None }), 1);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn call_that_is_never_acknowledged_ends_with_bye() {
    let mut net = Net::new(27);
    net.dial(PEER);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.filter = Some(Box::new(|carried| carried.label() != "ACK"));
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(33.0));
    let (at, _, event) = net.events[AGENT].last().unwrap();
    assert_eq!(*event, Event::Ended { cause: EndCause::NoAck });
    assert_eq!(*at, net.start + seconds(32.1));
    assert_times(&net.times_sent(AGENT, "BYE"), &[32.1]);
    let cause = EndCause::RemoteBye;
    assert_eq!(net.last_event(PEER), Some(Event::Ended { cause }));
    net.assert_forgotten();
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut net = Net::new(28);
    net.delay = seconds(0.2);
    net.dial(PEER);
    net.run(seconds(0.5));
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    net.command(AGENT, call, Command::HangUp);
    let cause = EndCause::Local;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    net.run(seconds(0.39));
    assert_eq!(net.count_sent(AGENT, "BYE"), 0);
    net.run(seconds(1.0));
    assert_times(&net.times_sent(AGENT, "BYE"), &[0.9]);
    assert_eq!(net.events[AGENT].len(), 2);
    net.assert_forgotten();
}

#[test]
fn hanging_up_without_any_ack_says_bye_after_64_t1() {
    let mut net = Net::new(29);
    net.dial(PEER);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.filter = Some(Box::new(|carried| carried.label() != "ACK"));
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    net.command(AGENT, call, Command::HangUp);
    net.run(seconds(33.0));
    assert_times(&net.times_sent(AGENT, "BYE"), &[32.1]);
    assert_eq!(net.events[AGENT].len(), 2, "no second Ended");
    net.assert_forgotten();
}

#[test]
fn lost_bye_is_repeated_and_an_unanswered_one_given_up() {
    let mut net = Net::new(30);
    let (agent, _) = net.establish();
    let asked = (net.now - net.start).as_secs_f64();
    net.filter = Some(Box::new(|_| false));
    net.command(AGENT, agent, Command::HangUp);
    net.run(seconds(31.9));
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.run(seconds(0.2));
    assert_eq!(net.endpoints[AGENT].active_calls(), 0);
    // Timer E doubles up to T2; timer F at 64·T1.
    let expected: Vec<f64> =
        [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5].iter().map(|t| t + asked).collect();
    assert_times(&net.times_sent(AGENT, "BYE"), &expected);
    assert_eq!(net.events[AGENT].len(), 3, "Ended only once");
    // The peer never heard of it.
    let peer = net.events[PEER][0].1;
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn retransmitted_bye_gets_its_200_again() {
    let mut net = Net::new(31);
    let (_, peer) = net.establish();
    net.lose_first("200 BYE", 2);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(10.0));
    assert_eq!(net.count_sent(PEER, "BYE"), 3);
    assert_eq!(net.sent(AGENT), ["200 BYE", "200 BYE", "200 BYE"]);
    assert_eq!(net.endpoints[PEER].active_calls(), 0);
    net.assert_forgotten();
}

#[test]
fn cancelled_call_that_nobody_finishes_is_given_up() {
    let mut net = Net::new(32);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    net.filter = Some(Box::new(|_| false));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(33.0));
    assert!(net.endpoints[PEER].is_idle(), "RFC 3261 §9.1: 64·T1 after the CANCEL");
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn lost_cancel_is_repeated() {
    let mut net = Net::new(33);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    net.lose_first("CANCEL", 1);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(2.0));
    let cause = EndCause::RemoteCancel;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    net.assert_forgotten();
}

#[test]
fn superfluous_fork_is_acknowledged_and_ended() {
    let mut net = Net::new(34);
    let (_, peer) = net.establish();
    // The same 200 from another device: another To tag.
    let invite = {
        let again = net.dial(PEER);
        net.command(PEER, again, Command::HangUp);
        last_request(&net, PEER, "INVITE")
    };
    net.run(seconds(1.0));
    net.carried.clear();
    let fork = |tag: &str| {
        let text = |name: &HeaderName| invite.headers.text(name).unwrap().into_owned();
        format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag={tag}\r\nCall-ID: {}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:{tag}@127.0.0.1:5060>\r\n\r\n",
            text(&HeaderName::Via),
            text(&HeaderName::From),
            text(&HeaderName::To),
            text(&HeaderName::CallId),
        )
    };
    // The call has been refused already: a 2xx then is no news (§17.1.1.2).
    net.deliver(PEER, address(AGENT), fork("late").as_bytes());
    assert!(net.carried.is_empty());
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn forks_that_answer_too_are_acknowledged_and_ended() {
    let mut net = Net::new(35);
    let peer = net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    net.carried.clear();
    let text = |name: &HeaderName| invite.headers.text(name).unwrap().into_owned();
    let fork = format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=fork\r\nCall-ID: {}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:fork@127.0.0.1:5062>\r\n\r\n",
        text(&HeaderName::Via),
        text(&HeaderName::From),
        text(&HeaderName::To),
        text(&HeaderName::CallId),
    );
    net.deliver(PEER, address(AGENT), fork.as_bytes());
    assert_eq!(net.sent(PEER), ["ACK", "BYE"]);
    assert!(net.carried.iter().all(|c| c.to == SocketAddr::from(([127, 0, 0, 1], 5062))));
    // Repeated, it is only acknowledged again.
    net.deliver(PEER, address(AGENT), fork.as_bytes());
    assert_eq!(net.sent(PEER), ["ACK", "BYE", "ACK"]);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

/// Every call that is set up and ended over a bad network ends for both sides, and leaves nothing behind.
#[test]
fn calls_over_a_bad_network_end_cleanly() {
    let mut answered = 0;
    for seed in 0..200 {
        let mut net = Net::new(1000 + seed);
        net.loss = 0.15;
        net.duplication = 0.1;
        net.jitter = seconds(0.3);
        let peer = net.dial(PEER);
        net.run(seconds(8.0));
        let came_in = net.events(AGENT).iter().any(|e| matches!(e, Event::Incoming { .. }));
        if came_in {
            let agent = net.incoming(AGENT);
            net.command(AGENT, agent, Command::Ring);
            net.run(seconds(1.0));
            net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
            net.run(seconds(12.0));
            answered += net.count(PEER, &Event::Answered { sdp: Some(ANSWER.to_owned()) });
            let who = if seed % 2 == 0 { AGENT } else { PEER };
            net.command(who, [agent, peer][who], Command::HangUp);
        }
        net.run(seconds(70.0));
        for who in [AGENT, PEER] {
            let ends = net.events(who).iter().filter(|e| matches!(e, Event::Ended { .. })).count();
            let calls = usize::from(who == PEER || came_in);
            assert_eq!(ends, calls, "seed {seed}, endpoint {who}: {:?}", net.events(who));
        }
        net.loss = 0.0;
        net.assert_forgotten();
    }
    assert!(answered > 190, "{answered} of 200 calls answered");
}

#[test]
fn provisional_answer_to_a_bye_slows_its_retransmission() {
    let mut net = Net::new(36);
    let (agent, peer) = net.establish();
    let asked = (net.now - net.start).as_secs_f64();
    net.filter = Some(Box::new(|_| false));
    net.command(AGENT, agent, Command::HangUp);
    let bye = last_request(&net, AGENT, "BYE");
    let text = |name: &HeaderName| bye.headers.text(name).unwrap().into_owned();
    let trying = format!(
        "SIP/2.0 100 Trying\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n\r\n",
        text(&HeaderName::Via),
        text(&HeaderName::From),
        text(&HeaderName::To),
        text(&HeaderName::CallId),
        text(&HeaderName::CSeq),
    );
    net.deliver(AGENT, address(PEER), trying.as_bytes());
    net.run(seconds(10.0));
    let expected: Vec<f64> = [0.0, 0.5, 4.5, 8.5].iter().map(|t| t + asked).collect();
    assert_times(&net.times_sent(AGENT, "BYE"), &expected);
    assert_eq!(net.endpoints[AGENT].active_calls(), 1, "a provisional answer ends nothing");
    net.run(seconds(23.0));
    assert_eq!(net.endpoints[AGENT].active_calls(), 0);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}
