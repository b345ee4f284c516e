//! How the service is, for whoever asks: the page of metrics, `allo-mairie health`.
//!
//! Owns: gathering it from where it is. Must not know: who asks.

use std::sync::Arc;

use super::metrics::Metrics;
use crate::call::Record;
use crate::config::Config;
use crate::control::{Engine, Status, Switchboard};
use crate::net::SipHandle;
use crate::sip::Reachability;
use crate::speech::speaker::Speaker;
use crate::speech::worker::{PoolStatus, RecogniserPool};

pub struct Monitor {
    sip: SipHandle,
    recognisers: RecogniserPool,
    speaker: Speaker,
    metrics: Metrics,
    max_calls: usize,
    recogniser_queue: usize,
}

impl Monitor {
    pub fn new(config: &Config, sip: SipHandle, recognisers: RecogniserPool, speaker: Speaker) -> Arc<Monitor> {
        let (max_calls, recogniser_queue) = (config.sip.max_calls, config.recogniser.queue);
        let metrics = Metrics::new(max_calls, recogniser_queue);
        Arc::new(Monitor { sip, recognisers, speaker, metrics, max_calls, recogniser_queue })
    }

    pub fn call_ended(&self, record: &Record) {
        self.metrics.call_ended(record);
    }

    /// A service whose signalling has stopped has no calls and knows no switchboard.
    pub async fn status(&self) -> Status {
        let switchboard = |(uri, state)| Switchboard {
            uri,
            reachable: match state {
                Reachability::Unknown => None,
                Reachability::Reachable => Some(true),
                Reachability::Unreachable => Some(false),
            },
        };
        let recogniser = self.recognisers.status();
        let engine = |name: String, status: PoolStatus| {
            let PoolStatus { workers, lost, restarts, .. } = status;
            Engine { name, workers, lost, restarts }
        };
        let mut engines = vec![engine("recogniser".to_owned(), recogniser)];
        engines.extend(self.speaker.status().map(|(language, status)| engine(format!("voice {language}"), status)));
        engines.sort_by(|a, b| a.name.cmp(&b.name));
        let (calls_ended, calls_bad) = self.metrics.calls_ended();
        Status {
            calls: self.sip.active_calls().await.unwrap_or_default(),
            max_calls: self.max_calls,
            recogniser_backlog: recogniser.backlog,
            recogniser_queue: self.recogniser_queue,
            recogniser_wait_ms: (recogniser.workers > 0)
                .then(|| u64::try_from(recogniser.wait.as_millis()).unwrap_or(u64::MAX)),
            recogniser_overloaded: recogniser.overloaded,
            engines,
            switchboards: self.sip.switchboards().await.unwrap_or_default().into_iter().map(switchboard).collect(),
            skipped_ticks: self.metrics.skipped_ticks(),
            calls_ended,
            calls_bad,
        }
    }

    /// As Prometheus reads it.
    pub async fn page(&self) -> String {
        self.metrics.page(&self.status().await, self.sip.refused())
    }
}
