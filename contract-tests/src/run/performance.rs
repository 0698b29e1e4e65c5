//! Runs single cases, and keeps every answer for the watches. A status about load or start-up is not judged here.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use tokio::time::{sleep, timeout_at};

use super::{
    attempt::{Attempt, Setting, Tried, Unclear, took},
    backoff,
    outcome::{Fault, Outcome, Reason},
};
use crate::{
    case::{Connections, Exchange, RequestForm, Verdict},
    exchange::{Answer, Connection, Dialer, NoAnswer},
    judge,
    request::{Maker, Request},
    spelling::Spellings,
    watch::{DUE, Observation},
};

/// Flow numbers of one case: more than it sends messages.
pub(super) const FLOWS_A_CASE: u64 = 1000;
/// Flow numbers of one try of a case.
const FLOWS_A_TRY: u64 = 30;
/// Tries of a case that have flow numbers of their own.
const TRIES_WITH_FLOWS: u64 = 32;
/// Flow numbers of one run.
const FLOWS_A_RUN: u64 = 1_000_000;
/// How long an endpoint's own deadline is waited for. Those of common servers are 30 to 75 s.
pub(super) const OWN_DEADLINE: Duration = Duration::from_secs(90);
/// Why an acceptance tells nothing.
const ANYTHING: &str = "the server accepts other requests of the kind without a credential too, such as one to a path that no endpoint has";
/// How many times a message that follows others of its case is sent again after a status about load.
const REPEATS_IN_A_ROW: u32 = 3;

/// The running of cases against one endpoint.
pub(super) struct Performance<'a> {
    pub(super) dialer: &'a Dialer,
    pub(super) maker: Maker<'a>,
    /// The case that says why the plain valid message is refused, where the others are run with a difference.
    pub(super) refused_by: Option<&'static str>,
    /// What no report shows: the credential that is expected, and what opens a door in the URL.
    pub(super) hidden: [Spellings; 2],
    /// When the run ends; what is under way then is cut off.
    pub(super) end: Instant,
    seed: u64,
    seen: Mutex<Vec<Observation>>,
    pub(super) probes: AtomicUsize,
    /// The last status about load or start-up; 0 before the first.
    pub(super) unavailable: AtomicU16,
}

impl<'a> Performance<'a> {
    pub(super) fn new(
        dialer: &'a Dialer,
        maker: Maker<'a>,
        hidden: [Spellings; 2],
        seed: u64,
        max_time: Duration,
    ) -> Self {
        Self {
            dialer,
            maker,
            refused_by: None,
            hidden,
            end: Instant::now() + max_time,
            seed,
            seen: Mutex::default(),
            probes: AtomicUsize::new(0),
            unavailable: AtomicU16::new(0),
        }
    }

    pub(super) fn into_observations(self) -> Vec<Observation> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one case, the one at this place; each of its tries has flows of its own. A slow one has its time, and no answer
    /// at all is not an acceptance either.
    pub(super) async fn run(
        &self,
        exchange: &Exchange,
        slow: bool,
        index: usize,
        attempt: u64,
        setting: Setting,
    ) -> Tried {
        let (limit, end) = match slow {
            true => (OWN_DEADLINE, self.end + OWN_DEADLINE),
            false => (setting.limit, self.end),
        };
        let setting = Setting { limit, ..setting };
        let trying = async {
            let tried = self.attempt(exchange, slow, index, attempt, setting).await;
            match (&tried.attempt, &exchange.unless_accepted) {
                (Attempt::Judged(Outcome::Failed(_)), Some(form)) if self.is_accepted(form).await => {
                    Tried { attempt: Attempt::Judged(Outcome::Skipped(Reason::NothingToSee(ANYTHING))), ..tried }
                }
                _ => tried,
            }
        };
        let tried = timeout_at(end.into(), trying).await;
        tried.unwrap_or_else(|_| Tried::judged(Outcome::Skipped(Reason::TimeIsOver)))
    }

    /// Whether this request is accepted. One that cannot be made or gets no answer is not.
    async fn is_accepted(&self, form: &RequestForm) -> bool {
        let Ok(request) = self.maker.make(form, self.plain_flow(0)) else { return false };
        self.dialer.send_within(&request, self.dialer.timeout).await.is_ok_and(|answer| answer.is_acceptance())
    }

    async fn attempt(&self, exchange: &Exchange, slow: bool, index: usize, attempt: u64, setting: Setting) -> Tried {
        let begun = Instant::now();
        let place = (index as u64 + 1) * FLOWS_A_CASE + attempt.min(TRIES_WITH_FLOWS) * FLOWS_A_TRY;
        let mut flow = self.seed % FLOWS_A_RUN * FLOWS_A_RUN + place;
        let make = |form: &RequestForm, flow: u64| {
            let request = self.maker.make(form, flow);
            request.map_err(|error| Tried::judged(Outcome::Skipped(Reason::CannotBeMade(error.to_string()))))
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
        let (preceding, answers) =
            self.exchange(exchange, setting.limit, &requests, before.as_ref(), attempt > 0).await;

        let valid = exchange.expect.answer == Verdict::Accept;
        let may_close = exchange.expect.or_closed || exchange.expect.answer == Verdict::NotAccept;
        let is_burst = exchange.connections == Connections::AtOnce && exchange.times > 1;
        let alone = setting.alone && !is_burst;
        let mut tried = Tried { begun, ..Tried::judged(Outcome::Passed { took: begun.elapsed() }) };
        // The outcome, and whether the answer that it follows from may be about load or start-up.
        let mut outcome = (Outcome::Passed { took: begun.elapsed() }, true);
        let mut unclear: Option<(Option<u16>, Option<Duration>)> = None;
        let mut unavailable = |answer: &Answer| {
            self.unavailable.store(answer.status, Ordering::Relaxed);
            let before = unclear.and_then(|(_, retry_after)| retry_after);
            unclear = Some((Some(answer.status), answer.retry_after().max(before)));
        };
        preceding.iter().filter(|answer| answer.is_unavailable()).for_each(&mut unavailable);
        let mut closed = false;
        for (request, answer) in requests.iter().zip(answers) {
            if slow && answer.as_ref().is_err_and(NoAnswer::is_no_acceptance_in_time) {
                continue;
            }
            // Late, after a request that does not end, it is the endpoint's own deadline.
            let is_unclear = match &answer {
                Ok(answer) => answer.is_unavailable() && !(slow && answer.took > DUE),
                Err(no_answer) => *no_answer == NoAnswer::Closed && may_close && !slow,
            };
            match &answer {
                Ok(answer) if is_unclear => unavailable(answer),
                _ => closed |= is_unclear,
            }
            if let Some(took) = took(&answer, setting.limit)
                && !slow
                && !is_unclear
            {
                tried.slowest = tried.slowest.max(if is_burst { Duration::ZERO } else { took });
                tried.is_late |= !alone && !is_burst && took > DUE;
            }
            let is_accepted = answer.as_ref().is_ok_and(Answer::is_acceptance);
            tried.accepted |= valid && is_accepted;
            let hide: Vec<Spellings> = self.hidden.iter().cloned().chain(sent(request)).collect();
            if let Err(complaint) = judge::judge(&exchange.expect, &answer, &hide)
                && (matches!(outcome.0, Outcome::Passed { .. }) || (outcome.1 && !is_unclear))
            {
                let may_be_load = answer.as_ref().is_err_and(NoAnswer::may_be_load);
                let (request_shown, took) = (request.shown.clone(), begun.elapsed());
                let failed = match self.refused_by {
                    // The plain valid message is refused without the difference, and accepted with it: so is this one.
                    Some(by) if (!request.is_whole && !is_accepted) || (request.is_own && is_accepted) => {
                        Outcome::Skipped(Reason::SameCause { by })
                    }
                    _ => Outcome::Failed(Box::new(Fault {
                        request: request_shown,
                        complaint,
                        mend: None,
                        cause: None,
                        took,
                        may_be_load,
                    })),
                };
                outcome = (failed, is_unclear);
            }
            if !slow {
                self.keep(request, answer, valid, alone);
            }
        }
        tried.attempt = match (outcome, unclear.or(closed.then_some((None, None)))) {
            // Whatever else was limited, an answer of the endpoint's own was wrong.
            ((outcome, _), None) | ((outcome @ Outcome::Failed(_), false), _) => Attempt::Judged(outcome),
            ((verdict, _), Some((status, retry_after))) => Attempt::Unclear(Unclear { status, retry_after, verdict }),
        };
        tried
    }

    /// Sends all requests of a case: what came of the one that goes before, and of the others.
    async fn exchange(
        &self,
        exchange: &Exchange,
        limit: Duration,
        requests: &[Request],
        before: Option<&Request>,
        patiently: bool,
    ) -> (Option<Answer>, Vec<Result<Answer, NoAnswer>>) {
        let repeats = if patiently && requests.len() > 1 { REPEATS_IN_A_ROW } else { 0 };
        match exchange.connections {
            Connections::AtOnce => {
                (None, join_all(requests.iter().map(|request| self.dialer.send_within(request, limit))).await)
            }
            Connections::Own if before.is_none() => {
                let mut answers = Vec::new();
                for request in requests {
                    let mut answer = self.dialer.send_within(request, limit).await;
                    for repeat in 0..repeats {
                        if !self.pause_for(&answer, repeat).await {
                            break;
                        }
                        answer = self.dialer.send_within(request, limit).await;
                    }
                    answers.push(answer);
                }
                (None, answers)
            }
            Connections::Own | Connections::Kept => self.on_one_connection(limit, before, requests, repeats).await,
        }
    }

    /// After a status about load: waits as it asks to, or for a time that doubles. `false` where there is nothing to wait
    /// for.
    async fn pause_for(&self, answer: &Result<Answer, NoAnswer>, repeat: u32) -> bool {
        let Ok(answer) = answer else { return false };
        if !answer.is_unavailable() {
            return false;
        }
        let pause = backoff::pause(answer.retry_after(), repeat);
        let has_time = Instant::now() + pause < self.end;
        if has_time {
            sleep(pause).await;
        }
        has_time
    }

    /// Sends all on one connection, as long as the endpoint leaves it open.
    async fn on_one_connection(
        &self,
        limit: Duration,
        before: Option<&Request>,
        requests: &[Request],
        repeats: u32,
    ) -> (Option<Answer>, Vec<Result<Answer, NoAnswer>>) {
        let mut connection = None;
        let mut answers = Vec::new();
        for request in before.into_iter().chain(requests) {
            let was_open = connection.is_some();
            let mut answer = self.send_on(&mut connection, request, limit).await;
            // After a refusal, a server may close the connection before the next request has arrived (RFC 9112 section 9.5):
            // a client sends that on a new one.
            if was_open && before.is_some() && answer == Err(NoAnswer::Closed) {
                answer = self.send_on(&mut connection, request, limit).await;
            }
            for repeat in 0..repeats {
                if !self.pause_for(&answer, repeat).await {
                    break;
                }
                answer = self.send_on(&mut connection, request, limit).await;
            }
            answers.push(answer);
        }
        let mut preceding = None;
        if let Some(before) = before {
            let answer = answers.remove(0);
            preceding = answer.clone().ok();
            self.keep(before, answer, false, false);
        }
        (preceding, answers)
    }

    /// Sends on the open connection, or on a new one.
    async fn send_on(
        &self,
        connection: &mut Option<Connection>,
        request: &Request,
        limit: Duration,
    ) -> Result<Answer, NoAnswer> {
        let mut open = match connection.take() {
            Some(open) => open,
            None => self.dialer.open().await?,
        };
        let answer = open.send(request, limit).await;
        if answer.as_ref().is_ok_and(|answer| answer.reusable) {
            *connection = Some(open);
        }
        answer
    }

    /// The number of the flow of one of the plain messages that go before everything else.
    pub(super) fn plain_flow(&self, number: usize) -> u64 {
        self.seed % FLOWS_A_RUN * FLOWS_A_RUN + number as u64
    }

    /// Keeps an answer for what is looked for in every one of a run.
    pub(super) fn keep(&self, request: &Request, answer: Result<Answer, NoAnswer>, valid: bool, alone: bool) {
        let Ok(answer) = answer else { return };
        let observation = Observation {
            shown: request.shown.clone(),
            valid,
            alone,
            answer,
            flow: request.flow.clone(),
            is_malformed: request.is_malformed,
            sent: sent(request).collect(),
        };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(observation);
    }
}

fn sent(request: &Request) -> impl Iterator<Item = Spellings> + '_ {
    request.credentials.iter().map(|text| Spellings::of(text.expose_secret(), None))
}
