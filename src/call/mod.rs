//! One call: signalling, media and conversation joined.
//!
//! Owns: [`Machine`] (PURE: what a call does), [`bridge`] (PURE: two calls joined), [`gate`] (whom it may be moved to),
//! `keys` (which presses are the same) and [`driver`] (a short loop that feeds it).
//! Must not know: how SIP transactions, RTP headers, engines or topics work inside.

pub mod bridge;
pub mod driver;
pub mod gate;
mod keys;
mod lines;
pub mod machine;
mod media;
mod record;

pub use machine::{Input, JobId, LegId, Machine, Output, SentenceId, Settings};
pub use record::{Encryption, Outcome, Record, Reply};

pub(crate) use media::session_config;
