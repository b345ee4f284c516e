//! What rsip's own parser and printer get silently wrong, refuse or do not know: one test for each against ours.

use super::*;

fn read(text: &str) -> Request {
    request(text.as_bytes())
}

fn address(text: &str) -> NameAddr {
    let read: NameAddr = text.parse().unwrap();
    assert_eq!(read.to_string().parse::<NameAddr>().unwrap(), read);
    read
}

#[test]
fn defect_1_dots_before_the_at_sign() {
    for user in ["john.doe", "+1.555", "a.b.c.d", "."] {
        let read = uri(&format!("sip:{user}@host"));
        assert_eq!((read.user.as_deref(), read.host.as_str()), (Some(user), "host"));
    }
}

#[test]
fn defect_2_spaces_round_via_parameters() {
    for text in ["h; branch=z9hG4bKx", "h ;branch=z9hG4bKx", "h ; branch = z9hG4bKx", "h:5060\t;\tbranch=z9hG4bKx"] {
        let via: Via = format!("SIP/2.0/UDP {text}").parse().unwrap();
        assert_eq!((via.branch(), via.host.as_str()), (Some("z9hG4bKx"), "h"), "{text}");
    }
}

#[test]
fn defect_3_received_with_ipv6_keeps_what_follows() {
    let text = "SIP/2.0/UDP [2001:db8::9:1]:5062;received=2001:db8::1;rport=5070;branch=z9hG4bKx;last";
    let via: Via = text.parse().unwrap();
    assert_eq!((via.received(), via.rport(), via.port), ("2001:db8::1".parse().ok(), Some(5070), Some(5062)));
    assert!(via.branch().is_some() && via.params.contains("last"));
    assert_eq!(via.to_string(), text);
    let asked: Via = "SIP/2.0/UDP h;rport;received=[2001:db8::1];branch=z9hG4bKx".parse().unwrap();
    assert_eq!((asked.received(), asked.rport()), ("2001:db8::1".parse().ok(), None), "with brackets, too");
    let wrong: Via = "SIP/2.0/UDP h;received=[2001:db8::1;rport=x".parse().unwrap();
    assert_eq!((wrong.received(), wrong.rport()), (None, None));
}

#[test]
fn defect_4_comma_joined_values_are_all_typed() {
    let headers = headers(
        "Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b;branch=z9hG4bK2\r\nVia: SIP/2.0/TLS c\r\n\
         Contact: <sip:a@b>;q=1, \"x, y\" <sip:c@d>\r\nRoute: <sip:p;lr>, <sip:q;lr>\r\n\
         Path: <sip:r;lr>,<sip:s;lr>\r\nService-Route: <sip:t;lr>, <sip:u;lr>\r\n\
         P-Asserted-Identity: \"A\" <sip:1@h>, <tel:+331>\r\nP-Preferred-Identity: sip:2@h\r\n",
    );
    let transports: Vec<String> = headers.values::<Via>(&HeaderName::Via).map(|via| via.transport).collect();
    assert_eq!(transports, ["UDP", "TCP", "TLS"]);
    let uris = |name: HeaderName| headers.addresses(&name).map(|a| a.uri.to_string()).collect::<Vec<_>>();
    assert_eq!(uris(HeaderName::Contact), ["sip:a@b", "sip:c@d"]);
    assert_eq!(uris(HeaderName::Route), ["sip:p;lr", "sip:q;lr"]);
    assert_eq!(uris(HeaderName::Path), ["sip:r;lr", "sip:s;lr"]);
    assert_eq!(uris(HeaderName::ServiceRoute), ["sip:t;lr", "sip:u;lr"]);
    assert_eq!(uris(HeaderName::PAssertedIdentity), ["sip:1@h", "tel:+331"]);
    assert_eq!(uris(HeaderName::PPreferredIdentity), ["sip:2@h"]);
}

#[test]
fn defect_5_telephone_numbers_have_no_host() {
    let uri: Uri = "tel:1234".parse().unwrap();
    assert_eq!(uri.as_tel().unwrap().digits(), "1234");
    assert!(uri.as_sip().is_none());
    assert_eq!(address("<tel:+33-1;phone-context=x>").uri.user().as_deref(), Some("+33-1"));
}

#[test]
fn defect_6_quoted_uri_parameters() {
    let read = uri("sip:a@h;x=\"a;b\";y=1");
    assert_eq!((read.params.get("x"), read.params.get("y")), (Some("\"a;b\""), Some("1")));
    let contact = address("<sip:a@h>;+sip.instance=\"<urn:uuid:0C67446E>\";reg-id=1");
    assert_eq!(contact.params.get("+sip.instance"), Some("\"<urn:uuid:0C67446E>\""));
    assert_eq!(contact.params.get("reg-id"), Some("1"));
}

#[test]
fn defect_7_uri_headers_are_kept() {
    let refer = address("<sip:carol@pbx;user=phone?Replaces=1%40b%3Bto-tag%3D2%3Bfrom-tag%3D3&Require=replaces>");
    let sip = refer.uri.as_sip().unwrap();
    assert_eq!(sip.host, "pbx");
    assert_eq!(sip.header("replaces").as_deref(), Some("1@b;to-tag=2;from-tag=3"));
    assert_eq!(sip.header("Require").as_deref(), Some("replaces"));
    assert_eq!(sip.header("Subject"), None);
}

#[test]
fn defect_8_content_length_ends_the_body() {
    let two = "OPTIONS sip:a@b SIP/2.0\r\nl: 2\r\n\r\nabOPTIONS sip:c@d SIP/2.0\r\nl: 0\r\n\r\n";
    assert_eq!(read(two).body, "ab");
    let mut framer = Framer::new();
    framer.push(two.as_bytes());
    let mut targets = Vec::new();
    while let Some(Frame::Message(bytes)) = framer.next().unwrap() {
        let Message::Request(request) = read_message(&bytes, Framing::Stream).unwrap().message else {
            panic!("a response");
        };
        targets.push(request.uri);
    }
    assert_eq!(targets, ["sip:a@b", "sip:c@d"]);
}

#[test]
fn defect_9_reason_phrases_of_every_registered_status() {
    let registered = [
        (100, "Trying"),
        (180, "Ringing"),
        (181, "Call Is Being Forwarded"),
        (182, "Queued"),
        (183, "Session Progress"),
        (199, "Early Dialog Terminated"),
        (200, "OK"),
        (202, "Accepted"),
        (204, "No Notification"),
        (300, "Multiple Choices"),
        (301, "Moved Permanently"),
        (302, "Moved Temporarily"),
        (305, "Use Proxy"),
        (380, "Alternative Service"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (402, "Payment Required"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (406, "Not Acceptable"),
        (407, "Proxy Authentication Required"),
        (408, "Request Timeout"),
        (410, "Gone"),
        (412, "Conditional Request Failed"),
        (413, "Request Entity Too Large"),
        (414, "Request-URI Too Long"),
        (415, "Unsupported Media Type"),
        (416, "Unsupported URI Scheme"),
        (417, "Unknown Resource-Priority"),
        (420, "Bad Extension"),
        (421, "Extension Required"),
        (422, "Session Interval Too Small"),
        (423, "Interval Too Brief"),
        (424, "Bad Location Information"),
        (425, "Bad Alert Message"),
        (428, "Use Identity Header"),
        (429, "Provide Referrer Identity"),
        (430, "Flow Failed"),
        (433, "Anonymity Disallowed"),
        (436, "Bad Identity Info"),
        (437, "Unsupported Credential"),
        (438, "Invalid Identity Header"),
        (439, "First Hop Lacks Outbound Support"),
        (440, "Max-Breadth Exceeded"),
        (469, "Bad Info Package"),
        (470, "Consent Needed"),
        (480, "Temporarily Unavailable"),
        (481, "Call/Transaction Does Not Exist"),
        (482, "Loop Detected"),
        (483, "Too Many Hops"),
        (484, "Address Incomplete"),
        (485, "Ambiguous"),
        (486, "Busy Here"),
        (487, "Request Terminated"),
        (488, "Not Acceptable Here"),
        (489, "Bad Event"),
        (491, "Request Pending"),
        (493, "Undecipherable"),
        (494, "Security Agreement Required"),
        (500, "Server Internal Error"),
        (501, "Not Implemented"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Server Time-out"),
        (505, "Version Not Supported"),
        (513, "Message Too Large"),
        (555, "Push Notification Service Not Supported"),
        (580, "Precondition Failure"),
        (600, "Busy Everywhere"),
        (603, "Decline"),
        (604, "Does Not Exist Anywhere"),
        (606, "Not Acceptable"),
        (607, "Unwanted"),
        (608, "Rejected"),
    ];
    for (status, phrase) in registered {
        assert_eq!(reason_phrase(status), phrase, "{status}");
    }
}

#[test]
fn defect_10_binary_bodies_survive() {
    let body: Vec<u8> = (0..=255).collect();
    let text = [b"MESSAGE sip:a@b SIP/2.0\r\nContent-Type: application/x\r\n\r\n".as_slice(), &body].concat();
    let read = request(&text);
    assert_eq!(read.body, body);
    assert_eq!(request(&read.to_bytes()).body, body);
}

#[test]
fn defect_11_internet_addresses_print_in_brackets() {
    let mut via: Via = "SIP/2.0/UDP [2001:DB8::1]:5060;rport;branch=z9hG4bKx".parse().unwrap();
    let back = via.stamp("[2001:db8::2]:6000".parse().unwrap());
    assert_eq!(back, "[2001:db8::2]:6000".parse().unwrap());
    assert_eq!(via.to_string(), "SIP/2.0/UDP [2001:DB8::1]:5060;rport=6000;branch=z9hG4bKx;received=2001:db8::2");
    assert_eq!(uri("sips:a@[2001:db8::9]:5061").host, "[2001:db8::9]");
}

#[test]
fn defect_12_extension_headers_stand_beside_each_other() {
    let mut headers = Headers::default();
    for (name, value) in [("X-One", "1"), ("X-Two", "2"), ("X-One", "3")] {
        headers.push(HeaderName::parse(name), value);
    }
    assert_eq!(list(&headers, HeaderName::Other("X-One".into())), ["1", "3"]);
    assert_eq!(list(&headers, HeaderName::Other("X-Two".into())), ["2"]);
    let differently = headers.get(&HeaderName::parse("x-two"));
    assert_eq!(differently.map(|v| &v[..]), Some(&b"2"[..]), "names have no case");
}

// Defect 13, digest, is the matter of `sip::digest`.

#[test]
fn defect_14_methods_have_case() {
    assert_ne!(Method::parse("Invite"), Method::INVITE);
    let read = read("invite sip:a@b SIP/2.0\r\nCSeq: 1 invite\r\n\r\n");
    assert_eq!(read.method, Method::Other("invite".into()));
    assert_eq!(read.headers.cseq().unwrap().method, read.method);
}

#[test]
fn whole_messages_are_not_rejected_for_one_oddity() {
    for (oddity, text) in [
        ("folded headers", "OPTIONS sip:a@b SIP/2.0\r\nSubject: a\r\n b\r\n\tc\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("a space before the colon", "OPTIONS sip:a@b SIP/2.0\r\nCSeq \t: 7 OPTIONS\r\n\r\n"),
        ("leading line breaks", "\r\n\r\n\nOPTIONS sip:a@b SIP/2.0\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("a junk line", "OPTIONS sip:a@b SIP/2.0\r\n???\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("a header with a strange name", "OPTIONS sip:a@b SIP/2.0\r\nX Y: z\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("an unknown method", "FOO sip:a@b SIP/2.0\r\nCSeq: 7 FOO\r\n\r\n"),
        ("IPv6", "OPTIONS sip:[::1]:5060 SIP/2.0\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("a telephone number", "OPTIONS tel:+33130872000 SIP/2.0\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("an unknown transport", "OPTIONS sip:a@b;transport=carrier-pigeon SIP/2.0\r\nCSeq: 7 OPTIONS\r\n\r\n"),
        ("an unknown scheme", "OPTIONS im:a@b SIP/2.0\r\nCSeq: 7 OPTIONS\r\n\r\n"),
    ] {
        let read = read(text);
        assert_eq!(read.headers.cseq().unwrap().number, 7, "{oddity}");
        assert!(read.uri.parse::<Uri>().is_ok(), "{oddity}");
    }
    let mut odd_bytes = b"OPTIONS sip:a@b SIP/2.0\r\nSubject: ".to_vec();
    odd_bytes.extend(1..=9);
    odd_bytes.extend(14..=255);
    odd_bytes.extend_from_slice(b"\r\nCSeq: 7 OPTIONS\r\n\r\n");
    assert_eq!(request(&odd_bytes).headers.cseq().unwrap().number, 7, "bytes of every kind");
}

#[test]
fn compact_names_become_the_names_they_stand_for() {
    for (compact, full) in [
        ("v", "Via"),
        ("f", "From"),
        ("t", "To"),
        ("i", "Call-ID"),
        ("m", "Contact"),
        ("l", "Content-Length"),
        ("c", "Content-Type"),
        ("e", "Content-Encoding"),
        ("k", "Supported"),
        ("o", "Event"),
        ("r", "Refer-To"),
        ("b", "Referred-By"),
        ("s", "Subject"),
        ("u", "Allow-Events"),
        ("x", "Session-Expires"),
    ] {
        let read = HeaderName::parse(compact);
        assert!(!matches!(read, HeaderName::Other(_)), "{compact}");
        assert_eq!(read.as_str(), full);
        assert_eq!(HeaderName::parse(&compact.to_ascii_uppercase()), read);
    }
}

#[test]
fn typed_headers_bear_spaces_quotes_and_lists() {
    assert_eq!(address("<sip:a@b> ; tag = 1 ; x").tag(), Some("1"), "spaces round `;` and `=`");
    let route = headers("Route: \"Proxy, the first\" <sip:p;lr>, Second <sip:q;lr>\r\n");
    let names: Vec<Option<String>> = route.addresses(&HeaderName::Route).map(|a| a.display_name).collect();
    assert_eq!(names, [Some("Proxy, the first".to_owned()), Some("Second".to_owned())], "display names in Route");
    let allow = headers("Allow: INVITE, FROBNICATE ,ACK\r\nAllow: BYE\r\n");
    assert_eq!(list(&allow, HeaderName::Allow), ["INVITE", "FROBNICATE", "ACK", "BYE"], "unknown methods in Allow");
}

#[test]
fn headers_unknown_to_rsip_have_names() {
    for name in [
        "Refer-To",
        "Referred-By",
        "Replaces",
        "Session-Expires",
        "Min-SE",
        "RAck",
        "RSeq",
        "Reason",
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "Diversion",
        "History-Info",
        "Path",
        "Service-Route",
        "Privacy",
        "User-to-User",
        "Remote-Party-ID",
        "Subscription-State",
    ] {
        let read = HeaderName::parse(name);
        assert!(!matches!(read, HeaderName::Other(_)), "{name}");
        assert_eq!(read.as_str(), name);
    }
}

#[test]
fn limits_are_told_and_the_five_headers_are_found_all_the_same() {
    let five = "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n";
    let long_uri = format!("OPTIONS sip:{}@b SIP/2.0\r\n{five}\r\n", "a".repeat(2_048));
    let long_value = format!("{MINIMAL}X: {}\r\n{five}\r\n", "a".repeat(16_385));
    let folded = format!("{MINIMAL}X: {}\r\n{five}\r\n", "a\r\n ".repeat(10_000));
    let many = format!("{MINIMAL}{five}{}\r\n", "X: y\r\n".repeat(252));
    let large = format!("{MINIMAL}{five}\r\n{}", "x".repeat(32_769));
    for (text, problem) in [
        (&long_uri, Problem::UriTooLong),
        (&long_value, Problem::HeaderTooLong),
        (&folded, Problem::HeaderTooLong),
        (&many, Problem::TooManyHeaders),
        (&large, Problem::TooLarge),
    ] {
        let read = read_datagram(text.as_bytes()).unwrap();
        assert_eq!(read.problem, Some(problem));
        let Message::Request(request) = read.message else { panic!("a response") };
        let headers = &request.headers;
        assert!(headers.top_via().is_some() && headers.from().is_some() && headers.to().is_some(), "{problem}");
        assert!(headers.call_id().is_some() && headers.cseq().is_some(), "{problem}");
    }
    assert_eq!(read_datagram(&vec![b'x'; 65_536]), Err(Unreadable::TooLarge));
}
