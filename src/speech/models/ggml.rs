//! Turns Whisper's variables of CTranslate2 into a whisper.cpp ggml file: another arrangement of the same numbers.
//!
//! Owns: names, order and layout of a ggml file. Must not know: where either file lies.
//!
//! `i32` magic, eleven `i32` of dimensions; `i32` bands, `i32` bins and the mel filter bank as f32; `i32` number of
//! tokens, each an `i32` length and its bytes; then every tensor: `i32` rank, `i32` length of its name, `i32` type
//! (0 f32, 1 f16, 8 q8_0), its dimensions innermost first, name, data. Source: `whisper_model_load` in whisper.cpp.
//! Matrices become q8_0 (docs/recogniser.md says why), convolutions stay f16; biases, norms and position tables are widened to
//! f32, as whisper.cpp wants them.

use std::io::{self, Write};

use half::f16;

use super::ModelsError;
use super::blocks::{self, BLOCK};
use super::ctranslate2::{Kind, Model};
use super::mel;

const MAGIC: i32 = 0x6767_6d6c;
const FFT: usize = 400;
const RATE: f64 = 16_000.0;
/// `ftype` of a file whose matrices are f16, and of one where they are q8_0: 7, by the second version of blocks (`GGML_QNT_VERSION`).
const FTYPE_F16: usize = 1;
const FTYPE_Q8_0: usize = 2_007;
/// Types of a tensor.
const F32: usize = 0;
const F16: usize = 1;
const Q8_0: usize = 8;

/// One tensor of the ggml file.
struct Tensor<'a> {
    name: String,
    /// Outermost first, as in CTranslate2.
    shape: Vec<usize>,
    /// Of a matrix or a convolution; all else is written as f32.
    weights: bool,
    /// f16, little-endian.
    data: &'a [u8],
}

/// Whisper's dimensions, read off the shapes of its variables.
#[derive(Debug, PartialEq, Eq)]
struct Dimensions {
    vocab: usize,
    audio_ctx: usize,
    audio_state: usize,
    audio_head: usize,
    audio_layer: usize,
    text_ctx: usize,
    text_state: usize,
    text_head: usize,
    text_layer: usize,
    mels: usize,
}

/// A ggml file that is ready to be written.
pub struct Converted<'a> {
    dimensions: Dimensions,
    tokens: &'a [Vec<u8>],
    tensors: Vec<Tensor<'a>>,
}

fn malformed(detail: impl Into<String>) -> ModelsError {
    ModelsError::malformed("model.bin", detail)
}

/// Arranges the variables of `model`; `tokens` are the bytes of the ordinary tokens by id.
pub fn convert<'a>(model: &Model<'a>, tokens: &'a [Vec<u8>]) -> Result<Converted<'a>, ModelsError> {
    if model.spec != "WhisperSpec" {
        return Err(malformed(format!("il décrit un modèle {}, pas Whisper", model.spec)));
    }
    let mut arranged = Arrangement { model, tensors: Vec::new() };
    let audio_layer = arranged.encoder()?;
    let text_layer = arranged.decoder()?;
    let dimension = |name: &str, axis: usize| -> Result<usize, ModelsError> {
        model
            .find(name)
            .and_then(|variable| variable.shape.get(axis).copied())
            .ok_or_else(|| malformed(format!("{name} n'a pas la forme voulue")))
    };
    let heads = |name: &str| -> Result<usize, ModelsError> {
        match model.find(name).map(|variable| variable.data) {
            Some([low, high]) => Ok(u16::from_le_bytes([*low, *high]).into()),
            _ => Err(malformed(format!("{name} manque"))),
        }
    };
    let dimensions = Dimensions {
        vocab: dimension("decoder/embeddings/weight", 0)?,
        audio_ctx: dimension("encoder/position_encodings/encodings", 0)?,
        audio_state: dimension("encoder/position_encodings/encodings", 1)?,
        audio_head: heads("encoder/num_heads")?,
        audio_layer,
        text_ctx: dimension("decoder/position_encodings/encodings", 0)?,
        text_state: dimension("decoder/position_encodings/encodings", 1)?,
        text_head: heads("decoder/num_heads")?,
        text_layer,
        mels: dimension("encoder/conv1/weight", 1)?,
    };
    if tokens.len() > dimensions.vocab {
        return Err(malformed("le vocabulaire est plus long que le modèle"));
    }
    Ok(Converted { dimensions, tokens, tensors: arranged.tensors })
}

struct Arrangement<'m, 'a> {
    model: &'m Model<'a>,
    tensors: Vec<Tensor<'a>>,
}

impl<'a> Arrangement<'_, 'a> {
    /// Number of layers.
    fn encoder(&mut self) -> Result<usize, ModelsError> {
        for conv in ["conv1", "conv2"] {
            self.one(&format!("encoder/{conv}/weight"), format!("encoder.{conv}.weight"), true)?;
            self.one(&format!("encoder/{conv}/bias"), format!("encoder.{conv}.bias"), false)?;
            if let Some(bias) = self.tensors.last_mut() {
                bias.shape.push(1);
            }
        }
        self.one("encoder/position_encodings/encodings", "encoder.positional_embedding".into(), false)?;
        self.norm("encoder/layer_norm", "encoder.ln_post")?;
        self.layers("encoder", false)
    }

    /// Number of layers.
    fn decoder(&mut self) -> Result<usize, ModelsError> {
        self.one("decoder/embeddings/weight", "decoder.token_embedding.weight".into(), true)?;
        self.one("decoder/position_encodings/encodings", "decoder.positional_embedding".into(), false)?;
        self.norm("decoder/layer_norm", "decoder.ln")?;
        self.layers("decoder", true)
    }

    fn layers(&mut self, side: &str, cross: bool) -> Result<usize, ModelsError> {
        let mut count = 0;
        while self.model.find(&format!("{side}/layer_{count}/ffn/linear_0/weight")).is_some() {
            let from = format!("{side}/layer_{count}");
            let to = format!("{side}.blocks.{count}");
            let own = format!("{from}/self_attention");
            self.norm(&format!("{own}/layer_norm"), &format!("{to}.attn_ln"))?;
            self.stacked(&format!("{own}/linear_0"), &format!("{to}.attn"), &["query", "key", "value"])?;
            self.linear(&format!("{own}/linear_1"), &format!("{to}.attn.out"))?;
            if cross {
                let other = format!("{from}/attention");
                self.norm(&format!("{other}/layer_norm"), &format!("{to}.cross_attn_ln"))?;
                self.linear(&format!("{other}/linear_0"), &format!("{to}.cross_attn.query"))?;
                self.stacked(&format!("{other}/linear_1"), &format!("{to}.cross_attn"), &["key", "value"])?;
                self.linear(&format!("{other}/linear_2"), &format!("{to}.cross_attn.out"))?;
            }
            self.norm(&format!("{from}/ffn/layer_norm"), &format!("{to}.mlp_ln"))?;
            self.linear(&format!("{from}/ffn/linear_0"), &format!("{to}.mlp.0"))?;
            self.linear(&format!("{from}/ffn/linear_1"), &format!("{to}.mlp.2"))?;
            count += 1;
        }
        Ok(count)
    }

    fn variable(&self, name: &str) -> Result<(Vec<usize>, &'a [u8]), ModelsError> {
        let variable = self.model.find(name).ok_or_else(|| malformed(format!("{name} manque")))?;
        if variable.kind != Kind::F16 {
            return Err(malformed(format!("{name} n'est pas en f16")));
        }
        Ok((variable.shape.clone(), variable.data))
    }

    fn one(&mut self, from: &str, to: String, weights: bool) -> Result<(), ModelsError> {
        let (shape, data) = self.variable(from)?;
        self.tensors.push(Tensor { name: to, shape, weights, data });
        Ok(())
    }

    fn norm(&mut self, from: &str, to: &str) -> Result<(), ModelsError> {
        self.one(&format!("{from}/gamma"), format!("{to}.weight"), false)?;
        self.one(&format!("{from}/beta"), format!("{to}.bias"), false)
    }

    fn linear(&mut self, from: &str, to: &str) -> Result<(), ModelsError> {
        self.one(&format!("{from}/weight"), format!("{to}.weight"), true)?;
        self.one(&format!("{from}/bias"), format!("{to}.bias"), false)
    }

    /// Projections stacked along the first axis, taken apart. The key's has no bias in Whisper.
    fn stacked(&mut self, from: &str, to: &str, parts: &[&str]) -> Result<(), ModelsError> {
        for (kind, weights) in [("weight", true), ("bias", false)] {
            let name = format!("{from}/{kind}");
            let (mut shape, data) = self.variable(&name)?;
            match shape.first_mut() {
                Some(rows) if *rows > 0 && *rows % parts.len() == 0 => *rows /= parts.len(),
                _ => return Err(malformed(format!("{name} n'a pas la forme voulue"))),
            }
            for (part, data) in parts.iter().zip(data.chunks(data.len() / parts.len())) {
                if (*part, kind) == ("key", "bias") {
                    if data.iter().any(|byte| *byte != 0) {
                        return Err(malformed(format!("{name} donne un biais à la clef")));
                    }
                    continue;
                }
                self.tensors.push(Tensor { name: format!("{to}.{part}.{kind}"), shape: shape.clone(), weights, data });
            }
        }
        Ok(())
    }
}

impl Converted<'_> {
    /// Writes the ggml file.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let d = &self.dimensions;
        let ftype = self.ftype();
        out.write_all(&MAGIC.to_le_bytes())?;
        let head = [
            d.vocab,
            d.audio_ctx,
            d.audio_state,
            d.audio_head,
            d.audio_layer,
            d.text_ctx,
            d.text_state,
            d.text_head,
            d.text_layer,
            d.mels,
            ftype,
        ];
        for number in head {
            int(out, number)?;
        }
        let filters = mel::filter_bank(d.mels, FFT, RATE);
        int(out, d.mels)?;
        int(out, FFT / 2 + 1)?;
        for weight in filters {
            out.write_all(&weight.to_le_bytes())?;
        }
        int(out, self.tokens.len())?;
        for token in self.tokens {
            int(out, token.len())?;
            out.write_all(token)?;
        }
        for tensor in &self.tensors {
            int(out, tensor.shape.len())?;
            int(out, tensor.name.len())?;
            let kind = tensor.kind(ftype);
            int(out, kind)?;
            for dim in tensor.shape.iter().rev() {
                int(out, *dim)?;
            }
            out.write_all(tensor.name.as_bytes())?;
            match kind {
                Q8_0 => out.write_all(&blocks::q8_0(tensor.data))?,
                F16 => out.write_all(tensor.data)?,
                _ => {
                    for bytes in tensor.data.chunks_exact(2) {
                        let number = f16::from_le_bytes([bytes[0], bytes[1]]);
                        out.write_all(&number.to_f32().to_le_bytes())?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Of all matrices: whisper.cpp gives them one type. A Whisper has rows of a multiple of 64 weights; where blocks do not fit
    /// nevertheless, f16.
    fn ftype(&self) -> usize {
        let mut matrices = self.tensors.iter().filter(|tensor| tensor.is_matrix());
        let fits = matrices.all(|matrix| matrix.shape.last().is_some_and(|row| row.is_multiple_of(BLOCK)));
        if fits { FTYPE_Q8_0 } else { FTYPE_F16 }
    }
}

impl Tensor<'_> {
    /// Its type in a file whose matrices are of `ftype`.
    fn kind(&self, ftype: usize) -> usize {
        match self {
            Tensor { weights: false, .. } => F32,
            matrix if matrix.is_matrix() && ftype == FTYPE_Q8_0 => Q8_0,
            _ => F16,
        }
    }

    fn is_matrix(&self) -> bool {
        self.weights && self.shape.len() == 2
    }
}

fn int(out: &mut impl Write, number: usize) -> io::Result<()> {
    let number =
        i32::try_from(number).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "number beyond 32 bits"))?;
    out.write_all(&number.to_le_bytes())
}

#[cfg(test)]
mod tests;
