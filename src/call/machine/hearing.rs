//! From the caller's frames to words: which turn is under way and which recognition belongs to it.
//!
//! Owns: the echo canceller, the turn detector and the one recognition under way. Recognition starts on the first short silence,
//! while the turn may still go on; if the caller goes on, that work is void (recognise ahead). What it gives tells the detector
//! whether the words are finished; where it comes after the silence has already ended the turn and something must follow, the
//! turn is held open for as long as it would have been.
//! Must not know: what words mean, what is being played.

use std::time::{Duration, Instant};

use crate::audio::echo::EchoCanceller;
use crate::audio::level::{self, SILENCE_DBFS};
use crate::audio::resample::stream::Decimator;
use crate::audio::{FRAME_SAMPLES, Sound, WIDE_FRAME_SAMPLES};
use crate::speech::{SpeechError, Transcript};
use crate::turn::{Answer, Completeness, Detector, Event, Settings, Sign, completeness};

/// Names one recognition; a later one makes it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobId(pub u64);

/// What hearing tells the call.
#[derive(Debug)]
pub(super) enum Heard {
    /// Of speech that is no turn yet, and may never be.
    Sign(Sign),
    /// The caller began to speak.
    Started,
    /// Recognise this.
    Recognise { job: JobId, sound: Sound },
    /// Nobody wants this result any more.
    Abandon { job: JobId },
    /// The turn is over but its words are not known yet.
    Awaiting { job: JobId },
    /// They are now, but they want a rest: the caller is given time for it.
    HeldOpen,
    /// The turn is over and these are its words.
    Concluded { outcome: Result<Transcript, SpeechError>, times: Times, length: Duration },
}

/// When a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// The last word ended.
    pub speech: Instant,
    /// The silence after it was long enough.
    pub turn: Instant,
}

#[derive(Debug, Default)]
enum Turn {
    #[default]
    Quiet,
    /// The caller speaks, with the recognition of an earlier pause if one is under way.
    Speaking,
    /// A short silence; the recognition of what was said so far is under way or done.
    Pausing { job: JobId, revision: u32, outcome: Option<Result<Transcript, SpeechError>> },
    /// The turn has ended, its recognition is under way.
    Ended { job: JobId, sound: Sound, times: Times, length: Duration },
    /// The turn has ended, but its words want a rest: it is over at `until`.
    Held { until: Instant, outcome: Result<Transcript, SpeechError>, sound: Sound, times: Times, length: Duration },
}

/// Audio of an earlier turn is joined to a later one up to this length, s: Whisper's window.
const LONGEST_JOINED: usize = 30;
/// How fast our own voice is forgotten, dB a frame: 10 dB in the 400 ms that an echo may take.
const ECHO_FADES_DB: f32 = 0.5;

pub(super) struct Hearing {
    echo: EchoCanceller,
    /// What is sent at 16 kHz, for the canceller.
    decimator: Decimator,
    detector: Detector,
    /// Level of our own voice while its echo may come, dBFS.
    own_level: f32,
    turn: Turn,
    /// What may be said now, in which language (ISO 639-1).
    answer: Answer,
    language: String,
    /// Audio of a turn whose words were not known yet when the caller went on: it is recognised with what follows.
    earlier: Option<Sound>,
    /// The turn under way started over a prompt that can't be cut: it is let pass.
    ignoring: bool,
    next_job: u64,
}

impl Hearing {
    pub fn new(settings: Settings) -> Self {
        Self {
            echo: EchoCanceller::default(),
            decimator: Decimator::default(),
            detector: Detector::new(settings),
            own_level: SILENCE_DBFS,
            turn: Turn::Quiet,
            answer: Answer::default(),
            language: String::new(),
            earlier: None,
            ignoring: false,
            next_job: 0,
        }
    }

    /// What the dialogue expects, in which language (ISO 639-1).
    pub fn expect(&mut self, language: &str, answer: Answer) {
        self.detector.set_patience(answer.patience());
        language.clone_into(&mut self.language);
        self.answer = answer;
    }

    /// The caller is speaking, or has just spoken and the words are not known yet.
    pub fn is_busy(&self) -> bool {
        !matches!(self.turn, Turn::Quiet)
    }

    /// Drops the turn under way.
    pub fn forget(&mut self) -> Option<Heard> {
        self.detector.reset();
        self.ignoring = false;
        self.earlier = None;
        self.void()
    }

    /// What the caller is sent in this tick, silence included: it may come back.
    pub fn sent(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.note_level(frame);
        self.echo.sent(frame);
    }

    /// As [`Self::sent`], at 16 kHz.
    pub fn sent_wide(&mut self, frame: &[i16; WIDE_FRAME_SAMPLES]) {
        let frame = self.decimator.process(frame);
        self.sent(&frame);
    }

    fn note_level(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.own_level = level::rms_dbfs(frame).max(self.own_level - ECHO_FADES_DB).max(SILENCE_DBFS);
    }

    /// One frame of the caller's audio; `wide`: the same 20 ms at 16 kHz, when the call has them. `audible`: our own
    /// voice is being heard; `cuttable`: and may be cut.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        frame: &[i16; FRAME_SAMPLES],
        wide: Option<&[i16; WIDE_FRAME_SAMPLES]>,
        audible: bool,
        cuttable: bool,
        mut tell: impl FnMut(Heard),
    ) {
        self.detector.set_agent_speaking(audible);
        self.detector.set_own_level(self.own_level);
        let mut clean = *frame;
        self.echo.received(&mut clean);
        // The canceller works at 8 kHz: where there is an echo to take out, `wide` still holds it.
        let wide = wide.filter(|_| !self.echo.is_active() && clean == *frame);
        self.detector.handle_frame(&clean, wide);
        self.detector.take_sign().map(Heard::Sign).into_iter().for_each(&mut tell);
        self.handle_events(now, cuttable, &mut tell);
        if matches!(self.turn, Turn::Held { until, .. } if until <= now) {
            self.conclude_held().into_iter().for_each(tell);
        }
    }

    fn handle_events(&mut self, now: Instant, cuttable: bool, mut tell: impl FnMut(Heard)) {
        while let Some(event) = self.detector.poll_event() {
            match event {
                Event::Started => {
                    self.ignoring = !cuttable;
                    if !self.ignoring {
                        if let Turn::Ended { sound, .. } | Turn::Held { sound, .. } = &self.turn {
                            self.earlier = Some(sound.clone());
                        }
                        self.void().into_iter().for_each(&mut tell);
                        self.turn = Turn::Speaking;
                        tell(Heard::Started);
                    }
                }
                _ if self.ignoring => {
                    if matches!(event, Event::Ended { .. }) {
                        self.ignoring = false;
                    }
                }
                Event::Paused { revision, sound, .. } => {
                    self.void().into_iter().for_each(&mut tell);
                    let job = self.next_job();
                    self.turn = Turn::Pausing { job, revision, outcome: None };
                    tell(Heard::Recognise { job, sound: self.joined(sound) });
                }
                Event::Resumed => {
                    self.void().into_iter().for_each(&mut tell);
                    self.turn = Turn::Speaking;
                }
                Event::Ended { sound, speech_ended_ago, .. } => {
                    let speech = now.checked_sub(speech_ended_ago).unwrap_or(now);
                    self.end(sound, Times { speech, turn: now }, &mut tell);
                }
            }
        }
    }

    fn end(&mut self, sound: Sound, times: Times, tell: &mut impl FnMut(Heard)) {
        let length = sound.duration();
        match std::mem::take(&mut self.turn) {
            Turn::Pausing { outcome: Some(outcome), .. } => {
                self.earlier = None;
                tell(Heard::Concluded { outcome, times, length });
            }
            Turn::Pausing { job, outcome: None, .. } => {
                let sound = self.joined(sound);
                self.turn = Turn::Ended { job, sound, times, length };
                tell(Heard::Awaiting { job });
            }
            // The longest utterance was cut without a pause.
            Turn::Speaking => {
                let job = self.next_job();
                let sound = self.joined(sound);
                self.turn = Turn::Ended { job, sound: sound.clone(), times, length };
                tell(Heard::Recognise { job, sound });
                tell(Heard::Awaiting { job });
            }
            turn @ (Turn::Quiet | Turn::Ended { .. } | Turn::Held { .. }) => self.turn = turn,
        }
    }

    /// The recogniser answered. Results that nobody waits for any more are dropped.
    pub fn handle_result(
        &mut self,
        now: Instant,
        done: JobId,
        result: Result<Transcript, SpeechError>,
    ) -> Option<Heard> {
        let words = result.as_ref().map_or("", |transcript| transcript.text.as_str());
        match &mut self.turn {
            Turn::Pausing { job, revision, outcome } if *job == done => {
                let completeness = completeness(words, &self.language, &self.answer);
                *outcome = Some(result);
                self.detector.set_completeness(*revision, completeness);
                // If that ends the turn, the words are known: it concludes.
                let mut heard = None;
                self.handle_events(now, true, |told| heard = Some(told));
                heard
            }
            Turn::Ended { job, times, length, sound } if *job == done => {
                let (sound, times, length) = (sound.clone(), *times, *length);
                let completeness = completeness(words, &self.language, &self.answer);
                let until = times.speech + self.detector.needed_silence(completeness);
                self.turn = Turn::Held { until, outcome: result, sound, times, length };
                let wants_more = completeness == Completeness::Unfinished && until > now;
                if wants_more { Some(Heard::HeldOpen) } else { self.conclude_held() }
            }
            _ => None,
        }
    }

    fn conclude_held(&mut self) -> Option<Heard> {
        let Turn::Held { outcome, times, length, .. } = std::mem::take(&mut self.turn) else { return None };
        self.earlier = None;
        Some(Heard::Concluded { outcome, times, length })
    }

    /// The recogniser took too long for the turn that has ended.
    pub fn give_up(&mut self) -> Option<Heard> {
        self.earlier = None;
        matches!(self.turn, Turn::Ended { .. }).then(|| self.void()).flatten()
    }

    fn next_job(&mut self) -> JobId {
        self.next_job += 1;
        JobId(self.next_job)
    }

    /// What was said before and not understood yet, with what is said now; the newest is kept when it gets long.
    fn joined(&self, sound: Sound) -> Sound {
        // At the rate of what is said now: a codec may have changed in between.
        let earlier = self.earlier.as_ref().and_then(|earlier| earlier.at(sound.rate).ok());
        let Some(Sound { samples: earlier, rate }) = earlier else { return sound };
        let longest = LONGEST_JOINED * rate as usize;
        let keep = longest.saturating_sub(sound.samples.len()).min(earlier.len());
        Sound::new([&earlier[earlier.len() - keep..], &sound.samples[..]].concat(), rate)
    }

    fn void(&mut self) -> Option<Heard> {
        match std::mem::take(&mut self.turn) {
            Turn::Pausing { job, outcome: None, .. } | Turn::Ended { job, .. } => Some(Heard::Abandon { job }),
            Turn::Quiet | Turn::Speaking | Turn::Pausing { .. } | Turn::Held { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
