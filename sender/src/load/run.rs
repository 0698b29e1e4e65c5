//! A run of a load: one start for all connections, and a bounded wait at the end.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use delivery::{LocalError, Outcome};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::{
    due_queue::DueQueue,
    options::{Load, LoadError},
    schedule::{LoadPace, Schedule},
    summary::{Progress, Summary},
    tally::{RequestTally, RequestTimes},
    worker::Shared,
    worker_pool::WorkerPool,
};

/// Time after the end in which answers are still awaited and requests that were due leave the queue.
pub(super) const GRACE_PERIOD: Duration = Duration::from_secs(2);
/// Time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

/// Runs a load until its time is over or `interrupt` completes, and reports progress to `watcher`.
///
/// If no connection can be opened it ends at once, and each counts as a request without an answer.
///
/// # Errors
/// When this side cannot start. Failures of the endpoint are in the summary.
pub(crate) async fn run(
    load: Load,
    interrupt: impl Future<Output = ()>,
    mut watcher: Option<&mut dyn FnMut(Progress)>,
) -> Result<Summary, LoadError> {
    let schedule = match load.pace {
        LoadPace::Rate(rate) => Some(Schedule::new(rate).ok_or(LoadError::TooFast(rate))?),
        LoadPace::Max => None,
    };
    let mut interrupt = pin!(interrupt);
    let mut pool = WorkerPool::spawn(&load)?;
    let failures = tokio::select! {
        failures = pool.failures_to_open() => failures,
        () = &mut interrupt => {
            pool.join();
            return Ok(Summary::new(&load, &RequestTally::new(), Duration::ZERO, true));
        }
    };
    if failures.len() == load.connections.get() {
        pool.join();
        return without_connections(&load, failures);
    }

    let within = load.warm_up + load.duration;
    let start = Instant::now();
    let shared = Arc::new(Shared {
        queue: DueQueue::new(schedule, start, within),
        pace: load.pace,
        messages: Arc::clone(&load.messages),
        warm_up: load.warm_up,
        end: within,
    });
    if schedule.is_some() {
        pool.fill(&shared)?;
    }
    pool.start.send_replace(Some(Arc::clone(&shared)));

    let mut ticks = interval(PROGRESS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut interrupted = None;
    let mut last = start + within + GRACE_PERIOD;
    loop {
        tokio::select! {
            _ = pool.alive.recv() => break,
            () = sleep_until(last.into()) => break,
            () = &mut interrupt, if interrupted.is_none() => {
                interrupted = Some(start.elapsed());
                shared.queue.close();
                last = last.min(Instant::now() + GRACE_PERIOD);
            }
            _ = ticks.tick(), if watcher.is_some() => {
                if let Some(watcher) = &mut watcher {
                    watcher(Progress::of(&pool.total(), start.elapsed()));
                }
            }
        }
    }
    shared.queue.close();
    let end = interrupted.unwrap_or(within).min(within);
    let mut total = pool.join();
    let now = start.elapsed();
    shared
        .queue
        .unsent(end)
        .filter(|due| *due >= load.warm_up)
        .for_each(|due| total.count_unsent(now.saturating_sub(due)));
    Ok(Summary::new(&load, &total, end.saturating_sub(load.warm_up), interrupted.is_some()))
}

/// No connection could be opened: each counts as a request without an answer.
fn without_connections(load: &Load, failures: Vec<Outcome>) -> Result<Summary, LoadError> {
    let mut total = RequestTally::new();
    for outcome in failures {
        if let Outcome::Failed(why @ LocalError::Guarded { .. }) = outcome {
            return Err(LoadError::NotAllowed(why));
        }
        total.count(
            &outcome,
            0,
            RequestTimes { since_due: Duration::ZERO, since_sent: Duration::ZERO, in_time: false },
        );
    }
    Ok(Summary::new(load, &total, Duration::ZERO, false))
}
