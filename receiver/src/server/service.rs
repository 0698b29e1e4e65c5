//! A request's way from its connection to the endpoints, and the answer's way back.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header, request};
use http_body::Body;
use http_body_util::Full;
use schemas::wire::JSON_MEDIA_TYPE;
use uuid::Uuid;

use super::{connection::handle::ConnectionHandle, peer::Peer, state::ServerState};
use crate::{
    ingest::{Handled, Rejection, RequestContext},
    log::Record,
};

/// The id of a request's log line, so a client can name its refused request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Clone)]
pub(super) struct Service {
    pub(super) server: Arc<ServerState>,
    pub(super) connection: Arc<ConnectionHandle>,
    /// The other end of the connection.
    pub(super) peer: SocketAddr,
}

impl Service {
    /// Answers a request by the configuration that is in force when it begins.
    pub(super) async fn answer<B>(&self, request: Request<B>, has_two_lengths: bool) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        let started = Instant::now();
        let config = self.server.config.load();
        let peer = Peer::of(self.peer, request.headers(), &config.trusted_proxies);
        let context = RequestContext { peer: Some(peer.ip()), has_two_lengths };
        let begin_store = || self.connection.begin_store();
        let handled = self.server.pipeline.receive(&config.endpoints, request, context, begin_store).await;
        self.respond(started, &peer, handled)
    }

    /// Refuses a request before it reaches an endpoint.
    pub(super) fn refuse(&self, head: &request::Parts, rejection: Rejection) -> Response<Full<Bytes>> {
        let peer = Peer::of(self.peer, &head.headers, &self.server.config.load().trusted_proxies);
        self.respond(Instant::now(), &peer, Handled::refused(head, rejection))
    }

    /// Logs and counts a request, and makes its answer.
    fn respond(&self, started: Instant, peer: &Peer, handled: Handled) -> Response<Full<Bytes>> {
        let duration = started.elapsed();
        let id = self.server.access_log.write(peer, &handled, duration);
        self.server.metrics.answered(&handled, duration);
        self.server.refusals.record(id, peer, &handled, &self.server.config.load().refusals);
        let mut response = match handled.result {
            Ok(record) => acknowledgement(&record),
            Err(refusal) => refusal.rejection.into_http(),
        };
        response.headers_mut().insert(REQUEST_ID, request_id(id));
        if handled.close {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn request_id(id: Uuid) -> HeaderValue {
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
        .expect("an id is made of hex digits")
}

fn acknowledgement(record: &Record) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(format!(r#"{{"id":"{}"}}"#, record.header.id).into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_MEDIA_TYPE));
    response
}
