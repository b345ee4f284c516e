//! Second judge: a linear classifier learned in memory from everything officers wrote, over pieces of words, stems and sounds.
//!
//! Blind to phrases as such, so its mistakes are others than the first judge's; tolerant of misheard words. Softmax regression
//! on TF-IDF features, trained by stochastic gradient descent in a fixed order: the same dialplan gives the same weights.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::text::{Token, Weight};
use super::themes::Themes;

const EPOCHS: usize = 12;
const RATE: f32 = 2.0;
const DECAY: f32 = 1e-5;

/// A belief this near to the truth teaches nothing more, for so many rounds.
const LEARNED: f32 = 0.03;
const RESTS: u8 = 2;
/// Exponent that makes up for the regularity of few epochs.
const SHARPNESS: f32 = 1.5;

/// Trained weights.
#[derive(Debug, Clone)]
pub struct Similarity {
    features: Hashed<Feature>,
    /// Row of `classes` weights for each feature.
    weights: Vec<f32>,
    classes: usize,
    /// Class of each example.
    examples: Vec<usize>,
    /// For each feature, the examples that have it and its value there: to see how near the nearest one is.
    postings: Vec<Vec<(u32, f32)>>,
}

#[derive(Debug, Clone, Copy)]
struct Feature {
    index: usize,
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
type Sparse = Vec<(usize, f32)>;

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
                (hash, Feature { index, idf })
            })
            .collect();
        let mut model = Self {
            weights: vec![0.0; features.len() * classes],
            postings: vec![Vec::new(); features.len()],
            features,
            classes,
            examples: Vec::new(),
        };
        let vectors: Vec<(usize, Sparse)> = examples
            .iter()
            .map(|(class, pieces)| (*class, model.vector(pieces)))
            .filter(|(_, vector)| !vector.is_empty())
            .collect();
        for (number, (class, vector)) in vectors.iter().enumerate() {
            model.examples.push(*class);
            for (feature, value) in vector {
                model.postings[*feature].push((number as u32, *value));
            }
        }
        model.descend(&vectors);
        model
    }

    fn descend(&mut self, examples: &[(usize, Sparse)]) {
        let count = examples.len();
        if count == 0 || self.classes < 2 {
            return;
        }
        let mut per_class = vec![0usize; self.classes];
        for (class, _) in examples {
            per_class[*class] += 1;
        }
        let mean = count as f32 / per_class.iter().filter(|n| **n > 0).count().max(1) as f32;
        let stride = scattered_step(count);
        let mut rests = vec![0u8; count];
        for epoch in 0..EPOCHS {
            let rate = RATE / (1.0 + epoch as f32 * 0.3);
            let mut at = epoch % count;
            for _ in 0..count {
                let this = at;
                at = (at + stride) % count;
                if let Some(left) = rests[this].checked_sub(1) {
                    rests[this] = left;
                    continue;
                }
                let (class, vector) = &examples[this];
                // Classes with few examples weigh as much as those with many.
                let balance = (mean / per_class[*class] as f32).clamp(0.3, 3.0).sqrt();
                let mut gradient = softmax(logits(&self.weights, self.classes, vector), 1.0);
                gradient[*class] -= 1.0;
                if gradient[*class] > -LEARNED {
                    rests[this] = RESTS;
                    continue;
                }
                for (feature, value) in vector {
                    let row = &mut self.weights[feature * self.classes..(feature + 1) * self.classes];
                    let step = rate * balance * value;
                    for (weight, slope) in row.iter_mut().zip(&gradient) {
                        *weight -= step * slope + rate * DECAY * *weight;
                    }
                }
            }
        }
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
        let mut verdicts = vec![Verdict::default(); self.classes];
        if vector.is_empty() {
            return verdicts;
        }
        let mut likeness = vec![0.0f32; self.examples.len()];
        for (feature, value) in &vector {
            for (example, other) in &self.postings[*feature] {
                likeness[*example as usize] += value * other;
            }
        }
        for (class, likeness) in self.examples.iter().zip(likeness) {
            let nearest = &mut verdicts[*class].nearest;
            *nearest = nearest.max(likeness.clamp(0.0, 1.0));
        }
        let probabilities = softmax(logits(&self.weights, self.classes, &vector), SHARPNESS);
        for (verdict, probability) in verdicts.iter_mut().zip(probabilities) {
            verdict.probability = probability;
        }
        verdicts
    }
}

fn logits(weights: &[f32], classes: usize, vector: &Sparse) -> Vec<f32> {
    let mut logits = vec![0.0; classes];
    for (feature, value) in vector {
        let row = &weights[feature * classes..(feature + 1) * classes];
        for (logit, weight) in logits.iter_mut().zip(row) {
            *logit += value * weight;
        }
    }
    logits
}

/// Shares that sum to one; nothing of nothing.
pub fn softmax(mut logits: Vec<f32>, sharpness: f32) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for logit in &mut logits {
        *logit = ((*logit - highest) * sharpness).exp();
        sum += *logit;
    }
    for logit in &mut logits {
        *logit /= sum;
    }
    logits
}

/// Taken round a circle of `count` places, this step visits each once, in a scattered order that is the same in every run.
pub fn scattered_step(count: usize) -> usize {
    (count / 2 + 1..).find(|step| gcd(*step, count) == 1).unwrap_or(1)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
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
        assert_eq!(trained().weights, trained().weights);
    }

    #[test]
    fn nothing_to_learn_is_no_failure() {
        let card = pieces_of(&tokens("carte"));
        assert!(Similarity::train(&[], 0).judge(&card).is_empty());
        let _ = Similarity::train(&[(0, &card)], 1).judge(&card);
    }
}
