//! A backlog in memory: for programs that lose nothing they mind when they end, and for tests.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    mem,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    backlog::{Attempted, Backlog, Due},
    lanes::Lanes,
    request::Request,
    retry::{GaveUp, Next},
    target::Target,
};

/// What is to be delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Name of its destination: rates hold and a 410 disables per destination.
    pub destination: Arc<str>,
    /// The flow whose order it keeps, if any.
    pub flow: Option<Arc<str>>,
    /// Where it goes.
    pub target: Target,
    /// What is posted.
    pub request: Request,
    /// The earliest time of its first attempt.
    pub due: Timestamp,
}

/// What became of a delivery in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its number.
    pub id: u64,
    /// How often it was attempted; 0 where the destination was gone before its turn.
    pub attempts: u32,
    /// [`Next::Delivered`] or [`Next::GiveUp`].
    pub next: Next,
}

/// A [`Backlog`] in memory. Nothing can go wrong with it, and nothing of it outlives the process.
#[derive(Debug, Default)]
pub struct MemoryBacklog {
    lanes: Lanes,
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

impl MemoryBacklog {
    /// A backlog without a delivery.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a delivery at the end of its lane, and gives its number: 1, 2, 3, and so on.
    pub fn push(&mut self, delivery: Delivery) -> u64 {
        self.pushed += 1;
        // A first attempt may be wanted further ahead than any retry is.
        let ahead = Duration::try_from(Timestamp::now().duration_until(delivery.due)).unwrap_or_default();
        if ahead > self.longest_wait {
            self.allow_wait(ahead);
        }
        self.lanes.push(self.pushed, &delivery.destination, delivery.flow.as_deref(), delivery.due);
        self.waiting.insert(self.pushed, Waiting { delivery, attempts: 0 });
        self.pushed
    }

    /// How many are not finished.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether all are finished.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What finished since this was last asked, in the order of finishing.
    pub fn take_finished(&mut self) -> Vec<Finished> {
        mem::take(&mut self.finished)
    }

    fn allow_wait(&mut self, wait: Duration) {
        self.longest_wait = self.longest_wait.max(wait);
        self.lanes.limit_wait(self.longest_wait);
    }

    fn finish(&mut self, id: u64, next: Next) {
        if let Some(Waiting { attempts, .. }) = self.waiting.remove(&id) {
            self.finished.push(Finished { id, attempts, next });
        }
    }
}

impl Backlog for MemoryBacklog {
    type Error = Infallible;

    fn limit_wait(&mut self, longest: Duration) -> Result<(), Infallible> {
        self.allow_wait(longest);
        Ok(())
    }

    fn take_due(&mut self, now: Timestamp, room: usize, held: &HashSet<Arc<str>>) -> Result<Vec<Due>, Infallible> {
        let taken = self.lanes.take(now, room, held);
        let due = taken.into_iter().filter_map(|id| {
            let Waiting { delivery, attempts } = self.waiting.get(&id)?;
            Some(Due {
                id,
                attempt: attempts + 1,
                since: delivery.due,
                destination: Arc::clone(&delivery.destination),
                target: delivery.target.clone(),
                request: delivery.request.clone(),
            })
        });
        Ok(due.collect())
    }

    fn settle(&mut self, attempts: &[Attempted]) -> Result<(), Infallible> {
        for attempt in attempts {
            if let Some(waiting) = self.waiting.get_mut(&attempt.id) {
                waiting.attempts = attempt.attempt;
            }
            let gone = self.lanes.settle(attempt.id, &attempt.next);
            if !matches!(attempt.next, Next::RetryAt(_)) {
                self.finish(attempt.id, attempt.next.clone());
            }
            for id in gone {
                self.finish(id, Next::GiveUp(GaveUp::Gone));
            }
        }
        Ok(())
    }

    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, Infallible> {
        Ok(self.lanes.next_due(held))
    }
}
