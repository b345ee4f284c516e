//! Streams (RFC 3261 §18.3, RFC 5626 §3.5.1): whole messages and keep-alives out of any segments.

use bytes::Bytes;

use super::*;

const FIRST: &str = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nContent-Length\t:\r\n 12\r\n\r\n\r\nl: 3\r\n\r\nx\r";
const SECOND: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nl: 0\r\n\r\n";

/// Everything that comes out, frame by frame, when these segments go in.
fn frames(segments: &[&[u8]]) -> Vec<Result<Frame, FramingError>> {
    let mut framer = Framer::new();
    let mut found = Vec::new();
    for segment in segments {
        framer.push(segment);
        loop {
            match framer.next() {
                Ok(Some(frame)) => found.push(Ok(frame)),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(framer.next(), Err(error), "an error is for ever");
                    if found.last() != Some(&Err(error)) {
                        found.push(Err(error));
                    }
                    break;
                }
            }
        }
    }
    found
}

fn message(text: &str) -> Result<Frame, FramingError> {
    Ok(Frame::Message(Bytes::copy_from_slice(text.as_bytes())))
}

fn problem(frame: &Result<Frame, FramingError>) -> Option<Problem> {
    match frame {
        Ok(Frame::Message(bytes)) => read_message(bytes, Framing::Stream).unwrap().problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_messages_in_one_segment() {
    let stream = [FIRST, SECOND, FIRST].concat();
    assert_eq!(frames(&[stream.as_bytes()]), [message(FIRST), message(SECOND), message(FIRST)]);
    let Ok(Frame::Message(bytes)) = &frames(&[FIRST.as_bytes()])[0] else { panic!("no message") };
    let Message::Request(read) = read_message(bytes, Framing::Stream).unwrap().message else { panic!("a response") };
    assert_eq!(&read.body[..], b"\r\nl: 3\r\n\r\nx\r", "the body may look like a head");
}

#[test]
fn two_messages_split_at_every_position() {
    let stream = [FIRST, SECOND].concat();
    let whole = [message(FIRST), message(SECOND)];
    for at in 0..=stream.len() {
        let (left, right) = stream.as_bytes().split_at(at);
        assert_eq!(frames(&[left, right]), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(frames(&bytes), whole, "byte by byte");
}

#[test]
fn keep_alives_between_messages() {
    let stream = format!("\r\n\r\n{FIRST}\r\n\r\n\r\n\r\n{SECOND}\r\n");
    let expected =
        [Ok(Frame::Ping), message(FIRST), Ok(Frame::Ping), Ok(Frame::Ping), message(SECOND), Ok(Frame::Pong)];
    assert_eq!(frames(&[stream.as_bytes()]), expected);
    for at in 0..=stream.len() {
        let (left, right) = stream.as_bytes().split_at(at);
        let found = frames(&[left, right]);
        let pings = found.iter().filter(|f| **f == Ok(Frame::Ping)).count();
        assert_eq!(pings, 3, "no split hides a ping: {at}");
        assert_eq!(found.iter().filter(|f| matches!(f, Ok(Frame::Message(_)))).count(), 2);
    }
}

#[test]
fn a_pong_is_told_at_once_and_a_late_second_half_makes_a_ping() {
    assert_eq!(frames(&[b"\r\n"]), [Ok(Frame::Pong)]);
    assert_eq!(frames(&[b"\r\n", b"\r\n"]), [Ok(Frame::Pong), Ok(Frame::Ping)]);
    assert_eq!(frames(&[b"\r", b"\n", b"\r", b"\n"]), [Ok(Frame::Pong), Ok(Frame::Ping)]);
    assert_eq!(frames(&[b"\r\n\r\n\r\n"]), [Ok(Frame::Ping), Ok(Frame::Pong)]);
    assert_eq!(frames(&[b"\n\n\r"]), [], "lone halves mean nothing");
    // One line break before a message is a blank (§7.5).
    assert_eq!(frames(&[b"\r\n", SECOND.as_bytes()]), [Ok(Frame::Pong), message(SECOND)]);
}

#[test]
fn content_length_is_required_and_its_lack_is_answered() {
    for (length, why) in [
        ("", Problem::NoContentLength),
        ("l: -1\r\n", Problem::ContentLength),
        ("l: \r\n", Problem::ContentLength),
        ("l: 1 2\r\n", Problem::ContentLength),
        ("l: 5\r\nContent-Length: 6\r\n", Problem::ContentLength),
    ] {
        let head = format!("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n{length}\r\n");
        let found = frames(&[head.as_bytes(), b"12345", SECOND.as_bytes()]);
        assert_eq!(found, [message(&head), Err(FramingError::ContentLength)], "{length:?}");
        assert_eq!(problem(&found[0]), Some(why), "{length:?}");
    }
    let twice = "OPTIONS sip:a@b SIP/2.0\r\nl: 05\r\nContent-Length: 5\r\n\r\n12345";
    assert_eq!(frames(&[twice.as_bytes()]), [message(twice)], "the same twice is the same");
}

#[test]
fn messages_beyond_the_limit_get_413_and_end_the_connection() {
    for length in ["65535", "99999999999999999999999999999999999999999"] {
        let head = format!("OPTIONS sip:a@b SIP/2.0\r\nl: {length}\r\n\r\n");
        let found = frames(&[head.as_bytes(), b"12345"]);
        assert_eq!(found, [message(&head), Err(FramingError::TooLarge)]);
        assert_eq!(problem(&found[0]), Some(Problem::TooLarge));
    }
    let head = "OPTIONS sip:a@b SIP/2.0\r\nl: ";
    let body = 65_535 - head.len() - 5 - 4;
    let largest = format!("{head}{body}\r\n\r\n{}", "x".repeat(body));
    assert_eq!(largest.len(), 65_535);
    assert_eq!(frames(&[largest.as_bytes()]), [message(&largest)]);
}

#[test]
fn a_head_without_end_is_given_up() {
    let endless = format!("OPTIONS sip:a@b SIP/2.0\r\n{}", "X: y\r\n".repeat(20_000));
    let segments: Vec<&[u8]> = endless.as_bytes().chunks(1_000).collect();
    let found = frames(&segments);
    assert_eq!(found.len(), 2);
    assert_eq!(problem(&found[0]), Some(Problem::TooManyHeaders));
    assert_eq!(found[1], Err(FramingError::TooLarge));
}

#[test]
fn strangers_are_told_apart_at_once() {
    for stranger in
        [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET / HTTP/1.1\r\n", b"hello\r\n", b"\0", b"REGISTER sip:x\r\n"]
    {
        assert_eq!(frames(&[stranger]), [Err(FramingError::NotSip)], "{stranger:?}");
    }
    // After a message that was shorter than announced nothing fits any more.
    assert_eq!(frames(&[SECOND.as_bytes(), b"left over\r\n"]), [message(SECOND), Err(FramingError::NotSip)]);
}

#[test]
fn memory_is_bounded_and_given_back() {
    let mut framer = Framer::new();
    for _ in 0..1_000 {
        framer.push(&[b'x'; 1_000]);
    }
    assert_eq!(framer.next(), Err(FramingError::Overflow));
    // A whole message comes byte by byte: the work grows with its length, not with the square.
    let mut framer = Framer::new();
    let head = format!("OPTIONS sip:a@b SIP/2.0\r\nX: {}\r\nl: 0\r\n", "x".repeat(60_000));
    for byte in head.bytes() {
        framer.push(&[byte]);
        assert_eq!(framer.next(), Ok(None));
    }
    framer.push(b"\r\n");
    assert!(matches!(framer.next(), Ok(Some(Frame::Message(_)))));
    assert_eq!(framer.next(), Ok(None));
    assert_eq!(format!("{framer:?}"), format!("{:?}", Framer::new()));
}
