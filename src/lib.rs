//! Allô Mairie: a voice agent that answers the telephone of a French town hall.
//!
//! A call travels through the house like this. Datagrams enter and leave through [`net`], which owns the
//! only sockets and the only clock. SIP datagrams go to one [`sip::Endpoint`], which speaks transactions
//! and dialogs and hands each call's events to that call's own task. The task drives a [`call::Machine`]:
//! it joins signalling, media and conversation and is as pure as its parts. RTP packets become ordered
//! frames of samples in [`rtp`] and [`audio`]; [`turn`] decides when the caller starts and stops speaking;
//! the utterance goes to a worker thread of [`speech`] (Whisper) and comes back as text, with the topic that
//! [`understanding`] finds in it there; [`dialogue`] reads the officer's [`dialplan`] and decides what to say or do; the
//! sentence comes from the cache or from the Piper voice of [`speech`] and leaves as paced RTP packets.
//! [`store`] keeps the requests that callers leave. [`server`] starts and stops all this; [`simulate`]
//! places spoken test calls with the same stack; [`capture`] lets a technician see the packets of a call, [`control`] is
//! what commands and the running service say to each other.
//!
//! # The contract of the pure modules
//!
//! `sip`, `rtp`, `turn`, `understanding`, `dialplan`, `dialogue` and `call::machine` touch no socket, file,
//! thread or clock. Those with a life of their own share one shape:
//!
//! * `handle_input(now, Input)` – everything that happens to the object, time included, comes in here;
//! * `poll_output() -> Option<Output>` – call it until `None` after each input;
//! * `poll_timeout() -> Option<Instant>` – when it wants `Input::Timeout` next.
//!
//! Mutate, drain, then wait until the timeout or the next input. All time is external input.
//! `clippy.toml` enforces this.

mod at_once;
pub mod audio;
pub(crate) mod calendar;
pub mod call;
pub mod capture;
pub mod cli;
pub mod config;
pub mod control;
pub mod dialogue;
pub mod dialplan;
pub mod files;
pub mod net;
pub mod rtp;
pub mod sentences;
pub mod server;
pub mod simulate;
pub mod sip;
pub mod speech;
pub mod store;
pub mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
pub mod turn;
pub mod understanding;
