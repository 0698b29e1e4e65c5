//! The tables, and the number of their form.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::{FILE, OutboxError, folder_lock};

/// Changing the tables changes this number.
const FORM: i64 = 2;

/// How long to wait for another process that has the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The tables of form 1. Bodies stand apart, so that a change of a delivery does not write its body again. Times are microseconds since 1970,
/// `took` is microseconds.
const TABLES: &str = "
    CREATE TABLE job (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        begun_at INTEGER NOT NULL,
        finished_at INTEGER
    ) STRICT;
    CREATE INDEX job_unfinished ON job (key) WHERE finished_at IS NULL;
    CREATE TABLE destination (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        address TEXT NOT NULL,
        address_is_reference INTEGER NOT NULL,
        username TEXT,
        credential TEXT
    ) STRICT;
    CREATE TABLE delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job INTEGER NOT NULL REFERENCES job (id),
        destination INTEGER NOT NULL REFERENCES destination (id),
        flow TEXT,
        webhook TEXT,
        trigger TEXT,
        step TEXT,
        status TEXT NOT NULL,
        gave_up TEXT,
        note TEXT,
        attempts INTEGER NOT NULL,
        attempts_before INTEGER NOT NULL,
        since INTEGER,
        due INTEGER NOT NULL,
        size INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX delivery_job ON delivery (job);
    CREATE INDEX delivery_pending ON delivery (job) WHERE status = 'pending';
    CREATE TABLE body (
        delivery INTEGER PRIMARY KEY REFERENCES delivery (id),
        secret_at INTEGER,
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE TABLE attempt (
        delivery INTEGER NOT NULL REFERENCES delivery (id),
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        took INTEGER NOT NULL,
        kind TEXT NOT NULL,
        status INTEGER,
        code TEXT,
        words TEXT,
        PRIMARY KEY (delivery, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mark (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// What form 2 adds for pruning: when a delivery was delivered or given up, or was discarded, and how many deliveries of a
/// job were pruned. When an older file's deliveries ended was not written down: the time of their last attempt is taken,
/// and the time of this change (`?1`) for those without one.
const PRUNING: &str = "
    ALTER TABLE delivery ADD COLUMN ended_at INTEGER;
    ALTER TABLE job ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX delivery_ended ON delivery (ended_at) WHERE status IN ('delivered', 'discarded');
";
const END_OF_OLD_DELIVERIES: &str = "
    UPDATE delivery SET ended_at = coalesce(
        (SELECT at + took FROM attempt WHERE attempt.delivery = delivery.id AND number = attempts), ?1)
    WHERE status <> 'pending'
";

/// `PRAGMA auto_vacuum`: what is free can be given back to the file system in steps.
const AUTO_VACUUM_INCREMENTAL: i64 = 2;

/// Opens the file in a folder for writing; makes it where it is missing.
pub(super) fn create(folder: &Path) -> Result<Connection, OutboxError> {
    let failed = |source| OutboxError::Folder { folder: folder.to_owned(), source };
    let file = folder.join(FILE);
    // SQLite's own files next to it take the mode of this one.
    OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(failed)?;
    let mut connection = Connection::open(&file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let found = form(&connection, folder)?;
    if found == 0 {
        // Before anything is written: afterwards only `VACUUM` changes it.
        connection.pragma_update(None, "auto_vacuum", AUTO_VACUUM_INCREMENTAL)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What was promised to be written must outlast a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    if found < FORM {
        let transaction = connection.transaction()?;
        if found == 0 {
            transaction.execute_batch(TABLES)?;
        }
        transaction.execute_batch(PRUNING)?;
        transaction.execute(END_OF_OLD_DELIVERIES, [Timestamp::now().as_microsecond()])?;
        transaction.pragma_update(None, "user_version", FORM)?;
        transaction.commit()?;
    }
    folder_lock::sync(folder).map_err(failed)?;
    Ok(connection)
}

/// Opens the file in a folder for reading.
pub(super) fn open(folder: &Path) -> Result<Connection, OutboxError> {
    let file = folder.join(FILE);
    let missing = || OutboxError::Missing { folder: folder.to_owned() };
    if !file.is_file() {
        return Err(missing());
    }
    let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A process that was killed between making the file and its tables left an empty one.
    if form(&connection, folder)? == 0 { Err(missing()) } else { Ok(connection) }
}

/// Rewrites a file of a version that could not shrink it, so that it can be shrunk from now on.
pub(super) fn make_shrinkable(connection: &Connection) -> rusqlite::Result<()> {
    let mode: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    if mode != AUTO_VACUUM_INCREMENTAL {
        connection.pragma_update(None, "auto_vacuum", AUTO_VACUUM_INCREMENTAL)?;
        connection.execute_batch("VACUUM")?;
    }
    Ok(())
}

fn form(connection: &Connection, folder: &Path) -> Result<i64, OutboxError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORM {
        return Err(OutboxError::Newer { folder: folder.to_owned(), found, known: FORM });
    }
    Ok(found)
}
