//! SIP user agent (RFC 3261), PURE: no socket, no clock, no thread.
//!
//! Owns: messages on the wire, transactions, dialogs, offer/answer, the outcome of transfers.
//! Must not know: audio, dialogue, tasks, sockets. One [`Endpoint`] serves every call of the process.

mod access;
mod dialog;
pub mod digest;
mod endpoint;
mod flow;
mod keep_alive;
mod limits;
mod locate;
mod origin;
mod registration;
pub mod sdp;
#[cfg(test)]
pub(crate) mod tests;
mod timers;
mod transaction;
pub mod wire;

pub use access::{AccessConfig, Action, Cause, Report, Verdict};
pub use endpoint::Endpoint;
pub use flow::{ConnectionId, Flow, Listener, ListenerId, Listeners, Transport, UnknownTransport};
pub use keep_alive::{KeepAlive, KeepAliveInput, KeepAliveOutput, KeepAliveSettings, Reachability};
pub use limits::Rate;
pub use locate::{Answer, Locator, Naptr, Query, Srv, Target};
pub use origin::CallOrigin;
pub use registration::{
    RegistrationInput, RegistrationOutput, RegistrationSettings, RegistrationState, Registrations, RegistrationsConfig,
};
pub use wire::KeyPress;

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
    /// Whether REFER from the far end is offered to the application or refused with 603.
    pub accept_transfers: bool,
    pub policy: Policy,
    /// What we answer challenges with (401, 407).
    pub credentials: Vec<Login>,
    /// Whom we serve.
    pub access: AccessConfig,
}

/// User and password for whoever asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Only for this realm; `None`: for any.
    pub realm: Option<String>,
    pub password: digest::Password,
}

/// How the optional parts of SIP are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Longest time between two refreshes of a session that we ask for or grant, in seconds (RFC 4028); 0: we ask for
    /// none, and grant what is asked for.
    pub session_expires: u32,
    /// Shortest such time we accept, in seconds; never below 90 (RFC 4028 §4).
    pub min_se: u32,
    /// Provisional responses are sent reliably to everybody who can take them (RFC 3262), not only where that is
    /// required or they carry SDP.
    pub reliable_provisionals: bool,
    /// Targets tried beyond the first one when a called party redirects us (3xx); 0: a redirection is a refusal.
    pub max_redirects: usize,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { session_expires: 1_800, min_se: 90, reliable_provisionals: false, max_redirects: 5 }
    }
}

/// Names a look-up an endpoint has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LookUp {
    call: CallHandle,
    number: u64,
}

/// Everything that can happen to an endpoint.
#[derive(Debug)]
pub enum Input<'a> {
    /// A message arrived: a UDP datagram, or one message cut from a stream.
    Message { flow: Flow, payload: &'a [u8] },
    /// What was to go this way could not be sent: no connection, or no route (§8.1.3.1, §17.1.4).
    TransportFailed { flow: Flow },
    /// The network says that no datagram gets there: an ICMP error (§18.4).
    Unreachable { remote: SocketAddr },
    /// The answer to [`Output::Locate`], best first; none: the name leads nowhere.
    Located { look_up: LookUp, targets: Vec<Flow> },
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
    /// Incoming call: send 183 with this SDP. The answer to the offer, final when the caller supports reliable
    /// responses (RFC 3262) and a preview of the answer in the 200 when not; or our offer when the INVITE had none,
    /// left out for a caller without reliable responses.
    EarlyMedia { sdp: String },
    /// Incoming call: send 200 with this SDP (answer to the offer, or our offer when the INVITE had none). After
    /// `EarlyMedia` the description sent there stays.
    Answer { sdp: String },
    /// Incoming call: refuse with this final status (4xx–6xx).
    Reject { status: u16 },
    /// The answer to [`Event::Reoffered`] or [`Event::Replaced`]; `None` refuses: 488, or no stream at all where the
    /// offer came in a response.
    AnswerReoffer { sdp: Option<String> },
    /// Offer new media by re-INVITE; `None` asks the far end to offer. Waits for what is under way. Ends in
    /// [`Event::ReofferAnswered`], [`Event::ReofferRefused`] or, when we asked, [`Event::Reoffered`].
    Reoffer { sdp: Option<String> },
    /// The same by UPDATE (RFC 3311), which also works before the call is answered, once a first offer has been
    /// answered; `None` offers nothing and refreshes the dialog.
    Update { sdp: Option<String> },
    /// End the call in whatever state it is: BYE, CANCEL or a final refusal.
    HangUp,
    /// Blind transfer (RFC 3515, 5589): REFER to `target`, a SIP or `tel:` URI. Ignored while one is under way. A refusal
    /// or an unanswered REFER (408) is a `TransferFinished`; the call itself goes on.
    Transfer { target: String },
    /// Attended transfer (RFC 5589 §7): REFER to the far end of our call `other`, which its new call replaces
    /// (RFC 3891). Reported like `Transfer`; when it succeeds, `other` is ended by its far end.
    AttendedTransfer { other: CallHandle },
    /// The far end sent a REFER (`accept_transfers`): 202 and NOTIFY 100 Trying.
    AcceptTransfer,
    /// The far end sent a REFER: refuse it with this final status (4xx–6xx).
    RefuseTransfer { status: u16 },
    /// Report on the transfer we accepted: NOTIFY with `SIP/2.0 <status>`; a status ≥ 200 terminates the subscription.
    NotifyTransfer { status: u16 },
}

/// What an endpoint wants done or known.
#[derive(Debug)]
pub enum Output {
    /// Send this message.
    Transmit { flow: Flow, payload: Bytes },
    /// Where is this URI (RFC 3263)? Answer with [`Input::Located`]; no answer within 32 s is an empty one.
    Locate { look_up: LookUp, uri: String },
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
    Incoming {
        caller: Party,
        called: Party,
        /// Who was called first, and who sent the call on to us.
        origin: Box<CallOrigin>,
        offer: Option<String>,
        source: SocketAddr,
        /// How the INVITE came.
        transport: Transport,
    },
    /// Outgoing call: 101–199. With SDP: early media from one of the parties being called.
    Progress { status: u16, sdp: Option<String> },
    /// Outgoing call: 2xx. Carries the answer to our offer. When we made none, [`Event::Reoffered`] follows with
    /// theirs, and the ACK waits for its answer.
    Answered { sdp: Option<String> },
    /// Incoming call: the ACK for our 200 arrived (with the SDP answer if the offer was ours). After a re-INVITE it is
    /// reported only when the offer was ours. An answer to an offer in `EarlyMedia` comes with an `Acknowledged` of
    /// its own, before the call is answered.
    Acknowledged { sdp: Option<String> },
    /// The far end offers new media (re-INVITE, UPDATE, or where we left the offer to it); `None` asks us to offer.
    /// Answer with AnswerReoffer, soon: an UPDATE waits 8 s, then it is refused.
    Reoffered { offer: Option<String> },
    /// The far end took our `Reoffer` or `Update`; with its SDP answer. Also reported when its answer to a mere refresh
    /// of the session brings another description.
    ReofferAnswered { sdp: Option<String> },
    /// Our `Reoffer` or `Update` came to nothing; the session is as it was. 491 also when one was waiting already.
    ReofferRefused { status: u16 },
    /// Another dialog takes the place of this call's (INVITE with Replaces, RFC 3891): a switchboard moves the call,
    /// which goes on under this handle with `party`. Answer like `Reoffered`; the old dialog then gets BYE or CANCEL.
    Replaced { party: Party, offer: Option<String> },
    /// NOTIFY about our REFER: provisional (100–199). 202 to REFER itself is reported as 100.
    TransferProgress { status: u16 },
    /// The transfer's final outcome: 200–299 succeeded; else the refusal of the target (486, 480, 408, 603 …) or of
    /// the REFER itself. A subscription that ends without a final status is 408.
    TransferFinished { status: u16 },
    /// The far end asks us to call `target` (REFER). Answer with AcceptTransfer or RefuseTransfer; ignored for 32 s, or
    /// until the call ends, it is refused (603).
    /// Give all three to [`Dial`] as they are: the target may name the call to replace. `destination` is the address
    /// in the target; where it names none, the way of this call's own requests.
    TransferRequested { target: String, referred_by: Option<String>, destination: Flow },
    /// A key of the telephone, sent by INFO.
    Key(KeyPress),
    /// Why the call ends, as its far end says it (Reason, RFC 3326), before `Ended`: `Q.850` 16, `SIP` 200.
    ReleaseReason { protocol: String, cause: Option<u16> },
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
    /// Nothing could be sent: the target's name leads nowhere (RFC 3263), or no way to any of its addresses is open.
    Unreachable,
    /// Our 200 was never acknowledged (64·T1) and a BYE was sent; or our reliable 18x, and the INVITE was refused.
    NoAck,
    /// Our INVITE or OPTIONS got no answer (timer B/F), or the far end no longer knows the call (408, 481).
    Timeout,
    /// The far end has not refreshed the session in time (RFC 4028); a BYE was sent.
    Expired,
}

/// Where a request outside dialogs goes. After a 503, no answer, or no way there, it goes to the next address
/// (RFC 3263 §4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Where its target leads: straight to an address, or to what a look-up ([`Output::Locate`]) finds for a name.
    Target,
    /// To these, best first, whatever the target says: a configured switchboard, or what was looked up before.
    Ways(Vec<Flow>),
}

impl From<Flow> for Destination {
    fn from(flow: Flow) -> Destination {
        Destination::Ways(vec![flow])
    }
}

/// An outgoing call.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Request URI and To. A `Replaces` among its URI headers becomes that of the INVITE; other headers are left out.
    pub target: String,
    /// Where to send it. A redirection is followed to where its own targets lead.
    pub destination: Destination,
    /// SDP offer; `None` leaves it to the called party.
    pub offer: Option<String>,
    /// Display name and user for From, else the endpoint's own.
    pub from: Option<Party>,
    /// Who asked for the call, from [`Event::TransferRequested`].
    pub referred_by: Option<String>,
    /// Whether a redirection (3xx) is followed, as far as [`Policy::max_redirects`] lets it; else it is a refusal.
    pub redirects: bool,
}

impl Dial {
    /// A call of the endpoint's own, in its own name, that follows redirections.
    pub fn to(target: String, destination: Destination, offer: Option<String>) -> Dial {
        Dial { target, destination, offer, from: None, referred_by: None, redirects: true }
    }
}
