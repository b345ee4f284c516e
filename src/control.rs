//! What commands on this machine and the running service say to each other.
//!
//! Owns: the form of requests and answers over the service's local socket. Must not know: sockets, how either side does it.
//!
//! A request is one line of JSON, an answer another. After [`Answer::Capturing`] come packets, each behind its length (four
//! bytes, little endian), until a length of zero; then one line with a [`Summary`]. Who has enough closes its writing half.

use serde::{Deserialize, Serialize};

use crate::capture::{Counts, Wanted};

/// Longest line of a request.
pub const MAX_REQUEST: u64 = 4_096;

/// What is asked of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Status,
    Capture(Wanted),
}

/// What the service says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Status(Status),
    /// Packets follow; the bounds of this capture.
    Capturing {
        max_bytes: u64,
        longest_seconds: u64,
    },
    /// Another capture is under way.
    Busy,
    /// No request of ours.
    Unknown,
}

/// How the service is, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub calls: usize,
    pub max_calls: usize,
    /// Utterances that wait or are being recognised, and most that may wait.
    pub recogniser_backlog: usize,
    pub recogniser_queue: usize,
    /// How long one that came now would wait for a worker, ms; `None`: for ever.
    pub recogniser_wait_ms: Option<u64>,
    /// New calls begin with the keypad menu.
    pub recogniser_overloaded: bool,
    pub engines: Vec<Engine>,
    pub switchboards: Vec<Switchboard>,
    /// Of the calls that ended since the start: packets given up because we were woken too late.
    pub skipped_ticks: u64,
    /// Of the calls that ended since the start: all of them, and those that sounded bad here or there (MOS below 3.1:
    /// "many users dissatisfied", G.107 Annex B).
    pub calls_ended: u64,
    pub calls_bad: u64,
}

/// A recogniser, or the voice of a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// `recogniser`, `voice fr`.
    pub name: String,
    /// Threads that work. None: it is down.
    pub workers: usize,
    /// Threads that hang.
    pub lost: usize,
    /// How often it was made anew since the start.
    pub restarts: u64,
}

/// A switchboard that is asked whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switchboard {
    pub uri: String,
    /// `None`: not asked yet.
    pub reachable: Option<bool>,
}

/// What came of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub counts: Counts,
    pub end: End,
}

/// Why a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every call that was wanted.
    Calls,
    /// The person at the machine had enough.
    Asked,
    Size,
    Time,
    /// The service stops.
    Stopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_what_they_were() {
        let capture = Request::Capture(Wanted { calls: 2, audio: true, keys: false, personal: false });
        let line = serde_json::to_string(&capture).unwrap();
        assert_eq!(line, r#"{"capture":{"calls":2,"audio":true,"keys":false,"personal":false}}"#);
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), capture);
        assert_eq!(serde_json::to_string(&Request::Status).unwrap(), r#""status""#);
    }
}
