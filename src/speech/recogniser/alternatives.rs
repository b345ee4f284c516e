//! Other digits that Whisper thought nearly as likely as those it wrote.
//!
//! A greedy decoding writes the likeliest token at each step and forgets the rest; of a telephone number dictated over a bad line the
//! rest is often what was said ("66" behind "76"). Owns: which tokens are looked at, the transcripts that come of them. Must not know:
//! the engine, what a telephone number is.

use std::ffi::c_int;

use super::super::Alternative;

/// A digit this much less likely than the one written, in natural logarithms (a fortieth), is no alternative.
const UNLIKELY: f32 = 3.7;
/// Places where one token is another, and transcripts made of them in all: two such mistakes in one number are frequent, three
/// are rarely mended by a guess.
const MOST_CHANGES: usize = 10;
const MOST: usize = 20;
/// Numbers shorter than this need no alternatives: they are said again as quickly.
const FEWEST_DIGITS: usize = 4;

/// The tokens that are digits and no more, with an optional space before them.
#[derive(Debug, Default)]
pub(super) struct Digits(Vec<c_int>);

/// What a decoding weighed: for each of its steps, the digits' tokens and their logits.
#[derive(Debug, Default)]
pub(super) struct Weighed {
    steps: Vec<Vec<(c_int, f32)>>,
}

/// One token in place of another.
#[derive(Debug, Clone, Copy)]
struct Change {
    at: usize,
    token: c_int,
    odds: f32,
}

impl Digits {
    /// `bytes`: of a token.
    pub fn of<'a>(tokens: impl Iterator<Item = (c_int, &'a [u8])>) -> Self {
        let is_digits = |bytes: &[u8]| {
            let digits = bytes.strip_prefix(b" ").unwrap_or(bytes);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        };
        Self(tokens.filter(|(_, bytes)| is_digits(bytes)).map(|(token, _)| token).collect())
    }
}

impl Weighed {
    pub fn clear(&mut self) {
        self.steps.clear();
    }

    /// The step after `written` tokens, whose logits these are, by token.
    pub fn note(&mut self, written: usize, logits: &[f32], digits: &Digits) {
        // Steps come in their order; a decoding begun anew begins with the first.
        self.steps.truncate(written);
        let of = |token: &c_int| Some((*token, *logits.get(usize::try_from(*token).ok()?)?));
        let mut weighed: Vec<(c_int, f32)> = digits.0.iter().filter_map(of).collect();
        let best = weighed.iter().map(|(_, logit)| *logit).fold(f32::NEG_INFINITY, f32::max);
        weighed.retain(|(_, logit)| *logit > best - UNLIKELY);
        self.steps.resize_with(written, Vec::new);
        self.steps.push(weighed);
    }

    /// The other transcripts, likeliest first. `written`: the tokens of the one that was chosen; `read`: the text of tokens.
    pub fn alternatives(&self, written: &[c_int], read: impl Fn(&[c_int]) -> String) -> Vec<Alternative> {
        if read(written).bytes().filter(u8::is_ascii_digit).count() < FEWEST_DIGITS {
            return Vec::new();
        }
        let mut changes: Vec<Change> = Vec::new();
        for (at, token) in written.iter().enumerate() {
            let weighed = self.steps.get(at).map_or(&[][..], Vec::as_slice);
            // What is no digit is no place for one.
            let Some((_, chosen)) = weighed.iter().find(|(other, _)| other == token) else { continue };
            let others = weighed.iter().filter(|(other, _)| other != token);
            changes.extend(others.map(|(token, logit)| Change { at, token: *token, odds: (chosen - logit).max(0.0) }));
        }
        changes.retain(|change| change.odds < UNLIKELY);
        changes.sort_by(|a, b| a.odds.total_cmp(&b.odds));
        changes.truncate(MOST_CHANGES);
        let mut sets: Vec<(f32, Vec<Change>)> = changes.iter().map(|change| (change.odds, vec![*change])).collect();
        for (i, second) in changes.iter().enumerate() {
            let first = changes[..i].iter().filter(|first| first.at != second.at);
            let both = first.map(|first| (first.odds + second.odds, vec![*first, *second]));
            sets.extend(both.filter(|(odds, _)| *odds < UNLIKELY));
        }
        sets.sort_by(|a, b| a.0.total_cmp(&b.0));
        sets.truncate(MOST);
        sets.into_iter()
            .map(|(odds, changes)| {
                let mut tokens = written.to_vec();
                changes.iter().for_each(|change| tokens[change.at] = change.token);
                Alternative { text: read(&tokens), odds }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// " 06", " 76", " 66", " 8", "." and " oui".
    const TOKENS: [&str; 6] = [" 06", " 76", " 66", " 8", ".", " oui"];

    fn digits() -> Digits {
        Digits::of((0..).zip(TOKENS.map(str::as_bytes)))
    }

    fn read(tokens: &[c_int]) -> String {
        tokens.iter().map(|token| TOKENS[*token as usize]).collect::<String>().trim().to_owned()
    }

    fn texts(weighed: &Weighed, written: &[c_int]) -> Vec<(String, f32)> {
        weighed.alternatives(written, read).into_iter().map(|a| (a.text, a.odds)).collect()
    }

    #[test]
    fn digits_alone_are_digits() {
        assert_eq!(digits().0, [0, 1, 2, 3]);
        assert!(Digits::of([(0, &b" "[..]), (1, b"6e"), (2, b"-6"), (3, b"")].into_iter()).0.is_empty());
    }

    #[test]
    fn one_place_is_changed_then_two_likeliest_first() {
        let (digits, mut weighed) = (digits(), Weighed::default());
        weighed.note(0, &[9.0, 0.0, 0.0, 0.0, 0.0, 0.0], &digits);
        weighed.note(1, &[0.0, 5.0, 4.5, 0.0, 0.0, 9.0], &digits);
        weighed.note(2, &[0.0, 3.0, 4.0, 2.5, 0.0, 0.0], &digits);
        let found = texts(&weighed, &[0, 1, 2]);
        let expected = [("06 66 66", 0.5), ("06 76 76", 1.0), ("06 76 8", 1.5), ("06 66 76", 1.5), ("06 66 8", 2.0)];
        assert_eq!(found, expected.map(|(text, odds)| (text.to_owned(), odds)));
    }

    #[test]
    fn words_stay_and_so_do_short_numbers() {
        let (digits, mut weighed) = (digits(), Weighed::default());
        weighed.note(0, &[9.0, 8.0, 0.0, 0.0, 0.0, 0.0], &digits);
        weighed.note(1, &[0.0, 5.0, 4.5, 0.0, 0.0, 9.0], &digits);
        assert!(texts(&weighed, &[0, 3]).is_empty());
        // A word was chosen, whatever digits were behind it.
        assert_eq!(texts(&weighed, &[0, 5, 0, 1]), [("76 oui 06 76".to_owned(), 1.0)]);
    }

    #[test]
    fn a_decoding_begun_anew_forgets_the_one_before() {
        let (digits, mut weighed) = (digits(), Weighed::default());
        for at in [0, 1, 0] {
            weighed.note(at, &[9.0, 8.5, 0.0, 0.0, 0.0, 0.0], &digits);
        }
        assert_eq!(weighed.steps.len(), 1);
        // A step that was left out weighed nothing; tokens without a logit are none.
        weighed.note(2, &[1.0], &digits);
        assert_eq!(weighed.steps[1..], [vec![], vec![(0, 1.0)]]);
        weighed.clear();
        assert!(texts(&weighed, &[0, 1]).is_empty());
    }

    #[test]
    fn their_number_is_bounded() {
        let digits = Digits::of((0..2).map(|token| (token, &b"12"[..])));
        let mut weighed = Weighed::default();
        (0..30).for_each(|at| weighed.note(at, &[1.0; 2], &digits));
        assert_eq!(weighed.alternatives(&[0; 30], |tokens| "12".repeat(tokens.len())).len(), MOST);
    }
}
