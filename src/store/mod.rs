//! Requests that callers leave, and the record of calls, in SQLite; retention is enforced here.
//!
//! Owns: the database file, its schema, how long data is kept. Must not know: how calls and dialogues work (it gets
//! their [`Record`] and [`Request`] ready made), the clock (times come in as arguments).
//!
//! One thread owns the connection. What is asked of it waits in a queue of [`QUEUE`] jobs; when that is full the
//! asker is told [`StoreError::Busy`] at once, so that a call never waits on the disk. Each job has two forms: `save_…`
//! for those who can't do anything about a failure (it is in the journal), `try_save_…` for those who want the outcome.
//! When the last clone of the [`Store`] goes, the jobs already queued are finished first.
//!
//! Requests hold personal data: the file is readable by the service's user alone, deleted rows are overwritten, and
//! nothing of them goes into a log.

mod record;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;

pub use record::{decisions, milliseconds, not_understood, topics};

use crate::call::Record;
use crate::dialogue::Request;

/// Jobs waiting for the database thread. 40 calls that all save at once fill a sixth of it.
pub const QUEUE: usize = 256;

/// Fields of a request beyond this number are dropped, and longer texts are cut: bounds of what a caller can store.
pub const MAX_FIELDS: usize = 32;
pub const MAX_FIELD_CHARS: usize = 4_000;

/// Requests given out at once, the most recent ones.
pub const MAX_LISTED: usize = 1_000;

/// What went wrong with the store. The text is French, for the person who runs the machine.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "La base {path} ne peut pas être créée : {source}.\n    \
         Remède : vérifiez store.path et les droits du dossier pour l'utilisateur du service."
    )]
    Create { path: PathBuf, source: std::io::Error },
    #[error(
        "La base {path} ne peut pas être ouverte : {source}.\n    \
         Remède : vérifiez que ce fichier est bien la base d'Allô Mairie, ou donnez un autre store.path."
    )]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error(
        "{path} est une base SQLite d'un autre programme.\n    \
         Remède : donnez un autre store.path."
    )]
    Foreign { path: PathBuf },
    #[error(
        "La base {path} vient d'une version plus récente du programme (format {found}, connu jusqu'à {known}).\n    \
         Remède : installez cette version ou donnez un autre store.path."
    )]
    Newer { path: PathBuf, found: usize, known: usize },
    #[error("la base a refusé l'opération : {0}")]
    Database(#[from] rusqlite::Error),
    #[error("trop d'écritures attendent la base")]
    Busy,
    #[error("la base est fermée")]
    Stopped,
}

/// A request that a caller left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRequest {
    /// Never given twice, even after a purge.
    pub id: i64,
    /// As the dialplan names it: `demande de rappel`.
    pub kind: String,
    /// Name and value, in the order asked. Personal data.
    pub fields: Vec<(String, String)>,
    pub at: Timestamp,
    pub handled_at: Option<Timestamp>,
}

/// Which requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    Unhandled,
    /// Left at this time or later, handled or not.
    Since(Timestamp),
    All,
}

/// What a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    pub requests: usize,
    pub calls: usize,
}

/// A result on its way from the database thread.
#[must_use = "the job may still fail"]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Pending<T> {
    /// Waits without blocking the thread.
    pub async fn outcome(self) -> Result<T, StoreError> {
        self.0.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Blocks the thread; not within an asynchronous task.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Stopped))
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The store. Clones share one thread and one connection.
#[derive(Clone)]
pub struct Store {
    worker: Arc<Worker>,
    retention: SignedDuration,
}

struct Worker {
    /// `None` only while it is being dropped.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens or creates the database, brings its schema up to date and removes what is older than `retention_days`
    /// before `now`. Blocks for the time of that.
    pub fn open(path: &Path, retention_days: u16, now: Timestamp) -> Result<Self, StoreError> {
        let mut connection = schema::open(path)?;
        let retention = SignedDuration::from_hours(24 * i64::from(retention_days));
        purge(&mut connection, now, retention)?;
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                for job in queue {
                    job(&mut connection);
                }
            })
            .map_err(|source| StoreError::Create { path: path.into(), source })?;
        Ok(Self { worker: Arc::new(Worker { jobs: Some(jobs), thread: Some(thread) }), retention })
    }

    /// Keeps a request.
    pub fn save_request(&self, request: Request, at: Timestamp) {
        report_refusal("save a request", self.try_save_request(request, at));
    }

    /// Keeps a request; yields its number once it is on the disk.
    pub fn try_save_request(&self, request: Request, at: Timestamp) -> Result<Pending<i64>, StoreError> {
        let kind = cut(&request.kind);
        let fields: Vec<_> =
            request.fields.iter().take(MAX_FIELDS).map(|(name, value)| (cut(name), cut(value))).collect();
        self.submit(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT INTO request (kind, created_at) VALUES (?1, ?2)",
                params![kind, at.as_millisecond()],
            )?;
            let id = transaction.last_insert_rowid();
            {
                let mut insert = transaction.prepare_cached(
                    "INSERT INTO request_field (request_id, position, name, value) VALUES (?1, ?2, ?3, ?4)",
                )?;
                for (position, (name, value)) in (0_i64..).zip(&fields) {
                    insert.execute(params![id, position, name, value])?;
                }
            }
            transaction.commit()?;
            Ok(id)
        })
    }

    /// Keeps the record of a finished call that started at `started`.
    pub fn save_call(&self, record: &Record, started: Timestamp) {
        report_refusal("save a call's record", self.try_save_call(record, started));
    }

    /// Keeps the record of a finished call; yields once it is on the disk.
    pub fn try_save_call(&self, record: &Record, started: Timestamp) -> Result<Pending<()>, StoreError> {
        let record = record.clone();
        self.submit(move |connection| record::insert(connection, &record, started))
    }

    /// Removes what is older than the retention; to be called once a day.
    pub fn purge(&self, now: Timestamp) {
        report_refusal("purge", self.try_purge(now));
    }

    /// Removes what is older than the retention; yields how much that was.
    pub fn try_purge(&self, now: Timestamp) -> Result<Pending<Purged>, StoreError> {
        let retention = self.retention;
        self.submit(move |connection| purge(connection, now, retention))
    }

    /// Requests, oldest first; of more than [`MAX_LISTED`], the most recent.
    pub fn requests(&self, filter: Filter) -> Result<Pending<Vec<StoredRequest>>, StoreError> {
        self.submit(move |connection| list(connection, filter))
    }

    /// Marks a request as handled; yields `false` when there is none of that number. One already handled keeps its time.
    pub fn mark_handled(&self, id: i64, at: Timestamp) -> Result<Pending<bool>, StoreError> {
        self.submit(move |connection| {
            let known =
                connection.query_row("SELECT 1 FROM request WHERE id = ?1", [id], |_| Ok(())).optional()?.is_some();
            connection.execute(
                "UPDATE request SET handled_at = ?2 WHERE id = ?1 AND handled_at IS NULL",
                params![id, at.as_millisecond()],
            )?;
            Ok(known)
        })
    }

    fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Pending<T>, StoreError> {
        let (reply, pending) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let outcome = job(connection);
            if let Err(error) = &outcome {
                tracing::error!(target: "store", %error, "database job failed");
            }
            // Whoever asked may have stopped waiting.
            let _ = reply.send(outcome);
        });
        match self.worker.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(Pending(pending)),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Busy),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(StoreError::Stopped),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// A job that was not even queued; one that fails later reports itself.
fn report_refusal<T>(what: &'static str, outcome: Result<Pending<T>, StoreError>) {
    if let Err(error) = outcome {
        tracing::error!(target: "store", what, %error, "database job refused");
    }
}

/// At most [`MAX_FIELD_CHARS`] characters.
fn cut(text: &str) -> String {
    text.chars().take(MAX_FIELD_CHARS).collect()
}

fn list(connection: &Connection, filter: Filter) -> Result<Vec<StoredRequest>, StoreError> {
    let (unhandled, since) = match filter {
        Filter::Unhandled => (true, i64::MIN),
        Filter::Since(at) => (false, at.as_millisecond()),
        Filter::All => (false, i64::MIN),
    };
    let mut select = connection.prepare_cached(
        "SELECT id, kind, created_at, handled_at FROM request
         WHERE created_at >= ?1 AND (handled_at IS NULL OR NOT ?2)
         ORDER BY created_at DESC, id DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(MAX_LISTED).unwrap_or(i64::MAX);
    let mut requests = select
        .query_map(params![since, unhandled, limit], |row| {
            Ok(StoredRequest {
                id: row.get(0)?,
                kind: row.get(1)?,
                fields: Vec::new(),
                at: timestamp(row.get(2)?),
                handled_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut select =
        connection.prepare_cached("SELECT name, value FROM request_field WHERE request_id = ?1 ORDER BY position")?;
    for request in &mut requests {
        request.fields =
            select.query_map([request.id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    }
    requests.reverse();
    Ok(requests)
}

fn purge(connection: &mut Connection, now: Timestamp, retention: SignedDuration) -> Result<Purged, StoreError> {
    let limit = now.checked_sub(retention).unwrap_or(Timestamp::MIN).as_millisecond();
    let transaction = connection.transaction()?;
    let purged = Purged {
        requests: transaction.execute("DELETE FROM request WHERE created_at < ?1", [limit])?,
        calls: transaction.execute("DELETE FROM call WHERE started_at < ?1", [limit])?,
    };
    transaction.commit()?;
    if purged != Purged::default() {
        // What was deleted must not live on in the write-ahead log. Busy (a reader) is no failure: the next one does it.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(purged)
}

/// A stored time; one out of jiff's range can only come from a damaged file and becomes the nearest possible.
fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(if milliseconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
