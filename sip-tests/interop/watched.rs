//! What the IT service sees of a call: a capture that tshark reads, figures that curl and promtool read, `health`. baresip
//! calls; the commands are the program's own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use allo_mairie::config::Config;
use allo_mairie::net::LocalListener;
use allo_mairie::server::{Monitor, observe};
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::agent::Agent;
use crate::peers::baresip::Baresip;
use crate::peers::can_run;

/// The agent, watched as the service is.
struct Watched {
    agent: Agent,
    monitor: std::sync::Arc<Monitor>,
    directory: tempfile::TempDir,
    metrics: u16,
    _observers: tokio::task::JoinSet<()>,
    _stop: watch::Sender<bool>,
}

impl Watched {
    async fn start() -> Watched {
        let agent = Agent::start().await;
        let directory = tempfile::tempdir().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let text = format!(
            "[sip]\nlisten = ['udp:{}']\n[control]\nsocket = '{}'\n[metrics]\nlisten = '{free}'\n",
            agent.address,
            directory.path().join("service.sock").display(),
        );
        std::fs::write(directory.path().join("config.toml"), &text).expect("a file");
        let config = Config::from_parts(Some(("config.toml", &text)), []).expect("a configuration");
        let monitor = Monitor::new(&config, agent.sip.clone(), agent.recognisers.clone(), agent.speaker.clone());
        let (stop, stopping) = watch::channel(false);
        let observers = observe(&config, &agent.sip, &monitor, stopping).await.expect("a socket and a port");
        Watched { agent, monitor, directory, metrics: free.port(), _observers: observers, _stop: stop }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command of the program, in French on its output.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_allo-mairie"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.file("config.toml"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// A capture that is under way, and what it says afterwards.
    fn capture(&self, file: &Path, options: &[&str]) -> Capture {
        let arguments = [&["capture", file.to_str().expect("a plain name")], options].concat();
        let mut child = self.command(&arguments).spawn().expect("the program");
        let mut said = BufReader::new(child.stderr.take().expect("its output"));
        let mut line = String::new();
        block_in_place(|| said.read_line(&mut line)).expect("a line");
        assert!(line.starts_with("Capture "), "{line}");
        Capture { child, said }
    }

    /// baresip calls, listens to the greeting, and hangs up.
    async fn call(&mut self) {
        let mut peer = Baresip::start(false).await;
        peer.tell("dial", &self.agent.uri()).await;
        peer.event("CALL_ESTABLISHED").await;
        // The length of the call: nothing is waited for.
        #[expect(clippy::disallowed_methods, reason = "a call of 0.7 s in real time")]
        tokio::time::sleep(Duration::from_millis(700)).await;
        peer.tell("hangup", "").await;
        let record = self.agent.record().await;
        assert!(record.packets.sent > 20 && record.packets.received > 20, "{record:?}");
        self.monitor.call_ended(&record);
    }
}

struct Capture {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Capture {
    /// Waits for the end.
    fn report(mut self) -> String {
        let mut text = String::new();
        block_in_place(|| self.said.read_to_string(&mut text)).expect("text");
        let status = block_in_place(|| self.child.wait()).expect("an end");
        assert!(status.success(), "{text}");
        text
    }
}

/// A command never outlives its test.
impl Drop for Capture {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn output(command: &mut Command) -> Output {
    block_in_place(|| command.output()).expect("it runs")
}

fn tshark(file: &Path, arguments: &[&str]) -> String {
    let file = file.to_str().expect("a plain name");
    let found = output(Command::new("tshark").args(["-r", file]).args(arguments));
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn tshark_follows_a_captured_call_and_finds_nothing_private() {
    if !can_run(&["baresip", "tshark"]) {
        return;
    }
    let mut watched = Watched::start().await;
    let file = watched.file("appel.pcap");
    let capture = watched.capture(&file, &[]);
    let refused = output(&mut watched.command(&["capture", "autre.pcap"]));
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("Une autre capture"));
    watched.call().await;
    let report = capture.report();
    assert!(
        report.starts_with("Capture terminée : 1 appel, ") && report.contains("Laissés de côté : le son"),
        "{report}"
    );

    let sip = tshark(&file, &["-q", "-z", "sip,stat"]);
    for line in ["INVITE", "ACK", "BYE", "200 OK"] {
        assert!(sip.contains(line), "{line} in {sip}");
    }
    let streams = tshark(&file, &["-q", "-z", "rtp,streams"]);
    assert_eq!(streams.matches("g711A").count(), 2, "one each way: {streams}");
    // Without the descriptions it would not know them; nothing is malformed, nothing of the voice is there.
    let rtp =
        tshark(&file, &["-Y", "rtp", "-T", "fields", "-e", "rtp.payload", "-e", "frame.cap_len", "-e", "frame.len"]);
    assert!(rtp.lines().count() > 40, "{rtp}");
    assert!(rtp.lines().all(|line| matches!(line, "<MISSING>\t40\t200" | "\t40\t200")), "{rtp}");
    let malformed = tshark(&file, &["-Y", "_ws.malformed && sip"]);
    assert_eq!(malformed, "");
    let bytes = std::fs::read(&file).expect("the file");
    let found = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(found("INVITE sip:xxxxxx@127.0.0.1") && !found("sip:mairie@") && !found("sip:baresip@"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_voice_is_there_when_it_was_asked_for() {
    if !can_run(&["baresip", "tshark"]) {
        return;
    }
    let mut watched = Watched::start().await;
    let file = watched.file("appel.pcap");
    let capture = watched.capture(&file, &["--audio", "--personal", "--calls", "2"]);
    watched.call().await;
    // Ctrl-C, though a second call was to come.
    let id = capture.child.id().to_string();
    assert!(output(Command::new("kill").args(["-INT", &id])).status.success());
    let report = capture.report();
    assert!(
        report.contains("Arrêtée à votre demande") && report.contains("Attention, le fichier contient le son"),
        "{report}"
    );
    let rtp = tshark(&file, &["-Y", "rtp", "-T", "fields", "-e", "rtp.payload"]);
    assert!(rtp.lines().count() > 40 && rtp.lines().all(|line| line.len() == 320), "{rtp}");
    let to = tshark(&file, &["-Y", "sip.Method == INVITE", "-T", "fields", "-e", "sip.to.user"]);
    assert_eq!(to.trim(), "mairie");
    // Another may begin.
    drop(watched.capture(&watched.file("suite.pcap"), &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_and_health_tell_of_calls_that_ended() {
    if !can_run(&["baresip", "curl"]) {
        return;
    }
    let mut watched = Watched::start().await;
    watched.call().await;
    let url = format!("http://127.0.0.1:{}/metrics", watched.metrics);
    let page = output(Command::new("curl").args(["--fail", "--silent", "--show-error", &url]));
    let text = String::from_utf8(page.stdout).expect("text");
    for line in [
        "allo_mairie_calls_total{outcome=\"caller_hung_up\"} 1",
        "allo_mairie_call_mos_count{direction=\"received\"} 1",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} in {text}");
    }
    let file = watched.file("page");
    std::fs::write(&file, &text).expect("a file");
    let page = std::fs::File::open(&file).expect("the file");
    match block_in_place(|| Command::new("promtool").args(["check", "metrics"]).stdin(page).output()) {
        Ok(lint) => {
            let said = String::from_utf8_lossy(&[lint.stdout, lint.stderr].concat()).into_owned();
            assert!(lint.status.success() && said.is_empty(), "{said}");
        }
        Err(_) => println!("not linted: no promtool"),
    }
    let health = output(&mut watched.command(&["health"]));
    let said = String::from_utf8_lossy(&health.stdout).into_owned();
    assert!(
        health.status.success() && said.contains("prêt à prendre des appels") && !said.contains("Attention"),
        "{said}"
    );
    // The socket is the service's own.
    assert!(LocalListener::bind(&watched.file("service.sock")).is_err());
}
