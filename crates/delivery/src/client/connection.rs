//! A connection that its owner keeps, for a caller that assigns requests to connections itself, such as the load
//! generator. It has no pool and no task: it makes progress while its owner waits for an answer.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use tokio::time::{Instant, timeout_at};
use tower::Service as _;

use super::{
    answer::Answer,
    connector::{Connector, ProxiedStream},
    failure,
    interim::too_many_interim,
    options::ClientOptions,
    outcome::{Outcome, TransportError},
    request::Request,
};
use crate::url::EndpointUrl;

/// Opens connections to one endpoint. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dialer {
    connector: Connector,
    url: EndpointUrl,
    /// As in the request line: the path, or the whole URL for a proxy.
    uri: Uri,
    /// Default headers of a request.
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
}

/// A kept HTTP/1.1 connection: one request after another.
#[derive(Debug)]
pub struct Connection {
    dialer: Dialer,
    requests: SendRequest<Full<Bytes>>,
    /// Drives the connection; `None` once it has ended.
    driver: Option<Driver>,
}

type Driver = Pin<Box<http1::Connection<ProxiedStream, Full<Bytes>>>>;

impl Dialer {
    /// Reads the platform's roots.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub fn new(options: &ClientOptions, url: &EndpointUrl) -> Result<Self, rustls::Error> {
        let host = HeaderValue::from_str(url.host_header()).expect("a URL's host is a valid header value");
        let mut headers = vec![(header::HOST, host), (header::USER_AGENT, options.user_agent())];
        let mut uri = url.path_and_query().parse().expect("a URL's path is a path");
        if let Some(route) = options.proxy.route(url.uri()).filter(|_| !url.is_encrypted()) {
            uri = url.uri().clone();
            headers.extend(route.authorization.map(|value| (header::PROXY_AUTHORIZATION, value)));
        }
        let connector = Connector::new(options)?;
        Ok(Self { connector, url: url.clone(), uri, headers, timeout: options.timeout })
    }

    /// Opens a connection, within the connection's time limit.
    ///
    /// # Errors
    /// [`Outcome::Unanswered`] or [`Outcome::Failed`].
    pub async fn connect(&self) -> Result<Connection, Outcome> {
        let failed = |error| failure::connect_outcome(error, &self.url);
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await.map_err(failed)?;
        let stream = connector.call(self.url.uri().clone()).await.map_err(failed)?;
        let (requests, driver) =
            builder().handshake(stream).await.map_err(|error| failure::exchange_outcome(error.into()))?;
        Ok(Connection { dialer: self.clone(), requests, driver: Some(Box::pin(driver)) })
    }
}

impl Connection {
    /// Whether it is still open, as far as this side knows.
    pub async fn is_open(&mut self) -> bool {
        // It was not polled while its owner waited for something else; the endpoint may have closed it meanwhile.
        poll_fn(|context| {
            poll_driver(&mut self.driver, context);
            Poll::Ready(())
        })
        .await;
        drive_while(&mut self.driver, self.requests.ready()).await.is_ok()
    }

    /// Posts a request and reads the answer, within the time limit of a delivery. Afterwards [`Self::is_open`] is false
    /// if the answer ended the connection or there was no answer.
    pub async fn post(&mut self, request: Request) -> Outcome {
        let deadline = Instant::now() + self.dialer.timeout;
        let (headers, body) = request.into_parts();
        let mut http = http::Request::new(Full::new(body));
        *http.method_mut() = Method::POST;
        *http.uri_mut() = self.dialer.uri.clone();
        *http.headers_mut() = headers;
        for (name, value) in &self.dialer.headers {
            http.headers_mut().entry(name).or_insert_with(|| value.clone());
        }

        let too_many = too_many_interim(&mut http);
        let sending = self.requests.send_request(http);
        let sending = async {
            tokio::select! {
                biased;
                () = too_many => None,
                sent = sending => Some(sent),
            }
        };
        let response = match timeout_at(deadline, drive_while(&mut self.driver, sending)).await {
            Ok(Some(Ok(response))) => response,
            failed => {
                self.driver = None;
                return match failed {
                    Ok(Some(Err(error))) => failure::exchange_outcome(error.into()),
                    Err(_) => Outcome::Unanswered(TransportError::Timeout(self.dialer.timeout)),
                    Ok(_) => Outcome::Unanswered(TransportError::InterimResponses),
                };
            }
        };
        Outcome::answered(drive_while(&mut self.driver, Answer::read(response, deadline)).await)
    }
}

/// Accepts folded headers and a space before the colon, as RFC 9112 sections 5.1 and 5.2 require of a client.
fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.allow_obsolete_multiline_headers_in_responses(true).allow_spaces_after_header_name_in_responses(true);
    builder
}

/// Waits for `work` and drives the connection meanwhile, in the same task.
async fn drive_while<T>(driver: &mut Option<Driver>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        // First, so that what it hands to the connection is written in the same poll.
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        poll_driver(driver, context);
        work.as_mut().poll(context)
    })
    .await
}

/// Drives the connection as far as it gets now.
fn poll_driver(driver: &mut Option<Driver>, context: &mut Context<'_>) {
    if let Some(connection) = driver
        && connection.as_mut().poll(context).is_ready()
    {
        *driver = None;
    }
}
