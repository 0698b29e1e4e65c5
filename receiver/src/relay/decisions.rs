//! Decides which of the enqueued messages are due, one destination at a time. Runs apart from other destinations and
//! from the reading of the log, because evaluating a `when` on a large message takes seconds.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use sha2::{Digest as _, Sha256};
use tokio::{runtime::Handle, sync::Semaphore};

use super::{
    queue::{self, lock},
    routing::{Decision, Router},
    store::{Asked, Decided, Store, StoreError},
};
use crate::{
    log::{LogReader, Position, Record, SegmentedLog},
    metrics::{PassedOverReason, RelayMetrics},
};

/// Maximum number of decisions in a transaction.
const BATCH: usize = 100;

/// Size of the bodies, in bytes, after which a transaction ends.
const BATCH_BYTES: usize = 1 << 20;

/// Bodies above this size are large: only a few are processed at a time, over all destinations.
pub(super) const LARGE_BYTES: usize = 64 << 10;

/// Decides for one destination.
#[derive(Debug)]
pub(super) struct Decisions {
    pub(super) store: Arc<Mutex<Store>>,
    pub(super) log: Arc<SegmentedLog>,
    pub(super) metrics: Arc<RelayMetrics>,
    /// Permits for large bodies.
    pub(super) large: Arc<Semaphore>,
    /// Shutdown signal, checked before each message.
    pub(super) stop: Arc<AtomicBool>,
}

impl Decisions {
    /// Decides on all pending messages of a destination, and calls `decided` after each transaction. It blocks.
    pub(super) fn make(&self, destination: i64, name: &str, decided: impl Fn()) -> Result<(), StoreError> {
        let mut reader = self.log.read(Position(0)).map_err(StoreError::Log)?;
        loop {
            let (asked, router) = {
                let mut store = lock(&self.store);
                (store.asked(destination, BATCH)?, store.router()?)
            };
            let mut decisions = Vec::new();
            let mut bytes = 0;
            for asked in &asked {
                if bytes >= BATCH_BYTES || self.stop.load(Ordering::Relaxed) {
                    break;
                }
                let (decision, read) = self.decide(&mut reader, &router, destination, asked)?;
                decisions.push(decision);
                bytes += read;
            }
            if decisions.is_empty() {
                return Ok(());
            }
            let passed_over = lock(&self.store).decide(destination, &decisions)?;
            for (reason, messages) in
                [(PassedOverReason::When, passed_over.not_matched), (PassedOverReason::Repeated, passed_over.repeated)]
            {
                self.metrics.passed_over(name, reason, messages);
                if messages > 0 {
                    let reason = reason.word();
                    tracing::info!(destination = name, reason, messages, "passed over by the relay");
                }
            }
            decided();
        }
    }

    /// The decision on a message, and the number of bytes read for it.
    fn decide(
        &self,
        reader: &mut LogReader,
        router: &Router,
        destination: i64,
        asked: &Asked,
    ) -> Result<(Decided, usize), StoreError> {
        let expired =
            Decided { id: asked.id, received_at: jiff::Timestamp::now(), digest: None, decision: Decision::Expired };
        let record = queue::record(reader, asked.at, &asked.message).map_err(StoreError::Log)?;
        let Some(record) = record else { return Ok((expired, 0)) };
        let bytes = record.body.len();
        // The semaphore is closed only during shutdown.
        let _permit =
            (bytes > LARGE_BYTES).then(|| Handle::current().block_on(self.large.clone().acquire_owned()).ok());
        let decided = Decided {
            id: asked.id,
            received_at: record.header.received_at,
            digest: digest(router, asked.at, &record),
            decision: router.decide(destination, asked.at, &record),
        };
        Ok((decided, bytes))
    }
}

/// Digest of a body that counts as a duplicate if an equal one arrived within a few minutes.
pub(super) fn digest(router: &Router, at: Position, record: &Record) -> Option<[u8; 32]> {
    router.says_when(at, record).then(|| Sha256::digest(&record.body).into())
}

#[cfg(test)]
mod tests {
    use schemas::Profile;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        log::{RecordHeader, SegmentOptions},
        relay::{Destination, Filter, Kind, log_consumer::LogConsumer},
    };

    const BODY: usize = 2 << 20;

    /// A log with messages of 2 MiB, and a store with a destination that has not read it.
    async fn store_with(folder: &TempDir, messages: usize) -> (Arc<SegmentedLog>, Arc<Mutex<Store>>, i64) {
        let (log, _) = SegmentedLog::open(&folder.path().join("log"), SegmentOptions::default()).unwrap();
        let mut store = Store::open(&folder.path().join("relay"), &log.identity()).unwrap();
        let destination = Destination {
            name: "a".into(),
            endpoint: "hooks".to_owned(),
            profile: Profile::v1().clone(),
            when: Some(Filter::parse("trigger == 'stepCompleted'").unwrap()),
            flow_url: None,
            kind: Kind::File("a".into()),
        };
        store.configure(&["hooks"], std::slice::from_ref(&destination), Position(0)).unwrap();
        let number = store.numbers(&[destination]).unwrap()[0].unwrap();
        for _ in 0..messages {
            let body = format!("{{\"x\":\"{}\"}}", "x".repeat(BODY)).into();
            let record = Record { header: RecordHeader::of_unreadable("hooks", None), body };
            log.append(&record).await.unwrap();
        }
        (Arc::new(log), Arc::new(Mutex::new(store)), number)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn steps_are_bounded_by_bytes_and_the_end_is_looked_at_before_each_message() {
        let folder = TempDir::new().unwrap();
        let (log, store, number) = store_with(&folder, 5).await;
        let (metrics, stop) = (Arc::<RelayMetrics>::default(), Arc::<AtomicBool>::default());
        let reader = log.read(Position(0)).unwrap();
        let mut consumer = LogConsumer::new(reader, store.clone(), metrics.clone(), stop.clone());
        let asked = || lock(&store).asked(number, 99).unwrap().len();
        assert!(consumer.poll().unwrap());
        assert_eq!(asked(), 2, "a step of the consumer");
        stop.store(true, Ordering::Relaxed);
        assert!(!consumer.poll().unwrap());
        assert_eq!(asked(), 2, "the consumer after the end");
        stop.store(false, Ordering::Relaxed);
        while consumer.poll().unwrap() {}
        assert_eq!(asked(), 5);

        let large = Arc::new(Semaphore::new(1));
        let decisions = Arc::new(Decisions { store: store.clone(), log: log.clone(), metrics, large, stop });
        let make = async |ends: bool| {
            let decisions = decisions.clone();
            let made = move || decisions.make(number, "a", || decisions.stop.store(ends, Ordering::Relaxed));
            tokio::task::spawn_blocking(made).await.unwrap().unwrap();
        };
        make(true).await;
        assert_eq!(asked(), 4, "what is decided after the end has come");
        decisions.stop.store(false, Ordering::Relaxed);
        make(false).await;
        assert_eq!(asked(), 0);
        assert_eq!(lock(&store).status().unwrap().destinations[0].waiting, 0, "the condition holds for none of them");
    }
}
