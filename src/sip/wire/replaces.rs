//! Replaces (RFC 3891 §6.1): names the dialog a new one takes the place of. PURE.

use std::fmt;
use std::str::FromStr;

use super::session_expires::Malformed;
use super::text::{Params, percent_decode};

/// `Replaces: 425928@phone.example.com;to-tag=7743;from-tag=6472;early-only`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    pub call_id: String,
    pub params: Params,
}

impl Replaces {
    /// Tags as the one sees them who receives the header: `to_tag` is his own.
    pub fn new(call_id: &str, to_tag: &str, from_tag: &str) -> Replaces {
        let mut params = Params::default();
        params.set("to-tag", Some(to_tag.to_owned()));
        params.set("from-tag", Some(from_tag.to_owned()));
        Replaces { call_id: call_id.to_owned(), params }
    }

    pub fn to_tag(&self) -> &str {
        self.params.get("to-tag").unwrap_or_default()
    }

    pub fn from_tag(&self) -> &str {
        self.params.get("from-tag").unwrap_or_default()
    }

    /// Only a dialog nobody has answered may be replaced.
    pub fn early_only(&self) -> bool {
        self.params.contains("early-only")
    }

    /// The `Replaces` among the headers of a URI (`?Replaces=…&Require=replaces`, RFC 3261 §19.1.1).
    pub fn in_uri_headers(headers: &str) -> Option<Replaces> {
        headers.split('&').find_map(|header| {
            let (name, value) = header.split_once('=')?;
            percent_decode(name).eq_ignore_ascii_case("replaces").then(|| percent_decode(value).parse().ok())?
        })
    }

    /// As a header of a URI, escaped (`hvalue`, RFC 3261 §25.1).
    pub fn to_uri_headers(&self) -> String {
        use fmt::Write as _;
        let mut escaped = String::from("Replaces=");
        for byte in self.to_string().bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()[]/?:+$".contains(&byte) {
                escaped.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
        escaped
    }
}

impl FromStr for Replaces {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Replaces, Malformed> {
        let (call_id, params) = text.split_once(';').ok_or(Malformed)?;
        let call_id = call_id.trim();
        let plain = !call_id.is_empty() && !call_id.contains(|c: char| c.is_ascii_whitespace() || c == ',');
        let read = Replaces { call_id: call_id.to_owned(), params: Params::parse(params) };
        // Both tags are mandatory (§6.1).
        if !plain || read.to_tag().is_empty() || read.from_tag().is_empty() {
            return Err(Malformed);
        }
        Ok(read)
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.call_id, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_dialog() {
        let text = "98732@sip.example.com ;from-tag=r33th4x0r  ;to-tag=ff87ff;early-only";
        let read: Replaces = text.parse().unwrap();
        assert_eq!(
            (read.call_id.as_str(), read.to_tag(), read.from_tag()),
            ("98732@sip.example.com", "ff87ff", "r33th4x0r")
        );
        assert!(read.early_only());
        assert_eq!(read.to_string(), "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only");
        assert_eq!(read.to_string().parse(), Ok(read));
        for bad in
            ["", "a@b", "a@b;to-tag=1", "a@b;from-tag=1;to-tag", ";to-tag=1;from-tag=2", "a b;to-tag=1;from-tag=2"]
        {
            assert_eq!(bad.parse::<Replaces>(), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn travels_in_a_uri() {
        let replaces = Replaces::new("adf2f34456gs5@x", "1;2", "3%");
        let escaped = replaces.to_uri_headers();
        assert_eq!(escaped, "Replaces=adf2f34456gs5%40x%3Bto-tag%3D1%3B2%3Bfrom-tag%3D3%25");
        let plain = Replaces::new("425928@phone.example.com", "7743", "6472");
        let headers = format!("Require=replaces&{}&X=", plain.to_uri_headers());
        assert_eq!(Replaces::in_uri_headers(&headers), Some(plain));
        assert_eq!(Replaces::in_uri_headers("Subject=x"), None);
        assert_eq!(Replaces::in_uri_headers("Replaces=nonsense"), None);
    }
}
