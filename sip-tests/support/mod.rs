//! What the tests share: the agent under test, SIPp, a telephone for RTP, and what to do when something is missing.

pub mod agent;
pub mod baresip;
pub mod process;
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

/// Whether a test can run: engines built in, models prepared, these programs installed. Says why not, or fails when
/// peers are required.
pub fn can_run(programs: &[&str]) -> bool {
    let mut missing = Vec::new();
    if !cfg!(all(feature = "whisper", feature = "piper")) {
        missing.push("the native engines (features whisper and piper)".to_owned());
    }
    for model in ["whisper-base.ggml", "fr_FR-siwis.onnx", "libonnxruntime.so"] {
        let path = models().join(model);
        if !path.exists() {
            missing.push(format!("{} (make models)", path.display()));
        }
    }
    for program in programs {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        if !found.is_ok_and(|output| output.status.success()) {
            missing.push((*program).to_owned());
        }
    }
    if missing.is_empty() {
        return true;
    }
    let required = std::env::var_os("ALLO_MAIRIE_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "missing: {}", missing.join(", "));
    println!("skipped: missing {}", missing.join(", "));
    false
}

/// A UDP port of loopback that was free a moment ago.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
    socket.local_addr().expect("its address").port()
}
