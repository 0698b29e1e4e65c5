//! A request's way from its connection to the endpoints, and the answer's way back.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header, request};
use http_body::Body;
use http_body_util::Full;
use schemas::wire::JSON;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use super::{
    connection::Connection,
    current::Current,
    peer::Peer,
    request_line::{OpenRequest, RequestLine},
    stage::{Arriving, Stage},
};
use crate::{
    endpoint::Arrival,
    log::{MessageLog, Record},
    metrics::Metrics,
    rejection::{Details, Rejection},
};

/// Carries the id of a request's log line, so that whoever was refused can say which request it was.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What one connection's requests are answered with.
pub(super) struct Service<L> {
    current: Arc<Current<L>>,
    connection: Arc<Connection>,
    connected: SocketAddr,
    line: RequestLine,
}

impl<L: MessageLog> Service<L> {
    pub(super) fn new(
        current: Arc<Current<L>>,
        connection: Arc<Connection>,
        connected: SocketAddr,
        line: RequestLine,
    ) -> Self {
        Self { current, connection, connected, line }
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        self.line.metrics()
    }

    /// What a new connection begins with, if it speaks TLS.
    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.current.rules().tls.as_ref().map(|acceptor| acceptor.0.clone())
    }

    /// Takes a request by the rules of the moment at which it begins.
    pub(super) async fn answer<B>(&self, request: Request<B>, two_lengths: bool) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let rules = self.current.rules();
        let peer = Peer::of(self.connected, request.headers(), &rules.trusted_proxies);
        let arrival = Arrival { peer: Some(peer.ip()), two_lengths };
        let mut open = self.line.begin(peer);
        let stage = Stage::new(self.connection.clone());
        let request = request.map(|body| Arriving::new(body, stage.clone()));
        let outcome = rules.endpoints.receive(request, arrival, &mut open.progress).await;
        stage.done();
        respond(open, outcome)
    }

    /// Refuses a request before any endpoint sees it.
    pub(super) fn refuse(&self, head: &request::Parts, rejection: Rejection) -> Response<Full<Bytes>> {
        let mut open = self.line.begin(Peer::of(self.connected, &head.headers, &self.current.rules().trusted_proxies));
        open.progress.details = Details::of(&rejection, head, None);
        respond(open, Err(rejection))
    }

    /// The other end of the connection.
    pub(super) fn connected(&self) -> SocketAddr {
        self.connected
    }
}

// Derived, it would ask for a log that can be cloned.
impl<L> Clone for Service<L> {
    fn clone(&self) -> Self {
        Self {
            current: self.current.clone(),
            connection: self.connection.clone(),
            connected: self.connected,
            line: self.line.clone(),
        }
    }
}

/// Ends a request: its log line, its count and its answer.
fn respond(open: OpenRequest<'_>, outcome: Result<Record, Rejection>) -> Response<Full<Bytes>> {
    let last = open.progress.last;
    let id = open.end(&outcome);
    let mut response = match outcome {
        Ok(record) => acknowledgement(&record),
        Err(rejection) => rejection.into_http(),
    };
    response.headers_mut().insert(REQUEST_ID, request_id(id));
    if last {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn request_id(id: Uuid) -> HeaderValue {
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
        .expect("an id is made of hex digits")
}

fn acknowledgement(record: &Record) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(format!(r#"{{"id":"{}"}}"#, record.header.id).into()));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}
