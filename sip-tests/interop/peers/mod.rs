//! Starting, operating and ending real peers.

pub mod baresip;
pub mod certificate;
pub mod kamailio;
pub mod pjsua;
pub mod process;
pub mod sipp;

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Peers that `make test` installs.
const REQUIRED: [&str; 2] = ["sipp", "baresip"];

/// Root of the source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether these programs are there; a name `python:module` asks for a module of [`python`], `fail2ban`
/// for [`fail2ban_regex`]. Says what is missing, or
/// fails when it is required.
pub fn can_run(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_there(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let required = match std::env::var("ALLO_MAIRIE_REQUIRE_PEERS").as_deref() {
        Ok("all") => true,
        Ok("1") => missing.iter().any(|name| REQUIRED.contains(name)),
        _ => false,
    };
    assert!(!required, "missing: {}", missing.join(", "));
    println!("skipped: missing {}", missing.join(", "));
    false
}

/// Whether tests that wait for a timer of minutes are wanted, too.
pub fn has_time() -> bool {
    let wanted = std::env::var("ALLO_MAIRIE_LONG_TESTS").is_ok_and(|value| value == "1");
    if !wanted {
        println!("skipped: takes long (ALLO_MAIRIE_LONG_TESTS=1)");
    }
    wanted
}

fn is_there(program: &str) -> bool {
    if program == "fail2ban" {
        return target().join("fail2ban/usr/bin/fail2ban-regex").exists();
    }
    let mut command = match program.strip_prefix("python:") {
        Some(module) => {
            let mut command = Command::new(python());
            command.args(["-c", &format!("import {module}")]);
            command
        }
        None => {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("command -v {program}")]);
            command
        }
    };
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The Python of `scripts/setup.sh --interop`, else the system's.
pub fn python() -> PathBuf {
    let own = target().join("interop/bin/python");
    std::env::var_os("ALLO_MAIRIE_PYTHON")
        .map_or_else(|| if own.exists() { own } else { PathBuf::from("python3") }, PathBuf::from)
}

/// fail2ban's test of a filter, from `scripts/setup.sh --interop`, which unpacks it without installing a service.
pub fn fail2ban_regex() -> Command {
    let own = target().join("fail2ban");
    let mut command = Command::new("python3");
    command.arg(own.join("usr/bin/fail2ban-regex")).arg("-c").arg(own.join("etc/fail2ban"));
    command.env("PYTHONPATH", own.join("usr/lib/python3/dist-packages"));
    command
}

/// A port of loopback that was free for UDP and TCP a moment ago.
pub fn free_port() -> u16 {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
        let port = socket.local_addr().expect("its address").port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
