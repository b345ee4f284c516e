//! One call's RTP session (RFC 3550), both ways.
//!
//! Owns: headers, payload types, the latch on the far end's address, counters. Must not know: sockets, pace of sending
//! (see [`super::Pacer`]), what the audio says.
//!
//! # Receiving
//!
//! Give every datagram to [`Session::handle_packet`], then, and on every 20 ms tick, call [`Session::poll_frame`] and
//! [`Session::poll_key`] until both give `None`.
//!
//! Frames come in playing order. Audio that is in order comes at once. A missing packet is waited for 60 ms, then
//! concealed. When nothing arrives, frames of fading repetition and then silence come, one for every 20 ms, 80 ms
//! behind real time, from the first call of `handle_packet` or `poll_frame` on; so frames are a clock for the turn
//! detector. Since the start there are never more frames than real time + 200 ms, and never fewer than real time
//! less 300 ms (100 ms with a sender that keeps time), as long as `poll_frame` is asked at least once a second.
//! Telephone events take up places in the order but never become audio; comfort noise neither.
//!
//! # Sending
//!
//! On each tick of the pacer call [`Session::send_audio`] or [`Session::skip_audio`]. A press given to
//! [`Session::send_key`] takes the place of the audio given to `send_audio` for as long as it lasts (RFC 4733
//! §2.5.1.1); between presses, and while nothing is pressed, the audio goes out.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtp_rs::{RtpPacketBuilder, RtpReader};

use super::dtmf;
use super::jitter::{JitterBuffer, Packet};
use super::sequence::{Place, Sequence};
use super::{Counters, Frame, Key, SessionConfig};
use crate::audio::{Codec, FRAME_MS, FRAME_SAMPLES, g711};

/// Longest audio payload taken: 120 ms. Nobody sends more in a call.
const MAX_PAYLOAD: usize = 6 * FRAME_SAMPLES;
/// Keys received and not asked for, at most; more are dropped.
const MAX_KEYS: usize = 32;
/// A press sent by [`Session::send_key`].
const PRESS: Duration = Duration::from_millis(120);

#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    remote: SocketAddr,
    latched: bool,
    counters: Counters,

    sequence: Sequence,
    /// First packet of a source that is not proven yet.
    unproven: Option<Content>,
    frames: JitterBuffer,
    keys: dtmf::Receiver,
    pressed: VecDeque<Key>,
    last_arrival: Option<Instant>,

    ssrc: u32,
    next_number: u16,
    next_timestamp: u32,
    /// The next packet begins a stretch of audio (RFC 3551 §4.1).
    marker: bool,
    key_sender: dtmf::Sender,
}

/// A received packet without its place.
#[derive(Debug)]
enum Content {
    Audio(Packet),
    Event {
        timestamp: u32,
        payload: [u8; 4],
    },
    /// Comfort noise or a payload type nobody agreed on.
    Other,
}

impl Session {
    /// SSRC, first sequence number and timestamp come from the seed (RFC 3550 §5.1 wants them random).
    pub fn new(config: SessionConfig, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        Self {
            remote: config.remote,
            config,
            latched: false,
            counters: Counters::default(),
            sequence: Sequence::default(),
            unproven: None,
            frames: JitterBuffer::default(),
            keys: dtmf::Receiver::default(),
            pressed: VecDeque::new(),
            last_arrival: None,
            ssrc: random.random(),
            // Far below the roll-over: a far end that misses our first packets would never find its count under SRTP
            // (RFC 3711 §3.3.1).
            next_number: random.random::<u16>() & 0x7fff,
            next_timestamp: random.random(),
            marker: true,
            key_sender: dtmf::Sender::default(),
        }
    }

    /// Where to send to: the negotiated address, then the one packets come from.
    pub fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub fn counters(&self) -> Counters {
        Counters { lost: self.sequence.lost(), ..self.counters }
    }

    /// Takes a datagram of the RTP port. What is no RTP, or comes from elsewhere than the first valid packet did, is
    /// dropped (RTCP, payload types 64–95 by RFC 5761 §4, too).
    pub fn handle_packet(&mut self, now: Instant, source: SocketAddr, packet: &[u8]) {
        if self.latched && source != self.remote {
            return;
        }
        let Ok(packet) = RtpReader::new(packet) else {
            return;
        };
        if (64..=95).contains(&packet.payload_type()) {
            return;
        }
        let Some(content) = self.content(&packet) else {
            return;
        };
        if !self.latched {
            if let Content::Other = content {
                return;
            }
            self.latched = true;
            self.remote = source;
        }
        self.count(now);
        let place = self.sequence.place(packet.ssrc(), packet.sequence_number().into());
        match place {
            Place::At(index) => self.take(now, index, content),
            Place::Restart(index) => {
                self.frames.restart();
                self.keys.reset();
                match self.unproven.take() {
                    Some(first) => {
                        self.take(now, index - 1, first);
                        self.take(now, index, content);
                    }
                    None => self.take(now, index, content),
                }
            }
            Place::Duplicate => {}
            Place::Unproven => self.unproven = Some(content),
        }
    }

    /// After a re-INVITE: the stream we send goes on (same SSRC), but the far end may receive elsewhere, and its
    /// next packet decides anew where that is.
    pub fn renegotiate(&mut self, config: SessionConfig) {
        if config.remote != self.config.remote {
            self.remote = config.remote;
        }
        self.latched = false;
        self.marker = true;
        self.config = config;
    }

    /// Queues a press of 120 ms. `false` when the far end takes no telephone events, the key does not exist or 32
    /// presses wait already.
    pub fn send_key(&mut self, key: Key) -> bool {
        self.send_key_for(key, PRESS)
    }

    /// As [`send_key`](Self::send_key), for 40 ms to 8 s.
    pub fn send_key_for(&mut self, key: Key, duration: Duration) -> bool {
        let ticks = duration.as_millis() / u128::from(FRAME_MS);
        let ticks = u16::try_from(ticks).unwrap_or(u16::MAX);
        self.config.telephone_event.is_some() && self.key_sender.press(key, ticks)
    }

    /// Whether presses are under way or wait: keep calling [`send_audio`](Self::send_audio).
    pub fn is_sending_key(&self) -> bool {
        self.key_sender.is_busy()
    }

    /// The next packet: this audio, or in its place the event of the key being pressed.
    pub fn send_audio(&mut self, samples: &[i16; FRAME_SAMPLES]) -> Vec<u8> {
        let now = self.next_timestamp;
        let event = self.config.telephone_event;
        let packet = match event.and_then(|kind| Some((kind, self.key_sender.tick(now)?))) {
            Some((kind, event)) => {
                // The audio after the press begins anew.
                self.marker = true;
                self.build(kind, event.marker, event.timestamp, &event.payload)
            }
            None => {
                let payload = g711::encode(self.config.codec, samples);
                let marker = std::mem::take(&mut self.marker);
                self.build(self.config.payload_type, marker, now, &payload)
            }
        };
        self.next_timestamp = now.wrapping_add(FRAME_SAMPLES as u32);
        self.next_number = self.next_number.wrapping_add(1);
        self.counters.sent += 1;
        packet
    }

    /// A tick without a packet (hold): time goes on, and the next packet has the marker. Keys wait.
    pub fn skip_audio(&mut self) {
        self.next_timestamp = self.next_timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.marker = true;
    }

    /// The next frame in playing order, if it may be played by now; see the module's notes on pace.
    pub fn poll_frame(&mut self, now: Instant) -> Option<Frame> {
        self.frames.pop(now)
    }

    /// The next key pressed: once a press, as soon as its first packet has come.
    pub fn poll_key(&mut self) -> Option<Key> {
        self.pressed.pop_front()
    }

    /// What a packet holds; `None` when that can't be.
    fn content(&self, packet: &RtpReader<'_>) -> Option<Content> {
        let (kind, payload) = (packet.payload_type(), packet.payload());
        if self.config.telephone_event == Some(kind) {
            return Some(Content::Event { timestamp: packet.timestamp(), payload: *payload.first_chunk()? });
        }
        // The static types of G.711 are understood whatever was agreed: some far ends switch in mid-call.
        let codec = match kind {
            kind if kind == self.config.payload_type => self.config.codec,
            0 => Codec::Pcmu,
            8 => Codec::Pcma,
            _ => return Some(Content::Other),
        };
        if payload.is_empty() || payload.len() > MAX_PAYLOAD {
            return None;
        }
        Some(Content::Audio(Packet { timestamp: packet.timestamp(), samples: g711::decode(codec, payload) }))
    }

    fn count(&mut self, now: Instant) {
        self.counters.received += 1;
        if let Some(last) = self.last_arrival.replace(now) {
            let gap = now.saturating_duration_since(last).as_millis();
            let gap = u64::try_from(gap).unwrap_or(u64::MAX);
            self.counters.max_gap_ms = self.counters.max_gap_ms.max(gap);
        }
    }

    fn take(&mut self, now: Instant, index: u64, content: Content) {
        let packet = match content {
            Content::Audio(packet) => packet,
            Content::Event { timestamp, payload } => {
                if let Some(key) = self.keys.handle(timestamp, &payload)
                    && self.pressed.len() < MAX_KEYS
                {
                    self.pressed.push_back(key);
                }
                Packet { timestamp, samples: Vec::new() }
            }
            Content::Other => Packet { timestamp: 0, samples: Vec::new() },
        };
        self.frames.insert(now, index, packet);
    }

    fn build(&self, kind: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        RtpPacketBuilder::new()
            .payload_type(kind & 0x7F)
            .marked(marker)
            .sequence(self.next_number.into())
            .timestamp(timestamp)
            .ssrc(self.ssrc)
            .payload(payload)
            .build()
            // Fails for payload types above 127 and extensions only: neither happens here.
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
