//! baresip, operated through its `ctrl_tcp` module: JSON in netstrings.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::free_port;
use super::process::Process;

/// Its codec, where none is named.
const SPOKEN: &str = "pcma/8000/1";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Baresip {
    pub address: SocketAddr,
    control: TcpStream,
    received: Vec<u8>,
    messages: VecDeque<Value>,
    _process: Process,
    _home: TempDir,
}

impl Baresip {
    /// A telephone that answers by itself when `answers`, and that has nothing to say for two minutes.
    pub async fn start(answers: bool) -> Baresip {
        Baresip::start_with(answers, |_| 0, SPOKEN, None).await
    }

    /// One that encrypts (`mediaenc` of its account) and gives back what it hears.
    pub async fn start_encrypted(answers: bool, encryption: &str) -> Baresip {
        Baresip::start_with(answers, |_| 0, SPOKEN, Some(encryption)).await
    }

    /// One that says this, asked with the seconds since the beginning, at the rate of this codec, and records what it hears.
    pub async fn start_saying(answers: bool, says: impl Fn(f64) -> i16, codec: &str) -> Baresip {
        Baresip::start_with(answers, says, codec, None).await
    }

    async fn start_with(answers: bool, says: impl Fn(f64) -> i16, codec: &str, encryption: Option<&str>) -> Baresip {
        // No resampler of its own is to change a level.
        let rate: u32 = codec.split('/').nth(1).and_then(|rate| rate.parse().ok()).expect("a codec's rate");
        let home = TempDir::new().expect("temporary directory");
        let voice = home.path().join("silence.wav");
        say(&voice, rate, says);
        let (sip, control, rtp) = (free_port(), free_port(), free_port() & !1);
        // "net_interface lo" fails in baresip 1.0; stdio.so would read our lines.
        let (source, player) = match encryption {
            None => (format!("aufile,{}", voice.display()), "nil"),
            Some(_) => ("aubridge,echo".to_owned(), "echo"),
        };
        let config = format!(
            "poll_method epoll\nsip_listen 127.0.0.1:{sip}\nnet_interface 127.0.0.1\nrtp_ports {rtp}-{last}\n\
             audio_source {source}\naudio_player aubridge,{player}\naudio_alert aubridge,nil\nausrc_srate {rate}\n\
             auplay_srate {rate}\nmodule_path {modules}\nmodule g711.so\nmodule g722.so\nmodule sndfile.so\n\
             snd_path {home}\nmodule aufile.so\nmodule aubridge.so\nmodule srtp.so\n\
             module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
             ctrl_tcp_listen 127.0.0.1:{control}\n",
            last = rtp.saturating_add(20),
            home = home.path().display(),
            modules = modules().display(),
        );
        let mode = if answers { "auto" } else { "manual" };
        let encryption = encryption.map_or(String::new(), |name| format!(";mediaenc={name}"));
        // It dials by the first; the other is an extension.
        let account = ["baresip", "100"]
            .map(|user| format!("<sip:{user}@127.0.0.1>;regint=0;answermode={mode};audio_codecs={codec}{encryption}\n"))
            .concat();
        for (name, text) in [("config", config.as_str()), ("accounts", account.as_str()), ("contacts", "")] {
            std::fs::write(home.path().join(name), text).expect("baresip's configuration");
        }
        let mut command = Command::new("baresip");
        command.arg("-f").arg(home.path());
        let mut process = Process::start("baresip", command);
        process.line("baresip is ready").await;
        let control = TcpStream::connect(("127.0.0.1", control)).await.expect("baresip's control port");
        let address = SocketAddr::from(([127, 0, 0, 1], sip));
        Baresip { address, control, received: Vec::new(), messages: VecDeque::new(), _process: process, _home: home }
    }

    /// What it has heard, 8,000 samples a second; the file is whole once its call has ended.
    pub fn heard(&self) -> Vec<i16> {
        let files = std::fs::read_dir(self._home.path()).expect("its folder").flatten().map(|entry| entry.path());
        let recording = |path: &PathBuf| path.to_string_lossy().ends_with("-dec.wav");
        let path = files.filter(recording).last().expect("a recording");
        let wav = hound::WavReader::open(path).expect("a WAV file");
        let each = wav.spec().sample_rate as usize / 8_000;
        wav.into_samples().map(|sample| sample.expect("a sample")).step_by(each).collect()
    }

    pub async fn tell(&mut self, command: &str, parameters: &str) {
        let text = json!({"command": command, "params": parameters, "token": "test"}).to_string();
        let netstring = format!("{}:{text},", text.len());
        self.control.writable().await.expect("baresip listens");
        // A few dozen bytes into an empty buffer.
        let written = self.control.try_write(netstring.as_bytes()).expect("baresip listens");
        assert_eq!(written, netstring.len());
    }

    /// The next event of this type, like `CALL_ESTABLISHED`.
    pub async fn event(&mut self, kind: &str) -> Value {
        let found = timeout(PATIENCE, async {
            loop {
                while let Some(message) = self.messages.pop_front() {
                    if message["type"] == kind {
                        return message;
                    }
                }
                self.control.readable().await.expect("baresip's events");
                let mut buffer = [0; 4096];
                match self.control.try_read(&mut buffer) {
                    Ok(0) => panic!("baresip has ended"),
                    Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => panic!("baresip's events: {error}"),
                }
                self.cut();
            }
        });
        found.await.unwrap_or_else(|_| panic!("no {kind} from baresip"))
    }

    /// Takes the whole netstrings out of what was received.
    fn cut(&mut self) {
        while let Some(colon) = self.received.iter().position(|byte| *byte == b':') {
            let length: usize = String::from_utf8_lossy(&self.received[..colon]).parse().expect("a length");
            let end = colon + 1 + length;
            if self.received.len() <= end {
                return;
            }
            self.messages.push_back(serde_json::from_slice(&self.received[colon + 1..end]).expect("JSON"));
            self.received.drain(..=end);
        }
    }
}

/// The call ends with its WAV.
fn say(path: &std::path::Path, rate: u32, says: impl Fn(f64) -> i16) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(path, spec).expect("a WAV file");
    for n in 0..120 * rate {
        wav.write_sample(says(f64::from(n) / f64::from(rate))).expect("a sample");
    }
    wav.finalize().expect("a WAV file");
}

/// Debian keeps them here; other systems under another library directory.
fn modules() -> PathBuf {
    ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules", "/usr/lib64/baresip/modules"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_dir())
        .expect("baresip's modules")
}
