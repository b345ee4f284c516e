use super::super::catalogue::VOICES;
use super::super::onnx::{Graph, Node, OperatorSet, Tensor, ValueInfo};
use super::*;

/// A graph with Kokoro's inputs and output, and one node of its own.
fn kokoro() -> Model {
    Model {
        ir_version: Some(9),
        producer_name: Some("onnx.quantize".into()),
        opset_import: vec![OperatorSet { domain: None, version: Some(20) }],
        graph: Some(Graph {
            node: vec![node("Identity", &["speed"], "audio", &[])],
            name: Some("kokoro".into()),
            input: vec![
                value("tokens", INT64, &[Size::Fixed(1), Size::Named("n".into())]),
                value("style", FLOAT, &[Size::Fixed(1), Size::Fixed(256)]),
                value("speed", FLOAT, &[Size::Fixed(1)]),
            ],
            output: vec![value("audio", FLOAT, &[Size::Named("samples".into())])],
            value_info: vec![b"kept as it is".to_vec()],
            ..Graph::default()
        }),
        ..Model::default()
    }
}

fn tables(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|sid| vec![sid as u8; STYLES * STYLE * 4]).collect()
}

fn names(list: &[ValueInfo]) -> Vec<&str> {
    list.iter().filter_map(|info| info.name.as_deref()).collect()
}

#[test]
fn the_wrap_gives_piper_s_face_and_keeps_the_rest() {
    let bytes = kokoro().encode_to_vec();
    let model = Model::decode_whole("wrapped", &wrap(&bytes, &tables(3)).expect("wrapped")).expect("ONNX");
    let graph = model.graph.expect("a graph");
    assert_eq!(names(&graph.input), ["input", "input_lengths", "scales", "sid"]);
    assert_eq!(names(&graph.output), ["output"]);
    assert_eq!(graph.value_info, [b"kept as it is".to_vec()]);
    assert_eq!(model.opset_import[0].version, Some(20));

    // Every input of every node is made before it: by a node, a constant or the caller.
    let nodes: Vec<Node> = graph.node.iter().map(|bytes| Node::decode(&bytes[..]).expect("a node")).collect();
    let constants: Vec<Tensor> =
        graph.initializer.iter().map(|bytes| Tensor::decode(&bytes[..]).expect("a tensor")).collect();
    let mut known: Vec<String> = names(&graph.input).iter().map(|name| (*name).to_owned()).collect();
    known.extend(constants.iter().filter_map(|tensor| tensor.name.clone()));
    for node in &nodes {
        for input in &node.input {
            assert!(known.contains(input), "{input} of {:?} comes from nowhere", node.name);
        }
        known.extend(node.output.iter().cloned());
    }
    assert!(known.iter().any(|name| name == "output"));
    assert!(nodes.iter().any(|node| node.op_type.as_deref() == Some("Identity")));

    let table = constants.last().expect("the table");
    assert_eq!(table.dims, [3 * STYLES as i64, STYLE as i64]);
    let raw = table.raw_data.as_deref().expect("its bytes");
    assert_eq!((raw.first(), raw.last()), (Some(&0), Some(&2)));
}

#[test]
fn what_is_no_kokoro_is_refused() {
    let wrapped = |model: &Model| wrap(&model.encode_to_vec(), &tables(1));
    let mut other = kokoro();
    other.graph.as_mut().expect("a graph").input.pop();
    assert!(matches!(wrapped(&other), Err(ModelsError::Malformed { .. })));
    assert!(matches!(wrap(b"\xff\xff", &tables(1)), Err(ModelsError::Malformed { .. })));
    let short = vec![vec![0; 12]];
    assert!(matches!(wrap(&kokoro().encode_to_vec(), &short), Err(ModelsError::Malformed { .. })));

    // A field that the declarations do not know would be lost: refused.
    let mut unknown = kokoro().encode_to_vec();
    unknown.extend([0xc0, 0x3e, 1]);
    assert!(matches!(wrap(&unknown, &tables(1)), Err(ModelsError::Malformed { .. })));
}

#[test]
fn a_voice_lies_between_its_parts() {
    let table = |value: f32| value.to_le_bytes().repeat(STYLES * STYLE);
    let (one, three) = (table(1.0), table(3.0));
    let mixed = blend([(one.as_slice(), 0.25), (three.as_slice(), 0.75)].into_iter()).expect("two tables");
    assert!(mixed == table(2.5));
    // A voice alone stays bit for bit what it is.
    assert!(blend([(three.as_slice(), 1.0)].into_iter()).expect("one table") == three);
    assert!(blend([(&b"short"[..], 1.0)].into_iter()).is_err());
}

#[test]
fn each_voice_has_a_configuration_that_names_it_alone() {
    let vocabulary = read_vocabulary(r#"{"vocab": {"a": 43, "̃": 17, " ": 16}}"#.as_bytes()).expect("a vocabulary");
    for (sid, voice) in VOICES.iter().enumerate() {
        let config = configuration(voice, sid, VOICES.len(), &vocabulary);
        assert_eq!(config["espeak"]["voice"], voice.espeak);
        assert_eq!(config["audio"]["sample_rate"], 24_000);
        assert_eq!(config["num_speakers"], VOICES.len());
        assert_eq!(config["speaker_id_map"], json!({ voice.speaker: sid }));
        let ids = &config["phoneme_id_map"];
        assert_eq!(ids["a"], json!([43]));
        assert_eq!((&ids["_"], &ids["^"], &ids["$"]), (&json!([PAD]), &json!([0]), &json!([0])));
    }
}

#[test]
fn a_vocabulary_that_takes_piper_s_signs_is_refused() {
    for taken in [r#"{"vocab": {"_": 1}}"#, r#"{"vocab": {"a": 200}}"#, r#"{"vocab": {"a": 0}}"#, "[]"] {
        assert!(read_vocabulary(taken.as_bytes()).is_err(), "{taken}");
    }
}

/// With the real runtime and the prepared files.
#[cfg(feature = "piper")]
mod spoken {
    use std::path::{Path, PathBuf};

    use piper_rs::Piper;

    use super::super::super::catalogue;

    /// The voice of a prepared model, or `None`, said aloud, when it is not prepared.
    fn load(onnx: &str) -> Option<Piper> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let model = dir.join(onnx);
        let library = dir.join(catalogue::RUNTIME);
        if !model.exists() || !library.exists() {
            println!("skipped: models/{onnx} is not prepared");
            return None;
        }
        // Once for the whole process; whoever comes second finds it done.
        let _ = ort::init_from(library).expect("ONNX Runtime loads").commit();
        let config = PathBuf::from(format!("{}.json", model.display()));
        Some(Piper::new(&model, &config).expect("the runtime accepts the model"))
    }

    fn seconds((samples, rate): &(Vec<f32>, u32)) -> f64 {
        samples.len() as f64 / f64::from(*rate)
    }

    fn loudest((samples, _): &(Vec<f32>, u32)) -> f32 {
        samples.iter().fold(0.0, |loudest, sample| loudest.max(sample.abs()))
    }

    #[test]
    fn the_wrapped_model_speaks_with_every_voice_at_every_length() {
        let Some(mut piper) = load(catalogue::FRENCH_VOICE) else { return };
        let text = "bɔ̃ʒˈuʁ.";
        let mut say = |sid, scale| piper.create(text, true, Some(sid), Some(scale), None, None).expect("sound");
        let [first, caller, english] = [0, 1, 2].map(|sid| say(sid, 1.0));
        assert_eq!(first.1, 24_000);
        assert!((0.3..3.0).contains(&seconds(&first)), "{}", seconds(&first));
        assert!(loudest(&first) > 0.05);
        assert!(first.0 != caller.0 && caller.0 != english.0, "one voice for all");
        let slow = say(0, 1.5);
        assert!(seconds(&slow) > 1.2 * seconds(&first), "the length scale has no effect");
        assert!(piper.create(text, true, Some(3), None, None, None).is_err(), "there is no fourth voice");
        // Nothing to say is no crash.
        let _ = piper.create("", true, Some(0), None, None, None);
    }

    #[test]
    fn a_genuine_piper_voice_speaks_through_the_same_runtime() {
        let Some(mut piper) = load(catalogue::TEST_VOICE) else { return };
        let spoken = piper.create("The town hall is open.", false, None, None, None, None).expect("sound");
        assert_eq!(spoken.1, 22_050);
        assert!((0.5..5.0).contains(&seconds(&spoken)), "{}", seconds(&spoken));
        assert!(loudest(&spoken) > 0.05);
    }
}
