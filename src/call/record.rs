//! What is kept of a call once it is over: times, decisions and packets, no personal data.

use std::time::Duration;

use crate::dialogue::Note;
use crate::rtp::srtp::{Rejected, Suite};
use crate::rtp::{Counters, Quality};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outcome {
    /// The caller hung up after having been answered.
    CallerHungUp,
    /// The caller gave up before we answered.
    Cancelled,
    /// The agent ended the conversation.
    AgentHungUp,
    /// Handed over to a person.
    Transferred,
    /// Refused: all lines busy, no common codec, or the service is stopping.
    Refused,
    /// Our answer was never acknowledged.
    NotAcknowledged,
    /// No more RTP, or no answer to our requests.
    Lost,
    /// The longest duration was reached.
    TimeLimit,
    /// The service was stopped during the call.
    Shutdown,
    /// An error of ours.
    #[default]
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 10] = [
        Self::CallerHungUp,
        Self::Cancelled,
        Self::AgentHungUp,
        Self::Transferred,
        Self::Refused,
        Self::NotAcknowledged,
        Self::Lost,
        Self::TimeLimit,
        Self::Shutdown,
        Self::Failed,
    ];

    /// The name in logs and in the database; never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller_hung_up",
            Self::Cancelled => "cancelled",
            Self::AgentHungUp => "agent_hung_up",
            Self::Transferred => "transferred",
            Self::Refused => "refused",
            Self::NotAcknowledged => "not_acknowledged",
            Self::Lost => "lost",
            Self::TimeLimit => "time_limit",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
        }
    }
}

/// How long one answer took, each part counted from the end of the caller's speech.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reply {
    /// Until the silence was long enough to end the turn.
    pub turn_ended: Duration,
    /// Until the words were known as well, whichever came last.
    pub words_known: Duration,
    /// Until the first packet of the answer: beyond `words_known` it is the dialogue, the voice unless the sentence
    /// was in memory, and the wait for the next 20 ms tick.
    pub first_packet: Duration,
}

/// The record of one call. Holds nothing that names the caller or repeats words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub outcome: Outcome,
    /// INVITE to end.
    pub duration: Duration,
    /// 200 OK to the first packet of the greeting.
    pub greeting_after: Option<Duration>,
    /// One for each of the caller's spoken turns that was answered.
    pub replies: Vec<Reply>,
    /// What the dialogue decided, in order. Bounded by [`Record::MAX_NOTES`].
    pub notes: Vec<Note>,
    /// Turns of speech that the recogniser heard words in.
    pub turns: u32,
    /// Keys pressed.
    pub keys: u32,
    /// Prompts that the caller cut short.
    pub interruptions: u32,
    /// Waits for an answer that were covered by a word.
    pub covers: u32,
    /// Longest silence within an answer because a sentence of it was still being synthesised.
    pub longest_gap: Duration,
    /// Transfers tried.
    pub transfers: u32,
    /// Times the switchboard moved the call to another dialog.
    pub moves: u32,
    /// The caller was sent on to us by somebody called before (Diversion, History-Info).
    pub diverted: bool,
    /// Why the far end ended the call, as it told (Reason, RFC 3326): a cause of Q.850 or a SIP status.
    pub release: Option<u16>,
    pub packets: Counters,
    /// Packets given up because we were woken too late to send them.
    pub skipped_ticks: u64,
    /// How what the caller sent arrived; none when there was no audio.
    pub quality: Option<Quality>,
    /// How the audio was encrypted when the call ended; `None`: not at all.
    pub encryption: Option<Encryption>,
}

/// The audio's encryption, and the packets that did not pass it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption {
    pub suite: Suite,
    pub rejected: Rejected,
}

impl Record {
    /// Notes and replies kept; later ones are dropped. A call of ten minutes makes a few dozen.
    pub const MAX_NOTES: usize = 256;

    pub(super) fn note(&mut self, note: Note) {
        if self.notes.len() < Self::MAX_NOTES {
            self.notes.push(note);
        }
    }

    pub(super) fn reply(&mut self, reply: Reply) {
        if self.replies.len() < Self::MAX_NOTES {
            self.replies.push(reply);
        }
    }
}
