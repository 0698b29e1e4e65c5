//! The client: posts one request, once, over HTTP/1.1, within a time limit.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, StatusCode, Version, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};

use super::{
    connector::Connector,
    failure,
    guard::AddressGuard,
    interim::too_many_interim,
    outcome::{Answer, AnswerEnd, NoAnswer, Outcome, ThisSideFailed},
    proxy::Proxy,
    request::Request,
    resolver::{Resolver, SystemResolver},
    target::Target,
};

/// Most bytes of an answer's body that are read; the rest is left.
pub const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// The `user-agent` of a request, unless it or the client is given another one.
pub const USER_AGENT: &str = concat!("webhook-sender/", env!("CARGO_PKG_VERSION"));

/// How long an idle connection is kept: shorter than common servers keep theirs (5 s and more), so that one is rarely
/// closed under a request.
const IDLE: Duration = Duration::from_secs(4);

/// How a [`Client`] delivers.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Time for the whole of a delivery, from the name to the end of the answer. By default 30 s.
    pub timeout: Duration,
    /// Time for the connection: name, TCP, proxy and TLS together. By default 10 s; the whole's limit holds too.
    pub connect_timeout: Duration,
    /// Certificates to trust besides the platform's (see [`super::roots_from_pem`]).
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Most idle connections that are kept for each host, for 4 s, to be used again. With 0 each request has its own.
    /// By default 64.
    pub max_idle_per_host: usize,
    /// The `user-agent` of requests that have none; [`USER_AGENT`] where this is `None`.
    pub user_agent: Option<HeaderValue>,
    /// The proxy, by default none. What it connects to is its own matter, so the guard judges then only an address that
    /// stands in the URL.
    pub proxy: Proxy,
    /// Which addresses may be called; by default public ones only.
    pub guard: AddressGuard,
    /// How names become addresses; by default the platform's way.
    pub resolver: Arc<dyn Resolver>,
}

impl ClientOptions {
    pub(super) fn user_agent(&self) -> HeaderValue {
        self.user_agent.clone().unwrap_or_else(|| HeaderValue::from_static(USER_AGENT))
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            extra_roots: Vec::new(),
            max_idle_per_host: 64,
            user_agent: None,
            proxy: Proxy::none(),
            guard: AddressGuard::default(),
            resolver: Arc::new(SystemResolver),
        }
    }
}

/// Posts requests. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    proxy: Proxy,
    timeout: Duration,
    user_agent: HeaderValue,
}

impl Client {
    /// A client with these options. Reads the platform's roots.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub fn new(options: &ClientOptions) -> Result<Self, rustls::Error> {
        let connector = Connector::new(options)?;
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(options.max_idle_per_host)
            // The server may close a kept connection just then. A request of which nothing was written goes over another
            // one; where writing had begun the server may have it, so that is told as `NoAnswer::Closed` instead.
            .retry_canceled_requests(options.max_idle_per_host > 0)
            // As RFC 9112 sections 5.1 and 5.2 have it for a client.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .build(connector);
        Ok(Self { http, proxy: options.proxy.clone(), timeout: options.timeout, user_agent: options.user_agent() })
    }

    /// Posts a request to a target, once. Redirects are not followed.
    pub async fn deliver(&self, target: &Target, request: Request) -> Outcome {
        let deadline = Instant::now() + self.timeout;
        let (mut headers, body) = request.into_parts();
        headers.entry(header::USER_AGENT).or_insert_with(|| self.user_agent.clone());
        let route = self.proxy.route(target.uri());
        if let Some(authorization) = route.as_ref().and_then(|route| route.authorization.clone())
            && !target.is_encrypted()
        {
            headers.insert(header::PROXY_AUTHORIZATION, authorization);
        }
        let mut http = http::Request::new(Full::new(body));
        *http.method_mut() = Method::POST;
        *http.uri_mut() = target.uri().clone();
        *http.version_mut() = Version::HTTP_11;
        *http.headers_mut() = headers;

        let too_many = too_many_interim(&mut http);
        let requested = tokio::select! {
            biased;
            () = too_many => return Outcome::Unanswered(NoAnswer::InterimResponses),
            requested = timeout_at(deadline, self.http.request(http)) => requested,
        };
        let response = match requested {
            Err(_) => return Outcome::Unanswered(NoAnswer::Timeout(self.timeout)),
            Ok(Err(error)) => return failure::outcome(error, target),
            Ok(Ok(response)) => response,
        };
        let (head, body) = response.into_parts();
        // Only a proxy asks for this; behind a CONNECT it has done so before.
        if let (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(route)) = (head.status, route) {
            let why = "it asks for other credentials".to_owned();
            return Outcome::Failed(ThisSideFailed::Proxy { proxy: route.name(), why });
        }
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
