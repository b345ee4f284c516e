//! Where a message comes from or goes to: transport, far end, connection, and our listener. PURE.
//!
//! Must not know: sockets. `net` numbers listeners and connections; here they are names.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// How messages travel (RFC 3261 §18, §26.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// A text names no transport we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown transport")]
pub struct UnknownTransport;

impl Transport {
    /// Whether what was sent arrives, so that transactions need not repeat it (§17).
    pub fn is_reliable(self) -> bool {
        match self {
            Transport::Udp => false,
            Transport::Tcp | Transport::Tls => true,
        }
    }

    /// As in Via: `UDP`.
    pub fn via_token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// As in the `transport` parameter of a URI: `udp`.
    pub fn uri_token(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }

    /// Port of a URI or a Via that names none (§18.2.2, §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.uri_token())
    }
}

impl FromStr for Transport {
    type Err = UnknownTransport;

    /// Reads either spelling, in any case.
    fn from_str(text: &str) -> Result<Transport, UnknownTransport> {
        [Transport::Udp, Transport::Tcp, Transport::Tls]
            .into_iter()
            .find(|transport| transport.uri_token().eq_ignore_ascii_case(text.trim()))
            .ok_or(UnknownTransport)
    }
}

/// Names one connection; never reused while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Names one of our listeners: its place in [`Listeners`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ListenerId(pub u16);

/// The way of one message. To send: over `connection` while it lives, else over any other connection to `remote`,
/// else over a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    pub transport: Transport,
    pub remote: SocketAddr,
    /// `None` for UDP, and where no connection is known.
    pub connection: Option<ConnectionId>,
    /// The listener that received it, or whose address goes into what is sent.
    pub local: ListenerId,
}

impl Flow {
    /// UDP by the first listener.
    pub fn udp(remote: SocketAddr) -> Flow {
        Flow { transport: Transport::Udp, remote, connection: None, local: ListenerId::default() }
    }

    /// The same way to another address of the same far end.
    pub fn with_remote(self, remote: SocketAddr) -> Flow {
        Flow { remote, ..self }
    }
}

/// One address we listen on, as peers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    pub transport: Transport,
    /// Goes into Via and Contact.
    pub advertised: SocketAddr,
}

/// Every address we listen on: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listeners {
    all: Vec<Listener>,
}

impl Listeners {
    pub fn new(first: Listener) -> Listeners {
        Listeners { all: vec![first] }
    }

    /// A single UDP listener.
    pub fn udp(advertised: SocketAddr) -> Listeners {
        Listeners::new(Listener { transport: Transport::Udp, advertised })
    }

    pub fn push(&mut self, listener: Listener) {
        self.all.push(listener);
    }

    pub fn iter(&self) -> impl Iterator<Item = (ListenerId, &Listener)> {
        (0..=u16::MAX).map(ListenerId).zip(&self.all)
    }

    /// The first one where there is no such listener.
    pub fn get(&self, id: ListenerId) -> &Listener {
        self.all.get(usize::from(id.0)).unwrap_or(&self.all[0])
    }

    pub fn get_mut(&mut self, id: ListenerId) -> Option<&mut Listener> {
        self.all.get_mut(usize::from(id.0))
    }

    /// The listener for sending by this transport to this address: of the same transport and address family.
    pub fn towards(&self, transport: Transport, remote: SocketAddr) -> Option<ListenerId> {
        self.iter()
            .find(|(_, l)| l.transport == transport && l.advertised.is_ipv6() == remote.is_ipv6())
            .map(|(id, _)| id)
    }

    /// The way to an address by this transport; `None` when we have no listener of the kind.
    pub fn flow(&self, transport: Transport, remote: SocketAddr) -> Option<Flow> {
        let local = self.towards(transport, remote)?;
        Some(Flow { transport, remote, connection: None, local })
    }
}

/// Not every address that a Contact or DNS names is one to send to.
pub(crate) fn is_usable(address: &SocketAddr) -> bool {
    let ip = address.ip();
    let broadcast = matches!(ip, std::net::IpAddr::V4(v4) if v4.is_broadcast());
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_read_in_either_spelling() {
        assert_eq!("TLS".parse(), Ok(Transport::Tls));
        assert_eq!(" tcp".parse(), Ok(Transport::Tcp));
        assert_eq!("sctp".parse::<Transport>(), Err(UnknownTransport));
    }

    #[test]
    fn a_listener_of_the_same_transport_and_family_is_found() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mut listeners = Listeners::udp(at("192.0.2.1:5060"));
        listeners.push(Listener { transport: Transport::Tcp, advertised: at("192.0.2.1:5060") });
        listeners.push(Listener { transport: Transport::Udp, advertised: at("[2001:db8::1]:5060") });
        let found = |transport, remote: &str| listeners.flow(transport, at(remote)).map(|flow| flow.local.0);
        assert_eq!(found(Transport::Udp, "198.51.100.1:5060"), Some(0));
        assert_eq!(found(Transport::Tcp, "198.51.100.1:5060"), Some(1));
        assert_eq!(found(Transport::Udp, "[2001:db8::9]:5060"), Some(2));
        assert_eq!(found(Transport::Tls, "198.51.100.1:5061"), None);
        assert_eq!(listeners.get(ListenerId(9)).advertised, at("192.0.2.1:5060"));
    }
}
