//! Whole calls in virtual time.

mod conversation;
mod keys;
mod rig;
mod signalling;
