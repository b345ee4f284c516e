//! The audio side of a telephone: sends silence and keys, and notes when it hears a voice.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use allo_mairie::audio::{Codec, FRAME_SAMPLES, level};
use allo_mairie::rtp::{Counters, Key, Pacer, Session, SessionConfig};

/// A frame louder than this holds a voice, dBFS.
const VOICE_DBFS: f32 = -45.0;

pub struct Telephone {
    pub port: u16,
    stop: Arc<AtomicBool>,
    line: JoinHandle<Heard>,
}

/// What the telephone heard until it was put down.
#[derive(Debug, Default)]
pub struct Heard {
    pub counters: Counters,
    /// Moments at which frames with a voice arrived.
    pub voice: Vec<Instant>,
    /// When each key had been sent.
    pub pressed: Vec<Instant>,
    pub last_packet: Option<Instant>,
}

impl Telephone {
    /// Waits for the agent's audio, then presses `keys`, the first after two seconds of listening.
    pub fn new(keys: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("an RTP socket");
        socket.set_read_timeout(Some(Duration::from_millis(5))).expect("a timeout");
        let port = socket.local_addr().expect("its address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let line = std::thread::spawn(move || talk(&socket, keys, &stopped));
        Self { port, stop, line }
    }

    pub fn put_down(self) -> Heard {
        self.stop.store(true, Ordering::Relaxed);
        self.line.join().expect("the telephone works")
    }
}

fn talk(socket: &UdpSocket, keys: &str, stop: &AtomicBool) -> Heard {
    let remote = socket.local_addr().expect("address");
    let towards = |remote| SessionConfig { telephone_event: Some(101), ..SessionConfig::new(Codec::Pcma, 8, remote) };
    let mut session = Session::new(towards(remote), 11);
    let mut heard = Heard::default();
    let mut buffer = [0; 2_048];
    // Set by the first packet: nobody to talk to before.
    let mut call: Option<(Instant, Pacer)> = None;
    let mut keys = keys.chars();
    while !stop.load(Ordering::Relaxed) {
        if let Ok((length, source)) = socket.recv_from(&mut buffer) {
            let now = Instant::now();
            if call.is_none() {
                session.renegotiate(towards(source));
            }
            session.handle_packet(now, source, &buffer[..length]);
            heard.last_packet = Some(now);
            call.get_or_insert_with(|| (now, Pacer::new(now)));
        }
        let Some((begun, pacer)) = &mut call else { continue };
        let now = Instant::now();
        while let Some(frame) = session.poll_frame(now) {
            if frame.received && level::rms_dbfs(&frame.samples) > VOICE_DBFS {
                heard.voice.push(now);
            }
        }
        let idle = !session.is_sending_key();
        if idle
            && now.duration_since(*begun) > Duration::from_secs(2) * (heard.pressed.len() as u32 + 1)
            && let Some(key) = keys.next()
        {
            assert!(session.send_key(Key(key)), "key {key}");
            heard.pressed.push(now);
        }
        for _ in 0..pacer.ticks_due(now) {
            let packet = session.send_audio(now, &[0; FRAME_SAMPLES]);
            socket.send_to(&packet, session.remote()).expect("sent");
        }
    }
    heard.counters = session.counters();
    heard
}
