//! One RTP leg of a test telephone: sends a packet every 20 ms, listens, and keeps both on the recording. PURE.
//!
//! Owns: the grid of sent packets, the line being said, when speech left and arrived. Must not know: SIP, whose turn it is.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtp_rs::RtpReader;

use super::ear::{Ear, Heard, holds_speech};
use super::recording::{Recording, Track};
use super::script::Action;
use crate::audio::{self, Codec, FRAME_MS, FRAME_SAMPLES};
use crate::rtp::{Counters, Key, Session, SessionConfig};
use crate::sip::sdp::Negotiated;

const FRAME: Duration = Duration::from_millis(FRAME_MS);
/// Ticks made up for after a late wake-up; more than these are skipped, as a telephone's clock would.
const CATCH_UP: u32 = 5;

/// One RTP leg.
pub struct Handset {
    session: Session,
    codec: Codec,
    payload_type: u8,
    ear: Ear,
    track: Track,
    /// When the next packet leaves.
    next_tick: Instant,
    line: Option<Saying>,
    last_packet: Instant,
    /// At most [`CATCH_UP`] packets and a key's; drained after each input.
    packets: VecDeque<Vec<u8>>,
}

/// A line on its way.
struct Saying {
    action: Action,
    /// Frames or keys already sent.
    done: usize,
    sent: Said,
}

/// When a line left: its first and last packet with speech (or of a key).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    pub first: Option<Instant>,
    pub last: Option<Instant>,
}

fn session_config(agreed: &Negotiated) -> SessionConfig {
    SessionConfig {
        codec: agreed.codec,
        payload_type: agreed.payload_type,
        telephone_event: agreed.telephone_event,
        remote: agreed.remote,
    }
}

impl Handset {
    pub fn new(now: Instant, agreed: &Negotiated, seed: u64) -> Self {
        Self {
            session: Session::new(session_config(agreed), seed),
            codec: agreed.codec,
            payload_type: agreed.payload_type,
            ear: Ear::default(),
            track: Track::default(),
            next_tick: now,
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
        let samples = audio::decode(self.codec, header.payload());
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
        self.line = Some(Saying { action, done: 0, sent: Said::default() });
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
        let mut late = 0;
        while self.next_tick <= now {
            late += 1;
            if late > CATCH_UP {
                self.session.skip_audio();
            } else {
                said = self.send_frame(now, recording).or(said);
            }
            self.next_tick += FRAME;
        }
        said
    }

    fn send_frame(&mut self, now: Instant, recording: &mut Recording) -> Option<Said> {
        let mut frame = [0; FRAME_SAMPLES];
        let mut finished = None;
        if let Some(line) = &mut self.line {
            let left = match &line.action {
                Action::Speak(samples) => {
                    let rest = samples.get(line.done * FRAME_SAMPLES..).unwrap_or(&[]);
                    let length = rest.len().min(FRAME_SAMPLES);
                    frame[..length].copy_from_slice(&rest[..length]);
                    rest.len() - length
                }
                Action::Type(_) => 0,
            };
            line.done += 1;
            if holds_speech(&frame) {
                line.sent.first.get_or_insert(now);
                line.sent.last = Some(now);
            }
            if left == 0 {
                finished = Some(line.sent);
                self.line = None;
            }
        }
        recording.put_sent(recording.position(self.next_tick), &frame);
        self.packets.push_back(self.session.send_audio(&frame));
        finished
    }

    pub fn poll_packet(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.packets.pop_front().map(|packet| (self.session.remote(), packet))
    }

    pub fn poll_timeout(&self) -> Instant {
        self.ear.poll_timeout().map_or(self.next_tick, |timeout| timeout.min(self.next_tick))
    }
}
