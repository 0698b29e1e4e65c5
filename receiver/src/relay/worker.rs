//! The relay at work, on a thread of its own: reads the log, keeps a task for each destination, and starts those anew
//! whose configuration may have changed. What one destination does holds up no other.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use sender::delivery::Rate;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle as TaskHandle,
};

use super::{
    destination::{Destination, Kind},
    file,
    gate::Gate,
    intake::Intake,
    queue::{Queue, lock},
    store::{Store, StoreError},
    web,
};
use crate::{
    log::{Hold, MessageLog as _, Position, Segments},
    metrics::RelayMetrics,
};

/// How often it is looked at what another process has brought back, and told how it stands. Also how long to wait
/// before a store that failed is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is relayed where. Changed while it runs.
pub type Destinations = Arc<[Destination]>;

/// The relay, not running yet.
#[derive(Debug)]
pub(crate) struct Relay {
    folder: PathBuf,
    log: Arc<Segments>,
    destinations: watch::Receiver<Destinations>,
    metrics: Arc<RelayMetrics>,
    opened: Option<Opened>,
    headway: watch::Sender<Option<Position>>,
}

/// Its store, and what it needs of the log.
#[derive(Debug)]
struct Opened {
    store: Arc<Mutex<Store>>,
    hold: Hold,
}

/// What works for one destination.
#[derive(Debug)]
struct Worker {
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: TaskHandle<()>,
}

impl Relay {
    /// Opens the store in a folder, so that nothing that it needs is removed from the log. Where nothing is and was
    /// relayed, none is made.
    pub(crate) fn open(
        folder: &Path,
        log: Arc<Segments>,
        destinations: watch::Receiver<Destinations>,
        metrics: Arc<RelayMetrics>,
    ) -> Result<Self, StoreError> {
        let headway = watch::Sender::new(None);
        let mut relay = Self { folder: folder.to_owned(), log, destinations, metrics, opened: None, headway };
        if !relay.destinations.borrow().is_empty() || Store::is_in(folder) {
            let destinations = relay.destinations.borrow().clone();
            let end = relay.log.end();
            // Before a message can arrive: what arrives first is for a new destination too.
            lock(&relay.open_store()?.store).set_destinations(&names(&destinations), end)?;
        }
        Ok(relay)
    }

    /// Where in the log it reads on, if it does.
    pub(crate) fn headway(&self) -> watch::Receiver<Option<Position>> {
        self.headway.subscribe()
    }

    /// Relays until `stop`; what is in flight then is waited for, `grace` at most.
    ///
    /// # Errors
    /// When there can be no thread or runtime.
    pub(crate) fn start(
        mut self,
        stop: impl Future<Output = ()> + Send + 'static,
        grace: Duration,
    ) -> io::Result<JoinHandle<()>> {
        // Rendering a large message takes seconds: meanwhile another thread serves the other destinations.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("relay-work")
            .enable_all()
            .build()?;
        thread::Builder::new().name("relay".to_owned()).spawn(move || {
            runtime.block_on(self.run(stop, grace));
            runtime.shutdown_background();
        })
    }

    fn open_store(&mut self) -> Result<&Opened, StoreError> {
        let store = Store::open(&self.folder, self.log.end())?;
        let hold = self.log.hold(store.needed_from()?);
        Ok(self.opened.insert(Opened { store: Arc::new(Mutex::new(store)), hold }))
    }

    async fn run(&mut self, stop: impl Future<Output = ()>, grace: Duration) {
        let (mut stop, mut news) = (pin!(stop), self.log.news());
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut running: Option<Running> = None;
        self.destinations.mark_changed();
        let mut is_failing = false;
        loop {
            let done = self.step(&mut running).await;
            if let Err(error) = &done
                && !is_failing
            {
                tracing::error!(%error, "the relay stands still; it is tried again until it works");
            }
            is_failing = done.is_err();
            let more = done.unwrap_or(false);
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = tokio::task::yield_now(), if more => {}
                () = changed(&mut self.destinations), if !is_failing && !more => self.destinations.mark_changed(),
                _ = look.tick() => if let Some(running) = &mut running { running.look(&self.metrics) },
                news = news.changed(), if !is_failing && !more && running.is_some() => if news.is_err() { break },
            }
        }
        if let Some(running) = running
            && tokio::time::timeout(grace, running.end()).await.is_err()
        {
            tracing::warn!("attempts of the relay were cut; they are made again at the next start");
        }
    }

    /// Does what there is to do, and says whether there is more.
    async fn step(&mut self, running: &mut Option<Running>) -> Result<bool, StoreError> {
        if self.destinations.has_changed().unwrap_or(false) {
            let destinations = self.destinations.borrow().clone();
            if self.opened.is_none() && !destinations.is_empty() {
                self.open_store()?;
            }
            if let Some(Opened { store, .. }) = &self.opened {
                let running = match running {
                    Some(running) => running,
                    None => {
                        let reader = self.log.read(lock(store).cursor()?).map_err(StoreError::Log)?;
                        running.insert(Running::new(store.clone(), Intake::new(reader, store.clone(), Vec::new())))
                    }
                };
                running.serve(&destinations, &self.log, &self.metrics)?;
            }
            self.destinations.mark_unchanged();
        }
        let (Some(running), Some(Opened { store, hold })) = (running, &self.opened) else { return Ok(false) };
        let more = running.take_in()?;
        let (cursor, needed) = {
            let store = lock(store);
            (store.cursor()?, if more { None } else { Some(store.needed_from()?) })
        };
        self.headway.send_replace(Some(cursor));
        if let Some(needed) = needed {
            hold.move_to(needed);
        }
        Ok(more)
    }
}

/// Name and endpoint of each.
fn names(destinations: &Destinations) -> Vec<(Arc<str>, &str)> {
    destinations.iter().map(|it| (it.name.clone(), it.endpoint.as_str())).collect()
}

/// Waits for other destinations; for ever, where nobody is left to set them.
async fn changed(destinations: &mut watch::Receiver<Destinations>) {
    if destinations.changed().await.is_err() {
        std::future::pending().await
    }
}

/// The relay while it has a store.
#[derive(Debug)]
struct Running {
    store: Arc<Mutex<Store>>,
    intake: Intake,
    workers: HashMap<Arc<str>, Worker>,
    /// Of destinations that are gone: they end what they have in flight.
    leaving: HashMap<Arc<str>, TaskHandle<()>>,
    /// By URL: kept for as long as the relay runs, so that a reload brings no burst.
    gates: HashMap<String, Arc<Mutex<Gate>>>,
}

impl Running {
    fn new(store: Arc<Mutex<Store>>, intake: Intake) -> Self {
        Self { store, intake, workers: HashMap::new(), leaving: HashMap::new(), gates: HashMap::new() }
    }

    /// Serves these destinations from now on. The worker of one that was served before first ends what it has in flight.
    fn serve(
        &mut self,
        destinations: &Destinations,
        log: &Arc<Segments>,
        metrics: &Arc<RelayMetrics>,
    ) -> Result<(), StoreError> {
        let numbers = {
            let mut store = lock(&self.store);
            // Not the log's end: what arrived since they were set would be passed over.
            let next = store.cursor()?;
            store.set_destinations(&names(destinations), next)?
        };
        self.set_rates(destinations);
        let mut before = std::mem::take(&mut self.workers);
        before.values().for_each(|worker| {
            worker.stop.send_replace(true);
        });
        let destinations: Vec<Arc<Destination>> = destinations.iter().cloned().map(Arc::new).collect();
        for (number, destination) in numbers.iter().zip(&destinations) {
            metrics.add(&destination.name);
            let queue = Queue::new(self.store.clone(), log.clone(), *number);
            let previous = before.remove(&destination.name).map(|worker| worker.task);
            let previous = previous.or_else(|| self.leaving.remove(&destination.name));
            let worker = self.worker(queue, destination.clone(), metrics.clone(), previous);
            self.workers.insert(destination.name.clone(), worker);
        }
        self.leaving.retain(|_, task| !task.is_finished());
        self.leaving.extend(before.into_iter().map(|(name, worker)| (name, worker.task)));
        self.intake.set_destinations(numbers.into_iter().zip(destinations).collect());
        self.look(metrics);
        Ok(())
    }

    fn worker(
        &mut self,
        queue: Queue,
        destination: Arc<Destination>,
        metrics: Arc<RelayMetrics>,
        previous: Option<TaskHandle<()>>,
    ) -> Worker {
        let (stop, stopped) = watch::channel(false);
        let wake = Arc::new(Notify::new());
        let woken = wake.clone();
        let gates = &mut self.gates;
        let gate = match &destination.kind {
            Kind::Web(web) => Some(gates.entry(web.target.uri().to_string()).or_default().clone()),
            Kind::File(_) => None,
        };
        let task = tokio::spawn(async move {
            if let Some(previous) = previous {
                // One that panicked has ended too.
                drop(previous.await);
            }
            match (&destination.kind, gate) {
                (Kind::Web(web), Some(gate)) => {
                    let web = web.clone();
                    web::run(queue, destination, web, gate, metrics, &woken, stopped).await;
                }
                (Kind::File(path), _) => {
                    let path = path.clone();
                    file::run(queue, destination, &path, metrics, &woken, stopped).await;
                }
                (Kind::Web(_), None) => {}
            }
        });
        Worker { wake, stop, task }
    }

    /// Destinations with the same URL share its gate, and the slowest rate among them holds.
    fn set_rates(&mut self, destinations: &Destinations) {
        let mut rates: HashMap<String, Option<Rate>> = HashMap::new();
        for destination in destinations.iter() {
            let Kind::Web(web) = &destination.kind else { continue };
            let slowest = rates.entry(web.target.uri().to_string()).or_default();
            *slowest = slowest.iter().copied().chain(web.rate).max_by_key(Rate::interval);
        }
        for (url, rate) in rates {
            let gate = self.gates.entry(url).or_default();
            gate.lock().unwrap_or_else(PoisonError::into_inner).set_rate(rate);
        }
    }

    /// Takes the next records in, and says whether there were any.
    fn take_in(&mut self) -> Result<bool, StoreError> {
        let any = self.intake.take_in()?;
        if any {
            self.wake();
        }
        Ok(any)
    }

    fn wake(&self) {
        self.workers.values().for_each(|worker| worker.wake.notify_one());
    }

    /// Looks whether another process has brought something back, and tells how it stands.
    fn look(&mut self, metrics: &RelayMetrics) {
        let status = {
            let mut store = lock(&self.store);
            match store.was_changed_elsewhere() {
                Ok(true) => self.wake(),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the relay's store cannot be looked at"),
            }
            store.status()
        };
        for it in status.map(|status| status.destinations).unwrap_or_default() {
            if self.workers.contains_key(it.name.as_str()) {
                let oldest = it.oldest_waiting.map_or(0, |at| at.as_second());
                metrics.stands(&it.name, it.waiting, oldest, it.dead_letters);
            }
        }
    }

    /// Waits for what is in flight.
    async fn end(self) {
        self.workers.values().for_each(|worker| {
            worker.stop.send_replace(true);
        });
        for task in self.workers.into_values().map(|worker| worker.task).chain(self.leaving.into_values()) {
            drop(task.await);
        }
    }
}
