//! What the tests share: the agent under test, SIPp, a telephone for RTP, and what to do when something is missing.

pub mod agent;
pub mod baresip;
pub mod caller;
pub mod listener;
pub mod network;
pub mod pjsua;
pub mod process;
pub mod relay;
pub mod sipp;
pub mod telephone;

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the prepared models are.
pub fn models() -> PathBuf {
    std::env::var_os("ALLO_MAIRIE_MODELS").map_or_else(|| root().join("models"), PathBuf::from)
}

/// Whether a test can run: engines built in, models prepared, these programs installed. A name `python:module` asks for a
/// module of [`python`]. Says why not, or fails when peers are required; of those, `make test` installs no Python modules.
pub fn can_run(programs: &[&str]) -> bool {
    let mut missing = Vec::new();
    let required = std::env::var("ALLO_MAIRIE_REQUIRE_PEERS").unwrap_or_default();
    let mut fatal = required == "all";
    if !cfg!(all(feature = "whisper", feature = "piper")) {
        missing.push("the native engines (features whisper and piper)".to_owned());
    }
    for model in ["whisper-base.ggml", "fr_FR-siwis.onnx", "libonnxruntime.so"] {
        let path = models().join(model);
        if !path.exists() {
            missing.push(format!("{} (make models)", path.display()));
        }
    }
    fatal |= required == "1" && !missing.is_empty();
    for program in programs {
        let module = program.strip_prefix("python:");
        let found = match module {
            Some(module) => Command::new(python()).args(["-c", &format!("import {module}")]).output(),
            None => Command::new("sh").args(["-c", &format!("command -v {program}")]).output(),
        };
        if !found.is_ok_and(|output| output.status.success()) {
            missing.push((*program).to_owned());
            fatal |= required == "1" && module.is_none();
        }
    }
    if missing.is_empty() {
        return true;
    }
    assert!(!fatal, "missing: {}", missing.join(", "));
    println!("skipped: missing {}", missing.join(", "));
    false
}

/// The Python of `scripts/setup.sh --interop`, else the system's.
pub fn python() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let own = target.join("interop/bin/python");
    std::env::var_os("ALLO_MAIRIE_PYTHON")
        .map_or_else(|| if own.exists() { own } else { PathBuf::from("python3") }, PathBuf::from)
}

/// A UDP port of loopback that was free a moment ago.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
    socket.local_addr().expect("its address").port()
}
