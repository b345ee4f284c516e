//! Messages out of a byte stream (RFC 3261 §18.3), and its keep-alives (RFC 5626 §3.5.1, §4.4.1). PURE.
//!
//! Owns: where one message ends and the next begins. Must not know: connections, what a message says.

use bytes::{Bytes, BytesMut};

use super::header::HeaderName;
use super::reader::{ContentLength, Fields, MAX_MESSAGE, split_field};

/// What may lie here between two calls of [`Framer::next`]. Whoever pushes more without taking frames out is told
/// [`FramingError::Overflow`].
const MAX_BUFFERED: usize = 4 * MAX_MESSAGE;

/// Memory a connection may keep between messages.
const IDLE_CAPACITY: usize = 4_096;

/// What a stream consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, for [`super::read_message`] with [`super::Framing::Stream`].
    Message(Bytes),
    /// CRLF CRLF between messages: the peer wants one CRLF back.
    Ping,
    /// A lone CRLF: the answer to our ping. When the second half of a ping comes later, the first is told as this, which
    /// harms nobody.
    Pong,
}

/// Why no further message can be found in a stream: close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("what arrives is not sip")]
    NotSip,
    #[error("a message without usable content-length")]
    ContentLength,
    #[error("a message of more than 65535 bytes")]
    TooLarge,
    #[error("more bytes at once than are kept")]
    Overflow,
}

/// Cuts one direction of a connection into frames. Holds at most one unfinished message besides what was pushed since
/// [`Framer::next`] last said `None`.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: BytesMut,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// Between messages.
    #[default]
    Between,
    /// Between messages; the last thing seen was a CRLF, which may be the first half of a ping.
    AfterPong,
    /// A message has begun; its head does not end before `scanned`.
    Head {
        scanned: usize,
    },
    /// The message ends where the buffer reaches `total`.
    Body {
        total: usize,
    },
    Failed(FramingError),
}

impl Framer {
    pub fn new() -> Framer {
        Framer::default()
    }

    /// Takes bytes as they arrive. Take the frames out afterwards.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.state {
            State::Failed(_) => {}
            _ if self.buffer.len().saturating_add(bytes.len()) > MAX_BUFFERED => self.fail(FramingError::Overflow),
            _ => self.buffer.extend_from_slice(bytes),
        }
    }

    /// The next frame; `None` until more bytes are here.
    ///
    /// # Errors
    /// [`FramingError`], from then on always, when no message boundary can be found any more. When the head of the
    /// faulty message could be read, it comes out as a last [`Frame::Message`] before, so that it gets its 400 or 413.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator: `None` is not the end")]
    pub fn next(&mut self) -> Result<Option<Frame>, FramingError> {
        loop {
            match self.state {
                State::Between => match self.skip_line_breaks(false) {
                    Some(frame) => return Ok(Some(frame)),
                    None if self.waits_between() => return Ok(None),
                    None => self.state = State::Head { scanned: 0 },
                },
                State::AfterPong => {
                    self.state = State::Between;
                    if let Some(frame) = self.skip_line_breaks(true) {
                        return Ok(Some(frame));
                    }
                    if self.waits_between() {
                        self.state = State::AfterPong;
                        return Ok(None);
                    }
                }
                State::Head { scanned } => {
                    if !looks_like_start_line(&self.buffer) {
                        self.fail(FramingError::NotSip);
                        continue;
                    }
                    match end_of_head(&self.buffer, scanned) {
                        Some(end) if end <= MAX_MESSAGE => {
                            if let Some(unframable) = self.find_length(end) {
                                return Ok(Some(unframable));
                            }
                        }
                        None if self.buffer.len() < MAX_MESSAGE => {
                            self.state = State::Head { scanned: self.buffer.len().saturating_sub(3) };
                            return Ok(None);
                        }
                        _ => {
                            let head = self.buffer.split_to(MAX_MESSAGE).freeze();
                            self.fail(FramingError::TooLarge);
                            return Ok(Some(Frame::Message(head)));
                        }
                    }
                }
                State::Body { total } if self.buffer.len() < total => return Ok(None),
                State::Body { total } => {
                    self.state = State::Between;
                    return Ok(Some(Frame::Message(self.buffer.split_to(total).freeze())));
                }
                State::Failed(error) => return Err(error),
            }
        }
    }

    /// Whether no message has begun that is not complete.
    pub fn is_between(&self) -> bool {
        matches!(self.state, State::Between | State::AfterPong) && matches!(*self.buffer, [] | [b'\r'])
    }

    fn fail(&mut self, error: FramingError) {
        self.state = State::Failed(error);
        self.buffer = BytesMut::new();
    }

    /// The head ends at `end`: where does the message? When nobody knows, the head alone.
    fn find_length(&mut self, end: usize) -> Option<Frame> {
        let start = self.buffer.iter().position(|&b| b == b'\n').map_or(end, |at| at + 1);
        let mut length = ContentLength::Missing;
        for field in Fields::new(&self.buffer[..end], start) {
            if let Some((HeaderName::ContentLength, value)) = split_field(&field) {
                length = length.and(value);
            }
        }
        let error = match length {
            ContentLength::Bytes(body) => match end.checked_add(body).filter(|total| *total <= MAX_MESSAGE) {
                Some(total) => {
                    self.state = State::Body { total };
                    return None;
                }
                None => FramingError::TooLarge,
            },
            ContentLength::Missing | ContentLength::Malformed => FramingError::ContentLength,
        };
        let head = self.buffer.split_to(end).freeze();
        self.fail(error);
        Some(Frame::Message(head))
    }

    /// Line breaks between messages: keep-alives, or the blanks before a start line (§7.5).
    fn skip_line_breaks(&mut self, after_pong: bool) -> Option<Frame> {
        loop {
            let (skip, frame) = match *self.buffer {
                [b'\r', b'\n', ..] if after_pong => (2, Some(Frame::Ping)),
                [b'\r', b'\n', b'\r', b'\n', ..] => (4, Some(Frame::Ping)),
                // Whatever follows, if anything is here yet.
                [b'\r', b'\n', ..] => (2, Some(Frame::Pong)),
                [b'\n', ..] => (1, None),
                [b'\r', other, ..] if other != b'\n' => (1, None),
                _ => return None,
            };
            let _ = self.buffer.split_to(skip);
            match frame {
                Some(Frame::Pong) => {
                    self.state = State::AfterPong;
                    return Some(Frame::Pong);
                }
                Some(frame) => return Some(frame),
                None => {}
            }
        }
    }

    /// Nothing of a message is here. An idle connection keeps no memory.
    fn waits_between(&mut self) -> bool {
        if self.buffer.is_empty() && self.buffer.capacity() > IDLE_CAPACITY {
            self.buffer = BytesMut::new();
        }
        matches!(*self.buffer, [] | [b'\r'])
    }
}

/// One byte past the empty line that ends the header fields.
fn end_of_head(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += data.get(at..)?.iter().position(|&b| b == b'\n')? + 1;
        match data.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// Whether the first line may become a request line or a status line: a token or `SIP/2.0` in front and, once it is all
/// here, the protocol's name in it. Strangers on the port are told apart by their first bytes.
fn looks_like_start_line(data: &[u8]) -> bool {
    let line = data.iter().position(|&b| b == b'\n').map(|end| &data[..end]);
    let word = data.split(|&b| b == b' ' || b == b'\r' || b == b'\n').next().unwrap_or_default();
    let plain = word.iter().all(|b| b.is_ascii_graphic());
    plain && line.is_none_or(|line| line.windows(4).any(|window| window.eq_ignore_ascii_case(b"SIP/")))
}
