//! The client: posts one request, once, over HTTP/1.1, within a time limit.

pub(crate) mod answer;
pub(crate) mod answer_body;
pub(crate) mod connection;
mod connector;
mod failure;
pub(crate) mod guard;
mod interim;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod proxy;
pub(crate) mod request;
pub(crate) mod resolver;
mod tcp;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Version, header};
use http_body_util::Full;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::{Instant, timeout_at};

use self::{
    answer::Answer,
    connector::Connector,
    interim::too_many_interim,
    options::ClientOptions,
    outcome::{LocalError, Outcome, TransportError},
    proxy::Proxy,
    request::Request,
};
use crate::url::EndpointUrl;

/// How long an idle connection is kept: shorter than common servers keep theirs (5 s and more), so that one is rarely
/// closed under a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

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
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(options.max_idle_per_host)
            // The server may close an idle connection just before it is used. A request of which nothing was written
            // goes over another one; otherwise the server may have it, so that is `TransportError::Closed`.
            .retry_canceled_requests(options.max_idle_per_host > 0)
            // RFC 9112 sections 5.1 and 5.2 require this of a client.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .build(connector);
        Ok(Self { http, proxy: options.proxy.clone(), timeout: options.timeout, user_agent: options.user_agent() })
    }

    /// Posts a request, once. Redirects are not followed.
    pub async fn deliver(&self, url: &EndpointUrl, request: Request) -> Outcome {
        let deadline = Instant::now() + self.timeout;
        let (mut headers, body) = request.into_parts();
        headers.entry(header::USER_AGENT).or_insert_with(|| self.user_agent.clone());
        let route = self.proxy.route(url.uri());
        if let Some(authorization) = route.as_ref().and_then(|route| route.authorization.clone())
            && !url.is_encrypted()
        {
            headers.insert(header::PROXY_AUTHORIZATION, authorization);
        }
        let mut http = http::Request::new(Full::new(body));
        *http.method_mut() = Method::POST;
        *http.uri_mut() = url.uri().clone();
        *http.version_mut() = Version::HTTP_11;
        *http.headers_mut() = headers;

        let too_many = too_many_interim(&mut http);
        let requested = tokio::select! {
            biased;
            () = too_many => return Outcome::Unanswered(TransportError::InterimResponses),
            requested = timeout_at(deadline, self.http.request(http)) => requested,
        };
        let response = match requested {
            Err(_) => return Outcome::Unanswered(TransportError::Timeout(self.timeout)),
            Ok(Err(error)) => return failure::outcome(error, url),
            Ok(Ok(response)) => response,
        };
        // Only a proxy asks for this; with CONNECT it did so before.
        if let (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(route)) = (response.status(), route) {
            let why = "it asks for other credentials".to_owned();
            return Outcome::Failed(LocalError::Proxy { proxy: route.name(), why });
        }
        Outcome::answered(Answer::read(response, deadline).await)
    }
}
