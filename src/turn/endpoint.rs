//! How long a silence ends a turn.
//!
//! Owns: the silences by what is expected and by what has been said so far. Must not know: words (it is told whether they
//! are finished), frames.

use std::time::Duration;

/// What kind of answer is expected, as far as pauses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A closed question: yes or no, a choice.
    Short,
    /// An open question.
    Normal,
    /// A date, an hour, a count: one to four pieces, sought for while speaking.
    Value,
    /// A number, name, address or message is being dictated.
    Dictation,
}

/// Whether the words so far can be all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing more is to be expected: "non merci", ten digits of a telephone number.
    Finished,
    /// Not known yet, or it can't be told.
    #[default]
    Unknown,
    /// Something must follow: "je voudrais", "zéro six douze".
    Unfinished,
}

/// Silences that end a turn, by [`Completeness`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silences {
    pub finished: Duration,
    /// The silence-only rule: also what holds until the words are known.
    pub unknown: Duration,
    pub unfinished: Duration,
}

const fn silences(finished: u64, unknown: u64, unfinished: u64) -> Silences {
    Silences {
        finished: Duration::from_millis(finished),
        unknown: Duration::from_millis(unknown),
        unfinished: Duration::from_millis(unfinished),
    }
}

impl Patience {
    /// The defaults, and why.
    pub fn silences(self) -> Silences {
        match self {
            // "Oui" is over when it is said; what must not be cut is "oui … enfin non", which comes within half a second.
            // Unfinished: "euh", "le …": people who choose think aloud for about a second.
            Patience::Short => silences(240, 400, 1_200),
            // A whole question needs no more silence than its recognition takes (some 420 ms after the last word, see
            // `Settings::pause`). Otherwise pauses up to 700 ms (and the weak end of a word before them), which is most of those within sentences, are no end; after "je
            // voudrais" people look for words or papers.
            Patience::Normal => silences(400, 760, 1_500),
            // "Mardi … quinze … mars": a calendar is looked at meanwhile.
            Patience::Value => silences(400, 1_000, 1_800),
            // Between the groups of a number people breathe and read: 500–900 ms, twice that when they turn a page. Ten digits
            // may be misheard ones of nine: as long as most of these pauses.
            Patience::Dictation => silences(700, 1_500, 2_400),
        }
    }
}

impl Silences {
    /// `extra`: what this caller's rhythm adds (see [`super::rhythm`]). A finished answer to a closed question needs none;
    /// any other finished answer half of it.
    pub fn needed(self, patience: Patience, completeness: Completeness, extra: Duration) -> Duration {
        match (completeness, patience) {
            (Completeness::Finished, Patience::Short) => self.finished,
            (Completeness::Finished, _) => self.finished + extra / 2,
            (Completeness::Unknown, _) => self.unknown + extra,
            (Completeness::Unfinished, _) => self.unfinished + extra,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_to_come_the_longer_the_silence() {
        let mut shorter = Silences { finished: Duration::ZERO, unknown: Duration::ZERO, unfinished: Duration::ZERO };
        for patience in [Patience::Short, Patience::Normal, Patience::Value, Patience::Dictation] {
            let now = patience.silences();
            assert!(now.finished < now.unknown && now.unknown < now.unfinished, "{patience:?}");
            assert!(shorter.unknown < now.unknown && shorter.unfinished < now.unfinished, "{patience:?}");
            shorter = now;
        }
    }

    #[test]
    fn a_slow_caller_gets_more_but_not_for_yes() {
        let extra = Duration::from_millis(300);
        let ms =
            |patience: Patience, completeness| patience.silences().needed(patience, completeness, extra).as_millis();
        assert_eq!(ms(Patience::Short, Completeness::Finished), 240);
        assert_eq!(ms(Patience::Normal, Completeness::Finished), 550);
        assert_eq!(ms(Patience::Normal, Completeness::Unknown), 1_060);
        assert_eq!(ms(Patience::Dictation, Completeness::Unfinished), 2_700);
    }
}
