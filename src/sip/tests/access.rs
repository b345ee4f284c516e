//! Who is let in: strangers get nothing useful, calls there are go on (RFC 3261 §26).

use super::*;

const NOTHING: [u16; 0] = [];

fn guarded(rules: &[(&str, Action)]) -> Net {
    let mut net = Net::new(400);
    let networks = rules.iter().map(|(network, action)| (network.parse().unwrap(), *action)).collect();
    let access = AccessConfig { networks, ..AccessConfig::closed() };
    net.endpoints[AGENT] = Endpoint::new(EndpointConfig { access, ..config(AGENT) }, 400);
    net
}

fn answers(net: &mut Net, source: &str, text: &str) -> Vec<u16> {
    let before = net.carried.len();
    net.deliver(AGENT, source.parse().unwrap(), text.as_bytes());
    let status = |c: &Carried| match read_datagram(&c.bytes).unwrap().message {
        Message::Response(response) => response.status,
        Message::Request(request) => panic!("a {}", request.method),
    };
    net.carried[before..].iter().map(status).collect()
}

#[test]
fn scanners_hear_nothing() {
    let mut net = guarded(&[("127.0.0.0/8", Action::Accept)]);
    for method in ["OPTIONS", "REGISTER", "INVITE", "ACK", "BYE", "BREW"] {
        assert_eq!(answers(&mut net, "192.0.2.1:5060", &raw(method, "", "")), NOTHING, "{method}");
    }
    assert_eq!(answers(&mut net, "192.0.2.1:5060", "OPTIONS nonsense"), NOTHING);
    assert!(net.endpoints[AGENT].is_idle(), "and cost nothing");
    let report = net.endpoints[AGENT].poll_report().expect("a line for the journal");
    assert_eq!(report, Report { source: Some("192.0.2.1".parse().unwrap()), cause: Cause::Network, count: 1 });
    assert_eq!(net.endpoints[AGENT].poll_report(), None, "one a minute");
    assert_eq!(answers(&mut net, "127.0.0.1:5061", &raw("OPTIONS", "", "")), [200]);
}

#[test]
fn refused_networks_get_403_and_no_state() {
    let mut net = guarded(&[("192.0.2.0/24", Action::Refuse)]);
    assert_eq!(answers(&mut net, "192.0.2.1:5060", &raw("INVITE", "", "")), [403]);
    assert_eq!(answers(&mut net, "192.0.2.1:5060", &raw("OPTIONS", "", "")), [403]);
    assert_eq!(answers(&mut net, "192.0.2.1:5060", &raw("ACK", "", "")), NOTHING, "an ACK is never answered");
    assert!(net.endpoints[AGENT].is_idle());
}

#[test]
fn whom_we_call_answers_and_hangs_up_though_its_network_is_dropped() {
    let mut net = guarded(&[]);
    let call = net.dial(AGENT);
    net.run(seconds(0.1));
    let peer = net.incoming(PEER);
    net.command(PEER, peer, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.2));
    assert!(net.events(AGENT).iter().any(|e| matches!(e, Event::Answered { .. })), "its answers get in");
    assert_eq!(answers(&mut net, "127.0.0.1:5061", &raw("OPTIONS", "", "")), NOTHING, "but nothing else of it");
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.2));
    assert_eq!(net.events[AGENT].last().map(|e| e.1), Some(call));
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    net.assert_forgotten();
}

#[test]
fn a_flood_of_strangers_leaves_the_switchboard_unharmed() {
    let mut net = guarded(&[("127.0.0.0/8", Action::Accept), ("192.0.2.0/24", Action::Refuse)]);
    let flood: usize =
        (0..5_000).map(|n| answers(&mut net, &format!("192.0.2.{}:5060", n % 5), &raw("INVITE", "", "")).len()).sum();
    assert_eq!(flood, 5 * 20, "a burst for each source, then silence");
    for n in 0..200 {
        let options = raw("OPTIONS", "", "").replace("raw-call", &format!("call-{n}"));
        assert_eq!(answers(&mut net, "127.0.0.1:5061", &options), [200]);
    }
}
