//! A backlog: where deliveries wait, and where it is written down what came of each attempt. The courier works one off;
//! the outbox is the durable one.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{request::Request, retry::Next, summary::Summary, target::Target};

/// A delivery whose time has come.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its number in the backlog.
    pub id: u64,
    /// Number of the attempt that is due, from 1.
    pub attempt: u32,
    /// When its first attempt was due; the total time of a retry policy counts from here.
    pub since: Timestamp,
    /// Name of its destination: rates hold and a 410 disables per destination.
    pub destination: Arc<str>,
    /// Where it goes.
    pub target: Target,
    /// What is posted.
    pub request: Request,
}

/// What came of an attempt, and what follows from it.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// The delivery's number.
    pub id: u64,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came back, short and without a secret.
    pub summary: Summary,
    /// What happens next.
    pub next: Next,
}

/// Where deliveries wait.
///
/// Deliveries of one destination and flow keep their order: a later one is not handed out while an earlier one waits
/// or is in flight. One that was given up lets the next one through.
pub trait Backlog {
    /// What can go wrong with the backlog itself.
    type Error;

    /// Bounds due times: none is further ahead of the clock than `longest`. A later one was written while the clock was
    /// wrong. The courier calls it before it takes anything, with [`super::RetryPolicy::longest_wait`].
    ///
    /// # Errors
    /// When the backlog cannot be written.
    fn limit_wait(&mut self, longest: Duration) -> Result<(), Self::Error>;

    /// Takes up to `room` deliveries whose time has come, oldest first, but none of the destinations `held`. They are
    /// in flight until they are settled.
    ///
    /// # Errors
    /// When the backlog cannot be read, or a delivery's credentials cannot be had.
    fn take_due(&mut self, now: Timestamp, room: usize, held: &HashSet<Arc<str>>) -> Result<Vec<Due>, Self::Error>;

    /// Writes down what came of attempts. When it returns, that is as durable as the backlog is.
    ///
    /// # Errors
    /// When it cannot be written.
    fn settle(&mut self, attempts: &[Attempted]) -> Result<(), Self::Error>;

    /// When the next delivery falls due, those in flight, those behind them and the destinations `held` left out;
    /// `None` when there is none.
    ///
    /// # Errors
    /// When the backlog cannot be read.
    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, Self::Error>;
}
