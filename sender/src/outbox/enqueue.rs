//! Adds deliveries to the outbox in one transaction: all of them become due when it is committed, or none.

use std::{collections::HashMap, sync::Arc};

use delivery::DestinationGroups;
use jiff::Timestamp;
use rusqlite::{Transaction, params};
use schemas::BodyTemplate;
use storage::database;

use super::{
    Outbox, OutboxError,
    destination::{Address, Destination},
    destinations,
    job::{self, JobId},
    status::Status,
};
use crate::credentials::CredentialReference;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DestinationId(pub(super) i64);

#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The flow whose order it keeps, if any.
    pub flow: Option<String>,
    pub label: Label,
    pub body: BodyTemplate,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    pub webhook: Option<String>,
    /// The trigger, such as `stepCompleted`.
    pub trigger: Option<String>,
    pub step: Option<String>,
}

/// A transaction that adds deliveries. Dropped without [`Self::commit`], it adds none.
#[derive(Debug)]
pub struct Enqueue<'o> {
    transaction: Transaction<'o>,
    groups: &'o mut DestinationGroups,
    known: &'o mut HashMap<i64, Arc<Destination>>,
    now: Timestamp,
    added: Vec<(u64, Arc<str>, Option<String>)>,
}

impl Outbox {
    /// Begins a transaction that adds deliveries.
    pub fn begin_enqueue(&mut self) -> Result<Enqueue<'_>, OutboxError> {
        self.check_place()?;
        let Self { reader, groups, destinations, .. } = self;
        let transaction = database::begin_write(&mut reader.connection)?;
        Ok(Enqueue { transaction, groups, known: destinations, now: Timestamp::now(), added: Vec::new() })
    }
}

impl Enqueue<'_> {
    /// Begins a job; `key` identifies the command, which finds its job again after it was stopped.
    pub fn begin_job(&mut self, key: &str) -> Result<JobId, OutboxError> {
        let begun = params![key, self.now.as_microsecond()];
        self.transaction.execute("INSERT INTO job (key, begun_at) VALUES (?1, ?2)", begun)?;
        Ok(JobId(self.transaction.last_insert_rowid()))
    }

    /// Changes the key of a job, where the key is only known after its source was read.
    pub fn rename_job(&mut self, job: JobId, key: &str) -> Result<(), OutboxError> {
        self.transaction.execute("UPDATE job SET key = ?2 WHERE id = ?1", params![job.0, key])?;
        Ok(())
    }

    /// The unfinished job of a key, if there is one. A job with the key of an earlier version of the program gets the new
    /// key.
    pub fn resume_job(&mut self, key: &str, before: &str) -> Result<Option<JobId>, OutboxError> {
        if let Some(job) = job::unfinished(&self.transaction, key)? {
            return Ok(Some(job));
        }
        let job = job::unfinished(&self.transaction, before)?;
        if let Some(job) = job {
            self.rename_job(job, key)?;
        }
        Ok(job)
    }

    /// Writes a destination, replacing the one with its name, for its waiting deliveries too.
    pub fn destination(&mut self, destination: &Destination) -> Result<DestinationId, OutboxError> {
        let id = destinations::write(&self.transaction, destination)?;
        self.known.insert(id, Arc::new(destination.clone()));
        Ok(DestinationId(id))
    }

    /// Writes a destination that has no name of its own. Its name is its URL, with a number if that name is taken.
    pub fn unnamed_destination(
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

    /// Adds a delivery, and returns its number.
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
                Status::Pending.as_str(),
                self.now.as_microsecond(),
                body.body().len().cast_signed(),
            ])?;
        let id = self.transaction.last_insert_rowid();
        self.transaction.prepare_cached("INSERT INTO body VALUES (?1, ?2, ?3)")?.execute(params![
            id,
            body.secret_at().map(usize::cast_signed),
            body.body(),
        ])?;
        let endpoint = destinations::endpoint(&self.transaction, destination.0)?;
        self.added.push((id.cast_unsigned(), endpoint, flow.clone()));
        Ok(id.cast_unsigned())
    }

    /// Commits durably; all added deliveries are then due.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing was added.
    pub fn commit(self) -> Result<(), OutboxError> {
        self.transaction.commit()?;
        for (id, destination, flow) in self.added {
            self.groups.push(id, &destination, flow.as_deref(), self.now);
        }
        Ok(())
    }
}
