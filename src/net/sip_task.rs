//! Drives the SIP endpoint: messages, commands and timeouts in; messages and events out.

use std::collections::HashMap;
use std::net::SocketAddr;

use tokio::sync::mpsc;
use tracing::warn;

use super::listen::ListenAddress;
use super::sip_handle::{CallLine, Request, SipHandle};
use super::transports::{Arrival, ConnectionLimits, Timings, TlsSettings, Transports};
use super::{NetError, now, sleep_until};
use crate::sip::{CallHandle, Command, Endpoint, EndpointConfig, Event, Input, Output};
use crate::telemetry;

/// Largest UDP payload.
const DATAGRAM_BYTES: usize = 65_535;
/// Datagrams taken one after the other before anything else gets its turn.
const DATAGRAM_BATCH: usize = 64;
/// Commands waiting for the endpoint. Senders wait when it is full: the endpoint drains it in microseconds.
const COMMAND_QUEUE: usize = 1_024;
/// Events waiting for one call's task. A task that lets this many pile up is stuck: its call is hung up.
const EVENT_QUEUE: usize = 64;
/// Incoming calls waiting to be taken by the server. Beyond it, calls get 503.
const INCOMING_QUEUE: usize = 64;

/// What the SIP task needs to know.
#[derive(Debug, Clone)]
pub struct SipSettings {
    /// Its listeners are those of `listen`, in the same order; port 0 becomes the port the socket gets.
    pub endpoint: EndpointConfig,
    pub listen: Vec<ListenAddress>,
    pub tls: Option<TlsSettings>,
    pub connections: ConnectionLimits,
    pub timings: Timings,
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
    };
    open(settings, seed).await
}

/// Opens the listeners and starts the SIP task. Incoming calls arrive on the receiver; each line's first event is
/// [`Event::Incoming`].
pub async fn open(settings: SipSettings, seed: u64) -> Result<(SipHandle, mpsc::Receiver<CallLine>), NetError> {
    let SipSettings { mut endpoint, listen, tls, connections, timings } = settings;
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
    let (requests, inbox) = mpsc::channel(COMMAND_QUEUE);
    let (incoming, lines) = mpsc::channel(INCOMING_QUEUE);
    let task = SipTask {
        endpoint: Endpoint::new(endpoint, seed),
        transports,
        lines: HashMap::new(),
        incoming,
        requests: requests.downgrade(),
    };
    tokio::spawn(task.run(inbox));
    Ok((SipHandle { requests, listening }, lines))
}

struct SipTask {
    endpoint: Endpoint,
    transports: Transports,
    lines: HashMap<CallHandle, mpsc::Sender<Event>>,
    incoming: mpsc::Sender<CallLine>,
    requests: mpsc::WeakSender<Request>,
}

impl SipTask {
    /// Ends when every handle and every call line is gone.
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut buffer = vec![0_u8; DATAGRAM_BYTES];
        loop {
            self.drain();
            let timeout = self.endpoint.poll_timeout();
            tokio::select! {
                arrival = self.transports.next(&mut buffer) => self.handle_arrival(arrival, &mut buffer),
                request = inbox.recv() => match request {
                    Some(request) => self.handle_request(request),
                    None => break,
                },
                () = sleep_until(timeout) => self.endpoint.handle_input(now(), Input::Timeout),
            }
        }
    }

    fn handle_arrival(&mut self, arrival: Arrival, buffer: &mut [u8]) {
        match arrival {
            Arrival::Datagram { flow, length } => {
                self.endpoint.handle_input(now(), Input::Message { flow, payload: &buffer[..length] });
                for _ in 1..DATAGRAM_BATCH {
                    self.drain();
                    let Some((flow, length)) = self.transports.try_datagram(buffer) else { break };
                    self.endpoint.handle_input(now(), Input::Message { flow, payload: &buffer[..length] });
                }
            }
            Arrival::Message { flow, payload } => {
                self.endpoint.handle_input(now(), Input::Message { flow, payload: &payload });
            }
            Arrival::Caller(caller) => {
                let source = caller.remote().ip();
                // Who is dropped is not heard to its end: the connection closes here.
                if self.endpoint.admits(source) {
                    self.transports.admit(caller, !self.endpoint.is_welcome(source));
                }
            }
            Arrival::Failed { flow } => self.endpoint.handle_input(now(), Input::TransportFailed { flow }),
            Arrival::Nothing => {}
        }
    }

    fn handle_request(&mut self, request: Request) {
        match request {
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
            Request::Drain => self.endpoint.handle_input(now(), Input::Drain),
            Request::ActiveCalls { count } => drop(count.send(self.endpoint.active_calls())),
        }
    }

    fn open_line(&mut self, call: CallHandle, deliver: impl FnOnce(CallLine)) {
        let Some(requests) = self.requests.upgrade() else { return };
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        self.lines.insert(call, sender);
        deliver(CallLine { call, events, requests, ended: false });
    }

    fn drain(&mut self) {
        while let Some(report) = self.endpoint.poll_report() {
            telemetry::source_refused(&report);
        }
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit { flow, payload } => self.transports.send(flow, payload),
                Output::Event { call, event } => self.deliver(call, event),
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
        let stuck = matches!(line.try_send(event), Err(mpsc::error::TrySendError::Full(_)));
        if ended || stuck {
            self.lines.remove(&call);
        }
        if stuck && !ended {
            warn!("a call's task takes no more events: the call is hung up");
            self.endpoint.handle_input(now(), Input::Command { call, command: Command::HangUp });
        }
    }
}
