//! The client: posts one request, once, over a fresh HTTP/1.1 connection, within a time limit.

use std::{pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Method, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{client::legacy, rt::TokioExecutor};
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};

use super::{
    connector::Connector,
    failure,
    outcome::{Answer, AnswerEnd, NoAnswer, Outcome},
    request::Request,
    target::Target,
    tls,
};

/// Most bytes of an answer's body that are read; the rest is left.
pub const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// How a [`Client`] delivers.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Time for the whole of a delivery, from the name to the end of the answer. By default 30 s.
    pub timeout: Duration,
    /// Time for the connection: name, TCP and TLS together. By default 10 s; the whole's limit holds too.
    pub connect_timeout: Duration,
    /// Certificates to trust besides the platform's (see [`super::roots_from_pem`]).
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), connect_timeout: Duration::from_secs(10), extra_roots: Vec::new() }
    }
}

/// Posts requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    timeout: Duration,
}

impl Client {
    /// A client with these options. Reads the platform's roots.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub fn new(options: &ClientOptions) -> Result<Self, rustls::Error> {
        let connector = Connector::new(tls::config(&options.extra_roots)?, options.connect_timeout);
        let http = legacy::Client::builder(TokioExecutor::new())
            // A connection that was kept may be closed under the request, and hyper would then send it again.
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { http, timeout: options.timeout })
    }

    /// Posts a request to a target, once. Redirects are not followed.
    pub async fn deliver(&self, target: &Target, request: Request) -> Outcome {
        let deadline = Instant::now() + self.timeout;
        let mut http = http::Request::new(Full::new(request.body().clone()));
        *http.method_mut() = Method::POST;
        *http.uri_mut() = target.uri().clone();
        *http.version_mut() = Version::HTTP_11;
        *http.headers_mut() = request.headers().clone();

        let response = match timeout_at(deadline, self.http.request(http)).await {
            Err(_) => return Outcome::Unanswered(NoAnswer::Timeout(self.timeout)),
            Ok(Err(error)) => return failure::outcome(error, target),
            Ok(Ok(response)) => response,
        };
        let (head, body) = response.into_parts();
        let (body, end) = read(body, deadline).await;
        Outcome::answered(Answer { status: head.status, headers: head.headers, body, end })
    }
}

/// An answer's body, up to [`ANSWER_MAX_BYTES`] and the deadline.
pub(super) async fn read(body: Incoming, deadline: Instant) -> (Bytes, AnswerEnd) {
    let mut body = pin!(body);
    let mut read = BytesMut::new();
    loop {
        let data = match timeout_at(deadline, body.frame()).await {
            Ok(None) => return (read.freeze(), AnswerEnd::Whole),
            Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            Ok(Some(Err(_))) | Err(_) => return (read.freeze(), AnswerEnd::Broken),
        };
        let room = ANSWER_MAX_BYTES - read.len();
        read.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return (read.freeze(), AnswerEnd::Cut);
        }
    }
}
