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
    /// Length of a row; what is beyond the classes stays nothing.
    width: usize,
}

/// While they are learned, rows are filled up to a multiple of this, so that they are added without remainders.
const LANES: usize = 16;

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

/// Pieces of a sentence, with how much each counts; in the order of their hashes.
#[derive(Debug, Clone, Default)]
pub struct Pieces(Vec<(u64, f32)>);

impl Pieces {
    /// Pieces that stand there twice count twice.
    fn new(mut pieces: Vec<(u64, f32)>) -> Self {
        pieces.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        pieces.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 += next.1;
            }
            is_same
        });
        pieces.shrink_to_fit();
        Self(pieces)
    }
}

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
        // Each piece has the number of its first place until all are known.
        let mut numbers: Hashed<u32> = Hashed::default();
        let mut documents: Vec<(u64, usize)> = Vec::new();
        let mut vectors: Vec<(usize, Sparse)> = Vec::with_capacity(examples.len());
        for (class, pieces) in examples {
            let numbered = pieces.0.iter().map(|(hash, count)| {
                let number = *numbers.entry(*hash).or_insert_with(|| {
                    documents.push((*hash, 0));
                    documents.len() as u32 - 1
                });
                documents[number as usize].1 += 1;
                (number, *count)
            });
            let vector: Sparse = numbered.collect();
            if !vector.is_empty() {
                vectors.push((*class, vector));
            }
        }
        // Then the frequent ones first: their rows lie together, and stay at hand while all are taught.
        let mut order: Vec<u32> = (0..documents.len() as u32).collect();
        order.sort_unstable_by_key(|number| {
            let (hash, count) = documents[*number as usize];
            (std::cmp::Reverse(count), hash)
        });
        let total = examples.len() as f32;
        let mut known = vec![Feature { index: 0, idf: 0.0 }; documents.len()];
        for (index, number) in order.iter().enumerate() {
            let count = documents[*number as usize].1 as f32;
            known[*number as usize] = Feature { index: index as u32, idf: ((1.0 + total) / (1.0 + count)).ln() + 1.0 };
        }
        for (_, vector) in &mut vectors {
            for (number, value) in vector.iter_mut() {
                let feature = known[*number as usize];
                (*number, *value) = (feature.index, worth(*value, feature));
            }
            normalise(vector, 0.0);
        }
        let features: Hashed<Feature> =
            numbers.into_iter().map(|(hash, number)| (hash, known[number as usize])).collect();
        let width = classes.next_multiple_of(LANES);
        let mut weights = Weights { rows: vec![0.0f32; features.len() * width], classes, width };
        descend(&mut weights, &vectors, classes, SCHEDULE);
        let filled = weights.rows.chunks_exact(width.max(1)).flat_map(|row| &row[..classes]);
        let rows = filled.copied().map(bf16::from_f32).collect();
        (Self { weights: Weights { rows, classes, width: classes }, features, nearest: None }, vectors)
    }

    fn vector(&self, pieces: &Pieces) -> Sparse {
        let known = pieces.0.iter().filter_map(|(hash, count)| {
            let feature = *self.features.get(hash)?;
            Some((feature.index, worth(*count, feature)))
        });
        let mut vector: Sparse = known.collect();
        // Features never seen count in the length: a sentence mostly unknown is near to nothing.
        let unknown = (pieces.0.len() - vector.len()) as f32;
        normalise(&mut vector, unknown);
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

/// What a piece found so often counts in a sentence.
fn worth(count: f32, feature: Feature) -> f32 {
    (1.0 + count.ln().max(0.0)) * count.min(1.0) * feature.idf
}

/// Brings a sentence to length one; `unknown`: squared length of what is not in it.
fn normalise(vector: &mut Sparse, unknown: f32) {
    let length = (vector.iter().map(|(_, v)| v * v).sum::<f32>() + unknown).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|(_, value)| *value /= length);
    }
}

impl<W: Copy + Into<f32>> Weights<W> {
    fn row(&self, feature: u32) -> Range<usize> {
        let start = feature as usize * self.width;
        start..start + self.width
    }

    fn logits(&self, vector: &Sparse) -> Vec<f32> {
        let mut logits = vec![0.0; self.width];
        for (feature, value) in vector {
            for (logit, weight) in logits.iter_mut().zip(&self.rows[self.row(*feature)]) {
                *logit += value * (*weight).into();
            }
        }
        logits.truncate(self.classes);
        logits
    }
}

impl Learner<Sparse> for Weights<f32> {
    /// Some classes after the others, so that their sums need not leave the processor.
    fn logits(&self, vector: &Sparse) -> Vec<f32> {
        let mut logits = Vec::with_capacity(self.width);
        for first in (0..self.width).step_by(LANES) {
            let mut sums = [0.0f32; LANES];
            for (feature, value) in vector {
                let from = *feature as usize * self.width + first;
                let Some(weights) = self.rows.get(from..from + LANES) else { continue };
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
            logits.extend(sums);
        }
        logits.truncate(self.classes);
        logits
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
    let mut pieces = Vec::with_capacity(16 * tokens.len());
    let mut add = |piece: Fnv, weight: f32| pieces.push((piece.0, weight));
    let meant: Vec<&Token> = tokens.iter().filter(|t| t.weight != Weight::Filler).collect();
    let (mut edged, mut sounds) = (String::new(), String::new());
    for (i, token) in meant.iter().enumerate() {
        let share = if token.is_content() { 1.0 } else { 0.3 };
        let stem = Fnv::of(b'w').with(&token.stem);
        add(stem, 1.5 * share);
        if let Some(next) = meant.get(i + 1) {
            add(Fnv::of(b'b').with(&token.stem).with(" ").with(&next.stem), 0.6);
        }
        if token.is_content() {
            if token.family != 0 {
                add(Fnv::of(b'f').with(&token.family.to_string()), 1.0);
            }
            let themes = (0..Themes::BITS).filter(|theme| token.themes >> theme & 1 == 1);
            for theme in themes {
                add(Fnv::of(b't').with(&theme.to_string()), 1.0 / token.themes.count_ones() as f32);
            }
            edged.clear();
            edged.extend(["<", &token.folded, ">"]);
            for length in 3..=4 {
                runs(&edged, length, |run| add(Fnv::of(b'c').with(run), 0.6));
            }
            sounds.push_str(&token.sound);
        }
    }
    // Sounds run on over the words: where one word ends is what a recogniser gets wrong.
    runs(&sounds, 4, |run| add(Fnv::of(b's').with(run), 0.6));
    Pieces::new(pieces)
}

/// Runs of `length` letters.
fn runs(text: &str, length: usize, mut each: impl FnMut(&str)) {
    let mut ends = text.char_indices().map(|(at, letter)| at + letter.len_utf8()).skip(length - 1);
    let mut starts = text.char_indices().map(|(at, _)| at);
    while let (Some(end), Some(start)) = (ends.next(), starts.next()) {
        each(&text[start..end]);
    }
}

/// FNV-1a, so that the same text has the same number in every run.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    fn of(kind: u8) -> Self {
        Self(0xcbf2_9ce4_8422_2325).byte(kind)
    }

    fn with(self, text: &str) -> Self {
        text.bytes().fold(self, Self::byte)
    }

    fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
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
