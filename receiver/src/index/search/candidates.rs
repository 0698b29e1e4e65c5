//! Where a walk looks for messages: the text index, the rows, or a list of positions.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use rusqlite::{OptionalExtension as _, params_from_iter};

use super::{
    super::IndexError,
    plan::Source,
    walk::{End, FIRST_STEP, Flow, Walk},
};
use crate::log::Position;

/// How long an expression with a beginning of a word may take in a part: if most of its words begin so, reading the rows is
/// faster.
const PREFIX_BUDGET: Duration = Duration::from_millis(60);

/// Maximum number of messages that are looked for by an id.
const MAX_IDS: i64 = 1000;

/// Number of deliveries that are asked for at once.
const DELIVERIES_BATCH: usize = 256;

impl Walk<'_, '_> {
    /// The positions of the messages with an id that is asked for, in order; `None` if none or too many are.
    pub(super) fn by_id(&self) -> Result<Option<Vec<i64>>, IndexError> {
        let Some((first, last)) = self.plan.ids else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM (SELECT position FROM message WHERE id BETWEEN ?1 AND ?2 LIMIT ?3)
             UNION SELECT * FROM (SELECT message FROM repeat WHERE id BETWEEN ?1 AND ?2 LIMIT ?3)",
        )?;
        let found = statement.query_map((first.as_bytes(), last.as_bytes(), MAX_IDS), |row| row.get(0))?;
        let mut found: Vec<i64> = found.collect::<Result<_, _>>()?;
        found.sort_unstable();
        if !self.ascending() {
            found.reverse();
        }
        Ok((found.len() < usize::try_from(MAX_IDS).unwrap_or_default()).then_some(found))
    }

    /// Looks at the messages with a delivery that is asked for; `None` if none is, or the relay cannot list them.
    pub(super) fn by_deliveries(&mut self, range: Range<i64>) -> Flow {
        let Some((filter, false)) = self.plan.deliveries.first() else { return Ok(None) };
        let Some(deliveries) = self.sources.deliveries else {
            return Ok(Some(End::Complete));
        };
        let mut below = Position(range.end.cast_unsigned());
        loop {
            let listed = deliveries.newest(filter, below, DELIVERIES_BATCH).map_err(IndexError::Deliveries)?;
            let Some(listed) = listed else { return Ok(None) };
            let Some(last) = listed.last() else { return Ok(Some(End::Complete)) };
            below = *last;
            for position in listed {
                let position = position.0.cast_signed();
                if position < range.start {
                    return Ok(Some(End::Complete));
                }
                let message = self.message_of(position)?;
                if let Some(message) = message.filter(|message| range.contains(message))
                    && self.seen.insert(message)
                    && let Some(end) = self.candidate(message)?
                {
                    return Ok(Some(end));
                }
                self.reached = position;
            }
        }
    }

    /// The position of the message that arrived at one.
    fn message_of(&self, arrival: i64) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached(
                "SELECT position FROM message WHERE position = ?1
                 UNION ALL SELECT message FROM repeat WHERE position = ?1",
            )?
            .query_row([arrival], |row| row.get(0))
            .optional()
    }

    /// Looks at the messages in a range that arrived again from a position on.
    pub(super) fn arrived_again(&mut self, from: i64, earlier: Range<i64>) -> Flow {
        if earlier.is_empty() {
            return Ok(None);
        }
        let order = if self.ascending() { "" } else { "DESC" };
        // `+` keeps SQLite from an index: the other range has fewer arrivals.
        let (by_position, by_message) = match self.known.end - from < earlier.end - earlier.start {
            true => ("position", "+message"),
            false => ("+position", "message"),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT DISTINCT message FROM repeat
             WHERE {by_position} >= ?1 AND {by_message} >= ?2 AND {by_message} < ?3 ORDER BY message {order}"
        ))?;
        let mut rows = statement.query([from, earlier.start, earlier.end])?;
        while let Some(row) = rows.next()? {
            if let Some(end) = self.candidate(row.get(0)?)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    pub(super) fn listed(&mut self, positions: impl IntoIterator<Item = i64>) -> Result<End, IndexError> {
        for position in positions {
            if let Some(end) = self.candidate(position)? {
                return Ok(end);
            }
        }
        Ok(End::Complete)
    }

    pub(super) fn source(&mut self, range: Range<i64>) -> Flow {
        match self.plan.source() {
            Source::Rows => self.steps(range, Self::rows),
            Source::Repeats => self.steps(range, Self::repeats),
            // No steps: to the end of a list of the text index it takes the same time from any place in a part.
            Source::Text(expression) => {
                self.in_parts(range, |walk, table, range| match walk.text(table, &expression, range.clone())? {
                    None => Ok(walk.completed(&range)),
                    end => Ok(end),
                })
            }
            Source::Prefix(expression) => {
                // If most messages match, the newest rows have a page full of them.
                let newest = match self.ascending() {
                    true => range.start..range.end.min(range.start.saturating_add(FIRST_STEP)),
                    false => range.start.max(range.end.saturating_sub(FIRST_STEP))..range.end,
                };
                let rest = if self.ascending() { newest.end..range.end } else { range.start..newest.start };
                if let Some(end) = self.steps(newest, Self::rows)? {
                    return Ok(Some(end));
                }
                self.in_parts(rest, |walk, table, range| walk.prefix(table, &expression, range))
            }
        }
    }

    fn rows(&mut self, range: Range<i64>) -> Flow {
        let order = if self.ascending() { "" } else { "DESC" };
        let sql = format!(
            "{} AND message.position >= ? AND message.position < ? ORDER BY message.position {order}",
            self.select()
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let values = self.plan.values.iter().cloned().chain([range.start.into(), range.end.into()]);
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if let Some(end) = self.row(row)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    fn repeats(&mut self, range: Range<i64>) -> Flow {
        let order = if self.ascending() { "" } else { "DESC" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT DISTINCT message FROM repeat WHERE message >= ?1 AND message < ?2 ORDER BY message {order}"
        ))?;
        let mut rows = statement.query([range.start, range.end])?;
        while let Some(row) = rows.next()? {
            if let Some(end) = self.candidate(row.get(0)?)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    fn text(&mut self, table: &str, expression: &str, range: Range<i64>) -> Flow {
        let order = if self.ascending() { "" } else { "DESC" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT rowid FROM {table} WHERE {table} MATCH ?1 AND rowid >= ?2 AND rowid <= ?3 ORDER BY rowid {order}"
        ))?;
        let mut rows = statement.query((expression, range.start, range.end - 1))?;
        while let Some(row) = rows.next()? {
            if let Some(end) = self.matched(row.get(0)?)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Looks in the text index, or if that takes long, at the rows.
    fn prefix(&mut self, table: &str, expression: &str, range: Range<i64>) -> Flow {
        let soon = Instant::now().checked_add(PREFIX_BUDGET);
        self.reader.deadline.set([self.deadline, soon].into_iter().flatten().min());
        let ended = self.text(table, expression, range.clone());
        self.reader.deadline.set(self.deadline);
        match ended {
            Err(IndexError::Interrupted) if !self.is_late() => {
                let rest = match self.ascending() {
                    true => range.start.max(self.reached + 1)..range.end,
                    false => range.start..range.end.min(self.reached),
                };
                self.steps(rest, Self::rows)
            }
            Ok(None) => Ok(self.completed(&range)),
            ended => ended,
        }
    }
}
