//! The tables, and the number of their form.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use crate::folder;

/// The SQLite file in the relay's folder.
const FILE: &str = "relay.sqlite";

/// Changing the tables changes this number.
const FORM: i64 = 1;

/// How long to wait for another process that has the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Times are microseconds since 1970. A delivery holds no part of its message: that is in the log, at `position`. One
/// that was accepted is deleted; `dead` says why one was given up. A delivery that is brought back gets a new number, so
/// whoever follows the numbers sees it.
const TABLES: &str = "
    CREATE TABLE cursor (position INTEGER NOT NULL) STRICT;
    CREATE TABLE destination (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        endpoint TEXT NOT NULL,
        active INTEGER NOT NULL,
        since INTEGER NOT NULL,
        accepted INTEGER NOT NULL DEFAULT 0,
        accepted_at INTEGER,
        failed_at INTEGER,
        failure TEXT,
        file_end INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        destination INTEGER NOT NULL REFERENCES destination (id),
        position INTEGER NOT NULL,
        message TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        flow TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        since INTEGER,
        due INTEGER NOT NULL,
        budget INTEGER,
        dead TEXT,
        words TEXT
    ) STRICT;
    CREATE INDEX delivery_waiting ON delivery (destination, id, position, received_at) WHERE dead IS NULL;
    CREATE INDEX delivery_needed ON delivery (destination, position) WHERE dead IS NULL;
    CREATE INDEX delivery_dead ON delivery (destination, id) WHERE dead IS NOT NULL;
    CREATE TABLE seen (
        endpoint TEXT NOT NULL,
        digest BLOB NOT NULL,
        last_arrival INTEGER NOT NULL,
        PRIMARY KEY (endpoint, digest)
    ) STRICT, WITHOUT ROWID;
";

/// Whether there is a file in the folder.
pub(super) fn is_in(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Opens the file in a folder; makes it, with the cursor at `cursor`, where it is missing.
pub(super) fn create(folder: &Path, cursor: i64) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Folder { folder: folder.to_owned(), source };
    folder::make(folder).map_err(failed)?;
    let file = folder.join(FILE);
    // SQLite's own files beside it take the mode of this one.
    OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(failed)?;
    let opened = Connection::open(&file).and_then(|connection| {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What is due is written nowhere else.
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    });
    let mut connection = opened.map_err(|source| StoreError::Open { file, source })?;
    if form(&connection, folder)? == 0 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.execute("INSERT INTO cursor VALUES (?1)", [cursor])?;
        transaction.pragma_update(None, "user_version", FORM)?;
        transaction.commit()?;
    }
    folder::sync(folder).map_err(failed)?;
    Ok(connection)
}

/// Opens the file in a folder, for a command beside a running receiver; `None` where there is none.
pub(super) fn open(folder: &Path) -> Result<Option<Connection>, StoreError> {
    if !is_in(folder) {
        return Ok(None);
    }
    let file = folder.join(FILE);
    let opened = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let connection = opened.and_then(|connection| connection.busy_timeout(BUSY_TIMEOUT).map(|()| connection));
    let connection = connection.map_err(|source| StoreError::Open { file, source })?;
    // A process that was killed between making the file and its tables left an empty one.
    Ok((form(&connection, folder)? > 0).then_some(connection))
}

fn form(connection: &Connection, folder: &Path) -> Result<i64, StoreError> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: i64 = found.map_err(|source| StoreError::Open { file: folder.join(FILE), source })?;
    if found > FORM {
        return Err(StoreError::Newer { folder: folder.to_owned(), found, known: FORM });
    }
    Ok(found)
}
