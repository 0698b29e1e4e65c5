//! An outcome in short, as it is kept and listed: harmless words without a credential.

use std::error::Error;

use rustls::CertificateError;

use super::{
    answer_body::AnswerBody,
    outcome::{NoAnswer, Outcome},
    request::Request,
};

/// An outcome as it is kept: whose matter it was, and a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summary {
    /// The endpoint answered.
    Answered {
        /// The status.
        status: u16,
        /// Of a refusal: the problem's title and detail, or the beginning of the body, harmless and with the
        /// credentials of the request masked.
        detail: Option<String>,
    },
    /// The endpoint did not answer.
    Unanswered {
        /// The stable name of [`super::NoAnswer::code`].
        code: &'static str,
        /// The words for it.
        words: String,
    },
    /// This side failed; the endpoint has nothing to do with it.
    Failed {
        /// Why.
        words: String,
    },
}

impl Summary {
    /// The summary of what came of a request.
    pub fn new(request: &Request, outcome: &Outcome) -> Self {
        let redactor = request.redactor();
        match outcome {
            Outcome::Accepted(answer) => Self::Answered { status: answer.status.as_u16(), detail: None },
            Outcome::Declined(answer) => {
                let detail = AnswerBody::read(answer, &redactor).words(answer, &redactor);
                Self::Answered { status: answer.status.as_u16(), detail }
            }
            Outcome::Unanswered(why) => Self::Unanswered { code: why.code(), words: redactor.mask(&with_causes(why)) },
            Outcome::Failed(why) => Self::Failed { words: redactor.mask(&with_causes(why)) },
        }
    }
}

/// An error with what caused it, each once. A certificate's refusal is put into words of its own.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    if let Some(NoAnswer::Untrusted(tls)) = error.downcast_ref() {
        return format!("{text}: {}", certificate(tls));
    }
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Why a certificate is not accepted, in words.
fn certificate(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(why) = error else { return error.to_string() };
    match why {
        CertificateError::UnknownIssuer => "none of the trusted authorities signed it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host".to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::delivery::{Answer, AnswerEnd, ThisSideFailed};

    fn declined(content_type: &'static str, body: &'static str) -> Outcome {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let body = Bytes::from_static(body.as_bytes());
        Outcome::answered(Answer { status: StatusCode::FORBIDDEN, headers, body, end: AnswerEnd::Whole })
    }

    #[test]
    fn an_outcome_is_kept_in_a_few_words() {
        let request = Request::new(Bytes::new())
            .with_authorization(&"basic am86Y2FuYXJ5LTE=".into())
            .unwrap()
            .with_secret("canary-2".into());
        let answered = |detail: &str| {
            let detail = Some(detail.to_owned()).filter(|detail| !detail.is_empty());
            Summary::Answered { status: 403, detail }
        };
        let guarded = ThisSideFailed::Guarded { host: "a.example".to_owned(), address: [10, 0, 0, 1].into() };
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
                Outcome::Unanswered(NoAnswer::ConnectionRefused),
                Summary::Unanswered { code: "connection-refused", words: "the connection was refused".to_owned() },
            ),
            (
                "a certificate",
                Outcome::Unanswered(NoAnswer::Untrusted(CertificateError::UnknownIssuer.into())),
                Summary::Unanswered {
                    code: "certificate-not-accepted",
                    words: "the server's certificate is not accepted: none of the trusted authorities signed it"
                        .to_owned(),
                },
            ),
            (
                "the guard",
                Outcome::Failed(guarded),
                Summary::Failed { words: "`a.example` leads to 10.0.0.1, which may not be called".to_owned() },
            ),
        ] {
            assert_eq!(Summary::new(&request, &outcome), expected, "{name}");
        }
    }
}
