//! The outbox as a queue: deliveries that are due get their credentials, and results are written in one transaction.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use delivery::{AttemptResult, DeliveryQueue, EndpointUrl, GiveUpReason, ReadyDelivery, Request, RetryDecision};
use jiff::Timestamp;
use rusqlite::{Transaction, params};
use schemas::Authentication;
use storage::database;

use super::{
    Outbox, OutboxError,
    destination::{Address, Destination},
    destinations,
    reader::{self, timestamp},
    status::{Status, outcome_columns},
};

/// Destinations whose references were resolved for deliveries that are taken together.
type Resolved = HashMap<i64, (Arc<Destination>, EndpointUrl, Authentication)>;

impl DeliveryQueue for Outbox {
    type Error = OutboxError;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), OutboxError> {
        self.longest_wait = Some(longest);
        self.groups.limit_wait(longest);
        if let Ok(latest) = Timestamp::now().checked_add(longest) {
            // On disk too: otherwise each process that opens the outbox would start the wait again.
            self.reader.connection.execute(
                "UPDATE delivery SET due = ?1 WHERE status = ?2 AND due > ?1",
                params![latest.as_microsecond(), Status::Pending.as_str()],
            )?;
        }
        Ok(())
    }

    fn take_due(
        &mut self,
        now: Timestamp,
        room: usize,
        held: &HashSet<Arc<str>>,
    ) -> Result<Vec<ReadyDelivery>, OutboxError> {
        self.check_place()?;
        let taken = self.groups.take(now, room, held);
        let mut resolved = Resolved::new();
        let due: Result<Vec<ReadyDelivery>, _> = taken.iter().map(|id| self.ready(*id, now, &mut resolved)).collect();
        match &due {
            Ok(_) => self.in_flight.extend(taken),
            // They are the heads of their groups again, so nothing is lost once the reference is fixed.
            Err(_) => taken.into_iter().for_each(|id| {
                self.groups.complete(id, &RetryDecision::RetryAt(now));
            }),
        }
        due
    }

    fn complete(&mut self, results: &[AttemptResult]) -> Result<(), OutboxError> {
        self.check_place()?;
        let mut in_flight = self.in_flight.clone();
        let transaction = database::begin_write(&mut self.reader.connection)?;
        for result in results {
            in_flight.remove(&result.id);
            record(&transaction, result)?;
            if result.decision == RetryDecision::GiveUp(GiveUpReason::Gone) {
                give_up_waiting(&transaction, result.id, &in_flight)?;
            }
        }
        transaction.commit()?;
        self.in_flight = in_flight;
        for result in results {
            self.groups.complete(result.id, &result.decision);
        }
        Ok(())
    }

    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.groups.next_due(held))
    }
}

impl Outbox {
    fn ready(&mut self, id: u64, now: Timestamp, resolved: &mut Resolved) -> Result<ReadyDelivery, OutboxError> {
        let connection = &self.reader.connection;
        let (destination, attempt, since, body) = connection
            .prepare_cached(
                "SELECT destination, attempts - attempts_before + 1, since, bytes, secret_at
                 FROM delivery JOIN body ON body.delivery = delivery.id WHERE delivery.id = ?1",
            )?
            .query_row([id.cast_signed()], |row| {
                let since = row.get::<_, Option<i64>>(2)?.map_or(now, |since| timestamp(since).min(now));
                Ok((row.get(0)?, row.get(1)?, since, reader::body(row)?))
            })?;
        let (to, url, authentication) = match resolved.entry(destination) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let to = destinations::by_id(connection, &mut self.destinations, destination)?;
                let (url, authentication) = to.resolve()?;
                unknown.insert((to, url, authentication))
            }
        };
        // The URL may contain secrets that an answer repeats.
        let secrets = url.secrets(matches!(to.address, Address::Reference(_)));
        let request = secrets.into_iter().fold(Request::from_template(&body, authentication), Request::with_secret);
        let endpoint = destinations::endpoint(connection, destination)?;
        Ok(ReadyDelivery { id, attempt, since, destination: endpoint, url: url.clone(), request })
    }
}

fn record(transaction: &Transaction<'_>, result: &AttemptResult) -> rusqlite::Result<()> {
    let (id, at) = (result.id.cast_signed(), result.at.as_microsecond());
    let took = i64::try_from(result.took.as_micros()).unwrap_or(i64::MAX);
    let (kind, status, code, message) = outcome_columns(&result.summary);
    transaction
        .prepare_cached(
            "INSERT INTO attempt SELECT id, attempts + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM delivery WHERE id = ?1",
        )?
        .execute(params![id, at, took, kind, status, code, message])?;
    let (status, gave_up, due) = match &result.decision {
        RetryDecision::Delivered => (Status::Delivered, None, None),
        RetryDecision::RetryAt(due) => (Status::Pending, None, Some(due.as_microsecond())),
        RetryDecision::GiveUp(why) => (Status::Failed, Some(why.code()), None),
    };
    let ended = (status != Status::Pending).then(|| at.saturating_add(took));
    transaction
        .prepare_cached(
            "UPDATE delivery SET attempts = attempts + 1, since = coalesce(since, ?2), due = coalesce(?3, due),
             status = ?4, gave_up = ?5, ended_at = ?6 WHERE id = ?1",
        )?
        .execute(params![id, at, due, status.as_str(), gave_up, ended])?;
    Ok(())
}

/// Gives up all waiting deliveries to the endpoint of a delivery, scheduled or not, except those in flight.
fn give_up_waiting(transaction: &Transaction<'_>, id: u64, in_flight: &HashSet<u64>) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE delivery SET status = ?2, gave_up = ?3, ended_at = ?5
         WHERE status = 'pending' AND destination IN (
             SELECT alike.id FROM delivery JOIN destination AS mine ON mine.id = delivery.destination
             JOIN destination AS alike ON alike.address = mine.address WHERE delivery.id = ?1)
         AND id NOT IN (SELECT value FROM json_each(?4))",
        params![
            id.cast_signed(),
            Status::Failed.as_str(),
            GiveUpReason::Gone.code(),
            reader::json(in_flight.iter().copied()),
            Timestamp::now().as_microsecond(),
        ],
    )?;
    Ok(())
}
