//! Cases that send something, on their way to an outcome.

use std::{collections::VecDeque, time::Instant};

use super::{
    attempt::Unclear,
    outcome::{Outcome, SkipReason, Throttled},
};
use crate::case::{Case, Connections, Exchange, ExpectedAnswer};

/// Attempts at a case that is answered 429 while plain messages are accepted, before it counts as throttled. The pauses
/// between them add up to 7.5 s, or more if `Retry-After` asks for it.
const MAX_RATE_LIMITED_ATTEMPTS: u32 = 5;
/// Attempts at a case that is answered with another such status while plain messages are accepted, before it is judged.
const MAX_UNAVAILABLE_ATTEMPTS: u32 = 3;

/// A case that sends something.
#[derive(Clone, Copy)]
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) case: &'static Case,
    pub(super) exchange: &'static Exchange,
    /// How often it was sent before.
    pub(super) tries: u32,
    /// Whether its outcome counts if there is no time to send it again, because nothing else was sent meanwhile.
    pub(super) counts: bool,
}

/// Cases without a final outcome.
#[derive(Default)]
pub(super) struct PendingCases {
    /// Those answered with a status about load or start-up, or not sent because of one.
    pub(super) throttled: VecDeque<DeferredCase>,
    /// Those that count only after they have been sent alone.
    pub(super) rerun: Vec<Job>,
}

pub(super) struct DeferredCase {
    pub(super) job: Job,
    /// How often it was unclear while plain messages were accepted.
    pub(super) unclear: u32,
    /// The earliest time of its next attempt.
    pub(super) due: Instant,
    pub(super) last: Option<Unclear>,
}

impl DeferredCase {
    pub(super) fn new(job: Job, last: Option<Unclear>) -> Self {
        Self { job, unclear: 0, due: Instant::now(), last }
    }

    /// The outcome of a case that was unclear again while plain messages were accepted, after enough attempts.
    pub(super) fn final_outcome(&self) -> Option<Outcome> {
        let last = self.last.as_ref()?;
        match last.status {
            Some(429) if self.unclear < MAX_RATE_LIMITED_ATTEMPTS => None,
            Some(429) => Some(Outcome::Throttled(Throttled::Alone(429))),
            Some(_) if self.unclear < MAX_UNAVAILABLE_ATTEMPTS => None,
            // The endpoint accepted all other messages and not this one.
            _ => Some(last.verdict.clone()),
        }
    }
}

impl Job {
    /// How many messages it sends at once.
    pub(super) fn at_once(&self) -> usize {
        if self.exchange.connections == Connections::AtOnce { self.exchange.times } else { 1 }
    }

    /// Whether it runs alone, because it is load itself or may keep the endpoint busy.
    pub(super) fn is_heavy(&self) -> bool {
        self.at_once() > 1 || self.exchange.request.repeat.is_some()
    }

    /// Whether an outage would have the same outcome.
    pub(super) fn is_suspicious(&self, outcome: &Outcome) -> bool {
        let is_failed = matches!(outcome, Outcome::Failed(_) | Outcome::Skipped(SkipReason::SameCause { .. }));
        outcome.may_be_load() || (is_failed && self.exchange.expect.answer == ExpectedAnswer::Accept)
    }
}

impl PendingCases {
    pub(super) fn rerun_later(&mut self, job: Job) {
        if !self.rerun.iter().any(|known| known.index == job.index) {
            self.rerun.push(Job { tries: job.tries + 1, ..job });
        }
    }
}
