//! SIP messages as bytes (RFC 3261 §7, §25): a tolerant reader and a writer of our own. PURE.
//!
//! Owns: framing, header fields, URIs, name-addr, Via; every byte of a value survives from reader to writer.
//! Must not know: transactions, dialogs, what a message means.
//!
//! `rsip` gives the vocabulary (methods, status codes); it does not read or print here, because its parser
//! refuses or silently changes messages that real switchboards send.

mod diversion;
mod framer;
mod header;
mod key_press;
mod message;
mod method;
mod multipart;
mod name_addr;
mod parties;
mod reader;
mod reason;
mod refer;
mod reliable;
mod replaces;
mod session_expires;
mod subscription;
mod tel;
#[cfg(test)]
mod tests;
mod text;
mod uri;
mod via;
mod writer;

pub use diversion::{Diversion, DiversionReason, HistoryEntry};
pub use framer::{Frame, Framer, FramingError};
pub use header::{HeaderName, Headers};
pub use key_press::{KEY_TYPES, KeyPress, KeyPressError};
pub use message::{CSeq, Message, Request, Response};
pub use method::{Method, reason_phrase};
pub use multipart::{MediaType, MultipartError, Part, read_multipart};
pub use name_addr::NameAddr;
pub use parties::{Privacy, RemotePartyId, UserToUser};
pub(crate) use reader::sipfrag_status;
pub use reader::{Framing, Incoming, Problem, Unreadable, read_datagram, read_message};
pub use reason::Reason;
pub use refer::{ReferTo, ReferredBy};
pub use reliable::{RAck, RSeq};
pub use replaces::Replaces;
pub use session_expires::{Malformed, MinSe, Refresher, SessionExpires};
pub use subscription::{EventType, SubscriptionState};
pub use tel::TelUri;
pub use text::Params;
pub(in crate::sip) use text::{decode, is_token, quote, split_outside, unquote};
pub use uri::{SipUri, Uri, UriError, escape_user};
pub use via::Via;
