//! What of `rtp` the targets need.

#[path = "../../src/rtp/srtp/mod.rs"]
pub mod srtp;
