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
