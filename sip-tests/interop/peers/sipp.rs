//! SIPp, with its own scenarios or those of `sip-tests/sipp`.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::process::Process;
use super::{free_port, root};

/// Its own limit comes first and says more.
const LIMIT: Duration = Duration::from_secs(100);

pub struct Sipp {
    pub address: SocketAddr,
    process: Process,
    directory: TempDir,
}

impl Sipp {
    /// `scenario`: a file of `sip-tests/sipp`, or `-sn uac` and the like. `arguments` come last.
    pub fn start(scenario: &str, arguments: &[&str]) -> Sipp {
        Sipp::start_at(Ipv4Addr::LOCALHOST.into(), scenario, arguments)
    }

    pub fn start_at(ip: IpAddr, scenario: &str, arguments: &[&str]) -> Sipp {
        let address = SocketAddr::from((ip, free_port()));
        let directory = TempDir::new().expect("temporary directory");
        let mut command = Command::new("sipp");
        match scenario {
            "uac" | "uas" => command.args(["-sn", scenario]),
            file => command.arg("-sf").arg(root().join("sip-tests/sipp").join(file).with_extension("xml")),
        };
        let ip = ip.to_string();
        command.args(["-i", &ip, "-mi", &ip, "-p", &address.port().to_string(), "-nostdin"]);
        command.args(["-timeout", "90", "-timeout_error", "-trace_err", "-error_file"]);
        command.arg(directory.path().join("errors.log"));
        command.args(["-trace_msg", "-message_file"]).arg(directory.path().join("messages.log"));
        command.args(arguments).current_dir(directory.path());
        Sipp { address, process: Process::start("sipp", command), directory }
    }

    /// Waits for a called party's socket: it answers nothing but calls.
    pub async fn ready(&self) {
        let mut look = tokio::time::interval(Duration::from_millis(10));
        for _ in 0..1_000 {
            look.tick().await;
            if is_open(self.address.port()) {
                return;
            }
        }
        panic!("sipp has opened no socket");
    }

    /// Waits for all its calls to have succeeded.
    pub async fn succeeded(self) {
        self.messages().await;
    }

    /// The same; and no message came twice.
    pub async fn succeeded_without_repetition(self) {
        let messages = self.messages().await;
        assert!(!messages.is_empty(), "nothing received");
        let mut seen = HashSet::new();
        for message in messages {
            // Every message of a call differs in its start line or its CSeq.
            assert!(seen.insert(message.clone()), "twice:\n{message}");
        }
    }

    /// Waits for all its calls to have succeeded; what it received.
    async fn messages(self) -> Vec<String> {
        let (success, log) = self.process.finished(LIMIT).await;
        let file = |name| {
            let bytes = std::fs::read(self.directory.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let last = log.len().saturating_sub(60);
        assert!(success, "sipp failed\n{}\n{}", file("errors.log"), log[last..].join("\n"));
        // Each entry begins with a line of dashes and the time, then `TCP message received [493] bytes :`.
        let messages = file("messages.log");
        let entries = messages.split("-----------------------------------------------");
        let received = entries.filter_map(|entry| {
            let (head, message) = entry.split_once("bytes :")?;
            head.contains("message received").then(|| message.trim().to_owned())
        });
        received.collect()
    }
}

/// Whether some program has a UDP socket or a TCP listener at this port.
fn is_open(port: u16) -> bool {
    let at = format!(":{port:04X}");
    ["udp", "udp6", "tcp", "tcp6"].iter().any(|table| {
        let table = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        // "sl local_address rem_address st …": 07 is an unconnected UDP socket, 0A a listener.
        table.lines().any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, state) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
            local.ends_with(&at) && matches!(state, "07" | "0A")
        })
    })
}
