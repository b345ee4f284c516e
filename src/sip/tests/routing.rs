//! Where messages go: Via and rport, Record-Route, Contact (RFC 3261 §12, §18.2.2; RFC 3581).

use super::*;
use crate::sip::wire::HeaderName;

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn via(value: &str) -> String {
    raw("OPTIONS", "", "").replace("SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKrawOPTIONS", value)
}

/// Where the answer goes when this Via comes from `source`, and the Via in it.
fn answered(value: &str, source: &str) -> (SocketAddr, String) {
    let mut net = Net::new(100);
    net.deliver(AGENT, socket(source), via(value).as_bytes());
    let carried = net.carried.last().expect("an answer");
    let Message::Response(response) = read_datagram(&carried.bytes).unwrap().message else {
        panic!("a request was sent");
    };
    let vias: Vec<String> =
        response.headers.list(&HeaderName::Via).map(|v| String::from_utf8_lossy(&v).into_owned()).collect();
    (carried.to, vias.join("|"))
}

#[test]
fn rport_brings_the_answer_back_to_the_source() {
    let (to, via) = answered("SIP/2.0/UDP 10.0.0.9:5060;rport;branch=z9hG4bK1", "192.0.2.1:40000");
    assert_eq!(to, socket("192.0.2.1:40000"));
    assert_eq!(via, "SIP/2.0/UDP 10.0.0.9:5060;rport=40000;branch=z9hG4bK1;received=192.0.2.1");
}

#[test]
fn without_rport_the_answer_goes_to_the_port_of_sent_by() {
    let (to, via) = answered("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "192.0.2.1:40000");
    assert_eq!(to, socket("192.0.2.1:5060"));
    assert_eq!(via, "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1");
    let (to, via) = answered("SIP/2.0/UDP pbx.example:5070;branch=z9hG4bK1", "192.0.2.1:40000");
    assert_eq!(to, socket("192.0.2.1:5070"));
    assert_eq!(via, "SIP/2.0/UDP pbx.example:5070;branch=z9hG4bK1;received=192.0.2.1");
}

#[test]
fn answers_copy_every_via_in_order() {
    let value = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1 , SIP / 2.0 / TCP a ; branch = z9hG4bK2\r\nv: SIP/2.0/UDP [2001:db8::9]:99;received=2001:db8::1;branch=z9hG4bK3";
    let (_, via) = answered(value, "192.0.2.1:5060");
    assert_eq!(
        via,
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1|SIP / 2.0 / TCP a ; branch = z9hG4bK2|\
         SIP/2.0/UDP [2001:db8::9]:99;received=2001:db8::1;branch=z9hG4bK3"
    );
}

#[test]
fn ipv6_answers() {
    let (to, via) = answered("SIP/2.0/UDP [2001:db8::9];rport;branch=z9hG4bK1", "[2001:db8::9]:5062");
    assert_eq!(to, socket("[2001:db8::9]:5062"));
    assert_eq!(via, "SIP/2.0/UDP [2001:db8::9];rport=5062;branch=z9hG4bK1;received=2001:db8::9");
}

/// A call with these header lines in its INVITE, answered, acknowledged, ended by us: the BYE and where it went.
fn bye_after(extra: &str) -> (Request, SocketAddr) {
    let mut net = Net::new(101);
    let source = socket("192.0.2.1:5080");
    net.deliver(AGENT, source, raw("INVITE", extra, "").as_bytes());
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Answer { sdp: OFFER.into() });
    let ok = first_response(&net, AGENT, 200);
    let to = ok.headers.text(&HeaderName::To).unwrap().into_owned();
    let ack = raw("ACK", "", "").replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"));
    net.deliver(AGENT, source, ack.as_bytes());
    net.command(AGENT, call, Command::HangUp);
    let bye = last_request(&net, AGENT, "BYE");
    let destination = net.carried.last().unwrap().to;
    net.assert_forgotten();
    (bye, destination)
}

fn routes(request: &Request) -> Vec<String> {
    request.headers.list(&HeaderName::Route).map(|r| String::from_utf8_lossy(&r).into_owned()).collect()
}

#[test]
fn requests_go_to_the_contact() {
    let (bye, to) = bye_after("Contact: \"A, B\" <sip:alice@192.0.2.5:5099;transport=udp>;expires=60\r\n");
    assert_eq!(bye.uri, "sip:alice@192.0.2.5:5099;transport=udp");
    assert_eq!(to, socket("192.0.2.5:5099"));
    assert_eq!(bye.headers.cseq().unwrap().number, 1);
    assert_eq!(bye.headers.text(&HeaderName::To).unwrap(), "<sip:alice@127.0.0.1:5061>;tag=raw");
}

#[test]
fn requests_go_back_to_the_source_when_the_contact_names_no_address() {
    for contact in ["sip:alice@pbx.example", "sip:alice@0.0.0.0", "sip:alice@192.0.2.9:0", "sip:a@224.0.0.1"] {
        let (bye, to) = bye_after(&format!("Contact: <{contact}>\r\n"));
        assert_eq!(bye.uri, contact);
        assert_eq!(to, socket("192.0.2.1:5080"), "{contact}");
    }
}

#[test]
fn loose_routes_are_followed_in_order() {
    let (bye, to) = bye_after(
        "Record-Route: <sip:192.0.2.2;lr>, <sip:p3.example;lr>\r\nRecord-Route: <sip:p4.example;lr>\r\n\
         Contact: <sip:alice@192.0.2.5>\r\n",
    );
    assert_eq!(bye.uri, "sip:alice@192.0.2.5");
    assert_eq!(routes(&bye), ["<sip:192.0.2.2;lr>", "<sip:p3.example;lr>", "<sip:p4.example;lr>"]);
    assert_eq!(to, socket("192.0.2.2:5060"));
}

#[test]
fn strict_routers_get_their_address_in_the_request_uri() {
    let (bye, to) =
        bye_after("Record-Route: <sip:192.0.2.2>, <sip:192.0.2.3;lr>\r\nContact: <sip:alice@192.0.2.5>\r\n");
    assert_eq!(bye.uri, "sip:192.0.2.2");
    assert_eq!(routes(&bye), ["<sip:192.0.2.3;lr>", "<sip:alice@192.0.2.5>"]);
    assert_eq!(to, socket("192.0.2.2:5060"));
}

#[test]
fn endless_record_routes_are_refused() {
    let mut net = Net::new(102);
    let routes = "Record-Route: <sip:192.0.2.2;lr>\r\n".repeat(40);
    let invite = raw("INVITE", &format!("{routes}Contact: <sip:a@192.0.2.5>\r\n"), "");
    assert_eq!(net.response_to(&invite).status, 400);
    net.assert_forgotten();
}

#[test]
fn a_caller_follows_the_recorded_route_backwards() {
    let mut net = Net::new(103);
    let peer = net.dial(PEER);
    let invite = last_request(&net, PEER, "INVITE");
    let text = |name: &HeaderName| invite.headers.text(name).unwrap().into_owned();
    let ok = format!(
        "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=x\r\nCall-ID: {}\r\nCSeq: 1 INVITE\r\n\
         Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>\r\nContact: <sip:mairie@192.0.2.5>\r\n\r\n",
        text(&HeaderName::Via),
        text(&HeaderName::From),
        text(&HeaderName::To),
        text(&HeaderName::CallId),
    );
    net.deliver(PEER, address(AGENT), ok.as_bytes());
    let ack = last_request(&net, PEER, "ACK");
    assert_eq!(ack.uri, "sip:mairie@192.0.2.5");
    assert_eq!(routes(&ack), ["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"]);
    assert_eq!(net.carried.last().unwrap().to, socket("192.0.2.9:5060"));
    assert_eq!(ack.headers.cseq().unwrap().number, 1);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(0.1));
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn peers_of_rfc_2543_without_branch_or_tags_are_served() {
    let mut net = Net::new(104);
    let plain = |text: String| text.replace(";branch=z9hG4bKraw", ";branch=").replace(";tag=raw", "");
    let invite = plain(raw("INVITE", "", "")).replace(";branch=INVITE", "");
    assert_eq!(net.response_to(&invite).status, 100);
    assert_eq!(net.response_to(&invite).status, 100);
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::Reject { status: 486 });
    let refused = first_response(&net, AGENT, 486);
    let to = refused.headers.text(&HeaderName::To).unwrap().into_owned();
    let ack = plain(raw("ACK", "", ""))
        .replace(";branch=ACK", "")
        .replace("To: <sip:mairie@127.0.0.1:5060>", &format!("To: {to}"));
    net.exchange(&ack);
    let before = net.carried.len();
    net.run(seconds(10.0));
    assert_eq!(net.carried.len(), before, "acknowledged: not sent again");
    net.assert_forgotten();
}
