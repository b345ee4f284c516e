//! Scanning header values: lists, parameters, quoted strings (RFC 3261 §25.1). PURE.

use std::borrow::Cow;
use std::fmt;

/// Linear white space as it stands in an unfolded value.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `token` of the grammar: methods, header names, parameter names.
pub(in crate::sip) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(b))
}

pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Bytes as text; what is no UTF-8 becomes U+FFFD.
pub(in crate::sip) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly always valid, and checked faster as a whole.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Splits at `separator` where it stands outside quoted strings and angle brackets. Pieces are trimmed,
/// empty ones are dropped.
pub(in crate::sip) fn split_outside(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let end = find_outside(value, separator);
        rest = end.map(|end| &value[end + 1..]);
        Some(trim(&value[..end.unwrap_or(value.len())]))
    })
    .filter(|piece| !piece.is_empty())
}

/// Position of `wanted` outside quoted strings and angle brackets.
fn find_outside(value: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let mut bracketed = false;
    let mut escaped = false;
    for (at, &byte) in value.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match byte {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if byte == b'"' && !bracketed {
            quoted = true;
        } else if byte == b'<' {
            bracketed = true;
        } else if byte == b'>' {
            bracketed = false;
        } else if byte == wanted && !bracketed {
            return Some(at);
        }
    }
    None
}

/// Position of `wanted` outside quoted strings.
pub(super) fn find_unquoted(text: &str, wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match byte {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if byte == wanted {
            return Some(at);
        } else if byte == b'"' {
            quoted = true;
        }
    }
    None
}

/// Whether a quoted string begins in `text` that does not end there.
fn has_open_quote(text: &str) -> bool {
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        match end_of_quoted(&rest[open..]) {
            Some(end) => rest = &rest[open + end..],
            None => return true,
        }
    }
    false
}

/// Where the quoted string ends that `text` begins with, past its closing quote; `None` without one.
pub(super) fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The text inside a quoted string, escapes resolved; unquoted text as it is.
pub(in crate::sip) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            '"' => break,
            c => plain.push(c),
        }
    }
    plain
}

/// A quoted string that reads back as `text`.
pub(in crate::sip) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Resolves `%41` escapes; malformed ones stay as they are.
pub(super) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match hex {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// `;name=value` parameters of a URI or header, in order, spelled as received (values keep their quotes).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// Reads `;a=b;c`; the leading semicolon may be missing. Empty parameters are dropped, and one whose quoted string
    /// has no end: whatever is added behind it would be part of it.
    pub fn parse(text: &str) -> Params {
        let mut params = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = find_unquoted(rest, b';');
            let piece = &rest[..end.unwrap_or(rest.len())];
            rest = end.map_or("", |end| &rest[end + 1..]);
            if end.is_none() && has_open_quote(piece) {
                break;
            }
            let (name, value) = match piece.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().to_owned())),
                None => (piece.trim(), None),
            };
            if !name.is_empty() {
                params.push((name.to_owned(), value));
            }
        }
        Params(params)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// Value of the first parameter of that name (case-insensitive), as spelled.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_deref())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Replaces the parameter, or appends it.
    pub fn set(&mut self, name: &str, value: Option<String>) {
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(param) => param.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}
