//! Third judge: what a sentence means, whatever its words, by how near it lies to what officers wrote.
//!
//! Knows that "je me marie" and "épouser" are one matter, which the others can't; knows nothing of the town's own words and of
//! misheard ones, which they do. Softmax regression over points, and the nearest example. Must not know: how points are found,
//! phrases as such.

use super::encoder::{Coarse, DIMENSIONS, Encode, Points, likeness};
use super::regression::{Learner, Schedule, descend, softmax};
use super::similarity::Verdict;

const SCHEDULE: Schedule = Schedule { epochs: 14, rate: 1.2, learned: 0.05 };
const DECAY: f32 = 2e-5;
/// Dimensions and a constant.
const ROW: usize = DIMENSIONS + 1;

/// Sentences of a dialplan: the class of each, and where it lies.
#[derive(Debug, Clone, Default)]
pub struct Taught {
    classes: Vec<usize>,
    points: Points,
    /// Of follow-ups, without the title of what they follow.
    bare: (Vec<usize>, Points),
    /// Sentences of the answers.
    told: (Vec<usize>, Points),
}

impl Taught {
    /// `sentences`: class and text.
    pub fn new(encoder: &dyn Encode, sentences: Vec<(usize, String)>) -> Self {
        let (classes, texts): (Vec<usize>, Vec<String>) = sentences.into_iter().unzip();
        Self { classes, points: encoder.points(&texts), ..Self::default() }
    }

    /// The same with sentences of follow-ups as they stand, and with those of the answers.
    pub fn with_context(self, encoder: &dyn Encode, bare: Vec<(usize, String)>, told: Vec<(usize, String)>) -> Self {
        let place = |sentences: Vec<(usize, String)>| {
            let (classes, texts): (Vec<usize>, Vec<String>) = sentences.into_iter().unzip();
            (classes, encoder.points(&texts))
        };
        Self { bare: place(bare), told: place(told), ..self }
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.classes.iter().copied().zip(self.points.iter())
    }
}

/// Softmax regression: which group a point belongs to.
#[derive(Debug, Clone)]
pub struct Beliefs {
    /// A row of weights for each group.
    weights: Vec<f32>,
}

impl Beliefs {
    /// `examples`: group and point.
    pub fn train<'a>(examples: impl Iterator<Item = (usize, &'a [f32])>, groups: usize) -> Self {
        let mut beliefs = Self { weights: vec![0.0; groups * ROW] };
        descend(&mut beliefs, &examples.collect::<Vec<_>>(), groups, SCHEDULE);
        beliefs
    }

    /// Shares that sum to one over the groups.
    pub fn of(&self, point: &[f32]) -> Vec<f32> {
        softmax(self.logits(point), 1.0)
    }
}

impl Learner<[f32]> for Beliefs {
    fn logits(&self, point: &[f32]) -> Vec<f32> {
        self.weights.chunks_exact(ROW).map(|row| likeness(&row[..DIMENSIONS], point) + row[DIMENSIONS]).collect()
    }

    fn step(&mut self, point: &[f32], classes: &[(usize, f32)], rate: f32) {
        for (class, step) in classes {
            let row = &mut self.weights[class * ROW..(class + 1) * ROW];
            for (weight, value) in row.iter_mut().zip(point) {
                *weight -= step * value + rate * DECAY * *weight;
            }
            row[DIMENSIONS] -= step;
        }
    }
}

#[derive(Debug, Clone)]
pub struct Meaning {
    beliefs: Beliefs,
    /// Class of each example.
    classes: Vec<usize>,
    examples: Coarse,
    /// The same of follow-ups, without the title of what they follow.
    bare: (Vec<usize>, Coarse),
    /// The same of the answers.
    told: (Vec<usize>, Coarse),
    group_of: Vec<usize>,
}

/// What the judge says of groups, and how near the nearest example of each class is.
#[derive(Debug, Clone, Default)]
pub struct Meant {
    pub groups: Vec<Verdict>,
    pub classes: Vec<f32>,
}

impl Meaning {
    /// `group_of`: the group of each class.
    pub fn train(taught: &Taught, group_of: &[usize], groups: usize) -> Self {
        Self {
            beliefs: Beliefs::train(taught.iter().map(|(class, point)| (group_of[class], point)), groups),
            classes: taught.classes.clone(),
            examples: Coarse::of(taught.points.iter()),
            bare: (taught.bare.0.clone(), Coarse::of(taught.bare.1.iter())),
            told: (taught.told.0.clone(), Coarse::of(taught.told.1.iter())),
            group_of: group_of.to_vec(),
        }
    }

    pub fn judge(&self, point: &[f32]) -> Meant {
        let verdict = |probability| Verdict { probability, nearest: 0.0 };
        let mut groups: Vec<Verdict> = self.beliefs.of(point).into_iter().map(verdict).collect();
        let classes = self.nearest(&self.classes, &self.examples, point);
        for (near, group) in classes.iter().zip(&self.group_of) {
            let nearest = &mut groups[*group].nearest;
            *nearest = near.max(*nearest);
        }
        Meant { groups, classes }
    }

    /// How near the nearest example of each class is, of follow-ups without the title of what they follow.
    pub fn near_bare(&self, point: &[f32]) -> Vec<f32> {
        let mut near = self.nearest(&self.classes, &self.examples, point);
        let bare = self.nearest(&self.bare.0, &self.bare.1, point);
        for class in &self.bare.0 {
            near[*class] = bare[*class];
        }
        near
    }

    /// How near the nearest sentence of each class's answer is.
    pub fn near_told(&self, point: &[f32]) -> Vec<f32> {
        self.nearest(&self.told.0, &self.told.1, point)
    }

    fn nearest(&self, of: &[usize], examples: &Coarse, point: &[f32]) -> Vec<f32> {
        let mut nearest = vec![0.0f32; self.group_of.len()];
        for (class, near) in of.iter().zip(examples.likenesses(point)) {
            nearest[*class] = near.clamp(0.0, 1.0).max(nearest[*class]);
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sentence lies where its first letter says.
    #[derive(Debug)]
    struct ByLetter;

    impl Encode for ByLetter {
        fn points(&self, texts: &[String]) -> Points {
            let place = |text: &String| usize::from(text.bytes().next().unwrap_or(0) % 7);
            let numbers = |at: usize| (0..DIMENSIONS).map(move |i| if i == at { 1.0 } else { 0.0 });
            Points::new(texts.iter().map(place).flat_map(numbers).collect())
        }
    }

    fn point(text: &str) -> Points {
        ByLetter.points(&[text.to_owned()])
    }

    fn judged(meaning: &Meaning, text: &str) -> Meant {
        meaning.judge(point(text).first().unwrap())
    }

    fn trained() -> Meaning {
        let examples = [(0, "abc"), (0, "aile"), (1, "bateau"), (2, "cabane"), (2, "cor")];
        let examples = examples.iter().map(|(class, text)| (*class, (*text).to_owned())).collect();
        Meaning::train(&Taught::new(&ByLetter, examples), &[0, 1, 1], 2)
    }

    #[test]
    fn what_lies_near_is_believed() {
        let meant = judged(&trained(), "cou");
        assert!(meant.groups[1].probability > 0.9, "{meant:?}");
        assert!(meant.groups[1].nearest > 0.999, "{meant:?}");
        assert!(meant.classes[2] > 0.999 && meant.classes[..2] == [0.0, 0.0], "{meant:?}");
        assert!(judged(&trained(), "avion").groups[0].probability > 0.9);
    }

    #[test]
    fn nothing_to_learn_is_no_failure() {
        let empty = Meaning::train(&Taught::new(&ByLetter, Vec::new()), &[], 0);
        assert!(judged(&empty, "a").groups.is_empty());
        let one = Meaning::train(&Taught::new(&ByLetter, vec![(0, "a".into())]), &[0], 1);
        assert_eq!(judged(&one, "b").groups[0].probability, 1.0);
    }
}
