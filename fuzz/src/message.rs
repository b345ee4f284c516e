//! One message: it reads or not, every accessor survives it, and what is printed reads the same.

use bytes::Bytes;

use crate::sip::CallOrigin;
use crate::sip::wire::{Framing, HeaderName, Headers, Message, Part, Via, read_datagram, read_message, read_multipart};

pub fn check(data: &[u8]) {
    let _ = read_message(data, Framing::Stream);
    let Ok(first) = read_datagram(data) else {
        return;
    };
    look_at(&first.message);
    let printed = first.message.to_bytes();
    if first.problem.is_some() {
        return;
    }
    let second = read_message(&printed, Framing::Stream).expect("readable what was printed");
    assert_eq!(second.problem, None);
    match (&first.message, &second.message) {
        (Message::Request(a), Message::Request(b)) => {
            assert_eq!((&a.method, &a.uri, &a.body), (&b.method, &b.uri, &b.body));
        }
        (Message::Response(a), Message::Response(b)) => {
            // A lone carriage return is no line end to us, but may be to others: it is written as a space.
            assert_eq!((a.status, a.reason.replace('\r', " "), &a.body), (b.status, b.reason.clone(), &b.body));
        }
        _ => panic!("a request became a response"),
    }
    assert_eq!(second.message.to_bytes(), printed);
}

fn look_at(message: &Message) {
    let (headers, body) = match message {
        Message::Request(request) => {
            let _ = CallOrigin::of_invite(request);
            (&request.headers, &request.body)
        }
        Message::Response(response) => (&response.headers, &response.body),
    };
    assert!(headers.iter().count() <= 256);
    let _ = (headers.from(), headers.to(), headers.cseq(), headers.contact(), headers.content_type());
    let _ = (headers.reasons(), headers.privacy(), headers.diversions(), headers.history());
    for (name, _) in headers.iter() {
        let _ = headers.addresses(name).count();
    }
    if let Some(via) = headers.top_via() {
        let _ = (via.received(), via.rport(), via.sent_by());
        assert_eq!(via.to_string().parse::<Via>().as_ref(), Ok(via));
    }
    look_into(headers, body);
}

fn look_into(headers: &Headers, body: &Bytes) {
    let Some(media) = headers.media_type() else {
        return;
    };
    let Some(kind) = headers.get(&HeaderName::ContentType) else {
        return;
    };
    if let Ok(parts) = read_multipart(&media, body) {
        assert!(parts.len() <= 16);
        assert!(parts.iter().map(|part| part.body.len()).sum::<usize>() <= body.len());
    }
    let mut headers = Headers::default();
    headers.push(HeaderName::ContentType, kind.clone());
    let _ = Part { headers, body: body.clone() }.find("application/sdp");
}
