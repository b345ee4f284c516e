//! Times of the detector, each with its default and reason.

use std::time::Duration;

use super::endpoint::{Patience, Silences};

#[derive(Debug, Clone)]
pub struct Settings {
    /// Speech within a sliding window needed to start a turn.
    pub onset: Duration,
    /// First short silence: the recogniser starts while the turn may still go on.
    pub pause: Duration,
    /// Longest gap within a fluent phrase: what has not become a turn by then is none.
    pub closure: Duration,
    /// Silence that ends the turn, by patience and completeness.
    pub short: Silences,
    pub normal: Silences,
    pub value: Silences,
    pub dictation: Silences,
    /// Longest utterance; the turn is cut there (bounds memory: 16 kB a second, 32 kB of a wide-band call).
    pub longest: Duration,
    /// Longest speech without any pause; the turn is cut there: that is no single person.
    pub longest_breath: Duration,
    /// Audio kept from before the onset.
    pub pre_roll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Three frames of five: a click or a lip smack is one or two.
            onset: Duration::from_millis(60),
            // The closure of a stop consonant takes up to 150 ms, most take less than 100: now and then a recognition begins that is
            // overtaken, and each 20 ms more are 20 ms more until the words are known. 120 rather than 160 ms: answers 80 ms
            // sooner (docs/turn-taking.md).
            pause: Duration::from_millis(120),
            // Just longer than any such closure.
            closure: Duration::from_millis(160),
            short: Patience::Short.silences(),
            normal: Patience::Normal.silences(),
            value: Patience::Value.silences(),
            dictation: Patience::Dictation.silences(),
            // With the pre-roll it fits Whisper's window of 30 s.
            longest: Duration::from_secs(29),
            // People breathe every three to five seconds, and that takes more than a `pause`.
            longest_breath: Duration::from_secs(15),
            // Unvoiced beginnings (f, s, h) come before the first frame that counts as speech.
            pre_roll: Duration::from_millis(200),
        }
    }
}

impl Settings {
    pub(super) fn silences(&self, patience: Patience) -> Silences {
        match patience {
            Patience::Short => self.short,
            Patience::Normal => self.normal,
            Patience::Value => self.value,
            Patience::Dictation => self.dictation,
        }
    }
}
