//! The relay at work, on a thread of its own: follows the log, and starts the tasks of destinations again whose
//! configuration may have changed. Whatever takes long happens elsewhere, so it hears at once that it is to end.

use std::{
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::watch;

use super::{
    destination::Destination,
    queue::lock,
    running::{Event, Running},
    store::{Store, StoreError},
};
use crate::{
    log::{Hold, Position, Segments},
    metrics::RelayMetrics,
};

/// How often it is looked at what another process has brought back, and at the status of each destination. Also how long
/// to wait before a store that failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is relayed where. Changed while it runs.
pub type Destinations = Arc<[Destination]>;

/// The relay, not running yet.
#[derive(Debug)]
pub(crate) struct Relay {
    handle: Arc<RelayHandle>,
    destinations: watch::Receiver<Destinations>,
    metrics: Arc<RelayMetrics>,
    headway: watch::Sender<RelayHeadway>,
}

/// How far the relay is, and whether it goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RelayHeadway {
    /// Where in the log it reads on, if it does.
    pub(crate) position: Option<Position>,
    /// Why it stands still.
    pub(crate) failing: Option<String>,
}

/// What the relay shares with the reload of the configuration: the store, where each configuration is written down before
/// a request can be judged by it.
#[derive(Debug)]
pub(crate) struct RelayHandle {
    folder: PathBuf,
    log: Arc<Segments>,
    destinations: watch::Sender<Destinations>,
    opened: Mutex<Option<Opened>>,
}

/// Its store, and what it needs of the log.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) store: Arc<Mutex<Store>>,
    pub(super) hold: Arc<Hold>,
}

impl RelayHandle {
    /// Writes down that a configuration (the names of its endpoints, and their destinations) is in force from the log's
    /// present end on, beside the one before it until [`Self::retire`]. Where nothing is and was relayed, no store is made.
    ///
    /// # Errors
    /// When the store cannot be opened or written; then the configuration must not be taken over.
    pub(crate) fn configure(&self, endpoints: &[&str], destinations: &[Destination]) -> Result<(), StoreError> {
        // Before the store is made: it begins at the log's end too.
        let since = self.log.end();
        let store = {
            let mut opened = self.opened();
            match &mut *opened {
                Some(opened) => opened.store.clone(),
                None if destinations.is_empty() && !Store::is_in(&self.folder) => return Ok(()),
                none => none.insert(self.open_store()?).store.clone(),
            }
        };
        let affected = lock(&store).configure(endpoints, destinations, since)?;
        for it in affected {
            let (destination, endpoint, messages) = (&*it.destination, &*it.endpoint, it.messages);
            if it.is_given_up {
                tracing::warn!(
                    destination,
                    endpoint,
                    messages,
                    "given up: the destination is not in the configuration any more; they wait again when it is back"
                );
            } else {
                tracing::info!(
                    destination,
                    endpoint,
                    messages,
                    "the destination is back, and what was given up waits again"
                );
            }
        }
        Ok(())
    }

    /// The configurations before the newest are not in force any more: no request that begins is judged by them.
    ///
    /// # Errors
    /// When the store cannot be written; then messages go by either configuration until the next start.
    pub(crate) fn retire(&self) -> Result<(), StoreError> {
        let store = self.opened().as_ref().map(|opened| opened.store.clone());
        store.map_or(Ok(()), |store| lock(&store).retire_routing(self.log.end()))
    }

    /// Serves other destinations from now on.
    pub(crate) fn serve(&self, destinations: Destinations) {
        self.destinations.send_replace(destinations);
    }

    fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_store(&self) -> Result<Opened, StoreError> {
        // Else one would be made in a folder that is not this receiver's.
        self.log.check_place().map_err(StoreError::Log)?;
        let store = Store::open(&self.folder, &self.log.identity())?;
        let cursor = store.cursor()?;
        let start = self.log.read(cursor).and_then(|reader| reader.start()).map_err(StoreError::Log)?;
        if cursor < start {
            tracing::error!(
                read_up_to = cursor.0,
                log_start = start.0,
                "messages were removed from the log before the relay had read them; they are not relayed"
            );
        }
        let hold = self.log.hold(store.needed_from()?);
        Ok(Opened { store: Arc::new(Mutex::new(store)), hold: Arc::new(hold) })
    }
}

impl Relay {
    /// Opens the store in a folder, so that nothing that it needs is removed from the log. Where nothing is and was
    /// relayed, none is made.
    pub(crate) fn open(
        folder: &Path,
        log: Arc<Segments>,
        endpoints: &[&str],
        destinations: Destinations,
        metrics: Arc<RelayMetrics>,
    ) -> Result<Self, StoreError> {
        let headway = watch::Sender::new(RelayHeadway::default());
        let (sender, receiver) = watch::channel(destinations);
        let handle =
            Arc::new(RelayHandle { folder: folder.to_owned(), log, destinations: sender, opened: Mutex::default() });
        // Before a message can arrive: what arrives first is for a new destination too.
        handle.configure(endpoints, &receiver.borrow())?;
        handle.retire()?;
        Ok(Self { handle, destinations: receiver, metrics, headway })
    }

    /// What a reload of the configuration needs.
    pub(crate) fn handle(&self) -> &Arc<RelayHandle> {
        &self.handle
    }

    /// Where in the log it reads on, if it does.
    pub(crate) fn headway(&self) -> watch::Receiver<RelayHeadway> {
        self.headway.subscribe()
    }

    /// Relays until `stop`; attempts in flight then are waited for, `grace` at most.
    ///
    /// # Errors
    /// When there can be no thread or runtime.
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
            // A large message may still be worked on; nothing of that is written down, so nobody waits for it.
            runtime.shutdown_background();
        })
    }

    async fn run(&mut self, stop: impl Future<Output = ()>, grace: Duration) {
        let (mut stop, mut news) = (pin!(stop), self.handle.log.news());
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut running: Option<Running> = None;
        // Whether other destinations are to be served, and whether the log may have more than was read.
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
                    Event::Read(Ok((cursor, more))) => {
                        (is_behind, is_reported) = (is_behind || more, false);
                        self.headway.send_replace(RelayHeadway { position: Some(cursor), failing: None });
                    }
                    Event::Read(Err(error)) => done = Err(error),
                    Event::Decided(decided) => done = decided,
                    Event::Looked(cursor) => {
                        self.headway.send_modify(|headway| headway.position = Some(cursor));
                    }
                },
                _ = look.tick() => {
                    // What failed is tried again now.
                    (is_behind, is_failing) = (true, false);
                    if let Some(running) = &mut running {
                        done = running.look();
                    }
                }
                news = news.changed(), if !is_behind => match news {
                    Ok(()) => is_behind = true,
                    Err(_) => break,
                },
            }
            if let Err(error) = done {
                if !is_reported {
                    tracing::error!(%error, "the relay stands still; it is tried again until it works");
                }
                self.headway.send_modify(|headway| headway.failing = Some(error.to_string()));
                (is_behind, is_failing, is_reported) = (true, true, true);
            }
        }
        if let Some(running) = running {
            running.stop.store(true, Ordering::Relaxed);
            if tokio::time::timeout(grace, running.end()).await.is_err() {
                tracing::warn!("attempts of the relay were cut; they are made again at the next start");
            }
        }
    }

    /// Serves the destinations that are configured now.
    fn serve(&mut self, running: &mut Option<Running>) -> Result<(), StoreError> {
        let destinations = self.destinations.borrow_and_update().clone();
        let Some(opened) = self.handle.opened().clone() else { return Ok(()) };
        let running = match running {
            Some(running) => running,
            none => none.insert(Running::new(opened, self.handle.log.clone(), self.metrics.clone())?),
        };
        running.serve(&destinations)
    }
}

/// Waits for other destinations; forever, where nobody is left to set them.
async fn changed(destinations: &mut watch::Receiver<Destinations>) {
    if destinations.changed().await.is_err() {
        std::future::pending().await
    }
}
