//! Deliveries on their way into the outbox: all of an intake becomes due together when it is committed, or nothing of
//! it.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::{
    Outbox, OutboxError,
    destination::{Address, Destination},
    destinations,
    emptied::Emptied,
    job::{self, JobId},
    status::StatusWord,
};
use crate::{credentials::CredentialReference, delivery::Lanes};

/// A destination's number in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DestinationId(pub(super) i64);

/// What is to be delivered.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The flow whose order it keeps, if any.
    pub flow: Option<String>,
    /// What it is, for people.
    pub label: Label,
    /// What is posted.
    pub body: Emptied,
}

/// What a delivery is, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The webhook's name.
    pub webhook: Option<String>,
    /// The trigger, such as `stepCompleted`.
    pub trigger: Option<String>,
    /// The step's identifier.
    pub step: Option<String>,
}

/// One transaction that takes deliveries in. Dropped without [`Self::commit`], it takes none.
#[derive(Debug)]
pub struct Intake<'o> {
    transaction: Transaction<'o>,
    lanes: &'o mut Lanes,
    known: &'o mut HashMap<i64, Arc<Destination>>,
    now: Timestamp,
    taken: Vec<(u64, Arc<str>, Option<String>)>,
}

impl Outbox {
    /// Begins to take deliveries in.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn intake(&mut self) -> Result<Intake<'_>, OutboxError> {
        self.check_place()?;
        let Self { ledger, lanes, destinations, .. } = self;
        let transaction = ledger.connection_mut().transaction()?;
        Ok(Intake { transaction, lanes, known: destinations, now: Timestamp::now(), taken: Vec::new() })
    }

    /// Takes deliveries in and writes down how far their source was read (a name and a value), in one transaction. Gives
    /// their numbers.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing was taken in.
    pub fn enqueue<'d>(
        &mut self,
        job: JobId,
        deliveries: impl IntoIterator<Item = (DestinationId, &'d NewDelivery)>,
        mark: Option<(&str, &str)>,
    ) -> Result<Vec<u64>, OutboxError> {
        let mut intake = self.intake()?;
        let numbers = deliveries.into_iter().map(|(destination, delivery)| intake.add(job, destination, delivery));
        let numbers = numbers.collect::<Result<_, _>>()?;
        if let Some((name, value)) = mark {
            intake.mark(name, value)?;
        }
        intake.commit()?;
        Ok(numbers)
    }
}

impl Intake<'_> {
    /// Begins a job; `key` says what it is to do, so that the same command finds it again.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(&mut self, key: &str) -> Result<JobId, OutboxError> {
        let begun = params![key, self.now.as_microsecond()];
        self.transaction.execute("INSERT INTO job (key, begun_at) VALUES (?1, ?2)", begun)?;
        Ok(JobId(self.transaction.last_insert_rowid()))
    }

    /// Says anew what a job is to do, where that is known only when its source was read to the end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn rename(&mut self, job: JobId, key: &str) -> Result<(), OutboxError> {
        self.transaction.execute("UPDATE job SET key = ?2 WHERE id = ?1", params![job.0, key])?;
        Ok(())
    }

    /// The unfinished job of a key, if there is one. One that has the key which an earlier version of the program gave it
    /// gets this one.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn resume(&mut self, key: &str, before: &str) -> Result<Option<JobId>, OutboxError> {
        if let Some(job) = job::unfinished(&self.transaction, key)? {
            return Ok(Some(job));
        }
        let job = job::unfinished(&self.transaction, before)?;
        if let Some(job) = job {
            self.rename(job, key)?;
        }
        Ok(job)
    }

    /// Writes down a destination. What was known under its name is replaced, for deliveries that wait there too.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn destination(&mut self, destination: &Destination) -> Result<DestinationId, OutboxError> {
        let id = destinations::write(&self.transaction, destination)?;
        self.known.insert(id, Arc::new(destination.clone()));
        Ok(DestinationId(id))
    }

    /// Writes down a destination that has no name of its own: it is called by its URL, with a number where another one
    /// is called so.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn unnamed(
        &mut self,
        address: &Address,
        credentials: &CredentialReference,
    ) -> Result<DestinationId, OutboxError> {
        for number in 1.. {
            let name = if number == 1 { address.to_string() } else { format!("{address} ({number})") };
            let destination =
                Destination { name: name.into(), address: address.clone(), credentials: credentials.clone() };
            match destinations::named(&self.transaction, &destination.name)? {
                Some((id, known)) if known == destination => return Ok(DestinationId(id)),
                Some(_) => {}
                None => return self.destination(&destination),
            }
        }
        unreachable!("there are fewer destinations than numbers")
    }

    /// Takes a delivery in, and gives its number.
    ///
    /// # Errors
    /// When the file cannot be written, or a destination with a client secret would get a message without one.
    pub fn add(&mut self, job: JobId, destination: DestinationId, delivery: &NewDelivery) -> Result<u64, OutboxError> {
        let to = destinations::by_id(&self.transaction, self.known, destination.0)?;
        let needs_place = matches!(to.credentials, CredentialReference::ClientSecret { .. });
        if needs_place && delivery.body.secret_at().is_none() {
            return Err(OutboxError::NoPlaceForSecret { destination: Arc::clone(&to.name) });
        }
        let NewDelivery { flow, label, body } = delivery;
        self.transaction
            .prepare_cached(
                "INSERT INTO delivery
                 (job, destination, flow, webhook, trigger, step, status, attempts, attempts_before, due, size)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?9)",
            )?
            .execute(params![
                job.0,
                destination.0,
                flow,
                label.webhook,
                label.trigger,
                label.step,
                StatusWord::Pending.as_str(),
                self.now.as_microsecond(),
                body.body().len().cast_signed(),
            ])?;
        let id = self.transaction.last_insert_rowid();
        self.transaction.prepare_cached("INSERT INTO body VALUES (?1, ?2, ?3)")?.execute(params![
            id,
            body.secret_at().map(usize::cast_signed),
            &body.body()[..],
        ])?;
        let endpoint = destinations::endpoint(&self.transaction, destination.0)?;
        self.taken.push((id.cast_unsigned(), endpoint, flow.clone()));
        Ok(id.cast_unsigned())
    }

    /// Writes down how far a source was read.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark(&mut self, name: &str, value: &str) -> Result<(), OutboxError> {
        self.transaction.execute("INSERT OR REPLACE INTO mark VALUES (?1, ?2)", [name, value])?;
        Ok(())
    }

    /// Makes all that was taken in due. When it returns, that is on the disk.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing was taken in.
    pub fn commit(self) -> Result<(), OutboxError> {
        self.transaction.commit()?;
        for (id, destination, flow) in self.taken {
            self.lanes.push(id, &destination, flow.as_deref(), self.now);
        }
        Ok(())
    }
}
