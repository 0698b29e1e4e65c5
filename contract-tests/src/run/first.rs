//! The plain valid message, on which everything else rests: what its fate says about the endpoint, in one sentence.

use std::time::Duration;

use schemas::{Authentication, Clause};

use super::performance::{Outcome, Performance};
use crate::{
    case::{Case, RequestForm},
    exchange::{Answer, NoAnswer},
    judge::{self, Complaint},
};

/// How much longer than usual the first answer is waited for, to tell a late one from none.
const PATIENCE: u32 = 4;
/// Tries before an endpoint that closes every connection is believed.
const TRIES: usize = 3;

/// What became of the plain valid message.
pub(super) enum First {
    Accepted {
        notice: Option<String>,
    },
    /// Another answer came.
    Refused {
        outcome: Box<Outcome>,
        notice: String,
    },
    /// Answers come, but too late.
    TooSlow {
        outcome: Box<Outcome>,
        notice: String,
    },
    /// No credential goes there.
    Certificate {
        why: String,
        notice: String,
    },
    /// There is no connection or no HTTP answer at all.
    NothingTested(String),
}

impl Performance<'_> {
    /// Sends the plain valid message, some more times where nothing comes.
    pub(super) async fn first(&self, case: &Case) -> First {
        let url = self.dialer.endpoint.to_string();
        let usual = self.dialer.timeout;
        let mut answer = self.plain(0, usual * PATIENCE).await;
        let mut tries = 1;
        while matches!(answer, Err(NoAnswer::Closed | NoAnswer::Broken { .. })) && tries < TRIES {
            answer = self.plain(tries, usual).await;
            tries += 1;
        }
        match answer {
            Ok(answer) if answer.took > usual => self.late(case, &answer).await,
            Ok(answer) if (200..300).contains(&answer.status) => First::Accepted { notice: None },
            Ok(answer) => {
                let notice = self.readings(&answer);
                First::Refused { outcome: Box::new(self.failed(case, Ok(&answer))), notice }
            }
            Err(NoAnswer::Certificate { why }) => {
                let notice = format!(
                    "The certificate of {url} does not hold: {why}. No credential was sent there, so nothing else was tested."
                );
                First::Certificate { why, notice }
            }
            Err(NoAnswer::Broken { status }) => {
                let notice = format!(
                    "{url} closed the connection in the middle of each answer to a plain valid message, so nothing else was tested."
                );
                First::Refused { outcome: Box::new(self.failed(case, Err(&NoAnswer::Broken { status }))), notice }
            }
            Err(NoAnswer::Closed) => First::NothingTested(format!(
                "{url} closed each of {TRIES} connections without an answer, so nothing was tested. Does a program for HTTP listen there?"
            )),
            Err(NoAnswer::TimedOut { after }) => First::NothingTested(format!(
                "{url} gave no answer to a plain valid message within {} s, so nothing was tested. Does a program for HTTP listen there, or is it stuck?",
                after.as_secs_f32()
            )),
            Err(NoAnswer::NoConnection { why }) => First::NothingTested(format!(
                "No connection to {url}: {why}. Start the endpoint, correct the URL, or let this program wait for it with --wait-ready."
            )),
            Err(other @ (NoAnswer::Tls { .. } | NoAnswer::NotHttp { .. } | NoAnswer::NoHttp2)) => {
                First::NothingTested(format!("{url} gave no HTTP answer, so nothing was tested: {other}."))
            }
        }
    }

    async fn plain(&self, number: usize, limit: Duration) -> Result<Answer, NoAnswer> {
        let Ok(request) = self.maker.make(&RequestForm::default(), self.plain_flow(number)) else {
            return Err(NoAnswer::NoConnection { why: "the plain message cannot be made".to_owned() });
        };
        let answer = self.dialer.send_within(&request, limit).await;
        self.keep(&request, answer.clone(), true);
        answer
    }

    /// Two more messages at once tell a slow endpoint from one that had to wake up.
    async fn late(&self, case: &Case, late: &Answer) -> First {
        let usual = self.dialer.timeout;
        let took = late.took.as_secs_f32();
        let more = tokio::join!(self.plain(1, usual), self.plain(2, usual));
        match more {
            (Ok(one), Ok(_)) if (200..300).contains(&one.status) => First::Accepted {
                notice: Some(format!(
                    "The first answer took {took:.1} s, the next ones came in time: the endpoint seems to have had to wake up."
                )),
            },
            (Ok(one), Ok(_)) => {
                let notice = self.readings(&one);
                First::Refused { outcome: Box::new(self.failed(case, Ok(&one))), notice }
            }
            _ => First::TooSlow {
                outcome: Box::new(self.failed(case, Ok(late))),
                notice: format!(
                    "The endpoint takes too long: it answered a plain valid message after {took:.1} s, and two more not within {} s, so the rest was not tested. Answer first, and do the slow work afterwards.",
                    usual.as_secs_f32()
                ),
            },
        }
    }

    fn failed(&self, case: &Case, answer: Result<&Answer, &NoAnswer>) -> Outcome {
        let clause = Clause::find(&case.clause).expect("the catalogue is tested to name clauses of the contract only");
        let request = self.maker.make(&RequestForm::default(), self.plain_flow(0));
        let took = answer.map_or(Duration::ZERO, |answer| answer.took);
        let came = match answer {
            Ok(answer) if answer.took > self.dialer.timeout => {
                format!("after {:.1} s {}", took.as_secs_f32(), judge::came(answer, &self.expected))
            }
            Ok(answer) => judge::came(answer, &self.expected),
            Err(no_answer) => judge::sentence(no_answer),
        };
        let within = self.dialer.timeout.as_secs_f32();
        let expected = judge::with_reason(&format!("accepted within {within} s: a status from 200 to 299"), clause);
        let request = request.map_or_else(|error| error.to_string(), |request| request.shown);
        Outcome::Failed { request, complaint: Complaint { expected, came }, took, may_be_load: false }
    }

    /// Every reading of an answer that is no acceptance.
    fn readings(&self, answer: &Answer) -> String {
        let status = answer.status;
        let reading = match (status, self.maker.authentication) {
            (401 | 403, Authentication::None) => {
                "the endpoint expects a credential: give it with --client-secret, or --username and --password".to_owned()
            }
            (401 | 403, _) => format!(
                "either the credential given is not the one that the endpoint expects, or the endpoint handles the right one wrongly{}",
                self.special()
            ),
            (404 | 410, _) => "either the URL's path is not that of the endpoint, or the route is not there yet".to_owned(),
            (405 | 501, _) => "either the URL is not that of the endpoint, or the endpoint takes no POST".to_owned(),
            (300..400, _) => "either the URL is not quite that of the endpoint (http for https, a missing or superfluous slash), or the endpoint asks for a login that no webhook can do".to_owned(),
            (500.., _) => "either the endpoint fails on a valid message, or what it depends on is not there; its log should say which".to_owned(),
            (429, _) => "the endpoint limits how many messages it takes".to_owned(),
            (400 | 415 | 422, _) => format!(
                "either the endpoint refuses a valid message, or it is not given the credential that it expects, or its messages have other property names (--profile){}",
                self.special()
            ),
            _ => "either the URL is not that of the endpoint, or the endpoint handles a valid message wrongly".to_owned(),
        };
        format!(
            "The plain valid message was answered with {status} instead of a status from 200 to 299: {reading}. What rests on an acceptance was not tested."
        )
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
        if special.is_empty() { String::new() } else { format!(" (this one has {})", special.join(", ")) }
    }
}
