//! `allo-mairie health`: is the service there? For people, and for the container's health check.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::Failure;
use super::telephone;
use crate::net::{self, ConnectionLimits, ListenAddress, SipSettings, Timings, TlsSettings, sleep_until};
use crate::sip::{EndCause, EndpointConfig, Event, Flow, Listener, Listeners, Transport};

/// A service that needs longer can't answer the telephone either.
const WAIT: Duration = Duration::from_secs(3);

#[derive(clap::Args)]
pub struct Args {
    /// Fichier de configuration du service
    #[arg(long, value_name = "FICHIER")]
    config: Option<PathBuf>,
    /// Machine à interroger au lieu de celle de la configuration
    #[arg(long, value_name = "HÔTE:PORT")]
    target: Option<String>,
}

pub fn run(args: Args) -> Result<(), Failure> {
    telephone::runtime()?.block_on(async {
        let (target, tls) = match &args.target {
            Some(target) => (ListenAddress::udp(telephone::resolve_host(target).await?), None),
            None => {
                let sip = telephone::load_config(args.config.as_deref())?.sip;
                // UDP where there is a choice: it needs no connection and no certificate.
                let udp = sip.listen.iter().find(|listen| listen.transport == Transport::Udp);
                let Some(listen) = udp.or(sip.listen.first()) else {
                    return Err(Failure::new("Le service n'écoute nulle part."));
                };
                (ListenAddress { address: reachable(listen.address), ..*listen }, sip.tls)
            }
        };
        let answer = ask(target, tls).await?;
        let target = target.address;
        let problem = match answer {
            Some(Event::Answered { .. }) => {
                println!("Le service répond à {target} : prêt à prendre des appels.");
                return Ok(());
            }
            Some(Event::Ended { cause: EndCause::Refused(503) }) => {
                "est là mais ne prend plus d'appels (503) : il s'arrête ou il est saturé.".to_owned()
            }
            Some(Event::Ended { cause: EndCause::Refused(status) }) => format!("répond par un refus ({status})."),
            _ => "ne répond pas. Remède : « allo-mairie serve » le lance ; son journal dit pourquoi il s'est arrêté."
                .to_owned(),
        };
        Err(Failure::new(format!("Le service à {target} {problem}")))
    })
}

/// A service that listens on every address is asked on this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listen.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), listen.port()),
        _ => listen,
    }
}

/// Sends OPTIONS (RFC 3261 §11); the final answer, or `None` without one.
async fn ask(target: ListenAddress, tls: Option<TlsSettings>) -> Result<Option<Event>, Failure> {
    let ListenAddress { transport, address } = target;
    let (endpoint, local_ip) = telephone::endpoint("essai", address);
    let listeners = Listeners::new(Listener { transport, advertised: (local_ip, 0).into() });
    // The service must show the certificate of the configuration, and no other.
    let tls = tls.map(|tls| TlsSettings { authorities: Some(tls.certificate.clone()), ..tls });
    let settings = SipSettings {
        endpoint: EndpointConfig { listeners, ..endpoint },
        listen: vec![ListenAddress { transport, address: (local_ip, 0).into() }],
        tls: tls.filter(|_| transport == Transport::Tls),
        connections: ConnectionLimits::default(),
        timings: Timings::default(),
        registrations: Vec::new(),
        register_first: false,
        keep_alive: Default::default(),
    };
    let failure = |error| telephone::net_failure(&error);
    let (sip, _incoming) = net::open(settings, rand::random()).await.map_err(failure)?;
    let flow = Flow { transport, ..Flow::udp(address) };
    let mut line = sip.ping(format!("sip:{address};transport={transport}"), flow).await.map_err(failure)?;
    let deadline = Some(net::now() + WAIT);
    loop {
        tokio::select! {
            event = line.event() => match event {
                Some(Event::Answered { .. } | Event::Ended { .. }) | None => return Ok(event),
                Some(_) => {}
            },
            () = sleep_until(deadline) => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_on_this_machine() {
        let reach = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:5060"), "127.0.0.1:5060");
        assert_eq!(reach("[::]:5060"), "[::1]:5060");
        assert_eq!(reach("192.0.2.7:5070"), "192.0.2.7:5070");
    }
}
