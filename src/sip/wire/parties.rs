//! What a trusted network says of the parties: Remote-Party-ID and Privacy (RFC 3323, RFC 3325 §9.3), User-to-User
//! (RFC 7433). P-Asserted-Identity and P-Preferred-Identity are plain addresses: `Headers::addresses`. PURE.

use std::fmt;
use std::str::FromStr;

use super::name_addr::NameAddr;
use super::session_expires::Malformed;
use super::text::{Params, is_token, unquote};
use super::uri::UriError;

/// `"Mme X" <sip:100@pbx>;party=calling;screen=yes;privacy=off` (draft-ietf-sip-privacy-04: older than RFC 3325, still sent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePartyId(pub NameAddr);

impl RemotePartyId {
    /// Whether it names who calls, which it does when it does not say.
    pub fn is_caller(&self) -> bool {
        self.0.params.get("party").is_none_or(|party| party.eq_ignore_ascii_case("calling"))
    }

    /// Whether the network has checked it.
    pub fn is_screened(&self) -> bool {
        self.0.params.get("screen").is_some_and(|screen| screen.eq_ignore_ascii_case("yes"))
    }

    /// Whether the party asked to be hidden.
    pub fn is_private(&self) -> bool {
        let privacy = self.0.params.get("privacy").map(unquote);
        privacy.is_some_and(|privacy| !privacy.eq_ignore_ascii_case("off"))
    }
}

impl FromStr for RemotePartyId {
    type Err = UriError;

    fn from_str(text: &str) -> Result<RemotePartyId, UriError> {
        text.parse().map(RemotePartyId)
    }
}

impl fmt::Display for RemotePartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the caller wants hidden: `Privacy: id;critical`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privacy {
    /// As spelled, in order.
    pub values: Vec<String>,
}

impl Privacy {
    pub fn wants(&self, value: &str) -> bool {
        self.values.iter().any(|v| v.eq_ignore_ascii_case(value))
    }

    /// Whether the caller's name and number are not to be shown.
    pub fn hides_caller(&self) -> bool {
        ["id", "user", "header"].into_iter().any(|value| self.wants(value))
    }
}

impl FromStr for Privacy {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Privacy, Malformed> {
        // Commas are not in the grammar, but on the wire.
        let values: Vec<String> =
            text.split([';', ',']).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect();
        if values.is_empty() || !values.iter().all(|value| is_token(value.as_bytes())) {
            return Err(Malformed);
        }
        Ok(Privacy { values })
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.values.join(";"))
    }
}

/// Data the callers' application sends along: `56a390f3d2b7310023;encoding=hex;purpose=isdn-uui`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToUser {
    /// As spelled: a token or a quoted string.
    pub data: String,
    pub params: Params,
}

impl UserToUser {
    /// The octets it stands for (RFC 7433 §4.1); `None` for an encoding that is not hex, or wrong hex.
    pub fn octets(&self) -> Option<Vec<u8>> {
        let hex = self.params.get("encoding").is_none_or(|encoding| encoding.eq_ignore_ascii_case("hex"));
        let digits = unquote(&self.data);
        if !hex || !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
    }
}

impl FromStr for UserToUser {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<UserToUser, Malformed> {
        let text = text.trim();
        let end = match text.strip_prefix('"') {
            Some(_) => super::text::end_of_quoted(text).ok_or(Malformed)?,
            None => text.find(';').unwrap_or(text.len()),
        };
        let (data, params) = text.split_at(end);
        let data = data.trim();
        let params = params.trim_start();
        if !(data.starts_with('"') || is_token(data.as_bytes())) || !(params.is_empty() || params.starts_with(';')) {
            return Err(Malformed);
        }
        Ok(UserToUser { data: data.to_owned(), params: Params::parse(params) })
    }
}

impl fmt::Display for UserToUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.data, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_parties() {
        let text = "\"Mme X\" <sip:100@pbx>;party=calling;screen=yes;privacy=full";
        let read: RemotePartyId = text.parse().unwrap();
        assert_eq!((read.is_caller(), read.is_screened(), read.is_private()), (true, true, true));
        assert_eq!(read.to_string(), text);
        let called: RemotePartyId = "<sip:100@pbx>;party=called".parse().unwrap();
        assert_eq!((called.is_caller(), called.is_screened(), called.is_private()), (false, false, false));
    }

    #[test]
    fn privacy() {
        let read: Privacy = "id ; critical".parse().unwrap();
        assert!(read.wants("ID") && read.hides_caller() && !read.wants("session"));
        assert_eq!(read.to_string(), "id;critical");
        assert!(!"none".parse::<Privacy>().unwrap().hides_caller());
        assert!("header, user".parse::<Privacy>().unwrap().hides_caller());
        for bad in ["", ";", "a b", "<id>"] {
            assert_eq!(bad.parse::<Privacy>(), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn user_to_user() {
        let read: UserToUser = "00FA08;encoding=hex;purpose=isdn-uui".parse().unwrap();
        assert_eq!(read.octets(), Some(vec![0, 0xfa, 8]));
        assert_eq!(read.to_string(), "00FA08;encoding=hex;purpose=isdn-uui");
        let quoted: UserToUser = "\"a;\\\"b\" ;encoding=x".parse().unwrap();
        assert_eq!((quoted.data.as_str(), quoted.octets()), ("\"a;\\\"b\"", None));
        for odd in ["0", "0g", "+1"] {
            assert_eq!(odd.parse::<UserToUser>().unwrap().octets(), None, "{odd}");
        }
        for bad in ["", ";a", "\"open", "\"a\"b", "a b"] {
            assert_eq!(bad.parse::<UserToUser>(), Err(Malformed), "{bad}");
        }
    }
}
