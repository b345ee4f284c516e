//! Kamailio as a switchboard's proxy and registrar: `sip-tests/support/kamailio.cfg`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use allo_mairie::sip::RegistrationSettings;
use allo_mairie::sip::digest::Password;
use tempfile::TempDir;

use super::process::Process;
use super::{free_port, root};
use crate::user_agent::UserAgent;

pub struct Kamailio {
    pub address: SocketAddr,
    pub process: Process,
    _directory: TempDir,
}

/// What a test may want otherwise.
pub struct Options {
    /// Of digest.
    pub algorithm: &'static str,
    /// Longest registration it grants, in seconds.
    pub longest: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { algorithm: "MD5", longest: 3_600 }
    }
}

impl Kamailio {
    /// Calls to `mairie` go to `agent`; ready when it answers our OPTIONS.
    pub async fn start(agent: &UserAgent) -> Kamailio {
        Kamailio::start_with(agent, Options::default()).await
    }

    pub async fn start_with(agent: &UserAgent, options: Options) -> Kamailio {
        let settings = [
            ("@AGENT@", agent.address.to_string()),
            ("@ALGORITHM@", options.algorithm.to_owned()),
            ("@LONGEST@", options.longest.to_string()),
        ];
        Kamailio::run("kamailio.cfg", &settings, agent).await
    }

    /// As a dispatcher (`sip-tests/support/dispatcher.cfg`): calls go to the first of `agents` that answers its OPTIONS,
    /// which it sends every so many seconds.
    pub async fn dispatching(agents: [&UserAgent; 2], ping: u32) -> Kamailio {
        let [first, second] = agents.map(|agent| agent.address.to_string());
        // Inactive and probed (flags 1 and 8), so that its first answer is told.
        let list = TempDir::new().expect("temporary directory");
        let path = list.path().join("dispatcher.list");
        std::fs::write(&path, format!("1 sip:{first} 9 10\n1 sip:{second} 9 5\n")).expect("its list");
        let settings = [("@LIST@", path.display().to_string()), ("@PING@", ping.to_string())];
        // It has read its list when it answers.
        Kamailio::run("dispatcher.cfg", &settings, agents[0]).await
    }

    async fn run(configuration: &str, settings: &[(&str, String)], agent: &UserAgent) -> Kamailio {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let directory = TempDir::new().expect("temporary directory");
        let path = directory.path().join("kamailio.cfg");
        let text =
            std::fs::read_to_string(root().join("sip-tests/support").join(configuration)).expect("its configuration");
        let text =
            text.replace("@LISTEN@", &address.to_string()).replace("@MODULES@", &modules().display().to_string());
        let text = settings.iter().fold(text, |text, (name, value)| text.replace(name, value));
        std::fs::write(&path, text).expect("its configuration");
        let mut command = Command::new("kamailio");
        command.arg("-f").arg(&path).args(["-DD", "-E", "-m", "64", "-M", "8", "-Y"]).arg(directory.path());
        command.arg("-P").arg(directory.path().join("kamailio.pid"));
        let process = Process::start("kamailio", command);
        agent.ping(&format!("sip:{address}"), address).await;
        Kamailio { address, process, _directory: directory }
    }

    /// As a switchboard's address to register with.
    pub fn registration(&self, user: &str) -> RegistrationSettings {
        RegistrationSettings {
            registrar: format!("sip:{}", self.address),
            user: user.into(),
            password: Password { user: user.into(), password: "secret".into() },
            realm: None,
            expires: Duration::from_secs(300),
        }
    }

    pub async fn line(&mut self, text: &str) -> String {
        self.process.line(text).await
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
