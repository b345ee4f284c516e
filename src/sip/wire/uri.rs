//! URIs, kept as spelled (RFC 3261 §19.1): what is read is what is printed. PURE.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::tel::TelUri;
use super::text::{Params, percent_decode};

/// Why a text is no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    #[error("no scheme")]
    Scheme,
    #[error("a character that no URI may hold")]
    Character,
    #[error("no host, or a malformed one")]
    Host,
    #[error("malformed port")]
    Port,
    #[error("malformed telephone number")]
    Number,
}

/// A URI of any scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    Sip(SipUri),
    /// `tel:` and everything else: scheme and the rest, as spelled.
    Other {
        scheme: String,
        rest: String,
    },
}

/// A `sip:` or `sips:` URI. Parts keep their escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipUri {
    pub secure: bool,
    pub user: Option<String>,
    pub password: Option<String>,
    /// As spelled; IPv6 with its brackets.
    pub host: String,
    pub port: Option<u16>,
    pub params: Params,
    /// What follows `?`.
    pub headers: Option<String>,
}

impl Uri {
    /// User part with escapes resolved; for `tel:` the number.
    pub fn user(&self) -> Option<String> {
        match self {
            Uri::Sip(sip) => sip.user.as_deref().map(percent_decode),
            Uri::Other { scheme, rest } if scheme.eq_ignore_ascii_case("tel") => {
                let number = rest.split(';').next().unwrap_or_default();
                (!number.is_empty()).then(|| percent_decode(number))
            }
            Uri::Other { .. } => None,
        }
    }

    /// The telephone number of a `tel:` URI.
    pub fn as_tel(&self) -> Option<TelUri> {
        match self {
            Uri::Other { scheme, rest } if scheme.eq_ignore_ascii_case("tel") => TelUri::read(rest).ok(),
            _ => None,
        }
    }

    /// A `sips:` URI (RFC 3261 §26.2.2).
    pub fn is_sips(&self) -> bool {
        self.as_sip().is_some_and(|uri| uri.secure)
    }

    pub fn as_sip(&self) -> Option<&SipUri> {
        match self {
            Uri::Sip(sip) => Some(sip),
            Uri::Other { .. } => None,
        }
    }
}

impl SipUri {
    /// The host as an address, when it is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        host_ip(&self.host)
    }

    /// Whether there is a parameter of that name; names may be escaped (§19.1.4, RFC 4475 §3.1.1.3).
    pub fn has_param(&self, name: &str) -> bool {
        self.params.iter().any(|(n, _)| percent_decode(n).eq_ignore_ascii_case(name))
    }

    /// Value of the parameter of that name, escapes resolved.
    pub fn param(&self, name: &str) -> Option<String> {
        let (_, value) = self.params.iter().find(|(n, _)| percent_decode(n).eq_ignore_ascii_case(name))?;
        value.map(percent_decode)
    }

    /// Value of the URI's header of that name (`?Replaces=…`), escapes resolved.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.as_deref()?.split('&').find_map(|header| {
            let (n, value) = header.split_once('=')?;
            percent_decode(n).eq_ignore_ascii_case(name).then(|| percent_decode(value))
        })
    }

    /// Where UDP requests for this URI go, when no look-up is needed (default port 5060, RFC 3261 §19.1.2).
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.ip()?, self.port.unwrap_or(5060)))
    }
}

/// An IP literal: IPv4, or IPv6 in brackets.
pub(super) fn host_ip(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// `host[:port]`, IPv6 in brackets; white space round the colon is tolerated.
pub(super) fn parse_host_port(text: &str) -> Result<(String, Option<u16>), UriError> {
    let text = text.trim();
    let split = match text.find(']') {
        Some(end) if text.starts_with('[') => end + 1,
        Some(_) => return Err(UriError::Host),
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(split);
    let host = host.trim();
    let valid = if let Some(inner) = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        // Not necessarily an address: three colons before an embedded IPv4 address stand in RFC 3261's own grammar
        // (RFC 5118 §4.10).
        inner.contains(':') && inner.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b))
    } else {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    if !valid {
        return Err(UriError::Host);
    }
    let port = match rest.trim_start().strip_prefix(':') {
        Some(digits) => {
            let digits = digits.trim();
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(UriError::Port);
            }
            Some(digits.parse().map_err(|_| UriError::Port)?)
        }
        None if rest.trim().is_empty() => None,
        None => return Err(UriError::Host),
    };
    Ok((host.to_owned(), port))
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        if text.chars().any(|c| c.is_ascii_control() || matches!(c, ' ' | '<' | '>')) {
            return Err(UriError::Character);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        let first = scheme.bytes().next().ok_or(UriError::Scheme)?;
        if !first.is_ascii_alphabetic() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            return Err(UriError::Scheme);
        }
        let secure = scheme.eq_ignore_ascii_case("sips");
        if !secure && !scheme.eq_ignore_ascii_case("sip") {
            return Ok(Uri::Other { scheme: scheme.to_owned(), rest: rest.to_owned() });
        }
        // The first `@` ends the user part: `;`, `?` and `/` may stand in it, `@` must be escaped there.
        let (userinfo, rest) = match rest.split_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        // Quotes are no part of the grammar, but some devices quote URI parameters.
        if userinfo.is_some_and(|info| info.contains('"')) {
            return Err(UriError::Character);
        }
        let (user, password) = match userinfo.map(|info| (info, info.split_once(':'))) {
            Some((_, Some((user, password)))) => (Some(user), Some(password)),
            Some((user, None)) => (Some(user), None),
            None => (None, None),
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (host_port, params) = match rest.split_once(';') {
            Some((host_port, params)) => (host_port, Params::parse(params)),
            None => (rest, Params::default()),
        };
        let (host, port) = parse_host_port(host_port)?;
        Ok(Uri::Sip(SipUri {
            secure,
            user: user.map(str::to_owned),
            password: password.map(str::to_owned),
            host,
            port,
            params,
            headers,
        }))
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uri::Sip(sip) => sip.fmt(f),
            Uri::Other { scheme, rest } => write!(f, "{scheme}:{rest}"),
        }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            f.write_str("@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        if let Some(headers) = &self.headers {
            write!(f, "?{headers}")?;
        }
        Ok(())
    }
}

/// Escapes what a user part may not hold (RFC 3261 §25.1 `user`).
pub fn escape_user(user: &str) -> String {
    use fmt::Write as _;
    let mut escaped = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
