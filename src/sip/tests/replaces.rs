//! Attended transfer and INVITE with Replaces (RFC 3891, RFC 5589 §7), three parties.

use super::*;

fn sdp(port: u16) -> String {
    OFFER.replace("4000", &port.to_string())
}

/// `from` calls `to`, who answers: handles of both.
fn call(net: &mut Net, from: usize, to: usize) -> (CallHandle, CallHandle) {
    let outgoing = net.dial_with(from, to, Some(OFFER));
    net.run(seconds(0.1));
    let incoming = net.incoming(to);
    net.command(to, incoming, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    (outgoing, incoming)
}

fn last_of(net: &Net, who: usize, call: CallHandle) -> Option<Event> {
    net.events[who].iter().rev().find(|(_, c, _)| *c == call).map(|(_, _, event)| event.clone())
}

fn ended(cause: EndCause) -> Option<Event> {
    Some(Event::Ended { cause })
}

/// The agent has Alice on the line and asks Carole; then Alice's telephone takes the agent's place at Carole's.
#[test]
fn attended_transfer_joins_the_others() {
    let mut net = Net::with_third(700);
    let (alice, with_alice) = call(&mut net, PEER, AGENT);
    let (with_carole, carole) = call(&mut net, AGENT, THIRD);
    net.carried.clear();
    net.command(AGENT, with_alice, Command::AttendedTransfer { other: with_carole });
    net.run(seconds(0.1));
    let Some(Event::TransferRequested { target, referred_by, .. }) = last_of(&net, PEER, alice) else {
        panic!("{:?}", net.events(PEER));
    };
    assert!(target.starts_with(&format!("sip:carole@{}?Replaces=", address(THIRD))), "{target}");
    assert_eq!(referred_by.as_deref(), Some("<sip:mairie@127.0.0.1:5060>"));
    net.command(PEER, alice, Command::AcceptTransfer);
    let now = net.now;
    let destination = Flow::udp(address(THIRD)).into();
    let dial = Dial { referred_by, ..Dial::to(target, destination, Some(sdp(4444))) };
    let to_carole = net.endpoints[PEER].dial(now, dial);
    net.drain(PEER);
    net.run(seconds(0.1));
    // Carole's call goes on under its handle, with Alice.
    let Some(Event::Replaced { party, offer }) = last_of(&net, THIRD, carole) else {
        panic!("{:?}", net.events(THIRD));
    };
    assert_eq!((party.user.as_deref(), offer), (Some("alice"), Some(sdp(4444))));
    let invite = last_request(&net, PEER, "INVITE");
    assert_eq!(invite.headers.text(&HeaderName::Require).unwrap(), "replaces");
    assert_eq!(invite.headers.text(&HeaderName::ReferredBy).unwrap(), "<sip:mairie@127.0.0.1:5060>");
    net.command(THIRD, carole, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, PEER, to_carole), Some(Event::Answered { sdp: Some(ANSWER.into()) }));
    assert_eq!(last_of(&net, AGENT, with_carole), ended(EndCause::RemoteBye), "the replaced dialog got its BYE");
    net.command(PEER, alice, Command::NotifyTransfer { status: 200 });
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, AGENT, with_alice), Some(Event::TransferFinished { status: 200 }));
    net.command(AGENT, with_alice, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, PEER, alice), ended(EndCause::RemoteBye));
    // The joined call lives, both ways.
    net.command(THIRD, carole, Command::Reoffer { sdp: Some(OFFER.into()) });
    net.run(seconds(0.1));
    net.command(PEER, to_carole, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, THIRD, carole), Some(Event::ReofferAnswered { sdp: Some(ANSWER.into()) }));
    net.command(PEER, to_carole, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, THIRD, carole), ended(EndCause::RemoteBye));
    for who in [AGENT, PEER, THIRD] {
        assert_eq!(net.endpoints[who].active_calls(), 0);
    }
    net.assert_forgotten();
}

#[test]
fn attended_transfer_to_no_call_fails_at_once() {
    let mut net = Net::with_third(701);
    let (_, with_alice) = call(&mut net, PEER, AGENT);
    for other in [with_alice, CallHandle(99)] {
        net.command(AGENT, with_alice, Command::AttendedTransfer { other });
        assert_eq!(net.last_event(AGENT), Some(Event::TransferFinished { status: 481 }));
    }
    net.command(AGENT, with_alice, Command::HangUp);
    net.assert_forgotten();
}

/// An INVITE with Replaces for the call `establish` made, from somebody else.
fn replacing(net: &Net, n: u32, params: &str, extra: &str) -> String {
    let ok = net
        .carried
        .iter()
        .find_map(|c| match read_datagram(&c.bytes).unwrap().message {
            Message::Response(response) if response.status < 300 && response.headers.to()?.tag().is_some() => {
                Some(response)
            }
            _ => None,
        })
        .expect("a response with both tags");
    let call_id = ok.headers.text(&HeaderName::CallId).unwrap().into_owned();
    let (to, from) = (ok.headers.to().unwrap(), ok.headers.from().unwrap());
    let (to, from) = (to.tag().unwrap(), from.tag().unwrap());
    let replaces = format!("Replaces: {call_id};to-tag={to};from-tag={from}{params}\r\n");
    let sdp = "Contact: <sip:pbx@127.0.0.1:5061>\r\nContent-Type: application/sdp\r\n";
    raw("INVITE", &format!("{sdp}{replaces}{extra}"), OFFER)
        .replace("z9hG4bKraw", &format!("z9hG4bKrep{n}"))
        .replace("raw-call", &format!("rep-{n}"))
}

fn established(seed: u64) -> (Net, CallHandle, CallHandle) {
    let mut net = Net::new(seed);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    (net, agent, peer)
}

#[test]
fn a_switchboard_moves_the_call_even_while_draining() {
    let (mut net, agent, peer) = established(702);
    let now = net.now;
    net.endpoints[AGENT].handle_input(now, Input::Drain);
    let invite = replacing(&net, 1, "", "");
    assert_eq!(net.response_to(&invite).status, 100);
    assert!(matches!(net.last_event(AGENT), Some(Event::Replaced { .. })));
    let before = net.carried.len();
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    let labels: Vec<String> = net.carried[before..].iter().map(Carried::label).collect();
    assert_eq!(labels, ["BYE", "200 INVITE"]);
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, PEER, peer), ended(EndCause::RemoteBye));
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    // Its own hanging up waits for the ACK of the new dialog.
    net.command(AGENT, agent, Command::HangUp);
    assert_eq!(net.count_sent(AGENT, "BYE"), 1);
    net.assert_forgotten();
}

#[test]
fn a_refused_replacement_leaves_the_call() {
    let (mut net, agent, peer) = established(703);
    let invite = replacing(&net, 1, "", "");
    net.response_to(&invite);
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: None });
    assert_eq!(net.carried.last().unwrap().label(), "488 INVITE");
    // Cancelled, it leaves no trace either.
    let again = replacing(&net, 2, "", "");
    net.response_to(&again);
    let head: Vec<&str> = again.lines().take_while(|l| !l.is_empty()).filter(|l| !l.starts_with("Content-")).collect();
    let cancel = head.join("\r\n").replace("INVITE", "CANCEL").replace("rep2CANCEL", "rep2INVITE");
    let messages = net.exchange(&format!("{cancel}\r\n\r\n"));
    assert_eq!(messages.len(), 2, "200 and 487");
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, AGENT, agent), ended(EndCause::RemoteBye));
    net.assert_forgotten();
}

#[test]
fn the_rules_of_rfc_3891() {
    let (mut net, agent, peer) = established(704);
    // early-only, and the call is answered.
    assert_eq!(net.response_to(&replacing(&net, 1, ";early-only", "")).status, 486);
    // No such dialog: another tag, another Call-ID.
    let good = replacing(&net, 2, "", "");
    for (n, from, to) in [(3, "from-tag=", "from-tag=x"), (4, "to-tag=", "to-tag=x"), (5, "Replaces: ", "Replaces: x")]
    {
        let other = good
            .replace(from, to)
            .replace("z9hG4bKrep2", &format!("z9hG4bKrep{n}"))
            .replace("rep-2", &format!("rep-{n}"));
        assert_eq!(net.response_to(&other).status, 481, "{to}");
    }
    // Two of them, or one that says nothing.
    let twice = replacing(&net, 6, "", "Replaces: a@b;to-tag=1;from-tag=2\r\n");
    assert_eq!(net.response_to(&twice).status, 400);
    let bad = replacing(&net, 7, "", "").replace(";to-tag=", ";x=");
    assert_eq!(net.response_to(&bad).status, 400);
    // Not in anything else.
    assert_eq!(net.response_to(&raw("OPTIONS", "Replaces: a@b;to-tag=1;from-tag=2\r\n", "")).status, 400);
    assert!(net.events(AGENT).iter().all(|event| !matches!(event, Event::Replaced { .. })));
    // Over already.
    let late = replacing(&net, 8, "", "");
    net.command(AGENT, agent, Command::HangUp);
    assert_eq!(net.response_to(&late).status, 603);
    net.run(seconds(1.0));
    assert_eq!(net.response_to(&late.replace("rep8", "rep9").replace("rep-8", "rep-9")).status, 603);
    let _ = peer;
    net.assert_forgotten();
}

#[test]
fn an_early_dialog_is_replaced_only_at_its_caller() {
    // At the one who is called: 481.
    let mut net = Net::new(705);
    net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Ring);
    net.run(seconds(0.1));
    assert_eq!(net.response_to(&replacing(&net, 1, "", "")).status, 481);
    // At the caller: the new call takes its place, the old INVITE is cancelled.
    let peer = net.events[PEER][0].1;
    let swapped = replacing(&net, 2, ";early-only", "")
        .replace("to-tag", "x-tag")
        .replace("from-tag", "to-tag")
        .replace("x-tag", "from-tag");
    net.carried.clear();
    let Message::Response(trying) = net.answer_to(PEER, address(AGENT), &swapped) else { panic!("a request") };
    assert_eq!(trying.status, 100);
    assert!(matches!(net.last_event(PEER), Some(Event::Replaced { offer: Some(_), .. })));
    net.command(PEER, peer, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    assert_eq!(net.sent(PEER), ["100 INVITE", "CANCEL", "200 INVITE"]);
    net.run(seconds(0.2));
    assert_eq!(last_of(&net, AGENT, agent), ended(EndCause::RemoteCancel));
    assert_eq!(net.endpoints[PEER].active_calls(), 1);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn the_replaced_calls_end_while_the_application_thinks() {
    let (mut net, agent, peer) = established(706);
    net.response_to(&replacing(&net, 1, "", ""));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    assert_eq!(last_of(&net, AGENT, agent), ended(EndCause::RemoteBye));
    assert_eq!(net.count_sent(AGENT, "603 INVITE"), 1);
    net.command(AGENT, agent, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
    net.assert_forgotten();
}

#[test]
fn transfer_without_notify() {
    let mut net = Net::new(707);
    let (agent, peer) = net.establish();
    net.filter = Some(Box::new(|c| c.label() != "REFER"));
    net.command(AGENT, agent, Command::Transfer { target: "sip:100@192.0.2.9".into() });
    let refer = last_request(&net, AGENT, "REFER");
    // The far end honours RFC 4488 unasked: that it took the REFER is all we shall know.
    net.deliver(AGENT, address(PEER), response_text(&refer, 202, "", "Refer-Sub: false\r\n", "").as_bytes());
    assert_eq!(net.last_event(AGENT), Some(Event::TransferFinished { status: 202 }));
    // Asked by a far end that wants none, we send none.
    net.filter = None;
    let text = String::from_utf8(refer.to_bytes().to_vec()).unwrap();
    let silent = text.replace("Refer-To", "Refer-Sub: false\r\nRefer-To");
    net.carried.clear();
    net.deliver(PEER, address(AGENT), silent.as_bytes());
    net.command(PEER, peer, Command::AcceptTransfer);
    net.command(PEER, peer, Command::NotifyTransfer { status: 200 });
    net.run(seconds(0.1));
    assert_eq!(net.sent(PEER), ["202 REFER"]);
    assert_eq!(first_response(&net, PEER, 202).headers.text(&HeaderName::ReferSub).unwrap(), "false");
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn replacements_over_a_bad_network_end_cleanly() {
    for seed in 0..60 {
        let mut net = Net::with_third(5000 + seed);
        let (alice, with_alice) = call(&mut net, PEER, AGENT);
        let (with_carole, carole) = call(&mut net, AGENT, THIRD);
        net.loss = 0.15;
        net.duplication = 0.15;
        net.jitter = seconds(0.3);
        net.command(AGENT, with_alice, Command::AttendedTransfer { other: with_carole });
        let mut joined = None;
        for _ in 0..300 {
            if joined.is_none()
                && let Some(Event::TransferRequested { target, referred_by, .. }) = last_of(&net, PEER, alice)
            {
                net.command(PEER, alice, Command::AcceptTransfer);
                let (now, destination) = (net.now, Flow::udp(address(THIRD)).into());
                let dial = Dial { referred_by, ..Dial::to(target, destination, Some(OFFER.into())) };
                joined = Some(net.endpoints[PEER].dial(now, dial));
                net.drain(PEER);
            }
            if matches!(last_of(&net, THIRD, carole), Some(Event::Replaced { .. })) {
                net.command(THIRD, carole, Command::AnswerReoffer { sdp: Some(ANSWER.into()) });
            }
            net.run(seconds(0.1));
        }
        let joined = joined.expect("the REFER arrived");
        assert_eq!(last_of(&net, PEER, joined), Some(Event::Answered { sdp: Some(ANSWER.into()) }), "seed {seed}");
        assert!(matches!(last_of(&net, AGENT, with_carole), Some(Event::Ended { .. })), "seed {seed}");
        for (who, call) in [(PEER, alice), (PEER, joined), (AGENT, with_alice), (THIRD, carole)] {
            net.command(who, call, Command::HangUp);
        }
        net.run(seconds(70.0));
        net.loss = 0.0;
        net.assert_forgotten();
    }
}
