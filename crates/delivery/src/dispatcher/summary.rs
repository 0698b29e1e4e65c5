//! The summary of an outcome that is stored and listed: short, safe to print, and without credentials.

use std::{borrow::Cow, error::Error};

use crate::{
    certificate::CertificateProblem,
    client::{
        answer_body::AnswerBody,
        outcome::{Outcome, TransportError},
        request::Request,
    },
};

/// The summary of an [`Outcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutcomeSummary {
    /// The endpoint answered.
    Answered {
        /// The status.
        status: u16,
        /// For a refusal: the problem's title and detail, or the beginning of the body, escaped and with the request's
        /// credentials masked.
        detail: Option<String>,
    },
    /// The endpoint did not answer.
    Unanswered {
        /// The stable name of [`TransportError::code`].
        code: Cow<'static, str>,
        /// What happened.
        message: String,
    },
    /// This side failed; the endpoint was not involved.
    Failed {
        /// What happened.
        message: String,
    },
}

impl OutcomeSummary {
    /// Summarizes the outcome of a request.
    pub fn new(request: &Request, outcome: &Outcome) -> Self {
        let redactor = request.redactor();
        match outcome {
            Outcome::Accepted(answer) => Self::Answered { status: answer.status.as_u16(), detail: None },
            Outcome::Declined(answer) => {
                let detail = AnswerBody::read(answer, &redactor).summary(answer, &redactor);
                Self::Answered { status: answer.status.as_u16(), detail }
            }
            Outcome::Unanswered(why) => {
                Self::Unanswered { code: why.code().into(), message: redactor.mask(&with_causes(why)) }
            }
            Outcome::Failed(why) => Self::Failed { message: redactor.mask(&with_causes(why)) },
        }
    }
}

/// The message of an error and of its causes. A refused certificate is explained.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    if let Some(TransportError::Untrusted(tls)) = error.downcast_ref()
        && let Some(problem) = CertificateProblem::of(tls)
    {
        return format!("{text}: {}", problem.reason);
    }
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use rustls::CertificateError;
    use schemas::BasicCredentials;

    use super::*;
    use crate::client::{
        answer::{Answer, AnswerEnd},
        outcome::LocalError,
    };

    fn declined(content_type: &'static str, body: &'static str) -> Outcome {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let body = Bytes::from_static(body.as_bytes());
        Outcome::answered(Answer { status: StatusCode::FORBIDDEN, headers, body, end: AnswerEnd::Whole })
    }

    #[test]
    fn an_outcome_is_summarized() {
        let request = Request::new(Bytes::new())
            .with_basic(&BasicCredentials::new("jo", "canary-1").unwrap())
            .with_secret("canary-2".into());
        let answered = |detail: &str| {
            let detail = Some(detail.to_owned()).filter(|detail| !detail.is_empty());
            OutcomeSummary::Answered { status: 403, detail }
        };
        let guarded = LocalError::Guarded { host: "a.example".to_owned(), address: [10, 0, 0, 1].into() };
        for (name, outcome, expected) in [
            ("nothing", declined("text/plain", ""), answered("")),
            (
                "a problem",
                declined("application/problem+json; charset=utf-8", r#"{"title":"No","detail":"not canary-2"}"#),
                answered("No: not ***"),
            ),
            ("JSON", declined("application/json", r#"{"got":"am86Y2FuYXJ5LTE="}"#), answered(r#"{"got":"***"}"#)),
            ("text", declined("text/html", "<h1>\u{1b}[2Jbasic am86Y2FuYXJ5LTE="), answered("<h1>\\u{1b}[2J***")),
            (
                "silence",
                Outcome::Unanswered(TransportError::ConnectionRefused),
                OutcomeSummary::Unanswered {
                    code: "connection-refused".into(),
                    message: "the connection was refused".to_owned(),
                },
            ),
            (
                "a certificate",
                Outcome::Unanswered(TransportError::Untrusted(CertificateError::UnknownIssuer.into())),
                OutcomeSummary::Unanswered {
                    code: "certificate-not-accepted".into(),
                    message: "the server's certificate is not accepted: no trusted authority signed it".to_owned(),
                },
            ),
            (
                "the guard",
                Outcome::Failed(guarded),
                OutcomeSummary::Failed { message: "`a.example` leads to 10.0.0.1, which is not allowed".to_owned() },
            ),
        ] {
            assert_eq!(OutcomeSummary::new(&request, &outcome), expected, "{name}");
        }
    }
}
