//! One call's RTP socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{NetError, timestamp};
use crate::capture::{Direction, Tap};

/// A UDP socket on an even port of the configured range (RFC 3550 §11: RTCP is the next odd port).
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct RtpSocket {
    socket: tokio::net::UdpSocket,
    address: SocketAddr,
    tap: Option<Tap>,
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
                return Ok(Self { socket, address, tap: None });
            }
        }
        Err(NetError::NoRtpPort { first: *ports.start(), last: *ports.end() })
    }

    /// With an ear for captures.
    pub fn tapped(self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self }
    }

    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for one packet.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (length, source) = self.socket.recv_from(buffer).await?;
        self.capture(Direction::Received, source, &buffer[..length]);
        Ok((length, source))
    }

    /// Takes one packet if one has arrived.
    pub fn try_receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let (length, source) = self.socket.try_recv_from(buffer).ok()?;
        self.capture(Direction::Received, source, &buffer[..length]);
        Some((length, source))
    }

    /// Sends one packet. A packet the kernel can't take now is dropped: late audio is worth nothing.
    pub fn send(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.socket.try_send_to(packet, destination);
        self.capture(Direction::Sent, destination, packet);
    }

    fn capture(&self, direction: Direction, remote: SocketAddr, packet: &[u8]) {
        if let Some(tap) = &self.tap
            && tap.listens_to(self.address.port())
        {
            tap.datagram(timestamp(), direction, self.address, remote, packet);
        }
    }
}
