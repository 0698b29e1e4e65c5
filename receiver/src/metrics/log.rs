//! Metrics of the log's writer, and whether it works at the moment.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use prometheus_client::{
    metrics::{
        counter::Counter,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::DURATION_BUCKETS_SECONDS;

/// Metrics of the writer. One batch is one write and one sync.
#[derive(Debug)]
pub(crate) struct LogMetrics {
    batch_records: Histogram,
    sync_seconds: Histogram,
    written_bytes: Counter,
    failures: Counter,
    failing: AtomicBool,
    started: Instant,
    /// Microseconds from `started` to the start of the batch in flight, at least 1; 0 if there is none.
    batch_begun: AtomicU64,
}

impl Default for LogMetrics {
    fn default() -> Self {
        Self {
            batch_records: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            sync_seconds: Histogram::new(DURATION_BUCKETS_SECONDS),
            written_bytes: Counter::default(),
            failures: Counter::default(),
            failing: AtomicBool::new(false),
            started: Instant::now(),
            batch_begun: AtomicU64::new(0),
        }
    }
}

impl LogMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "log_batch_records",
            "Records that shared one write and one sync",
            self.batch_records.clone(),
        );
        registry.register("log_sync_duration_seconds", "Time of one fdatasync", self.sync_seconds.clone());
        registry.register("log_written_bytes", "Bytes made durable", self.written_bytes.clone());
        registry.register(
            "log_write_failures",
            "Batches that could not be written or synced; their messages were refused",
            self.failures.clone(),
        );
    }

    pub(crate) fn begin_batch(&self) {
        self.batch_begun.store(self.now().max(1), Ordering::Relaxed);
    }

    pub(crate) fn synced(&self, took: Duration) {
        self.sync_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn end_batch(&self, records: usize, bytes: usize, durable: bool) {
        self.batch_begun.store(0, Ordering::Relaxed);
        self.failing.store(!durable, Ordering::Relaxed);
        if durable {
            self.batch_records.observe(records as f64);
            self.written_bytes.inc_by(bytes as u64);
        } else {
            self.failures.inc();
        }
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> Duration {
        match self.batch_begun.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            begun => Duration::from_micros(self.now().saturating_sub(begun)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_lasts_until_a_batch_is_durable_again() {
        let log = LogMetrics::default();
        assert!(!log.is_failing() && log.in_flight().is_zero());
        log.begin_batch();
        std::thread::sleep(Duration::from_millis(2));
        assert!(log.in_flight() >= Duration::from_millis(1));
        log.end_batch(3, 100, false);
        assert!(log.is_failing() && log.in_flight().is_zero());
        log.end_batch(3, 100, true);
        assert!(!log.is_failing());
        assert_eq!((log.failures.get(), log.written_bytes.get()), (1, 100));
    }
}
