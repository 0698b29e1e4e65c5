//! Dead letters: brought back, or put away for good.

use jiff::Timestamp;
use rusqlite::params;

use super::{Outbox, OutboxError, status::StatusWord};

impl Outbox {
    /// Makes a delivery that failed or was discarded due again, with all its attempts before it anew. `false` where it
    /// is not such a one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn retry(&mut self, id: u64) -> Result<bool, OutboxError> {
        Ok(self.revive("id = ?2 AND status IN ('failed', 'discarded')", id.cast_signed())? > 0)
    }

    /// Makes all that failed due again, and gives their number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn retry_failed(&mut self) -> Result<usize, OutboxError> {
        self.revive("status = ?2", StatusWord::Failed.as_str())
    }

    /// Decides against a delivery that is pending or failed. It is kept until it is pruned, with `note` as the reason. `false` where it is
    /// not such a one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn discard(&mut self, id: u64, note: Option<&str>) -> Result<bool, OutboxError> {
        Ok(self.put_away("id = ?3 AND status IN ('pending', 'failed')", id.cast_signed(), note)? > 0)
    }

    /// Decides against all that failed, and gives their number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn discard_failed(&mut self, note: Option<&str>) -> Result<usize, OutboxError> {
        self.put_away("status = ?3", StatusWord::Failed.as_str(), note)
    }

    fn revive(&mut self, which: &str, value: impl rusqlite::ToSql) -> Result<usize, OutboxError> {
        let revived = self.ledger.connection().execute(
            &format!(
                "UPDATE delivery SET status = 'pending', gave_up = NULL, note = NULL, attempts_before = attempts,
                 since = NULL, ended_at = NULL, due = ?1 WHERE {which}"
            ),
            params![Timestamp::now().as_microsecond(), value],
        )?;
        // In the order in which they came, and not behind what came later.
        self.schedule(None)?;
        Ok(revived)
    }

    fn put_away(&mut self, which: &str, value: impl rusqlite::ToSql, note: Option<&str>) -> Result<usize, OutboxError> {
        let put_away = self.ledger.connection().execute(
            &format!("UPDATE delivery SET status = ?1, note = ?2, ended_at = ?4 WHERE {which}"),
            params![StatusWord::Discarded.as_str(), note, value, Timestamp::now().as_microsecond()],
        )?;
        self.schedule(None)?;
        Ok(put_away)
    }
}
