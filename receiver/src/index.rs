//! The index: who sent what, when, and where in the log it is. It follows the log and is disposable: delete it and
//! `reindex` builds the same again.

mod deadline;
mod error;
mod indexer;
mod message;
mod part;
mod reader;
mod recent;
mod search;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod tokenizer;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, config::DbConfig};
use storage::database::{self, Access, DatabaseFiles, SchemaVersion};
use uuid::Uuid;

pub use self::{
    error::IndexError,
    indexer::{IndexProgress, Indexer, Profiles},
    message::Message,
    reader::Reader,
    search::{Deliveries, DeliveriesError, Page, Search, Sources},
};
pub(crate) use self::{indexer::violations, search::TextMatcher};
use self::{
    tables::{LAST_ARRIVAL_SQL, PART_ARRIVALS, TABLES_SQL},
    write::WriterState,
};
use crate::log::{Cursor, LogId, LogIdentity, Position};

/// Changing the tables changes this number; an index of another number is thrown away and made again.
const SCHEMA_VERSION: i64 = 5;

/// After this number of pages of 4 KiB the write-ahead log is synced and moved into the file. The log's own sync waits behind
/// this one, and a message behind that, so it is a short one, though more pages would make the index a little cheaper.
const CHECKPOINT_PAGES: i64 = 250;

/// The index's file, open.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    files: Option<DatabaseFiles>,
    state: WriterState,
    part_arrivals: i64,
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
        index
            .connection
            .execute_batch(&format!("BEGIN; {TABLES_SQL} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"))?;
        index.located(file)
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
        let log: Option<Vec<u8>> = self.connection.query_row("SELECT log FROM cursor", [], |row| row.get(0))?;
        let last = self
            .connection
            .query_row(LAST_ARRIVAL_SQL, [], |row| Ok((row.get::<_, i64>(0)?, Uuid::from_bytes(row.get(1)?))));
        Ok(Cursor {
            log: log.and_then(|bytes| LogId::from_bytes(&bytes)),
            position: self.position()?,
            last: last.optional()?.map(|(at, id)| (Position(at.cast_unsigned()), id)),
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
        let (connection, version) =
            database::open(file, Access::Own { durable: false, shrinkable: false }, SCHEMA_VERSION)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // Else a statement is compiled again for most of its parameters, in case another plan fits them better.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok((Self { connection, files: None, state: WriterState::default(), part_arrivals: PART_ARRIVALS }, version))
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
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
