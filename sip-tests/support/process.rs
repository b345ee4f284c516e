//! A program of the tests that runs beside them: its lines, its end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

const STOP: Duration = Duration::from_secs(10);

/// A child whose lines, of both outputs, are read as they come, and which never outlives its test.
pub struct Process {
    id: u32,
    lines: Receiver<String>,
    exited: Receiver<ExitStatus>,
    /// When it was piped.
    input: Option<ChildStdin>,
    name: &'static str,
    /// Everything read so far.
    log: Vec<String>,
    finished: bool,
}

impl Process {
    pub fn new(name: &'static str, mut child: Child) -> Self {
        let (id, input) = (child.id(), child.stdin.take());
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
        Self { id, lines, exited, input, name, log: Vec::new(), finished: false }
    }

    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// Writes a line to it.
    pub fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is piped");
        writeln!(input, "{line}").unwrap_or_else(|error| panic!("{} does not listen: {error}", self.name));
    }

    /// Waits for a line that begins so.
    pub fn line(&mut self, begins: &str, within: Duration) -> String {
        self.wait_for(begins, within, |line| line.starts_with(begins).then(|| line.to_owned()))
    }

    /// Reads lines until `find` finds something in one.
    pub fn wait_for<T>(&mut self, what: &str, within: Duration, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = find(&line);
                    self.log.push(line);
                    if let Some(found) = found {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("{}: no {what} within {within:?}", self.name),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.exited.recv_timeout(STOP);
                    panic!("{} ended with {status:?}: no {what}", self.name)
                }
            }
        }
    }

    /// Asks it to end, as a service manager does.
    pub fn terminate(&mut self) -> ExitStatus {
        signal("-TERM", self.id);
        let Ok(status) = self.exited.recv_timeout(STOP) else { panic!("{} does not stop", self.name) };
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
            eprintln!("last lines of {}:\n{}", self.name, self.log[from..].join("\n"));
        }
    }
}

pub fn signal(name: &str, process: u32) {
    let _ = Command::new("kill").args([name, &process.to_string()]).status();
}
