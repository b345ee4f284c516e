//! First judge, half two: words that point to a topic, weighed by how few topics they point to.
//!
//! Owns: the officer's key words (`Mots`), words of titles and of phrases. Must not know: the order of words.

use std::collections::{HashMap, HashSet};

use super::text::{Token, tokens};
use super::vocabulary::{Heard, Vocabulary, WordId};

/// A word of the officer's list, of a title, of a phrase, of an answer: what it counts.
const LISTED: f32 = 1.0;
const IN_TITLE: f32 = 0.8;
const IN_PHRASE: f32 = 0.5;
const IN_ANSWER: f32 = 0.2;
/// Share of the evidence at which the score is a half.
const HALF: f32 = 0.7;

/// One entry: all of its words must be said ("acte-naissance").
#[derive(Debug, Clone)]
struct Entry {
    words: Vec<Token>,
    ids: Vec<WordId>,
    /// Rarity of its rarest word.
    rarity: f32,
    strength: f32,
}

/// The key words of all topics.
#[derive(Debug, Clone)]
pub struct Keywords {
    /// By class.
    entries: Vec<Vec<Entry>>,
    /// Exponent of a word's likeness.
    strictness: f32,
}

/// How few classes a word stands in.
#[derive(Debug, Clone, Default)]
pub struct Rarity {
    classes: usize,
    seen_in: HashMap<String, usize>,
}

impl Rarity {
    /// Words that only answers have are as rare as they are in answers.
    pub fn new(sources: &[Source]) -> Self {
        let said = counted(sources.iter().map(Source::words));
        let mut seen_in = counted(sources.iter().map(|source| source.answers.clone()));
        seen_in.extend(said);
        Self { classes: sources.len(), seen_in }
    }

    /// 1 for a word of one class, falling to 0.15 for a word of all; unknown words count as rare.
    pub fn of(&self, token: &Token) -> f32 {
        let seen = self.seen_in.get(&token.stem).copied().unwrap_or(1).max(1) as f32;
        let classes = self.classes.max(2) as f32;
        (1.0 - 0.85 * (seen.ln() / classes.ln())).clamp(0.15, 1.0)
    }
}

/// In how many of these each stem stands.
fn counted(classes: impl Iterator<Item = Vec<Token>>) -> HashMap<String, usize> {
    let mut seen_in: HashMap<String, usize> = HashMap::new();
    for class in classes {
        let stems: HashSet<String> = class.into_iter().map(|token| token.stem).collect();
        for stem in stems {
            *seen_in.entry(stem).or_default() += 1;
        }
    }
    seen_in
}

/// What key words say for one class.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    /// 0–1.
    pub score: f32,
    /// The words found, as the officer wrote them.
    pub words: Vec<String>,
    /// Which words of the sentence those are.
    pub found: Vec<bool>,
}

/// What a class brings.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// `Mots`.
    pub listed: Vec<String>,
    pub titles: Vec<String>,
    pub phrases: Vec<Token>,
    /// Words of what is said in answer.
    pub answers: Vec<Token>,
}

impl Source {
    /// Every word that callers may say.
    pub fn words(&self) -> Vec<Token> {
        let mut words = self.phrases.clone();
        words.extend(self.listed.iter().chain(&self.titles).flat_map(|text| tokens(text)));
        words
    }

    /// This and another one's as one.
    pub fn join(&mut self, other: &Source) {
        self.listed.extend_from_slice(&other.listed);
        self.titles.extend_from_slice(&other.titles);
        self.phrases.extend_from_slice(&other.phrases);
        self.answers.extend_from_slice(&other.answers);
    }
}

impl Keywords {
    /// `strictness`: how little words that are only like those listed count, from 1 on.
    pub fn new(sources: &[Source], rarity: &Rarity, strictness: f32, vocabulary: &mut Vocabulary) -> Self {
        let entries = sources
            .iter()
            .map(|source| {
                let mut entries: Vec<Entry> = Vec::new();
                let mut known: HashSet<Vec<String>> = HashSet::new();
                let mut add = |words: Vec<Token>, strength: f32| {
                    let stems = words.iter().map(|w| w.stem.clone()).collect();
                    if !words.is_empty() && known.insert(stems) {
                        let ids = words.iter().map(|w| vocabulary.add(w)).collect();
                        let rarity = words.iter().map(|w| rarity.of(w)).fold(0.0, f32::max);
                        entries.push(Entry { words, ids, rarity, strength });
                    }
                };
                for listed in &source.listed {
                    let words: Vec<Token> = tokens(listed).into_iter().filter(Token::is_content).collect();
                    add(words, LISTED);
                }
                for word in source.titles.iter().flat_map(|title| tokens(title)).filter(Token::is_content) {
                    add(vec![word], IN_TITLE);
                }
                for word in source.phrases.iter().filter(|t| t.is_content()) {
                    add(vec![word.clone()], IN_PHRASE);
                }
                for word in source.answers.iter().filter(|t| t.is_content()) {
                    add(vec![word.clone()], IN_ANSWER);
                }
                entries
            })
            .collect();
        Self { entries, strictness }
    }

    /// One result a class.
    pub fn score(&self, heard: &Heard<'_>) -> Vec<Hits> {
        self.entries
            .iter()
            .map(|entries| {
                let mut evidence = 0.0;
                let mut found = vec![false; heard.said.len()];
                let mut words = Vec::new();
                for entry in entries {
                    if let Some((likeness, positions)) = find(entry, heard, &found) {
                        evidence += likeness.powf(self.strictness)
                            * entry.rarity
                            * entry.strength
                            * (entry.words.len() as f32).sqrt();
                        for position in positions {
                            found[position] = true;
                        }
                        words.push(entry.words.iter().map(|w| w.written.as_str()).collect::<Vec<_>>().join(" "));
                    }
                }
                Hits { score: evidence / (evidence + HALF), words, found }
            })
            .collect()
    }
}

/// Share of the meaningful words that are marked.
pub fn found_share(said: &[Token], found: &[bool]) -> f32 {
    let content = said.iter().filter(|t| t.is_content()).count();
    let found = said.iter().zip(found).filter(|(t, found)| **found && t.is_content()).count();
    if content == 0 { 0.0 } else { found as f32 / content as f32 }
}

/// Likeness and positions when every word of the entry was said and not used yet.
fn find(entry: &Entry, heard: &Heard<'_>, used: &[bool]) -> Option<(f32, Vec<usize>)> {
    if entry.ids.iter().any(|id| heard.best(*id) <= 0.0) {
        return None;
    }
    let mut worst = 1.0f32;
    let mut positions = Vec::with_capacity(entry.ids.len());
    for id in &entry.ids {
        let (position, likeness) = (0..heard.said.len())
            .filter(|i| !used[*i] && !positions.contains(i))
            .map(|i| (i, heard.likeness(*id, i)))
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

    /// One result a class for this sentence.
    fn scores(text: &str) -> Vec<Hits> {
        let sources = [
            Source { listed: vec!["passeport".into(), "carte-identité".into()], ..Source::default() },
            Source { listed: vec!["poubelle".into(), "carte".into()], ..Source::default() },
        ];
        let mut vocabulary = Vocabulary::default();
        let keywords = Keywords::new(&sources, &Rarity::new(&sources), 1.0, &mut vocabulary);
        keywords.score(&vocabulary.hear(&tokens(text)))
    }

    #[test]
    fn rare_words_count_more_and_compounds_need_all_words() {
        let found = scores("ma carte d'identité");
        assert!(found[0].score > found[1].score + 0.2, "{found:?}");
        assert_eq!(found[0].words, ["carte identité"]);
        let found = scores("une carte");
        assert_eq!(found[0].score, 0.0);
        assert!(found[1].score > 0.0);
    }

    #[test]
    fn a_word_counts_once() {
        assert_eq!(scores("poubelle")[1].score, scores("poubelle poubelle poubelle")[1].score);
    }
}
