//! Runs single cases, and keeps every answer for the invariants. A status about load or start-up is not judged here.

use std::{
    sync::atomic::{AtomicU16, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use secrecy::ExposeSecret as _;
use tokio::time::timeout_at;

use super::{
    attempt::{Attempt, AttemptOutcome, Conditions, Unclear, took},
    job::Job,
    outcome::{CaseFailure, Outcome, SkipReason},
};
use crate::{
    case::{Connections, ExpectedAnswer, RequestForm},
    curl::ShownRequest,
    exchange::{Answer, EndpointClient, TransportError},
    invariants::{ANSWER_DEADLINE, Observation},
    judge,
    request::{Request, RequestBuilder},
    secret_encodings::SecretEncodings,
};

/// Flow numbers per case: more than the messages it sends.
pub(super) const FLOWS_PER_CASE: u64 = 1000;
const FLOWS_PER_ATTEMPT: u64 = 30;
const MAX_ATTEMPTS_WITH_FLOWS: u64 = 32;
const FLOWS_PER_RUN: u64 = 1_000_000;
/// How long to wait for the endpoint's own deadline. Those of common servers are 30 to 75 s.
pub(super) const OWN_DEADLINE: Duration = Duration::from_secs(90);
/// Why an acceptance proves nothing.
pub(super) const ACCEPTS_ANYTHING: &str =
    "the server accepts similar requests without a credential as well, such as one to a path that does not exist";

/// Runs cases against one endpoint.
pub(super) struct CaseRunner<'a> {
    pub(super) client: &'a EndpointClient,
    pub(super) builder: RequestBuilder<'a>,
    /// The case that reports why the plain valid message is refused, where the others are run with a variation.
    pub(super) refused_by: Option<&'static str>,
    /// What no report shows: the expected credential, and those in the URL.
    pub(super) hidden: [SecretEncodings; 2],
    /// When the run ends and cuts off what is in flight.
    pub(super) end: Instant,
    seed: u64,
    observations: Mutex<Vec<Observation>>,
    unanswered: Mutex<Vec<ShownRequest>>,
    pub(super) probes: AtomicUsize,
    /// The last status about load or start-up; 0 before the first.
    pub(super) unavailable: AtomicU16,
}

impl<'a> CaseRunner<'a> {
    pub(super) fn new(
        client: &'a EndpointClient,
        builder: RequestBuilder<'a>,
        hidden: [SecretEncodings; 2],
        seed: u64,
        max_time: Duration,
    ) -> Self {
        Self {
            client,
            builder,
            refused_by: None,
            hidden,
            end: Instant::now() + max_time,
            seed,
            observations: Mutex::default(),
            unanswered: Mutex::default(),
            probes: AtomicUsize::new(0),
            unavailable: AtomicU16::new(0),
        }
    }

    /// All answers, and the requests that were sent alone and must not be accepted, but got no answer in time.
    pub(super) fn into_observations(self) -> (Vec<Observation>, Vec<ShownRequest>) {
        (self.observations.into_inner(), self.unanswered.into_inner())
    }

    /// Runs a case; each attempt has flows of its own. For a slow case, no answer at all is not an acceptance either.
    pub(super) async fn run(&self, job: Job, conditions: Conditions) -> Attempt {
        let (limit, end) = match job.case.slow {
            true => (OWN_DEADLINE, self.end + OWN_DEADLINE),
            false => (conditions.limit, self.end),
        };
        let conditions = Conditions { limit, ..conditions };
        let trying = async {
            let tried = self.attempt(job, conditions).await;
            match (&tried.outcome, &job.exchange.unless_accepted) {
                (AttemptOutcome::Judged(Outcome::Failed(_)), Some(form)) if self.is_accepted(form).await => Attempt {
                    outcome: AttemptOutcome::Judged(Outcome::Skipped(SkipReason::NothingObserved(ACCEPTS_ANYTHING))),
                    ..tried
                },
                _ => tried,
            }
        };
        let tried = timeout_at(end.into(), trying).await;
        tried.unwrap_or_else(|_| Attempt::judged(Outcome::Skipped(SkipReason::OutOfTime)))
    }

    /// Whether this request is accepted. One that cannot be sent or gets no answer is not.
    async fn is_accepted(&self, form: &RequestForm) -> bool {
        let Ok(request) = self.builder.build(form, self.plain_flow(0)) else { return false };
        self.client.send_within(&request, self.client.timeout).await.is_ok_and(|answer| answer.is_acceptance())
    }

    async fn attempt(&self, job: Job, conditions: Conditions) -> Attempt {
        let Job { index, case, exchange, tries, .. } = job;
        let slow = case.slow;
        let attempt = u64::from(tries);
        let begun = Instant::now();
        let place = (index as u64 + 1) * FLOWS_PER_CASE + attempt.min(MAX_ATTEMPTS_WITH_FLOWS) * FLOWS_PER_ATTEMPT;
        let mut flow = self.seed % FLOWS_PER_RUN * FLOWS_PER_RUN + place;
        let make = |form: &RequestForm, flow: u64| {
            let request = self.builder.build(form, flow);
            request.map_err(|error| Attempt::judged(Outcome::Skipped(SkipReason::CannotBeSent(error.to_string()))))
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
            self.exchange(exchange, conditions.limit, &requests, before.as_ref(), attempt > 0).await;

        let valid = exchange.expect.answer == ExpectedAnswer::Accept;
        let must_not_accept = exchange.expect.answer == ExpectedAnswer::NotAccept;
        let may_close = exchange.expect.or_closed || must_not_accept;
        let is_burst = exchange.connections == Connections::AtOnce && exchange.times > 1;
        let alone = conditions.alone && !is_burst;
        let mut tried = Attempt { begun, ..Attempt::judged(Outcome::Passed { took: begun.elapsed() }) };
        // The outcome, and whether it follows from an answer that may be about load or start-up.
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
            if slow && answer.as_ref().is_err_and(TransportError::is_no_acceptance_in_time) {
                continue;
            }
            // A late one, after a request that does not end, comes from the endpoint's own deadline.
            let is_unclear = match &answer {
                Ok(answer) => answer.is_unavailable() && !(slow && answer.took > ANSWER_DEADLINE),
                Err(no_answer) => *no_answer == TransportError::Closed && may_close && !slow,
            };
            match &answer {
                Ok(answer) if is_unclear => unavailable(answer),
                _ => closed |= is_unclear,
            }
            if let Some(took) = took(&answer, conditions.limit)
                && !slow
                && !is_unclear
            {
                tried.slowest = tried.slowest.max(if is_burst { Duration::ZERO } else { took });
                tried.is_late |= !alone && !is_burst && took > ANSWER_DEADLINE;
            }
            let is_accepted = answer.as_ref().is_ok_and(Answer::is_acceptance);
            tried.accepted |= valid && is_accepted;
            let hide: Vec<SecretEncodings> = self.hidden.iter().cloned().chain(sent(request)).collect();
            if let Err(mismatch) = judge::judge(&exchange.expect, &answer, &hide)
                && (matches!(outcome.0, Outcome::Passed { .. }) || (outcome.1 && !is_unclear))
            {
                let failed = match self.refused_by {
                    // The plain valid message is accepted only with the variation, and so is this one.
                    Some(by) if (!request.is_whole && !is_accepted) || (request.is_own && is_accepted) => {
                        Outcome::Skipped(SkipReason::SameCause { by })
                    }
                    _ => Outcome::Failed(Box::new(CaseFailure {
                        may_be_load: answer.as_ref().is_err_and(TransportError::may_be_load),
                        is_silence: answer.as_ref().is_err_and(TransportError::is_no_acceptance_in_time),
                        ..CaseFailure::new(request.shown.clone(), mismatch, begun.elapsed())
                    })),
                };
                outcome = (failed, is_unclear);
            }
            if !slow {
                let is_silence =
                    matches!(&answer, Err(TransportError::TimedOut { after }) if *after >= ANSWER_DEADLINE);
                if is_silence && alone && must_not_accept && !request.is_malformed {
                    self.unanswered.lock().push(request.shown.clone());
                }
                self.keep(request, answer, valid, alone);
            }
        }
        tried.outcome = match (outcome, unclear.or(closed.then_some((None, None)))) {
            // Whatever else was throttled, an answer of the endpoint's own was wrong.
            ((outcome, _), None) | ((outcome @ Outcome::Failed(_), false), _) => AttemptOutcome::Judged(outcome),
            ((verdict, _), Some((status, retry_after))) => {
                AttemptOutcome::Unclear(Unclear { status, retry_after, verdict })
            }
        };
        tried
    }

    /// The flow number of one of the plain messages that are sent before everything else.
    pub(super) fn plain_flow(&self, number: usize) -> u64 {
        self.seed % FLOWS_PER_RUN * FLOWS_PER_RUN + number as u64
    }

    /// Keeps an answer for the invariants.
    pub(super) fn keep(&self, request: &Request, answer: Result<Answer, TransportError>, valid: bool, alone: bool) {
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
        self.observations.lock().push(observation);
    }
}

fn sent(request: &Request) -> impl Iterator<Item = SecretEncodings> + '_ {
    request.credentials.iter().map(|text| SecretEncodings::of(text.expose_secret(), None))
}
