//! The crew of a run: threads with a runtime each, over which the connections are spread. They open their connections,
//! wait for the one start, and count on their own.

use std::{
    io,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    run::{Load, LoadError},
    tally::Tally,
    worker::{Shared, locked, work},
};
use crate::delivery::{Dialer, Outcome};

/// The threads of a run.
#[derive(Debug)]
pub(super) struct Crew {
    threads: Vec<JoinHandle<()>>,
    tallies: Vec<Arc<Mutex<Tally>>>,
    /// Whether each connection could be opened at first.
    opened: mpsc::UnboundedReceiver<Result<(), Outcome>>,
    /// Ends when all threads have.
    pub(super) alive: mpsc::Receiver<()>,
    pub(super) start: watch::Sender<Option<Arc<Shared>>>,
    cut: watch::Sender<bool>,
}

impl Crew {
    /// Starts the threads, which open their connections and wait for the start.
    pub(super) fn hire(load: &Load) -> Result<Self, LoadError> {
        let dialer = Dialer::new(&load.options, &load.target)?;
        let (opened_sender, opened) = mpsc::unbounded_channel();
        let (alive_sender, alive) = mpsc::channel(1);
        let (start, started) = watch::channel(None);
        let (cut, cut_receiver) = watch::channel(false);
        let (count, all) = (load.threads.get(), load.connections.get());
        let mut crew = Self { threads: Vec::new(), tallies: Vec::new(), opened, alive, start, cut };
        for index in 0..count {
            let tally = Arc::new(Mutex::new(Tally::new()));
            crew.tallies.push(Arc::clone(&tally));
            let connections = all / count + usize::from(index < all % count);
            let (dialer, opened, started) = (dialer.clone(), opened_sender.clone(), started.clone());
            let (mut cut, alive) = (cut_receiver.clone(), alive_sender.clone());
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
                        _ = cut.wait_for(|cut| *cut) => workers.shutdown().await,
                    }
                    drop(alive);
                });
                // A resolver that hangs must not hold the thread.
                runtime.shutdown_background();
            };
            crew.threads.push(thread::Builder::new().spawn(thread)?);
        }
        Ok(crew)
    }

    /// The connections that could not be opened, when all were tried.
    pub(super) async fn opening(&mut self) -> Vec<Outcome> {
        let mut failures = Vec::new();
        while let Some(opened) = self.opened.recv().await {
            failures.extend(opened.err());
        }
        failures
    }

    /// What they counted so far.
    pub(super) fn total(&self) -> Tally {
        sum(&self.tallies)
    }

    /// Fills the line, on a thread of its own.
    pub(super) fn fill(&mut self, shared: &Arc<Shared>) -> io::Result<()> {
        let shared = Arc::clone(shared);
        self.threads.push(thread::Builder::new().spawn(move || shared.line.fill())?);
        Ok(())
    }

    /// Ends all threads, and gives what they counted.
    pub(super) fn dismiss(self) -> Tally {
        self.cut.send_replace(true);
        for thread in self.threads {
            // One that panicked has said so; what it counted until then counts.
            let _ = thread.join();
        }
        sum(&self.tallies)
    }
}

/// One connection: opened, then at work from the start on.
async fn begin(
    dialer: Dialer,
    opened: mpsc::UnboundedSender<Result<(), Outcome>>,
    mut started: watch::Receiver<Option<Arc<Shared>>>,
    tally: Arc<Mutex<Tally>>,
) {
    let (connection, failure) = match dialer.connect().await {
        Ok(connection) => (Some(connection), Ok(())),
        Err(outcome) => (None, Err(outcome)),
    };
    // The run may have been interrupted, and then nobody asks any more.
    let _ = opened.send(failure);
    drop(opened);
    let shared = started.wait_for(Option::is_some).await.ok().and_then(|shared| shared.clone());
    if let Some(shared) = shared {
        work(dialer, connection, shared, tally).await;
    }
}

fn sum(tallies: &[Arc<Mutex<Tally>>]) -> Tally {
    let mut total = Tally::new();
    tallies.iter().for_each(|tally| total.add(&locked(tally)));
    total
}
