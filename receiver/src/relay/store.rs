//! The relay's store: its position in the log, and the pending deliveries. It cannot be rebuilt, because nothing else
//! records what was due. It contains no part of a message, no URL and no credential.

mod dead_letters;
mod decision;
mod deliveries;
#[cfg(feature = "inspect")]
mod message;
mod outcome;
mod replay;
mod routing;
mod status;
mod tables;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, Params, params};
use storage::database::{self, DatabaseFiles};
use uuid::Uuid;

#[cfg(feature = "inspect")]
pub(crate) use self::message::{DeliveryCounts, MessageDelivery};
pub(crate) use self::{
    dead_letters::{DeadLetter, DeadLetterSelection, Retried},
    status::{DestinationStatus, RelayStatus},
};
pub(super) use self::{
    decision::{DecidedMessage, PassedOver, UndecidedMessage},
    outcome::{DeliveryOutcome, Disposition, EXPIRED_REASON},
    replay::ReplayedMessage,
};
use super::{routing::Router, size::Budget};
use crate::log::{Cursor, LogId, LogIdentity, Position};

/// How long a second arrival of the same body counts as the same message.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(5 * 60);

/// The store's file, open.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Connection,
    /// SQLite's `data_version`, which changes when another process writes.
    version: i64,
    /// The files of a receiver's store; `None` in a command.
    files: Option<DatabaseFiles>,
    routing_version: u64,
    router: Option<Arc<Router>>,
}

/// A message to be enqueued.
#[derive(Clone, Debug)]
pub(super) struct IncomingMessage {
    pub(super) at: Position,
    pub(super) message: Uuid,
    pub(super) received_at: Timestamp,
    pub(super) flow: Option<String>,
    /// Numbers of its possible destinations.
    pub(super) to: Vec<i64>,
}

/// A pending delivery.
#[derive(Clone, Debug)]
pub(super) struct PendingDelivery {
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) attempts: u32,
    /// When its first attempt began.
    pub(super) since: Option<Timestamp>,
    /// Budget of its card in bytes, if the card was too large before.
    pub(super) budget: Option<usize>,
}

impl PendingDelivery {
    pub(super) fn smaller_budget(&self) -> Option<Budget> {
        self.budget.and_then(|bytes| Budget::new(bytes).ok())
    }
}

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("cannot use the relay's folder {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error(
        "the relay's store in {} has schema version {found}, and this program supports up to {known}; use the newer program",
        folder.display()
    )]
    Newer { folder: PathBuf, found: i64, known: i64 },
    #[error(
        "the relay's store in {} was written by an older version; start the receiver of this version once, which brings \
         it up to date",
        folder.display()
    )]
    Older { folder: PathBuf },
    #[error(
        "cannot open the relay's store {}: {source}; restore it from a backup, or move it away: the relay then continues \
         at the log's end, and pending deliveries are not sent",
        file.display()
    )]
    Open { file: PathBuf, source: rusqlite::Error },
    #[error("more than one message has an id that starts with {beginning}; give more of it")]
    Ambiguous { beginning: String },
    #[error(
        "nothing is relayed, because changes to the relay's store would be lost: {0}; restore it, or restart the \
         receiver: without the store the relay continues at the log's end, and pending deliveries are not sent"
    )]
    Displaced(#[source] io::Error),
    #[error("the relay's store cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("cannot read the log: {0}")]
    Log(#[source] io::Error),
}

impl Store {
    /// Whether there is a store in the folder.
    pub(crate) fn is_in(folder: &Path) -> bool {
        tables::is_in(folder)
    }

    /// Opens the store in a folder, or creates one that starts at the end of the log.
    ///
    /// If the log was replaced, its messages are not relayed: the store continues at its end.
    ///
    /// # Errors
    /// When it cannot be created or written, is from a newer version, or the log cannot be read.
    pub(crate) fn open(folder: &Path, log: &LogIdentity) -> Result<Self, StoreError> {
        let mut store = Self::over(tables::create(folder, log.end.0.cast_signed())?);
        store.files = Some(tables::files(folder)?);
        let cursor = store.log_cursor()?;
        if let Some(replaced) = cursor.replaced_by(log).map_err(StoreError::Log)? {
            tracing::error!(
                read_up_to = cursor.position.0,
                log_end = log.end.0,
                "{replaced}; nothing of it is relayed again, and what comes from now on is relayed. Send what is missing \
                 with `relay replay NAME --since TIME`"
            );
            store.connection.execute("DELETE FROM accepted", [])?;
            let end = log.end.0.cast_signed();
            store.connection.execute("UPDATE cursor SET position = ?1, last_position = NULL, last_id = NULL", [end])?;
            store
                .connection
                .execute("UPDATE routing SET since = min(since, ?1), until = min(coalesce(until, ?1), ?1)", [end])?;
        }
        if let Some(id) = log.id {
            store.connection.execute("UPDATE cursor SET log = ?1 WHERE log IS NOT ?1", [id.as_bytes()])?;
        }
        Ok(store)
    }

    fn over(connection: Connection) -> Self {
        Self { connection, version: 0, files: None, routing_version: 0, router: None }
    }

    /// Opens the store in a folder while a receiver may be running; `None` if there is no store.
    pub(crate) fn open_existing(folder: &Path) -> Result<Option<Self>, StoreError> {
        Ok(tables::open(folder)?.map(Self::over))
    }

    /// Opens the store in a folder for reading only, while a receiver may be running; `None` if there is no store. Each
    /// thread needs its own.
    ///
    /// # Errors
    /// When it cannot be read, or has another schema version.
    pub(crate) fn open_for_reading(folder: &Path) -> Result<Option<Self>, StoreError> {
        let Some(store) = Self::open_existing(folder)? else { return Ok(None) };
        // SQLite writes to the shared memory of the write-ahead log even for reading.
        store.connection.pragma_update(None, "query_only", true)?;
        Ok(Some(store))
    }

    /// Checks that its files were not deleted, moved or replaced since the receiver opened them.
    pub(super) fn check_place(&self) -> Result<(), StoreError> {
        self.files.as_ref().map_or(Ok(()), DatabaseFiles::check).map_err(StoreError::Displaced)
    }

    /// How far the log was read.
    pub(super) fn cursor(&self) -> Result<Position, StoreError> {
        Ok(position(self.connection.query_row("SELECT position FROM cursor", [], |row| row.get(0))?))
    }

    /// How far the log was read, and the identity of the log.
    fn log_cursor(&self) -> Result<Cursor, StoreError> {
        let cursor =
            self.connection.query_row("SELECT position, log, last_position, last_id FROM cursor", [], |row| {
                let id: Option<String> = row.get(3)?;
                Ok(Cursor {
                    position: position(row.get(0)?),
                    log: row.get::<_, Option<Vec<u8>>>(1)?.and_then(|bytes| LogId::from_bytes(&bytes)),
                    last: row.get::<_, Option<i64>>(2)?.map(position).zip(id.and_then(|id| id.parse().ok())),
                })
            })?;
        Ok(cursor)
    }

    /// The first position of the log that is needed: unread, or not delivered yet.
    pub(super) fn needed_from(&self) -> Result<Position, StoreError> {
        let find = "SELECT min(position) FROM delivery WHERE dead IS NULL";
        let waiting: Option<i64> = self.connection.query_row(find, [], |row| row.get(0))?;
        let cursor = self.cursor()?;
        Ok(waiting.map_or(cursor, |waiting| cursor.min(position(waiting))))
    }

    /// Enqueues messages and advances the cursor, in one transaction. Whether they are due is decided later.
    ///
    /// Returns `false` and changes nothing if the configuration has changed since `router` was made: it may route them
    /// elsewhere.
    pub(super) fn enqueue(
        &mut self,
        router: &Router,
        messages: &[IncomingMessage],
        last: Option<(Position, Uuid)>,
        next: Position,
    ) -> Result<bool, StoreError> {
        if router.version != self.routing_version {
            return Ok(false);
        }
        self.check_place()?;
        let transaction = database::begin_write(&mut self.connection)?;
        for IncomingMessage { at, message, received_at, flow, to } in messages {
            // Not in the future: the clock may have been wrong when the message arrived.
            let due = (*received_at).min(Timestamp::now()).as_microsecond();
            for destination in to {
                execute(
                    &transaction,
                    "INSERT INTO delivery (destination, position, message, received_at, flow, asked, due)
                     VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)",
                    params![
                        destination,
                        at.0.cast_signed(),
                        message.to_string(),
                        received_at.as_microsecond(),
                        flow,
                        due
                    ],
                )?;
            }
        }
        let (at, id) = last.map(|(at, id)| (at.0.cast_signed(), id.to_string())).unzip();
        transaction.execute(
            "UPDATE cursor SET position = ?1, last_position = coalesce(?2, last_position), last_id = coalesce(?3, last_id)",
            params![next.0.cast_signed(), at, id],
        )?;
        transaction.commit()?;
        Ok(true)
    }

    /// Limits the due times of a destination's deliveries to `latest`. Stored, because otherwise each start would wait
    /// again.
    pub(super) fn limit_due(&self, destination: i64, latest: Timestamp) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE delivery SET due = ?2 WHERE destination = ?1 AND dead IS NULL AND due > ?2",
            params![destination, latest.as_microsecond()],
        )?;
        Ok(())
    }

    /// Visits the pending deliveries of a destination after a number, in order: number, flow and due time. Ends at the
    /// first undecided one, which later ones must not overtake.
    pub(super) fn each_waiting(
        &self,
        destination: i64,
        after: u64,
        mut visit: impl FnMut(u64, Option<&str>, Timestamp),
    ) -> Result<(), StoreError> {
        self.check_place()?;
        let mut statement = self.connection.prepare_cached(
            "SELECT id, flow, due FROM delivery WHERE destination = ?1 AND id > ?2 AND dead IS NULL AND asked = 0
             AND id < coalesce((SELECT min(id) FROM delivery WHERE asked = 1 AND destination IN
                 (SELECT id FROM destination WHERE id = ?1 OR moved_to = ?1)), 9223372036854775807)
             ORDER BY id",
        )?;
        let mut rows = statement.query([destination, after.cast_signed()])?;
        while let Some(row) = rows.next()? {
            let flow = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            visit(row.get::<_, i64>(0)?.cast_unsigned(), flow, timestamp(row.get(2)?));
        }
        Ok(())
    }

    /// Number and message of each pending delivery of a destination.
    pub(super) fn waiting_messages(&self, destination: i64) -> Result<Vec<(u64, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, message FROM delivery WHERE destination = ?1 AND dead IS NULL AND asked = 0 ORDER BY id",
        )?;
        let waiting =
            statement.query_map([destination], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
        Ok(waiting.collect::<Result<_, _>>()?)
    }

    /// The delivery with a number.
    pub(super) fn delivery(&self, id: u64) -> Result<PendingDelivery, StoreError> {
        self.check_place()?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT position, message, attempts, since, budget FROM delivery WHERE id = ?1")?;
        Ok(statement.query_row([id.cast_signed()], |row| {
            Ok(PendingDelivery {
                at: position(row.get(0)?),
                message: row.get(1)?,
                attempts: row.get(2)?,
                since: row.get::<_, Option<i64>>(3)?.map(timestamp),
                budget: row.get::<_, Option<i64>>(4)?.and_then(|bytes| bytes.try_into().ok()),
            })
        })?)
    }

    /// Whether another process has written since this was last asked.
    pub(super) fn was_changed_elsewhere(&mut self) -> Result<bool, StoreError> {
        let version = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
        let before = std::mem::replace(&mut self.version, version);
        Ok(before != version)
    }
}

fn execute(connection: &Connection, statement: &str, parameters: impl Params) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute(parameters)
}

fn position(at: i64) -> Position {
    Position(at.cast_unsigned())
}

fn window() -> i64 {
    i64::try_from(DUPLICATE_WINDOW.as_micros()).unwrap_or(i64::MAX)
}

fn timestamp(microsecond: i64) -> Timestamp {
    Timestamp::from_microsecond(microsecond).unwrap_or_default()
}
