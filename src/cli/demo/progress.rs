//! How far the service is with its sentences, read off the events it traces (`done`, `total`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// The last figures traced.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Takes the place of the journal, which the demonstration does not show.
    pub fn watch() -> Self {
        let progress = Self::default();
        // Somebody else's subscriber stays: the figures are then not shown, and nothing else changes.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(progress.clone()));
        progress
    }

    /// `12/80, `, or nothing before the first figures.
    pub fn shown(&self) -> String {
        match self.0.total.load(Ordering::Relaxed) {
            0 => String::new(),
            total => format!("{}/{total}, ", self.0.done.load(Ordering::Relaxed)),
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Progress {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let mut figures = Figures::default();
        event.record(&mut figures);
        if let (Some(done), Some(total)) = (figures.done, figures.total) {
            self.0.done.store(done, Ordering::Relaxed);
            self.0.total.store(total, Ordering::Relaxed);
        }
    }
}

#[derive(Default)]
struct Figures {
    done: Option<u64>,
    total: Option<u64>,
}

impl Visit for Figures {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "done" => self.done = Some(value),
            "total" => self.total = Some(value),
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn std::fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_off_the_events() {
        let progress = Progress::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(progress.clone()), || {
            tracing::info!(done = 1_usize, "something else");
            assert_eq!(progress.shown(), "");
            tracing::info!(done = 12_usize, total = 80_usize, "sentences ready");
        });
        assert_eq!(progress.shown(), "12/80, ");
    }
}
