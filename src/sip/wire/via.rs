//! Via (RFC 3261 §20.42, rport: RFC 3581). PURE.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::text::Params;
use super::uri::{UriError, host_ip, parse_host_port};

/// Branches of RFC 3261 start with this; others come from RFC 2543 elements (§8.1.1.7).
const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `2.0`; anything else comes with a request that is refused for it.
    pub version: String,
    /// `UDP`, `TCP` …, as spelled.
    pub transport: String,
    pub host: String,
    pub port: Option<u16>,
    pub params: Params,
}

impl Via {
    /// The branch, when it is one of RFC 3261 and therefore unique.
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch").filter(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch.get(..MAGIC_COOKIE.len()).is_some_and(|start| start.eq_ignore_ascii_case(MAGIC_COOKIE))
        })
    }

    /// `host:port` for comparing transactions (§17.2.3).
    pub fn sent_by(&self) -> String {
        format!("{}:{}", self.host.to_ascii_lowercase(), self.port.unwrap_or(self.default_port()))
    }

    /// Port of a sent-by that names none (§18.2.2).
    fn default_port(&self) -> u16 {
        if self.transport.eq_ignore_ascii_case("TLS") { 5061 } else { 5060 }
    }

    /// `received`: where the request came from. IPv6 stands there without brackets, but is read with them, too
    /// (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        match text.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => text.parse().ok(),
        }
    }

    /// `rport`: the port the request came from, once somebody has filled it in (RFC 3581 §4).
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }

    /// Notes where the request came from (`received`, `rport`) and says where its responses go:
    /// over UDP: to the source port when `rport` asks for it (RFC 3581 §4), else to the port of sent-by (RFC 3261 §18.2.2).
    pub fn stamp(&mut self, source: SocketAddr) -> SocketAddr {
        let wants_rport = self.params.contains("rport");
        let same = host_ip(&self.host).is_some_and(|ip| ip.to_canonical() == source.ip().to_canonical());
        if wants_rport || !same {
            self.params.set("received", Some(source.ip().to_string()));
        }
        if wants_rport {
            self.params.set("rport", Some(source.port().to_string()));
            return source;
        }
        SocketAddr::new(source.ip(), self.port.unwrap_or(5060))
    }
}

impl FromStr for Via {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Via, UriError> {
        // `SIP / 2.0 / UDP host`: slashes may have space on both sides.
        let mut parts = text.splitn(3, '/');
        let (Some(name), Some(version), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(UriError::Scheme);
        };
        if !name.trim().eq_ignore_ascii_case("SIP") || version.trim().is_empty() {
            return Err(UriError::Scheme);
        }
        let (transport, rest) = rest.trim_start().split_once([' ', '\t']).ok_or(UriError::Host)?;
        let (sent_by, params) = match rest.split_once(';') {
            Some((sent_by, params)) => (sent_by, Params::parse(params)),
            None => (rest, Params::default()),
        };
        let (host, port) = parse_host_port(sent_by)?;
        Ok(Via { version: version.trim().to_owned(), transport: transport.to_owned(), host, port, params })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/{}/{} {}", self.version, self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}
