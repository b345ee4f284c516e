//! Whose turn it is, PURE: voice activity (webrtc-vad, first gate) confirmed by level, and end of turn by silence.
//!
//! Owns: the decision that the caller started, paused, resumed and finished speaking, and the samples of the utterance.
//! Must not know: RTP, recogniser, dialogue (which only tells what it expects through [`Patience`]).

mod backchannel;
mod detector;
mod floor;
mod signs;
mod timbre;
mod vad;

use std::time::Duration;

pub use backchannel::{LONGEST_BACK_CHANNEL, is_back_channel};
pub use detector::Detector;
pub use signs::Sign;

use crate::audio::Sound;

/// How long a silence ends the turn; chosen by what the dialogue expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A complete answer to a closed question (yes/no, a choice).
    Short,
    /// An open question.
    Normal,
    /// A number, name or address is being dictated.
    Dictation,
}

/// Times of the detector, each with its default and reason in `Settings::default()`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Speech within a sliding window needed to start a turn.
    pub onset: Duration,
    /// First short silence: the recogniser starts while the turn may still go on.
    pub pause: Duration,
    /// Silence that ends the turn, by patience.
    pub end_short: Duration,
    pub end_normal: Duration,
    pub end_dictation: Duration,
    /// Longest utterance; the turn is cut there (bounds memory: 16 kB a second, 32 kB of a wide-band call).
    pub longest: Duration,
    /// Audio kept from before the onset.
    pub pre_roll: Duration,
}

/// What the detector tells. A sound is the whole utterance so far, pre-roll included, at 8 kHz, or at 16 kHz when the
/// utterance began in wide band.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The caller has started to speak (confirmed: `onset` of speech).
    Started,
    /// A short silence: start recognising this; `revision` grows with each pause of the same turn.
    Paused { revision: u32, sound: Sound },
    /// The caller went on after `Paused`: what was started is void.
    Resumed,
    /// The turn is over; its text is that of the last `Paused` (same revision, same words).
    /// `speech_ended_ago` is how long before this frame's end the last speech frame ended.
    Ended { revision: u32, sound: Sound, speech_ended_ago: Duration },
}
