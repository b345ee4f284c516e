//! A message left in the caller's own words: any sentence may be followed by another.

use super::super::endpoint::Completeness;
use super::{Said, sentence};

pub(super) fn judge(said: &Said<'_>) -> Completeness {
    if sentence::is_dangling(said) {
        return Completeness::Unfinished;
    }
    let over = said.words.last_words.iter().any(|last| said.ends_with(last));
    if over { Completeness::Finished } else { Completeness::Unknown }
}
