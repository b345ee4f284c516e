//! Challenges to our requests (401, 407; RFC 3261 §22.2, §22.3): the request once more, with credentials. PURE.
//!
//! Must not know: how a digest is made.

use super::super::Login;
use super::super::digest::{Credentials, DigestClient, Signed, choose, read_challenges};
use super::call::OurState;
use super::*;

/// Challenges one request answers: two proxies and the far end, each once more for a nonce that was too old.
const MAX_CHALLENGES: u8 = 6;
/// Realms one request answers, and realms whose nonces are remembered. More are not answered; the oldest nonce is
/// forgotten, and its realm challenges us again.
const MAX_REALMS: usize = 16;

/// The realms that have challenged us.
#[derive(Debug, Default)]
pub(super) struct Logins {
    known: VecDeque<(Realm, DigestClient)>,
}

/// A realm; proxies and user agents count apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Realm {
    proxy: bool,
    name: String,
}

impl Realm {
    fn header(&self) -> HeaderName {
        if self.proxy { HeaderName::ProxyAuthorization } else { HeaderName::Authorization }
    }
}

impl Endpoint {
    /// Sends the request again with what the challenge asks for; `false` when we have no answer to it.
    pub(super) fn answer_challenge(
        &mut self,
        now: Instant,
        id: TransactionId,
        usage: Usage,
        response: &Response,
    ) -> bool {
        if self.config.credentials.is_empty() {
            return false;
        }
        let Some((mut request, challenges)) = self.transactions.challenged(id) else {
            return false;
        };
        if challenges >= MAX_CHALLENGES {
            return false;
        }
        // Credentials for others asked before stay in it (§22.3).
        let mut realms = realms_of(&request.headers);
        if !self.learn(response, &mut realms) {
            return false;
        }
        let again = match usage {
            Usage::Invite(handle) => self.invite_with(now, handle, id, realms),
            Usage::Ping(handle) => self.ping_with(now, handle, id, realms),
            Usage::Proposal(handle)
            | Usage::Bye(handle)
            | Usage::Refer(handle)
            | Usage::Notify(handle)
            | Usage::Prack(handle) => {
                self.sign(&mut request, &realms);
                self.send_within(now, handle, id, usage, request)
            }
            Usage::Detached => None,
        };
        let Some(again) = again else {
            return false;
        };
        self.transactions.note_challenges(again, challenges + 1);
        true
    }

    /// Takes note of the challenges we have a password for, and adds their realms; `false` when there is none, or only
    /// from those who have refused it.
    fn learn(&mut self, response: &Response, realms: &mut Vec<Realm>) -> bool {
        let proxy = response.status == 407;
        let asked = if proxy { HeaderName::ProxyAuthenticate } else { HeaderName::WwwAuthenticate };
        let challenges: Vec<_> = response
            .headers
            .all(&asked)
            .flat_map(|value| read_challenges(&String::from_utf8_lossy(value)))
            .filter_map(Result::ok)
            .collect();
        let mut learnt = false;
        for challenge in choose(challenges) {
            let realm = Realm { proxy, name: challenge.realm.clone() };
            let tried = realms.contains(&realm);
            let full = !tried && realms.len() >= MAX_REALMS;
            if full || self.login(&realm).is_none() || (tried && !challenge.stale) {
                continue;
            }
            learnt = true;
            if !tried {
                realms.push(realm.clone());
            }
            let known = &mut self.logins.known;
            match known.iter_mut().find(|(other, _)| *other == realm) {
                Some((_, client)) => drop(client.renew(challenge, true)),
                None => {
                    if known.len() >= MAX_REALMS {
                        known.pop_front();
                    }
                    known.push_back((realm, DigestClient::new(challenge)));
                }
            }
        }
        learnt
    }

    fn login(&self, realm: &Realm) -> Option<&Login> {
        self.config.credentials.iter().find(|login| login.realm.as_ref().is_none_or(|name| *name == realm.name))
    }

    /// Gives a request its credentials for these realms, in place of those it has: a count is good for one request.
    pub(super) fn sign(&mut self, request: &mut Request, realms: &[Realm]) {
        let mut headers = Headers::default();
        for (name, value) in request.headers.iter() {
            if !matches!(name, HeaderName::Authorization | HeaderName::ProxyAuthorization) {
                headers.push(name.clone(), value.clone());
            }
        }
        let signed = Signed { method: request.method.as_str(), uri: &request.uri, body: &request.body };
        for realm in realms {
            let Some(password) = self.login(realm).map(|login| login.password.clone()) else {
                continue;
            };
            let fresh = self.identity.tag();
            if let Some((_, client)) = self.logins.known.iter_mut().find(|(other, _)| other == realm) {
                headers.push(realm.header(), client.authorize(&password, signed, &fresh).to_string());
            }
        }
        request.headers = headers;
    }

    fn invite_with(
        &mut self,
        now: Instant,
        handle: CallHandle,
        id: TransactionId,
        realms: Vec<Realm>,
    ) -> Option<TransactionId> {
        let call = self.calls.get_mut(&handle).filter(|call| !call.ended)?;
        let calling = call.calling_mut().filter(|calling| calling.stage.waits_for(id) && !calling.cancelled)?;
        calling.realms = realms;
        self.resend_invite(now, handle, Vec::new());
        self.calls.get(&handle)?.calling()?.stage.transaction()
    }

    fn send_within(
        &mut self,
        now: Instant,
        handle: CallHandle,
        id: TransactionId,
        usage: Usage,
        request: Request,
    ) -> Option<TransactionId> {
        let tag = request.headers.to()?.tag()?.to_owned();
        let invite = request.method == Method::INVITE;
        let call = self.calls.get_mut(&handle)?;
        let leg = call.leg_mut(&tag)?;
        let number = leg.dialog.next_cseq();
        if invite {
            leg.keep_credentials(&request.headers);
        }
        let again = self.send_again(now, id, usage, request, number)?;
        let call = self.calls.get_mut(&handle)?;
        match (usage, &mut call.ours, &mut call.transfer) {
            (Usage::Proposal(_), Some(ours), _) => {
                if let OurState::Sent { transaction, cseq, .. } = &mut ours.state
                    && *transaction == id
                {
                    (*transaction, *cseq) = (again, number);
                }
            }
            // The id of the subscription (RFC 3515 §2.4.6).
            (Usage::Refer(_), _, Some(transfer)) => transfer.cseq = number,
            _ => {}
        }
        Some(again)
    }

    /// As a transaction of its own: another branch, another number (§22.2).
    fn send_again(
        &mut self,
        now: Instant,
        id: TransactionId,
        usage: Usage,
        mut request: Request,
        number: u32,
    ) -> Option<TransactionId> {
        let destination = self.transactions.destination(id)?;
        let branch = self.identity.branch();
        let mut headers = Headers::default();
        for (name, value) in request.headers.iter() {
            match name {
                HeaderName::Via => headers.push(HeaderName::Via, self.identity.via(&branch, destination)),
                HeaderName::CSeq => headers.push(HeaderName::CSeq, format!("{number} {}", request.method)),
                // The writer counts.
                HeaderName::ContentLength => {}
                _ => headers.push(name.clone(), value.clone()),
            }
        }
        request.headers = headers;
        Some(self.transactions.open_client(&mut self.io, now, request, branch, destination, usage))
    }
}

/// Realms of the credentials a request has.
fn realms_of(headers: &Headers) -> Vec<Realm> {
    let read = |value: &[u8]| String::from_utf8_lossy(value).parse::<Credentials>().ok();
    headers
        .iter()
        .filter_map(|(name, value)| {
            let proxy = match name {
                HeaderName::ProxyAuthorization => true,
                HeaderName::Authorization => false,
                _ => return None,
            };
            Some(Realm { proxy, name: read(value)?.realm })
        })
        .collect()
}
