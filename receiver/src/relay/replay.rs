//! `relay replay`: sends stored messages again, if a destination lost them or they were filtered out.

use jiff::Timestamp;

use super::{
    decisions::digest,
    routing::{Router, RoutingDecision},
    store::{self, Store, StoreError},
};
use crate::log::{Entry, LogReader, Position, Record};

/// Maximum number of messages in a transaction; a running receiver waits for it.
const MAX_BATCH_MESSAGES: usize = 500;

/// The messages to send again.
#[derive(Clone, Debug)]
pub(crate) struct ReplaySelection<'s> {
    pub(crate) destination: &'s str,
    /// Name of the endpoint that received them (default: the destination's own).
    pub(crate) endpoint: Option<&'s str>,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

/// Counts of the messages by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplayCounts {
    pub(crate) due: usize,
    pub(crate) waiting: usize,
    /// Not matched by the destination's `when`.
    pub(crate) not_matched: usize,
    /// Undecided: `when` could not be evaluated.
    pub(crate) undecided: usize,
}

/// Error sending messages again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ReplayError {
    #[error(
        "there is no destination `{name}` in the receiver's last configuration; `relay status` lists the destinations"
    )]
    UnknownDestination { name: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Enqueues the selected messages of the log again, after waiting ones, if the current `when` holds for them.
///
/// # Errors
/// When the destination is not configured, or the store or the log cannot be used; messages enqueued so far stay.
pub(crate) fn replay(
    store: &mut Store,
    reader: &mut LogReader,
    selection: &ReplaySelection<'_>,
) -> Result<ReplayCounts, ReplayError> {
    let name = selection.destination;
    let Some((number, endpoint)) = store.configured(name)? else {
        return Err(ReplayError::UnknownDestination { name: name.to_owned() });
    };
    let router = store.router()?;
    let from_endpoint = selection.endpoint.unwrap_or(&endpoint);
    let (mut replayed, mut batch) = (ReplayCounts::default(), Vec::new());
    loop {
        let entry = reader.next_entry().map_err(StoreError::Log)?;
        if batch.len() == MAX_BATCH_MESSAGES || (entry.is_none() && !batch.is_empty()) {
            let due = store.replay(number, &batch)?;
            replayed.due += due;
            replayed.waiting += batch.len() - due;
            batch.clear();
        }
        let (at, record) = match entry {
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
        batch.extend(decided(&router, (number, &endpoint), at, record, &mut replayed));
    }
}

/// Enqueues one message again, after waiting ones, if the current `when` of the destination holds for it.
///
/// # Errors
/// When the destination is not configured, or the store cannot be used.
#[cfg(feature = "inspect")]
pub(crate) fn replay_message(
    store: &mut Store,
    destination: &str,
    at: Position,
    record: Record,
) -> Result<ReplayCounts, ReplayError> {
    let Some((number, endpoint)) = store.configured(destination)? else {
        return Err(ReplayError::UnknownDestination { name: destination.to_owned() });
    };
    let router = store.router()?;
    let mut replayed = ReplayCounts::default();
    if let Some(message) = decided(&router, (number, &endpoint), at, record, &mut replayed) {
        replayed.due = store.replay(number, &[message])?;
        replayed.waiting = 1 - replayed.due;
    }
    Ok(replayed)
}

/// The message, if the current filter of the destination with this number and endpoint holds for it. Otherwise it is counted.
fn decided(
    router: &Router,
    (number, endpoint): (i64, &str),
    at: Position,
    mut record: Record,
    replayed: &mut ReplayCounts,
) -> Option<store::ReplayedMessage> {
    // Whatever the age of the message, and as if its endpoint were the destination's.
    let now = Position(i64::MAX.cast_unsigned());
    endpoint.clone_into(&mut record.header.endpoint);
    match router.decide(number, now, &record) {
        RoutingDecision::Due => {
            return Some(store::ReplayedMessage {
                at,
                message: record.header.id,
                received_at: record.header.received_at,
                flow: record.header.flow.clone(),
                digest: digest(router, now, &record),
            });
        }
        RoutingDecision::NotMatched => replayed.not_matched += 1,
        RoutingDecision::Undecided(_) | RoutingDecision::Expired => replayed.undecided += 1,
    }
    None
}
