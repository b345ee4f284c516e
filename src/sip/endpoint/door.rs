//! Who is let in (RFC 3261 §22, §26.3.2): the verdict on a source, applied to what it sends. PURE.
//!
//! What belongs to a call there is always gets in: its dialog or transaction was opened by us, or by somebody let in.

use std::net::IpAddr;

use super::super::access::{Cause, Report, Verdict};
use super::super::digest::{Algorithm, Credentials, DigestServer, Qop, Rejected, Signed};
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

    /// We are registered with the switchboard at this address: its calls are welcome.
    pub fn befriend(&mut self, address: IpAddr) {
        self.gate.befriend(address);
    }

    /// Sources that were refused, for the journal.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.gate.poll_report()
    }

    /// Whether a request gets in; when not, it has got the answer it gets, if any.
    pub(super) fn lets_in(&mut self, now: Instant, verdict: Verdict, source: Flow, request: &Request) -> bool {
        if verdict == Verdict::Serve || self.belongs_to_a_call(request) {
            return true;
        }
        if verdict == Verdict::Challenge {
            return self.authenticate(now, source, request);
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

    /// Whether a request carries a password of ours; when not, it is challenged (§22.2).
    fn authenticate(&mut self, now: Instant, source: Flow, request: &Request) -> bool {
        // Neither can be sent again with a password (§22.1); what they are about was not let in either.
        if request.method == Method::ACK || request.method == Method::CANCEL {
            return false;
        }
        let (access, identity) = (&self.config.access, &mut self.identity);
        let server = self.digest.get_or_insert_with(|| {
            let (algorithms, qop) = (vec![Algorithm::SHA_256, Algorithm::MD5], vec![Qop::Auth, Qop::AuthInt]);
            DigestServer::new(access.realm.clone(), algorithms, qop, identity.key(), now)
        });
        let given = request
            .headers
            .all(&HeaderName::Authorization)
            .filter_map(|value| String::from_utf8_lossy(value).parse::<Credentials>().ok())
            .find(|credentials| credentials.realm == access.realm);
        let verdict = given.map(|credentials| {
            let signed = Signed { method: request.method.as_str(), uri: &request.uri, body: &request.body };
            server.verify(now, &credentials, signed, |user| {
                access.accounts.iter().find(|account| account.user == user).map(|account| account.password.clone())
            })
        });
        let stale = match verdict {
            Some(Ok(())) => return true,
            Some(Err(Rejected::Stale)) => true,
            Some(Err(Rejected::Wrong | Rejected::Replayed | Rejected::Malformed)) => {
                self.gate.refused(source.remote.ip(), Cause::Credentials);
                false
            }
            None => false,
        };
        let challenges = server.challenge(now, stale);
        let Some(reply) = Reply::to(request, source, self.identity.product()) else { return false };
        let mut response = reply.build(401, &self.identity.stateless_tag(request));
        for challenge in challenges {
            response.headers.push(HeaderName::WwwAuthenticate, challenge.to_string());
        }
        self.io.send(reply.destination, response.to_bytes());
        false
    }

    fn belongs_to_a_call(&self, request: &Request) -> bool {
        let tag = request.headers.to().and_then(|to| to.tag());
        if tag.is_some_and(|tag| self.dialogs.contains_key(tag)) {
            return true;
        }
        let Some(key) = ServerKey::of(request) else { return false };
        let key = if request.method == Method::CANCEL { key.cancelled() } else { key };
        self.transactions.knows(&key)
    }
}
