//! Play-out to somebody who understands speech the sooner the better, and does not mind uneven pace: the agent.
//!
//! Owns: the pace at which frames leave. Must not know: RTP headers, codecs.
//! No delay is added: audio in order leaves as soon as it is asked for.
//!
//! The pace is that of a clock which says up to when frames have been given out. Audio in order moves it;
//! when it falls 80 ms behind, a frame of concealment, then silence, keeps time going. Audio that comes after its
//! silence has been given out is still delivered (words matter more than their place), up to [`MAX_AHEAD`] of
//! real time; what comes on top is dropped. So at any moment the frames given out since the start are at most
//! real time + [`MAX_AHEAD`], however fast packets arrive, and at least real time - 300 ms, however slowly.

use std::time::{Duration, Instant};

use super::packet::{FRAME_UNITS, Packet};
use super::playback::Playback;
use super::queue::{MAX_JUMP, Queue};
use crate::audio::FRAME_MS;
use crate::rtp::Frame;
use crate::rtp::quality::{Bursts, PlayedOut};

const FRAME: Duration = Duration::from_millis(FRAME_MS);
/// When nothing comes, concealment begins this long after the frame was due.
const STALL: Duration = Duration::from_millis(60);
/// How far the frames given out may be ahead of real time.
const MAX_AHEAD: Duration = Duration::from_millis(200);
/// Audio of a wandering network comes early as often as late: concealment of lost packets may be ahead of real time
/// by this, so that it stands where the loss was.
const MAX_CONCEALED_AHEAD: Duration = Duration::from_millis(120);
/// A sender whose clock is slow, or whose packets wander, moves ours forward without a frame, up to this in all;
/// beyond, frames of concealment make up for it.
const MAX_DEBT: Duration = Duration::from_millis(200);
/// Silence is not made up for more than this: whoever asks after a longer time starts anew.
const MAX_BEHIND: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(in crate::rtp) struct Prompt {
    queue: Queue,
    playback: Playback,
    /// Up to when frames have been given out.
    clock: Option<Instant>,
    /// Units of concealment and silence given out since the last audio.
    filled: u32,
    /// By how much the clock was moved forward without frames.
    debt: Duration,
    /// Frames dropped because too much late audio came at once.
    dropped: u64,
}

impl Prompt {
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

    /// Forgets the source under way; what has arrived of it is still played.
    pub fn restart(&mut self) {
        self.queue.restart();
    }

    /// Takes a packet; `false` when its place has already been played.
    pub fn insert(&mut self, now: Instant, index: u64, packet: Packet) -> bool {
        self.clock.get_or_insert(now);
        self.queue.insert(now, index, packet)
    }

    /// The next frame that may be played at `now`.
    pub fn pop(&mut self, now: Instant) -> Option<Frame> {
        let clock = *self.clock.get_or_insert(now);
        if now.saturating_duration_since(clock) > MAX_BEHIND {
            self.clock = now.checked_sub(MAX_BEHIND);
        }
        self.queue.expire(now);
        loop {
            if let Some(frame) = self.fill_gap(now) {
                return Some(frame);
            }
            let frames = self.available() / FRAME_UNITS;
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
                return Some(self.playback.fill(None));
            }
            self.gather();
            let frame = self.playback.frame();
            // What is too little for a frame of concealment adds up to one.
            let clock = if resuming { clock } else { clock.max(live) } + FRAME;
            if !resuming {
                self.debt += behind;
            }
            if clock > now + MAX_AHEAD {
                self.dropped += 1;
                continue;
            }
            self.clock = Some(clock);
            self.filled = 0;
            return Some(frame);
        }
    }

    /// Units before the next gap.
    fn available(&self) -> u32 {
        self.playback.units() + self.queue.available()
    }

    /// Decodes what comes before the next gap, up to a frame.
    fn gather(&mut self) {
        while self.playback.units() < FRAME_UNITS
            && let Some(content) = self.queue.take()
        {
            self.playback.push(content);
        }
    }

    /// In front of a gap: gives the frames that are due by the clock, then closes the gap.
    fn fill_gap(&mut self, now: Instant) -> Option<Frame> {
        let clock = self.clock?;
        if self.available() < FRAME_UNITS {
            // The rest in front of the gap, too short for a frame, is the head of the concealment.
            self.gather();
        }
        let head = self.playback.units();
        if head >= FRAME_UNITS {
            return None;
        }
        let item = self.queue.gap()?;
        // Part of it has been given out while nothing arrived.
        item.missing -= item.missing.min(std::mem::take(&mut self.filled));
        let due = if item.lost { now + MAX_CONCEALED_AHEAD } else { now };
        if item.missing == 0 || clock + FRAME > due {
            item.missing = 0;
            return None;
        }
        item.missing -= item.missing.min(FRAME_UNITS - head);
        let next = (item.missing == 0).then_some(&item.content);
        self.clock = Some(clock + FRAME);
        Some(self.playback.fill(next))
    }

    /// Nothing there: concealment, then silence, keep time going.
    fn fill_stall(&mut self, now: Instant) -> Option<Frame> {
        let clock = self.clock?;
        if now < clock + FRAME + STALL {
            return None;
        }
        self.gather();
        self.clock = Some(clock + FRAME);
        // Bounded: a call's silence may last for hours.
        self.filled = (self.filled + FRAME_UNITS.saturating_sub(self.playback.units())).min(MAX_JUMP);
        Some(self.playback.fill(None))
    }
}

#[cfg(test)]
mod tests;
