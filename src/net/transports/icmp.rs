//! What the network says of datagrams that did not get there: ICMP errors, in the socket's error queue (ip(7),
//! `IP_RECVERR`; ipv6(7), `IPV6_RECVERR`). RFC 3261 §18.4 wants them told to who sent.
//!
//! Must not know: what the datagrams were.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::sync::mpsc;
use tracing::debug;

use super::{Datagrams, Event};
use crate::net::rtp_socket::socket_address;

/// Room for one error and the address of the router that told it.
#[repr(align(8))]
struct Control([u8; 128]);

/// Asks the kernel to keep errors, with the address each is about.
pub(super) fn listen_for_errors(socket: &Datagrams) {
    let asked = match socket.local_addr() {
        Ok(address) if address.is_ipv6() => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
        _ => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
    };
    if let Err(error) = asked {
        debug!(%error, "unreachable SIP peers are known by their silence only");
    }
}

/// Tells whom no datagram reaches, until nobody listens any more.
pub(super) async fn watch(socket: Arc<Datagrams>, events: mpsc::Sender<Event>) {
    loop {
        let next = tokio::select! {
            next = socket.async_io(Interest::ERROR, || next_error(&socket)) => next,
            () = events.closed() => return,
        };
        match next {
            // With too much else to tell, their timers will.
            Ok(Some(remote)) => drop(events.try_send(Event::Unreachable { remote })),
            Ok(None) => {}
            Err(error) => return debug!(%error, "unreachable SIP peers are known by their silence only"),
        }
    }
}

/// Takes one error from the queue: the address that can't be reached, if that is what it says.
fn next_error(socket: &Datagrams) -> io::Result<Option<SocketAddr>> {
    let mut control = Control([0; 128]);
    let mut datagram = [0; 1];
    let mut parts = [IoSliceMut::new(&mut datagram)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control.0), flags)?;
    let by_icmp = message.cmsgs()?.any(|message| match message {
        ControlMessageOwned::Ipv4RecvErr(error, _) => {
            error.ee_origin == libc::SO_EE_ORIGIN_ICMP && is_unreachable(error.ee_errno)
        }
        ControlMessageOwned::Ipv6RecvErr(error, _) => {
            error.ee_origin == libc::SO_EE_ORIGIN_ICMP6 && is_unreachable(error.ee_errno)
        }
        _ => false,
    });
    Ok(message.address.filter(|_| by_icmp).and_then(socket_address))
}

/// Host, network, port or protocol unreachable (§18.4). Not: a packet too large for some link, which is sent in pieces.
fn is_unreachable(error: u32) -> bool {
    let told = i32::try_from(error).map(Errno::from_raw);
    matches!(told, Ok(Errno::ECONNREFUSED | Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ENOPROTOOPT))
}
