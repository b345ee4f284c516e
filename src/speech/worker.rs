//! Engines on threads of their own, behind a queue with a bound.
//!
//! Owns: queueing, abandoning, what happens when an engine panics or hangs. Must not know: which engine, what for.
//!
//! ```text
//! ticket   the two ends of a job: who waits for it, who does it
//! queue    PURE: which job goes first, what has no room
//! load     PURE: how long work takes, whether there is too much of it
//! pool     threads with an engine each, and the watch over them
//! ```
//!
//! A job nobody waits for any more (its [`Ticket`] was dropped) leaves the queue, and is told so while it runs. Work for a
//! caller who waits in silence goes before work for one who only pauses, and that before work done ahead. A full queue
//! refuses at once: the caller of the town hall then gets a keypad or a human instead of a long silence.

mod load;
mod pool;
mod queue;
mod ticket;

use std::time::Duration;

use super::{Recogniser, SpeechError, Transcript, Utterance};
use crate::telemetry::personal;
pub use pool::PoolStatus;
pub(super) use pool::{Pool, Share, Work};
pub(super) use queue::Urgency;
pub(super) use ticket::Reply;
pub use ticket::{Claim, Ticket};

/// Recognisers on threads of their own. Clones share them.
#[derive(Clone)]
pub struct RecogniserPool {
    pool: Pool<Box<dyn Recogniser>>,
    patience: Duration,
    grace: Duration,
}

const RECOGNISER: &str = "recogniser";
/// Whisper's window is never shorter than this, so a word costs as much (see `recogniser::whisper`).
const SHORTEST_WINDOW: Duration = Duration::from_millis(6_400);
/// A recognition that takes longer than this and the length of its audio is stopped. It takes a tenth of that, half on a
/// machine that is busy otherwise; the call itself gives up waiting after as long (`Settings::recognition`).
const PATIENCE: Duration = Duration::from_secs(6);
/// Whisper looks between two graph computations whether it is to stop.
const GRACE: Duration = Duration::from_secs(3);

impl RecogniserPool {
    /// Makes `workers` recognisers (one at least), here and now, so that a missing model is told at the start.
    /// `queue`: most utterances that may wait. `make` is called again after an engine's panic, or when one hangs.
    pub fn start(
        workers: usize,
        queue: usize,
        make: impl Fn() -> Result<Box<dyn Recogniser>, SpeechError> + Send + Sync + 'static,
    ) -> Result<Self, SpeechError> {
        let engines = (0..workers.max(1)).map(|_| make()).collect::<Result<Vec<_>, _>>()?;
        let pool = Pool::start(RECOGNISER, Share::BehindCalls, engines, queue, make)?;
        Ok(Self { pool, patience: PATIENCE, grace: GRACE })
    }

    /// When an utterance would wait for longer than this, there is too much work until the backlog is gone
    /// ([`PoolStatus::overloaded`]).
    pub fn with_longest_wait(self, longest: Duration) -> Self {
        self.pool.set_longest_wait(longest);
        self
    }

    /// A recognition that takes longer than `patience` and the length of its audio is stopped; an engine that has not stopped
    /// after `grace` hangs.
    pub fn with_patience(self, patience: Duration, grace: Duration) -> Self {
        Self { patience, grace, ..self }
    }

    /// Queues an utterance of a caller who may go on; [`SpeechError::Busy`] when the queue is full, be it now or, through the
    /// ticket, when its place is needed for somebody who waits.
    pub fn submit(&self, utterance: Utterance) -> Result<Ticket<Transcript>, SpeechError> {
        self.submit_then(utterance, false, |transcript| transcript)
    }

    /// Queues an utterance of a caller who waits.
    pub fn submit_live(&self, utterance: Utterance) -> Result<Ticket<Transcript>, SpeechError> {
        self.submit_then(utterance, true, |transcript| transcript)
    }

    /// The caller waits for this now.
    pub fn hasten(&self, claim: &Claim) {
        self.pool.hasten(claim);
    }

    /// As [`Self::submit`], or [`Self::submit_live`] if the caller waits. `then`: what else is made of the transcript, on the
    /// engine's thread.
    pub fn submit_then<T: Send + 'static>(
        &self,
        utterance: Utterance,
        is_live: bool,
        then: impl FnOnce(Transcript) -> T + Send + 'static,
    ) -> Result<Ticket<T>, SpeechError> {
        let urgency = if is_live { Urgency::Live } else { Urgency::Soon };
        let (ticket, reply) = Ticket::pair(RECOGNISER);
        let length = utterance.length();
        let run = move |engine: Result<&mut Box<dyn Recogniser>, SpeechError>, reply: Reply<T>| {
            let abandoned = reply.abandoned();
            let result = engine.and_then(|engine| engine.recognise(&utterance, &abandoned));
            let took_ms = result.as_ref().map(|transcript| transcript.elapsed.as_millis()).ok();
            let text = result.as_ref().ok().and_then(|transcript| personal(transcript.text.as_str()));
            tracing::debug!(samples = utterance.samples.len(), took_ms, text, "utterance recognised");
            reply.send(result.map(then));
        };
        let work =
            Work { urgency, size: length.max(SHORTEST_WINDOW), patience: self.patience + length, grace: self.grace };
        self.pool.submit(work, reply, run).map_err(|(error, _)| error)?;
        Ok(ticket)
    }

    pub fn status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Whether a call that begins now can be heard: there is no overload, and an engine that works.
    pub fn can_hear_more(&self) -> bool {
        let PoolStatus { workers, overloaded, .. } = self.status();
        workers > 0 && !overloaded
    }

    /// Utterances that wait or are being recognised.
    pub fn backlog(&self) -> usize {
        self.pool.backlog()
    }
}

#[cfg(test)]
mod tests;
