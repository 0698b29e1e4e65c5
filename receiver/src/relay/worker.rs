//! The relay's thread: follows the log, and restarts the tasks of destinations after a reload. Anything slow runs on
//! other threads, so that it reacts to the shutdown signal at once.

use std::{
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{
    destination::{Destination, Destinations},
    running::{OpenStore, RelayEvent, Running},
    store::{Store, StoreError},
};
use crate::{
    log::{Position, SegmentedLog},
    metrics::RelayMetrics,
};

/// Interval of polling the store for changes by other processes and the status of each destination. Also the back-off
/// after an error of the store.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The relay, not running yet.
#[derive(Debug)]
pub(crate) struct Relay {
    handle: Arc<RelayHandle>,
    destinations: watch::Receiver<Destinations>,
    metrics: Arc<RelayMetrics>,
    progress: watch::Sender<RelayProgress>,
}

/// Progress of the relay, and whether it is running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RelayProgress {
    /// Its position in the log, once it reads.
    pub(crate) position: Option<Position>,
    /// The error, while it is failing.
    pub(crate) failing: Option<String>,
}

/// The part of the relay that a reload needs: the store, which records each configuration before a request can be
/// routed by it.
#[derive(Debug)]
pub(crate) struct RelayHandle {
    folder: PathBuf,
    log: Arc<SegmentedLog>,
    destinations: watch::Sender<Destinations>,
    opened: Mutex<Option<OpenStore>>,
}

impl RelayHandle {
    /// Records that a configuration (the names of its endpoints, and their destinations) is in force from the log's
    /// current end, together with the previous one until [`Self::retire`]. Makes no store if nothing is or was relayed.
    ///
    /// # Errors
    /// When the store cannot be opened or written; then the configuration must not be applied.
    pub(crate) fn configure(&self, endpoints: &[&str], destinations: &[Destination]) -> Result<(), StoreError> {
        // Before the store is made: it starts at the log's end too.
        let since = self.log.end();
        let store = {
            let mut opened = self.opened.lock();
            match &mut *opened {
                Some(opened) => opened.store.clone(),
                None if destinations.is_empty() && !Store::is_in(&self.folder) => return Ok(()),
                none => none.insert(self.open_store()?).store.clone(),
            }
        };
        let affected = store.lock().configure(endpoints, destinations, since)?;
        for it in affected {
            let (destination, endpoint, messages) = (&*it.destination, &*it.endpoint, it.messages);
            if it.is_given_up {
                let text = "given up: the destination is no longer configured; they are retried when it is back";
                tracing::warn!(destination, endpoint, messages, "{text}");
            } else {
                let text = "the destination is back; retrying the messages that were given up";
                tracing::info!(destination, endpoint, messages, "{text}");
            }
        }
        Ok(())
    }

    /// Retires the configurations before the newest: new requests are no longer routed by them.
    ///
    /// # Errors
    /// When the store cannot be written; then messages are routed by either configuration until the next start.
    pub(crate) fn retire(&self) -> Result<(), StoreError> {
        let store = self.opened.lock().as_ref().map(|opened| opened.store.clone());
        store.map_or(Ok(()), |store| store.lock().retire_routing(self.log.end()))
    }

    /// Replaces the destinations.
    pub(crate) fn serve(&self, destinations: Destinations) {
        self.destinations.send_replace(destinations);
    }

    fn open_store(&self) -> Result<OpenStore, StoreError> {
        // Otherwise a store would be made in a folder of another receiver.
        self.log.check_place().map_err(StoreError::Log)?;
        let store = Store::open(&self.folder, &self.log.identity())?;
        let cursor = store.cursor()?;
        let start = self.log.read(cursor).and_then(|reader| reader.start()).map_err(StoreError::Log)?;
        if cursor < start {
            tracing::error!(
                read_up_to = cursor.0,
                log_start = start.0,
                "messages were removed from the log before the relay read them; they are not relayed"
            );
        }
        let hold = self.log.pin(store.needed_from()?);
        Ok(OpenStore { store: Arc::new(Mutex::new(store)), hold: Arc::new(hold) })
    }
}

impl Relay {
    /// Opens the store in a folder, so that retention keeps what it needs of the log. Makes no store if nothing is or
    /// was relayed.
    pub(crate) fn open(
        folder: &Path,
        log: Arc<SegmentedLog>,
        endpoints: &[&str],
        destinations: Destinations,
        metrics: Arc<RelayMetrics>,
    ) -> Result<Self, StoreError> {
        let progress = watch::Sender::new(RelayProgress::default());
        let (sender, receiver) = watch::channel(destinations);
        let handle =
            Arc::new(RelayHandle { folder: folder.to_owned(), log, destinations: sender, opened: Mutex::default() });
        // Before a message can arrive: a new destination gets the first one too.
        handle.configure(endpoints, &receiver.borrow())?;
        handle.retire()?;
        Ok(Self { handle, destinations: receiver, metrics, progress })
    }

    pub(crate) fn handle(&self) -> &Arc<RelayHandle> {
        &self.handle
    }

    pub(crate) fn progress(&self) -> watch::Receiver<RelayProgress> {
        self.progress.subscribe()
    }

    /// Relays until `stop`, then waits up to `grace` for attempts in flight.
    ///
    /// # Errors
    /// When a thread or the runtime cannot be started.
    pub(crate) fn start(
        mut self,
        stop: impl Future<Output = ()> + Send + 'static,
        grace: Duration,
    ) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("relay-work")
            .enable_all()
            .build()?;
        thread::Builder::new().name("relay".to_owned()).spawn(move || {
            runtime.block_on(self.run(stop, grace));
            // A large message may still be processed; nothing of that is stored, so do not wait for it.
            runtime.shutdown_background();
        })
    }

    async fn run(&mut self, stop: impl Future<Output = ()>, grace: Duration) {
        let (mut stop, mut log_changes) = (pin!(stop), self.handle.log.subscribe());
        let mut poll = tokio::time::interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut running: Option<Running> = None;
        // Whether the destinations have changed, and whether the log may have unread messages.
        let (mut is_changed, mut is_behind, mut is_failing, mut is_reported) = (true, true, false, false);
        loop {
            let mut done = Ok(());
            if is_changed && !is_failing {
                done = self.serve(&mut running);
                is_changed = done.is_err();
            }
            if let Some(running) = &mut running
                && is_behind
                && !is_failing
            {
                is_behind = !running.begin_reading();
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = changed(&mut self.destinations) => is_changed = true,
                event = Running::next_event(&mut running) => match event {
                    RelayEvent::Read(Ok((cursor, more))) => {
                        (is_behind, is_reported) = (is_behind || more, false);
                        self.progress.send_replace(RelayProgress { position: Some(cursor), failing: None });
                    }
                    RelayEvent::Read(Err(error)) => done = Err(error),
                    RelayEvent::Decided(decided) => done = decided,
                    RelayEvent::Polled(cursor) => {
                        self.progress.send_modify(|progress| progress.position = Some(cursor));
                    }
                },
                _ = poll.tick() => {
                    // Time to retry after an error.
                    (is_behind, is_failing) = (true, false);
                    if let Some(running) = &mut running {
                        done = running.poll_store();
                    }
                }
                log_changes = log_changes.changed(), if !is_behind => match log_changes {
                    Ok(()) => is_behind = true,
                    Err(_) => break,
                },
            }
            if let Err(error) = done {
                if !is_reported {
                    tracing::error!(%error, "the relay failed; retrying");
                }
                self.progress.send_modify(|progress| progress.failing = Some(error.to_string()));
                (is_behind, is_failing, is_reported) = (true, true, true);
            }
        }
        if let Some(running) = running {
            running.context.stop.store(true, Ordering::Relaxed);
            if tokio::time::timeout(grace, running.end()).await.is_err() {
                tracing::warn!("attempts of the relay were cut off; they are repeated at the next start");
            }
        }
    }

    fn serve(&mut self, running: &mut Option<Running>) -> Result<(), StoreError> {
        let destinations = self.destinations.borrow_and_update().clone();
        let Some(opened) = self.handle.opened.lock().clone() else { return Ok(()) };
        let running = match running {
            Some(running) => running,
            none => none.insert(Running::new(opened, self.handle.log.clone(), self.metrics.clone())?),
        };
        running.serve(&destinations)
    }
}

/// Waits for new destinations; forever if nothing can set them any more.
async fn changed(destinations: &mut watch::Receiver<Destinations>) {
    if destinations.changed().await.is_err() {
        std::future::pending().await
    }
}
