//! What a call leaves behind: times, both sides' audio, and the report once the audio has been transcribed. PURE.

use std::time::{Duration, Instant};

use super::Caller;
use crate::simulate::handset::Said;
use crate::simulate::recording::Recording;
use crate::simulate::report::{CallReport, Party, TurnReport, milliseconds};

/// Audio kept before and after a stretch of speech, for the recogniser.
const MARGIN: Duration = Duration::from_millis(200);

/// A line of the script that was said or typed.
pub struct Turn {
    pub label: String,
    pub party: Party,
    pub started: Instant,
    /// The far end was speaking when it began.
    pub over_prompt: bool,
    pub said: Said,
    pub reply_started: Option<Instant>,
    pub prompt_stopped: Option<Instant>,
}

impl Turn {
    pub fn new(label: String, party: Party, started: Instant, over_prompt: bool) -> Self {
        let (said, reply_started, prompt_stopped) = (Said::default(), None, None);
        Self { label, party, started, over_prompt, said, reply_started, prompt_stopped }
    }

    /// Whether what began at `first` came after the turn had begun.
    pub fn began(&self, first: Instant) -> bool {
        self.started <= first
    }

    pub fn reply_began(&mut self, first: Instant, previous: Option<Instant>) {
        if self.reply_started.is_some() || !self.began(first) {
            return;
        }
        self.reply_started = Some(first);
        if self.over_prompt && self.prompt_stopped.is_none() {
            self.prompt_stopped = previous;
        }
    }

    /// A prompt we spoke over fell silent by itself or because of us.
    pub fn prompt_ended(&mut self, last: Instant) {
        if self.over_prompt && self.reply_started.is_none() {
            self.prompt_stopped.get_or_insert(last);
        }
    }

    pub fn reply_started_after_ms(&self) -> Option<i64> {
        Some(milliseconds(self.said.last?, self.reply_started?))
    }

    fn report(&self, reply: Option<String>) -> TurnReport {
        let stopped = self.said.first.zip(self.prompt_stopped);
        TurnReport {
            said: self.label.clone(),
            to: self.party,
            reply_started_after_ms: self.reply_started_after_ms(),
            reply,
            prompt_stopped_after_ms: stopped.map(|(from, to)| milliseconds(from, to)),
        }
    }
}

/// What the far end said in one go.
pub struct Stretch {
    pub party: Party,
    /// The turn it followed; `None` is the greeting.
    pub turn: Option<usize>,
    pub from: Instant,
    /// Last packet with speech; `None` while it goes on.
    pub to: Option<Instant>,
    pub after_ms: Option<i64>,
}

impl Stretch {
    pub fn samples(&self, recording: &Recording) -> Vec<i16> {
        let from = self.from.checked_sub(MARGIN).unwrap_or(self.from);
        recording.received_between(from, self.to.unwrap_or(self.from) + MARGIN)
    }
}

/// A call that is over.
pub struct Outcome {
    report: CallReport,
    /// For each stretch, in the order of [`super::Observation::FarEndFinished`]'s index: who, and after which turn.
    stretches: Vec<(Party, Option<usize>)>,
    /// What the caller sent, mono at 8 kHz.
    pub sent: Vec<i16>,
    /// What the caller received, as long and aligned.
    pub received: Vec<i16>,
}

impl Outcome {
    pub(super) fn new(caller: Caller) -> Self {
        let since_answer = |at: Option<Instant>| Some(milliseconds(caller.answered?, at?));
        let report = CallReport {
            answered_after_ms: caller.answered.map(|answered| milliseconds(caller.dialled, answered)),
            first_audio_after_answer_ms: since_answer(caller.first_audio),
            greeting: None,
            operator_greeting: None,
            turns: caller.turns.iter().map(|turn| turn.report(None)).collect(),
            ended_by: caller.ended_by,
            duration_ms: since_answer(caller.ended),
            transferred_to: caller.transferred_to,
            transfer_status: caller.transfer_status,
            packets: caller.packets,
            failure: caller.failure,
        };
        let (sent, received) = caller.recording.map(Recording::into_channels).unwrap_or_default();
        let stretches = caller.stretches.iter().map(|stretch| (stretch.party, stretch.turn)).collect();
        Self { report, stretches, sent, received }
    }

    /// The report, with what each stretch of the far end's speech was transcribed to.
    pub fn report(&self, texts: &[(usize, String)]) -> CallReport {
        let mut report = self.report.clone();
        for (index, text) in texts {
            let place = match self.stretches.get(*index) {
                Some((_, Some(turn))) => report.turns.get_mut(*turn).map(|turn| &mut turn.reply),
                Some((Party::Agent, None)) => Some(&mut report.greeting),
                Some((Party::Operator, None)) => Some(&mut report.operator_greeting),
                None => None,
            };
            let Some(place) = place.filter(|_| !text.trim().is_empty()) else { continue };
            match place {
                Some(reply) => {
                    reply.push(' ');
                    reply.push_str(text.trim());
                }
                None => *place = Some(text.trim().to_owned()),
            }
        }
        report
    }
}
