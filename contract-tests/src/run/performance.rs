//! Runs single cases, and keeps every answer for the watches.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;

use super::outcome::{Fault, Outcome, Reason};
use crate::{
    case::{Connections, Exchange, RequestForm, Verdict},
    exchange::{Answer, Dialer, NoAnswer},
    judge,
    request::{Maker, Request},
    spelling::Spellings,
    watch::Observation,
};

/// Flow numbers of one case: more than it sends messages.
const FLOWS_A_CASE: u64 = 1000;
/// Flow numbers of one try of a case.
const FLOWS_A_TRY: u64 = 500;
/// Flow numbers of one run.
const FLOWS_A_RUN: u64 = 1_000_000;
/// Valid messages without an answer in time, after which the rest is not tried.
const TIMEOUTS_MAX: usize = 3;
/// How long an endpoint's own deadline is waited for. Those of common servers are 30 to 75 s.
const OWN_DEADLINE: Duration = Duration::from_secs(90);
/// How often an endpoint that is waited for is tried.
const READY_PAUSE: Duration = Duration::from_millis(100);

/// The running of cases against one endpoint.
pub(super) struct Performance<'a> {
    pub(super) dialer: &'a Dialer,
    pub(super) maker: &'a Maker<'a>,
    /// What no report shows: the credential that is expected, and what opens a door in the URL.
    pub(super) hidden: [Spellings; 2],
    seed: u64,
    seen: Mutex<Vec<Observation>>,
    timeouts: AtomicUsize,
    stopped: AtomicBool,
}

impl<'a> Performance<'a> {
    pub(super) fn new(dialer: &'a Dialer, maker: &'a Maker<'a>, hidden: [Spellings; 2], seed: u64) -> Self {
        let (seen, timeouts, stopped) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        Self { dialer, maker, hidden, seed, seen, timeouts, stopped }
    }

    /// Waits until something accepts a connection, at most so long.
    pub(super) async fn wait_ready(&self, limit: Duration) {
        let end = Instant::now() + limit;
        while Instant::now() < end && self.dialer.open().await.is_err() {
            tokio::time::sleep(READY_PAUSE).await;
        }
    }

    /// Whether the endpoint takes too long for anything.
    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn into_observations(self) -> Vec<Observation> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one case, the one at this place; each of its tries has flows of its own. A slow one has its time, and no answer
    /// at all is no acceptance either.
    pub(super) async fn run(&self, exchange: &Exchange, slow: bool, index: usize, attempt: u64) -> Outcome {
        let limit = if slow { OWN_DEADLINE } else { self.dialer.timeout };
        let begun = Instant::now();
        let place = (index as u64 + 1) * FLOWS_A_CASE + attempt * FLOWS_A_TRY;
        let mut flow = self.seed % FLOWS_A_RUN * FLOWS_A_RUN + place;
        let make = |form: &RequestForm, flow: u64| {
            self.maker.make(form, flow).map_err(|error| Outcome::Skipped(Reason::CannotBeMade(error.to_string())))
        };
        let mut requests = Vec::new();
        for _ in 0..exchange.times {
            match make(&exchange.request, flow) {
                Ok(request) => requests.push(request),
                Err(skipped) => return skipped,
            }
            flow += u64::from(!exchange.same);
        }
        let before = match exchange.after.as_ref().map(|form| make(form, flow + 1)).transpose() {
            Ok(before) => before,
            Err(skipped) => return skipped,
        };
        let answers = self.exchange(exchange, limit, &requests, before.as_ref()).await;

        let valid = exchange.expect.answer == Verdict::Accept;
        let mut outcome = Outcome::Passed { took: begun.elapsed() };
        for (request, answer) in requests.iter().zip(answers) {
            if slow && matches!(answer, Err(NoAnswer::TimedOut { .. })) {
                continue;
            }
            let hide: Vec<Spellings> = self.hidden.iter().cloned().chain(sent(request)).collect();
            if let Err(complaint) = judge::judge(&exchange.expect, &answer, &hide)
                && matches!(outcome, Outcome::Passed { .. })
            {
                let may_be_load = answer.as_ref().is_err_and(NoAnswer::may_be_load);
                let (request, took) = (request.shown.clone(), begun.elapsed());
                outcome = Outcome::Failed(Box::new(Fault { request, complaint, mend: None, took, may_be_load }));
            }
            if valid && matches!(answer, Err(NoAnswer::TimedOut { .. })) {
                self.count_timeout().await;
            }
            if !slow {
                self.keep(request, answer, valid);
            }
        }
        outcome
    }

    async fn exchange(
        &self,
        exchange: &Exchange,
        limit: Duration,
        requests: &[Request],
        before: Option<&Request>,
    ) -> Vec<Result<Answer, NoAnswer>> {
        match exchange.connections {
            Connections::AtOnce => {
                join_all(requests.iter().map(|request| self.dialer.send_within(request, limit))).await
            }
            Connections::Own if before.is_none() => {
                let mut answers = Vec::new();
                for request in requests {
                    answers.push(self.dialer.send_within(request, limit).await);
                }
                answers
            }
            Connections::Own | Connections::Kept => self.on_one_connection(limit, before, requests).await,
        }
    }

    /// Sends all on one connection, as long as the endpoint leaves it open.
    async fn on_one_connection(
        &self,
        limit: Duration,
        before: Option<&Request>,
        requests: &[Request],
    ) -> Vec<Result<Answer, NoAnswer>> {
        let mut connection = None;
        let mut answers = Vec::new();
        for request in before.into_iter().chain(requests) {
            let mut open = match connection.take() {
                Some(open) => open,
                None => match self.dialer.open().await {
                    Ok(open) => open,
                    Err(no_answer) => {
                        answers.push(Err(no_answer));
                        continue;
                    }
                },
            };
            let answer = open.send(request, limit).await;
            if answer.as_ref().is_ok_and(|answer| answer.reusable) {
                connection = Some(open);
            }
            answers.push(answer);
        }
        if let Some(before) = before {
            self.keep(before, answers.remove(0), false);
        }
        answers
    }

    /// After some valid messages without an answer, a plain one shows whether it is the endpoint or the case.
    async fn count_timeout(&self) {
        if self.timeouts.fetch_add(1, Ordering::Relaxed) + 1 == TIMEOUTS_MAX && !self.stopped() {
            let form = RequestForm::default();
            let plain = self.maker.make(&form, self.plain_flow(TIMEOUTS_MAX));
            let answered = match &plain {
                Ok(plain) => self.dialer.send(plain).await.is_ok(),
                Err(_) => true,
            };
            if answered {
                self.timeouts.store(0, Ordering::Relaxed);
            } else {
                self.stop();
            }
        }
    }

    /// The number of the flow of one of the plain messages that go before everything else.
    pub(super) fn plain_flow(&self, number: usize) -> u64 {
        self.seed % FLOWS_A_RUN * FLOWS_A_RUN + number as u64
    }

    pub(super) fn keep(&self, request: &Request, answer: Result<Answer, NoAnswer>, valid: bool) {
        let Ok(answer) = answer else { return };
        let observation = Observation {
            shown: request.shown.clone(),
            valid,
            answer,
            flow: request.flow.clone(),
            sent: sent(request).collect(),
        };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(observation);
    }
}

fn sent(request: &Request) -> impl Iterator<Item = Spellings> + '_ {
    request.credentials.iter().map(|text| Spellings::of(text.expose_secret(), None))
}
