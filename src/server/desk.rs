//! Answers the commands of this machine (see [`crate::control`]).
//!
//! Owns: the connections, the bounds of a capture. Must not know: what packets hold.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Semaphore, watch};
use tracing::{info, warn};

use super::monitor::Monitor;
use crate::capture::{Armed, FILE_HEADER, MAX_CALLS, Seen, Tap, Wanted};
use crate::config::CaptureConfig;
use crate::control::{Answer, End, MAX_REQUEST, Request, Summary};
use crate::net::{LocalListener, LocalStream, now, sleep_until};

/// Commands answered at once; the next one waits.
const MAX_CONNECTIONS: usize = 8;
/// A command says what it wants, and takes what it is given, within this.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after its last call a capture waits for what still belongs to it, or for the call to come again.
const AFTERLIFE: Duration = Duration::from_secs(3);
/// After a failure to take a connection, how long none is taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What commands may ask about.
pub struct Desk {
    pub monitor: Arc<Monitor>,
    pub tap: Tap,
    pub limits: CaptureConfig,
}

impl Desk {
    /// Answers until it is dropped. `stopping`: true once the service stops.
    pub async fn serve(self, listener: LocalListener, stopping: watch::Receiver<bool>) {
        let (desk, places) = (Arc::new(self), Arc::new(Semaphore::new(MAX_CONNECTIONS)));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok(stream) => {
                    let (desk, stopping) = (desk.clone(), stopping.clone());
                    tokio::spawn(async move {
                        // Who has gone needs no answer.
                        let _ = desk.answer(stream, stopping).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(%error, "no command can be taken");
                    sleep_until(Some(now() + ACCEPT_PAUSE)).await;
                }
            }
        }
    }

    async fn answer(&self, stream: LocalStream, stopping: watch::Receiver<bool>) -> io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader.take(MAX_REQUEST));
        let mut line = String::new();
        within(reader.read_line(&mut line)).await?;
        match serde_json::from_str(&line) {
            Ok(Request::Status) => tell(&mut writer, &Answer::Status(self.monitor.status().await)).await,
            Ok(Request::Capture(wanted)) if (1..=MAX_CALLS).contains(&wanted.calls) => match self.tap.arm(wanted) {
                Ok(armed) => {
                    let (max_bytes, longest) = (self.limits.max_bytes, self.limits.longest);
                    tell(&mut writer, &Answer::Capturing { max_bytes, longest_seconds: longest.as_secs() }).await?;
                    self.capture(wanted, armed, &mut reader, &mut writer, stopping).await
                }
                Err(_) => tell(&mut writer, &Answer::Busy).await,
            },
            _ => tell(&mut writer, &Answer::Unknown).await,
        }
    }

    async fn capture(
        &self,
        wanted: Wanted,
        mut armed: Armed,
        reader: &mut (impl AsyncBufReadExt + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
        mut stopping: watch::Receiver<bool>,
    ) -> io::Result<()> {
        let Wanted { calls, audio, keys, personal } = wanted;
        info!(calls, audio, keys, personal, "a capture begins");
        let deadline = now() + self.limits.longest;
        let mut left = self.limits.max_bytes.saturating_sub(FILE_HEADER.len() as u64);
        let mut over_at = None;
        let mut rest = [0; 64];
        let end = loop {
            tokio::select! {
                biased;
                () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => break End::Stopped,
                read = reader.read(&mut rest) => if !matches!(read, Ok(1..)) { break End::Asked },
                () = sleep_until(Some(deadline)) => break End::Time,
                () = sleep_until(over_at) => match armed.is_over() {
                    true => break End::Calls,
                    false => over_at = None,
                },
                seen = armed.next() => match seen {
                    Seen::Over => over_at = Some(now() + AFTERLIFE),
                    Seen::Packet(packet) => {
                        left = match left.checked_sub(packet.0.len() as u64) {
                            Some(left) => left,
                            None => break End::Size,
                        };
                        send(writer, &packet.0).await?;
                    }
                },
            }
        };
        // What was there when it ended belongs to it, as far as there is room.
        while end != End::Size
            && let Some(packet) = armed.try_packet()
        {
            let Some(after) = left.checked_sub(packet.0.len() as u64) else { break };
            left = after;
            send(writer, &packet.0).await?;
        }
        let counts = armed.counts();
        info!(
            ?end,
            calls = counts.calls,
            messages = counts.messages,
            rtp = counts.rtp,
            dropped = counts.dropped,
            "the capture ends"
        );
        send(writer, &[]).await?;
        tell(writer, &Summary { counts, end }).await
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), packet: &[u8]) -> io::Result<()> {
    let length = u32::try_from(packet.len()).map_err(io::Error::other)?;
    within(async {
        writer.write_all(&length.to_le_bytes()).await?;
        writer.write_all(packet).await
    })
    .await
}

async fn tell(writer: &mut (impl AsyncWrite + Unpin), answer: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    within(writer.write_all(&line)).await
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::select! {
        done = work => done,
        () = sleep_until(Some(now() + PATIENCE)) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::split;

    use super::*;
    use crate::capture::{Counts, Direction};
    use crate::config::Config;
    use crate::net::{self, connect_local};
    use crate::sip::{AccessConfig, EndpointConfig, Listeners, Policy};
    use crate::speech::cache::Cache;
    use crate::speech::fake::ScriptedRecogniser;
    use crate::speech::speaker::Speaker;
    use crate::speech::worker::RecogniserPool;

    struct Rig {
        tap: Tap,
        path: std::path::PathBuf,
        stop: watch::Sender<bool>,
        _directory: tempfile::TempDir,
    }

    impl Rig {
        async fn start(max_bytes: u64, longest: Duration) -> Rig {
            let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
            let endpoint = EndpointConfig {
                listeners: Listeners::udp(loopback),
                user: "mairie".into(),
                display_name: None,
                product: "test".into(),
                max_calls: 4,
                accept_transfers: false,
                access: AccessConfig::open(),
                policy: Policy::default(),
                credentials: Vec::new(),
            };
            let (sip, _) = net::bind(endpoint, loopback, 1).await.unwrap();
            let recognisers = RecogniserPool::start(1, 4, || Ok(Box::new(ScriptedRecogniser::default()))).unwrap();
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("service.sock");
            let tap = sip.tap().clone();
            let speaker = Speaker::start(Vec::new(), Cache::open(directory.path(), 1 << 20).unwrap(), 4).unwrap();
            let monitor = Monitor::new(&Config::default(), sip, recognisers, speaker);
            let desk = Desk { monitor, tap: tap.clone(), limits: CaptureConfig { max_bytes, longest } };
            let (stop, stopping) = watch::channel(false);
            tokio::spawn(desk.serve(LocalListener::bind(&path).unwrap(), stopping));
            Rig { tap, path, stop, _directory: directory }
        }

        async fn ask(&self, request: &str) -> (LocalStream, Answer) {
            let mut stream = connect_local(&self.path).await.unwrap();
            stream.write_all(format!("{request}\n").as_bytes()).await.unwrap();
            let mut line = Vec::new();
            while !line.ends_with(b"\n") {
                line.push(stream.read_u8().await.unwrap());
            }
            (stream, serde_json::from_slice(&line).unwrap())
        }

        async fn capture(&self) -> LocalStream {
            let (stream, answer) =
                self.ask(r#"{"capture":{"calls":1,"audio":false,"keys":false,"personal":false}}"#).await;
            assert!(matches!(answer, Answer::Capturing { .. }), "{answer:?}");
            stream
        }

        fn invite(&self) {
            let text = "INVITE sip:mairie@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
                        To: <sip:mairie@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
            let address = SocketAddr::from(([127, 0, 0, 1], 5060));
            self.tap.message(net::timestamp(), Direction::Received, address, address, text.as_bytes());
        }
    }

    /// Bytes of the packets, and the summary.
    async fn rest(stream: LocalStream) -> (u64, Summary) {
        let (mut reader, _writer) = split(stream);
        let mut bytes = 0;
        loop {
            match reader.read_u32_le().await.unwrap() {
                0 => break,
                length => {
                    let mut packet = vec![0; length as usize];
                    reader.read_exact(&mut packet).await.unwrap();
                    bytes += u64::from(length);
                }
            }
        }
        let mut text = String::new();
        BufReader::new(reader).read_line(&mut text).await.unwrap();
        (bytes, serde_json::from_str(&text).unwrap())
    }

    #[tokio::test]
    async fn the_file_stays_below_its_bound() {
        let rig = Rig::start(1_000, Duration::from_secs(60)).await;
        let stream = rig.capture().await;
        (0..20).for_each(|_| rig.invite());
        let (bytes, summary) = rest(stream).await;
        assert_eq!(summary.end, End::Size);
        assert!((500..=1_000 - 24).contains(&bytes), "{bytes}");
    }

    #[tokio::test]
    async fn it_ends_in_time_and_with_the_service() {
        let rig = Rig::start(1 << 20, Duration::from_millis(50)).await;
        let (_, summary) = rest(rig.capture().await).await;
        assert_eq!(summary, Summary { counts: Counts::default(), end: End::Time });
        let rig = Rig::start(1 << 20, Duration::from_secs(60)).await;
        let stream = rig.capture().await;
        rig.invite();
        rig.stop.send(true).unwrap();
        let (bytes, summary) = rest(stream).await;
        assert_eq!((summary.end, summary.counts.messages, bytes > 100), (End::Stopped, 1, true));
    }

    #[tokio::test]
    async fn who_goes_away_leaves_room_for_the_next() {
        let rig = Rig::start(1 << 20, Duration::from_secs(60)).await;
        let stream = rig.capture().await;
        let (_, busy) = rig.ask(r#"{"capture":{"calls":1,"audio":false,"keys":false,"personal":false}}"#).await;
        assert_eq!(busy, Answer::Busy);
        assert!(rig.tap.is_armed());
        drop(stream);
        while rig.tap.is_armed() {
            tokio::task::yield_now().await;
        }
        drop(rig.capture().await);
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused() {
        let rig = Rig::start(1 << 20, Duration::from_secs(60)).await;
        for request in [
            "",
            "x",
            "{}",
            r#"{"capture":{"calls":0,"audio":false,"keys":false,"personal":false}}"#,
            r#"{"capture":{}}"#,
        ] {
            assert_eq!(rig.ask(request).await.1, Answer::Unknown, "{request}");
        }
        let Answer::Status(status) = rig.ask("\"status\"").await.1 else { panic!("no status") };
        assert_eq!((status.calls, status.max_calls, status.recogniser_backlog), (0, 40, 0));
    }
}
