//! Whole calls in virtual time.

mod conversation;
mod rig;
mod signalling;
mod srtp;
