//! `tel:` URIs (RFC 3966 §3): a telephone number, global or local, with parameters. PURE.

use std::fmt;
use std::str::FromStr;

use super::text::Params;
use super::uri::UriError;

/// `tel:+33-1-30-87-20-00;ext=12` or `tel:7042;phone-context=mairie.example`, number as spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelUri {
    /// With its visual separators.
    pub number: String,
    pub params: Params,
}

impl TelUri {
    /// Digits, and `+` in front of a global number, without the visual separators `-.()` (§5.1.1).
    pub fn digits(&self) -> String {
        self.number.chars().filter(|c| !is_separator(*c)).collect()
    }

    /// Whether the number means the same everywhere (§5.1.4).
    pub fn is_global(&self) -> bool {
        self.number.starts_with('+')
    }

    /// Where a local number means something: a domain or the prefix of a global number (§5.1.5).
    pub fn context(&self) -> Option<&str> {
        self.params.get("phone-context")
    }

    pub fn extension(&self) -> Option<&str> {
        self.params.get("ext")
    }

    /// Reads what follows `tel:`. Local numbers without context are read too: few devices write one.
    pub(super) fn read(rest: &str) -> Result<TelUri, UriError> {
        let (number, params) = match rest.split_once(';') {
            Some((number, params)) => (number, Params::parse(params)),
            None => (rest, Params::default()),
        };
        let digits = number.strip_prefix('+').unwrap_or(number);
        let global = number.len() > digits.len();
        let allowed = |c: char| {
            is_separator(c) || c.is_ascii_digit() || (!global && (c.is_ascii_hexdigit() || matches!(c, '*' | '#')))
        };
        if !digits.chars().any(|c| !is_separator(c)) || !digits.chars().all(allowed) {
            return Err(UriError::Number);
        }
        Ok(TelUri { number: number.to_owned(), params })
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '.' | '(' | ')')
}

impl FromStr for TelUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<TelUri, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("tel") {
            return Err(UriError::Scheme);
        }
        TelUri::read(rest)
    }
}

impl fmt::Display for TelUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tel:{}{}", self.number, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_global_and_local() {
        let global: TelUri = "tel:+33-(1)-30.87.20.00;ext=12;x=\"a;b\"".parse().unwrap();
        assert_eq!(global.digits(), "+33130872000");
        assert!(global.is_global());
        assert_eq!(global.extension(), Some("12"));
        assert_eq!(global.to_string(), "tel:+33-(1)-30.87.20.00;ext=12;x=\"a;b\"");
        let local: TelUri = "TEL:*21#7042;phone-context=mairie.example".parse().unwrap();
        assert_eq!((local.digits().as_str(), local.is_global()), ("*21#7042", false));
        assert_eq!(local.context(), Some("mairie.example"));
        assert_eq!("tel:1234".parse::<TelUri>().unwrap().digits(), "1234");
        for bad in ["tel:", "tel:+", "tel:-()", "tel:+33#", "tel:bob x", "tel:++33", "sip:1234", "1234"] {
            assert!(bad.parse::<TelUri>().is_err(), "{bad}");
        }
    }
}
