//! Tests with real peers and recorded speech: SIPp, baresip, raw datagrams, recordings. One behaviour a file.
//!
//! They start the program that cargo built, on free ports of loopback, one agent at a time. When a peer or a model is
//! missing, a test prints one line and passes; with `ALLO_MAIRIE_REQUIRE_PEERS=1` it fails instead.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests are the outside world: they have sockets and a clock of their own"
)]

mod support;

mod call;
mod cancel;
mod hang_up;
mod key;
mod keypad;
mod lost_ack;
mod malformed;
mod networks;
mod options;
mod recorded_speech;
mod retransmission;
mod spoken_call;
mod transfer_busy;
mod unknown_method;
