//! Whose turn it is, PURE: voice activity (webrtc-vad, first gate) confirmed by level and pitch; end of turn by silence, by
//! what is expected, by what has been said so far and by the caller's own rhythm.
//!
//! Owns: the decision that the caller started, paused, resumed and finished speaking, and the samples of the utterance.
//! Must not know: RTP, recogniser, dialogue (which only tells what it expects through [`Answer`]).
//!
//! One strategy a file. From the sound: `vad` (with `floor` and `timbre`), `foreground`, `rhythm`, [`endpoint`], joined by
//! `detector`, which keeps the samples in a `recording`. From the words: [`completeness`] (has the answer been given?), `backchannel` (is it one at all?).

pub mod answer;
mod backchannel;
pub mod completeness;
mod detector;
pub mod endpoint;
mod event;
mod floor;
mod foreground;
mod recording;
mod rhythm;
mod settings;
mod signs;
mod timbre;
mod vad;

pub use answer::Answer;
pub use backchannel::{LONGEST_BACK_CHANNEL, is_back_channel};
pub use completeness::completeness;
pub use detector::Detector;
pub use endpoint::{Completeness, Patience};
pub use event::Event;
pub use settings::Settings;
pub use signs::Sign;
