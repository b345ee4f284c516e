//! What a spoken caller does, whatever telephone it holds: hears the agent out, asks, hears it out again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use allo_mairie::audio::{Codec, resample, wav};

use super::agent::PROGRAM;
use super::listener::{Listener, Said};
use super::{models, root};

/// What a telephone offers.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub codec: Codec,
    pub packet_ms: u32,
    /// SRTP, and nothing else.
    pub encrypted: bool,
    /// Telephone events; PJSUA2 alone can be without.
    pub events: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { codec: Codec::Pcma, packet_ms: 20, encrypted: false, events: true }
    }
}

/// How keys are told; tones in the audio are a WAV like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWay {
    /// RFC 4733.
    Event,
    /// SIP INFO.
    Info,
}

/// A telephone in a call with the agent.
pub trait Caller {
    /// Says this, 16-bit mono WAV of the codec's rate, in place of what it was saying.
    fn say(&mut self, wav: &Path);
    fn press(&mut self, keys: &str, way: KeyWay);
    /// What it has heard so far, once there is something.
    fn recording(&self) -> Option<PathBuf>;
    fn hang_up(&mut self);
}

/// Something asked, and what tells a right answer.
pub struct Question {
    pub text: &'static str,
    /// As the call's record names it.
    pub topic: &'static str,
    /// Of these words of the answer, folded to lower case, a caller must hear one.
    pub words: &'static [&'static str],
}

/// Of `sip-tests/dialplan`.
pub const QUESTIONS: [Question; 3] = [
    Question {
        text: "Bonjour, je voudrais refaire ma carte d'identité.",
        topic: "accueil/carte-d-identite",
        words: &["rendez", "photo", "domicile"],
    },
    Question {
        text: "Où se trouve la déchetterie, s'il vous plaît ?",
        topic: "accueil/dechetterie",
        words: &["tilleuls", "samedi", "mardi"],
    },
    Question {
        text: "J'ai besoin d'un acte de naissance.",
        topic: "accueil/acte-de-naissance",
        words: &["gratuit", "lieu", "naissance"],
    },
];

/// The machine may be busy with other work: what counts here is the answer.
const ANSWER: Duration = Duration::from_secs(40);
/// Silence after what is said, so that the telephone has something to send until the next question.
const AFTER_S: usize = 120;

/// Hears the greeting, asks one after the other and hears each answer; `None` where none came.
pub fn ask(caller: &mut dyn Caller, questions: &[Question], rate: u32) -> Vec<Option<Said>> {
    let mut listener = Listener::new();
    assert!(listener.said(caller, ANSWER).is_some(), "no greeting");
    let mut answers = Vec::new();
    for question in questions {
        caller.say(&spoken(question.text, rate));
        answers.push(listener.said(caller, ANSWER));
    }
    caller.hang_up();
    answers
}

/// A WAV of the sentence in the test's own voice, spoken once and kept.
pub fn spoken(text: &str, rate: u32) -> PathBuf {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("spoken");
    let path = directory.join(format!("{name}-{rate}.wav"));
    if path.exists() {
        return path;
    }
    std::fs::create_dir_all(&directory).expect("a directory");
    let whole = directory.join(format!("{name}.wav"));
    let voice = models().join("fr_FR-appelant.onnx.json");
    let runtime = models().join("libonnxruntime.so");
    let mut say = Command::new(PROGRAM);
    say.args(["say", text, "-o"]).arg(&whole).arg("--voice").arg(voice).arg("--runtime").arg(runtime);
    run(&mut say);
    let clip = wav::read(&std::fs::read(&whole).expect("what say wrote")).expect("WAV");
    let samples = resample::resample_i16(&clip.samples, clip.rate, rate).expect("known rate");
    write(&path, &[samples, vec![0; AFTER_S * rate as usize]].concat(), rate);
    path
}

pub fn write(path: &Path, samples: &[i16], rate: u32) {
    std::fs::write(path, wav::write_mono(samples, rate).expect("WAV")).expect("written");
}

/// What our recogniser hears in each; empty where there is nothing.
pub fn transcribe(directory: &Path, said: &[Option<Said>]) -> Vec<String> {
    let mut command = Command::new(PROGRAM);
    command.args(["transcribe", "--json", "--threads", "1"]);
    let mut asked = Vec::new();
    for (number, said) in said.iter().enumerate() {
        let Some(said) = said else { continue };
        let path = directory.join(format!("answer-{number}.wav"));
        write(&path, &said.samples, said.rate);
        command.arg(&path);
        asked.push(number);
    }
    let mut texts = vec![String::new(); said.len()];
    if asked.is_empty() {
        return texts;
    }
    let heard: serde_json::Value = serde_json::from_str(&run(&mut command)).expect("JSON");
    for (place, number) in asked.into_iter().enumerate() {
        texts[number] = heard[place]["text"].as_str().expect("a text").to_lowercase();
    }
    texts
}

/// Runs a command of ours to its end; gives what it printed.
pub fn run(command: &mut Command) -> String {
    let model = |name: &str| models().join(name);
    let output = command
        .current_dir(root())
        .env("ALLO_MAIRIE_RECOGNISER__MODEL", model("whisper-base.ggml"))
        .env("ALLO_MAIRIE_VOICE__ONNXRUNTIME", model("libonnxruntime.so"))
        .output()
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}", text(&output.stderr));
    text(&output.stdout)
}
