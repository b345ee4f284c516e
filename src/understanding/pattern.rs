//! Small fixed patterns over words, for what is built in (emergencies, commands, yes and no), not for what officers write.
//!
//! `"ne|n respire|respirent plus|pas"`: words in order, alternatives by `|`, `agress*` any ending, `?` after a word makes it
//! optional, and `^`/`$` tie the pattern to the first or last word that is no filler. Up to `gap` other words may stand between two.

use super::text::{Token, Weight};

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    words: Vec<Word>,
    from_start: bool,
    to_end: bool,
    gap: usize,
}

#[derive(Debug, Clone)]
struct Word {
    /// Folded; the flag says "any ending".
    alternatives: Vec<(String, bool)>,
    optional: bool,
}

impl Word {
    fn matches(&self, token: &Token) -> bool {
        self.alternatives
            .iter()
            .any(|(word, open)| if *open { token.folded.starts_with(word.as_str()) } else { token.folded == *word })
    }
}

impl Pattern {
    /// Compiles a pattern written in folded French.
    pub fn new(written: &str, gap: usize) -> Self {
        let mut words = Vec::new();
        let (mut from_start, mut to_end) = (false, false);
        for piece in written.split_whitespace() {
            match piece {
                "^" => from_start = true,
                "$" => to_end = true,
                _ => {
                    let optional = piece.ends_with('?');
                    let alternatives = piece
                        .trim_end_matches('?')
                        .split('|')
                        .map(|word| match word.strip_suffix('*') {
                            Some(prefix) => (prefix.to_owned(), true),
                            None => (word.to_owned(), false),
                        })
                        .collect();
                    words.push(Word { alternatives, optional });
                }
            }
        }
        Self { words, from_start, to_end, gap }
    }

    /// Range of words it covers at its first occurrence.
    pub fn find(&self, tokens: &[Token]) -> Option<std::ops::Range<usize>> {
        let is_filler = |t: &Token| t.weight == Weight::Filler;
        let first = tokens.iter().position(|t| !is_filler(t)).unwrap_or(0);
        let starts = if self.from_start { first..(first + 1).min(tokens.len().max(first)) } else { 0..tokens.len() };
        for start in starts {
            if let Some(end) = self.end_from(tokens, start, 0, true) {
                if self.to_end && tokens[end..].iter().any(|t| !is_filler(t)) {
                    continue;
                }
                return Some(start..end);
            }
        }
        None
    }

    /// End of the match of `words[word..]` whose first word stands at `at`, or up to `gap` words later.
    fn end_from(&self, tokens: &[Token], at: usize, word: usize, exactly: bool) -> Option<usize> {
        let Some(wanted) = self.words.get(word) else {
            return Some(at);
        };
        let last = if exactly { at } else { at + self.gap };
        for position in at..=last {
            let Some(token) = tokens.get(position) else {
                break;
            };
            if wanted.matches(token)
                && let Some(end) = self.end_from(tokens, position + 1, word + 1, false)
            {
                return Some(end);
            }
        }
        if wanted.optional {
            return self.end_from(tokens, at, word + 1, exactly);
        }
        None
    }
}

/// Several patterns that mean the same.
#[derive(Debug, Clone)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    pub fn new(written: &[&str], gap: usize) -> Self {
        Self(written.iter().map(|w| Pattern::new(w, gap)).collect())
    }

    /// The longest range that one of them covers.
    pub fn find(&self, tokens: &[Token]) -> Option<std::ops::Range<usize>> {
        self.0.iter().filter_map(|p| p.find(tokens)).filter(|range| !range.is_empty()).max_by_key(|range| range.len())
    }

    /// The range that starts first; of two at the same place, the longer.
    pub fn first(&self, tokens: &[Token]) -> Option<std::ops::Range<usize>> {
        self.0
            .iter()
            .filter_map(|p| p.find(tokens))
            .filter(|range| !range.is_empty())
            .min_by_key(|range| (range.start, std::cmp::Reverse(range.len())))
    }

    pub fn found(&self, tokens: &[Token]) -> bool {
        self.find(tokens).is_some()
    }
}

/// Words that carry meaning outside a range: what a command leaves unexplained.
pub fn content_outside(tokens: &[Token], range: &std::ops::Range<usize>) -> usize {
    tokens.iter().enumerate().filter(|(i, t)| !range.contains(i) && t.is_content()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    fn found(pattern: &str, gap: usize, text: &str) -> Option<std::ops::Range<usize>> {
        Pattern::new(pattern, gap).find(&tokens(text))
    }

    #[test]
    fn words_in_order_with_bounded_gaps() {
        assert_eq!(found("respire plus|pas", 1, "il ne respire vraiment plus"), Some(2..5));
        assert_eq!(found("respire plus|pas", 0, "il ne respire vraiment plus"), None);
        assert_eq!(found("agress*", 0, "je me fais agresser"), Some(3..4));
    }

    #[test]
    fn anchors_skip_fillers() {
        assert_eq!(found("^ oui $", 0, "euh oui merci"), Some(1..2));
        assert_eq!(found("^ oui $", 0, "oui la carte"), None);
        assert_eq!(found("^ oui", 0, ""), None);
    }

    #[test]
    fn optional_words() {
        assert_eq!(found("un|une vrai? agent", 0, "passez un agent"), Some(1..3));
        assert_eq!(found("un|une vrai? agent", 0, "passez un vrai agent"), Some(1..4));
    }
}
