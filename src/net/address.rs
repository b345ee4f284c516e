//! Which of our addresses a peer sees, and reading `host:port`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::listen::ListenAddress;
use super::{NetError, transports};
use crate::sip::Transport;

/// The local address that packets to `peer` leave from. Asks the routing table by connecting an unbound
/// datagram socket, which sends nothing. Loopback when there is no route.
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub fn local_address_towards(peer: SocketAddr) -> IpAddr {
    let any: SocketAddr = match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    std::net::UdpSocket::bind(any)
        .and_then(|socket| {
            socket.connect(peer)?;
            socket.local_addr()
        })
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

/// Fails when another program has the port. Asked before the long part of starting, so that the person who starts the
/// service learns at once.
pub fn check_free(listen: ListenAddress) -> Result<(), NetError> {
    let address = listen.address;
    let tried = match listen.transport {
        Transport::Udp => transports::udp(address).map(drop),
        Transport::Tcp | Transport::Tls => transports::listener(address).map(drop),
    };
    tried.map_err(|source| NetError::Bind { address, source })
}

/// Reads `192.0.2.1`, `192.0.2.1:5060`, `[2001:db8::1]:5060`, with `default_port` where none is given.
/// Host names are not resolved here: `None`.
pub fn split_host_port(text: &str, default_port: u16) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address);
    }
    let host = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, default_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_peers_see_loopback() {
        assert_eq!(local_address_towards("127.0.0.1:5060".parse().unwrap()), IpAddr::V4(Ipv4Addr::LOCALHOST));
    }

    #[tokio::test]
    async fn a_taken_port_is_told() {
        let socket = transports::udp("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let taken = ListenAddress::udp(address);
        assert!(matches!(check_free(taken), Err(NetError::Bind { address: told, .. }) if told == address));
        drop(socket);
        assert!(check_free(taken).is_ok());
    }

    #[tokio::test]
    async fn a_taken_tcp_port_is_told() {
        let socket = transports::listener("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let taken = ListenAddress { transport: Transport::Tcp, address };
        assert!(matches!(check_free(taken), Err(NetError::Bind { .. })));
    }

    #[test]
    fn host_port_forms() {
        let port = |text| split_host_port(text, 5060).map(|address| address.to_string());
        assert_eq!(port("192.0.2.1").as_deref(), Some("192.0.2.1:5060"));
        assert_eq!(port("192.0.2.1:5070").as_deref(), Some("192.0.2.1:5070"));
        assert_eq!(port("[2001:db8::1]").as_deref(), Some("[2001:db8::1]:5060"));
        assert_eq!(port("pabx.example"), None);
    }
}
