//! A queue in memory.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    mem,
    sync::Arc,
    time::Duration,
};

use delivery::{
    AttemptResult, DeliveryQueue, DestinationGroups, EndpointUrl, GiveUpReason, ReadyDelivery, Request, RetryDecision,
};
use jiff::Timestamp;

/// A delivery.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// Name of its destination, which has a rate limit and ends with a 410.
    pub(crate) destination: Arc<str>,
    /// The flow whose order it keeps, if any.
    pub(crate) flow: Option<Arc<str>>,
    /// The endpoint.
    pub(crate) url: EndpointUrl,
    /// The request.
    pub(crate) request: Request,
    /// The earliest time of its first attempt.
    pub(crate) due: Timestamp,
}

/// A delivery that is delivered or given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// Its number.
    pub(crate) id: u64,
    /// Number of its attempts; 0 if the destination was gone before its turn.
    pub(crate) attempts: u32,
    /// [`RetryDecision::Delivered`] or [`RetryDecision::GiveUp`].
    pub(crate) decision: RetryDecision,
}

/// A [`DeliveryQueue`] in memory. It cannot fail, and does not outlive the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryQueue {
    groups: DestinationGroups,
    waiting: HashMap<u64, Waiting>,
    finished: Vec<Finished>,
    pushed: u64,
    longest_wait: Duration,
}

#[derive(Debug)]
struct Waiting {
    delivery: Delivery,
    attempts: u32,
}

impl MemoryQueue {
    /// An empty queue.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a delivery at the end of its group, and returns its number: 1, 2, 3, and so on.
    pub(crate) fn push(&mut self, delivery: Delivery) -> u64 {
        self.pushed += 1;
        // A first attempt may be further ahead than any retry.
        let ahead = Duration::try_from(Timestamp::now().duration_until(delivery.due)).unwrap_or_default();
        if ahead > self.longest_wait {
            self.allow_wait(ahead);
        }
        self.groups.push(self.pushed, &delivery.destination, delivery.flow.as_deref(), delivery.due);
        self.waiting.insert(self.pushed, Waiting { delivery, attempts: 0 });
        self.pushed
    }

    /// Number of unfinished deliveries.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The deliveries that finished since the last call, in the order of finishing.
    pub(crate) fn take_finished(&mut self) -> Vec<Finished> {
        mem::take(&mut self.finished)
    }

    fn allow_wait(&mut self, wait: Duration) {
        self.longest_wait = self.longest_wait.max(wait);
        self.groups.limit_wait(self.longest_wait);
    }

    fn finish(&mut self, id: u64, decision: RetryDecision) {
        if let Some(Waiting { attempts, .. }) = self.waiting.remove(&id) {
            self.finished.push(Finished { id, attempts, decision });
        }
    }
}

impl DeliveryQueue for MemoryQueue {
    type Error = Infallible;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), Infallible> {
        self.allow_wait(longest);
        Ok(())
    }

    fn take_due(
        &mut self,
        now: Timestamp,
        room: usize,
        held: &HashSet<Arc<str>>,
    ) -> Result<Vec<ReadyDelivery>, Infallible> {
        let taken = self.groups.take(now, room, held);
        let due = taken.into_iter().filter_map(|id| {
            let Waiting { delivery, attempts } = self.waiting.get(&id)?;
            Some(ReadyDelivery {
                id,
                attempt: attempts + 1,
                since: delivery.due,
                destination: Arc::clone(&delivery.destination),
                url: delivery.url.clone(),
                request: delivery.request.clone(),
            })
        });
        Ok(due.collect())
    }

    fn complete(&mut self, results: &[AttemptResult]) -> Result<(), Infallible> {
        for result in results {
            if let Some(waiting) = self.waiting.get_mut(&result.id) {
                waiting.attempts = result.attempt;
            }
            let gone = self.groups.complete(result.id, &result.decision);
            if !matches!(result.decision, RetryDecision::RetryAt(_)) {
                self.finish(result.id, result.decision.clone());
            }
            for id in gone {
                self.finish(id, RetryDecision::GiveUp(GiveUpReason::Gone));
            }
        }
        Ok(())
    }

    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, Infallible> {
        Ok(self.groups.next_due(held))
    }
}
