//! The distinct words of a dialplan, and how like them the words of one sentence are: computed once, used by every phrase.
//!
//! Must not know: phrases, topics.

use std::collections::HashMap;

use super::text::Token;

/// Number of a word.
pub type WordId = u32;

/// Every distinct word officers wrote.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    words: Vec<Token>,
    ids: HashMap<String, WordId>,
}

impl Vocabulary {
    /// The number of a word, given to it if it is new.
    pub fn add(&mut self, word: &Token) -> WordId {
        if let Some(id) = self.ids.get(&word.folded) {
            return *id;
        }
        let id = self.words.len() as WordId;
        self.ids.insert(word.folded.clone(), id);
        self.words.push(word.clone());
        id
    }

    /// Likeness of each word of a sentence to each word known.
    pub fn hear<'a>(&self, said: &'a [Token]) -> Heard<'a> {
        let mut likeness = Vec::with_capacity(self.words.len() * said.len());
        let mut best = Vec::with_capacity(self.words.len());
        for word in &self.words {
            let from = likeness.len();
            likeness.extend(said.iter().map(|token| word.likeness(token)));
            best.push(likeness[from..].iter().copied().fold(0.0, f32::max));
        }
        Heard { said, likeness, best }
    }
}

/// A sentence beside the vocabulary.
#[derive(Debug)]
pub struct Heard<'a> {
    pub said: &'a [Token],
    likeness: Vec<f32>,
    best: Vec<f32>,
}

impl Heard<'_> {
    /// Likeness of a known word and the word said at `position`, 0–1.
    pub fn likeness(&self, word: WordId, position: usize) -> f32 {
        self.likeness[word as usize * self.said.len() + position]
    }

    /// Likeness of a known word and the word said that is most like it.
    pub fn best(&self, word: WordId) -> f32 {
        self.best[word as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    #[test]
    fn a_word_has_one_number_and_its_likeness_to_what_is_said() {
        let mut vocabulary = Vocabulary::default();
        let bin = vocabulary.add(&Token::new("poubelle"));
        let card = vocabulary.add(&Token::new("carte"));
        assert_eq!(vocabulary.add(&Token::new("Poubelle")), bin);
        let said = tokens("sortir les poubelles");
        let heard = vocabulary.hear(&said);
        assert!(heard.likeness(bin, 2) > 0.95 && heard.likeness(bin, 0) == 0.0);
        assert_eq!(heard.best(card), 0.0);
    }
}
