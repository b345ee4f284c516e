//! The two ends of work handed to a worker.
//!
//! Owns: giving up, waiting, what is known when the worker is lost. Must not know: queues, engines.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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

/// Names the work of a ticket, for whoever has passed the ticket on.
#[derive(Debug, Clone)]
pub struct Claim(pub(super) Arc<AtomicBool>);

#[derive(Debug)]
enum State<T> {
    Done(Option<T>),
    Waiting(oneshot::Receiver<Result<T, SpeechError>>),
}

type Sender<T> = Mutex<Option<oneshot::Sender<Result<T, SpeechError>>>>;

/// The worker's end of a [`Ticket`]. Dropped without an answer (the engine panicked, the pool was closed), the ticket
/// yields [`SpeechError::Engine`].
#[derive(Debug)]
pub(in crate::speech) struct Reply<T> {
    sender: Arc<Sender<T>>,
    abandoned: Arc<AtomicBool>,
}

/// Who waits for a reply, for others than the one who makes it.
pub(super) trait Addressee: Send + Sync {
    /// Whoever waits is told this, unless there was an answer.
    fn fail(&self, error: SpeechError);
}

impl<T: Send> Addressee for Sender<T> {
    fn fail(&self, error: SpeechError) {
        if let Some(sender) = take(self) {
            let _ = sender.send(Err(error));
        }
    }
}

fn take<T>(sender: &Sender<T>) -> Option<oneshot::Sender<Result<T, SpeechError>>> {
    sender.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl<T> Ticket<T> {
    /// A result that is there already.
    pub fn done(result: T) -> Self {
        Self { engine: "", state: State::Done(Some(result)), abandoned: Arc::default() }
    }

    pub(in crate::speech) fn pair(engine: &'static str) -> (Self, Reply<T>) {
        let (sender, receiver) = oneshot::channel();
        let abandoned = Arc::<AtomicBool>::default();
        let ticket = Self { engine, state: State::Waiting(receiver), abandoned: abandoned.clone() };
        (ticket, Reply { sender: Arc::new(Mutex::new(Some(sender))), abandoned })
    }

    pub fn claim(&self) -> Claim {
        Claim(self.abandoned.clone())
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
    /// Nobody may listen any more; then the result goes.
    pub(in crate::speech) fn send(self, result: Result<T, SpeechError>) {
        if let Some(sender) = take(&self.sender) {
            let _ = sender.send(result);
        }
    }

    pub(super) fn abandoned(&self) -> Arc<AtomicBool> {
        self.abandoned.clone()
    }
}

impl<T: Send + 'static> Reply<T> {
    pub(super) fn addressee(&self) -> Arc<dyn Addressee> {
        self.sender.clone()
    }
}

impl<T> Drop for Reply<T> {
    /// Whoever waits learns that no answer comes.
    fn drop(&mut self) {
        drop(take(&self.sender));
    }
}
