//! Over TCP and TLS (RFC 3261 §17, §18): nothing is repeated, answers take the connection of the request, Via and
//! Contact name the transport.

use super::*;
use crate::sip::wire::{HeaderName, Headers, Method};

const CONNECTION: ConnectionId = ConnectionId(7);

/// An agent that also listens on TCP, and the way of a message from the peer's connection.
fn agent() -> (Net, Flow) {
    agent_by(Transport::Tcp)
}

fn agent_by(transport: Transport) -> (Net, Flow) {
    let mut net = Net::new(300);
    let mut listeners = Listeners::udp(address(AGENT));
    listeners.push(Listener { transport, advertised: address(AGENT) });
    net.endpoints[AGENT] = Endpoint::new(EndpointConfig { listeners, ..config(AGENT) }, 300);
    let remote = "127.0.0.1:41000".parse().unwrap();
    (net, Flow { transport, remote, connection: Some(CONNECTION), local: ListenerId(1) })
}

fn tcp(method: &str, extra: &str) -> String {
    raw(method, extra, "").replace("SIP/2.0/UDP", "SIP/2.0/TCP")
}

/// What the agent sends for this message, with the way it takes.
fn sent(net: &mut Net, input: Input<'_>) -> Vec<(Flow, Message)> {
    net.endpoints[AGENT].handle_input(net.now, input);
    drained(net)
}

fn drained(net: &mut Net) -> Vec<(Flow, Message)> {
    let mut sent = Vec::new();
    while let Some(output) = net.endpoints[AGENT].poll_output() {
        match output {
            Output::Transmit { flow, payload } => sent.push((flow, read_datagram(&payload).unwrap().message)),
            Output::Event { call, event } => net.events[AGENT].push((net.now, call, event)),
            Output::Locate { uri, .. } => panic!("nobody here looks {uri} up"),
        }
    }
    sent
}

/// Runs the agent's timers for this long; everything it sends meanwhile.
fn later(net: &mut Net, time: Duration) -> Vec<(Flow, Message)> {
    let until = net.now + time;
    let mut sent = Vec::new();
    while let Some(at) = net.endpoints[AGENT].poll_timeout().filter(|at| *at <= until) {
        net.now = net.now.max(at);
        net.endpoints[AGENT].handle_input(net.now, Input::Timeout);
        sent.extend(drained(net));
    }
    net.now = until;
    sent
}

fn statuses(sent: &[(Flow, Message)]) -> Vec<u16> {
    sent.iter()
        .map(|(_, message)| match message {
            Message::Response(response) => response.status,
            Message::Request(_) => 0,
        })
        .collect()
}

fn dial(net: &mut Net, flow: Flow) -> (CallHandle, Request) {
    let target = "sip:alice@127.0.0.1:5061;transport=tcp".to_owned();
    let call = net.endpoints[AGENT].dial(net.now, Dial::to(target, flow.into(), Some(OFFER.into())));
    match drained(net).pop() {
        Some((to, Message::Request(invite))) => {
            assert_eq!(to, flow);
            (call, invite)
        }
        other => panic!("expected an INVITE, got {other:?}"),
    }
}

#[test]
fn answers_take_the_connection_of_the_request_and_fall_back_to_the_port_of_sent_by() {
    let (mut net, flow) = agent();
    let sent = sent(&mut net, Input::Message { flow, payload: tcp("OPTIONS", "").as_bytes() });
    assert_eq!(statuses(&sent), [200]);
    assert_eq!(sent[0].0, Flow { remote: "127.0.0.1:5061".parse().unwrap(), ..flow });
    let Message::Response(ok) = &sent[0].1 else { panic!("a request") };
    assert_eq!(ok.headers.text(&HeaderName::Contact).unwrap(), "<sip:mairie@127.0.0.1:5060;transport=tcp>");
}

#[test]
fn a_refusal_is_sent_once_and_forgotten_with_its_ack() {
    let (mut net, flow) = agent();
    let contact = "Contact: <sip:alice@127.0.0.1:5061;transport=tcp>\r\n";
    sent(&mut net, Input::Message { flow, payload: tcp("INVITE", contact).as_bytes() });
    let call = net.incoming(AGENT);
    let refusal = sent(&mut net, Input::Command { call, command: Command::Reject { status: 486 } });
    assert_eq!(statuses(&refusal), [486]);
    assert!(later(&mut net, seconds(5.0)).is_empty(), "timer G must not run (§17.2.1)");
    let ack = tcp("ACK", "").replace("z9hG4bKrawACK", "z9hG4bKrawINVITE");
    sent(&mut net, Input::Message { flow, payload: ack.as_bytes() });
    later(&mut net, Duration::ZERO);
    assert!(net.endpoints[AGENT].is_idle(), "timer I is zero (§17.2.1)");
}

#[test]
fn requests_are_sent_once_and_time_out_after_64_t1() {
    let (mut net, flow) = agent();
    let (_, invite) = dial(&mut net, Flow { connection: None, ..flow });
    let via = invite.headers.text(&HeaderName::Via).unwrap().into_owned();
    assert!(via.starts_with("SIP/2.0/TCP 127.0.0.1:5060;branch="), "{via}");
    assert!(later(&mut net, seconds(31.9)).is_empty(), "timer A must not run (§17.1.1.2)");
    later(&mut net, seconds(0.2));
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::Timeout }));
    assert!(net.endpoints[AGENT].is_idle());
}

/// An offer that makes an INVITE too large for UDP.
fn large_offer() -> String {
    let mut offer = OFFER.to_owned();
    while offer.len() < 1_300 {
        offer += "a=x-filling:0123456789012345678901234567890123456789\r\n";
    }
    offer
}

#[test]
fn a_large_request_goes_over_tcp_and_over_udp_when_that_is_closed() {
    let (mut net, _) = agent();
    let udp = Flow::udp("127.0.0.1:5061".parse().unwrap());
    let target = "sip:alice@127.0.0.1:5061".to_owned();
    let dial = Dial::to(target, udp.into(), Some(large_offer()));
    net.endpoints[AGENT].dial(net.now, dial);
    let tcp = Flow { transport: Transport::Tcp, ..udp };
    let invite_over = |sent: &[(Flow, Message)], flow: Flow| match sent {
        [(way, Message::Request(invite))] => {
            assert_eq!((*way, &invite.method), (flow, &Method::INVITE));
            invite.headers.text(&HeaderName::Via).unwrap().into_owned()
        }
        other => panic!("expected an INVITE, got {other:?}"),
    };
    let first = invite_over(&drained(&mut net), tcp);
    assert!(first.starts_with("SIP/2.0/TCP "), "{first}");
    assert!(later(&mut net, seconds(3.0)).is_empty(), "timer A must not run over TCP");
    let second = invite_over(&sent(&mut net, Input::TransportFailed { flow: tcp }), udp);
    assert_eq!(second, first.replace("/TCP ", "/UDP "), "the same transaction");
    let repeated = later(&mut net, seconds(1.6));
    assert_eq!(repeated.len(), 2, "timer A runs over UDP: {repeated:?}");
    // UDP fails as well: nothing is left.
    sent(&mut net, Input::TransportFailed { flow: udp });
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::Unreachable }));
    assert!(net.endpoints[AGENT].is_idle());
}

#[test]
fn a_small_request_stays_on_udp() {
    let (mut net, _) = agent();
    let udp = Flow::udp("127.0.0.1:5061".parse().unwrap());
    let target = "sip:alice@127.0.0.1:5061".to_owned();
    let dial = Dial::to(target, udp.into(), Some(OFFER.into()));
    net.endpoints[AGENT].dial(net.now, dial);
    assert!(matches!(drained(&mut net).as_slice(), [(flow, Message::Request(_))] if *flow == udp));
}

#[test]
fn what_cannot_be_sent_is_as_good_as_refused() {
    let (mut net, flow) = agent();
    let flow = Flow { connection: None, ..flow };
    dial(&mut net, flow);
    let elsewhere = flow.with_remote("192.0.2.9:5060".parse().unwrap());
    sent(&mut net, Input::TransportFailed { flow: elsewhere });
    assert_eq!(net.last_event(AGENT), None, "another way failed");
    sent(&mut net, Input::TransportFailed { flow });
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::Unreachable }));
    assert!(net.endpoints[AGENT].is_idle());
}

#[test]
fn the_dialog_stays_on_the_connection_of_its_far_end() {
    let (mut net, flow) = agent();
    let contact = "Contact: <sip:alice@127.0.0.1:5061>\r\n";
    sent(&mut net, Input::Message { flow, payload: tcp("INVITE", contact).as_bytes() });
    let call = net.incoming(AGENT);
    let ok = sent(&mut net, Input::Command { call, command: Command::Answer { sdp: ANSWER.into() } });
    let Message::Response(ok) = &ok[0].1 else { panic!("a request") };
    let to = ok.headers.text(&HeaderName::To).unwrap().into_owned();
    let ack = tcp("ACK", "").replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"));
    sent(&mut net, Input::Message { flow, payload: ack.as_bytes() });
    let bye = sent(&mut net, Input::Command { call, command: Command::HangUp });
    assert_eq!(bye[0].0, Flow { remote: "127.0.0.1:5061".parse().unwrap(), ..flow });
    let Message::Request(bye) = &bye[0].1 else { panic!("a response") };
    assert!(bye.headers.text(&HeaderName::Via).unwrap().starts_with("SIP/2.0/TCP "));
}

/// RFC 3261 §8.1.1.8, §12.1.1: who calls by `sips:` may only get a Contact that is one.
#[test]
fn who_calls_by_sips_gets_a_contact_that_is_one() {
    const SECURE: &str = "<sips:mairie@127.0.0.1:5060>";
    const PLAIN: &str = "<sip:mairie@127.0.0.1:5060;transport=tls>";
    let contact = |headers: &Headers| headers.text(&HeaderName::Contact).unwrap_or_default().into_owned();
    for (uri, extra, wanted) in [
        ("sips:mairie@127.0.0.1", "Contact: <sip:alice@127.0.0.1:5061;transport=tls>\r\n", SECURE),
        ("sip:mairie@127.0.0.1", "Contact: <sips:alice@127.0.0.1:5061>\r\n", SECURE),
        (
            "sip:mairie@127.0.0.1",
            "Record-Route: <sips:127.0.0.9;lr>\r\nContact: <sip:alice@127.0.0.1:5061>\r\n",
            SECURE,
        ),
        (
            "sip:mairie@127.0.0.1",
            "Record-Route: <sip:127.0.0.9;lr;transport=tls>\r\nContact: <sips:alice@127.0.0.1:5061>\r\n",
            PLAIN,
        ),
        ("sip:mairie@127.0.0.1", "Contact: <sip:alice@127.0.0.1:5061;transport=tls>\r\n", PLAIN),
    ] {
        let (mut net, flow) = agent_by(Transport::Tls);
        let message = |method: &str| {
            let text = raw(method, extra, "").replace("SIP/2.0/UDP", "SIP/2.0/TLS");
            let line = text.lines().next().unwrap().to_owned();
            text.replace(&line, &format!("{method} {uri} SIP/2.0"))
        };
        sent(&mut net, Input::Message { flow, payload: message("INVITE").as_bytes() });
        let call = net.incoming(AGENT);
        for command in [Command::Ring, Command::Answer { sdp: ANSWER.into() }] {
            let told = sent(&mut net, Input::Command { call, command });
            let Message::Response(response) = &told[0].1 else { panic!("a request") };
            assert_eq!(contact(&response.headers), wanted, "{} to {uri}, {extra}", response.status);
        }
        let (mut net, flow) = agent_by(Transport::Tls);
        let told = sent(&mut net, Input::Message { flow, payload: message("OPTIONS").as_bytes() });
        let Message::Response(response) = &told[0].1 else { panic!("a request") };
        assert_eq!((response.status, contact(&response.headers).as_str()), (200, wanted), "{uri}, {extra}");
    }
    for (target, wanted) in [("sips:alice@127.0.0.1:5061", SECURE), ("sip:alice@127.0.0.1:5061;transport=tls", PLAIN)] {
        let (mut net, flow) = agent_by(Transport::Tls);
        let dial = Dial::to(target.to_owned(), flow.into(), Some(OFFER.into()));
        net.endpoints[AGENT].dial(net.now, dial);
        let invite = drained(&mut net);
        let [(_, Message::Request(invite))] = invite.as_slice() else { panic!("expected an INVITE, got {invite:?}") };
        assert_eq!(contact(&invite.headers), wanted);
    }
}
