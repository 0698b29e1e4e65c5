//! One attempt at a case: its conditions and its outcome.

use std::time::{Duration, Instant};

use super::outcome::Outcome;
use crate::exchange::{Answer, TransportError};

#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    /// Whether nothing else is sent meanwhile.
    pub(super) alone: bool,
    /// Maximum time for an answer, from the last byte of its request on.
    pub(super) limit: Duration,
}

pub(super) struct Attempt {
    pub(super) begun: Instant,
    pub(super) outcome: AttemptOutcome,
    /// Whether a valid message was accepted, which shows that the endpoint works.
    pub(super) accepted: bool,
    /// The longest time of an answer that no message of the same case can have delayed.
    pub(super) slowest: Duration,
    /// Whether an answer was later than OPS-5 allows, perhaps because of other cases.
    pub(super) is_late: bool,
}

pub(super) enum AttemptOutcome {
    Judged(Outcome),
    /// It may not be about the case.
    Unclear(Unclear),
}

/// An answer that may be about load or start-up instead of the request, or a connection that was closed without one.
pub(super) struct Unclear {
    /// `None` where the connection was closed.
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
    /// The verdict if the answer is about the request after all.
    pub(super) verdict: Outcome,
}

impl Attempt {
    pub(super) fn judged(outcome: Outcome) -> Self {
        let outcome = AttemptOutcome::Judged(outcome);
        Self { begun: Instant::now(), outcome, accepted: false, slowest: Duration::ZERO, is_late: false }
    }
}

/// How long an answer took, or how long the runner waited for it.
pub(super) fn took(answer: &Result<Answer, TransportError>, limit: Duration) -> Option<Duration> {
    match answer {
        Ok(answer) => Some(answer.took),
        Err(TransportError::TimedOut { .. } | TransportError::Unfinished { .. }) => Some(limit),
        Err(_) => None,
    }
}
