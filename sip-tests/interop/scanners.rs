//! sipvicious against our own port on loopback: it learns that something speaks SIP there, and nothing else.

use std::process::Command;
use std::time::Duration;

use crate::peers::process::Process;
use crate::peers::{can_run, python};
use crate::user_agent::{UserAgent, config};

/// A scanner gives up by itself long before.
const LIMIT: Duration = Duration::from_secs(90);

/// The module's command line, in a directory of its own: it keeps sessions in the home directory.
async fn scan(module: &str, arguments: &[&str]) -> Vec<String> {
    scan_from("127.0.0.1", module, arguments).await
}

/// From this address of loopback: of the three modules only `svmap` heeds its `-b`.
pub async fn scan_from(source: &str, module: &str, arguments: &[&str]) -> Vec<String> {
    let home = tempfile::TempDir::new().expect("temporary directory");
    let mut command = Command::new(python());
    let start = format!(
        "import socket, sys\n\
         class Socket(socket.socket):\n    def bind(self, address):\n        super().bind(('{source}', address[1]))\n\
         socket.socket = Socket\n\
         sys.argv[0] = '{module}'\nfrom sipvicious.{module} import main\nmain()"
    );
    command.args(["-c", &start, "-x", source]).args(arguments).env("HOME", home.path()).current_dir(home.path());
    let (_, lines) = Process::start("sipvicious", command).finished(LIMIT).await;
    assert!(!lines.is_empty(), "{module} said nothing");
    lines
}

#[tokio::test]
async fn svmap_learns_no_version() {
    if !can_run(&["python:sipvicious"]) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let port = agent.address.port().to_string();
    let lines = scan("svmap", &["-p", &port, "--randomize", "127.0.0.1"]).await.join("\n");
    // It lists us by our User-Agent, which has no version.
    assert!(lines.contains("allo-mairie"), "{lines}");
    assert!(!lines.contains(env!("CARGO_PKG_VERSION")), "{lines}");
}

/// Every extension gets the same answer, whether we would know it or not, so none is "found".
#[tokio::test]
async fn svwar_finds_no_extension() {
    if !can_run(&["python:sipvicious"]) {
        return;
    }
    for method in ["REGISTER", "OPTIONS", "INVITE"] {
        let agent = UserAgent::start(config("mairie")).await;
        let port = agent.address.port().to_string();
        let arguments = ["-p", &port, "-e", "100-140", "-m", method, "--force", "127.0.0.1"];
        let lines = scan("svwar", &arguments).await.join("\n");
        assert!(lines.contains("found nothing"), "{method}: {lines}");
    }
}

#[tokio::test]
async fn svcrack_cracks_nothing() {
    if !can_run(&["python:sipvicious"]) {
        return;
    }
    let agent = UserAgent::start(config("mairie")).await;
    let port = agent.address.port().to_string();
    let lines = scan("svcrack", &["-p", &port, "-u", "100", "-r", "1-50", "127.0.0.1"]).await.join("\n");
    assert!(lines.contains("found nothing"), "{lines}");
}
