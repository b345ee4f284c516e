//! One call's RTP socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use super::NetError;

/// A UDP socket on an even port of the configured range (RFC 3550 §11: RTCP is the next odd port).
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct RtpSocket {
    socket: tokio::net::UdpSocket,
    address: SocketAddr,
}

/// Where the next search for a free port starts, so that a port just released is not taken again at once:
/// late packets of the last call must not reach the next.
static NEXT: AtomicU32 = AtomicU32::new(0);

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
impl RtpSocket {
    /// Binds the next free even port of `ports` on `ip`.
    pub async fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let first = u32::from(*ports.start()).next_multiple_of(2);
        let last = u32::from(*ports.end());
        let count = (last + 1).saturating_sub(first).div_ceil(2).max(1);
        for _ in 0..count {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed) % count;
            let Ok(port) = u16::try_from(first + 2 * offset) else { continue };
            if !ports.contains(&port) {
                continue;
            }
            if let Ok(socket) = tokio::net::UdpSocket::bind((ip, port)).await
                && let Ok(address) = socket.local_addr()
            {
                return Ok(Self { socket, address });
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

    /// Sends one packet. A packet the kernel can't take now is dropped: late audio is worth nothing.
    pub fn send(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.socket.try_send_to(packet, destination);
    }
}
