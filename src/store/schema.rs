//! The database file: its creation, its rights, its schema and how that grows.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// How long to wait for another process (`allo-mairie requests`) that is writing.
const BUSY: Duration = Duration::from_secs(5);

/// One step a version; `user_version` counts those applied. Never change a step that was released: add one.
pub const MIGRATIONS: &[&str] = &["
    CREATE TABLE request (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        created_at INTEGER NOT NULL,            -- ms since 1970, UTC; as all times here
        handled_at INTEGER
    );
    CREATE INDEX request_by_time ON request (created_at);
    CREATE TABLE request_field (
        request_id INTEGER NOT NULL REFERENCES request (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (request_id, position)
    ) WITHOUT ROWID;
    CREATE TABLE call (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started_at INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        topics TEXT NOT NULL,                   -- JSON array
        decisions TEXT NOT NULL,                -- JSON array
        not_understood INTEGER NOT NULL,
        transfers INTEGER NOT NULL,
        turns INTEGER NOT NULL,
        keys INTEGER NOT NULL,
        interruptions INTEGER NOT NULL,
        greeting_ms INTEGER,
        replies_ms TEXT NOT NULL,               -- JSON array
        packets_sent INTEGER NOT NULL,
        packets_received INTEGER NOT NULL,
        packets_lost INTEGER NOT NULL,
        max_gap_ms INTEGER NOT NULL
    );
    CREATE INDEX call_by_time ON call (started_at);
", "
    -- How the call sounded: what we received, and what the far end told of what we sent (far_…). Shares per mille, opinion
    -- scores in tenths; NULL where nothing was heard of it.
    ALTER TABLE call ADD COLUMN lost_permille INTEGER;
    ALTER TABLE call ADD COLUMN concealed_permille INTEGER;
    ALTER TABLE call ADD COLUMN jitter_ms INTEGER;
    ALTER TABLE call ADD COLUMN round_trip_ms INTEGER;
    ALTER TABLE call ADD COLUMN mos_tenths INTEGER;
    ALTER TABLE call ADD COLUMN far_lost_permille INTEGER;
    ALTER TABLE call ADD COLUMN far_jitter_ms INTEGER;
    ALTER TABLE call ADD COLUMN far_mos_tenths INTEGER;
"];

/// Opens the file, made beforehand with mode 0600 so that it is never readable by others, not even for a moment.
/// SQLite gives its `-wal` and `-shm` files the same mode.
pub fn open(path: &Path) -> Result<Connection, StoreError> {
    create_private(path).map_err(|source| StoreError::Create { path: path.into(), source })?;
    let failed = |source| StoreError::Open { path: path.into(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;

    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(StoreError::Newer { path: path.into(), found: version, known: MIGRATIONS.len() });
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    if version == 0 && tables > 0 {
        return Err(StoreError::Foreign { path: path.into() });
    }

    make_private(path).map_err(|source| StoreError::Create { path: path.into(), source })?;
    configure(&connection).map_err(failed)?;
    migrate(&mut connection).map_err(failed)?;
    Ok(connection)
}

/// Readers do not stop the writer; deleted personal data is overwritten; fields go with their request.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;")
}

/// Applies the missing steps. The version is read again under the write lock: another process may have been faster.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (number, step) in (1_i64..).zip(MIGRATIONS) {
        if number > version {
            transaction.execute_batch(step)?;
            transaction.execute_batch(&format!("PRAGMA user_version = {number}"))?;
        }
    }
    transaction.commit()
}

/// Makes the file, and its directory, if they do not exist; never touches one that does.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Ok(())
}

/// Takes away what rights others have to a file of ours, copied or restored with wider ones.
fn make_private(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
