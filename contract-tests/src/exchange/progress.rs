//! When the last byte of a request was sent, from which the time of its answer counts (OPS-5).

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::time::sleep_until;

pub(super) struct Progress {
    begun: Instant,
    /// When the last byte so far was sent, in microseconds since the beginning.
    sent_us: AtomicU64,
}

impl Progress {
    pub(super) fn begin() -> Self {
        Self { begun: Instant::now(), sent_us: AtomicU64::new(0) }
    }

    /// Records that bytes were sent. The next ones follow after this pause.
    pub(super) fn sent_after(&self, pause: Duration) {
        let sent = self.begun.elapsed() + pause;
        self.sent_us.store(u64::try_from(sent.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time since the last byte was sent.
    pub(super) fn since_sent(&self) -> Duration {
        self.begun.elapsed().saturating_sub(self.sent())
    }

    /// Waits until nothing has been sent for this time.
    pub(super) async fn quiet_for(&self, limit: Duration) {
        while self.since_sent() < limit {
            sleep_until((self.begun + self.sent() + limit).into()).await;
        }
    }

    fn sent(&self) -> Duration {
        Duration::from_micros(self.sent_us.load(Ordering::Relaxed))
    }
}
