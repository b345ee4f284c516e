//! Where a SIP URI points to, for the test telephones: literal addresses only. PURE.

use std::net::SocketAddr;

use crate::net::split_host_port;

/// Default port of SIP over UDP (RFC 3261 §19.1.2).
pub const SIP_PORT: u16 = 5060;

/// `host:port` part of `sip:user@host:port;parameters`.
pub fn host_part(uri: &str) -> Option<&str> {
    let rest = uri.trim().trim_start_matches('<');
    let rest = rest.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("sip:")).map(|_| &rest[4..])?;
    let end = rest.find([';', '?', '>']).unwrap_or(rest.len());
    let address = &rest[..end];
    let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

/// `user` of `sip:user@host`.
pub fn user_part(uri: &str) -> Option<&str> {
    let (scheme_and_user, _) = uri.trim().trim_start_matches('<').split_once('@')?;
    let (_, user) = scheme_and_user.split_once(':')?;
    (!user.is_empty()).then_some(user)
}

/// The address a SIP URI names; `None` for host names and other schemes.
pub fn literal_address(uri: &str) -> Option<SocketAddr> {
    split_host_port(host_part(uri)?, SIP_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_uris() {
        assert_eq!(user_part("sip:100@127.0.0.1:5080"), Some("100"));
        assert_eq!(user_part("<sip:100@town>"), Some("100"));
        assert_eq!(user_part("sip:127.0.0.1"), None);
    }

    #[test]
    fn addresses_of_uris() {
        let address = |uri| literal_address(uri).map(|address| address.to_string());
        assert_eq!(address("sip:100@127.0.0.1:5080").as_deref(), Some("127.0.0.1:5080"));
        assert_eq!(address("<SIP:127.0.0.1;transport=udp>").as_deref(), Some("127.0.0.1:5060"));
        assert_eq!(address("sip:état@[::1]:5070?Replaces=x").as_deref(), Some("[::1]:5070"));
        assert_eq!(address("sip:100@pabx.example"), None);
        assert_eq!(host_part("sip:100@pabx.example:5070"), Some("pabx.example:5070"));
        for nonsense in ["tel:100", "", "sip:", "sip:a@", "é", "sip:a@127.0.0.1:99999"] {
            assert_eq!(address(nonsense), None, "{nonsense}");
        }
    }
}
