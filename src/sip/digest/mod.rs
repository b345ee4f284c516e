//! Digest access authentication (RFC 2617, RFC 7616) as SIP uses it (RFC 3261 §22, RFC 8760). PURE.
//!
//! Owns: challenges and credentials as text, responses to challenges, and making and checking challenges of our own.
//! Must not know: which request is answered how, registrars, where passwords are kept.

mod algorithm;
mod challenge;
mod client;
mod credentials;
mod params;
mod server;
#[cfg(test)]
mod tests;

pub use algorithm::{Algorithm, Hash};
pub use challenge::{Challenge, Qop, Unusable, choose, read_challenges};
pub use client::{DigestClient, Password};
pub use credentials::{Credentials, MalformedCredentials};
pub use server::{DigestServer, Rejected};

/// What a digest is computed over (RFC 7616 §3.4).
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub method: &'a str,
    /// The Request-URI, as spelled in the request.
    pub uri: &'a str,
    /// Hashed for `auth-int`.
    pub body: &'a [u8],
}
