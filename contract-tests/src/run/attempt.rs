//! One try of a case: under what conditions it is made, and what it shows.

use std::time::{Duration, Instant};

use super::outcome::Outcome;
use crate::exchange::{Answer, NoAnswer};

/// What else goes on while a case is tried, and how long its answers are waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Whether it is the only one.
    pub(super) alone: bool,
    /// From the last byte of a request on.
    pub(super) limit: Duration,
}

/// One try of a case.
pub(super) struct Tried {
    pub(super) begun: Instant,
    pub(super) attempt: Attempt,
    /// Whether a valid message was accepted, so that the endpoint is seen to work.
    pub(super) accepted: bool,
    /// The longest time of an answer of which no message of the same case was the reason.
    pub(super) slowest: Duration,
    /// Whether an answer was later than `OPS-5` allows, perhaps because of other cases.
    pub(super) is_late: bool,
}

/// What came of one try of a case.
pub(super) enum Attempt {
    Judged(Outcome),
    /// What came may say nothing about the case.
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

impl Tried {
    pub(super) fn judged(outcome: Outcome) -> Self {
        let attempt = Attempt::Judged(outcome);
        Self { begun: Instant::now(), attempt, accepted: false, slowest: Duration::ZERO, is_late: false }
    }
}

/// How long an answer took, or was waited for.
pub(super) fn took(answer: &Result<Answer, NoAnswer>, limit: Duration) -> Option<Duration> {
    match answer {
        Ok(answer) => Some(answer.took),
        Err(NoAnswer::TimedOut { .. } | NoAnswer::Unfinished { .. }) => Some(limit),
        Err(_) => None,
    }
}
