//! What the detector tells. A sound is the whole utterance so far, pre-roll included, at 8 kHz, or at 16 kHz when the
//! utterance began in wide band.

use std::time::Duration;

use crate::audio::Sound;

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The caller has started to speak (confirmed: `onset` of speech).
    Started,
    /// A short silence: start recognising this; `revision` grows with each snapshot of the same turn. `tail`: no new pause,
    /// but the last snapshot had cut a word's end, which this one holds.
    Paused { revision: u32, tail: bool, sound: Sound },
    /// The caller went on after `Paused`: what was started is void.
    Resumed,
    /// The turn is over; its text is that of the last `Paused` (same revision, same words).
    /// `speech_ended_ago` is how long before this frame's end the last speech frame ended.
    Ended { revision: u32, sound: Sound, speech_ended_ago: Duration },
}
