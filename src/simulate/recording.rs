//! Both sides of a call on one time line, as the caller's line carried them. PURE.
//!
//! Owns: where each packet's samples belong. Must not know: files, codecs.

use std::time::{Duration, Instant};

use crate::audio::LINE_RATE;

/// Longest recording: what comes later is not kept (bounds memory: 58 MB).
pub const LONGEST: Duration = Duration::from_secs(30 * 60);
/// An RTP time line further than this from the packet's arrival has jumped (new source, new call behind the same
/// address): it is anchored anew. Samples.
const JUMP: i64 = LINE_RATE as i64;

/// Two channels at [`LINE_RATE`] from one origin: left is what we sent, right what we received.
#[derive(Debug)]
pub struct Recording {
    origin: Instant,
    sent: Vec<i16>,
    received: Vec<i16>,
}

impl Recording {
    /// Starts at `origin`: the moment the call was answered.
    pub fn new(origin: Instant) -> Self {
        Self { origin, sent: Vec::new(), received: Vec::new() }
    }

    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// Index of the sample at this moment.
    pub fn position(&self, at: Instant) -> usize {
        let elapsed = at.saturating_duration_since(self.origin).min(LONGEST);
        (elapsed.as_micros() * u128::from(LINE_RATE) / 1_000_000) as usize
    }

    pub fn put_sent(&mut self, position: usize, samples: &[i16]) {
        put(&mut self.sent, position, samples);
    }

    pub fn put_received(&mut self, position: usize, samples: &[i16]) {
        put(&mut self.received, position, samples);
    }

    /// What was received between two moments.
    pub fn received_between(&self, from: Instant, to: Instant) -> Vec<i16> {
        let start = self.position(from).min(self.received.len());
        let end = self.position(to).clamp(start, self.received.len());
        self.received[start..end].to_vec()
    }

    /// Both channels, of equal length: (what we sent, what we received).
    pub fn into_channels(mut self) -> (Vec<i16>, Vec<i16>) {
        let length = self.sent.len().max(self.received.len());
        self.sent.resize(length, 0);
        self.received.resize(length, 0);
        (self.sent, self.received)
    }
}

fn put(channel: &mut Vec<i16>, position: usize, samples: &[i16]) {
    let end = position + samples.len();
    if end > LONGEST.as_secs() as usize * LINE_RATE as usize {
        return;
    }
    if channel.len() < end {
        channel.resize(end, 0);
    }
    channel[position..end].copy_from_slice(samples);
}

/// Places the packets of one received stream by their RTP timestamps, so that jitter does not tear the recording.
#[derive(Debug, Default)]
pub struct Track {
    anchor: Option<Anchor>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    source: u32,
    timestamp: u32,
    position: i64,
}

impl Track {
    /// Where a packet's samples belong: `arrival` is the position of its arrival, `source` and `timestamp` its RTP header's.
    pub fn place(&mut self, source: u32, timestamp: u32, arrival: usize) -> usize {
        let arrival = arrival as i64;
        let position = self.anchor.filter(|anchor| anchor.source == source).map(|anchor| {
            // RTP timestamps wrap: their difference is a signed 32-bit number (RFC 3550 §5.1).
            anchor.position + i64::from(timestamp.wrapping_sub(anchor.timestamp) as i32)
        });
        let position = match position {
            Some(position) if (position - arrival).abs() <= JUMP && position >= 0 => position,
            _ => arrival,
        };
        self.anchor = Some(Anchor { source, timestamp, position });
        position as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::epoch;

    #[test]
    fn packets_lie_where_their_timestamps_say() {
        let mut track = Track::default();
        assert_eq!(track.place(1, u32::MAX - 159, 800), 800);
        // Late by 10 ms, and across the wrap of the timestamp.
        assert_eq!(track.place(1, 0, 1_040), 960);
        // Early, out of order.
        assert_eq!(track.place(1, 320, 1_270), 1_280);
        assert_eq!(track.place(1, 160, 1_280), 1_120);
    }

    #[test]
    fn a_new_source_or_a_jump_is_anchored_at_its_arrival() {
        let mut track = Track::default();
        track.place(1, 5_000, 0);
        assert_eq!(track.place(2, 90_000, 1_600), 1_600);
        assert_eq!(track.place(2, 4_000_000_000, 1_760), 1_760);
        assert_eq!(track.place(2, 4_000_000_160, 1_925), 1_920);
    }

    #[test]
    fn channels_end_together_and_are_bounded() {
        let origin = epoch();
        let mut recording = Recording::new(origin);
        recording.put_sent(0, &[1, 2]);
        recording.put_received(2, &[3, 4]);
        recording.put_received(usize::MAX / 2, &[5]);
        let second = origin + Duration::from_secs(1);
        assert_eq!(recording.received_between(origin, second), [0, 0, 3, 4]);
        assert_eq!(recording.position(second), 8_000);
        assert_eq!(recording.into_channels(), (vec![1, 2, 0, 0], vec![0, 0, 3, 4]));
    }
}
