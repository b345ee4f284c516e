//! Whatever arrives, in whatever order: no panic, nothing kept for ever (properties over random input).

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Messages to start mutating from.
fn seeds() -> Vec<String> {
    let contact = "Contact: <sip:alice@127.0.0.1:5061>\r\n";
    let sdp = format!("{contact}Content-Type: application/sdp\r\n");
    let mut seeds: Vec<String> =
        ["ACK", "BYE", "CANCEL", "OPTIONS", "NOTIFY", "REFER", "INFO", "UPDATE", "PRACK", "FOO"]
            .iter()
            .map(|method| raw(method, contact, ""))
            .collect();
    seeds.push(raw("INVITE", &sdp, OFFER));
    let extensions = "Require: 100rel\r\nSupported: timer\r\nSession-Expires: 100;refresher=uas\r\nMin-SE: 90\r\n";
    seeds.push(raw("INVITE", &format!("{sdp}{extensions}"), OFFER));
    seeds.push(raw("INVITE", &format!("{contact}{extensions}Replaces: raw-call;to-tag=a;from-tag=raw\r\n"), ""));
    seeds.push(raw("PRACK", "RAck: 1 1 INVITE\r\n", ""));
    seeds.push(raw("UPDATE", &format!("{sdp}{extensions}"), OFFER));
    seeds.push(raw("REFER", "Refer-To: <sip:a@b?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\nRefer-Sub: false\r\n", ""));
    seeds.push(
        "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP [::1]:5060 ;branch=z9hG4bK1,SIP/2.0/TCP x\r\nf: \"a\\\"b\" <sip:a.b@c>;tag=1\r\n\
         t: <tel:+33;ext=1>;tag=2\r\ni: x@y\r\nCSeq: 1 INVITE\r\nm: <sip:a@[::1]:1;lr?Replaces=1%40b>;q=0.1\r\nl: 0\r\n\r\n"
            .to_owned(),
    );
    seeds
}

/// Cuts, overwrites, doubles and inserts bytes.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..5, 1usize..20), 0..8);
    (prop::sample::select(seeds()), edits).prop_map(|(seed, edits)| {
        let mut bytes = seed.into_bytes();
        for (at, byte, kind, length) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, b"\r\n;,<>\"@:= \\%[]\0\xff"[usize::from(byte) % 17]),
                3 => drop(bytes.drain(at..end)),
                _ => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        bytes
    })
}

/// One step of a wild life: what happens, and how long after the last.
#[derive(Debug, Clone)]
enum Step {
    Arrives(Vec<u8>),
    /// A datagram the endpoint or its peer sent before comes (again).
    Echo(prop::sample::Index, bool),
    Command(u64, Command),
    /// A datagram sent before comes with its last digits changed: another number, branch or tag.
    Twisted(prop::sample::Index, u8),
    /// With or without an offer.
    Dial(bool),
    /// To a name, with or without an offer.
    DialName(bool),
    /// A look-up is answered, for the first time or once more: how many addresses.
    Located(prop::sample::Index, u8),
    /// The answer to a request sent before: any status, from any fork, with or without SDP, reliable or not.
    Reply(prop::sample::Index, u16, u8, bool, Option<u32>),
    Ping(bool),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Ring),
        Just(Command::Answer { sdp: ANSWER.to_owned() }),
        (0u16..1000).prop_map(|status| Command::Reject { status }),
        Just(Command::AnswerReoffer { sdp: Some(ANSWER.to_owned()) }),
        Just(Command::AnswerReoffer { sdp: None }),
        Just(Command::EarlyMedia { sdp: ANSWER.to_owned() }),
        Just(Command::Reoffer { sdp: Some(OFFER.to_owned()) }),
        Just(Command::Reoffer { sdp: None }),
        Just(Command::Update { sdp: Some(OFFER.to_owned()) }),
        Just(Command::Update { sdp: None }),
        (1u64..6).prop_map(|call| Command::AttendedTransfer { other: CallHandle(call) }),
        Just(Command::HangUp),
        Just(Command::Transfer { target: "sip:x@127.0.0.1:5061".to_owned() }),
        Just(Command::AcceptTransfer),
        (0u16..1000).prop_map(|status| Command::NotifyTransfer { status }),
    ]
}

fn status() -> impl Strategy<Value = u16> {
    let known = vec![100, 180, 183, 200, 202, 302, 401, 405, 408, 422, 481, 486, 487, 491, 500, 503, 603];
    prop_oneof![4 => prop::sample::select(known), 1 => 100u16..700]
}

fn step() -> impl Strategy<Value = (Step, u64)> {
    let step = prop_oneof![
        3 => mutated().prop_map(Step::Arrives),
        3 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(i, m)| Step::Echo(i, m)),
        4 => (1u64..6, command()).prop_map(|(call, command)| Step::Command(call, command)),
        1 => any::<bool>().prop_map(Step::Dial),
        1 => any::<bool>().prop_map(Step::DialName),
        2 => (any::<prop::sample::Index>(), 0u8..4).prop_map(|(i, count)| Step::Located(i, count)),
        2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(i, b)| Step::Twisted(i, b)),
        3 => (any::<prop::sample::Index>(), status(), 0u8..4, any::<bool>(), proptest::option::of(1u32..4))
            .prop_map(|(i, status, fork, sdp, rseq)| Step::Reply(i, status, fork, sdp, rseq)),
        1 => any::<bool>().prop_map(Step::Ping),
    ];
    (step, prop_oneof![Just(0u64), 1u64..100, 100u64..5_000, Just(33_000)])
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..600)) {
        let mut net = Net::new(110);
        net.deliver(AGENT, address(PEER), &bytes);
        prop_assert!(net.carried.len() <= 1);
    }

    #[test]
    fn what_is_read_is_printed_and_read_again(bytes in mutated()) {
        let Ok(first) = read_datagram(&bytes) else { return Ok(()) };
        let printed = first.message.to_bytes();
        // Bytes that are no UTF-8 may stand in a Request-URI only in a message that is refused.
        let second = read_datagram(&printed).unwrap();
        prop_assert_eq!(&printed, &second.message.to_bytes());
        if first.problem.is_none() {
            prop_assert_eq!(second.problem, None);
            let (a, b) = (first.message, second.message);
            match (&a, &b) {
                (Message::Request(a), Message::Request(b)) => {
                    prop_assert_eq!(&a.method, &b.method);
                    prop_assert_eq!(&a.uri, &b.uri);
                    prop_assert_eq!(&a.body, &b.body);
                }
                (Message::Response(a), Message::Response(b)) => {
                    prop_assert_eq!(a.status, b.status);
                    prop_assert_eq!(&a.body, &b.body);
                }
                _ => prop_assert!(false, "a request became a response"),
            }
        }
    }

    #[test]
    fn addresses_read_what_they_print(text in "[a-z:@;=\"<>?.0-9\\[\\] %\\\\,é]{0,40}") {
        use crate::sip::wire::{NameAddr, Params, Uri, Via};
        for text in [text.clone(), format!("sip:{text}"), format!("\"x\" <sip:a@b{text}"), format!("SIP/2.0/UDP {text}")] {
            if let Ok(uri) = text.parse::<Uri>() {
                prop_assert_eq!(uri.to_string().parse::<Uri>().unwrap(), uri);
            }
            if let Ok(address) = text.parse::<NameAddr>() {
                prop_assert_eq!(address.to_string().parse::<NameAddr>().unwrap(), address);
            }
            if let Ok(via) = text.parse::<Via>() {
                prop_assert_eq!(via.to_string().parse::<Via>().unwrap(), via);
            }
            let params = Params::parse(&text);
            prop_assert_eq!(Params::parse(&params.to_string()), params);
        }
    }

    /// Two endpoints live through anything; once both have hung up, all is forgotten.
    #[test]
    fn wild_lives_end(steps in vec(step(), 1..40), seed in any::<u64>(), loss in 0.0f64..0.3) {
        let mut net = Net::new(seed >> 1);
        net.loss = loss;
        net.duplication = 0.1;
        net.jitter = seconds(0.5);
        net.held = Some(Vec::new());
        for (step, wait) in steps {
            match step {
                Step::Arrives(bytes) => net.deliver(AGENT, address(PEER), &bytes),
                Step::Echo(index, mirrored) if !net.carried.is_empty() => {
                    let carried = net.carried[index.index(net.carried.len())].clone();
                    let to = if mirrored { carried.from } else { 1 - carried.from };
                    net.deliver(to, address(1 - to), &carried.bytes);
                }
                Step::Echo(..) => {}
                Step::Command(call, command) => {
                    for who in [AGENT, PEER] {
                        net.command(who, CallHandle(call), command.clone());
                    }
                }
                Step::DialName(offers) => {
                    let (target, destination) = ("sip:mairie@pbx.example".to_owned(), Destination::Target);
                    let offer = offers.then(|| OFFER.to_owned());
                    net.endpoints[PEER].dial(net.now, Dial::to(target, destination, offer));
                    net.drain(PEER);
                }
                Step::Located(index, count) => {
                    let held = net.held.clone().unwrap_or_default();
                    if !held.is_empty() {
                        let (who, look_up) = held[index.index(held.len())];
                        let found: Vec<SocketAddr> = (0..count).map(|n| address(usize::from(n))).collect();
                        net.located(who, look_up, &found);
                    }
                }
                Step::Dial(offers) => drop(net.dial_with(PEER, AGENT, offers.then_some(OFFER))),
                Step::Twisted(index, byte) if !net.carried.is_empty() => {
                    let carried = net.carried[index.index(net.carried.len())].clone();
                    let mut bytes = carried.bytes.to_vec();
                    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
                    let at = digits[usize::from(byte) % digits.len()];
                    bytes[at] = b'0' + byte % 10;
                    let to = 1 - carried.from;
                    net.deliver(to, address(1 - to), &bytes);
                }
                Step::Reply(index, status, fork, sdp, rseq) => {
                    let sent: Vec<(usize, Request)> = net
                        .carried
                        .iter()
                        .filter_map(|c| match read_datagram(&c.bytes).unwrap().message {
                            Message::Request(request) => Some((c.from, request)),
                            Message::Response(_) => None,
                        })
                        .collect();
                    if !sent.is_empty() {
                        let (who, request) = &sent[index.index(sent.len())];
                        let mut extra = format!(
                            "Contact: <sip:f{fork}@127.0.0.1:5062>\r\nRetry-After: 1\r\nMin-SE: 95\r\n\
                             Session-Expires: 95;refresher=uac\r\nContent-Type: application/sdp\r\n"
                        );
                        if (300..400).contains(&status) {
                            extra.push_str("Contact: <sip:n@pbx.example>;q=0.5\r\n");
                        }
                        if let Some(rseq) = rseq {
                            extra.push_str(&format!("Require: 100rel\r\nRSeq: {rseq}\r\n"));
                        }
                        let body = if sdp { ANSWER } else { "" };
                        let text = response_text(request, status, &format!("f{fork}"), &extra, body);
                        net.deliver(*who, address(1 - who), text.as_bytes());
                    }
                }
                Step::Twisted(..) => {}
                Step::Ping(named) => {
                    let (now, flow) = (net.now, Flow::udp(address(AGENT)));
                    let destination = if named { Destination::Target } else { flow.into() };
                    net.endpoints[PEER].ping(now, "sip:mairie@pbx.example".to_owned(), destination);
                    net.drain(PEER);
                }
            }
            net.run(Duration::from_millis(wait));
        }
        let ended = |net: &Net, who: usize, call: CallHandle| {
            let of_call: Vec<_> = net.events[who].iter().filter(|e| e.1 == call).collect();
            let ends = of_call.iter().filter(|e| matches!(e.2, Event::Ended { .. })).count();
            let last = of_call.last().is_none_or(|e| matches!(e.2, Event::Ended { .. }));
            ends <= 1 && (ends == 0 || last)
        };
        for _ in 0..3 {
            for who in [AGENT, PEER] {
                for call in 1..60 {
                    net.command(who, CallHandle(call), Command::HangUp);
                }
            }
            net.run(seconds(40.0));
        }
        for who in [AGENT, PEER] {
            for call in 1..60 {
                prop_assert!(ended(&net, who, CallHandle(call)), "{call}: {:?}", net.events[who]);
            }
        }
        net.loss = 0.0;
        net.assert_forgotten();
    }
}
