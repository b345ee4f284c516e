//! baresip as a caller: plays a WAV into the call and records what it hears.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::agent::Agent;
use super::free_port;
use super::process::signal;

/// A caller under way. It never outlives its test.
pub struct Baresip {
    id: u32,
    exited: Receiver<ExitStatus>,
    recordings: PathBuf,
    log: PathBuf,
    finished: bool,
}

impl Baresip {
    /// Calls the agent. `voice`: what the caller says, 16-bit mono WAV of 8 kHz; the call ends with it.
    pub fn call(agent: &Agent, voice: &Path) -> Self {
        let home = agent.directory().join("baresip");
        let recordings = home.join("recordings");
        std::fs::create_dir_all(&recordings).expect("directories");
        let rtp = free_port() & !1;
        // "net_interface lo" fails in baresip 1.0; stdio.so would read our terminal.
        let config = format!(
            "poll_method epoll\n\
             sip_listen 127.0.0.1:{sip}\n\
             net_interface 127.0.0.1\n\
             rtp_ports {rtp}-{last}\n\
             audio_source aufile,{voice}\n\
             audio_player aubridge,nil\n\
             audio_alert aubridge,nil\n\
             ausrc_srate 8000\n\
             auplay_srate 8000\n\
             snd_path {recordings}\n\
             module_path {modules}\n\
             module g711.so\n\
             module aufile.so\n\
             module aubridge.so\n\
             module sndfile.so\n\
             module_tmp uuid.so\n\
             module_tmp account.so\n\
             module_app menu.so\n",
            sip = free_port(),
            last = rtp.saturating_add(20),
            voice = voice.display(),
            recordings = recordings.display(),
            modules = modules().display(),
        );
        let account = "<sip:caller@127.0.0.1>;regint=0;answermode=manual;audio_codecs=pcma/8000/1\n";
        for (name, text) in [("config", config.as_str()), ("accounts", account), ("contacts", "")] {
            std::fs::write(home.join(name), text).expect("baresip's configuration");
        }
        let log = home.join("log");
        let output = File::create(&log).expect("log file");
        let mut child: Child = Command::new("baresip")
            .arg("-f")
            .arg(&home)
            .args(["-e", &format!("/dial sip:mairie@{}", agent.address)])
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
        Self { id, exited, recordings, log, finished: false }
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
        let files = std::fs::read_dir(&self.recordings).expect("recordings");
        let mut heard: Vec<PathBuf> = files
            .map(|entry| entry.expect("recording").path())
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        // Named by time: a transfer that the caller followed comes later.
        heard.sort();
        heard.into_iter().next().expect("a recording")
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
