//! Why a request is not accepted: each reason with its status, its header fields and its problem.

#[cfg(feature = "server")]
mod details;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::Full;
use schemas::{
    Pointer, Violation,
    authentication::hint::Hint,
    document::ReadError,
    wire::{JSON, PROBLEM_JSON},
};

#[cfg(feature = "server")]
pub(crate) use self::details::Details;
use crate::problem::Problem;

/// Seconds after which a request that met no room may come again.
const RETRY_AFTER: u32 = 1;

/// Why a request is not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The request breaks HTTP's rules on framing or on `Host`.
    BadRequest(&'static str),
    /// The connection broke, or the transfer coding did, before the body was whole.
    BodyBroken,
    /// The body did not arrive in time.
    BodyTimeout,
    /// No, a wrong, or an unreadable Basic credential.
    BasicRefused(BasicRefusal),
    /// No, a wrong, or an unreadable client secret.
    SecretRefused(SecretRefusal),
    /// The body is longer than the limit, in bytes.
    TooLarge(usize),
    /// The body is not announced as JSON, or is encoded; which of these.
    UnsupportedMediaType(&'static str),
    /// The body is no JSON text, or is ambiguous.
    Unreadable(ReadError),
    /// The body is JSON, but no object with a member.
    NotAMessage,
    /// The message breaks the contract, and the endpoint refuses those that do.
    Nonconforming(Vec<Violation>),
    /// The request expects something else than `100-continue` before it sends its body.
    ExpectationFailed,
    /// No endpoint has this path.
    NotFound,
    /// The endpoint takes only POST.
    MethodNotAllowed,
    /// The message cannot be stored now.
    Unavailable,
    /// As many requests, or as many bytes of bodies, are being taken in as there is room for.
    Overloaded,
    /// The head has more bytes or more fields than is allowed.
    HeadTooLarge,
}

/// Why a Basic credential is refused; for the log, the answer is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicRefusal {
    /// There is more than one `authorization` header.
    Ambiguous,
    /// The header is no Basic credential. The hint is for one that would be accepted if it were written another way.
    Malformed(Option<Hint>),
    /// There is no `authorization` header.
    Missing,
    /// Username or password is wrong.
    Wrong(Option<Hint>),
}

/// Why a client secret is refused; for the log, the answer is the same for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRefusal {
    /// Nothing stands at the secret's place; the profile may have none.
    Missing(Option<Pointer>),
    /// What stands there is no string.
    NotText,
    /// It is not an accepted secret. The hint is for one that would be if it were written another way.
    Wrong(Option<Hint>),
}

impl Rejection {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::BodyBroken | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BasicRefused(_) => StatusCode::UNAUTHORIZED,
            Self::SecretRefused(_) => StatusCode::FORBIDDEN,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAMessage | Self::Nonconforming(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }

    /// Every [`Self::code`].
    pub const CODES: [&str; 17] = [
        "ambiguous",
        "bad-request",
        "basic-refused",
        "body-broken",
        "body-timeout",
        "client-secret-refused",
        "expectation-failed",
        "head-too-large",
        "method-not-allowed",
        "nonconforming",
        "not-a-message",
        "not-found",
        "not-json",
        "overloaded",
        "too-large",
        "unavailable",
        "unsupported-media-type",
    ];

    /// A stable word for programs and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad-request",
            Self::BodyBroken => "body-broken",
            Self::BodyTimeout => "body-timeout",
            Self::BasicRefused(_) => "basic-refused",
            Self::SecretRefused(_) => "client-secret-refused",
            Self::TooLarge(_) => "too-large",
            Self::UnsupportedMediaType(_) => "unsupported-media-type",
            Self::Unreadable(ReadError::Duplicate(_)) => "ambiguous",
            Self::Unreadable(_) => "not-json",
            Self::NotAMessage => "not-a-message",
            Self::Nonconforming(_) => "nonconforming",
            Self::ExpectationFailed => "expectation-failed",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
            Self::HeadTooLarge => "head-too-large",
        }
    }

    /// Why the request was refused, in more words than the answer may have. For the log; nothing of the body is repeated.
    pub fn reason(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::BadRequest(what) | Self::UnsupportedMediaType(what) => what,
            Self::BodyBroken => "the connection or the chunked coding broke before the body was complete",
            Self::BodyTimeout => "the body was not complete within `body_timeout`",
            Self::BasicRefused(BasicRefusal::Ambiguous) => "more than one authorization header",
            Self::BasicRefused(BasicRefusal::Malformed(hint)) => {
                return Some(hinted("the authorization header is no basic credential", hint));
            }
            Self::BasicRefused(BasicRefusal::Missing) => "no authorization header",
            Self::BasicRefused(BasicRefusal::Wrong(hint)) => return Some(hinted("wrong username or password", hint)),
            Self::SecretRefused(SecretRefusal::Missing(Some(place))) => {
                return Some(Cow::Owned(format!(
                    "no secret at {place}; if this is the product's own message, use `serve --capture` and `learn`"
                )));
            }
            Self::SecretRefused(SecretRefusal::Missing(None)) => "the endpoint's profile has no place for a secret",
            Self::SecretRefused(SecretRefusal::NotText) => "the client secret is no string",
            Self::SecretRefused(SecretRefusal::Wrong(hint)) => return Some(hinted("wrong client secret", hint)),
            Self::TooLarge(limit) => return Some(Cow::Owned(format!("the body is larger than {limit} bytes"))),
            Self::Unreadable(error) => return Some(Cow::Owned(error.to_string())),
            Self::NotAMessage => "the body is JSON, but not an object with at least one member",
            Self::Nonconforming(violations) => {
                return Some(violations.first().map_or(Cow::Borrowed("the message breaks the contract"), |first| {
                    Cow::Owned(first.message.clone())
                }));
            }
            Self::ExpectationFailed => "the Expect header is not `100-continue` alone",
            Self::NotFound => "no endpoint has this path",
            Self::MethodNotAllowed => "an endpoint takes only POST",
            Self::Unavailable => "the message could not be stored",
            Self::Overloaded => "the limit `requests` or `bodies_bytes` is reached",
            Self::HeadTooLarge => "the head is larger than `header_bytes`, or has more than `header_fields` fields",
        }))
    }

    fn detail(&self) -> String {
        match self {
            Self::BadRequest(what) => format!("The request is malformed: {what}."),
            Self::BodyBroken => "The body ended before it was whole.".to_owned(),
            Self::BodyTimeout => "The body did not arrive in time; send it again at once.".to_owned(),
            Self::BasicRefused(_) => {
                "This endpoint takes one authorization header with the right basic credentials.".to_owned()
            }
            Self::SecretRefused(_) => "The message does not hold the right client secret.".to_owned(),
            Self::TooLarge(limit) => format!("The body is larger than {limit} bytes."),
            Self::UnsupportedMediaType(_) => {
                format!("Send the message as `content-type: {JSON}`, in UTF-8 and without content-encoding.")
            }
            Self::Unreadable(error) => format!("{error}."),
            Self::NotAMessage => "The body is JSON, but no object with at least one member.".to_owned(),
            Self::Nonconforming(_) => "The message breaks the contract; see `violations`.".to_owned(),
            Self::ExpectationFailed => "Send the message without an Expect header, or with 100-continue.".to_owned(),
            Self::NotFound => "There is no endpoint at this path.".to_owned(),
            Self::MethodNotAllowed => "Send the message with POST.".to_owned(),
            Self::Unavailable => "The message cannot be stored now; send it again later.".to_owned(),
            Self::Overloaded => "There is no room for more requests now; send it again later.".to_owned(),
            Self::HeadTooLarge => "The request has too many header fields, or too long ones.".to_owned(),
        }
    }

    /// The body of the answer.
    pub fn problem(self) -> Problem {
        let (status, code, detail) = (self.status(), self.code(), self.detail());
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail,
            violations: if let Self::Nonconforming(violations) = self { violations } else { Vec::new() },
        }
    }

    /// The whole answer.
    pub fn into_http(self) -> http::Response<Full<Bytes>> {
        let status = self.status();
        let field = match &self {
            Self::BasicRefused(_) => Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(r#"Basic realm="flowingly", charset="UTF-8""#),
            )),
            Self::MethodNotAllowed => Some((header::ALLOW, HeaderValue::from_static("POST"))),
            Self::Unavailable | Self::Overloaded => Some((header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER))),
            // What follows on the connection cannot be told from the rest of this request. A proxy that is not told
            // would send its next message there.
            Self::BadRequest(_)
            | Self::BodyBroken
            | Self::BodyTimeout
            | Self::TooLarge(_)
            | Self::ExpectationFailed => Some((header::CONNECTION, HeaderValue::from_static("close"))),
            _ => None,
        };
        let body = serde_json::to_vec(&self.problem()).expect("a problem is made of strings and numbers");
        let mut response = http::Response::new(Full::new(body.into()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response.headers_mut().extend(field);
        response
    }
}

/// A reason, and what would make the credential right.
fn hinted(reason: &'static str, hint: &Option<Hint>) -> Cow<'static, str> {
    hint.map_or(Cow::Borrowed(reason), |hint| Cow::Owned(format!("{reason}; {hint}")))
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
