//! The stream we send: its numbers, the audio, keys and silence in it, and what of it has been heard.
//!
//! Owns: SSRC, sequence numbers and timestamps of ours, the encoder. Must not know: who receives it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use rtp_rs::RtpPacketBuilder;

use super::super::noise::ComfortNoise;
use super::super::rtcp::Sent;
use super::super::{Key, SessionConfig, dtmf};
use super::{Forward, Session};
use crate::audio::codec::Encoder;
use crate::audio::resample::stream::{Decimator, Interpolator};
use crate::audio::{Codec, FRAME_MS, FRAME_SAMPLES, LINE_RATE, WIDE_FRAME_SAMPLES};

/// A press sent by [`Session::send_key`].
const PRESS: Duration = Duration::from_millis(120);
/// Level of our silence, -dBov: a room at night. Nothing at all sounds like a dead line.
const SILENCE_LEVEL: u8 = 65;
/// While silence lasts, its level is told again after so many ticks (200 ms): a lost descriptor is made up for, and NAT
/// and far end see that we are still there.
const SILENCE_TICKS: u32 = 10;
/// Frames whose time of sending is known (2.56 s): no round trip is longer.
const RECENT: usize = 128;
/// What a telephone's jitter buffer holds back, if its jitter does not ask for more.
const FAR_PLAYOUT: Duration = Duration::from_millis(40);

/// 20 ms at 8 or 16 kHz; the codec gets its own rate.
#[derive(Debug, Clone, Copy)]
enum Audio<'a> {
    Line(&'a [i16; FRAME_SAMPLES]),
    Wide(&'a [i16; WIDE_FRAME_SAMPLES]),
}

#[derive(Debug)]
pub(super) struct Sender {
    ssrc: u32,
    next_number: u16,
    next_timestamp: u32,
    /// The next packet begins a stretch of audio (RFC 3551 §4.1).
    marker: bool,
    keys: dtmf::Sender,
    encoder: Encoder,
    codec: Codec,
    /// Audio of 8 kHz for a wide-band codec, and the reverse.
    interpolator: Interpolator,
    decimator: Decimator,
    payload: Vec<u8>,
    /// Ticks of silence since the last audio.
    silent: u32,
    packets: u64,
    octets: u64,
    frames: u64,
    /// When the last frames left, the newest last.
    recent: VecDeque<Instant>,
    /// The stream forwarded last, and whether nothing else has been sent since.
    flow: Option<Flow>,
    flowing: bool,
}

/// How a forwarded stream's numbers become ours.
#[derive(Debug, Clone, Copy)]
struct Flow {
    stretch: u32,
    /// What came before its first packet is left out.
    first: u64,
    number: u16,
    /// Ours less theirs.
    offset: u32,
}

impl Sender {
    pub fn new(config: &SessionConfig, random: &mut StdRng) -> Self {
        Self {
            ssrc: random.random(),
            // Far below the roll-over: a far end that misses our first packets would never find its count under SRTP
            // (RFC 3711 §3.3.1).
            next_number: random.random::<u16>() & 0x7fff,
            next_timestamp: random.random(),
            marker: true,
            keys: dtmf::Sender::default(),
            encoder: Encoder::with_parameters(config.codec, &config.opus),
            codec: config.codec,
            interpolator: Interpolator::default(),
            decimator: Decimator::default(),
            payload: Vec::new(),
            silent: 0,
            packets: 0,
            octets: 0,
            frames: 0,
            recent: VecDeque::new(),
            flow: None,
            flowing: false,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// As of the last packet.
    pub fn sent(&self) -> Sent {
        Sent { packets: self.packets, octets: self.octets, timestamp: self.next_timestamp }
    }

    /// With the timestamp of `now`: the last packet's, and the time since.
    pub fn sent_by(&self, now: Instant) -> Sent {
        let since = self.recent.back().map_or(Duration::ZERO, |last| now.saturating_duration_since(*last));
        let units = since.as_micros() * u128::from(self.codec.clock_rate()) / 1_000_000;
        let timestamp = self.next_timestamp.wrapping_sub(self.step()).wrapping_add(units as u32);
        Sent { timestamp, ..self.sent() }
    }

    pub fn renegotiate(&mut self, config: &SessionConfig, before: &SessionConfig) {
        self.marker = true;
        if config.codec != before.codec || config.opus != before.opus {
            self.encoder = Encoder::with_parameters(config.codec, &config.opus);
            self.codec = config.codec;
        }
    }

    /// Timestamp units of a tick.
    fn step(&self) -> u32 {
        self.codec.clock_rate() * FRAME_MS as u32 / 1_000
    }

    /// The event of the key being pressed, if one is.
    fn key(&mut self, config: &SessionConfig) -> Option<Vec<u8>> {
        let kind = config.telephone_event?;
        let event = self.keys.tick(self.next_timestamp, config.telephone_event_clock)?;
        // The audio after the press begins anew.
        self.marker = true;
        self.silent = 0;
        Some(self.build(kind, event.marker, event.timestamp, &event.payload))
    }

    fn audio(&mut self, kind: u8, audio: Audio<'_>) -> Vec<u8> {
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        match (audio, self.codec.is_wide()) {
            (Audio::Line(samples), false) => self.encoder.encode(samples, &mut payload),
            (Audio::Line(samples), true) => self.encoder.encode(&self.interpolator.process(samples), &mut payload),
            (Audio::Wide(samples), false) => self.encoder.encode(&self.decimator.process(samples), &mut payload),
            (Audio::Wide(samples), true) => self.encoder.encode(samples, &mut payload),
        }
        self.silent = 0;
        let marker = std::mem::take(&mut self.marker);
        let packet = self.build(kind, marker, self.next_timestamp, &payload);
        self.payload = payload;
        packet
    }

    /// The descriptor of silence, when it is to be told (again).
    fn silence(&mut self, kind: u8) -> Option<Vec<u8>> {
        let tell = self.silent.is_multiple_of(SILENCE_TICKS);
        self.silent = self.silent.wrapping_add(1);
        self.marker = true;
        // RFC 3389 §4: the marker is never set.
        tell.then(|| self.build(kind, false, self.next_timestamp, &ComfortNoise::white(SILENCE_LEVEL).payload()))
    }

    /// A packet of another stream, which keeps its payload and its distance to those before and after it. Audio of `units`
    /// 1/8000 s; an event has none.
    pub fn forward(&mut self, now: Instant, kind: u8, packet: &Forward, payload: &[u8], units: u32) -> Option<Vec<u8>> {
        let flow = match self.flow.filter(|flow| self.flowing && flow.stretch == packet.stretch) {
            Some(flow) => flow,
            None => self.flow_from(now, packet),
        };
        let distance = packet.index.checked_sub(flow.first)?;
        let timestamp = packet.timestamp.wrapping_add(flow.offset);
        let number = flow.number.wrapping_add(distance as u16);
        let next = self.next_number;
        self.next_number = number;
        let marker = std::mem::take(&mut self.marker) || packet.marker;
        let built = self.build(kind, marker, timestamp, payload);
        // It was overtaken by others.
        if next.wrapping_sub(self.next_number) < 0x8000 {
            self.next_number = next;
        }
        if units > 0 {
            let end = timestamp.wrapping_add(units * (self.codec.clock_rate() / LINE_RATE));
            if end.wrapping_sub(self.next_timestamp) as i32 > 0 {
                self.next_timestamp = end;
            }
            self.frames += u64::from(units) / FRAME_SAMPLES as u64;
            self.note_time(now);
        }
        Some(built)
    }

    /// A forwarded stream begins here, or goes on after something else. Its clock goes on meanwhile: its timestamps keep
    /// their distance to ours as long as that fits, so that the delay at the far end does not grow with every pause.
    fn flow_from(&mut self, now: Instant, packet: &Forward) -> Flow {
        if self.flowing {
            self.catch_up(now, Duration::ZERO);
        }
        let kept = self.flow.filter(|flow| flow.stretch == packet.stretch).map(|flow| flow.offset).filter(|offset| {
            let ahead = packet.timestamp.wrapping_add(*offset).wrapping_sub(self.next_timestamp) as i32;
            let second = self.codec.clock_rate() as i32;
            (-second / 5..=second).contains(&ahead)
        });
        let offset = kept.unwrap_or_else(|| self.next_timestamp.wrapping_sub(packet.timestamp));
        let flow = Flow { stretch: packet.stretch, first: packet.index, number: self.next_number, offset };
        self.flow = Some(flow);
        self.flowing = true;
        self.marker = true;
        flow
    }

    /// Time has gone by without a packet: all but the last `rest` of it and the frame that is due now.
    fn catch_up(&mut self, now: Instant, rest: Duration) {
        let since = self.recent.back().map_or(Duration::ZERO, |last| now.saturating_duration_since(*last));
        let frames = (since.saturating_sub(rest).as_millis() as u64 / FRAME_MS).saturating_sub(1);
        let units = frames.wrapping_mul(u64::from(self.step()));
        self.next_timestamp = self.next_timestamp.wrapping_add(units as u32);
    }

    fn build(&mut self, kind: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let packet = RtpPacketBuilder::new()
            .payload_type(kind & 0x7F)
            .marked(marker)
            .sequence(self.next_number.into())
            .timestamp(timestamp)
            .ssrc(self.ssrc)
            .payload(payload)
            .build()
            // Fails for payload types above 127 and extensions only: neither happens here.
            .unwrap_or_default();
        self.next_number = self.next_number.wrapping_add(1);
        self.packets += 1;
        self.octets += payload.len() as u64;
        packet
    }

    /// A tick has gone by.
    fn go_on(&mut self) {
        self.flowing = false;
        self.next_timestamp = self.next_timestamp.wrapping_add(self.step());
    }

    /// A frame of audio, silence or a key has been sent.
    fn note_frame(&mut self, now: Instant) {
        self.go_on();
        self.frames += 1;
        self.note_time(now);
    }

    fn note_time(&mut self, now: Instant) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
    }

    /// Samples at 8 kHz of those sent that have been played `delay` after they left.
    fn heard(&self, now: Instant, delay: Duration) -> u64 {
        let frame = Duration::from_millis(FRAME_MS);
        let mut unheard = 0;
        for sent in self.recent.iter().rev() {
            let rest = (*sent + delay + frame).saturating_duration_since(now).min(frame);
            if rest.is_zero() {
                break;
            }
            unheard += rest.as_micros() as u64 * u64::from(LINE_RATE) / 1_000_000;
        }
        (self.frames * FRAME_SAMPLES as u64).saturating_sub(unheard)
    }
}

/// Sending.
impl Session {
    /// Queues a press of 120 ms. `false` when the far end takes no telephone events, the key does not exist or 32
    /// presses wait already.
    pub fn send_key(&mut self, key: Key) -> bool {
        self.send_key_for(key, PRESS)
    }

    /// As [`send_key`](Self::send_key), for 40 ms to 8 s.
    pub fn send_key_for(&mut self, key: Key, duration: Duration) -> bool {
        let ticks = duration.as_millis() / u128::from(FRAME_MS);
        let ticks = u16::try_from(ticks).unwrap_or(u16::MAX);
        self.config.telephone_event.is_some() && self.sender.keys.press(key, ticks)
    }

    /// Whether presses are under way or wait: keep calling [`send_audio`](Self::send_audio).
    pub fn is_sending_key(&self) -> bool {
        self.sender.keys.is_busy()
    }

    /// The next packet: this audio, or in its place the event of the key being pressed.
    pub fn send_audio(&mut self, now: Instant, samples: &[i16; FRAME_SAMPLES]) -> Vec<u8> {
        self.send(now, Audio::Line(samples))
    }

    /// As [`send_audio`](Self::send_audio), with audio of 16 kHz.
    pub fn send_wide(&mut self, now: Instant, samples: &[i16; WIDE_FRAME_SAMPLES]) -> Vec<u8> {
        self.send(now, Audio::Wide(samples))
    }

    fn send(&mut self, now: Instant, audio: Audio<'_>) -> Vec<u8> {
        let packet = match self.sender.key(&self.config) {
            Some(event) => event,
            None => self.sender.audio(self.config.payload_type, audio),
        };
        self.sender.note_frame(now);
        packet
    }

    /// A tick of silence: with comfort noise agreed on, its descriptor at times and else nothing; without, as much
    /// silent audio.
    pub fn send_silence(&mut self, now: Instant) -> Option<Vec<u8>> {
        let Some(kind) = self.config.comfort_noise else {
            return Some(self.send_audio(now, &[0; FRAME_SAMPLES]));
        };
        let packet = match self.sender.key(&self.config) {
            Some(event) => Some(event),
            None => self.sender.silence(kind),
        };
        self.sender.note_frame(now);
        packet
    }

    /// The forwarded stream has paused: what we send next follows it in time, but for `rest`, by which the network may have
    /// delayed what is still to come.
    pub fn leave_forwarding(&mut self, now: Instant, rest: Duration) {
        if std::mem::take(&mut self.sender.flowing) {
            self.sender.catch_up(now, rest);
            self.sender.marker = true;
        }
    }

    /// A tick without a packet (hold): time goes on, and the next packet has the marker. Keys wait.
    pub fn skip_audio(&mut self) {
        self.sender.go_on();
        self.sender.marker = true;
    }

    /// How much has been sent since the start, in samples at 8 kHz: 160 for each frame of audio, silence or a key.
    pub fn sent_samples(&self) -> u64 {
        self.sender.frames * FRAME_SAMPLES as u64
    }

    /// How much of [`Self::sent_samples`] the far end has played by `now`: half the round trip behind, once RTCP has
    /// measured it, and 40 ms of jitter buffer, or twice the jitter it reports if that is more.
    pub fn heard_samples(&self, now: Instant) -> u64 {
        let clock = u64::from(self.config.codec.clock_rate());
        let far = self.rtcp.far().map_or(0, |far| u64::from(far.jitter) * 1_000_000 / clock);
        let playout = FAR_PLAYOUT.max(Duration::from_micros(2 * far));
        self.sender.heard(now, self.rtcp.round_trip().unwrap_or_default() / 2 + playout)
    }
}
