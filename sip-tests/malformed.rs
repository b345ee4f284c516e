//! Datagrams that are no proper SIP: what can be answered is, the rest is dropped, and the next call is taken.

use std::net::UdpSocket;
use std::time::Duration;

use crate::support::agent::Agent;
use crate::support::{can_run, free_port, sipp};

/// A socket that talks to the agent.
struct Peer(UdpSocket);

impl Peer {
    fn new(agent: &Agent) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(agent.address).expect("the agent's address");
        socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
        Self(socket)
    }

    /// An INVITE with these parts in place of the right ones.
    fn invite(&self, line: &str, via: &str, cseq: &str, rest: &str) -> String {
        let port = self.0.local_addr().expect("address").port();
        let via = via.replace("PORT", &port.to_string());
        format!(
            "{line}\r\n{via}From: <sip:caller@127.0.0.1:{port}>;tag=1\r\nTo: <sip:mairie@127.0.0.1>\r\n\
             Call-ID: malformed-{port}-{}@127.0.0.1\r\n{cseq}\
             Contact: <sip:caller@127.0.0.1:{port}>\r\nMax-Forwards: 70\r\n{rest}",
            line.len() + cseq.len() + rest.len()
        )
    }

    /// The first final status that comes back.
    fn ask(&self, message: &[u8]) -> Option<u16> {
        self.0.send(message).expect("sent");
        let mut buffer = [0; 4_096];
        loop {
            let length = self.0.recv(&mut buffer).ok()?;
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let status: u16 = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().expect("a status");
            if status >= 200 {
                return Some(status);
            }
        }
    }
}

#[test]
fn malformed_requests_get_their_answer_and_harm_nothing() {
    if !can_run(&["sipp"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    let peer = Peer::new(&agent);
    let line = "INVITE sip:mairie@127.0.0.1 SIP/2.0";
    let via = "Via: SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bK-malformed\r\n";
    let via = |n: u32| via.replace("malformed", &format!("malformed-{n}"));
    let cseq = "CSeq: 1 INVITE\r\n";
    let end = "Content-Length: 0\r\n\r\n";
    let cases = [
        ("no CSeq number", peer.invite(line, &via(1), "CSeq: INVITE\r\n", end), Some(400)),
        ("method differs from CSeq", peer.invite(line, &via(2), "CSeq: 1 BYE\r\n", end), Some(400)),
        ("SIP version 7", peer.invite("INVITE sip:mairie@127.0.0.1 SIP/7.0", &via(3), cseq, end), Some(505)),
        ("scheme nobody knows", peer.invite("INVITE fish:x SIP/2.0", &via(4), cseq, end), Some(416)),
        ("extension required", peer.invite(line, &via(5), cseq, &format!("Require: sorcery\r\n{end}")), Some(420)),
        (
            "a picture instead of SDP",
            peer.invite(line, &via(6), cseq, "Content-Type: image/png\r\nContent-Length: 4\r\n\r\nabcd"),
            Some(415),
        ),
        (
            "SDP that is none",
            peer.invite(line, &via(7), cseq, "Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nabcd"),
            Some(488),
        ),
        (
            "body shorter than its length",
            peer.invite(line, &via(8), cseq, "Content-Type: application/sdp\r\nContent-Length: 900\r\n\r\nv=0"),
            Some(400),
        ),
    ];
    for (name, message, expected) in cases {
        assert_eq!(peer.ask(message.as_bytes()), expected, "{name}:\n{message}");
    }
    // What can't be answered: no Via, no message at all, noise, a flood of header lines.
    let silent = Peer::new(&agent);
    silent.0.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    let noise: Vec<u8> = (0..60_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let headers = format!("{line}\r\n{}\r\n", "X: y\r\n".repeat(10_000));
    for message in [b"\r\n\r\n".as_slice(), b"INVITE\r\n\r\n", &[0; 100], &noise, headers.as_bytes()] {
        assert_eq!(silent.ask(message), None);
    }
    sipp::run(&agent, "hang_up_at_once");
    let outcomes: Vec<_> = std::iter::once(agent.call_ended(Duration::from_secs(5)))
        .chain(agent.stop())
        .map(|call| call["outcome"].as_str().unwrap_or_default().to_owned())
        .collect();
    let taken = outcomes.iter().filter(|outcome| *outcome != "refused").count();
    assert_eq!(taken, 1, "{outcomes:?}");
}
