//! What callers say of danger, to get somebody, and for another house: sentences that the second ear learns from, a line each.
//!
//! Patterns ([`emergency`](super::emergency), [`reach`](super::reach)) know fixed turns; people use others. The sentences in
//! `examples/` were written for training: none of `sip-tests/understanding` is among them. Must not know: dialplans.

use super::emergency::Danger;

/// Somebody is in danger now.
const DANGERS: &[(Danger, &str)] = &[
    (Danger::Health, include_str!("examples/health.txt")),
    (Danger::Fire, include_str!("examples/fire.txt")),
    (Danger::Gas, include_str!("examples/gas.txt")),
    (Danger::Police, include_str!("examples/police.txt")),
    (Danger::Suicide, include_str!("examples/suicide.txt")),
    (Danger::Unclear, include_str!("examples/unclear.txt")),
];
/// What only sounds like danger.
const SAFE: &str = include_str!("examples/safe.txt");
/// What town halls deal with, whatever the dialplan: a small town's own phrases are few.
const TOWN: &str = include_str!("examples/town.txt");
/// What calmly goes on from an answer: a further question, a check.
const GOING_ON: &str = include_str!("examples/going_on.txt");
/// Nothing but a sign of having understood an answer.
const SIGNS: &str = include_str!("examples/signs.txt");
/// A person is wanted, not an answer.
const FOR_SOMEBODY: &str = include_str!("examples/somebody.txt");
/// Nothing that a town hall deals with.
const ELSEWHERE: &str = include_str!("examples/elsewhere.txt");

/// The dangers, in the order of their numbers in [`dangers`].
pub fn kinds_of_danger() -> impl ExactSizeIterator<Item = Danger> {
    DANGERS.iter().map(|(danger, _)| *danger)
}

/// Sentences of danger, with the number of its kind.
pub fn dangers() -> impl Iterator<Item = (usize, &'static str)> {
    DANGERS.iter().enumerate().flat_map(|(kind, (_, text))| text.lines().map(move |line| (kind, line)))
}

/// What a town hall deals with, some of it sounding like danger.
pub fn town() -> impl Iterator<Item = &'static str> {
    SAFE.lines().chain(TOWN.lines()).chain(GOING_ON.lines())
}

pub fn signs() -> impl Iterator<Item = &'static str> {
    SIGNS.lines()
}

pub fn for_somebody() -> impl Iterator<Item = &'static str> {
    FOR_SOMEBODY.lines()
}

pub fn elsewhere() -> impl Iterator<Item = &'static str> {
    ELSEWHERE.lines()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::understanding::text::plain;

    #[test]
    fn every_sentence_stands_once_in_one_list() {
        let mut seen = HashSet::new();
        let others = town().chain(signs()).chain(for_somebody()).chain(elsewhere());
        for line in dangers().map(|(_, line)| line).chain(others) {
            assert_eq!(line, line.trim());
            assert!(!plain(line).is_empty() && seen.insert(plain(line)), "twice, or empty: {line}");
        }
        assert!(seen.len() > 500);
    }
}
