//! Who is let in (RFC 3261 §22, §26.3.2): the verdict on a source, applied to what it sends. PURE.
//!
//! What belongs to a call there is always gets in: its dialog or transaction was opened by us, or by somebody let in.

use std::net::IpAddr;

use super::super::access::{Cause, Report, Verdict};
use super::super::transaction::ServerKey;
use super::*;

impl Endpoint {
    /// Whether a connection from this address is worth taking.
    pub fn admits(&self, source: IpAddr) -> bool {
        self.gate.admits(source)
    }

    /// Whether this address belongs to a switchboard.
    pub fn is_welcome(&self, source: IpAddr) -> bool {
        self.gate.is_welcome(source)
    }

    /// A request was sent there by somebody else than this endpoint: its answers are expected.
    pub fn expect_answers_from(&mut self, address: IpAddr) {
        self.gate.contacted(address);
    }

    /// Sources that were refused, for the journal.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.gate.poll_report()
    }

    /// Whether a request gets in; when not, it has got the answer it gets, if any.
    pub(super) fn lets_in(&mut self, verdict: Verdict, source: Flow, request: &Request) -> bool {
        if verdict == Verdict::Serve || self.belongs_to_a_call(request) {
            return true;
        }
        self.gate.refused(source.remote.ip(), Cause::Network);
        // An ACK is never answered (§17.1.1.3).
        if verdict != Verdict::OnlyCalls
            && request.method != Method::ACK
            && let Some(reply) = Reply::to(request, source, self.identity.product())
        {
            self.refuse(request, &reply, Refusal::new(403));
        }
        false
    }

    fn belongs_to_a_call(&self, request: &Request) -> bool {
        let tag = request.headers.to().and_then(|to| to.tag().map(str::to_owned));
        if tag.is_some_and(|tag| self.dialogs.contains_key(&tag)) {
            return true;
        }
        let Some(key) = ServerKey::of(request) else { return false };
        let key = if request.method == Method::CANCEL { key.cancelled() } else { key };
        self.transactions.knows(&key)
    }
}
