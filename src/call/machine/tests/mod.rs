//! Whole calls in virtual time.

mod bridging;
mod conversation;
mod handset;
mod moving;
mod plan;
mod rig;
mod signalling;
mod third;
