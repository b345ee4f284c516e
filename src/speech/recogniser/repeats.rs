//! Which words would only be said over again, and whether enough is left without them.
//!
//! Owns: the rules. Must not know: the engine, what the tokens are.

use std::collections::HashSet;

use super::words::bare;

/// Tones and music loop on a word or two ("Ah ah ah"); without repetitions there is little more.
const FEWEST_WORDS: usize = 4;
/// Tokens in a row that stand once in an utterance that has looped: some two words.
const RUN: usize = 4;

/// Tokens that would end a run of [`RUN`] that stands in `written` already.
pub fn repeats(written: &[i32]) -> impl Iterator<Item = i32> + '_ {
    let last = &written[written.len().saturating_sub(RUN - 1)..];
    let runs = written.windows(RUN).filter(move |run| last.len() == RUN - 1 && run[..RUN - 1] == *last);
    runs.map(|run| run[RUN - 1])
}

/// Whether somebody said this.
pub fn says_something(text: &str) -> bool {
    bare(text).into_iter().collect::<HashSet<_>>().len() >= FEWEST_WORDS
}

#[cfg(test)]
mod tests {
    use super::{repeats, says_something};

    #[test]
    fn a_word_or_two_are_no_sentence() {
        assert!(!says_something("Ah, ah, ah ! Oh ah.") && !says_something(""));
        assert!(says_something("Madame, madame, elle cherche l'air."));
    }

    fn of(written: &[i32]) -> Vec<i32> {
        repeats(written).collect()
    }

    #[test]
    fn what_would_be_said_over_again() {
        assert_eq!(of(&[1, 2, 3, 4, 1, 2, 3]), [4]);
        assert_eq!(of(&[1, 2, 3, 1, 2, 3]), [1]);
        assert_eq!(of(&[1, 1, 1, 1, 1]), [1, 1]);
        assert_eq!(of(&[1, 2, 3, 4, 9, 1, 2, 3, 5, 1, 2, 3]), [4, 5]);
    }

    #[test]
    fn what_is_new_is_free() {
        assert!(of(&[]).is_empty() && of(&[1, 2]).is_empty());
        assert!(of(&[1, 2, 3, 4, 2, 3]).is_empty());
        assert!(of(&[1, 2, 3, 1, 2]).is_empty(), "no run of three that stands there");
    }
}
