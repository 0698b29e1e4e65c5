//! Status of the relay and its destinations.

use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;

use super::{DeadLetter, Store, StoreError, timestamp};
use crate::log::Position;

/// Status of the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayStatus {
    pub(crate) read_up_to: Position,
    pub(crate) destinations: Vec<DestinationStatus>,
}

/// Status of a destination, with the members of `relay status --output json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DestinationStatus {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    /// Whether the last configuration has it.
    pub(crate) is_configured: bool,
    /// Deliveries that are pending or in flight.
    pub(crate) waiting: u64,
    /// When the oldest message among them was received.
    pub(crate) oldest_waiting: Option<Timestamp>,
    pub(crate) accepted: u64,
    pub(crate) last_accepted: Option<Timestamp>,
    pub(crate) last_failure: Option<FailedAttempt>,
    pub(crate) dead_letters: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailedAttempt {
    pub(crate) at: Timestamp,
    pub(crate) reason: String,
}

impl Store {
    /// The status of each destination, ordered by name.
    pub(crate) fn status(&self) -> Result<RelayStatus, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, endpoint, active, accepted, accepted_at, failed_at, failure,
                 (SELECT count(*) FROM delivery WHERE destination = destination.id AND dead IS NULL),
                 (SELECT min(received_at) FROM delivery WHERE destination = destination.id AND dead IS NULL),
                 (SELECT count(*) FROM delivery WHERE destination = destination.id AND dead IS NOT NULL)
             FROM destination ORDER BY name, NOT active, endpoint",
        )?;
        let destinations = statement.query_map([], destination)?.collect::<Result<_, _>>()?;
        Ok(RelayStatus { read_up_to: self.cursor()?, destinations })
    }

    /// A consistent snapshot of the status and the dead letters, at most `dead_letters`, while a receiver may be writing.
    pub(crate) fn snapshot(&self, dead_letters: usize) -> Result<(RelayStatus, Vec<DeadLetter>), StoreError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let both = (self.status()?, self.dead_letters(dead_letters)?);
        snapshot.finish()?;
        Ok(both)
    }
}

fn destination(row: &Row<'_>) -> rusqlite::Result<DestinationStatus> {
    let time = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(timestamp));
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let failure: Option<String> = row.get(6)?;
    Ok(DestinationStatus {
        name: row.get(0)?,
        endpoint: row.get(1)?,
        is_configured: row.get(2)?,
        accepted: count(3)?,
        last_accepted: time(4)?,
        last_failure: time(5)?.zip(failure).map(|(at, reason)| FailedAttempt { at, reason }),
        waiting: count(7)?,
        oldest_waiting: time(8)?,
        dead_letters: count(9)?,
    })
}
