//! Which work goes first, and what has no room. PURE.
//!
//! Owns: the order, the bound. Must not know: threads, engines, what the work is.
//!
//! Earliest deadline first, where the deadline of whoever waits in silence has passed: a turn that has ended goes before one
//! that is only pausing, the one that ended first before the others. What is done ahead comes last.

use std::time::{Duration, Instant};

/// Which work goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::speech) enum Urgency {
    /// Somebody waits on the line.
    Live,
    /// Somebody may wait soon: a caller is silent and may go on.
    Soon,
    /// Done ahead, when nobody waits.
    Ahead,
}

#[derive(Debug)]
struct Waiting<T> {
    urgency: Urgency,
    /// When it became so urgent.
    since: Instant,
    /// Order of arrival.
    number: u64,
    size: Duration,
    what: T,
}

impl<T> Waiting<T> {
    fn rank(&self) -> (Urgency, Instant, u64) {
        (self.urgency, self.since, self.number)
    }
}

/// Work that waits for a worker. It holds some dozens of jobs, so that a search costs less than keeping a heap in order
/// while jobs leave from its middle.
#[derive(Debug)]
pub(super) struct Queue<T> {
    bound: usize,
    arrived: u64,
    waiting: Vec<Waiting<T>>,
}

impl<T> Queue<T> {
    /// Room for `bound` jobs.
    pub fn new(bound: usize) -> Self {
        Self { bound, arrived: 0, waiting: Vec::new() }
    }

    /// Whether a job so urgent would stay: there is room, or something less urgent to give up.
    pub fn has_room(&self, urgency: Urgency) -> bool {
        self.waiting.len() < self.bound || self.waiting.iter().any(|waiting| waiting.urgency > urgency)
    }

    /// Takes a job of that size. Without room the job that would have gone last is handed back, be it this one.
    pub fn push(&mut self, now: Instant, urgency: Urgency, size: Duration, what: T) -> Option<T> {
        self.arrived += 1;
        self.waiting.push(Waiting { urgency, since: now, number: self.arrived, size, what });
        if self.waiting.len() <= self.bound {
            return None;
        }
        let last = self.waiting.iter().enumerate().max_by_key(|(_, waiting)| waiting.rank())?.0;
        Some(self.waiting.swap_remove(last).what)
    }

    /// The job that goes first, and its size.
    pub fn pop(&mut self) -> Option<(Duration, T)> {
        let first = self.waiting.iter().enumerate().min_by_key(|(_, waiting)| waiting.rank())?.0;
        let Waiting { size, what, .. } = self.waiting.swap_remove(first);
        Some((size, what))
    }

    /// Somebody waits for this job now. `false`: it is not here.
    pub fn hasten(&mut self, now: Instant, which: impl Fn(&T) -> bool) -> bool {
        let Some(waiting) = self.waiting.iter_mut().find(|waiting| which(&waiting.what)) else { return false };
        if waiting.urgency != Urgency::Live {
            (waiting.urgency, waiting.since) = (Urgency::Live, now);
        }
        true
    }

    /// Forgets what is not wanted any more.
    pub fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
        self.waiting.retain(|waiting| wanted(&waiting.what));
    }

    /// Everything, in no order.
    pub fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.waiting).into_iter().map(|waiting| waiting.what)
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Of all that waits.
    pub fn size(&self) -> Duration {
        self.waiting.iter().map(|waiting| waiting.size).sum()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a point in time from which virtual time counts")]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn order(queue: &mut Queue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop()).map(|(_, what)| what).collect()
    }

    #[test]
    fn ended_turns_go_before_pausing_ones_and_the_older_before_the_newer() {
        let (start, mut queue) = (Instant::now(), Queue::new(8));
        for (after, urgency, what) in [
            (0, Urgency::Ahead, 1),
            (1, Urgency::Soon, 2),
            (2, Urgency::Live, 3),
            (3, Urgency::Soon, 4),
            (4, Urgency::Live, 5),
            (4, Urgency::Live, 6),
        ] {
            assert_eq!(queue.push(start + after * S, urgency, S, what), None);
        }
        assert_eq!((queue.len(), queue.size()), (6, 6 * S));
        assert_eq!(order(&mut queue), [3, 5, 6, 2, 4, 1]);
        assert_eq!(queue.size(), Duration::ZERO);
    }

    #[test]
    fn a_turn_that_ends_takes_its_place_by_the_time_it_ended() {
        let (start, mut queue) = (Instant::now(), Queue::new(8));
        for what in 1..=4 {
            queue.push(start, if what == 4 { Urgency::Live } else { Urgency::Soon }, S, what);
        }
        assert!(queue.hasten(start + 2 * S, |what| *what == 2));
        assert!(queue.hasten(start + S, |what| *what == 3));
        assert!(!queue.hasten(start, |what| *what == 9));
        // Told twice, it does not lose its place.
        assert!(queue.hasten(start + 5 * S, |what| *what == 3));
        assert_eq!(order(&mut queue), [4, 3, 2, 1]);
    }

    #[test]
    fn a_full_queue_gives_up_what_would_have_gone_last() {
        let (start, mut queue) = (Instant::now(), Queue::new(2));
        assert_eq!(queue.push(start, Urgency::Soon, S, 1), None);
        assert_eq!(queue.push(start + S, Urgency::Soon, S, 2), None);
        assert!(!queue.has_room(Urgency::Soon) && queue.has_room(Urgency::Live));
        assert_eq!(queue.push(start + 2 * S, Urgency::Soon, S, 3), Some(3), "the newest");
        assert_eq!(queue.push(start + 3 * S, Urgency::Live, S, 4), Some(2), "room for who waits");
        assert_eq!(queue.push(start + 4 * S, Urgency::Live, S, 5), Some(1));
        assert!(!queue.has_room(Urgency::Live));
        assert_eq!(queue.push(start + 5 * S, Urgency::Live, S, 6), Some(6));
        assert_eq!(order(&mut queue), [4, 5]);
    }

    #[test]
    fn what_is_overtaken_makes_room_at_once() {
        let (start, mut queue) = (Instant::now(), Queue::new(2));
        queue.push(start, Urgency::Live, S, 1);
        queue.push(start, Urgency::Soon, 2 * S, 2);
        queue.retain(|what| *what != 1);
        assert_eq!((queue.len(), queue.size()), (1, 2 * S));
        assert_eq!(queue.push(start, Urgency::Soon, S, 3), None);
        assert_eq!(queue.take_all().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(queue.len(), 0);
    }
}
