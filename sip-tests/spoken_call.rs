//! A softphone's caller speaks; the agent hears, understands and answers; the recording is read back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use allo_mairie::audio::{LINE_RATE, resample, wav};

use crate::support::agent::{Agent, PROGRAM};
use crate::support::baresip::Baresip;
use crate::support::caller::run;
use crate::support::{can_run, free_port, models};

/// The greeting is over by then.
const BEFORE_MS: usize = 9_000;
/// Recognition, the answer and "autre chose ?" take less.
const AFTER_MS: usize = 15_000;

#[test]
fn a_question_is_heard_understood_and_answered() {
    if !can_run(&["baresip"]) {
        return;
    }
    let mut agent = Agent::start(free_port());
    let voice = caller_voice(agent.directory(), "Bonjour, je voudrais refaire ma carte d'identité.");
    let caller = Baresip::call(&agent, &voice);
    let ended = agent.call_ended(Duration::from_secs(60));
    let heard = transcribe(&caller.recording());
    for word in ["bonjour", "assistant", "rendez", "photo", "domicile", "autre chose"] {
        assert!(heard.contains(word), "« {word} » is not in: {heard}");
    }
    let place = |word: &str| heard.find(word);
    assert!(place("assistant") < place("photo") && place("photo") < place("autre chose"), "order: {heard}");
    assert_eq!(ended["outcome"], "caller_hung_up", "{ended}");
    assert_eq!(ended["turns"], 1, "{ended}");
    assert_eq!(ended["not_understood"], 0, "{ended}");
    assert_eq!(ended["interruptions"], 0, "{ended}");
    assert_eq!(ended["packets_lost"], 0, "{ended}");
    println!("end of speech to first packet of the answer: {} ms", ended["replies_ms"]);
    assert!(agent.stop().is_empty());
}

/// What the caller plays: silence, the question by the second voice, silence.
fn caller_voice(directory: &Path, text: &str) -> PathBuf {
    let spoken = directory.join("question.wav");
    let voice = models().join("fr_FR-appelant.onnx.json");
    let runtime = models().join("libonnxruntime.so");
    let mut say = Command::new(PROGRAM);
    say.args(["say", text, "-o"]).arg(&spoken).arg("--voice").arg(voice).arg("--runtime").arg(runtime);
    run(&mut say);
    let clip = wav::read(&std::fs::read(&spoken).expect("what say wrote")).expect("WAV");
    let samples = resample::resample_i16(&clip.samples, clip.rate, LINE_RATE).expect("known rate");
    let silence = |ms: usize| vec![0; LINE_RATE as usize * ms / 1000];
    let padded = [silence(BEFORE_MS), samples, silence(AFTER_MS)].concat();
    let path = directory.join("caller.wav");
    std::fs::write(&path, wav::write_mono(&padded, LINE_RATE).expect("WAV")).expect("written");
    path
}

fn transcribe(recording: &Path) -> String {
    run(Command::new(PROGRAM).arg("transcribe").arg(recording)).to_lowercase()
}
