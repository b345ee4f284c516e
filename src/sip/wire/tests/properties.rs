//! Printing what was read, and reading that again, changes nothing: over random texts that look like the grammar.

use std::str::FromStr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::sip::digest::{Credentials, read_challenges};

/// Pieces values are made of, right and wrong.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "sip:",
            "sips:",
            "tel:",
            "<",
            ">",
            "\"",
            "\\",
            "\\\"",
            ";",
            ",",
            "=",
            "@",
            ":",
            "?",
            "&",
            "%41",
            "%",
            " ",
            "\t",
            "[",
            "]",
            "[::1]",
            "127.0.0.1",
            "host.example",
            ":5060",
            ";lr",
            ";tag=",
            "branch=z9hG4bK",
            "received=",
            "rport",
            "SIP/2.0/UDP ",
            "Digest ",
            "realm=",
            "nonce=",
            "qop=\"auth,auth-int\"",
            "nc=00000001",
            "algorithm=MD5",
            "é",
            "\u{0}",
            "+33",
            "cause=200",
            "text=",
            "/",
            "--",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9.-]{1,8}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    vec(piece(), 0..16).prop_map(|pieces| pieces.concat())
}

/// A value with a beginning that makes it likely to be readable.
fn begun(beginnings: &'static [&'static str]) -> impl Strategy<Value = String> {
    (prop::sample::select(beginnings), value()).prop_map(|(begin, rest)| format!("{begin}{rest}"))
}

/// Reads, prints, reads: the same value and the same text.
fn stable<T: FromStr + ToString + PartialEq + std::fmt::Debug>(text: &str) -> Result<(), TestCaseError> {
    if let Ok(first) = text.parse::<T>() {
        let printed = first.to_string();
        let Ok(second) = printed.parse::<T>() else {
            return Err(TestCaseError::fail(format!("{text:?} printed as {printed:?}, which is unreadable")));
        };
        prop_assert_eq!(&second, &first);
        prop_assert_eq!(second.to_string(), printed);
    }
    Ok(())
}

proptest! {
    #[test]
    fn uris(text in begun(&["", "sip:", "sip:a@", "sips:a:b@[::1]", "tel:+33"])) {
        stable::<Uri>(&text)?;
        stable::<TelUri>(&text)?;
        if let Ok(Uri::Sip(sip)) = text.parse::<Uri>() {
            prop_assert_eq!(sip.to_string(), Uri::Sip(sip.clone()).to_string());
        }
    }

    #[test]
    fn addresses_and_their_kin(text in begun(&["", "<sip:a@b>", "\"x\" <sip:a@b", "sip:a@b;", "n <tel:+33>;"])) {
        stable::<NameAddr>(&text)?;
        stable::<Diversion>(&text)?;
        stable::<HistoryEntry>(&text)?;
        stable::<RemotePartyId>(&text)?;
        stable::<ReferTo>(&text)?;
        stable::<ReferredBy>(&text)?;
    }

    #[test]
    fn vias(text in begun(&["", "SIP/2.0/UDP ", "SIP / 2.0 / TCP h", "SIP/2.0/TLS [::1]:5061;"])) {
        stable::<Via>(&text)?;
    }

    #[test]
    fn other_values(text in begun(&["", "SIP;cause=", "Q.850;", "id;", "00fa;", "\"a\";", "multipart/mixed;", "1800;", "1 2 INVITE", "x;to-tag=1;from-tag=2"])) {
        stable::<Reason>(&text)?;
        stable::<Privacy>(&text)?;
        stable::<UserToUser>(&text)?;
        stable::<MediaType>(&text)?;
        stable::<Replaces>(&text)?;
        stable::<SessionExpires>(&text)?;
        stable::<EventType>(&text)?;
        stable::<SubscriptionState>(&text)?;
        stable::<RAck>(&text)?;
        let params = Params::parse(&text);
        prop_assert_eq!(Params::parse(&params.to_string()), params);
    }

    #[test]
    fn digests(text in begun(&["", "Digest realm=\"r\", nonce=\"n\", ", "Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:a\",response=\"0\","])) {
        stable::<Credentials>(&text)?;
        for challenge in read_challenges(&text).into_iter().flatten() {
            let printed = challenge.to_string();
            prop_assert_eq!(read_challenges(&printed), vec![Ok(challenge)]);
        }
    }

    #[test]
    fn messages(
        uri in value(),
        fields in vec((prop::sample::select(vec!["Via", "f", "To", "Call-ID", "cseq", "Contact", "X-Y", "l", "c"]), value()), 0..12),
        body in vec(any::<u8>(), 0..40),
        response in any::<bool>(),
    ) {
        let start = if response { format!("SIP/2.0 200 {uri}") } else { format!("INVITE {uri} SIP/2.0") };
        let mut text = format!("{start}\r\n").into_bytes();
        for (name, value) in fields {
            text.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&body);
        if let Ok(Incoming { message, problem: None }) = read_datagram(&text) {
            let printed = message.to_bytes();
            let again = read_message(&printed, Framing::Stream).unwrap();
            prop_assert_eq!(again.problem, None);
            prop_assert_eq!(again.message.to_bytes(), printed);
        }
    }

    /// However a stream is cut, the same messages come out of it.
    #[test]
    fn streams(bodies in vec(vec(any::<u8>(), 0..30), 1..5), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        let mut stream = Vec::new();
        for body in &bodies {
            let head = format!("MESSAGE sip:a@b SIP/2.0\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(body);
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.sort_unstable();
        cuts.push(stream.len());
        let mut framer = Framer::new();
        let mut found = Vec::new();
        let mut at = 0;
        for cut in cuts {
            framer.push(&stream[at..cut]);
            at = cut;
            while let Some(frame) = framer.next().unwrap() {
                let Frame::Message(bytes) = frame else { panic!("a keep-alive") };
                let Message::Request(request) = read_message(&bytes, Framing::Stream).unwrap().message else { panic!("a response") };
                found.push(request.body.to_vec());
            }
        }
        prop_assert_eq!(found, bodies);
    }
}
