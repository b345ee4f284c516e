//! What is refused, and how (RFC 3261 §8.2): each wrong request its own answer, and nothing remembered of it.

use super::*;
use crate::sip::wire::HeaderName;

const CONTACT: &str = "Contact: <sip:alice@127.0.0.1:5061>\r\n";

/// Status and reason phrase of the answer to this, by a fresh endpoint that forgets it at once.
fn refusal(text: &str) -> (u16, String) {
    let mut net = Net::new(80);
    let response = net.response_to(text);
    assert!(net.events[AGENT].is_empty(), "no call");
    assert!(net.endpoints[AGENT].is_idle(), "no state for {}", response.status);
    let tag = |r: &Response| r.headers.to().and_then(|to| to.tag().map(str::to_owned));
    // The same request again gets the same To tag (§8.2.7).
    assert_eq!(tag(&net.response_to(text)), tag(&response));
    (response.status, response.reason)
}

#[test]
fn options_tells_what_we_can_do() {
    let mut net = Net::new(81);
    let response = net.response_to(&raw("OPTIONS", "", ""));
    assert_eq!((response.status, response.reason.as_str()), (200, "OK"));
    let text = |name| response.headers.text(&name).unwrap().into_owned();
    for method in ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REFER", "NOTIFY"] {
        assert!(text(HeaderName::Allow).contains(method), "{method}");
    }
    assert_eq!(text(HeaderName::Accept), "application/sdp");
    assert!(response.headers.get(&HeaderName::Supported).is_some());
    assert!(response.headers.to().unwrap().tag().is_some());
    assert!(net.endpoints[AGENT].is_idle());
}

#[test]
fn draining_refuses_calls_and_options_but_not_the_calls_there_are() {
    let mut net = Net::new(82);
    let (_, peer) = net.establish();
    let now = net.now;
    net.endpoints[AGENT].handle_input(now, Input::Drain);
    for text in [raw("OPTIONS", "", ""), raw("INVITE", CONTACT, "")] {
        let response = net.response_to(&text);
        assert_eq!(response.status, 503);
        assert!(response.headers.get(&HeaderName::RetryAfter).is_some());
    }
    assert_eq!(net.endpoints[AGENT].active_calls(), 1);
    net.command(PEER, peer, Command::HangUp);
    net.run(seconds(1.0));
    assert_eq!(net.endpoints[AGENT].active_calls(), 0);
    net.assert_forgotten();
}

#[test]
fn calls_beyond_the_limit_are_busy() {
    let mut net = Net::new(83);
    let invite = |n: usize| {
        raw("INVITE", CONTACT, "")
            .replace("z9hG4bKrawINVITE", &format!("z9hG4bKfull{n}"))
            .replace("raw-call", &format!("call-{n}"))
    };
    for n in 0..4 {
        assert_eq!(net.response_to(&invite(n)).status, 100);
    }
    let response = net.response_to(&invite(4));
    assert_eq!((response.status, response.reason.as_str()), (486, "Busy Here"));
    assert!(response.headers.get(&HeaderName::RetryAfter).is_some());
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::HangUp);
    assert_eq!(net.response_to(&invite(5)).status, 100);
    for call in net.events[AGENT].iter().map(|e| e.1).collect::<Vec<_>>() {
        net.command(AGENT, call, Command::HangUp);
    }
    net.assert_forgotten();
}

#[test]
fn unknown_and_unwanted_methods() {
    for method in ["REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH"] {
        assert_eq!(refusal(&raw(method, "", "")), (405, "Method Not Allowed".to_owned()));
    }
    for method in ["FOO", "invite", "!interesting-Method0123456789_*+`.%indeed'~"] {
        assert_eq!(refusal(&raw(method, "", "")), (501, "Not Implemented".to_owned()));
    }
    let mut net = Net::new(84);
    let response = net.response_to(&raw("REGISTER", "", ""));
    assert!(response.headers.text(&HeaderName::Allow).unwrap().contains("INVITE"));
}

#[test]
fn requests_that_need_a_dialog_get_481_without_one() {
    for method in ["BYE", "INFO", "NOTIFY", "REFER", "CANCEL", "UPDATE", "PRACK"] {
        assert_eq!(refusal(&raw(method, "", "")).0, 481, "{method}");
    }
    let mut net = Net::new(85);
    assert!(net.exchange(&raw("ACK", "", "")).is_empty(), "an ACK is never answered");
}

#[test]
fn malformed_requests_say_what_is_wrong() {
    let good = raw("INVITE", CONTACT, "");
    let without =
        |name: &str| good.lines().filter(|l| !l.starts_with(name)).map(|l| format!("{l}\r\n")).collect::<String>();
    for (name, label) in [("From:", "From"), ("To:", "To"), ("Call-ID:", "Call-ID"), ("CSeq:", "CSeq")] {
        assert_eq!(refusal(&without(name)), (400, format!("Missing {label} Header Field")));
    }
    for (from, to, reason) in [
        ("CSeq: 1 INVITE", "CSeq: one INVITE", "Malformed CSeq Header Field"),
        ("CSeq: 1 INVITE", "CSeq: 4294967296 INVITE", "Malformed CSeq Header Field"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "CSeq Method Does Not Match Request Method"),
        ("CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE", "Repeated CSeq Header Field"),
        ("From: <", "From: \"Bob <", "Malformed From Header Field"),
        ("To: <sip", "To: <<sip", "Malformed To Header Field"),
        ("Max-Forwards: 70", "Max-Forwards: 700", "Malformed Max-Forwards Header Field"),
        ("Max-Forwards: 70", "Max-Forwards: -1", "Malformed Max-Forwards Header Field"),
        ("Content-Length: 0", "Content-Length: -1", "Malformed Content-Length"),
        ("Content-Length: 0", "Content-Length: 9", "Body Shorter Than Content-Length"),
        ("Content-Length: 0", "Content-Length: 0\r\nl: 5", "Malformed Content-Length"),
        (
            "INVITE sip:mairie@127.0.0.1:5060 ",
            "INVITE <sip:mairie@127.0.0.1> ",
            "Malformed Request-URI: a character that no URI may hold",
        ),
        ("INVITE sip:mairie@127.0.0.1:5060 ", "INVITE sip:mairie @127.0.0.1 ", "Malformed Request-Line"),
        ("INVITE sip", "INVITE  sip", "Malformed Request-Line"),
        ("SIP/2.0\r\n", "SIP/2.0  \r\n", "Malformed Request-Line"),
    ] {
        assert!(good.contains(from), "{from}");
        let bad = good.replacen(from, to, 1);
        assert_eq!(refusal(&bad), (400, reason.to_owned()), "{to}");
    }
    assert_eq!(refusal(good.trim_end()), (400, "Missing End Of Header Fields".to_owned()));
}

#[test]
fn wrong_versions_get_505() {
    let text = raw("OPTIONS", "", "").replace("5060 SIP/2.0", "5060 SIP/7.0");
    assert_eq!(refusal(&text), (505, "Version Not Supported".to_owned()));
}

#[test]
fn too_much_of_everything() {
    let many = raw("OPTIONS", &"X-Filler: 1\r\n".repeat(300), "");
    assert_eq!(refusal(&many).0, 513);
    let long = raw("OPTIONS", &format!("X-Filler: {}\r\n", "x".repeat(20_000)), "");
    assert_eq!(refusal(&long).0, 513);
}

#[test]
fn bodies_and_targets_beyond_the_limits() {
    let large = raw("INVITE", &format!("{CONTACT}Content-Type: application/sdp\r\n"), &"a=x\r\n".repeat(8_000));
    assert_eq!(refusal(&large), (413, "Request Entity Too Large".to_owned()));
    let far = raw("OPTIONS", "", "").replacen("sip:mairie@", &format!("sip:{}@", "m".repeat(2_100)), 1);
    assert_eq!(refusal(&far), (414, "Request-URI Too Long".to_owned()));
}

#[test]
fn a_via_that_cannot_be_read_goes_back_where_it_came_from() {
    let broken = raw("OPTIONS", "", "").replace("SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKrawOPTIONS", "SIP/2.0/UDP");
    assert_eq!(refusal(&broken), (400, "Malformed Via Header Field".to_owned()));
    let mut net = Net::new(94);
    net.deliver(AGENT, address(PEER), broken.as_bytes());
    assert_eq!(net.carried[0].to, address(PEER));
    let second = raw("OPTIONS", "Via: nonsense\r\n", "");
    assert_eq!(refusal(&second), (400, "Malformed Via Header Field".to_owned()));
}

#[test]
fn an_invite_that_takes_no_sdp_gets_406() {
    let accept = |value: &str| raw("INVITE", &format!("{CONTACT}Accept: {value}\r\n"), "");
    for value in ["text/plain", "application/pkcs7-mime, multipart/mixed"] {
        let mut net = Net::new(95);
        assert_eq!(net.response_to(&accept(value)).status, 406, "{value}");
        assert!(net.events[AGENT].is_empty());
    }
    for value in ["application/sdp", "text/plain, Application / SDP;level=1", "*/*", "application/*", "", ","] {
        let mut net = Net::new(96);
        assert_eq!(net.response_to(&accept(value)).status, 100, "{value:?}");
    }
}

#[test]
fn offers_in_multipart_bodies_are_found() {
    let multipart = |body: &str| {
        let extra = format!("{CONTACT}Content-Type: multipart/mixed;boundary=x\r\n");
        raw("INVITE", &extra, body)
    };
    let mut net = Net::new(97);
    let isup = "--x\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\u{1}\u{2}\r\n";
    let whole = format!("{isup}--x\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--x--\r\n");
    assert_eq!(net.response_to(&multipart(&whole)).status, 100);
    assert!(matches!(&net.events(AGENT)[0], Event::Incoming { offer: Some(offer), .. } if offer == OFFER));
    let answer = |body: &str| {
        let mut net = Net::new(98);
        let response = net.response_to(&multipart(body));
        (response.status, response.reason)
    };
    assert_eq!(answer(&format!("{isup}--x--")), (415, "Unsupported Media Type".to_owned()));
    assert_eq!(answer(isup), (400, "Multipart Body Without End".to_owned()));
    assert_eq!(answer(&format!("{}--x--", isup.repeat(20))), (400, "Too Many Body Parts".to_owned()));
    let encoded = "--x\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--x--";
    assert_eq!(answer(encoded).0, 415);
}

#[test]
fn in_a_stream_content_length_is_required() {
    use crate::sip::{Flow, Transport};
    let mut net = Net::new(99);
    let now = net.now;
    let text = raw("OPTIONS", "", "").replace("Content-Length: 0\r\n", "");
    for (transport, status) in [(Transport::Udp, 200), (Transport::Tcp, 400)] {
        let flow = Flow { transport, ..Flow::udp(address(PEER)) };
        net.endpoints[AGENT].handle_input(now, Input::Message { flow, payload: text.as_bytes() });
        let Some(Output::Transmit { payload, .. }) = net.endpoints[AGENT].poll_output() else { panic!("no answer") };
        let Message::Response(response) = read_datagram(&payload).unwrap().message else { panic!("a request") };
        assert_eq!(response.status, status, "{}", response.reason);
    }
}

#[test]
fn bad_calls_are_refused_without_a_call() {
    for (text, status, header) in [
        (raw("INVITE", "", ""), 400, None),
        (raw("INVITE", "Contact: *\r\n", ""), 400, None),
        (raw("INVITE", "Contact: sip:alice@127.0.0.1:5061?Route=x\r\n", ""), 400, None),
        (raw("INVITE", "Contact: <tel:123>\r\n", ""), 400, None),
        (
            raw("INVITE", &format!("{CONTACT}Content-Type: text/plain\r\n"), "hello"),
            415,
            Some((HeaderName::Accept, "application/sdp")),
        ),
        (
            raw("INVITE", &format!("{CONTACT}Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n"), "zzz"),
            415,
            Some((HeaderName::AcceptEncoding, "identity")),
        ),
    ] {
        let mut net = Net::new(86);
        let response = net.response_to(&text);
        assert_eq!(response.status, status);
        if let Some((name, value)) = header {
            assert_eq!(response.headers.text(&name).unwrap(), value);
        }
        assert!(net.events[AGENT].is_empty());
        net.assert_forgotten();
    }
}

#[test]
fn a_body_that_may_be_ignored_is() {
    let mut net = Net::new(87);
    let extra = format!("{CONTACT}Content-Type: text/plain\r\nContent-Disposition: render; handling=optional\r\n");
    assert_eq!(net.response_to(&raw("INVITE", &extra, "hello")).status, 100);
    assert!(matches!(&net.events(AGENT)[0], Event::Incoming { offer: None, .. }));
}

#[test]
fn extensions_we_lack_are_named() {
    let text = raw("OPTIONS", "Require: 100rel, foo\r\nRequire: bar, timer\r\n", "");
    assert_eq!(refusal(&text), (420, "Bad Extension".to_owned()));
    let mut net = Net::new(88);
    let response = net.response_to(&text);
    assert_eq!(response.headers.text(&HeaderName::Unsupported).unwrap(), "foo, bar");
    let proxy = raw("OPTIONS", "Proxy-Require: foo\r\n", "");
    assert_eq!(net.response_to(&proxy).status, 200, "that is for proxies");
}

#[test]
fn unknown_schemes_get_416() {
    let uri = |uri: &str| raw("OPTIONS", "", "").replacen("sip:mairie@127.0.0.1:5060", uri, 1);
    assert_eq!(refusal(&uri("nobodyKnowsThisScheme:totallyopaquecontent")).0, 416);
    assert_eq!(refusal(&uri("http://example.com")).0, 416);
    let mut net = Net::new(89);
    assert_eq!(net.response_to(&uri("tel:+33130872000")).status, 200);
    assert_eq!(net.response_to(&uri("sips:mairie@example.com")).status, 200);
    // A scheme of its own in To does no harm (RFC 4475 §3.3.3).
    let to = raw("OPTIONS", "", "").replace("To: <sip:", "To: <isbn:");
    assert_eq!(net.response_to(&to).status, 200);
}

#[test]
fn max_forwards_zero_has_arrived() {
    let mut net = Net::new(90);
    let text = raw("OPTIONS", "", "").replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(net.response_to(&text).status, 200, "RFC 4475 §3.3.11");
}

#[test]
fn the_same_invite_over_another_way_is_a_loop() {
    let mut net = Net::new(91);
    let invite = raw("INVITE", CONTACT, "");
    assert_eq!(net.response_to(&invite).status, 100);
    let merged = invite.replace("z9hG4bKraw", "z9hG4bKother");
    let response = net.response_to(&merged);
    assert_eq!((response.status, response.reason.as_str()), (482, "Loop Detected"));
    let call = net.incoming(AGENT);
    net.command(AGENT, call, Command::HangUp);
    net.assert_forgotten();
}

#[test]
fn what_is_no_sip_is_dropped() {
    let mut net = Net::new(92);
    for text in ["", "\r\n\r\n", "\0\0\0\0", "GET / HTTP/1.1\r\n\r\n", "hello", "SIP/2.0 99 X\r\n\r\n"] {
        assert!(net.exchange(text).is_empty(), "{text:?}");
    }
    // Without a Via nobody knows whom to answer.
    let lost = raw("OPTIONS", "", "").replace("Via:", "X-Via:");
    assert!(net.exchange(&lost).is_empty());
    // A response nobody waits for.
    let stray = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx\r\nCSeq: 1 INVITE\r\n\r\n";
    assert!(net.exchange(stray).is_empty());
    assert!(net.endpoints[AGENT].is_idle());
}

#[test]
fn identity_is_the_asserted_one_unless_it_is_to_be_hidden() {
    let asserted = "P-Asserted-Identity: \"Mme X\" <sip:+33600000000@pbx>, <tel:+33600000000>\r\n";
    for (extra, user) in [(String::new(), "+33600000000"), ("Privacy: id\r\n".to_owned(), "alice")] {
        let mut net = Net::new(93);
        net.response_to(&raw("INVITE", &format!("{CONTACT}{asserted}{extra}"), ""));
        let Event::Incoming { caller, .. } = &net.events(AGENT)[0] else {
            panic!("no call came in");
        };
        assert_eq!(caller.user.as_deref(), Some(user));
        assert_eq!(format!("{caller:?}"), "Party(personal)");
    }
}
