//! A telephone's audio: what is spoken into it goes out, what arrives is heard.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use crate::audio::FRAME_SAMPLES;
use crate::call::session_config;
use crate::rtp::{Frame, Key, Pacer, Session};
use crate::sip::sdp::Negotiated;

pub struct Handset {
    seed: u64,
    line: Option<(Session, Pacer)>,
    /// What is being said, ahead of the microphone.
    pub mouth: VecDeque<i16>,
    /// Nothing is sent.
    pub muted: bool,
    /// When each frame with sound was heard.
    pub heard: Vec<Instant>,
    /// Of these, the frames with the agent's voice: tests make it of one value.
    pub voice: Vec<Instant>,
    /// Keys heard.
    pub keys: String,
}

impl Handset {
    pub fn new(seed: u64) -> Handset {
        Handset {
            seed,
            line: None,
            mouth: VecDeque::new(),
            muted: false,
            heard: Vec::new(),
            voice: Vec::new(),
            keys: String::new(),
        }
    }

    pub fn pick_up(&mut self, now: Instant, negotiated: &Negotiated) {
        // Every call has a stream of its own.
        self.seed += 10;
        self.line = Some((Session::new(session_config(negotiated), self.seed), Pacer::new(now)));
    }

    pub fn put_down(&mut self) {
        self.line = None;
    }

    pub fn press(&mut self, key: Key) {
        let (session, _) = self.line.as_mut().expect("media");
        assert!(session.send_key(key));
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.line.as_ref().map(|(_, pacer)| pacer.next_deadline())
    }

    /// Its 20 ms: what the microphone took goes out, what came in is heard.
    pub fn tick(&mut self, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
        let Some((session, pacer)) = &mut self.line else { return Vec::new() };
        let mut packets = Vec::new();
        for _ in 0..pacer.ticks_due(now) {
            let mut samples = [0; FRAME_SAMPLES];
            for sample in &mut samples {
                *sample = self.mouth.pop_front().unwrap_or(0);
            }
            let packet = session.send_audio(now, &samples);
            packets.push((session.remote(), packet));
            while let Some(Frame { samples, received, .. }) = session.poll_frame(now) {
                if received && samples.iter().any(|sample| sample.unsigned_abs() > 500) {
                    self.heard.push(now);
                    let mean = samples.iter().map(|sample| i32::from(*sample)).sum::<i32>() / 160;
                    if mean > 2_000 {
                        self.voice.push(now);
                    }
                }
            }
            self.keys.extend(std::iter::from_fn(|| session.poll_key()).map(|key| key.0));
        }
        if self.muted {
            packets.clear();
        }
        packets
    }

    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        if let Some((session, _)) = &mut self.line {
            session.handle_packet(now, from, packet);
        }
    }
}
