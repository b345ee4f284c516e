//! What is kept of a call: times, topics, decisions, packets; never who called or what was said.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::StoreError;
use crate::call::Record;
use crate::dialogue::Note;

/// Topics answered, `service/slug`, in order.
pub fn topics(record: &Record) -> Vec<String> {
    let topic = |note: &Note| match note {
        Note::Topic(topic) => Some(topic.clone()),
        _ => None,
    };
    record.notes.iter().filter_map(topic).collect()
}

/// The other decisions, in order, as short codes that never change.
pub fn decisions(record: &Record) -> Vec<String> {
    let decision = |note: &Note| {
        Some(match note {
            Note::Topic(_) => return None,
            Note::NotUnderstood => "not_understood".to_owned(),
            Note::Silence => "silence".to_owned(),
            Note::Confirmed => "confirmed".to_owned(),
            Note::Offered => "offered".to_owned(),
            Note::Escalated => "escalated".to_owned(),
            Note::Emergency => "emergency".to_owned(),
            Note::TransferFailed(status) => format!("transfer_failed_{status}"),
            Note::Joined => "joined".to_owned(),
            // The kind is the officer's word, but it stands with the request itself.
            Note::RequestSaved(_) => "request_saved".to_owned(),
        })
    };
    record.notes.iter().filter_map(decision).collect()
}

/// How often the caller was not understood.
pub fn not_understood(record: &Record) -> usize {
    record.notes.iter().filter(|note| matches!(note, Note::NotUnderstood)).count()
}

/// Whole milliseconds; SQLite's integers are signed.
pub fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The record's own bound on notes and replies bounds the row.
pub(super) fn insert(connection: &Connection, record: &Record, started: Timestamp) -> Result<(), StoreError> {
    let replies: Vec<i64> = record.replies.iter().map(|reply| milliseconds(reply.first_packet)).collect();
    let far = record.quality.and_then(|quality| quality.far);
    connection.execute(
        "INSERT INTO call (started_at, duration_ms, outcome, topics, decisions, not_understood, transfers, turns, keys, interruptions,
                           greeting_ms, replies_ms, packets_sent, packets_received, packets_lost, max_gap_ms,
                           lost_permille, concealed_permille, jitter_ms, round_trip_ms, mos_tenths,
                           far_lost_permille, far_jitter_ms, far_mos_tenths)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
                 ?24)",
        params![
            started.as_millisecond(),
            milliseconds(record.duration),
            record.outcome.as_str(),
            serde_json::Value::from(topics(record)).to_string(),
            serde_json::Value::from(decisions(record)).to_string(),
            whole(not_understood(record)),
            record.transfers,
            record.turns,
            record.keys,
            record.interruptions,
            record.greeting_after.map(milliseconds),
            serde_json::Value::from(replies).to_string(),
            whole(record.packets.sent),
            whole(record.packets.received),
            whole(record.packets.lost),
            whole(record.packets.max_gap_ms),
            record.quality.map(|quality| quality.lost_permille),
            record.quality.map(|quality| quality.concealed_permille),
            record.quality.map(|quality| quality.jitter_ms),
            record.quality.and_then(|quality| quality.round_trip_ms),
            record.quality.map(|quality| quality.mos_tenths),
            far.map(|far| far.lost_permille),
            far.map(|far| far.jitter_ms),
            far.map(|far| far.mos_tenths),
        ],
    )?;
    Ok(())
}

/// SQLite's integers are signed.
fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
