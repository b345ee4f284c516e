//! The signalling against real peers: SIPp, PJSUA2, baresip, Kamailio, sipvicious; encrypted audio with libsrtp, too.
//! Needs no engines: the user agent here is the product's endpoint and sockets, driven by the test; in `moved` and `bridge`,
//! the whole agent with a voice of tones. One peer a file; `docs/interop.md` tells what was run.
//!
//! A missing peer makes a test print one line and pass; with `ALLO_MAIRIE_REQUIRE_PEERS=1` SIPp and baresip must be
//! there, with `ALLO_MAIRIE_REQUIRE_PEERS=all` every one.

#![expect(clippy::disallowed_types, reason = "these tests are the outside world: they have sockets of their own")]

mod agent;
mod baresip;
mod bridge;
mod dispatcher;
mod intruders;
mod kamailio;
mod moved;
mod offers;
mod peers;
mod pjsua;
mod registrar;
mod scanners;
mod sipp;
mod srtp;
mod transports;
mod user_agent;
mod watched;
