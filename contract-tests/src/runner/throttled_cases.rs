//! Cases that were answered with a status about load or start-up, or held back because of one. They are tried until each
//! gets an answer of its own.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::{
    attempt::{Attempt, AttemptOutcome, Conditions, Unclear},
    availability::Availability,
    backoff,
    concurrency::Concurrency,
    job::{DeferredCase, Job, PendingCases},
    outcome::{Outcome, SkipReason, Throttled},
    run_state::RunState,
    schedule::Schedule,
};

impl Schedule<'_> {
    /// Tries the throttled cases until each has an answer of its own or the run ends: one by one at first, then more at a
    /// time as long as the endpoint copes.
    pub(super) async fn retry_throttled(
        &self,
        concurrency: &mut Concurrency,
        state: &mut RunState,
        pending: &mut PendingCases,
    ) {
        let mut waiting = std::mem::take(&mut pending.throttled);
        let (mut width, mut pauses) = (1, 0);
        while !state.is_down()
            && let Some(earliest) = waiting.iter().map(|case| case.due).min()
        {
            if !self.sleep_until(earliest).await {
                break;
            }
            let now = Instant::now();
            let (due, later): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(|case| case.due <= now);
            let mut due: Vec<DeferredCase> = due.into();
            waiting = due.split_off(width.min(due.len())).into();
            waiting.extend(later);

            let conditions = if width == 1 { concurrency.sequential(1) } else { concurrency.parallel() };
            let mut unclear = Vec::new();
            for (mut case, tried) in join_all(due.into_iter().map(|case| self.retry(case, conditions))).await {
                concurrency.record(tried.slowest, tried.begun);
                match tried.outcome {
                    AttemptOutcome::Unclear(last @ Unclear { status: Some(_), .. }) => {
                        case.job.tries += 1;
                        unclear.push(DeferredCase { last: Some(last), ..case });
                    }
                    AttemptOutcome::Judged(Outcome::Skipped(SkipReason::OutOfTime)) => waiting.push_back(case),
                    AttemptOutcome::Unclear(closed) => self.record_and_rerun(case.job, closed.verdict, state, pending),
                    AttemptOutcome::Judged(outcome) if tried.is_late || case.job.is_suspicious(&outcome) => {
                        self.record_and_rerun(case.job, outcome, state, pending);
                    }
                    AttemptOutcome::Judged(outcome) => self.record(state, case.job.index, outcome),
                }
            }
            if unclear.is_empty() {
                (width, pauses) = ((width * 2).min(concurrency.width()), 0);
                continue;
            }
            width = 1;
            let asked = unclear.iter().filter_map(|case| case.last.as_ref()?.retry_after).max();
            let pause = match self.runner.availability(conditions.limit).await {
                Availability::Available => {
                    pauses = 0;
                    for mut case in unclear {
                        case.unclear += 1;
                        match case.final_outcome() {
                            Some(outcome) => self.record(state, case.job.index, outcome),
                            None => {
                                let asked = case.last.as_ref().and_then(|last| last.retry_after);
                                case.due = Instant::now() + backoff::pause(asked, case.unclear - 1);
                                waiting.push_back(case);
                            }
                        }
                    }
                    continue;
                }
                Availability::Unavailable { retry_after } => backoff::pause(retry_after.max(asked), pauses),
                Availability::Down => backoff::pause(asked, pauses),
            };
            pauses += 1;
            waiting.extend(unclear);
            if !self.sleep_until(Instant::now() + pause).await {
                break;
            }
        }
        pending.throttled = waiting;
    }

    /// Records an outcome that may not be due to the case, and sends the case again, alone.
    fn record_and_rerun(&self, job: Job, outcome: Outcome, state: &mut RunState, pending: &mut PendingCases) {
        self.record(state, job.index, outcome);
        pending.rerun_later(job);
    }

    async fn retry(&self, case: DeferredCase, conditions: Conditions) -> (DeferredCase, Attempt) {
        let tried = self.attempt(case.job, conditions).await;
        (case, tried)
    }

    /// Records the outcome of the cases that are still throttled when the run ends.
    pub(super) fn finish_throttled(&self, state: &mut RunState, pending: PendingCases) {
        for case in pending.throttled {
            let outcome = match (&case.last, self.runner.unavailable()) {
                (Some(Unclear { status: Some(status), .. }), _) => Outcome::Throttled(Throttled::UntilTheEnd(*status)),
                (_, Some(status)) if !state.is_down() => Outcome::Throttled(Throttled::NotTried(status)),
                _ => continue,
            };
            self.record(state, case.job.index, outcome);
        }
    }

    /// Sleeps until then; returns `false` at once if the run ends before.
    async fn sleep_until(&self, then: Instant) -> bool {
        let has_time = then < self.runner.end && !self.is_over();
        if has_time {
            sleep(then.saturating_duration_since(Instant::now()).max(Duration::ZERO)).await;
        }
        has_time
    }
}
