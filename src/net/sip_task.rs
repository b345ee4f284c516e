//! Drives the SIP endpoint: messages, commands and timeouts in; messages and events out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use hickory_resolver::TokioResolver;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};

use super::dns::{Dns, of_the_system};
use super::listen::ListenAddress;
use super::sip_handle::{CallLine, Refused, Request, SipHandle};
use super::transports::{Arrival, ConnectionLimits, Timings, TlsSettings, Transports};
use super::{NetError, now, sleep_until, timestamp};
use crate::capture::{Direction, Tap};
use crate::sip::{
    CallHandle, Command, Destination, Endpoint, EndpointConfig, Event, Flow, Input, KeepAlive, KeepAliveInput,
    KeepAliveOutput, KeepAliveSettings, Output, RegistrationInput, RegistrationOutput, RegistrationSettings,
    RegistrationState, Registrations, RegistrationsConfig, Target,
};
use crate::telemetry;

/// Largest UDP payload.
const DATAGRAM_BYTES: usize = 65_535;
/// Datagrams taken one after the other before anything else gets its turn. Their answers leave in one burst, which must
/// fit into the far end's socket (200 kB by default on Linux).
const DATAGRAM_BATCH: usize = 16;
/// Commands taken at once before what they lead to is sent.
const REQUEST_BATCH: usize = 16;
/// Commands waiting for the endpoint. Senders wait when it is full: the endpoint drains it in microseconds.
const COMMAND_QUEUE: usize = 1_024;
/// Events waiting for one call's task. A task that lets this many pile up is stuck: its call is hung up.
const EVENT_QUEUE: usize = 64;
/// Incoming calls waiting to be taken by the server, more than a batch of datagrams brings. Beyond it, calls get 503.
const INCOMING_QUEUE: usize = 1_024;

/// What the SIP task needs to know.
#[derive(Debug, Clone)]
pub struct SipSettings {
    /// Its listeners are those of `listen`, in the same order; port 0 becomes the port the socket gets.
    pub endpoint: EndpointConfig,
    pub listen: Vec<ListenAddress>,
    pub tls: Option<TlsSettings>,
    pub connections: ConnectionLimits,
    pub timings: Timings,
    /// Switchboards to register with, in the order they are tried.
    pub registrations: Vec<RegistrationSettings>,
    /// With the first of them that takes us, instead of with all.
    pub register_first: bool,
    /// Whom to ask whether they are there.
    pub keep_alive: KeepAliveSettings,
}

/// Opens one UDP socket and starts the SIP task on it; see [`open`].
pub async fn bind(
    endpoint: EndpointConfig,
    listen: SocketAddr,
    seed: u64,
) -> Result<(SipHandle, mpsc::Receiver<CallLine>), NetError> {
    let settings = SipSettings {
        endpoint,
        listen: vec![ListenAddress::udp(listen)],
        tls: None,
        connections: ConnectionLimits::default(),
        timings: Timings::default(),
        registrations: Vec::new(),
        register_first: false,
        keep_alive: KeepAliveSettings::default(),
    };
    open(settings, seed).await
}

/// Opens the listeners and starts the SIP task. Incoming calls arrive on the receiver; each line's first event is
/// [`Event::Incoming`].
pub async fn open(settings: SipSettings, seed: u64) -> Result<(SipHandle, mpsc::Receiver<CallLine>), NetError> {
    open_with(settings, seed, of_the_system())
}

/// The same with a DNS resolver of the caller's choice.
pub(super) fn open_with(
    settings: SipSettings,
    seed: u64,
    resolver: Option<TokioResolver>,
) -> Result<(SipHandle, mpsc::Receiver<CallLine>), NetError> {
    let SipSettings { mut endpoint, listen, tls, connections, timings, registrations, register_first, keep_alive } =
        settings;
    let transports = Transports::bind(&listen, tls, connections, timings)?;
    let listening = transports.listening().to_vec();
    let ids: Vec<_> = endpoint.listeners.iter().map(|(id, _)| id).collect();
    for (id, listen) in ids.into_iter().zip(&listening) {
        if let Some(listener) = endpoint.listeners.get_mut(id)
            && listener.advertised.port() == 0
        {
            listener.advertised.set_port(listen.address.port());
        }
    }
    let own = endpoint.listeners.iter().zip(&listening).map(|((_, listener), bound)| match bound.address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(listener.advertised.ip(), bound.address.port()),
        _ => bound.address,
    });
    let (own, tap, refused) = (own.collect(), Tap::default(), Arc::<Refused>::default());
    let dns = Dns::new(endpoint.listeners.clone(), resolver);
    let registrations = RegistrationsConfig {
        listeners: endpoint.listeners.clone(),
        product: endpoint.product.clone(),
        registrations,
        first_only: register_first,
    };
    let (requests, inbox) = mpsc::channel(COMMAND_QUEUE);
    let (incoming, lines) = mpsc::channel(INCOMING_QUEUE);
    let task = SipTask {
        endpoint: Endpoint::new(endpoint, seed),
        // Its identifiers must not be those of the endpoint.
        registrations: Registrations::new(registrations, seed.rotate_left(32) ^ u64::MAX),
        keep_alive: KeepAlive::new(now(), keep_alive, seed.rotate_left(16)),
        pings: HashMap::new(),
        dns: dns.clone(),
        transports,
        lines: HashMap::new(),
        incoming,
        requests: requests.downgrade(),
        draining: false,
        waiting: Vec::new(),
        own,
        tap: tap.clone(),
        refused: refused.clone(),
    };
    tokio::spawn(task.run(inbox));
    Ok((SipHandle { requests, listening, dns, tap, refused }, lines))
}

struct SipTask {
    endpoint: Endpoint,
    registrations: Registrations,
    keep_alive: KeepAlive,
    /// Which switchboard each OPTIONS of `keep_alive` asks.
    pings: HashMap<CallHandle, usize>,
    dns: Dns,
    transports: Transports,
    lines: HashMap<CallHandle, mpsc::Sender<Box<Event>>>,
    incoming: mpsc::Sender<CallLine>,
    requests: mpsc::WeakSender<Request>,
    draining: bool,
    /// Who waits for the last call to be over; one that no longer waits goes when the next one comes.
    waiting: Vec<oneshot::Sender<()>>,
    /// Our addresses by listener, as a capture shows them.
    own: Vec<SocketAddr>,
    tap: Tap,
    refused: Arc<Refused>,
}

impl SipTask {
    /// Ends when every handle and every call line is gone.
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut buffer = vec![0_u8; DATAGRAM_BYTES];
        loop {
            self.drain();
            let timeouts =
                [self.endpoint.poll_timeout(), self.registrations.poll_timeout(), self.keep_alive.poll_timeout()];
            let timeout = timeouts.into_iter().flatten().min();
            tokio::select! {
                arrival = self.transports.next(&mut buffer) => self.handle_arrival(arrival, &mut buffer),
                request = inbox.recv() => match request {
                    Some(request) => {
                        self.handle_request(request);
                        // What came with it goes out with it.
                        for _ in 1..REQUEST_BATCH {
                            let Ok(request) = inbox.try_recv() else { break };
                            self.handle_request(request);
                        }
                    }
                    None => break,
                },
                () = sleep_until(timeout) => {
                    let at = now();
                    self.endpoint.handle_input(at, Input::Timeout);
                    self.registrations.handle_input(at, RegistrationInput::Timeout);
                    self.keep_alive.handle_input(at, KeepAliveInput::Timeout);
                }
            }
        }
    }

    fn handle_arrival(&mut self, arrival: Arrival, buffer: &mut [u8]) {
        match arrival {
            Arrival::Datagram { flow, length } => {
                self.receive(now(), flow, &buffer[..length]);
                for _ in 1..DATAGRAM_BATCH {
                    self.drain();
                    let Some((flow, length)) = self.transports.try_datagram(buffer) else { break };
                    self.receive(now(), flow, &buffer[..length]);
                }
            }
            Arrival::Message { flow, payload } => {
                self.receive(now(), flow, &payload);
            }
            Arrival::Caller(caller) => {
                let source = caller.remote().ip();
                // Who is dropped is not heard to its end: the connection closes here.
                if self.endpoint.admits(source) {
                    self.transports.admit(caller, !self.endpoint.is_welcome(source));
                }
            }
            Arrival::Failed { flow } => {
                self.endpoint.handle_input(now(), Input::TransportFailed { flow });
                self.registrations.handle_input(now(), RegistrationInput::TransportFailed { flow });
            }
            Arrival::Unreachable { remote } => {
                self.endpoint.handle_input(now(), Input::Unreachable { remote });
                self.registrations.handle_input(now(), RegistrationInput::Unreachable { remote });
            }
            Arrival::Nothing => {}
        }
    }

    fn receive(&mut self, at: Instant, flow: Flow, payload: &[u8]) {
        let admitted = self.endpoint.admits(flow.remote.ip());
        if admitted {
            self.capture(Direction::Received, flow, payload);
        }
        let answer = admitted && self.registrations.receive(at, flow, payload);
        if !answer {
            self.endpoint.handle_input(at, Input::Message { flow, payload });
        }
    }

    /// Hands the message to a capture, if there is one.
    fn capture(&self, direction: Direction, flow: Flow, payload: &[u8]) {
        if self.tap.is_armed()
            && let Some(own) = self.own.get(usize::from(flow.local.0))
        {
            self.tap.message(timestamp(), direction, *own, flow.remote, payload);
        }
    }

    fn handle_request(&mut self, request: Request) {
        match request {
            Request::Located { index, targets } => {
                self.remember_names(&targets);
                let targets = targets.into_iter().map(|target| target.flow).collect();
                self.registrations.handle_input(now(), RegistrationInput::Located { index, targets });
            }
            Request::Found { look_up, targets } => {
                self.remember_names(&targets);
                let targets = targets.into_iter().map(|target| target.flow).collect();
                self.endpoint.handle_input(now(), Input::Located { look_up, targets });
            }
            Request::Names { targets } => self.remember_names(&targets),
            Request::Command { call, command } => {
                self.endpoint.handle_input(now(), Input::Command { call, command });
            }
            Request::Dial { dial, line } => {
                let call = self.endpoint.dial(now(), dial);
                self.open_line(call, |opened| drop(line.send(opened)));
            }
            Request::Ping { target, destination, line } => {
                let call = self.endpoint.ping(now(), target, destination);
                self.open_line(call, |opened| drop(line.send(opened)));
            }
            Request::Drain => {
                self.endpoint.handle_input(now(), Input::Drain);
                self.registrations.handle_input(now(), RegistrationInput::Stop);
                self.keep_alive.handle_input(now(), KeepAliveInput::Stop);
                self.draining = true;
            }
            Request::ActiveCalls { count } => {
                let _ = count.send(self.active_calls());
            }
            Request::Switchboards { states } => {
                let known = self.keep_alive.states().map(|(uri, state)| (uri.to_owned(), state));
                let _ = states.send(known.collect());
            }
            Request::Quiet { quiet } => {
                self.waiting.retain(|waiting| !waiting.is_closed());
                self.waiting.push(quiet);
            }
        }
    }

    /// Leaving the switchboards counts as one: it is signalling that is not done.
    fn active_calls(&self) -> usize {
        self.endpoint.active_calls() + usize::from(self.draining && !self.registrations.has_left())
    }

    fn open_line(&mut self, call: CallHandle, deliver: impl FnOnce(CallLine)) {
        let Some(requests) = self.requests.upgrade() else { return };
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        self.lines.insert(call, sender);
        deliver(CallLine { call, events, requests, ended: false });
    }

    fn drain(&mut self) {
        self.drain_registrations();
        self.drain_keep_alive();
        while let Some(report) = self.endpoint.poll_report() {
            self.refused.note(&report);
            telemetry::source_refused(&report);
        }
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit { flow, payload } => {
                    self.capture(Direction::Sent, flow, &payload);
                    self.transports.send(flow, payload);
                }
                Output::Locate { look_up, uri } => {
                    self.look_up(uri, move |targets| Request::Found { look_up, targets })
                }
                Output::Event { call, event } => match self.pings.get(&call) {
                    Some(index) => self.ponged(call, *index, event),
                    None => self.deliver(call, event),
                },
            }
        }
        if !self.waiting.is_empty() && self.active_calls() == 0 {
            for waiting in self.waiting.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    fn drain_registrations(&mut self) {
        while let Some(output) = self.registrations.poll_output() {
            match output {
                RegistrationOutput::Transmit { flow, payload } => {
                    self.endpoint.expect_answers_from(flow.remote.ip());
                    self.transports.send(flow, payload);
                }
                RegistrationOutput::Locate { index, uri } => {
                    self.look_up(uri, move |targets| Request::Located { index, targets });
                }
                RegistrationOutput::State { index, state } => match state {
                    RegistrationState::Registered { expires, flow } => {
                        self.endpoint.befriend(flow.remote.ip());
                        debug!(registration = index, ?expires, switchboard = %flow.remote, "registered");
                    }
                    RegistrationState::Failed { status, retry_after } => {
                        warn!(registration = index, status, ?retry_after, "not registered with the switchboard");
                    }
                    RegistrationState::Left => debug!(registration = index, "left the switchboard"),
                },
            }
        }
    }

    /// Asks DNS; what it says comes back as a request. As many at once as there are calls, OPTIONS and registrations
    /// that wait for one, and each for a few seconds.
    fn look_up(&self, uri: String, found: impl FnOnce(Vec<Target>) -> Request + Send + 'static) {
        let (dns, requests) = (self.dns.clone(), self.requests.clone());
        tokio::spawn(async move {
            let targets = dns.locate(&uri).await;
            if let Some(requests) = requests.upgrade() {
                let _ = requests.send(found(targets)).await;
            }
        });
    }

    fn drain_keep_alive(&mut self) {
        while let Some(output) = self.keep_alive.poll_output() {
            match output {
                KeepAliveOutput::Ping { index, uri } => {
                    let call = self.endpoint.ping(now(), uri, Destination::Target);
                    self.pings.insert(call, index);
                }
                KeepAliveOutput::State { uri, state, .. } => telemetry::switchboard(&uri, state),
            }
        }
    }

    fn ponged(&mut self, call: CallHandle, index: usize, event: Event) {
        if let Event::Ended { cause } = event {
            self.pings.remove(&call);
            self.keep_alive.handle_input(now(), KeepAliveInput::Ended { index, cause });
            self.drain_keep_alive();
        }
    }

    fn remember_names(&mut self, targets: &[Target]) {
        for target in targets {
            if let Some(host) = &target.host {
                self.transports.remember_name(target.flow.remote, host);
            }
        }
    }

    fn deliver(&mut self, call: CallHandle, event: Event) {
        if matches!(event, Event::Incoming { .. }) {
            let incoming = self.incoming.clone();
            let mut refused = false;
            self.open_line(call, |line| refused = incoming.try_send(line).is_err());
            if refused {
                warn!("calls arrive faster than they are taken: refused with 503");
                self.lines.remove(&call);
                let command = Command::Reject { status: 503 };
                self.endpoint.handle_input(now(), Input::Command { call, command });
                return;
            }
        }
        let ended = matches!(event, Event::Ended { .. });
        let Some(line) = self.lines.get(&call) else { return };
        let stuck = matches!(line.try_send(Box::new(event)), Err(mpsc::error::TrySendError::Full(_)));
        if ended || stuck {
            self.lines.remove(&call);
        }
        if stuck && !ended {
            warn!("a call's task takes no more events: the call is hung up");
            self.endpoint.handle_input(now(), Input::Command { call, command: Command::HangUp });
        }
    }
}
