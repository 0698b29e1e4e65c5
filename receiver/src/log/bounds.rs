//! The log's first and last durable positions, with change notification.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::Position;

/// Shared by the writer, by retention and by the readers.
#[derive(Debug)]
pub(super) struct LogBounds {
    start: AtomicU64,
    durable: AtomicU64,
    changes: watch::Sender<Position>,
}

impl LogBounds {
    pub(super) fn new(start: u64, durable: u64) -> Self {
        Self { start: start.into(), durable: durable.into(), changes: watch::channel(Position(durable)).0 }
    }

    pub(super) fn start(&self) -> u64 {
        self.start.load(Ordering::Acquire)
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn move_start(&self, start: u64) {
        self.start.store(start, Ordering::Release);
        self.changes.send_replace(Position(self.durable()));
    }

    pub(super) fn advance_end(&self, durable: u64) {
        self.durable.store(durable, Ordering::Release);
        self.changes.send_replace(Position(durable));
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Position> {
        self.changes.subscribe()
    }
}
