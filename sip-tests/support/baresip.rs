//! baresip as a caller: says WAVs into the call and records what it hears.

use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use allo_mairie::audio::wav;
use serde_json::json;

use super::agent::Agent;
use super::caller::{Caller, KeyWay, Terms};
use super::free_port;
use super::process::signal;
use super::relay::Relay;

/// The call ends with what is said.
const SILENCE_S: usize = 600;
const PATIENCE: Duration = Duration::from_secs(10);

/// A caller under way. It never outlives its test.
pub struct Baresip {
    id: u32,
    exited: Receiver<ExitStatus>,
    control: u16,
    recordings: PathBuf,
    log: PathBuf,
    finished: bool,
}

impl Baresip {
    /// Calls the agent. `voice`: what the caller says, 16-bit mono WAV of 8 kHz; the call ends with it.
    pub fn call(agent: &Agent, voice: &Path) -> Self {
        Self::dial(agent, &agent.uri(), voice, &Terms::default())
    }

    /// Calls the agent, through the relay if there is one, and is silent until told what to say, at the codec's rate.
    pub fn call_silently(agent: &Agent, relay: Option<&Relay>, terms: &Terms) -> Self {
        let rate = terms.codec.sample_rate();
        let silence = agent.directory().join(format!("silence-{rate}.wav"));
        let samples = vec![0; SILENCE_S * rate as usize];
        std::fs::write(&silence, wav::write_mono(&samples, rate).expect("WAV")).expect("written");
        Self::dial(agent, &relay.map_or_else(|| agent.uri(), Relay::uri), &silence, terms)
    }

    fn dial(agent: &Agent, uri: &str, voice: &Path, terms: &Terms) -> Self {
        let home = agent.directory().join(format!("baresip-{}", free_port()));
        let recordings = home.join("recordings");
        std::fs::create_dir_all(&recordings).expect("directories");
        let (rtp, control) = (free_port() & !1, free_port());
        // "net_interface lo" fails in baresip 1.0; stdio.so would read our terminal.
        let config = format!(
            "poll_method epoll\n\
             sip_listen 127.0.0.1:{sip}\n\
             net_interface 127.0.0.1\n\
             rtp_ports {rtp}-{last}\n\
             jitter_buffer_delay 4-20\n\
             audio_source aufile,{voice}\n\
             audio_player aubridge,nil\n\
             audio_alert aubridge,nil\n\
             ausrc_srate {rate}\n\
             auplay_srate {rate}\n\
             snd_path {recordings}\n\
             module_path {modules}\n\
             module g711.so\n\
             module g722.so\n\
             module srtp.so\n\
             module plc.so\n\
             module aufile.so\n\
             module aubridge.so\n\
             module sndfile.so\n\
             module_tmp uuid.so\n\
             module_tmp account.so\n\
             module_app menu.so\n\
             module_app ctrl_tcp.so\n\
             ctrl_tcp_listen 127.0.0.1:{control}\n",
            sip = free_port(),
            last = rtp.saturating_add(20),
            voice = voice.display(),
            rate = terms.codec.sample_rate(),
            recordings = recordings.display(),
            modules = modules().display(),
        );
        let account = format!(
            "<sip:caller@127.0.0.1>;regint=0;answermode=manual;audio_codecs={codec}/{rate}/1;ptime={ptime}{encryption}\n",
            codec = terms.codec.name().to_lowercase(),
            rate = terms.codec.sample_rate(),
            ptime = terms.packet_ms,
            encryption = if terms.encrypted { ";mediaenc=srtp-mand" } else { "" },
        );
        for (name, text) in [("config", config.as_str()), ("accounts", account.as_str()), ("contacts", "")] {
            std::fs::write(home.join(name), text).expect("baresip's configuration");
        }
        let log = home.join("log");
        let output = File::create(&log).expect("log file");
        let mut child: Child = Command::new("baresip")
            .arg("-f")
            .arg(&home)
            .args(["-e", &format!("/dial {uri}")])
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("log file"))
            .stdout(output)
            .spawn()
            .expect("baresip starts");
        let id = child.id();
        let (sender, exited) = sync_channel(1);
        std::thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = sender.send(status);
            }
        });
        Self { id, exited, control, recordings, log, finished: false }
    }

    /// Quits, so that the recordings are complete; gives what the caller heard.
    pub fn recording(mut self) -> PathBuf {
        // With a call under way it wants to be told twice.
        let quit = (0..2).any(|_| {
            signal("-TERM", self.id);
            self.exited.recv_timeout(Duration::from_secs(5)).is_ok()
        });
        assert!(quit, "baresip does not quit");
        self.finished = true;
        self.newest_recording().expect("a recording")
    }

    fn newest_recording(&self) -> Option<PathBuf> {
        let files = std::fs::read_dir(&self.recordings).expect("recordings");
        let mut heard: Vec<PathBuf> = files
            .map(|entry| entry.expect("recording").path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        // Named by time: a transfer that the caller followed comes later.
        heard.sort();
        heard.into_iter().next()
    }

    /// A command of its menu, through `ctrl_tcp`: JSON in a netstring.
    fn tell(&self, command: &str, parameters: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", self.control)) {
                Ok(stream) => break stream,
                // It is still starting: refused at once.
                Err(error) => assert!(Instant::now() < deadline, "baresip's control port: {error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let text = json!({"command": command, "params": parameters, "token": "test"}).to_string();
        stream.write_all(format!("{}:{text},", text.len()).as_bytes()).expect("baresip listens");
        // Its answer says that it has obeyed.
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut answer = [0; 4_096];
        let length = std::io::Read::read(&mut stream, &mut answer).expect("baresip answers");
        assert!(length > 0, "baresip has closed its control port");
    }
}

impl Caller for Baresip {
    fn say(&mut self, wav: &Path) {
        self.tell("ausrc", &format!("aufile,{}", wav.display()));
    }

    fn press(&mut self, keys: &str, way: KeyWay) {
        assert_eq!(way, KeyWay::Event, "baresip 1.0 knows no other");
        for key in keys.chars() {
            self.tell("sndcode", &key.to_string());
        }
    }

    fn recording(&self) -> Option<PathBuf> {
        self.newest_recording()
    }

    fn hang_up(&mut self) {
        self.tell("hangup", "");
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        if !self.finished {
            signal("-KILL", self.id);
            let _ = self.exited.recv_timeout(Duration::from_secs(5));
        }
        if std::thread::panicking() {
            eprintln!("baresip's log:\n{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

/// Debian keeps them here; other systems under another library directory.
fn modules() -> PathBuf {
    ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules", "/usr/lib64/baresip/modules"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_dir())
        .expect("baresip's modules")
}
