//! A peer's process: its lines come as events; it never outlives its test.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
/// A peer that is asked to end.
const END: Duration = Duration::from_secs(3);
/// Lines kept for a failed test.
const TOLD: usize = 120;

pub struct Process {
    name: &'static str,
    id: u32,
    exited: mpsc::Receiver<ExitStatus>,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    log: Vec<String>,
    finished: bool,
}

impl Process {
    pub fn start(name: &'static str, mut command: Command) -> Process {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let input = child.stdin.take();
        // Full: the peer waits. A test's output is far shorter.
        let (sender, lines) = channel(10_000);
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("piped")), Box::new(child.stderr.take().expect("piped"))];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(output);
                let mut line = Vec::new();
                // Peers print what they like: bytes, not text.
                while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    line.clear();
                    if sender.blocking_send(text).is_err() {
                        break;
                    }
                }
            });
        }
        let id = child.id();
        let (sender, exited) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = sender.send(status);
            }
        });
        Process { name, id, exited, input, lines, log: Vec::new(), finished: false }
    }

    /// Writes one line to the peer.
    pub fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an open input");
        writeln!(input, "{line}").and_then(|()| input.flush()).unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// The first line from now on that contains `text`.
    pub async fn line(&mut self, text: &str) -> String {
        self.line_within(PATIENCE, text).await
    }

    /// The same, with each line before it coming within this time.
    pub async fn line_within(&mut self, patience: Duration, text: &str) -> String {
        loop {
            let Ok(line) = timeout(patience, self.lines.recv()).await else {
                panic!("{} has not said {text:?}", self.name);
            };
            let Some(line) = line else { panic!("{} has ended without saying {text:?}", self.name) };
            self.log.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits for the peer to end by itself: its status and everything it printed.
    pub async fn finished(mut self, within: Duration) -> (bool, Vec<String>) {
        self.input = None;
        let all = timeout(within, async {
            while let Some(line) = self.lines.recv().await {
                self.log.push(line);
            }
        });
        assert!(all.await.is_ok(), "{} does not end", self.name);
        let status = self.exited.recv_timeout(END).expect("its status");
        self.finished = true;
        (status.success(), std::mem::take(&mut self.log))
    }
}

impl Process {
    fn signal(&self, name: &str) {
        let _ = Command::new("kill").args([name, &self.id.to_string()]).stderr(Stdio::null()).status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked first: a server ends the processes it has started.
        if !self.finished && self.exited.try_recv().is_err() {
            self.signal("-TERM");
            if self.exited.recv_timeout(END).is_err() {
                self.signal("-KILL");
            }
        }
        if std::thread::panicking() {
            while let Ok(line) = self.lines.try_recv() {
                self.log.push(line);
            }
            let from = self.log.len().saturating_sub(TOLD);
            eprintln!("last lines of {}:\n{}", self.name, self.log[from..].join("\n"));
        }
    }
}
