//! What the tasks of the relay share.

use std::sync::{Arc, atomic::AtomicBool};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::store::Store;
use crate::{log::SegmentedLog, metrics::RelayMetrics};

/// Maximum number of large messages processed at once, over all destinations: each takes a core for seconds.
const MAX_LARGE_MESSAGES: usize = 2;

/// What the tasks of the relay share. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct RelayContext {
    pub(super) store: Arc<Mutex<Store>>,
    pub(super) log: Arc<SegmentedLog>,
    pub(super) metrics: Arc<RelayMetrics>,
    /// Permits for large messages.
    pub(super) large: Arc<Semaphore>,
    /// Signals reading and filtering to end at the next message.
    pub(super) stop: Arc<AtomicBool>,
}

impl RelayContext {
    pub(super) fn new(store: Arc<Mutex<Store>>, log: Arc<SegmentedLog>, metrics: Arc<RelayMetrics>) -> Self {
        let large = Arc::new(Semaphore::new(MAX_LARGE_MESSAGES));
        Self { store, log, metrics, large, stop: Arc::default() }
    }
}
