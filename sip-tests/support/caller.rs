//! What a spoken caller does, whatever telephone it holds: hears the agent out, asks, hears it out again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use allo_mairie::audio::{Codec, resample, wav};
use allo_mairie::simulate::likeness;

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
    /// Pieces of the answer of which a caller must hear one, as [`likeness::holds`] wants them.
    pub pieces: &'static str,
}

/// Of `sip-tests/dialplan`.
pub const QUESTIONS: [Question; 3] = [
    Question {
        text: "Bonjour, je voudrais refaire ma carte d'identité.",
        topic: "accueil/carte-d-identite",
        pieces: "rendez-vous|photo récente|justificatif|domicile",
    },
    Question {
        text: "Où se trouve la déchetterie, s'il vous plaît ?",
        topic: "accueil/dechetterie",
        pieces: "tilleuls|mardi|samedi",
    },
    Question {
        text: "J'ai besoin d'un acte de naissance.",
        topic: "accueil/acte-de-naissance",
        pieces: "naissance est gratuit|se demande à la mairie|lieu de naissance",
    },
];

/// Said when the agent asks whether it has understood.
pub const YES: &str = "Oui, c'est ça.";

/// The machine may be busy with other work: what counts here is the answer.
const ANSWER: Duration = Duration::from_secs(40);
/// Silence after what is said, so that the telephone has something to send until the next question.
const AFTER_S: usize = 120;

/// What the agent asks when it is not sure what is wanted.
const ASKED_BACK: &str = "j'ai compris … c'est bien cela|c'est bien cela";

/// What came of a question.
#[derive(Debug)]
pub struct Reply {
    /// The agent asked back, and was told that it had understood.
    pub asked_back: bool,
    /// What was heard of the answer; empty if there was none.
    pub text: String,
}

/// Hears the greeting, asks one after the other and hears each answer. Recordings go to `directory`.
pub fn ask(caller: &mut dyn Caller, questions: &[Question], rate: u32, directory: &Path) -> Vec<Reply> {
    let mut listener = Listener::new();
    assert!(listener.said(caller, ANSWER).is_some(), "no greeting");
    let mut replies = Vec::new();
    for (number, question) in questions.iter().enumerate() {
        let recording = directory.join(format!("answer-{number}.wav"));
        let mut say = |text: &str| {
            caller.say(&spoken(text, rate));
            hear(listener.said(caller, ANSWER), &recording)
        };
        let mut text = say(question.text);
        let asked_back = likeness::holds(&text, ASKED_BACK);
        if asked_back {
            text = say(YES);
        }
        replies.push(Reply { asked_back, text });
    }
    caller.hang_up();
    replies
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

/// What our recogniser makes of it, written to `recording`.
fn hear(said: Option<Said>, recording: &Path) -> String {
    let Some(said) = said else { return String::new() };
    write(recording, &said.samples, said.rate);
    let heard = run(Command::new(PROGRAM).args(["transcribe", "--json", "--threads", "1"]).arg(recording));
    let heard: serde_json::Value = serde_json::from_str(&heard).expect("JSON");
    heard[0]["text"].as_str().expect("a text").to_owned()
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
