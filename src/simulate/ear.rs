//! When the far end speaks, judged by energy alone, on packets as they arrive. PURE.
//!
//! Owns: the thresholds by which the test telephones measure. Must not know: RTP headers, what is said.
//!
//! This is a measuring instrument, not a voice detector: the far end is a synthetic voice or an open line without
//! noise, so level tells speech from silence, and the time of a packet is not blurred by any smoothing.

use std::time::{Duration, Instant};

/// A packet holds speech from this level on, in dB below full scale (RMS of its 20 ms). Prompts are levelled to
/// about −23 dBFS; A-law and µ-law silence is below −70 dBFS.
pub const SPEECH_DBFS: f32 = -45.0;
/// A packet that begins speech only counts when this many …
const ONSET_PACKETS: u32 = 3;
/// … of this many packets from it on hold speech: a click is no speech.
const ONSET_WINDOW: u32 = 5;
/// Quiet this long ends a stretch of speech; what comes later is a new one. Longer than any stop consonant, shorter than
/// the gap that a barge-in leaves.
pub const STRETCH_GAP: Duration = Duration::from_millis(350);
/// Quiet this long means the far end has finished speaking: longer than its pauses between sentences.
pub const FINISHED: Duration = Duration::from_millis(1_200);

/// Whether these samples are loud enough to be speech.
pub fn holds_speech(samples: &[i16]) -> bool {
    if samples.is_empty() {
        return false;
    }
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    let rms = (energy / samples.len() as f64).sqrt();
    rms >= f64::from(i16::MAX) * 10_f64.powf(f64::from(SPEECH_DBFS) / 20.0)
}

/// Follows the speech of one far end.
#[derive(Debug, Default)]
pub struct Ear {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// Nothing heard, or all that was heard has been reported finished.
    #[default]
    Quiet,
    /// A loud packet came; the next ones decide whether it is speech. `resumed`: within an unfinished speech.
    Onset { first: Instant, loud: u32, seen: u32, resumed: Option<Instant> },
    /// Speaking, or pausing for less than [`FINISHED`].
    Speaking { last: Instant },
}

/// What the ear noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A stretch of speech began with the packet that arrived at `first`; `previous` is the last packet with speech of the
    /// stretch before it, when the gap between them was short of [`FINISHED`].
    Started { first: Instant, previous: Option<Instant> },
    /// Nothing for [`FINISHED`] since the last packet with speech.
    Finished { last: Instant },
}

impl Ear {
    /// Whether the far end is speaking, or only pausing.
    pub fn is_hearing(&self) -> bool {
        match self.state {
            State::Quiet => false,
            State::Onset { resumed, .. } => resumed.is_some(),
            State::Speaking { .. } => true,
        }
    }

    /// Arrival of the last packet with speech, while [`Self::is_hearing`].
    pub fn last_speech(&self) -> Option<Instant> {
        match self.state {
            State::Quiet => None,
            State::Onset { resumed, .. } => resumed,
            State::Speaking { last } => Some(last),
        }
    }

    /// One packet's samples, at its arrival.
    pub fn handle_packet(&mut self, arrival: Instant, samples: &[i16]) -> Option<Heard> {
        let loud = holds_speech(samples);
        match &mut self.state {
            State::Speaking { last } if arrival.saturating_duration_since(*last) < STRETCH_GAP => {
                if loud {
                    *last = arrival;
                }
                None
            }
            State::Speaking { last } => {
                let resumed = Some(*last);
                self.begin_onset(arrival, loud, resumed)
            }
            State::Quiet => self.begin_onset(arrival, loud, None),
            State::Onset { first, loud: count, seen, resumed } => {
                *seen += 1;
                *count += u32::from(loud);
                if *count >= ONSET_PACKETS {
                    let (first, previous) = (*first, *resumed);
                    self.state = State::Speaking { last: arrival };
                    return Some(Heard::Started { first, previous });
                }
                if *seen >= ONSET_WINDOW {
                    self.state = resumed.map_or(State::Quiet, |last| State::Speaking { last });
                }
                None
            }
        }
    }

    fn begin_onset(&mut self, arrival: Instant, loud: bool, resumed: Option<Instant>) -> Option<Heard> {
        if loud {
            self.state = State::Onset { first: arrival, loud: 1, seen: 1, resumed };
        }
        None
    }

    /// When [`Self::handle_timeout`] has something to say.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.last_speech().map(|last| last + FINISHED)
    }

    pub fn handle_timeout(&mut self, now: Instant) -> Option<Heard> {
        let last = self.last_speech()?;
        if now < last + FINISHED {
            return None;
        }
        self.state = match self.state {
            State::Onset { first, loud, seen, .. } => State::Onset { first, loud, seen, resumed: None },
            State::Quiet | State::Speaking { .. } => State::Quiet,
        };
        Some(Heard::Finished { last })
    }

    /// Ends what is being heard, as at the end of a call; the time of its last packet with speech.
    pub fn stop(&mut self) -> Option<Instant> {
        let last = self.last_speech();
        self.state = State::Quiet;
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME_SAMPLES;
    use crate::testing::epoch;

    const LOUD: [i16; FRAME_SAMPLES] = [2_000; FRAME_SAMPLES];
    const SOFT: [i16; FRAME_SAMPLES] = [8; FRAME_SAMPLES];

    /// Feeds one packet each 20 ms: `#` loud, `.` soft; returns what was heard, in ms since the start.
    fn hear(pattern: &str) -> Vec<(char, u64)> {
        let start = epoch();
        let mut ear = Ear::default();
        let mut heard = Vec::new();
        for (index, mark) in pattern.chars().enumerate() {
            let at = start + Duration::from_millis(20 * index as u64);
            let mut note = |event: Option<Heard>| match event {
                Some(Heard::Started { first, .. }) => heard.push(('s', (first - start).as_millis() as u64)),
                Some(Heard::Finished { last }) => heard.push(('f', (last - start).as_millis() as u64)),
                None => {}
            };
            if ear.poll_timeout().is_some_and(|timeout| timeout <= at) {
                note(ear.handle_timeout(at));
            }
            note(ear.handle_packet(at, if mark == '#' { &LOUD } else { &SOFT }));
        }
        heard
    }

    #[test]
    fn a_click_is_no_speech() {
        assert_eq!(hear(&format!("..#......##...{}", ".".repeat(80))), []);
    }

    #[test]
    fn speech_is_timed_at_its_first_and_last_packet() {
        assert_eq!(hear(&format!("..#.###{}", ".".repeat(80))), [('s', 40), ('f', 120)]);
    }

    #[test]
    fn a_pause_between_sentences_is_a_new_stretch_of_the_same_speech() {
        let pattern = format!("####{}####{}", ".".repeat(40), ".".repeat(80));
        assert_eq!(hear(&pattern), [('s', 0), ('s', 880), ('f', 940)]);
    }

    #[test]
    fn a_stop_consonant_is_no_gap() {
        assert_eq!(hear(&format!("####{}####{}", ".".repeat(10), ".".repeat(80))), [('s', 0), ('f', 340)]);
    }

    #[test]
    fn a_click_in_a_pause_does_not_hold_off_the_end() {
        let pattern = format!("####{}#{}", ".".repeat(30), ".".repeat(60));
        assert_eq!(hear(&pattern), [('s', 0), ('f', 60)]);
    }
}
