//! Third judge: what a sentence means, whatever its words, by how near it lies to what officers wrote.
//!
//! Knows that "je me marie" and "épouser" are one matter, which the others can't; knows nothing of the town's own words and of
//! misheard ones, which they do. Softmax regression over points, trained in a fixed order; and the nearest example. Must not
//! know: how points are computed, phrases as such.

use std::sync::Arc;

use super::encoder::{DIMENSIONS, Encode, Point, likeness};
use super::similarity::{Verdict, scattered_step, softmax};

const EPOCHS: usize = 14;
const RATE: f32 = 1.2;
const DECAY: f32 = 2e-5;
/// A belief this near to the truth teaches nothing more, for so many rounds.
const LEARNED: f32 = 0.05;
const RESTS: u8 = 2;
/// Dimensions and a constant.
const ROW: usize = DIMENSIONS + 1;

#[derive(Debug, Clone)]
pub struct Meaning {
    encoder: Arc<dyn Encode>,
    /// Class and place of each example.
    examples: Vec<(usize, Point)>,
    group_of: Vec<usize>,
    /// A row of weights for each group.
    weights: Vec<f32>,
    groups: usize,
}

/// What the judge says of groups, and how near the nearest example of each class is.
#[derive(Debug, Clone, Default)]
pub struct Meant {
    pub groups: Vec<Verdict>,
    pub classes: Vec<f32>,
}

impl Meaning {
    /// `examples`: class and sentence. `group_of`: the group of each class.
    pub fn train(encoder: Arc<dyn Encode>, examples: Vec<(usize, String)>, group_of: &[usize], groups: usize) -> Self {
        let (classes, texts): (Vec<usize>, Vec<String>) = examples.into_iter().unzip();
        let points = encoder.points(&texts);
        let examples: Vec<(usize, Point)> = classes.into_iter().zip(points).collect();
        let taught: Vec<(usize, &[f32])> =
            examples.iter().map(|(class, point)| (group_of[*class], point.as_ref())).collect();
        let weights = descend(&taught, groups);
        Self { encoder, examples, group_of: group_of.to_vec(), weights, groups }
    }

    /// Forgets the examples: what is nearest is not told any more, and the memory is free.
    pub fn without_examples(self) -> Self {
        Self { examples: Vec::new(), ..self }
    }

    /// `None` for what says nothing.
    pub fn judge(&self, text: &str) -> Option<Meant> {
        if !text.chars().any(char::is_alphanumeric) {
            return None;
        }
        let point = self.encoder.points(&[text.to_lowercase()]).pop()?;
        let mut meant =
            Meant { groups: vec![Verdict::default(); self.groups], classes: vec![0.0; self.group_of.len()] };
        for (class, example) in &self.examples {
            let near = likeness(&point, example).clamp(0.0, 1.0);
            meant.classes[*class] = near.max(meant.classes[*class]);
        }
        for (class, near) in meant.classes.iter().enumerate() {
            let group = &mut meant.groups[self.group_of[class]];
            group.nearest = near.max(group.nearest);
        }
        for (verdict, belief) in meant.groups.iter_mut().zip(softmax(logits(&self.weights, &point), 1.0)) {
            verdict.probability = belief;
        }
        Some(meant)
    }
}

/// One row of weights for each group.
fn descend(examples: &[(usize, &[f32])], groups: usize) -> Vec<f32> {
    let mut weights = vec![0.0f32; groups * ROW];
    let count = examples.len();
    let mut per_group = vec![0usize; groups];
    examples.iter().for_each(|(group, _)| per_group[*group] += 1);
    let mean = count as f32 / per_group.iter().filter(|n| **n > 0).count().max(1) as f32;
    let stride = scattered_step(count);
    let mut rests = vec![0u8; count];
    for epoch in 0..EPOCHS {
        let rate = RATE / (1.0 + 0.3 * epoch as f32);
        let mut at = epoch % count.max(1);
        for _ in 0..count {
            let this = at;
            at = (at + stride) % count;
            if let Some(left) = rests[this].checked_sub(1) {
                rests[this] = left;
                continue;
            }
            let (group, point) = examples[this];
            let balance = (mean / per_group[group] as f32).clamp(0.3, 3.0).sqrt();
            let mut slopes = softmax(logits(&weights, point), 1.0);
            slopes[group] -= 1.0;
            if slopes[group] > -LEARNED {
                rests[this] = RESTS;
                continue;
            }
            for (row, slope) in weights.chunks_exact_mut(ROW).zip(slopes) {
                if slope.abs() < 1e-3 {
                    continue;
                }
                let step = rate * balance * slope;
                for (weight, value) in row.iter_mut().zip(point) {
                    *weight -= step * value + rate * DECAY * *weight;
                }
                row[DIMENSIONS] -= step;
            }
        }
    }
    weights
}

fn logits(weights: &[f32], point: &[f32]) -> Vec<f32> {
    weights.chunks_exact(ROW).map(|row| likeness(&row[..DIMENSIONS], point) + row[DIMENSIONS]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sentence lies where its first letter says.
    #[derive(Debug)]
    struct ByLetter;

    impl Encode for ByLetter {
        fn points(&self, texts: &[String]) -> Vec<Point> {
            let place = |text: &String| usize::from(text.bytes().next().unwrap_or(0) % 7);
            let point = |at: usize| (0..DIMENSIONS).map(|i| if i == at { 1.0 } else { 0.0 }).collect();
            texts.iter().map(|text| point(place(text))).collect()
        }
    }

    fn trained() -> Meaning {
        let examples = [(0, "abc"), (0, "aile"), (1, "bateau"), (2, "cabane"), (2, "cor")];
        let examples = examples.iter().map(|(class, text)| (*class, (*text).to_owned())).collect();
        Meaning::train(Arc::new(ByLetter), examples, &[0, 1, 1], 2)
    }

    #[test]
    fn what_lies_near_is_believed() {
        let meant = trained().judge("Cou").unwrap();
        assert!(meant.groups[1].probability > 0.9, "{meant:?}");
        assert_eq!(meant.groups[1].nearest, 1.0);
        assert_eq!(meant.classes, [0.0, 0.0, 1.0]);
        assert!(trained().judge("avion").unwrap().groups[0].probability > 0.9);
    }

    #[test]
    fn nothing_said_is_nothing_meant() {
        assert!(trained().judge(" … ").is_none());
    }

    #[test]
    fn nothing_to_learn_is_no_failure() {
        let empty = Meaning::train(Arc::new(ByLetter), Vec::new(), &[], 0);
        assert!(empty.judge("a").unwrap().groups.is_empty());
        assert!(Meaning::train(Arc::new(ByLetter), vec![(0, "a".into())], &[0], 1).judge("b").is_some());
    }
}
