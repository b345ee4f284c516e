//! The edge to the network and to time: the only sockets and the only clock of the house.
//!
//! Owns: sockets and connections, the task that drives the [`crate::sip::Endpoint`], wake-ups, local addresses.
//! Must not know: what a call is about. SIP text, RTP headers and dialogue are other modules' business.

mod address;
mod clock;
mod dns;
mod listen;
mod media_threads;
mod rtp_socket;
mod sip_handle;
mod sip_task;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod torture;
mod transports;

pub use address::{check_free, local_address_towards, split_host_port};
pub use clock::{local_time, now, sleep_until, timestamp};
pub use listen::{BadListenAddress, ListenAddress};
pub use media_threads::{MediaThreads, Seat};
pub use rtp_socket::{Received, RtpSocket, WaitingRtpSocket};
pub use sip_handle::{CallLine, SipHandle};
pub use sip_task::{SipSettings, bind, open};
pub use transports::{ClientCertificates, ConnectionLimits, Timings, TlsError, TlsSettings, check_tls};

use std::net::SocketAddr;

/// What can go wrong at the edge.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error("cannot bind {address}: {source}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("a TLS listener needs a certificate")]
    NoCertificate,
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no free RTP port in {first}-{last}")]
    NoRtpPort { first: u16, last: u16 },
    #[error("cannot start the threads of the calls: {0}")]
    Threads(std::io::Error),
    #[error("the SIP task has ended")]
    Closed,
}
