//! Cases that were answered with a status about load or start-up, or held back because of one: tried until each has an
//! answer of its own.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::time::sleep;

use super::{
    attempt::{Attempt, Setting, Tried, Unclear},
    availability::Availability,
    backoff,
    board::Board,
    outcome::{Outcome, Reason, Throttled},
    pace::Pace,
    round::{Job, Open, Round},
};

/// Tries of a case that is answered 429, while plain messages are accepted, before it is left throttled: with the pauses
/// between them 7.5 s, and more where `Retry-After` asks for it.
const TRIES_LIMITED: u32 = 5;
/// Tries of a case that is answered with another such status, while plain messages are accepted, before it is judged.
const TRIES_ALONE: u32 = 3;

/// A case of which it is not known yet what came of it.
pub(super) struct Waiting {
    job: Job,
    /// How often it was unclear while plain messages were accepted.
    alone: u32,
    /// The earliest time of its next try.
    due: Instant,
    last: Option<Unclear>,
}

impl Waiting {
    pub(super) fn new(job: Job, last: Option<Unclear>) -> Self {
        Self { job, alone: 0, due: Instant::now(), last }
    }

    /// The outcome of a case that was unclear again while plain messages were accepted, where that is enough to tell.
    fn settled_alone(&self) -> Option<Outcome> {
        let last = self.last.as_ref()?;
        match last.status {
            Some(429) if self.alone < TRIES_LIMITED => None,
            Some(429) => Some(Outcome::Throttled(Throttled::Alone(429))),
            Some(_) if self.alone < TRIES_ALONE => None,
            // What takes every other message has not taken this one.
            _ => Some(last.verdict.clone()),
        }
    }
}

impl Round<'_> {
    /// Tries the waiting cases until each has an answer of its own: one after the other at first, and more at a time as
    /// long as the endpoint takes them. Ends with the time of the run.
    pub(super) async fn settle(&self, pace: &mut Pace, board: &mut Board, open: &mut Open) {
        let mut waiting = std::mem::take(&mut open.waiting);
        let (mut width, mut pauses) = (1, 0);
        while !board.is_down()
            && let Some(earliest) = waiting.iter().map(|case| case.due).min()
        {
            if !self.sleep_until(earliest).await {
                break;
            }
            let now = Instant::now();
            let (due, later): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(|case| case.due <= now);
            let mut due: Vec<Waiting> = due.into();
            waiting = due.split_off(width.min(due.len())).into();
            waiting.extend(later);

            let setting = if width == 1 { pace.alone(1) } else { pace.together() };
            let mut unclear = Vec::new();
            for (mut case, tried) in join_all(due.into_iter().map(|case| self.tried(case, setting))).await {
                pace.note(tried.slowest, tried.begun);
                match tried.attempt {
                    Attempt::Unclear(last @ Unclear { status: Some(_), .. }) => {
                        case.job.tries += 1;
                        unclear.push(Waiting { last: Some(last), ..case });
                    }
                    Attempt::Judged(Outcome::Skipped(Reason::TimeIsOver)) => waiting.push_back(case),
                    Attempt::Unclear(closed) => self.doubtful(case.job, closed.verdict, board, open),
                    Attempt::Judged(outcome) if tried.is_late || case.job.is_suspicious(&outcome) => {
                        self.doubtful(case.job, outcome, board, open);
                    }
                    Attempt::Judged(outcome) => self.settled(board, case.job.index, outcome),
                }
            }
            if unclear.is_empty() {
                (width, pauses) = ((width * 2).min(pace.width()), 0);
                continue;
            }
            width = 1;
            let asked = unclear.iter().filter_map(|case| case.last.as_ref()?.retry_after).max();
            let pause = match self.performance.availability(setting.limit).await {
                Availability::Available => {
                    pauses = 0;
                    for mut case in unclear {
                        case.alone += 1;
                        match case.settled_alone() {
                            Some(outcome) => self.settled(board, case.job.index, outcome),
                            None => {
                                let asked = case.last.as_ref().and_then(|last| last.retry_after);
                                case.due = Instant::now() + backoff::pause(asked, case.alone - 1);
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
        open.waiting = waiting;
    }

    /// What came of a case may have another reason than the case: it is sent again, alone.
    fn doubtful(&self, job: Job, outcome: Outcome, board: &mut Board, open: &mut Open) {
        self.settled(board, job.index, outcome);
        open.try_again(job);
    }

    async fn tried(&self, case: Waiting, setting: Setting) -> (Waiting, Tried) {
        let tried = self.try_once(case.job, setting).await;
        (case, tried)
    }

    /// What is known of the cases that still wait when the time of the run is over.
    pub(super) fn at_the_end(&self, board: &mut Board, open: Open) {
        for case in open.waiting {
            let outcome = match (&case.last, self.performance.unavailable()) {
                (Some(Unclear { status: Some(status), .. }), _) => Outcome::Throttled(Throttled::UntilTheEnd(*status)),
                (_, Some(status)) if !board.is_down() => Outcome::Throttled(Throttled::NotTried(status)),
                _ => continue,
            };
            self.settled(board, case.job.index, outcome);
        }
    }

    /// Sleeps until then; `false`, at once, where the time of the run is over before.
    async fn sleep_until(&self, then: Instant) -> bool {
        let has_time = then < self.performance.end && !self.is_over();
        if has_time {
            sleep(then.saturating_duration_since(Instant::now()).max(Duration::ZERO)).await;
        }
        has_time
    }
}
