//! Kamailio as a switchboard's proxy and registrar: `sip-tests/support/kamailio.cfg`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::Process;
use super::{free_port, root};
use crate::user_agent::UserAgent;

pub struct Kamailio {
    pub address: SocketAddr,
    pub process: Process,
    _directory: TempDir,
}

impl Kamailio {
    /// Calls to `mairie` go to `agent`; ready when it answers our OPTIONS.
    pub async fn start(agent: &UserAgent) -> Kamailio {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let directory = TempDir::new().expect("temporary directory");
        let path = directory.path().join("kamailio.cfg");
        let text = std::fs::read_to_string(root().join("sip-tests/support/kamailio.cfg")).expect("its configuration");
        let text = text
            .replace("@LISTEN@", &address.to_string())
            .replace("@AGENT@", &agent.address.to_string())
            .replace("@MODULES@", &modules().display().to_string());
        std::fs::write(&path, text).expect("its configuration");
        let mut command = Command::new("kamailio");
        command.arg("-f").arg(&path).args(["-DD", "-E", "-m", "64", "-M", "8", "-Y"]).arg(directory.path());
        command.arg("-P").arg(directory.path().join("kamailio.pid"));
        let process = Process::start("kamailio", command);
        agent.ping(&format!("sip:{address}"), address).await;
        Kamailio { address, process, _directory: directory }
    }
}

fn modules() -> PathBuf {
    let directories = std::fs::read_dir("/usr/lib").into_iter().flatten().filter_map(Result::ok);
    directories
        .map(|entry| entry.path().join("kamailio/modules"))
        .chain([PathBuf::from("/usr/lib/kamailio/modules"), PathBuf::from("/usr/lib64/kamailio/modules")])
        .find(|path| Path::is_dir(path))
        .expect("Kamailio's modules")
}
