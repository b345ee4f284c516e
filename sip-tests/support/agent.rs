//! The agent under test: `allo-mairie serve` with a configuration of its own in a temporary directory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::{free_port, models, root};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_allo-mairie");

/// The first start synthesises every fixed sentence and says how far it is; later ones find them in the cache.
const PROGRESS: Duration = Duration::from_secs(60);
/// Threads of a recognition wait for each other without sleeping: with two on two cores, any other work on the machine
/// makes them many times slower than one. Delays are measured elsewhere.
const RECOGNISER_THREADS: usize = 1;
const STOP: Duration = Duration::from_secs(10);

pub struct Agent {
    pub address: SocketAddr,
    process: Process,
    directory: TempDir,
    /// Agents take turns: two cores carry one Whisper in real time.
    _turn: File,
}

impl Agent {
    /// Starts the agent and waits until it takes calls. `operator`: SIP port its transfers lead to.
    pub fn start(operator: u16) -> Self {
        let turn = take_turn();
        let directory = TempDir::new().expect("temporary directory");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let path = directory.path().join("config.toml");
        std::fs::write(&path, configuration(address, operator, &directory)).expect("configuration written");
        let child = Command::new(PROGRAM)
            .args(["serve", "--config"])
            .arg(&path)
            .current_dir(root())
            .env_remove("ALLO_MAIRIE_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut process = Process::new(child);
        while !process.wait_for("progress", PROGRESS, |line| Some(line.starts_with("Allô Mairie est prête"))) {}
        Self { address, process, directory, _turn: turn }
    }

    /// Waits for the closing line of the next call to end.
    pub fn call_ended(&mut self, within: Duration) -> Value {
        self.process.wait_for("end of a call", within, |line| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["message"] == "call ended").then_some(event)
        })
    }

    /// Asks the agent to stop as a service manager does; it must do so by itself and without an error. Gives the
    /// calls that ended and had not been asked for.
    pub fn stop(mut self) -> Vec<Value> {
        let status = self.process.terminate();
        assert!(status.success(), "the agent stopped with {status}");
        let calls = self.process.log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        calls.filter(|event| event["message"] == "call ended").skip(self.process.told).collect()
    }

    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

fn configuration(address: SocketAddr, operator: u16, directory: &TempDir) -> String {
    let models = models();
    let path = |path: std::path::PathBuf| toml::Value::from(path.display().to_string());
    format!(
        r#"
[sip]
listen = "{address}"
# Scenarios count every message.
keep_alive = 0
[rtp]
ports = "24000-24998"
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
[voice.languages.fr]
model = {voice}
[store]
path = {store}
[log]
format = "json"
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

/// A child whose lines, of both outputs, are read as they come, and which never outlives its test.
struct Process {
    id: u32,
    lines: Receiver<String>,
    exited: Receiver<ExitStatus>,
    /// Everything read so far; calls given out of it.
    log: Vec<String>,
    told: usize,
    finished: bool,
}

impl Process {
    fn new(mut child: Child) -> Self {
        let id = child.id();
        // Full: the child waits. The log of a test is far shorter.
        let (sender, lines) = sync_channel(10_000);
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("piped")), Box::new(child.stderr.take().expect("piped"))];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let (sender, exited) = sync_channel(1);
        std::thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = sender.send(status);
            }
        });
        Self { id, lines, exited, log: Vec::new(), told: 0, finished: false }
    }

    /// Reads lines until `find` finds something in one.
    fn wait_for<T>(&mut self, what: &str, within: Duration, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = find(&line);
                    self.log.push(line);
                    if let Some(found) = found {
                        self.told += usize::from(what == "end of a call");
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {what} within {within:?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.exited.recv_timeout(STOP);
                    panic!("the agent ended with {status:?}: no {what}")
                }
            }
        }
    }

    fn terminate(&mut self) -> ExitStatus {
        signal("-TERM", self.id);
        let Ok(status) = self.exited.recv_timeout(STOP) else { panic!("the agent does not stop") };
        self.finished = true;
        // Both readers end with the child.
        self.log.extend(self.lines.iter());
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.finished && self.exited.try_recv().is_err() {
            signal("-KILL", self.id);
            let _ = self.exited.recv_timeout(STOP);
        }
        if std::thread::panicking() {
            self.log.extend(self.lines.try_iter());
            let from = self.log.len().saturating_sub(60);
            eprintln!("last lines of the agent:\n{}", self.log[from..].join("\n"));
        }
    }
}

pub fn signal(name: &str, process: u32) {
    let _ = Command::new("kill").args([name, &process.to_string()]).status();
}
