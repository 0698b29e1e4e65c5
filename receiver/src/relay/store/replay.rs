//! Enqueues messages again that a destination lost or that were filtered out.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::{Store, StoreError, decision::note_seen, routing};
use crate::{log::Position, relay::routing::Router};

/// A message to be sent again.
#[derive(Clone, Debug)]
pub(in crate::relay) struct Replayed {
    pub(in crate::relay) at: Position,
    pub(in crate::relay) message: Uuid,
    pub(in crate::relay) received_at: Timestamp,
    pub(in crate::relay) flow: Option<String>,
    pub(in crate::relay) digest: Option<[u8; 32]>,
}

/// A configured destination and the router in force.
#[derive(Clone, Debug)]
pub(in crate::relay) struct Configured {
    pub(in crate::relay) number: i64,
    pub(in crate::relay) endpoint: String,
    pub(in crate::relay) router: Arc<Router>,
}

impl Store {
    /// The configured destination with a name.
    pub(in crate::relay) fn find_configured(&mut self, name: &str) -> Result<Option<Configured>, StoreError> {
        let Some((number, endpoint)) = self.configured(name)? else { return Ok(None) };
        Ok(Some(Configured { number, endpoint, router: self.router()? }))
    }

    /// Enqueues messages for a destination after its pending deliveries, and returns their number. Skips pending ones,
    /// and retries dead letters. A running receiver notices within a second.
    pub(in crate::relay) fn replay(&mut self, destination: i64, messages: &[Replayed]) -> Result<usize, StoreError> {
        let transaction = self.connection.transaction()?;
        let mut added = 0;
        for it in messages {
            let message = it.message.to_string();
            transaction
                .prepare_cached("DELETE FROM delivery WHERE destination = ?1 AND position = ?2 AND dead IS NOT NULL")?
                .execute([destination, it.at.0.cast_signed()])?;
            let digest = it.digest.as_ref().map(|digest| &digest[..]);
            added += transaction
                .prepare_cached(
                    "INSERT INTO delivery (destination, position, message, received_at, flow, digest, asked, due)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, 0, ?7 WHERE NOT EXISTS
                         (SELECT 1 FROM delivery WHERE destination = ?1 AND position = ?2 AND dead IS NULL)",
                )?
                .execute(params![
                    destination,
                    it.at.0.cast_signed(),
                    message,
                    it.received_at.as_microsecond(),
                    it.flow,
                    digest,
                    routing::due(Timestamp::now()),
                ])?;
            if let Some(digest) = digest {
                note_seen(&transaction, destination, digest, it.received_at.as_microsecond())?;
            }
        }
        transaction.commit()?;
        Ok(added)
    }
}
