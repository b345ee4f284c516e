//! What can be asked of a [`Phrase`].

use super::{Phrase, PhraseToken};

impl Phrase {
    /// The sentences this phrase stands for, at most `limit`; words lower case, joined by a space.
    pub fn variants(&self, limit: usize) -> Vec<String> {
        sequences(&self.tokens, limit).into_iter().map(|words| words.join(" ")).collect()
    }

    /// Every word of the phrase, optional ones too, in the order written.
    pub fn words(&self) -> Vec<&str> {
        fn collect<'a>(tokens: &'a [PhraseToken], words: &mut Vec<&'a str>) {
            for token in tokens {
                match token {
                    PhraseToken::Word(word) => words.push(word),
                    PhraseToken::Optional(tokens) => collect(tokens, words),
                    PhraseToken::OneOf(alternatives) => {
                        for tokens in alternatives {
                            collect(tokens, words);
                        }
                    }
                }
            }
        }
        let mut words = Vec::new();
        collect(&self.tokens, &mut words);
        words
    }
}

/// Every way through these tokens, cut at `limit` at each step.
fn sequences(tokens: &[PhraseToken], limit: usize) -> Vec<Vec<&str>> {
    let mut ways: Vec<Vec<&str>> = vec![Vec::new()];
    for token in tokens {
        let next: Vec<Vec<&str>> = match token {
            PhraseToken::Word(word) => vec![vec![word]],
            PhraseToken::OneOf(alternatives) => {
                alternatives.iter().flat_map(|tokens| sequences(tokens, limit)).take(limit).collect()
            }
            PhraseToken::Optional(tokens) => {
                let mut with = sequences(tokens, limit);
                with.push(Vec::new());
                with
            }
        };
        ways =
            ways.iter().flat_map(|way| next.iter().map(|more| [way.as_slice(), more].concat())).take(limit).collect();
    }
    ways
}
