//! From the configuration to what the SIP task and calls listen on and tell their peers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::call::driver::{RtpAddress, RtpAddresses};
use crate::call::gate::TransferGate;
use crate::config::{Config, Follow, RegistrationConfig, Secret};
use crate::net::{ConnectionLimits, ListenAddress, SipSettings, Timings, local_address_towards};
use crate::sip::digest::Password;
use crate::sip::wire::Uri;
use crate::sip::{AccessConfig, EndpointConfig, KeepAliveSettings, Listener, Listeners, Login, RegistrationSettings};

/// Peers to ask the routing table about when no address is advertised (documentation addresses, RFC 5737 and RFC 3849);
/// nothing is sent.
const ANY_PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);
const ANY_PEER_V6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 5060);

/// Everything the SIP task needs.
pub fn sip(config: &Config) -> SipSettings {
    let listen = config.sip.listen.clone();
    let mut all =
        listen.iter().map(|listen| Listener { transport: listen.transport, advertised: advertised(config, listen) });
    let first = all.next().unwrap_or(Listener { transport: crate::sip::Transport::Udp, advertised: ANY_PEER });
    let mut listeners = Listeners::new(first);
    all.for_each(|listener| listeners.push(listener));
    let accounts = config.sip.accounts.iter().map(|(user, secret)| password(user, secret)).collect();
    let endpoint = EndpointConfig {
        listeners,
        user: config.sip.user.clone(),
        display_name: None,
        product: concat!("AlloMairie/", env!("CARGO_PKG_VERSION")).to_owned(),
        max_calls: config.sip.max_calls,
        accept_transfers: config.transfer.follow != Follow::Never,
        policy: config.sip.policy.clone(),
        // A switchboard asks for the password of a transfer or a call as it does for that of the registration.
        credentials: config.sip.registrations.iter().map(login).collect(),
        access: AccessConfig { realm: config.sip.realm.clone(), accounts, ..config.sip.access.clone() },
    };
    SipSettings {
        endpoint,
        listen,
        tls: config.sip.tls.clone(),
        connections: ConnectionLimits { incoming: config.sip.max_connections, ..ConnectionLimits::default() },
        timings: Timings::default(),
        registrations: config.sip.registrations.iter().map(registration).collect(),
        register_first: config.sip.register_first,
        keep_alive: KeepAliveSettings { peers: switchboards(config), interval: config.sip.keep_alive },
    }
}

/// Whom calls may be moved to: hosts of the switchboards that we know of.
pub fn gate(config: &Config) -> TransferGate {
    let registrars = config.sip.registrations.iter().filter_map(|given| match given.registrar.parse() {
        Ok(Uri::Sip(uri)) => Some(uri.host),
        _ => None,
    });
    TransferGate::new(config.transfer.follow, config.transfer.target.host().into_iter().chain(registrars))
}

/// Whom we work with: where calls are transferred to, and where we register.
fn switchboards(config: &Config) -> Vec<String> {
    let registrars = config.sip.registrations.iter().map(|registration| registration.registrar.clone());
    std::iter::once(config.transfer.target.switchboard()).chain(registrars).collect()
}

fn password(user: &str, secret: &Secret) -> Password {
    Password { user: user.to_owned(), password: secret.reveal().to_owned() }
}

fn login(given: &RegistrationConfig) -> Login {
    Login { realm: given.realm.clone(), password: password(&given.login, &given.password) }
}

fn registration(given: &RegistrationConfig) -> RegistrationSettings {
    RegistrationSettings {
        registrar: given.registrar.clone(),
        user: given.user.clone(),
        password: password(&given.login, &given.password),
        realm: given.realm.clone(),
        expires: given.expires,
    }
}

/// Where calls receive their audio: at the addresses SIP listens on.
pub fn rtp(config: &Config) -> RtpAddresses {
    let mut addresses: Vec<RtpAddress> = Vec::new();
    for listen in &config.sip.listen {
        let ip = listen.address.ip();
        if addresses.iter().all(|known| known.listen.is_ipv6() != ip.is_ipv6()) {
            let advertised = config.sip.advertised(listen).map(|(ip, _)| ip);
            addresses.push(RtpAddress { listen: ip, advertised });
        }
    }
    RtpAddresses { addresses, ports: config.rtp.ports.clone() }
}

/// Port 0 stands for the one the socket gets.
fn advertised(config: &Config, listen: &ListenAddress) -> SocketAddr {
    let given = config.sip.advertised(listen);
    let ip = given.map(|(ip, _)| ip).unwrap_or_else(|| match listen.address.ip() {
        ip if ip.is_unspecified() => local_address_towards(usual_peer(config, ip.is_ipv6())),
        ip => ip,
    });
    SocketAddr::new(ip, given.and_then(|(_, port)| port).unwrap_or(listen.address.port()))
}

/// The switchboard, when its address is known and of this family.
fn usual_peer(config: &Config, v6: bool) -> SocketAddr {
    let known = config.transfer.target.address().filter(|address| address.is_ipv6() == v6);
    known.unwrap_or(if v6 { ANY_PEER_V6 } else { ANY_PEER })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::from_parts(Some(("config.toml", text)), []).unwrap()
    }

    #[test]
    fn each_listener_has_the_address_advertised_for_it() {
        let settings = sip(&config(
            "[sip]\nlisten = ['udp:0.0.0.0:5060', 'tcp:192.0.2.7:5070', 'udp:[::1]:5060']\n\
             advertised = ['203.0.113.9', 'tcp:203.0.113.9:15070']\n",
        ));
        let told: Vec<String> =
            settings.endpoint.listeners.iter().map(|(_, l)| format!("{}:{}", l.transport, l.advertised)).collect();
        assert_eq!(told, ["udp:203.0.113.9:5060", "tcp:203.0.113.9:15070", "udp:[::1]:5060"]);
    }

    #[test]
    fn a_refer_reaches_the_call_unless_none_is_followed() {
        for (follow, taken) in [("never", false), ("switchboard", true), ("always", true)] {
            let endpoint = sip(&config(&format!("[transfer]\nfollow = '{follow}'\n"))).endpoint;
            assert_eq!(endpoint.accept_transfers, taken, "{follow}");
        }
    }

    #[test]
    fn calls_may_be_moved_to_the_switchboards_of_the_configuration() {
        let gate = gate(&config(
            "[transfer]\ntarget = 'sip:{poste}@192.0.2.7'\n[sip.registrations.pabx]\nregistrar = 'sip:PABX.example;transport=udp'\n\
             user = '200'\npassword = 'secret'\n",
        ));
        let elsewhere = Some("198.51.100.9".parse().unwrap());
        for (target, allowed) in
            [("sip:1@192.0.2.7:5070", true), ("sip:1@pabx.example", true), ("sip:1@other.example", false)]
        {
            assert_eq!(gate.allows(target, elsewhere), allowed, "{target}");
        }
    }

    #[test]
    fn the_switchboards_are_those_of_transfers_and_registrations() {
        let settings = sip(&config(
            "[sip]\nkeep_alive = 30\n\
             [sip.session]\nsession_expires = 600\nmin_se = 120\nreliable_provisionals = true\nmax_redirects = 0\n\
             [transfer]\ntarget = 'sip:{poste}@pabx.example:5070;transport=udp?X=y'\n\
             [sip.registrations.un]\nregistrar = 'sip:192.0.2.1'\nuser = '200'\npassword = 'x'\n",
        ));
        let expected = KeepAliveSettings {
            peers: vec!["sip:pabx.example:5070;transport=udp".into(), "sip:192.0.2.1".into()],
            interval: std::time::Duration::from_secs(30),
        };
        assert_eq!(settings.keep_alive, expected);
        let policy =
            crate::sip::Policy { session_expires: 600, min_se: 120, reliable_provisionals: true, max_redirects: 0 };
        assert_eq!(settings.endpoint.policy, policy);
    }

    #[test]
    fn audio_has_an_address_for_each_family() {
        let addresses =
            rtp(&config("[sip]\nlisten = ['tcp:192.0.2.7:5060', 'udp:[::]:5060']\nadvertised = '203.0.113.9'\n"));
        let found: Vec<_> = addresses.addresses.iter().map(|a| (a.listen.to_string(), a.advertised)).collect();
        assert_eq!(found, [("192.0.2.7".into(), Some("203.0.113.9".parse().unwrap())), ("::".into(), None)]);
    }
}
