//! Bytes to messages (RFC 3261 §7, §18.3, §25). PURE.
//!
//! The reader gives up only on what is no SIP message at all. Everything else comes out as a [`Message`] with the
//! header fields that could be found, and a [`Problem`] when it must not be processed: so a bad request still
//! gets its own refusal.

use bytes::Bytes;

use super::header::{HeaderName, Headers};
use super::message::{Message, Request, Response};
use super::method::Method;
use super::text::{is_token, trim};

/// Larger messages are refused; a UDP datagram cannot be larger.
const MAX_MESSAGE: usize = 65_535;
/// Header fields beyond this are not read, and the message is refused.
const MAX_HEADERS: usize = 256;
/// A longer header field (unfolded) is not read, and the message is refused.
const MAX_VALUE: usize = 16_384;

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

/// Reads one datagram, which holds exactly one message.
///
/// # Errors
/// [`Unreadable`] when there is no start line to go by.
pub fn read_datagram(payload: &[u8]) -> Result<Incoming, Unreadable> {
    if payload.len() > MAX_MESSAGE {
        return Err(Unreadable::TooLarge);
    }
    // Line breaks before the start line are ignored (§7.5).
    let start = payload.iter().position(|b| !matches!(b, b'\r' | b'\n')).ok_or(Unreadable::Empty)?;
    let data = Bytes::copy_from_slice(&payload[start..]);
    let (line, mut at) = next_line(&data, 0).ok_or(Unreadable::NotSip)?;
    let (mut message, mut problem) = read_start_line(line)?;
    let mut headers = Headers::default();
    let mut count = 0;
    loop {
        let Some((line, next)) = next_line(&data, at) else {
            problem = problem.or(Some(Problem::NoEndOfHeaders));
            break;
        };
        at = next;
        if line.is_empty() {
            break;
        }
        let (field, next) = unfold(&data, line, at);
        at = next;
        count += 1;
        if count > MAX_HEADERS {
            problem = problem.or(Some(Problem::TooManyHeaders));
            break;
        }
        if field.len() > MAX_VALUE {
            problem = problem.or(Some(Problem::HeaderTooLong));
            continue;
        }
        // A line that is no header field is skipped: what matters is checked by name later (§8.2.2).
        if let Some((name, value)) = split_field(&field) {
            headers.push(name, value);
        }
    }
    let rest = data.slice(at.min(data.len())..);
    let (body, length_problem) = cut_body(&headers, rest);
    let problem = problem.or(length_problem);
    match &mut message {
        Message::Request(request) => (request.headers, request.body) = (headers, body),
        Message::Response(response) => (response.headers, response.body) = (headers, body),
    }
    Ok(Incoming { message, problem })
}

/// The line at `at` without its end, and where the next one starts; `None` without a line end.
fn next_line(data: &Bytes, at: usize) -> Option<(&[u8], usize)> {
    let rest = data.get(at..)?;
    let end = rest.iter().position(|&b| b == b'\n')?;
    let line = &rest[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1))
}

/// Joins a header line with its continuation lines (§7.3.1).
fn unfold(data: &Bytes, line: &[u8], mut at: usize) -> (Bytes, usize) {
    let mut joined: Option<Vec<u8>> = None;
    while let Some((more, next)) = next_line(data, at) {
        if !matches!(more.first(), Some(b' ' | b'\t')) {
            break;
        }
        let joined = joined.get_or_insert_with(|| line.to_vec());
        joined.push(b' ');
        joined.extend_from_slice(trim(more));
        at = next;
    }
    let field = match joined {
        Some(joined) => Bytes::from(joined),
        None => data.slice_ref(line),
    };
    (field, at)
}

fn split_field(field: &Bytes) -> Option<(HeaderName, Bytes)> {
    let colon = field.iter().position(|&b| b == b':')?;
    let name = trim(&field[..colon]);
    if !is_token(name) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    let value = field.slice_ref(trim(&field[colon + 1..]));
    Some((HeaderName::parse(name), value))
}

fn read_start_line(line: &[u8]) -> Result<(Message, Option<Problem>), Unreadable> {
    if line.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/")) {
        return read_status_line(line).map(|response| (Message::Response(response), None));
    }
    let text = String::from_utf8_lossy(line);
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
    } else {
        None
    };
    let request =
        Request { method: Method::parse(method), uri: uri.to_owned(), headers: Headers::default(), body: Bytes::new() };
    Ok((Message::Request(request), problem))
}

/// `SIP/2.0 180 Ringing`; also read from `message/sipfrag` bodies.
fn read_status_line(line: &[u8]) -> Result<Response, Unreadable> {
    let text = String::from_utf8_lossy(line);
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

/// Over UDP the body ends with the datagram or, earlier, where Content-Length says (§18.3).
fn cut_body(headers: &Headers, rest: Bytes) -> (Bytes, Option<Problem>) {
    let mut lengths = headers.all(&HeaderName::ContentLength);
    let Some(first) = lengths.next() else {
        return (rest, None);
    };
    if lengths.any(|other| other != first) {
        return (rest, Some(Problem::ContentLength));
    }
    let digits =
        std::str::from_utf8(first).ok().filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    let Some(digits) = digits else {
        return (rest, Some(Problem::ContentLength));
    };
    match digits.parse::<usize>() {
        Ok(length) if length <= rest.len() => (rest.slice(..length), None),
        _ => (rest, Some(Problem::BodyTooShort)),
    }
}
