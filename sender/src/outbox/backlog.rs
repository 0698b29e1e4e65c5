//! The outbox as a backlog: what is due is read with its credentials put in, what came of it is written in one
//! transaction.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use schemas::{Authentication, BasicCredentials};
use secrecy::SecretString;

use super::{
    Outbox, OutboxError,
    destination::{Address, Destination},
    destinations,
    emptied::Emptied,
    ledger::{self, timestamp},
    status::{StatusWord, columns, reason_code},
};
use crate::{
    compose::Composed,
    delivery::{Attempted, Backlog, Due, GaveUp, Next, Request, Target},
};

/// Destinations whose references were followed for the deliveries that are taken together.
type Resolved = HashMap<i64, (Arc<Destination>, Target, Authentication)>;

impl Backlog for Outbox {
    type Error = OutboxError;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), OutboxError> {
        self.longest_wait = Some(longest);
        self.lanes.limit_wait(longest);
        if let Ok(latest) = Timestamp::now().checked_add(longest) {
            // On disk too: else each process that opens the outbox would begin the wait again.
            self.ledger.connection().execute(
                "UPDATE delivery SET due = ?1 WHERE status = ?2 AND due > ?1",
                params![latest.as_microsecond(), StatusWord::Pending.as_str()],
            )?;
        }
        Ok(())
    }

    fn take_due(&mut self, now: Timestamp, room: usize, held: &HashSet<Arc<str>>) -> Result<Vec<Due>, OutboxError> {
        self.check_place()?;
        let taken = self.lanes.take(now, room, held);
        let mut resolved = Resolved::new();
        let due: Result<Vec<Due>, _> = taken.iter().map(|id| self.due(*id, now, &mut resolved)).collect();
        match &due {
            Ok(_) => self.in_flight.extend(taken),
            // They go back to the heads of their lanes: whoever mends the reference loses nothing.
            Err(_) => taken.into_iter().for_each(|id| {
                self.lanes.settle(id, &Next::RetryAt(now));
            }),
        }
        due
    }

    fn settle(&mut self, attempts: &[Attempted]) -> Result<(), OutboxError> {
        self.check_place()?;
        let mut in_flight = self.in_flight.clone();
        let transaction = self.ledger.connection_mut().transaction()?;
        for attempted in attempts {
            in_flight.remove(&attempted.id);
            write_down(&transaction, attempted)?;
            if attempted.next == Next::GiveUp(GaveUp::Gone) {
                give_up_waiting(&transaction, attempted.id, &in_flight)?;
            }
        }
        transaction.commit()?;
        self.in_flight = in_flight;
        for attempted in attempts {
            self.lanes.settle(attempted.id, &attempted.next);
        }
        Ok(())
    }

    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, OutboxError> {
        Ok(self.lanes.next_due(held))
    }
}

impl Outbox {
    fn due(&mut self, id: u64, now: Timestamp, resolved: &mut Resolved) -> Result<Due, OutboxError> {
        let connection = self.ledger.connection();
        let (destination, attempt, since, body) = connection
            .prepare_cached(
                "SELECT destination, attempts - attempts_before + 1, since, bytes, secret_at
                 FROM delivery JOIN body ON body.delivery = delivery.id WHERE delivery.id = ?1",
            )?
            .query_row([id.cast_signed()], |row| {
                let since = row.get::<_, Option<i64>>(2)?.map_or(now, |since| timestamp(since).min(now));
                Ok((row.get(0)?, row.get(1)?, since, ledger::body(row)?))
            })?;
        let (to, target, authentication) = match resolved.entry(destination) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let to = destinations::by_id(connection, &mut self.destinations, destination)?;
                let (target, authentication) = to.resolve()?;
                unknown.insert((to, target, authentication))
            }
        };
        let request = composed(&body, authentication)
            .request()
            .map_err(|source| OutboxError::Header { destination: Arc::clone(&to.name), source })?;
        let request = secrets(&to.address, target, authentication).into_iter().fold(request, Request::with_secret);
        let endpoint = destinations::endpoint(connection, destination)?;
        Ok(Due { id, attempt, since, destination: endpoint, target: target.clone(), request })
    }
}

fn composed(body: &Emptied, authentication: &Authentication) -> Composed {
    let credentials: Option<&BasicCredentials> = match authentication {
        Authentication::ClientSecret { client_secret } => {
            return Composed::from_bytes(body.filled(client_secret), None);
        }
        Authentication::Basic(credentials) => Some(credentials),
        Authentication::None => None,
    };
    Composed::from_bytes(body.without_secret(), credentials)
}

/// What an answer may repeat and must not be kept: the client secret, and what opens a door in the URL.
fn secrets(address: &Address, target: &Target, authentication: &Authentication) -> Vec<SecretString> {
    let mut secrets = target.secrets(matches!(address, Address::Reference(_)));
    if let Authentication::ClientSecret { client_secret } = authentication {
        secrets.push(client_secret.expose().into());
    }
    secrets
}

fn write_down(transaction: &Transaction<'_>, attempted: &Attempted) -> rusqlite::Result<()> {
    let (id, at) = (attempted.id.cast_signed(), attempted.at.as_microsecond());
    let took = i64::try_from(attempted.took.as_micros()).unwrap_or(i64::MAX);
    let (kind, status, code, words) = columns(&attempted.summary);
    transaction
        .prepare_cached(
            "INSERT INTO attempt SELECT id, attempts + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM delivery WHERE id = ?1",
        )?
        .execute(params![id, at, took, kind, status, code, words])?;
    let (status, gave_up, due) = match &attempted.next {
        Next::Delivered => (StatusWord::Delivered, None, None),
        Next::RetryAt(due) => (StatusWord::Pending, None, Some(due.as_microsecond())),
        Next::GiveUp(why) => (StatusWord::Failed, Some(reason_code(*why)), None),
    };
    let ended = (status != StatusWord::Pending).then(|| at.saturating_add(took));
    transaction
        .prepare_cached(
            "UPDATE delivery SET attempts = attempts + 1, since = coalesce(since, ?2), due = coalesce(?3, due),
             status = ?4, gave_up = ?5, ended_at = ?6 WHERE id = ?1",
        )?
        .execute(params![id, at, due, status.as_str(), gave_up, ended])?;
    Ok(())
}

/// Gives up all that waits for the endpoint of a delivery, whether it is scheduled or not; what is in flight tells
/// for itself what comes of it.
fn give_up_waiting(transaction: &Transaction<'_>, id: u64, in_flight: &HashSet<u64>) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE delivery SET status = ?2, gave_up = ?3, ended_at = ?5
         WHERE status = 'pending' AND destination IN (
             SELECT alike.id FROM delivery JOIN destination AS mine ON mine.id = delivery.destination
             JOIN destination AS alike ON alike.address = mine.address WHERE delivery.id = ?1)
         AND id NOT IN (SELECT value FROM json_each(?4))",
        params![
            id.cast_signed(),
            StatusWord::Failed.as_str(),
            reason_code(GaveUp::Gone),
            ledger::json(in_flight.iter().copied()),
            Timestamp::now().as_microsecond(),
        ],
    )?;
    Ok(())
}
