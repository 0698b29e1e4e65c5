//! Enqueues messages again that a destination lost or that were filtered out.

use jiff::Timestamp;
use rusqlite::params;
use storage::database;
use uuid::Uuid;

use super::{Store, StoreError, decision::note_seen, execute};
use crate::log::Position;

/// A message to be sent again.
#[derive(Clone, Debug)]
pub(crate) struct ReplayedMessage {
    pub(crate) at: Position,
    pub(crate) message: Uuid,
    pub(crate) received_at: Timestamp,
    pub(crate) flow: Option<String>,
    pub(crate) digest: Option<[u8; 32]>,
}

impl Store {
    /// Enqueues messages for a destination after its pending deliveries, and returns their number. Skips pending ones,
    /// and retries dead letters. A running receiver notices within a second.
    pub(crate) fn replay(&mut self, destination: i64, messages: &[ReplayedMessage]) -> Result<usize, StoreError> {
        let transaction = database::begin_write(&mut self.connection)?;
        let mut added = 0;
        for it in messages {
            let (at, received_at) = (it.at.0.cast_signed(), it.received_at.as_microsecond());
            let digest = it.digest.as_ref().map(|digest| &digest[..]);
            execute(
                &transaction,
                "DELETE FROM delivery WHERE destination = ?1 AND position = ?2 AND dead IS NOT NULL",
                [destination, at],
            )?;
            let now = Timestamp::now().as_microsecond();
            added += execute(
                &transaction,
                "INSERT INTO delivery (destination, position, message, received_at, flow, digest, asked, due)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, 0, ?7 WHERE NOT EXISTS
                     (SELECT 1 FROM delivery WHERE destination = ?1 AND position = ?2 AND dead IS NULL)",
                params![destination, at, it.message.to_string(), received_at, it.flow, digest, now],
            )?;
            if let Some(digest) = digest {
                note_seen(&transaction, destination, digest, received_at)?;
            }
        }
        transaction.commit()?;
        Ok(added)
    }
}
