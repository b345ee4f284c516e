//! The ways in and out of SIP: UDP, TCP and TLS, over IPv4 and IPv6, several at once.
//!
//! Owns: sockets, connections, their bounds. Must not know: what messages say, beyond where one ends and, for a far end
//! that has proved who it is, the address it wants to be reached at (RFC 5923).

mod icmp;
mod sockets;
mod stream;
mod table;
mod tls;
mod verify;

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::ReadBuf;
use tokio::sync::mpsc;
use tokio_rustls::rustls::pki_types::ServerName;
use tracing::{debug, warn};

pub(in crate::net) use sockets::{listener, udp};
pub use stream::Timings;
pub use table::ConnectionLimits;
pub use tls::{ClientCertificates, TlsError, TlsSettings, check_tls};

use super::listen::ListenAddress;
use super::{NetError, now, sleep_until};
use crate::sip::wire::{Framing, Message, read_message};
use crate::sip::{ConnectionId, Flow, ListenerId, Transport};
use stream::{Item, Link, Opened, Role};
use table::{Ends, NotQueued, Table};
use tls::Tls;

/// What connections have to tell; when it is full, they stop reading.
const EVENT_QUEUE: usize = 1_024;
/// Host names remembered for addresses; the next one beyond it makes all be forgotten, so that its certificate is
/// checked against the address until the name is looked up again.
const MAX_NAMES: usize = 1_024;
/// How often a datagram is given to a socket that answers with the errors of earlier ones.
const SEND_ATTEMPTS: usize = 4;
/// After a failure to take a connection (no file descriptors left), how long none is taken.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// What connections tell.
enum Event {
    Accepted { local: ListenerId, stream: Stream, remote: SocketAddr },
    Open { id: ConnectionId, verified: bool },
    Message { flow: Flow, payload: Bytes },
    Closed { id: ConnectionId, stood: bool, unsent: Vec<Item> },
    Unreachable { remote: SocketAddr },
}

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
type Stream = tokio::net::TcpStream;
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
type Datagrams = tokio::net::UdpSocket;

/// What there is to do.
pub(super) enum Arrival {
    /// The first `length` bytes of the buffer.
    Datagram {
        flow: Flow,
        length: usize,
    },
    Message {
        flow: Flow,
        payload: Bytes,
    },
    /// Somebody wants to connect: [`Transports::admit`], or drop it.
    Caller(Caller),
    /// What was sent this way did not get out.
    Failed {
        flow: Flow,
    },
    /// No datagram gets there, says the network.
    Unreachable {
        remote: SocketAddr,
    },
    /// Nothing for anybody else.
    Nothing,
}

/// A connection that nobody has looked at.
pub(super) struct Caller {
    local: ListenerId,
    stream: Stream,
    remote: SocketAddr,
}

impl Caller {
    pub(super) fn remote(&self) -> SocketAddr {
        self.remote
    }
}

/// Everything SIP is sent and received by.
pub(super) struct Transports {
    listen: Vec<ListenAddress>,
    udp: Vec<(ListenerId, Arc<Datagrams>)>,
    /// Whose turn it is to be asked first.
    turn: usize,
    table: Table,
    tls: Option<Arc<Tls>>,
    /// Names that certificates are checked against (RFC 5922 §4): addresses were looked up for them.
    names: HashMap<SocketAddr, ServerName<'static>>,
    timings: Timings,
    events: mpsc::Sender<Event>,
    inbox: mpsc::Receiver<Event>,
    /// Sent to nowhere; told one by one.
    failed: Vec<Flow>,
}

impl Transports {
    /// Opens every listener, or none.
    pub(super) fn bind(
        listen: &[ListenAddress],
        tls: Option<TlsSettings>,
        limits: ConnectionLimits,
        timings: Timings,
    ) -> Result<Transports, NetError> {
        let (events, inbox) = mpsc::channel(EVENT_QUEUE);
        let mut transports = Transports {
            listen: Vec::new(),
            udp: Vec::new(),
            turn: 0,
            table: Table::new(limits),
            tls: tls.map(|tls| Tls::open(tls, timings.certificates)).transpose()?,
            names: HashMap::new(),
            timings,
            events,
            inbox,
            failed: Vec::new(),
        };
        let mut streams = Vec::new();
        for (id, wanted) in (0..=u16::MAX).map(ListenerId).zip(listen) {
            let problem = |source| NetError::Bind { address: wanted.address, source };
            let address = match wanted.transport {
                Transport::Udp => {
                    let socket = sockets::udp(wanted.address).map_err(problem)?;
                    let address = socket.local_addr().map_err(problem)?;
                    icmp::listen_for_errors(&socket);
                    let socket = Arc::new(socket);
                    tokio::spawn(icmp::watch(socket.clone(), transports.events.clone()));
                    transports.udp.push((id, socket));
                    address
                }
                Transport::Tls if transports.tls.is_none() => return Err(NetError::NoCertificate),
                Transport::Tcp | Transport::Tls => {
                    let socket = sockets::listener(wanted.address).map_err(problem)?;
                    let address = socket.local_addr().map_err(problem)?;
                    streams.push((id, socket));
                    address
                }
            };
            transports.listen.push(ListenAddress { address, ..*wanted });
        }
        for (id, socket) in streams {
            tokio::spawn(accept(id, socket, transports.events.clone()));
        }
        Ok(transports)
    }

    /// The addresses we listen on, with the ports that were found for port 0.
    pub(super) fn listening(&self) -> &[ListenAddress] {
        &self.listen
    }

    /// The certificate at this address must be that of this host.
    pub(super) fn remember_name(&mut self, address: SocketAddr, name: &str) {
        let Ok(name) = ServerName::try_from(name.to_owned()) else { return };
        if self.names.len() >= MAX_NAMES {
            self.names.clear();
        }
        self.names.insert(address, name);
    }

    /// Waits for something. Cancel-safe.
    pub(super) async fn next(&mut self, buffer: &mut [u8]) -> Arrival {
        if let Some(flow) = self.failed.pop() {
            return Arrival::Failed { flow };
        }
        let (udp, turn) = (&self.udp, self.turn);
        let event = tokio::select! {
            (local, received) = receive(udp, turn, buffer) => {
                self.turn = self.turn.wrapping_add(1);
                return match received {
                    Ok((length, remote)) => Arrival::Datagram { flow: udp_flow(local, remote), length },
                    // An ICMP error for something sent earlier comes by the error queue as well.
                    Err(error) => {
                        debug!(%error, "SIP socket");
                        Arrival::Nothing
                    }
                };
            }
            event = self.inbox.recv() => event,
        };
        event.map_or(Arrival::Nothing, |event| self.handle(event))
    }

    /// A datagram that is here already.
    pub(super) fn try_datagram(&mut self, buffer: &mut [u8]) -> Option<(Flow, usize)> {
        let count = self.udp.len();
        for step in 0..count {
            let (local, socket) = &self.udp[(self.turn.wrapping_add(step)) % count];
            if let Ok((length, remote)) = socket.try_recv_from(buffer) {
                self.turn = self.turn.wrapping_add(1);
                return Some((udp_flow(*local, remote), length));
            }
        }
        None
    }

    fn handle(&mut self, event: Event) -> Arrival {
        match event {
            Event::Accepted { local, stream, remote } => Arrival::Caller(Caller { local, stream, remote }),
            Event::Open { id, verified } => {
                if verified {
                    self.table.set_verified(id);
                }
                Arrival::Nothing
            }
            Event::Message { flow, payload } => {
                self.note_alias(&flow, &payload);
                Arrival::Message { flow, payload }
            }
            Event::Unreachable { remote } => Arrival::Unreachable { remote },
            Event::Closed { id, stood, unsent } => {
                self.table.close(id);
                for item in unsent {
                    // A connection that stood may have been closed just as we wrote: another is worth one attempt.
                    if stood && !item.retried {
                        let flow = item.flow;
                        self.put(Item { retried: true, ..item }, Flow { connection: None, ..flow });
                    } else if !item.payload.iter().all(u8::is_ascii_whitespace) {
                        self.failed.push(item.flow);
                    }
                }
                Arrival::Nothing
            }
        }
    }

    /// RFC 5923 §5: `alias` in the Via of a request asks for what is for its sent-by address over the same connection.
    fn note_alias(&mut self, flow: &Flow, payload: &[u8]) {
        let Some(id) = flow.connection.filter(|id| self.table.may_alias(*id)) else { return };
        if !payload.windows(6).any(|window| window.eq_ignore_ascii_case(b";alias")) {
            return;
        }
        let Ok(incoming) = read_message(payload, Framing::Stream) else { return };
        let Message::Request(request) = incoming.message else { return };
        if let Some(via) = request.headers.top_via().filter(|via| via.params.contains("alias")) {
            let port = via.port.unwrap_or(flow.transport.default_port());
            self.table.set_alias(id, SocketAddr::new(flow.remote.ip(), port));
        }
    }

    /// Takes a connection that somebody opened. `stranger`: it comes from no switchboard's network. With too many, it
    /// is closed at once.
    pub(super) fn admit(&mut self, caller: Caller, stranger: bool) {
        let Caller { local, stream, remote } = caller;
        let Some(listen) = self.listen.get(usize::from(local.0)) else { return };
        let transport = listen.transport;
        let Some(ends) = self.table.open(transport, remote, Role::Theirs, stranger) else {
            debug!(%remote, "too many SIP connections: this one is closed");
            return;
        };
        let flow = Flow { transport, remote, connection: Some(ends.id), local };
        let link = self.link(ends, flow, Role::Theirs);
        match self.tls.as_ref().map(|tls| tls.current().acceptor).filter(|_| transport == Transport::Tls) {
            None => drop(tokio::spawn(link.run(async move {
                stream.set_nodelay(true)?;
                Ok(Opened { stream, verified: false })
            }))),
            Some(acceptor) => drop(tokio::spawn(link.run(async move {
                stream.set_nodelay(true)?;
                let stream = acceptor.accept(stream).await?;
                let verified = stream.get_ref().1.peer_certificates().is_some_and(|chain| !chain.is_empty());
                Ok(Opened { stream, verified })
            }))),
        }
    }

    /// Sends; what does not get out is told as [`Arrival::Failed`].
    pub(super) fn send(&mut self, flow: Flow, payload: Bytes) {
        match flow.transport {
            Transport::Udp => self.send_datagram(flow, &payload),
            Transport::Tcp | Transport::Tls => self.put(Item { flow, payload, retried: false }, flow),
        }
    }

    fn send_datagram(&mut self, flow: Flow, payload: &[u8]) {
        let v6 = flow.remote.is_ipv6();
        let own = self.udp.iter().find(|(id, _)| *id == flow.local);
        let fits =
            |id: ListenerId| self.listen.get(usize::from(id.0)).is_some_and(|listen| listen.address.is_ipv6() == v6);
        let socket = own.filter(|(id, _)| fits(*id)).or_else(|| self.udp.iter().find(|(id, _)| fits(*id)));
        let Some((_, socket)) = socket else {
            return self.failed.push(flow);
        };
        // An ICMP error for something sent earlier is handed to the next call, whatever that is about.
        let mut sent = socket.try_send_to(payload, flow.remote);
        for _ in 1..SEND_ATTEMPTS {
            match &sent {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    sent = socket.try_send_to(payload, flow.remote);
                }
                _ => break,
            }
        }
        match sent {
            Ok(_) => {}
            // Of another datagram: one of ours can't have been refused yet.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => debug!("SIP datagram not sent"),
            // What the kernel can't take now is sent again by the transaction's timer.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => debug!("SIP datagram not sent"),
            Err(error) => {
                debug!(%error, "SIP datagram not sent");
                self.failed.push(flow);
            }
        }
    }

    /// Puts a message into the queue of the connection for `way`, or opens one.
    fn put(&mut self, item: Item, way: Flow) {
        let mut item = item;
        if let Some(id) = self.table.find(&way) {
            match self.table.push(id, item) {
                Ok(()) => return,
                Err(NotQueued::Full(item)) => {
                    warn!("a SIP peer takes nothing more: its connection is closed");
                    return self.failed.push(item.flow);
                }
                Err(NotQueued::Gone(back)) => item = back,
            }
        }
        let flow = item.flow;
        let queued = self.connect(way).is_some_and(|id| self.table.push(id, item).is_ok());
        if !queued {
            self.failed.push(flow);
        }
    }

    fn connect(&mut self, way: Flow) -> Option<ConnectionId> {
        let tls = match way.transport {
            Transport::Tls => Some(self.tls.as_ref()?.current().connector),
            Transport::Tcp | Transport::Udp => None,
        };
        let ends = self.table.open(way.transport, way.remote, Role::Ours, false)?;
        let (id, remote) = (ends.id, way.remote);
        let any = SocketAddr::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
        let listen = self.listen.get(usize::from(way.local.0)).map_or(any, |listen| listen.address);
        let link = self.link(ends, Flow { connection: Some(id), ..way }, Role::Ours);
        match tls {
            None => drop(tokio::spawn(link.run(async move {
                let stream = sockets::connect(remote, listen).await?;
                Ok(Opened { stream, verified: false })
            }))),
            Some(connector) => {
                let name = self.names.get(&remote).cloned().unwrap_or(ServerName::IpAddress(remote.ip().into()));
                drop(tokio::spawn(link.run(async move {
                    let stream = sockets::connect(remote, listen).await?;
                    Ok(Opened { stream: connector.connect(name, stream).await?, verified: true })
                })));
            }
        }
        Some(id)
    }

    fn link(&self, ends: Ends, flow: Flow, role: Role) -> Link {
        let Ends { id, inbox, queued } = ends;
        Link { id, flow, role, inbox, queued, events: self.events.clone(), timings: self.timings }
    }
}

fn udp_flow(local: ListenerId, remote: SocketAddr) -> Flow {
    Flow { transport: Transport::Udp, remote, connection: None, local }
}

/// Waits for a datagram on any of the sockets.
async fn receive(
    sockets: &[(ListenerId, Arc<Datagrams>)],
    turn: usize,
    buffer: &mut [u8],
) -> (ListenerId, io::Result<(usize, SocketAddr)>) {
    poll_fn(|context| {
        for step in 0..sockets.len() {
            let (id, socket) = &sockets[(turn.wrapping_add(step)) % sockets.len()];
            let mut room = ReadBuf::new(buffer);
            if let Poll::Ready(received) = socket.poll_recv_from(context, &mut room) {
                return Poll::Ready((*id, received.map(|remote| (room.filled().len(), remote))));
            }
        }
        Poll::Pending
    })
    .await
}

/// Takes connections until nobody wants them any more.
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
async fn accept(local: ListenerId, listener: tokio::net::TcpListener, events: mpsc::Sender<Event>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = events.closed() => return,
        };
        match accepted {
            Ok((stream, remote)) => {
                if events.send(Event::Accepted { local, stream, remote }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "no SIP connection can be taken");
                sleep_until(Some(now() + ACCEPT_PAUSE)).await;
            }
        }
    }
}
