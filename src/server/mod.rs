//! Starts and stops the service: reads the dialplan, starts the engines, opens the port, one task a call.
//!
//! Owns: the order of starting (everything that can fail, before any call is taken) and of stopping.
//! Must not know: SIP headers, audio, what calls are about.

mod prepare;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, error, info, info_span};

use crate::call::driver::{self, Services};
use crate::config::Config;
use crate::net::{self, CallLine, NetError, SipHandle, local_address_towards, now, sleep_until};
use crate::sip::{EndpointConfig, Listeners, Policy};
use crate::store::Store;
use crate::telemetry;

pub use prepare::{Prepared, Problem, prepare};

/// Stopping: calls under way may finish for this long before their callers are told.
const GRACE: Duration = Duration::from_secs(60);
/// How often what is older than its retention is erased.
const PURGE_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// A peer to ask the routing table about when no address is advertised (TEST-NET-1, RFC 5737); nothing is sent.
const ANY_PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5060);

/// The service takes calls.
#[derive(Debug, Clone)]
pub struct Ready {
    pub address: SocketAddr,
    pub user: String,
    /// Fixed sentences ready to be spoken.
    pub sentences: usize,
    /// Start to ready.
    pub took: Duration,
}

/// Runs the service until `shutdown` completes, then lets calls end. `ready` is told once calls are taken.
pub async fn run(
    config: Config,
    ready: oneshot::Sender<Ready>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Problem> {
    let started = now();
    let mut shutdown = pin!(shutdown);
    net::check_free(config.sip.listen)?;
    let config = Arc::new(config);
    let preparing = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || prepare(&config))
    };
    let prepared = tokio::select! {
        prepared = preparing => prepared.map_err(|_| Problem::Panicked)??,
        () = &mut shutdown => return Ok(()),
    };
    let (sip, incoming) = net::bind(endpoint_config(&config), config.sip.listen, rand::random()).await?;
    let Prepared { services, store, sentences } = prepared;
    let address = sip.local_address();
    info!(%address, sentences, "ready");
    let _ = ready.send(Ready { address, user: config.sip.user.clone(), sentences, took: now() - started });
    serve(sip, incoming, Arc::new(services), &store, shutdown).await;
    Ok(())
}

fn endpoint_config(config: &Config) -> EndpointConfig {
    let ip = config.sip.advertised.unwrap_or_else(|| match config.sip.listen.ip() {
        ip if ip.is_unspecified() => local_address_towards(config.transfer.target.address().unwrap_or(ANY_PEER)),
        ip => ip,
    });
    // Port 0 stands for the one the socket gets.
    let port = config.sip.advertised_port.unwrap_or(config.sip.listen.port());
    EndpointConfig {
        listeners: Listeners::udp(SocketAddr::new(ip, port)),
        user: config.sip.user.clone(),
        display_name: None,
        product: concat!("AlloMairie/", env!("CARGO_PKG_VERSION")).to_owned(),
        max_calls: config.sip.max_calls,
        accept_transfers: false,
        policy: Policy::default(),
    }
}

async fn serve(
    sip: SipHandle,
    mut incoming: mpsc::Receiver<CallLine>,
    services: Arc<Services>,
    store: &Store,
    mut shutdown: std::pin::Pin<&mut impl Future<Output = ()>>,
) {
    let (stop, stopping) = watch::channel(false);
    let mut calls = JoinSet::new();
    let mut purge_at = now() + PURGE_EVERY;
    loop {
        tokio::select! {
            Some(line) = incoming.recv() => {
                let span = info_span!("call", id = line.handle().0);
                let call = take_call(line, services.clone(), store.clone(), stopping.clone());
                calls.spawn(call.instrument(span));
            }
            Some(ended) = calls.join_next() => report_panic(ended),
            () = sleep_until(Some(purge_at)) => {
                store.purge(net::timestamp());
                purge_at = now() + PURGE_EVERY;
            }
            () = shutdown.as_mut() => break,
        }
    }
    info!(calls = calls.len(), "stopping: no new calls");
    sip.drain().await;
    let mut grace = Some(now() + GRACE);
    while !calls.is_empty() {
        tokio::select! {
            Some(ended) = calls.join_next() => report_panic(ended),
            () = sleep_until(grace) => {
                grace = None;
                let _ = stop.send(true);
            }
        }
    }
    info!("stopped");
}

async fn take_call(line: CallLine, services: Arc<Services>, store: Store, stopping: watch::Receiver<bool>) {
    let started = net::timestamp();
    if let Some(record) = driver::run(line, services, rand::random(), stopping).await {
        telemetry::call_ended(&record);
        store.save_call(&record, started);
    }
}

/// A panic ends one call (its line is dropped, which hangs up) and no other.
fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "a call's task failed");
    }
}

impl From<NetError> for Problem {
    fn from(error: NetError) -> Self {
        Self::Net(error)
    }
}
