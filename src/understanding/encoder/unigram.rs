//! Cuts text into pieces of a unigram vocabulary: the most probable cut (Kudo 2018, "Subword Regularization", as SentencePiece does).
//!
//! Owns: blanks and the search. Must not know: what pieces stand for.

use std::collections::HashMap;

/// Rows of the table that stand for no piece of text.
const UNKNOWN: u32 = 0;
pub const BEGIN: u32 = 1;
pub const END: u32 = 2;
/// SentencePiece's sign for a blank.
const BLANK: char = '\u{2581}';
/// How much less likely than the rarest piece an unknown character is (natural logarithm).
const UNKNOWN_PENALTY: f32 = 10.0;

#[derive(Debug)]
pub struct Vocabulary {
    pieces: HashMap<Box<str>, u32>,
    /// Natural logarithm of each piece's probability.
    scores: Vec<f32>,
    unknown: f32,
    /// Characters of the longest piece.
    longest: usize,
}

impl Vocabulary {
    /// `None` unless there is one score a piece. The first three rows are unknown, begin and end.
    pub fn new<'a>(pieces: impl Iterator<Item = &'a str>, scores: Vec<f32>) -> Option<Self> {
        let pieces: Vec<&str> = pieces.collect();
        if pieces.len() != scores.len() || pieces.len() <= END as usize {
            return None;
        }
        let longest = pieces.iter().map(|piece| piece.chars().count()).max().unwrap_or(0);
        let lowest = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let pieces = (0u32..).zip(pieces).skip(END as usize + 1).map(|(row, piece)| (piece.into(), row)).collect();
        Some(Self { pieces, scores, unknown: lowest - UNKNOWN_PENALTY, longest })
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Rows of the most probable pieces, in order; never empty.
    pub fn cut(&self, text: &str) -> Vec<u32> {
        let text = blanks(text);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let count = starts.len() - 1;
        if count == 0 {
            return vec![UNKNOWN];
        }
        // For each place the best way there: its score, where its last piece begins, which piece.
        let mut best = vec![(f32::NEG_INFINITY, 0, UNKNOWN); count + 1];
        best[0].0 = 0.0;
        for from in 0..count {
            let (so_far, ..) = best[from];
            let mut has_single = false;
            for to in from + 1..=count.min(from + self.longest) {
                let Some(&row) = self.pieces.get(&text[starts[from]..starts[to]]) else {
                    continue;
                };
                has_single |= to == from + 1;
                let score = so_far + self.scores[row as usize];
                if score > best[to].0 {
                    best[to] = (score, from, row);
                }
            }
            if !has_single && so_far + self.unknown > best[from + 1].0 {
                best[from + 1] = (so_far + self.unknown, from, UNKNOWN);
            }
        }
        let mut rows = Vec::new();
        let mut at = count;
        while at > 0 {
            let (_, from, row) = best[at];
            rows.push(row);
            at = from;
        }
        rows.reverse();
        rows
    }
}

/// Words each led in by the blank sign; nothing for nothing. Signs that the vocabulary has not are written as it has them.
fn blanks(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 3);
    for word in text.split_whitespace() {
        marked.push(BLANK);
        for c in word.chars() {
            match c {
                'œ' => marked.push_str("oe"),
                'Œ' => marked.push_str("Oe"),
                '…' => marked.push_str("..."),
                c => marked.push(c),
            }
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let pieces = ["<unk>", "<s>", "</s>", "▁carte", "▁", "car", "te", "c", "a", "r", "t", "e", "s", "▁ca"];
        let scores = vec![0.0, 0.0, 0.0, -5.0, -3.0, -4.0, -3.5, -6.0, -6.0, -6.0, -6.0, -6.0, -6.0, -4.5];
        Vocabulary::new(pieces.into_iter(), scores).unwrap()
    }

    #[test]
    fn the_most_probable_cut_wins() {
        let vocabulary = vocabulary();
        assert_eq!(vocabulary.cut("carte"), [3]);
        assert_eq!(vocabulary.cut("  carte\tcartes "), [3, 3, 12]);
        // "▁" "car" at -7 before "▁ca" "r" at -10.5.
        assert_eq!(vocabulary.cut("car"), [4, 5]);
    }

    #[test]
    fn unknown_characters_are_one_piece_each() {
        assert_eq!(vocabulary().cut("€a"), [4, 0, 8]);
        assert_eq!(vocabulary().cut(""), [0]);
        assert_eq!(vocabulary().cut(" \n"), [0]);
    }

    #[test]
    fn a_score_too_few_is_refused() {
        assert!(Vocabulary::new(["a", "b", "c", "d"].into_iter(), vec![0.0; 3]).is_none());
        assert!(Vocabulary::new(["a"].into_iter(), vec![0.0]).is_none());
    }
}
