//! Answering challenges (RFC 3261 §22.2, RFC 7616 §3.4). PURE.

use std::fmt;

use super::Signed;
use super::algorithm::Inputs;
use super::challenge::Challenge;
use super::credentials::{Credentials, count_text};

/// Who we are to a realm. Debug shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(secret)")
    }
}

/// One realm's challenge, and how often its nonce has been used.
#[derive(Debug, Clone)]
pub struct DigestClient {
    challenge: Challenge,
    count: u32,
    /// Of the first use: a `-sess` algorithm keeps it for the nonce's life.
    cnonce: Option<String>,
}

impl DigestClient {
    pub fn new(challenge: Challenge) -> DigestClient {
        DigestClient { challenge, count: 0, cnonce: None }
    }

    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// A challenge came although we had answered the last one. `true` when trying again with the same password makes
    /// sense: the nonce was stale, or is another one after at least one use that was accepted (`accepted`).
    pub fn renew(&mut self, challenge: Challenge, accepted: bool) -> bool {
        let same = challenge.nonce == self.challenge.nonce;
        let worth = challenge.stale || (accepted && !same);
        if !same {
            self.count = 0;
            self.cnonce = None;
        }
        self.challenge = challenge;
        worth
    }

    /// `nextnonce` of Authentication-Info (RFC 7616 §3.5).
    pub fn next_nonce(&mut self, nonce: String) {
        if nonce != self.challenge.nonce {
            self.challenge.nonce = nonce;
            self.count = 0;
            self.cnonce = None;
        }
    }

    /// The value of Authorization or Proxy-Authorization for this request. `fresh` is a random text: the client nonce.
    pub fn authorize(&mut self, password: &Password, signed: Signed<'_>, fresh: &str) -> Credentials {
        self.count = self.count.saturating_add(1);
        let challenge = &self.challenge;
        let algorithm = challenge.algorithm;
        let cnonce = match &self.cnonce {
            Some(first) if algorithm.session => first.clone(),
            _ => fresh.to_owned(),
        };
        self.cnonce = Some(cnonce.clone());
        let qop = challenge.chosen_qop();
        let count = count_text(self.count);
        let secret_hash = algorithm.secret_hash(&password.user, &challenge.realm, &password.password);
        let inputs = Inputs {
            algorithm,
            secret_hash: &secret_hash,
            nonce: &challenge.nonce,
            protection: qop.map(|qop| (qop, count.as_str())),
            cnonce: &cnonce,
        };
        Credentials {
            username: password.user.clone(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri: signed.uri.to_owned(),
            response: inputs.response(signed),
            algorithm: challenge.algorithm_named.then_some(algorithm),
            // Without qop it must not be sent (RFC 2617 §3.2.2), but a session's secret cannot be made without.
            cnonce: (qop.is_some() || algorithm.session).then_some(cnonce),
            opaque: challenge.opaque.clone(),
            protection: qop.map(|qop| (qop, self.count)),
        }
    }
}
