//! `scheme name=value, name="value"` as challenges and credentials share it (RFC 7235 §2.1, RFC 3261 §25.1). PURE.

use super::super::wire::{is_token, quote, split_outside, unquote};

/// Parameters read of one challenge or of credentials; later ones are not.
const MAX_PARAMS: usize = 32;
/// Challenges read of one header field; later ones are not.
const MAX_CHALLENGES: usize = 8;

/// One challenge or one set of credentials, before anyone asks what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthValue {
    pub(super) scheme: String,
    /// Values without quotes and escapes.
    params: Vec<(String, String)>,
}

impl AuthValue {
    /// Value of the first parameter of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    /// Every challenge in a header value. RFC 3261 §7.3.1 wants one a field, but commas join them in HTTP, and so on
    /// the wire. What cannot be read is left out.
    pub(super) fn read_all(text: &str) -> Vec<AuthValue> {
        let mut values: Vec<AuthValue> = Vec::new();
        for piece in split_outside(text.as_bytes(), b',') {
            let Ok(piece) = std::str::from_utf8(piece) else {
                continue;
            };
            let param = match piece.split_once(|c: char| c.is_ascii_whitespace()) {
                // A token and a space begin a challenge, but `name = value` is a parameter.
                Some((scheme, rest)) if is_token(scheme.as_bytes()) && !rest.trim_start().starts_with('=') => {
                    if values.len() >= MAX_CHALLENGES {
                        break;
                    }
                    values.push(AuthValue { scheme: scheme.to_owned(), params: Vec::new() });
                    rest
                }
                None if is_token(piece.as_bytes()) => {
                    if values.len() >= MAX_CHALLENGES {
                        break;
                    }
                    values.push(AuthValue { scheme: piece.to_owned(), params: Vec::new() });
                    continue;
                }
                _ => piece,
            };
            let Some((name, value)) = param.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if let Some(last) = values.last_mut()
                && is_token(name.as_bytes())
                && last.params.len() < MAX_PARAMS
            {
                last.params.push((name.to_owned(), unquote(value)));
            }
        }
        values
    }
}

/// Writes `Digest name="value", name=token`.
pub(super) struct Writer {
    text: String,
    empty: bool,
}

impl Writer {
    pub(super) fn digest() -> Writer {
        Writer { text: "Digest ".to_owned(), empty: true }
    }

    pub(super) fn quoted(&mut self, name: &str, value: &str) {
        self.raw(name, &quote(value));
    }

    pub(super) fn raw(&mut self, name: &str, value: &str) {
        if !std::mem::replace(&mut self.empty, false) {
            self.text.push_str(", ");
        }
        self.text.push_str(name);
        self.text.push('=');
        self.text.push_str(value);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
