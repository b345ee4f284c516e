//! The torture tests of RFC 4475 and RFC 5118, one test a message. The messages lie beside the project, in
//! `../shared/data/sip`; without them each test says so and passes. `net` sends them through a real socket, too.

mod details;
mod table;

use super::super::wire::HeaderName;
use super::*;
use crate::testing::shared_data;

/// What we do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// This final status, and nothing is remembered but its transaction.
    Status(u16),
    /// 100, and the application is told of a call.
    Call,
    /// Nothing at all.
    Dropped,
}

/// One message of the corpora.
#[derive(Debug)]
pub(crate) struct Torture {
    pub(crate) path: &'static str,
    pub(crate) outcome: Outcome,
    /// What the RFC asks.
    pub(crate) asks: &'static str,
}

/// A named test for each message, and the table of all.
macro_rules! torture {
    ($($name:ident $path:literal $outcome:expr, $asks:literal;)*) => {
        pub(crate) const MESSAGES: &[super::Torture] =
            &[$(super::Torture { path: $path, outcome: $outcome, asks: $asks }),*];

        $(
            #[test]
            fn $name() {
                super::endure(&super::Torture { path: $path, outcome: $outcome, asks: $asks });
            }
        )*
    };
}
use torture;

pub(crate) use table::MESSAGES;

/// The message's bytes, `None` when the corpora are not there.
pub(crate) fn message(path: &str) -> Option<Vec<u8>> {
    let bytes = shared_data(&format!("sip/{path}"))?;
    Some(if path.starts_with("rfc5118/") { with_true_length(&bytes) } else { bytes })
}

/// In RFC 5118 Content-Length is not always the length of the body, which is not what its messages are about.
fn with_true_length(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().map(|line| match line.starts_with("Content-Length:") {
        true => format!("Content-Length: {}\r\n", body.len()),
        false => format!("{line}\r\n"),
    });
    format!("{}\r\n{body}", lines.collect::<String>()).into_bytes()
}

/// Gives the message to an endpoint and looks at what it does.
fn endure(torture: &Torture) {
    let Some(bytes) = message(torture.path) else {
        return;
    };
    let Torture { outcome, asks, .. } = torture;
    let mut net = Net::new(4475);
    net.deliver(AGENT, address(PEER), &bytes);
    let answers: Vec<Response> = net
        .carried
        .iter()
        .map(|carried| match read_datagram(&carried.bytes).unwrap().message {
            Message::Response(response) => response,
            other => panic!("{asks}: {other:?}"),
        })
        .collect();
    let calls = net.events(AGENT).iter().filter(|event| matches!(event, Event::Incoming { .. })).count();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    match outcome {
        Outcome::Status(status) => assert_eq!((statuses, calls), (vec![*status], 0), "{asks}"),
        Outcome::Call => assert_eq!((statuses, calls), (vec![100], 1), "{asks}"),
        Outcome::Dropped => assert_eq!((statuses, calls), (vec![], 0), "{asks}"),
    }
    if let (Some(answer), Ok(incoming)) = (answers.first(), read_datagram(&bytes)) {
        let Message::Request(request) = incoming.message else { panic!("{asks}: a response was answered") };
        copies_what_it_must(&request, answer);
    }
    if *outcome == Outcome::Call {
        let call = net.incoming(AGENT);
        net.command(AGENT, call, Command::HangUp);
    }
    net.assert_forgotten();
}

/// RFC 3261 §8.2.6.2: From, Call-ID, CSeq byte for byte, every Via but the first, To with a tag.
fn copies_what_it_must(request: &Request, answer: &Response) {
    for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
        assert_eq!(answer.headers.get(&name), request.headers.get(&name), "{name:?}");
    }
    let vias = |headers: &crate::sip::wire::Headers| headers.list(&HeaderName::Via).skip(1).collect::<Vec<_>>();
    assert_eq!(vias(&answer.headers), vias(&request.headers));
    if let (Some(sent), Some(got)) = (request.headers.get(&HeaderName::To), answer.headers.get(&HeaderName::To)) {
        assert!(got.starts_with(sent), "{got:?}");
        // A To that cannot be read may have been given a tag all the same.
        let tagged = String::from_utf8_lossy(got).contains("tag");
        assert!(tagged || answer.status == 100, "{got:?}");
    }
}

#[test]
fn every_message_of_the_corpora_has_its_test() {
    let Some(valid) = crate::testing::shared_files("sip") else {
        return;
    };
    let mut listed: Vec<String> = MESSAGES.iter().map(|torture| torture.path.to_owned()).collect();
    listed.sort();
    assert_eq!(listed, valid);
    assert_eq!(listed.len(), 49 + 12);
}
