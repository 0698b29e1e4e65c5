//! One connection that its owner keeps: for a caller that decides itself which request goes over which connection, as
//! the load generator does. No pool and no task of its own: the connection moves while its owner waits for an answer.

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
    client::{ClientOptions, read},
    connector::{Connector, Line},
    failure,
    interim::too_many_interim,
    outcome::{Answer, NoAnswer, Outcome},
    request::Request,
    target::Target,
};

/// Opens connections to one target. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dialer {
    connector: Connector,
    target: Target,
    /// As the request line has it: the path, or the whole for a proxy that reads it.
    uri: Uri,
    /// Those that a request has unless it is given others.
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
}

/// A kept HTTP/1.1 connection: one request after another.
#[derive(Debug)]
pub struct Connection {
    dialer: Dialer,
    requests: SendRequest<Full<Bytes>>,
    /// What moves bytes; `None` once the connection has ended.
    driver: Option<Driver>,
}

type Driver = Pin<Box<http1::Connection<Line, Full<Bytes>>>>;

impl Dialer {
    /// For a target, with these options. Reads the platform's roots.
    ///
    /// # Errors
    /// When TLS cannot be set up at all.
    pub fn new(options: &ClientOptions, target: &Target) -> Result<Self, rustls::Error> {
        let host = HeaderValue::from_str(target.host_header()).expect("a URL's host can stand in a header");
        let mut headers = vec![(header::HOST, host), (header::USER_AGENT, options.user_agent())];
        let path = target.uri().path_and_query().map_or("/", |path| path.as_str());
        let mut uri = path.parse().expect("a URL's path is a path");
        if let Some(route) = options.proxy.route(target.uri()).filter(|_| !target.is_encrypted()) {
            uri = target.uri().clone();
            headers.extend(route.authorization.map(|value| (header::PROXY_AUTHORIZATION, value)));
        }
        let connector = Connector::new(options)?;
        Ok(Self { connector, target: target.clone(), uri, headers, timeout: options.timeout })
    }

    /// Opens a connection, within the connection's time limit.
    ///
    /// # Errors
    /// [`Outcome::Unanswered`] or [`Outcome::Failed`].
    pub async fn connect(&self) -> Result<Connection, Outcome> {
        let failed = |error| failure::connecting(error, &self.target);
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await.map_err(failed)?;
        let stream = connector.call(self.target.uri().clone()).await.map_err(failed)?;
        let (requests, driver) =
            builder().handshake(stream).await.map_err(|error| failure::exchanging(error.into()))?;
        Ok(Connection { dialer: self.clone(), requests, driver: Some(Box::pin(driver)) })
    }
}

impl Connection {
    /// Whether the endpoint has not closed it, as far as this side knows by now.
    pub async fn is_open(&mut self) -> bool {
        // Nothing moved it while its owner waited for something else; the endpoint may have closed it meanwhile.
        poll_fn(|context| {
            turn(&mut self.driver, context);
            Poll::Ready(())
        })
        .await;
        driven(&mut self.driver, self.requests.ready()).await.is_ok()
    }

    /// Posts a request and reads the answer, within the time limit of a delivery. After an answer that ends the
    /// connection, or none, [`Self::is_open`] is false.
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
        let answer = timeout_at(deadline, driven(&mut self.driver, sending)).await;
        let response = match answer {
            Ok(Some(Ok(response))) => response,
            Ok(None) => {
                self.driver = None;
                return Outcome::Unanswered(NoAnswer::InterimResponses);
            }
            Ok(Some(Err(error))) => {
                self.driver = None;
                return failure::exchanging(error.into());
            }
            Err(_) => {
                self.driver = None;
                return Outcome::Unanswered(NoAnswer::Timeout(self.dialer.timeout));
            }
        };
        let (head, body) = response.into_parts();
        let (body, end) = driven(&mut self.driver, read(body, deadline)).await;
        Outcome::answered(Answer { status: head.status, headers: head.headers, body, end })
    }
}

/// Reads folded headers and such with a space before the colon, as RFC 9112 sections 5.1 and 5.2 have it for a client.
fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.allow_obsolete_multiline_headers_in_responses(true).allow_spaces_after_header_name_in_responses(true);
    builder
}

/// Waits for `work` and moves the connection meanwhile, in the same task.
async fn driven<T>(driver: &mut Option<Driver>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        // First, so that what it hands to the connection is written in the same turn.
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        turn(driver, context);
        work.as_mut().poll(context)
    })
    .await
}

/// Moves the connection as far as it goes now.
fn turn(driver: &mut Option<Driver>, context: &mut Context<'_>) {
    if let Some(connection) = driver
        && connection.as_mut().poll(context).is_ready()
    {
        *driver = None;
    }
}
