//! The courier: works a backlog off. It takes what is due, attempts so many at a time, writes down what came of each,
//! and waits for the next; all in one task, so that dropping its future stops it.

use std::{
    collections::HashSet,
    fmt,
    future::{self, Future},
    num::NonZeroUsize,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{
    backlog::{Attempted, Backlog, Due},
    client::Client,
    outcome::Outcome,
    pace::Paces,
    rate::Rate,
    retry::{Next, RetryPolicy},
    summary::Summary,
};

/// How many attempts run at the same time, unless told otherwise.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// Longest sleep. The clock may be set meanwhile, and another process may make a delivery due in a backlog on disk.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Is told of every attempt that ended.
type Observer = Arc<dyn Fn(&Attempted) + Send + Sync>;

/// Sees what came of an attempt before anything follows from it.
type Judge = Arc<dyn Fn(Outcome) -> Outcome + Send + Sync>;

/// Works backlogs off.
#[derive(Clone)]
pub struct Courier {
    client: Client,
    policy: RetryPolicy,
    concurrency: NonZeroUsize,
    rate: Option<Rate>,
    judge: Option<Judge>,
    observer: Option<Observer>,
}

/// What a courier did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that ended.
    pub attempts: u64,
    /// Deliveries that were accepted.
    pub delivered: u64,
    /// Deliveries that were given up after an attempt of their own; those that went with a destination that is gone are
    /// the backlog's to count.
    pub given_up: u64,
}

impl Courier {
    /// A courier with the default policy, 16 attempts at a time and no rate.
    pub fn new(client: Client) -> Self {
        let policy = RetryPolicy::default();
        Self { client, policy, concurrency: CONCURRENCY, rate: None, judge: None, observer: None }
    }

    /// Sets when deliveries are tried again.
    #[must_use]
    pub fn with_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how many attempts run at the same time. After a crash, so many at most are repeated.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: NonZeroUsize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Sets the rate that holds for each destination.
    #[must_use]
    pub fn with_rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Has `judge` look at what came of each attempt before anything follows from it: there are endpoints that say no in
    /// a 200. It must not block.
    #[must_use]
    pub fn judged_by(mut self, judge: impl Fn(Outcome) -> Outcome + Send + Sync + 'static) -> Self {
        self.judge = Some(Arc::new(judge));
        self
    }

    /// Has `observer` called for each attempt, after the backlog has it. It must not block.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(&Attempted) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Works a backlog off until nothing waits in it, however long retries take.
    ///
    /// # Errors
    /// When the backlog fails. Attempts in flight are still waited for and written down, unless it is the writing that
    /// fails; then they count as not made.
    pub async fn drain<B: Backlog>(&self, backlog: &mut B) -> Result<Tally, B::Error> {
        self.work(backlog, None, future::pending()).await
    }

    /// Works a backlog off until `stop`, and waits for more where it is empty: `wake` tells that something was added to
    /// it. After `stop`, what is in flight is still waited for and written down, which takes the client's time limit at
    /// most.
    ///
    /// # Errors
    /// As [`Self::drain`].
    pub async fn run<B: Backlog>(
        &self,
        backlog: &mut B,
        wake: &Notify,
        stop: impl Future<Output = ()>,
    ) -> Result<Tally, B::Error> {
        self.work(backlog, Some(wake), stop).await
    }

    async fn work<B: Backlog>(
        &self,
        backlog: &mut B,
        wake: Option<&Notify>,
        stop: impl Future<Output = ()>,
    ) -> Result<Tally, B::Error> {
        let mut tally = Tally::default();
        let mut paces = self.rate.map(Paces::new).unwrap_or_default();
        let mut flying = FuturesUnordered::new();
        let (mut stop, mut stopping, mut failed) = (pin!(stop), false, None);
        backlog.limit_wait(self.policy.longest_wait())?;
        loop {
            let mut next = None;
            if !stopping {
                while flying.len() < self.concurrency.get() {
                    let now = Timestamp::now();
                    // Where a rate holds, each one taken may be the last that its destination has now.
                    let room = if self.rate.is_some() { 1 } else { self.concurrency.get() - flying.len() };
                    let taken = match backlog.take_due(now, room, paces.held(now)) {
                        Ok(taken) => taken,
                        Err(error) => {
                            (failed, stopping) = (Some(error), true);
                            break;
                        }
                    };
                    let was_enough = taken.len() == room;
                    for due in taken {
                        paces.pass(&due.destination, now);
                        flying.push(self.attempt(due));
                    }
                    if !was_enough {
                        next = next_take(backlog, &mut paces)?;
                        break;
                    }
                }
            }
            if flying.is_empty() && (stopping || (wake.is_none() && next.is_none())) {
                return failed.map_or(Ok(tally), Err);
            }
            tokio::select! {
                biased;
                () = &mut stop, if !stopping => stopping = true,
                Some(first) = flying.next() => {
                    let mut ended = vec![first];
                    while let Some(Some(another)) = flying.next().now_or_never() {
                        ended.push(another);
                    }
                    // Before their places are taken again: what a crash repeats was in flight, never already answered.
                    backlog.settle(&ended)?;
                    ended.iter().for_each(|attempted| self.tell(attempted, &mut tally));
                }
                () = until(next), if next.is_some() => {}
                () = woken(wake), if !stopping => {}
            }
        }
    }

    async fn attempt(&self, due: Due) -> Attempted {
        let (at, started) = (Timestamp::now(), Instant::now());
        let outcome = self.client.deliver(&due.target, due.request.clone()).await;
        let outcome = match &self.judge {
            Some(judge) => judge(outcome),
            None => outcome,
        };
        let next = self.policy.next(due.attempt, due.since, Timestamp::now(), &outcome, fastrand::f64());
        let summary = Summary::new(&due.request, &outcome);
        Attempted { id: due.id, attempt: due.attempt, at, took: started.elapsed(), summary, next }
    }

    fn tell(&self, attempted: &Attempted, tally: &mut Tally) {
        tally.attempts += 1;
        match attempted.next {
            Next::Delivered => tally.delivered += 1,
            Next::GiveUp(_) => tally.given_up += 1,
            Next::RetryAt(_) => {}
        }
        if let Some(observer) = &self.observer {
            observer(attempted);
        }
    }
}

/// When there may be something to take again, if nothing is added: the next falls due, or a destination is let go.
fn next_take<B: Backlog>(backlog: &mut B, paces: &mut Paces) -> Result<Option<Timestamp>, B::Error> {
    let due = backlog.next_due(paces.held(Timestamp::now()))?;
    let Some(release) = paces.next_release() else { return Ok(due) };
    let is_held_up = backlog.next_due(&HashSet::new())?.is_some();
    Ok(due.into_iter().chain(is_held_up.then_some(release)).min())
}

async fn until(next: Option<Timestamp>) {
    let wait = next.map(|next| Timestamp::now().duration_until(next));
    // Below 0 where it is past.
    let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or_default();
    sleep(wait.min(LONGEST_SLEEP)).await;
}

async fn woken(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => future::pending().await,
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("policy", &self.policy)
            .field("concurrency", &self.concurrency)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}
