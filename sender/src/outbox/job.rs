//! A job: the deliveries of one command. The same command resumes its unfinished job after it was killed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Outbox, OutboxError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobId(pub(super) i64);

impl Outbox {
    /// Marks a job as reported, so that the same command begins a new one. Has no effect while a delivery is pending.
    pub fn finish(&mut self, job: JobId) -> Result<(), OutboxError> {
        self.reader.connection.execute(
            "UPDATE job SET finished_at = ?2 WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.job = job.id AND status = 'pending')",
            params![job.0, Timestamp::now().as_microsecond()],
        )?;
        Ok(())
    }

    /// Finishes the jobs without pending deliveries.
    pub fn finish_completed(&mut self) -> Result<(), OutboxError> {
        self.reader.connection.execute(
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
