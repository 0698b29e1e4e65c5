//! Dead letters, which can be retried.

use jiff::Timestamp;
use rusqlite::params;
use serde::Serialize;
use storage::database;

use super::{Store, StoreError, timestamp};

/// A delivery that was given up, with the members of `relay status --output json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetter {
    /// The message's id.
    pub(crate) id: String,
    pub(crate) destination: String,
    pub(crate) endpoint: String,
    pub(crate) flow: Option<String>,
    pub(crate) received_at: Timestamp,
    pub(crate) attempts: u32,
    /// Why it was given up: a stable name, such as `refused`.
    pub(crate) reason: String,
    /// The last error.
    pub(crate) detail: Option<String>,
}

/// Selects dead letters to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadLetterSelection<'w> {
    All,
    /// Those of the destination with this name, or else of the messages whose id has this prefix.
    Of(&'w str),
}

/// Result of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retried {
    /// Dead letters that are due again.
    pub(crate) deliveries: usize,
    /// Dead letters that stay, because their destination is no longer configured.
    pub(crate) unconfigured: usize,
    /// Whether a destination was selected by name.
    pub(crate) is_destination: bool,
}

impl Store {
    /// The dead letters, the oldest first, at most `limit`.
    pub(crate) fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT name, endpoint, message, flow, received_at, attempts, dead, words
             FROM delivery JOIN destination ON destination.id = delivery.destination
             WHERE dead IS NOT NULL ORDER BY delivery.id LIMIT ?1",
        )?;
        let letters = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(DeadLetter {
                destination: row.get(0)?,
                endpoint: row.get(1)?,
                id: row.get(2)?,
                flow: row.get(3)?,
                received_at: timestamp(row.get(4)?),
                attempts: row.get(5)?,
                reason: row.get(6)?,
                detail: row.get(7)?,
            })
        })?;
        Ok(letters.collect::<Result<_, _>>()?)
    }

    /// Retries dead letters with a fresh attempt budget, after the pending deliveries. A running receiver notices
    /// within a second. Those whose destination is no longer configured stay.
    ///
    /// # Errors
    /// When the file cannot be written, or the prefix matches the ids of several messages.
    pub(crate) fn retry(&mut self, which: DeadLetterSelection<'_>) -> Result<Retried, StoreError> {
        let transaction = database::begin_write(&mut self.connection)?;
        let (is_destination, word) = match which {
            DeadLetterSelection::All => (false, None),
            DeadLetterSelection::Of(word) => {
                let find = "SELECT EXISTS (SELECT 1 FROM destination WHERE name = ?1)";
                (transaction.query_row(find, [word], |row| row.get(0))?, Some(word))
            }
        };
        let several = transaction.query_row(
            "SELECT count(DISTINCT message) FROM delivery WHERE dead IS NOT NULL AND substr(message, 1, length(?1)) = lower(?1)",
            [word],
            |row| row.get::<_, i64>(0),
        )?;
        if let Some(word) = word.filter(|_| several > 1 && !is_destination) {
            return Err(StoreError::Ambiguous { beginning: word.to_owned() });
        }
        transaction.execute(
            "CREATE TEMP TABLE chosen AS SELECT id FROM delivery WHERE dead IS NOT NULL AND CASE
                 WHEN ?1 IS NULL THEN 1
                 WHEN ?2 THEN destination IN (SELECT id FROM destination WHERE name = ?1)
                 ELSE substr(message, 1, length(?1)) = lower(?1) END",
            params![word, is_destination],
        )?;
        let unconfigured = transaction.execute(
            "DELETE FROM chosen WHERE id IN (SELECT delivery.id FROM delivery
                 JOIN destination ON destination.id = delivery.destination WHERE NOT active AND moved_to IS NULL)",
            [],
        )?;
        let now = Timestamp::now().as_microsecond();
        transaction.execute(
            "INSERT OR REPLACE INTO seen
             SELECT coalesce(moved_to, destination.id), digest, max(received_at) FROM delivery JOIN chosen USING (id)
             JOIN destination ON destination.id = delivery.destination WHERE digest IS NOT NULL GROUP BY 1, 2",
            [],
        )?;
        let deliveries = transaction.execute(
            "INSERT INTO delivery (destination, position, message, received_at, flow, digest, asked, due)
             SELECT coalesce(moved_to, destination.id), position, message, received_at, flow, digest, 0, ?1
             FROM delivery JOIN chosen USING (id) JOIN destination ON destination.id = delivery.destination
             ORDER BY delivery.id",
            [now],
        )?;
        transaction.execute("DELETE FROM delivery WHERE id IN (SELECT id FROM chosen)", [])?;
        transaction.execute("DROP TABLE chosen", [])?;
        transaction.commit()?;
        Ok(Retried { deliveries, unconfigured, is_destination })
    }
}
