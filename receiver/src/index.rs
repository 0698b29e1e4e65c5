//! The index: who sent what, when, and where in the log it lies. It is behind the log and disposable: delete it and
//! `reindex` makes the same again.

mod indexer;
mod query;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, config::DbConfig, params,
};
use schemas::Violation;
use sha2::{Digest as _, Sha256};
use storage::database::{self, Access, DatabaseFiles, SchemaVersion};

pub use self::{
    indexer::{IndexError, IndexProgress, Indexer, Profiles},
    query::{Filter, Lost, Message},
};
use crate::log::{Cursor, LogId, LogIdentity, Position, Record};

/// Changing the tables changes this number; an index of another number is thrown away and made again.
const VERSION: i64 = 4;

/// How long a second arrival of the same body counts as the same message: 5 minutes, in microseconds as all times of the
/// tables.
const DUPLICATE_WINDOW: i64 = 5 * 60 * 1_000_000;

/// After this number of pages of 4 KiB the write-ahead log is synced and moved into the file. The log's own sync waits behind
/// this one, and a message behind that, so it is a short one, though more pages would make the index a little cheaper.
const CHECKPOINT_PAGES: i64 = 250;

// Digests are sorted within their period, so that what is new is written close together however long the index is.
const TABLES: &str = "
    CREATE TABLE cursor (position INTEGER NOT NULL, start INTEGER NOT NULL, log BLOB);
    INSERT INTO cursor VALUES (0, 0, NULL);
    CREATE TABLE message (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        received_at INTEGER NOT NULL,
        last_arrival INTEGER NOT NULL,
        arrivals INTEGER NOT NULL,
        endpoint TEXT NOT NULL,
        trigger TEXT,
        flow TEXT,
        step TEXT,
        size INTEGER NOT NULL,
        digest BLOB NOT NULL,
        violations TEXT NOT NULL,
        captured INTEGER NOT NULL,
        period INTEGER NOT NULL GENERATED ALWAYS AS (last_arrival / :window) VIRTUAL
    ) STRICT;
    CREATE INDEX message_flow ON message (flow, received_at);
    CREATE INDEX message_time ON message (received_at);
    CREATE INDEX message_digest ON message (period, digest, endpoint);
    CREATE TABLE arrival (
        position INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        message TEXT NOT NULL REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED,
        received_at INTEGER NOT NULL,
        peer TEXT
    ) STRICT;
    CREATE INDEX arrival_message ON arrival (message);
";

/// Drops the rows of records before a position. A message of which a later arrival is left becomes the message of that
/// arrival, as it would be had the earlier ones never come.
const FORGET: &str = "
    DELETE FROM arrival WHERE position < :start;
    CREATE TEMP TABLE heir AS
        SELECT message.position AS old, min(arrival.position) AS new, count(*) AS arrivals
        FROM message JOIN arrival ON arrival.message = message.id
        WHERE message.position < :start GROUP BY message.position;
    UPDATE arrival SET message = (SELECT first.id FROM heir
            JOIN message AS earlier ON earlier.position = heir.old JOIN arrival AS first ON first.position = heir.new
            WHERE earlier.id = arrival.message)
        WHERE message IN (SELECT id FROM message JOIN heir ON heir.old = message.position);
    UPDATE message SET id = first.id, position = heir.new, received_at = first.received_at, arrivals = heir.arrivals
        FROM heir JOIN arrival AS first ON first.position = heir.new WHERE message.position = heir.old;
    DELETE FROM message WHERE position < :start;
    DROP TABLE heir;
";

/// The index's file, open.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    files: Option<DatabaseFiles>,
}

impl Index {
    /// Opens the index, or makes an empty one where there is none, one of another version, or a damaged one.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        match Self::connect(file) {
            Ok((index, SchemaVersion::Current)) => return index.located(file),
            Ok(_) => {}
            Err(error) if is_damage(&error) => tracing::warn!(%error, "the index is damaged; rebuilding it"),
            Err(error) => return Err(error),
        }
        Self::remove(file);
        let (index, _) = Self::connect(file)?;
        let tables = TABLES.replace(":window", &DUPLICATE_WINDOW.to_string());
        index.connection.execute_batch(&format!("BEGIN; {tables} PRAGMA user_version = {VERSION}; COMMIT;"))?;
        index.located(file)
    }

    /// Opens the index that another process keeps up; `None` where there is none of this version. Nothing is made or
    /// deleted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_beside(file: &Path) -> rusqlite::Result<Option<Self>> {
        if !file.is_file() {
            return Ok(None);
        }
        let (connection, version) = database::open(file, Access::Write, VERSION)?;
        let index = Self { connection, files: None };
        if version == SchemaVersion::Current { index.located(file).map(Some) } else { Ok(None) }
    }

    /// Remembers where its files are. SQLite has made them by the first reading.
    fn located(mut self, file: &Path) -> rusqlite::Result<Self> {
        self.position()?;
        self.files = DatabaseFiles::of(file).ok();
        Ok(self)
    }

    /// Whether its files are still where they were when it was opened.
    ///
    /// # Errors
    /// When one was deleted, moved or replaced: what is written is lost, and nobody else sees it.
    pub fn check_place(&self) -> io::Result<()> {
        self.files.as_ref().map_or(Ok(()), DatabaseFiles::check)
    }

    /// Makes an empty one in its place after [`Self::check_place`] has failed; to be called again after an error.
    ///
    /// # Errors
    /// When its folder is not in its place either, or as [`Self::open`].
    pub fn make_again(&mut self) -> Result<(), IndexError> {
        let Some(files) = &self.files else { return Ok(()) };
        files.check_folder().map_err(IndexError::Displaced)?;
        let file = files.file().to_owned();
        // While SQLite has the old files open, it may not take the new ones. What is left of the old ones is a part.
        let log: Option<Vec<u8>> =
            self.connection.query_row("SELECT log FROM cursor", [], |row| row.get(0)).ok().flatten();
        self.connection = Connection::open_in_memory()?;
        Self::remove(&file);
        *self = Self::open(&file)?;
        self.connection.execute("UPDATE cursor SET log = ?1", [log])?;
        Ok(())
    }

    /// Opens the index of a log. One of another log, or of what the log was before it was put back to an older state, is
    /// made again.
    ///
    /// # Errors
    /// As [`Self::open`], and when the log cannot be read.
    pub fn open_behind(file: &Path, log: &LogIdentity) -> Result<Self, IndexError> {
        let mut index = Self::open(file)?;
        if let Some(replaced) = index.cursor()?.replaced_by(log)? {
            tracing::warn!("{replaced}; the index is made again");
            drop(index);
            Self::remove(file);
            index = Self::open(file)?;
        }
        if let Some(id) = log.id {
            index.connection.execute("UPDATE cursor SET log = ?1 WHERE log IS NOT ?1", [id.as_bytes()])?;
        }
        Ok(index)
    }

    /// How far the log was read, and which log that was.
    fn cursor(&self) -> rusqlite::Result<Cursor> {
        let (log, last) = self.connection.query_row(
            "SELECT log, (SELECT id FROM arrival ORDER BY position DESC LIMIT 1), (SELECT max(position) FROM arrival)
             FROM cursor",
            [],
            |row| {
                let (id, at) = (row.get::<_, Option<String>>(1)?, row.get::<_, Option<i64>>(2)?);
                let last = at.zip(id.and_then(|id| id.parse().ok()));
                Ok((row.get::<_, Option<Vec<u8>>>(0)?, last))
            },
        )?;
        Ok(Cursor {
            log: log.and_then(|bytes| LogId::from_bytes(&bytes)),
            position: self.position()?,
            last: last.map(|(at, id)| (Position(at.cast_unsigned()), id)),
        })
    }

    /// Deletes the index's files, so that the next [`Self::open`] starts from nothing.
    pub fn remove(file: &Path) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            // One that is not there is as good as deleted.
            let _ = fs::remove_file(PathBuf::from(path));
        }
    }

    fn connect(file: &Path) -> rusqlite::Result<(Self, SchemaVersion)> {
        // If it cannot be created, SQLite reports why.
        let _ = database::create_file(file);
        // Not durable: what a power cut takes from the index is in the log.
        let (connection, version) = database::open(file, Access::Own { durable: false, shrinkable: false }, VERSION)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // Else a statement is compiled again for most of its parameters, in case another plan fits them better.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok((Self { connection, files: None }, version))
    }

    /// Where in the log it reads on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn position(&self) -> rusqlite::Result<Position> {
        let position = self.connection.query_row("SELECT position FROM cursor", [], |row| row.get(0));
        position.map(|position: i64| Position(position.cast_unsigned()))
    }

    /// Where the log begins, as far as it has heard: it has no rows of what lies before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn start(&self) -> rusqlite::Result<Position> {
        let start = self.connection.query_row("SELECT start FROM cursor", [], |row| row.get(0));
        start.map(|start: i64| Position(start.cast_unsigned()))
    }

    /// Adds the records that were read from a position on, moves the cursor behind them, and drops the rows of what the
    /// log has no more, in one transaction. `false`, with nothing changed, where another process has moved the cursor.
    fn add<'r>(
        &mut self,
        records: impl IntoIterator<Item = (&'r Position, &'r Record, &'r [Violation])>,
        (from, next): (Position, Position),
        start: Position,
    ) -> rusqlite::Result<bool> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let cursor: i64 = transaction.query_row("SELECT position FROM cursor", [], |row| row.get(0))?;
        if cursor != from.0.cast_signed() {
            return Ok(false);
        }
        for (position, record, violations) in records {
            add_record(&transaction, *position, record, violations)?;
        }
        let start = start.0.cast_signed();
        let known: i64 = transaction.query_row("SELECT start FROM cursor", [], |row| row.get(0))?;
        if start > known {
            transaction.execute_batch(&FORGET.replace(":start", &start.to_string()))?;
        }
        transaction
            .execute("UPDATE cursor SET position = ?1, start = max(start, ?2)", [next.0.cast_signed(), start])?;
        transaction.commit()?;
        Ok(true)
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn add_record(
    transaction: &Transaction<'_>,
    position: Position,
    record: &Record,
    violations: &[Violation],
) -> rusqlite::Result<()> {
    let header = &record.header;
    let id = header.id.to_string();
    let at = header.received_at.as_microsecond();
    let digest = Sha256::digest(&record.body);

    let earlier: Option<String> = transaction
        .prepare_cached(
            "SELECT id FROM message
             WHERE period IN (?3 - 1, ?3, ?3 + 1) AND digest = ?1 AND endpoint = ?2 AND last_arrival >= ?4
             ORDER BY last_arrival DESC LIMIT 1",
        )?
        .query_row(params![digest.as_slice(), header.endpoint, at / DUPLICATE_WINDOW, at - DUPLICATE_WINDOW], |row| {
            row.get(0)
        })
        .optional()?;
    if let Some(message) = &earlier {
        transaction
            .prepare_cached(
                "UPDATE message SET arrivals = arrivals + 1, last_arrival = max(last_arrival, ?2) WHERE id = ?1",
            )?
            .execute(params![message, at])?;
    } else {
        transaction
            .prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?
            .execute(params![
                position.0.cast_signed(),
                id,
                at,
                header.endpoint,
                header.trigger.map(|trigger| trigger.as_str()),
                header.flow,
                header.step,
                record.body.len().cast_signed(),
                digest.as_slice(),
                serde_json::to_string(violations).expect("violations are strings"),
                header.captured.is_some(),
            ])?;
    }
    transaction.prepare_cached("INSERT INTO arrival VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        position.0.cast_signed(),
        id,
        earlier.as_deref().unwrap_or(&id),
        at,
        header.peer.map(|peer| peer.to_string()),
    ])?;
    Ok(())
}
