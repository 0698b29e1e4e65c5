//! What was wrong with a refused request, and what to do.

use schemas::{Clause, authentication::AuthenticationKind};
use serde::Serialize;

use super::{
    check::{Check, CheckOutcome, checks},
    refused_request::{CredentialFault, RefusedRequest},
    rings::RefusalKind,
};
use crate::verify::NearMiss;

/// Why a request was refused, for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    /// What is wrong, as one sentence.
    pub(crate) sentence: String,
    /// What to do next.
    pub(crate) advice: String,
    /// Every check in the order of the pipeline.
    pub(crate) checks: Vec<Check>,
}

/// A refused request with its explanation, for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainedRequest {
    pub(crate) request: RefusedRequest,
    pub(crate) explanation: Explanation,
    pub(crate) kind: Option<RefusalKind>,
}

impl ExplainedRequest {
    pub(crate) fn of(request: RefusedRequest, kind: Option<RefusalKind>) -> Self {
        Self { explanation: explain(&request), request, kind }
    }
}

impl Explanation {
    /// The clause that the check that failed enforces.
    pub(crate) fn failed_clause(&self) -> Option<&'static Clause> {
        let failed = self.checks.iter().find(|check| check.outcome == CheckOutcome::Failed)?;
        Clause::find(failed.clause.as_deref()?)
    }
}

/// Explains a refused request. The same request always has the same explanation.
pub(crate) fn explain(refused: &RefusedRequest) -> Explanation {
    let (sentence, advice) = match &refused.near_miss {
        Some(near) if !matches!(near, NearMiss::NotNear | NearMiss::NotExamined) => near_miss(refused, near),
        _ => by_code(refused),
    };
    Explanation { sentence, advice, checks: checks(refused) }
}

/// What is wrong with a request that has this code, if nothing else is known.
pub(crate) fn explain_code(code: &str) -> &'static str {
    match code {
        "bad-request" => "The head of the request is malformed.",
        "body-broken" => "The connection or the chunked coding broke before the body was complete.",
        "body-timeout" => "The body was not complete within `body_timeout`.",
        "basic-refused" => "The Basic credential is missing, malformed or wrong.",
        "client-secret-refused" => "The client secret is missing, not a string, or wrong.",
        "too-large" => "The body is larger than `body_bytes`.",
        "unsupported-media-type" => "The body is not announced as plain JSON.",
        "ambiguous" => "A name that the profile needs is repeated in its object.",
        "not-json" => "The body is not JSON in UTF-8.",
        "not-a-message" => "The body is JSON, but not an object with at least one member.",
        "nonconforming" => "The message breaks the contract, and the endpoint rejects such messages.",
        "expectation-failed" => "The Expect header is not exactly `100-continue`.",
        "not-found" => "No endpoint has this path.",
        "method-not-allowed" => "The method is not POST.",
        "unavailable" => "The message could not be stored.",
        "overloaded" => "The limit `requests` or `bodies_bytes` was reached.",
        "head-too-large" => "The head has more bytes or fields than `header_bytes` and `header_fields` allow.",
        _ => "The request was refused.",
    }
}

fn by_code(refused: &RefusedRequest) -> (String, String) {
    let (shape, fault) = (&refused.shape, &refused.fault);
    let general = explain_code(&refused.code);
    let reason = || format!("{}.", capitalized(&refused.reason));
    match &*refused.code {
        "basic-refused" | "client-secret-refused" => credential(refused),
        "bad-request" => (reason(), "Correct the client or the proxy in front of the receiver.".to_owned()),
        "not-found" => {
            let advice = match &refused.nearest_path {
                Some(path) => {
                    format!("Probably {path} is meant: correct the endpoint URL in the product's webhook form.")
                }
                None => "Correct the endpoint URL in the product's webhook form, or add an endpoint with this path."
                    .to_owned(),
            };
            (format!("No endpoint has the path {}.", shape.target), advice)
        }
        "method-not-allowed" => (
            format!("The method is {}, but an endpoint accepts only POST.", shape.method),
            "Send messages with POST. A GET usually comes from a browser, a health check or a redirect.".to_owned(),
        ),
        "unsupported-media-type" => {
            let sent = match (&shape.content_type, &shape.content_encoding) {
                (content_type, Some(coding)) if refused.reason.contains("coding") => {
                    format!("{} with Content-Encoding {coding}", content_type.as_deref().unwrap_or("no content type"))
                }
                (Some(content_type), _) => content_type.clone(),
                (None, _) => "no content type".to_owned(),
            };
            (
                format!("{}: the request has {sent}.", capitalized(&refused.reason)),
                "Send `Content-Type: application/json`, in UTF-8 and without Content-Encoding.".to_owned(),
            )
        }
        "too-large" => {
            let announced =
                shape.announced_bytes.map(|bytes| format!("; it announced {bytes} bytes")).unwrap_or_default();
            (
                format!("{}{announced}.", capitalized(&refused.reason)),
                "If such messages are expected, raise `limits.body_bytes`.".to_owned(),
            )
        }
        "not-json" => {
            let advice = match (fault.line, fault.column) {
                (Some(line), Some(column)) => {
                    format!("Correct the body at line {line}, column {column}. A message is one JSON object in UTF-8.")
                }
                _ => "Send one JSON object in UTF-8.".to_owned(),
            };
            (reason(), advice)
        }
        "ambiguous" => {
            let place = fault.pointer.as_deref().map(|pointer| format!(" {pointer}")).unwrap_or_default();
            (
                reason(),
                format!("Send the member{place} once. Programs that read it twice could disagree about its value."),
            )
        }
        "nonconforming" => {
            let place = fault.pointer.as_deref().filter(|pointer| !pointer.is_empty()).unwrap_or("the body itself");
            let clause = fault.clause.as_deref().map(|clause| format!(" ({clause})")).unwrap_or_default();
            let more = match fault.violations {
                Some(violations @ 2..) => format!(", the first of {violations} violations"),
                _ => String::new(),
            };
            (
                format!("The message breaks the contract at {place}{clause}{more}: {}.", refused.reason),
                "Correct the sender. To store such messages instead, set `nonconforming = \"store\"`; if the product itself \
                 sends them, write a profile with `webhook-receiver learn`."
                    .to_owned(),
            )
        }
        code => (general.to_owned(), general_advice(code).to_owned()),
    }
}

fn general_advice(code: &str) -> &'static str {
    match code {
        "body-broken" => {
            "Look for a client, proxy or network that closes connections early. The message can be sent again."
        }
        "body-timeout" => {
            "Send the message again. If this happens often, look at the network, or raise `limits.body_timeout`."
        }
        "not-a-message" => "Send the message as one JSON object, not in an array or a string.",
        "expectation-failed" => "Send no Expect header, or `Expect: 100-continue`.",
        "unavailable" => {
            "Look at the receiver's log lines of this time, the disk and `/readyz`. The message can be sent again."
        }
        "overloaded" => {
            "Send the message again later. If this happens often, raise `limits.requests` or `limits.bodies_bytes`."
        }
        "head-too-large" => "Send fewer or shorter headers, or raise `limits.header_bytes` or `limits.header_fields`.",
        _ => "Look at the receiver's log line with this request id.",
    }
}

fn credential(refused: &RefusedRequest) -> (String, String) {
    let kind = refused.endpoint.as_ref().map(|endpoint| endpoint.authentication);
    let is_basic = kind == Some(AuthenticationKind::Basic);
    let has_authorization = refused.shape.header_names.iter().any(|name| name == "authorization");
    let place = refused.endpoint.as_ref().and_then(|endpoint| endpoint.secret_place.as_deref());
    let (sentence, advice) = match (is_basic, refused.credential_fault) {
        (true, Some(CredentialFault::Missing)) => (
            "The authorization header is missing.".to_owned(),
            "Choose Basic in the product's webhook form, with this endpoint's username and password. If it is chosen, a proxy \
             in front may remove the header.",
        ),
        (true, Some(CredentialFault::Ambiguous)) => {
            ("There is more than one authorization header.".to_owned(), "Send one. A proxy in front may add its own.")
        }
        (true, Some(CredentialFault::Malformed)) => (
            "The authorization header is not a Basic credential.".to_owned(),
            "Send `Basic` and the base64 of `username:password` in UTF-8.",
        ),
        (true, _) => (
            "The username or the password is wrong.".to_owned(),
            "Enter this endpoint's username and password in the product's webhook form again.",
        ),
        (false, Some(CredentialFault::Missing)) if has_authorization => (
            "The client secret is missing; the request has an authorization header instead.".to_owned(),
            "Choose Client Secret in the product's webhook form, or configure the endpoint for Basic.",
        ),
        (false, Some(CredentialFault::Missing)) => (
            place.map_or_else(
                || "The endpoint's profile has no place for the client secret.".to_owned(),
                |place| format!("The client secret is missing: the message has nothing at {place}."),
            ),
            "Choose Client Secret in the product's webhook form. If it is chosen, the product puts it elsewhere: use `serve \
             --capture` and `learn`.",
        ),
        (false, Some(CredentialFault::NotText)) => (
            format!("The client secret at {} is not a string.", place.unwrap_or("its place")),
            "Send it as a JSON string, in quotes.",
        ),
        (false, _) => (
            "The client secret is wrong.".to_owned(),
            "Enter the endpoint's client secret in the product's webhook form again.",
        ),
    };
    match &refused.near_miss {
        Some(NearMiss::NotExamined) => (
            format!("{sentence} How near it was is unknown: too many such requests arrived in the same second."),
            advice.to_owned(),
        ),
        _ => (sentence, advice.to_owned()),
    }
}

fn near_miss(refused: &RefusedRequest, near: &NearMiss) -> (String, String) {
    let is_basic =
        refused.endpoint.as_ref().is_some_and(|endpoint| endpoint.authentication == AuthenticationKind::Basic);
    let what = if is_basic { "username and password" } else { "client secret" };
    let verb = if is_basic { "are" } else { "is" };
    let expired = format!("an old {what} whose `not_after` has passed");
    let renew = "enter the current one in the product's webhook form";
    match near {
        NearMiss::Differs { spellings, in_other_case, is_expired } => {
            let case =
                in_other_case.then_some(("in another letter case", "send exactly the characters that are configured"));
            let spelled = spellings.iter().map(|spelling| (spelling.description(), spelling.fix()));
            let (sent, mut fixes): (Vec<_>, Vec<_>) = spelled.chain(case).unzip();
            let known = if *is_expired { expired } else { format!("the right {what}") };
            fixes.extend(is_expired.then_some(renew));
            let sent = if sent.is_empty() { String::new() } else { format!(", but sent {}", sent.join(" and ")) };
            let subject = if is_basic { "The credential is" } else { "The client secret is" };
            (format!("{subject} {known}{sent}."), format!("{}.", capitalized(&fixes.join("; "))))
        }
        NearMiss::Elsewhere { pointer, is_expired } => {
            let which = if *is_expired {
                format!("An {}", expired.trim_start_matches("an "))
            } else {
                format!("The right {what}")
            };
            let place = refused.endpoint.as_ref().and_then(|endpoint| endpoint.secret_place.as_deref());
            (
                format!(
                    "{which} {verb} in the message at {pointer}, but the endpoint reads it at {}.",
                    place.unwrap_or("no place")
                ),
                "Change the sender, or give the endpoint a profile with that place; `webhook-receiver learn` writes one."
                    .to_owned(),
            )
        }
        NearMiss::NotNear | NearMiss::NotExamined => credential(refused),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
