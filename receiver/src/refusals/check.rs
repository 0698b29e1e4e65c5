//! The checks of a request, in the order of the pipeline, and which of them a refused request passed. They follow from the
//! code of the refusal and the endpoint, so the pipeline does not have to note them.

use std::fmt;

use serde::Serialize;

use super::refused_request::{CredentialFault, RefusedRequest};
use crate::verify::MAX_SCANNED_BYTES;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    /// What has to be true.
    pub(crate) name: &'static str,
    /// The clause of the contract that it enforces, such as `HTTP-16`.
    pub(crate) clause: Option<String>,
    pub(crate) outcome: CheckOutcome,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckOutcome {
    Held,
    Failed,
    /// An earlier check failed.
    NotReached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    HeadSize,
    Framing,
    Expect,
    Capacity,
    Path,
    Method,
    Basic,
    Length,
    MediaType,
    Body,
    Json,
    Object,
    Secret,
    Unambiguous,
    Contract,
    Stored,
}

/// Every check of the request, in order.
pub(super) fn checks(refused: &RefusedRequest) -> Vec<Check> {
    let failed = failed(refused);
    let kinds = order(refused);
    let failed_at = kinds.iter().position(|kind| *kind == failed).unwrap_or(kinds.len());
    let check = |(at, kind): (usize, &Kind)| {
        let outcome = match at.cmp(&failed_at) {
            std::cmp::Ordering::Less => CheckOutcome::Held,
            std::cmp::Ordering::Equal => CheckOutcome::Failed,
            std::cmp::Ordering::Greater => CheckOutcome::NotReached,
        };
        Check { name: kind.name(), clause: kind.clause(refused, outcome), outcome }
    };
    kinds.iter().enumerate().map(check).collect()
}

/// The checks that the pipeline makes for this endpoint. It must change with `ingest::endpoint` and `Verifier::read`.
fn order(refused: &RefusedRequest) -> Vec<Kind> {
    use schemas::authentication::AuthenticationKind::{Basic, ClientSecret};
    let endpoint = refused.endpoint.as_ref();
    let captures = endpoint.is_some_and(|endpoint| endpoint.captures);
    let is = |kind| endpoint.is_some_and(|endpoint| endpoint.authentication == kind && !captures);
    let (is_basic, is_secret) = (is(Basic), is(ClientSecret));
    let is_early = is_secret && refused.shape.body_bytes.is_some_and(|bytes| bytes > MAX_SCANNED_BYTES);
    let rejects = endpoint.is_some_and(|endpoint| endpoint.rejects_nonconforming);
    let order = [
        (Kind::HeadSize, true),
        (Kind::Capacity, refused.is_before_pipeline),
        (Kind::Framing, true),
        (Kind::Expect, true),
        (Kind::Capacity, !refused.is_before_pipeline),
        (Kind::Path, true),
        (Kind::Method, true),
        (Kind::Basic, is_basic),
        (Kind::Length, true),
        (Kind::MediaType, !captures),
        (Kind::Body, true),
        // It is looked for before a large body is parsed.
        (Kind::Secret, is_early),
        (Kind::Json, !captures),
        (Kind::Object, !captures),
        (Kind::Secret, is_secret && !is_early),
        (Kind::Unambiguous, !captures),
        (Kind::Contract, rejects && !captures),
        (Kind::Stored, true),
    ];
    order.into_iter().filter(|(_, applies)| *applies).map(|(kind, _)| kind).collect()
}

fn failed(refused: &RefusedRequest) -> Kind {
    match &*refused.code {
        "head-too-large" => Kind::HeadSize,
        "bad-request" => Kind::Framing,
        "expectation-failed" => Kind::Expect,
        "not-found" => Kind::Path,
        "method-not-allowed" => Kind::Method,
        "basic-refused" => Kind::Basic,
        // Without an announced length it is noticed while the body arrives.
        "too-large" if refused.shape.announced_bytes.is_some() => Kind::Length,
        "unsupported-media-type" => Kind::MediaType,
        // Memory for a body is reserved as it arrives.
        "overloaded" if refused.endpoint.is_none() => Kind::Capacity,
        "too-large" | "body-timeout" | "body-broken" | "overloaded" => Kind::Body,
        "not-json" => Kind::Json,
        "not-a-message" => Kind::Object,
        "client-secret-refused" => Kind::Secret,
        "ambiguous" => Kind::Unambiguous,
        "nonconforming" => Kind::Contract,
        _ => Kind::Stored,
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::HeadSize => "the head is within its limits",
            Self::Framing => "Host and framing are valid",
            Self::Expect => "Expect is `100-continue` or missing",
            Self::Capacity => "there is capacity for another request",
            Self::Path => "an endpoint has the path",
            Self::Method => "the method is POST",
            Self::Basic => "the Basic credential is accepted",
            Self::Length => "the announced length is within the limit",
            Self::MediaType => "the body is announced as plain JSON",
            Self::Body => "the body arrives completely, in time and within the limits",
            Self::Json => "the body is JSON in UTF-8",
            Self::Object => "the body is an object with a member",
            Self::Secret => "the client secret is accepted",
            Self::Unambiguous => "no name of the profile is repeated",
            Self::Contract => "the message conforms to the contract",
            Self::Stored => "the message is stored",
        }
    }

    fn clause(self, refused: &RefusedRequest, outcome: CheckOutcome) -> Option<String> {
        let fault = refused.credential_fault.filter(|_| outcome == CheckOutcome::Failed);
        let clause = match (self, fault) {
            (Self::HeadSize, _) => return None,
            (Self::Framing, _) if outcome == CheckOutcome::Failed && refused.reason.contains("Host") => "HTTP-16",
            (Self::Framing | Self::Body, _) => "HTTP-17",
            (Self::Expect, _) => "HTTP-9",
            (Self::Capacity, _) => "OPS-6",
            (Self::Path, _) => "HTTP-1",
            (Self::Method, _) => "HTTP-14",
            (Self::Basic, Some(CredentialFault::Missing)) => "AUTH-17",
            (Self::Basic, Some(CredentialFault::Ambiguous)) => "AUTH-21",
            (Self::Basic, Some(CredentialFault::Malformed)) => "AUTH-19",
            (Self::Basic, Some(CredentialFault::Wrong)) => "AUTH-18",
            (Self::Basic, _) => "AUTH-12",
            (Self::Length, _) => "HTTP-19",
            (Self::MediaType, _) => "HTTP-15",
            (Self::Json, _) if refused.reason.contains("byte order mark") => "MSG-2",
            (Self::Json, _) => "HTTP-12",
            (Self::Object, _) => "MSG-1",
            (Self::Secret, Some(CredentialFault::Missing)) => "AUTH-4",
            (Self::Secret, Some(CredentialFault::NotText)) => "AUTH-5",
            (Self::Secret, Some(CredentialFault::Wrong)) => "AUTH-6",
            (Self::Secret, _) => "AUTH-3",
            (Self::Unambiguous, _) => "MSG-20",
            (Self::Contract, _) => return refused.fault.clause.clone(),
            (Self::Stored, _) => "OPS-2",
        };
        Some(clause.to_owned())
    }
}

impl fmt::Display for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        })
    }
}
