//! Reading the index, over a connection of its own.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::Connection;
use storage::database::{self, Access, DatabaseFiles, SchemaVersion};
use uuid::Uuid;

use super::{
    IndexError, Message, SCHEMA_VERSION,
    deadline::Deadline,
    message::{MESSAGE_COLUMNS, ids_beginning_with, peer, timestamp},
    tokenizer::Tokenizer,
};
use crate::log::{LostMessages, Position};

/// Number of compiled statements to keep: a search has some for each part of the text index.
const CACHED_STATEMENTS: usize = 64;

/// Reads an index that this or another process keeps up to date, and changes nothing. Each thread needs its own.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) tokenizer: Tokenizer,
    pub(super) deadline: Deadline,
    file: PathBuf,
    files: DatabaseFiles,
}

impl Reader {
    /// Opens the index; `None` if there is none, or none of this version of the program.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(file: &Path) -> Result<Option<Self>, IndexError> {
        if !file.is_file() {
            return Ok(None);
        }
        // SQLite creates the shared memory of the write-ahead log even for reading.
        let (mut connection, version) = database::open(file, Access::Write, SCHEMA_VERSION)?;
        if version != SchemaVersion::Current {
            return Ok(None);
        }
        connection.pragma_update(None, "query_only", true)?;
        let files = DatabaseFiles::of(file).map_err(IndexError::Displaced)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        let (tokenizer, deadline) = (Tokenizer::new()?, Deadline::install(&mut connection)?);
        Ok(Some(Self { connection, tokenizer, deadline, file: file.to_owned(), files }))
    }

    /// Opens the index again if its files were replaced since. `false` if there is none of this version now.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn refresh(&mut self) -> Result<bool, IndexError> {
        if self.files.check().is_ok() {
            return Ok(true);
        }
        let opened = Self::open(&self.file)?;
        Ok(opened.map(|reader| *self = reader).is_some())
    }

    /// Up to where the log is indexed.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn position(&self) -> Result<Position, IndexError> {
        self.cursor("position")
    }

    /// Where the log begins, as far as the index knows: it has nothing from before.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn start(&self) -> Result<Position, IndexError> {
        self.cursor("start")
    }

    fn cursor(&self, column: &str) -> Result<Position, IndexError> {
        let position: i64 = self.connection.query_row(&format!("SELECT {column} FROM cursor"), [], |row| row.get(0))?;
        Ok(Position(position.cast_unsigned()))
    }

    /// Messages with an arrival whose id begins with this text, at most two: enough to know whether it is unique.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn by_id(&self, beginning: &str) -> Result<Vec<Message>, IndexError> {
        let Some((first, last)) = ids_beginning_with(&beginning.to_ascii_lowercase()) else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {MESSAGE_COLUMNS} FROM message JOIN endpoint ON endpoint.number = message.endpoint
             WHERE position IN (
                 SELECT * FROM (SELECT position FROM message WHERE id BETWEEN ?1 AND ?2 LIMIT 2)
                 UNION SELECT * FROM (SELECT DISTINCT message FROM repeat WHERE id BETWEEN ?1 AND ?2 LIMIT 2)
             ) LIMIT 2"
        ))?;
        let found = statement.query_map([first.as_bytes(), last.as_bytes()], Message::of)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// When and from where the arrivals of a message came, oldest first; empty if the index does not have it.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn arrivals(&self, message: Uuid) -> Result<Vec<(Timestamp, Option<String>)>, IndexError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT position, received_at, peer FROM message WHERE id = ?1
             UNION ALL
             SELECT position, received_at, peer FROM repeat
             WHERE message = (SELECT position FROM message WHERE id = ?1)
             ORDER BY position",
        )?;
        let arrivals = statement.query_map([message.as_bytes()], |row| {
            let from: Option<Vec<u8>> = row.get(2)?;
            Ok((timestamp(row.get(1)?), from.and_then(|bytes| peer(&bytes)).map(|peer| peer.to_string())))
        })?;
        Ok(arrivals.collect::<Result<_, _>>()?)
    }

    /// Arrivals whose records should be in the log from `start` on, and are in none of these ranges of positions. `ranges`
    /// is called once the index is read at one moment, so that what arrives meanwhile is not missed.
    ///
    /// # Errors
    /// When the index or the log cannot be read.
    pub fn lost(
        &self,
        ranges: impl FnOnce() -> io::Result<(u64, Vec<Range<u64>>)>,
    ) -> Result<Vec<LostMessages>, IndexError> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.query_row("SELECT position FROM cursor", [], |_| Ok(()))?;
        let (mut from, mut ranges) = ranges()?;
        ranges.sort_by_key(|range| range.start);
        let mut lost = Vec::new();
        let mut statement = transaction.prepare(
            "SELECT count(*), min(position), max(position) FROM (
                 SELECT position FROM message WHERE position >= ?1 AND position < ?2
                 UNION ALL SELECT position FROM repeat WHERE position >= ?1 AND position < ?2)",
        )?;
        ranges.push(i64::MAX as u64..u64::MAX);
        for range in ranges {
            if range.start > from {
                let (count, first, last): (i64, Option<i64>, Option<i64>) = statement
                    .query_row([from.cast_signed(), range.start.cast_signed()], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })?;
                if let (Some(first), Some(last)) = (first, last) {
                    let [arrivals, first, last] = [count, first, last].map(i64::cast_unsigned);
                    lost.push(LostMessages { arrivals, first: Position(first), last: Position(last) });
                }
            }
            from = from.max(range.end);
        }
        Ok(lost)
    }

    /// The number of messages and of arrivals.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn counts(&self) -> Result<(u64, u64), IndexError> {
        let count = |table: &str| -> rusqlite::Result<u64> {
            let count = self.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
            count.map(i64::cast_unsigned)
        };
        let (messages, repeats) = (count("message")?, count("repeat")?);
        Ok((messages, messages + repeats))
    }
}
