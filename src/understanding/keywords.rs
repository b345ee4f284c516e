//! First judge, half two: words that point to a topic, weighed by how few topics they point to.
//!
//! Owns: the officer's key words (`Mots`), words of titles and of phrases. Must not know: the order of words.

use std::collections::HashMap;

use super::text::{Token, tokens};

/// A word of the officer's list, of a title, of a phrase: what it counts.
const LISTED: f32 = 1.0;
const IN_TITLE: f32 = 0.8;
const IN_PHRASE: f32 = 0.5;
/// Share of the evidence at which the score is a half.
const HALF: f32 = 0.7;

/// One entry: all of its words must be said ("acte-naissance").
#[derive(Debug, Clone)]
struct Entry {
    words: Vec<Token>,
    strength: f32,
}

/// The key words of all topics.
#[derive(Debug, Clone)]
pub struct Keywords {
    /// By class.
    entries: Vec<Vec<Entry>>,
    rarity: Rarity,
}

/// How few classes a word stands in.
#[derive(Debug, Clone, Default)]
pub struct Rarity {
    classes: usize,
    seen_in: HashMap<String, usize>,
}

impl Rarity {
    /// `words[class]`: every word of that class.
    pub fn new(words: &[Vec<Token>]) -> Self {
        let mut seen_in: HashMap<String, usize> = HashMap::new();
        for class in words {
            let mut stems: Vec<&str> = class.iter().map(|t| t.stem.as_str()).collect();
            stems.sort_unstable();
            stems.dedup();
            for stem in stems {
                *seen_in.entry(stem.to_owned()).or_default() += 1;
            }
        }
        Self { classes: words.len(), seen_in }
    }

    /// 1 for a word of one class, falling to 0.15 for a word of all; unknown words count as rare.
    pub fn of(&self, token: &Token) -> f32 {
        let seen = self.seen_in.get(&token.stem).copied().unwrap_or(1).max(1) as f32;
        let classes = self.classes.max(2) as f32;
        (1.0 - 0.85 * (seen.ln() / classes.ln())).clamp(0.15, 1.0)
    }
}

/// What key words say for one class.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    /// 0–1.
    pub score: f32,
    /// Share of the sentence's meaningful words that were found, 0–1.
    pub coverage: f32,
    /// The words found, as the officer wrote them.
    pub words: Vec<String>,
}

/// What a class brings: `(listed, title, phrases)`.
pub struct Source<'a> {
    pub listed: &'a [String],
    pub title: &'a str,
    pub phrases: Vec<Token>,
}

impl Keywords {
    pub fn new(sources: &[Source<'_>], rarity: Rarity) -> Self {
        let entries = sources
            .iter()
            .map(|source| {
                let mut entries: Vec<Entry> = Vec::new();
                let mut add = |words: Vec<Token>, strength: f32| {
                    let known = entries.iter().any(|e| {
                        e.words.len() == words.len() && e.words.iter().zip(&words).all(|(a, b)| a.stem == b.stem)
                    });
                    if !words.is_empty() && !known {
                        entries.push(Entry { words, strength });
                    }
                };
                for listed in source.listed {
                    let words: Vec<Token> = tokens(listed).into_iter().filter(Token::is_content).collect();
                    add(words, LISTED);
                }
                for word in tokens(source.title).into_iter().filter(Token::is_content) {
                    add(vec![word], IN_TITLE);
                }
                for word in source.phrases.iter().filter(|t| t.is_content()) {
                    add(vec![word.clone()], IN_PHRASE);
                }
                entries
            })
            .collect();
        Self { entries, rarity }
    }

    /// One result a class.
    pub fn score(&self, said: &[Token]) -> Vec<Hits> {
        self.entries
            .iter()
            .map(|entries| {
                let mut evidence = 0.0;
                let mut used = vec![false; said.len()];
                let mut words = Vec::new();
                for entry in entries {
                    if let Some((likeness, positions)) = find(entry, said, &used) {
                        let rarity = entry.words.iter().map(|w| self.rarity.of(w)).fold(0.0, f32::max);
                        evidence += likeness * rarity * entry.strength * (entry.words.len() as f32).sqrt();
                        for position in positions {
                            used[position] = true;
                        }
                        words.push(entry.words.iter().map(|w| w.written.as_str()).collect::<Vec<_>>().join(" "));
                    }
                }
                Hits { score: evidence / (evidence + HALF), coverage: found_share(said, &used), words }
            })
            .collect()
    }
}

fn found_share(said: &[Token], used: &[bool]) -> f32 {
    let content = said.iter().filter(|t| t.is_content()).count();
    let found = said.iter().zip(used).filter(|(t, used)| **used && t.is_content()).count();
    if content == 0 { 0.0 } else { found as f32 / content as f32 }
}

/// Likeness and positions when every word of the entry was said and not used yet.
fn find(entry: &Entry, said: &[Token], used: &[bool]) -> Option<(f32, Vec<usize>)> {
    let mut worst = 1.0f32;
    let mut positions = Vec::with_capacity(entry.words.len());
    for word in &entry.words {
        let (position, likeness) = said
            .iter()
            .enumerate()
            .filter(|(i, _)| !used[*i] && !positions.contains(i))
            .map(|(i, token)| (i, word.likeness(token)))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        if likeness <= 0.0 {
            return None;
        }
        worst = worst.min(likeness);
        positions.push(position);
    }
    Some((worst, positions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords() -> Keywords {
        let listed = [
            vec!["passeport".to_owned(), "carte-identité".to_owned()],
            vec!["poubelle".to_owned(), "carte".to_owned()],
        ];
        let words: Vec<Vec<Token>> = listed.iter().map(|l| l.iter().flat_map(|w| tokens(w)).collect()).collect();
        let sources: Vec<Source<'_>> =
            listed.iter().map(|l| Source { listed: l, title: "", phrases: Vec::new() }).collect();
        Keywords::new(&sources, Rarity::new(&words))
    }

    #[test]
    fn rare_words_count_more_and_compounds_need_all_words() {
        let scores = keywords().score(&tokens("ma carte d'identité"));
        assert!(scores[0].score > scores[1].score + 0.2, "{scores:?}");
        assert_eq!(scores[0].words, ["carte identité"]);
        let scores = keywords().score(&tokens("une carte"));
        assert_eq!(scores[0].score, 0.0);
        assert!(scores[1].score > 0.0);
    }

    #[test]
    fn a_word_counts_once() {
        let once = keywords().score(&tokens("poubelle"))[1].score;
        let twice = keywords().score(&tokens("poubelle poubelle poubelle"))[1].score;
        assert_eq!(once, twice);
    }
}
