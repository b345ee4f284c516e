//! Plays one scenario: does what the caller does when it is time, and watches the agent's packets for what must happen.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::time::{Duration, Instant};

use super::super::rig::Rig;
use super::Ear;
use super::script::{Act, Count, Expectation, Scenario, Setting, Step, What, When};
use super::voice::{CodedVoice, Frame, LOUD, Place};
use crate::audio::{LINE_RATE, signals};
use crate::dialogue::Conversation;
use crate::rtp::Key;
use crate::sip::{Command, EndCause, Event};
use crate::speech::SpeechError;

const FRAME: Duration = Duration::from_millis(20);
/// Between two keys.
const KEYS_APART: Duration = Duration::from_millis(300);
/// Longer silences than those between clauses and sentences (160 and 240 ms, and a bit).
const SILENT: Duration = Duration::from_millis(300);
const BREATH: Duration = Duration::from_millis(460);

/// What did not happen, and what did.
#[derive(Debug)]
pub struct Failure {
    pub place: String,
    pub problem: String,
    pub timeline: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}", self.place, self.problem, self.timeline)
    }
}

struct Stage {
    rig: Rig,
    /// The call was answered.
    start: Instant,
    /// The caller's last act began and, if it is a sound, ended.
    act: Instant,
    /// The last thing happened: its end.
    cursor: Instant,
    /// Frames sent before the last thing that was waited for.
    seen: usize,
    log: Vec<(Instant, String)>,
}

/// # Errors
/// The first thing that does not happen as it must.
pub fn play(scenario: &Scenario, town: &Conversation) -> Result<(), Failure> {
    let mut rig = Rig::dial_town(town.clone());
    rig.coded = Some(CodedVoice::default());
    rig.ear = Some(Ear::default());
    let first = scenario.steps.iter().take_while(|step| matches!(step.what, What::Set(_)) && step.when == When::Then);
    first.for_each(|step| set(&mut rig, &step.what));
    let answered = |rig: &Rig| {
        rig.phone_events.iter().find(|(_, event)| matches!(event, Event::Answered { .. })).map(|(at, _)| *at)
    };
    rig.run_until("an answered call", |rig| answered(rig).is_some());
    let start = answered(&rig).expect("answered");
    let seen = 0;
    let mut stage = Stage { rig, start, act: start, cursor: start, seen, log: Vec::new() };
    for step in &scenario.steps {
        stage.take(step).map_err(|problem| Failure {
            place: format!("{}:{}: {}: {}", scenario.file, step.line, scenario.title, step.text),
            problem,
            timeline: stage.timeline(),
        })?;
    }
    Ok(())
}

fn set(rig: &mut Rig, what: &What) {
    let What::Set(setting) = what else { return };
    let voice = rig.coded.as_mut().expect("a coded voice");
    match setting.clone() {
        Setting::Recogniser(time) => rig.recognition = time,
        Setting::RecogniserFails(fails) => {
            let failure = SpeechError::Engine { engine: "whisper", detail: "essai".to_owned() };
            rig.words = if fails { Err(failure) } else { Ok("") };
        }
        Setting::Voice { delay, cached, by_clause } => {
            (voice.delay, voice.cached_delay, voice.by_clause) = (delay, cached, by_clause);
        }
        Setting::VoiceFails(fails) => rig.voice_fails = fails,
        Setting::Echo(factor) => rig.handset.echo = factor,
        Setting::Operator(statuses) => rig.operator = statuses,
        Setting::LongestCall(time) => rig.settings.longest = time,
    }
}

impl Stage {
    fn take(&mut self, step: &Step) -> Result<(), String> {
        if let What::Expect(expectation) = &step.what {
            return self.expect(expectation);
        }
        let at = match step.when {
            When::Then if matches!(step.what, What::Set(_)) => self.rig.now,
            When::Then => self.cursor.max(self.rig.now),
            When::After(time) => self.cursor + time,
            When::At(time) => self.start + time,
        };
        if at + FRAME < self.rig.now {
            return Err(format!("it is {} already", self.time(self.rig.now)));
        }
        self.run_to(at);
        match &step.what {
            What::Act(act) => self.act(act, &step.text),
            what => set(&mut self.rig, what),
        }
        Ok(())
    }

    fn run_to(&mut self, at: Instant) {
        while self.rig.step(at) {}
    }

    fn act(&mut self, act: &Act, text: &str) {
        // Its first 20 ms are sent when they are over.
        let ear = self.rig.handset.next_deadline().unwrap_or(self.rig.now);
        let mouth = ear.checked_sub(FRAME).unwrap_or(ear);
        self.seen = self.rig.track.len();
        self.log.push((self.rig.now, text.to_owned()));
        let sound = |stage: &mut Self, samples: &[i16], length: Duration| {
            mix(&mut stage.rig.handset.mouth, samples);
            (stage.act, stage.cursor) = (mouth, mouth + length);
        };
        let ms = |length: &Duration| length.as_millis() as u64;
        match act {
            Act::Say { heard, length, .. } => {
                let samples = self.rig.ear.as_mut().expect("an ear").say(ms(length), heard);
                sound(self, &samples, *length);
            }
            Act::Noise { level, length } => {
                // It goes on while other things happen.
                mix(&mut self.rig.handset.mouth, &signals::white_noise(LINE_RATE, *level, ms(length), 7));
                (self.act, self.cursor) = (mouth, self.rig.now);
            }
            Act::Room { level, length } => {
                mix(&mut self.rig.handset.mouth, &signals::speech(LINE_RATE, *level, ms(length), 8));
                (self.act, self.cursor) = (mouth, self.rig.now);
            }
            Act::Press(keys) => {
                for (n, key) in keys.chars().enumerate() {
                    if n > 0 {
                        self.run_to(self.rig.now + KEYS_APART);
                    }
                    self.act = self.rig.handset.next_deadline().unwrap_or(self.rig.now);
                    self.rig.handset.press(Key(key));
                }
                self.cursor = self.rig.now;
            }
            Act::HangUp => self.rig.phone_command(Command::HangUp),
            Act::Hold => drop(self.rig.phone_offers("sendonly")),
            Act::Return => drop(self.rig.phone_offers("sendrecv")),
            Act::Nothing => {}
        }
        self.cursor = self.cursor.max(self.rig.now);
    }

    fn expect(&mut self, expectation: &Expectation) -> Result<(), String> {
        match expectation {
            Expectation::Says { text, within } => {
                let begins =
                    |stage: &Self, _: usize, place: Place| place.frame <= 2 && stage.text(place).contains(text);
                self.wait_for(*within, text, begins).map(|_| ())
            }
            Expectation::Finishes { text, within } => {
                let ends = |stage: &Self, _: usize, place: Place| {
                    stage.text(place).contains(text) && place.frame + 1 >= stage.voice().frames(place.sentence)
                };
                self.wait_for(*within, text, ends).map(|_| ())
            }
            Expectation::Quieter { within } => {
                let bound = self.act + self.rig.latency + *within;
                self.run_to(bound);
                let quieter = self.rig.track[self.seen..].iter().find(|f| f.is_audible() && f.level < LOUD / 2);
                self.in_time("quieter", quieter.map(|frame| frame.at + FRAME), bound)
            }
            Expectation::Silent { within } => {
                let bound = self.act + self.rig.latency + *within;
                self.run_to(bound + SILENT);
                let audible =
                    self.rig.track.iter().rev().find(|frame| frame.is_audible()).map(|frame| frame.at + FRAME);
                if audible.is_none_or(|last| last + BREATH < self.act) {
                    return Err("it was silent already".to_owned());
                }
                self.seen = self.rig.track.len();
                self.in_time("silent", audible, bound)
            }
            Expectation::GoesOn { from, within } => {
                let last = self.rig.track[..self.seen].iter().rev().find_map(|frame| frame.place);
                let (at, place) = self.wait_for(*within, "anything", |_, _, _| true)?;
                match (from, last) {
                    (Some(from), _) if self.voice().rest(place).trim_start().starts_with(from) => Ok(()),
                    (Some(_), _) => {
                        Err(format!("at {} it goes on from « {} »", self.time(at), self.voice().rest(place)))
                    }
                    (None, Some(last)) if last.sentence == place.sentence && last.frame.abs_diff(place.frame) <= 2 => {
                        Ok(())
                    }
                    (None, last) => Err(format!("it was at {last:?}, it goes on at {place:?}")),
                }
            }
            Expectation::StaysSilent { length } => {
                let from = self.during(*length);
                match self.rig.track[from..].iter().find(|frame| frame.is_audible()) {
                    Some(frame) => Err(format!("it speaks at {}", self.time(frame.at))),
                    None => Ok(()),
                }
            }
            Expectation::IsUndisturbed { length } => {
                let from = self.during(*length);
                self.undisturbed(from)
            }
            Expectation::SaysNothingNew { length } => {
                let from = self.during(*length);
                let new = self.rig.track[from..].iter().find(|f| f.place.is_some_and(|place| place.frame <= 2));
                match new.and_then(|frame| frame.place) {
                    Some(place) => Err(format!("it says « {} »", self.text(place))),
                    None => Ok(()),
                }
            }
            Expectation::Transfers { within } => self.wait_until(*within, |rig| rig.transferred_to.is_some()),
            Expectation::HangsUp { within } => self.wait_until(*within, |rig| {
                let ended = |event: &Event| matches!(event, Event::Ended { cause: EndCause::RemoteBye });
                rig.phone_events.iter().any(|(_, event)| ended(event))
            }),
            Expectation::NeverSays { text } => {
                let said = self
                    .rig
                    .track
                    .iter()
                    .filter_map(|frame| frame.place)
                    .find(|place| self.text(*place).contains(text));
                said.map_or(Ok(()), |place| Err(format!("it says « {} »", self.text(place))))
            }
            Expectation::HasRequest { text } => {
                let has = |rig: &Rig| rig.saved.iter().flat_map(|r| &r.fields).any(|(_, value)| value.contains(text));
                self.wait_until(Duration::from_secs(5), has).map_err(|error| format!("{error}: {:?}", self.rig.saved))
            }
            Expectation::HasNoRequest => {
                if self.rig.saved.is_empty() {
                    Ok(())
                } else {
                    Err(format!("there is {:?}", self.rig.saved))
                }
            }
            Expectation::CallIsOver { within } => self.wait_until(*within, |rig| rig.record.is_some()),
            Expectation::CallGoesOn => {
                self.run_to(self.rig.now + Duration::from_secs(1));
                if self.rig.record.is_none() { Ok(()) } else { Err("it is over".to_owned()) }
            }
            Expectation::Counts { what, number } => {
                let record = self.record();
                let counted = match what {
                    Count::Turns => record.turns,
                    Count::Interruptions => record.interruptions,
                    Count::Covers => record.covers,
                    Count::Keys => record.keys,
                    Count::Transfers => record.transfers,
                };
                if counted == *number { Ok(()) } else { Err(format!("counted are {counted}")) }
            }
            Expectation::Gap { least, most } => {
                let gap = self.record().longest_gap;
                if (*least..=*most).contains(&gap) { Ok(()) } else { Err(format!("it is {gap:?}")) }
            }
        }
    }

    /// Runs on for so long; the first frame of that time.
    fn during(&mut self, length: Duration) -> usize {
        let from = self.rig.track.len();
        self.run_to(self.rig.now + length);
        self.cursor = self.cursor.max(self.rig.now);
        self.seen = self.rig.track.len();
        from
    }

    /// Waits for an audible frame of which that is so; its time and place.
    fn wait_for(
        &mut self,
        within: Duration,
        what: &str,
        so: impl Fn(&Self, usize, Place) -> bool,
    ) -> Result<(Instant, Place), String> {
        let bound = self.cursor + within;
        let mut next = self.seen;
        loop {
            while let Some(frame) = self.rig.track.get(next).copied() {
                next += 1;
                if let Some(place) = frame.place
                    && so(self, next, place)
                {
                    self.seen = next;
                    return match frame.at > bound {
                        true => Err(format!("that is at {} only, {:?} late", self.time(frame.at), frame.at - bound)),
                        false => {
                            self.cursor = self.cursor.max(frame.at + FRAME);
                            Ok((frame.at, place))
                        }
                    };
                }
            }
            // A bit longer, to tell what is late from what never comes.
            if !self.rig.step(bound + Duration::from_secs(2)) {
                return Err(format!("« {what} » does not come by {}", self.time(bound)));
            }
        }
    }

    fn wait_until(&mut self, within: Duration, so: impl Fn(&Rig) -> bool) -> Result<(), String> {
        let bound = self.cursor + within;
        if bound <= self.cursor && so(&self.rig) {
            return Err("that was so before".to_owned());
        }
        while !so(&self.rig) {
            if !self.rig.step(bound) {
                return Err(format!("it is not so by {}", self.time(bound)));
            }
        }
        self.cursor = self.cursor.max(self.rig.now);
        Ok(())
    }

    /// What came at that time, if at all; the way there and to the agent is the network's.
    fn in_time(&mut self, what: &str, at: Option<Instant>, bound: Instant) -> Result<(), String> {
        let heard = self.act + self.rig.latency;
        let Some(at) = at else { return Err(format!("it is never {what}")) };
        let after = at.saturating_duration_since(heard);
        self.log.push((at, format!("    {what} after {} ms", after.as_millis())));
        if at <= bound { Ok(()) } else { Err(format!("it is {what} after {after:?}")) }
    }

    /// Full level, no silence but breaths, nothing said twice or left out.
    fn undisturbed(&self, from: usize) -> Result<(), String> {
        let mut last: Option<(Instant, Place)> = None;
        let begin = self.rig.track.get(from).map_or(self.start, |frame| frame.at);
        for frame in &self.rig.track[from..] {
            let silent = frame.at - last.map_or(begin, |(at, _)| at);
            if silent > BREATH {
                return Err(format!("it is silent before {}", self.time(frame.at)));
            }
            let Some(place) = frame.place else { continue };
            if frame.level < LOUD * 9 / 10 {
                return Err(format!("it is quieter at {}", self.time(frame.at)));
            }
            if let Some((_, last)) = last
                && place.sentence == last.sentence
                && place.frame <= last.frame
            {
                return Err(format!("it says again « {} »", self.voice().rest(place)));
            }
            last = Some((frame.at, place));
        }
        match self.rig.now - last.map_or(begin, |(at, _)| at) {
            silent if silent > BREATH => Err(format!("it is silent before {}", self.time(self.rig.now))),
            _ => Ok(()),
        }
    }

    /// The record of the call, which is over then.
    fn record(&mut self) -> crate::call::record::Record {
        if self.rig.record.is_none() {
            self.rig.phone_command(Command::HangUp);
            self.run_to(self.rig.now + Duration::from_secs(1));
        }
        self.rig.record.clone().expect("a record")
    }

    fn voice(&self) -> &CodedVoice {
        self.rig.coded.as_ref().expect("a coded voice")
    }

    fn text(&self, place: Place) -> &str {
        self.voice().sentences.get(place.sentence).map_or("", String::as_str)
    }

    fn time(&self, at: Instant) -> String {
        format!("{:.2} s", at.saturating_duration_since(self.start).as_secs_f64())
    }

    /// What happened, in order.
    fn timeline(&self) -> String {
        let mut lines = self.log.clone();
        let mut last: Option<Frame> = None;
        for frame in &self.rig.track {
            let event = match (last.and_then(|last| last.place), frame.place) {
                (_, Some(place)) if place.frame == 0 => Some(format!("agent says « {} »", self.text(place))),
                (None, Some(place)) if !self.after_clause(place) => {
                    Some(format!("agent goes on « {} »", self.voice().rest(place)))
                }
                (Some(place), None) if !self.before_pause(place) => {
                    Some(format!("agent stops at « {} »", self.voice().rest(place)))
                }
                (Some(_), Some(_)) if last.is_some_and(|last| last.level > LOUD / 2) && frame.level <= LOUD / 2 => {
                    Some("agent is quieter".to_owned())
                }
                _ => None,
            };
            lines.extend(event.map(|event| (frame.at, event)));
            last = Some(*frame);
        }
        for (at, event) in &self.rig.phone_events {
            if matches!(event, Event::Ended { .. } | Event::TransferRequested { .. }) {
                lines.push((*at, format!("telephone: {event:?}")));
            }
        }
        lines.sort_by_key(|(at, _)| *at);
        lines.iter().fold(String::new(), |mut text, (at, line)| {
            let _ = writeln!(text, "  {:>8}  {line}", self.time(*at));
            text
        })
    }

    fn after_clause(&self, place: Place) -> bool {
        let text = self.text(place);
        let before = &text[..text.len() - self.voice().rest(place).len()];
        before.ends_with([',', ';', ':'])
    }

    fn before_pause(&self, place: Place) -> bool {
        let frames = self.voice().frames(place.sentence);
        let rest = self.voice().rest(Place { frame: place.frame + 1, ..place });
        place.frame + 1 >= frames || self.after_clause(Place { frame: place.frame + 1, ..place }) || rest.is_empty()
    }
}

/// Adds a sound to what goes out next.
fn mix(mouth: &mut VecDeque<i16>, samples: &[i16]) {
    for (n, sample) in samples.iter().enumerate() {
        match mouth.get_mut(n) {
            Some(other) => *other = other.saturating_add(*sample),
            None => mouth.push_back(*sample),
        }
    }
}
