//! Reading and printing: what the grammar allows, what real devices send, and every loss of rsip's parser.

mod bodies;
mod defects;
mod framer;
mod properties;

use super::*;

fn request(text: &[u8]) -> Request {
    match read_datagram(text).unwrap() {
        Incoming { message: Message::Request(request), problem: None } => request,
        other => panic!("{other:?}"),
    }
}

fn uri(text: &str) -> SipUri {
    match text.parse().unwrap() {
        Uri::Sip(sip) => {
            assert_eq!(sip.to_string(), text, "printed as read");
            sip
        }
        other => panic!("{other:?}"),
    }
}

const MINIMAL: &str = "OPTIONS sip:a@b SIP/2.0\r\n";

fn headers(lines: &str) -> Headers {
    request(format!("{MINIMAL}{lines}\r\n").as_bytes()).headers
}

fn list(headers: &Headers, name: HeaderName) -> Vec<String> {
    headers.list(&name).map(|v| String::from_utf8_lossy(&v).into_owned()).collect()
}

#[test]
fn a_message_with_everything_the_grammar_allows() {
    // After RFC 4475 §3.1.1.1.
    let text = "\r\n\r\nINVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n\
        TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
        MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 3\r\ncseq: 0009\r\n  INVITE\r\n\
        Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\nUnknown: ;;,,;;,;\r\n\
        v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n\
        \x20SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\
        \r\nabcdef";
    let request = request(text.as_bytes());
    let headers = &request.headers;
    assert_eq!(request.body, "abc", "Content-Length counts");
    assert_eq!(headers.to().unwrap().tag(), Some("1918181833n"));
    let from = headers.from().unwrap();
    assert_eq!(from.display_name.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(from.tag(), Some("98asjd8"));
    assert_eq!(headers.cseq(), Some(&CSeq { number: 9, method: Method::INVITE }));
    assert_eq!(headers.call_id().unwrap(), "wsinv.ndaksdj@192.0.2.1");
    assert_eq!(headers.text(&HeaderName::Subject).unwrap(), "");
    let vias: Vec<Via> = list(headers, HeaderName::Via).iter().map(|v| v.parse().unwrap()).collect();
    assert_eq!(vias.len(), 3);
    assert_eq!((vias[0].host.as_str(), vias[0].branch()), ("192.0.2.2", None), "no magic cookie");
    assert_eq!((vias[1].transport.as_str(), vias[1].branch()), ("TCP", Some("z9hG4bK9ikj8")));
    assert_eq!((vias[2].host.as_str(), vias[2].branch()), ("192.168.255.111", Some("z9hG4bK30239")));
    let contact = headers.contact().unwrap();
    assert_eq!(contact.display_name.as_deref(), Some("Quoted string \"\""));
    assert_eq!(contact.params.get("q"), Some("0.33"));
    assert_eq!(contact.params.get("newparam"), Some("newvalue"));
    assert!(contact.params.contains("secondparam"));
}

#[test]
fn compact_names_are_the_names() {
    let headers = headers(
        "v: SIP/2.0/UDP h\r\nf: <sip:a@b>\r\nt: <sip:c@d>\r\ni: x\r\nm: <sip:e@f>\r\nc: application/sdp\r\nr: <sip:g@h>\r\no: refer\r\nk: 100rel\r\n",
    );
    for name in [
        HeaderName::Via,
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
        HeaderName::Contact,
        HeaderName::ContentType,
        HeaderName::ReferTo,
        HeaderName::Event,
        HeaderName::Supported,
    ] {
        assert!(headers.get(&name).is_some(), "{name:?}");
    }
}

#[test]
fn junk_lines_and_strange_bytes_do_not_hide_the_rest() {
    let mut text = b"OPTIONS sip:a@b SIP/2.0\r\nno colon here\r\n: nameless\r\nSubject: caf\xe9\r\nX: \0\r\nCSeq: 1 OPTIONS\r\nl: 4\r\n\r\n".to_vec();
    text.extend_from_slice(b"\0\xff\r\n and what follows");
    let request = request(&text);
    assert!(request.headers.cseq().is_some());
    assert_eq!(&request.headers.get(&HeaderName::Subject).unwrap()[..], b"caf\xe9");
    assert_eq!(&request.body[..], b"\0\xff\r\n", "binary bodies stay as they are");
    let again = super::read_datagram(&request.to_bytes()).unwrap();
    let Message::Request(again) = again.message else { panic!("a response") };
    assert_eq!(&again.headers.get(&HeaderName::Subject).unwrap()[..], b"caf\xe9");
    assert_eq!(again.body, request.body);
}

#[test]
fn bare_line_feeds_end_lines_too() {
    let request = request(b"OPTIONS sip:a@b SIP/2.0\nCSeq: 1\n OPTIONS\n\nbody");
    assert_eq!(request.headers.cseq().unwrap().number, 1);
    assert_eq!(request.body, "body");
}

#[test]
fn responses() {
    let read = |line: &str| match read_datagram(format!("{line}\r\n\r\n").as_bytes()) {
        Ok(Incoming { message: Message::Response(response), problem: None }) => Some(response),
        _ => None,
    };
    let ok = read("SIP/2.0 486 Occupé ici").unwrap();
    assert_eq!((ok.status, ok.reason.as_str()), (486, "Occupé ici"));
    assert_eq!(read("SIP/2.0 100").unwrap().status, 100);
    assert_eq!(read("SIP/2.0 200 ").unwrap().reason, "");
    for bad in [
        "SIP/2.0",
        "SIP/2.0 ",
        "SIP/2.0 4294967301 x",
        "SIP/2.0 99 x",
        "SIP/2.0 700 x",
        "SIP/3.0 200 OK",
        "SIP/2.0 +20 OK",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn reason_phrases_are_those_of_the_rfcs() {
    let response = Response {
        status: 486,
        reason: reason_phrase(486).to_owned(),
        headers: Headers::default(),
        body: Default::default(),
    };
    assert_eq!(&response.to_bytes()[..], b"SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n");
    for (status, phrase) in [
        (100, "Trying"),
        (200, "OK"),
        (202, "Accepted"),
        (481, "Call/Transaction Does Not Exist"),
        (488, "Not Acceptable Here"),
        (505, "Version Not Supported"),
        (603, "Decline"),
    ] {
        assert_eq!(reason_phrase(status), phrase);
    }
    assert!((100..700).all(|status| !reason_phrase(status).is_empty()));
}

#[test]
fn rsip_reads_what_we_write() {
    let text = "INVITE sip:john.doe@b SIP/2.0\r\nVia: SIP/2.0/UDP h:5060;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\nbody";
    let bytes = request(text.as_bytes()).to_bytes();
    let theirs = rsip::Request::try_from(bytes.to_vec()).unwrap();
    assert_eq!(theirs.method, rsip::Method::Invite);
    assert_eq!(theirs.body, b"body");
}

#[test]
fn values_cannot_add_headers() {
    let mut headers = Headers::default();
    headers.push(HeaderName::ReferTo, "<sip:a@b>\r\nEvil: yes");
    headers.push(HeaderName::ContentLength, "99");
    let request =
        Request { method: Method::REFER, uri: "sip:a@b\r\nEvil: yes".to_owned(), headers, body: Default::default() };
    let text = String::from_utf8(request.to_bytes().to_vec()).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(!text.contains("\nEvil"));
    assert!(text.contains("Content-Length: 0\r\n"));
}

#[test]
fn users_with_dots_and_everything_else() {
    assert_eq!(uri("sip:john.doe@host").user.as_deref(), Some("john.doe"));
    assert_eq!(uri("sip:+1.555@host").user.as_deref(), Some("+1.555"));
    let sip = uri("sips:user;par=u%40example.net:pa:ss@Example.com:5061;Lr;x=\"q\"?Replaces=1%40b%3Bto-tag%3D2&a=b");
    assert!(sip.secure);
    assert_eq!(sip.user.as_deref(), Some("user;par=u%40example.net"));
    assert_eq!(sip.password.as_deref(), Some("pa:ss"));
    assert_eq!((sip.host.as_str(), sip.port), ("Example.com", Some(5061)));
    assert!(sip.params.contains("lr"));
    assert_eq!(sip.params.get("X"), Some("\"q\""));
    assert_eq!(sip.headers.as_deref(), Some("Replaces=1%40b%3Bto-tag%3D2&a=b"));
    let escaped: Uri = "sip:%61lice%2Bbob%zz@h".parse().unwrap();
    assert_eq!(escaped.user().as_deref(), Some("alice+bob%zz"));
}

#[test]
fn hosts_and_ports() {
    let v6 = uri("sip:a@[2001:db8::9]:5070;transport=tcp");
    assert_eq!((v6.host.as_str(), v6.port), ("[2001:db8::9]", Some(5070)));
    assert_eq!(v6.socket_addr(), "[2001:db8::9]:5070".parse().ok());
    assert_eq!(uri("sip:192.0.2.1").socket_addr(), "192.0.2.1:5060".parse().ok());
    assert_eq!(uri("sip:pbx.example").socket_addr(), None);
    let three = uri("sip:a@[2001:db8:::192.0.2.1]");
    assert_eq!(three.socket_addr(), None, "RFC 5118 §4.10: legal by the grammar, but no address");
    for bad in [
        "sip:",
        "sip:a@",
        "sip:a@[::1]]",
        "sip:a@[x::1]",
        "sip:a@:5060",
        "sip:a@h:",
        "sip:a@h:x",
        "sip:a@h:70000",
        "sip:a@[::1",
        "sip:a@::1",
        "sip:a@[1.2.3.4]",
        "sip:a@h h",
        "a@h",
        ":x",
        "1sip:a@h",
    ] {
        assert!(bad.parse::<Uri>().is_err(), "{bad}");
    }
}

#[test]
fn telephone_numbers_and_other_schemes() {
    let tel: Uri = "tel:+33-1-39;ext=12;phone-context=x".parse().unwrap();
    assert_eq!(tel.user().as_deref(), Some("+33-1-39"));
    assert_eq!(tel.to_string(), "tel:+33-1-39;ext=12;phone-context=x");
    assert_eq!("tel:1234".parse::<Uri>().unwrap().user().as_deref(), Some("1234"));
    let urn: Uri = "urn:service:sos".parse().unwrap();
    assert_eq!((urn.user(), urn.to_string().as_str()), (None, "urn:service:sos"));
}

#[test]
fn addresses() {
    let read = |text: &str| text.parse::<NameAddr>().unwrap();
    // Without brackets, parameters are the header's (RFC 3261 §20).
    let bare = read("sip:a@b;tag=1");
    assert_eq!((bare.tag(), bare.uri.to_string().as_str()), (Some("1"), "sip:a@b"));
    let inside = read("<sip:a@b;tag=1>;x");
    assert_eq!((inside.tag(), inside.params.contains("x")), (None, true));
    let tricky = read("\"a <b>, \\\"c\\\"; tag=9\" <sip:a@b>;tag=\"q;r\"");
    assert_eq!(tricky.display_name.as_deref(), Some("a <b>, \"c\"; tag=9"));
    assert_eq!(tricky.tag(), Some("\"q;r\""));
    assert_eq!(read(&tricky.to_string()), tricky);
    assert_eq!(read("Mairie de Saint-Germain <sip:m@b>").display_name.as_deref(), Some("Mairie de Saint-Germain"));
    for bad in ["", "<", "<sip:a@b", "\"open <sip:a@b>", "<>", "Bob"] {
        assert!(bad.parse::<NameAddr>().is_err(), "{bad}");
    }
}

#[test]
fn lists_over_commas_and_fields() {
    let headers = headers(
        "Contact: \"Doe, John\" <sip:a@b;x=1,2>;q=1 , <sip:c@d>\r\nContact: sip:e@f,,\r\nRoute: <sip:p;lr>,\"P\" <sip:q;lr>\r\n",
    );
    let expected = ["\"Doe, John\" <sip:a@b;x=1,2>;q=1", "<sip:c@d>", "sip:e@f"];
    assert_eq!(list(&headers, HeaderName::Contact), expected);
    assert_eq!(list(&headers, HeaderName::Route), ["<sip:p;lr>", "\"P\" <sip:q;lr>"]);
}

#[test]
fn via_parameters_in_every_spacing() {
    for text in [
        "SIP/2.0/UDP h; branch=z9hG4bKx",
        "SIP/2.0/UDP h ;branch=z9hG4bKx",
        "SIP/2.0/UDP h:1 ; branch = z9hG4bKx ; rport",
    ] {
        assert_eq!(text.parse::<Via>().unwrap().branch(), Some("z9hG4bKx"), "{text}");
    }
    let v6: Via = "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::1;branch=z9hG4bKy;a=b".parse().unwrap();
    assert_eq!(v6.params.get("received"), Some("2001:db8::1"));
    assert_eq!(v6.params.get("a"), Some("b"));
    assert_eq!(v6.sent_by(), "[2001:db8::9:1]:5060");
    for bad in ["", "SIP/2.0/UDP", "SIP/2.0 h", "HTTP/2.0/TCP h", "SIP/2.0/UDP h h"] {
        assert!(bad.parse::<Via>().is_err(), "{bad}");
    }
    let odd: Via = "SIP/7.0/UDP c;branch=z9hG4bKk".parse().unwrap();
    assert_eq!(odd.to_string(), "SIP/7.0/UDP c;branch=z9hG4bKk", "it comes with a request that gets 505");
    let short: Via = "SIP/2.0/UDP h;branch=z9hG4bK".parse().unwrap();
    assert_eq!(short.branch(), None, "the cookie alone says nothing");
}

#[test]
fn what_is_added_behind_odd_parameters_is_read_again() {
    for odd in ["a<sip:", "a=<b", "a=\"open", "a=\"x\\\"", "\"", "a\"b;c\"d", "a=>"] {
        let mut via: Via = format!("SIP/2.0/UDP h;{odd}").parse().unwrap();
        via.stamp("192.0.2.1:5060".parse().unwrap());
        let again: Via = via.to_string().parse().unwrap();
        assert_eq!(again, via, "{odd}");
        assert_eq!(again.received(), "192.0.2.1".parse().ok(), "{odd}");
    }
}

#[test]
fn methods_keep_their_case_and_spelling() {
    assert_eq!(Method::parse("INVITE"), Method::INVITE);
    assert_eq!(Method::parse("invite"), Method::Other("invite".to_owned()));
    for known in rsip::Method::all() {
        let name = known.to_string();
        assert_eq!(Method::parse(&name), Method::Known(known));
        assert_eq!(Method::parse(&name).as_str(), name);
    }
}

#[test]
fn outcomes_of_transfers() {
    assert_eq!(sipfrag_status(b"SIP/2.0 100 Trying\r\n"), Some(100));
    assert_eq!(sipfrag_status(b"\r\n  SIP/2.0 486 Busy Here"), Some(486));
    assert_eq!(sipfrag_status(b"SIP/2.0 200"), Some(200));
    assert_eq!(sipfrag_status(b"SIP/2.0 20000 OK"), None);
    assert_eq!(sipfrag_status(b"INVITE sip:a@b SIP/2.0"), None);
    assert_eq!(sipfrag_status(b""), None);
}
