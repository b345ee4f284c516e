//! Where the edges hand over what they send and receive.
//!
//! Costs one look at a flag while nothing is captured, and never waits: what finds no room in the queue is dropped and
//! counted. One capture at a time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};

use super::message::mask_message;
use super::rtp::{self, Kind};
use super::selection::Selection;
use super::{Counts, Direction, Packet, Wanted};

/// Packets waiting to be written, and their bytes: two seconds of a hundred calls' headers.
const QUEUE: usize = 16_384;
const QUEUE_BYTES: usize = 4 << 20;

/// Somebody captures already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a capture is under way already")]
pub struct Busy;

/// The edges' end. Clones are the same tap.
#[derive(Clone)]
pub struct Tap(Arc<Shared>);

struct Shared {
    armed: AtomicBool,
    /// One bit a port: whether a captured call has its media there. Read for each packet of each call.
    ports: Box<[AtomicU64]>,
    queued: AtomicUsize,
    session: Mutex<Option<Session>>,
}

struct Session {
    wanted: Wanted,
    selection: Selection,
    counts: Counts,
    queue: mpsc::Sender<Packet>,
    over: Arc<Notify>,
}

impl Default for Tap {
    fn default() -> Tap {
        Tap(Arc::new(Shared {
            armed: AtomicBool::new(false),
            ports: (0..1_024).map(|_| AtomicU64::new(0)).collect(),
            queued: AtomicUsize::new(0),
            session: Mutex::new(None),
        }))
    }
}

impl Tap {
    /// Begins a capture; it ends when what is returned is dropped.
    ///
    /// # Errors
    /// [`Busy`] while another one lasts.
    pub fn arm(&self, wanted: Wanted) -> Result<Armed, Busy> {
        let mut session = self.session();
        if session.is_some() {
            return Err(Busy);
        }
        let (queue, packets) = mpsc::channel(QUEUE);
        self.0.queued.store(0, Ordering::Relaxed);
        let (selection, over) = (Selection::new(wanted.calls), Arc::<Notify>::default());
        *session = Some(Session { wanted, selection, counts: Counts::default(), queue, over: over.clone() });
        self.0.armed.store(true, Ordering::Release);
        Ok(Armed { tap: self.clone(), packets, over })
    }

    /// Whether [`Self::message`] is worth a call.
    pub fn is_armed(&self) -> bool {
        self.0.armed.load(Ordering::Acquire)
    }

    /// Whether [`Self::datagram`] is worth a call for this port of ours.
    pub fn listens_to(&self, port: u16) -> bool {
        self.is_armed() && {
            // RTCP has the port after RTP's.
            let bits = self.0.ports[usize::from(port >> 6)].load(Ordering::Relaxed);
            bits & (0b11 << (port & 62)) != 0
        }
    }

    /// A SIP message, as it travelled but for TLS.
    pub fn message(&self, at: Timestamp, direction: Direction, local: SocketAddr, remote: SocketAddr, payload: &[u8]) {
        let mut session = self.session();
        let Some(session) = session.as_mut() else { return };
        if !session.selection.message(at, direction, payload) {
            return;
        }
        let mut kept = payload.to_vec();
        mask_message(&mut kept, &session.wanted);
        session.counts.messages += 1;
        session.counts.calls = session.selection.taken().into();
        self.mark(session.selection.ports());
        self.put(session, at, direction, local, remote, &kept, payload.len());
        if session.selection.is_over() {
            session.over.notify_one();
        }
    }

    /// A datagram of a media port.
    pub fn datagram(&self, at: Timestamp, direction: Direction, local: SocketAddr, remote: SocketAddr, payload: &[u8]) {
        let mut session = self.session();
        let Some(session) = session.as_mut() else { return };
        let Some(told) = session.selection.media(local.port()) else { return };
        // The address that the description told, where the socket has none of its own: so Wireshark finds the two together.
        let ip = told.filter(|_| local.ip().is_unspecified()).unwrap_or(local.ip());
        let kept = rtp::kept(payload, &session.wanted);
        match rtp::kind(payload) {
            Kind::Rtcp => session.counts.rtcp += 1,
            Kind::Rtp => session.counts.rtp += 1,
            Kind::Other => {}
        }
        self.put(session, at, direction, SocketAddr::new(ip, local.port()), remote, &kept, payload.len());
    }

    #[expect(clippy::too_many_arguments, reason = "a packet is no less")]
    fn put(
        &self,
        session: &mut Session,
        at: Timestamp,
        direction: Direction,
        local: SocketAddr,
        remote: SocketAddr,
        kept: &[u8],
        length: usize,
    ) {
        let (source, destination) = match direction {
            Direction::Received => (remote, local),
            Direction::Sent => (local, remote),
        };
        let Some(packet) = Packet::datagram(at, source, destination, kept, length) else {
            session.counts.dropped += 1;
            return;
        };
        let bytes = packet.0.len();
        let waiting = self.0.queued.fetch_add(bytes, Ordering::Relaxed);
        if waiting + bytes > QUEUE_BYTES || session.queue.try_send(packet).is_err() {
            self.0.queued.fetch_sub(bytes, Ordering::Relaxed);
            session.counts.dropped += 1;
        }
    }

    fn mark(&self, ports: impl Iterator<Item = u16>) {
        let mut marked = [0_u64; 1_024];
        for port in ports {
            marked[usize::from(port >> 6)] |= 1 << (port & 63);
        }
        for (place, bits) in self.0.ports.iter().zip(marked) {
            place.store(bits, Ordering::Relaxed);
        }
    }

    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A capture under way.
pub struct Armed {
    tap: Tap,
    packets: mpsc::Receiver<Packet>,
    over: Arc<Notify>,
}

/// What a capture has to tell.
pub enum Seen {
    Packet(Packet),
    /// Every call that was wanted has ended; a moment later ask [`Armed::is_over`] whether it still has.
    Over,
}

impl Armed {
    /// What happens next. Cancel-safe.
    pub async fn next(&mut self) -> Seen {
        let packet = tokio::select! {
            packet = self.packets.recv() => packet,
            () = self.over.notified() => None,
        };
        self.taken(packet).map_or(Seen::Over, Seen::Packet)
    }

    /// A packet that is here already.
    pub fn try_packet(&mut self) -> Option<Packet> {
        let packet = self.packets.try_recv().ok();
        self.taken(packet)
    }

    pub fn is_over(&self) -> bool {
        self.tap.session().as_ref().is_none_or(|session| session.selection.is_over())
    }

    pub fn counts(&self) -> Counts {
        self.tap.session().as_ref().map_or(Counts::default(), |session| session.counts)
    }

    fn taken(&self, packet: Option<Packet>) -> Option<Packet> {
        if let Some(packet) = &packet {
            self.tap.0.queued.fetch_sub(packet.0.len(), Ordering::Relaxed);
        }
        packet
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.tap.0.armed.store(false, Ordering::Release);
        self.tap.mark(std::iter::empty());
        *self.tap.session() = None;
    }
}
