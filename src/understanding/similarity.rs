//! Second judge: a linear classifier learned in memory from everything officers wrote, over pieces of words, stems and sounds.
//!
//! Blind to phrases as such, so its mistakes are others than the first judge's; tolerant of misheard words. Softmax regression
//! on TF-IDF features ([`super::regression`]).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use half::bf16;

use super::regression::{Learner, Schedule, descend, softmax};
use super::text::{Token, Weight};
use super::themes::Themes;

const SCHEDULE: Schedule = Schedule { epochs: 12, rate: 2.0, learned: 0.03 };
const DECAY: f32 = 1e-5;
/// Exponent that makes up for the regularity of few epochs.
const SHARPNESS: f32 = 1.5;

/// Trained weights.
#[derive(Debug, Clone)]
pub struct Similarity {
    features: Hashed<Feature>,
    weights: Weights<bf16>,
    nearest: Option<Nearest>,
}

/// A row of weights for each feature: one a class. They are learned as f32; as bf16 they take half the memory, and no sentence is
/// judged otherwise.
#[derive(Debug, Clone)]
struct Weights<W> {
    rows: Vec<W>,
    classes: usize,
}

/// The examples, to see how near the nearest one is.
#[derive(Debug, Clone)]
struct Nearest {
    /// Class of each.
    classes: Vec<u32>,
    /// The examples that have the first feature, those that have the second …
    postings: Vec<Posting>,
    /// Where those of each feature begin, and where the last ones end.
    starts: Vec<u32>,
}

/// An example, and how much of a feature it has.
#[derive(Debug, Clone, Copy, Default)]
struct Posting {
    example: u32,
    value: f32,
}

#[derive(Debug, Clone, Copy)]
struct Feature {
    index: u32,
    idf: f32,
}

/// Pieces of a sentence, with how much each counts.
pub type Pieces = Hashed<f32>;

/// By piece.
type Hashed<T> = HashMap<u64, T, BuildHasherDefault<AsItIs>>;

/// The keys are hashes already.
#[derive(Debug, Clone, Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// (feature, value), normalised to length one.
type Sparse = Vec<(u32, f32)>;

/// What the judge says for one class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Verdict {
    /// Share of belief, sums to one over the classes.
    pub probability: f32,
    /// Likeness of the nearest example of that class, 0–1: says when nothing fits.
    pub nearest: f32,
}

impl Similarity {
    /// `examples`: class and [`pieces_of`] its words.
    pub fn train(examples: &[(usize, &Pieces)], classes: usize) -> Self {
        let (mut model, vectors) = Self::learned(examples, classes);
        model.nearest = Some(Nearest::new(&vectors, model.features.len()));
        model
    }

    /// The same without what is nearest, and the memory that takes.
    pub fn train_beliefs(examples: &[(usize, &Pieces)], classes: usize) -> Self {
        Self::learned(examples, classes).0
    }

    fn learned(examples: &[(usize, &Pieces)], classes: usize) -> (Self, Vec<(usize, Sparse)>) {
        let mut documents: Hashed<usize> = Hashed::default();
        for feature in examples.iter().flat_map(|(_, pieces)| pieces.keys()) {
            *documents.entry(*feature).or_default() += 1;
        }
        // Numbered in order of their hash, so that training does not depend on the map's order.
        let mut known: Vec<(u64, usize)> = documents.into_iter().collect();
        known.sort_unstable();
        let total = examples.len() as f32;
        let features: Hashed<Feature> = known
            .into_iter()
            .enumerate()
            .map(|(index, (hash, count))| {
                let idf = ((1.0 + total) / (1.0 + count as f32)).ln() + 1.0;
                (hash, Feature { index: index as u32, idf })
            })
            .collect();
        let mut weights = Weights { rows: vec![0.0f32; features.len() * classes], classes };
        let mut model = Self { weights: Weights { rows: Vec::new(), classes }, features, nearest: None };
        let vectors: Vec<(usize, Sparse)> = examples
            .iter()
            .map(|(class, pieces)| (*class, model.vector(pieces)))
            .filter(|(_, vector)| !vector.is_empty())
            .collect();
        descend(&mut weights, &vectors, classes, SCHEDULE);
        model.weights.rows = weights.rows.into_iter().map(bf16::from_f32).collect();
        (model, vectors)
    }

    fn vector(&self, pieces: &Pieces) -> Sparse {
        let mut vector: Sparse = pieces
            .iter()
            .filter_map(|(hash, count)| {
                let feature = self.features.get(hash)?;
                Some((feature.index, (1.0 + count.ln().max(0.0)) * count.min(1.0) * feature.idf))
            })
            .collect();
        vector.sort_unstable_by_key(|entry| entry.0);
        // Features never seen count in the length: a sentence mostly unknown is near to nothing.
        let unknown = pieces.keys().filter(|h| !self.features.contains_key(h)).count() as f32;
        let length = (vector.iter().map(|(_, v)| v * v).sum::<f32>() + unknown).sqrt();
        if length > 0.0 {
            for (_, value) in &mut vector {
                *value /= length;
            }
        }
        vector
    }

    /// One verdict a class.
    pub fn judge(&self, said: &Pieces) -> Vec<Verdict> {
        let vector = self.vector(said);
        let mut verdicts = vec![Verdict::default(); self.weights.classes];
        if vector.is_empty() {
            return verdicts;
        }
        if let Some(nearest) = &self.nearest {
            nearest.tell(&vector, &mut verdicts);
        }
        for (verdict, probability) in verdicts.iter_mut().zip(softmax(self.weights.logits(&vector), SHARPNESS)) {
            verdict.probability = probability;
        }
        verdicts
    }
}

impl<W: Copy + Into<f32>> Weights<W> {
    fn row(&self, feature: u32) -> Range<usize> {
        let start = feature as usize * self.classes;
        start..start + self.classes
    }

    fn logits(&self, vector: &Sparse) -> Vec<f32> {
        let mut logits = vec![0.0; self.classes];
        for (feature, value) in vector {
            for (logit, weight) in logits.iter_mut().zip(&self.rows[self.row(*feature)]) {
                *logit += value * (*weight).into();
            }
        }
        logits
    }
}

impl Learner<Sparse> for Weights<f32> {
    fn logits(&self, vector: &Sparse) -> Vec<f32> {
        Weights::logits(self, vector)
    }

    fn step(&mut self, vector: &Sparse, classes: &[(usize, f32)], rate: f32) {
        for (feature, value) in vector {
            let row = self.row(*feature);
            let row = &mut self.rows[row];
            for (class, step) in classes {
                row[*class] -= step * value + rate * DECAY * row[*class];
            }
        }
    }
}

impl Nearest {
    fn new(examples: &[(usize, Sparse)], features: usize) -> Self {
        let mut starts = vec![0u32; features + 1];
        examples.iter().flat_map(|(_, vector)| vector).for_each(|(feature, _)| starts[*feature as usize + 1] += 1);
        for feature in 0..features {
            starts[feature + 1] += starts[feature];
        }
        let mut free = starts.clone();
        let mut postings = vec![Posting::default(); starts[features] as usize];
        for (example, (_, vector)) in (0..).zip(examples) {
            for (feature, value) in vector {
                let place = &mut free[*feature as usize];
                postings[*place as usize] = Posting { example, value: *value };
                *place += 1;
            }
        }
        Self { classes: examples.iter().map(|(class, _)| *class as u32).collect(), postings, starts }
    }

    /// How near the nearest example of each class is.
    fn tell(&self, vector: &Sparse, verdicts: &mut [Verdict]) {
        let mut likeness = vec![0.0f32; self.classes.len()];
        for (feature, value) in vector {
            let feature = *feature as usize;
            for posting in &self.postings[self.starts[feature] as usize..self.starts[feature + 1] as usize] {
                likeness[posting.example as usize] += value * posting.value;
            }
        }
        for (class, likeness) in self.classes.iter().zip(likeness) {
            let nearest = &mut verdicts[*class as usize].nearest;
            *nearest = nearest.max(likeness.clamp(0.0, 1.0));
        }
    }
}

/// Pieces of a sentence: stems, pairs of stems, families of words, runs of letters and of sounds.
pub fn pieces_of(tokens: &[Token]) -> Pieces {
    let mut features = Pieces::default();
    let mut add = |kind: u8, text: &str, weight: f32| {
        *features.entry(hash(kind, text)).or_default() += weight;
    };
    let meant: Vec<&Token> = tokens.iter().filter(|t| t.weight != Weight::Filler).collect();
    let mut sounds = String::new();
    for (i, token) in meant.iter().enumerate() {
        let share = if token.is_content() { 1.0 } else { 0.3 };
        add(b'w', &token.stem, 1.5 * share);
        if let Some(next) = meant.get(i + 1) {
            add(b'b', &format!("{} {}", token.stem, next.stem), 0.6);
        }
        if token.is_content() {
            if token.family != 0 {
                add(b'f', &token.family.to_string(), 1.0);
            }
            let themes = (0..Themes::BITS).filter(|theme| token.themes >> theme & 1 == 1);
            for theme in themes {
                add(b't', &theme.to_string(), 1.0 / token.themes.count_ones() as f32);
            }
            let edged = format!("<{}>", token.folded);
            for length in 3..=4 {
                for piece in pieces(&edged, length) {
                    add(b'c', piece, 0.6);
                }
            }
            sounds.push_str(&token.sound);
        }
    }
    // Sounds run on over the words: where one word ends is what a recogniser gets wrong.
    for piece in pieces(&sounds, 4) {
        add(b's', piece, 0.6);
    }
    features
}

/// Runs of `length` letters; the text is ASCII or nearly so.
fn pieces(text: &str, length: usize) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
    let count = starts.len().saturating_sub(length);
    (0..count).map(move |i| &text[starts[i]..starts[i + length]])
}

/// FNV-1a, so that the same text has the same number in every run.
fn hash(kind: u8, text: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in std::iter::once(kind).chain(text.bytes()) {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understanding::text::tokens;

    fn trained() -> Similarity {
        let examples: Vec<(usize, Pieces)> = [
            (0, "refaire ma carte d'identité"),
            (0, "mon passeport est périmé"),
            (1, "sortir les poubelles"),
            (1, "jour de collecte des encombrants"),
            (2, "un acte de naissance"),
            (2, "l'état civil"),
        ]
        .iter()
        .map(|(class, text)| (*class, pieces_of(&tokens(text))))
        .collect();
        let examples: Vec<(usize, &Pieces)> = examples.iter().map(|(class, pieces)| (*class, pieces)).collect();
        Similarity::train(&examples, 3)
    }

    fn best(text: &str) -> usize {
        let verdicts = trained().judge(&pieces_of(&tokens(text)));
        (0..3).max_by(|a, b| verdicts[*a].probability.total_cmp(&verdicts[*b].probability)).unwrap()
    }

    #[test]
    fn learns_and_tolerates_misheard_words() {
        assert_eq!(best("ma poubel n'est pas sortie"), 1);
        assert_eq!(best("les en combrants"), 1);
        assert_eq!(best("passport périmée"), 0);
        assert_eq!(best("l'et à civil"), 2);
    }

    #[test]
    fn far_from_everything_is_near_to_nothing() {
        let verdicts = trained().judge(&pieces_of(&tokens("quel temps fera-t-il en Bretagne")));
        assert!(verdicts.iter().all(|v| v.nearest < 0.25), "{verdicts:?}");
        assert!(trained().judge(&Pieces::default()).iter().all(|v| *v == Verdict::default()));
    }

    #[test]
    fn same_examples_same_weights() {
        assert_eq!(trained().weights.rows, trained().weights.rows);
    }

    #[test]
    fn nothing_to_learn_is_no_failure() {
        let card = pieces_of(&tokens("carte"));
        assert!(Similarity::train(&[], 0).judge(&card).is_empty());
        let _ = Similarity::train(&[(0, &card)], 1).judge(&card);
    }
}
