//! Ended dialogs, remembered for 64·T1: a BYE that crossed ours and late NOTIFYs still get their 200. PURE.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::super::transaction::{Io, PATIENCE, TimerKey};

/// Ended dialogs kept at once. The oldest is forgotten first: its late requests then get 481, which ends them too.
/// Half as many as server transactions, for a call leaves two of these. Tests fill a smaller table.
const MAX_ENDED: usize = if cfg!(test) { 64 } else { 50_000 };

/// What may still arrive for an ended dialog.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) call_id: Bytes,
    /// Our BYE ended it, so theirs may have crossed it.
    pub(super) by_us: bool,
    /// We sent a REFER, so NOTIFYs may come.
    pub(super) subscribed: bool,
}

/// Ended dialogs by our tag.
#[derive(Debug, Default)]
pub(super) struct Afterlife {
    dialogs: HashMap<String, Ended>,
    queue: VecDeque<(Instant, String)>,
}

impl Afterlife {
    pub(super) fn remember(&mut self, io: &mut Io, now: Instant, local_tag: String, ended: Ended) {
        if self.queue.len() >= MAX_ENDED {
            self.forget_oldest();
        }
        self.dialogs.insert(local_tag.clone(), ended);
        self.queue.push_back((now + PATIENCE, local_tag));
        self.rearm(io);
    }

    pub(super) fn get(&self, local_tag: &str, call_id: &[u8]) -> Option<&Ended> {
        self.dialogs.get(local_tag).filter(|ended| ended.call_id == call_id)
    }

    pub(super) fn handle_timer(&mut self, io: &mut Io, now: Instant) {
        while self.queue.front().is_some_and(|(at, _)| *at <= now) {
            self.forget_oldest();
        }
        self.rearm(io);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.dialogs.len().max(self.queue.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dialogs.is_empty() && self.queue.is_empty()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, tag)) = self.queue.pop_front() {
            self.dialogs.remove(&tag);
        }
    }

    fn rearm(&self, io: &mut Io) {
        match self.queue.front() {
            Some((at, _)) => io.timers.set(TimerKey::Afterlife, *at),
            None => io.timers.stop(TimerKey::Afterlife),
        }
    }
}
