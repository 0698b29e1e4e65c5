//! Status of the relay and its destinations.

use jiff::Timestamp;
use rusqlite::Row;

use super::{DeadLetter, Store, StoreError, timestamp};
use crate::log::Position;

/// Status of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How far the log was read.
    pub read_up_to: Position,
    /// The destinations, by name.
    pub destinations: Vec<DestinationStatus>,
}

/// Status of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationStatus {
    /// Its name.
    pub name: String,
    /// Its number in the store.
    pub(in crate::relay) number: i64,
    /// Name of the endpoint whose messages it gets.
    pub endpoint: String,
    /// Whether the last configuration has it.
    pub is_configured: bool,
    /// Deliveries that are pending or in flight.
    pub waiting: u64,
    /// When the oldest message among them was received.
    pub oldest_waiting: Option<Timestamp>,
    /// Deliveries that were given up.
    pub dead_letters: u64,
    /// Deliveries that were accepted.
    pub accepted: u64,
    /// When the last delivery was accepted.
    pub last_accepted: Option<Timestamp>,
    /// The last failed attempt.
    pub last_failure: Option<Failure>,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub words: String,
}

impl Store {
    /// The status of each destination.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn status(&self) -> Result<Status, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name, endpoint, active, accepted, accepted_at, failed_at, failure,
                 (SELECT count(*) FROM delivery WHERE destination = destination.id AND dead IS NULL),
                 (SELECT min(received_at) FROM delivery WHERE destination = destination.id AND dead IS NULL),
                 (SELECT count(*) FROM delivery WHERE destination = destination.id AND dead IS NOT NULL)
             FROM destination ORDER BY name, NOT active, endpoint",
        )?;
        let destinations = statement.query_map([], destination)?.collect::<Result<_, _>>()?;
        Ok(Status { read_up_to: self.cursor()?, destinations })
    }

    /// A consistent snapshot of the status and the newest dead letters while a receiver may be writing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn snapshot(&self, dead_letters: usize) -> Result<(Status, Vec<DeadLetter>), StoreError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let both = (self.status()?, self.dead_letters(dead_letters)?);
        snapshot.finish()?;
        Ok(both)
    }
}

fn destination(row: &Row<'_>) -> rusqlite::Result<DestinationStatus> {
    let time = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(timestamp));
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let failure: Option<String> = row.get(7)?;
    Ok(DestinationStatus {
        number: row.get(0)?,
        name: row.get(1)?,
        endpoint: row.get(2)?,
        is_configured: row.get(3)?,
        accepted: count(4)?,
        last_accepted: time(5)?,
        last_failure: time(6)?.zip(failure).map(|(at, words)| Failure { at, words }),
        waiting: count(8)?,
        oldest_waiting: time(9)?,
        dead_letters: count(10)?,
    })
}
