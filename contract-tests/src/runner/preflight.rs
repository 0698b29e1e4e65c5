//! The plain valid message, on which all other cases depend, and what its answer says about the endpoint.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::{
    backoff,
    case_runner::CaseRunner,
    diagnosis::Diagnosis,
    outcome::{CaseFailure, Outcome},
    probe::{PLAIN_CASE, Probe},
};
use crate::{
    case::{AuthenticationKind, Case, RequestForm},
    curl::ShownRequest,
    exchange::{Answer, TransportError},
    hint::AnswerExcerpt,
    judge::{self, Mismatch},
    secret_encodings::SecretEncodings,
    variation::Variation,
};

/// The limit for the first answer, as a multiple of the usual one, to distinguish a late answer from silence.
const PREFLIGHT_TIMEOUT_FACTOR: u32 = 4;
const END_ANSWERS_FIX: &str =
    "End each answer: by its Content-Length, by the last chunk, or by closing the connection.";
const WHOLE_ANSWER_FIX: &str = "Send the whole answer before you close the connection.";
const ANSWER_SOONER_FIX: &str =
    "Answer first and do the slow work after that, or give each answer more time (--timeout 20s --max-time 30m).";
/// Attempts before the conclusion that the endpoint closes every connection.
const MAX_TRIES: usize = 3;
/// The pause between attempts to reach an endpoint that does not answer yet.
const READY_INTERVAL: Duration = Duration::from_millis(100);

/// What the answer to the plain valid message says about the endpoint.
pub(super) struct Preflight {
    pub(super) result: PreflightResult,
    pub(super) notice: Option<String>,
    /// How long the acceptance took, if it was accepted at once.
    pub(super) took: Option<Duration>,
    /// The differences between every further request and the plain valid message, as half sentences.
    pub(super) variations: Vec<String>,
}

/// The result of sending the plain valid message.
pub(super) enum PreflightResult {
    Accepted,
    Refused {
        /// The cases that fail because of that, with their outcomes. At least one.
        findings: Vec<(&'static str, Outcome)>,
        /// Whether it is accepted with a variation with which the other cases are run.
        goes_on: bool,
    },
    /// It was accepted too late to run any other case.
    TooSlow,
    /// The certificate is not valid, so no credential is sent.
    Certificate {
        why: String,
    },
    /// Every answer is a status about load.
    Throttled {
        status: u16,
    },
    /// There is no connection or no HTTP answer.
    NothingTested,
}

impl Preflight {
    fn new(result: PreflightResult, notice: Option<String>) -> Self {
        Self { result, notice, took: None, variations: Vec::new() }
    }
}

impl CaseRunner<'_> {
    /// Waits until the endpoint answers a plain valid message, up to this limit. A connection that a proxy closes, a failed
    /// handshake, and a proxy's status for a missing endpoint (502, 503, 504) are not answers of the endpoint; a rate limit
    /// (429) is one.
    pub(super) async fn wait_ready(&self, limit: Duration) {
        let waiting = async {
            for number in 0.. {
                let pause = match self.probe(self.client.timeout).await {
                    Ok(answer) if answer.is_unavailable() && answer.status >= 500 => {
                        backoff::pause(answer.retry_after(), number)
                    }
                    Ok(_) => return,
                    Err(_) => READY_INTERVAL,
                };
                sleep(pause).await;
            }
        };
        // An endpoint that is not ready by then is tested as it is.
        let _ = timeout(limit, waiting).await;
    }

    /// Sends the plain valid message: again if the connection is closed, and until the run ends while the answer is about
    /// load or start-up. If it is refused, probes find out why; with `safe` only those with the right credential.
    pub(super) async fn preflight(&mut self, safe: bool) -> Preflight {
        let url = self.client.endpoint.to_string();
        let usual = self.client.timeout;
        match self.first_answer().await {
            Ok(answer) if matches!(answer.status, 429 | 503) => Preflight::new(
                PreflightResult::Throttled { status: answer.status },
                Some(format!(
                    "{url} answered every plain valid message {} until the run ran out of time, so nothing was tested. {}",
                    answer.status,
                    load_fix(answer.status)
                )),
            ),
            Ok(answer) if answer.took > usual => self.late(&answer, safe).await,
            Ok(answer) if answer.is_acceptance() => {
                Preflight { took: Some(answer.took), ..Preflight::new(PreflightResult::Accepted, None) }
            }
            Ok(answer) => self.refused(Ok(&answer), safe).await,
            Err(TransportError::Certificate { why }) => {
                let notice = format!(
                    "The certificate of {url} is not valid: {why}. No credential was sent, so nothing else was tested."
                );
                Preflight::new(PreflightResult::Certificate { why }, Some(notice))
            }
            Err(broken @ TransportError::Broken { .. }) => {
                let notice = format!(
                    "{url} closed the connection in the middle of each answer to a plain valid message, so nothing else was tested."
                );
                self.failed(Err(&broken), Some(WHOLE_ANSWER_FIX), notice)
            }
            Err(unfinished @ TransportError::Unfinished { .. }) => {
                let notice = format!(
                    "{url} accepted the connection, but {unfinished}, so nothing else was tested. {END_ANSWERS_FIX}"
                );
                self.failed(Err(&unfinished), Some(END_ANSWERS_FIX), notice)
            }
            // Some servers close the connection if they do not know the host.
            Err(closed @ TransportError::Closed) => self.refused(Err(&closed), safe).await,
            Err(none) => {
                Preflight::new(PreflightResult::NothingTested, Some(nothing_tested(&url, &none, &self.hidden)))
            }
        }
    }

    async fn first_answer(&self) -> Result<Answer, TransportError> {
        let usual = self.client.timeout;
        let mut answer = self.plain(0, usual * PREFLIGHT_TIMEOUT_FACTOR).await;
        let (mut tries, mut pauses) = (1, 0);
        loop {
            match &answer {
                Err(TransportError::Closed | TransportError::Broken { .. }) if tries < MAX_TRIES => {
                    answer = self.plain(tries, usual).await;
                    tries += 1;
                }
                Ok(unavailable) if unavailable.is_unavailable() => {
                    let pause = backoff::pause(unavailable.retry_after(), pauses);
                    if Instant::now() + pause >= self.end {
                        return answer;
                    }
                    sleep(pause).await;
                    pauses += 1;
                    match self.probe(usual).await {
                        // Cut off by the end of the run.
                        Err(TransportError::TimedOut { .. }) if Instant::now() >= self.end => return answer,
                        next => answer = next,
                    }
                }
                _ => return answer,
            }
        }
    }

    /// Distinguishes a slow endpoint from one that had to start, by two more messages.
    async fn late(&mut self, late: &Answer, safe: bool) -> Preflight {
        let usual = self.client.timeout;
        let took = late.took.as_secs_f32();
        for number in [1, 2] {
            match self.plain(number, usual).await {
                Ok(next) if next.is_acceptance() => {
                    return Preflight::new(
                        PreflightResult::Accepted,
                        Some(format!(
                            "The first answer took {took:.1} s and the next ones were in time: the endpoint probably had to start."
                        )),
                    );
                }
                Ok(next) if next.is_unavailable() && late.is_acceptance() => {
                    return Preflight::new(PreflightResult::Accepted, None);
                }
                Ok(next) => return self.refused(Ok(&next), safe).await,
                Err(_) => {}
            }
        }
        if !late.is_acceptance() {
            return self.refused(Ok(late), safe).await;
        }
        let notice = format!(
            "The endpoint is too slow: it accepted a plain valid message after {took:.1} s, and two more got no answer within {} s, so the rest was not tested. {ANSWER_SOONER_FIX}",
            usual.as_secs_f32()
        );
        Preflight::new(PreflightResult::TooSlow, Some(notice))
    }

    /// The plain valid message was not accepted, or every connection was closed without an answer.
    async fn refused(&mut self, answer: Result<&Answer, &TransportError>, safe: bool) -> Preflight {
        let outcome = match answer {
            Ok(answer) => format!("was answered with {} instead of a status from 200 to 299", answer.status),
            Err(_) => format!("got no answer: each of {MAX_TRIES} connections was closed"),
        };
        match (self.diagnose(safe).await, answer) {
            (Diagnosis::AcceptedNow, _) => Preflight::new(
                PreflightResult::Accepted,
                Some(format!(
                    "The plain valid message {outcome} at first, and the same message was accepted later: the endpoint was not ready, or does not always behave the same."
                )),
            ),
            (Diagnosis::Found(probes), _) => self.found(answer, &outcome, &probes),
            (Diagnosis::NotFound { .. }, Err(closed)) => Preflight::new(
                PreflightResult::NothingTested,
                Some(nothing_tested(&self.client.endpoint.to_string(), closed, &self.hidden)),
            ),
            (Diagnosis::NotFound { requests }, Ok(refusal)) => {
                let (causes, fix) = self.explain_refusal(refusal.status);
                let notice = format!(
                    "The plain valid message {outcome}, and so were {requests} variations of it: {causes}. The cases that depend on an acceptance were not tested."
                );
                self.failed(answer, fix, notice)
            }
        }
    }

    /// The message is accepted with the differences of these probes.
    fn found(&mut self, answer: Result<&Answer, &TransportError>, outcome: &str, probes: &[Probe]) -> Preflight {
        let goes_on = probes.iter().all(|probe| probe.goes_on);
        let mut findings: Vec<(&'static str, Vec<&Probe>)> = Vec::new();
        for probe in probes {
            let case = if probe.case == PLAIN_CASE { self.plain_case() } else { probe.case };
            match findings.iter_mut().find(|(known, _)| *known == case) {
                Some((_, probes)) => probes.push(probe),
                None => findings.push((case, vec![probe])),
            }
        }
        let joined = |words: &mut dyn Iterator<Item = &str>, with: &str| words.collect::<Vec<_>>().join(with);
        let of_case = |(case, probes): (&'static str, Vec<&Probe>)| {
            let cause = joined(&mut probes.iter().map(|probe| probe.cause.as_str()), " ");
            let fix = probes.iter().find_map(|probe| probe.fix);
            (case, self.failure(answer, fix, Some(cause)))
        };
        let findings: Vec<_> = findings.into_iter().map(of_case).collect();
        let causes = joined(&mut probes.iter().map(|probe| probe.cause.as_str()), " ");
        let variations: Vec<String> = probes.iter().map(|probe| probe.variation.clone()).collect();
        let rest = if goes_on {
            format!("All other cases were run with this difference: {}.", variations.join(", and "))
        } else {
            "The cases that depend on an acceptance were not tested.".to_owned()
        };
        let notice = Some(format!("The plain valid message {outcome}. {causes} {rest}"));
        if goes_on {
            self.refused_by = findings.first().map(|(case, _)| *case);
            self.builder.variation =
                Variation { differences: probes.iter().map(|probe| probe.difference.clone()).collect() };
        }
        let variations = if goes_on { variations } else { Vec::new() };
        Preflight { variations, ..Preflight::new(PreflightResult::Refused { findings, goes_on }, notice) }
    }

    fn failed(&self, answer: Result<&Answer, &TransportError>, fix: Option<&'static str>, notice: String) -> Preflight {
        let findings = vec![(self.plain_case(), self.failure(answer, fix, None))];
        Preflight::new(PreflightResult::Refused { findings, goes_on: false }, Some(notice))
    }

    fn failure(
        &self,
        answer: Result<&Answer, &TransportError>,
        fix: Option<&'static str>,
        cause: Option<String>,
    ) -> Outcome {
        let request = self.builder.build(&RequestForm::default(), self.plain_flow(0));
        let request = request.map_or_else(|error| ShownRequest::words(error.to_string()), |request| request.shown);
        let took = answer.map_or(Duration::ZERO, |answer| answer.took);
        let actual = match answer {
            Ok(answer) => judge::describe_answer(answer, &self.hidden),
            Err(no_answer) => judge::no_answer_sentence(no_answer, &self.hidden),
        };
        let mismatch = Mismatch {
            expected: "accepted: a status from 200 to 299".to_owned(),
            actual,
            seen: answer.ok().map(AnswerExcerpt::of),
        };
        Outcome::Failed(Box::new(CaseFailure { fix, cause, ..CaseFailure::new(request, mismatch, took) }))
    }

    /// The case of the plain valid message.
    fn plain_case(&self) -> &'static str {
        let kind = AuthenticationKind::from(self.builder.authentication);
        let case = Case::all().iter().find(|case| case.plain && case.runs_with(kind));
        &case.expect("the catalogue is tested to have a plain valid message for each kind").id
    }
}

/// The fix for a status about load.
fn load_fix(status: u16) -> &'static str {
    match status {
        429 => "Raise the rate limit for this client, or give the run more time (--max-time 5m).",
        _ => "Start the endpoint, or what it depends on; --wait-ready 60s waits for it before the run.",
    }
}

/// The notice that nothing could be tested.
fn nothing_tested(url: &str, none: &TransportError, hidden: &[SecretEncodings]) -> String {
    match none {
        TransportError::Closed => format!(
            "{url} closed each of {MAX_TRIES} connections without an answer, so nothing was tested. Is it an HTTP server?"
        ),
        TransportError::TimedOut { after } => format!(
            "{url} gave no answer to a plain valid message within {} s, so nothing was tested. Is it an HTTP server, or does it hang?",
            after.as_secs_f32()
        ),
        TransportError::NoConnection { why } => format!(
            "No connection to {url}: {why}. Start the endpoint, correct the URL, or wait for it with --wait-ready 60s."
        ),
        other => {
            format!("{url} gave no HTTP answer, so nothing was tested: {}.", judge::no_answer_reason(other, hidden))
        }
    }
}
