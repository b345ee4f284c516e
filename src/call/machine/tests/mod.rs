//! Whole calls in virtual time.

mod barge_in;
mod bridging;
mod by_keys;
mod conversation;
mod handset;
mod keys;
mod kit;
mod media;
mod moving;
mod plan;
mod rig;
mod scenarios;
mod signalling;
mod srtp;
mod third;
