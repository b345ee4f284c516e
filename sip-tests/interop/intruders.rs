//! sipvicious against the access rules, from networks that are dropped, refused, challenged and accepted, while the
//! switchboard's calls go on; what the journal says of it, read by fail2ban; what it costs.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use allo_mairie::config::{LogConfig, LogFormat};
use allo_mairie::sip::digest::Password;
use allo_mairie::sip::{AccessConfig, Action, EndCause, EndpointConfig};
use allo_mairie::telemetry;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::peers::pjsua::Pjsua;
use crate::peers::process::Process;
use crate::peers::sipp::Sipp;
use crate::peers::{can_run, fail2ban_regex, root};
use crate::scanners::scan;
use crate::user_agent::{UserAgent, answer_all, config};

const SCANNERS: &[&str] = &["python:sipvicious", "python:pjsua2", "sipp"];

/// Where intruders come from; the switchboard is at 127.0.0.1.
const DROPPED: &str = "127.0.0.2";
const REFUSED: &str = "127.0.0.3";
const CHALLENGED: &str = "127.0.0.4";

/// An endpoint with a rule for each, and one account.
fn guarded(password: &str) -> EndpointConfig {
    let rule = |ip: &str, action| (format!("{ip}/32").parse().expect("a network"), action);
    let networks = vec![
        rule("127.0.0.1", Action::Accept),
        rule(DROPPED, Action::Drop),
        rule(REFUSED, Action::Refuse),
        rule(CHALLENGED, Action::Challenge),
    ];
    let accounts = vec![Password { user: "100".into(), password: password.into() }];
    let access = AccessConfig { networks, realm: "mairie".into(), accounts, ..AccessConfig::closed() };
    EndpointConfig { access, ..config("mairie") }
}

/// The product's journal, kept.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the journal").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Journal;

    fn make_writer(&'a self) -> Journal {
        self.clone()
    }
}

impl Journal {
    /// For this thread, on which the endpoint runs as well.
    fn open(format: LogFormat) -> (Journal, tracing::subscriber::DefaultGuard) {
        let journal = Journal::default();
        let log = LogConfig { level: LevelFilter::INFO, format, personal: false };
        let subscriber = telemetry::subscriber(&log, None, journal.clone(), false).expect("a subscriber");
        (journal, tracing::subscriber::set_default(subscriber))
    }

    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("the journal").clone();
        String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn debug_scan() {
    let agent = UserAgent::start(guarded("7")).await;
    let port = agent.address.port().to_string();
    let (journal, _guard) = Journal::open(LogFormat::Text);
    for source in [DROPPED, REFUSED, CHALLENGED] {
        let start = Instant::now();
        println!("{source} svmap {:#?}", scan("svmap", &["-b", source, "-p", &port, "127.0.0.1"]).await);
        println!("{:?}", start.elapsed());
        for method in ["REGISTER", "OPTIONS", "INVITE"] {
            println!("{source} svwar {method} {:#?}", scan("svwar", &["-b", source, "-p", &port, "-e", "90-130", "-m", method, "--force", "127.0.0.1"]).await);
            println!("{:?}", start.elapsed());
        }
        for method in ["REGISTER", "OPTIONS"] {
            println!("{source} svcrack {method} {:#?}", scan("svcrack", &["-b", source, "-p", &port, "-u", "100", "-m", method, "-r", "1-50", "127.0.0.1"]).await);
            println!("{:?}", start.elapsed());
        }
    }
    println!("{:#?}", journal.lines());
}
