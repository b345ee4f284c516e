//! `name-addr` and `addr-spec` with header parameters (RFC 3261 §20.10): From, To, Contact, Route, Refer-To. PURE.

use std::fmt;
use std::str::FromStr;

use super::text::{Params, find_unquoted, quote, unquote};
use super::uri::{Uri, UriError};

/// An address as From, To, Contact and their like hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// Without quotes and escapes.
    pub display_name: Option<String>,
    pub uri: Uri,
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr { display_name: None, uri, params: Params::default() }
    }

    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", Some(tag.to_owned()));
        self
    }
}

impl FromStr for NameAddr {
    type Err = UriError;

    fn from_str(text: &str) -> Result<NameAddr, UriError> {
        let text = text.trim();
        let Some(open) = find_unquoted(text, b'<') else {
            // addr-spec: whatever follows a semicolon belongs to the header, not to the URI (§20).
            let (uri, params) = match text.split_once(';') {
                Some((uri, params)) => (uri, Params::parse(params)),
                None => (text, Params::default()),
            };
            return Ok(NameAddr { display_name: None, uri: uri.trim_end().parse()?, params });
        };
        let (display, rest) = text.split_at(open);
        let (uri, params) = rest[1..].split_once('>').ok_or(UriError::Character)?;
        let display = unquote(display.trim());
        Ok(NameAddr {
            display_name: (!display.is_empty()).then_some(display),
            uri: uri.trim().parse()?,
            params: Params::parse(params),
        })
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.display_name {
            write!(f, "{} ", quote(name))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}
