//! When the next report is due (RFC 3550 §6.2, §6.3, A.7).
//!
//! Owns: the interval, its randomisation, reconsideration. Must not know: what a report holds.

use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;

/// Least time between reports; half of it before the first one (§6.2).
const LEAST: Duration = Duration::from_secs(5);
/// Randomisation over 0.5 to 1.5 with reconsideration makes reports this much more frequent than intended (§6.3.1).
const COMPENSATION: f64 = std::f64::consts::E - 1.5;
/// Octets of a report before one was seen, with IP and UDP.
const FIRST_SIZE: f64 = 120.0;
/// IPv4 and UDP headers, counted by §6.2.
const HEADERS: usize = 28;
/// Share of the control bandwidth for senders when they are few (§6.2).
const SENDERS_SHARE: f64 = 0.25;

#[derive(Debug)]
pub(super) struct Schedule {
    /// Octets a second for all control traffic: 5 % of the session's.
    bandwidth: f64,
    /// Mean size of reports, ours and theirs, octets.
    size: f64,
    /// Time of the last report, and of the next.
    last: Option<Instant>,
    next: Option<Instant>,
    /// Members known when `next` was computed.
    members: u32,
    first: bool,
}

/// Who is in the session, at this moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership {
    pub members: u32,
    pub senders: u32,
    pub we_sent: bool,
}

impl Schedule {
    /// For a session of so many octets a second, headers included.
    pub fn new(session_bandwidth: f64) -> Self {
        Self { bandwidth: session_bandwidth * 0.05, size: FIRST_SIZE, last: None, next: None, members: 1, first: true }
    }

    pub fn start(&mut self, now: Instant, membership: Membership, random: &mut StdRng) {
        if self.next.is_none() {
            self.last = Some(now);
            self.plan(now, membership, random);
        }
    }

    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether to report now: the time has come, and still has with what is known by now (reconsideration, §6.3.6).
    pub fn is_due(&mut self, now: Instant, membership: Membership, random: &mut StdRng) -> bool {
        if self.next.is_none_or(|next| now < next) {
            return false;
        }
        let since = self.last.unwrap_or(now);
        self.plan(since, membership, random);
        if self.next.is_some_and(|next| next > now) {
            return false;
        }
        self.last = Some(now);
        self.first = false;
        self.plan(now, membership, random);
        true
    }

    /// A report came or left.
    pub fn note_size(&mut self, octets: usize) {
        self.size += ((octets + HEADERS) as f64 - self.size) / 16.0;
    }

    /// A member has left: what is left of the interval shrinks with the session (reverse reconsideration, §6.3.4).
    pub fn member_left(&mut self, now: Instant, membership: Membership) {
        let share = f64::from(membership.members) / f64::from(self.members.max(1));
        if share < 1.0 {
            self.next = self.next.map(|next| now + next.saturating_duration_since(now).mul_f64(share));
            self.last = self
                .last
                .map(|last| now.checked_sub(now.saturating_duration_since(last).mul_f64(share)).unwrap_or(last));
            self.members = membership.members;
        }
    }

    fn plan(&mut self, from: Instant, membership: Membership, random: &mut StdRng) {
        self.members = membership.members;
        self.next = Some(from + self.interval(membership, random.random()));
    }

    /// A.7. `random` is uniform over 0 to 1.
    fn interval(&self, Membership { members, senders, we_sent }: Membership, random: f64) -> Duration {
        let least = if self.first { LEAST / 2 } else { LEAST }.as_secs_f64();
        let (members, senders) = (f64::from(members), f64::from(senders));
        let (sharing, bandwidth) = match (senders <= members * SENDERS_SHARE, we_sent) {
            (false, _) => (members, self.bandwidth),
            (true, true) => (senders, self.bandwidth * SENDERS_SHARE),
            (true, false) => (members - senders, self.bandwidth * (1.0 - SENDERS_SHARE)),
        };
        let interval = (self.size * sharing / bandwidth).max(least);
        Duration::from_secs_f64(interval * (random + 0.5) / COMPENSATION)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::testing::epoch;

    const TWO: Membership = Membership { members: 2, senders: 2, we_sent: true };

    #[test]
    fn two_in_a_call_report_about_every_five_seconds() {
        let (mut now, mut random) = (epoch(), StdRng::seed_from_u64(1));
        let mut schedule = Schedule::new(10_000.0);
        schedule.start(now, TWO, &mut random);
        let mut reports = Vec::new();
        while reports.len() < 400 {
            now = schedule.next().expect("a plan");
            if schedule.is_due(now, TWO, &mut random) {
                reports.push(now);
                schedule.note_size(80);
            }
        }
        let first = reports[0].duration_since(epoch()).as_secs_f64();
        assert!((1.0..=3.2).contains(&first), "{first}");
        let gaps: Vec<f64> = reports.windows(2).map(|w| w[1].duration_since(w[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((4.5..=5.5).contains(&mean), "{mean}");
        // §6.3.1: the interval divided by e - 3/2 varies over 0.5 to 1.5 times itself.
        assert!(gaps.iter().all(|gap| (5.0 * 0.5 / COMPENSATION..=5.0 * 1.5 / COMPENSATION + 0.01).contains(gap)));
        assert!(gaps.iter().any(|gap| *gap > 5.5) && gaps.iter().any(|gap| *gap < 3.5), "randomised");
    }

    #[test]
    fn a_thin_line_or_a_crowd_makes_it_longer() {
        let schedule = Schedule::new(100.0);
        // 120 octets for each of two members through 5 octets a second.
        assert!((schedule.interval(TWO, 0.5).as_secs_f64() - 48.0 / COMPENSATION).abs() < 1e-6);
        let crowd = Membership { members: 100, senders: 1, we_sent: false };
        assert_eq!(schedule.interval(crowd, 0.5).as_secs_f64().round(), (120.0 * 99.0 / 3.75 / COMPENSATION).round());
        let speaker = Membership { we_sent: true, ..crowd };
        assert_eq!(schedule.interval(speaker, 0.5).as_secs_f64().round(), (120.0 / 1.25 / COMPENSATION).round());
    }

    #[test]
    fn when_a_member_leaves_the_rest_report_sooner() {
        let (now, mut random) = (epoch(), StdRng::seed_from_u64(2));
        let mut schedule = Schedule::new(10_000.0);
        schedule.start(now, TWO, &mut random);
        let before = schedule.next().expect("a plan").duration_since(now);
        schedule.member_left(now, Membership { members: 1, ..TWO });
        let after = schedule.next().expect("a plan").duration_since(now);
        assert_eq!(after, before / 2);
    }
}
