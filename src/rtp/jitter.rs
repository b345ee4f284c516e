//! Received packets in, frames in playing order out.
//!
//! Owns: reordering, waiting for missing packets, concealment, and the pace at which frames leave.
//! Must not know: RTP headers, codecs. No delay is added: a packet in order leaves as soon as it is asked for.
//!
//! The pace is that of a clock which says up to when frames have been given out. Audio in order moves it;
//! when it falls 80 ms behind, a frame of concealment, then silence, keeps time going. Audio that comes after its
//! silence has been given out is still delivered (words matter more than their place), up to [`MAX_AHEAD`] of
//! real time; what comes on top is dropped. So at any moment the frames given out since the start are at most
//! real time + [`MAX_AHEAD`], however fast packets arrive, and at least real time - 300 ms, however slowly.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::Frame;
use crate::audio::conceal::Concealer;
use crate::audio::{FRAME_MS, FRAME_SAMPLES};

const FRAME: Duration = Duration::from_millis(FRAME_MS);
/// How long a missing packet is waited for.
const MAX_WAIT: Duration = Duration::from_millis(60);
/// How far the frames given out may be ahead of real time.
pub(super) const MAX_AHEAD: Duration = Duration::from_millis(200);
/// A sender whose clock is slow, or whose packets wander, moves ours forward without a frame, up to this in all;
/// beyond, frames of concealment make up for it.
const MAX_DEBT: Duration = Duration::from_millis(200);
/// Silence is not made up for more than this: whoever asks after a longer time starts anew.
const MAX_BEHIND: Duration = Duration::from_secs(1);
/// Packets kept behind a gap, at most; one more and the gap is given up at once.
const MAX_PACKETS: usize = 32;
/// Samples ready and not yet asked for, at most (1 s); the oldest are dropped.
const MAX_READY: usize = 8_000;
/// A jump of the timestamp beyond this is a restart of the sender's clock, not a pause (10 s).
const MAX_JUMP: u32 = 80_000;

#[derive(Debug)]
pub(super) struct Packet {
    pub timestamp: u32,
    /// Empty for a packet that holds a place but no audio (telephone event, comfort noise).
    pub samples: Vec<i16>,
}

#[derive(Debug, Default)]
pub(super) struct JitterBuffer {
    /// Packets that wait behind a missing one, by index, with their arrival.
    waiting: BTreeMap<u64, (Instant, Packet)>,
    /// Index and timestamp that come next; unknown before a source's first packet.
    next_index: Option<u64>,
    next_timestamp: Option<u32>,
    ready: VecDeque<Run>,
    /// Beginning of the frame under way.
    partial: Vec<i16>,
    /// Up to when frames have been given out.
    clock: Option<Instant>,
    /// Samples of concealment and silence given out since the last audio.
    filled: u32,
    /// By how much the clock was moved forward without frames.
    debt: Duration,
    concealer: Concealer,
    dropped: u64,
}

/// Audio without interruption, after `missing` samples that are not there.
#[derive(Debug)]
struct Run {
    missing: u32,
    samples: VecDeque<i16>,
}

impl JitterBuffer {
    /// Frames dropped because too much late audio came at once.
    #[cfg(test)]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets the source under way; what has arrived of it is still played.
    pub fn restart(&mut self) {
        for (_, (_, packet)) in std::mem::take(&mut self.waiting) {
            self.append(packet);
        }
        self.next_index = None;
        self.next_timestamp = None;
    }

    /// Takes a packet; `false` when its place has already been played.
    pub fn insert(&mut self, now: Instant, index: u64, packet: Packet) -> bool {
        self.clock.get_or_insert(now);
        let next = *self.next_index.get_or_insert(index);
        if index < next {
            return false;
        }
        if index > next && self.waiting.len() >= MAX_PACKETS {
            self.give_up_gap();
        }
        self.waiting.insert(index, (now, packet));
        self.advance();
        true
    }

    /// The next frame that may be played at `now`.
    pub fn pop(&mut self, now: Instant) -> Option<Frame> {
        let clock = *self.clock.get_or_insert(now);
        if now.saturating_duration_since(clock) > MAX_BEHIND {
            self.clock = now.checked_sub(MAX_BEHIND);
        }
        let expired = |(arrival, _): &(Instant, Packet)| now.saturating_duration_since(*arrival) >= MAX_WAIT;
        while self.waiting.values().any(expired) {
            self.give_up_gap();
        }
        loop {
            if let Some(frame) = self.fill_gap(now) {
                return Some(frame);
            }
            let frames = (self.available() / FRAME_SAMPLES) as u32;
            if frames == 0 {
                return self.fill_stall(now);
            }
            // Of what lies ready, the end is what was said just now.
            let live = now.checked_sub(FRAME * frames).unwrap_or(now);
            let clock = self.clock.unwrap_or(live);
            let behind = live.saturating_duration_since(clock);
            let resuming = self.filled > 0 || self.debt + behind > MAX_DEBT;
            if resuming && behind >= FRAME {
                self.clock = Some(clock + FRAME);
                return Some(self.concealed());
            }
            self.debt += behind;
            let mut samples = self.take_frame();
            let clock = clock.max(live) + FRAME;
            if clock > now + MAX_AHEAD {
                self.dropped += 1;
                continue;
            }
            self.clock = Some(clock);
            self.filled = 0;
            self.concealer.received(&mut samples);
            return Some(Frame { samples, received: true });
        }
    }

    /// Moves packets that are in order to `ready`.
    fn advance(&mut self) {
        while let Some(next) = self.next_index
            && let Some((_, packet)) = self.waiting.remove(&next)
        {
            self.next_index = Some(next + 1);
            self.append(packet);
        }
    }

    /// The missing packets before the first waiting one will not come.
    fn give_up_gap(&mut self) {
        if let Some((&first, _)) = self.waiting.first_key_value() {
            self.next_index = Some(first);
            self.advance();
        }
    }

    fn append(&mut self, packet: Packet) {
        if packet.samples.is_empty() {
            return;
        }
        let expected = self.next_timestamp.unwrap_or(packet.timestamp);
        let jump = packet.timestamp.wrapping_sub(expected);
        let missing = if jump <= MAX_JUMP { jump } else { 0 };
        self.next_timestamp = Some(packet.timestamp.wrapping_add(packet.samples.len() as u32));
        match self.ready.back_mut() {
            Some(run) if missing == 0 => run.samples.extend(packet.samples),
            _ => self.ready.push_back(Run { missing, samples: packet.samples.into() }),
        }
        let mut length: usize = self.ready.iter().map(|run| run.samples.len()).sum();
        while length > MAX_READY
            && let Some(run) = self.ready.front_mut()
        {
            let excess = (length - MAX_READY).min(run.samples.len());
            run.samples.drain(..excess);
            length -= excess;
            if run.samples.is_empty() {
                self.ready.pop_front();
            }
        }
    }

    /// Samples before the next gap.
    fn available(&self) -> usize {
        let runs = self.ready.iter().take_while(|run| run.missing == 0);
        self.partial.len() + runs.map(|run| run.samples.len()).sum::<usize>()
    }

    /// The next frame's worth; silence takes the place of what is not there.
    fn take_frame(&mut self) -> [i16; FRAME_SAMPLES] {
        self.gather(FRAME_SAMPLES);
        let frame = std::array::from_fn(|n| self.partial.get(n).copied().unwrap_or(0));
        self.partial.clear();
        frame
    }

    /// Moves audio before the next gap to `partial`, until that holds `wanted` samples.
    fn gather(&mut self, wanted: usize) {
        while self.partial.len() < wanted
            && let Some(run) = self.ready.front_mut()
            && run.missing == 0
        {
            let count = (wanted - self.partial.len()).min(run.samples.len());
            self.partial.extend(run.samples.drain(..count));
            if run.samples.is_empty() {
                self.ready.pop_front();
            }
        }
    }

    /// In front of a gap: gives the frames that are due by the clock, then closes the gap.
    fn fill_gap(&mut self, now: Instant) -> Option<Frame> {
        let clock = self.clock?;
        if self.available() < FRAME_SAMPLES {
            // The rest in front of the gap, too short for a frame, is the head of the concealment.
            self.gather(FRAME_SAMPLES);
        }
        let run = self.ready.front_mut().filter(|run| run.missing > 0)?;
        // Part of it has been given out while nothing arrived.
        run.missing -= run.missing.min(std::mem::take(&mut self.filled));
        if run.missing == 0 || clock + FRAME > now {
            run.missing = 0;
            return None;
        }
        run.missing -= run.missing.min((FRAME_SAMPLES - self.partial.len()) as u32);
        self.clock = Some(clock + FRAME);
        Some(self.concealed())
    }

    /// Nothing there: concealment, then silence, keep time going.
    fn fill_stall(&mut self, now: Instant) -> Option<Frame> {
        let clock = self.clock?;
        if now < clock + FRAME + MAX_WAIT {
            return None;
        }
        self.gather(FRAME_SAMPLES);
        self.clock = Some(clock + FRAME);
        self.filled += (FRAME_SAMPLES - self.partial.len()) as u32;
        // Bounded: a call's silence may last for hours.
        self.filled = self.filled.min(MAX_JUMP);
        Some(self.concealed())
    }

    fn concealed(&mut self) -> Frame {
        let mut samples = [0; FRAME_SAMPLES];
        let (head, lost) = samples.split_at_mut(self.partial.len());
        head.copy_from_slice(&self.partial);
        if !head.is_empty() {
            self.concealer.received(head);
        }
        self.concealer.missing(lost);
        self.partial.clear();
        Frame { samples, received: false }
    }
}

#[cfg(test)]
mod tests;
