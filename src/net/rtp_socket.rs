//! One call's RTP socket.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use tracing::debug;

use super::NetError;
use super::clock::{monotonic, now};

/// Where the next search for a free port starts, so that a port just released is not taken again at once:
/// late packets of the last call must not reach the next.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Binds the next free even port of `ports` on `ip` (RFC 3550 §11: RTCP is the next odd port).
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
fn bind_even_port(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<(std::net::UdpSocket, SocketAddr), NetError> {
    let first = u32::from(*ports.start()).next_multiple_of(2);
    let last = u32::from(*ports.end());
    let count = (last + 1).saturating_sub(first).div_ceil(2).max(1);
    for _ in 0..count {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed) % count;
        let Ok(port) = u16::try_from(first + 2 * offset) else { continue };
        if !ports.contains(&port) {
            continue;
        }
        if let Ok(socket) = std::net::UdpSocket::bind((ip, port))
            && socket.set_nonblocking(true).is_ok()
            && let Ok(address) = socket.local_addr()
        {
            return Ok((socket, address));
        }
    }
    Err(NetError::NoRtpPort { first: *ports.start(), last: *ports.end() })
}

/// A socket whose packets are taken on the call's tick: their arrival wakes nobody, and the kernel says when it was.
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct RtpSocket {
    socket: std::net::UdpSocket,
    address: SocketAddr,
}

/// One packet taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub length: usize,
    pub source: SocketAddr,
    /// When it arrived, whenever it is taken.
    pub at: Instant,
}

/// Room for the kernel's time stamp.
#[repr(align(8))]
struct Control([u8; 64]);

impl RtpSocket {
    /// Binds the next free even port of `ports` on `ip`.
    pub fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let (socket, address) = bind_even_port(ip, ports)?;
        if let Err(error) = setsockopt(&socket, sockopt::ReceiveTimestampns, &true) {
            debug!(%error, "packets arrive when they are taken");
        }
        Ok(Self { socket, address })
    }

    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Takes one packet if one has arrived. One that is longer than `buffer` is cut.
    pub fn take(&self, buffer: &mut [u8]) -> Option<Received> {
        let mut control = Control([0; 64]);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut parts,
            Some(&mut control.0),
            MsgFlags::MSG_DONTWAIT,
        )
        .ok()?;
        let stamp = message.cmsgs().ok().into_iter().flatten().find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
            _ => None,
        });
        let at = stamp.map_or_else(now, monotonic);
        Some(Received { length: message.bytes, source: socket_address(message.address?)?, at })
    }

    /// Sends one packet: at once, for nothing waits in between. One the kernel can't take now is dropped: late audio is
    /// worth nothing.
    pub fn send(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.socket.send_to(packet, destination);
    }
}

fn socket_address(address: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::from(SocketAddrV4::from(*address)));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddr::from(SocketAddrV6::from(*address))))
}

/// A socket whose packets are waited for one by one: for a telephone, not for a thousand calls.
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct WaitingRtpSocket {
    socket: tokio::net::UdpSocket,
    address: SocketAddr,
}

impl WaitingRtpSocket {
    /// Binds the next free even port of `ports` on `ip`.
    #[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
    pub fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let (socket, address) = bind_even_port(ip, ports)?;
        let socket = tokio::net::UdpSocket::from_std(socket).map_err(|source| NetError::Bind { address, source })?;
        Ok(Self { socket, address })
    }

    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for one packet.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await
    }

    /// Sends one packet, or drops it as [`RtpSocket::send`] does.
    pub fn send(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.socket.try_send_to(packet, destination);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_told_with_the_time_of_its_arrival() {
        let loopback: IpAddr = [127, 0, 0, 1].into();
        let ours = RtpSocket::bind(loopback, 41_000..=41_999).unwrap();
        let theirs = RtpSocket::bind(loopback, 41_000..=41_999).unwrap();
        let mut buffer = [0; 32];
        assert_eq!(ours.take(&mut buffer), None);
        let mut told = false;
        // Linux begins to stamp packets a moment after the machine's first socket has asked for it.
        for _ in 0..200 {
            let before = now();
            theirs.send(ours.local_address(), b"first");
            let after = now();
            theirs.send(ours.local_address(), b"second");
            // However late it is taken.
            while now() - after < Duration::from_millis(20) {}
            let first = ours.take(&mut buffer).unwrap();
            assert_eq!((&buffer[..first.length], first.source), (&b"first"[..], theirs.local_address()));
            assert_eq!(ours.take(&mut buffer).map(|received| received.length), Some(6));
            assert_eq!(ours.take(&mut buffer), None);
            // The two clocks are read one after the other.
            let slack = Duration::from_millis(5);
            told |= first.at + slack >= before && first.at <= after + slack;
            if told {
                break;
            }
        }
        assert!(told, "packets are told with the time they were taken at");
    }
}
