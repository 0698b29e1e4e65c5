//! The tables, and their schema version.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use storage::{
    database::{self, Access, INCREMENTAL_VACUUM, SchemaVersion},
    durable_dir,
};

use super::{DATABASE_FILE, OutboxError};

/// Increase it when the tables change.
const SCHEMA_VERSION: i64 = 2;

/// The tables of version 1. Bodies have a table of their own, so that a change of a delivery does not write its body again.
/// Times are microseconds since 1970, `took` is microseconds.
const CREATE_TABLES: &str = "
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

/// What version 2 adds for pruning: when a delivery was delivered, given up or discarded, and how many deliveries of a job
/// were pruned. Version 1 did not record when a delivery ended: the time of its last attempt is taken, or the time of this
/// change (`?1`) if it has none.
const ADD_PRUNING: &str = "
    ALTER TABLE delivery ADD COLUMN ended_at INTEGER;
    ALTER TABLE job ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX delivery_ended ON delivery (ended_at) WHERE status IN ('delivered', 'discarded');
";
const END_OF_OLD_DELIVERIES: &str = "
    UPDATE delivery SET ended_at = coalesce(
        (SELECT at + took FROM attempt WHERE attempt.delivery = delivery.id AND number = attempts), ?1)
    WHERE status <> 'pending'
";

/// Opens the file in a folder for writing; creates it if it is missing.
pub(super) fn create(folder: &Path) -> Result<Connection, OutboxError> {
    let failed = |source| OutboxError::Folder { folder: folder.to_owned(), source };
    database::create_file(&folder.join(DATABASE_FILE)).map_err(failed)?;
    let (mut connection, version) = connect(folder, Access::Own { durable: true, shrinkable: true })?;
    if version != SchemaVersion::Current {
        let transaction = database::begin_write(&mut connection)?;
        if version == SchemaVersion::Empty {
            transaction.execute_batch(CREATE_TABLES)?;
        }
        transaction.execute_batch(ADD_PRUNING)?;
        transaction.execute(END_OF_OLD_DELIVERIES, [Timestamp::now().as_microsecond()])?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()?;
    }
    durable_dir::sync(folder).map_err(failed)?;
    Ok(connection)
}

/// Opens the file in a folder for reading.
pub(super) fn open(folder: &Path) -> Result<Connection, OutboxError> {
    let missing = || OutboxError::Missing { folder: folder.to_owned() };
    if !folder.join(DATABASE_FILE).is_file() {
        return Err(missing());
    }
    match connect(folder, Access::Read)? {
        (_, SchemaVersion::Empty) => Err(missing()),
        (connection, _) => Ok(connection),
    }
}

/// Opens the file, unless its schema version is newer than this program's.
fn connect(folder: &Path, access: Access) -> Result<(Connection, SchemaVersion), OutboxError> {
    match database::open(&folder.join(DATABASE_FILE), access, SCHEMA_VERSION)? {
        (_, SchemaVersion::Newer(found)) => {
            Err(OutboxError::Newer { folder: folder.to_owned(), found, known: SCHEMA_VERSION })
        }
        opened => Ok(opened),
    }
}

/// Rewrites a file of an earlier version, which could not be shrunk, so that it can be from now on.
pub(super) fn make_shrinkable(connection: &Connection) -> rusqlite::Result<()> {
    let mode: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    if mode != INCREMENTAL_VACUUM {
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL_VACUUM)?;
        connection.execute_batch("VACUUM")?;
    }
    Ok(())
}
