//! The relay as a consumer of the log: reads it in order and writes down what is due where, together with how far it has
//! read. A captured message and a damaged record are passed over.

use std::sync::{Arc, Mutex};

use schemas::{
    Document, Profile, Role, Trigger,
    profile::{Part, Subject},
};
use sha2::{Digest as _, Sha256};

use super::{
    destination::Destination,
    queue::lock,
    store::{Arrival, Store, StoreError},
};
use crate::log::{Entry, LogReader, Record};

/// Most records a transaction takes; enough that its sync is shared, few enough that nobody waits long for it.
const BATCH: usize = 100;

/// Reads the log for the relay.
#[derive(Debug)]
pub(super) struct Intake {
    reader: LogReader,
    store: Arc<Mutex<Store>>,
    destinations: Vec<(i64, Arc<Destination>)>,
}

impl Intake {
    /// The destinations come with their numbers in the store.
    pub(super) fn new(reader: LogReader, store: Arc<Mutex<Store>>, destinations: Vec<(i64, Arc<Destination>)>) -> Self {
        Self { reader, store, destinations }
    }

    /// Goes by other destinations from here on.
    pub(super) fn set_destinations(&mut self, destinations: Vec<(i64, Arc<Destination>)>) {
        self.destinations = destinations;
    }

    /// Takes the next records in, and says whether there were any.
    pub(super) fn take_in(&mut self) -> Result<bool, StoreError> {
        let from = self.reader.position();
        let taken = self.batch();
        if taken.is_err() {
            self.reader.go_to(from);
        }
        taken
    }

    fn batch(&mut self) -> Result<bool, StoreError> {
        let from = self.reader.position();
        let (mut arrivals, mut read) = (Vec::new(), 0);
        while read < BATCH {
            match self.reader.next_entry().map_err(StoreError::Log)? {
                Some(Entry::Record { at, record, .. }) => {
                    read += 1;
                    arrivals.extend(self.arrival(at, &record));
                }
                // The index says so too.
                Some(Entry::Damaged { .. }) => {}
                None => break,
            }
        }
        let next = self.reader.position();
        if next > from {
            lock(&self.store).take_in(&arrivals, next)?;
        }
        Ok(next > from)
    }

    fn arrival(&self, at: crate::log::Position, record: &Record) -> Option<Arrival> {
        if record.header.captured.is_some() {
            return None;
        }
        let here =
            || self.destinations.iter().filter(|(_, destination)| destination.endpoint == record.header.endpoint);
        let (_, any) = here().next()?;
        let to = here().filter_map(|(number, destination)| Some((*number, due(destination, record)?))).collect();
        Some(Arrival {
            at,
            message: record.header.id,
            received_at: record.header.received_at,
            endpoint: record.header.endpoint.clone(),
            flow: record.header.flow.clone(),
            digest: is_once(record, &any.profile).then(|| Sha256::digest(&record.body).into()),
            to,
        })
    }
}

/// Whether a message is for a destination; with words where nobody can tell.
fn due(destination: &Destination, record: &Record) -> Option<Option<String>> {
    let Some(when) = &destination.when else { return Some(None) };
    let view = match destination.view(record) {
        Ok(view) => view,
        Err(error) => return Some(Some(format!("`when` could not be asked: {error}"))),
    };
    match when.holds(&view) {
        Ok(true) => Some(None),
        Ok(false) => None,
        Err(error) => Some(Some(format!("`when` could not be computed: {error}"))),
    }
}

/// Whether a body says when its event happened, so that an equal one is the same event again. Without a time a step that
/// was sent back and submitted unchanged would be taken for it.
fn is_once(record: &Record, profile: &Profile) -> bool {
    let Ok(document) = Document::read(&record.body, profile) else { return false };
    let part = match document.trigger() {
        Some(Trigger::StepCompleted) => Part::CompletedAt,
        Some(Trigger::StepCreated) => Part::CreatedAt,
        None => return false,
    };
    document.text(Role::Step(Subject::Step, part)).is_some_and(|time| !time.is_empty())
}
