//! Starts and stops the service: reads the dialplan, starts the engines, opens the port, one task a call.
//!
//! Owns: the order of starting (everything that can fail, before any call is taken) and of stopping.
//! Must not know: SIP headers, audio, what calls are about.

mod desk;
#[cfg(test)]
mod engine_tests;
mod listeners;
mod memory;
mod metrics;
mod monitor;
mod prepare;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, error, info, info_span, warn};

use crate::call::Record;
use crate::call::driver::{self, Services};
use crate::config::Config;
use crate::net::{
    self, CallLine, HttpListener, LocalListener, MediaThreads, NetError, Page, PageAt, SipHandle, now, sleep_until,
};
use crate::store::Store;
use crate::telemetry;

use desk::Desk;
pub use monitor::Monitor;
pub use prepare::{Prepared, Problem, Voices, conversation, prepare, prepare_with, rehearse};

/// Stopping: calls under way may finish for this long before their callers are told.
const GRACE: Duration = Duration::from_secs(60);
/// Stopping: the far ends may answer the last BYE for this long (a lost one goes out again after 0.5 s and 1.5 s).
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How often what is older than its retention is erased.
const PURGE_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// The service takes calls.
#[derive(Debug, Clone)]
pub struct Ready {
    pub address: SocketAddr,
    pub user: String,
    /// Sentences ready to be spoken.
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
    run_with(config, prepare, ready, shutdown).await
}

/// The same, prepared otherwise.
pub async fn run_with(
    config: Config,
    prepare: impl FnOnce(&Config) -> Result<Prepared, Problem> + Send + 'static,
    ready: oneshot::Sender<Ready>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Problem> {
    let started = now();
    let mut shutdown = pin!(shutdown);
    config.sip.listen.iter().try_for_each(|listen| net::check_free(*listen))?;
    raise_descriptor_limit();
    let config = Arc::new(config);
    let preparing = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || prepare(&config))
    };
    let prepared = tokio::select! {
        prepared = preparing => prepared.map_err(|_| Problem::Panicked)??,
        () = &mut shutdown => return Ok(()),
    };
    let threads = MediaThreads::start()?;
    let (sip, incoming) = net::open(listeners::sip(&config), rand::random()).await?;
    let Prepared { services, store, sentences } = prepared;
    let (services, address) = (Arc::new(services), sip.local_address());
    let monitor = Monitor::new(&config, sip.clone(), services.recognisers.clone(), services.speaker.clone());
    let (stop, stopping) = watch::channel(false);
    let _observers = observe(&config, &sip, &monitor, stopping).await?;
    info!(%address, sentences, "ready");
    let _ = ready.send(Ready { address, user: config.sip.user.clone(), sentences, took: now() - started });
    let calls = Calls { services, store, monitor, threads };
    serve(sip, incoming, &calls, stop, shutdown).await;
    Ok(())
}

/// A call has sockets of its own, and many systems start services with 1,024 descriptors where they allow far more.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        warn!(%error, "the limit of open files stays as it is");
    }
}

/// Opens what the service is watched by: the socket for commands and the page of metrics. It closes when what is returned is dropped.
pub async fn observe(
    config: &Config,
    sip: &SipHandle,
    monitor: &Arc<Monitor>,
    stopping: watch::Receiver<bool>,
) -> Result<JoinSet<()>, Problem> {
    let mut observers = JoinSet::new();
    let path = &config.control_socket;
    let listener = LocalListener::bind(path).map_err(|source| Problem::Control { path: path.clone(), source })?;
    let desk = Desk { monitor: monitor.clone(), tap: sip.tap().clone(), limits: config.capture };
    observers.spawn(desk.serve(listener, stopping));
    if let Some(address) = config.metrics {
        let taken = |error| match error {
            NetError::Bind { address, source } => Problem::Metrics { address, source },
            other => Problem::Net(other),
        };
        let listener = HttpListener::bind(address).await.map_err(taken)?;
        let monitor = monitor.clone();
        let page: Page = Arc::new(move || {
            let monitor = monitor.clone();
            Box::pin(async move { monitor.page().await })
        });
        observers.spawn(listener.serve(PageAt { path: "/metrics", content_type: metrics::CONTENT_TYPE }, page));
    }
    Ok(observers)
}

/// What every call is given.
struct Calls {
    services: Arc<Services>,
    store: Store,
    monitor: Arc<Monitor>,
    threads: MediaThreads,
}

async fn serve(
    sip: SipHandle,
    mut incoming: mpsc::Receiver<CallLine>,
    given: &Calls,
    stop: watch::Sender<bool>,
    mut shutdown: std::pin::Pin<&mut impl Future<Output = ()>>,
) {
    let mut calls = JoinSet::new();
    let mut purge_at = now() + PURGE_EVERY;
    loop {
        tokio::select! {
            Some(line) = incoming.recv() => {
                // Without a thread there is no call: the line is dropped, which refuses it.
                let Some(seat) = given.threads.seat() else { continue };
                let span = info_span!("call", id = line.handle().0);
                let thread = seat.runtime().clone();
                let Calls { services, store, monitor, .. } = given;
                let call = driver::run(line, sip.clone(), services.clone(), seat, rand::random(), stop.subscribe());
                // Boxed: the future around it would hold room for it twice.
                let call = record_call(Box::pin(call), store.clone(), monitor.clone());
                calls.spawn_on(call.instrument(span), &thread);
            }
            Some(ended) = calls.join_next() => report_panic(ended),
            () = sleep_until(Some(purge_at)) => {
                given.store.purge(net::timestamp());
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
    last_answers(&sip, LAST_ANSWERS).await;
    info!("stopped");
}

/// Waits until every BYE, CANCEL and refusal of ours has its answer, `patience` at most: without us it would not be
/// sent again.
async fn last_answers(sip: &SipHandle, patience: Duration) {
    tokio::select! {
        _ = sip.quiet() => {}
        () = sleep_until(Some(now() + patience)) => {}
    }
}

/// Sees a call to its end and keeps what it leaves.
async fn record_call(call: impl Future<Output = Option<Record>>, store: Store, monitor: Arc<Monitor>) {
    let started = net::timestamp();
    if let Some(record) = call.await {
        telemetry::call_ended(&record);
        monitor.call_ended(&record);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{AccessConfig, Command, Dial, EndpointConfig, Event, Flow, Listeners, Policy};

    pub fn endpoint(user: &str) -> EndpointConfig {
        EndpointConfig {
            listeners: Listeners::udp(SocketAddr::from(([127, 0, 0, 1], 0))),
            user: user.to_owned(),
            display_name: None,
            product: "test".to_owned(),
            max_calls: 4,
            accept_transfers: false,
            access: AccessConfig::open(),
            policy: Policy::default(),
            credentials: Vec::new(),
        }
    }

    /// A call between two endpoints: the agent's handle and line, the peer's.
    async fn call() -> (SipHandle, CallLine, SipHandle, CallLine) {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let (agent, mut incoming) = net::bind(endpoint("mairie"), loopback, 1).await.unwrap();
        let (peer, _) = net::bind(endpoint("alice"), loopback, 2).await.unwrap();
        let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
        let target = format!("sip:mairie@{}", agent.local_address());
        let destination = Flow::udp(agent.local_address()).into();
        let dial = Dial::to(target, destination, Some(sdp.to_owned()));
        let placed = peer.dial(dial).await.unwrap();
        let mut line = incoming.recv().await.unwrap();
        line.command(Command::Answer { sdp: sdp.to_owned() }).await;
        while !matches!(line.event().await, Some(Event::Acknowledged { .. })) {}
        (agent, line, peer, placed)
    }

    #[tokio::test]
    async fn the_last_bye_is_answered_before_the_service_stops() {
        let (agent, mut line, _peer, mut placed) = call().await;
        line.command(Command::HangUp).await;
        while line.event().await.is_some() {}
        let from = now();
        last_answers(&agent, LAST_ANSWERS).await;
        assert_eq!(agent.active_calls().await.unwrap(), 0);
        assert!(now() - from < LAST_ANSWERS, "the answer was waited for, not the time");
        while !matches!(placed.event().await, Some(Event::Ended { .. })) {}
    }

    #[tokio::test]
    async fn a_far_end_that_says_nothing_is_not_waited_for_long() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let (agent, _) = net::bind(endpoint("mairie"), loopback, 1).await.unwrap();
        let silent = net::WaitingRtpSocket::bind(loopback.ip(), 40_000..=41_000).unwrap();
        let destination = Flow::udp(silent.local_address()).into();
        let target = "sip:nobody@127.0.0.1".to_owned();
        let line = agent.dial(Dial::to(target, destination, None)).await.unwrap();
        line.command(Command::HangUp).await;
        let (from, patience) = (now(), Duration::from_millis(100));
        last_answers(&agent, patience).await;
        assert!(now() - from >= patience);
        assert_eq!(agent.active_calls().await.unwrap(), 1, "the INVITE has no answer yet");
    }
}
