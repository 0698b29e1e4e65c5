//! The requests that are due and wait for a free connection. A thread of its own adds each at its time, because the timer
//! of the connections' runtime has a resolution of milliseconds.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::schedule::Schedule;

/// Maximum sleep of the thread, so that it notices soon when the queue is closed.
const MAX_SLEEP: Duration = Duration::from_millis(20);

/// The requests of one run, shared by all connections.
#[derive(Debug)]
pub(super) struct DueQueue {
    /// `None` if requests are due as soon as a connection is free.
    schedule: Option<Schedule>,
    start: Instant,
    /// Time from the start in which requests are due.
    within: Duration,
    next: AtomicU64,
    /// A permit for each request in the queue; closed with it.
    due: Semaphore,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DueRequest {
    /// From 0.
    pub(super) number: u64,
    /// Time from the start; without a rate: now.
    pub(super) due: Duration,
}

impl DueQueue {
    pub(super) fn new(schedule: Option<Schedule>, start: Instant, within: Duration) -> Self {
        Self { schedule, start, within, next: AtomicU64::new(0), due: Semaphore::new(0) }
    }

    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Waits for the next request; `None` after the last.
    pub(super) async fn take(&self) -> Option<DueRequest> {
        match self.schedule {
            None => {
                let due = self.start.elapsed();
                let open = due < self.within && !self.due.is_closed();
                open.then(|| DueRequest { number: self.next.fetch_add(1, Ordering::Relaxed), due })
            }
            Some(schedule) => {
                self.due.acquire().await.ok()?.forget();
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                if number + 1 == schedule.due_before(self.within) {
                    self.due.close();
                }
                Some(DueRequest { number, due: schedule.due(number) })
            }
        }
    }

    /// Ends all waits. Requests in the queue stay there.
    pub(super) fn close(&self) {
        self.due.close();
    }

    /// Adds requests as they become due, until the last one or until the queue is closed. Blocks.
    pub(super) fn fill(&self) {
        let Some(schedule) = self.schedule else { return };
        wake_promptly();
        let total = schedule.due_before(self.within);
        let mut added = 0;
        while added < total && !self.due.is_closed() {
            let now = self.start.elapsed();
            let due = schedule.due_before(now).min(total);
            if due > added {
                // Far below the semaphore's limit.
                self.due.add_permits(usize::try_from(due - added).unwrap_or(Semaphore::MAX_PERMITS));
                added = due;
            } else {
                thread::sleep((schedule.due(added) + Duration::from_nanos(1)).saturating_sub(now).min(MAX_SLEEP));
            }
        }
    }

    /// The due times, from the start, of the requests that were in the queue at `end` and never taken.
    pub(super) fn unsent(&self, end: Duration) -> impl Iterator<Item = Duration> {
        let next = self.next.load(Ordering::Relaxed);
        let due = self.schedule.map_or(0, |schedule| schedule.due_before(end.min(self.within)));
        (next..due).filter_map(|number| Some(self.schedule?.due(number)))
    }
}

/// Asks Linux not to coalesce this thread's wake-ups, which it does within 50 us.
fn wake_promptly() {
    #[cfg(target_os = "linux")]
    // If it is refused, requests are sent a little later, and their latency shows it.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: &str) -> Option<Schedule> {
        Schedule::new(rate.parse().unwrap())
    }

    #[tokio::test]
    async fn the_queue_ends_with_the_last_request_and_keeps_those_not_taken() {
        let start = Instant::now();
        let queue = DueQueue::new(at("1000/s"), start, Duration::from_millis(5));
        queue.fill();
        assert!(start.elapsed() >= Duration::from_millis(4));
        assert_eq!(queue.take().await.map(|request| (request.number, request.due)), Some((0, Duration::ZERO)));
        assert_eq!(
            queue.take().await.map(|request| (request.number, request.due)),
            Some((1, Duration::from_millis(1)))
        );
        let unsent: Vec<_> = queue.unsent(Duration::from_secs(1)).map(|due| due.as_millis()).collect();
        assert_eq!(unsent, [2, 3, 4]);
        for _ in 0..3 {
            assert!(queue.take().await.is_some());
        }
        assert!(queue.take().await.is_none());
        assert_eq!(queue.unsent(Duration::from_secs(1)).count(), 0);
    }

    #[tokio::test]
    async fn a_closed_queue_ends_all_waits() {
        for schedule in [None, at("1/m")] {
            let queue = DueQueue::new(schedule, Instant::now(), Duration::from_secs(3600));
            queue.close();
            queue.fill();
            assert!(queue.take().await.is_none(), "{schedule:?}");
        }
    }
}
