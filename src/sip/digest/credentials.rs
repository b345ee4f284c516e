//! Authorization and Proxy-Authorization (RFC 7616 §3.4). PURE.

use std::fmt;
use std::str::FromStr;

use super::algorithm::Algorithm;
use super::challenge::Qop;
use super::params::{AuthValue, Writer};

/// Why credentials cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCredentials {
    #[error("another scheme than digest")]
    Scheme,
    #[error("a parameter is missing")]
    Incomplete,
    #[error("unknown algorithm")]
    Algorithm,
    #[error("unknown quality of protection, or no nonce count with it")]
    Qop,
}

/// The answer to a challenge. Debug shows nothing: it names a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    pub response: String,
    /// `None`: MD5, not named.
    pub algorithm: Option<Algorithm>,
    pub cnonce: Option<String>,
    pub opaque: Option<String>,
    /// With the count of this nonce's uses, `nc`.
    pub protection: Option<(Qop, u32)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(personal)")
    }
}

/// `nc` as it is written and hashed: eight hexadecimal digits.
pub(super) fn count_text(count: u32) -> String {
    format!("{count:08x}")
}

impl FromStr for Credentials {
    type Err = MalformedCredentials;

    fn from_str(text: &str) -> Result<Credentials, MalformedCredentials> {
        let values = AuthValue::read_all(text);
        let value = values.first().filter(|value| value.is_digest()).ok_or(MalformedCredentials::Scheme)?;
        let own = |name: &str| value.get(name).map(str::to_owned);
        let needed = |name: &str| own(name).ok_or(MalformedCredentials::Incomplete);
        let algorithm =
            value.get("algorithm").map(|name| Algorithm::parse(name).ok_or(MalformedCredentials::Algorithm));
        let protection = match value.get("qop") {
            None => None,
            Some(name) => {
                let qop = Qop::parse(name).ok_or(MalformedCredentials::Qop)?;
                let digits = value.get("nc").filter(|nc| nc.len() == 8 && nc.bytes().all(|b| b.is_ascii_hexdigit()));
                let count = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                Some((qop, count.ok_or(MalformedCredentials::Qop)?))
            }
        };
        let cnonce = own("cnonce");
        if protection.is_some() && cnonce.is_none() {
            return Err(MalformedCredentials::Incomplete);
        }
        Ok(Credentials {
            username: needed("username")?,
            realm: needed("realm")?,
            nonce: needed("nonce")?,
            uri: needed("uri")?,
            response: needed("response")?,
            algorithm: algorithm.transpose()?,
            cnonce,
            opaque: own("opaque"),
            protection,
        })
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::digest();
        writer.quoted("username", &self.username);
        writer.quoted("realm", &self.realm);
        writer.quoted("nonce", &self.nonce);
        writer.quoted("uri", &self.uri);
        writer.quoted("response", &self.response);
        if let Some(algorithm) = self.algorithm {
            writer.raw("algorithm", algorithm.as_str());
        }
        if let Some(cnonce) = &self.cnonce {
            writer.quoted("cnonce", cnonce);
        }
        if let Some(opaque) = &self.opaque {
            writer.quoted("opaque", opaque);
        }
        if let Some((qop, count)) = self.protection {
            writer.raw("qop", qop.as_str());
            writer.raw("nc", &count_text(count));
        }
        f.write_str(&writer.finish())
    }
}
