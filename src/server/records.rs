//! What is written down: requests at once, each call when it has ended. Never makes a call wait.

use std::sync::Arc;

use jiff::Timestamp;
use tracing::{Instrument, error};

use crate::call::{Outcome, Record};
use crate::dialogue::{Note, Request};
use crate::net;
use crate::store::{CallRecord, Pending, Store, StoreError};
use crate::telemetry;

/// Keeps a caller's request.
pub(super) fn save_request(store: &Arc<Store>, request: &Request) {
    report("a caller's request", store.save_request(&request.kind, &request.fields, net::timestamp()));
}

/// Writes the call's closing line and keeps its record.
pub(super) fn call_ended(store: &Arc<Store>, id: u64, started: Timestamp, record: &Record) {
    let summary = summary(id, started, record);
    telemetry::call_record(&summary);
    report("the record of a call", store.save_call(&summary));
}

/// Erases what is older than its retention.
pub(super) fn purge(store: &Arc<Store>) {
    report("what is due to be erased", store.purge(net::timestamp()));
}

/// Follows a job of the store to its end, and says so when it failed.
fn report<T: Send + 'static>(what: &'static str, job: Result<Pending<T>, StoreError>) {
    match job {
        Ok(pending) => {
            let follow = async move {
                if let Err(error) = pending.outcome().await {
                    error!(%error, "the store could not keep {what}");
                }
            };
            tokio::spawn(follow.in_current_span());
        }
        Err(error) => error!(%error, "the store could not take {what}"),
    }
}

fn summary(id: u64, started: Timestamp, record: &Record) -> CallRecord {
    let mut summary = CallRecord::new(format!("{:x}-{id}", started.as_millisecond()), started);
    let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    summary.duration_ms = milliseconds(record.duration);
    summary.outcome = record.outcome.unwrap_or(Outcome::Failed);
    summary.transfers = record.transfers;
    summary.turns = record.turns;
    summary.keys = record.keys;
    summary.interruptions = record.interruptions;
    summary.greeting_ms = record.greeting_after.map(milliseconds);
    summary.replies_ms = record.replies.iter().copied().map(milliseconds).collect();
    summary.packets_sent = record.packets.sent;
    summary.packets_received = record.packets.received;
    summary.packets_lost = record.packets.lost;
    summary.max_gap_ms = record.packets.max_gap_ms;
    for note in &record.notes {
        match note {
            Note::Topic(topic) => summary.topics.push(topic.clone()),
            other => summary.decisions.push(code(other)),
        }
        summary.not_understood += u32::from(*note == Note::NotUnderstood);
    }
    summary
}

/// A decision's short name, without personal data.
fn code(note: &Note) -> String {
    match note {
        Note::Topic(topic) => format!("topic:{topic}"),
        Note::NotUnderstood => "not_understood".into(),
        Note::Silence => "silence".into(),
        Note::Confirmed => "confirmed".into(),
        Note::Offered => "offered".into(),
        Note::Escalated => "escalated".into(),
        Note::Emergency => "emergency".into(),
        Note::TransferFailed(status) => format!("transfer_failed:{status}"),
        Note::RequestSaved(kind) => format!("request:{kind}"),
    }
}
