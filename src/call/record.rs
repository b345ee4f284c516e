//! What is kept of a call once it is over: times, decisions and packets, no personal data.

use std::time::Duration;

use crate::dialogue::Note;
use crate::rtp::Counters;

/// How a call ended, seen from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// The caller was answered and hung up, or was said goodbye.
    #[default]
    Completed,
    /// The caller reached the operator.
    Transferred,
    /// A request was left.
    RequestLeft,
    /// The caller hung up before the agent answered or before saying anything.
    Abandoned,
    /// The network, an engine or the signalling failed.
    Failed,
    /// The call was refused (no common codec, draining, full).
    Refused,
}

impl Outcome {
    /// Stable name, for logs and statistics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Transferred => "transferred",
            Self::RequestLeft => "request_left",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// The record of one call. Holds nothing that names the caller or repeats words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub outcome: Outcome,
    /// INVITE to end.
    pub duration: Duration,
    /// 200 OK to the first packet of the greeting.
    pub greeting_after: Option<Duration>,
    /// For each of the caller's spoken turns that was answered: end of speech to the first packet of the answer.
    pub replies: Vec<Duration>,
    /// What the dialogue decided, in order. Bounded by [`Record::MAX_NOTES`].
    pub notes: Vec<Note>,
    /// Turns of speech that the recogniser heard words in.
    pub turns: u32,
    /// Keys pressed.
    pub keys: u32,
    /// Prompts that the caller cut short.
    pub interruptions: u32,
    pub packets: Counters,
}

impl Record {
    /// Notes and replies kept; later ones are dropped. A call of ten minutes makes a few dozen.
    pub const MAX_NOTES: usize = 256;

    pub(super) fn note(&mut self, note: Note) {
        if self.notes.len() < Self::MAX_NOTES {
            self.notes.push(note);
        }
    }

    pub(super) fn reply(&mut self, after: Duration) {
        if self.replies.len() < Self::MAX_NOTES {
            self.replies.push(after);
        }
    }
}
