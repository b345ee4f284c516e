//! One RTP leg of a test telephone: sends a packet every 20 ms, listens, and keeps both on the recording. PURE.
//!
//! Owns: the grid of sent packets, the line being said, when speech left and arrived. Must not know: SIP, whose turn it is.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use rtp_rs::RtpReader;

use super::ear::{Ear, Heard, holds_speech};
use super::recording::{Recording, Track};
use super::script::Action;
use crate::audio::{Codec, FRAME_SAMPLES, g711};
use crate::call::session_config;
use crate::rtp::{Counters, Pacer, Session};
use crate::sip::sdp::Negotiated;

/// One RTP leg.
pub struct Handset {
    session: Session,
    codec: Codec,
    payload_type: u8,
    ear: Ear,
    track: Track,
    pacer: Pacer,
    /// Where the next packet's samples belong on the recording; known from the first tick on.
    sent_position: Option<usize>,
    /// Ticks of the pacer already skipped on the stream.
    skipped: u64,
    line: Option<Saying>,
    last_packet: Instant,
    /// What the pacer allows at once; drained after each input.
    packets: VecDeque<Vec<u8>>,
}

/// A line on its way.
struct Saying {
    action: Action,
    /// Frames already sent.
    frames: usize,
    sent: Said,
}

/// When a line left: its first and last packet with speech (or of a key).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    pub first: Option<Instant>,
    pub last: Option<Instant>,
}

impl Handset {
    pub fn new(now: Instant, agreed: &Negotiated, seed: u64) -> Self {
        Self {
            session: Session::new(session_config(agreed), seed),
            codec: agreed.codec,
            payload_type: agreed.payload_type,
            ear: Ear::default(),
            track: Track::default(),
            pacer: Pacer::new(now),
            sent_position: None,
            skipped: 0,
            line: None,
            last_packet: now,
            packets: VecDeque::new(),
        }
    }

    pub fn counters(&self) -> Counters {
        self.session.counters()
    }

    pub fn ear(&self) -> &Ear {
        &self.ear
    }

    pub fn is_saying(&self) -> bool {
        self.line.is_some()
    }

    /// Arrival of the last packet; the leg's beginning before the first.
    pub fn last_packet(&self) -> Instant {
        self.last_packet
    }

    /// One datagram from the RTP socket.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        source: SocketAddr,
        packet: &[u8],
        recording: &mut Recording,
    ) -> Option<Heard> {
        self.session.handle_packet(now, source, packet);
        // The session plays frames out at its own pace; here only its counters and its latch are wanted.
        while self.session.poll_frame(now).is_some() {}
        while self.session.poll_key().is_some() {}
        let header = RtpReader::new(packet).ok()?;
        self.last_packet = now;
        if header.payload_type() != self.payload_type {
            return None;
        }
        let samples = g711::decode(self.codec, header.payload());
        let arrival = recording.position(now);
        let position = self.track.place(header.ssrc(), header.timestamp(), arrival);
        recording.put_received(position, &samples);
        self.ear.handle_packet(now, &samples)
    }

    /// A re-INVITE changed the stream.
    pub fn renegotiate(&mut self, agreed: &Negotiated) {
        self.codec = agreed.codec;
        self.payload_type = agreed.payload_type;
        self.session.renegotiate(session_config(agreed));
    }

    /// Begins to say this; what was being said is dropped.
    pub fn say(&mut self, action: Action) {
        if let Action::Type(keys) = &action {
            // A far end that takes no telephone events can't be typed to: the line is over at the next tick.
            keys.iter().all(|&key| self.session.send_key(key));
        }
        self.line = Some(Saying { action, frames: 0, sent: Said::default() });
    }

    /// Ends what is being heard; the time of its last packet with speech.
    pub fn stop_listening(&mut self) -> Option<Instant> {
        self.ear.stop()
    }

    pub fn hear_timeout(&mut self, now: Instant) -> Option<Heard> {
        self.ear.handle_timeout(now)
    }

    /// Sends what is due; tells when the line has been said to its end.
    pub fn tick(&mut self, now: Instant, recording: &mut Recording) -> Option<Said> {
        let mut said = None;
        let due = self.pacer.ticks_due(now);
        let mut position = self.sent_position.unwrap_or_else(|| recording.position(now));
        // A wake-up that came much too late leaves a hole in the stream, as in the recording.
        while self.skipped < self.pacer.skipped() {
            self.skipped += 1;
            self.session.skip_audio();
            position += FRAME_SAMPLES;
        }
        self.sent_position = Some(position);
        for _ in 0..due {
            said = self.send_frame(now, recording).or(said);
        }
        said
    }

    fn send_frame(&mut self, now: Instant, recording: &mut Recording) -> Option<Said> {
        let mut frame = [0; FRAME_SAMPLES];
        let typing = self.session.is_sending_key();
        if let Some(Saying { action: Action::Speak(samples), frames, .. }) = &self.line {
            let rest = samples.get(frames * FRAME_SAMPLES..).unwrap_or(&[]);
            let length = rest.len().min(FRAME_SAMPLES);
            frame[..length].copy_from_slice(&rest[..length]);
        }
        if let Some(position) = &mut self.sent_position {
            recording.put_sent(*position, &frame);
            *position += FRAME_SAMPLES;
        }
        self.packets.push_back(self.session.send_audio(now, &frame));
        let line = self.line.as_mut()?;
        line.frames += 1;
        if typing || holds_speech(&frame) {
            line.sent.first.get_or_insert(now);
            line.sent.last = Some(now);
        }
        let finished = match &line.action {
            Action::Speak(samples) => line.frames * FRAME_SAMPLES >= samples.len(),
            Action::Type(_) => !self.session.is_sending_key(),
        };
        if finished { self.line.take().map(|line| line.sent) } else { None }
    }

    pub fn poll_packet(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.packets.pop_front().map(|packet| (self.session.remote(), packet))
    }

    pub fn poll_timeout(&self) -> Instant {
        let tick = self.pacer.next_deadline();
        self.ear.poll_timeout().map_or(tick, |timeout| timeout.min(tick))
    }
}
