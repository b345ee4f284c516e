//! Test telephones: a spoken caller and an operator's phone, made of the house's own SIP and RTP.
//!
//! Owns: what a telephone with a person at it does: speaks when the other has finished, follows a transfer, measures
//! and records what passes. Must not know: the agent. It is called through the network like any other peer.
//!
//! [`caller`] and [`phone`] are pure machines on the crate's contract; [`driver`] connects them to [`crate::net`].
//! Both stand on a [`handset`] (one RTP leg), an [`ear`] (when the far end speaks, by energy), a [`recording`]
//! (both sides on one time line) and a [`script`] (what to say). [`transcripts`] turns what was heard back into text
//! on a thread of its own, and [`report`] is what is left of a call as JSON.
//!
//! A call may also be data: a [`scenario`] says what a caller wants, a [`person`] says it to what they hear, a [`verdict`] tells whether
//! they got it; [`likeness`] forgives what was heard a little wrong. Numbers and spelled names of its lines are a [`dictation`], of a person's [`recordings`].

pub mod address;
pub mod caller;
pub mod dictation;
pub mod driver;
pub mod ear;
pub mod handset;
pub mod likeness;
pub mod person;
pub mod phone;
pub mod recording;
pub mod recordings;
pub mod report;
pub mod scenario;
pub mod script;
pub mod transcripts;
pub mod verdict;
