//! The running of a plan. Cases run beside each other at the pace that the endpoint takes; what may have come from load,
//! from start-up or from an outage is tried again ([`super::settling`], [`super::alone`]).
//!
//! That the endpoint works is seen by valid messages that it accepts. What came of a case counts only where one was
//! accepted after it.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

use super::{
    attempt::{Attempt, Setting, Tried, Unclear},
    availability::Availability,
    board::Board,
    outcome::{Outcome, Reason},
    pace::Pace,
    performance::Performance,
    plan::Plan,
    settling::Waiting,
};
use crate::case::{Act, Case, Connections, Exchange, Verdict};

/// Cases that are not proven yet, after which a plain message is sent: an endpoint that locks out after wrong credentials
/// refuses everything.
const MAX_UNPROVEN: usize = 16;

pub(super) struct Round<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) performance: &'a Performance<'a>,
    /// How many cases send something, and of how many it is known what came of it.
    sending: usize,
    done: AtomicUsize,
}

/// A case that sends something.
#[derive(Clone, Copy)]
pub(super) struct Job {
    /// Its place in the plan.
    pub(super) index: usize,
    pub(super) case: &'static Case,
    pub(super) exchange: &'static Exchange,
    /// How often it was sent before.
    pub(super) tries: u32,
    /// Whether what is known of it counts where there is no time to send it again: nothing else was under way.
    pub(super) counts: bool,
}

/// Jobs of which it is not known yet what came of them.
#[derive(Default)]
pub(super) struct Open {
    /// Those that were answered with a status about load or start-up, or not sent because of one.
    pub(super) waiting: VecDeque<Waiting>,
    /// Those that count only when they have been sent alone.
    pub(super) again: Vec<Job>,
}

/// Something that has ended, and when it began.
enum Event {
    Case { job: Job, began: usize, tried: Tried },
    Check { began: usize, availability: Availability },
}

/// A case whose outcome rests on the endpoint's having worked.
struct Unproven {
    ended: usize,
    job: Job,
    /// Whether an endpoint that was down would have let it end so.
    is_suspicious: bool,
}

impl Job {
    /// How many messages it sends at the same time.
    pub(super) fn at_once(&self) -> usize {
        if self.exchange.connections == Connections::AtOnce { self.exchange.times } else { 1 }
    }

    /// Whether it runs when nothing else does: it makes load of its own, or may keep the endpoint busy.
    fn is_heavy(&self) -> bool {
        self.at_once() > 1 || self.exchange.request.repeat.is_some()
    }

    /// Whether an endpoint that was down would have let it end so.
    pub(super) fn is_suspicious(&self, outcome: &Outcome) -> bool {
        let is_failed = matches!(outcome, Outcome::Failed(_) | Outcome::Skipped(Reason::SameCause { .. }));
        outcome.may_be_load() || (is_failed && self.exchange.expect.answer == Verdict::Accept)
    }
}

impl Open {
    pub(super) fn try_again(&mut self, job: Job) {
        if !self.again.iter().any(|known| known.index == job.index) {
            self.again.push(Job { tries: job.tries + 1, ..job });
        }
    }
}

impl<'a> Round<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, performance: &'a Performance<'a>) -> Self {
        let sending = plan.cases.iter().filter(|case| matches!(case.act, Act::Send(_))).count();
        Self { plan, performance, sending, done: AtomicUsize::new(0) }
    }

    /// What came of each case that sends something.
    pub(super) async fn play(&self, pace: &mut Pace) -> Board {
        let mut board = Board::new(self.plan.cases.len());
        let mut jobs = Vec::new();
        for (index, case) in self.plan.cases.iter().copied().enumerate() {
            let Act::Send(exchange) = &case.act else { continue };
            match self.plan.known(case) {
                Some(known) => self.settled(&mut board, index, known),
                None => jobs.push(Job { index, case, exchange, tries: 0, counts: false }),
            }
        }
        // Where time or the endpoint runs out, what counts has been tested.
        jobs.sort_by_key(|job| job.case.level());
        let (slow, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| job.case.slow);
        let (heavy, light): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(Job::is_heavy);

        let mut open = Open::default();
        self.together(light.into(), pace, &mut board, &mut open).await;
        self.settle(pace, &mut board, &mut open).await;
        self.again(pace, &mut board, &mut open, true).await;
        self.alone(heavy, pace, &mut board, &mut open, !slow.is_empty()).await;
        self.settle(pace, &mut board, &mut open).await;
        self.again(pace, &mut board, &mut open, !slow.is_empty()).await;
        self.at_the_end(&mut board, open);
        self.slow(slow, pace, &mut board).await;
        for (index, case) in self.plan.cases.iter().enumerate() {
            if matches!(case.act, Act::Send(_)) && board.outcomes[index].is_none() {
                let reason = board.down(self.plan).unwrap_or(Reason::TimeIsOver);
                self.settled(&mut board, index, Outcome::Skipped(reason));
            }
        }
        board
    }

    /// Runs cases beside each other.
    async fn together(&self, mut queue: VecDeque<Job>, pace: &mut Pace, board: &mut Board, open: &mut Open) {
        let mut running: FuturesUnordered<BoxFuture<'_, Event>> = FuturesUnordered::new();
        let mut unproven: Vec<Unproven> = Vec::new();
        let (mut clock, mut is_checking) = (0, false);
        loop {
            while running.len() - usize::from(is_checking) < pace.width()
                && !self.is_over()
                && let Some(job) = queue.pop_front()
            {
                // The endpoint takes less than this: the rest is sent one after the other.
                if self.performance.unavailable().is_some() {
                    open.waiting.push_back(Waiting::new(job, None));
                } else {
                    running.push(self.event(job, clock, pace.together()).boxed());
                }
            }
            let event = running.next().await;
            clock += 1;
            match event {
                None if self.is_over() || unproven.is_empty() => return,
                None => {
                    running.push(self.check(clock, pace.together()).boxed());
                    is_checking = true;
                }
                Some(Event::Case { job, began, tried }) => {
                    pace.note(tried.slowest, tried.begun);
                    if tried.accepted {
                        unproven.retain(|case| case.ended > began);
                    }
                    if let Some(is_suspicious) = self.take(job, tried, board, open) {
                        unproven.push(Unproven { ended: clock, job, is_suspicious });
                    }
                }
                Some(Event::Check { began, availability }) => {
                    is_checking = false;
                    match availability {
                        Availability::Available => unproven.retain(|case| case.ended > began),
                        Availability::Unavailable { .. } => {
                            let doubtful = unproven.drain(..).filter(|case| case.is_suspicious);
                            open.waiting.extend(doubtful.map(|case| Waiting::new(case.job, None)));
                        }
                        Availability::Down => {
                            // What is under way meets an endpoint that is down.
                            while let Some(event) = running.next().await {
                                let Event::Case { job, tried, .. } = event else { continue };
                                if let Some(is_suspicious) = self.take(job, tried, board, open) {
                                    unproven.push(Unproven { ended: clock, job, is_suspicious });
                                }
                            }
                            self.outage(unproven.drain(..).map(|case| case.job).collect(), board, open).await;
                            if board.is_down() {
                                return;
                            }
                        }
                    }
                }
            }
            let is_due = unproven.len() >= MAX_UNPROVEN || unproven.iter().any(|case| case.is_suspicious);
            if is_due && !is_checking && !self.is_over() {
                running.push(self.check(clock, pace.together()).boxed());
                is_checking = true;
            }
        }
    }

    async fn event(&self, job: Job, began: usize, setting: Setting) -> Event {
        let tried = self.try_once(job, setting).await;
        Event::Case { job: Job { counts: setting.alone, ..job }, began, tried }
    }

    async fn check(&self, began: usize, setting: Setting) -> Event {
        Event::Check { began, availability: self.performance.is_up(setting.limit).await }
    }

    /// Takes what came of a case that ran beside others. Tells whether it is suspicious, unless it is proven by itself or
    /// waits.
    fn take(&self, job: Job, tried: Tried, board: &mut Board, open: &mut Open) -> Option<bool> {
        let (outcome, is_suspicious) = match tried.attempt {
            Attempt::Unclear(unclear @ Unclear { status: Some(_), .. }) => {
                open.waiting.push_back(Waiting::new(Job { tries: job.tries + 1, ..job }, Some(unclear)));
                return None;
            }
            Attempt::Unclear(closed) => (closed.verdict, true),
            Attempt::Judged(outcome) => {
                let is_suspicious = job.is_suspicious(&outcome);
                (outcome, is_suspicious)
            }
        };
        if outcome.may_be_load() || tried.is_late {
            open.try_again(job);
        }
        self.settled(board, job.index, outcome);
        (!tried.accepted || is_suspicious).then_some(is_suspicious)
    }

    /// The endpoint stopped accepting plain valid messages after one of these cases.
    async fn outage(&self, after: Vec<Job>, board: &mut Board, open: &mut Open) {
        let indexes: Vec<usize> = after.iter().map(|job| job.index).collect();
        for index in &indexes {
            board.outcomes[*index] = None;
        }
        match self.performance.recovery(self.performance.end).await {
            Some(lasted) => {
                board.unexplained.push((indexes, lasted));
                after.into_iter().for_each(|job| open.try_again(job));
            }
            None => board.down_after = Some(indexes),
        }
    }

    pub(super) async fn try_once(&self, job: Job, setting: Setting) -> Tried {
        self.performance.run(job.exchange, job.case.slow, job.index, job.tries.into(), setting).await
    }

    pub(super) fn settled(&self, board: &mut Board, index: usize, outcome: Outcome) {
        let is_new = !board.is_counted[index];
        board.is_counted[index] = true;
        board.outcomes[index] = Some(outcome);
        if is_new && let Some(progress) = &self.plan.target.progress {
            progress(1 + self.done.fetch_add(1, Ordering::Relaxed), self.sending);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.performance.end
    }
}
