//! Bytes to messages (RFC 3261 §7, §18.3, §25). PURE.
//!
//! The reader gives up only on what is no SIP message at all. Everything else comes out as a [`Message`] with the
//! header fields that could be found, and a [`Problem`] when it must not be processed: so a bad request still
//! gets its own refusal.

use std::borrow::Cow;

use bytes::Bytes;

use super::header::{HeaderName, Headers};
use super::message::{Message, Request, Response};
use super::method::Method;
use super::text::{decode, is_token, trim};

/// Larger messages are refused; a UDP datagram cannot be larger.
pub(super) const MAX_MESSAGE: usize = 65_535;
/// Header fields beyond this are not read, and the message is refused.
const MAX_HEADERS: usize = 256;
/// A longer header field (unfolded) is not read, and the message is refused.
const MAX_VALUE: usize = 16_384;
/// A message with a longer body is refused. Session descriptions have a few hundred bytes.
const MAX_BODY: usize = 32_768;
/// A request with a longer Request-URI is refused.
const MAX_URI: usize = 2_048;

/// A message and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub message: Message,
    /// The first reason not to process it.
    pub problem: Option<Problem>,
}

/// A message that can be answered but not processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("Malformed Request-Line")]
    RequestLine,
    #[error("Version Not Supported")]
    Version,
    #[error("Too Many Header Fields")]
    TooManyHeaders,
    #[error("Header Field Too Long")]
    HeaderTooLong,
    #[error("Missing End Of Header Fields")]
    NoEndOfHeaders,
    #[error("Malformed Content-Length")]
    ContentLength,
    /// Only in a stream, where it is required (§18.3).
    #[error("Missing Content-Length Header Field")]
    NoContentLength,
    #[error("Request Entity Too Large")]
    TooLarge,
    #[error("Request-URI Too Long")]
    UriTooLong,
    #[error("Body Shorter Than Content-Length")]
    BodyTooShort,
}

/// Not a SIP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("a keep-alive, or nothing")]
    Empty,
    #[error("longer than 65535 bytes")]
    TooLarge,
    #[error("no sip start line")]
    NotSip,
}

/// How a message was cut out of what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// One datagram, one message: Content-Length may be missing.
    Datagram,
    /// A [`super::Framer`] cut it out of a stream.
    Stream,
}

/// Reads one datagram, which holds exactly one message.
///
/// # Errors
/// [`Unreadable`] when there is no start line to go by.
pub fn read_datagram(payload: &[u8]) -> Result<Incoming, Unreadable> {
    read_message(payload, Framing::Datagram)
}

/// Reads one message.
///
/// # Errors
/// [`Unreadable`] when there is no start line to go by.
pub fn read_message(payload: &[u8], framing: Framing) -> Result<Incoming, Unreadable> {
    if payload.len() > MAX_MESSAGE {
        return Err(Unreadable::TooLarge);
    }
    // Line breaks before the start line are ignored (§7.5).
    let start = payload.iter().position(|b| !matches!(b, b'\r' | b'\n')).ok_or(Unreadable::Empty)?;
    let data = Bytes::copy_from_slice(&payload[start..]);
    let (line, at) = next_line(&data, 0).ok_or(Unreadable::NotSip)?;
    let (mut message, mut problem) = read_start_line(line)?;
    let mut headers = Headers::default();
    let mut count = 0;
    let mut fields = Fields::new(&data, at);
    for field in &mut fields {
        count += 1;
        if count > MAX_HEADERS {
            problem = problem.or(Some(Problem::TooManyHeaders));
            break;
        }
        if field.len() > MAX_VALUE {
            problem = problem.or(Some(Problem::HeaderTooLong));
            continue;
        }
        let field = match field {
            Cow::Borrowed(line) => data.slice_ref(line),
            Cow::Owned(joined) => Bytes::from(joined),
        };
        // A line that is no header field is skipped: what matters is checked by name later (§8.2.2).
        if let Some((name, value)) = split_field(&field) {
            headers.push(name, field.slice_ref(value));
        }
    }
    if count <= MAX_HEADERS && !fields.ended {
        problem = problem.or(Some(Problem::NoEndOfHeaders));
    }
    let rest = data.slice(fields.at.min(data.len())..);
    let (body, length_problem) = cut_body(&headers, rest, framing);
    let problem = problem.or(length_problem).or((body.len() > MAX_BODY).then_some(Problem::TooLarge));
    match &mut message {
        Message::Request(request) => (request.headers, request.body) = (headers, body),
        Message::Response(response) => (response.headers, response.body) = (headers, body),
    }
    Ok(Incoming { message, problem })
}

/// The line at `at` without its end, and where the next one starts; `None` without a line end.
fn next_line(data: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = data.get(at..)?;
    let end = rest.iter().position(|&b| b == b'\n')?;
    let line = &rest[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1))
}

/// Header lines up to the empty one, each joined with its continuation lines (§7.3.1).
pub(super) struct Fields<'a> {
    data: &'a [u8],
    /// Where the next line, in the end the body, starts.
    at: usize,
    /// The empty line has been met.
    ended: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Fields<'a> {
        Fields { data, at, ended: false }
    }

    /// Once the iterator is done: where the body starts; `None` when the header fields do not end.
    pub(super) fn body_start(&self) -> Option<usize> {
        self.ended.then_some(self.at)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Cow<'a, [u8]>> {
        if self.ended {
            return None;
        }
        let (line, next) = next_line(self.data, self.at)?;
        self.at = next;
        if line.is_empty() {
            self.ended = true;
            return None;
        }
        let mut field = Cow::Borrowed(line);
        while let Some((more, next)) = next_line(self.data, self.at) {
            if !matches!(more.first(), Some(b' ' | b'\t')) {
                break;
            }
            let joined = field.to_mut();
            joined.push(b' ');
            joined.extend_from_slice(trim(more));
            self.at = next;
        }
        Some(field)
    }
}

/// Name and value of a header line.
pub(super) fn split_field(field: &[u8]) -> Option<(HeaderName, &[u8])> {
    let colon = field.iter().position(|&b| b == b':')?;
    let name = trim(&field[..colon]);
    if !is_token(name) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    Some((HeaderName::parse(name), trim(&field[colon + 1..])))
}

pub(super) fn read_start_line(line: &[u8]) -> Result<(Message, Option<Problem>), Unreadable> {
    if line.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/")) {
        return read_status_line(line).map(|response| (Message::Response(response), None));
    }
    let text = decode(line);
    let (method, rest) = text.split_once(' ').ok_or(Unreadable::NotSip)?;
    if !is_token(method.as_bytes()) {
        return Err(Unreadable::NotSip);
    }
    let (uri, version) = rest.trim_end().rsplit_once([' ', '\t']).ok_or(Unreadable::NotSip)?;
    let number = version
        .get(..4)
        .filter(|name| name.eq_ignore_ascii_case("SIP/"))
        .and_then(|_| version.get(4..))
        .ok_or(Unreadable::NotSip)?;
    // One space between the parts, none inside the URI, none at the end (§7.1, RFC 4475 §3.1.2.8–10).
    let problem = if number != "2.0" {
        Some(Problem::Version)
    } else if uri.is_empty() || uri.contains(|c: char| c == ' ' || c.is_ascii_control()) || rest != rest.trim_end() {
        Some(Problem::RequestLine)
    } else if uri.len() > MAX_URI {
        Some(Problem::UriTooLong)
    } else {
        None
    };
    let request =
        Request { method: Method::parse(method), uri: uri.to_owned(), headers: Headers::default(), body: Bytes::new() };
    Ok((Message::Request(request), problem))
}

/// `SIP/2.0 180 Ringing`; also read from `message/sipfrag` bodies.
fn read_status_line(line: &[u8]) -> Result<Response, Unreadable> {
    let text = decode(line);
    let (version, rest) = text.split_once(' ').ok_or(Unreadable::NotSip)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Unreadable::NotSip);
    }
    let rest = rest.trim_start();
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = status.trim_end();
    if status.len() != 3 || !status.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable::NotSip);
    }
    let status = status.parse().ok().filter(|s| (100..700).contains(s)).ok_or(Unreadable::NotSip)?;
    Ok(Response { status, reason: reason.trim_end().to_owned(), headers: Headers::default(), body: Bytes::new() })
}

/// Status of a `message/sipfrag` body (RFC 3420): its first line.
pub(crate) fn sipfrag_status(body: &[u8]) -> Option<u16> {
    let line = body.split(|&b| b == b'\n').map(trim).find(|line| !line.is_empty())?;
    read_status_line(line).ok().map(|response| response.status)
}

/// What the Content-Length fields of a message say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentLength {
    Missing,
    /// Numbers beyond what fits here are too long for anything anyway.
    Bytes(usize),
    /// No number, or two different ones.
    Malformed,
}

impl ContentLength {
    /// Takes one more field into account.
    pub(super) fn and(self, value: &[u8]) -> ContentLength {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return ContentLength::Malformed;
        }
        let number = value
            .iter()
            .fold(0usize, |number, digit| number.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
        match self {
            ContentLength::Missing => ContentLength::Bytes(number),
            ContentLength::Bytes(other) if other == number => self,
            ContentLength::Bytes(_) | ContentLength::Malformed => ContentLength::Malformed,
        }
    }
}

/// Over UDP the body ends with the datagram or, earlier, where Content-Length says (§18.3).
fn cut_body(headers: &Headers, rest: Bytes, framing: Framing) -> (Bytes, Option<Problem>) {
    let length =
        headers.all(&HeaderName::ContentLength).fold(ContentLength::Missing, |length, value| length.and(value));
    match (length, framing) {
        (ContentLength::Bytes(length), _) if length <= rest.len() => (rest.slice(..length), None),
        (ContentLength::Bytes(_), Framing::Datagram) => (rest, Some(Problem::BodyTooShort)),
        // The framer waits for the body unless it will not take it.
        (ContentLength::Bytes(_), Framing::Stream) => (rest, Some(Problem::TooLarge)),
        (ContentLength::Malformed, _) => (rest, Some(Problem::ContentLength)),
        (ContentLength::Missing, Framing::Datagram) => (rest, None),
        (ContentLength::Missing, Framing::Stream) => (rest, Some(Problem::NoContentLength)),
    }
}
