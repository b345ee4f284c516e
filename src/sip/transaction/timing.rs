//! The timers of transactions and calls: their names and their lengths (RFC 3261 Table 4). PURE.
//!
//! Must not know: when each is set, and what is done as it fires.

use std::time::Duration;

use super::TransactionId;
use crate::sip::CallHandle;

/// Round-trip estimate (RFC 3261 §17.1.1.1, Table 4).
pub(crate) const T1: Duration = Duration::from_millis(500);
/// Longest retransmission interval of non-INVITE requests and of INVITE responses.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message may stay in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
/// 64·T1: how long anything is tried, and how long anything is remembered.
pub(crate) const PATIENCE: Duration = Duration::from_secs(32);

/// Timers of transactions, by their names in RFC 3261 Table 4 and RFC 6026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// INVITE request retransmission.
    A,
    /// INVITE transaction timeout.
    B,
    /// Wait for retransmitted final responses to INVITE.
    D,
    /// Non-INVITE request retransmission.
    E,
    /// Non-INVITE transaction timeout.
    F,
    /// INVITE final response retransmission.
    G,
    /// Wait for the ACK.
    H,
    /// Wait for retransmitted ACKs.
    I,
    /// Wait for retransmitted non-INVITE requests.
    J,
    /// Wait for retransmitted final responses to non-INVITE.
    K,
    /// Accepted INVITE at the server: absorb retransmitted INVITEs.
    L,
    /// Accepted INVITE at the client: more 2xx may come.
    M,
}

/// Timers of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum CallTimer {
    /// Our 2xx goes out again (§13.3.1.4).
    Resend2xx,
    /// Our 2xx has not been acknowledged for 64·T1.
    NoAck,
    /// A cancelled INVITE still has no final response (§9.1).
    CancelGuard,
    /// A REFER the application has not taken up.
    ReferGuard,
    /// An offer the application has not answered.
    OfferGuard,
    /// Our reliable provisional response goes out again (RFC 3262 §3).
    ResendReliable,
    /// Our reliable provisional response has not been acknowledged for 64·T1.
    NoPrack,
    /// Our offer was refused for now (491, Retry-After): it goes out again.
    RetryOffer,
    /// The session is to be refreshed by us (RFC 4028 §10).
    SessionRefresh,
    /// The session has not been refreshed in time.
    SessionExpiry,
    /// A look-up has got no answer.
    LookUpGuard,
}

impl CallTimer {
    pub(crate) const ALL: [CallTimer; 11] = [
        CallTimer::Resend2xx,
        CallTimer::NoAck,
        CallTimer::CancelGuard,
        CallTimer::ReferGuard,
        CallTimer::OfferGuard,
        CallTimer::ResendReliable,
        CallTimer::NoPrack,
        CallTimer::RetryOffer,
        CallTimer::SessionRefresh,
        CallTimer::SessionExpiry,
        CallTimer::LookUpGuard,
    ];
}

/// Everything that waits for a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TimerKey {
    Transaction(TransactionId, Timer),
    Call(CallHandle, CallTimer),
    /// The oldest ended dialog is forgotten.
    Afterlife,
}
