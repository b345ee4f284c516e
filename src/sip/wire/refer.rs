//! Refer-To (RFC 3515 §2.1) and Referred-By (RFC 3892 §3). PURE.

use std::fmt;
use std::str::FromStr;

use super::name_addr::NameAddr;
use super::replaces::Replaces;
use super::uri::{Uri, UriError};

/// Whom to call: `Refer-To: <sip:dave@denver.example.org?Replaces=…>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferTo(pub NameAddr);

impl ReferTo {
    /// The dialog the new call is to take the place of (RFC 5589 §7).
    pub fn replaces(&self) -> Option<Replaces> {
        Replaces::in_uri_headers(self.0.uri.as_sip()?.headers.as_deref()?)
    }

    /// The method the URI asks for; INVITE when it names none.
    pub fn method(&self) -> &str {
        self.0.uri.as_sip().and_then(|sip| sip.params.get("method")).unwrap_or("INVITE")
    }
}

impl FromStr for ReferTo {
    type Err = UriError;

    fn from_str(text: &str) -> Result<ReferTo, UriError> {
        let text = text.trim();
        // Some devices leave the brackets out; parameters and headers are then the URI's own.
        match text.contains('<') {
            true => text.parse().map(ReferTo),
            false => text.parse::<Uri>().map(|uri| ReferTo(NameAddr::new(uri))),
        }
    }
}

impl fmt::Display for ReferTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who asked for it: `Referred-By: <sip:referrer@example.com>;cid="…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredBy(pub NameAddr);

impl FromStr for ReferredBy {
    type Err = UriError;

    fn from_str(text: &str) -> Result<ReferredBy, UriError> {
        text.parse().map(ReferredBy)
    }
}

impl fmt::Display for ReferredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_with_and_without_brackets() {
        let text = "<sips:4889445d8kjtk3@atlanta.example.com;gr=723jd2d?Replaces=12adf2f34456gs5%3Bto-tag%3D425928%3Bfrom-tag%3D7553452&Require=replaces>";
        let read: ReferTo = text.parse().unwrap();
        let replaces = read.replaces().unwrap();
        assert_eq!(
            (replaces.call_id.as_str(), replaces.to_tag(), replaces.from_tag()),
            ("12adf2f34456gs5", "425928", "7553452")
        );
        assert_eq!(read.to_string(), text);
        assert_eq!(read.method(), "INVITE");
        let bare: ReferTo = "sip:100@pbx;user=phone?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc".parse().unwrap();
        assert!(bare.replaces().is_some());
        assert_eq!(bare.to_string(), "<sip:100@pbx;user=phone?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>");
        assert_eq!("<sip:100@pbx;method=SUBSCRIBE>".parse::<ReferTo>().unwrap().method(), "SUBSCRIBE");
        assert_eq!("\"Accueil\" <tel:+33139>".parse::<ReferTo>().unwrap().replaces(), None);
        for bad in ["", "<>", "nobody", "<sip:a@b"] {
            assert!(bad.parse::<ReferTo>().is_err(), "{bad}");
        }
    }

    #[test]
    fn referrer() {
        let text = "\"A\" <sip:referrer@referrer.example>;cid=\"2UWQFN309shb3@referrer.example\"";
        let read: ReferredBy = text.parse().unwrap();
        assert_eq!(read.to_string(), text);
        assert_eq!(read.0.uri.user().as_deref(), Some("referrer"));
    }
}
