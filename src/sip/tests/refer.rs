//! Blind transfer, both ends (RFC 3515, RFC 5589 §6).

use super::*;
use crate::sip::wire::HeaderName;

const TARGET: &str = "sip:+33139@192.0.2.7;user=phone";

fn transfer(net: &mut Net, agent: CallHandle) {
    net.command(AGENT, agent, Command::Transfer { target: TARGET.to_owned() });
}

/// The transfers `who` was told of.
fn outcomes(net: &Net, who: usize) -> Vec<Event> {
    let is_outcome = |e: &Event| matches!(e, Event::TransferProgress { .. } | Event::TransferFinished { .. });
    net.events(who).into_iter().filter(is_outcome).collect()
}

fn progress(status: u16) -> Event {
    Event::TransferProgress { status }
}

fn finished(status: u16) -> Event {
    Event::TransferFinished { status }
}

#[test]
fn accepted_transfer_is_followed_to_its_end() {
    let mut net = Net::new(60);
    let (agent, peer) = net.establish();
    transfer(&mut net, agent);
    net.run(seconds(0.1));
    let target = TARGET.to_owned();
    assert_eq!(
        net.last_event(PEER),
        Some(Event::TransferRequested {
            target,
            referred_by: Some("<sip:mairie@127.0.0.1:5060>".to_owned()),
            destination: Flow::udp("192.0.2.7:5060".parse().unwrap()),
        })
    );
    let refer = last_request(&net, AGENT, "REFER");
    let text = |name: &HeaderName| refer.headers.text(name).unwrap().into_owned();
    assert_eq!(text(&HeaderName::ReferTo), format!("<{TARGET}>"));
    assert_eq!(text(&HeaderName::ReferredBy), "<sip:mairie@127.0.0.1:5060>");
    net.command(PEER, peer, Command::AcceptTransfer);
    // Back to back: each NOTIFY waits for the one before.
    for status in [180, 183, 200, 486] {
        net.command(PEER, peer, Command::NotifyTransfer { status });
    }
    assert_eq!(net.count_sent(PEER, "NOTIFY"), 1);
    net.run(seconds(1.0));
    assert_eq!(outcomes(&net, AGENT), [progress(100), progress(180), progress(183), finished(200)]);
    assert_eq!(net.count_sent(PEER, "NOTIFY"), 4);
    assert_eq!(net.count_sent(AGENT, "200 NOTIFY"), 4);
    let last = last_request(&net, PEER, "NOTIFY");
    let state = last.headers.text(&HeaderName::SubscriptionState).unwrap();
    assert!(state.starts_with("terminated"));
    assert_eq!(last.body, &b"SIP/2.0 200 OK\r\n"[..]);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn busy_target_is_reported_and_the_next_transfer_works() {
    let mut net = Net::new(61);
    let (agent, peer) = net.establish();
    for status in [486, 480, 603, 200] {
        transfer(&mut net, agent);
        net.run(seconds(0.1));
        net.command(PEER, peer, Command::AcceptTransfer);
        net.command(PEER, peer, Command::NotifyTransfer { status });
        net.run(seconds(0.5));
        assert_eq!(net.last_event(AGENT), Some(finished(status)));
    }
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn refused_refer_is_a_failed_transfer() {
    let mut net = Net::new(62);
    net.endpoints[PEER] = Endpoint::new(EndpointConfig { accept_transfers: false, ..config(PEER) }, 1);
    let (agent, _) = net.establish();
    transfer(&mut net, agent);
    net.run(seconds(0.5));
    assert_eq!(outcomes(&net, AGENT), [finished(603)]);
    assert_eq!(net.endpoints[AGENT].active_calls(), 1, "the caller still hears us");
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn refer_nobody_takes_up_is_refused() {
    let mut net = Net::new(63);
    let (agent, _) = net.establish();
    transfer(&mut net, agent);
    net.run(seconds(40.0));
    // The client's timer F and the server's guard run for the same 64·T1; the client began earlier.
    assert_eq!(outcomes(&net, AGENT), [finished(408)]);
    assert_eq!(net.count_sent(PEER, "603 REFER"), 1);
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn refer_nobody_took_up_is_refused_when_the_call_ends() {
    let mut net = Net::new(64);
    let (agent, peer) = net.establish();
    transfer(&mut net, agent);
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.sent(PEER), ["603 REFER", "BYE"]);
    net.assert_forgotten();
}

#[test]
fn one_transfer_at_a_time() {
    let mut net = Net::new(65);
    let (agent, _) = net.establish();
    transfer(&mut net, agent);
    transfer(&mut net, agent);
    assert_eq!(net.sent(AGENT), ["REFER"]);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn transfer_before_the_ack_waits_for_it() {
    let mut net = Net::new(66);
    net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    transfer(&mut net, agent);
    assert_eq!(net.count_sent(AGENT, "REFER"), 0);
    net.run(seconds(0.1));
    assert_eq!(net.count_sent(AGENT, "REFER"), 1);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn bye_before_the_final_notify_ends_the_call_and_late_notifies_get_200() {
    let mut net = Net::new(67);
    let (agent, peer) = net.establish();
    transfer(&mut net, agent);
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::AcceptTransfer);
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::NotifyTransfer { status: 180 });
    net.run(seconds(0.1));
    let notify = last_request(&net, PEER, "NOTIFY");
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    let cause = EndCause::RemoteBye;
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause }));
    let events = net.events[AGENT].len();
    let late = String::from_utf8(notify.to_bytes().to_vec())
        .unwrap()
        .replace("z9hG4bK", "z9hG4bKlate")
        .replace("180 Ringing", "200 Ringing")
        .replace(" NOTIFY\r\n", "9 NOTIFY\r\n");
    assert_eq!(net.response_to(&late).status, 200);
    assert_eq!(net.events[AGENT].len(), events, "the handle is never mentioned again");
    net.assert_forgotten();
}

#[test]
fn notify_may_come_before_the_202() {
    let mut net = Net::new(68);
    let (agent, peer) = net.establish();
    net.lose_first("202 REFER", 1);
    transfer(&mut net, agent);
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::AcceptTransfer);
    net.command(PEER, peer, Command::NotifyTransfer { status: 180 });
    net.run(seconds(3.0));
    assert_eq!(outcomes(&net, AGENT), [progress(100), progress(180)]);
    net.command(PEER, peer, Command::NotifyTransfer { status: 200 });
    net.run(seconds(3.0));
    assert_eq!(outcomes(&net, AGENT), [progress(100), progress(180), finished(200)]);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

/// A NOTIFY from the peer's side, for the REFER the agent sent last.
fn notify(net: &Net, cseq: u32, event: &str, state: &str, body: &str) -> String {
    let refer = last_request(net, AGENT, "REFER");
    let text = |name: &HeaderName| refer.headers.text(name).unwrap().into_owned();
    format!(
        "NOTIFY sip:mairie@127.0.0.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKn{cseq}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\n\
         CSeq: {cseq} NOTIFY\r\nEvent: {event}\r\nSubscription-State: {state}\r\n\
         Content-Type: message/sipfrag\r\n\r\n{body}",
        text(&HeaderName::To),
        text(&HeaderName::From),
        text(&HeaderName::CallId),
    )
}

#[test]
fn subscription_that_ends_without_outcome_is_408() {
    for body in ["", "SIP/2.0 180 Ringing\r\n", "nonsense"] {
        let mut net = Net::new(69);
        let (agent, peer) = net.establish();
        transfer(&mut net, agent);
        net.run(seconds(0.1));
        net.command(PEER, peer, Command::AcceptTransfer);
        net.run(seconds(0.1));
        let text = notify(&net, 50, "refer", "terminated;reason=timeout", body);
        assert_eq!(net.response_to(&text).status, 200);
        assert_eq!(net.last_event(AGENT), Some(finished(408)));
        net.command(AGENT, agent, Command::HangUp);
        net.assert_forgotten();
    }
}

#[test]
fn notify_of_an_earlier_transfer_does_not_touch_this_one() {
    let mut net = Net::new(70);
    let (agent, peer) = net.establish();
    transfer(&mut net, agent);
    net.run(seconds(0.1));
    net.command(PEER, peer, Command::AcceptTransfer);
    net.run(seconds(0.1));
    let events = net.events[AGENT].len();
    let old = notify(&net, 50, "refer;id=4711", "terminated", "SIP/2.0 486 Busy Here\r\n");
    assert_eq!(net.response_to(&old).status, 200);
    assert_eq!(net.events[AGENT].len(), events);
    for cseq in [51, 52] {
        let ringing = notify(&net, cseq, "refer", "active", "SIP/2.0 180 Ringing");
        assert_eq!(net.response_to(&ringing).status, 200);
    }
    assert_eq!(outcomes(&net, AGENT), [progress(100), progress(180)], "said once");
    let events = net.events[AGENT].len();
    let empty = notify(&net, 53, "refer", "active;expires=60", "");
    assert_eq!(net.response_to(&empty).status, 200);
    assert_eq!(net.events[AGENT].len(), events);
    let repeated = notify(&net, 54, "refer", "active;expires=60", "\r\nSIP/2.0 486 Busy Here");
    assert_eq!(net.response_to(&repeated).status, 200);
    assert_eq!(net.response_to(&repeated).status, 200);
    assert_eq!(outcomes(&net, AGENT), [progress(100), progress(180), finished(486)]);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn transfer_over_a_bad_network_has_one_outcome() {
    for seed in 0..100 {
        let mut net = Net::new(2000 + seed);
        let (agent, peer) = net.establish();
        net.loss = 0.2;
        net.duplication = 0.2;
        net.jitter = seconds(0.4);
        transfer(&mut net, agent);
        net.run(seconds(20.0));
        net.command(PEER, peer, Command::AcceptTransfer);
        net.run(seconds(10.0));
        net.command(PEER, peer, Command::NotifyTransfer { status: 180 });
        net.command(PEER, peer, Command::NotifyTransfer { status: 486 });
        net.run(seconds(60.0));
        let outcomes = outcomes(&net, AGENT);
        assert_eq!(outcomes.last(), Some(&finished(486)), "seed {seed}: {outcomes:?}");
        let ends = outcomes.iter().filter(|e| matches!(e, Event::TransferFinished { .. })).count();
        assert_eq!(ends, 1, "seed {seed}");
        net.loss = 0.0;
        net.command(AGENT, agent, Command::HangUp);
        net.assert_forgotten();
    }
}

#[test]
fn malformed_refer_and_target() {
    let mut net = Net::new(71);
    let (agent, peer) = net.establish();
    let _ = agent;
    // The peer takes REFER; the agent refuses every one (it is configured so), but a bad one as bad.
    net.command(PEER, peer, Command::Transfer { target: "no uri".to_owned() });
    assert_eq!(net.last_event(PEER), Some(finished(400)));
    net.command(PEER, peer, Command::Transfer { target: "tel:+33139".to_owned() });
    net.run(seconds(0.5));
    assert_eq!(net.last_event(PEER), Some(finished(603)));
    let refer = last_request(&net, PEER, "REFER");
    assert_eq!(refer.headers.text(&HeaderName::ReferTo).unwrap(), "<tel:+33139>");
    let twice = String::from_utf8(refer.to_bytes().to_vec())
        .unwrap()
        .replace("z9hG4bK", "z9hG4bKtwice")
        .replace("<tel:+33139>", "<tel:1>, <tel:2>");
    assert_eq!(net.response_to(&twice).status, 400);
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn the_application_may_refuse_a_refer() {
    let mut net = Net::new(72);
    let (agent, peer) = net.establish();
    for (status, told) in [(491, 491), (603, 603), (200, 603)] {
        transfer(&mut net, agent);
        net.run(seconds(0.1));
        net.command(PEER, peer, Command::RefuseTransfer { status });
        // It is too late for anything else.
        net.command(PEER, peer, Command::AcceptTransfer);
        net.run(seconds(0.5));
        assert_eq!(net.last_event(AGENT), Some(finished(told)));
    }
    assert_eq!(net.count_sent(PEER, "NOTIFY"), 0);
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn a_target_that_names_no_address_is_reached_the_way_of_the_call() {
    let mut net = Net::new(73);
    let (agent, peer) = net.establish();
    let way = |net: &Net| match net.last_event(PEER) {
        Some(Event::TransferRequested { destination, .. }) => destination,
        other => panic!("{other:?}"),
    };
    for (target, destination) in [
        ("sip:100@192.0.2.7:5070", "192.0.2.7:5070"),
        ("sip:100@pabx.example", "127.0.0.1:5060"),
        ("tel:+33139", "127.0.0.1:5060"),
    ] {
        net.command(AGENT, agent, Command::Transfer { target: target.to_owned() });
        net.run(seconds(0.1));
        assert_eq!(way(&net), Flow::udp(destination.parse().unwrap()), "{target}");
        net.command(PEER, peer, Command::RefuseTransfer { status: 603 });
        net.run(seconds(0.1));
    }
    net.command(AGENT, agent, Command::HangUp);
    net.assert_forgotten();
}
