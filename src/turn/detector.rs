//! When the caller starts, pauses, goes on and has finished.
//!
//! Owns: the state of the turn and the samples of the utterance. Must not know: how a frame is judged (see
//! [`super::vad`]), what the words are (it is told whether they are finished, see [`super::endpoint`]).
//!
//! A turn starts when enough of the last frames are speech ([`Settings::onset`], twice that while the agent speaks),
//! at least 120 ms of speech have come, and some of it has a pitch, which clicks, noise and tones have not. What
//! falls short of that is dropped without an event, so every `Started` is followed by `Ended` in the end.
//! The utterance begins [`Settings::pre_roll`] before its first speech frame, however late the decision came.
//!
//! Frames are judged at 8 kHz. Where the same 20 ms come at 16 kHz too, the utterance is kept at that rate; the band of
//! its first frame holds to its end, so that a codec changed meanwhile costs no word.
//!
//! The turn ends after a silence, or after speech too faint to be the same person's for as long and [`BACKGROUND_FRAMES`] more
//! (see [`super::foreground`]); the utterance then ends where the speaker did.
//!
//! All durations count from the end of the last speech frame, the hangover of the voice detector taken out: `Paused`
//! comes 120 ms after the last word, not 220.

use std::collections::VecDeque;
use std::time::Duration;

use super::endpoint::{Completeness, Patience};
use super::event::Event;
use super::foreground::Foreground;
use super::recording::Recording;
use super::rhythm::Rhythm;
use super::settings::Settings;
use super::signs::{Sign, Signs};
use super::vad::{Activity, VoiceActivity};
use crate::audio::level::SILENCE_DBFS;
use crate::audio::resample::stream::{Decimator, Interpolator};
use crate::audio::{FRAME_MS, FRAME_SAMPLES, LINE_RATE, Sound, WIDE_FRAME_SAMPLES, WIDE_RATE};

/// Speech a turn needs: no word of a language is shorter (120 ms).
const MIN_SPEECH_FRAMES: u32 = 6;
/// Frames with a pitch a turn needs (60 ms).
const MIN_PITCHED_FRAMES: u32 = 3;
/// Or, for voices without pitch (whispering, hoarseness): so much speech (500 ms) …
const UNPITCHED_FRAMES: u32 = 25;
/// … whose treble rises and falls as syllables do, so many times by so much, dB. Steady noise moves by 3 dB at most; passing
/// cars swell, but once a second at most, and in the lows.
const SWINGS: u32 = 3;
const SWING_DB: f32 = 6.0;
/// What has not become a turn within this is no speech; another try begins (1 s).
const MAX_CANDIDATE_FRAMES: u32 = 50;
/// A gap up to this within a turn is ended by any speech frame, a longer one by an onset only (40 ms): a click must
/// not prolong the turn.
const SHORT_GAP_FRAMES: u32 = 2;
/// Speech without a pitch for longer than this is the line's noise, not the end of a word (200 ms): no fricative is longer.
const HISS_FRAMES: u32 = 10;
/// Somebody else's voice counts as silence from here on (800 ms): the longest run of weak syllables of one person, pauses
/// included, is 760 ms in the recorded clips.
const BACKGROUND_FRAMES: u32 = 40;
/// A turn that comes so soon after the last one was cut off: that silence was a pause of this caller (1.5 s).
const GOES_ON_FRAMES: u32 = 75;
/// The end of a turn waits for what may be the caller going on: any speech in so many last frames (60 ms).
const BREWING_FRAMES: u32 = 3;
/// An onset window is 5 frames for 3 of speech; its bits must fit in 32.
const MAX_ONSET_FRAMES: u32 = 18;
/// Events not polled, at most; the oldest is dropped beyond.
const MAX_EVENTS: usize = 32;

pub struct Detector {
    settings: Settings,
    patience: Patience,
    agent_speaking: bool,
    vad: VoiceActivity,
    foreground: Foreground,
    rhythm: Rhythm,
    /// Frames since the last speech of the turn that has ended.
    since_turn: Option<u32>,
    /// Last frames, newest in bit 0: speech, and speech with a pitch.
    speech: u32,
    pitched: u32,
    /// Frames in a row louder than the line's noise.
    loud: u32,
    /// Audio before a turn: pre-roll and the onset window.
    before: VecDeque<i16>,
    /// Whether audio is kept at 16 kHz.
    wide: bool,
    /// For narrow frames that come while it is.
    interpolator: Interpolator,
    state: State,
    signs: Signs,
    /// Of our own voice, dBFS.
    own_level: f32,
    sign: Option<Sign>,
    events: VecDeque<Event>,
}

enum State {
    Quiet,
    /// Perhaps a turn.
    Candidate {
        turn: Utterance,
        evidence: Evidence,
    },
    Speaking(Utterance),
    Pausing {
        turn: Utterance,
        snapshot: Snapshot,
    },
}

/// What is being recognised.
struct Snapshot {
    sound: Sound,
    /// Of its words.
    completeness: Completeness,
    /// It ends within a sound: louder than the line's noise ever since the last speech.
    cut: bool,
}

struct Utterance {
    samples: Recording,
    /// Frames since the last one with speech.
    silence: u32,
    /// Frames since the last speech as loud as the speaker's, pauses left out.
    faint: u32,
    /// Frames since the last with a pitch; of a voice that has one.
    hiss: u32,
    voiced: bool,
    /// Frames since the last pause.
    breath: u32,
    revision: u32,
}

impl Utterance {
    /// Frames since the speaker's last word: silence, or what counts as such.
    fn quiet(&self) -> u32 {
        self.silence.max(self.faint.saturating_sub(BACKGROUND_FRAMES))
    }

    /// Somebody else speaks on, the speaker does not.
    fn is_over_background(&self) -> bool {
        self.faint.saturating_sub(BACKGROUND_FRAMES) > self.silence
    }

    /// Frames since the speaker's last word, however it was noticed.
    fn since_speech(&self) -> u32 {
        if self.is_over_background() { self.faint } else { self.silence }
    }
}

/// What speaks for a turn.
struct Evidence {
    frames: u32,
    speech: u32,
    pitched: u32,
    swings: Swings,
}

/// How often a level turns round, by [`SWING_DB`] each time.
#[derive(Default)]
struct Swings {
    count: u32,
    rising: bool,
    /// The highest since it rises, the lowest since it falls, dB.
    extreme: Option<f32>,
}

impl Swings {
    fn handle_level(&mut self, level: f32) {
        let extreme = self.extreme.get_or_insert(level);
        let beyond = if self.rising { level > *extreme } else { level < *extreme };
        if beyond {
            *extreme = level;
        } else if (level - *extreme).abs() >= SWING_DB {
            (*extreme, self.rising, self.count) = (level, !self.rising, self.count + 1);
        }
    }
}

impl Detector {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            patience: Patience::Normal,
            agent_speaking: false,
            vad: VoiceActivity::new(),
            foreground: Foreground::default(),
            rhythm: Rhythm::default(),
            since_turn: None,
            speech: 0,
            pitched: 0,
            loud: 0,
            before: VecDeque::new(),
            wide: false,
            interpolator: Interpolator::default(),
            state: State::Quiet,
            signs: Signs::default(),
            own_level: SILENCE_DBFS,
            sign: None,
            events: VecDeque::new(),
        }
    }

    /// From `Started` to `Ended`, pauses included.
    pub fn is_caller_speaking(&self) -> bool {
        matches!(self.state, State::Speaking(_) | State::Pausing { .. })
    }

    /// How long a silence ends the turn, the one under way included.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// While our own prompt plays, more speech is needed for a turn (barge-in, echo).
    pub fn set_agent_speaking(&mut self, speaking: bool) {
        self.agent_speaking = speaking;
    }

    /// What the words of the last snapshot are worth; ignored when the caller has gone on since (another `revision`).
    pub fn set_completeness(&mut self, revision: u32, completeness: Completeness) {
        let state = std::mem::replace(&mut self.state, State::Quiet);
        self.state = match state {
            State::Pausing { turn, mut snapshot } if turn.revision == revision => {
                snapshot.completeness = completeness;
                self.end_if_over(turn, snapshot, false)
            }
            state => state,
        };
    }

    /// Silence that would end a turn with these words.
    pub fn needed_silence(&self, completeness: Completeness) -> Duration {
        let silences = self.settings.silences(self.patience);
        silences.needed(self.patience, completeness, self.rhythm.extra(silences.unknown))
    }

    /// How loud our own voice has been just now, dBFS: what may be its echo is no sign of a caller.
    pub fn set_own_level(&mut self, dbfs: f32) {
        self.own_level = dbfs;
    }

    /// Forgets the utterance under way and events not polled; what is known about the line and the caller stays.
    pub fn reset(&mut self) {
        self.state = State::Quiet;
        self.speech = 0;
        self.pitched = 0;
        self.before.clear();
        self.signs = Signs::default();
        self.sign = None;
        self.events.clear();
    }

    /// One frame of the caller's audio; frames are the clock. `wide`: the same 20 ms at 16 kHz.
    pub fn handle_frame(&mut self, frame: &[i16; FRAME_SAMPLES], wide: Option<&[i16; WIDE_FRAME_SAMPLES]>) {
        if matches!(self.state, State::Quiet) {
            self.set_wide(wide.is_some());
        }
        let widened;
        let audio: &[i16] = match wide {
            _ if !self.wide => frame,
            Some(wide) => wide,
            None => {
                widened = self.interpolator.process(frame);
                &widened
            }
        };
        let mut activity = self.vad.handle_frame(frame);
        let in_turn = self.is_caller_speaking();
        if !in_turn && !self.foreground.may_begin(activity) {
            activity = Activity { speech: false, pitched: false, ..activity };
        }
        self.since_turn = self.since_turn.map(|frames| frames.saturating_add(1));
        self.loud = if activity.loud { self.loud.saturating_add(1) } else { 0 };
        self.speech = self.speech << 1 | u32::from(activity.speech);
        self.pitched = self.pitched << 1 | u32::from(activity.pitched);
        self.sign = self.signs.handle_frame(activity, self.is_caller_speaking(), self.own_level);
        let state = std::mem::replace(&mut self.state, State::Quiet);
        self.state = match state {
            State::Quiet => self.while_quiet(audio, activity),
            State::Candidate { turn, evidence } => self.while_candidate(turn, evidence, audio, activity),
            State::Speaking(turn) => self.while_speaking(turn, audio, activity),
            State::Pausing { turn, snapshot } => self.while_pausing(turn, snapshot, audio, activity),
        };
    }

    /// The band of what is kept from now on, and of what was kept before a turn.
    fn set_wide(&mut self, wide: bool) {
        if std::mem::replace(&mut self.wide, wide) == wide {
            return;
        }
        self.interpolator = Interpolator::default();
        let before = self.before.make_contiguous();
        // Whole frames both ways: nothing else is ever put in.
        self.before = if wide {
            let mut interpolator = Interpolator::default();
            before.as_chunks().0.iter().flat_map(|frame| interpolator.process(frame)).collect()
        } else {
            let mut decimator = Decimator::default();
            before.as_chunks().0.iter().flat_map(|frame| decimator.process(frame)).collect()
        };
    }

    /// Samples kept of a frame.
    fn frame_samples(&self) -> usize {
        if self.wide { WIDE_FRAME_SAMPLES } else { FRAME_SAMPLES }
    }

    /// What the last frame said about a turn that has not begun.
    pub fn take_sign(&mut self) -> Option<Sign> {
        self.sign.take()
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn while_quiet(&mut self, frame: &[i16], activity: Activity) -> State {
        let onset = self.onset_frames() * 5 / 3;
        let keep = self.kept_before();
        let excess = (self.before.len() + frame.len()).saturating_sub(keep).min(self.before.len());
        self.before.drain(..excess);
        self.before.reserve_exact(keep.saturating_sub(self.before.len()));
        self.before.extend(frame);
        if !self.is_onset() {
            return State::Quiet;
        }
        // The window's first speech frame, then the pre-roll before it.
        let window = self.speech & mask(onset);
        let since = u32::BITS - window.leading_zeros();
        let wanted = (self.pre_roll_frames() + since) as usize * self.frame_samples();
        let excess = self.before.len().saturating_sub(wanted);
        let samples = Recording::new(std::mem::take(&mut self.before).into_iter().skip(excess).collect());
        let evidence = Evidence {
            frames: since,
            speech: window.count_ones(),
            pitched: (self.pitched & mask(onset)).count_ones(),
            swings: Swings::default(),
        };
        self.foreground.turn_begins();
        self.foreground.is_speaker(activity);
        self.judge(
            Utterance { samples, silence: 0, faint: 0, hiss: 0, voiced: false, breath: since, revision: 0 },
            evidence,
        )
    }

    fn while_candidate(
        &mut self,
        mut turn: Utterance,
        mut evidence: Evidence,
        frame: &[i16],
        activity: Activity,
    ) -> State {
        turn.samples.extend(frame);
        evidence.frames += 1;
        evidence.speech += u32::from(activity.speech);
        evidence.pitched += u32::from(activity.pitched);
        evidence.swings.handle_level(activity.treble);
        self.count_silence(&mut turn, activity);
        if turn.silence >= frames(self.settings.closure) || evidence.frames >= MAX_CANDIDATE_FRAMES {
            return self.drop_candidate(turn);
        }
        self.judge(turn, evidence)
    }

    /// Whether a candidate has become a turn.
    fn judge(&mut self, mut turn: Utterance, evidence: Evidence) -> State {
        let moving = evidence.swings.count >= SWINGS;
        turn.voiced = evidence.pitched >= MIN_PITCHED_FRAMES;
        let whispered = evidence.speech >= UNPITCHED_FRAMES && moving;
        if evidence.speech < MIN_SPEECH_FRAMES || !(turn.voiced || whispered) {
            return State::Candidate { turn, evidence };
        }
        if let Some(silence) = self.since_turn.take()
            && !self.agent_speaking
            && silence <= GOES_ON_FRAMES + evidence.frames
        {
            self.rhythm.note_pause(duration(silence.saturating_sub(evidence.frames)));
        }
        self.tell(Event::Started);
        State::Speaking(turn)
    }

    /// Too short or no voice: its end is the pre-roll of what may come.
    fn drop_candidate(&mut self, turn: Utterance) -> State {
        self.before = turn.samples.last(self.kept_before()).collect();
        self.speech = 0;
        self.pitched = 0;
        State::Quiet
    }

    fn while_speaking(&mut self, mut turn: Utterance, frame: &[i16], activity: Activity) -> State {
        turn.samples.extend(frame);
        self.count_silence(&mut turn, activity);
        let too_long = self.is_too_long(&turn);
        if turn.quiet() < frames(self.settings.pause) && !too_long {
            return State::Speaking(turn);
        }
        let snapshot = self.snapshot(&mut turn, false);
        self.end_if_over(turn, snapshot, too_long)
    }

    fn while_pausing(
        &mut self,
        mut turn: Utterance,
        mut snapshot: Snapshot,
        frame: &[i16],
        activity: Activity,
    ) -> State {
        turn.samples.extend(frame);
        let pause = turn.since_speech();
        self.count_silence(&mut turn, activity);
        turn.breath = 0;
        let too_long = self.is_too_long(&turn);
        if turn.quiet() == 0 && !too_long {
            // The pause went on until the first frame of the onset.
            let onset = self.speech & mask(self.onset_frames() * 5 / 3);
            let noticed = (u32::BITS - onset.leading_zeros()).saturating_sub(1);
            self.rhythm.note_pause(duration(pause.saturating_sub(noticed)));
            self.tell(Event::Resumed);
            return State::Speaking(turn);
        }
        // The sound it cut has ended, or is no word's.
        if snapshot.cut && (self.loud == 0 || turn.quiet() >= 2 * frames(self.settings.pause)) {
            snapshot = self.snapshot(&mut turn, true);
            snapshot.cut = false;
        }
        self.end_if_over(turn, snapshot, too_long)
    }

    /// What was said so far, for the recogniser: to the speaker's last word and a pause.
    fn snapshot(&mut self, turn: &mut Utterance, tail: bool) -> Snapshot {
        turn.revision += 1;
        let rate = if self.wide { WIDE_RATE } else { LINE_RATE };
        let after = if turn.is_over_background() { turn.faint.saturating_sub(frames(self.settings.pause)) } else { 0 };
        let end = turn.samples.len().saturating_sub(after as usize * self.frame_samples());
        let sound = Sound::new(turn.samples.tell(end), rate);
        self.tell(Event::Paused { revision: turn.revision, tail, sound: sound.clone() });
        Snapshot { sound, completeness: Completeness::Unknown, cut: self.loud >= turn.silence && after == 0 }
    }

    fn end_if_over(&mut self, turn: Utterance, snapshot: Snapshot, too_long: bool) -> State {
        let needed = frames(self.needed_silence(snapshot.completeness));
        // What may be the caller going on gets the time to become an onset.
        let brewing = !turn.is_over_background() && self.speech & mask(BREWING_FRAMES) != 0;
        let over = turn.quiet() >= needed && (!brewing || turn.quiet() >= needed + self.onset_frames() * 5 / 3);
        if !over && !too_long {
            return State::Pausing { turn, snapshot };
        }
        if turn.is_over_background() {
            self.foreground.ended_over_background();
        } else if self.is_breathless(&turn) {
            self.foreground.cut_without_pause();
        }
        self.tell(Event::Ended {
            revision: turn.revision,
            sound: snapshot.sound,
            speech_ended_ago: duration(turn.since_speech()),
        });
        self.since_turn = Some(turn.since_speech());
        // Two turns share no audio, but for the silence between them.
        let silence = (turn.silence.min(self.pre_roll_frames()) as usize) * self.frame_samples();
        self.before = turn.samples.last(silence).collect();
        self.speech = 0;
        self.pitched = 0;
        State::Quiet
    }

    /// Frames since the last speech: any speech frame ends a short gap, only an onset with a pitch a longer one.
    fn count_silence(&mut self, turn: &mut Utterance, activity: Activity) {
        turn.breath += 1;
        turn.hiss = if activity.pitched { 0 } else { turn.hiss + 1 };
        let noise = turn.voiced && turn.hiss > HISS_FRAMES;
        let in_speech = activity.speech && !noise && turn.silence <= SHORT_GAP_FRAMES;
        let onset = self.is_onset() && self.pitched & mask(self.onset_frames() * 5 / 3) != 0;
        let speaker = self.foreground.is_speaker(activity);
        if in_speech || onset && activity.speech {
            turn.silence = 0;
            turn.faint = if speaker { 0 } else { turn.faint + 1 };
            if speaker {
                self.foreground.speaker_goes_on();
            }
            return;
        }
        turn.silence += 1;
        // Pauses are nobody's: a weak word between two of them is not a background that goes on.
        if turn.silence < frames(self.settings.closure) {
            turn.faint += 1;
        }
        if !activity.speech {
            // The frames before this one that were hangover had passed for speech.
            turn.silence = turn.silence.max(activity.hangover + 1);
        }
    }

    fn is_onset(&self) -> bool {
        let onset = self.onset_frames();
        (self.speech & mask(onset * 5 / 3)).count_ones() >= onset
    }

    fn onset_frames(&self) -> u32 {
        let onset = frames(self.settings.onset);
        let onset = if self.agent_speaking { onset * 2 } else { onset };
        onset.clamp(1, MAX_ONSET_FRAMES)
    }

    /// Samples kept while there is no turn: the pre-roll and the onset window.
    fn kept_before(&self) -> usize {
        let onset = self.onset_frames() * 5 / 3;
        (self.pre_roll_frames() + onset) as usize * self.frame_samples()
    }

    fn pre_roll_frames(&self) -> u32 {
        frames(self.settings.pre_roll)
    }

    fn is_breathless(&self, turn: &Utterance) -> bool {
        turn.quiet() == 0 && turn.breath >= frames(self.settings.longest_breath)
    }

    fn is_too_long(&self, turn: &Utterance) -> bool {
        self.is_breathless(turn) || turn.samples.len() >= frames(self.settings.longest) as usize * self.frame_samples()
    }

    fn tell(&mut self, event: Event) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

/// Whole frames that cover a duration, an hour at most.
fn frames(duration: Duration) -> u32 {
    let frames = duration.as_millis().div_ceil(u128::from(FRAME_MS));
    u32::try_from(frames).unwrap_or(u32::MAX).min(180_000)
}

fn duration(frames: u32) -> Duration {
    Duration::from_millis(FRAME_MS) * frames
}

/// The lowest `count` bits.
fn mask(count: u32) -> u32 {
    1u32.checked_shl(count).map_or(u32::MAX, |bit| bit - 1)
}

#[cfg(test)]
mod tests;
