//! The tasks of the relay while it has a store: one reads the log, and for each destination one evaluates its filter
//! and one delivers. Destinations do not block each other.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use delivery::{Rate, RateLimiter};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};

use super::{
    context::RelayContext,
    destination::{Destination, DestinationTarget, Destinations},
    file,
    log_consumer::LogConsumer,
    queue::DestinationQueue,
    store::{RelayStatus, Store, StoreError},
    web,
};
use crate::{
    log::{Position, RetentionPin, SegmentedLog},
    metrics::RelayMetrics,
};

/// Maximum number of accepted deliveries to remove from the store per destination and second: more would delay deliveries.
const MAX_FORGOTTEN: usize = 50_000;

/// The relay's store, and the pin on the part of the log that it needs.
#[derive(Clone, Debug)]
pub(super) struct OpenStore {
    pub(super) store: Arc<Mutex<Store>>,
    pub(super) hold: Arc<RetentionPin>,
}

/// The relay while it has a store.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) context: RelayContext,
    hold: Arc<RetentionPin>,
    workers: HashMap<Arc<str>, Worker>,
    /// Workers of removed destinations, which complete their deliveries in flight.
    leaving: HashMap<Arc<str>, JoinHandle<()>>,
    /// By URL. Kept while the relay runs, so that a reload does not cause a burst.
    limiters: HashMap<String, Arc<RateLimiter>>,
    /// `None` while the log is being read.
    consumer: Option<LogConsumer>,
    reading: Option<JoinHandle<(LogConsumer, Result<bool, StoreError>)>>,
    deciding: JoinSet<(i64, Result<(), StoreError>)>,
    /// Destinations whose filter is being evaluated.
    decided_for: HashSet<i64>,
    decided: Arc<Notify>,
    polling: Option<JoinHandle<Result<StorePoll, StoreError>>>,
}

/// The task of one destination.
#[derive(Debug)]
struct Worker {
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Result of a task.
pub(super) enum RelayEvent {
    /// The log was read up to here, and whether there may be more.
    Read(Result<(Position, bool), StoreError>),
    /// Filters were evaluated, or that failed.
    Decided(Result<(), StoreError>),
    /// The store was polled; the log was read up to here.
    Polled(Position),
}

/// Result of polling the store.
#[derive(Debug)]
struct StorePoll {
    status: RelayStatus,
    needed_from: Position,
    /// Whether another process has written.
    is_changed: bool,
}

impl Running {
    pub(super) fn new(
        opened: OpenStore,
        log: Arc<SegmentedLog>,
        metrics: Arc<RelayMetrics>,
    ) -> Result<Self, StoreError> {
        let context = RelayContext::new(opened.store, log, metrics);
        Ok(Self {
            consumer: Some(LogConsumer::new(context.clone())?),
            context,
            hold: opened.hold,
            workers: HashMap::new(),
            leaving: HashMap::new(),
            limiters: HashMap::new(),
            reading: None,
            deciding: JoinSet::new(),
            decided_for: HashSet::new(),
            decided: Arc::default(),
            polling: None,
        })
    }

    /// Starts to read more of the log; `false` if it is being read already.
    pub(super) fn begin_reading(&mut self) -> bool {
        let Some(mut consumer) = self.consumer.take() else { return false };
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let read = consumer.poll();
            (consumer, read)
        }));
        true
    }

    /// Waits for the result of a task; forever if there is no task.
    pub(super) async fn next_event(running: &mut Option<Self>) -> RelayEvent {
        let Some(running) = running else { return std::future::pending().await };
        loop {
            tokio::select! {
                read = ended(&mut running.reading) => {
                    running.reading = None;
                    return RelayEvent::Read(running.on_read(read));
                }
                Some(done) = running.deciding.join_next() => match done {
                    Ok((destination, done)) => {
                        running.decided_for.remove(&destination);
                        running.wake();
                        return RelayEvent::Decided(done.and_then(|()| running.decide()));
                    }
                    Err(error) => {
                        tracing::error!(%error, "evaluating filters failed; retrying");
                        running.decided_for.clear();
                    }
                },
                () = running.decided.notified() => running.wake(),
                polled = ended(&mut running.polling) => {
                    running.polling = None;
                    match polled {
                        Some(Ok(polled)) => return RelayEvent::Polled(running.on_polled(&polled)),
                        Some(Err(error)) => tracing::error!(%error, "cannot poll the relay's store"),
                        None => {}
                    }
                }
            }
        }
    }

    fn on_read(
        &mut self,
        read: Option<(LogConsumer, Result<bool, StoreError>)>,
    ) -> Result<(Position, bool), StoreError> {
        let Some((consumer, read)) = read else {
            // It panicked. Whatever it had not stored is read again.
            self.consumer = Some(LogConsumer::new(self.context.clone())?);
            return Ok((self.context.store.lock().cursor()?, false));
        };
        self.consumer = Some(consumer);
        let any = read?;
        if any {
            self.decide()?;
        }
        Ok((self.context.store.lock().cursor()?, any))
    }

    /// Starts to evaluate the filter of each destination with pending messages, unless that is going on.
    fn decide(&mut self) -> Result<(), StoreError> {
        let undecided = self.context.store.lock().undecided()?;
        for (destination, name) in undecided {
            if !self.decided_for.insert(destination) {
                continue;
            }
            let (context, decided) = (self.context.clone(), self.decided.clone());
            self.deciding
                .spawn_blocking(move || (destination, context.decide(destination, &name, || decided.notify_one())));
        }
        Ok(())
    }

    /// Replaces the destinations. A worker of the previous ones first completes its deliveries in flight.
    pub(super) fn serve(&mut self, destinations: &Destinations) -> Result<(), StoreError> {
        let numbers = self.context.store.lock().numbers(destinations)?;
        self.set_rates(destinations);
        let mut before = std::mem::take(&mut self.workers);
        before.values().for_each(|worker| {
            worker.stop.send_replace(true);
        });
        for (number, destination) in numbers.iter().zip(destinations.iter()) {
            let Some(number) = number else { continue };
            self.context.metrics.add(&destination.name);
            let queue = DestinationQueue::new(&self.context, *number);
            let previous = before.remove(&destination.name).map(|worker| worker.task);
            let previous = previous.or_else(|| self.leaving.remove(&destination.name));
            let worker = self.worker(queue, Arc::new(destination.clone()), previous);
            self.workers.insert(destination.name.clone(), worker);
        }
        self.leaving.retain(|_, task| !task.is_finished());
        self.leaving.extend(before.into_iter().map(|(name, worker)| (name, worker.task)));
        self.poll_store()
    }

    fn worker(
        &mut self,
        queue: DestinationQueue,
        destination: Arc<Destination>,
        previous: Option<JoinHandle<()>>,
    ) -> Worker {
        let (stop, stopped) = watch::channel(false);
        let wake = Arc::new(Notify::new());
        let (context, woken) = (self.context.clone(), wake.clone());
        let limiter = match &destination.target {
            DestinationTarget::Web(web) => Some(self.limiters.entry(web.url.uri().to_string()).or_default().clone()),
            DestinationTarget::File(_) => None,
        };
        let task = tokio::spawn(async move {
            if let Some(previous) = previous {
                // One that panicked has ended too.
                drop(previous.await);
            }
            match (&destination.target, limiter) {
                (DestinationTarget::Web(web), Some(limiter)) => {
                    let web = web.clone();
                    web::run(context, queue, destination, web, limiter, woken, stopped).await;
                }
                (DestinationTarget::File(path), _) => {
                    let path = path.clone();
                    file::run(queue, destination, &path, context.metrics, &woken, stopped).await;
                }
                (DestinationTarget::Web(_), None) => {}
            }
        });
        Worker { wake, stop, task }
    }

    /// Destinations with the same URL share its limiter, which has the lowest of their rates.
    fn set_rates(&mut self, destinations: &Destinations) {
        let mut rates: HashMap<String, Option<Rate>> = HashMap::new();
        for destination in destinations.iter() {
            let DestinationTarget::Web(web) = &destination.target else { continue };
            let slowest = rates.entry(web.url.uri().to_string()).or_default();
            *slowest = slowest.iter().copied().chain(web.rate).max_by_key(Rate::interval);
        }
        for (url, rate) in rates {
            self.limiters.entry(url).or_default().set_maximum(rate);
        }
    }

    fn wake(&self) {
        self.workers.values().for_each(|worker| worker.wake.notify_one());
    }

    /// Starts to poll the store for changes by other processes and the status of each destination.
    pub(super) fn poll_store(&mut self) -> Result<(), StoreError> {
        self.context.store.lock().check_place()?;
        if self.polling.is_none() {
            let (store, log_start) = (self.context.store.clone(), self.context.log.start());
            self.polling = Some(tokio::task::spawn_blocking(move || {
                let mut store = store.lock();
                let is_changed = store.was_changed_elsewhere()?;
                let poll = StorePoll { status: store.status()?, needed_from: store.needed_from()?, is_changed };
                // If the disk is full, retention still has to learn what is needed.
                if let Err(error) = store.forget_accepted(log_start, MAX_FORGOTTEN) {
                    tracing::error!(%error, "cannot remove accepted deliveries of old messages from the relay's store");
                }
                Ok(poll)
            }));
        }
        self.decide()
    }

    fn on_polled(&self, polled: &StorePoll) -> Position {
        if polled.is_changed {
            self.wake();
        }
        self.hold.move_to(polled.needed_from);
        // The destination may have been at another endpoint before: its dead letters there count too.
        let mut by_name: HashMap<&str, (u64, i64, u64)> = HashMap::new();
        for it in &polled.status.destinations {
            let (waiting, oldest, dead) = by_name.entry(&it.name).or_default();
            (*waiting, *dead) = (*waiting + it.waiting, *dead + it.dead_letters);
            *oldest = [*oldest, it.oldest_waiting.map_or(0, |at| at.as_second())]
                .into_iter()
                .filter(|at| *at != 0)
                .min()
                .unwrap_or_default();
        }
        for (name, (waiting, oldest, dead)) in by_name {
            self.context.metrics.stands(name, waiting, oldest, dead);
        }
        polled.status.read_up_to
    }

    /// Waits for the deliveries in flight.
    pub(super) async fn end(self) {
        self.workers.values().for_each(|worker| {
            worker.stop.send_replace(true);
        });
        for task in self.workers.into_values().map(|worker| worker.task).chain(self.leaving.into_values()) {
            drop(task.await);
        }
    }
}

/// Waits for a task, if there is one; `None` if it panicked.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> Option<T> {
    match task {
        Some(task) => task.await.ok(),
        None => std::future::pending().await,
    }
}
