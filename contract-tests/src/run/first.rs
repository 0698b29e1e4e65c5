//! The plain valid message, on which everything else rests: what its fate says about the endpoint, in one sentence.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::{
    backoff,
    diagnosis::Diagnosis,
    outcome::{Fault, Outcome},
    performance::Performance,
    probe::{PLAIN, Probe},
};
use crate::{
    case::{Case, RequestForm},
    credential,
    curl::Shown,
    exchange::{Answer, NoAnswer},
    hint::Seen,
    judge::{self, Complaint},
    spelling::Spellings,
    variation::Variation,
};

/// How much longer than usual the first answer is waited for, to tell a late one from none.
const PATIENCE: u32 = 4;
/// The remedy for an answer without an end.
const END_IT: &str = "End each answer: by its Content-Length, by the last chunk, or by closing the connection.";
/// The remedy for an answer that is cut off.
const WHOLE: &str = "Send the whole answer before the connection is closed.";
/// The remedy for a late answer.
const SOONER: &str =
    "Answer first and do the slow work after that, or give each answer more time (--timeout 20s --max-time 30m).";
/// Tries before an endpoint that closes every connection is believed.
const TRIES: usize = 3;
/// How often an endpoint at which nothing answers is asked whether it is ready.
const READY_INTERVAL: Duration = Duration::from_millis(100);

/// What the plain valid message says about the endpoint.
pub(super) struct First {
    pub(super) fate: Fate,
    /// What a reader must know of it.
    pub(super) notice: Option<String>,
    /// How long the acceptance took, where it was accepted at once.
    pub(super) took: Option<Duration>,
    /// In what every further request differs from the plain valid message, in words.
    pub(super) variations: Vec<String>,
}

/// What became of the plain valid message.
pub(super) enum Fate {
    Accepted,
    /// It was refused.
    Refused {
        /// The cases that fail because of that, each with what is wrong. At least one.
        findings: Vec<(&'static str, Outcome)>,
        /// Whether it is accepted with a difference with which the other cases are run.
        goes_on: bool,
    },
    /// It was accepted too late for any other case to be run.
    TooSlow,
    /// No credential goes there.
    Certificate {
        why: String,
    },
    /// All that comes is a status about load.
    Throttled {
        status: u16,
    },
    /// There is no connection or no HTTP answer at all.
    NothingTested,
}

impl First {
    fn new(fate: Fate, notice: Option<String>) -> Self {
        Self { fate, notice, took: None, variations: Vec::new() }
    }
}

impl Performance<'_> {
    /// Waits until the endpoint answers a plain valid message, for at most this time. A proxy that accepts connections and
    /// closes them, a handshake that fails, and a status with which a proxy says that the endpoint is not there (502, 503,
    /// 504) are not answers of the endpoint; a rate limit (429) is one.
    pub(super) async fn wait_ready(&self, limit: Duration) {
        let waiting = async {
            for number in 0.. {
                let pause = match self.probe(self.dialer.timeout).await {
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

    /// Sends the plain valid message, some more times where nothing comes, and until the end of the run while the answer is
    /// about load or start-up. Where it is refused, probes tell why; with `safe` only those with the right credential.
    pub(super) async fn first(&mut self, safe: bool) -> First {
        let url = self.dialer.endpoint.to_string();
        let usual = self.dialer.timeout;
        match self.first_answer().await {
            Ok(answer) if matches!(answer.status, 429 | 503) => First::new(
                Fate::Throttled { status: answer.status },
                Some(format!(
                    "{url} answered every plain valid message {} until the time of the run was over, so nothing was tested. {}",
                    answer.status,
                    throttled(answer.status)
                )),
            ),
            Ok(answer) if answer.took > usual => self.late(&answer, safe).await,
            Ok(answer) if answer.is_acceptance() => {
                First { took: Some(answer.took), ..First::new(Fate::Accepted, None) }
            }
            Ok(answer) => self.refused(Ok(&answer), safe).await,
            Err(NoAnswer::Certificate { why }) => {
                let notice = format!(
                    "The certificate of {url} is not valid: {why}. No credential was sent there, so nothing else was tested."
                );
                First::new(Fate::Certificate { why }, Some(notice))
            }
            Err(broken @ NoAnswer::Broken { .. }) => {
                let notice = format!(
                    "{url} closed the connection in the middle of each answer to a plain valid message, so nothing else was tested."
                );
                self.failed(Err(&broken), Some(WHOLE), notice)
            }
            Err(unfinished @ NoAnswer::Unfinished { .. }) => {
                let notice =
                    format!("{url} accepted the connection, but {unfinished}, so nothing else was tested. {END_IT}");
                self.failed(Err(&unfinished), Some(END_IT), notice)
            }
            // Some servers close the connection where they do not know the host.
            Err(closed @ NoAnswer::Closed) => self.refused(Err(&closed), safe).await,
            Err(none) => First::new(Fate::NothingTested, Some(nothing(&url, &none, &self.hidden))),
        }
    }

    async fn first_answer(&self) -> Result<Answer, NoAnswer> {
        let usual = self.dialer.timeout;
        let mut answer = self.plain(0, usual * PATIENCE).await;
        let (mut tries, mut pauses) = (1, 0);
        loop {
            match &answer {
                Err(NoAnswer::Closed | NoAnswer::Broken { .. }) if tries < TRIES => {
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
                        Err(NoAnswer::TimedOut { .. }) if Instant::now() >= self.end => return answer,
                        next => answer = next,
                    }
                }
                _ => return answer,
            }
        }
    }

    /// Two more messages, one after the other, tell a slow endpoint from one that had to wake up.
    async fn late(&mut self, late: &Answer, safe: bool) -> First {
        let usual = self.dialer.timeout;
        let took = late.took.as_secs_f32();
        for number in [1, 2] {
            match self.plain(number, usual).await {
                Ok(next) if next.is_acceptance() => {
                    return First::new(
                        Fate::Accepted,
                        Some(format!(
                            "The first answer took {took:.1} s, the next ones came in time: the endpoint probably had to start up."
                        )),
                    );
                }
                Ok(next) if next.is_unavailable() && late.is_acceptance() => return First::new(Fate::Accepted, None),
                Ok(next) => return self.refused(Ok(&next), safe).await,
                Err(_) => {}
            }
        }
        if !late.is_acceptance() {
            return self.refused(Ok(late), safe).await;
        }
        let notice = format!(
            "The endpoint is too slow: it accepted a plain valid message after {took:.1} s, and two more got no answer within {} s, so the rest was not tested. {SOONER}",
            usual.as_secs_f32()
        );
        First::new(Fate::TooSlow, Some(notice))
    }

    /// The plain valid message got another answer than an acceptance, or none on each connection.
    async fn refused(&mut self, answer: Result<&Answer, &NoAnswer>, safe: bool) -> First {
        let came = match answer {
            Ok(answer) => format!("was answered with {} instead of a status from 200 to 299", answer.status),
            Err(_) => format!("got no answer: each of {TRIES} connections was closed"),
        };
        match (self.diagnose(safe).await, answer) {
            (Diagnosis::AcceptedNow, _) => First::new(
                Fate::Accepted,
                Some(format!(
                    "The plain valid message {came} at first, and the same message was accepted later: the endpoint was not ready, or does not always do the same."
                )),
            ),
            (Diagnosis::Found(probes), _) => self.found(answer, &came, &probes),
            (Diagnosis::NotFound { .. }, Err(closed)) => {
                First::new(Fate::NothingTested, Some(nothing(&self.dialer.endpoint.to_string(), closed, &self.hidden)))
            }
            (Diagnosis::NotFound { requests }, Ok(refusal)) => {
                let (words, mend) = self.reading(refusal.status);
                let notice = format!(
                    "The plain valid message {came}, and so were {requests} variations of it: {words}. What rests on an acceptance was not tested."
                );
                self.failed(answer, mend, notice)
            }
        }
    }

    /// The message is accepted with these differences.
    fn found(&mut self, answer: Result<&Answer, &NoAnswer>, came: &str, probes: &[Probe]) -> First {
        let goes_on = probes.iter().all(|probe| probe.goes_on);
        let mut findings: Vec<(&'static str, Vec<&Probe>)> = Vec::new();
        for probe in probes {
            let case = if probe.case == PLAIN { self.plain_case() } else { probe.case };
            match findings.iter_mut().find(|(known, _)| *known == case) {
                Some((_, probes)) => probes.push(probe),
                None => findings.push((case, vec![probe])),
            }
        }
        let joined = |words: &mut dyn Iterator<Item = &str>, with: &str| words.collect::<Vec<_>>().join(with);
        let of_case = |(case, probes): (&'static str, Vec<&Probe>)| {
            let cause = joined(&mut probes.iter().map(|probe| probe.cause.as_str()), " ");
            let mend = probes.iter().find_map(|probe| probe.mend);
            (case, self.fault(answer, mend, Some(cause)))
        };
        let findings: Vec<_> = findings.into_iter().map(of_case).collect();
        let causes = joined(&mut probes.iter().map(|probe| probe.cause.as_str()), " ");
        let variations: Vec<String> = probes.iter().map(|probe| probe.variation.clone()).collect();
        let rest = if goes_on {
            format!("Everything else was sent with that difference: {}.", variations.join(", and "))
        } else {
            "What rests on an acceptance was not tested.".to_owned()
        };
        let notice = Some(format!("The plain valid message {came}. {causes} {rest}"));
        if goes_on {
            self.refused_by = findings.first().map(|(case, _)| *case);
            self.maker.variation =
                Variation { differences: probes.iter().map(|probe| probe.difference.clone()).collect() };
        }
        let variations = if goes_on { variations } else { Vec::new() };
        First { variations, ..First::new(Fate::Refused { findings, goes_on }, notice) }
    }

    fn failed(&self, answer: Result<&Answer, &NoAnswer>, mend: Option<&'static str>, notice: String) -> First {
        let findings = vec![(self.plain_case(), self.fault(answer, mend, None))];
        First::new(Fate::Refused { findings, goes_on: false }, Some(notice))
    }

    fn fault(&self, answer: Result<&Answer, &NoAnswer>, mend: Option<&'static str>, cause: Option<String>) -> Outcome {
        let request = self.maker.make(&RequestForm::default(), self.plain_flow(0));
        let request = request.map_or_else(|error| Shown::words(error.to_string()), |request| request.shown);
        let took = answer.map_or(Duration::ZERO, |answer| answer.took);
        let came = match answer {
            Ok(answer) => judge::came(answer, &self.hidden),
            Err(no_answer) => judge::sentence(no_answer, &self.hidden),
        };
        let complaint = Complaint {
            expected: "accepted: a status from 200 to 299".to_owned(),
            came,
            seen: answer.ok().map(Seen::of),
        };
        Outcome::Failed(Box::new(Fault { request, complaint, mend, cause, took, may_be_load: false }))
    }

    /// The case of the plain valid message.
    fn plain_case(&self) -> &'static str {
        let kind = credential::kind(self.maker.authentication);
        let case = Case::all().iter().find(|case| case.plain && case.runs_with(kind));
        &case.expect("the catalogue is tested to have a plain valid message for each kind").id
    }
}

/// The remedy for a status about load.
fn throttled(status: u16) -> &'static str {
    match status {
        429 => "Raise the rate limit for this client, or give the run more time (--max-time 5m).",
        _ => "Start the endpoint, or what it depends on; --wait-ready 60s waits for it before the run.",
    }
}

/// Why nothing could be tested.
fn nothing(url: &str, none: &NoAnswer, hidden: &[Spellings]) -> String {
    match none {
        NoAnswer::Closed => format!(
            "{url} closed each of {TRIES} connections without an answer, so nothing was tested. Is it an HTTP server?"
        ),
        NoAnswer::TimedOut { after } => format!(
            "{url} gave no answer to a plain valid message within {} s, so nothing was tested. Is it an HTTP server, and is it not stuck?",
            after.as_secs_f32()
        ),
        NoAnswer::NoConnection { why } => format!(
            "No connection to {url}: {why}. Start the endpoint, correct the URL, or let this program wait for it with --wait-ready."
        ),
        other => format!("{url} gave no HTTP answer, so nothing was tested: {}.", judge::reason(other, hidden)),
    }
}
