//! The relay as a consumer of the log: reads it in order and writes down which destinations a message may be for, together
//! with how far it has read. It looks at no body, so no message holds up those after it: whether a message is due is
//! decided for each destination apart ([`super::decisions`]).

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    queue::lock,
    routing::Router,
    store::{Arrival, Store, StoreError},
};
use crate::{
    log::{Entry, LogReader, Position, Record},
    metrics::{PassedOverReason, RelayMetrics},
};

/// Maximum number of records in a transaction: enough that its sync is shared, few enough that nobody waits long for it.
const BATCH: usize = 100;

/// Maximum number of bytes of bodies in a transaction, and one body more.
const BATCH_BYTES: usize = 4 << 20;

/// Reads the log for the relay.
#[derive(Debug)]
pub(super) struct LogConsumer {
    reader: LogReader,
    store: Arc<Mutex<Store>>,
    metrics: Arc<RelayMetrics>,
    /// Set when the relay is to end; looked at before each record.
    stop: Arc<AtomicBool>,
}

/// What one transaction takes.
#[derive(Debug, Default)]
struct Batch {
    arrivals: Vec<Arrival>,
    last: Option<(Position, uuid::Uuid)>,
    captured: u64,
    damaged: u64,
    /// How many messages of each endpoint that no configuration knows.
    unknown: BTreeMap<String, u64>,
}

impl LogConsumer {
    pub(super) fn new(
        reader: LogReader,
        store: Arc<Mutex<Store>>,
        metrics: Arc<RelayMetrics>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self { reader, store, metrics, stop }
    }

    /// Reads the next records, and returns whether there were any.
    pub(super) fn poll(&mut self) -> Result<bool, StoreError> {
        let from = self.reader.position();
        let taken = self.batch();
        if taken.is_err() {
            self.reader.go_to(from);
        }
        taken
    }

    fn batch(&mut self) -> Result<bool, StoreError> {
        let from = self.reader.position();
        let router = lock(&self.store).router()?;
        let (mut batch, mut records, mut bytes) = (Batch::default(), 0, 0);
        while records < BATCH && bytes < BATCH_BYTES && !self.stop.load(Ordering::Relaxed) {
            match self.reader.next_entry().map_err(StoreError::Log)? {
                Some(Entry::Record { at, record, .. }) => {
                    records += 1;
                    bytes += record.body.len();
                    batch.add(&router, at, &record);
                }
                // The index reports it too.
                Some(Entry::Damaged { .. }) => batch.damaged += 1,
                None => break,
            }
        }
        let next = self.reader.position();
        if next == from {
            return Ok(false);
        }
        if lock(&self.store).take_in(&router, &batch.arrivals, batch.last, next)? {
            self.report(&batch);
        } else {
            self.reader.go_to(from);
        }
        Ok(true)
    }

    /// Logs and counts what was passed over.
    fn report(&self, batch: &Batch) {
        self.metrics.passed_over("", PassedOverReason::Captured, batch.captured);
        self.metrics.passed_over("", PassedOverReason::Damaged, batch.damaged);
        for (endpoint, messages) in &batch.unknown {
            self.metrics.passed_over("", PassedOverReason::UnknownEndpoint, *messages);
            tracing::warn!(
                endpoint = &**endpoint,
                messages,
                "passed over by the relay: no configuration that it remembers has this endpoint; `relay replay NAME \
                 --endpoint NAME --since TIME` sends them"
            );
        }
    }
}

impl Batch {
    fn add(&mut self, router: &Router, at: Position, record: &Record) {
        let header = &record.header;
        self.last = Some((at, header.id));
        let to = router.destinations(at, &header.endpoint);
        match to {
            None if header.captured.is_none() => *self.unknown.entry(header.endpoint.clone()).or_default() += 1,
            Some(to) if !to.is_empty() && header.captured.is_some() => self.captured += 1,
            Some(to) if !to.is_empty() => self.arrivals.push(Arrival {
                at,
                message: header.id,
                received_at: header.received_at,
                flow: header.flow.clone(),
                to,
            }),
            None | Some(_) => {}
        }
    }
}
