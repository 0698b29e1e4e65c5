//! Questions to the index, and to the log's records where no index is needed.

use std::{io, ops::Range};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, ToSql, params_from_iter};
use schemas::{Trigger, Violation};
use serde::Serialize;
use uuid::Uuid;

use super::{Index, IndexError};
use crate::log::{Position, RecordHeader};

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
    /// Received at or after.
    pub since: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
}

/// A message in the index.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The id of its first arrival.
    pub id: Uuid,
    /// When it first arrived.
    pub received_at: Timestamp,
    /// The endpoint's name.
    pub endpoint: String,
    /// What happened to the step.
    pub trigger: Option<String>,
    /// The flow's identifier.
    pub flow: Option<String>,
    /// The step's identifier.
    pub step: Option<String>,
    /// Bytes of the body.
    pub size: u64,
    /// How often the same body arrived.
    pub arrivals: u64,
    /// The rules of the contract that it breaks.
    pub violations: Vec<Violation>,
    /// Whether a capturing endpoint took it unchecked; it is not judged then.
    pub captured: bool,
    /// Its position in the log.
    pub position: Position,
}

/// Messages that the index knows and no file of the log has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lost {
    /// How many arrivals.
    pub arrivals: u64,
    /// Position of the first.
    pub first: Position,
    /// Position of the last.
    pub last: Position,
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

impl Index {
    /// The newest messages that the filter asks for, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn newest(&self, filter: &Filter, limit: usize) -> rusqlite::Result<Vec<Message>> {
        let trigger = filter.trigger.map(Trigger::as_str);
        let [since, until] = [filter.since, filter.until].map(|time| time.map(Timestamp::as_microsecond));
        // Only what is asked: a condition that may hold for everything would keep SQLite from its indexes.
        let conditions: [(&str, &dyn ToSql, bool); 6] = [
            ("endpoint = ?", &filter.endpoint, filter.endpoint.is_some()),
            ("flow = ?", &filter.flow, filter.flow.is_some()),
            ("step = ?", &filter.step, filter.step.is_some()),
            ("trigger = ?", &trigger, trigger.is_some()),
            ("received_at >= ?", &since, since.is_some()),
            ("received_at < ?", &until, until.is_some()),
        ];
        let asked = || conditions.iter().filter(|(_, _, is_asked)| *is_asked);
        let all: String = asked().map(|(condition, ..)| format!(" AND {condition}")).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT * FROM message WHERE TRUE{all} ORDER BY received_at DESC, position DESC LIMIT ?"
        ))?;
        let limit = limit.cast_signed();
        let values = asked().map(|(_, value, _)| *value).chain([&limit as &dyn ToSql]);
        statement.query_map(params_from_iter(values), message)?.collect()
    }

    /// The messages of which an arrival's id begins so, at most two: enough to know whether the beginning is unique.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn by_id(&self, beginning: &str) -> rusqlite::Result<Vec<Message>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT message.* FROM message JOIN arrival ON arrival.message = message.id
             WHERE arrival.id >= ?1 AND arrival.id < ?1 || 'g' LIMIT 2",
        )?;
        // `g` follows the last hexadecimal digit.
        statement.query_map([beginning.to_ascii_lowercase()], message)?.collect()
    }

    /// When and from where the arrivals of a message came, oldest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn arrivals(&self, message: Uuid) -> rusqlite::Result<Vec<(Timestamp, Option<String>)>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT received_at, peer FROM arrival WHERE message = ?1 ORDER BY position")?;
        statement.query_map([message.to_string()], |row| Ok((timestamp(row, 0)?, row.get(1)?)))?.collect()
    }

    /// Arrivals whose records should be in the log from `start` on, and are in none of these ranges of positions. `ranges`
    /// is called once the index is read at one moment, so that what arrives meanwhile is not missed.
    ///
    /// # Errors
    /// When the index or the log cannot be read.
    pub fn lost(&self, ranges: impl FnOnce() -> io::Result<(u64, Vec<Range<u64>>)>) -> Result<Vec<Lost>, IndexError> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.query_row("SELECT position FROM cursor", [], |_| Ok(()))?;
        let (mut from, mut ranges) = ranges()?;
        ranges.sort_by_key(|range| range.start);
        let mut lost = Vec::new();
        let mut statement = transaction.prepare(
            "SELECT count(*), min(position), max(position) FROM arrival WHERE position >= ?1 AND position < ?2",
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
                    lost.push(Lost { arrivals, first: Position(first), last: Position(last) });
                }
            }
            from = from.max(range.end);
        }
        Ok(lost)
    }

    /// How many messages and arrivals there are.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn counts(&self) -> rusqlite::Result<(u64, u64)> {
        let counts = self.connection.query_row(
            "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM arrival)",
            [],
            |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned())),
        );
        counts.optional().map(Option::unwrap_or_default)
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error)
    };
    let id: String = row.get("id")?;
    let violations: String = row.get("violations")?;
    Ok(Message {
        id: id.parse().map_err(|error| unreadable(Box::new(error)))?,
        received_at: timestamp(row, "received_at")?,
        endpoint: row.get("endpoint")?,
        trigger: row.get("trigger")?,
        flow: row.get("flow")?,
        step: row.get("step")?,
        size: row.get::<_, i64>("size")?.cast_unsigned(),
        arrivals: row.get::<_, i64>("arrivals")?.cast_unsigned(),
        violations: serde_json::from_str(&violations).map_err(|error| unreadable(Box::new(error)))?,
        captured: row.get("captured")?,
        position: Position(row.get::<_, i64>("position")?.cast_unsigned()),
    })
}

fn timestamp(row: &Row<'_>, column: impl rusqlite::RowIndex) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_microsecond(row.get(column)?).unwrap_or_default())
}
