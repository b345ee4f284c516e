//! What play-out costs in bad networks, measured in virtual time: delay, late packets, concealment. The table printed
//! here stands in `docs/rtp.md`: `cargo test --no-default-features --lib rtp::jitter::table -- --nocapture`.

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::{Content, JitterBuffer, Packet};
use crate::audio::{Codec, g711};
use crate::rtp::{Frame, Playout};
use crate::testing::epoch;

/// Mean run of lost packets: what Gilbert–Elliott gives for a bad state left with probability 0.4.
const LEAVE_BAD: f64 = 0.4;

/// A network.
#[derive(Debug, Clone, Copy)]
struct Network {
    /// Share of packets lost, in runs of 2.5.
    loss: f64,
    /// Delay of each packet, uniform over 0 to this, ms.
    jitter: u64,
    /// Packets overtake each other; else a late one delays those behind it, as queues do.
    reorders: bool,
    /// The sender's clock is faster by this, millionths.
    skew: i64,
    /// Packets sent.
    packets: u64,
}

const CALM: Network = Network { loss: 0.0, jitter: 0, reorders: true, skew: 0, packets: 15_000 };

#[derive(Debug)]
struct Outcome {
    /// Arrival to play-out, ms: what the buffer itself adds.
    added: f64,
    /// Sending to play-out, ms: mean and 95th percentile.
    mean: f64,
    p95: f64,
    /// Per cent of the packets sent.
    lost: f64,
    late: f64,
    /// Per cent of the frames given out.
    concealed: f64,
    /// Frames of audio left out, per cent of those sent.
    dropped: f64,
}

impl Network {
    /// Arrival and number of each packet that arrives, in order of arrival, µs.
    fn arrivals(&self, random: &mut SmallRng) -> Vec<(u64, u64)> {
        let enter_bad = LEAVE_BAD * self.loss / (1.0 - self.loss);
        let (mut bad, mut last) = (false, 0);
        let mut arrivals = Vec::new();
        for n in 0..self.packets {
            bad = if bad { !random.random_bool(LEAVE_BAD) } else { random.random_bool(enter_bad) };
            let delay = random.random_range(0..=self.jitter * 1_000);
            let arrival = self.sent(n) + delay;
            last = if self.reorders { arrival } else { arrival.max(last) };
            if !bad {
                arrivals.push((last, n));
            }
        }
        arrivals.sort();
        arrivals
    }

    /// When a packet leaves, µs.
    fn sent(&self, n: u64) -> u64 {
        (20_000 * n as i64 * 1_000_000 / (1_000_000 + self.skew)) as u64
    }
}

/// The 20 ms of one packet: a code for its number, quiet for one in five as speech is.
fn code(n: u64) -> u8 {
    // A-law codes of one sign in order of size, from 0x55 (least) on.
    let size = if n % 40 >= 32 { n % 5 } else { 64 + n % 60 };
    size as u8 ^ 0x55
}

/// Number of the packet a frame was made from, near the one expected.
fn number(frame: &Frame, expected: u64) -> Option<u64> {
    // The end of a frame, where no concealment is blended in.
    let heard = g711::encode(Codec::Pcma, &frame.samples[159..])[0];
    (0..400).flat_map(|off| [expected + off, expected.saturating_sub(off)]).find(|n| code(*n) == heard)
}

fn run(playout: Playout, network: Network, seed: u64) -> Outcome {
    let start = epoch();
    let mut buffer = JitterBuffer::new(playout);
    let arrivals = network.arrivals(&mut SmallRng::seed_from_u64(seed));
    let arrived: std::collections::HashMap<u64, u64> = arrivals.iter().map(|(at, n)| (*n, *at)).collect();
    // A stream's first packets decide where it begins.
    let mut events: Vec<(u64, Option<u64>)> = arrivals.iter().map(|(at, n)| (*at, Some(*n))).collect();
    events.extend((0..network.packets).map(|tick| (20_000 * tick + 7_000, None)));
    events.sort();
    let (mut delays, mut added, mut expected, mut frames) = (Vec::new(), 0.0, 0, 0u64);
    for (at, packet) in events {
        let now = start + Duration::from_micros(at);
        if let Some(n) = packet {
            let content = Content::audio(Codec::Pcma, &[code(n); 160]).expect("20 ms");
            buffer.insert(now, 65_536 + n, Packet { timestamp: 160 * n as u32, clock: 8_000, content });
        }
        for frame in std::iter::from_fn(|| buffer.pop(now)) {
            frames += 1;
            if frame.received
                && let Some(n) = number(&frame, expected)
                && let Some(arrival) = arrived.get(&n)
            {
                expected = n + 1;
                delays.push((at - network.sent(n).min(at)) as f64 / 1_000.0);
                added += at.saturating_sub(*arrival) as f64 / 1_000.0;
            }
        }
        check_clock(playout, frames, now.duration_since(start));
    }
    let count = delays.len().max(1);
    delays.sort_by(f64::total_cmp);
    let played = buffer.played_out();
    let percent = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    Outcome {
        added: added / count as f64,
        mean: delays.iter().sum::<f64>() / count as f64,
        p95: delays[(count - 1) * 95 / 100],
        lost: percent(network.packets - arrivals.len() as u64, network.packets),
        late: percent(played.late, network.packets),
        concealed: percent(played.concealed, played.played + played.concealed),
        dropped: percent(played.dropped, network.packets),
    }
}

/// The contract with the turn detector.
fn check_clock(playout: Playout, frames: u64, elapsed: Duration) {
    let (given, real) = (frames as u128 * 20, elapsed.as_millis());
    match playout {
        Playout::Prompt => assert!(given <= real + 220 && given + 320 >= real, "{given} ms in {real} ms"),
        Playout::Smooth => assert!(given <= real + 20 && given + 40 >= real, "{given} ms in {real} ms"),
    }
}

/// One line of the table, and the bounds it must keep: mean delay (ms), late and concealed beyond the loss (per cent).
struct Row {
    network: Network,
    prompt: [f64; 3],
    smooth: [f64; 3],
}

fn rows() -> Vec<Row> {
    let row = |network, prompt, smooth| Row { network, prompt, smooth };
    let lossy = |loss| Network { loss, ..CALM };
    let jittery = |jitter| Network { jitter, ..CALM };
    let queued = |jitter| Network { jitter, reorders: false, ..CALM };
    let skewed = |skew, jitter| Network { skew, jitter, packets: 45_000, ..CALM };
    vec![
        row(CALM, [0.0, 0.0, 0.0], [20.5, 0.0, 0.05]),
        row(lossy(0.01), [0.5, 0.0, 0.1], [20.5, 0.0, 0.1]),
        row(lossy(0.05), [2.0, 0.0, 0.1], [21.0, 0.0, 0.1]),
        row(lossy(0.10), [4.0, 0.0, 0.2], [21.0, 0.0, 0.1]),
        row(lossy(0.20), [8.0, 0.0, 0.3], [22.0, 0.0, 0.2]),
        row(jittery(20), [11.0, 0.05, 0.05], [30.0, 0.05, 0.05]),
        row(jittery(40), [22.0, 0.05, 0.05], [50.0, 0.1, 0.1]),
        row(jittery(60), [35.0, 0.05, 0.05], [70.0, 0.1, 0.1]),
        row(jittery(120), [80.0, 0.1, 0.1], [130.0, 0.2, 0.2]),
        row(queued(60), [35.0, 0.0, 0.05], [70.0, 0.0, 0.1]),
        row(queued(120), [80.0, 0.0, 0.05], [130.0, 0.0, 0.1]),
        row(Network { loss: 0.05, ..jittery(60) }, [38.0, 0.1, 0.2], [70.0, 0.5, 0.3]),
        row(Network { loss: 0.20, ..jittery(120) }, [100.0, 0.1, 0.5], [130.0, 3.0, 0.3]),
        row(skewed(300, 0), [0.5, 0.0, 0.05], [22.0, 0.0, 0.1]),
        row(skewed(-300, 0), [0.5, 0.0, 0.05], [22.0, 0.0, 0.1]),
        row(skewed(300, 20), [11.0, 0.05, 0.05], [40.0, 0.05, 0.1]),
        row(skewed(-300, 20), [11.0, 0.05, 0.05], [35.0, 0.05, 0.1]),
    ]
}

fn print(playout: Playout, bounds: impl Fn(&Row) -> [f64; 3]) {
    println!(
        "{playout:?}: loss % | jitter ms | skew ppm | added ms | mean ms | p95 ms | late % | concealed % | dropped %"
    );
    let mut broken = Vec::new();
    for row in rows() {
        let Network { jitter, reorders, skew, .. } = row.network;
        let seen = run(playout, row.network, 20);
        let kind = if reorders { "" } else { " (queue)" };
        println!(
            "| {:.1} | {jitter}{kind} | {skew} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.2} |",
            seen.lost, seen.added, seen.mean, seen.p95, seen.late, seen.concealed, seen.dropped
        );
        let [mean, late, concealed] = bounds(&row);
        if seen.mean > mean || seen.late > late || seen.concealed > seen.lost + seen.late + concealed {
            broken.push(format!("{:?}: {seen:?}", row.network));
        }
    }
    assert!(broken.is_empty(), "beyond what is promised:\n{}", broken.join("\n"));
}

#[test]
fn the_agent_hears_as_soon_as_the_network_allows() {
    print(Playout::Prompt, |row| row.prompt);
}

#[test]
fn a_person_hears_without_holes() {
    print(Playout::Smooth, |row| row.smooth);
}

#[test]
fn a_clean_network_adds_nothing() {
    for ptime in [1u64, 2, 3] {
        let start = epoch();
        let mut buffer = JitterBuffer::new(Playout::Prompt);
        let mut frames = 0;
        for n in 0..500u64 {
            let now: Instant = start + Duration::from_millis(20 * ptime * n);
            let content = Content::audio(Codec::Pcma, &vec![7; 160 * ptime as usize]).expect("audio");
            buffer.insert(now, n, Packet { timestamp: (160 * ptime * n) as u32, clock: 8_000, content });
            frames += std::iter::from_fn(|| buffer.pop(now)).filter(|frame| frame.received).count() as u64;
            assert_eq!(frames, ptime * (n + 1), "all of it, at once");
        }
    }
}
