//! Softmax regression by stochastic gradient descent, for the judges that learn.
//!
//! Examples come in a scattered order that is the same in every run: the same dialplan gives the same weights. Must not know:
//! what examples are made of.

use std::borrow::Borrow;

/// How a model is taught.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Times that each example is shown.
    pub epochs: usize,
    /// First length of a step; it shrinks from one epoch to the next.
    pub rate: f32,
    /// A belief this near to the truth teaches nothing more, for [`RESTS`] rounds.
    pub learned: f32,
}

const RESTS: u8 = 2;
/// A belief this small in a class that is not the right one moves nothing.
const SLIGHT: f32 = 1e-3;

/// Weights that examples move.
pub trait Learner<E: ?Sized> {
    /// One number a class: the greater, the likelier.
    fn logits(&self, example: &E) -> Vec<f32>;

    /// Takes so much of the example from the weights of each of `classes`.
    fn step(&mut self, example: &E, classes: &[(usize, f32)], rate: f32);
}

/// Teaches `learner`. Of each example, its class; there are `classes` of them.
pub fn descend<E: ?Sized>(
    learner: &mut impl Learner<E>,
    examples: &[(usize, impl Borrow<E>)],
    classes: usize,
    schedule: Schedule,
) {
    let count = examples.len();
    if count == 0 || classes < 2 {
        return;
    }
    let mut per_class = vec![0usize; classes];
    examples.iter().for_each(|(class, _)| per_class[*class] += 1);
    let mean = count as f32 / per_class.iter().filter(|n| **n > 0).count().max(1) as f32;
    let stride = scattered_step(count);
    let mut rests = vec![0u8; count];
    let mut steps = Vec::with_capacity(classes);
    for epoch in 0..schedule.epochs {
        let rate = schedule.rate / (1.0 + 0.3 * epoch as f32);
        let mut at = epoch % count;
        for _ in 0..count {
            let this = at;
            at = (at + stride) % count;
            if let Some(left) = rests[this].checked_sub(1) {
                rests[this] = left;
                continue;
            }
            let (class, example) = (examples[this].0, examples[this].1.borrow());
            let mut slopes = softmax(learner.logits(example), 1.0);
            slopes[class] -= 1.0;
            if slopes[class] > -schedule.learned {
                rests[this] = RESTS;
                continue;
            }
            // Classes with few examples weigh as much as those with many.
            let balance = (mean / per_class[class] as f32).clamp(0.3, 3.0).sqrt();
            let moved = slopes.iter().enumerate().filter(|(_, slope)| slope.abs() >= SLIGHT);
            steps.clear();
            steps.extend(moved.map(|(class, slope)| (class, rate * balance * slope)));
            learner.step(example, &steps, rate);
        }
    }
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

/// Taken round a circle of `count` places, this step visits each once; any few steps lie far apart, by the golden section. Half a circle
/// walked through each half in its order: examples of one class came one after the other, and three phrases more moved every confidence.
fn scattered_step(count: usize) -> usize {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let wanted = (count as f64 * GOLDEN) as usize + 1;
    (wanted..).find(|step| gcd(*step, count) == 1).unwrap_or(1)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one() {
        let shares = softmax(vec![1.0, 2.0, 900.0, -900.0], 1.0);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6 && shares[2] > 0.99, "{shares:?}");
        assert!(softmax(Vec::new(), 1.0).is_empty());
    }

    #[test]
    fn every_place_is_visited_once() {
        for count in [1, 2, 3, 8, 30, 97, 360] {
            let step = scattered_step(count);
            let mut visited: Vec<usize> = (0..count).map(|i| i * step % count).collect();
            visited.sort_unstable();
            assert!(visited.into_iter().eq(0..count), "{count} by {step}");
        }
    }

    #[test]
    fn neighbours_are_visited_far_apart() {
        for count in [1_000, 14_548, 14_549, 14_551] {
            let step = scattered_step(count);
            let first: Vec<usize> = (0..count / 100).map(|i| i * step % count).collect();
            let nearest = first.iter().flat_map(|a| first.iter().filter(move |b| a < b).map(move |b| b - a)).min();
            assert!(nearest.is_some_and(|nearest| nearest >= 10), "{count}: {nearest:?}");
        }
    }

    /// One weight a class and letter.
    struct Letters([[f32; 3]; 2]);

    impl Learner<usize> for Letters {
        fn logits(&self, letter: &usize) -> Vec<f32> {
            self.0.iter().map(|row| row[*letter]).collect()
        }

        fn step(&mut self, letter: &usize, classes: &[(usize, f32)], _: f32) {
            classes.iter().for_each(|(class, step)| self.0[*class][*letter] -= step);
        }
    }

    #[test]
    fn what_is_shown_is_learned_and_what_is_not_is_left() {
        let schedule = Schedule { epochs: 20, rate: 1.0, learned: 0.05 };
        let mut letters = Letters([[0.0; 3]; 2]);
        descend(&mut letters, &[(0, 0), (0, 0), (0, 0), (1, 1)], 2, schedule);
        let taught = letters.0;
        let belief = |letter: usize| softmax(letters.logits(&letter), 1.0);
        assert!(belief(0)[0] > 0.9 && belief(1)[1] > 0.9, "{taught:?}");
        assert_eq!(belief(2), [0.5, 0.5]);
        descend(&mut letters, &Vec::<(usize, usize)>::new(), 2, schedule);
        assert_eq!(letters.0, taught);
    }
}
