//! SIPp, running a scenario of `sip-tests/sipp`.

use std::path::Path;
use std::process::{Command, Stdio};

use super::agent::Agent;
use super::{free_port, root};

pub struct Sipp<'a> {
    pub scenario: &'a str,
    /// Where the scenario's SDP wants audio.
    pub rtp_port: u16,
    /// SIPp shows retransmissions to the scenario instead of absorbing them, and drops what the scenario does not expect
    /// instead of giving up.
    pub raw: bool,
}

impl Sipp<'_> {
    /// Runs the scenario once against the agent; panics with SIPp's own account when it fails.
    pub fn run(&self, agent: &Agent) {
        let scenario = root().join("sip-tests/sipp").join(self.scenario).with_extension("xml");
        let errors = agent.directory().join("sipp-errors.log");
        let messages = agent.directory().join("sipp-messages.log");
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(&scenario);
        command.args(["-m", "1", "-i", "127.0.0.1", "-s", "mairie", "-nostdin", "-timeout", "60", "-timeout_error"]);
        command.args(["-p", &free_port().to_string(), "-key", "rtp_port", &self.rtp_port.to_string()]);
        // Scenarios that play recordings send them from a port of SIPp's own; others leave theirs to a telephone of ours.
        if std::fs::read_to_string(&scenario).expect("the scenario").contains("[media_port]") {
            command.args(["-mi", "127.0.0.1", "-mp", &self.rtp_port.to_string()]);
        }
        command.arg("-trace_err").arg("-error_file").arg(&errors);
        command.arg("-trace_msg").arg("-message_file").arg(&messages);
        if self.raw {
            command.args(["-nr", "-default_behaviors", "none"]);
        }
        let output = command
            .arg(agent.address.to_string())
            .current_dir(agent.directory())
            .stdin(Stdio::null())
            .output()
            .expect("sipp starts");
        assert!(
            output.status.success(),
            "{} failed with {}\n{}\n{}",
            self.scenario,
            output.status,
            tail(&errors),
            tail(&messages),
        );
    }
}

/// Runs a scenario without audio of ours: packets go to a port where nobody listens.
pub fn run(agent: &Agent, scenario: &str) {
    Sipp { scenario, rtp_port: free_port(), raw: false }.run(agent);
}

fn tail(path: &Path) -> String {
    let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(80)..].join("\n")
}
