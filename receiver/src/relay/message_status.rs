//! The status of a message at each destination, and why.

use jiff::Timestamp;

use super::{
    Destination, Store,
    routing::RoutingDecision,
    store::{MessageDelivery, StoreError},
};
use crate::log::{Position, Record};

/// The status of a message at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MessageStatus {
    /// The destination accepted it, or had accepted an earlier arrival of it.
    Accepted,
    /// It is waiting for an attempt.
    Waiting {
        /// Number of failed attempts.
        attempts: u32,
        /// When the next attempt is due.
        due: Timestamp,
        /// The last error.
        words: Option<String>,
    },
    /// The destination's `when` is being evaluated.
    Deciding,
    /// It was given up.
    Dead {
        /// Number of attempts.
        attempts: u32,
        /// A stable name, such as `refused`.
        reason: String,
        /// The last error.
        words: Option<String>,
    },
    /// The destination's `when` does not hold.
    NotMatched {
        /// The condition.
        when: String,
    },
    /// The relay has not read it yet.
    NotRead,
    /// A capturing endpoint stored it unchecked; such messages are not relayed.
    Captured,
    /// The relay cannot decide, for this reason.
    Unknown(String),
}

/// The status at each of these destinations that belongs to the message's endpoint, and at others that have a delivery of it,
/// by name.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn statuses(
    store: &mut Store,
    at: Position,
    record: &Record,
    destinations: &[Destination],
) -> Result<Vec<(String, MessageStatus)>, StoreError> {
    let mut deliveries = store.deliveries_at(at)?;
    let is_read = at < store.cursor()?;
    let mut statuses = Vec::new();
    for destination in destinations.iter().filter(|destination| destination.endpoint == record.header.endpoint) {
        let found = deliveries.iter().position(|delivery| delivery.destination == *destination.name);
        let status = match found.map(|index| deliveries.remove(index)) {
            Some(delivery) => delivery.into(),
            None if record.header.captured.is_some() => MessageStatus::Captured,
            None if !is_read => MessageStatus::NotRead,
            None => decided(store, at, record, destination)?,
        };
        statuses.push((destination.name.to_string(), status));
    }
    statuses.extend(deliveries.into_iter().map(|delivery| (delivery.destination.clone(), delivery.into())));
    statuses.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(statuses)
}

fn decided(
    store: &mut Store,
    at: Position,
    record: &Record,
    destination: &Destination,
) -> Result<MessageStatus, StoreError> {
    let Some((number, _)) = store.configured(&destination.name)? else {
        return Ok(MessageStatus::Unknown("the relay does not know this destination yet".to_owned()));
    };
    let router = store.router()?;
    if !router.destinations(at, &record.header.endpoint).is_none_or(|numbers| numbers.contains(&number)) {
        return Ok(MessageStatus::Unknown("the destination was added after the message had arrived".to_owned()));
    }
    Ok(match router.decide(number, at, record) {
        RoutingDecision::Due => MessageStatus::Accepted,
        RoutingDecision::NotMatched => {
            let when = destination.when.as_ref().map_or("", |when| when.text());
            MessageStatus::NotMatched { when: when.to_owned() }
        }
        RoutingDecision::Undecided(reason) => MessageStatus::Unknown(reason),
        RoutingDecision::Expired => MessageStatus::Unknown("the log no longer has the message".to_owned()),
    })
}

impl From<MessageDelivery> for MessageStatus {
    fn from(delivery: MessageDelivery) -> Self {
        let MessageDelivery { is_undecided, attempts, due, dead, words, .. } = delivery;
        match dead {
            Some(reason) => Self::Dead { attempts, reason, words },
            None if is_undecided => Self::Deciding,
            None => Self::Waiting { attempts, due, words },
        }
    }
}
