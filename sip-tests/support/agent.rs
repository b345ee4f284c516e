//! The agent under test: `allo-mairie serve` with a configuration of its own in a temporary directory.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::{free_port, models, root};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_allo-mairie");

/// The first start synthesises the greeting; what is said later is kept for the tests that follow.
const PROGRESS: Duration = Duration::from_secs(60);
/// Threads of a recognition wait for each other without sleeping: with two on two cores, any other work on the machine
/// makes them many times slower than one. Delays are measured elsewhere.
const RECOGNISER_THREADS: usize = 1;

/// What is recognised, too, for who looks for the reason of a failure.
const LOG: &str = "info,ort=warn,allo_mairie::speech::worker=debug";

pub struct Agent {
    pub address: SocketAddr,
    process: Process,
    /// Ended calls given to the test.
    told: usize,
    /// Lines of the log before the call that is going on.
    before: usize,
    directory: TempDir,
    /// Agents take turns: two cores carry one Whisper in real time.
    _turn: File,
}

impl Agent {
    /// Starts the agent and waits until it takes calls. `operator`: SIP port its transfers lead to.
    pub fn start(operator: u16) -> Self {
        Self::start_with(operator, "", "ports = \"24000-24998\"")
    }

    /// The same with these lines in the sections `[sip]` and `[rtp]`.
    pub fn start_with(operator: u16, sip: &str, rtp: &str) -> Self {
        let turn = take_turn();
        let directory = TempDir::new().expect("temporary directory");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let path = directory.path().join("config.toml");
        std::fs::write(&path, configuration(address, operator, &directory, sip, rtp)).expect("configuration written");
        let child = Command::new(PROGRAM)
            .args(["serve", "--config"])
            .arg(&path)
            .current_dir(root())
            .env("ALLO_MAIRIE_LOG", LOG)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut process = Process::new("the agent", child);
        while !process.wait_for("progress", PROGRESS, |line| Some(line.starts_with("Allô Mairie est prête"))) {}
        Self { address, process, told: 0, before: 0, directory, _turn: turn }
    }

    /// Waits for the closing line of the next call to end.
    pub fn call_ended(&mut self, within: Duration) -> Value {
        let ended = self.process.wait_for("end of a call", within, |line| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["message"] == "call ended").then_some(event)
        });
        self.told += 1;
        ended
    }

    /// What the recogniser made of each stretch of speech since this was last asked, early tries among them.
    pub fn recognised(&mut self) -> Vec<String> {
        let lines = &self.process.log()[self.before..];
        let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let texts = events
            .filter(|event| event["message"] == "utterance recognised")
            .map(|event| event["text"].as_str().unwrap_or("nothing, or given up").to_owned())
            .collect();
        self.before = self.process.log().len();
        texts
    }

    /// Asks the agent to stop as a service manager does; it must do so by itself and without an error. Gives the
    /// calls that ended and had not been asked for.
    pub fn stop(mut self) -> Vec<Value> {
        let status = self.process.terminate();
        assert!(status.success(), "the agent stopped with {status}");
        let calls = self.process.log().iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        calls.filter(|event| event["message"] == "call ended").skip(self.told).collect()
    }

    pub fn uri(&self) -> String {
        format!("sip:mairie@{}", self.address)
    }

    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

fn configuration(address: SocketAddr, operator: u16, directory: &TempDir, sip: &str, rtp: &str) -> String {
    let models = models();
    let path = |path: std::path::PathBuf| toml::Value::from(path.display().to_string());
    format!(
        r#"
[sip]
listen = "{address}"
# Scenarios count every message.
keep_alive = 0
{sip}
[rtp]
{rtp}
[transfer]
target = "sip:{{poste}}@127.0.0.1:{operator}"
[dialplan]
directory = {dialplan}
prompts = {prompts}
[recogniser]
model = {whisper}
threads = {threads}
[voice]
onnxruntime = {onnxruntime}
cache = {cache}
prepare = "needed"
[voice.languages.fr]
model = {voice}
[store]
path = {store}
[log]
format = "json"
# The callers are voices of the tests.
personal = true
"#,
        dialplan = path(root().join("sip-tests/dialplan")),
        prompts = path(root().join("prompts")),
        threads = RECOGNISER_THREADS,
        whisper = path(models.join("whisper-base.ggml")),
        onnxruntime = path(models.join("libonnxruntime.so")),
        voice = path(models.join("fr_FR-siwis.onnx")),
        cache = path(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("voice")),
        store = path(directory.path().join("store.sqlite")),
    )
}

/// Holds until dropped, across threads and processes.
fn take_turn() -> File {
    let file = File::create(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("agent.lock")).expect("lock file");
    file.lock().expect("a lock");
    file
}
