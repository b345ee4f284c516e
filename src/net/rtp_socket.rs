//! One call's pair of sockets: RTP, and RTCP on the port after it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use super::NetError;

/// UDP sockets on an even port of the configured range and on the odd one after it (RFC 3550 §11).
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct RtpSocket {
    socket: tokio::net::UdpSocket,
    rtcp: tokio::net::UdpSocket,
    address: SocketAddr,
}

/// Where the next search for a free port starts, so that a port just released is not taken again at once:
/// late packets of the last call must not reach the next.
static NEXT: AtomicU32 = AtomicU32::new(0);

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
impl RtpSocket {
    /// Binds the next pair of `ports` on `ip` of which both are free.
    pub async fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let first = u32::from(*ports.start()).next_multiple_of(2);
        let last = u32::from(*ports.end());
        let count = ((last + 1).saturating_sub(first) / 2).max(1);
        for _ in 0..count {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed) % count;
            let Ok(port) = u16::try_from(first + 2 * offset) else { continue };
            let Some(odd) = port.checked_add(1).filter(|odd| ports.contains(&port) && ports.contains(odd)) else {
                continue;
            };
            if let Ok(socket) = tokio::net::UdpSocket::bind((ip, port)).await
                && let Ok(rtcp) = tokio::net::UdpSocket::bind((ip, odd)).await
                && let Ok(address) = socket.local_addr()
            {
                return Ok(Self { socket, rtcp, address });
            }
        }
        Err(NetError::NoRtpPort { first: *ports.start(), last: *ports.end() })
    }

    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for one packet.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await
    }

    /// Takes one packet if one has arrived.
    pub fn try_receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.socket.try_recv_from(buffer).ok()
    }

    /// Waits for one datagram of the RTCP port.
    pub async fn receive_rtcp(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.rtcp.recv_from(buffer).await
    }

    /// As [`Self::send`], from the RTCP port.
    pub fn send_rtcp(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.rtcp.try_send_to(packet, destination);
    }

    /// Sends one packet. A packet the kernel can't take now is dropped: late audio is worth nothing.
    pub fn send(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.socket.try_send_to(packet, destination);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCALHOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test]
    #[expect(clippy::disallowed_types, reason = "takes ports away from the pair")]
    async fn rtp_and_rtcp_are_on_neighbouring_ports() {
        // Of these two pairs one has its odd port taken.
        let ports = 41_900..=41_903;
        let taken = std::net::UdpSocket::bind((LOCALHOST, 41_901)).unwrap();
        let ours = RtpSocket::bind(LOCALHOST, ports.clone()).await.unwrap();
        assert_eq!(ours.local_address().port(), 41_902);
        let none = RtpSocket::bind(LOCALHOST, ports.clone()).await;
        assert!(matches!(none, Err(NetError::NoRtpPort { .. })));
        drop(taken);
        let theirs = RtpSocket::bind(LOCALHOST, ports).await.unwrap();
        assert_eq!(theirs.local_address().port(), 41_900);
        // Nothing is sent before the kernel has said that it takes something.
        theirs.socket.writable().await.unwrap();
        theirs.rtcp.writable().await.unwrap();
        theirs.send((LOCALHOST, 41_902).into(), b"audio");
        theirs.send_rtcp((LOCALHOST, 41_903).into(), b"report");
        let mut buffer = [0; 16];
        assert_eq!(ours.receive_rtcp(&mut buffer).await.unwrap(), (6, (LOCALHOST, 41_901).into()));
        assert_eq!(&buffer[..6], b"report");
        assert_eq!(ours.receive(&mut buffer).await.unwrap(), (5, (LOCALHOST, 41_900).into()));
        assert_eq!(&buffer[..5], b"audio");
    }

    #[tokio::test]
    async fn a_port_without_its_pair_is_not_taken() {
        assert!(RtpSocket::bind(LOCALHOST, 41_910..=41_910).await.is_err());
        assert!(RtpSocket::bind(LOCALHOST, 41_911..=41_912).await.is_err());
    }
}
