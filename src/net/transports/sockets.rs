//! Opening sockets: the options they need.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// What the kernel is asked to keep of datagrams in each direction, in bytes; it may grant less.
const UDP_BUFFER: usize = 4 << 20;
/// Connections that wait to be taken.
const BACKLOG: i32 = 128;

/// IPv6 sockets take IPv6 only, so that both families can have the same port.
fn bound(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        // A restart must not wait for the last connections to be forgotten.
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub(in crate::net) fn udp(address: SocketAddr) -> io::Result<tokio::net::UdpSocket> {
    let socket = bound(address, Type::DGRAM, Protocol::UDP)?;
    // A burst of calls must not be lost here; less is no fault.
    let _ = socket.set_recv_buffer_size(UDP_BUFFER);
    let _ = socket.set_send_buffer_size(UDP_BUFFER);
    tokio::net::UdpSocket::from_std(socket.into())
}

#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub(in crate::net) fn listener(address: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let socket = bound(address, Type::STREAM, Protocol::TCP)?;
    socket.listen(BACKLOG)?;
    tokio::net::TcpListener::from_std(socket.into())
}

/// Connects; from the address we listen on when that is a single one.
#[expect(clippy::disallowed_types, reason = "sockets live in src/net")]
pub(super) async fn connect(remote: SocketAddr, listen: SocketAddr) -> io::Result<tokio::net::TcpStream> {
    let socket = if remote.is_ipv6() { tokio::net::TcpSocket::new_v6()? } else { tokio::net::TcpSocket::new_v4()? };
    if !listen.ip().is_unspecified() && listen.is_ipv6() == remote.is_ipv6() {
        socket.bind(SocketAddr::new(listen.ip(), 0))?;
    }
    let stream = socket.connect(remote).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
