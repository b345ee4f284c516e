//! SIPp, with its own scenarios or those of `sip-tests/sipp`.

use std::net::SocketAddr;
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
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let directory = TempDir::new().expect("temporary directory");
        let mut command = Command::new("sipp");
        match scenario {
            "uac" | "uas" => command.args(["-sn", scenario]),
            file => command.arg("-sf").arg(root().join("sip-tests/sipp").join(file).with_extension("xml")),
        };
        command.args(["-i", "127.0.0.1", "-p", &address.port().to_string(), "-nostdin"]);
        command.args(["-timeout", "90", "-timeout_error", "-trace_err", "-error_file"]);
        command.arg(directory.path().join("errors.log"));
        command.args(["-trace_msg", "-message_file"]).arg(directory.path().join("messages.log"));
        command.args(arguments).current_dir(directory.path());
        Sipp { address, process: Process::start("sipp", command), directory }
    }

    /// Waits for all its calls to have succeeded.
    pub async fn succeeded(self) {
        let (success, log) = self.process.finished(LIMIT).await;
        let errors = std::fs::read(self.directory.path().join("errors.log")).unwrap_or_default();
        let last = log.len().saturating_sub(60);
        assert!(success, "sipp failed\n{}\n{}", String::from_utf8_lossy(&errors), log[last..].join("\n"));
    }
}
