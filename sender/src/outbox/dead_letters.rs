//! Retries and discards dead letters.

use jiff::Timestamp;
use rusqlite::params;

use super::{Outbox, OutboxError, status::Status};

impl Outbox {
    /// Makes a failed or discarded delivery due again, with a fresh attempt budget. Returns `false` if it is neither.
    pub fn retry(&mut self, id: u64) -> Result<bool, OutboxError> {
        Ok(self.retry_where("id = ?2 AND status IN ('failed', 'discarded')", id.cast_signed())? > 0)
    }

    /// Makes all failed deliveries due again, and returns their number.
    pub fn retry_failed(&mut self) -> Result<usize, OutboxError> {
        self.retry_where("status = ?2", Status::Failed.as_str())
    }

    /// Discards a pending or failed delivery. It is kept until it is pruned, with `note` as the reason. Returns `false`
    /// if it is neither.
    pub fn discard(&mut self, id: u64, note: Option<&str>) -> Result<bool, OutboxError> {
        Ok(self.discard_where("id = ?3 AND status IN ('pending', 'failed')", id.cast_signed(), note)? > 0)
    }

    /// Discards all failed deliveries, and returns their number.
    pub fn discard_failed(&mut self, note: Option<&str>) -> Result<usize, OutboxError> {
        self.discard_where("status = ?3", Status::Failed.as_str(), note)
    }

    fn retry_where(&mut self, which: &str, value: impl rusqlite::ToSql) -> Result<usize, OutboxError> {
        let revived = self.reader.connection.execute(
            &format!(
                "UPDATE delivery SET status = 'pending', gave_up = NULL, note = NULL, attempts_before = attempts,
                 since = NULL, ended_at = NULL, due = ?1 WHERE {which}"
            ),
            params![Timestamp::now().as_microsecond(), value],
        )?;
        // In the order of arrival, not after later deliveries.
        self.schedule(None)?;
        Ok(revived)
    }

    fn discard_where(
        &mut self,
        which: &str,
        value: impl rusqlite::ToSql,
        note: Option<&str>,
    ) -> Result<usize, OutboxError> {
        let discarded = self.reader.connection.execute(
            &format!("UPDATE delivery SET status = ?1, note = ?2, ended_at = ?4 WHERE {which}"),
            params![Status::Discarded.as_str(), note, value, Timestamp::now().as_microsecond()],
        )?;
        self.schedule(None)?;
        Ok(discarded)
    }
}
