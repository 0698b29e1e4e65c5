//! Cases that run while nothing else does, so that neither load nor an outage that another one caused is mistaken for
//! what came of them.

use std::time::Instant;

use futures_util::future::{join, join_all};

use super::{
    attempt::{Attempt, Setting, Unclear},
    availability::Availability,
    board::Board,
    outcome::{Outcome, Reason, Throttled},
    pace::Pace,
    performance::OWN_DEADLINE,
    round::{Job, Open, Round},
    settling::Waiting,
};

/// Cases that get no answer in time again, alone, before the others of them are sent beside each other: whether load is
/// why, a plain message tells that is sent with them.
const HOPELESS: usize = 3;

impl Round<'_> {
    /// Sends alone what counts only then; whether other cases follow.
    pub(super) async fn again(&self, pace: &Pace, board: &mut Board, open: &mut Open, others_follow: bool) {
        let mut jobs = std::mem::take(&mut open.again);
        // What may have put the endpoint out of service comes after what counts more.
        jobs.sort_by_key(|job| (job.case.level(), !job.case.safe, job.index));
        self.alone(jobs, pace, board, open, others_follow).await;
    }

    /// Runs cases one after the other. Each counts only where the endpoint accepts a plain message after it, or else is why
    /// it does not.
    pub(super) async fn alone(
        &self,
        jobs: Vec<Job>,
        pace: &Pace,
        board: &mut Board,
        open: &mut Open,
        others_follow: bool,
    ) {
        let mut hopeless = 0;
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            if board.is_down() {
                return;
            }
            if self.is_over() {
                self.left_over(job, board);
                continue;
            }
            if hopeless == HOPELESS && job.tries > 0 {
                let rest: Vec<Job> = std::iter::once(job).chain(jobs).collect();
                return Box::pin(self.hopeless(rest, pace, board, open, others_follow)).await;
            }
            let setting = pace.alone(job.at_once());
            let begun = Instant::now();
            let tried = self.try_once(job, setting).await;
            let outcome = match tried.attempt {
                Attempt::Judged(Outcome::Skipped(Reason::TimeIsOver)) => {
                    self.left_over(job, board);
                    continue;
                }
                Attempt::Judged(outcome) => outcome,
                Attempt::Unclear(unclear @ Unclear { status: Some(_), .. }) => {
                    open.waiting.push_back(Waiting::new(Job { tries: job.tries + 1, ..job }, Some(unclear)));
                    continue;
                }
                // The endpoint worked, and nothing else was under way: the case is why it closed the connection.
                Attempt::Unclear(closed) => closed.verdict,
            };
            hopeless += usize::from(outcome.may_be_load() && begun.elapsed() >= setting.limit);
            let is_suspicious = job.is_suspicious(&outcome);
            if tried.accepted && !is_suspicious {
                self.settled(board, job.index, outcome);
                continue;
            }
            match self.performance.is_up(pace.alone(1).limit).await {
                Availability::Unavailable { .. } if is_suspicious => {
                    open.waiting.push_back(Waiting::new(Job { tries: job.tries + 1, ..job }, None));
                }
                Availability::Down if !self.is_over() => {
                    self.settled(board, job.index, outcome);
                    board.unexplained.retain(|(after, _)| !after.contains(&job.index));
                    // An endpoint that nothing more is sent to is not waited for as long.
                    let is_last = jobs.len() == 0 && open.waiting.is_empty() && !others_follow;
                    let until = if is_last {
                        Instant::now() + 4 * self.performance.dialer.timeout
                    } else {
                        self.performance.end
                    };
                    let lasted = self.performance.recovery(until).await;
                    board.outages.push((job.index, lasted));
                    if lasted.is_none() {
                        board.down_after = Some(vec![job.index]);
                    }
                }
                _ => self.settled(board, job.index, outcome),
            }
        }
    }

    /// Sends the rest beside each other, a plain message with each few of them. Only where that is not accepted they are
    /// sent alone.
    async fn hopeless(&self, jobs: Vec<Job>, pace: &Pace, board: &mut Board, open: &mut Open, others_follow: bool) {
        for few in jobs.chunks(self.plan.target.parallel) {
            let setting = Setting { alone: false, ..pace.alone(1) };
            let tries = join_all(few.iter().map(|job| self.try_once(*job, setting)));
            let (tries, availability) = join(tries, self.performance.is_up(setting.limit)).await;
            let is_load = availability != Availability::Available
                || tries.iter().any(|tried| matches!(tried.attempt, Attempt::Unclear(_)));
            if is_load {
                Box::pin(self.alone(few.to_vec(), pace, board, open, others_follow)).await;
                continue;
            }
            for (job, tried) in few.iter().zip(tries) {
                match tried.attempt {
                    Attempt::Judged(Outcome::Skipped(Reason::TimeIsOver)) => self.left_over(*job, board),
                    Attempt::Judged(outcome) => self.settled(board, job.index, outcome),
                    Attempt::Unclear(_) => {}
                }
            }
        }
    }

    /// There is no time to send a case alone: what came of it beside others does not count.
    fn left_over(&self, job: Job, board: &mut Board) {
        let was_load = board.outcomes[job.index].as_ref().is_some_and(Outcome::may_be_load);
        if board.outcomes[job.index].is_none() || (was_load && !job.counts) {
            self.settled(board, job.index, Outcome::Skipped(Reason::TimeIsOver));
        }
    }

    /// Runs the cases that wait for the endpoint's own deadline, all beside each other.
    pub(super) async fn slow(&self, jobs: Vec<Job>, pace: &Pace, board: &mut Board) {
        if board.is_down() {
            return;
        }
        let setting = Setting { limit: OWN_DEADLINE, ..pace.together() };
        let tries = join_all(jobs.iter().map(|job| self.try_once(*job, setting))).await;
        for (job, tried) in jobs.iter().zip(tries) {
            let outcome = match tried.attempt {
                Attempt::Judged(outcome) => outcome,
                Attempt::Unclear(Unclear { status: Some(status), .. }) => {
                    Outcome::Throttled(Throttled::UntilTheEnd(status))
                }
                Attempt::Unclear(closed) => closed.verdict,
            };
            self.settled(board, job.index, outcome);
        }
    }
}
