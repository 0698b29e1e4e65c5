//! The relay's memory: how far it has read the log, and what is due where. Not disposable: what it says was due is
//! written nowhere else. No part of a message, no URL and no credential is in it.

mod dead_letters;
mod settlement;
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
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

pub(super) use self::settlement::{EXPIRED, Ended, Settled};
pub use self::{
    dead_letters::{DeadLetter, Retried, Which},
    status::{DestinationStatus, Failure, Status},
};
use crate::log::Position;

/// How long a second arrival of the same body counts as the same message.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(5 * 60);

/// The store's file, open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    version: i64,
}

/// A message on its way into the store.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) at: Position,
    pub(super) message: Uuid,
    pub(super) received_at: Timestamp,
    pub(super) endpoint: String,
    pub(super) flow: Option<String>,
    /// Digest of the body, where an equal one within the window is the same message.
    pub(super) digest: Option<[u8; 32]>,
    /// Numbers of the destinations that it is for; with words where nobody can tell whether it is.
    pub(super) to: Vec<(i64, Option<String>)>,
}

/// A delivery that waits.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) attempts: u32,
    /// When its first attempt began.
    pub(super) since: Option<Timestamp>,
    /// Most bytes of its card, where it was too large before.
    pub(super) budget: Option<usize>,
}

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Its folder or file cannot be made.
    #[error("cannot use the relay's folder {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It was written by a newer version of this program.
    #[error(
        "the relay's store in {} has form {found}, and this program knows forms up to {known}; use the newer program",
        folder.display()
    )]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// The form of the file.
        found: i64,
        /// The newest form that is known here.
        known: i64,
    },
    /// It cannot be opened: it is damaged, or somebody else's.
    #[error(
        "cannot open the relay's store {}: {source}; bring it back from a backup, or move it away: the relay then goes on \
         from the log's end, and what waited is not sent",
        file.display()
    )]
    Open {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// Several messages have an id that begins so.
    #[error("more than one message has an id that begins {beginning}; write more of it")]
    Ambiguous {
        /// What was given of the id.
        beginning: String,
    },
    /// SQLite says no: a full disk, a damaged file.
    #[error("the relay's store cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// The log, where the messages lie, cannot be read.
    #[error("cannot read the log: {0}")]
    Log(#[source] io::Error),
}

impl Store {
    /// Whether there is one in the folder.
    pub fn is_in(folder: &Path) -> bool {
        tables::is_in(folder)
    }

    /// Opens the store in a folder, or makes one that begins at `end`, the log's.
    ///
    /// # Errors
    /// When it cannot be made or written, or is of a newer program.
    pub fn open(folder: &Path, end: Position) -> Result<Self, StoreError> {
        let store = Self { connection: tables::create(folder, end.0.cast_signed())?, version: 0 };
        if store.cursor()? > end {
            tracing::warn!("the relay had read further than the log goes: it is another log; it begins at its end");
            store.connection.execute("UPDATE cursor SET position = ?1", [end.0.cast_signed()])?;
            store.connection.execute("UPDATE destination SET since = min(since, ?1)", [end.0.cast_signed()])?;
        }
        Ok(store)
    }

    /// Opens the store in a folder beside a running receiver; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn beside(folder: &Path) -> Result<Option<Self>, StoreError> {
        Ok(tables::open(folder)?.map(|connection| Self { connection, version: 0 }))
    }

    /// How far the log was read.
    pub(super) fn cursor(&self) -> Result<Position, StoreError> {
        let position: i64 = self.connection.query_row("SELECT position FROM cursor", [], |row| row.get(0))?;
        Ok(Position(position.cast_unsigned()))
    }

    /// From where on the log is needed: what was not read, and what is not delivered to the present destinations.
    pub(super) fn needed_from(&self) -> Result<Position, StoreError> {
        let waiting: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT min((SELECT min(position) FROM delivery WHERE destination = destination.id AND dead IS NULL))
                 FROM destination WHERE active",
            )?
            .query_row([], |row| row.get(0))?;
        let cursor = self.cursor()?;
        Ok(waiting.map_or(cursor, |position| cursor.min(Position(position.cast_unsigned()))))
    }

    /// Says which destinations (name and endpoint) there are, and gives their numbers. A new one, and one that comes back,
    /// gets what arrives from `since` on; of one that is gone, what waits is kept.
    pub(super) fn set_destinations(
        &mut self,
        destinations: &[(Arc<str>, &str)],
        since: Position,
    ) -> Result<Vec<i64>, StoreError> {
        let transaction = self.connection.transaction()?;
        let names: Vec<&str> = destinations.iter().map(|(name, _)| &**name).collect();
        let names = serde_json::to_string(&names).expect("names are strings");
        transaction
            .execute("UPDATE destination SET active = name IN (SELECT value FROM json_each(?1)) AND active", [names])?;
        let mut numbers = Vec::new();
        for (name, endpoint) in destinations {
            let number = transaction.query_row(
                "INSERT INTO destination (name, endpoint, active, since) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (name) DO UPDATE SET
                     since = CASE WHEN active AND endpoint = ?2 THEN since ELSE ?3 END, endpoint = ?2, active = 1
                 RETURNING id",
                params![name, endpoint, since.0.cast_signed()],
                |row| row.get(0),
            )?;
            numbers.push(number);
        }
        transaction.commit()?;
        Ok(numbers)
    }

    /// Takes arrivals in and moves the cursor behind them, in one transaction.
    pub(super) fn take_in(&mut self, arrivals: &[Arrival], next: Position) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for arrival in arrivals {
            if !is_repeated(&transaction, arrival)? {
                add(&transaction, arrival)?;
            }
        }
        if let Some(last) = arrivals.last() {
            transaction
                .prepare_cached("DELETE FROM seen WHERE last_arrival < ?1")?
                .execute([last.received_at.as_microsecond() - window()])?;
        }
        transaction.execute("UPDATE cursor SET position = ?1", [next.0.cast_signed()])?;
        transaction.commit()?;
        Ok(())
    }

    /// Gives number, flow and due time of what waits for a destination behind a number, in order.
    pub(super) fn each_waiting(
        &self,
        destination: i64,
        behind: u64,
        mut give: impl FnMut(u64, Option<&str>, Timestamp),
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, flow, due FROM delivery WHERE destination = ?1 AND id > ?2 AND dead IS NULL ORDER BY id",
        )?;
        let mut rows = statement.query([destination, behind.cast_signed()])?;
        while let Some(row) = rows.next()? {
            let flow = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            give(row.get::<_, i64>(0)?.cast_unsigned(), flow, timestamp(row.get(2)?));
        }
        Ok(())
    }

    /// Number and message of what waits for a destination.
    pub(super) fn waiting_messages(&self, destination: i64) -> Result<Vec<(u64, String)>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, message FROM delivery WHERE destination = ?1 AND dead IS NULL ORDER BY id")?;
        let waiting =
            statement.query_map([destination], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
        Ok(waiting.collect::<Result<_, _>>()?)
    }

    /// The delivery of a number.
    pub(super) fn delivery(&self, id: u64) -> Result<Delivery, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT position, message, attempts, since, budget FROM delivery WHERE id = ?1")?;
        Ok(statement.query_row([id.cast_signed()], |row| {
            Ok(Delivery {
                at: Position(row.get::<_, i64>(0)?.cast_unsigned()),
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

/// Whether the same body has arrived within the window; the window counts from the last of them.
fn is_repeated(transaction: &Transaction<'_>, arrival: &Arrival) -> rusqlite::Result<bool> {
    let Some(digest) = &arrival.digest else { return Ok(false) };
    let at = arrival.received_at.as_microsecond();
    let again = transaction
        .prepare_cached(
            "UPDATE seen SET last_arrival = max(last_arrival, ?3)
             WHERE endpoint = ?1 AND digest = ?2 AND last_arrival >= ?4",
        )?
        .execute(params![arrival.endpoint, &digest[..], at, at - window()])?;
    if again == 0 {
        transaction.prepare_cached("INSERT OR REPLACE INTO seen VALUES (?1, ?2, ?3)")?.execute(params![
            arrival.endpoint,
            &digest[..],
            at
        ])?;
    }
    Ok(again > 0)
}

fn add(transaction: &Transaction<'_>, arrival: &Arrival) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO delivery (destination, position, message, received_at, flow, due, dead, words)
         SELECT ?1, ?2, ?3, ?4, ?5, ?4, ?6, ?7 FROM destination WHERE id = ?1 AND since <= ?2",
    )?;
    for (destination, words) in &arrival.to {
        statement.execute(params![
            destination,
            arrival.at.0.cast_signed(),
            arrival.message.to_string(),
            arrival.received_at.as_microsecond(),
            arrival.flow,
            words.as_ref().map(|_| settlement::UNDECIDED),
            words,
        ])?;
    }
    Ok(())
}

fn window() -> i64 {
    i64::try_from(DUPLICATE_WINDOW.as_micros()).unwrap_or(i64::MAX)
}

fn timestamp(microsecond: i64) -> Timestamp {
    Timestamp::from_microsecond(microsecond).unwrap_or_default()
}
