//! Runs cases one by one, so that load or an outage caused by another case does not decide their outcome.

use std::time::Instant;

use futures_util::future::{join, join_all};

use super::{
    attempt::{AttemptOutcome, Conditions, Unclear},
    availability::Availability,
    case_runner::OWN_DEADLINE,
    concurrency::Concurrency,
    job::{DeferredCase, Job, PendingCases},
    outcome::{Outcome, SkipReason, Throttled},
    run_state::RunState,
    schedule::Schedule,
};

/// Number of cases that get no answer in time when sent alone, before the rest of them is sent in parallel. A plain message
/// that is sent with them shows whether load is the reason.
const MAX_SILENT_RERUNS: usize = 3;

impl Schedule<'_> {
    /// Runs again the cases that count only when sent alone; `others_follow` if more cases are sent after them.
    pub(super) async fn rerun_sequential(
        &self,
        concurrency: &Concurrency,
        state: &mut RunState,
        pending: &mut PendingCases,
        others_follow: bool,
    ) {
        let mut jobs = std::mem::take(&mut pending.rerun);
        // Cases that may cause an outage come last within their level.
        jobs.sort_by_key(|job| (job.case.level(), !job.case.safe, job.index));
        self.run_sequential(jobs, concurrency, state, pending, others_follow).await;
    }

    /// Runs cases one by one. Each counts only if the endpoint accepts a plain message after it; otherwise it is the cause
    /// of the outage.
    pub(super) async fn run_sequential(
        &self,
        jobs: Vec<Job>,
        concurrency: &Concurrency,
        state: &mut RunState,
        pending: &mut PendingCases,
        others_follow: bool,
    ) {
        let mut silent = 0;
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            if state.is_down() {
                return;
            }
            if self.is_over() {
                self.record_out_of_time(job, state);
                continue;
            }
            if silent == MAX_SILENT_RERUNS && job.tries > 0 {
                let rest: Vec<Job> = std::iter::once(job).chain(jobs).collect();
                return Box::pin(self.rerun_silent(rest, concurrency, state, pending, others_follow)).await;
            }
            let conditions = concurrency.sequential(job.at_once());
            let begun = Instant::now();
            let tried = self.attempt(job, conditions).await;
            let outcome = match tried.outcome {
                AttemptOutcome::Judged(Outcome::Skipped(SkipReason::OutOfTime)) => {
                    self.record_out_of_time(job, state);
                    continue;
                }
                AttemptOutcome::Judged(outcome) => outcome,
                AttemptOutcome::Unclear(unclear @ Unclear { status: Some(_), .. }) => {
                    pending.throttled.push_back(DeferredCase::new(Job { tries: job.tries + 1, ..job }, Some(unclear)));
                    continue;
                }
                // The endpoint worked and nothing else was sent, so it closed the connection because of the case.
                AttemptOutcome::Unclear(closed) => closed.verdict,
            };
            silent += usize::from(outcome.may_be_load() && begun.elapsed() >= conditions.limit);
            let is_suspicious = job.is_suspicious(&outcome);
            if tried.accepted && !is_suspicious {
                self.record(state, job.index, outcome);
                continue;
            }
            match self.runner.is_up(concurrency.sequential(1).limit).await {
                Availability::Unavailable { .. } if is_suspicious => {
                    pending.throttled.push_back(DeferredCase::new(Job { tries: job.tries + 1, ..job }, None));
                }
                Availability::Down if !self.is_over() => {
                    self.record(state, job.index, outcome);
                    state.unexplained.retain(|(after, _)| !after.contains(&job.index));
                    // If nothing more is sent to the endpoint, a shorter wait is enough.
                    let is_last = jobs.len() == 0 && pending.throttled.is_empty() && !others_follow;
                    let until = if is_last { Instant::now() + 4 * self.runner.client.timeout } else { self.runner.end };
                    let lasted = self.runner.recovery(until).await;
                    state.outages.push((job.index, lasted));
                    if lasted.is_none() {
                        state.down_after = Some(vec![job.index]);
                    }
                }
                _ => self.record(state, job.index, outcome),
            }
        }
    }

    /// Sends the rest in parallel, each batch with a plain message. Only if that is not accepted are they sent alone.
    async fn rerun_silent(
        &self,
        jobs: Vec<Job>,
        concurrency: &Concurrency,
        state: &mut RunState,
        pending: &mut PendingCases,
        others_follow: bool,
    ) {
        for few in jobs.chunks(self.plan.target.parallel) {
            let conditions = Conditions { alone: false, ..concurrency.sequential(1) };
            let tries = join_all(few.iter().map(|job| self.attempt(*job, conditions)));
            let (tries, availability) = join(tries, self.runner.is_up(conditions.limit)).await;
            let is_load = availability != Availability::Available
                || tries.iter().any(|tried| matches!(tried.outcome, AttemptOutcome::Unclear(_)));
            if is_load {
                Box::pin(self.run_sequential(few.to_vec(), concurrency, state, pending, others_follow)).await;
                continue;
            }
            for (job, tried) in few.iter().zip(tries) {
                match tried.outcome {
                    AttemptOutcome::Judged(Outcome::Skipped(SkipReason::OutOfTime)) => {
                        self.record_out_of_time(*job, state)
                    }
                    AttemptOutcome::Judged(outcome) => self.record(state, job.index, outcome),
                    AttemptOutcome::Unclear(_) => {}
                }
            }
        }
    }

    /// There is no time to send a case alone, so the outcome of its parallel attempt does not count.
    fn record_out_of_time(&self, job: Job, state: &mut RunState) {
        let was_load = state.outcomes[job.index].as_ref().is_some_and(Outcome::may_be_load);
        if state.outcomes[job.index].is_none() || (was_load && !job.counts) {
            self.record(state, job.index, Outcome::Skipped(SkipReason::OutOfTime));
        }
    }

    /// Runs the cases that wait for the endpoint's own deadline, all in parallel.
    pub(super) async fn run_slow(&self, jobs: Vec<Job>, concurrency: &Concurrency, state: &mut RunState) {
        if state.is_down() {
            return;
        }
        let conditions = Conditions { limit: OWN_DEADLINE, ..concurrency.parallel() };
        let tries = join_all(jobs.iter().map(|job| self.attempt(*job, conditions))).await;
        for (job, tried) in jobs.iter().zip(tries) {
            let outcome = match tried.outcome {
                AttemptOutcome::Judged(outcome) => outcome,
                AttemptOutcome::Unclear(Unclear { status: Some(status), .. }) => {
                    Outcome::Throttled(Throttled::UntilTheEnd(status))
                }
                AttemptOutcome::Unclear(closed) => closed.verdict,
            };
            self.record(state, job.index, outcome);
        }
    }
}
