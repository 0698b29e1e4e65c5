//! What waits for one destination: its lanes in memory, the store behind them, and the log where the messages lie.

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use sender::delivery::{GaveUp, Lanes, Next};

use super::store::{Delivery, Ended, Settled, Store, StoreError};
use crate::log::{Entry, LogReader, Position, Record, Segments};

/// The one lane's name in [`Lanes`]: a queue has one destination.
const HERE: &str = "";

/// Maximum number of bytes of bodies that are taken at a time, and one body more.
const TAKE_BYTES: usize = 8 << 20;

/// The deliveries of a destination.
#[derive(Debug)]
pub(super) struct Queue {
    store: Arc<Mutex<Store>>,
    log: Arc<Segments>,
    destination: i64,
    lanes: Lanes,
    /// The greatest number that was put into a lane.
    known: u64,
    /// What came of attempts and could not be written yet.
    unwritten: Vec<Settled>,
    longest_wait: Option<Duration>,
}

/// A delivery whose time has come.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) id: u64,
    pub(super) delivery: Delivery,
    /// `None` where the log does not have it any more.
    pub(super) record: Option<Record>,
}

impl Queue {
    pub(super) fn new(store: Arc<Mutex<Store>>, log: Arc<Segments>, destination: i64) -> Self {
        Self { store, log, destination, lanes: Lanes::new(), known: 0, unwritten: Vec::new(), longest_wait: None }
    }

    /// The number of its destination.
    pub(super) fn destination(&self) -> i64 {
        self.destination
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// Bounds due times: none is further ahead of the clock than this.
    pub(super) fn limit_wait(&mut self, longest: Duration) -> Result<(), StoreError> {
        self.longest_wait = Some(longest);
        self.lanes.limit_wait(longest);
        let latest = Timestamp::now().checked_add(longest).unwrap_or(Timestamp::MAX);
        lock(&self.store).limit_due(self.destination, latest)
    }

    /// Takes up to `room` deliveries that are due, the longest due first, but not more than some MiB of bodies; in flight
    /// until they are settled.
    pub(super) fn take(&mut self, now: Timestamp, room: usize) -> Result<Vec<Taken>, StoreError> {
        self.look()?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < room && bytes < TAKE_BYTES {
            let Some(id) = self.lanes.take(now, 1, &HashSet::new()).pop() else { break };
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

    /// When the next delivery falls due.
    pub(super) fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.look()?;
        Ok(self.lanes.next_due(&HashSet::new()))
    }

    /// Puts what was taken, and never attempted, back to the heads of its lanes.
    pub(super) fn put_back(&mut self, ids: &[u64], due: Timestamp) {
        for id in ids {
            self.lanes.settle(*id, &Next::RetryAt(due));
        }
    }

    /// Writes down what came of attempts. What cannot be written is kept and written first the next time, so that nothing
    /// that was accepted is sent again for want of a disk.
    pub(super) fn settle(&mut self, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.unwritten.extend(settled);
        if self.unwritten.is_empty() {
            return Ok(());
        }
        lock(&self.store).settle(self.destination, &self.unwritten)?;
        for Settled { id, ended, .. } in self.unwritten.drain(..) {
            let next = match ended {
                Ended::Accepted => Next::Delivered,
                Ended::Again { due, .. } => Next::RetryAt(due),
                Ended::Dead(_) => Next::GiveUp(GaveUp::Refused),
            };
            self.lanes.settle(id, &next);
        }
        Ok(())
    }

    /// Writes down that the lines of a file are on the disk up to `end`, and these deliveries among them.
    pub(super) fn settle_lines(&mut self, written: &[u64], end: u64) -> Result<(), StoreError> {
        lock(&self.store).settle_lines(self.destination, written, Timestamp::now(), end)?;
        for id in written {
            if !self.lanes.remove(*id) {
                self.lanes.settle(*id, &Next::Delivered);
            }
        }
        Ok(())
    }

    /// Gives up all that waits, less what is in flight.
    pub(super) fn give_up(&mut self, settled: Settled) -> Result<(), StoreError> {
        let Settled { at, ended, words, .. } = settled.clone();
        self.settle(vec![settled])?;
        let mut waiting = Vec::new();
        lock(&self.store).each_waiting(self.destination, 0, |id, _, _| waiting.push(id))?;
        let waiting = waiting.into_iter().filter(|id| self.lanes.remove(*id));
        let given_up = waiting.map(|id| Settled { id, at, ended: ended.clone(), words: words.clone() }).collect();
        self.settle(given_up)
    }

    /// Writes what could not be written before, and begins anew with what the store has: what was in flight is due again.
    pub(super) fn begin_anew(&mut self) -> Result<(), StoreError> {
        self.settle(Vec::new())?;
        (self.lanes, self.known) = (Lanes::new(), 0);
        if let Some(longest) = self.longest_wait {
            self.lanes.limit_wait(longest);
        }
        self.look()
    }

    /// Puts into the lanes what is new in the store.
    fn look(&mut self) -> Result<(), StoreError> {
        let (lanes, mut known) = (&mut self.lanes, self.known);
        lock(&self.store).each_waiting(self.destination, known, |id, flow, due| {
            known = id;
            lanes.push(id, HERE, flow, due);
        })?;
        self.known = known;
        Ok(())
    }

    fn taken(&self, id: u64) -> Result<Taken, StoreError> {
        let delivery = lock(&self.store).delivery(id)?;
        let mut reader = self.log.read(delivery.at).map_err(StoreError::Log)?;
        let record = record(&mut reader, delivery.at, &delivery.message).map_err(StoreError::Log)?;
        Ok(Taken { id, delivery, record })
    }
}

/// The record of a message; `None` where the log does not have it any more. A log that was put in the place of another has
/// other messages.
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

/// The store. Each change of it is one transaction, so one that panicked left it whole.
pub(super) fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}
