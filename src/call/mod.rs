//! One call: signalling, media and conversation joined.
//!
//! Owns: [`Machine`] (PURE: what a call does) and [`driver`] (a short loop that feeds it).
//! Must not know: how SIP transactions, RTP headers, engines or topics work inside.

pub mod driver;
pub mod machine;
mod record;

pub use machine::{Input, JobId, Machine, Output, SentenceId, Settings};
pub use record::{Encryption, Outcome, Record, Reply};
