//! Which messages and media ports belong to the calls that are captured.
//!
//! A call is one INVITE from outside and everything with its Call-ID; the media is found by the ports that our own
//! descriptions tell. Another dialog belongs to it when it takes its place (Replaces), or when an INVITE of ours brings the
//! same port along (the call is moved).

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::sdp::audio;
use super::{Direction, MAX_CALLS};
use crate::sip::wire::{Framing, HeaderName, Headers, Message, Method, read_message};

/// After its end a call may still repeat messages and say goodbye by RTCP.
pub(super) const AFTERLIFE: SignedDuration = SignedDuration::from_secs(3);
/// Dialogs remembered; more are not followed.
const MAX_DIALOGS: usize = 4 * MAX_CALLS as usize;

#[derive(Debug, Default)]
struct Dialog {
    answered: bool,
    ended: Option<Timestamp>,
    port: Option<u16>,
}

#[derive(Debug)]
pub(super) struct Selection {
    calls: u16,
    taken: u16,
    dialogs: HashMap<Vec<u8>, Dialog>,
    /// Our media ports, and the address told with each.
    ports: HashMap<u16, Option<IpAddr>>,
}

impl Selection {
    /// The next so many calls.
    pub fn new(calls: u16) -> Selection {
        Selection { calls: calls.clamp(1, MAX_CALLS), taken: 0, dialogs: HashMap::new(), ports: HashMap::new() }
    }

    /// Calls that began.
    pub fn taken(&self) -> u16 {
        self.taken
    }

    /// Every call that was wanted has begun and ended.
    pub fn is_over(&self) -> bool {
        self.taken >= self.calls && self.dialogs.values().all(|dialog| dialog.ended.is_some())
    }

    /// Whether this port or the one before it (RTCP) is a call's; with the address it was told with.
    pub fn media(&self, port: u16) -> Option<Option<IpAddr>> {
        let own = || self.ports.get(&port);
        own().or_else(|| self.ports.get(&(port & !1))).copied()
    }

    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.ports.keys().copied()
    }

    /// Whether a message belongs to a captured call; what it says of that call is noted.
    pub fn message(&mut self, at: Timestamp, direction: Direction, payload: &[u8]) -> bool {
        let Ok(incoming) = read_message(payload, Framing::Datagram) else { return false };
        let (headers, body) = match &incoming.message {
            Message::Request(request) => (&request.headers, &request.body),
            Message::Response(response) => (&response.headers, &response.body),
        };
        let Some(id) = headers.call_id().map(|id| id.to_vec()) else { return false };
        let told = audio(body).filter(|(_, port)| *port != 0);
        if !self.dialogs.contains_key(&id) && !self.is_wanted(direction, &incoming.message, headers, told) {
            return false;
        }
        self.forget_ports(at);
        let dialog = self.dialogs.entry(id).or_default();
        match &incoming.message {
            Message::Request(request) if request.method == Method::BYE => dialog.ended = dialog.ended.or(Some(at)),
            // One refused for want of a password comes again.
            Message::Request(request) if request.method == Method::INVITE && !dialog.answered => dialog.ended = None,
            Message::Request(_) => {}
            Message::Response(response) if headers.cseq().is_some_and(|cseq| cseq.method == Method::INVITE) => {
                dialog.answered |= (200..300).contains(&response.status);
                if response.status >= 300 && !dialog.answered {
                    dialog.ended = dialog.ended.or(Some(at));
                }
            }
            Message::Response(_) => {}
        }
        if direction == Direction::Sent
            && let Some((address, port)) = told
        {
            dialog.port = Some(port);
            self.ports.insert(port, address);
        }
        true
    }

    fn is_wanted(
        &mut self,
        direction: Direction,
        message: &Message,
        headers: &Headers,
        told: Option<(Option<IpAddr>, u16)>,
    ) -> bool {
        let Message::Request(request) = message else { return false };
        if request.method != Method::INVITE || self.dialogs.len() >= MAX_DIALOGS {
            return false;
        }
        match direction {
            Direction::Received => {
                let replaced =
                    headers.get(&HeaderName::Replaces).and_then(|value| value.split(|byte| *byte == b';').next());
                if replaced.is_some_and(|id| self.dialogs.contains_key(id.trim_ascii())) {
                    return true;
                }
                let new = headers.to().is_some_and(|to| to.tag().is_none()) && self.taken < self.calls;
                self.taken += u16::from(new);
                new
            }
            Direction::Sent => told.is_some_and(|(_, port)| self.ports.contains_key(&port)),
        }
    }

    /// Ports of calls long over are other calls' now.
    fn forget_ports(&mut self, at: Timestamp) {
        let alive = |dialog: &Dialog| dialog.ended.is_none_or(|ended| at.duration_since(ended) < AFTERLIFE);
        let dialogs = &self.dialogs;
        self.ports.retain(|port, _| dialogs.values().any(|dialog| dialog.port == Some(*port) && alive(dialog)));
    }
}
