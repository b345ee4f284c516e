//! Hears a call in the recording that a telephone is still writing: when the agent has spoken and fallen silent, and what
//! it said.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use allo_mairie::simulate::ear::{Ear, Heard};

use super::caller::Caller;

/// Between an answer and "can I do anything else?" there is less.
const QUIET: Duration = Duration::from_millis(2_000);
/// A file has no event: telephones write every 20 to 130 ms.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const FRAME_MS: u64 = 20;
/// What is kept before and after what was said.
const MARGIN: Duration = Duration::from_millis(200);

/// What the agent said in one go.
pub struct Said {
    pub samples: Vec<i16>,
    pub rate: u32,
}

pub struct Listener {
    file: Option<File>,
    unread: Vec<u8>,
    /// Of the recording; 0 until its header has been read.
    rate: u32,
    samples: Vec<i16>,
    /// How many of them the ear has heard.
    heard: usize,
    ear: Ear,
    epoch: Instant,
}

impl Listener {
    pub fn new() -> Self {
        Self {
            file: None,
            unread: Vec::new(),
            rate: 0,
            samples: Vec::new(),
            heard: 0,
            ear: Ear::default(),
            epoch: Instant::now(),
        }
    }

    /// Waits until the agent has spoken and been silent for a while. What was said before this call counts too, unless it
    /// was given already.
    pub fn said(&mut self, caller: &dyn Caller, within: Duration) -> Option<Said> {
        let deadline = Instant::now() + within;
        let mut speech: Option<(Duration, Duration)> = None;
        loop {
            self.read(caller);
            while let Some((at, event)) = self.hear() {
                if let (Some(Heard::Started { first, .. }), None) = (event, speech) {
                    speech = Some((first - self.epoch, at));
                }
                if let (Some((_, last)), Some(loud)) = (&mut speech, self.ear.last_speech()) {
                    *last = loud - self.epoch;
                }
                if let Some((first, last)) = speech
                    && at >= last + QUIET
                {
                    return Some(self.cut(first, last));
                }
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The next frame through the ear: its place in the recording, and what the ear noticed.
    fn hear(&mut self) -> Option<(Duration, Option<Heard>)> {
        let frame = (u64::from(self.rate) * FRAME_MS / 1_000) as usize;
        if frame == 0 || self.samples.len() < self.heard + frame {
            return None;
        }
        let at = Duration::from_secs_f64(self.heard as f64 / f64::from(self.rate));
        let now = self.epoch + at;
        let due = self.ear.poll_timeout().is_some_and(|timeout| timeout <= now);
        let finished = if due { self.ear.handle_timeout(now) } else { None };
        let event = self.ear.handle_packet(now, &self.samples[self.heard..self.heard + frame]).or(finished);
        self.heard += frame;
        Some((at, event))
    }

    fn cut(&self, first: Duration, last: Duration) -> Said {
        let place = |at: Duration| (at.as_secs_f64() * f64::from(self.rate)) as usize;
        let end = place(last + MARGIN).min(self.samples.len());
        Said { samples: self.samples[place(first.saturating_sub(MARGIN))..end].to_vec(), rate: self.rate }
    }

    fn read(&mut self, caller: &dyn Caller) {
        if self.file.is_none() {
            self.file = caller.recording().and_then(|path| File::open(path).ok());
        }
        let Some(file) = &mut self.file else { return };
        // Writing goes on behind the end.
        let _ = file.read_to_end(&mut self.unread).expect("a readable recording");
        if self.rate == 0 {
            let Some(data) = self.unread.windows(4).position(|name| name == b"data") else { return };
            if self.unread.len() < data + 8 {
                return;
            }
            let field = |at: usize| u32::from_le_bytes(self.unread[at..at + 4].try_into().expect("four bytes"));
            let (channels, rate) = (field(20) >> 16, field(24));
            assert_eq!(channels, 1, "a recording of one channel");
            self.rate = rate;
            self.unread.drain(..data + 8);
        }
        let whole = self.unread.len() & !1;
        let samples = self.unread[..whole].as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair));
        self.samples.extend(samples);
        self.unread.drain(..whole);
    }
}
