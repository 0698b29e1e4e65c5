//! The deliveries of single messages.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::{Store, StoreError, timestamp};
use crate::log::Position;

/// A delivery of a message that is pending, in flight, or given up. Of an accepted one, only its position is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageDelivery {
    /// The destination's number.
    pub(crate) number: i64,
    /// The destination's name.
    pub(crate) destination: String,
    /// Whether the destination's filter is still to be evaluated.
    pub(crate) is_undecided: bool,
    pub(crate) attempts: u32,
    /// When the next attempt is due.
    pub(crate) due: Timestamp,
    /// Why it was given up: a stable name, such as `refused`.
    pub(crate) dead: Option<String>,
    /// The last error.
    pub(crate) words: Option<String>,
}

/// How many deliveries of a message there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeliveryCounts {
    /// Pending or in flight.
    pub(crate) waiting: u32,
    /// Given up.
    pub(crate) dead: u32,
}

const COLUMNS: &str = "delivery.destination, name, asked, attempts, due, dead, words";

impl Store {
    /// The deliveries of the message at a position, by destination.
    pub(crate) fn deliveries_at(&self, at: Position) -> Result<Vec<MessageDelivery>, StoreError> {
        // Each half has an index.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM delivery JOIN destination ON destination.id = delivery.destination
             WHERE position = ?1 AND dead IS NULL
             UNION ALL
             SELECT {COLUMNS} FROM destination JOIN delivery ON delivery.destination = destination.id
             WHERE position = ?1 AND dead IS NOT NULL
             ORDER BY 2"
        ))?;
        Ok(statement.query_map([at.0.cast_signed()], delivery)?.collect::<Result<_, _>>()?)
    }

    /// The number of deliveries of each message at these positions; messages without any are missing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn delivery_counts(
        &self,
        positions: &[Position],
    ) -> Result<HashMap<Position, DeliveryCounts>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT (SELECT count(*) FROM delivery WHERE position = ?1 AND dead IS NULL),
                 (SELECT count(*) FROM destination JOIN delivery ON delivery.destination = destination.id
                  WHERE position = ?1 AND dead IS NOT NULL)",
        )?;
        let mut counts = HashMap::new();
        for position in positions {
            let (waiting, dead) =
                statement.query_row(params![position.0.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if (waiting, dead) != (0, 0) {
                counts.insert(*position, DeliveryCounts { waiting, dead });
            }
        }
        Ok(counts)
    }
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<MessageDelivery> {
    Ok(MessageDelivery {
        number: row.get(0)?,
        destination: row.get(1)?,
        is_undecided: row.get(2)?,
        attempts: row.get(3)?,
        due: timestamp(row.get(4)?),
        dead: row.get(5)?,
        words: row.get(6)?,
    })
}
