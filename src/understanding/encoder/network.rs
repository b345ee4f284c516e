//! From pieces to a point: the arithmetic of the sentence encoder.
//!
//! Each piece has a row of 512 numbers. Three branches look at two, three and five pieces in a row (two residual convolutions
//! each, 256 wide); rows and branches are normalised, summed over the sentence, and led through a residual network of four layers.
//! Owns: shapes and order of the operations. Must not know: text.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::{DIMENSIONS, Malformed, Points, Table, Tensors};

/// Pieces that a branch looks at, and how many of them lie before the one it is at.
pub const BRANCHES: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];
/// Width of a branch.
const WIDTH: usize = 256;
/// A row and what the branches make of it.
pub const FEATURES: usize = DIMENSIONS + BRANCHES.len() * WIDTH;
/// Width of the inner layers of the last network.
const INNER: usize = 320;

struct Matrix(Array2<f32>);

struct Branch {
    size: usize,
    before: usize,
    first: Matrix,
    first_bias: Vec<f32>,
    second: Matrix,
    second_bias: Vec<f32>,
}

pub struct Network {
    /// A row of 8-bit numbers for each piece, with the step and the least value that make numbers of them.
    table: Box<dyn Table>,
    steps: Vec<f32>,
    least: Vec<f32>,
    projection: Matrix,
    projection_bias: Vec<f32>,
    projection_norm: Norm,
    branches: Vec<Branch>,
    norm: Norm,
    sum: Matrix,
    sum_bias: Vec<f32>,
    dense: [Matrix; 4],
    across: [Matrix; 2],
}

/// Layer normalisation (Ba et al. 2016).
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

/// Keeps a division by a variance of nothing away.
const EPSILON: f32 = 1e-12;

impl Network {
    /// `table`: has a row for each of so many pieces.
    pub fn read(tensors: &Tensors<'_>, pieces: usize, table: Box<dyn Table>) -> Result<Self, Malformed> {
        let matrix = |name: &str, rows: usize, columns: usize| {
            let values = tensors.exactly(name, rows * columns)?;
            Array2::from_shape_vec((rows, columns), values).map(Matrix).map_err(|error| Malformed(error.to_string()))
        };
        let width = BRANCHES.len() * WIDTH;
        let branches = BRANCHES
            .iter()
            .map(|&(size, before)| {
                Ok(Branch {
                    size,
                    before,
                    first: matrix(&format!("branch{size}.first"), size * WIDTH, WIDTH)?,
                    first_bias: tensors.exactly(&format!("branch{size}.first_bias"), WIDTH)?,
                    second: matrix(&format!("branch{size}.second"), size * WIDTH, WIDTH)?,
                    second_bias: tensors.exactly(&format!("branch{size}.second_bias"), WIDTH)?,
                })
            })
            .collect::<Result<_, Malformed>>()?;
        Ok(Self {
            table,
            steps: tensors.exactly("steps", pieces)?,
            least: tensors.exactly("least", pieces)?,
            projection: matrix("projection", DIMENSIONS, width)?,
            projection_bias: tensors.exactly("projection_bias", width)?,
            projection_norm: Norm {
                gain: tensors.exactly("projection_gain", width)?,
                bias: tensors.exactly("projection_offset", width)?,
            },
            branches,
            norm: Norm { gain: tensors.exactly("gain", FEATURES)?, bias: tensors.exactly("offset", FEATURES)? },
            sum: matrix("sum", FEATURES, DIMENSIONS)?,
            sum_bias: tensors.exactly("sum_bias", DIMENSIONS)?,
            dense: [
                matrix("dense0", DIMENSIONS, INNER)?,
                matrix("dense1", INNER, INNER)?,
                matrix("dense2", INNER, DIMENSIONS)?,
                matrix("dense3", DIMENSIONS, DIMENSIONS)?,
            ],
            across: [matrix("across1", DIMENSIONS, INNER)?, matrix("across3", INNER, DIMENSIONS)?],
        })
    }

    /// One point for each sentence, none of them empty.
    pub fn points(&self, sentences: &[Vec<u32>]) -> Points {
        let pieces: usize = sentences.iter().map(Vec::len).sum();
        let features = self.features(sentences, pieces);
        let mut sums = vec![0.0; sentences.len() * FEATURES];
        let mut rows = features.chunks_exact(FEATURES);
        for (sentence, sum) in sentences.iter().zip(sums.chunks_exact_mut(FEATURES)) {
            for row in rows.by_ref().take(sentence.len()) {
                sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        }
        let mut mean = vec![0.0; sentences.len() * DIMENSIONS];
        self.sum.multiply(&sums, &mut mean);
        for (sentence, mean) in sentences.iter().zip(mean.chunks_exact_mut(DIMENSIONS)) {
            let length = sentence.len() as f32;
            for (value, bias) in mean.iter_mut().zip(&self.sum_bias) {
                *value = (*value + length * bias) / length.sqrt();
            }
        }
        let first = self.dense[0].rectified(&mean, &[]);
        let second = self.dense[1].rectified(&first, &[(&self.across[0], &mean)]);
        let third = self.dense[2].rectified(&second, &[]);
        let mut last = vec![0.0; sentences.len() * DIMENSIONS];
        self.across[1].multiply(&second, &mut last);
        self.dense[3].multiply(&third, &mut last);
        for point in last.chunks_exact_mut(DIMENSIONS) {
            point.iter_mut().for_each(|value| *value = value.tanh());
            let length = point.iter().map(|value| value * value).sum::<f32>().max(EPSILON).sqrt();
            point.iter_mut().for_each(|value| *value /= length);
        }
        Points::new(last)
    }

    /// For each piece its row and what the branches make of it, normalised.
    fn features(&self, sentences: &[Vec<u32>], pieces: usize) -> Vec<f32> {
        let mut rows = Vec::with_capacity(pieces * DIMENSIONS);
        let mut row = [0; DIMENSIONS];
        for piece in sentences.iter().flatten() {
            let piece = *piece as usize;
            let (step, least) = (self.steps[piece], self.least[piece]);
            if self.table.read(piece * DIMENSIONS, &mut row) {
                rows.extend(row.iter().map(|byte| f32::from(*byte) * step + least));
            } else {
                // A piece without meaning: the others still tell what the sentence is about.
                rows.resize(rows.len() + DIMENSIONS, 0.0);
            }
        }
        let mut projected = repeated(&self.projection_bias, pieces);
        self.projection.multiply(&rows, &mut projected);
        self.projection_norm.apply(&mut projected);

        let mut features = vec![0.0; pieces * FEATURES];
        for (row, features) in rows.chunks_exact(DIMENSIONS).zip(features.chunks_exact_mut(FEATURES)) {
            features[..DIMENSIONS].copy_from_slice(row);
        }
        let width = BRANCHES.len() * WIDTH;
        for (number, branch) in self.branches.iter().enumerate() {
            let own: Vec<f32> = projected
                .chunks_exact(width)
                .flat_map(|row| &row[number * WIDTH..(number + 1) * WIDTH])
                .copied()
                .collect();
            let first = branch.convolve(&own, &branch.first, &branch.first_bias, sentences);
            let second = branch.convolve(&first, &branch.second, &branch.second_bias, sentences);
            let at = DIMENSIONS + number * WIDTH;
            for (row, features) in second.chunks_exact(WIDTH).zip(features.chunks_exact_mut(FEATURES)) {
                features[at..at + WIDTH].copy_from_slice(row);
            }
        }
        self.norm.apply(&mut features);
        features
    }
}

impl Branch {
    /// What `matrix` makes of each piece and its neighbours of the same sentence, rectified, and the piece itself.
    fn convolve(&self, rows: &[f32], matrix: &Matrix, bias: &[f32], sentences: &[Vec<u32>]) -> Vec<f32> {
        let pieces = rows.len() / WIDTH;
        let mut windows = vec![0.0; pieces * self.size * WIDTH];
        let mut start = 0;
        for sentence in sentences {
            for at in 0..sentence.len() {
                let window = &mut windows[(start + at) * self.size * WIDTH..(start + at + 1) * self.size * WIDTH];
                for (place, slot) in window.chunks_exact_mut(WIDTH).enumerate() {
                    // Beyond the ends of the sentence there is nothing.
                    if let Some(from) = (at + place).checked_sub(self.before).filter(|from| *from < sentence.len()) {
                        slot.copy_from_slice(&rows[(start + from) * WIDTH..(start + from + 1) * WIDTH]);
                    }
                }
            }
            start += sentence.len();
        }
        let mut made = repeated(bias, pieces);
        matrix.multiply(&windows, &mut made);
        for (made, row) in made.iter_mut().zip(rows) {
            *made = made.max(0.0) + row;
        }
        made
    }
}

impl Norm {
    /// Each row to mean zero and variance one, then stretched and moved.
    fn apply(&self, rows: &mut [f32]) {
        let width = self.gain.len();
        for row in rows.chunks_exact_mut(width) {
            let mean = row.iter().sum::<f32>() / width as f32;
            row.iter_mut().for_each(|value| *value -= mean);
            let variance = row.iter().map(|value| value * value).sum::<f32>() / width as f32;
            let scale = (variance + EPSILON).sqrt().recip();
            for ((value, gain), bias) in row.iter_mut().zip(&self.gain).zip(&self.bias) {
                *value = *value * scale * gain + bias;
            }
        }
    }
}

impl Matrix {
    /// Adds `rows` times this matrix to `onto`; the shapes fit, or nothing is added.
    fn multiply(&self, rows: &[f32], onto: &mut [f32]) {
        let (inner, columns) = self.0.dim();
        let count = rows.len() / inner;
        let rows = ArrayView2::from_shape((count, inner), rows);
        let onto = ArrayViewMut2::from_shape((count, columns), onto);
        debug_assert!(rows.is_ok() && onto.is_ok(), "shapes of a product");
        if let (Ok(rows), Ok(mut onto)) = (rows, onto) {
            general_mat_mul(1.0, &rows, &self.0, 1.0, &mut onto);
        }
    }

    /// Sum of the products with this matrix and the others, nothing below zero.
    fn rectified(&self, rows: &[f32], others: &[(&Matrix, &[f32])]) -> Vec<f32> {
        let (inner, columns) = self.0.dim();
        let mut sum = vec![0.0; rows.len() / inner * columns];
        self.multiply(rows, &mut sum);
        for (matrix, rows) in others {
            matrix.multiply(rows, &mut sum);
        }
        sum.iter_mut().for_each(|value| *value = value.max(0.0));
        sum
    }
}

fn repeated(row: &[f32], times: usize) -> Vec<f32> {
    row.iter().copied().cycle().take(row.len() * times).collect()
}
