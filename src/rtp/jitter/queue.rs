//! Packets in any order in, packets in sending order out.
//!
//! Owns: reordering, how long a missing packet is waited for, which packets came too late, the gaps between those
//! that came. Must not know: RTP headers, samples, the pace of play-out.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::packet::{Content, Packet, UNIT_RATE};
use crate::rtp::quality::Bursts;

/// Packets kept behind a gap, at most; one more and the gap is given up at once.
pub(super) const MAX_PACKETS: usize = 32;
/// Audio in order and not yet asked for, at most (1 s); the oldest is dropped.
pub(super) const MAX_READY: u32 = UNIT_RATE;
/// Packets without audio in order and not yet asked for, at most; the oldest is dropped.
pub(super) const MAX_ITEMS: usize = 1_000;
/// A jump of the timestamp beyond this is a restart of the sender's clock, not a pause (10 s).
pub(super) const MAX_JUMP: u32 = 10 * UNIT_RATE;

/// A packet in order.
#[derive(Debug)]
pub(super) struct Item {
    /// Units before it for which there is nothing.
    pub missing: u32,
    /// Packets are missing there; else the sender paused.
    pub lost: bool,
    pub content: Content,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Packets that wait behind a missing one, by index, with their arrival.
    waiting: BTreeMap<u64, (Instant, Packet)>,
    /// Index that comes next; unknown before a source's first packet.
    next_index: Option<u64>,
    /// Timestamp that comes next and its clock.
    next_timestamp: Option<(u32, u32)>,
    /// Packets were given up since the last one in order.
    skipped: bool,
    ready: VecDeque<Item>,
    /// Units of audio in `ready`.
    ready_units: u32,
    wait: Wait,
    late: u64,
    bursts: Bursts,
}

impl Queue {
    /// Packets that came after their place had been given up.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// What play-out found missing, lost or late.
    pub fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    /// Units before the next gap.
    pub fn available(&self) -> u32 {
        self.ready.iter().take_while(|item| item.missing == 0).map(|item| item.content.units()).sum()
    }

    /// Units in order, gaps included.
    #[cfg(test)]
    pub fn ready_units(&self) -> u32 {
        self.ready_units
    }

    /// Packets behind a gap, and in order.
    pub fn lengths(&self) -> (usize, usize) {
        (self.waiting.len(), self.ready.len())
    }

    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Forgets the source under way; what has arrived of it is still played.
    pub fn restart(&mut self) {
        for (_, (_, packet)) in std::mem::take(&mut self.waiting) {
            self.append(packet);
        }
        self.next_index = None;
        self.next_timestamp = None;
        self.skipped = false;
        self.wait.forget_gap();
    }

    /// As [`Self::restart`], and what has arrived is dropped.
    pub fn discard(&mut self) {
        self.waiting.clear();
        self.restart();
        self.ready.clear();
        self.ready_units = 0;
    }

    /// Takes a packet; `false` when its place has already been given up.
    pub fn insert(&mut self, now: Instant, index: u64, packet: Packet) -> bool {
        let next = *self.next_index.get_or_insert(index);
        if index < next {
            self.late += 1;
            self.wait.late(now, index);
            return false;
        }
        // As nearly all do: nothing has to wait.
        if index == next && self.waiting.is_empty() {
            self.wait.in_order();
            self.in_order(packet);
            return true;
        }
        if index > next && self.waiting.len() >= MAX_PACKETS {
            self.give_up_gap();
        }
        match self.waiting.values().map(|(arrival, _)| *arrival).min().filter(|_| self.fills_gap(index)) {
            Some(behind) => self.wait.reordered(now.saturating_duration_since(behind)),
            None => self.wait.in_order(),
        }
        self.waiting.insert(index, (now, packet));
        self.advance();
        true
    }

    /// Gives up what has been waited for long enough.
    pub fn expire(&mut self, now: Instant) {
        let wait = self.wait.current;
        while self.waiting.values().any(|(arrival, _)| now.saturating_duration_since(*arrival) >= wait) {
            self.give_up_gap();
        }
    }

    /// The missing packets before the first waiting one will not come.
    pub fn give_up_gap(&mut self) {
        if let Some((&first, &(arrival, _))) = self.waiting.first_key_value() {
            let next = self.next_index.unwrap_or(first);
            if first > next {
                self.bursts.lost(first - next);
                self.skipped = true;
                self.wait.gave_up(first, arrival);
            }
            self.next_index = Some(first);
            self.advance();
        }
    }

    /// The next packet, if there is no gap before it.
    pub fn take(&mut self) -> Option<Content> {
        if self.ready.front()?.missing > 0 {
            return None;
        }
        let item = self.ready.pop_front()?;
        self.ready_units -= item.content.units();
        Some(item.content)
    }

    /// The packet behind the gap that comes next.
    pub fn gap(&mut self) -> Option<&mut Item> {
        self.ready.front_mut().filter(|item| item.missing > 0)
    }

    fn fills_gap(&self, index: u64) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| index < *first)
    }

    /// Moves packets that are in order to `ready`.
    fn advance(&mut self) {
        while let Some(next) = self.next_index
            && let Some((_, packet)) = self.waiting.remove(&next)
        {
            self.in_order(packet);
        }
    }

    /// The packet that comes next.
    fn in_order(&mut self, packet: Packet) {
        self.next_index = self.next_index.map(|index| index + 1);
        self.bursts.arrived();
        self.append(packet);
    }

    fn append(&mut self, packet: Packet) {
        if let Content::Nothing = packet.content {
            return;
        }
        // After a change of the clock nothing is known of the distance.
        let (expected, clock) = self.next_timestamp.unwrap_or((packet.timestamp, packet.clock));
        let jump = if clock == packet.clock { packet.units_since(expected) } else { 0 };
        let missing = if jump <= MAX_JUMP { jump } else { 0 };
        let lost = std::mem::take(&mut self.skipped);
        // Comfort noise holds from its timestamp on; what comes after it is counted from there.
        self.next_timestamp = Some((packet.end(), packet.clock));
        self.ready_units += packet.content.units();
        self.ready.push_back(Item { missing, lost, content: packet.content });
        while (self.ready_units > MAX_READY || self.ready.len() > MAX_ITEMS)
            && let Some(oldest) = self.ready.pop_front()
        {
            self.ready_units -= oldest.content.units();
        }
    }
}

/// How long a missing packet is waited for: as long as late ones were seen to take.
#[derive(Debug)]
struct Wait {
    current: Duration,
    /// Packets in order since it last changed.
    calm: u32,
    /// First packet behind the last gap given up, and its arrival.
    given_up: Option<(u64, Instant)>,
}

impl Wait {
    /// Before anything is known. Within these bounds it follows the network.
    const INITIAL: Duration = Duration::from_millis(60);
    const LEAST: Duration = Duration::from_millis(40);
    const MOST: Duration = Duration::from_millis(120);
    /// Above the longest delay seen.
    const MARGIN: Duration = Duration::from_millis(10);
    /// In order for so many packets (10 s of 20 ms each): the network has become calmer.
    const CALM: u32 = 500;

    fn in_order(&mut self) {
        self.calm += 1;
        if self.calm >= Self::CALM {
            self.calm = 0;
            self.current = self.current.saturating_sub(Self::MARGIN).max(Self::LEAST);
        }
    }

    /// A packet came so much later than one sent after it.
    fn reordered(&mut self, by: Duration) {
        let wanted = by.saturating_add(Self::MARGIN).min(Self::MOST);
        if wanted >= self.current {
            self.current = wanted;
            self.calm = 0;
        } else {
            self.in_order();
        }
    }

    fn gave_up(&mut self, first: u64, arrival: Instant) {
        self.given_up = Some((first, arrival));
    }

    /// A packet came whose place was given up.
    fn late(&mut self, now: Instant, index: u64) {
        if let Some((first, arrival)) = self.given_up
            && index < first
        {
            self.reordered(now.saturating_duration_since(arrival));
        }
    }

    fn forget_gap(&mut self) {
        self.given_up = None;
    }
}

impl Default for Wait {
    fn default() -> Self {
        Self { current: Self::INITIAL, calm: 0, given_up: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Codec;
    use crate::testing::epoch;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn packet(n: u64) -> Packet {
        let content = Content::audio(Codec::Pcma, &[1; 160]).expect("20 ms");
        Packet { timestamp: 160 * n as u32, clock: 8_000, content }
    }

    #[test]
    fn a_missing_packet_is_waited_for_as_long_as_late_ones_take() {
        let (start, mut queue) = (epoch(), Queue::default());
        for n in 0..2_000u64 {
            queue.insert(start + ms(20 * n), n, packet(n));
        }
        assert_eq!(queue.wait.current, Wait::LEAST, "nothing was ever reordered");
        // The next is overtaken by three; it comes after it was given up, and later ones are waited for.
        let now = start + ms(40_000);
        for n in 2_001..2_004u64 {
            queue.insert(now + ms(20 * (n - 2_001)), n, packet(n));
            queue.expire(now + ms(20 * (n - 2_001)));
        }
        assert!(!queue.insert(now + ms(75), 2_000, packet(2_000)), "too late");
        assert_eq!((queue.late(), queue.wait.current), (1, ms(85)));
        queue.insert(now + ms(80), 2_005, packet(2_005));
        queue.expire(now + ms(160));
        assert!(queue.insert(now + ms(160), 2_004, packet(2_004)), "in time now");
        // However late some come: no longer than this.
        queue.insert(now + ms(200), 2_007, packet(2_007));
        queue.expire(now + ms(500));
        assert!(!queue.insert(now + ms(900), 2_006, packet(2_006)));
        assert_eq!(queue.wait.current, Wait::MOST);
    }

    #[test]
    fn clocks_of_any_rate_count_in_the_same_units() {
        let (start, mut queue) = (epoch(), Queue::default());
        let opus =
            |n: u64| Packet { timestamp: (u32::MAX - 1_000).wrapping_add(960 * n as u32), clock: 48_000, ..packet(0) };
        for n in [0, 1, 2, 5, 6] {
            queue.insert(start, n, opus(n));
        }
        queue.give_up_gap();
        assert_eq!(queue.available(), 3 * 160);
        (0..3).for_each(|_| assert!(queue.take().is_some()));
        let gap = queue.gap().expect("a gap");
        assert_eq!((gap.missing, gap.lost), (2 * 160, true));
    }
}
