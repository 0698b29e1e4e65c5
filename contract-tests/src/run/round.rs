//! The running of a plan: a few cases at a time, and second tries for what may only have been load.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use futures_util::{StreamExt as _, stream};

use super::{
    outcome::{Outcome, Reason},
    performance::Performance,
    plan::Plan,
};
use crate::case::{Act, Case};

/// Cases that get no answer again, alone, before the rest is believed without a second try.
const HOPELESS: usize = 3;

pub(super) struct Round<'a> {
    plan: &'a Plan<'a>,
    performance: &'a Performance<'a>,
    /// When no further case is begun.
    end: Instant,
    /// How many cases send something, and of how many it is known what came of it.
    sending: usize,
    done: AtomicUsize,
}

impl<'a> Round<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, performance: &'a Performance<'a>, end: Instant) -> Self {
        let sending = plan.cases.iter().filter(|case| matches!(case.act, Act::Send(_))).count();
        Self { plan, performance, end, sending, done: AtomicUsize::new(0) }
    }

    /// What came of each case that sends something; nothing for the others.
    pub(super) async fn play(&self) -> Vec<Option<Outcome>> {
        let cases = self.plan.cases.iter().enumerate();
        let running = cases.map(|(index, case)| async move { (index, self.outcome(index, case).await) });
        let mut outcomes: Vec<(usize, Option<Outcome>)> =
            stream::iter(running).buffer_unordered(self.plan.target.parallel).collect().await;
        outcomes.sort_by_key(|(index, _)| *index);
        let mut outcomes: Vec<Option<Outcome>> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
        self.try_again(&mut outcomes).await;
        outcomes
    }

    async fn outcome(&self, index: usize, case: &Case) -> Option<Outcome> {
        let Act::Send(exchange) = &case.act else { return None };
        let outcome = match self.plan.known(case) {
            Some(known) => known,
            None if self.performance.stopped() => Outcome::Skipped(Reason::TooSlow),
            None if Instant::now() > self.end => Outcome::Skipped(Reason::TimeIsOver),
            None => self.performance.run(exchange, case.slow, index, 0).await,
        };
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        if let Some(progress) = &self.plan.target.progress {
            progress(done, self.sending);
        }
        Some(outcome)
    }

    /// An endpoint that serves one connection after the other may only have been busy: what got no answer is asked
    /// again, alone.
    async fn try_again(&self, outcomes: &mut [Option<Outcome>]) {
        let mut hopeless = 0;
        for (index, (case, outcome)) in self.plan.cases.iter().zip(outcomes).enumerate() {
            let (Act::Send(exchange), Some(before)) = (&case.act, outcome) else { continue };
            if !before.may_be_load() || self.plan.known(case).is_some() {
                continue;
            }
            if hopeless == HOPELESS || self.performance.stopped() || Instant::now() > self.end {
                return;
            }
            *before = self.performance.run(exchange, case.slow, index, 1).await;
            hopeless += usize::from(before.may_be_load());
        }
    }
}
