//! Whole calls in virtual time.

mod bridging;
mod by_keys;
mod conversation;
mod handset;
mod keys;
mod media;
mod moving;
mod plan;
mod rig;
mod signalling;
mod srtp;
mod third;
