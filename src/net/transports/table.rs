//! Which connections there are, and how many may be (no sockets here: only names and counts).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::stream::{Item, Role};
use crate::sip::{ConnectionId, Flow, Transport};

/// Messages waiting on one connection, and their bytes. A far end that lets this much pile up does not read: its
/// connection ends, and what waited is told to have failed.
pub(super) const QUEUE_MESSAGES: usize = 1_024;
const QUEUE_BYTES: usize = 1 << 20;

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// That others opened; beyond it a new one is closed at once.
    pub incoming: usize,
    /// That others opened from one address that is no switchboard's; beyond it a new one is closed at once. All of
    /// them together get a quarter of `incoming`, so that strangers never keep the switchboard out.
    pub per_stranger: usize,
    /// That we opened; beyond it nothing new can be sent anywhere by TCP or TLS, as if there were no way.
    pub outgoing: usize,
}

impl Default for ConnectionLimits {
    fn default() -> ConnectionLimits {
        ConnectionLimits { incoming: 512, per_stranger: 4, outgoing: 256 }
    }
}

/// One connection as seen from outside.
#[derive(Debug)]
struct Entry {
    transport: Transport,
    remote: SocketAddr,
    role: Role,
    stranger: bool,
    sender: mpsc::Sender<Item>,
    queued: Arc<AtomicUsize>,
    /// The far end has proved who it is (TLS both ways).
    verified: bool,
    /// The address the far end wants to be reached at over this connection (RFC 5923).
    alias: Option<SocketAddr>,
}

/// What the connection's task gets.
pub(super) struct Ends {
    pub(super) id: ConnectionId,
    pub(super) inbox: mpsc::Receiver<Item>,
    pub(super) queued: Arc<AtomicUsize>,
}

/// Why something was not put into a connection's queue; it comes back.
#[derive(Debug)]
pub(super) enum NotQueued {
    /// There is no such connection.
    Gone(Item),
    /// The far end does not read. The connection ends.
    Full(Item),
}

/// Every connection.
#[derive(Debug)]
pub(super) struct Table {
    limits: ConnectionLimits,
    next: u64,
    entries: HashMap<ConnectionId, Entry>,
    by_remote: HashMap<(Transport, SocketAddr), ConnectionId>,
    strangers: HashMap<IpAddr, usize>,
    incoming: usize,
    outgoing: usize,
}

impl Table {
    pub(super) fn new(limits: ConnectionLimits) -> Table {
        Table {
            limits,
            next: 0,
            entries: HashMap::new(),
            by_remote: HashMap::new(),
            strangers: HashMap::new(),
            incoming: 0,
            outgoing: 0,
        }
    }

    /// Whether one more connection from here may be opened to us.
    fn has_room_for(&self, source: IpAddr, stranger: bool) -> bool {
        if self.incoming >= self.limits.incoming {
            return false;
        }
        let strangers: usize = self.strangers.values().sum();
        let here = self.strangers.get(&source).copied().unwrap_or_default();
        !stranger || (strangers < self.limits.incoming / 4 && here < self.limits.per_stranger)
    }

    /// Takes a connection in; `None` when there are too many.
    pub(super) fn open(
        &mut self,
        transport: Transport,
        remote: SocketAddr,
        role: Role,
        stranger: bool,
    ) -> Option<Ends> {
        match role {
            Role::Theirs if !self.has_room_for(remote.ip(), stranger) => return None,
            Role::Ours if self.outgoing >= self.limits.outgoing => return None,
            Role::Theirs => {
                self.incoming += 1;
                if stranger {
                    *self.strangers.entry(remote.ip()).or_default() += 1;
                }
            }
            Role::Ours => self.outgoing += 1,
        }
        self.next += 1;
        let id = ConnectionId(self.next);
        let (sender, inbox) = mpsc::channel(QUEUE_MESSAGES);
        let queued = Arc::new(AtomicUsize::new(0));
        let entry =
            Entry { transport, remote, role, stranger, sender, queued: queued.clone(), verified: false, alias: None };
        self.entries.insert(id, entry);
        self.by_remote.insert((transport, remote), id);
        Some(Ends { id, inbox, queued })
    }

    /// The connection for this flow: its own while that lives, else one to the same address.
    pub(super) fn find(&self, flow: &Flow) -> Option<ConnectionId> {
        let own = flow.connection.filter(|id| self.entries.get(id).is_some_and(|e| e.transport == flow.transport));
        own.or_else(|| self.by_remote.get(&(flow.transport, flow.remote)).copied())
    }

    pub(super) fn set_verified(&mut self, id: ConnectionId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.verified = true;
        }
    }

    /// Whether an alias would be believed, and has not been given yet: only from who has proved who it is
    /// (RFC 5923 §8.2).
    pub(super) fn may_alias(&self, id: ConnectionId) -> bool {
        self.entries.get(&id).is_some_and(|e| e.verified && e.alias.is_none() && e.role == Role::Theirs)
    }

    /// From now on, what is for this address takes this connection (RFC 5923). An address that already has a
    /// connection keeps it: nobody takes another's place.
    pub(super) fn set_alias(&mut self, id: ConnectionId, address: SocketAddr) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let key = (entry.transport, address);
        if entry.alias.is_none() && !self.by_remote.contains_key(&key) {
            entry.alias = Some(address);
            self.by_remote.insert(key, id);
        }
    }

    pub(super) fn push(&mut self, id: ConnectionId, item: Item) -> Result<(), NotQueued> {
        let Some(entry) = self.entries.get(&id) else { return Err(NotQueued::Gone(item)) };
        let length = item.payload.len();
        if entry.queued.load(Ordering::Relaxed).saturating_add(length) > QUEUE_BYTES {
            self.close(id);
            return Err(NotQueued::Full(item));
        }
        entry.queued.fetch_add(length, Ordering::Relaxed);
        match entry.sender.try_send(item) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(item)) => {
                self.close(id);
                Err(NotQueued::Full(item))
            }
            Err(mpsc::error::TrySendError::Closed(item)) => {
                self.close(id);
                Err(NotQueued::Gone(item))
            }
        }
    }

    /// Forgets a connection; its task, when it still runs, writes what it has and ends.
    pub(super) fn close(&mut self, id: ConnectionId) {
        let Some(entry) = self.entries.remove(&id) else { return };
        for address in [Some(entry.remote), entry.alias].into_iter().flatten() {
            let key = (entry.transport, address);
            if self.by_remote.get(&key) == Some(&id) {
                self.by_remote.remove(&key);
            }
        }
        match entry.role {
            Role::Ours => self.outgoing -= 1,
            Role::Theirs => {
                self.incoming -= 1;
                if entry.stranger
                    && let Some(count) = self.strangers.get_mut(&entry.remote.ip())
                {
                    *count -= 1;
                    if *count == 0 {
                        self.strangers.remove(&entry.remote.ip());
                    }
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::sip::ListenerId;

    const LIMITS: ConnectionLimits = ConnectionLimits { incoming: 8, per_stranger: 1, outgoing: 1 };

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn flow(remote: &str, connection: Option<ConnectionId>) -> Flow {
        Flow { transport: Transport::Tcp, remote: at(remote), connection, local: ListenerId(0) }
    }

    fn item(length: usize) -> Item {
        Item { flow: flow("192.0.2.1:5060", None), payload: Bytes::from(vec![b'x'; length]), retried: false }
    }

    #[test]
    fn strangers_never_fill_the_table_and_the_switchboard_may() {
        let mut table = Table::new(LIMITS);
        let mut open =
            |remote: &str, stranger| table.open(Transport::Tcp, at(remote), Role::Theirs, stranger).map(|ends| ends.id);
        let first = open("198.51.100.1:1000", true).expect("one stranger");
        assert_eq!(open("198.51.100.1:1001", true), None, "one for each address");
        open("198.51.100.2:1000", true).expect("another stranger");
        assert_eq!(open("198.51.100.3:1000", true), None, "a quarter of eight for all strangers");
        for port in 1..=6 {
            open(&format!("192.0.2.1:{port}"), false).expect("the switchboard");
        }
        assert_eq!(open("192.0.2.1:7", false), None, "eight in all");
        table.close(first);
        assert!(table.open(Transport::Tcp, at("198.51.100.1:1002"), Role::Theirs, true).is_some());
        assert!(table.open(Transport::Tcp, at("192.0.2.9:5060"), Role::Ours, false).is_some());
        assert!(table.open(Transport::Tcp, at("192.0.2.8:5060"), Role::Ours, false).is_none());
    }

    #[test]
    fn a_flow_finds_its_own_connection_else_one_to_the_same_address() {
        let mut table = Table::new(LIMITS);
        let theirs = table.open(Transport::Tcp, at("192.0.2.1:40000"), Role::Theirs, false).unwrap().id;
        assert_eq!(table.find(&flow("192.0.2.1:5060", Some(theirs))), Some(theirs));
        assert_eq!(table.find(&flow("192.0.2.1:5060", None)), None);
        let ours = table.open(Transport::Tcp, at("192.0.2.1:5060"), Role::Ours, false).unwrap().id;
        table.close(theirs);
        assert_eq!(table.find(&flow("192.0.2.1:5060", Some(theirs))), Some(ours));
        let tls = Flow { transport: Transport::Tls, ..flow("192.0.2.1:5060", Some(ours)) };
        assert_eq!(table.find(&tls), None, "never a connection that is less safe");
        table.close(ours);
        assert_eq!(table.find(&flow("192.0.2.1:5060", None)), None);
        assert_eq!((table.len(), table.by_remote.len(), table.strangers.len()), (0, 0, 0));
    }

    #[test]
    fn an_alias_takes_no_address_that_has_a_connection() {
        let mut table = Table::new(LIMITS);
        let first = table.open(Transport::Tls, at("192.0.2.1:40000"), Role::Theirs, false).unwrap().id;
        let second = table.open(Transport::Tls, at("192.0.2.1:40001"), Role::Theirs, false).unwrap().id;
        let to = |remote| Flow { transport: Transport::Tls, ..flow(remote, None) };
        table.set_alias(first, at("192.0.2.1:5061"));
        table.set_alias(second, at("192.0.2.1:5061"));
        assert_eq!(table.find(&to("192.0.2.1:5061")), Some(first));
        table.close(first);
        assert_eq!(table.find(&to("192.0.2.1:5061")), None);
        table.close(second);
        assert_eq!(table.by_remote.len(), 0);
    }

    #[test]
    fn a_far_end_that_does_not_read_loses_its_connection() {
        let mut table = Table::new(LIMITS);
        let mut ends = table.open(Transport::Tcp, at("192.0.2.1:5060"), Role::Ours, false).unwrap();
        for _ in 0..16 {
            table.push(ends.id, item(65_000)).unwrap();
        }
        assert!(matches!(table.push(ends.id, item(65_000)), Err(NotQueued::Full(_))));
        assert!(matches!(table.push(ends.id, item(10)), Err(NotQueued::Gone(_))));
        let mut waiting = 0;
        while ends.inbox.try_recv().is_ok() {
            waiting += 1;
        }
        assert_eq!(waiting, 16, "its task still gets what had been accepted, to write it or tell its loss");
    }
}
