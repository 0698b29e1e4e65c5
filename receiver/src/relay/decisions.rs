//! Decides which of the enqueued messages of a destination are due. Runs separately for each destination and from
//! reading the log, because evaluating a `when` on a large message takes seconds.

use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::{
    context::RelayContext,
    queue,
    routing::{Router, RoutingDecision},
    store::{DecidedMessage, PassedOver, StoreError, UndecidedMessage},
};
use crate::{
    log::{LogReader, Position, Record},
    metrics::PassedOverReason,
};

/// Maximum number of decisions in a transaction.
const MAX_BATCH_DECISIONS: usize = 100;

/// Size of the bodies, in bytes, after which a transaction ends.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// Bodies above this size are large: only a few are processed at a time, over all destinations.
pub(super) const LARGE_BYTES: usize = 64 << 10;

impl RelayContext {
    /// Decides on all pending messages of a destination, and calls `decided` after each transaction. It blocks.
    pub(super) fn decide(&self, destination: i64, name: &str, decided: impl Fn()) -> Result<(), StoreError> {
        let mut reader = self.log.read(Position(0)).map_err(StoreError::Log)?;
        loop {
            let (undecided, router) = {
                let mut store = self.store.lock();
                (store.undecided_messages(destination, MAX_BATCH_DECISIONS)?, store.router()?)
            };
            let (mut decisions, mut bytes) = (Vec::new(), 0);
            for message in &undecided {
                if bytes >= MAX_BATCH_BYTES || self.stop.load(Ordering::Relaxed) {
                    break;
                }
                let (decision, read) = self.decision(&mut reader, &router, destination, message)?;
                decisions.push(decision);
                bytes += read;
            }
            if decisions.is_empty() {
                return Ok(());
            }
            let PassedOver { not_matched, repeated } = self.store.lock().decide(destination, &decisions)?;
            for (reason, messages) in [(PassedOverReason::When, not_matched), (PassedOverReason::Repeated, repeated)] {
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
    fn decision(
        &self,
        reader: &mut LogReader,
        router: &Router,
        destination: i64,
        message: &UndecidedMessage,
    ) -> Result<(DecidedMessage, usize), StoreError> {
        let (id, at) = (message.id, message.at);
        let Some(record) = queue::record(reader, at, &message.message).map_err(StoreError::Log)? else {
            let (received_at, decision) = (jiff::Timestamp::now(), RoutingDecision::Expired);
            return Ok((DecidedMessage { id, received_at, digest: None, decision }, 0));
        };
        let bytes = record.body.len();
        // The semaphore is closed only during shutdown.
        let _permit =
            (bytes > LARGE_BYTES).then(|| Handle::current().block_on(self.large.clone().acquire_owned()).ok());
        let decided = DecidedMessage {
            id,
            received_at: record.header.received_at,
            digest: digest(router, at, &record),
            decision: router.decide(destination, at, &record),
        };
        Ok((decided, bytes))
    }
}

/// Digest of a body that counts as a duplicate if an equal one arrived within a few minutes.
pub(super) fn digest(router: &Router, at: Position, record: &Record) -> Option<[u8; 32]> {
    router.has_event_time(at, record).then(|| Sha256::digest(&record.body).into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use schemas::Profile;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        log::{RecordHeader, SegmentOptions, SegmentedLog},
        relay::{Destination, DestinationFilter, DestinationTarget, Store, log_consumer::LogConsumer},
    };

    const BODY: usize = 2 << 20;

    /// A log with messages of 2 MiB, and a store with a destination that has not read it.
    async fn store_with(folder: &TempDir, messages: usize) -> (RelayContext, i64) {
        let (log, _) = SegmentedLog::open(&folder.path().join("log"), SegmentOptions::default()).unwrap();
        let mut store = Store::open(&folder.path().join("relay"), &log.identity()).unwrap();
        let destination = Destination {
            name: "a".into(),
            endpoint: "hooks".to_owned(),
            profile: Profile::v1().clone(),
            when: Some(DestinationFilter::parse("trigger == 'stepCompleted'").unwrap()),
            flow_url: None,
            target: DestinationTarget::File("a".into()),
        };
        store.configure(&["hooks"], std::slice::from_ref(&destination), Position(0)).unwrap();
        let number = store.numbers(&[destination]).unwrap()[0].unwrap();
        for _ in 0..messages {
            let body = format!("{{\"x\":\"{}\"}}", "x".repeat(BODY)).into();
            let record = Record { header: RecordHeader::of_unreadable("hooks", None), body };
            log.append(&record).await.unwrap();
        }
        (RelayContext::new(Arc::new(Mutex::new(store)), Arc::new(log), Arc::default()), number)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn steps_are_bounded_by_bytes_and_the_end_is_looked_at_before_each_message() {
        let folder = TempDir::new().unwrap();
        let (context, number) = store_with(&folder, 5).await;
        let mut consumer = LogConsumer::new(context.clone()).unwrap();
        let (store, stop) = (&context.store, &context.stop);
        let asked = || store.lock().undecided_messages(number, 99).unwrap().len();
        assert!(consumer.poll().unwrap());
        assert_eq!(asked(), 2, "a step of the consumer");
        stop.store(true, Ordering::Relaxed);
        assert!(!consumer.poll().unwrap());
        assert_eq!(asked(), 2, "the consumer after the end");
        stop.store(false, Ordering::Relaxed);
        while consumer.poll().unwrap() {}
        assert_eq!(asked(), 5);

        let decide = async |ends: bool| {
            let context = context.clone();
            let decided = move || context.decide(number, "a", || context.stop.store(ends, Ordering::Relaxed));
            tokio::task::spawn_blocking(decided).await.unwrap().unwrap();
        };
        decide(true).await;
        assert_eq!(asked(), 4, "what is decided after the end has come");
        stop.store(false, Ordering::Relaxed);
        decide(false).await;
        assert_eq!(asked(), 0);
        assert_eq!(store.lock().status().unwrap().destinations[0].waiting, 0, "the condition holds for none of them");
    }
}
