//! Adding to the index what was read from the log.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use schemas::Violation;
use sha2::{Digest as _, Sha256};
use storage::database;

use super::{
    Index,
    message::{peer_bytes, trigger_number},
    part::Part,
    recent::{DIGEST_BYTES, Digest, RecentMessages},
    tables::{DELETE_REMOVED_SQL, SPAN_ARRIVALS},
    text::IndexedText,
};
use crate::log::{Position, Record};

/// A record, and what was worked out about it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Position,
    pub(super) record: Record,
    pub(super) violations: Vec<Violation>,
    pub(super) text: IndexedText,
}

/// What the writer keeps in memory between transactions.
#[derive(Debug, Default)]
pub(super) struct WriterState {
    recent: RecentMessages,
    endpoints: HashMap<String, i64>,
}

/// A range of positions and the times of its arrivals, as in the table of this name.
struct Span {
    first: i64,
    arrivals: i64,
    earliest: i64,
    latest: i64,
}

impl Index {
    /// Adds the records that were read from a position on, moves the cursor to `next`, and drops the rows of what the log
    /// no longer has, in one transaction. `false`, with nothing changed, if another process has moved the cursor.
    pub(super) fn add<'e>(
        &mut self,
        entries: impl IntoIterator<Item = &'e Entry>,
        (from, next): (Position, Position),
        start: Position,
    ) -> rusqlite::Result<bool> {
        let transaction = database::begin_write(&mut self.connection)?;
        let (cursor, known_start): (i64, i64) =
            transaction.query_row("SELECT position, start FROM cursor", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if cursor != from.0.cast_signed() {
            return Ok(false);
        }
        let WriterState { recent, endpoints } = &mut self.state;
        recent.load(&transaction, from)?;
        // Until the transaction is committed, what is in memory may be ahead of the file.
        recent.invalidate();
        let known_endpoints = std::mem::take(endpoints);
        let mut writer = Writer {
            transaction: &transaction,
            recent,
            endpoints: known_endpoints,
            span: None,
            part: Part::last(&transaction)?,
            part_arrivals: self.part_arrivals,
        };
        for entry in entries {
            writer.add(entry)?;
        }
        let known_endpoints = writer.finish()?;
        let start = start.0.cast_signed();
        let removes = start > known_start;
        if removes {
            Part::drop_removed(&transaction, start)?;
            transaction.execute_batch(&DELETE_REMOVED_SQL.replace(":start", &start.to_string()))?;
        }
        transaction
            .execute("UPDATE cursor SET position = ?1, start = max(start, ?2)", [next.0.cast_signed(), start])?;
        transaction.commit()?;
        *endpoints = known_endpoints;
        // The messages of removed arrivals have moved.
        if !removes {
            recent.commit(next);
        }
        Ok(true)
    }
}

struct Writer<'t> {
    transaction: &'t Transaction<'t>,
    recent: &'t mut RecentMessages,
    endpoints: HashMap<String, i64>,
    span: Option<Span>,
    part: Option<Part>,
    part_arrivals: i64,
}

impl Writer<'_> {
    fn add(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        let (position, header) = (entry.at.0.cast_signed(), &entry.record.header);
        let at = header.received_at.as_microsecond();
        let endpoint = self.endpoint(&header.endpoint)?;
        let digest = digest(&entry.record.body);
        self.add_to_span(position, at)?;
        // Also that of a later arrival: retention may leave only that.
        self.add_text(position, &entry.text.text)?;
        let peer = header.peer.map(peer_bytes);
        let message =
            match self.recent.find(self.transaction, &digest, endpoint, at)? {
                Some(original) => {
                    self.transaction
                        .prepare_cached(
                            "UPDATE message SET arrivals = arrivals + 1, last_arrival = ?2 WHERE position = ?1",
                        )?
                        .execute([original.message, original.last_arrival_with(at)])?;
                    self.transaction
                        .prepare_cached("INSERT INTO repeat VALUES (?1, ?2, ?3, ?4, ?5)")?
                        .execute(params![position, header.id.as_bytes(), original.message, at, peer,])?;
                    self.recent.insert(&digest, endpoint, original.message, original.last_arrival_with(at));
                    return Ok(());
                }
                None => position,
            };
        let violations = (!entry.violations.is_empty())
            .then(|| serde_json::to_string(&entry.violations).expect("violations are strings"));
        self.transaction
            .prepare_cached(
                "INSERT INTO message VALUES (?1, ?2, ?3, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                message,
                header.id.as_bytes(),
                at,
                endpoint,
                header.trigger.map(trigger_number),
                header.flow,
                header.step,
                entry.record.body.len().cast_signed(),
                digest,
                violations,
                header.captured.is_some(),
                entry.text.is_cut,
                peer,
            ])?;
        self.recent.insert(&digest, endpoint, message, at);
        Ok(())
    }

    /// The number of an endpoint.
    fn endpoint(&mut self, name: &str) -> rusqlite::Result<i64> {
        if let Some(number) = self.endpoints.get(name) {
            return Ok(*number);
        }
        self.transaction.execute("INSERT OR IGNORE INTO endpoint (name) VALUES (?1)", [name])?;
        let number =
            self.transaction.query_row("SELECT number FROM endpoint WHERE name = ?1", [name], |row| row.get(0))?;
        self.endpoints.insert(name.to_owned(), number);
        Ok(number)
    }

    fn add_text(&mut self, position: i64, text: &str) -> rusqlite::Result<()> {
        let part = match self.part.take() {
            Some(part) if part.arrivals < self.part_arrivals => part,
            full => {
                full.map_or(Ok(()), |full| full.write(self.transaction))?;
                Part::create(self.transaction, position)?
            }
        };
        self.part.insert(part).add(self.transaction, position, text)
    }

    fn add_to_span(&mut self, position: i64, at: i64) -> rusqlite::Result<()> {
        let span = match self.span.take() {
            Some(span) => Some(span),
            None => last_span(self.transaction)?,
        };
        let span = match span {
            Some(span) if span.arrivals < SPAN_ARRIVALS => Span {
                arrivals: span.arrivals + 1,
                earliest: span.earliest.min(at),
                latest: span.latest.max(at),
                ..span
            },
            full => {
                if let Some(full) = full {
                    write_span(self.transaction, &full)?;
                }
                Span { first: position, arrivals: 1, earliest: at, latest: at }
            }
        };
        self.span = Some(span);
        Ok(())
    }

    /// Writes what is still in memory, and returns the known endpoints.
    fn finish(self) -> rusqlite::Result<HashMap<String, i64>> {
        if let Some(part) = self.part {
            part.write(self.transaction)?;
        }
        if let Some(span) = &self.span {
            write_span(self.transaction, span)?;
        }
        Ok(self.endpoints)
    }
}

fn last_span(connection: &Connection) -> rusqlite::Result<Option<Span>> {
    connection
        .query_row("SELECT first, arrivals, earliest, latest FROM span ORDER BY first DESC LIMIT 1", [], |row| {
            Ok(Span { first: row.get(0)?, arrivals: row.get(1)?, earliest: row.get(2)?, latest: row.get(3)? })
        })
        .optional()
}

fn write_span(connection: &Connection, span: &Span) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO span VALUES (?1, ?2, ?3, ?4)")?.execute([
        span.first,
        span.arrivals,
        span.earliest,
        span.latest,
    ])?;
    Ok(())
}

fn digest(body: &[u8]) -> Digest {
    let digest = Sha256::digest(body);
    let (beginning, _) = digest.split_first_chunk::<DIGEST_BYTES>().expect("a SHA-256 digest is longer");
    *beginning
}
