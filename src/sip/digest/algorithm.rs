//! Hash functions and the digest computation (RFC 7616 §3.4). PURE.

use std::fmt;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use super::{Qop, Signed};

/// A hash function; later ones are stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    Md5,
    Sha512_256,
    /// Before SHA-512-256 in RFC 8760's order, as switchboards know it.
    Sha256,
}

impl Hash {
    /// Lower-case hexadecimal digits of the hash of these pieces, joined with colons.
    pub(super) fn joined(self, pieces: &[&[u8]]) -> String {
        match self {
            Hash::Md5 => digest::<Md5>(pieces),
            Hash::Sha256 => digest::<Sha256>(pieces),
            Hash::Sha512_256 => digest::<Sha512_256>(pieces),
        }
    }
}

fn digest<D: Digest>(pieces: &[&[u8]]) -> String {
    let mut hasher = D::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(piece);
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// `SHA-256`, `MD5-sess` …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Algorithm {
    pub hash: Hash,
    /// `-sess`: the secret is mixed with both nonces once a session (RFC 7616 §3.4.2).
    pub session: bool,
}

impl Algorithm {
    pub const MD5: Algorithm = Algorithm { hash: Hash::Md5, session: false };
    pub const SHA_256: Algorithm = Algorithm { hash: Hash::Sha256, session: false };

    /// Reads a name in any case; `None` for one we lack.
    pub fn parse(name: &str) -> Option<Algorithm> {
        [Hash::Md5, Hash::Sha256, Hash::Sha512_256]
            .into_iter()
            .flat_map(|hash| [Algorithm { hash, session: false }, Algorithm { hash, session: true }])
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    pub fn as_str(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }

    /// `H(user:realm:password)`, all that needs to be kept of a password.
    pub fn secret_hash(self, user: &str, realm: &str, password: &str) -> String {
        self.hash.joined(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()])
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All that goes into a response besides the request.
pub(super) struct Inputs<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) secret_hash: &'a str,
    pub(super) nonce: &'a str,
    /// `nc` as spelled, with the quality of protection; without them as RFC 2069 did.
    pub(super) protection: Option<(Qop, &'a str)>,
    pub(super) cnonce: &'a str,
}

impl Inputs<'_> {
    /// The `response` (RFC 7616 §3.4.1).
    pub(super) fn response(&self, signed: Signed<'_>) -> String {
        let hash = self.algorithm.hash;
        let (nonce, cnonce) = (self.nonce.as_bytes(), self.cnonce.as_bytes());
        let a1 = if self.algorithm.session {
            hash.joined(&[self.secret_hash.as_bytes(), nonce, cnonce])
        } else {
            self.secret_hash.to_owned()
        };
        let (method, uri) = (signed.method.as_bytes(), signed.uri.as_bytes());
        let a2 = match self.protection {
            Some((Qop::AuthInt, _)) => {
                let body = hash.joined(&[signed.body]);
                hash.joined(&[method, uri, body.as_bytes()])
            }
            _ => hash.joined(&[method, uri]),
        };
        match self.protection {
            Some((qop, count)) => {
                hash.joined(&[a1.as_bytes(), nonce, count.as_bytes(), cnonce, qop.as_str().as_bytes(), a2.as_bytes()])
            }
            None => hash.joined(&[a1.as_bytes(), nonce, a2.as_bytes()]),
        }
    }
}
