//! Whole calls in virtual time.

mod conversation;
mod handset;
mod keys;
mod moving;
mod plan;
mod rig;
mod signalling;
mod srtp;
mod third;
