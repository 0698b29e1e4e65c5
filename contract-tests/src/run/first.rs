//! The plain valid message, on which everything else rests: what its fate says about the endpoint, in one sentence.

use std::time::{Duration, Instant};

use schemas::Authentication;
use tokio::time::{sleep, timeout};

use super::{
    backoff,
    outcome::{Fault, Outcome, Reason},
    performance::Performance,
};
use crate::{
    case::RequestForm,
    exchange::{Answer, NoAnswer},
    judge::{self, Complaint},
};

/// How much longer than usual the first answer is waited for, to tell a late one from none.
const PATIENCE: u32 = 4;
/// The remedy for an answer without an end.
const END_IT: &str = "End each answer: by its Content-Length, by the last chunk, or by closing the connection.";
/// The remedy for a late answer.
const SOONER: &str = "Answer first, and do the slow work afterwards.";
/// Tries before an endpoint that closes every connection is believed.
const TRIES: usize = 3;
/// How often an endpoint at which nothing answers is asked whether it is ready.
const READY_INTERVAL: Duration = Duration::from_millis(100);

/// What the plain valid message says about the endpoint.
pub(super) struct First {
    pub(super) fate: Fate,
    /// What a reader must know of it.
    pub(super) notice: Option<String>,
}

/// What became of the plain valid message.
pub(super) enum Fate {
    Accepted,
    /// Another answer came, or none in time; what rests on it is skipped for this reason.
    Failed {
        outcome: Box<Outcome>,
        reason: Reason,
    },
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

impl Performance<'_> {
    /// Waits until the endpoint answers a plain valid message, for at most this time. A proxy that accepts connections and
    /// closes them, a handshake that fails, and a status with which a proxy says that the endpoint is not there (502, 503,
    /// 504) are not answers of the endpoint; a rate limit (429) is one.
    pub(super) async fn wait_ready(&self, limit: Duration) {
        let waiting = async {
            for number in 0.. {
                let pause = match self.probe(self.dialer.timeout).await {
                    Ok(answer) if answer.is_unavailable() && answer.status != 429 => {
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
    /// about load or start-up.
    pub(super) async fn first(&self) -> First {
        let url = self.dialer.endpoint.to_string();
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
                        break;
                    }
                    sleep(pause).await;
                    pauses += 1;
                    match self.probe(usual).await {
                        // Cut off by the end of the run.
                        Err(NoAnswer::TimedOut { .. }) if Instant::now() >= self.end => break,
                        next => answer = next,
                    }
                }
                _ => break,
            }
        }
        match answer {
            Ok(answer) if matches!(answer.status, 429 | 503) => First {
                notice: Some(format!(
                    "{url} answered every plain valid message {} until the time of the run was over, so nothing was tested. {}",
                    answer.status, throttled(answer.status)
                )),
                fate: Fate::Throttled { status: answer.status },
            },
            Ok(answer) if answer.took > usual => self.late(&answer).await,
            Ok(answer) if answer.is_acceptance() => First { fate: Fate::Accepted, notice: None },
            Ok(answer) => self.refused(&answer),
            Err(NoAnswer::Certificate { why }) => First {
                notice: Some(format!(
                    "The certificate of {url} does not hold: {why}. No credential was sent there, so nothing else was tested."
                )),
                fate: Fate::Certificate { why },
            },
            Err(broken @ NoAnswer::Broken { .. }) => {
                self.failed(Err(&broken), Reason::Refused { for_credential: true }, Some("Send the whole answer before the connection is closed."), format!(
                    "{url} closed the connection in the middle of each answer to a plain valid message, so nothing else was tested."
                ))
            }
            Err(unfinished @ NoAnswer::Unfinished { .. }) => {
                let notice = format!(
                    "{url} accepted the connection, but {unfinished}, so nothing else was tested. {END_IT}"
                );
                self.failed(Err(&unfinished), Reason::Refused { for_credential: false }, Some(END_IT), notice)
            }
            Err(none) => First { fate: Fate::NothingTested, notice: Some(nothing(&url, &none)) },
        }
    }

    /// Two more messages at once tell a slow endpoint from one that had to wake up.
    async fn late(&self, late: &Answer) -> First {
        let usual = self.dialer.timeout;
        let took = late.took.as_secs_f32();
        let more = tokio::join!(self.plain(1, usual), self.plain(2, usual));
        match more {
            (Ok(one), Ok(_)) if one.is_acceptance() => First {
                fate: Fate::Accepted,
                notice: Some(format!(
                    "The first answer took {took:.1} s, the next ones came in time: the endpoint seems to have had to wake up."
                )),
            },
            (Ok(one), Ok(_)) if one.is_unavailable() && late.is_acceptance() => {
                First { fate: Fate::Accepted, notice: None }
            }
            (Ok(one), Ok(_)) => self.refused(&one),
            _ => {
                self.stop();
                let notice = format!(
                    "The endpoint takes too long: it answered a plain valid message after {took:.1} s, and two more not within {} s, so the rest was not tested. {SOONER}",
                    usual.as_secs_f32()
                );
                self.failed(Ok(late), Reason::TooSlow, Some(SOONER), notice)
            }
        }
    }

    fn refused(&self, answer: &Answer) -> First {
        let status = answer.status;
        let Reading { words, mend, for_credential } = self.reading(status);
        let notice = format!(
            "The plain valid message was answered with {status} instead of a status from 200 to 299: {words}. What rests on an acceptance was not tested."
        );
        self.failed(Ok(answer), Reason::Refused { for_credential }, mend, notice)
    }

    fn failed(
        &self,
        answer: Result<&Answer, &NoAnswer>,
        reason: Reason,
        mend: Option<&'static str>,
        notice: String,
    ) -> First {
        let request = self.maker.make(&RequestForm::default(), self.plain_flow(0));
        let request = request.map_or_else(|error| error.to_string(), |request| request.shown);
        let took = answer.map_or(Duration::ZERO, |answer| answer.took);
        let came = match answer {
            Ok(answer) if answer.took > self.dialer.timeout => {
                format!("after {:.1} s {}", took.as_secs_f32(), judge::came(answer, &self.hidden))
            }
            Ok(answer) => judge::came(answer, &self.hidden),
            Err(no_answer) => judge::sentence(no_answer),
        };
        let within = self.dialer.timeout.as_secs_f32();
        let complaint = Complaint { expected: format!("accepted within {within} s: a status from 200 to 299"), came };
        let outcome = Box::new(Outcome::Failed(Box::new(Fault { request, complaint, mend, took, may_be_load: false })));
        First { fate: Fate::Failed { outcome, reason }, notice: Some(notice) }
    }

    /// Every reading of a status that is no acceptance.
    fn reading(&self, status: u16) -> Reading {
        let given = !matches!(self.maker.authentication, Authentication::None);
        let (words, mend, for_credential) = match status {
            401 | 403 if !given => (
                "the endpoint expects a credential: give it with --client-secret, or --username and --password",
                Some("Give the credential that the endpoint expects, or let it expect none."),
                false,
            ),
            401 | 403 => (
                "either the credential given is not the one that the endpoint expects, or the endpoint handles the right one wrongly",
                None,
                true,
            ),
            404 | 410 => (
                "either the URL's path is not that of the endpoint, or the route is not there yet",
                Some("Correct the URL, or add the route."),
                false,
            ),
            405 | 501 => (
                "either the URL is not that of the endpoint, or the endpoint takes no POST",
                Some("Correct the URL, or let the endpoint take POST."),
                false,
            ),
            300..400 => (
                "either the URL is not quite that of the endpoint (http for https, a missing or superfluous slash), or the endpoint asks for a login that no webhook can do",
                Some("Give the URL that it redirects to, or answer at this one without a login."),
                false,
            ),
            502 | 504 | 509 | 520..=530 => (
                "something in front of the endpoint does not get its answer",
                Some("Start the endpoint behind it; the log of what is in front should say which."),
                false,
            ),
            500.. => (
                "either the endpoint fails on a valid message, or what it depends on is not there; its log should say which",
                Some("Find the error in the endpoint's log, and mend what it names."),
                given,
            ),
            400 | 415 | 422 => (
                "either the endpoint refuses a valid message, or it is not given the credential that it expects, or its messages have other property names (--profile)",
                None,
                given,
            ),
            _ => (
                "either the URL is not that of the endpoint, or the endpoint handles a valid message wrongly",
                None,
                given,
            ),
        };
        let special = if for_credential { self.special() } else { String::new() };
        Reading { words: format!("{words}{special}"), mend, for_credential }
    }

    /// What about the credential is often handled wrongly.
    fn special(&self) -> String {
        let (whole, colon) = match self.maker.authentication {
            Authentication::None => return String::new(),
            Authentication::ClientSecret { client_secret } => (client_secret.expose().to_owned(), false),
            Authentication::Basic(basic) => {
                (format!("{}{}", basic.username(), basic.expose_password()), basic.expose_password().contains(':'))
            }
        };
        let mut special = Vec::new();
        if colon {
            special.push("a colon in the password");
        }
        if !whole.is_ascii() {
            special.push("characters beyond ASCII");
        }
        if whole.len() > 64 {
            special.push("more than 64 bytes");
        }
        if whole.trim() != whole {
            special.push("a space at an end");
        }
        if special.is_empty() {
            String::new()
        } else {
            format!(
                " (the credential has {}; where that is not the cause, what fails beside it tells nothing)",
                special.join(", ")
            )
        }
    }
}

/// What a status may mean, and how that is mended.
struct Reading {
    words: String,
    mend: Option<&'static str>,
    for_credential: bool,
}

/// The remedy for a status about load.
fn throttled(status: u16) -> &'static str {
    match status {
        429 => "Raise the rate limit for this client, or give the run more time (--max-time 5m).",
        _ => "Start the endpoint, or what it depends on; --wait-ready 60s waits for it before the run.",
    }
}

/// Why nothing could be tested.
fn nothing(url: &str, none: &NoAnswer) -> String {
    match none {
        NoAnswer::Closed => format!(
            "{url} closed each of {TRIES} connections without an answer, so nothing was tested. Does a program for HTTP listen there?"
        ),
        NoAnswer::TimedOut { after } => format!(
            "{url} gave no answer to a plain valid message within {} s, so nothing was tested. Does a program for HTTP listen there, or is it stuck?",
            after.as_secs_f32()
        ),
        NoAnswer::NoConnection { why } => format!(
            "No connection to {url}: {why}. Start the endpoint, correct the URL, or let this program wait for it with --wait-ready."
        ),
        other => format!("{url} gave no HTTP answer, so nothing was tested: {other}."),
    }
}
