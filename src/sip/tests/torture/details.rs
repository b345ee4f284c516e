//! What in the torture messages a status alone does not show: values read rightly, headers of the refusals, and the
//! responses given to a request of ours that waits for them.

use super::*;
use crate::sip::wire::{Framing, HeaderName, NameAddr, Uri, Via, read_message};

/// Runs only where the corpora are.
fn read(path: &str) -> Option<Message> {
    Some(read_datagram(&message(path)?).unwrap().message)
}

fn request(path: &str) -> Option<Request> {
    match read(path)? {
        Message::Request(request) => Some(request),
        Message::Response(_) => panic!("{path}: a response"),
    }
}

fn answer(path: &str) -> Option<Response> {
    let mut net = Net::new(4476);
    let text = message(path)?;
    net.deliver(AGENT, address(PEER), &text);
    Some(first_response(&net, AGENT, {
        match read_datagram(&net.carried[0].bytes).unwrap().message {
            Message::Response(response) => response.status,
            other => panic!("{other:?}"),
        }
    }))
}

#[test]
fn refusals_say_what_we_take() {
    let header = |path: &str, name: HeaderName| {
        answer(path).map(|answer| answer.headers.text(&name).expect("the header").into_owned())
    };
    let Some(unsupported) = header("rfc4475/invalid/bext01.dat", HeaderName::Unsupported) else {
        return;
    };
    assert_eq!(unsupported, "nothingSupportsThis, nothingSupportsThisEither", "not what Proxy-Require asks for");
    assert_eq!(header("rfc4475/invalid/invut.dat", HeaderName::Accept).as_deref(), Some("application/sdp"));
    for path in ["valid/intmeth.dat", "valid/esc02.dat", "valid/escnull.dat", "invalid/mismatch02.dat"] {
        let allow = header(&format!("rfc4475/{path}"), HeaderName::Allow).unwrap();
        assert!(allow.contains("INVITE") && !allow.contains("REGISTER"), "{path}: {allow}");
    }
    for (path, reason) in [
        ("badinv01", "Malformed Via Header Field"),
        ("clerr", "Body Shorter Than Content-Length"),
        ("ncl", "Malformed Content-Length"),
        ("scalar02", "Malformed CSeq Header Field"),
        ("quotbal", "Malformed To Header Field"),
        ("ltgtruri", "Malformed Request-URI: a character that no URI may hold"),
        ("lwsruri", "Malformed Request-Line"),
        ("lwsstart", "Malformed Request-Line"),
        ("trws", "Malformed Request-Line"),
        ("mismatch01", "CSeq Method Does Not Match Request Method"),
        ("insuf", "Missing From Header Field"),
        ("multi01", "Repeated From Header Field"),
        ("mcl01", "Malformed Content-Length"),
    ] {
        let answer = answer(&format!("rfc4475/invalid/{path}.dat")).unwrap();
        assert_eq!((answer.status, answer.reason.as_str()), (400, reason), "{path}");
    }
}

#[test]
fn values_are_read_rightly() {
    let Some(wsinv) = request("rfc4475/valid/wsinv.dat") else {
        return;
    };
    let hops = wsinv.headers.list(&HeaderName::Via).map(|via| String::from_utf8_lossy(&via).parse::<Via>().unwrap());
    assert_eq!(hops.map(|via| via.host).collect::<Vec<_>>(), ["192.0.2.2", "spindle.example.com", "192.168.255.111"]);
    assert_eq!(wsinv.headers.from().unwrap().display_name.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(wsinv.headers.cseq().unwrap().number, 9);
    assert_eq!(wsinv.body.len(), 150);

    let esc01 = request("rfc4475/valid/esc01.dat").unwrap();
    let uri: Uri = esc01.uri.parse().unwrap();
    assert_eq!(uri.user().as_deref(), Some("sips:user@example.com"));
    assert_eq!(uri.as_sip().unwrap().host, "example.net");
    let contact = esc01.headers.contact().unwrap().uri;
    assert!(contact.as_sip().unwrap().has_param("lr"));
    assert_eq!(contact.as_sip().unwrap().param("name").as_deref(), Some("value%41"));

    let escnull = request("rfc4475/valid/escnull.dat").unwrap();
    let users: Vec<Option<String>> = escnull.headers.addresses(&HeaderName::Contact).map(|a| a.uri.user()).collect();
    assert_eq!(users, [Some("\0".to_owned()), Some("\0\0".to_owned())]);

    let intmeth = request("rfc4475/valid/intmeth.dat").unwrap();
    assert_eq!(intmeth.method.as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(intmeth.uri.parse::<Uri>().unwrap().as_sip().unwrap().host, "example.com");
    let to: NameAddr = intmeth.headers.to().cloned().unwrap();
    assert_eq!(to.display_name.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    assert_eq!(intmeth.headers.from().unwrap().tag(), Some("_token~1'+`*%!-."));

    let esc02 = request("rfc4475/valid/esc02.dat").unwrap();
    assert_eq!(esc02.headers.from().unwrap().display_name.as_deref(), Some("%Z%45"));
    assert_eq!(esc02.headers.list(&HeaderName::Contact).count(), 2, "C%6Fntact is another header");

    let semiuri = request("rfc4475/valid/semiuri.dat").unwrap();
    assert_eq!(semiuri.uri.parse::<Uri>().unwrap().user().as_deref(), Some("user;par=u@example.net"));

    let dblreq = request("rfc4475/valid/dblreq.dat").unwrap();
    assert!(dblreq.body.is_empty());

    let mpart = request("rfc4475/valid/mpart01.dat").unwrap();
    let parts = crate::sip::wire::read_multipart(&mpart.headers.media_type().unwrap(), &mpart.body).unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].body, "Hello");
    assert_eq!(parts[1].headers.media_type().unwrap().essence, "application/octet-stream");
    assert_eq!(parts[1].body.first_chunk(), Some(b"\x30\x82"), "a DER structure, whole");
    let length = u16::from_be_bytes([parts[1].body[2], parts[1].body[3]]);
    assert_eq!(parts[1].body.len(), usize::from(length) + 4);
}

#[test]
fn internet_addresses_are_read_rightly() {
    let Some(ambiguous) = request("rfc5118/4.3_port-ambiguous.dat") else {
        return;
    };
    let host_port = |request: &Request| {
        let uri: Uri = request.uri.parse().unwrap();
        let sip = uri.as_sip().unwrap().clone();
        (sip.host, sip.port)
    };
    assert_eq!(host_port(&ambiguous), ("[2001:db8::10:5070]".to_owned(), None));
    let clear = request("rfc5118/4.4_port-unambiguous.dat").unwrap();
    assert_eq!(host_port(&clear), ("[2001:db8::10]".to_owned(), Some(5070)));
    for delimiters in ["no", "with"] {
        let path = format!("rfc5118/4.5_via-received-param-{delimiters}-delim.dat");
        let via = request(&path).unwrap().headers.top_via().cloned().unwrap();
        assert_eq!(via.received(), "2001:db8::9:255".parse().ok(), "{delimiters}");
        assert!(via.branch().is_some());
    }
    let several = request("rfc5118/4.7_mult-ip-in-header.dat").unwrap();
    let vias: Vec<Via> = several.headers.values(&HeaderName::Via).collect();
    assert_eq!(vias[0].port, Some(6050));
    assert_eq!(vias[2].received(), "192.0.2.200".parse().ok());
    let mapped = request("rfc5118/4.9_ipv4-mapped-ipv6.dat").unwrap();
    assert_eq!(mapped.headers.contact().unwrap().uri.as_sip().unwrap().ip(), "::ffff:192.0.2.2".parse().ok());
}

/// The status line (and Via values) of a response of the corpora, for an INVITE of ours.
fn answered_with(path: &str, vias: usize) -> Option<Option<Event>> {
    let bytes = message(path)?;
    let line = bytes.split(|&b| b == b'\n').next().unwrap();
    let mut net = Net::new(4477);
    net.filter = Some(Box::new(|_| false));
    net.dial(AGENT);
    let invite = last_request(&net, AGENT, "INVITE");
    let text = |name: HeaderName| invite.headers.text(&name).unwrap().into_owned();
    let mut response = [line, b"\n"].concat();
    for _ in 0..vias {
        response.extend_from_slice(format!("Via: {}\r\n", text(HeaderName::Via)).as_bytes());
    }
    for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
        response.extend_from_slice(format!("{}: {}\r\n", name.as_str(), text(name.clone())).as_bytes());
    }
    let rest = format!("To: {};tag=x\r\nContact: <sip:alice@127.0.0.1:5061>\r\n\r\n", text(HeaderName::To));
    response.extend_from_slice(rest.as_bytes());
    net.deliver(AGENT, address(PEER), &response);
    Some(net.last_event(AGENT))
}

#[test]
fn responses_are_taken_or_discarded_as_they_should() {
    let Some(answered) = answered_with("rfc4475/valid/unreason.dat", 1) else {
        return;
    };
    assert!(matches!(answered, Some(Event::Answered { .. })), "any reason phrase will do");
    assert_eq!(answered_with("rfc4475/valid/unreason.dat", 2), Some(None), "a second Via: not for us (§3.3.10)");
    assert_eq!(answered_with("rfc4475/invalid/bcast.dat", 2), Some(None));
    assert_eq!(answered_with("rfc4475/invalid/bigcode.dat", 1), Some(None));
    let Some(Message::Response(silent)) = read("rfc4475/valid/noreason.dat") else { panic!("a request") };
    assert_eq!((silent.status, silent.reason.as_str()), (100, ""));
    let Some(Message::Response(odd)) = read("rfc4475/valid/unreason.dat") else { panic!("a request") };
    assert!(odd.reason.starts_with("= 2**3 * 5**2 "));
    let Message::Response(again) = read_datagram(&odd.to_bytes()).unwrap().message else { panic!("a request") };
    assert_eq!((again.reason, again.body), (odd.reason, odd.body));
    let Some(Message::Response(large)) = read("rfc4475/invalid/scalarlg.dat") else { panic!("a request") };
    assert_eq!(large.headers.cseq(), None);
}

#[test]
fn what_is_read_prints_and_reads_the_same() {
    for torture in MESSAGES {
        let Some(bytes) = message(torture.path) else {
            return;
        };
        let Ok(first) = read_datagram(&bytes) else {
            assert!(torture.path.contains("bigcode"), "{}", torture.asks);
            continue;
        };
        let printed = first.message.to_bytes();
        let second = read_message(&printed, Framing::Stream).unwrap();
        assert_eq!(second.message.to_bytes(), printed, "{}", torture.asks);
    }
}
