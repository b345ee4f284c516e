//! Engines on threads of their own, behind a queue with a bound.
//!
//! Owns: queueing, abandoning, what happens when an engine panics. Must not know: which engine, what for.
//!
//! A [`Pool`] has one engine a worker. Work for a caller on the line goes before work done ahead. A job nobody waits
//! for any more (its [`Ticket`] was dropped) is skipped while queued, and told so while running. A full queue refuses
//! at once: the caller of the town hall then gets a keypad or a human instead of a long silence.

mod ticket;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::share::{stay_behind_calls, step_back};
use super::{Recogniser, SpeechError, Transcript, Utterance};
pub(super) use ticket::Reply;
pub use ticket::Ticket;

/// Which work goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits on the line.
    Live,
    /// Done ahead, when nobody waits.
    Ahead,
}

/// How a worker shares the processor with the rest of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Full,
    /// See [`stay_behind_calls`].
    BehindCalls,
    /// See [`step_back`].
    Yielding,
}

/// What a worker does with its engine, or with the error that left it without one.
type Run<E> = Box<dyn FnOnce(Result<&mut E, SpeechError>) + Send>;

struct Job<E> {
    run: Run<E>,
    abandoned: Arc<AtomicBool>,
}

impl<E> Job<E> {
    fn is_wanted(&self) -> bool {
        !self.abandoned.load(Ordering::Relaxed)
    }
}

struct Queues<E> {
    live: VecDeque<Job<E>>,
    ahead: VecDeque<Job<E>>,
    /// The work each worker does now.
    running: Vec<Option<Arc<AtomicBool>>>,
    closed: bool,
}

struct Shared<E> {
    engine: &'static str,
    /// Most jobs that may wait in each queue; one more is refused as [`SpeechError::Busy`].
    bound: usize,
    queues: Mutex<Queues<E>>,
    wake: Condvar,
    make: Box<dyn Fn() -> Result<E, SpeechError> + Send + Sync>,
}

impl<E> Shared<E> {
    fn queues(&self) -> MutexGuard<'_, Queues<E>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job for worker `index`; `None` when the pool is closed.
    fn next(&self, index: usize) -> Option<Job<E>> {
        let mut queues = self.queues();
        queues.running[index] = None;
        loop {
            if queues.closed {
                return None;
            }
            while let Some(job) = queues.live.pop_front().or_else(|| queues.ahead.pop_front()) {
                if job.is_wanted() {
                    queues.running[index] = Some(job.abandoned.clone());
                    return Some(job);
                }
            }
            queues = self.wake.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The life of a worker thread.
    fn work(&self, index: usize, share: Share, mut engine: Option<E>) {
        match share {
            Share::Full => {}
            Share::BehindCalls => stay_behind_calls(),
            Share::Yielding => step_back(),
        }
        while let Some(job) = self.next(index) {
            let worked = catch_unwind(AssertUnwindSafe(|| match &mut engine {
                Some(engine) => (job.run)(Ok(engine)),
                empty => match (self.make)() {
                    Ok(made) => (job.run)(Ok(empty.insert(made))),
                    Err(error) => (job.run)(Err(error)),
                },
            }));
            if worked.is_err() {
                tracing::error!(engine = self.engine, "the engine panicked and is made anew");
                // What is left of the engine may panic once more when it goes.
                let remade = catch_unwind(AssertUnwindSafe(|| {
                    drop(engine.take());
                    (self.make)()
                }));
                engine = match remade {
                    Ok(Ok(made)) => Some(made),
                    Ok(Err(error)) => {
                        tracing::error!(engine = self.engine, %error, "the engine cannot be made; tried again at the next job");
                        None
                    }
                    Err(_) => None,
                };
            }
        }
    }
}

/// Workers with one engine each. Clones share them; the last one dropped stops them.
pub(super) struct Pool<E> {
    shared: Arc<Shared<E>>,
    threads: Arc<Threads<E>>,
}

impl<E> Clone for Pool<E> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), threads: self.threads.clone() }
    }
}

struct Threads<E> {
    shared: Arc<Shared<E>>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

impl<E> Drop for Threads<E> {
    /// Abandons all work and waits for the running job to notice.
    fn drop(&mut self) {
        let waiting = {
            let mut queues = self.shared.queues();
            queues.closed = true;
            for running in queues.running.iter().flatten() {
                running.store(true, Ordering::Relaxed);
            }
            (std::mem::take(&mut queues.live), std::mem::take(&mut queues.ahead))
        };
        // Outside the lock: what a job holds may close another pool.
        drop(waiting);
        self.shared.wake.notify_all();
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in handles {
            if handle.thread().id() != std::thread::current().id() {
                // A worker catches its engine's panics; nothing else in it is worth failing for now.
                let _ = handle.join();
            }
        }
    }
}

impl<E: Send + 'static> Pool<E> {
    /// One worker for each of `engines`; `bound`: see [`SpeechError::Busy`].
    pub(super) fn start(
        engine: &'static str,
        share: Share,
        engines: Vec<E>,
        bound: usize,
        make: impl Fn() -> Result<E, SpeechError> + Send + Sync + 'static,
    ) -> Result<Self, SpeechError> {
        let queues = Queues {
            live: VecDeque::new(),
            ahead: VecDeque::new(),
            running: engines.iter().map(|_| None).collect(),
            closed: false,
        };
        let shared =
            Arc::new(Shared { engine, bound, queues: Mutex::new(queues), wake: Condvar::new(), make: Box::new(make) });
        let threads = Arc::new(Threads { shared: shared.clone(), handles: Mutex::default() });
        for (index, made) in engines.into_iter().enumerate() {
            let shared = shared.clone();
            let handle = std::thread::Builder::new()
                .name(format!("{engine}-{index}"))
                .spawn(move || shared.work(index, share, Some(made)))
                .map_err(|error| SpeechError::Engine { engine, detail: error.to_string() })?;
            threads.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        }
        Ok(Self { shared, threads })
    }

    /// Queues work whose `reply` somebody holds a ticket for. When refused, the reply is dropped.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        urgency: Urgency,
        reply: Reply<T>,
        run: impl FnOnce(Result<&mut E, SpeechError>, Reply<T>) + Send + 'static,
    ) -> Result<(), (SpeechError, Reply<T>)> {
        let mut queues = self.shared.queues();
        let queue = match urgency {
            Urgency::Live => &mut queues.live,
            Urgency::Ahead => &mut queues.ahead,
        };
        queue.retain(Job::is_wanted);
        if queue.len() >= self.shared.bound {
            return Err((SpeechError::Busy { engine: self.shared.engine }, reply));
        }
        let abandoned = reply.abandoned();
        queue.push_back(Job { run: Box::new(move |engine| run(engine, reply)), abandoned });
        drop(queues);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Jobs that wait or run and are still wanted.
    pub(super) fn backlog(&self) -> usize {
        let queues = self.shared.queues();
        let waiting = queues.live.iter().chain(&queues.ahead).filter(|job| job.is_wanted()).count();
        let running = queues.running.iter().flatten().filter(|flag| !flag.load(Ordering::Relaxed)).count();
        waiting + running
    }
}

/// Recognisers on threads of their own. Clones share them.
#[derive(Clone)]
pub struct RecogniserPool(Pool<Box<dyn Recogniser>>);

const RECOGNISER: &str = "recogniser";

impl RecogniserPool {
    /// Makes `workers` recognisers (one at least), here and now, so that a missing model is told at the start.
    /// `queue`: most utterances that may wait. `make` is called again after an engine's panic.
    pub fn start(
        workers: usize,
        queue: usize,
        make: impl Fn() -> Result<Box<dyn Recogniser>, SpeechError> + Send + Sync + 'static,
    ) -> Result<Self, SpeechError> {
        let engines = (0..workers.max(1)).map(|_| make()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Pool::start(RECOGNISER, Share::BehindCalls, engines, queue, make)?))
    }

    /// Queues an utterance; [`SpeechError::Busy`] when the queue is full.
    pub fn submit(&self, utterance: Utterance) -> Result<Ticket<Transcript>, SpeechError> {
        let (ticket, reply) = Ticket::pair(RECOGNISER);
        let run = move |engine: Result<&mut Box<dyn Recogniser>, SpeechError>, reply: Reply<Transcript>| {
            let abandoned = reply.abandoned();
            let result = engine.and_then(|engine| engine.recognise(&utterance, &abandoned));
            let took_ms = result.as_ref().map(|transcript| transcript.elapsed.as_millis()).ok();
            tracing::debug!(samples = utterance.samples.len(), took_ms, "utterance recognised");
            reply.send(result);
        };
        self.0.submit(Urgency::Live, reply, run).map_err(|(error, _)| error)?;
        Ok(ticket)
    }

    /// Utterances that wait or are being recognised.
    pub fn backlog(&self) -> usize {
        self.0.backlog()
    }
}

#[cfg(test)]
mod tests;
