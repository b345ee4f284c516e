//! `allo-mairie health`: is the service there? For people, and for the container's health check.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::Failure;
use super::telephone;
use crate::net::{self, sleep_until};
use crate::sip::{EndCause, Event, Flow};

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
        let target = match &args.target {
            Some(target) => telephone::resolve_host(target).await?,
            None => reachable(telephone::load_config(args.config.as_deref())?.sip.listen),
        };
        let problem = match ask(target).await? {
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
async fn ask(target: SocketAddr) -> Result<Option<Event>, Failure> {
    let (endpoint, local_ip) = telephone::endpoint("essai", target);
    let failure = |error| telephone::net_failure(&error);
    let (sip, _incoming) = net::bind(endpoint, (local_ip, 0).into(), rand::random()).await.map_err(failure)?;
    let mut line = sip.ping(format!("sip:{target}"), Flow::udp(target)).await.map_err(failure)?;
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
