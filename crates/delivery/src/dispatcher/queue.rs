//! The queue that a dispatcher works off: waiting deliveries and the results of attempts. The outbox is the durable one.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{retry::RetryDecision, summary::OutcomeSummary};
use crate::{client::request::Request, url::EndpointUrl};

/// A delivery that is due.
#[derive(Clone, Debug)]
pub struct ReadyDelivery {
    /// Its number in the queue.
    pub id: u64,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When its first attempt was due: the start of the retry policy's total time.
    pub since: Timestamp,
    /// Name of its destination, which has a rate limit and ends with a 410.
    pub destination: Arc<str>,
    /// The endpoint.
    pub url: EndpointUrl,
    /// The request.
    pub request: Request,
}

/// The result of an attempt.
#[derive(Clone, Debug)]
pub struct AttemptResult {
    /// The delivery's number.
    pub id: u64,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The outcome, short and without secrets.
    pub summary: OutcomeSummary,
    /// What follows.
    pub decision: RetryDecision,
}

/// A queue of deliveries.
///
/// Deliveries of one destination and flow keep their order: a later one is not ready while an earlier one waits or is in
/// flight. After one is given up, the next one is ready.
pub trait DeliveryQueue {
    /// An error of the queue itself.
    type Error;

    /// Limits due times to `longest` from now: a later one was written while the clock was wrong. The dispatcher calls
    /// this first, with [`crate::RetryPolicy::longest_wait`].
    ///
    /// # Errors
    /// When the queue cannot be written.
    fn limit_wait(&mut self, longest: Duration) -> Result<(), Self::Error>;

    /// Takes up to `room` deliveries that are due, oldest first, except those of the destinations `held`. They are in
    /// flight until [`Self::complete`].
    ///
    /// # Errors
    /// When the queue cannot be read, or the credentials of a delivery are not available.
    fn take_due(
        &mut self,
        now: Timestamp,
        room: usize,
        held: &HashSet<Arc<str>>,
    ) -> Result<Vec<ReadyDelivery>, Self::Error>;

    /// Records the results of attempts, durably if the queue is durable.
    ///
    /// # Errors
    /// When the queue cannot be written.
    fn complete(&mut self, results: &[AttemptResult]) -> Result<(), Self::Error>;

    /// When the next delivery is due, except those in flight, those after them in a flow, and those of the destinations
    /// `held`.
    ///
    /// # Errors
    /// When the queue cannot be read.
    fn next_due(&mut self, held: &HashSet<Arc<str>>) -> Result<Option<Timestamp>, Self::Error>;
}
