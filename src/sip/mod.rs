//! SIP user agent (RFC 3261), PURE: no socket, no clock, no thread.
//!
//! Owns: messages on the wire, transactions, dialogs, offer/answer, the outcome of transfers.
//! Must not know: audio, dialogue, tasks, sockets. One [`Endpoint`] serves every call of the process.

mod dialog;
mod endpoint;
mod flow;
pub mod sdp;
#[cfg(test)]
mod tests;
mod timers;
mod transaction;
pub mod wire;

pub use endpoint::Endpoint;
pub use flow::{ConnectionId, Flow, Listener, ListenerId, Listeners, Transport, UnknownTransport};

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// Names one call (one INVITE usage) at this endpoint; never reused while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallHandle(pub u64);

/// What an endpoint needs to know about itself.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Addresses and ports peers reach us at: they go into Via and Contact. (Host part of our URIs.)
    pub listeners: Listeners,
    /// User part of our Contact and From, e.g. `mairie`.
    pub user: String,
    /// Display name for From, if any.
    pub display_name: Option<String>,
    /// `User-Agent` / `Server` header.
    pub product: String,
    /// Calls beyond this are refused with 486 and a `Retry-After`.
    pub max_calls: usize,
    /// Whether REFER from the far end is offered to the application (test phones) or refused with 603 (the agent).
    pub accept_transfers: bool,
}

/// Everything that can happen to an endpoint.
#[derive(Debug)]
pub enum Input<'a> {
    /// A message arrived: a UDP datagram, or one message cut from a stream.
    Message { flow: Flow, payload: &'a [u8] },
    /// What was to go this way could not be sent: no connection, or an ICMP error (§8.1.3.1, §17.1.4).
    TransportFailed { flow: Flow },
    /// The application wants something done.
    Command { call: CallHandle, command: Command },
    /// No new calls from now on: INVITE and OPTIONS get 503 with Retry-After; current calls go on.
    Drain,
    /// `poll_timeout()` has been reached.
    Timeout,
}

/// What the application may ask about one call. A command that no longer makes sense (the call has ended
/// meanwhile) is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Incoming call: send 180.
    Ring,
    /// Incoming call: send 200 with this SDP (answer to the offer, or our offer when the INVITE had none).
    Answer { sdp: String },
    /// Incoming call: refuse with this final status (4xx–6xx).
    Reject { status: u16 },
    /// A re-INVITE was offered: answer it with this SDP, or refuse it (488) with `None`.
    AnswerReoffer { sdp: Option<String> },
    /// End the call in whatever state it is: BYE, CANCEL or a final refusal.
    HangUp,
    /// Blind transfer (RFC 3515, 5589): REFER to `target`, a SIP or `tel:` URI. Ignored while one is under way. A refusal
    /// or an unanswered REFER (408) is a `TransferFinished`; the call itself goes on.
    Transfer { target: String },
    /// The far end sent a REFER (`accept_transfers`): 202 and NOTIFY 100 Trying.
    AcceptTransfer,
    /// Report on the transfer we accepted: NOTIFY with `SIP/2.0 <status>`; a status ≥ 200 terminates the subscription.
    NotifyTransfer { status: u16 },
}

/// What an endpoint wants done or known.
#[derive(Debug)]
pub enum Output {
    /// Send this message.
    Transmit { flow: Flow, payload: Bytes },
    /// Something happened to a call. After [`Event::Ended`] the handle is never mentioned again.
    Event { call: CallHandle, event: Event },
}

/// A party as From (or P-Asserted-Identity) names it. Personal data: never goes into a log line.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Party {
    pub display_name: Option<String>,
    /// User part: the telephone number, or an extension.
    pub user: Option<String>,
    /// The whole URI as received.
    pub uri: String,
}

/// Shows nothing: a party printed by mistake stays unnamed.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(personal)")
    }
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An INVITE arrived (100 has been sent). Answer with Ring/Answer/Reject.
    Incoming { caller: Party, called: Party, offer: Option<String>, source: SocketAddr },
    /// Outgoing call: 101–199.
    Progress { status: u16 },
    /// Outgoing call: 200; the ACK has been sent. Carries the SDP of the 200.
    Answered { sdp: Option<String> },
    /// Incoming call: the ACK for our 200 arrived (with the SDP answer if the offer was ours). After a re-INVITE it is
    /// reported only when the offer was ours.
    Acknowledged { sdp: Option<String> },
    /// The far end offers new media (re-INVITE); `None` asks us to offer. Answer with AnswerReoffer.
    Reoffered { offer: Option<String> },
    /// NOTIFY about our REFER: provisional (100–199). 202 to REFER itself is reported as 100.
    TransferProgress { status: u16 },
    /// The transfer's final outcome: 200–299 succeeded; else the refusal of the target (486, 480, 408, 603 …) or of
    /// the REFER itself. A subscription that ends without a final status is 408.
    TransferFinished { status: u16 },
    /// The far end asks us to call `target` (REFER). Answer with AcceptTransfer; ignored for 32 s, or until the call
    /// ends, it is refused (603).
    TransferRequested { target: String },
    /// The call is over, for this reason.
    Ended { cause: EndCause },
}

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// BYE from the far end. During a transfer it says nothing of the outcome: most switchboards leave before their
    /// final NOTIFY.
    RemoteBye,
    /// CANCEL before we answered.
    RemoteCancel,
    /// We hung up or refused. Reported at once: BYE, CANCEL and their answers follow in the background
    /// (`active_calls` counts the call until they are done).
    Local,
    /// Outgoing call refused with this status.
    Refused(u16),
    /// Our 200 was never acknowledged (64·T1); a BYE was sent.
    NoAck,
    /// Our INVITE or OPTIONS got no answer (timer B/F).
    Timeout,
}

/// An outgoing call.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Request URI and To.
    pub target: String,
    /// Where to send it (loopback tests and a configured switchboard; RFC 3263 look-ups come later).
    pub destination: Flow,
    /// SDP offer.
    pub offer: String,
    /// Display name and user for From, else the endpoint's own.
    pub from: Option<Party>,
}
