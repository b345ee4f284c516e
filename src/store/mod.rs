//! Requests that callers leave, and the record of calls, in SQLite; retention is enforced here.
//!
//! Must not know: telephony, dialogue's state.
