//! Second judge: a linear classifier learned in memory from everything officers wrote, over pieces of words, stems and sounds.
//!
//! Blind to phrases as such, so its mistakes are others than the first judge's; tolerant of misheard words. Softmax regression
//! on TF-IDF features, trained by stochastic gradient descent in a fixed order: the same dialplan gives the same weights.

use std::collections::HashMap;

use super::text::{Token, Weight};

const EPOCHS: usize = 25;
const RATE: f32 = 2.0;
const DECAY: f32 = 1e-5;

/// Trained weights.
#[derive(Debug, Clone)]
pub struct Similarity {
    features: HashMap<u64, Feature>,
    /// Row of `classes` weights for each feature.
    weights: Vec<f32>,
    classes: usize,
    /// Examples as vectors, to see how near the nearest one is.
    examples: Vec<(usize, Sparse)>,
}

#[derive(Debug, Clone, Copy)]
struct Feature {
    index: usize,
    idf: f32,
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
    /// `examples`: class and words.
    pub fn train(examples: &[(usize, Vec<Token>)], classes: usize) -> Self {
        let counted: Vec<(usize, HashMap<u64, f32>)> =
            examples.iter().map(|(class, tokens)| (*class, features_of(tokens))).collect();
        let mut documents: HashMap<u64, usize> = HashMap::new();
        for (_, features) in &counted {
            for feature in features.keys() {
                *documents.entry(*feature).or_default() += 1;
            }
        }
        // Numbered in order of their hash, so that training does not depend on the map's order.
        let mut known: Vec<(u64, usize)> = documents.into_iter().collect();
        known.sort_unstable();
        let total = counted.len() as f32;
        let features: HashMap<u64, Feature> = known
            .into_iter()
            .enumerate()
            .map(|(index, (hash, count))| {
                let idf = ((1.0 + total) / (1.0 + count as f32)).ln() + 1.0;
                (hash, Feature { index, idf })
            })
            .collect();
        let mut model = Self { weights: vec![0.0; features.len() * classes], features, classes, examples: Vec::new() };
        model.examples = counted
            .iter()
            .map(|(class, counts)| (*class, model.vector(counts)))
            .filter(|(_, vector)| !vector.is_empty())
            .collect();
        model.descend();
        model
    }

    fn descend(&mut self) {
        let count = self.examples.len();
        if count == 0 || self.classes < 2 {
            return;
        }
        let mut per_class = vec![0usize; self.classes];
        for (class, _) in &self.examples {
            per_class[*class] += 1;
        }
        let mean = count as f32 / per_class.iter().filter(|n| **n > 0).count().max(1) as f32;
        // A step that is prime to the count visits every example once an epoch, in a scattered order.
        let stride = (count / 2 + 1..).find(|s| gcd(*s, count) == 1).unwrap_or(1);
        for epoch in 0..EPOCHS {
            let rate = RATE / (1.0 + epoch as f32 * 0.3);
            let mut at = epoch % count;
            for _ in 0..count {
                let (class, vector) = &self.examples[at];
                // Classes with few examples weigh as much as those with many.
                let balance = (mean / per_class[*class] as f32).clamp(0.3, 3.0).sqrt();
                let mut gradient = softmax(logits(&self.weights, self.classes, vector), 1.0);
                gradient[*class] -= 1.0;
                for (feature, value) in vector {
                    let row = &mut self.weights[feature * self.classes..(feature + 1) * self.classes];
                    let step = rate * balance * value;
                    for (weight, slope) in row.iter_mut().zip(&gradient) {
                        *weight -= step * slope + rate * DECAY * *weight;
                    }
                }
                at = (at + stride) % count;
            }
        }
    }

    fn vector(&self, counts: &HashMap<u64, f32>) -> Sparse {
        let mut vector: Sparse = counts
            .iter()
            .filter_map(|(hash, count)| {
                let feature = self.features.get(hash)?;
                Some((feature.index, (1.0 + count.ln().max(0.0)) * count.min(1.0) * feature.idf))
            })
            .collect();
        vector.sort_unstable_by_key(|entry| entry.0);
        // Features never seen count in the length: a sentence mostly unknown is near to nothing.
        let unknown = counts.keys().filter(|h| !self.features.contains_key(h)).count() as f32;
        let length = (vector.iter().map(|(_, v)| v * v).sum::<f32>() + unknown).sqrt();
        if length > 0.0 {
            for (_, value) in &mut vector {
                *value /= length;
            }
        }
        vector
    }

    /// One verdict a class.
    pub fn judge(&self, said: &[Token]) -> Vec<Verdict> {
        let vector = self.vector(&features_of(said));
        let mut verdicts = vec![Verdict::default(); self.classes];
        if vector.is_empty() {
            return verdicts;
        }
        for (class, example) in &self.examples {
            let likeness = dot(&vector, example);
            let nearest = &mut verdicts[*class].nearest;
            *nearest = nearest.max(likeness.clamp(0.0, 1.0));
        }
        let probabilities = softmax(logits(&self.weights, self.classes, &vector), 1.5);
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

fn softmax(mut logits: Vec<f32>, sharpness: f32) -> Vec<f32> {
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

fn dot(a: &Sparse, b: &Sparse) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += a[i].1 * b[j].1;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Pieces of a sentence, with how much each counts.
fn features_of(tokens: &[Token]) -> HashMap<u64, f32> {
    let mut features: HashMap<u64, f32> = HashMap::new();
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
        let examples: Vec<(usize, Vec<Token>)> = [
            (0, "refaire ma carte d'identité"),
            (0, "mon passeport est périmé"),
            (1, "sortir les poubelles"),
            (1, "jour de collecte des encombrants"),
            (2, "un acte de naissance"),
            (2, "l'état civil"),
        ]
        .iter()
        .map(|(class, text)| (*class, tokens(text)))
        .collect();
        Similarity::train(&examples, 3)
    }

    fn best(text: &str) -> usize {
        let verdicts = trained().judge(&tokens(text));
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
        let verdicts = trained().judge(&tokens("quel temps fera-t-il en Bretagne"));
        assert!(verdicts.iter().all(|v| v.nearest < 0.25), "{verdicts:?}");
        assert!(trained().judge(&[]).iter().all(|v| *v == Verdict::default()));
    }

    #[test]
    fn same_examples_same_weights() {
        assert_eq!(trained().weights, trained().weights);
    }

    #[test]
    fn nothing_to_learn_is_no_failure() {
        assert!(Similarity::train(&[], 0).judge(&tokens("carte")).is_empty());
        let _ = Similarity::train(&[(0, tokens("carte"))], 1).judge(&tokens("carte"));
    }
}
