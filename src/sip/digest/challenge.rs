//! WWW-Authenticate and Proxy-Authenticate (RFC 7616 §3.3). PURE.

use std::fmt;

use super::algorithm::Algorithm;
use super::params::{AuthValue, Writer};

/// Quality of protection: what the digest covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    Auth,
    /// The body, too.
    AuthInt,
}

impl Qop {
    pub fn parse(name: &str) -> Option<Qop> {
        [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| qop.as_str().eq_ignore_ascii_case(name))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }
}

/// Why a challenge cannot be answered; another one beside it perhaps can (RFC 8760 §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("another scheme than digest")]
    Scheme,
    #[error("no realm or no nonce")]
    Incomplete,
    #[error("unknown algorithm")]
    Algorithm,
    #[error("no known quality of protection")]
    Qop,
}

/// A challenge we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    /// Goes back unchanged.
    pub opaque: Option<String>,
    /// Only the nonce was too old: the password need not be asked for again.
    pub stale: bool,
    pub algorithm: Algorithm,
    /// The algorithm was named. When it was not, it is MD5 and is not named in the answer either.
    pub algorithm_named: bool,
    /// Those we know of the ones offered; none where the challenge is of RFC 2069.
    pub qop: Vec<Qop>,
}

impl Challenge {
    fn of(value: &AuthValue) -> Result<Challenge, Unusable> {
        if !value.is_digest() {
            return Err(Unusable::Scheme);
        }
        let (Some(realm), Some(nonce)) = (value.get("realm"), value.get("nonce")) else {
            return Err(Unusable::Incomplete);
        };
        let algorithm = value.get("algorithm").map(|name| Algorithm::parse(name).ok_or(Unusable::Algorithm));
        let algorithm = algorithm.transpose()?;
        let offered: Vec<&str> = value
            .get("qop")
            .into_iter()
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .filter(|q| !q.is_empty())
            .collect();
        let mut qop = Vec::new();
        for known in offered.iter().filter_map(|name| Qop::parse(name)) {
            if !qop.contains(&known) {
                qop.push(known);
            }
        }
        if qop.is_empty() && !offered.is_empty() {
            return Err(Unusable::Qop);
        }
        Ok(Challenge {
            realm: realm.to_owned(),
            nonce: nonce.to_owned(),
            opaque: value.get("opaque").map(str::to_owned),
            stale: value.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            algorithm: algorithm.unwrap_or(Algorithm::MD5),
            algorithm_named: algorithm.is_some(),
            qop,
        })
    }

    /// How we answer: `auth` where there is a choice, as switchboards and session border controllers change bodies.
    pub(super) fn chosen_qop(&self) -> Option<Qop> {
        self.qop.iter().copied().find(|qop| *qop == Qop::Auth).or_else(|| self.qop.first().copied())
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::digest();
        writer.quoted("realm", &self.realm);
        writer.quoted("nonce", &self.nonce);
        if let Some(opaque) = &self.opaque {
            writer.quoted("opaque", opaque);
        }
        if self.stale {
            writer.raw("stale", "true");
        }
        if self.algorithm_named {
            writer.raw("algorithm", self.algorithm.as_str());
        }
        if !self.qop.is_empty() {
            let names: Vec<&str> = self.qop.iter().map(|qop| qop.as_str()).collect();
            writer.quoted("qop", &names.join(","));
        }
        f.write_str(&writer.finish())
    }
}

/// Every challenge of one header field.
pub fn read_challenges(text: &str) -> Vec<Result<Challenge, Unusable>> {
    AuthValue::read_all(text).iter().map(Challenge::of).collect()
}

/// The challenges to answer, one a realm: the one with the strongest hash, the first of equals. Local policy in the sense
/// of RFC 8760 §2.4: a server's order must not lead us down to MD5.
pub fn choose(challenges: impl IntoIterator<Item = Challenge>) -> Vec<Challenge> {
    let mut chosen: Vec<Challenge> = Vec::new();
    for challenge in challenges {
        match chosen.iter_mut().find(|other| other.realm == challenge.realm) {
            Some(other) if challenge.algorithm.hash > other.algorithm.hash => *other = challenge,
            Some(_) => {}
            None => chosen.push(challenge),
        }
    }
    chosen
}
