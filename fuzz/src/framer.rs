//! A stream: the first byte says how it is cut; however it is, the same messages come out, and no more than went in.

use bytes::Bytes;

use crate::sip::wire::{Frame, Framer, Framing, FramingError, read_message};

pub fn check(data: &[u8]) {
    let Some((&cut, stream)) = data.split_first() else {
        return;
    };
    let whole = messages(stream, stream.len().max(1));
    assert_eq!(messages(stream, usize::from(cut).max(1)), whole);
    assert_eq!(messages(stream, 1), whole);
    let total: usize = whole.0.iter().map(Bytes::len).sum();
    assert!(total <= stream.len());
    for message in &whole.0 {
        let _ = read_message(message, Framing::Stream);
    }
}

fn messages(stream: &[u8], size: usize) -> (Vec<Bytes>, Option<FramingError>) {
    let mut framer = Framer::new();
    let mut found = Vec::new();
    for segment in stream.chunks(size) {
        framer.push(segment);
        loop {
            match framer.next() {
                Ok(Some(Frame::Message(bytes))) => found.push(bytes),
                Ok(Some(Frame::Ping | Frame::Pong)) => {}
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
    }
    (found, None)
}
