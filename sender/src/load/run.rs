//! The run: threads with their connections, one start for all, and an end that waits for nobody long.

use std::{
    future::Future,
    io,
    num::NonZeroUsize,
    pin::pin,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    runtime,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep_until},
};

use super::{
    line::Line,
    messages::Messages,
    schedule::Pace,
    summary::{Latency, Summary},
    tally::Tally,
    worker::{Shared, locked, work},
};
use crate::delivery::{ClientOptions, Dialer, Outcome, Target};

/// How long after the end answers may still come, and requests that were due leave the line.
pub const GRACE: Duration = Duration::from_secs(2);
/// How often progress is told.
const TICK: Duration = Duration::from_millis(250);

/// What to do.
#[derive(Debug)]
pub struct Load {
    /// The endpoint.
    pub target: Target,
    /// How connections are opened, and how long a request may take from its sending.
    pub options: ClientOptions,
    /// What is sent.
    pub messages: Arc<Messages>,
    /// How fast.
    pub pace: Pace,
    /// How long, without the warm-up.
    pub duration: Duration,
    /// How long before the counting begins.
    pub warm_up: Duration,
    /// Connections, each with one request at a time. All are opened before the start.
    pub connections: NonZeroUsize,
    /// Threads over which the connections are spread; one is enough for most endpoints.
    pub threads: NonZeroUsize,
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Duration,
    /// Answers so far, in the time that counts.
    pub answered: u64,
    /// Answers so far that were no 2xx, and requests without one.
    pub errors: u64,
    /// The latencies so far.
    pub latency: Option<Latency>,
}

/// Why nothing could be sent; the endpoint has nothing to do with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// The threads of a run.
struct Crew {
    threads: Vec<JoinHandle<()>>,
    tallies: Vec<Arc<Mutex<Tally>>>,
    /// Whether each connection could be opened at first.
    opened: mpsc::UnboundedReceiver<Result<(), Outcome>>,
    /// Ends when all threads have.
    alive: mpsc::Receiver<()>,
    start: watch::Sender<Option<Arc<Shared>>>,
    cut: watch::Sender<bool>,
}

impl Load {
    /// Does it, until its time is over or `interrupt` is. `watcher` hears of the progress a few times a second.
    ///
    /// Where no connection at all can be opened, it ends at once: each then counts as a request without an answer.
    ///
    /// # Errors
    /// When this side cannot start. What the endpoint does is in the summary.
    pub async fn run(
        self,
        interrupt: impl Future<Output = ()>,
        mut watcher: Option<&mut dyn FnMut(Progress)>,
    ) -> Result<Summary, LoadError> {
        let mut interrupt = pin!(interrupt);
        let mut crew = Crew::hire(&self)?;
        let opening = tokio::select! {
            failures = crew.opening() => Some(failures),
            () = &mut interrupt => None,
        };
        let failures = match opening {
            Some(failures) if failures.len() < self.connections.get() => None,
            other => Some(other),
        };
        if let Some(failures) = failures {
            let mut total = Tally::new();
            let took = super::tally::Took { since_due: Duration::ZERO, since_sent: Duration::ZERO, in_time: false };
            failures.iter().flatten().for_each(|outcome| total.count(outcome, 0, took));
            crew.dismiss();
            return Ok(Summary::new(&self, &total, Duration::ZERO, failures.is_none()));
        }

        let within = self.warm_up + self.duration;
        let start = Instant::now();
        let shared = Arc::new(Shared {
            line: Line::new(self.pace, start, within),
            pace: self.pace,
            messages: Arc::clone(&self.messages),
            warm_up: self.warm_up,
            end: within,
        });
        if let Pace::Rate(rate) = self.pace {
            let shared = Arc::clone(&shared);
            crew.threads.push(thread::Builder::new().spawn(move || shared.line.fill(rate))?);
        }
        crew.start.send_replace(Some(Arc::clone(&shared)));

        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut interrupted = None;
        let mut last = start + within + GRACE;
        loop {
            tokio::select! {
                _ = crew.alive.recv() => break,
                () = sleep_until(last.into()) => break,
                () = &mut interrupt, if interrupted.is_none() => {
                    interrupted = Some(start.elapsed());
                    shared.line.close();
                    last = last.min(Instant::now() + GRACE);
                }
                _ = ticks.tick(), if watcher.is_some() => {
                    if let Some(watcher) = &mut watcher {
                        watcher(Progress::of(&crew.total(), start.elapsed()));
                    }
                }
            }
        }
        shared.line.close();
        let end = interrupted.unwrap_or(within).min(within);
        let tallies = crew.dismiss();
        let mut total = sum(&tallies);
        let now = start.elapsed();
        shared.line.left(end).filter(|due| *due >= self.warm_up).for_each(|due| total.leave(now.saturating_sub(due)));
        Ok(Summary::new(&self, &total, end.saturating_sub(self.warm_up), interrupted.is_some()))
    }
}

impl Crew {
    fn hire(load: &Load) -> Result<Self, LoadError> {
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
    async fn opening(&mut self) -> Vec<Outcome> {
        let mut failures = Vec::new();
        while let Some(opened) = self.opened.recv().await {
            failures.extend(opened.err());
        }
        failures
    }

    fn total(&self) -> Tally {
        sum(&self.tallies)
    }

    /// Ends all threads, and gives what they counted.
    fn dismiss(self) -> Vec<Arc<Mutex<Tally>>> {
        self.cut.send_replace(true);
        for thread in self.threads {
            // One that panicked has said so; what it counted until then counts.
            let _ = thread.join();
        }
        self.tallies
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

impl Progress {
    fn of(tally: &Tally, elapsed: Duration) -> Self {
        let answered: u64 = tally.statuses.values().sum();
        let accepted: u64 = tally.statuses.range(200..300).map(|(_, count)| count).sum();
        let unanswered: u64 = tally.failures.values().sum();
        Self { elapsed, answered, errors: answered - accepted + unanswered, latency: Latency::of(&tally.latency) }
    }
}
