//! One connection, TCP or TLS: cuts what arrives into messages, writes what is to be sent, keeps the connection alive
//! (RFC 5626 §3.5.1) and ends it when the far end is silent, slow, or speaks no SIP.
//!
//! Must not know: which connections there are, what messages say.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tracing::debug;

use super::Event;
use crate::net::{now, sleep_until};
use crate::sip::wire::{Frame, Framer, FramingError};
use crate::sip::{ConnectionId, Flow};

/// Bytes taken from the connection at once.
const READ_BYTES: usize = 16_384;
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";
/// A message that ends the connection, because nobody knows where the next one begins, is still answered within this.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// A connection of ours, TLS included, must stand within this.
    pub connect: Duration,
    /// Who connects to us must have sent a whole message within this, TLS included.
    pub first_message: Duration,
    /// A message that has begun must be complete within this.
    pub message: Duration,
    /// What we send must be taken within this.
    pub write: Duration,
    /// Without anything sent or received for this long the connection ends.
    pub idle: Duration,
    /// On connections of ours, a keep-alive is sent this often (RFC 5626 §4.4.1: 95 to 120 s).
    pub ping: Duration,
    /// A far end that has answered a keep-alive before must answer the next within this (RFC 5626 §4.4.1).
    pub pong: Duration,
    /// The files of certificate, key and authorities are looked at this often.
    pub certificates: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            connect: Duration::from_secs(4),
            first_message: Duration::from_secs(10),
            message: Duration::from_secs(10),
            write: Duration::from_secs(10),
            idle: Duration::from_secs(900),
            ping: Duration::from_secs(100),
            pong: Duration::from_secs(10),
            certificates: Duration::from_secs(30),
        }
    }
}

/// Something to write.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) flow: Flow,
    pub(super) payload: Bytes,
    /// It was on another connection before, which ended.
    pub(super) retried: bool,
}

/// Who opened the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ours,
    Theirs,
}

/// The connection's end of what ties it to the rest.
pub(super) struct Link {
    pub(super) id: ConnectionId,
    /// Of the messages that arrive.
    pub(super) flow: Flow,
    pub(super) role: Role,
    pub(super) inbox: mpsc::Receiver<Item>,
    /// Bytes in `inbox` and in here.
    pub(super) queued: Arc<AtomicUsize>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) timings: Timings,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("closed by the far end")]
    Remote,
    #[error("no longer wanted")]
    Local,
    #[error("too slow: {0}")]
    Slow(&'static str),
    #[error("{0}")]
    Framing(#[from] FramingError),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Link {
    /// Waits for the connection to stand, runs it to its end, and tells what could not be sent.
    pub(super) async fn run<S>(mut self, open: impl Future<Output = io::Result<Opened<S>>>)
    where
        S: AsyncRead + AsyncWrite,
    {
        let patience = match self.role {
            Role::Ours => self.timings.connect,
            Role::Theirs => self.timings.first_message,
        };
        let deadline = now() + patience;
        let opened = tokio::select! {
            opened = open => opened,
            () = sleep_until(Some(deadline)) => Err(io::ErrorKind::TimedOut.into()),
        };
        let mut unsent = VecDeque::new();
        let mut stood = false;
        let ended = match opened {
            Ok(Opened { stream, verified }) => {
                stood = true;
                if self.events.send(Event::Open { id: self.id, verified }).await.is_err() {
                    return;
                }
                let (reader, writer) = tokio::io::split(stream);
                self.converse(reader, writer, &mut unsent, deadline).await
            }
            Err(error) => Ended::Io(error),
        };
        debug!(connection = self.id.0, remote = %self.flow.remote, %ended, "SIP connection ended");
        // Nothing is added from here on, so that nothing is lost between the two.
        self.inbox.close();
        while let Ok(item) = self.inbox.try_recv() {
            unsent.push_back(item);
        }
        let _ = self.events.send(Event::Closed { id: self.id, stood, unsent: unsent.into() }).await;
    }

    async fn converse(
        &mut self,
        mut reader: impl AsyncRead + Unpin,
        mut writer: impl AsyncWrite + Unpin,
        unsent: &mut VecDeque<Item>,
        first_message: Instant,
    ) -> Ended {
        let mut framer = Framer::new();
        let mut arrived = BytesMut::with_capacity(READ_BYTES);
        let mut pace = Pace::new(now(), self.role, self.timings, first_message);
        // Bytes of the first item that are written already.
        let mut written = 0;
        let mut flushed = true;
        let mut closing = false;
        // What ends the connection once the last answer is out.
        let mut fault: Option<(Ended, Instant)> = None;
        loop {
            let front = unsent.front().map(|item| item.payload.slice(written..)).unwrap_or_default();
            let step = tokio::select! {
                read = reader.read_buf(&mut arrived), if !closing && fault.is_none() => Step::Read(read),
                step = write(&mut writer, &front), if !front.is_empty() || !flushed => step,
                item = self.inbox.recv(), if !closing => Step::Item(item),
                () = sleep_until(Some(fault.as_ref().map_or(pace.deadline(), |(_, until)| *until))) => Step::Time,
            };
            let at = now();
            match step {
                Step::Read(Ok(0)) => return Ended::Remote,
                Step::Read(Ok(_)) => {
                    framer.push(&arrived);
                    arrived.clear();
                    match self.take_frames(&mut framer, &mut pace, unsent, at).await {
                        Ok(Took::All) => pace.read(at, framer.is_between()),
                        Ok(Took::Fault(error)) => fault = Some((error.into(), at + LAST_ANSWER)),
                        Err(ended) => return ended,
                    }
                }
                Step::Wrote(Ok(0)) => return Ended::Io(io::ErrorKind::WriteZero.into()),
                Step::Wrote(Ok(count)) => {
                    written += count;
                    flushed = false;
                    pace.wrote(at, front.len() > PING.len());
                    if unsent.front().is_some_and(|item| written >= item.payload.len()) {
                        self.queued.fetch_sub(written, Ordering::Relaxed);
                        unsent.pop_front();
                        written = 0;
                    }
                    pace.writing(at, true);
                }
                Step::Flushed(Ok(())) => {
                    flushed = true;
                    pace.writing(at, false);
                    if closing || fault.is_some() {
                        let _ = writer.shutdown().await;
                        return fault.map_or(Ended::Local, |(ended, _)| ended);
                    }
                }
                Step::Read(Err(error)) | Step::Wrote(Err(error)) | Step::Flushed(Err(error)) => {
                    return Ended::Io(error);
                }
                Step::Item(Some(item)) => {
                    unsent.push_back(item);
                    pace.writing(at, true);
                }
                Step::Item(None) if unsent.is_empty() && flushed => {
                    let _ = writer.shutdown().await;
                    return Ended::Local;
                }
                // What is under way is still written.
                Step::Item(None) => closing = true,
                Step::Time if fault.is_some() => return fault.map_or(Ended::Local, |(ended, _)| ended),
                Step::Time => match pace.due(at) {
                    Due::Nothing => {}
                    Due::Ping => self.queue_line(unsent, PING),
                    Due::End(ended) => return ended,
                },
            }
            if !unsent.is_empty() {
                pace.writing(at, true);
            }
        }
    }

    /// Hands on what the framer has found. Waits when the others are busy: then nothing is read, and TCP makes the
    /// far end wait.
    async fn take_frames(
        &self,
        framer: &mut Framer,
        pace: &mut Pace,
        unsent: &mut VecDeque<Item>,
        at: Instant,
    ) -> Result<Took, Ended> {
        let mut answerable = false;
        loop {
            match framer.next() {
                Ok(None) => return Ok(Took::All),
                Ok(Some(Frame::Message(payload))) => {
                    pace.message(at);
                    answerable = true;
                    let event = Event::Message { flow: self.flow, payload };
                    self.events.send(event).await.map_err(|_| Ended::Local)?;
                }
                // One answer at a time: who pings without reading gets no more.
                Ok(Some(Frame::Ping)) => {
                    pace.alive(at);
                    // One answer at a time: who pings without reading gets no more.
                    if unsent.is_empty() {
                        self.queue_line(unsent, PONG);
                    }
                }
                Ok(Some(Frame::Pong)) => pace.pong(at),
                Err(error) if answerable => return Ok(Took::Fault(error)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn queue_line(&self, unsent: &mut VecDeque<Item>, line: &'static [u8]) {
        self.queued.fetch_add(line.len(), Ordering::Relaxed);
        unsent.push_back(Item { flow: self.flow, payload: Bytes::from_static(line), retried: true });
    }
}

/// Writes some of it; nothing more to write: flushes. Cancel-safe.
async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Step {
    match bytes {
        [] => Step::Flushed(writer.flush().await),
        _ => Step::Wrote(writer.write(bytes).await),
    }
}

/// A connection that stands.
pub(super) struct Opened<S> {
    pub(super) stream: S,
    /// The far end showed a certificate that an authority of ours vouches for.
    pub(super) verified: bool,
}

enum Took {
    All,
    /// The last message had no end, and may still be answered.
    Fault(FramingError),
}

enum Step {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Flushed(io::Result<()>),
    Item(Option<Item>),
    Time,
}

enum Due {
    Nothing,
    Ping,
    End(Ended),
}

/// The deadlines of one connection.
struct Pace {
    timings: Timings,
    role: Role,
    last_activity: Instant,
    /// Until the first message is here.
    first_message: Option<Instant>,
    /// Until the message that has begun is complete.
    message: Option<Instant>,
    /// Until what is being written has made progress.
    write: Option<Instant>,
    next_ping: Instant,
    /// The far end knows keep-alives.
    answers: bool,
    pong: Option<Instant>,
}

impl Pace {
    fn new(at: Instant, role: Role, timings: Timings, first_message: Instant) -> Pace {
        Pace {
            timings,
            role,
            last_activity: at,
            first_message: (role == Role::Theirs).then_some(first_message),
            message: None,
            write: None,
            next_ping: at + timings.ping,
            answers: false,
            pong: None,
        }
    }

    fn deadline(&self) -> Instant {
        let ping = (self.role == Role::Ours).then_some(self.next_ping);
        let idle = self.last_activity + self.timings.idle;
        [self.first_message, self.message, self.write, self.pong, ping].into_iter().flatten().fold(idle, Instant::min)
    }

    fn read(&mut self, at: Instant, between: bool) {
        match (between, self.message) {
            (true, _) => self.message = None,
            // Byte by byte does not move the deadline.
            (false, Some(_)) => {}
            (false, None) => self.message = Some(at + self.timings.message),
        }
    }

    fn message(&mut self, at: Instant) {
        self.first_message = None;
        self.message = None;
        self.last_activity = at;
    }

    /// A keep-alive of ours is no activity: only its answer is.
    fn wrote(&mut self, at: Instant, activity: bool) {
        if activity {
            self.last_activity = at;
        }
        self.write = None;
    }

    fn alive(&mut self, at: Instant) {
        self.last_activity = at;
    }

    fn writing(&mut self, at: Instant, pending: bool) {
        match (pending, self.write) {
            (false, _) => self.write = None,
            (true, Some(_)) => {}
            (true, None) => self.write = Some(at + self.timings.write),
        }
    }

    fn pong(&mut self, at: Instant) {
        self.last_activity = at;
        self.answers = true;
        self.pong = None;
    }

    fn due(&mut self, at: Instant) -> Due {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= at);
        if passed(self.first_message) {
            return Due::End(Ended::Slow("no message"));
        }
        if passed(self.message) {
            return Due::End(Ended::Slow("a message does not end"));
        }
        if passed(self.write) {
            return Due::End(Ended::Slow("does not take what is sent"));
        }
        if passed(self.pong) {
            return Due::End(Ended::Slow("keep-alive unanswered"));
        }
        if at >= self.last_activity + self.timings.idle {
            return Due::End(Ended::Slow("idle"));
        }
        if self.role == Role::Ours && at >= self.next_ping {
            self.next_ping = at + self.timings.ping;
            if self.answers && self.pong.is_none() {
                self.pong = Some(at + self.timings.pong);
            }
            return Due::Ping;
        }
        Due::Nothing
    }
}
