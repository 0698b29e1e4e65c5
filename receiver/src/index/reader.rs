//! Reading the index, over a connection of its own.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, ToSql, params_from_iter};
use schemas::Trigger;
use storage::database::{self, Access, DatabaseFiles, SchemaVersion};
use uuid::Uuid;

use super::{
    IndexError, Message, SCHEMA_VERSION,
    message::{MESSAGE_COLUMNS, peer, timestamp, trigger_number},
};
use crate::log::{LostMessages, Position, RecordHeader};

/// Which messages are asked for; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The endpoint's name.
    pub endpoint: Option<String>,
    /// The flow's identifier.
    pub flow: Option<String>,
    /// The step's identifier.
    pub step: Option<String>,
    /// What happened to the step.
    pub trigger: Option<Trigger>,
    /// Received at or after; of a repeated message, any arrival.
    pub since: Option<Timestamp>,
    /// Received before; of a repeated message, any arrival.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether a record is asked for.
    pub fn matches(&self, header: &RecordHeader) -> bool {
        let is = |asked: &Option<String>, found: Option<&String>| asked.is_none() || asked.as_ref() == found;
        is(&self.endpoint, Some(&header.endpoint))
            && is(&self.flow, header.flow.as_ref())
            && is(&self.step, header.step.as_ref())
            && (self.trigger.is_none() || self.trigger == header.trigger)
            && self.since.is_none_or(|since| header.received_at >= since)
            && self.until.is_none_or(|until| header.received_at < until)
    }
}

/// Reads an index that this or another process keeps up to date, and changes nothing. Each thread needs its own.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
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
        let (connection, version) = database::open(file, Access::Write, SCHEMA_VERSION)?;
        if version != SchemaVersion::Current {
            return Ok(None);
        }
        connection.pragma_update(None, "query_only", true)?;
        let files = DatabaseFiles::of(file).map_err(IndexError::Displaced)?;
        Ok(Some(Self { connection, file: file.to_owned(), files }))
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

    /// The newest messages, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn newest(&self, filter: &Filter, limit: usize) -> Result<Vec<Message>, IndexError> {
        let trigger = filter.trigger.map(trigger_number);
        let (since, until) = (filter.since.map(Timestamp::as_microsecond), filter.until.map(Timestamp::as_microsecond));
        // Only what is asked: a condition that may hold for everything would keep SQLite from its indexes.
        let conditions: [(&str, &dyn ToSql, bool); 6] = [
            ("endpoint.name = ?", &filter.endpoint, filter.endpoint.is_some()),
            ("flow = ?", &filter.flow, filter.flow.is_some()),
            ("step = ?", &filter.step, filter.step.is_some()),
            ("trigger = ?", &trigger, trigger.is_some()),
            ("last_arrival >= ?", &since, since.is_some()),
            ("received_at < ?", &until, until.is_some()),
        ];
        let asked = || conditions.iter().filter(|(_, _, is_asked)| *is_asked);
        let all: String = asked().map(|(condition, ..)| format!(" AND {condition}")).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {MESSAGE_COLUMNS} FROM message JOIN endpoint ON endpoint.number = message.endpoint
             WHERE TRUE{all} ORDER BY position DESC LIMIT ?"
        ))?;
        let limit = limit.cast_signed();
        let values = asked().map(|(_, value, _)| *value).chain([&limit as &dyn ToSql]);
        Ok(statement.query_map(params_from_iter(values), Message::of)?.collect::<Result<_, _>>()?)
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

/// The first and last id that begin with this text in lower case; `None` if no id does.
fn ids_beginning_with(text: &str) -> Option<(Uuid, Uuid)> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    let filled = |digit: char| -> Option<Uuid> {
        if text.len() > LENGTH || !text.is_ascii() {
            return None;
        }
        let rest = (text.len()..LENGTH).map(|index| if [8, 13, 18, 23].contains(&index) { '-' } else { digit });
        let id: String = text.chars().chain(rest).collect();
        Uuid::parse_str(&id).ok()
    };
    filled('0').zip(filled('f'))
}
