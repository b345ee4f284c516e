//! Reason (RFC 3326): why a request was sent, or a call ended or moved. PURE.

use std::fmt;
use std::str::FromStr;

use super::session_expires::Malformed;
use super::text::{Params, is_token, quote, unquote};

/// `Q.850;cause=16;text="Terminated"` or `SIP;cause=302`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` or another, as spelled.
    pub protocol: String,
    pub params: Params,
}

impl Reason {
    pub fn new(protocol: &str, cause: u16, text: Option<&str>) -> Reason {
        let mut params = Params::default();
        params.set("cause", Some(cause.to_string()));
        if let Some(text) = text {
            params.set("text", Some(quote(text)));
        }
        Reason { protocol: protocol.to_owned(), params }
    }

    /// A SIP status for `SIP`, a cause value of ITU-T Q.850 for `Q.850`.
    pub fn cause(&self) -> Option<u16> {
        let cause = self.params.get("cause")?;
        cause.bytes().all(|b| b.is_ascii_digit()).then(|| cause.parse().ok())?
    }

    /// For people; quotes and escapes resolved.
    pub fn text(&self) -> Option<String> {
        self.params.get("text").map(unquote)
    }

    pub fn is_sip(&self) -> bool {
        self.protocol.eq_ignore_ascii_case("SIP")
    }
}

impl FromStr for Reason {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Reason, Malformed> {
        let (protocol, params) = match text.split_once(';') {
            Some((protocol, params)) => (protocol, Params::parse(params)),
            None => (text, Params::default()),
        };
        let protocol = protocol.trim();
        if !is_token(protocol.as_bytes()) {
            return Err(Malformed);
        }
        Ok(Reason { protocol: protocol.to_owned(), params })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.protocol, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HeaderName, Headers};
    use super::*;

    #[test]
    fn causes_and_texts() {
        let read: Reason = "Q.850 ;cause=16; text=\"Terminated; \\\"ok\\\"\"".parse().unwrap();
        assert_eq!((read.cause(), read.is_sip()), (Some(16), false));
        assert_eq!(read.text().as_deref(), Some("Terminated; \"ok\""));
        assert_eq!(read.to_string(), "Q.850;cause=16;text=\"Terminated; \\\"ok\\\"\"");
        assert_eq!(Reason::new("SIP", 200, Some("Call \"x\"")).to_string(), "SIP;cause=200;text=\"Call \\\"x\\\"\"");
        assert_eq!("SIP;cause=+20".parse::<Reason>().unwrap().cause(), None);
        assert_eq!("preemption".parse::<Reason>().unwrap().cause(), None);
        for bad in ["", ";cause=16", "Q 850;cause=1"] {
            assert_eq!(bad.parse::<Reason>(), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn several_in_one_field_and_in_several() {
        let mut headers = Headers::default();
        headers.push(HeaderName::Reason, "SIP;cause=580;text=\"a, b\", Q.850;cause=38");
        headers.push(HeaderName::Reason, "???[]");
        headers.push(HeaderName::Reason, "X;cause=1");
        let causes: Vec<_> = headers.reasons().iter().map(|r| (r.protocol.clone(), r.cause())).collect();
        assert_eq!(causes, [("SIP".into(), Some(580)), ("Q.850".into(), Some(38)), ("X".into(), Some(1))]);
    }
}
