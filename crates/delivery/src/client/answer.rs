//! An answer of the endpoint, read up to a limit.

use std::{fmt, pin::pin};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

/// Maximum number of bytes of an answer's body that are read.
pub const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// An answer of the endpoint. `Debug` does not show the body, because an endpoint may echo the request.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, up to [`ANSWER_MAX_BYTES`].
    pub body: Bytes,
    /// How the body ended.
    pub end: AnswerEnd,
}

/// How an answer's body ended. The status counts in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerEnd {
    /// It is complete.
    Whole,
    /// It is longer than the client reads.
    Cut,
    /// The connection broke, or the time limit passed, before its end.
    Broken,
}

impl Answer {
    /// Reads an answer's body, up to [`ANSWER_MAX_BYTES`] and the deadline.
    pub(super) async fn read(response: Response<Incoming>, deadline: Instant) -> Self {
        let (head, body) = response.into_parts();
        let mut incoming = pin!(body);
        let mut body = BytesMut::new();
        let end = loop {
            let data = match timeout_at(deadline, incoming.frame()).await {
                Ok(None) => break AnswerEnd::Whole,
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(_))) | Err(_) => break AnswerEnd::Broken,
            };
            let room = ANSWER_MAX_BYTES - body.len();
            body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                break AnswerEnd::Cut;
            }
        };
        Self { status: head.status, headers: head.headers, body: body.freeze(), end }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &names)
            .field("bytes", &self.body.len())
            .field("end", &self.end)
            .finish()
    }
}
