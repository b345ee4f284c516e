//! The two ends of work handed to a worker.
//!
//! Owns: giving up, waiting, what is known when the worker is lost. Must not know: queues, engines.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::super::SpeechError;

/// The result of work handed to a worker: await it, or [`wait`](Ticket::wait) for it on a thread.
/// Dropping it abandons the work.
#[derive(Debug)]
pub struct Ticket<T> {
    engine: &'static str,
    state: State<T>,
    abandoned: Arc<AtomicBool>,
}

#[derive(Debug)]
enum State<T> {
    Done(Option<T>),
    Waiting(oneshot::Receiver<Result<T, SpeechError>>),
}

/// The worker's end of a [`Ticket`]. Dropped without an answer (the engine panicked, the pool was closed), the ticket
/// yields [`SpeechError::Engine`].
#[derive(Debug)]
pub(super) struct Reply<T> {
    sender: oneshot::Sender<Result<T, SpeechError>>,
    abandoned: Arc<AtomicBool>,
}

impl<T> Ticket<T> {
    /// A result that is there already.
    pub fn done(result: T) -> Self {
        Self { engine: "", state: State::Done(Some(result)), abandoned: Arc::default() }
    }

    pub(super) fn pair(engine: &'static str) -> (Self, Reply<T>) {
        let (sender, receiver) = oneshot::channel();
        let abandoned = Arc::<AtomicBool>::default();
        let ticket = Self { engine, state: State::Waiting(receiver), abandoned: abandoned.clone() };
        (ticket, Reply { sender, abandoned })
    }

    /// Blocks this thread until the result is there. Not for use inside the async runtime.
    pub fn wait(mut self) -> Result<T, SpeechError> {
        match std::mem::replace(&mut self.state, State::Done(None)) {
            State::Done(result) => result.ok_or(SpeechError::Abandoned),
            State::Waiting(receiver) => receiver.blocking_recv().unwrap_or_else(|_| Err(self.lost())),
        }
    }

    fn lost(&self) -> SpeechError {
        SpeechError::Engine { engine: self.engine, detail: "stopped before it answered".to_owned() }
    }
}

impl<T> Unpin for Ticket<T> {}

impl<T> Future for Ticket<T> {
    type Output = Result<T, SpeechError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Done(result) => Poll::Ready(result.take().ok_or(SpeechError::Abandoned)),
            State::Waiting(receiver) => match Pin::new(receiver).poll(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(answer) => {
                    self.state = State::Done(None);
                    Poll::Ready(answer.unwrap_or_else(|_| Err(self.lost())))
                }
            },
        }
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }
}

impl<T> Reply<T> {
    pub(super) fn abandoned(&self) -> Arc<AtomicBool> {
        self.abandoned.clone()
    }

    /// Nobody may listen any more; then the result goes.
    pub(super) fn send(self, result: Result<T, SpeechError>) {
        let _ = self.sender.send(result);
    }
}
