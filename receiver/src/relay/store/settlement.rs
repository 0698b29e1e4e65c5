//! What came of attempts, written down in one transaction.

use jiff::Timestamp;
use rusqlite::params;

use super::{Store, StoreError};

/// Why a delivery is dead of which nobody could tell whether it is one.
pub(super) const UNDECIDED: &str = "undecided";

/// Why a delivery is dead whose message the log has no more: the reason's name, and words for it.
pub(in crate::relay) const EXPIRED: (&str, &str) = ("expired", "the log has this message no more");

/// What came of an attempt at a delivery.
#[derive(Clone, Debug)]
pub(in crate::relay) struct Settled {
    pub(in crate::relay) id: u64,
    pub(in crate::relay) at: Timestamp,
    pub(in crate::relay) ended: Ended,
    /// What went wrong, without a secret.
    pub(in crate::relay) words: Option<String>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::relay) enum Ended {
    /// It was accepted.
    Accepted,
    /// It is tried again, from this time on and, where that is said, within another budget.
    Again { due: Timestamp, budget: Option<usize> },
    /// It is given up, for this reason.
    Dead(&'static str),
}

impl Store {
    /// Writes down what came of attempts at deliveries to a destination.
    pub(in crate::relay) fn settle(&mut self, destination: i64, settled: &[Settled]) -> Result<(), StoreError> {
        self.check_place()?;
        let transaction = self.connection.transaction()?;
        for Settled { id, at, ended, words } in settled {
            let (id, at) = (id.cast_signed(), at.as_microsecond());
            match ended {
                Ended::Accepted => {
                    transaction.prepare_cached("DELETE FROM delivery WHERE id = ?1")?.execute([id])?;
                    transaction
                        .prepare_cached(
                            "UPDATE destination SET accepted = accepted + 1,
                             accepted_at = max(coalesce(accepted_at, 0), ?2) WHERE id = ?1",
                        )?
                        .execute([destination, at])?;
                }
                Ended::Again { due, budget } => {
                    transaction
                        .prepare_cached(
                            "UPDATE delivery SET attempts = attempts + 1, since = coalesce(since, ?2), due = ?3,
                             budget = coalesce(?4, budget), words = ?5 WHERE id = ?1",
                        )?
                        .execute(params![
                            id,
                            at,
                            due.as_microsecond(),
                            budget.and_then(|bytes| i64::try_from(bytes).ok()),
                            words
                        ])?;
                }
                Ended::Dead(reason) => {
                    // It did not take this one, so the next one that is equal is not a repetition.
                    transaction
                        .prepare_cached(
                            "DELETE FROM seen WHERE (destination, digest) IN
                                 (SELECT destination, digest FROM delivery WHERE id = ?1 AND digest IS NOT NULL)",
                        )?
                        .execute([id])?;
                    transaction
                        .prepare_cached(
                            "UPDATE delivery SET attempts = attempts + 1, since = coalesce(since, ?2), dead = ?3,
                             words = ?4 WHERE id = ?1",
                        )?
                        .execute(params![id, at, reason, words])?;
                }
            }
            if let Some(words) = words {
                transaction
                    .prepare_cached("UPDATE destination SET failed_at = ?2, failure = ?3 WHERE id = ?1")?
                    .execute(params![destination, at, words])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Writes down that a destination cannot be served at all, for now.
    pub(in crate::relay) fn note_failure(
        &mut self,
        destination: i64,
        at: Timestamp,
        words: &str,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE destination SET failed_at = ?2, failure = ?3 WHERE id = ?1",
            params![destination, at.as_microsecond(), words],
        )?;
        Ok(())
    }

    /// How much of a destination's file is settled, in bytes.
    pub(in crate::relay) fn file_end(&self, destination: i64) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT file_end FROM destination WHERE id = ?1")?;
        Ok(statement.query_row([destination], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Writes down that lines of a destination's file are on the disk.
    pub(in crate::relay) fn settle_lines(
        &mut self,
        destination: i64,
        written: &[u64],
        at: Timestamp,
        file_end: u64,
    ) -> Result<(), StoreError> {
        self.check_place()?;
        let transaction = self.connection.transaction()?;
        for id in written {
            transaction.prepare_cached("DELETE FROM delivery WHERE id = ?1")?.execute([id.cast_signed()])?;
        }
        transaction.execute(
            "UPDATE destination SET accepted = accepted + ?2, file_end = ?4,
             accepted_at = CASE WHEN ?2 > 0 THEN ?3 ELSE accepted_at END WHERE id = ?1",
            params![destination, written.len().cast_signed(), at.as_microsecond(), file_end.cast_signed()],
        )?;
        transaction.commit()?;
        Ok(())
    }
}
