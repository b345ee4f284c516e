//! The sentence encoder's file, made from the package's weights and vocabulary.
//!
//! Owns: names and order of the arrays on both sides, which pieces are kept. The package stores the table of pieces in 17 blocks
//! (row `17·k + b` of the table is row `k` of block `b`), each with its own scale; in the prepared file every row has its scale
//! beside it, so that rows of other scripts than ours can be left out: that halves it. Must not know: how points are computed.

use std::collections::BTreeMap;

use prost::Message;
use safetensors::tensor::{Dtype, TensorView};

use super::ModelsError;
use super::npz::Arrays;
use crate::understanding::encoder::{BRANCHES, DIMENSIONS};

const BLOCKS: usize = 17;
/// Rows that stand for no text: unknown, begin, end.
const SPECIAL: usize = 3;
const FILE: &str = "sp.model";

/// The vocabulary, in the older layout of SentencePiece's message.
#[derive(Clone, PartialEq, Message)]
struct Vocabulary {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Message)]
struct Piece {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
}

/// The prepared file.
pub fn convert(weights: Vec<u8>, vocabulary: &[u8]) -> Result<Vec<u8>, ModelsError> {
    let mut arrays = Arrays::open(weights)?;
    // What follows the pieces is of another layout than today's and not needed.
    let pieces =
        Vocabulary::decode(vocabulary).map_err(|error| ModelsError::malformed(FILE, error.to_string()))?.pieces;
    let kept: Vec<(usize, &str, f32)> = pieces
        .iter()
        .enumerate()
        .map(|(row, piece)| (row, piece.text.as_deref().unwrap_or_default(), piece.score.unwrap_or_default()))
        .filter(|(row, text, _)| *row < SPECIAL || is_ours(text))
        .collect();

    let mut file = Tensors::default();
    let blocks: Vec<Vec<u8>> =
        (1..=BLOCKS).map(|block| arrays.bytes(&format!("q{block}"))).collect::<Result<_, ModelsError>>()?;
    let mut table = Vec::with_capacity(kept.len() * DIMENSIONS);
    for (row, ..) in &kept {
        let start = row / BLOCKS * DIMENSIONS;
        let values = blocks[row % BLOCKS].get(start..start + DIMENSIONS);
        table.extend(values.ok_or_else(|| ModelsError::malformed(FILE, "plus de morceaux que de lignes".to_owned()))?);
    }
    file.bytes("table", table);
    for (name, from) in [("steps", "scale"), ("least", "lo")] {
        let by_block = arrays.floats(from)?;
        let value = |row: usize| by_block.get(row % BLOCKS).copied();
        let values: Option<Vec<f32>> = kept.iter().map(|(row, ..)| value(*row)).collect();
        file.floats(name, values.ok_or_else(|| ModelsError::malformed(FILE, format!("« {from} » est trop court")))?);
    }
    file.bytes("pieces", kept.iter().map(|(_, text, _)| *text).collect::<Vec<_>>().join("\n").into_bytes());
    file.floats("scores", kept.iter().map(|(.., score)| *score).collect());

    // The branches' projections stand side by side, so that one product makes all three.
    let each: Vec<Vec<f32>> =
        BRANCHES.iter().map(|(size, _)| arrays.floats(&format!("proj{size}"))).collect::<Result<_, _>>()?;
    let width = each.first().map_or(0, |one| one.len() / DIMENSIONS);
    let row = |at: usize| each.iter().filter_map(move |one| one.get(at * width..(at + 1) * width)).flatten().copied();
    file.floats("projection", (0..DIMENSIONS).flat_map(row).collect());
    for (name, from) in [("projection_bias", "proj_b"), ("projection_gain", "ln_g"), ("projection_offset", "ln_b")] {
        let mut joined = Vec::new();
        for (size, _) in BRANCHES {
            joined.append(&mut arrays.floats(&format!("{from}{size}"))?);
        }
        file.floats(name, joined);
    }
    for (size, _) in BRANCHES {
        for (name, from) in [("first", "w1_"), ("first_bias", "b1_"), ("second", "w2_"), ("second_bias", "b2_")] {
            file.floats(&format!("branch{size}.{name}"), arrays.floats(&format!("{from}{size}"))?);
        }
    }
    for (name, from) in [
        ("gain", "ln_g"),
        ("offset", "ln_b"),
        ("sum", "cnn_W"),
        ("sum_bias", "cnn_b"),
        ("dense0", "d0"),
        ("dense1", "d1"),
        ("dense2", "d2"),
        ("dense3", "d3"),
        ("across1", "p1"),
        ("across3", "p3"),
    ] {
        file.floats(name, arrays.floats(from)?);
    }
    file.write()
}

/// A piece of text in Latin letters, with the signs that French and English are written with.
fn is_ours(text: &str) -> bool {
    let letter = |c: char| matches!(c, '\u{2581}' | '!'..='\u{17f}' | '\u{2010}'..='\u{2027}' | '€');
    !text.starts_with("extra_token_id") && !text.is_empty() && text.chars().all(letter)
}

/// Arrays by name, each of one dimension: their shapes are known to who reads them.
#[derive(Default)]
struct Tensors(BTreeMap<String, (Dtype, Vec<u8>)>);

impl Tensors {
    fn bytes(&mut self, name: &str, values: Vec<u8>) {
        self.0.insert(name.to_owned(), (Dtype::U8, values));
    }

    fn floats(&mut self, name: &str, values: Vec<f32>) {
        self.0.insert(name.to_owned(), (Dtype::F32, values.into_iter().flat_map(f32::to_le_bytes).collect()));
    }

    fn write(&self) -> Result<Vec<u8>, ModelsError> {
        let refused = |error: safetensors::SafeTensorError| ModelsError::malformed("weights.npz", error.to_string());
        let views = self
            .0
            .iter()
            .map(|(name, (dtype, values))| {
                let size = if *dtype == Dtype::U8 { 1 } else { 4 };
                Ok((name, TensorView::new(*dtype, vec![values.len() / size], values).map_err(refused)?))
            })
            .collect::<Result<Vec<_>, ModelsError>>()?;
        safetensors::serialize(views, None).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_other_scripts_are_left_out() {
        assert!(["▁carte", "▁d'", "é", "œ", "…", "’"].iter().all(|text| is_ours(text)));
        assert!(!["▁карта", "日", "extra_token_id_1", "", "\n"].iter().any(|text| is_ours(text)));
    }
}
