//! The dispatcher works off a queue: it takes what is due, attempts several deliveries at a time, records the results,
//! and waits for the next, all in one task, so that dropping its future stops it.

pub(crate) mod destination_groups;
pub(crate) mod fifo_groups;
pub(crate) mod queue;
pub(crate) mod rate;
pub(crate) mod rate_limiter;
pub(crate) mod retry;
pub(crate) mod summary;

use std::{
    collections::HashSet,
    fmt,
    future::{self, Future},
    num::NonZeroUsize,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{sync::Notify, time::sleep};

use self::{
    queue::{AttemptResult, DeliveryQueue, ReadyDelivery},
    rate::Rate,
    rate_limiter::{Limits, RateLimiter},
    retry::{RetryDecision, RetryPolicy},
    summary::OutcomeSummary,
};
use crate::client::{Client, outcome::Outcome};

/// Default number of attempts at the same time.
const DEFAULT_CONCURRENCY: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// Maximum time to sleep: the clock may be set meanwhile, and another process may make a delivery due in a queue on disk.
const MAX_SLEEP: Duration = Duration::from_secs(60);

type Observer = Arc<dyn Fn(&AttemptResult) + Send + Sync>;

/// Changes the outcome of an attempt before it is evaluated.
type OutcomeMap = Arc<dyn Fn(Outcome) -> Outcome + Send + Sync>;

/// Works off queues of deliveries.
#[derive(Clone)]
pub struct Dispatcher {
    client: Client,
    policy: RetryPolicy,
    concurrency: NonZeroUsize,
    limiter: Option<Arc<RateLimiter>>,
    outcome_map: Option<OutcomeMap>,
    observer: Option<Observer>,
}

/// What a dispatcher did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchCounts {
    /// Attempts that ended.
    pub attempts: u64,
    /// Deliveries that were accepted.
    pub delivered: u64,
    /// Deliveries that were given up after an attempt of their own, without those that the queue gave up because their
    /// destination is gone.
    pub given_up: u64,
}

impl Dispatcher {
    /// A dispatcher with the default policy, 16 attempts at a time and no rate limit.
    pub fn new(client: Client) -> Self {
        let (policy, concurrency) = (RetryPolicy::default(), DEFAULT_CONCURRENCY);
        Self { client, policy, concurrency, limiter: None, outcome_map: None, observer: None }
    }

    /// Sets when deliveries are retried.
    #[must_use]
    pub fn with_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the number of attempts at the same time, which is also the maximum number that a crash repeats.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: NonZeroUsize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Limits the average rate of each destination.
    #[must_use]
    pub fn with_rate(self, rate: Rate) -> Self {
        self.with_limiter(Arc::new(RateLimiter::average(rate)))
    }

    /// Limits the rate of each destination together with the other dispatchers that have this limiter.
    #[must_use]
    pub fn with_limiter(mut self, limiter: Arc<RateLimiter>) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Maps each outcome before it is evaluated: there are endpoints that refuse with a 200. `map` must not block.
    #[must_use]
    pub fn map_outcome(mut self, map: impl Fn(Outcome) -> Outcome + Send + Sync + 'static) -> Self {
        self.outcome_map = Some(Arc::new(map));
        self
    }

    /// Calls `observer` for each attempt after the queue has recorded it. It must not block.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(&AttemptResult) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Works off a queue until nothing waits in it, however long retries take.
    ///
    /// # Errors
    /// When the queue fails. Attempts in flight are still awaited and recorded, unless recording is what failed; then
    /// they count as not made.
    pub async fn drain<Q: DeliveryQueue>(&self, queue: &mut Q) -> Result<DispatchCounts, Q::Error> {
        self.dispatch(queue, None, future::pending()).await
    }

    /// Works off a queue until `stop`, and waits for `wake` when it is empty. After `stop`, attempts in flight are still
    /// awaited and recorded, which takes at most the client's time limit.
    ///
    /// # Errors
    /// As for [`Self::drain`].
    pub async fn run<Q: DeliveryQueue>(
        &self,
        queue: &mut Q,
        wake: &Notify,
        stop: impl Future<Output = ()>,
    ) -> Result<DispatchCounts, Q::Error> {
        self.dispatch(queue, Some(wake), stop).await
    }

    async fn dispatch<Q: DeliveryQueue>(
        &self,
        queue: &mut Q,
        wake: Option<&Notify>,
        stop: impl Future<Output = ()>,
    ) -> Result<DispatchCounts, Q::Error> {
        let mut counts = DispatchCounts::default();
        let mut in_flight = FuturesUnordered::new();
        let (mut stop, mut is_stopping, mut failure) = (pin!(stop), false, None);
        queue.limit_wait(self.policy.longest_wait())?;
        loop {
            let mut next = None;
            if !is_stopping {
                while in_flight.len() < self.concurrency.get() {
                    let room = self.concurrency.get() - in_flight.len();
                    let taken = match self.take(queue, room) {
                        Ok(taken) => taken,
                        Err(error) => {
                            (failure, is_stopping) = (Some(error), true);
                            break;
                        }
                    };
                    in_flight.extend(taken.ready.into_iter().map(|ready| self.attempt(ready)));
                    if taken.is_last {
                        next = taken.next;
                        break;
                    }
                }
            }
            if in_flight.is_empty() && (is_stopping || (wake.is_none() && next.is_none())) {
                return failure.map_or(Ok(counts), Err);
            }
            tokio::select! {
                biased;
                () = &mut stop, if !is_stopping => is_stopping = true,
                Some(first) = in_flight.next() => {
                    let mut results = vec![first];
                    while let Some(Some(another)) = in_flight.next().now_or_never() {
                        results.push(another);
                    }
                    // Before more are taken: a crash repeats only attempts in flight, never answered ones.
                    queue.complete(&results)?;
                    results.iter().for_each(|result| self.count(result, &mut counts));
                }
                () = sleep_until(next), if next.is_some() => {}
                () = woken(wake), if !is_stopping => {}
            }
        }
    }

    /// Takes deliveries that are due and that the limiter allows.
    fn take<Q: DeliveryQueue>(&self, queue: &mut Q, room: usize) -> Result<Taken, Q::Error> {
        // Locked meanwhile, so that no other dispatcher takes a delivery to the same destination.
        let mut limits = self.limiter.as_deref().map(RateLimiter::lock);
        let (now, instant) = (Timestamp::now(), Instant::now());
        // With a rate, each delivery may be the last one that its destination may get now.
        let room = if limits.as_ref().is_some_and(|limits| limits.has_rate()) { 1 } else { room };
        let nothing_held = HashSet::new();
        let held = limits.as_mut().map_or(&nothing_held, |limits| limits.held(instant));
        let ready = queue.take_due(now, room, held)?;
        let is_last = ready.len() < room;
        if let Some(limits) = &mut limits {
            ready.iter().for_each(|ready| limits.record(&ready.destination, instant));
        }
        let next = if is_last { next_take(queue, limits.as_deref_mut())? } else { None };
        Ok(Taken { ready, is_last, next })
    }

    async fn attempt(&self, ready: ReadyDelivery) -> AttemptResult {
        let (at, started) = (Timestamp::now(), Instant::now());
        let outcome = self.client.deliver(&ready.url, ready.request.clone()).await;
        let outcome = match &self.outcome_map {
            Some(map) => map(outcome),
            None => outcome,
        };
        let decision = self.policy.decide(ready.attempt, ready.since, Timestamp::now(), &outcome, fastrand::f64());
        let summary = OutcomeSummary::new(&ready.request, &outcome);
        AttemptResult { id: ready.id, attempt: ready.attempt, at, took: started.elapsed(), summary, decision }
    }

    fn count(&self, result: &AttemptResult, counts: &mut DispatchCounts) {
        counts.attempts += 1;
        match result.decision {
            RetryDecision::Delivered => counts.delivered += 1,
            RetryDecision::GiveUp(_) => counts.given_up += 1,
            RetryDecision::RetryAt(_) => {}
        }
        if let Some(observer) = &self.observer {
            observer(result);
        }
    }
}

struct Taken {
    ready: Vec<ReadyDelivery>,
    /// Whether there are no more for now.
    is_last: bool,
    /// When there may be more, if none is added.
    next: Option<Timestamp>,
}

/// When a delivery is due or a destination is released.
fn next_take<Q: DeliveryQueue>(queue: &mut Q, limits: Option<&mut Limits>) -> Result<Option<Timestamp>, Q::Error> {
    let Some(limits) = limits else { return queue.next_due(&HashSet::new()) };
    let now = Instant::now();
    let due = queue.next_due(limits.held(now))?;
    let Some(release) = limits.next_release() else { return Ok(due) };
    let release = Timestamp::now().checked_add(release.saturating_duration_since(now)).unwrap_or(Timestamp::MAX);
    let is_held_up = queue.next_due(&HashSet::new())?.is_some();
    Ok(due.into_iter().chain(is_held_up.then_some(release)).min())
}

async fn sleep_until(next: Option<Timestamp>) {
    let wait = next.map(|next| Timestamp::now().duration_until(next));
    // Negative if it has passed.
    let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or_default();
    sleep(wait.min(MAX_SLEEP)).await;
}

async fn woken(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => future::pending().await,
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("policy", &self.policy)
            .field("concurrency", &self.concurrency)
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}
