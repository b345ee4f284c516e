//! The measured service: a process of its own, as in use, on loopback.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::sync::oneshot;

use crate::cli::Failure;
use crate::net;

/// The first start synthesises every sentence; on a slow machine that takes minutes.
const START_LIMIT: Duration = Duration::from_secs(900);
/// Lines of the service's journal shown when it fails.
const JOURNAL_LINES: usize = 12;

/// A measurement that is killed, and so drops nothing, takes its service with it.
fn die_with_us(command: &mut Command) {
    let ask = || Ok(set_parent_process_death_signal(Some(Signal::TERM))?);
    // SAFETY: between fork and exec only async-signal-safe work is allowed; this is one system call (prctl).
    unsafe { command.pre_exec(ask) };
}

/// A running `allo-mairie serve`; killed when dropped.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    pub uri: String,
    /// Process start to "ready".
    pub started_in: Duration,
    journal: PathBuf,
}

/// The parts of the answers, ms since the caller's last word: one entry an answer in each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// The silence was long enough to end the turn.
    pub turn_ends: Vec<i64>,
    /// The words were known as well.
    pub words: Vec<i64>,
    /// The first packet of the answer left.
    pub packets: Vec<i64>,
}

impl Parts {
    /// Adds what a call's closing line says; other lines say nothing.
    fn read(&mut self, line: &serde_json::Value) {
        for (list, field) in
            [(&mut self.turn_ends, "turn_ends_ms"), (&mut self.words, "words_ms"), (&mut self.packets, "replies_ms")]
        {
            let text = line.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
            list.extend(text.split(',').filter_map(|part| part.parse::<i64>().ok()));
        }
    }
}

impl Service {
    /// Starts the service with `environment` on top of ours and waits until it takes calls.
    pub async fn start(
        config: Option<&Path>,
        environment: &[(String, String)],
        journal: &Path,
    ) -> Result<Self, Failure> {
        let problem = |error: std::io::Error| Failure::new(format!("Le service n'a pas pu être lancé : {error}."));
        let log = fs::File::create(journal).map_err(problem)?;
        let mut command = Command::new(std::env::current_exe().map_err(problem)?);
        command.arg("serve").envs(environment.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        die_with_us(&mut command);
        let begun = net::now();
        let mut child = command.spawn().map_err(problem)?;
        let announcement = child.stdout.take().map(announcement);
        let announced = async {
            match announcement {
                Some(announcement) => announcement.await.ok().flatten(),
                None => None,
            }
        };
        let announced = tokio::select! {
            announced = announced => announced,
            () = net::sleep_until(Some(begun + START_LIMIT)) => None,
        };
        let started_in = net::now() - begun;
        let Some((uri, address)) = announced else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::new(format!("Le service n'a pas démarré.\n{}", last_lines(journal))));
        };
        Ok(Self { child, address, uri, started_in, journal: journal.to_owned() })
    }

    /// Resident memory now, MiB.
    pub fn memory_mib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        resident_mib(&status)
    }

    /// Asks it to stop (SIGTERM) and waits. Returns the parts of its answers, from the closing lines of the calls in its
    /// journal.
    pub fn stop(mut self) -> Result<Parts, Failure> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        match self.child.wait() {
            Ok(status) if status.success() => {
                let text = fs::read_to_string(&self.journal).unwrap_or_default();
                let mut parts = Parts::default();
                text.lines().filter_map(|line| serde_json::from_str(line).ok()).for_each(|line| parts.read(&line));
                Ok(parts)
            }
            Ok(status) => Err(Failure::new(format!("Le service s'est mal arrêté ({status})."))),
            Err(error) => Err(Failure::new(format!("Le service ne s'arrête pas : {error}."))),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits on a thread for the line that says the service is ready, then reads on so that the pipe never fills.
fn announcement(stdout: std::process::ChildStdout) -> oneshot::Receiver<Option<(String, SocketAddr)>> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut sender = Some(sender);
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(found) = address_in(&line)
                && let Some(sender) = sender.take()
            {
                let _ = sender.send(Some(found));
            }
        }
    });
    receiver
}

/// The `sip:user@address:port` in a line.
fn address_in(line: &str) -> Option<(String, SocketAddr)> {
    let start = line.find("sip:")?;
    let uri: String = line[start..].chars().take_while(|c| !c.is_whitespace() && *c != ',').collect();
    let address = uri.rsplit_once('@')?.1.parse().ok()?;
    Some((uri, address))
}

fn resident_mib(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib.div_ceil(1_024))
}

fn last_lines(journal: &Path) -> String {
    let text = fs::read_to_string(journal).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(JOURNAL_LINES)..].join("\n")
}

/// A directory for the run, removed at its end.
pub struct Workshop {
    pub directory: PathBuf,
}

impl Workshop {
    pub fn new() -> Result<Self, Failure> {
        let directory = std::env::temp_dir().join(format!("allo-mairie-bench-{}", std::process::id()));
        fs::create_dir_all(&directory)
            .map_err(|error| Failure::new(format!("{} n'a pas pu être créé : {error}.", directory.display())))?;
        Ok(Self { directory })
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announcement_names_the_address() {
        let line = "Allô Mairie est prête : sip:mairie@127.0.0.1:41234 (118 phrases, 1.2 s). Ctrl-C pour arrêter.";
        let (uri, address) = address_in(line).unwrap();
        assert_eq!((uri.as_str(), address.port()), ("sip:mairie@127.0.0.1:41234", 41_234));
        assert_eq!(address_in("prête"), None);
    }

    #[test]
    fn closing_lines_give_the_parts_of_the_answers() {
        let mut parts = Parts::default();
        parts.read(&serde_json::json!({ "message": "call ended", "turn_ends_ms": "560,570", "words_ms": "580,570",
                                        "replies_ms": "600,590" }));
        parts.read(
            &serde_json::json!({ "message": "call ended", "turn_ends_ms": "", "words_ms": "", "replies_ms": "" }),
        );
        parts.read(&serde_json::json!({ "message": "ready" }));
        assert_eq!(parts, Parts { turn_ends: vec![560, 570], words: vec![580, 570], packets: vec![600, 590] });
    }

    #[test]
    fn memory_is_read_in_mebibytes() {
        assert_eq!(resident_mib("Name:\tx\nVmRSS:\t  524289 kB\n"), Some(513));
        assert_eq!(resident_mib("Name:\tx\n"), None);
    }
}
