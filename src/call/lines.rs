//! The lines of one call: one for each of its legs.
//!
//! Owns: which line is whose, waiting for all of them at once. Must not know: what legs are for.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tracing::warn;

use super::machine::LegId;
use crate::net::{CallLine, SipHandle};
use crate::sip::{Command, Dial, EndCause, Event};

/// Every line ends with [`Event::Ended`], also one that could not be opened.
pub(super) struct Lines {
    sip: SipHandle,
    open: Vec<(LegId, CallLine)>,
    /// Legs that ended without a line.
    failed: Vec<LegId>,
}

impl Lines {
    /// `sip` places further calls.
    pub fn new(sip: SipHandle, leg: LegId, line: CallLine) -> Lines {
        Lines { sip, open: vec![(leg, line)], failed: Vec::new() }
    }

    pub async fn dial(&mut self, leg: LegId, dial: Dial) {
        match self.sip.dial(dial).await {
            Ok(line) => self.open.push((leg, line)),
            Err(error) => {
                warn!(%error, "a call could not be placed");
                self.failed.push(leg);
            }
        }
    }

    /// A leg that has ended needs nothing more.
    pub async fn command(&mut self, leg: LegId, command: Command) {
        if let Some((_, line)) = self.open.iter().find(|(of, _)| *of == leg) {
            line.command(command).await;
        }
    }

    /// The next event of any leg; waits for ever when none is left. Cancel-safe.
    pub async fn event(&mut self) -> (LegId, Event) {
        poll_fn(|context| self.poll_event(context)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<(LegId, Event)> {
        if let Some(leg) = self.failed.pop() {
            return Poll::Ready((leg, Event::Ended { cause: EndCause::Refused(503) }));
        }
        for index in 0..self.open.len() {
            let (leg, line) = &mut self.open[index];
            if let Poll::Ready(event) = line.poll_event(context) {
                let leg = *leg;
                // The signalling has given the line up, or stopped: nothing more is to be heard of it.
                let event = event.unwrap_or(Event::Ended { cause: EndCause::Timeout });
                if matches!(event, Event::Ended { .. }) {
                    self.open.swap_remove(index);
                }
                return Poll::Ready((leg, event));
            }
        }
        Poll::Pending
    }
}
