//! The waiting deliveries of one destination: their groups in memory, the store, and the log with the messages.

use std::{io, sync::Arc, time::Duration};

use delivery::{FifoGroups, GiveUpReason, RetryDecision};
use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use super::context::RelayContext;
use super::store::{DeliveryOutcome, Disposition, PendingDelivery, Store, StoreError};
use crate::log::{Entry, LogReader, Position, Record, SegmentedLog};

/// Size of bodies after which no further delivery is taken at a time.
const MAX_TAKE_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct DestinationQueue {
    store: Arc<Mutex<Store>>,
    log: Arc<SegmentedLog>,
    pub(super) destination: i64,
    groups: FifoGroups,
    /// The greatest number in the groups.
    known: u64,
    /// Outcomes that could not be recorded yet.
    unrecorded: Vec<DeliveryOutcome>,
    longest_wait: Option<Duration>,
}

/// A delivery that is due.
#[derive(Debug)]
pub(super) struct TakenDelivery {
    pub(super) id: u64,
    pub(super) delivery: PendingDelivery,
    /// `None` if the log no longer has it.
    pub(super) record: Option<Record>,
}

impl DestinationQueue {
    pub(super) fn new(context: &RelayContext, destination: i64) -> Self {
        Self {
            store: context.store.clone(),
            log: context.log.clone(),
            destination,
            groups: FifoGroups::default(),
            known: 0,
            unrecorded: Vec::new(),
            longest_wait: None,
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock()
    }

    /// Limits due times to `longest` from now.
    pub(super) fn limit_wait(&mut self, longest: Duration) -> Result<(), StoreError> {
        self.longest_wait = Some(longest);
        self.groups.limit_wait(longest);
        let latest = Timestamp::now().checked_add(longest).unwrap_or(Timestamp::MAX);
        self.store().limit_due(self.destination, latest)
    }

    /// Takes up to `room` deliveries that are due, the longest due first, limited by the size of their bodies. They are in
    /// flight until [`Self::complete`].
    pub(super) fn take(&mut self, now: Timestamp, room: usize) -> Result<Vec<TakenDelivery>, StoreError> {
        self.load_new()?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < room && bytes < MAX_TAKE_BYTES {
            let Some(id) = self.groups.take(now) else { break };
            match self.taken(id) {
                Ok(next) => {
                    bytes += next.record.as_ref().map_or(0, |record| record.body.len());
                    taken.push(next);
                }
                Err(error) => {
                    let ids: Vec<u64> = taken.iter().map(|taken| taken.id).chain([id]).collect();
                    self.put_back(&ids, now);
                    return Err(error);
                }
            }
        }
        Ok(taken)
    }

    /// When the next delivery is due.
    pub(super) fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.load_new()?;
        Ok(self.groups.next_due())
    }

    /// Puts deliveries that were taken and not attempted back to the heads of their groups.
    pub(super) fn put_back(&mut self, ids: &[u64], due: Timestamp) {
        for id in ids {
            self.groups.complete(*id, &RetryDecision::RetryAt(due));
        }
    }

    /// Records the outcomes of attempts. If that fails they are kept and recorded first the next time, so that an accepted
    /// delivery is not repeated because of a failed disk.
    pub(super) fn complete(&mut self, outcomes: Vec<DeliveryOutcome>) -> Result<(), StoreError> {
        self.unrecorded.extend(outcomes);
        if self.unrecorded.is_empty() {
            return Ok(());
        }
        self.store().complete(self.destination, &self.unrecorded)?;
        for DeliveryOutcome { id, disposition, .. } in self.unrecorded.drain(..) {
            let decision = match disposition {
                Disposition::Delivered => RetryDecision::Delivered,
                Disposition::Retry { due, .. } => RetryDecision::RetryAt(due),
                Disposition::DeadLetter(_) => RetryDecision::GiveUp(GiveUpReason::Refused),
            };
            self.groups.complete(id, &decision);
        }
        Ok(())
    }

    /// Records that the lines of a file are durable up to `end`, including these deliveries.
    pub(super) fn complete_lines(&mut self, written: &[u64], end: u64) -> Result<(), StoreError> {
        self.store().complete_lines(self.destination, written, Timestamp::now(), end)?;
        for id in written {
            if !self.groups.remove(*id) {
                self.groups.complete(*id, &RetryDecision::Delivered);
            }
        }
        Ok(())
    }

    /// Records an outcome and gives up all waiting deliveries, except those in flight, for the same reason.
    pub(super) fn give_up(&mut self, outcome: DeliveryOutcome) -> Result<(), StoreError> {
        let rest = outcome.clone();
        self.complete(vec![outcome])?;
        let mut waiting = Vec::new();
        self.store().each_waiting(self.destination, 0, |id, _, _| waiting.push(id))?;
        let waiting = waiting.into_iter().filter(|id| self.groups.remove(*id));
        let given_up = waiting.map(|id| DeliveryOutcome { id, ..rest.clone() }).collect();
        self.complete(given_up)
    }

    /// Records what could not be recorded before, and reloads the deliveries. Those that were in flight are due again.
    pub(super) fn reload(&mut self) -> Result<(), StoreError> {
        self.complete(Vec::new())?;
        (self.groups, self.known) = (FifoGroups::default(), 0);
        if let Some(longest) = self.longest_wait {
            self.groups.limit_wait(longest);
        }
        self.load_new()
    }

    /// Loads the deliveries that are new in the store.
    fn load_new(&mut self) -> Result<(), StoreError> {
        let (groups, mut known) = (&mut self.groups, self.known);
        self.store.lock().each_waiting(self.destination, known, |id, flow, due| {
            known = id;
            groups.push(id, flow, due);
        })?;
        self.known = known;
        Ok(())
    }

    fn taken(&self, id: u64) -> Result<TakenDelivery, StoreError> {
        let delivery = self.store().delivery(id)?;
        let mut reader = self.log.read(delivery.at).map_err(StoreError::Log)?;
        let record = record(&mut reader, delivery.at, &delivery.message).map_err(StoreError::Log)?;
        Ok(TakenDelivery { id, delivery, record })
    }
}

/// The record of a message; `None` if the log no longer has it. A log that replaced another one has other messages.
pub(super) fn record(reader: &mut LogReader, position: Position, message: &str) -> io::Result<Option<Record>> {
    if reader.position() != position {
        reader.go_to(position);
    }
    Ok(match reader.next_entry()? {
        Some(Entry::Record { at, record, .. }) if at == position && record.header.id.to_string() == message => {
            Some(record)
        }
        Some(Entry::Record { .. } | Entry::Damaged { .. }) | None => None,
    })
}
