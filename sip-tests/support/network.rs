//! What a bad network does to packets, from a seed: loss in runs (Gilbert–Elliott), delays that let packets overtake each
//! other, duplicates; and what it has done. PURE: must not know sockets or the clock.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Out of the bad state after 2.5 packets on average.
const LEAVE_BAD: f64 = 0.4;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// Share of packets lost, in runs of 2.5.
    pub loss: f64,
    /// Delay of each packet, uniform over 0 to this.
    pub jitter: Duration,
    /// Share of packets that arrive twice, each with a delay of its own.
    pub duplicates: f64,
}

impl Network {
    pub const CLEAR: Network = Network { loss: 0.0, jitter: Duration::ZERO, duplicates: 0.0 };
    /// What calls have to survive.
    pub const BAD: Network = Network { loss: 0.05, jitter: Duration::from_millis(60), duplicates: 0.01 };
}

/// One direction of a network.
#[derive(Debug)]
pub struct Way {
    network: Network,
    random: SmallRng,
    bad: bool,
    pub done: Done,
}

/// What a way has done to packets of RTP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    pub taken: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub delivered: u64,
    /// Left after a packet that had come later.
    pub overtaken: u64,
    /// Ticks of the RTP clock from one packet to the next, of the last two in a row.
    pub packet_ticks: u32,
    last: Option<(u16, u32)>,
    newest: Option<u64>,
    delay_before: Option<Duration>,
    jitter_ms: f64,
}

impl Way {
    pub fn new(network: Network, seed: u64) -> Self {
        Self { network, random: SmallRng::seed_from_u64(seed), bad: false, done: Done::default() }
    }

    /// The delays after which a packet arrives: none when it is lost, two when it is doubled.
    pub fn carry(&mut self) -> Vec<Duration> {
        let enter_bad = LEAVE_BAD * self.network.loss / (1.0 - self.network.loss);
        self.bad = match self.bad {
            true => !self.random.random_bool(LEAVE_BAD),
            false => self.random.random_bool(enter_bad),
        };
        self.done.taken += 1;
        if self.bad {
            self.done.lost += 1;
            return Vec::new();
        }
        let copies = 1 + usize::from(self.random.random_bool(self.network.duplicates));
        self.done.duplicated += copies as u64 - 1;
        let longest = self.network.jitter.as_micros() as u64;
        (0..copies).map(|_| Duration::from_micros(self.random.random_range(0..=longest))).collect()
    }
}

impl Done {
    /// Reads the header of a packet that came (RFC 3550 §5.1); `false` when it is none of RTP's.
    pub fn note(&mut self, packet: &[u8]) -> bool {
        let [first, kind, n1, n2, t1, t2, t3, t4, ..] = *packet else { return false };
        if first >> 6 != 2 || (64..=95).contains(&(kind & 0x7F)) {
            return false;
        }
        let (number, timestamp) = (u16::from_be_bytes([n1, n2]), u32::from_be_bytes([t1, t2, t3, t4]));
        if let Some((last, before)) = self.last
            && number == last.wrapping_add(1)
            && timestamp != before
        {
            self.packet_ticks = timestamp.wrapping_sub(before);
        }
        self.last = Some((number, timestamp));
        true
    }

    /// The `order`th packet that came arrives now, having taken this long.
    pub fn deliver(&mut self, order: u64, delay: Duration) {
        self.delivered += 1;
        self.overtaken += u64::from(self.newest.is_some_and(|newest| order < newest));
        self.newest = self.newest.max(Some(order));
        if let Some(before) = self.delay_before.replace(delay) {
            // RFC 3550 §6.4.1: the sender's clock is even, so that the difference of transit times is that of the delays.
            let difference = delay.as_secs_f64() - before.as_secs_f64();
            self.jitter_ms += (difference.abs() * 1_000.0 - self.jitter_ms) / 16.0;
        }
    }

    /// Interarrival jitter as RFC 3550 §6.4.1 counts it, at the way's end.
    pub fn jitter_ms(&self) -> f64 {
        self.jitter_ms
    }

    pub fn lost_percent(&self) -> f64 {
        100.0 * self.lost as f64 / self.taken.max(1) as f64
    }
}

#[test]
fn a_way_loses_doubles_and_delays_as_it_says() {
    let mut way = Way::new(Network::BAD, 7);
    let (mut runs, mut lost_before, mut longest, mut sum) = (0, false, Duration::ZERO, 0.0);
    let packets = 200_000;
    for _ in 0..packets {
        let arrivals = way.carry();
        runs += u32::from(arrivals.is_empty() && !lost_before);
        lost_before = arrivals.is_empty();
        longest = longest.max(arrivals.iter().copied().max().unwrap_or_default());
        sum += arrivals.first().map_or(0.0, Duration::as_secs_f64);
    }
    let done = way.done;
    assert!((4.7..5.3).contains(&done.lost_percent()), "{done:?}");
    assert!((2.4..2.6).contains(&(done.lost as f64 / f64::from(runs))), "{runs} runs of {} packets", done.lost);
    assert!((1_700..2_100).contains(&done.duplicated), "{done:?}");
    assert!(longest <= Network::BAD.jitter && longest > Duration::from_millis(59), "{longest:?}");
    let mean = sum / (done.taken - done.lost) as f64;
    assert!((0.0295..0.0305).contains(&mean), "mean delay {mean} s");
}

#[test]
fn the_same_seed_does_the_same() {
    let carried = |seed| {
        let mut way = Way::new(Network::BAD, seed);
        (0..1_000).map(|_| way.carry()).collect::<Vec<_>>()
    };
    assert_eq!(carried(3), carried(3));
    assert_ne!(carried(3), carried(4));
}

#[test]
fn a_clear_network_does_nothing() {
    let mut way = Way::new(Network::CLEAR, 1);
    assert!((0..10_000).all(|_| way.carry() == [Duration::ZERO]));
}

#[test]
fn packets_that_overtake_and_their_jitter_are_counted() {
    let mut done = Done::default();
    let packet = |number: u8, ticks: u8| [0x80, 8, 0, number, 0, 0, 0, ticks, 0, 0, 0, 1];
    assert!(done.note(&packet(1, 0)) && done.note(&packet(2, 240)));
    assert_eq!(done.packet_ticks, 240);
    // A receiver report, and what is too short.
    assert!(!done.note(&[0x80, 201, 0, 1, 0, 0, 0, 1]) && !done.note(&[0x80, 8]));
    done.deliver(1, Duration::from_millis(10));
    done.deliver(3, Duration::from_millis(10));
    done.deliver(2, Duration::from_millis(26));
    assert_eq!((done.delivered, done.overtaken), (3, 1));
    assert!((done.jitter_ms() - 1.0).abs() < 1e-9, "{done:?}");
}
