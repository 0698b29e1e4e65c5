//! Runs the cases of a plan. They run in parallel as far as the endpoint copes; what load, start-up or an outage may have
//! caused is tried again ([`super::throttled_cases`], [`super::sequential`]).
//!
//! A valid message that is accepted shows that the endpoint works. The outcome of a case counts only if one was accepted
//! after it.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

use super::{
    attempt::{Attempt, AttemptOutcome, Conditions, Unclear},
    availability::Availability,
    case_runner::CaseRunner,
    concurrency::Concurrency,
    job::{DeferredCase, Job, PendingCases},
    outcome::{Outcome, SkipReason},
    plan::Plan,
    run_state::RunState,
};
use crate::case::Action;

/// Number of unproven cases after which a plain message is sent: an endpoint that locks clients out after wrong
/// credentials refuses everything.
const MAX_UNPROVEN: usize = 16;

pub(super) struct Schedule<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) runner: &'a CaseRunner<'a>,
    /// How many cases send something, and how many of them have an outcome.
    sending: usize,
    done: AtomicUsize,
}

/// Something that ended, and when it began.
enum Event {
    Case { job: Job, began: usize, tried: Attempt },
    Check { began: usize, availability: Availability },
}

/// A case whose outcome counts only if the endpoint worked.
struct Unproven {
    ended: usize,
    job: Job,
    /// Whether an outage would have the same outcome.
    is_suspicious: bool,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, runner: &'a CaseRunner<'a>) -> Self {
        let sending = plan.cases.iter().filter(|case| matches!(case.action, Action::Send(_))).count();
        Self { plan, runner, sending, done: AtomicUsize::new(0) }
    }

    /// Runs each case that sends something.
    pub(super) async fn run(&self, concurrency: &mut Concurrency) -> RunState {
        let mut state = RunState::new(self.plan.cases.len());
        let mut jobs = Vec::new();
        for (index, case) in self.plan.cases.iter().copied().enumerate() {
            let Action::Send(exchange) = &case.action else { continue };
            match self.plan.known(case) {
                Some(known) => self.record(&mut state, index, known),
                None => jobs.push(Job { index, case, exchange, tries: 0, counts: false }),
            }
        }
        // If time runs out or the endpoint fails, what counts most has been tested.
        jobs.sort_by_key(|job| job.case.level());
        let (slow, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.case.slow);
        let (heavy, light): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(Job::is_heavy);

        let mut pending = PendingCases::default();
        self.run_parallel(light.into(), concurrency, &mut state, &mut pending).await;
        self.retry_throttled(concurrency, &mut state, &mut pending).await;
        self.rerun_sequential(concurrency, &mut state, &mut pending, true).await;
        self.run_sequential(heavy, concurrency, &mut state, &mut pending, !slow.is_empty()).await;
        self.retry_throttled(concurrency, &mut state, &mut pending).await;
        self.rerun_sequential(concurrency, &mut state, &mut pending, !slow.is_empty()).await;
        self.finish_throttled(&mut state, pending);
        self.run_slow(slow, concurrency, &mut state).await;
        for (index, case) in self.plan.cases.iter().enumerate() {
            if matches!(case.action, Action::Send(_)) && state.outcomes[index].is_none() {
                let reason = state.down(&self.plan.cases).unwrap_or(SkipReason::OutOfTime);
                self.record(&mut state, index, Outcome::Skipped(reason));
            }
        }
        state
    }

    /// Runs cases in parallel.
    async fn run_parallel(
        &self,
        mut queue: VecDeque<Job>,
        concurrency: &mut Concurrency,
        state: &mut RunState,
        pending: &mut PendingCases,
    ) {
        let mut running: FuturesUnordered<BoxFuture<'_, Event>> = FuturesUnordered::new();
        let mut unproven: Vec<Unproven> = Vec::new();
        let (mut clock, mut is_checking) = (0, false);
        loop {
            while running.len() - usize::from(is_checking) < concurrency.width()
                && !self.is_over()
                && let Some(job) = queue.pop_front()
            {
                // This is too much for the endpoint: the rest is sent one by one.
                if self.runner.unavailable().is_some() {
                    pending.throttled.push_back(DeferredCase::new(job, None));
                } else {
                    running.push(self.event(job, clock, concurrency.parallel()).boxed());
                }
            }
            let event = running.next().await;
            clock += 1;
            match event {
                None if self.is_over() || unproven.is_empty() => return,
                None => {
                    running.push(self.check(clock, concurrency.parallel()).boxed());
                    is_checking = true;
                }
                Some(Event::Case { job, began, tried }) => {
                    concurrency.record(tried.slowest, tried.begun);
                    if tried.accepted {
                        unproven.retain(|case| case.ended > began);
                    }
                    if let Some(is_suspicious) = self.record_parallel(job, tried, state, pending) {
                        unproven.push(Unproven { ended: clock, job, is_suspicious });
                    }
                }
                Some(Event::Check { began, availability }) => {
                    is_checking = false;
                    match availability {
                        Availability::Available => unproven.retain(|case| case.ended > began),
                        Availability::Unavailable { .. } => {
                            let doubtful = unproven.drain(..).filter(|case| case.is_suspicious);
                            pending.throttled.extend(doubtful.map(|case| DeferredCase::new(case.job, None)));
                        }
                        Availability::Down => {
                            // What is in flight meets an endpoint that is down.
                            while let Some(event) = running.next().await {
                                let Event::Case { job, tried, .. } = event else { continue };
                                if let Some(is_suspicious) = self.record_parallel(job, tried, state, pending) {
                                    unproven.push(Unproven { ended: clock, job, is_suspicious });
                                }
                            }
                            self.handle_outage(unproven.drain(..).map(|case| case.job).collect(), state, pending).await;
                            if state.is_down() {
                                return;
                            }
                        }
                    }
                }
            }
            let is_due = unproven.len() >= MAX_UNPROVEN || unproven.iter().any(|case| case.is_suspicious);
            if is_due && !is_checking && !self.is_over() {
                running.push(self.check(clock, concurrency.parallel()).boxed());
                is_checking = true;
            }
        }
    }

    async fn event(&self, job: Job, began: usize, conditions: Conditions) -> Event {
        let tried = self.attempt(job, conditions).await;
        Event::Case { job: Job { counts: conditions.alone, ..job }, began, tried }
    }

    async fn check(&self, began: usize, conditions: Conditions) -> Event {
        Event::Check { began, availability: self.runner.is_up(conditions.limit).await }
    }

    /// Records the outcome of a case that ran in parallel. Returns whether it is suspicious, unless it proves itself or is
    /// deferred.
    fn record_parallel(
        &self,
        job: Job,
        tried: Attempt,
        state: &mut RunState,
        pending: &mut PendingCases,
    ) -> Option<bool> {
        let (outcome, is_suspicious) = match tried.outcome {
            AttemptOutcome::Unclear(unclear @ Unclear { status: Some(_), .. }) => {
                pending.throttled.push_back(DeferredCase::new(Job { tries: job.tries + 1, ..job }, Some(unclear)));
                return None;
            }
            AttemptOutcome::Unclear(closed) => (closed.verdict, true),
            AttemptOutcome::Judged(outcome) => {
                let is_suspicious = job.is_suspicious(&outcome);
                (outcome, is_suspicious)
            }
        };
        if outcome.may_be_load() || tried.is_late {
            pending.rerun_later(job);
        }
        self.record(state, job.index, outcome);
        (!tried.accepted || is_suspicious).then_some(is_suspicious)
    }

    /// The endpoint stopped accepting plain valid messages after one of these cases.
    async fn handle_outage(&self, after: Vec<Job>, state: &mut RunState, pending: &mut PendingCases) {
        let indexes: Vec<usize> = after.iter().map(|job| job.index).collect();
        for index in &indexes {
            state.outcomes[*index] = None;
        }
        match self.runner.recovery(self.runner.end).await {
            Some(lasted) => {
                state.unexplained.push((indexes, lasted));
                after.into_iter().for_each(|job| pending.rerun_later(job));
            }
            None => state.down_after = Some(indexes),
        }
    }

    pub(super) async fn attempt(&self, job: Job, conditions: Conditions) -> Attempt {
        self.runner.run(job, conditions).await
    }

    pub(super) fn record(&self, state: &mut RunState, index: usize, outcome: Outcome) {
        let is_new = !state.is_counted[index];
        state.is_counted[index] = true;
        state.outcomes[index] = Some(outcome);
        if is_new && let Some(progress) = &self.plan.target.progress {
            progress(1 + self.done.fetch_add(1, Ordering::Relaxed), self.sending);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.runner.end
    }
}
