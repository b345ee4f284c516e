//! Addresses we listen on, as they are written: `udp:0.0.0.0:5060`, `tls:[::]:5061`.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::sip::Transport;

/// One socket to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenAddress {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl ListenAddress {
    pub fn udp(address: SocketAddr) -> ListenAddress {
        ListenAddress { transport: Transport::Udp, address }
    }
}

/// Why a text is no address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadListenAddress {
    #[error("unknown transport")]
    Transport,
    #[error("no address with a port")]
    Address,
}

impl FromStr for ListenAddress {
    type Err = BadListenAddress;

    /// Without a transport in front it is UDP.
    fn from_str(text: &str) -> Result<ListenAddress, BadListenAddress> {
        if let Ok(address) = text.trim().parse() {
            return Ok(ListenAddress::udp(address));
        }
        let (transport, address) = text.trim().split_once(':').ok_or(BadListenAddress::Address)?;
        if !transport.chars().all(|c| c.is_ascii_alphabetic()) || transport.is_empty() {
            return Err(BadListenAddress::Address);
        }
        let transport = transport.parse().map_err(|_| BadListenAddress::Transport)?;
        let address = address.parse().map_err(|_| BadListenAddress::Address)?;
        Ok(ListenAddress { transport, address })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_transport() {
        let read = |text: &str| text.parse::<ListenAddress>().map(|listen| listen.to_string());
        assert_eq!(read("0.0.0.0:5060").as_deref(), Ok("udp:0.0.0.0:5060"));
        assert_eq!(read("[::]:5060").as_deref(), Ok("udp:[::]:5060"));
        assert_eq!(read("TCP:[::1]:5060").as_deref(), Ok("tcp:[::1]:5060"));
        assert_eq!(read("tls:192.0.2.1:5061").as_deref(), Ok("tls:192.0.2.1:5061"));
        assert_eq!(read("sctp:192.0.2.1:5061"), Err(BadListenAddress::Transport));
        for wrong in ["mairie", "udp:mairie:5060", "tcp:192.0.2.1", "192.0.2.1", "", "::1", "192.0.2.1:x"] {
            assert_eq!(read(wrong), Err(BadListenAddress::Address), "{wrong}");
        }
    }
}
