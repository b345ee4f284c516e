//! Tests with real peers and recorded speech: SIPp, baresip, raw datagrams, recordings. One behaviour a file.
//!
//! They start the release or debug binary that cargo built, on free ports of loopback. When a peer or a model is
//! missing, a test prints one line and passes; with `ALLO_MAIRIE_REQUIRE_PEERS=1` it fails instead.

mod recorded_speech;
