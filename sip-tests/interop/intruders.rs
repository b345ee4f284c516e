//! sipvicious against the access rules, from networks that are dropped, refused, challenged and accepted, while the
//! switchboard's calls go on; what the journal says of it, read by fail2ban; what it costs.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use allo_mairie::config::{LogConfig, LogFormat};
use allo_mairie::net::now;
use allo_mairie::sip::digest::Password;
use allo_mairie::sip::{AccessConfig, Action, Command, EndCause, EndpointConfig};
use allo_mairie::telemetry;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::peers::pjsua::Pjsua;
use crate::peers::process::Process;
use crate::peers::sipp::Sipp;
use crate::peers::{can_run, fail2ban_regex, root};
use crate::scanners::scan_from;
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

/// What a scanner said, without what it says to everybody.
fn all(lines: &[String]) -> String {
    lines.join("\n")
}

/// fail2ban finds these sources in the journal, with the filter we ship, and nothing else.
async fn banned(journal: &Journal, sources: &[&str]) {
    let directory = tempfile::TempDir::new().expect("temporary directory");
    let file = directory.path().join("journal");
    // It waits for the end of a line that has none.
    std::fs::write(&file, journal.lines().join("\n") + "\n").expect("the journal");
    let mut command = fail2ban_regex();
    command.args(["--usedns", "no", "--out", "ip"]).arg(&file);
    command.arg(root().join("packaging/fail2ban/filter.d/allo-mairie.conf"));
    let (success, mut found) = Process::start("fail2ban-regex", command).finished(Duration::from_secs(20)).await;
    assert!(success, "{found:?}");
    found.sort();
    assert_eq!(found, sources, "{:#?}", journal.lines());
}

/// From each network at once: what the tools find out, and what the switchboard notices of it.
#[tokio::test]
async fn scanners_meet_the_rule_for_their_network() {
    if !can_run(SCANNERS) || !can_run(&["fail2ban"]) {
        return;
    }
    let (journal, _guard) = Journal::open(LogFormat::Text);
    let mut agent = UserAgent::start(guarded("7")).await;
    let (address, port) = (agent.address.to_string(), agent.address.port().to_string());
    let map = ["-p", &port, "127.0.0.1"];
    let register = ["-p", &port, "-m", "REGISTER", "-e", "90-130", "--force", "127.0.0.1"];
    let invite = ["-p", &port, "-m", "INVITE", "-e", "90-130", "--force", "127.0.0.1"];
    let crack = ["-p", &port, "-u", "100", "-m", "OPTIONS", "-r", "1-50", "127.0.0.1"];
    let dropped = async {
        let (map, register, invite) = tokio::join!(
            scan_from(DROPPED, "svmap", &map),
            scan_from(DROPPED, "svwar", &register),
            scan_from(DROPPED, "svwar", &invite),
        );
        for (lines, silence) in [(map, "found nothing"), (register, "timed out"), (invite, "timed out")] {
            let lines = all(&lines);
            assert!(lines.contains(silence) && lines.contains("found nothing"), "{lines}");
            assert!(!lines.contains("allo-mairie") && !lines.contains("SIP/2.0"), "{lines}");
        }
    };
    let refused = async {
        let lines = all(&scan_from(REFUSED, "svmap", &map).await);
        assert!(lines.contains("allo-mairie") && !lines.contains(env!("CARGO_PKG_VERSION")), "{lines}");
        let (register, invite) =
            tokio::join!(scan_from(REFUSED, "svwar", &register), scan_from(REFUSED, "svwar", &invite));
        for lines in [register, invite] {
            let lines = all(&lines);
            assert!(lines.contains("SIP/2.0 403 Forbidden") && lines.contains("found nothing"), "{lines}");
        }
    };
    let challenged = async {
        let lines = all(&scan_from(CHALLENGED, "svmap", &map).await);
        assert!(lines.contains("allo-mairie") && !lines.contains(env!("CARGO_PKG_VERSION")), "{lines}");
        let (register, invite, crack) = tokio::join!(
            scan_from(CHALLENGED, "svwar", &register),
            scan_from(CHALLENGED, "svwar", &invite),
            // It does not know SHA-256, and gives up.
            scan_from(CHALLENGED, "svcrack", &crack),
        );
        for lines in [register, invite] {
            let lines = all(&lines);
            assert!(lines.contains("SIP/2.0 401 Unauthorized") && lines.contains("found nothing"), "{lines}");
        }
        let lines = all(&crack);
        assert!(lines.contains("found nothing"), "{lines}");
    };
    // Meanwhile the switchboard calls, for as long as this takes.
    let sipp = Sipp::start("caller", &["-m", "50", "-r", "10", &address]);
    let calls = async {
        assert_eq!(answer_all(&mut agent, 50).await, vec![EndCause::RemoteBye; 50]);
        sipp.succeeded_without_repetition().await;
    };
    tokio::join!(dropped, refused, challenged, calls);
    assert!(!agent.has_been_called(), "no scanner got a call through");
    banned(&journal, &[DROPPED, REFUSED]).await;
}

/// Passwords: the right one lets a telephone from a challenged network in, a wrong one is told to the journal, in JSON.
#[tokio::test]
async fn a_challenged_telephone_gets_in_with_the_right_password_only() {
    if !can_run(SCANNERS) || !can_run(&["fail2ban"]) {
        return;
    }
    let (journal, _guard) = Journal::open(LogFormat::Json);
    let mut agent = UserAgent::start(guarded("juste")).await;
    let call = format!("call {}", agent.uri("mairie"));
    let source = CHALLENGED.parse().expect("an address");
    let mut wrong = Pjsua::start_at(source, &["user=100", "password=faux"]).await;
    wrong.tell(&call);
    wrong.line("state 0 DISCONNECTED 401").await;
    assert!(!agent.has_been_called());
    banned(&journal, &[CHALLENGED]).await;

    let mut right = Pjsua::start_at(source, &["user=100", "password=juste"]).await;
    right.tell(&call);
    let (mut taken, offer) = agent.incoming().await;
    taken.answer(offer).await;
    right.line("state 0 CONFIRMED 200").await;
    right.tell("hangup 0");
    assert_eq!(taken.ended().await, EndCause::RemoteBye);
}

/// In an accepted network every INVITE rings, whatever the extension: the scanner learns none, and cancels.
#[tokio::test]
async fn a_scanner_in_an_accepted_network_finds_no_extension() {
    if !can_run(SCANNERS) {
        return;
    }
    let mut agent = UserAgent::start(guarded("7")).await;
    let port = agent.address.port().to_string();
    let invite = ["-p", &port, "-m", "INVITE", "-e", "90-130", "--force", "127.0.0.1"];
    let mut ringing = Vec::new();
    let lines = tokio::select! {
        lines = scan_from("127.0.0.1", "svwar", &invite) => all(&lines),
        () = async {
            loop {
                let (call, _) = agent.incoming().await;
                call.command(Command::Ring).await;
                ringing.push(call);
            }
        } => unreachable!("it goes on for ever"),
    };
    assert!(lines.contains("found nothing"), "{lines}");
    assert!(!ringing.is_empty());
    for call in &mut ringing {
        assert_eq!(call.ended().await, EndCause::RemoteCancel);
    }
}

/// An accepted network has no rate: what bounds it is the number of lines. Whoever floods from there gets 486 with
/// Retry-After; the calls that have a line go on, and the line they leave is free.
#[tokio::test]
async fn beyond_the_lines_there_are_calls_are_refused_and_those_there_are_go_on() {
    if !can_run(SCANNERS) {
        return;
    }
    let mut agent = UserAgent::start(EndpointConfig { max_calls: 1, ..guarded("7") }).await;
    let mut peer = Pjsua::start(&[]).await;
    let dial = format!("call {}", agent.uri("mairie"));
    peer.tell(&dial);
    let (mut call, offer) = agent.incoming().await;
    call.answer(offer).await;
    peer.line("state 0 CONFIRMED 200").await;

    let sipp = Sipp::start("busy", &["-m", "500", "-r", "500", &agent.address.to_string()]);
    let during = async {
        peer.tell("hold 0");
        let (offer, _) = call.reoffered().await;
        call.answer_reoffer(offer).await;
        peer.line("media 0 2").await;
    };
    tokio::join!(sipp.succeeded_without_repetition(), during);
    peer.tell("hangup 0");
    assert_eq!(call.ended().await, EndCause::RemoteBye);
    assert!(!agent.has_been_called());
    peer.line("state 0 DISCONNECTED").await;
    peer.tell(&dial);
    let (mut call, offer) = agent.incoming().await;
    call.answer(offer).await;
    peer.line("state 1 CONFIRMED 200").await;
}

/// Requests of sipvicious's shape sent from each network.
const FLOOD: usize = 10_000;
/// So many, then one of the switchboard's that is waited for: no more than the socket holds.
const BATCH: usize = 100;

/// OPTIONS as `svmap` sends it.
fn options(source: SocketAddr, number: usize) -> String {
    format!(
        "OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {source};branch=z9hG4bK-{number};rport\r\n\
         Max-Forwards: 70\r\nTo: \"sipvicious\"<sip:100@1.1.1.1>\r\n\
         From: \"sipvicious\"<sip:100@1.1.1.1>;tag=37663030303030313133633401333436363534343034\r\n\
         User-Agent: friendly-scanner\r\nCall-ID: {number}\r\nContact: sip:100@{source}\r\nCSeq: 1 OPTIONS\r\n\
         Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Sends the flood from this address; gives how many answers came.
fn flood(source: Ipv4Addr, to: SocketAddr) -> usize {
    let bind = |ip: Ipv4Addr| UdpSocket::bind((ip, 0)).expect("a socket on loopback");
    let (intruder, switchboard) = (bind(source), bind(Ipv4Addr::LOCALHOST));
    intruder.set_nonblocking(true).expect("a socket");
    switchboard.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    let (from, own) = (intruder.local_addr().expect("bound"), switchboard.local_addr().expect("bound"));
    let mut buffer = [0; 4_096];
    let mut answers = 0;
    for batch in 0..FLOOD / BATCH {
        for number in 0..BATCH {
            intruder.send_to(options(from, batch * BATCH + number).as_bytes(), to).expect("sent");
        }
        switchboard.send_to(options(own, batch).as_bytes(), to).expect("sent");
        let length = switchboard.recv(&mut buffer).expect("the switchboard has its answer");
        assert!(buffer[..length].starts_with(b"SIP/2.0 200 "));
        while intruder.recv(&mut buffer).is_ok() {
            answers += 1;
        }
    }
    answers
}

/// Processor time of this thread, on which the endpoint runs.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    Duration::from_nanos(text.split_whitespace().next().and_then(|text| text.parse().ok()).expect("nanoseconds"))
}

/// A flood gets the answers its network's rule allows, at a cost that is printed, and the switchboard each of its own.
#[tokio::test]
async fn a_flood_is_answered_within_its_limits() {
    let (_journal, _guard) = Journal::open(LogFormat::Text);
    let agent = UserAgent::start(guarded("7")).await;
    for source in ["127.0.0.1", DROPPED, REFUSED, CHALLENGED] {
        let (ip, to) = (source.parse().expect("an address"), agent.address);
        let (start, before) = (now(), processor_time());
        let answers = tokio::task::spawn_blocking(move || flood(ip, to)).await.expect("the flood");
        let (took, cost) = (start.elapsed(), processor_time() - before);
        println!(
            "{source}: {answers} answers; {:.1} ms of processor time for 1,000 packets",
            cost.as_secs_f64() * 1e6 / FLOOD as f64
        );
        match source {
            "127.0.0.1" => assert_eq!(answers, FLOOD),
            DROPPED => assert_eq!(answers, 0),
            // Twenty at once and five a second.
            _ => assert!((20..=21 + took.as_secs() as usize * 5 + 5).contains(&answers), "{answers} in {took:?}"),
        }
    }
}
