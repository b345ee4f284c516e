//! PJSUA2 as a caller: says WAVs into the call and records what it hears.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::agent::Agent;
use super::caller::{Caller, KeyWay, Terms};
use super::process::Process;
use super::relay::{Relay, TELEPHONE};
use super::{free_port, python, root};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Pjsua {
    process: Process,
    recording: PathBuf,
}

impl Pjsua {
    /// Calls the agent, through the relay if there is one.
    pub fn call(agent: &Agent, relay: Option<&Relay>, terms: &Terms) -> Self {
        let recording = agent.directory().join(format!("pjsua-{}.wav", free_port()));
        let rtp = free_port() & !1;
        let mut command = Command::new(python());
        command.arg(root().join("sip-tests/support/pjsua_telephone.py"));
        command.arg(format!("port={}", free_port())).arg(format!("rtp={rtp}"));
        command.arg(format!("codec={}", terms.codec.name())).arg(format!("ptime={}", terms.packet_ms));
        if terms.encrypted {
            command.arg("srtp=mandatory");
        }
        if !terms.events {
            command.arg("events=no");
        }
        if let Some(relay) = relay {
            relay.expect_telephone(rtp);
            command.arg(format!("public={TELEPHONE}"));
        }
        let child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("Python starts");
        let mut process = Process::new("PJSUA2", child);
        process.line("ready", PATIENCE);
        process.tell(&format!("call {}", relay.map_or_else(|| agent.uri(), Relay::uri)));
        // PJSUA_CALL_MEDIA_ACTIVE.
        process.line("media 0 1", PATIENCE);
        process.tell(&format!("record 0 {}", recording.display()));
        process.line("state 0 CONFIRMED", PATIENCE);
        Self { process, recording }
    }
}

impl Caller for Pjsua {
    fn say(&mut self, wav: &Path) {
        self.process.tell(&format!("play 0 {}", wav.display()));
    }

    fn press(&mut self, keys: &str, way: KeyWay) {
        let command = match way {
            KeyWay::Event => "dtmf",
            KeyWay::Info => "info",
        };
        self.process.tell(&format!("{command} 0 {keys}"));
    }

    fn recording(&self) -> Option<PathBuf> {
        self.recording.exists().then(|| self.recording.clone())
    }

    fn hang_up(&mut self) {
        self.process.tell("hangup 0");
        // It goes on running: its BYE may be lost.
        self.process.line("state 0 DISCONNECTED", PATIENCE);
    }
}
