//! Drives the SIP endpoint: datagrams, commands and timeouts in; datagrams and events out.

use std::collections::HashMap;
use std::net::SocketAddr;

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};

use super::{NetError, now, sleep_until};
use crate::sip::{CallHandle, Command, Dial, Endpoint, EndpointConfig, Event, Flow, Input, ListenerId, Output};

/// Largest UDP payload.
const DATAGRAM_BYTES: usize = 65_535;
/// Commands waiting for the endpoint. Senders wait when it is full: the endpoint drains it in microseconds.
const COMMAND_QUEUE: usize = 1_024;
/// Events waiting for one call's task. A task that lets this many pile up is stuck: its call is hung up.
const EVENT_QUEUE: usize = 64;
/// Incoming calls waiting to be taken by the server. Beyond it, calls get 503.
const INCOMING_QUEUE: usize = 64;

enum Request {
    Command { call: CallHandle, command: Command },
    Dial { dial: Dial, line: oneshot::Sender<CallLine> },
    Ping { target: String, destination: Flow, line: oneshot::Sender<CallLine> },
    Drain,
    ActiveCalls { count: oneshot::Sender<usize> },
}

/// Talks to the SIP task.
#[derive(Clone)]
pub struct SipHandle {
    requests: mpsc::Sender<Request>,
    local: SocketAddr,
}

impl SipHandle {
    /// The address the socket is bound to.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Places a call.
    pub async fn dial(&self, dial: Dial) -> Result<CallLine, NetError> {
        let (line, answer) = oneshot::channel();
        self.request(Request::Dial { dial, line }, answer).await
    }

    /// Asks a peer whether it is there (OPTIONS); the line yields `Answered` or `Ended`.
    pub async fn ping(&self, target: String, destination: Flow) -> Result<CallLine, NetError> {
        let (line, answer) = oneshot::channel();
        self.request(Request::Ping { target, destination, line }, answer).await
    }

    /// No new calls from now on.
    pub async fn drain(&self) {
        let _ = self.requests.send(Request::Drain).await;
    }

    /// Calls that have not ended yet.
    pub async fn active_calls(&self) -> Result<usize, NetError> {
        let (count, answer) = oneshot::channel();
        self.request(Request::ActiveCalls { count }, answer).await
    }

    async fn request<T>(&self, request: Request, answer: oneshot::Receiver<T>) -> Result<T, NetError> {
        self.requests.send(request).await.map_err(|_| NetError::Closed)?;
        answer.await.map_err(|_| NetError::Closed)
    }
}

/// One call: commands to it, events from it. Dropping it hangs the call up.
pub struct CallLine {
    call: CallHandle,
    events: mpsc::Receiver<Event>,
    requests: mpsc::Sender<Request>,
    ended: bool,
}

impl CallLine {
    pub fn handle(&self) -> CallHandle {
        self.call
    }

    pub async fn command(&self, command: Command) {
        let _ = self.requests.send(Request::Command { call: self.call, command }).await;
    }

    /// The next event; `None` after [`Event::Ended`]. Cancel-safe.
    pub async fn event(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        let event = self.events.recv().await;
        self.ended = matches!(event, None | Some(Event::Ended { .. }));
        event
    }
}

impl Drop for CallLine {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.requests.try_send(Request::Command { call: self.call, command: Command::HangUp });
        }
    }
}

/// Binds the SIP socket and starts its task. Incoming calls arrive on the receiver; each line's first event is
/// [`Event::Incoming`].
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub async fn bind(
    mut config: EndpointConfig,
    listen: SocketAddr,
    seed: u64,
) -> Result<(SipHandle, mpsc::Receiver<CallLine>), NetError> {
    let bound = tokio::net::UdpSocket::bind(listen).await;
    let (socket, local) = bound
        .and_then(|socket| {
            let local = socket.local_addr()?;
            Ok((socket, local))
        })
        .map_err(|source| NetError::Bind { address: listen, source })?;
    if let Some(listener) = config.listeners.get_mut(ListenerId::default())
        && listener.advertised.port() == 0
    {
        listener.advertised.set_port(local.port());
    }
    let (requests, inbox) = mpsc::channel(COMMAND_QUEUE);
    let (incoming, lines) = mpsc::channel(INCOMING_QUEUE);
    let task = SipTask {
        endpoint: Endpoint::new(config, seed),
        socket,
        lines: HashMap::new(),
        incoming,
        requests: requests.downgrade(),
    };
    tokio::spawn(task.run(inbox));
    Ok((SipHandle { requests, local }, lines))
}

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
struct SipTask {
    endpoint: Endpoint,
    socket: tokio::net::UdpSocket,
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
                datagram = self.socket.recv_from(&mut buffer) => match datagram {
                    Ok((length, source)) => {
                        let payload = &buffer[..length];
                        self.endpoint.handle_input(now(), Input::Message { flow: Flow::udp(source), payload });
                    }
                    // An ICMP error for something sent earlier: its transaction times out by itself.
                    Err(error) => debug!(%error, "SIP socket"),
                },
                request = inbox.recv() => match request {
                    Some(request) => self.handle_request(request),
                    None => break,
                },
                () = sleep_until(timeout) => self.endpoint.handle_input(now(), Input::Timeout),
            }
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
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                // What the kernel can't take now is sent again by the transaction's timer.
                Output::Transmit { flow, payload } => {
                    if let Err(error) = self.socket.try_send_to(&payload, flow.remote) {
                        debug!(%error, "SIP datagram not sent");
                    }
                }
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
