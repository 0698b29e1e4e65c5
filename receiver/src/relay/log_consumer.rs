//! The relay as a consumer of the log: reads it in order and stores which destinations a message may be for, together
//! with its position. It does not look at bodies, so no message holds up the ones after it: whether a message is due is
//! decided for each destination separately ([`super::decisions`]).

use std::{collections::BTreeMap, sync::atomic::Ordering};

use super::{
    context::RelayContext,
    routing::Router,
    store::{IncomingMessage, StoreError},
};
use crate::{
    log::{Entry, LogReader, Position, Record},
    metrics::PassedOverReason,
};

/// Maximum number of records in a transaction: enough to share its sync, few enough that nothing waits long for it.
const MAX_BATCH_RECORDS: usize = 100;

/// Size of the bodies, in bytes, after which a transaction ends.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// Reads the log for the relay.
#[derive(Debug)]
pub(super) struct LogConsumer {
    reader: LogReader,
    context: RelayContext,
}

/// The records of a transaction.
#[derive(Debug, Default)]
struct ReadBatch {
    arrivals: Vec<IncomingMessage>,
    last: Option<(Position, uuid::Uuid)>,
    captured: u64,
    damaged: u64,
    /// Number of messages of each endpoint that no configuration has.
    unknown: BTreeMap<String, u64>,
}

impl LogConsumer {
    /// Reads on from the position in the store.
    pub(super) fn new(context: RelayContext) -> Result<Self, StoreError> {
        let cursor = context.store.lock().cursor()?;
        Ok(Self { reader: context.log.read(cursor).map_err(StoreError::Log)?, context })
    }

    /// Reads the next records, and returns whether there were any.
    pub(super) fn poll(&mut self) -> Result<bool, StoreError> {
        let from = self.reader.position();
        let read = self.read_batch();
        if read.is_err() {
            self.reader.go_to(from);
        }
        read
    }

    fn read_batch(&mut self) -> Result<bool, StoreError> {
        let from = self.reader.position();
        let router = self.context.store.lock().router()?;
        let (mut batch, mut records, mut bytes) = (ReadBatch::default(), 0, 0);
        while records < MAX_BATCH_RECORDS && bytes < MAX_BATCH_BYTES && !self.context.stop.load(Ordering::Relaxed) {
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
        if self.context.store.lock().enqueue(&router, &batch.arrivals, batch.last, next)? {
            self.report(&batch);
        } else {
            self.reader.go_to(from);
        }
        Ok(true)
    }

    /// Logs and counts what was passed over.
    fn report(&self, batch: &ReadBatch) {
        let metrics = &self.context.metrics;
        metrics.passed_over("", PassedOverReason::Captured, batch.captured);
        metrics.passed_over("", PassedOverReason::Damaged, batch.damaged);
        for (endpoint, messages) in &batch.unknown {
            metrics.passed_over("", PassedOverReason::UnknownEndpoint, *messages);
            tracing::warn!(
                endpoint = &**endpoint,
                messages,
                "passed over by the relay: no configuration that it remembers has this endpoint; `relay replay NAME \
                 --endpoint NAME --since TIME` sends them"
            );
        }
    }
}

impl ReadBatch {
    fn add(&mut self, router: &Router, at: Position, record: &Record) {
        let header = &record.header;
        self.last = Some((at, header.id));
        match router.destinations(at, &header.endpoint) {
            None if header.captured.is_none() => *self.unknown.entry(header.endpoint.clone()).or_default() += 1,
            Some(to) if !to.is_empty() && header.captured.is_some() => self.captured += 1,
            Some(to) if !to.is_empty() => self.arrivals.push(IncomingMessage {
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
