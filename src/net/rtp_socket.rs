//! One call's pair of sockets: RTP, and RTCP on the port after it.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use tracing::debug;

use super::clock::{monotonic, now};
use super::{NetError, timestamp};
use crate::capture::{Direction, Tap};

/// Where the next search for a free port starts, so that a port just released is not taken again at once:
/// late packets of the last call must not reach the next.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// UDP sockets on an even port of the configured range and on the odd one after it (RFC 3550 §11).
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
struct Pair {
    rtp: std::net::UdpSocket,
    rtcp: std::net::UdpSocket,
    address: SocketAddr,
}

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
impl Pair {
    /// The next pair of `ports` on `ip` of which both are free.
    fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let first = u32::from(*ports.start()).next_multiple_of(2);
        let last = u32::from(*ports.end());
        let count = ((last + 1).saturating_sub(first) / 2).max(1);
        for _ in 0..count {
            let offset = NEXT.fetch_add(1, Ordering::Relaxed) % count;
            let Ok(port) = u16::try_from(first + 2 * offset) else { continue };
            let Some(odd) = port.checked_add(1).filter(|odd| ports.contains(&port) && ports.contains(odd)) else {
                continue;
            };
            if let Ok(rtp) = std::net::UdpSocket::bind((ip, port))
                && let Ok(rtcp) = std::net::UdpSocket::bind((ip, odd))
                && rtp.set_nonblocking(true).and_then(|()| rtcp.set_nonblocking(true)).is_ok()
                && let Ok(address) = rtp.local_addr()
            {
                return Ok(Self { rtp, rtcp, address });
            }
        }
        Err(NetError::NoRtpPort { first: *ports.start(), last: *ports.end() })
    }
}

/// A socket whose packets are taken on the call's tick: their arrival wakes nobody, and the kernel says when it was.
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub struct RtpSocket {
    socket: std::net::UdpSocket,
    rtcp: std::net::UdpSocket,
    address: SocketAddr,
    tap: Option<Tap>,
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
    /// Binds the next pair of `ports` on `ip` of which both are free.
    pub fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let Pair { rtp: socket, rtcp, address } = Pair::bind(ip, ports)?;
        for socket in [&socket, &rtcp] {
            if let Err(error) = setsockopt(socket, sockopt::ReceiveTimestampns, &true) {
                debug!(%error, "packets arrive when they are taken");
            }
        }
        Ok(Self { socket, rtcp, address, tap: None })
    }

    /// With an ear for captures.
    pub fn tapped(self, tap: Tap) -> Self {
        Self { tap: Some(tap), ..self }
    }

    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Takes one packet if one has arrived. One that is longer than `buffer` is cut.
    pub fn take(&self, buffer: &mut [u8]) -> Option<Received> {
        let received = receive(self.socket.as_raw_fd(), buffer)?;
        self.capture(Direction::Received, self.address, received.source, &buffer[..received.length]);
        Some(received)
    }

    /// As [`Self::take`], from the port after RTP's.
    pub fn take_rtcp(&self, buffer: &mut [u8]) -> Option<Received> {
        let received = receive(self.rtcp.as_raw_fd(), buffer)?;
        self.capture(Direction::Received, self.rtcp_address(), received.source, &buffer[..received.length]);
        Some(received)
    }

    /// As [`Self::send`], from the port after RTP's.
    pub fn send_rtcp(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.rtcp.send_to(packet, destination);
        self.capture(Direction::Sent, self.rtcp_address(), destination, packet);
    }

    /// Sends one packet: at once, for nothing waits in between. One the kernel can't take now is dropped: late audio is
    /// worth nothing.
    pub fn send(&self, destination: SocketAddr, packet: &[u8]) {
        let _ = self.socket.send_to(packet, destination);
        self.capture(Direction::Sent, self.address, destination, packet);
    }

    fn rtcp_address(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip(), self.address.port() + 1)
    }

    fn capture(&self, direction: Direction, ours: SocketAddr, remote: SocketAddr, packet: &[u8]) {
        if let Some(tap) = &self.tap
            && tap.listens_to(ours.port())
        {
            tap.datagram(timestamp(), direction, ours, remote, packet);
        }
    }
}

/// A datagram with the kernel's time of its arrival, if there is one.
fn receive(socket: RawFd, buffer: &mut [u8]) -> Option<Received> {
    let mut control = Control([0; 64]);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(socket, &mut parts, Some(&mut control.0), MsgFlags::MSG_DONTWAIT).ok()?;
    let stamp = message.cmsgs().ok().into_iter().flatten().find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
        _ => None,
    });
    let at = stamp.map_or_else(now, monotonic);
    Some(Received { length: message.bytes, source: socket_address(message.address?)?, at })
}

pub(super) fn socket_address(address: SockaddrStorage) -> Option<SocketAddr> {
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
    /// Binds the next pair of `ports` on `ip` of which both are free, and keeps the first.
    #[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
    pub fn bind(ip: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, NetError> {
        let Pair { rtp: socket, address, .. } = Pair::bind(ip, ports)?;
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

    const LOCALHOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    #[expect(clippy::disallowed_types, reason = "takes ports away from the pair")]
    fn rtp_and_rtcp_are_on_neighbouring_ports() {
        // Of these two pairs one has its odd port taken.
        let ports = 41_900..=41_903;
        let taken = std::net::UdpSocket::bind((LOCALHOST, 41_901)).unwrap();
        let ours = RtpSocket::bind(LOCALHOST, ports.clone()).unwrap();
        assert_eq!(ours.local_address().port(), 41_902);
        let none = RtpSocket::bind(LOCALHOST, ports.clone());
        assert!(matches!(none, Err(NetError::NoRtpPort { .. })));
        drop(taken);
        let theirs = RtpSocket::bind(LOCALHOST, ports).unwrap();
        assert_eq!(theirs.local_address().port(), 41_900);
        theirs.send((LOCALHOST, 41_902).into(), b"audio");
        theirs.send_rtcp((LOCALHOST, 41_903).into(), b"report");
        let mut buffer = [0; 16];
        let report = ours.take_rtcp(&mut buffer).unwrap();
        assert_eq!((&buffer[..report.length], report.source), (&b"report"[..], (LOCALHOST, 41_901).into()));
        let audio = ours.take(&mut buffer).unwrap();
        assert_eq!((&buffer[..audio.length], audio.source), (&b"audio"[..], (LOCALHOST, 41_900).into()));
        assert_eq!((ours.take(&mut buffer), ours.take_rtcp(&mut buffer)), (None, None));
    }

    #[test]
    fn a_port_without_its_pair_is_not_taken() {
        assert!(RtpSocket::bind(LOCALHOST, 41_910..=41_910).is_err());
        assert!(RtpSocket::bind(LOCALHOST, 41_911..=41_912).is_err());
    }

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
