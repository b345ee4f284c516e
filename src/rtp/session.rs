//! One call's RTP session (RFC 3550), both ways.
//!
//! Owns: headers, payload types, counters; joins order, play-out, keys and reports. Must not know: sockets, pace of
//! sending (see [`super::Pacer`]), what the audio says, encryption (its packets are plain).
//!
//! # Receiving
//!
//! Give every datagram of the RTP port to [`Session::handle_packet`], then, and on every 20 ms tick, call
//! [`Session::poll_frame`] and [`Session::poll_key`] until both give `None`.
//!
//! Frames come in playing order; payloads are decoded when they are played. With [`Playout::Prompt`](super::Playout::Prompt), audio that is in
//! order comes at once. A missing packet is waited for, 40 to 120 ms as the network's reordering asks for, then
//! concealed. When nothing arrives, frames of concealment and then silence come, one for every 20 ms, 80 ms behind real
//! time, from the first call of `handle_packet` or `poll_frame` on; so frames are a clock for the turn detector. Since
//! the start there are never more frames than real time + 200 ms, and never fewer than real time less 300 ms (100 ms
//! with a sender that keeps time), as long as `poll_frame` is asked at least once a second. With
//! [`Playout::Smooth`](super::Playout::Smooth) there is one frame for every 20 ms.
//! Telephone events take up places in the order but never become audio; comfort noise becomes noise where there is none.
//!
//! # Sending
//!
//! On each tick of the pacer call [`Session::send_audio`], [`Session::send_silence`] or [`Session::skip_audio`]. A press
//! given to [`Session::send_key`] takes the place of the audio for as long as it lasts (RFC 4733 §2.5.1.1); between
//! presses, and while nothing is pressed, the audio goes out.
//!
//! # Joined with another session
//!
//! With [`Session::set_forwarding`] packets are not played: after `handle_packet` ask [`Session::poll_forward`] and give what
//! there is to [`Session::send_forward`] of the other session.
//!
//! # Reports
//!
//! Datagrams of the RTCP port go to [`Session::handle_rtcp`] (with `rtcp_mux` they are told apart in `handle_packet`).
//! [`Session::poll_rtcp`], asked on every tick or at [`Session::rtcp_timeout`], gives the report that is due, for
//! [`Session::rtcp_remote`]; [`Session::goodbye`] the last one.

mod forward;
mod send;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtp_rs::RtpReader;

use super::interarrival::Interarrival;
use super::jitter::{Content, JitterBuffer, Packet};
use super::latch::Latch;
use super::noise::ComfortNoise;
use super::quality::{self, FarQuality, Impairments, PlayedOut, Quality};
use super::rtcp::{Received, Rtcp};
use super::sequence::{Place, Sequence};
use super::{Counters, Frame, Key, SessionConfig, dtmf};
use crate::audio::{Codec, FRAME_MS};
pub use forward::Forward;
use send::Sender;

/// Keys received and not asked for, at most; more are dropped.
const MAX_KEYS: usize = 32;
/// Payload types that RTCP looks like on the same port (RFC 5761 §4).
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 64..=95;
/// Static payload types (RFC 3551 §6) understood whatever was agreed: some far ends switch in mid-call.
const STATIC_TYPES: [(u8, Codec); 3] = [(0, Codec::Pcmu), (8, Codec::Pcma), (9, Codec::G722)];
const COMFORT_NOISE: u8 = 13;

#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    latch: Latch,
    counters: Counters,

    sequence: Sequence,
    interarrival: Interarrival,
    /// First packet of a source that is not proven yet.
    unproven: Option<Arrival>,
    frames: JitterBuffer,
    /// By play-out before a change of its way.
    played_before: PlayedOut,
    keys: dtmf::Receiver,
    pressed: VecDeque<Key>,
    last_arrival: Option<Instant>,

    /// Packets of this codec are not played but go on to another far end.
    forwarding: Option<Codec>,
    forwards: VecDeque<Forward>,
    /// Restarts of the source.
    stretch: u32,

    sender: Sender,
    rtcp: Rtcp,
    /// Where reports come from.
    rtcp_source: Option<SocketAddr>,
}

/// A received packet without its place.
#[derive(Debug)]
struct Arrival {
    timestamp: u32,
    clock: u32,
    marker: bool,
    content: Content,
    /// Telephone events.
    events: Box<[u8]>,
}

impl Session {
    /// SSRC, first sequence number and timestamp come from the seed (RFC 3550 §5.1 wants them random), and so does the
    /// name in our reports.
    pub fn new(config: SessionConfig, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let sender = Sender::new(&config, &mut random);
        Self {
            latch: Latch::new(config.remote),
            counters: Counters::default(),
            sequence: Sequence::default(),
            interarrival: Interarrival::default(),
            unproven: None,
            frames: JitterBuffer::new(config.playout),
            played_before: PlayedOut::default(),
            keys: dtmf::Receiver::new(config.telephone_event_clock),
            pressed: VecDeque::new(),
            last_arrival: None,
            forwarding: None,
            forwards: VecDeque::new(),
            stretch: 0,
            rtcp: Rtcp::new(sender.ssrc(), StdRng::seed_from_u64(random.random())),
            rtcp_source: None,
            sender,
            config,
        }
    }

    /// Where to send to: the negotiated address, then the one packets come from.
    pub fn remote(&self) -> SocketAddr {
        self.latch.remote()
    }

    /// What is sent.
    pub fn codec(&self) -> Codec {
        self.config.codec
    }

    /// Reports go over RTP's port (RFC 5761).
    pub fn shares_port(&self) -> bool {
        self.config.rtcp_mux
    }

    /// Where to send reports to.
    pub fn rtcp_remote(&self) -> SocketAddr {
        let rtp = self.latch.remote();
        if self.config.rtcp_mux {
            return rtp;
        }
        let next = || SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
        self.rtcp_source.or(self.config.remote_rtcp).unwrap_or_else(next)
    }

    pub fn counters(&self) -> Counters {
        Counters { lost: self.sequence.lost(), sent: self.sender.sent().packets, ..self.counters }
    }

    /// How good what we received sounded so far.
    pub fn quality(&self) -> Quality {
        let expected = self.sequence.expected();
        let played = self.played_out();
        let bursts = self.frames.bursts();
        let (burst_density, gap_density) = bursts.densities();
        let jitter = self.interarrival.duration();
        let round_trip = self.rtcp.round_trip();
        let impairments = Impairments {
            missing_percent: 100.0 * bursts.missing_share(),
            burst_ratio: bursts.burst_ratio(),
            // The network one way, a packet's length, and what its jitter holds back.
            delay: round_trip.unwrap_or_default() / 2 + Duration::from_millis(FRAME_MS) + 2 * jitter,
        };
        let r = quality::rating(self.config.codec, &impairments);
        Quality {
            lost_permille: quality::permille(self.sequence.lost(), expected),
            late_permille: quality::permille(played.late, expected),
            concealed_permille: quality::permille(played.concealed, played.concealed + played.played),
            jitter_ms: quality::whole_ms(jitter),
            round_trip_ms: round_trip.map(quality::whole_ms),
            burst_density_permille: quality::share_permille(burst_density),
            gap_density_permille: quality::share_permille(gap_density),
            r_factor: r.round() as u8,
            mos_tenths: (quality::opinion(r) * 10.0).round() as u8,
            far: self.far_quality(),
        }
    }

    /// What the far end's last report makes of our stream.
    fn far_quality(&self) -> Option<FarQuality> {
        let far = self.rtcp.far()?;
        let clock = u64::from(self.config.codec.clock_rate());
        let jitter = Duration::from_micros(u64::from(far.jitter) * 1_000_000 / clock);
        // Duplicates can make fewer than none lost.
        let lost_permille = quality::permille(u64::try_from(far.lost).unwrap_or(0), self.sender.sent().packets);
        let impairments = Impairments {
            missing_percent: f64::from(lost_permille) / 10.0,
            burst_ratio: 1.0,
            delay: self.rtcp.round_trip().unwrap_or_default() / 2 + Duration::from_millis(FRAME_MS) + 2 * jitter,
        };
        let r = quality::rating(self.config.codec, &impairments);
        let mos_tenths = (quality::opinion(r) * 10.0).round() as u8;
        Some(FarQuality { lost_permille, jitter_ms: quality::whole_ms(jitter), mos_tenths })
    }

    /// Packets received and not played yet: at most some hundred, whatever arrives.
    pub fn packets_held(&self) -> usize {
        self.frames.held()
    }

    /// The far end's reports said goodbye: its stream is over.
    pub fn has_far_end_left(&self) -> bool {
        self.rtcp.has_left()
    }

    /// Takes a datagram of the RTP port. What is no RTP, or comes from elsewhere than the far end's packets do, is
    /// dropped; so are reports unless they share the port.
    pub fn handle_packet(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        if datagram.get(1).is_some_and(|kind| RTCP_TYPES.contains(&(kind & 0x7F))) {
            if self.config.rtcp_mux && source == self.latch.remote() {
                self.take_rtcp(now, datagram);
            }
            return;
        }
        let Ok(packet) = RtpReader::new(datagram) else {
            return;
        };
        let Some(arrival) = self.read(&packet) else {
            return;
        };
        let (ssrc, number) = (packet.ssrc(), packet.sequence_number().into());
        if !self.latch.accept(now, source, ssrc, number) {
            return;
        }
        self.count(now);
        match self.sequence.place(ssrc, number) {
            Place::At(index) => self.take(now, index, arrival),
            Place::Restart(index) => {
                self.frames.restart();
                self.stretch += 1;
                self.interarrival.restart();
                self.keys.reset();
                self.rtcp.note_source(ssrc);
                if let Some(first) = self.unproven.take() {
                    self.take(now, index - 1, first);
                }
                self.take(now, index, arrival);
            }
            Place::Duplicate => {}
            Place::Unproven => self.unproven = Some(arrival),
        }
    }

    /// Takes a datagram of the RTCP port. Only the host that RTP comes from, or the one agreed on, is listened to.
    pub fn handle_rtcp(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        let agreed = self.config.remote_rtcp.map(|address| address.ip());
        if source.ip() != self.latch.remote().ip() && Some(source.ip()) != agreed {
            return;
        }
        if self.take_rtcp(now, datagram) {
            self.rtcp_source = Some(source);
        }
    }

    /// After a re-INVITE: the stream we send goes on (same SSRC), but the far end may receive elsewhere, and its
    /// next packets decide anew where that is.
    pub fn renegotiate(&mut self, config: SessionConfig) {
        self.latch.renegotiate(config.remote);
        self.rtcp_source = None;
        if config.telephone_event_clock != self.config.telephone_event_clock {
            self.keys = dtmf::Receiver::new(config.telephone_event_clock);
        }
        if config.playout != self.frames.playout() {
            self.played_before = self.played_out();
            self.frames = JitterBuffer::new(config.playout);
        }
        self.sender.renegotiate(&config, &self.config);
        self.config = config;
    }

    /// The next frame in playing order, if it may be played by now; see the module's notes on pace.
    pub fn poll_frame(&mut self, now: Instant) -> Option<Frame> {
        self.frames.pop(now)
    }

    /// The next key pressed: once a press, as soon as its first packet has come.
    pub fn poll_key(&mut self) -> Option<Key> {
        self.pressed.pop_front()
    }

    /// The report that is due, for [`Self::rtcp_remote`].
    pub fn poll_rtcp(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.rtcp.poll(now, self.sender.sent_by(now), self.received())
    }

    /// When the next report is due; unknown before `poll_rtcp` was first asked.
    pub fn rtcp_timeout(&self) -> Option<Instant> {
        self.rtcp.timeout()
    }

    /// The report that ends our stream (BYE); none when we never sent anything.
    pub fn goodbye(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.rtcp.goodbye(now, self.sender.sent_by(now), self.received())
    }

    fn played_out(&self) -> PlayedOut {
        let (now, before) = (self.frames.played_out(), self.played_before);
        PlayedOut {
            played: before.played + now.played,
            concealed: before.concealed + now.concealed,
            late: before.late + now.late,
            dropped: before.dropped + now.dropped,
        }
    }

    fn received(&self) -> Option<Received> {
        let reception = self.sequence.reception()?;
        Some(Received { reception, jitter: self.interarrival.jitter() })
    }

    fn take_rtcp(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let source = self.sequence.reception().map(|reception| reception.ssrc);
        self.rtcp.handle(now, datagram, source, self.config.rtcp_reduced_size)
    }

    /// What a packet holds; `None` when that can't be, or nobody agreed on it.
    fn read(&self, packet: &RtpReader<'_>) -> Option<Arrival> {
        let (kind, payload) = (packet.payload_type(), packet.payload());
        let config = &self.config;
        let (timestamp, marker) = (packet.timestamp(), packet.mark());
        let arrival = |clock, content, events| Arrival { timestamp, clock, marker, content, events };
        if config.telephone_event_receive.or(config.telephone_event) == Some(kind) {
            let events = payload.get(..payload.len().min(dtmf::MAX_PAYLOAD)).filter(|events| events.len() >= 4)?;
            return Some(arrival(config.telephone_event_clock, Content::Nothing, events.into()));
        }
        let agreed = [(config.payload_type, config.codec)];
        let mut known = config.receive.iter().chain(&agreed).chain(&STATIC_TYPES);
        if let Some(&(_, codec)) = known.find(|(known, _)| *known == kind) {
            let content = Content::audio(codec, payload)?;
            return Some(arrival(codec.clock_rate(), content, Box::default()));
        }
        if kind == COMFORT_NOISE || config.comfort_noise == Some(kind) {
            let noise = ComfortNoise::parse(payload)?;
            return Some(arrival(config.codec.clock_rate(), Content::Noise(noise), Box::default()));
        }
        // Some other payload of a stream that is believed already holds its place in the order.
        self.sequence
            .reception()
            .filter(|reception| reception.ssrc == packet.ssrc())
            .map(|_| arrival(config.codec.clock_rate(), Content::Nothing, Box::default()))
    }

    fn count(&mut self, now: Instant) {
        self.counters.received += 1;
        if let Some(last) = self.last_arrival.replace(now) {
            let gap = now.saturating_duration_since(last).as_millis();
            let gap = u64::try_from(gap).unwrap_or(u64::MAX);
            self.counters.max_gap_ms = self.counters.max_gap_ms.max(gap);
        }
    }

    fn take(&mut self, now: Instant, index: u64, arrival: Arrival) {
        if let Content::Audio { .. } = arrival.content {
            self.interarrival.note(now, arrival.timestamp, arrival.clock);
        }
        let pressed = &mut self.pressed;
        self.keys.handle(arrival.timestamp, &arrival.events, |key| {
            if pressed.len() < MAX_KEYS {
                pressed.push_back(key);
            }
        });
        let Some(Arrival { timestamp, clock, content, .. }) = self.put_aside(index, arrival) else { return };
        self.frames.insert(now, index, Packet { timestamp, clock, content });
    }
}

#[cfg(test)]
mod tests;
