//! A job: what one command was asked to deliver. The same command, after it was killed, finds its unfinished job and
//! goes on with it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Outbox, OutboxError};

/// A job's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub(super) i64);

impl Outbox {
    /// The unfinished job of a key, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unfinished(&self, key: &str) -> Result<Option<JobId>, OutboxError> {
        Ok(unfinished(self.ledger.connection(), key)?)
    }

    /// Says that what came of a job was told to whoever asked for it: the same command begins a new one. Without effect
    /// where something of it is still pending.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&mut self, job: JobId) -> Result<(), OutboxError> {
        self.ledger.connection().execute(
            "UPDATE job SET finished_at = ?2 WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.job = job.id AND status = 'pending')",
            params![job.0, Timestamp::now().as_microsecond()],
        )?;
        Ok(())
    }

    /// Finishes the jobs of which nothing is pending any more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish_settled(&mut self) -> Result<(), OutboxError> {
        self.ledger.connection().execute(
            "UPDATE job SET finished_at = ?1 WHERE finished_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.job = job.id AND status = 'pending')",
            [Timestamp::now().as_microsecond()],
        )?;
        Ok(())
    }
}

pub(super) fn unfinished(connection: &Connection, key: &str) -> rusqlite::Result<Option<JobId>> {
    connection
        .prepare_cached("SELECT id FROM job WHERE key = ?1 AND finished_at IS NULL ORDER BY id DESC LIMIT 1")?
        .query_row([key], |row| row.get(0).map(JobId))
        .optional()
}
