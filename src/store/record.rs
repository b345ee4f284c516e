//! What is kept of a call: numbers and topics, never who called or what was said.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::StoreError;

/// Topics and decisions kept of one call, the first ones.
pub const MAX_STEPS: usize = 100;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The caller hung up after having been answered.
    CallerHungUp,
    /// The caller gave up before we answered.
    Cancelled,
    /// The agent ended the conversation.
    AgentHungUp,
    /// Handed over to a person.
    Transferred,
    /// Refused: all lines busy, or the service is stopping.
    Refused,
    /// Our answer was never acknowledged.
    NotAcknowledged,
    /// No more RTP, or no answer to our requests.
    Lost,
    /// The longest duration was reached.
    TimeLimit,
    /// The service was stopped during the call.
    Shutdown,
    /// An error of ours.
    Failed,
}

impl Outcome {
    /// The name in logs and in the database; never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller_hung_up",
            Self::Cancelled => "cancelled",
            Self::AgentHungUp => "agent_hung_up",
            Self::Transferred => "transferred",
            Self::Refused => "refused",
            Self::NotAcknowledged => "not_acknowledged",
            Self::Lost => "lost",
            Self::TimeLimit => "time_limit",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
        }
    }
}

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
            packets_sent: 0,
            packets_received: 0,
            packets_lost: 0,
            max_gap_ms: 0,
        }
    }

    pub(super) fn insert(&self, connection: &Connection) -> Result<(), StoreError> {
        connection.execute(
            "INSERT INTO call (reference, started_at, duration_ms, outcome, topics, decisions, not_understood, transfers,
                               packets_sent, packets_received, packets_lost, max_gap_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                self.id,
                self.started.as_millisecond(),
                whole(self.duration_ms),
                self.outcome.code(),
                json(&self.topics),
                json(&self.decisions),
                self.not_understood,
                self.transfers,
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
