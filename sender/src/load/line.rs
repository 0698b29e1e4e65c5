//! The line: the requests that are due and wait for a free connection. At a rate a thread of its own puts each in when
//! it is due, since the timer of the connections' runtime knows whole milliseconds only.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::schedule::Schedule;

/// Longest the thread sleeps, so that it sees the end of the line soon.
const NAP: Duration = Duration::from_millis(20);

/// The requests of one run, shared by all connections.
#[derive(Debug)]
pub(super) struct Line {
    /// None when requests are due as soon as a connection is free.
    schedule: Option<Schedule>,
    start: Instant,
    /// From the start to the last time at which a request can be due.
    within: Duration,
    /// The number of the next request.
    next: AtomicU64,
    /// A permit for each request in the line; closed at its end.
    due: Semaphore,
}

/// A request's turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Its number, from 0.
    pub(super) number: u64,
    /// When it was due, from the start. Without a rate: now.
    pub(super) due: Duration,
}

impl Line {
    pub(super) fn new(schedule: Option<Schedule>, start: Instant, within: Duration) -> Self {
        Self { schedule, start, within, next: AtomicU64::new(0), due: Semaphore::new(0) }
    }

    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// The first in the line, or none after the last.
    pub(super) async fn take(&self) -> Option<Turn> {
        match self.schedule {
            None => {
                let due = self.start.elapsed();
                let open = due < self.within && !self.due.is_closed();
                open.then(|| Turn { number: self.next.fetch_add(1, Ordering::Relaxed), due })
            }
            Some(schedule) => {
                self.due.acquire().await.ok()?.forget();
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                if number + 1 == schedule.due_before(self.within) {
                    self.due.close();
                }
                Some(Turn { number, due: schedule.due(number) })
            }
        }
    }

    /// Ends the line: whoever waits leaves, and what is in it stays.
    pub(super) fn close(&self) {
        self.due.close();
    }

    /// Lets requests in as they become due, until all are or the line is closed. Blocks.
    pub(super) fn fill(&self) {
        let Some(schedule) = self.schedule else { return };
        wake_promptly();
        let total = schedule.due_before(self.within);
        let mut inside = 0;
        while inside < total && !self.due.is_closed() {
            let now = self.start.elapsed();
            let due = schedule.due_before(now).min(total);
            if due > inside {
                // Far below the semaphore's limit: as many as fit a `usize` are let in only one after another.
                self.due.add_permits(usize::try_from(due - inside).unwrap_or(Semaphore::MAX_PERMITS));
                inside = due;
            } else {
                thread::sleep((schedule.due(inside) + Duration::from_nanos(1)).saturating_sub(now).min(NAP));
            }
        }
    }

    /// When each request was due, from the start, that was in the line at `end` and never left it.
    pub(super) fn left(&self, end: Duration) -> impl Iterator<Item = Duration> {
        let next = self.next.load(Ordering::Relaxed);
        let due = self.schedule.map_or(0, |schedule| schedule.due_before(end.min(self.within)));
        (next..due).filter_map(|number| Some(self.schedule?.due(number)))
    }
}

/// Asks Linux not to gather this thread's wake-ups with others, as it does within 50 us.
fn wake_promptly() {
    #[cfg(target_os = "linux")]
    // Where it is refused, requests are sent a little later, and their latency says so.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: &str) -> Option<Schedule> {
        Schedule::new(rate.parse().unwrap())
    }

    #[tokio::test]
    async fn the_line_ends_with_the_last_request_and_keeps_what_was_not_taken() {
        let start = Instant::now();
        let line = Line::new(at("1000/s"), start, Duration::from_millis(5));
        line.fill();
        assert!(start.elapsed() >= Duration::from_millis(4));
        assert_eq!(line.take().await.map(|turn| (turn.number, turn.due)), Some((0, Duration::ZERO)));
        assert_eq!(line.take().await.map(|turn| (turn.number, turn.due)), Some((1, Duration::from_millis(1))));
        let left: Vec<_> = line.left(Duration::from_secs(1)).map(|due| due.as_millis()).collect();
        assert_eq!(left, [2, 3, 4]);
        for _ in 0..3 {
            assert!(line.take().await.is_some());
        }
        assert!(line.take().await.is_none());
        assert_eq!(line.left(Duration::from_secs(1)).count(), 0);
    }

    #[tokio::test]
    async fn a_closed_line_lets_nobody_wait() {
        for schedule in [None, at("1/m")] {
            let line = Line::new(schedule, Instant::now(), Duration::from_secs(3600));
            line.close();
            line.fill();
            assert!(line.take().await.is_none(), "{schedule:?}");
        }
    }
}
