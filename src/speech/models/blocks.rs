//! ggml's q8_0: blocks of 32 weights, each a signed byte, and one f16 scale for them all (`block_q8_0` in ggml-common.h).
//!
//! Half the size of f16, and whisper.cpp computes faster with it. Must not know: which tensors are written so.

use half::f16;

/// Weights of a block.
pub const BLOCK: usize = 32;

/// `weights`: f16, little-endian, a multiple of [`BLOCK`] of them; for each block its scale and its 32 bytes.
pub fn q8_0(weights: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(weights.len() / 2 + weights.len() / 32);
    for block in weights.chunks(2 * BLOCK) {
        let values = block.chunks_exact(2).map(|bytes| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32());
        let greatest = values.clone().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
        let scale = greatest / 127.0;
        let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
        written.extend(f16::from_f32(scale).to_le_bytes());
        written.extend(values.map(|value| (value * inverse).round() as i8 as u8));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
        values.into_iter().flat_map(|value| f16::from_f32(value).to_le_bytes()).collect()
    }

    /// As ggml's `dequantize_row_q8_0`.
    fn read(blocks: &[u8]) -> Vec<f32> {
        let of_block = |block: &[u8]| {
            let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
            block[2..].iter().map(|byte| scale * f32::from(*byte as i8)).collect::<Vec<_>>()
        };
        blocks.chunks_exact(2 + BLOCK).flat_map(of_block).collect()
    }

    #[test]
    fn by_hand() {
        let written = q8_0(&halves((0..32).map(|i| if i == 3 { -127.0 } else { i as f32 })));
        assert_eq!(&written[..2], f16::from_f32(1.0).to_le_bytes());
        assert_eq!(&written[2..7], [0, 1, 2, (-127i8) as u8, 4]);
        assert_eq!(written.len(), 34);
        assert_eq!(q8_0(&halves([0.0; 32])), [0; 34]);
        assert!(q8_0(&[]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_weight_moves_by_more_than_half_a_step(values in proptest::collection::vec(-4.0f32..4.0, 64)) {
            let source = halves(values);
            let exact: Vec<f32> = source.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect();
            for (block, read) in exact.chunks(BLOCK).zip(read(&q8_0(&source)).chunks(BLOCK)) {
                let greatest = block.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
                // Half a step, and what the scale loses as f16 over 127 steps.
                let most = greatest / 127.0 * 0.5 + greatest / 1024.0;
                for (value, read) in block.iter().zip(read) {
                    proptest::prop_assert!((value - read).abs() <= most, "{value} {read}");
                }
            }
        }
    }
}
