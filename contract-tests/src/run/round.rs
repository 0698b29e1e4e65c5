//! The running of a plan: a few cases at a time, and further tries for what may only have been load or start-up.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::{
    StreamExt as _,
    future::join_all,
    stream::{self, BoxStream},
};
use tokio::time::sleep;

use super::{
    availability::Availability,
    backoff,
    outcome::{Outcome, Reason, Throttled},
    performance::{Attempt, Performance, Unclear},
    plan::Plan,
};
use crate::case::{Act, Case, Exchange};

/// Cases that get no answer again, alone, before the rest is believed without a second try.
const HOPELESS: usize = 3;
/// Tries of a case that is answered with a status about load, while plain messages are answered, before it is left
/// throttled: with the pauses between them 7.5 s, and more where `Retry-After` asks for it.
const TRIES_ALONE: u32 = 5;
/// Tries of a case whose connection is closed, while plain messages are not answered either, before that is believed.
const TRIES_SILENT: u32 = 3;

pub(super) struct Round<'a> {
    plan: &'a Plan<'a>,
    performance: &'a Performance<'a>,
    /// How many cases send something, and of how many it is known what came of it.
    sending: usize,
    done: AtomicUsize,
}

/// A case of which it is not known yet what came of it.
struct Waiting<'c> {
    index: usize,
    case: &'c Case,
    exchange: &'c Exchange,
    /// How often it was sent.
    tries: u32,
    /// How often it was unclear while plain messages were answered.
    alone: u32,
    /// The earliest time of its next try.
    due: Instant,
    last: Option<Unclear>,
}

/// What is known of a case, or that it waits.
enum State<'c> {
    Known(Outcome),
    Waiting(Box<Waiting<'c>>),
}

impl<'a> Round<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, performance: &'a Performance<'a>) -> Self {
        let sending = plan.cases.iter().filter(|case| matches!(case.act, Act::Send(_))).count();
        Self { plan, performance, sending, done: AtomicUsize::new(0) }
    }

    /// What came of each case that sends something; nothing for the others.
    pub(super) async fn play(&self) -> Vec<Option<Outcome>> {
        let mut outcomes: Vec<Option<Outcome>> = self.plan.cases.iter().map(|_| None).collect();
        let sending = self.plan.cases.iter().enumerate().filter_map(|(index, case)| match &case.act {
            Act::Send(exchange) => Some((index, *case, exchange.as_ref())),
            Act::Watch(_) => None,
        });
        let running =
            sending.map(|(index, case, exchange)| async move { (index, self.first_try(index, case, exchange).await) });
        let mut running: BoxStream<'_, (usize, State<'_>)> =
            stream::iter(running).buffer_unordered(self.plan.target.parallel).boxed();
        let mut waiting = VecDeque::new();
        while let Some((index, state)) = running.next().await {
            match state {
                State::Known(outcome) => outcomes[index] = Some(outcome),
                State::Waiting(case) => waiting.push_back(*case),
            }
        }
        drop(running);
        // Those that wait for the endpoint's own deadline hold up none of the others.
        waiting.make_contiguous().sort_by_key(|case: &Waiting<'_>| (case.case.slow, case.index));
        self.settle(waiting, &mut outcomes).await;
        let waiting = self.try_again(&mut outcomes).await;
        self.settle(waiting, &mut outcomes).await;
        outcomes
    }

    async fn first_try<'c>(&self, index: usize, case: &'c Case, exchange: &'c Exchange) -> State<'c> {
        let waiting = || Waiting { index, case, exchange, tries: 0, alone: 0, due: Instant::now(), last: None };
        let state = match self.plan.known(case) {
            Some(known) => State::Known(known),
            None if self.performance.stopped() => State::Known(Outcome::Skipped(Reason::TooSlow)),
            None if self.is_over() => State::Known(Outcome::Skipped(Reason::TimeIsOver)),
            // The endpoint takes less than this: the rest is sent one after the other.
            None if self.performance.unavailable().is_some() => State::Waiting(Box::new(waiting())),
            None => self.try_once(waiting()).await,
        };
        match state {
            State::Known(outcome) => {
                self.note_done();
                State::Known(outcome)
            }
            // An endpoint that still answers plain messages has closed the connection because of the case.
            State::Waiting(case)
                if case.last.as_ref().is_some_and(|last| last.status.is_none())
                    && matches!(self.performance.availability().await, Availability::Available) =>
            {
                self.note_done();
                State::Known(case.verdict())
            }
            waiting @ State::Waiting(_) => waiting,
        }
    }

    async fn try_once<'c>(&self, mut waiting: Waiting<'c>) -> State<'c> {
        let Waiting { exchange, case, index, tries, .. } = waiting;
        match self.performance.run(exchange, case.slow, index, tries.into()).await {
            Attempt::Judged(outcome) => match (&outcome, &waiting.last) {
                (Outcome::Skipped(Reason::TimeIsOver), Some(Unclear { status: Some(status), .. })) => {
                    State::Known(Outcome::Throttled(Throttled::UntilTheEnd(*status)))
                }
                _ => State::Known(outcome),
            },
            Attempt::Unclear(unclear) => {
                waiting.tries += 1;
                waiting.last = Some(unclear);
                State::Waiting(Box::new(waiting))
            }
        }
    }

    /// Tries the waiting cases until each has an answer of its own: one after the other at first, and more at a time as
    /// long as the endpoint takes them. Ends with the time of the run.
    async fn settle(&self, mut waiting: VecDeque<Waiting<'_>>, outcomes: &mut [Option<Outcome>]) {
        let (mut width, mut pauses) = (1, 0);
        while let Some(earliest) = waiting.iter().map(|case| case.due).min() {
            if !self.sleep_until(earliest).await {
                break;
            }
            let now = Instant::now();
            let (due, later): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(|case| case.due <= now);
            let mut due: Vec<Waiting<'_>> = due.into();
            waiting = due.split_off(width.min(due.len())).into();
            waiting.extend(later);

            let mut unclear = Vec::new();
            for (index, state) in join_all(due.into_iter().map(|case| self.indexed(case))).await {
                match state {
                    State::Known(outcome) => self.settled(outcomes, index, outcome),
                    State::Waiting(case) => unclear.push(*case),
                }
            }
            if unclear.is_empty() {
                (width, pauses) = ((width * 2).min(self.plan.target.parallel), 0);
                continue;
            }
            width = 1;
            let asked = unclear.iter().filter_map(|case| case.last.as_ref()?.retry_after).max();
            let pause = match self.performance.availability().await {
                Availability::Available => {
                    pauses = 0;
                    for mut case in unclear {
                        case.alone += 1;
                        match case.settled_alone() {
                            Some(outcome) => self.settled(outcomes, case.index, outcome),
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
                Availability::Silent => backoff::pause(asked, pauses),
            };
            pauses += 1;
            for case in unclear {
                match case.settled_in_silence() {
                    Some(outcome) => self.settled(outcomes, case.index, outcome),
                    None => waiting.push_back(case),
                }
            }
            if !self.sleep_until(Instant::now() + pause).await {
                break;
            }
        }
        for case in waiting {
            self.settled(outcomes, case.index, self.at_the_end(&case));
        }
    }

    async fn indexed<'c>(&self, case: Waiting<'c>) -> (usize, State<'c>) {
        (case.index, self.try_once(case).await)
    }

    /// What is known of a case for which the time is over.
    fn at_the_end(&self, case: &Waiting<'_>) -> Outcome {
        match (&case.last, self.performance.unavailable()) {
            (Some(Unclear { status: Some(status), .. }), _) => Outcome::Throttled(Throttled::UntilTheEnd(*status)),
            (Some(_), _) => case.verdict_of_silence(),
            (None, Some(status)) => Outcome::Throttled(Throttled::NotTried(status)),
            (None, None) => Outcome::Skipped(Reason::TimeIsOver),
        }
    }

    /// An endpoint that serves one connection after the other may only have been busy: what got no answer is asked
    /// again, alone. Returns the cases that are unclear now.
    async fn try_again(&self, outcomes: &mut [Option<Outcome>]) -> VecDeque<Waiting<'a>> {
        let (mut hopeless, mut unclear) = (0, VecDeque::new());
        for (index, (case, outcome)) in self.plan.cases.iter().zip(outcomes).enumerate() {
            let (Act::Send(exchange), Some(before)) = (&case.act, outcome) else { continue };
            if !before.may_be_load() || self.plan.known(case).is_some() {
                continue;
            }
            if hopeless == HOPELESS || self.performance.stopped() || self.is_over() {
                break;
            }
            let waiting = Waiting { index, case, exchange, tries: 1, alone: 0, due: Instant::now(), last: None };
            match self.try_once(waiting).await {
                // A try that was cut off says less than the one before.
                State::Known(Outcome::Skipped(Reason::TimeIsOver)) => break,
                State::Known(again) => {
                    *before = again;
                    hopeless += usize::from(before.may_be_load());
                }
                State::Waiting(case) => unclear.push_back(*case),
            }
        }
        unclear
    }

    fn settled(&self, outcomes: &mut [Option<Outcome>], index: usize, outcome: Outcome) {
        if outcomes[index].replace(outcome).is_none() {
            self.note_done();
        }
    }

    fn note_done(&self) {
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        if let Some(progress) = &self.plan.target.progress {
            progress(done, self.sending);
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.performance.end
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

impl Waiting<'_> {
    /// The outcome of a case that was unclear again while plain messages were answered, where that is enough to tell.
    fn settled_alone(&self) -> Option<Outcome> {
        match self.last.as_ref()?.status {
            None => Some(self.verdict()),
            Some(_) if self.alone < TRIES_ALONE => None,
            Some(status @ (429 | 503)) => Some(Outcome::Throttled(Throttled::Alone(status))),
            // A gateway that reaches the endpoint otherwise has lost it through this case.
            Some(_) => Some(self.verdict()),
        }
    }

    /// The outcome of a case whose connection was closed again while plain messages were not answered, where that is
    /// enough to tell.
    fn settled_in_silence(&self) -> Option<Outcome> {
        let is_closed = self.last.as_ref().is_some_and(|last| last.status.is_none());
        (is_closed && self.tries >= TRIES_SILENT).then(|| self.verdict_of_silence())
    }

    fn verdict(&self) -> Outcome {
        self.last.as_ref().map_or(Outcome::Skipped(Reason::TimeIsOver), |last| last.verdict.clone())
    }

    /// A closed connection proves nothing where plain messages get no answer either.
    fn verdict_of_silence(&self) -> Outcome {
        match self.verdict() {
            Outcome::Passed { .. } => Outcome::Throttled(Throttled::Closed),
            verdict => verdict,
        }
    }
}
