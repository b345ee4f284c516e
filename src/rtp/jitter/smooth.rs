//! Play-out to a person: one frame every 20 ms, without hurry and without holes.
//!
//! Owns: how much audio is held back, how that amount changes unheard. Must not know: RTP headers, codecs.
//!
//! Audio is held back by what the network's delay varied of late ([`Arrivals`]). Changes are made where the speaker
//! pauses: a quiet frame is left out or one is added. Nothing to play is filled by concealment and holds the audio
//! after it back; more than [`MAX_EXCESS`] too much is cut at once.

use std::time::{Duration, Instant};

use super::packet::{Content, FRAME_UNITS, Packet, UNIT_RATE};
use super::playback::Playback;
use super::queue::{MAX_JUMP, Queue};
use crate::audio::FRAME_MS;
use crate::rtp::Frame;
use crate::rtp::quality::{Bursts, PlayedOut};

const FRAME: Duration = Duration::from_millis(FRAME_MS);
const FRAME_LENGTH: i64 = FRAME_UNITS as i64;
/// Off the wanted delay by less than this, nothing is changed (10 ms).
const TOLERANCE: i64 = FRAME_LENGTH / 2;
/// Held back by so much more than wanted (200 ms): cut at once, whatever is being said.
const MAX_EXCESS: i64 = 10 * FRAME_LENGTH;
/// Whoever asks after a longer time starts anew.
const MAX_BEHIND: Duration = Duration::from_secs(1);
/// A frame this much below the loudest of late (18 dB) is a pause, or below this peak (-45 dBFS) in any case.
const QUIET_RATIO: f32 = 0.125;
const QUIET_PEAK: f32 = 180.0;
/// The loudest of late falls by half in 3 s.
const LOUD_DECAY: f32 = 0.9954;

#[derive(Debug, Default)]
pub(in crate::rtp) struct Smooth {
    queue: Queue,
    playback: Playback,
    arrivals: Arrivals,
    /// When the next frame leaves.
    due: Option<Instant>,
    /// What is played next, in units of the source's time; unknown until its first packet is due.
    position: Option<i64>,
    started: bool,
    /// Units of concealment given out since the last audio.
    filled: u32,
    loudest: f32,
    dropped: u64,
}

impl Smooth {
    pub fn played_out(&self) -> PlayedOut {
        PlayedOut {
            played: self.playback.played(),
            concealed: self.playback.concealed(),
            late: self.queue.late(),
            dropped: self.dropped,
        }
    }

    pub fn bursts(&self) -> &Bursts {
        self.queue.bursts()
    }

    /// Packets kept.
    pub fn held(&self) -> usize {
        let (waiting, ready) = self.queue.lengths();
        waiting + ready
    }

    /// Forgets the source under way and what has arrived of it.
    pub fn restart(&mut self) {
        self.queue.discard();
        self.arrivals = Arrivals::default();
        self.position = None;
        self.started = false;
    }

    /// Takes a packet; `false` when its place has already been played.
    pub fn insert(&mut self, now: Instant, index: u64, packet: Packet) -> bool {
        if let Content::Audio { .. } = packet.content {
            let media = self.arrivals.note(now, &packet);
            self.position.get_or_insert(media);
        }
        self.queue.insert(now, index, packet)
    }

    /// The next frame, one every 20 ms.
    pub fn pop(&mut self, now: Instant) -> Option<Frame> {
        let due = *self.due.get_or_insert(now);
        if now < due {
            return None;
        }
        let due = if now.saturating_duration_since(due) > MAX_BEHIND { now } else { due };
        self.due = Some(due + FRAME);
        Some(self.tick(now))
    }

    fn tick(&mut self, now: Instant) -> Frame {
        let (Some(position), Some(wanted)) = (self.position, self.arrivals.wanted(now)) else {
            return self.playback.fill(None);
        };
        // How much later than wanted the next frame is.
        let excess = wanted - position;
        if !self.started {
            if excess < 0 {
                return self.playback.fill(None);
            }
            self.started = true;
        }
        self.gather(excess);
        if self.playback.units() < FRAME_UNITS {
            return self.fill();
        }
        let quiet = self.is_quiet();
        if excess < -TOLERANCE && quiet {
            // As much again as is missing, without going on.
            return self.playback.fill(None);
        }
        if excess >= FRAME_LENGTH + TOLERANCE && quiet || excess >= MAX_EXCESS {
            self.playback.skip();
            self.dropped += 1;
            self.advance(FRAME_LENGTH);
            self.gather(excess - FRAME_LENGTH);
            if self.playback.units() < FRAME_UNITS {
                return self.fill();
            }
        }
        self.filled = 0;
        self.advance(FRAME_LENGTH);
        self.playback.frame()
    }

    /// Decodes what comes before the next gap, up to a frame; a missing packet is given up once it is due.
    fn gather(&mut self, excess: i64) {
        while self.playback.units() < FRAME_UNITS {
            if let Some(content) = self.queue.take() {
                self.playback.push(content);
            } else if let Some(item) = self.queue.gap() {
                // Part of it has been given out while nothing arrived.
                let covered = item.missing.min(std::mem::take(&mut self.filled));
                item.missing -= covered;
                let open = item.missing > 0;
                self.advance(i64::from(covered));
                if open {
                    return;
                }
            } else if self.queue.is_waiting() && excess >= 0 {
                self.queue.give_up_gap();
            } else {
                return;
            }
        }
    }

    /// A frame for which there is nothing.
    fn fill(&mut self) -> Frame {
        let missing = FRAME_UNITS - self.playback.units();
        let mut next = None;
        if let Some(item) = self.queue.gap() {
            item.missing -= item.missing.min(missing);
            if item.missing == 0 {
                next = Some(&item.content);
            }
            self.position = self.position.map(|position| position + FRAME_LENGTH);
        } else {
            self.filled = (self.filled + missing).min(MAX_JUMP);
            self.position = self.position.map(|position| position + FRAME_LENGTH - i64::from(missing));
        }
        self.playback.fill(next)
    }

    fn advance(&mut self, units: i64) {
        self.position = self.position.map(|position| position + units);
    }

    fn is_quiet(&mut self) -> bool {
        let peak = f32::from(self.playback.next_peak());
        self.loudest = (self.loudest * LOUD_DECAY).max(peak);
        peak < QUIET_PEAK.max(self.loudest * QUIET_RATIO)
    }
}

/// When packets came, against when they were sent: how much to hold back.
#[derive(Debug, Default)]
struct Arrivals {
    /// First arrival, and the timestamp seen last with its place in the source's time.
    origin: Option<Instant>,
    last: Option<(u32, u32, i64)>,
    /// Least transit of this and of the last stretch, µs, and when this one began.
    least: Option<[i64; 2]>,
    stretch: Option<Instant>,
    /// Share of packets that took so much longer than the fastest, in steps of [`STEP`](Self::STEP).
    histogram: Vec<f32>,
}

impl Arrivals {
    const STEP: i64 = 5_000;
    /// Longest delay held back: 300 ms.
    const STEPS: usize = 60;
    /// What of the past still counts at the next packet: half of it after 7 s.
    const KEPT: f32 = 0.998;
    /// Share of packets that is to be in time.
    const IN_TIME: f32 = 0.985;
    /// The fastest packet is looked for over 10 to 20 s, so that a clock's drift shows little (6 ms at 300 ppm).
    const STRETCH: Duration = Duration::from_secs(10);

    /// Notes an arrival; gives the packet's place in the source's time, in units.
    fn note(&mut self, now: Instant, packet: &Packet) -> i64 {
        let origin = *self.origin.get_or_insert(now);
        let media = match self.last {
            Some((timestamp, clock, media)) if clock == packet.clock => {
                let distance = i64::from(packet.timestamp.wrapping_sub(timestamp) as i32);
                let units = distance * i64::from(UNIT_RATE) / i64::from(clock.max(1));
                // Beyond, the sender's clock has restarted.
                media + if units.abs() <= i64::from(MAX_JUMP) { units } else { 0 }
            }
            Some((_, _, media)) => media,
            None => 0,
        };
        self.last = Some((packet.timestamp, packet.clock, media));
        let transit = micros(now, origin) - media * 125;
        let started = *self.stretch.get_or_insert(now);
        let least = self.least.get_or_insert([transit; 2]);
        if now.saturating_duration_since(started) >= Self::STRETCH {
            *least = [transit, least[0]];
            self.stretch = Some(now);
        }
        least[0] = least[0].min(transit);
        let longer = transit - least[0].min(least[1]);
        if self.histogram.is_empty() {
            self.histogram = vec![0.0; Self::STEPS + 1];
            // Until more is known: one frame.
            self.histogram[(FRAME_MS as i64 * 1_000 / Self::STEP) as usize] = 0.05;
        }
        for share in &mut self.histogram {
            *share *= Self::KEPT;
        }
        let step = usize::try_from(longer / Self::STEP).unwrap_or(0).min(Self::STEPS);
        self.histogram[step] += 1.0 - Self::KEPT;
        media
    }

    /// How much to hold back, µs.
    fn target(&self) -> i64 {
        let total: f32 = self.histogram.iter().sum();
        let mut sum = 0.0;
        let enough = self.histogram.iter().position(|share| {
            sum += share;
            sum >= total * Self::IN_TIME
        });
        enough.unwrap_or(Self::STEPS) as i64 * Self::STEP
    }

    /// What should be played at `now`, in units of the source's time.
    fn wanted(&self, now: Instant) -> Option<i64> {
        let [this, last] = self.least?;
        Some((micros(now, self.origin?) - this.min(last) - self.target()) / 125)
    }
}

fn micros(later: Instant, earlier: Instant) -> i64 {
    i64::try_from(later.saturating_duration_since(earlier).as_micros()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests;
