//! `allo-mairie health`: is the service there? For people, and for the container's health check.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::Failure;
use super::{service, telephone};
use crate::control::{Answer, Request, Status};
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
        let (target, tls, socket) = match &args.target {
            Some(target) => (ListenAddress::udp(telephone::resolve_host(target).await?), None, None),
            None => {
                let config = telephone::load_config(args.config.as_deref())?;
                let sip = config.sip;
                // UDP where there is a choice: it needs no connection and no certificate.
                let udp = sip.listen.iter().find(|listen| listen.transport == Transport::Udp);
                let Some(listen) = udp.or(sip.listen.first()) else {
                    return Err(Failure::new("Le service n'écoute nulle part."));
                };
                (ListenAddress { address: reachable(listen.address), ..*listen }, sip.tls, Some(config.control_socket))
            }
        };
        let answer = ask(target, tls).await?;
        let target = target.address;
        let problem = match answer {
            Some(Event::Answered { .. }) => {
                println!("Le service répond à {target} : prêt à prendre des appels.");
                // Another user's command may ask whether it is there, and no more.
                if let Some(socket) = socket
                    && let Ok((Answer::Status(status), ..)) = service::ask(&socket, Request::Status).await
                {
                    troubles(&status).iter().for_each(|trouble| println!("{trouble}"));
                    if status.engines.iter().any(|engine| engine.workers == 0) {
                        return Err(Failure::new(
                            "Un moteur est en panne : le service ne va pas bien sans être relancé.",
                        ));
                    }
                }
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

/// What is not well, a line each. Only an engine that is down makes the command fail: the rest would not get better by a new
/// start.
fn troubles(status: &Status) -> Vec<String> {
    let mut troubles = Vec::new();
    for switchboard in status.switchboards.iter().filter(|switchboard| switchboard.reachable == Some(false)) {
        troubles.push(format!(
            "Attention : le standard {} ne répond pas. Remède : vérifiez qu'il est en marche, son adresse, le pare-feu.",
            switchboard.uri
        ));
    }
    if status.calls >= status.max_calls {
        troubles.push(format!(
            "Attention : toutes les lignes sont prises ({} appels). Remède : relevez sip.max_calls si la machine le permet.",
            status.calls
        ));
    }
    for engine in &status.engines {
        let what = match engine.name.strip_prefix("voice ") {
            Some(language) => format!("la voix « {language} »"),
            None => "la reconnaissance".to_owned(),
        };
        if engine.workers == 0 {
            troubles.push(format!(
                "Attention : {what} est en panne : elle s'est bloquée {} fois. Remède : relancez le service ; le journal dit \
                 depuis quand.",
                engine.lost
            ));
        } else if engine.lost > 0 {
            troubles.push(format!(
                "Attention : {what} s'est bloquée et a été remplacée. Remède : surveillez la mémoire ; relancez le service si \
                 cela recommence."
            ));
        }
    }
    if status.recogniser_overloaded || status.recogniser_backlog >= status.recogniser_queue {
        troubles.push(format!(
            "Attention : {} phrases attendent la reconnaissance ({} s), les nouveaux appels passent par les touches du \
             téléphone. Remède : un processeur plus rapide, ou un modèle plus petit.",
            status.recogniser_backlog,
            status.recogniser_wait_ms.unwrap_or_default().div_ceil(1_000)
        ));
    }
    if status.skipped_ticks > 0 {
        troubles.push(format!(
            "Attention : {} paquets de voix n'ont pas pu partir à temps depuis le démarrage. Remède : la machine est trop \
             chargée par autre chose.",
            status.skipped_ticks
        ));
    }
    // One call in twenty, and not just one.
    if status.calls_bad > 1 && status.calls_bad * 20 > status.calls_ended {
        troubles.push(format!(
            "Attention : {} appels sur {} ont été mal entendus (note inférieure à 3,1 sur 4,5). Remède : le journal dit \
             pertes et gigue de chaque appel ; « allo-mairie capture » les montre.",
            status.calls_bad, status.calls_ended
        ));
    }
    troubles
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
    fn only_what_is_not_well_is_told() {
        use crate::control::{Engine, Switchboard};
        let engine = |name: &str, workers, lost| Engine { name: name.into(), workers, lost, restarts: 0 };
        let board = |uri: &str, reachable| Switchboard { uri: uri.into(), reachable };
        let well = Status {
            calls: 3,
            max_calls: 4,
            recogniser_backlog: 1,
            recogniser_queue: 16,
            recogniser_wait_ms: Some(120),
            recogniser_overloaded: false,
            engines: vec![engine("recogniser", 1, 0), engine("voice fr", 1, 0)],
            switchboards: vec![board("sip:192.0.2.1", Some(true)), board("sip:192.0.2.2", None)],
            skipped_ticks: 0,
            calls_ended: 100,
            calls_bad: 5,
        };
        assert_eq!(troubles(&well), Vec::<String>::new());
        let told = troubles(&Status {
            calls: 4,
            recogniser_backlog: 16,
            engines: vec![engine("recogniser", 0, 3), engine("voice fr", 1, 1)],
            switchboards: vec![board("sip:192.0.2.1", Some(false))],
            skipped_ticks: 2,
            calls_bad: 6,
            ..well.clone()
        });
        let words = [
            "sip:192.0.2.1",
            "max_calls",
            "la reconnaissance est en panne",
            "la voix « fr » s'est bloquée",
            "touches",
            "à temps",
            "6 appels sur 100",
        ];
        for (trouble, word) in told.iter().zip(words) {
            assert!(trouble.contains(word) && trouble.contains("Remède"), "{trouble}");
        }
        assert_eq!(told.len(), 7);
        let slow = Status { recogniser_overloaded: true, recogniser_wait_ms: Some(2_100), ..well };
        assert!(troubles(&slow)[0].contains("(3 s)"));
    }

    #[test]
    fn every_address_is_asked_on_this_machine() {
        let reach = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:5060"), "127.0.0.1:5060");
        assert_eq!(reach("[::]:5060"), "[::1]:5060");
        assert_eq!(reach("192.0.2.7:5070"), "192.0.2.7:5070");
    }
}
