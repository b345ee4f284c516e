//! The conversation, PURE: (state, event) → (state, actions).
//!
//! Owns: what to say and do next: topics, forms, repair, escalation. Must not know: audio, SIP, timers (it is told of
//! silence), files. Local time comes in with each input.
//!
//! ```text
//! Dialogue::new(plan: Arc<Dialplan>, phrases: Arc<Phrases>, understanding: Arc<…>) -> Dialogue
//! dialogue.handle_input(at: civil::DateTime, Input)
//! dialogue.poll_output() -> Option<Output>
//! fixed_sentences(plan, phrases) -> Vec<(Language, String)>   // everything to synthesise before the first call
//! ```

use crate::dialplan::{DirectoryId, Language};
use crate::rtp::Key;
use crate::speech::Pace;
use crate::turn::Patience;

/// What happens in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The call has been answered. `caller_number`: as the network gave it, digits only, for call-back requests.
    Started { caller_number: Option<String> },
    /// The caller's turn ended and holds these words (empty: a noise, no words).
    Heard { text: String, confidence: f32 },
    /// A key was pressed.
    Key(Key),
    /// No key for the inter-digit time after the last one: what was typed so far is complete.
    KeysPaused,
    /// The caller said nothing for the idle time after having heard everything.
    Silence,
    /// Everything said so far has been heard to its end.
    SpeechFinished,
    /// The caller cut in: of the sentences given, the first `heard` were heard whole.
    SpeechInterrupted { heard: usize },
    /// How a transfer ended: SIP status, 2xx is success (the call is leaving us).
    TransferFinished { status: u16 },
    /// The recogniser is down or too slow: go on with keys.
    RecogniserFailed,
    /// The longest duration of a call is reached, or the machine is being stopped: say so and end.
    TimeIsUp,
}

/// What to do, in this order: each waits until all that was said before it has been heard,
/// but for `Listen` and `Note`, which apply at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Say(Prompt),
    /// What the caller may say next: how patient to be, and words that help the recogniser.
    Listen(Expectation),
    /// Blind transfer to this entry of the directory.
    Transfer(DirectoryId),
    /// Keep this request.
    Save(Request),
    HangUp,
    /// For the call's record: decisions, without personal data.
    Note(Note),
}

/// Something to say, sentence by sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    pub language: Language,
    /// Written French, one sentence each: the unit of caching and of barge-in.
    pub sentences: Vec<String>,
    pub pace: Pace,
    /// `false`: "I am transferring you", legal notice.
    pub interruptible: bool,
}

/// What the dialogue expects to hear.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub language: Language,
    pub patience: Patience,
    /// Words that bias the recogniser now.
    pub prompt: String,
    /// Digits are being typed: an inter-digit pause ends them.
    pub digits: bool,
}

/// A request left by a caller (personal data: goes to the store, never to a log).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub kind: String,
    pub fields: Vec<(String, String)>,
}

/// What happened, for statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A topic was answered: `service/slug`.
    Topic(String),
    NotUnderstood,
    Silence,
    Confirmed,
    Offered,
    Escalated,
    Emergency,
    TransferFailed(u16),
    RequestSaved(String),
}
