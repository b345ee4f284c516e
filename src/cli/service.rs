//! Speaks with the running service over its local socket, for the commands that need to.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf};

use crate::control::{Answer, Request, Summary};
use crate::net::{LocalStream, connect_local, now, sleep_until};

/// A service that needs longer has other troubles.
const PATIENCE: Duration = Duration::from_secs(5);
/// No packet of a capture is longer.
const MAX_PACKET: u32 = 1 << 17;

/// What the service says after its answer.
pub struct Told(BufReader<ReadHalf<LocalStream>>);

/// Tells the service that we have enough, once closed.
pub struct Asking(WriteHalf<LocalStream>);

/// Asks, and waits for the answer.
pub async fn ask(socket: &Path, request: Request) -> io::Result<(Answer, Told, Asking)> {
    let asked = async {
        let (reader, mut writer) = tokio::io::split(connect_local(socket).await?);
        let line = serde_json::to_string(&request)? + "\n";
        writer.write_all(line.as_bytes()).await?;
        let mut told = Told(BufReader::new(reader));
        let answer = serde_json::from_str(&told.line().await?)?;
        Ok((answer, told, Asking(writer)))
    };
    tokio::select! {
        answer = asked => answer,
        () = sleep_until(Some(now() + PATIENCE)) => Err(io::ErrorKind::TimedOut.into()),
    }
}

impl Told {
    /// The next packet of a capture; `None` after the last one, when [`Self::summary`] follows.
    pub async fn packet(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = self.0.read_u32_le().await?;
        match length {
            0 => return Ok(None),
            1..=MAX_PACKET => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        let mut packet = vec![0; length as usize];
        self.0.read_exact(&mut packet).await?;
        Ok(Some(packet))
    }

    pub async fn summary(&mut self) -> io::Result<Summary> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

impl Asking {
    pub async fn close(&mut self) {
        // A service that has gone needs not be told.
        let _ = self.0.shutdown().await;
    }
}
