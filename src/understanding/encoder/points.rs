//! Where sentences lie: [`DIMENSIONS`] numbers each, length one, so that the product of two points is the cosine of the angle
//! between them. Must not know: how they are found.

use super::DIMENSIONS;

/// Points one after the other in memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points(Vec<f32>);

impl Points {
    /// The numbers of whole points; those of one cut short are left out.
    pub fn new(mut numbers: Vec<f32>) -> Self {
        numbers.truncate(numbers.len() / DIMENSIONS * DIMENSIONS);
        Self(numbers)
    }

    pub fn len(&self) -> usize {
        self.0.len() / DIMENSIONS
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.0.chunks_exact(DIMENSIONS)
    }

    pub fn first(&self) -> Option<&[f32]> {
        self.iter().next()
    }

    pub fn numbers(&self) -> &[f32] {
        &self.0
    }

    pub fn append(&mut self, mut other: Points) {
        self.0.append(&mut other.0);
    }
}

/// Cosine of the angle between two points, −1 to 1. Both have [`DIMENSIONS`] numbers; more are left out.
pub fn likeness(a: &[f32], b: &[f32]) -> f32 {
    // Sums side by side: one sum in order would forbid the compiler to compute several products at once.
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// Points whose numbers have 8 bits, in a quarter of the memory: what is near stays near, by a hundredth.
#[derive(Debug, Clone, Default)]
pub struct Coarse {
    numbers: Vec<i8>,
    /// What a number of each point is counted in.
    steps: Vec<f32>,
}

impl Coarse {
    pub fn of<'a>(points: impl Iterator<Item = &'a [f32]>) -> Self {
        let mut coarse = Self::default();
        points.for_each(|point| coarse.push(point));
        coarse.numbers.shrink_to_fit();
        coarse.steps.shrink_to_fit();
        coarse
    }

    fn push(&mut self, point: &[f32]) {
        let greatest = point.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
        let step = greatest.max(f32::MIN_POSITIVE) / f32::from(i8::MAX);
        self.numbers.extend(point.iter().map(|value| (value / step).round() as i8));
        self.steps.push(step);
    }

    /// Likeness of each of them to `point`.
    pub fn likenesses(&self, point: &[f32]) -> impl Iterator<Item = f32> {
        let other = Self::of(std::iter::once(point));
        let step = other.steps[0];
        self.numbers.chunks_exact(DIMENSIONS).zip(&self.steps).map(move |(numbers, own)| {
            // At most 512 · 127²: far from the end of an i32.
            let products = numbers.iter().zip(&other.numbers).map(|(a, b)| i32::from(*a) * i32::from(*b));
            products.sum::<i32>() as f32 * own * step
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn points(count: usize) -> Points {
        let mut random = StdRng::seed_from_u64(7);
        let point = |_| {
            let point: Vec<f32> = (0..DIMENSIONS).map(|_| random.random_range(-1.0f32..1.0).powi(3)).collect();
            let length = likeness(&point, &point).sqrt();
            point.into_iter().map(move |value| value / length)
        };
        Points::new((0..count).flat_map(point).collect())
    }

    #[test]
    fn eight_bits_keep_what_is_near() {
        let points = points(60);
        let coarse = Coarse::of(points.iter());
        for point in points.iter() {
            for (other, near) in points.iter().zip(coarse.likenesses(point)) {
                assert!((likeness(point, other) - near).abs() < 0.01, "{near}");
            }
        }
    }

    #[test]
    fn a_point_of_nothing_is_like_nothing() {
        let nothing = [0.0; DIMENSIONS];
        assert_eq!(Coarse::of(points(3).iter()).likenesses(&nothing).collect::<Vec<_>>(), [0.0; 3]);
    }

    #[test]
    fn points_cut_short_are_left_out() {
        let points = Points::new(vec![1.0; DIMENSIONS + 5]);
        assert_eq!((points.len(), points.iter().len(), points.first().map(<[f32]>::len)), (1, 1, Some(DIMENSIONS)));
        assert!(Points::default().is_empty() && Points::default().first().is_none());
    }
}
