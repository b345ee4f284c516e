//! Floods: every table has a bound, and what happens when it is reached is what its comment says.

use super::*;
use crate::sip::wire::HeaderName;

/// As in the tables under test.
const MAX_SERVER: usize = 256;
const MAX_ENDED: usize = 64;
const MAX_PINGS: usize = 64;
const EXTRA_CALLS: usize = 64;

fn invite(n: usize) -> String {
    raw("INVITE", "Contact: <sip:alice@127.0.0.1:5061>\r\n", "")
        .replace("z9hG4bKrawINVITE", &format!("z9hG4bKflood{n}"))
        .replace("raw-call", &format!("flood-{n}"))
}

#[test]
fn flood_of_calls() {
    let mut net = Net::new(120);
    for n in 0..1000 {
        let status = net.response_to(&invite(n)).status;
        assert_eq!(status, if n < 4 { 100 } else { 486 });
        assert!(net.endpoints[AGENT].largest_table() <= MAX_SERVER / 2);
    }
    assert_eq!(net.endpoints[AGENT].active_calls(), 4);
    let calls: Vec<CallHandle> = net.events[AGENT].iter().map(|e| e.1).collect();
    for call in calls {
        net.command(AGENT, call, Command::HangUp);
    }
    net.assert_forgotten();
}

#[test]
fn flood_within_a_call_leaves_the_call_usable() {
    let mut net = Net::new(121);
    let peer = net.dial(PEER);
    net.run(seconds(0.1));
    let agent = net.incoming(AGENT);
    net.command(AGENT, agent, Command::Answer { sdp: ANSWER.into() });
    net.run(seconds(0.1));
    let ok = first_response(&net, AGENT, 200);
    let text = |name: &HeaderName| ok.headers.text(name).unwrap().into_owned();
    let inside = |method: &str, n: usize| {
        raw(method, "Contact: <sip:alice@127.0.0.1:5061>\r\n", "")
            .replace("z9hG4bKraw", &format!("z9hG4bKflood{n}"))
            .replace("raw-call", &text(&HeaderName::CallId))
            .replace("<sip:alice@127.0.0.1:5061>;tag=raw", &text(&HeaderName::From))
            .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {}", text(&HeaderName::To)))
            .replace("CSeq: 1", &format!("CSeq: {}", n + 10))
    };
    for n in 0..1000 {
        assert_eq!(net.response_to(&inside("INFO", n)).status, 200);
        assert!(net.endpoints[AGENT].largest_table() <= MAX_SERVER);
    }
    // The oldest answers make room, and calls still come in.
    assert_eq!(net.response_to(&invite(0)).status, 100);
    assert!(net.endpoints[AGENT].largest_table() <= MAX_SERVER);
    let another = net.incoming(AGENT);
    net.command(AGENT, another, Command::HangUp);
    assert_eq!(net.response_to(&inside("BYE", 1001)).status, 200);
    assert_eq!(net.last_event(AGENT), Some(Event::Ended { cause: EndCause::RemoteBye }));
    net.command(PEER, peer, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn many_calls_one_after_the_other() {
    let mut net = Net::new(122);
    for _ in 0..100 {
        let (agent, _) = net.establish();
        net.command(AGENT, agent, Command::HangUp);
        net.run(seconds(0.1));
        assert!(net.endpoints[AGENT].largest_table() <= MAX_SERVER);
    }
    assert!(net.endpoints[AGENT].largest_table() >= MAX_ENDED);
    net.assert_forgotten();
}

#[test]
fn outgoing_calls_and_pings() {
    let mut net = Net::new(123);
    net.filter = Some(Box::new(|_| false));
    let limit = config(PEER).max_calls + EXTRA_CALLS;
    for n in 0..limit + 5 {
        net.dial(PEER);
        let refused = net.count(PEER, &Event::Ended { cause: EndCause::Refused(503) });
        assert_eq!(refused, (n + 1).saturating_sub(limit));
    }
    net.events[PEER].clear();
    for n in 0..MAX_PINGS + 5 {
        let now = net.now;
        net.endpoints[PEER].ping(now, "sip:mairie@127.0.0.1".to_owned(), Flow::udp(address(AGENT)));
        net.drain(PEER);
        let refused = net.count(PEER, &Event::Ended { cause: EndCause::Refused(503) });
        assert_eq!(refused, (n + 1).saturating_sub(MAX_PINGS));
    }
    net.run(seconds(33.0));
    net.assert_forgotten();
}
