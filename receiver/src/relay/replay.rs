//! `relay replay`: sends stored messages again, if a destination lost them or they were filtered out.

use jiff::Timestamp;

use super::{
    decisions::digest,
    routing::Decision,
    store::{self, Store, StoreError},
};
use crate::log::{Entry, LogReader, Position};

/// Maximum number of messages in a transaction; a running receiver waits for it.
const BATCH: usize = 500;

/// The messages to send again.
#[derive(Clone, Debug)]
pub struct Selection<'s> {
    /// Name of the destination.
    pub destination: &'s str,
    /// Name of the endpoint that received them (default: the destination's own).
    pub endpoint: Option<&'s str>,
    /// Received at or after.
    pub since: Timestamp,
    /// Received before.
    pub until: Option<Timestamp>,
}

/// Counts of the messages by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Enqueued again.
    pub due: usize,
    /// Waiting already.
    pub waiting: usize,
    /// Not matched by the destination's `when`.
    pub not_matched: usize,
    /// Undecided: `when` could not be evaluated.
    pub undecided: usize,
}

/// Error sending messages again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The destination is not configured.
    #[error(
        "there is no destination `{name}` in the receiver's last configuration; `relay status` lists the destinations"
    )]
    UnknownDestination {
        /// Its name.
        name: String,
    },
    /// The store or the log cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Enqueues the selected messages of the log again, after waiting ones, if the current `when` holds for them.
///
/// # Errors
/// When the destination is not configured, or the store or the log cannot be used; messages enqueued so far stay.
pub fn replay(store: &mut Store, reader: &mut LogReader, selection: &Selection<'_>) -> Result<Replayed, ReplayError> {
    let name = selection.destination;
    let to = store.find_configured(name)?;
    let to = to.ok_or_else(|| ReplayError::UnknownDestination { name: name.to_owned() })?;
    let from_endpoint = selection.endpoint.unwrap_or(&to.endpoint);
    // Evaluate the current filter whatever the age of the message, as if its endpoint were the destination's.
    let now = Position(i64::MAX.cast_unsigned());
    let (mut replayed, mut batch) = (Replayed::default(), Vec::new());
    loop {
        let entry = reader.next_entry().map_err(StoreError::Log)?;
        if batch.len() == BATCH || (entry.is_none() && !batch.is_empty()) {
            let due = store.replay(to.number, &batch)?;
            replayed.due += due;
            replayed.waiting += batch.len() - due;
            batch.clear();
        }
        let (at, mut record) = match entry {
            None => return Ok(replayed),
            Some(Entry::Damaged { .. }) => continue,
            Some(Entry::Record { at, record, .. }) => (at, record),
        };
        let received_at = record.header.received_at;
        let is_selected = record.header.captured.is_none()
            && record.header.endpoint == from_endpoint
            && received_at >= selection.since
            && selection.until.is_none_or(|until| received_at < until);
        if !is_selected {
            continue;
        }
        record.header.endpoint.clone_from(&to.endpoint);
        match to.router.decide(to.number, now, &record) {
            Decision::Due => batch.push(store::Replayed {
                at,
                message: record.header.id,
                received_at,
                flow: record.header.flow.clone(),
                digest: digest(&to.router, now, &record),
            }),
            Decision::NotMatched => replayed.not_matched += 1,
            Decision::Undecided(_) | Decision::Expired => replayed.undecided += 1,
        }
    }
}
