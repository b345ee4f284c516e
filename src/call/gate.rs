//! Whom the far end of a call may have us call instead (REFER): the gate against toll fraud. PURE.
//!
//! Who can send a REFER could otherwise have the agent call numbers that cost money, or anybody on the network.
//! Must not know: legs, how a call is placed.

use std::net::IpAddr;

use crate::config::Follow;
use crate::sip::wire::{ReferTo, Uri};

/// Decides before anything is dialled.
#[derive(Debug, Clone)]
pub struct TransferGate {
    follow: Follow,
    /// As spelled in URIs.
    hosts: Vec<String>,
}

impl TransferGate {
    /// `hosts`: those of the switchboard, as in URIs.
    pub fn new(follow: Follow, hosts: impl IntoIterator<Item = String>) -> Self {
        Self { follow, hosts: hosts.into_iter().collect() }
    }

    /// Whether `target` (as in Refer-To) may be called because a far end at this address asks for it.
    ///
    /// The far end's address is the one its messages come from, not one that it writes: From passes the switchboard as
    /// the caller made it. A `tel:` number has no host, so that anything could be meant.
    pub fn allows(&self, target: &str, referrer: Option<IpAddr>) -> bool {
        match self.follow {
            Follow::Never => false,
            Follow::Always => true,
            Follow::Switchboard => {
                let Ok(ReferTo(target)) = target.parse() else { return false };
                let Uri::Sip(uri) = target.uri else { return false };
                // `maddr` would take the place of the host (RFC 3261 §19.1.1).
                !uri.has_param("maddr") && self.is_switchboard(&uri.host, referrer)
            }
        }
    }

    /// Whether who is called that way may send us on to another address: only where any may be called, for what the gate
    /// refuses must not come back as a redirection.
    pub fn lets_redirect(&self) -> bool {
        self.follow == Follow::Always
    }

    fn is_switchboard(&self, host: &str, referrer: Option<IpAddr>) -> bool {
        let address = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
        let plain = |host: &str| host.trim_end_matches('.').to_ascii_lowercase();
        match address(host) {
            Some(ip) => {
                referrer.is_some_and(|referrer| referrer.to_canonical() == ip)
                    || self.hosts.iter().any(|known| address(known) == Some(ip))
            }
            None => self.hosts.iter().any(|known| plain(known) == plain(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(follow: Follow) -> TransferGate {
        TransferGate::new(follow, ["pabx.mairie.example", "[2001:db8::5]", "192.0.2.9"].map(str::to_owned))
    }

    #[test]
    fn only_the_switchboards_hosts_are_called() {
        let from = Some("198.51.100.1".parse().unwrap());
        for (target, allowed) in [
            ("sip:200@198.51.100.1", true),
            ("<sip:200@198.51.100.1:5070;transport=tcp?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", true),
            ("\"Accueil\" <sips:200@PABX.mairie.example.>", true),
            ("sip:200@[2001:DB8:0::5]", true),
            ("sip:200@192.0.2.9;maddr=203.0.113.6", false),
            ("sip:200@192.0.2.9;%6Daddr=203.0.113.6", false),
            ("sip:200@192.0.2.9;maddr", false),
            ("sip:0899123456@203.0.113.6", false),
            ("sip:192.0.2.9@203.0.113.6", false),
            ("sip:200@pabx.mairie.example.evil.example", false),
            ("sip:200@xpabx.mairie.example", false),
            ("tel:0899123456", false),
            ("nobody", false),
            ("", false),
        ] {
            assert_eq!(gate(Follow::Switchboard).allows(target, from), allowed, "{target}");
            assert!(gate(Follow::Always).allows(target, from));
            assert!(!gate(Follow::Never).allows(target, from));
        }
        let redirecting =
            [Follow::Never, Follow::Switchboard, Follow::Always].map(|follow| gate(follow).lets_redirect());
        assert_eq!(redirecting, [false, false, true]);
        let mapped = Some("::ffff:198.51.100.1".parse().unwrap());
        assert!(gate(Follow::Switchboard).allows("sip:200@198.51.100.1", mapped));
        assert!(!gate(Follow::Switchboard).allows("sip:200@198.51.100.1", None));
    }
}
