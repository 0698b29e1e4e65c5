//! Records the outcomes of attempts in one transaction.

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use storage::database;

use super::{Store, StoreError, execute};
use crate::log::Position;

/// Dead-letter reason: the filter could not be evaluated.
pub(super) const UNDECIDED_REASON: &str = "undecided";

/// Dead-letter reason: the log no longer has the message. The reason's name, and its text.
pub(crate) const EXPIRED_REASON: (&str, &str) = ("expired", "the log no longer has this message");

/// Sets the last failure of a destination.
const NOTE_FAILURE: &str = "UPDATE destination SET failed_at = ?2, failure = ?3 WHERE id = ?1";

/// The outcome of an attempt at a delivery.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryOutcome {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) disposition: Disposition,
    /// The error, without secrets.
    pub(crate) error: Option<String>,
}

/// What happens to a delivery after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    Delivered,
    /// It is retried from this time on, with a smaller budget if there is one.
    Retry {
        due: Timestamp,
        budget: Option<usize>,
    },
    /// It is given up for this reason.
    DeadLetter(&'static str),
}

impl Store {
    /// Records the outcomes of attempts at deliveries to a destination.
    pub(crate) fn complete(&mut self, destination: i64, outcomes: &[DeliveryOutcome]) -> Result<(), StoreError> {
        self.check_place()?;
        let transaction = database::begin_write(&mut self.connection)?;
        for DeliveryOutcome { id, at, disposition, error } in outcomes {
            let (id, at) = (id.cast_signed(), at.as_microsecond());
            match disposition {
                Disposition::Delivered => {
                    accept(&transaction, id)?;
                    execute(
                        &transaction,
                        "UPDATE destination SET accepted = accepted + 1,
                         accepted_at = max(coalesce(accepted_at, 0), ?2) WHERE id = ?1",
                        [destination, at],
                    )?;
                }
                Disposition::Retry { due, budget } => {
                    let budget = budget.and_then(|bytes| i64::try_from(bytes).ok());
                    execute(
                        &transaction,
                        "UPDATE delivery SET attempts = attempts + 1, since = coalesce(since, ?2), due = ?3,
                         budget = coalesce(?4, budget), words = ?5 WHERE id = ?1",
                        params![id, at, due.as_microsecond(), budget, error],
                    )?;
                }
                Disposition::DeadLetter(reason) => {
                    // The destination did not accept it, so the next equal message is not a repetition.
                    execute(
                        &transaction,
                        "DELETE FROM seen WHERE (destination, digest) IN
                             (SELECT destination, digest FROM delivery WHERE id = ?1 AND digest IS NOT NULL)",
                        [id],
                    )?;
                    execute(
                        &transaction,
                        "UPDATE delivery SET attempts = attempts + 1, since = coalesce(since, ?2), dead = ?3,
                         words = ?4 WHERE id = ?1",
                        params![id, at, reason, error],
                    )?;
                }
            }
            if let Some(error) = error {
                execute(&transaction, NOTE_FAILURE, params![destination, at, error])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Records that a destination cannot be served at all for now.
    pub(crate) fn note_failure(&mut self, destination: i64, at: Timestamp, error: &str) -> Result<(), StoreError> {
        execute(&self.connection, NOTE_FAILURE, params![destination, at.as_microsecond(), error])?;
        Ok(())
    }

    /// How far a destination's file is complete, in bytes.
    pub(crate) fn file_end(&self, destination: i64) -> Result<u64, StoreError> {
        let find = "SELECT file_end FROM destination WHERE id = ?1";
        Ok(self.connection.query_row(find, [destination], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Records that lines of a destination's file are durable.
    pub(crate) fn complete_lines(
        &mut self,
        destination: i64,
        written: &[u64],
        at: Timestamp,
        file_end: u64,
    ) -> Result<(), StoreError> {
        self.check_place()?;
        let transaction = database::begin_write(&mut self.connection)?;
        for id in written {
            accept(&transaction, id.cast_signed())?;
        }
        transaction.execute(
            "UPDATE destination SET accepted = accepted + ?2, file_end = ?4,
             accepted_at = CASE WHEN ?2 > 0 THEN ?3 ELSE accepted_at END WHERE id = ?1",
            params![destination, written.len().cast_signed(), at.as_microsecond(), file_end.cast_signed()],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Forgets which messages before the log's start were accepted, at most `limit` of each destination.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn forget_accepted(&mut self, start: Position, limit: usize) -> Result<(), StoreError> {
        let transaction = database::begin_write(&mut self.connection)?;
        {
            let mut destinations = transaction.prepare_cached("SELECT id FROM destination")?;
            let mut find = transaction.prepare_cached(
                "SELECT max(position) FROM (SELECT position FROM accepted WHERE destination = ?1 AND position < ?2
                     ORDER BY position LIMIT ?3)",
            )?;
            for destination in destinations.query_map([], |row| row.get::<_, i64>(0))? {
                let destination = destination?;
                let last = params![destination, start.0.cast_signed(), limit.cast_signed()];
                if let Some(last) = find.query_row(last, |row| row.get::<_, Option<i64>>(0))? {
                    let delete = "DELETE FROM accepted WHERE destination = ?1 AND position <= ?2";
                    execute(&transaction, delete, [destination, last])?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Moves a delivery to the accepted ones.
fn accept(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    let of_delivery = "INSERT OR IGNORE INTO accepted SELECT destination, position FROM delivery WHERE id = ?1";
    execute(transaction, of_delivery, [id])?;
    execute(transaction, "DELETE FROM delivery WHERE id = ?1", [id]).map(drop)
}
