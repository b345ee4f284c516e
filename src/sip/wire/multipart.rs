//! Bodies (RFC 3261 §7.4, RFC 2046 §5.1, RFC 5621): media types, multipart bodies, and the part one looks for. PURE.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::header::{HeaderName, Headers};
use super::reader::{Fields, split_field};
use super::session_expires::Malformed;
use super::text::{Params, is_token, trim, unquote};

/// Parts read of one multipart body; a body with more is refused.
const MAX_PARTS: usize = 16;
/// Header fields of one part; further ones are not read.
const MAX_PART_HEADERS: usize = 32;
/// Multipart within multipart; what lies deeper is refused.
const MAX_DEPTH: usize = 4;
/// RFC 2046 §5.1.1.
const MAX_BOUNDARY: usize = 70;

/// `multipart/mixed;boundary="x"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype`, lower case.
    pub essence: String,
    pub params: Params,
}

impl FromStr for MediaType {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<MediaType, Malformed> {
        let (essence, params) = match text.split_once(';') {
            Some((essence, params)) => (essence, Params::parse(params)),
            None => (text, Params::default()),
        };
        let (kind, subtype) = essence.split_once('/').ok_or(Malformed)?;
        let (kind, subtype) = (kind.trim(), subtype.trim());
        if !is_token(kind.as_bytes()) || !is_token(subtype.as_bytes()) {
            return Err(Malformed);
        }
        Ok(MediaType { essence: format!("{kind}/{subtype}").to_ascii_lowercase(), params })
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.essence, self.params)
    }
}

/// One part of a multipart body, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub headers: Headers,
    pub body: Bytes,
}

/// Why a multipart body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    #[error("Multipart Body Without Usable Boundary")]
    Boundary,
    #[error("Multipart Body Without End")]
    Unterminated,
    #[error("Too Many Body Parts")]
    TooManyParts,
    #[error("Body Parts Nested Too Deeply")]
    TooDeep,
}

impl Part {
    /// The first part of this type, in the order of the text, however deep; `self` when it is of this type.
    ///
    /// # Errors
    /// When a multipart body that must be searched cannot be read.
    pub fn find(&self, essence: &str) -> Result<Option<Part>, MultipartError> {
        self.find_within(essence, MAX_DEPTH)
    }

    fn find_within(&self, essence: &str, depth: usize) -> Result<Option<Part>, MultipartError> {
        // A part that does not say is text/plain (RFC 2046 §5.1).
        let Some(media) = self.headers.media_type() else {
            return Ok(None);
        };
        if media.essence == essence {
            return Ok(Some(self.clone()));
        }
        if !media.essence.starts_with("multipart/") {
            return Ok(None);
        }
        if depth == 0 {
            return Err(MultipartError::TooDeep);
        }
        for part in read_multipart(&media, &self.body)? {
            if let Some(found) = part.find_within(essence, depth - 1)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether the body stands as it is: no compression, no base64 (RFC 3261 §7.4.1 wants neither).
    pub fn is_plain(&self) -> bool {
        let is = |name: HeaderName, plain: &[&str]| {
            self.headers.text(&name).is_none_or(|value| plain.iter().any(|p| value.trim().eq_ignore_ascii_case(p)))
        };
        is(HeaderName::ContentEncoding, &["identity", ""])
            && is(HeaderName::ContentTransferEncoding, &["binary", "8bit", "7bit"])
    }
}

/// The parts of a multipart body.
///
/// # Errors
/// When it has no boundary, no end, or too many parts.
pub fn read_multipart(media: &MediaType, body: &Bytes) -> Result<Vec<Part>, MultipartError> {
    let boundary = media.params.get("boundary").map(unquote).ok_or(MultipartError::Boundary)?;
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return Err(MultipartError::Boundary);
    }
    let mut parts = Vec::new();
    // What stands before the first delimiter is for readers who know no MIME.
    let mut begun: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let end = body[at..].iter().position(|&b| b == b'\n').map_or(body.len(), |length| at + length + 1);
        if let Some(last) = delimiter(&body[at..end], boundary.as_bytes()) {
            if let Some(start) = begun {
                if parts.len() >= MAX_PARTS {
                    return Err(MultipartError::TooManyParts);
                }
                // The line break before a delimiter belongs to it.
                let part = &body[start..at];
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                let part = part.strip_suffix(b"\r").unwrap_or(part);
                parts.push(read_part(&body.slice_ref(part)));
            }
            if last {
                return Ok(parts);
            }
            begun = Some(end);
        }
        at = end;
    }
    Err(MultipartError::Unterminated)
}

/// `--boundary` (`false`) or `--boundary--` (`true`) on a line of its own.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    match trim(rest) {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

fn read_part(part: &Bytes) -> Part {
    let mut headers = Headers::default();
    let mut fields = Fields::new(part, 0);
    for field in fields.by_ref().take(MAX_PART_HEADERS) {
        if let Some((name, value)) = split_field(&field) {
            headers.push(name, value.to_vec());
        }
    }
    // Header fields beyond the bound, and a part that ends within them.
    fields.by_ref().for_each(drop);
    Part { headers, body: part.slice(fields.body_start().unwrap_or(part.len())..) }
}
