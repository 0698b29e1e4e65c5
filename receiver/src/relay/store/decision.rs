//! Enqueued messages, and the decisions whether they are due: for one destination at a time, in the order of the log.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};
use storage::database;

use super::{Store, StoreError, execute, outcome, position, routing, window};
use crate::{log::Position, relay::routing::RoutingDecision};

/// A message for a destination that is not decided yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UndecidedMessage {
    pub(crate) id: u64,
    pub(crate) at: Position,
    pub(crate) message: String,
}

/// A decision on a message.
#[derive(Clone, Debug)]
pub(crate) struct DecidedMessage {
    pub(crate) id: u64,
    pub(crate) received_at: Timestamp,
    /// Digest of the body, if an equal one within the window is a duplicate.
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) decision: RoutingDecision,
}

/// Number of messages that were passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PassedOver {
    /// Not matched by the destination's `when`.
    pub(crate) not_matched: u64,
    /// Duplicates: the destination got an equal body within the window.
    pub(crate) repeated: u64,
}

/// Where a delivery goes under the current configuration.
enum CurrentDestination {
    At(i64),
    Gone { text: String },
}

impl Store {
    /// Number and name of the destinations with undecided messages.
    pub(crate) fn undecided(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name FROM destination WHERE EXISTS
                     (SELECT 1 FROM delivery WHERE delivery.destination = destination.id AND asked = 1)",
        )?;
        let destinations = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(destinations.collect::<Result<_, _>>()?)
    }

    /// The next undecided messages of a destination, the oldest first.
    pub(crate) fn undecided_messages(
        &self,
        destination: i64,
        limit: usize,
    ) -> Result<Vec<UndecidedMessage>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, position, message FROM delivery WHERE destination = ?1 AND asked = 1 ORDER BY id LIMIT ?2",
        )?;
        let asked = statement.query_map(params![destination, limit.cast_signed()], |row| {
            Ok(UndecidedMessage {
                id: row.get::<_, i64>(0)?.cast_unsigned(),
                at: position(row.get(1)?),
                message: row.get(2)?,
            })
        })?;
        Ok(asked.collect::<Result<_, _>>()?)
    }

    /// Stores decisions: due messages become pending deliveries, others are deleted.
    pub(crate) fn decide(&mut self, destination: i64, decided: &[DecidedMessage]) -> Result<PassedOver, StoreError> {
        self.check_place()?;
        let transaction = database::begin_write(&mut self.connection)?;
        let current = current_destination(&transaction, destination)?;
        let mut passed_over = PassedOver::default();
        for it in decided {
            let id = it.id.cast_signed();
            match (&it.decision, &current) {
                (RoutingDecision::NotMatched, _) => {
                    passed_over.not_matched += 1;
                    remove(&transaction, id)?;
                }
                (RoutingDecision::Undecided(why), _) => give_up(&transaction, id, outcome::UNDECIDED_REASON, why)?,
                (RoutingDecision::Expired, _) => {
                    give_up(&transaction, id, outcome::EXPIRED_REASON.0, outcome::EXPIRED_REASON.1)?
                }
                (RoutingDecision::Due, CurrentDestination::Gone { text }) => {
                    give_up(&transaction, id, routing::NOT_CONFIGURED, text)?;
                }
                (RoutingDecision::Due, CurrentDestination::At(destination)) => {
                    if is_repeated(&transaction, *destination, it)? {
                        passed_over.repeated += 1;
                        remove(&transaction, id)?;
                        continue;
                    }
                    let digest = it.digest.as_ref().map(|digest| &digest[..]);
                    execute(
                        &transaction,
                        "UPDATE delivery SET asked = 0, destination = ?2, digest = ?3 WHERE id = ?1",
                        params![id, destination, digest],
                    )?;
                }
            }
        }
        if let (Some(last), CurrentDestination::At(destination)) = (decided.last(), &current) {
            let at = last.received_at.as_microsecond();
            // Times in the future were stored while the clock was wrong.
            execute(
                &transaction,
                "DELETE FROM seen WHERE destination = ?1 AND last_arrival NOT BETWEEN ?2 AND ?3",
                [*destination, at - window(), at + window()],
            )?;
        }
        transaction.commit()?;
        Ok(passed_over)
    }
}

fn current_destination(transaction: &Transaction<'_>, destination: i64) -> rusqlite::Result<CurrentDestination> {
    let found = transaction
        .prepare_cached("SELECT name, endpoint, active, moved_to FROM destination WHERE id = ?1")?
        .query_row([destination], |row| {
            let (name, endpoint): (String, String) = (row.get(0)?, row.get(1)?);
            let place = if row.get(2)? { Some(destination) } else { row.get(3)? };
            Ok(match place {
                Some(number) => CurrentDestination::At(number),
                None => CurrentDestination::Gone { text: routing::gone(&name, &endpoint) },
            })
        })
        .optional()?;
    Ok(found.unwrap_or(CurrentDestination::Gone { text: routing::gone("?", "?") }))
}

fn remove(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    execute(transaction, "DELETE FROM delivery WHERE id = ?1", [id]).map(drop)
}

fn give_up(transaction: &Transaction<'_>, id: i64, reason: &str, text: &str) -> rusqlite::Result<()> {
    let update = "UPDATE delivery SET asked = 0, dead = ?2, words = ?3 WHERE id = ?1";
    execute(transaction, update, params![id, reason, text]).map(drop)
}

/// Whether the destination got the same body within the window, which starts at its last arrival.
fn is_repeated(transaction: &Transaction<'_>, destination: i64, it: &DecidedMessage) -> rusqlite::Result<bool> {
    let Some(digest) = &it.digest else { return Ok(false) };
    let at = it.received_at.as_microsecond();
    let again = execute(
        transaction,
        "UPDATE seen SET last_arrival = max(last_arrival, ?3)
         WHERE destination = ?1 AND digest = ?2 AND last_arrival BETWEEN ?3 - ?4 AND ?3 + ?4",
        params![destination, &digest[..], at, window()],
    )?;
    if again == 0 {
        note_seen(transaction, destination, digest, at)?;
    }
    Ok(again > 0)
}

pub(super) fn note_seen(
    transaction: &Transaction<'_>,
    destination: i64,
    digest: &[u8],
    at: i64,
) -> rusqlite::Result<()> {
    execute(transaction, "INSERT OR REPLACE INTO seen VALUES (?1, ?2, ?3)", params![destination, digest, at]).map(drop)
}
