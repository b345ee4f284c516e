//! Who is let in: strangers get nothing useful, calls there are go on (RFC 3261 §26).

use super::*;
use crate::sip::digest::{Challenge, DigestClient, Password, Signed, read_challenges};
use crate::sip::wire::HeaderName;

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

/// The agent wants a password from this peer; says what it answers to an OPTIONS with these credentials.
fn challenged(net: &mut Net, number: u32, password: Option<&str>, challenge: Option<&Challenge>) -> Response {
    let mut extra = String::new();
    if let (Some(password), Some(challenge)) = (password, challenge) {
        let password = Password { user: "sim".into(), password: password.into() };
        let signed = Signed { method: "OPTIONS", uri: "sip:mairie@127.0.0.1:5060", body: b"" };
        let credentials = DigestClient::new(challenge.clone()).authorize(&password, signed, &format!("fresh{number}"));
        extra = format!("Authorization: {credentials}\r\n");
    }
    let text = raw("OPTIONS", &extra, "").replace("z9hG4bKraw", &format!("z9hG4bKraw{number}"));
    net.response_to(&text)
}

fn challenges(response: &Response) -> Vec<Challenge> {
    let fields = response.headers.all(&HeaderName::WwwAuthenticate);
    fields.flat_map(|value| read_challenges(&String::from_utf8_lossy(value))).map(Result::unwrap).collect()
}

#[test]
fn a_password_opens_the_door_and_a_wrong_one_is_told_to_the_journal() {
    let mut net = Net::new(401);
    let accounts = vec![Password { user: "sim".into(), password: "sesame".into() }];
    let access = AccessConfig {
        networks: vec![("127.0.0.0/8".parse().unwrap(), Action::Challenge)],
        accounts,
        ..AccessConfig::closed()
    };
    net.endpoints[AGENT] = Endpoint::new(EndpointConfig { access, ..config(AGENT) }, 401);
    let asked = challenged(&mut net, 1, None, None);
    assert_eq!(asked.status, 401);
    let offered = challenges(&asked);
    let names: Vec<&str> = offered.iter().map(|challenge| challenge.algorithm.as_str()).collect();
    assert_eq!(names, ["SHA-256", "MD5"], "the better one first (RFC 8760 §2.3)");
    assert_eq!(net.endpoints[AGENT].poll_report(), None, "asking without a password is how it begins");
    for (number, challenge) in (2..).zip(&offered) {
        assert_eq!(challenged(&mut net, number, Some("sesame"), Some(challenge)).status, 200);
    }
    assert_eq!(challenged(&mut net, 9, Some("sesame"), Some(&offered[0])).status, 401, "the same count twice");
    assert_eq!(challenged(&mut net, 10, Some("wrong"), Some(&offered[0])).status, 401);
    let report = net.endpoints[AGENT].poll_report().expect("a line for the journal");
    assert_eq!(report.cause, Cause::Credentials);
    assert_eq!(answers(&mut net, "127.0.0.1:5061", &raw("ACK", "", "")), NOTHING);
    assert_eq!(answers(&mut net, "127.0.0.1:5061", &raw("CANCEL", "", "")), NOTHING, "it cannot be challenged");
    assert!(net.endpoints[AGENT].is_idle());
}
