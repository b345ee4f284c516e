//! A telephone's audio: what is spoken into it goes out, what arrives is heard.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use crate::audio::FRAME_SAMPLES;
use crate::call::session_config;
use crate::rtp::srtp::Protection;
use crate::rtp::{Frame, Key, Pacer, Session};
use crate::sip::sdp::Negotiated;

pub struct Handset {
    seed: u64,
    line: Option<(Session, Pacer)>,
    /// Of an encrypted call.
    pub protection: Option<Protection>,
    /// What becomes of each of its packets on the way.
    pub on_the_way: Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>>>,
    /// What is being said, ahead of the microphone.
    pub mouth: VecDeque<i16>,
    /// What the line returns of what is heard: a factor, none without.
    pub echo: f32,
    returning: VecDeque<i16>,
    /// The same at 16 kHz: with anything in it, this is what is said.
    pub wide_mouth: VecDeque<i16>,
    /// All that was heard at 16 kHz.
    pub heard_wide: Vec<i16>,
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
            protection: None,
            on_the_way: Box::new(|packet| vec![packet]),
            mouth: VecDeque::new(),
            echo: 0.0,
            returning: VecDeque::new(),
            wide_mouth: VecDeque::new(),
            heard_wide: Vec::new(),
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
        self.protection = negotiated.srtp.as_ref().map(|agreed| Protection::new(&agreed.keys));
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
                let returned = f32::from(self.returning.pop_front().unwrap_or(0)) * self.echo;
                *sample = self.mouth.pop_front().unwrap_or(0).saturating_add(returned as i16);
            }
            let mut packet = match self.wide_mouth.is_empty() {
                true => session.send_audio(now, &samples),
                false => {
                    session.send_wide(now, &std::array::from_fn(|_| self.wide_mouth.pop_front().unwrap_or_default()))
                }
            };
            if let Some(protection) = &mut self.protection {
                protection.protect(&mut packet).expect("a packet of ours");
            }
            let arriving = (self.on_the_way)(packet);
            packets.extend(arriving.into_iter().map(|packet| (session.remote(), packet)));
            while let Some(Frame { samples, received, wide }) = session.poll_frame(now) {
                self.heard_wide.extend(wide.iter().flat_map(|wide| wide.iter()));
                self.returning.extend(samples);
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

    /// Its report, when one is due.
    pub fn poll_report(&mut self, now: Instant) -> Option<(SocketAddr, Vec<u8>)> {
        let (session, _) = self.line.as_mut()?;
        let mut report = session.poll_rtcp(now)?;
        if let Some(protection) = &mut self.protection {
            protection.protect(&mut report).expect("a report of ours");
        }
        Some((session.rtcp_remote(), report))
    }

    pub fn handle_rtcp(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        let packet = match &mut self.protection {
            Some(protection) => protection.unprotect(packet),
            None => Ok(packet),
        };
        if let (Some((session, _)), Ok(packet)) = (&mut self.line, packet) {
            session.handle_rtcp(now, from, packet);
        }
    }

    /// What its session knows.
    pub fn session(&self) -> &Session {
        &self.line.as_ref().expect("media").0
    }

    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        let packet = match &mut self.protection {
            Some(protection) => protection.unprotect(packet),
            None => Ok(packet),
        };
        if let (Some((session, _)), Ok(packet)) = (&mut self.line, packet) {
            session.handle_packet(now, from, packet);
        }
    }
}
