//! The run: what to do, one start for all connections, and an end that waits for nobody long.

use std::{
    future::Future,
    io,
    num::NonZeroUsize,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval, sleep_until};

use super::{
    crew::Crew,
    line::Line,
    messages::Messages,
    schedule::{Pace, Schedule},
    summary::{Latency, Summary},
    tally::{Tally, Took},
    worker::Shared,
};
use crate::delivery::{ClientOptions, Outcome, Rate, Target, ThisSideFailed};

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
    /// The address may not be called.
    #[error(transparent)]
    NotAllowed(ThisSideFailed),
    /// The rate is above [`Schedule::MOST`].
    #[error("the rate {0} is above {most}/s, which is the most that can be kept", most = Schedule::MOST)]
    TooFast(Rate),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

impl Load {
    /// Does it, until its time is over or `interrupt` is. `watcher` hears of the progress a few times a second.
    ///
    /// Where no connection at all can be opened it ends at once, and each counts as a request without an answer.
    ///
    /// # Errors
    /// When this side cannot start. What the endpoint does is in the summary.
    pub async fn run(
        self,
        interrupt: impl Future<Output = ()>,
        mut watcher: Option<&mut dyn FnMut(Progress)>,
    ) -> Result<Summary, LoadError> {
        let schedule = match self.pace {
            Pace::Rate(rate) => Some(Schedule::new(rate).ok_or(LoadError::TooFast(rate))?),
            Pace::Max => None,
        };
        let mut interrupt = pin!(interrupt);
        let mut crew = Crew::hire(&self)?;
        let failures = tokio::select! {
            failures = crew.opening() => failures,
            () = &mut interrupt => {
                crew.dismiss();
                return Ok(Summary::new(&self, &Tally::new(), Duration::ZERO, true));
            }
        };
        if failures.len() == self.connections.get() {
            crew.dismiss();
            return self.never_began(failures);
        }

        let within = self.warm_up + self.duration;
        let start = Instant::now();
        let shared = Arc::new(Shared {
            line: Line::new(schedule, start, within),
            pace: self.pace,
            messages: Arc::clone(&self.messages),
            warm_up: self.warm_up,
            end: within,
        });
        if schedule.is_some() {
            crew.fill(&shared)?;
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
        let mut total = crew.dismiss();
        let now = start.elapsed();
        shared.line.left(end).filter(|due| *due >= self.warm_up).for_each(|due| total.leave(now.saturating_sub(due)));
        Ok(Summary::new(&self, &total, end.saturating_sub(self.warm_up), interrupted.is_some()))
    }

    /// No connection could be opened: each counts as a request without an answer.
    fn never_began(&self, failures: Vec<Outcome>) -> Result<Summary, LoadError> {
        let mut total = Tally::new();
        for outcome in failures {
            if let Outcome::Failed(why @ ThisSideFailed::Guarded { .. }) = outcome {
                return Err(LoadError::NotAllowed(why));
            }
            total.count(&outcome, 0, Took { since_due: Duration::ZERO, since_sent: Duration::ZERO, in_time: false });
        }
        Ok(Summary::new(self, &total, Duration::ZERO, false))
    }
}

impl Progress {
    fn of(tally: &Tally, elapsed: Duration) -> Self {
        let answered: u64 = tally.statuses.values().sum();
        let accepted: u64 = tally.statuses.range(200..300).map(|(_, count)| count).sum();
        let unanswered: u64 = tally.failures.values().sum();
        Self { elapsed, answered, errors: answered - accepted + unanswered, latency: Latency::of(&tally.latency) }
    }
}
