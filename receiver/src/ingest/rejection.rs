//! Why a request is refused, and the answer: one row for each reason. The answer reveals nothing that helps an attacker: never
//! which credential was wrong, what was expected, or a value of the message.

#[cfg(feature = "server")]
mod details;

use std::{borrow::Cow, fmt};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::Full;
use schemas::{
    Pointer, Violation,
    authentication::hint::Hint,
    document::ReadError,
    wire::{JSON_MEDIA_TYPE, PROBLEM_MEDIA_TYPE},
};
use serde::Serialize;

#[cfg(feature = "server")]
pub(crate) use self::details::Details;

/// Why a request is refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The framing of the request or its `Host` header is invalid.
    BadRequest(&'static str),
    /// The connection or the transfer coding broke before the body was complete.
    BodyBroken,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The Basic credentials are missing, invalid or wrong.
    BasicRefused(BasicRefusal),
    /// The client secret is missing, invalid or wrong.
    SecretRefused(SecretRefusal),
    /// The body is longer than this many bytes.
    TooLarge(usize),
    /// The body is not announced as JSON, or is encoded; which of these.
    UnsupportedMediaType(&'static str),
    /// The body is not JSON, or is ambiguous.
    Unreadable(ReadError),
    /// The body is JSON, but not an object with a member.
    NotAMessage,
    /// The message breaks the contract, and the endpoint rejects such messages.
    Nonconforming(Vec<Violation>),
    /// The request expects something other than `100-continue` before it sends its body.
    ExpectationFailed,
    /// No endpoint has this path.
    NotFound,
    /// The method is not POST.
    MethodNotAllowed,
    /// The message cannot be stored now.
    Unavailable,
    /// The limit of requests, or of bytes of bodies, is reached.
    Overloaded,
    /// The head has more bytes or more fields than is allowed.
    HeadTooLarge,
}

/// Why Basic credentials are refused. This is for the log; the answer is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicRefusal {
    /// There is more than one `Authorization` header.
    Ambiguous,
    /// The header is not a Basic credential. The hint is set if the credential is accepted in another spelling.
    Malformed(Option<Hint>),
    /// The `Authorization` header is missing.
    Missing,
    /// The username or password is wrong.
    Wrong(Option<Hint>),
}

/// Why a client secret is refused. This is for the log; the answer is the same for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRefusal {
    /// There is nothing at the place that the profile has for the secret, or the profile has none.
    Missing(Option<Pointer>),
    /// The value at that place is not a string.
    NotText,
    /// The secret is not accepted. The hint is set if it is accepted in another spelling.
    Wrong(Option<Hint>),
}

/// The body of a refusal (RFC 9457); its schema is `json/problem.schema.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Always `about:blank`: the status is the kind of problem (RFC 9457 section 4.2.1).
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The standard phrase of the status.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A stable identifier for programs.
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// The rules that the message breaks, if that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

/// The answer to one rejection, and what only the log reports of it.
struct RejectionRow {
    status: StatusCode,
    code: &'static str,
    field: Option<(HeaderName, &'static str)>,
    detail: Cow<'static, str>,
    reason: Cow<'static, str>,
}

const CHALLENGE_FIELD: Option<(HeaderName, &str)> =
    Some((header::WWW_AUTHENTICATE, r#"Basic realm="flowingly", charset="UTF-8""#));
const ALLOW_FIELD: Option<(HeaderName, &str)> = Some((header::ALLOW, "POST"));
const RETRY_FIELD: Option<(HeaderName, &str)> = Some((header::RETRY_AFTER, "1"));
/// Where the next request begins on the connection is unknown. A proxy that is not told would send one there.
const CLOSE_FIELD: Option<(HeaderName, &str)> = Some((header::CONNECTION, "close"));
const NO_FIELD: Option<(HeaderName, &str)> = None;

macro_rules! rejections {
    ($($pattern:pat => $status:ident, $code:literal, $field:ident, $detail:expr, $reason:expr;)*) => {
        impl Rejection {
            /// Every [`Self::code`].
            pub const CODES: &[&str] = &[$($code),*];

            fn row(&self) -> RejectionRow {
                match self {
                    $($pattern => RejectionRow {
                        status: StatusCode::$status,
                        code: $code,
                        field: $field,
                        detail: Cow::from($detail),
                        reason: Cow::from($reason),
                    },)*
                }
            }
        }
    };
}

rejections! {
    Self::BadRequest(what) => BAD_REQUEST, "bad-request", CLOSE_FIELD,
        format!("The request is malformed: {what}."),
        *what;
    Self::BodyBroken => BAD_REQUEST, "body-broken", CLOSE_FIELD,
        "The body ended before it was complete.",
        "the connection or the chunked coding broke before the body was complete";
    Self::BodyTimeout => REQUEST_TIMEOUT, "body-timeout", CLOSE_FIELD,
        "The body did not arrive in time. Send the message again.",
        "the body was not complete within `body_timeout`";
    Self::BasicRefused(refusal) => UNAUTHORIZED, "basic-refused", CHALLENGE_FIELD,
        "Authentication failed. Send one Authorization header with valid Basic credentials.",
        refusal.to_string();
    Self::SecretRefused(refusal) => FORBIDDEN, "client-secret-refused", NO_FIELD,
        "The message does not have a valid client secret.",
        refusal.to_string();
    Self::TooLarge(limit) => PAYLOAD_TOO_LARGE, "too-large", CLOSE_FIELD,
        format!("The body is larger than {limit} bytes."),
        format!("the body is larger than {limit} bytes");
    Self::UnsupportedMediaType(why) => UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", NO_FIELD,
        format!("Send the message as `Content-Type: {JSON_MEDIA_TYPE}`, in UTF-8 and without Content-Encoding."),
        *why;
    Self::Unreadable(error @ ReadError::Duplicate(_)) => BAD_REQUEST, "ambiguous", NO_FIELD,
        format!("{error}."),
        error.to_string();
    Self::Unreadable(error) => BAD_REQUEST, "not-json", NO_FIELD,
        format!("{error}."),
        error.to_string();
    Self::NotAMessage => UNPROCESSABLE_ENTITY, "not-a-message", NO_FIELD,
        "The body is JSON, but not an object with at least one member.",
        "the body is JSON, but not an object with at least one member";
    Self::Nonconforming(violations) => UNPROCESSABLE_ENTITY, "nonconforming", NO_FIELD,
        "The message breaks the contract; see `violations`.",
        violations.first().map_or_else(|| "the message breaks the contract".to_owned(), |first| first.message.clone());
    Self::ExpectationFailed => EXPECTATION_FAILED, "expectation-failed", CLOSE_FIELD,
        "Send the message without an Expect header, or with `Expect: 100-continue`.",
        "the Expect header is not exactly `100-continue`";
    Self::NotFound => NOT_FOUND, "not-found", NO_FIELD,
        "There is no endpoint at this path.",
        "no endpoint has this path";
    Self::MethodNotAllowed => METHOD_NOT_ALLOWED, "method-not-allowed", ALLOW_FIELD,
        "Send the message with POST.",
        "an endpoint accepts only POST";
    Self::Unavailable => SERVICE_UNAVAILABLE, "unavailable", RETRY_FIELD,
        "The message cannot be stored at the moment. Send it again later.",
        "the message could not be stored";
    Self::Overloaded => SERVICE_UNAVAILABLE, "overloaded", RETRY_FIELD,
        "Too many requests are in progress. Send the message again later.",
        "the limit `requests` or `bodies_bytes` is reached";
    Self::HeadTooLarge => REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", NO_FIELD,
        "The request has too many header fields, or too long ones.",
        "the head is larger than `header_bytes`, or has more than `header_fields` fields";
}

impl Rejection {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// A stable identifier for programs and logs.
    pub fn code(&self) -> &'static str {
        self.row().code
    }

    /// Why the request is refused, in more detail than the answer may have. For the log; no value of the body is repeated.
    pub fn reason(&self) -> Cow<'static, str> {
        self.row().reason
    }

    /// The body of the answer.
    pub fn problem(self) -> Problem {
        self.into_problem().0
    }

    /// The complete answer.
    pub fn into_http(self) -> http::Response<Full<Bytes>> {
        let (problem, status, field) = self.into_problem();
        let body = serde_json::to_vec(&problem).expect("a problem is made of strings and numbers");
        let mut response = http::Response::new(Full::new(body.into()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        response.headers_mut().extend(field.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }

    fn into_problem(self) -> (Problem, StatusCode, Option<(HeaderName, &'static str)>) {
        let RejectionRow { status, code, field, detail, .. } = self.row();
        let problem = Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail: detail.into_owned(),
            violations: if let Self::Nonconforming(violations) = self { violations } else { Vec::new() },
        };
        (problem, status, field)
    }
}

impl fmt::Display for BasicRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous => f.write_str("there is more than one authorization header"),
            Self::Malformed(hint) => hinted(f, "the authorization header is not a basic credential", hint),
            Self::Missing => f.write_str("the authorization header is missing"),
            Self::Wrong(hint) => hinted(f, "wrong username or password", hint),
        }
    }
}

impl fmt::Display for SecretRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(Some(place)) => {
                write!(
                    f,
                    "no secret at {place}; if this is the product's own message, use `serve --capture` and `learn`"
                )
            }
            Self::Missing(None) => f.write_str("the endpoint's profile has no place for a secret"),
            Self::NotText => f.write_str("the client secret is not a string"),
            Self::Wrong(hint) => hinted(f, "wrong client secret", hint),
        }
    }
}

/// A reason, and what would make the credential right.
fn hinted(f: &mut fmt::Formatter<'_>, reason: &str, hint: &Option<Hint>) -> fmt::Result {
    f.write_str(reason)?;
    hint.map_or(Ok(()), |hint| write!(f, "; {hint}"))
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.into_http().map(axum::body::Body::new)
    }
}

impl From<ReadError> for Rejection {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}
