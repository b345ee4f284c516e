//! Makes a Piper voice of Kokoro: the graph and the configuration that any Piper runtime reads.
//!
//! Owns: the wrap of Kokoro's inputs and output in Piper's, and the Piper JSON. Must not know: packages, files,
//! runtimes.
//!
//! Kokoro's graph takes `tokens` i64 [1, n] (0, ids, 0), `style` f32 [1, 256] (row n − 2 of the voice's table, at
//! most its last) and `speed` f32 [1], and gives `audio` f32 [samples]. Piper's takes `input` i64 [1, m] (`^`, then
//! each phoneme followed by `_`, then `$`), `input_lengths` i64 [1], `scales` f32 [3] (noise, length, noise width)
//! and, for several speakers, `sid` i64 [1], and gives `output` f32 [1, 1, samples]. Sixteen nodes stand between them:
//! drop the pads, count what is left to find the row of the speaker's table, turn length into speed.

use std::collections::BTreeMap;

use prost::Message;
use serde_json::{Value, json};

use super::ModelsError;
use super::catalogue::KokoroVoice;
use super::onnx::{FLOAT, INT64, Model, Size, node, value};

/// The voice's own pace is about 20 letters a second, which is fast on the telephone, for elderly ears above all: 12 % slower.
pub const LENGTH_SCALE: f32 = 1.12;

/// Rows of a voice's table: one style for each number of phonemes.
const STYLES: usize = 510;
/// Numbers in a style.
const STYLE: usize = 256;
/// Id that Kokoro uses for no phoneme; the configuration gives it to `_` and the graph drops it again.
const PAD: i64 = 200;
/// Kokoro's id of both ends of a sentence.
const BOUNDARY: i64 = 0;
/// Sampling rate of Kokoro, Hz.
const RATE: u32 = 24_000;

/// Bytes of a voice's table.
const TABLE: usize = STYLES * STYLE * 4;

/// The weighted mean of tables of styles: a voice between those voices.
pub fn blend<'a>(parts: impl Iterator<Item = (&'a [u8], f32)>) -> Result<Vec<u8>, ModelsError> {
    let mut mean = vec![0.0_f32; STYLES * STYLE];
    for (table, weight) in parts {
        if table.len() != TABLE {
            return Err(wrong_table());
        }
        for (sum, bytes) in mean.iter_mut().zip(table.chunks_exact(4)) {
            *sum += weight * f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
    }
    Ok(mean.iter().flat_map(|number| number.to_le_bytes()).collect())
}

fn wrong_table() -> ModelsError {
    ModelsError::malformed("voices/*.bin", format!("une voix n'a pas {TABLE} octets"))
}

/// Adds Piper's inputs and output to Kokoro's graph. `tables` holds each voice's styles, f32 [510, 256] as
/// little-endian bytes, in the order of `sid`.
pub fn wrap(kokoro: &[u8], tables: &[Vec<u8>]) -> Result<Vec<u8>, ModelsError> {
    const FILE: &str = "kokoro.onnx";
    if tables.iter().any(|table| table.len() != TABLE) {
        return Err(wrong_table());
    }
    let stacked = tables.concat();
    let mut model = Model::decode_whole(FILE, kokoro)?;
    let graph = model.graph.as_mut().ok_or_else(|| ModelsError::malformed(FILE, "aucun graphe"))?;
    let names =
        |list: &[super::onnx::ValueInfo]| -> Vec<String> { list.iter().filter_map(|info| info.name.clone()).collect() };
    let (inputs, outputs) = (names(&graph.input), names(&graph.output));
    if inputs != ["tokens", "style", "speed"] || outputs != ["audio"] {
        return Err(ModelsError::malformed(FILE, format!("entrées {inputs:?}, sorties {outputs:?}")));
    }

    // Nodes of a graph stand in the order of their dependence: ours before Kokoro's, but for the last.
    let before = [
        // Phonemes without pads.
        node("Reshape", &["input", "wrap/flat_shape"], "wrap/flat", &[]),
        node("Equal", &["wrap/flat", "wrap/pad"], "wrap/is_pad", &[]),
        node("Not", &["wrap/is_pad"], "wrap/is_phoneme", &[]),
        node("Compress", &["wrap/flat", "wrap/is_phoneme"], "wrap/ids", &[("axis", 0)]),
        node("Unsqueeze", &["wrap/ids", "wrap/axis_0"], "tokens", &[]),
        // Row of the table: sid * 510 + min(max(n - 2, 0), 509).
        node("Shape", &["wrap/ids"], "wrap/count", &[]),
        node("Sub", &["wrap/count", "wrap/two"], "wrap/inner", &[]),
        node("Max", &["wrap/inner", "wrap/zero"], "wrap/at_least", &[]),
        node("Min", &["wrap/at_least", "wrap/last_style"], "wrap/row", &[]),
        node("Reshape", &["sid", "wrap/flat_shape"], "wrap/sid", &[]),
        node("Mul", &["wrap/sid", "wrap/styles"], "wrap/first_row", &[]),
        node("Add", &["wrap/first_row", "wrap/row"], "wrap/style_row", &[]),
        node("Gather", &["wrap/table", "wrap/style_row"], "style", &[("axis", 0)]),
        // Piper's length scale is the reciprocal of Kokoro's speed.
        node("Gather", &["scales", "wrap/one"], "wrap/length", &[("axis", 0)]),
        node("Reciprocal", &["wrap/length"], "speed", &[]),
    ];
    graph.node.splice(0..0, before);
    graph.push_node("Reshape", &["audio", "wrap/output_shape"], "output", &[]);

    let ints: [(&str, &[i64]); 9] = [
        ("wrap/flat_shape", &[-1]),
        ("wrap/pad", &[PAD]),
        ("wrap/axis_0", &[0]),
        ("wrap/zero", &[0]),
        ("wrap/one", &[1]),
        ("wrap/two", &[2]),
        ("wrap/last_style", &[STYLES as i64 - 1]),
        ("wrap/styles", &[STYLES as i64]),
        ("wrap/output_shape", &[1, 1, -1]),
    ];
    for (name, values) in ints {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        graph.push_constant(name, &[values.len() as i64], INT64, raw);
    }
    let rows = (tables.len() * STYLES) as i64;
    graph.push_constant("wrap/table", &[rows, STYLE as i64], FLOAT, stacked);

    let named = |name: &str| Size::Named(name.to_owned());
    graph.input = vec![
        value("input", INT64, &[Size::Fixed(1), named("phonemes")]),
        value("input_lengths", INT64, &[Size::Fixed(1)]),
        value("scales", FLOAT, &[Size::Fixed(3)]),
        value("sid", INT64, &[Size::Fixed(1)]),
    ];
    graph.output = vec![value("output", FLOAT, &[Size::Fixed(1), Size::Fixed(1), named("samples")])];
    Ok(model.encode_to_vec())
}

/// Kokoro's phonemes and their ids, from its `vocab.json`.
pub fn read_vocabulary(bytes: &[u8]) -> Result<BTreeMap<char, i64>, ModelsError> {
    const FILE: &str = "vocab.json";
    #[derive(serde::Deserialize)]
    struct Vocabulary {
        vocab: BTreeMap<char, i64>,
    }
    let Vocabulary { vocab } =
        serde_json::from_slice(bytes).map_err(|error| ModelsError::malformed(FILE, error.to_string()))?;
    let taken = vocab.values().any(|id| *id == PAD || *id == BOUNDARY);
    if taken || ['^', '_', '$'].iter().any(|mark| vocab.contains_key(mark)) {
        return Err(ModelsError::malformed(FILE, "les signes réservés par Piper y sont déjà pris"));
    }
    Ok(vocab)
}

/// The Piper configuration of one voice of the model. `speaker_id_map` names that voice alone, so a reader that
/// takes a configuration's only speaker speaks with the right one.
pub fn configuration(voice: &KokoroVoice, sid: usize, voices: usize, vocabulary: &BTreeMap<char, i64>) -> Value {
    let mut ids: BTreeMap<char, [i64; 1]> = vocabulary.iter().map(|(c, id)| (*c, [*id])).collect();
    ids.insert('_', [PAD]);
    ids.insert('^', [BOUNDARY]);
    ids.insert('$', [BOUNDARY]);
    json!({
        "audio": { "sample_rate": RATE, "quality": "high" },
        "espeak": { "voice": voice.espeak },
        "language": { "code": voice.language },
        "dataset": voice.speaker,
        "inference": { "noise_scale": 0.0, "length_scale": LENGTH_SCALE, "noise_w": 0.0 },
        "phoneme_type": "espeak",
        "phoneme_map": {},
        "phoneme_id_map": ids,
        "num_symbols": PAD + 1,
        "num_speakers": voices,
        "speaker_id_map": { voice.speaker: sid },
        "piper_version": "1.0.0",
    })
}

#[cfg(test)]
mod tests;
