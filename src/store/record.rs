//! What is kept of a call: numbers and topics, never who called or what was said.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::StoreError;
pub use crate::call::Outcome;

/// Topics and decisions kept of one call, the first ones.
pub const MAX_STEPS: usize = 100;

/// The summary of one call, without personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Random name of the call, the same as in its log lines; not derived from anything of the caller's.
    pub id: String,
    pub started: Timestamp,
    pub duration_ms: u64,
    /// Topics answered, `service/slug`, in order.
    pub topics: Vec<String>,
    /// Other decisions, in order: short codes such as `confirmed`, `escalated`.
    pub decisions: Vec<String>,
    pub outcome: Outcome,
    /// Turns that were not understood.
    pub not_understood: u32,
    /// Transfers tried.
    pub transfers: u32,
    /// Turns of speech with words in them.
    pub turns: u32,
    pub keys: u32,
    /// Prompts cut short by the caller.
    pub interruptions: u32,
    /// 200 OK to the first packet of the greeting.
    pub greeting_ms: Option<u64>,
    /// End of the caller's speech to the first packet of the answer, for each spoken turn.
    pub replies_ms: Vec<u64>,
    pub packets_sent: u64,
    pub packets_received: u64,
    pub packets_lost: u64,
    /// Longest time between two received packets, ms.
    pub max_gap_ms: u64,
}

impl CallRecord {
    /// A record with nothing in it yet.
    pub fn new(id: impl Into<String>, started: Timestamp) -> Self {
        Self {
            id: id.into(),
            started,
            duration_ms: 0,
            topics: Vec::new(),
            decisions: Vec::new(),
            outcome: Outcome::Failed,
            not_understood: 0,
            transfers: 0,
            turns: 0,
            keys: 0,
            interruptions: 0,
            greeting_ms: None,
            replies_ms: Vec::new(),
            packets_sent: 0,
            packets_received: 0,
            packets_lost: 0,
            max_gap_ms: 0,
        }
    }

    pub(super) fn insert(&self, connection: &Connection) -> Result<(), StoreError> {
        connection.execute(
            "INSERT INTO call (reference, started_at, duration_ms, outcome, topics, decisions, not_understood, transfers,
                               turns, keys, interruptions, greeting_ms, replies_ms,
                               packets_sent, packets_received, packets_lost, max_gap_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                self.id,
                self.started.as_millisecond(),
                whole(self.duration_ms),
                self.outcome.code(),
                json(&self.topics),
                json(&self.decisions),
                self.not_understood,
                self.transfers,
                self.turns,
                self.keys,
                self.interruptions,
                self.greeting_ms.map(whole),
                serde_json::Value::from(self.replies_ms.get(..MAX_STEPS).unwrap_or(&self.replies_ms).to_vec()).to_string(),
                whole(self.packets_sent),
                whole(self.packets_received),
                whole(self.packets_lost),
                whole(self.max_gap_ms),
            ],
        )?;
        Ok(())
    }
}

fn json(steps: &[String]) -> String {
    serde_json::Value::from(steps.get(..MAX_STEPS).unwrap_or(steps).to_vec()).to_string()
}

/// SQLite's integers are signed.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
