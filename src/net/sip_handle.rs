//! What the rest of the house holds of the SIP task: a handle to place calls with, and a line for each call.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};

use super::NetError;
use super::dns::Dns;
use super::listen::ListenAddress;
use crate::capture::Tap;
use crate::sip::{CallHandle, Cause, Command, Destination, Dial, Event, Flow, LookUp, Reachability, Report, Target};

pub(super) enum Request {
    Command {
        call: CallHandle,
        command: Command,
    },
    Dial {
        dial: Dial,
        line: oneshot::Sender<CallLine>,
    },
    Ping {
        target: String,
        destination: Destination,
        line: oneshot::Sender<CallLine>,
    },
    /// For a registration.
    Located {
        index: usize,
        targets: Vec<Target>,
    },
    /// For a call.
    Found {
        look_up: LookUp,
        targets: Vec<Target>,
    },
    Names {
        targets: Vec<Target>,
    },
    Drain,
    ActiveCalls {
        count: oneshot::Sender<usize>,
    },
    Switchboards {
        states: oneshot::Sender<Vec<(String, Reachability)>>,
    },
    /// Answered once no call is left.
    Quiet {
        quiet: oneshot::Sender<()>,
    },
}

/// Talks to the SIP task.
#[derive(Clone)]
pub struct SipHandle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) listening: Vec<ListenAddress>,
    pub(super) dns: Dns,
    pub(super) tap: Tap,
    pub(super) refused: Arc<Refused>,
}

/// Messages refused so far.
#[derive(Debug, Default)]
pub struct Refused {
    network: AtomicU64,
    credentials: AtomicU64,
}

impl Refused {
    pub(super) fn note(&self, report: &Report) {
        self.of(report.cause).fetch_add(report.count, Ordering::Relaxed);
    }

    /// For this cause.
    pub fn count(&self, cause: Cause) -> u64 {
        self.of(cause).load(Ordering::Relaxed)
    }

    fn of(&self, cause: Cause) -> &AtomicU64 {
        match cause {
            Cause::Network => &self.network,
            Cause::Credentials => &self.credentials,
        }
    }
}

impl SipHandle {
    /// The addresses the sockets are bound to, in the order they were asked for.
    pub fn listening(&self) -> &[ListenAddress] {
        &self.listening
    }

    /// The first of them.
    pub fn local_address(&self) -> SocketAddr {
        self.listening.first().map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |listen| listen.address)
    }

    /// Where captures listen.
    pub fn tap(&self) -> &Tap {
        &self.tap
    }

    /// What the gate refused.
    pub fn refused(&self) -> &Refused {
        &self.refused
    }

    /// Where a SIP URI leads (RFC 3263), best first; nothing when nobody is there. Calls with [`Destination::Target`]
    /// look it up themselves.
    pub async fn locate(&self, uri: &str) -> Vec<Flow> {
        let targets = self.dns.locate(uri).await;
        let flows = targets.iter().map(|target| target.flow).collect();
        let _ = self.requests.send(Request::Names { targets }).await;
        flows
    }

    /// Places a call.
    pub async fn dial(&self, dial: Dial) -> Result<CallLine, NetError> {
        let (line, answer) = oneshot::channel();
        self.request(Request::Dial { dial, line }, answer).await
    }

    /// Asks a peer whether it is there (OPTIONS); the line yields `Answered` or `Ended`.
    pub async fn ping(&self, target: String, destination: impl Into<Destination>) -> Result<CallLine, NetError> {
        let (line, answer) = oneshot::channel();
        let destination = destination.into();
        self.request(Request::Ping { target, destination, line }, answer).await
    }

    /// No new calls from now on.
    pub async fn drain(&self) {
        let _ = self.requests.send(Request::Drain).await;
    }

    /// Calls that have not ended yet.
    pub async fn active_calls(&self) -> Result<usize, NetError> {
        let (count, answer) = oneshot::channel();
        self.request(Request::ActiveCalls { count }, answer).await
    }

    /// The switchboards that are asked whether they are there, by their URIs, and whether they answer.
    pub async fn switchboards(&self) -> Result<Vec<(String, Reachability)>, NetError> {
        let (states, answer) = oneshot::channel();
        self.request(Request::Switchboards { states }, answer).await
    }

    /// Waits until every call has ended and every BYE, CANCEL and refusal of ours has its answer.
    pub async fn quiet(&self) -> Result<(), NetError> {
        let (quiet, answer) = oneshot::channel();
        self.request(Request::Quiet { quiet }, answer).await
    }

    async fn request<T>(&self, request: Request, answer: oneshot::Receiver<T>) -> Result<T, NetError> {
        self.requests.send(request).await.map_err(|_| NetError::Closed)?;
        answer.await.map_err(|_| NetError::Closed)
    }
}

/// One call: commands to it, events from it. Dropping it hangs the call up.
pub struct CallLine {
    pub(super) call: CallHandle,
    pub(super) events: mpsc::Receiver<Box<Event>>,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) ended: bool,
}

impl CallLine {
    pub fn handle(&self) -> CallHandle {
        self.call
    }

    pub async fn command(&self, command: Command) {
        let _ = self.requests.send(Request::Command { call: self.call, command }).await;
    }

    /// The next event; `None` after [`Event::Ended`]. Cancel-safe.
    pub async fn event(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll_event(context)).await
    }

    /// As [`Self::event`], for whoever waits for several lines at once.
    pub fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Boxed: a channel sets aside room for 32 of them, for each call.
        let event = std::task::ready!(self.events.poll_recv(context)).map(|event| *event);
        self.ended = matches!(event, None | Some(Event::Ended { .. }));
        Poll::Ready(event)
    }
}

impl Drop for CallLine {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.requests.try_send(Request::Command { call: self.call, command: Command::HangUp });
        }
    }
}
