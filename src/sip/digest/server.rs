//! Demanding digest ourselves (RFC 3261 §22.1, RFC 7616 §3.3): nonces that carry their age and our signature, and a
//! bounded memory of which counts have been used. PURE.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Signed;
use super::algorithm::{Algorithm, Inputs, hex};
use super::challenge::{Challenge, Qop};
use super::credentials::{Credentials, count_text};
use crate::sip::wire::Uri;

/// How long a nonce may be used.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);
/// Nonces remembered once they were used rightly. Beyond it the oldest is forgotten; whoever uses it, or an older one
/// that was not used yet, is told that it is stale.
const MAX_NONCES: usize = if cfg!(test) { 8 } else { 16_384 };
/// Counts may arrive out of order by this much; older ones are taken for replays.
const WINDOW: u32 = 64;

/// Why a request is not let in. All but [`Rejected::Malformed`] want a new challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Realm, algorithm or URI are not those of the challenge or of the request: 400 (RFC 7616 §3.4.6).
    #[error("Credentials Do Not Fit The Request")]
    Malformed,
    #[error("wrong user or password")]
    Wrong,
    /// The password is right, the nonce is old or not ours: `stale=true`.
    #[error("stale nonce")]
    Stale,
    /// A count used before.
    #[error("replayed")]
    Replayed,
}

/// Makes challenges for one realm and checks the answers.
pub struct DigestServer {
    realm: String,
    algorithms: Vec<Algorithm>,
    qop: Vec<Qop>,
    key: [u8; 32],
    epoch: Instant,
    /// Number of the next nonce.
    next: u64,
    /// Used nonces by number.
    used: BTreeMap<u64, Used>,
    /// Nonces up to this number that are not remembered are stale.
    forgotten: Option<u64>,
}

/// Shows nothing of the key.
impl std::fmt::Debug for DigestServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestServer").field("used", &self.used.len()).finish_non_exhaustive()
    }
}

/// Counts seen of one nonce: the highest, and a bit for each of the [`WINDOW`] below it.
#[derive(Debug)]
struct Used {
    expires: Duration,
    highest: u32,
    seen: u64,
}

/// What a nonce of ours says of itself.
struct Issued {
    number: u64,
    /// Since the server's epoch.
    at: Duration,
}

impl DigestServer {
    /// `key` signs nonces: take it from the operating system. Algorithms are offered in this order, SHA-256 first if the
    /// peers know it (RFC 8760 §2.3).
    pub fn new(realm: String, algorithms: Vec<Algorithm>, qop: Vec<Qop>, key: [u8; 32], now: Instant) -> DigestServer {
        DigestServer { realm, algorithms, qop, key, epoch: now, next: 0, used: BTreeMap::new(), forgotten: None }
    }

    /// Challenges for one 401 or 407: one header field each. Nothing is remembered of them.
    pub fn challenge(&mut self, now: Instant, stale: bool) -> Vec<Challenge> {
        let age = now.saturating_duration_since(self.epoch);
        let mut challenges = Vec::with_capacity(self.algorithms.len());
        for algorithm in &self.algorithms {
            // Each its own nonce: the counts of two algorithms must not meet.
            self.next = self.next.saturating_add(1);
            challenges.push(Challenge {
                realm: self.realm.clone(),
                nonce: self.nonce(self.next, age),
                opaque: None,
                stale,
                algorithm: *algorithm,
                algorithm_named: true,
                qop: self.qop.clone(),
            });
        }
        challenges
    }

    /// Checks an answer. `password` gives the password of a user; `None` for one it does not know, which takes as long
    /// as a wrong password.
    ///
    /// # Errors
    /// [`Rejected`] says why the request is not let in.
    pub fn verify(
        &mut self,
        now: Instant,
        credentials: &Credentials,
        signed: Signed<'_>,
        password: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(), Rejected> {
        let algorithm = credentials.algorithm.unwrap_or(Algorithm::MD5);
        let offered = match credentials.protection {
            Some((qop, count)) => self.qop.contains(&qop) && count > 0,
            None => true,
        };
        if credentials.realm != self.realm || !self.algorithms.contains(&algorithm) || !offered {
            return Err(Rejected::Malformed);
        }
        if !same_resource(&credentials.uri, signed.uri) {
            return Err(Rejected::Malformed);
        }
        let known = password(&credentials.username);
        let secret_hash =
            algorithm.secret_hash(&credentials.username, &self.realm, known.as_deref().unwrap_or_default());
        let count = credentials.protection.map(|(qop, count)| (qop, count_text(count)));
        let inputs = Inputs {
            algorithm,
            secret_hash: &secret_hash,
            nonce: &credentials.nonce,
            protection: count.as_ref().map(|(qop, count)| (*qop, count.as_str())),
            cnonce: credentials.cnonce.as_deref().unwrap_or_default(),
        };
        let expected = inputs.response(Signed { uri: &credentials.uri, ..signed });
        let given = credentials.response.to_ascii_lowercase();
        let right: bool = expected.as_bytes().ct_eq(given.as_bytes()).into();
        if !right || known.is_none() {
            return Err(Rejected::Wrong);
        }
        let now = now.saturating_duration_since(self.epoch);
        let issued = self.read_nonce(&credentials.nonce).ok_or(Rejected::Stale)?;
        // Without a count (RFC 2069) a nonce is good for one request.
        self.use_once(now, &issued, credentials.protection.map(|(_, count)| count))
    }

    fn use_once(&mut self, now: Duration, issued: &Issued, count: Option<u32>) -> Result<(), Rejected> {
        while self.used.first_key_value().is_some_and(|(_, used)| used.expires <= now) {
            self.forget_oldest();
        }
        if now >= issued.at + NONCE_LIFETIME {
            return Err(Rejected::Stale);
        }
        if let Some(used) = self.used.get_mut(&issued.number) {
            // A second request without count is no replay for certain, but cannot be told from one.
            let count = count.ok_or(Rejected::Stale)?;
            return if used.take(count) { Ok(()) } else { Err(Rejected::Replayed) };
        }
        if self.forgotten.is_some_and(|forgotten| issued.number <= forgotten) {
            return Err(Rejected::Stale);
        }
        let expires = issued.at + NONCE_LIFETIME;
        // A nonce used without count is used up.
        let used =
            Used { expires, highest: count.unwrap_or(u32::MAX), seen: if count.is_some() { 1 } else { u64::MAX } };
        self.used.insert(issued.number, used);
        if self.used.len() > MAX_NONCES {
            self.forget_oldest();
        }
        Ok(())
    }

    fn forget_oldest(&mut self) {
        if let Some((number, _)) = self.used.pop_first() {
            self.forgotten = Some(number);
        }
    }

    /// Number and time, and our signature over both.
    fn nonce(&self, number: u64, at: Duration) -> String {
        let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let plain = [number.to_be_bytes(), millis.to_be_bytes()].concat();
        format!("{}{}", hex(&plain), self.signature(&plain))
    }

    fn signature(&self, plain: &[u8]) -> String {
        // A key of any length will do for HMAC, so that this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return String::new();
        };
        mac.update(plain);
        mac.update(self.realm.as_bytes());
        hex(&mac.finalize().into_bytes()[..16])
    }

    /// `None` when we did not make it.
    fn read_nonce(&self, nonce: &str) -> Option<Issued> {
        let (plain, signature) = nonce.split_at_checked(32)?;
        let (number, millis) = plain.split_at_checked(16)?;
        if !plain.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return None;
        }
        let number = u64::from_str_radix(number, 16).ok()?;
        let millis = u64::from_str_radix(millis, 16).ok()?;
        let plain = [number.to_be_bytes(), millis.to_be_bytes()].concat();
        let ours: bool = self.signature(&plain).as_bytes().ct_eq(signature.as_bytes()).into();
        ours.then_some(Issued { number, at: Duration::from_millis(millis) })
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.used.len()
    }
}

impl Used {
    /// Whether this count is new; from now on it is not.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let shift = count - self.highest;
            self.seen = if shift >= WINDOW { 1 } else { (self.seen << shift) | 1 };
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        if behind >= WINDOW || self.seen & (1 << behind) != 0 {
            return false;
        }
        self.seen |= 1 << behind;
        true
    }
}

/// Whether the digest was made for the target of the request. Proxies may have changed its spelling on the way, but
/// not whom it names (RFC 3261 §22.4).
fn same_resource(signed: &str, request: &str) -> bool {
    if signed == request {
        return true;
    }
    match (signed.parse::<Uri>(), request.parse::<Uri>()) {
        (Ok(Uri::Sip(a)), Ok(Uri::Sip(b))) => a.user == b.user && a.host.eq_ignore_ascii_case(&b.host),
        _ => false,
    }
}
