//! The pool of a run: threads with a runtime each, over which the connections are spread. They open their connections,
//! wait for the one start, and count on their own.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
};

use delivery::{Dialer, Outcome};
use parking_lot::Mutex;
use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    options::{Load, LoadError},
    tally::RequestTally,
    worker::{Shared, work},
};

#[derive(Debug)]
pub(super) struct WorkerPool {
    threads: Vec<JoinHandle<()>>,
    tallies: Vec<Arc<Mutex<RequestTally>>>,
    opened: mpsc::UnboundedReceiver<Result<(), Outcome>>,
    /// Closed when all threads have ended.
    pub(super) alive: mpsc::Receiver<()>,
    pub(super) start: watch::Sender<Option<Arc<Shared>>>,
    stop: watch::Sender<bool>,
}

impl WorkerPool {
    /// Starts the threads, which open their connections and wait for the start.
    pub(super) fn spawn(load: &Load) -> Result<Self, LoadError> {
        let dialer = Dialer::new(&load.options, &load.target)?;
        let (opened_sender, opened) = mpsc::unbounded_channel();
        let (alive_sender, alive) = mpsc::channel(1);
        let (start, started) = watch::channel(None);
        let (stop, stopped) = watch::channel(false);
        let (count, all) = (load.threads.get(), load.connections.get());
        let mut pool = Self { threads: Vec::new(), tallies: Vec::new(), opened, alive, start, stop };
        for index in 0..count {
            let tally = Arc::new(Mutex::new(RequestTally::new()));
            pool.tallies.push(Arc::clone(&tally));
            let connections = all / count + usize::from(index < all % count);
            let (dialer, opened, started) = (dialer.clone(), opened_sender.clone(), started.clone());
            let (mut stopped, alive) = (stopped.clone(), alive_sender.clone());
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let thread = move || {
                runtime.block_on(async move {
                    let mut workers = JoinSet::new();
                    for _ in 0..connections {
                        workers.spawn(begin(dialer.clone(), opened.clone(), started.clone(), Arc::clone(&tally)));
                    }
                    drop(opened);
                    tokio::select! {
                        () = async { while workers.join_next().await.is_some() {} } => {}
                        _ = stopped.wait_for(|stopped| *stopped) => workers.shutdown().await,
                    }
                    drop(alive);
                });
                // A resolver that hangs must not hold the thread.
                runtime.shutdown_background();
            };
            pool.threads.push(thread::Builder::new().spawn(thread)?);
        }
        Ok(pool)
    }

    /// Waits until all connections were tried, and returns the outcomes of those that could not be opened.
    pub(super) async fn failures_to_open(&mut self) -> Vec<Outcome> {
        let mut failures = Vec::new();
        while let Some(opened) = self.opened.recv().await {
            failures.extend(opened.err());
        }
        failures
    }

    /// The sum of the tallies so far.
    pub(super) fn total(&self) -> RequestTally {
        sum(&self.tallies)
    }

    /// Fills the queue on a thread of its own.
    pub(super) fn fill(&mut self, shared: &Arc<Shared>) -> io::Result<()> {
        let shared = Arc::clone(shared);
        self.threads.push(thread::Builder::new().spawn(move || shared.queue.fill())?);
        Ok(())
    }

    /// Ends all threads and returns the sum of their tallies.
    pub(super) fn join(self) -> RequestTally {
        self.stop.send_replace(true);
        for thread in self.threads {
            // A thread that panicked has printed why; its counts are valid.
            let _ = thread.join();
        }
        sum(&self.tallies)
    }
}

/// Opens one connection and sends requests over it from the start on.
async fn begin(
    dialer: Dialer,
    opened: mpsc::UnboundedSender<Result<(), Outcome>>,
    mut started: watch::Receiver<Option<Arc<Shared>>>,
    tally: Arc<Mutex<RequestTally>>,
) {
    let (connection, failure) = match dialer.connect().await {
        Ok(connection) => (Some(connection), Ok(())),
        Err(outcome) => (None, Err(outcome)),
    };
    // The run may have been interrupted; then nothing receives this.
    let _ = opened.send(failure);
    drop(opened);
    let shared = started.wait_for(Option::is_some).await.ok().and_then(|shared| shared.clone());
    if let Some(shared) = shared {
        work(dialer, connection, shared, tally).await;
    }
}

fn sum(tallies: &[Arc<Mutex<RequestTally>>]) -> RequestTally {
    let mut total = RequestTally::new();
    tallies.iter().for_each(|tally| total.add(&tally.lock()));
    total
}
