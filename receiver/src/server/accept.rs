//! The accept loop, and hyper on each connection. HTTP/1.1 only: HTTP/2 belongs to TLS.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use schemas::wire::JSON;
use tokio::net::{TcpListener, TcpStream};

use super::{
    connection::{Connection, Deadlines, Timed},
    connections::{Connections, Place},
    request_line::RequestLine,
};
use crate::{
    config::{Config, Limits},
    endpoint::{Arrival, Endpoints},
    log::{MessageLog, Record},
};

/// How long to wait when the operating system has no descriptor left for a new connection.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Accepts connections until `shutdown`, then lets those that have a request finish.
pub(super) async fn run<L: MessageLog>(
    listener: TcpListener,
    endpoints: Arc<Endpoints<L>>,
    config: &Config,
    shutdown: impl Future<Output = ()>,
) {
    let connections = Connections::new(config.limits.connections);
    let ending = GracefulShutdown::new();
    // The guard writes what is left when the server ends.
    let (line, _payloads) = RequestLine::new(config.log_payloads);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
                continue;
            }
        };
        let connection = Connection::new(connections.idle());
        let place = tokio::select! {
            place = connections.enter(connection.clone()) => place,
            () = &mut shutdown => break,
        };
        let service = Service { endpoints: endpoints.clone(), connection, peer, line: line.clone() };
        tokio::spawn(service.serve(stream, config.limits, place, ending.watcher()));
    }
    drop(listener);
    connections.close_waiting();
    if tokio::time::timeout(config.limits.drain_timeout, ending.shutdown()).await.is_err() {
        tracing::warn!("connections were cut that had not finished in time");
    }
}

/// One connection's way from socket to endpoint.
struct Service<L> {
    endpoints: Arc<Endpoints<L>>,
    connection: Arc<Connection>,
    peer: SocketAddr,
    line: RequestLine,
}

impl<L: MessageLog> Service<L> {
    async fn serve(
        self,
        stream: TcpStream,
        limits: Limits,
        place: Place,
        ending: hyper_util::server::graceful::Watcher,
    ) {
        // Answers are one small write each; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let deadlines =
            Deadlines { header: limits.header_timeout, idle: limits.idle_timeout, write: limits.body_timeout };
        let connection = self.connection.clone();
        let stream = TokioIo::new(Timed::new(stream, connection.clone(), deadlines));
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            // Who has sent all may close that side before the answer comes.
            .half_close(true)
            // `Timed` keeps the header's deadline, and an idle one apart from it.
            .header_read_timeout(None)
            .max_headers(limits.header_fields)
            .max_header_size(limits.header_bytes)
            .serve_connection(stream, service_fn(move |request| self.clone().call(request)));
        let result = tokio::select! {
            result = ending.watch(serving) => result,
            () = connection.closed() => Ok(()),
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    }

    async fn call(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let two_lengths = self.connection.begin(request.headers());
        let arrival = Arrival { peer: Some(self.peer.ip()), two_lengths };
        let mut open = self.line.begin(self.peer);
        let outcome = self.endpoints.receive(request, arrival, &mut open.progress).await;
        let last = open.progress.last;
        open.end(&outcome);
        let mut response = match outcome {
            Ok(record) => acknowledgement(&record),
            Err(rejection) => rejection.into_http(),
        };
        if last {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        self.connection.answer();
        Ok(response)
    }
}

// Derived, it would ask for a log that can be cloned.
impl<L> Clone for Service<L> {
    fn clone(&self) -> Self {
        Self {
            endpoints: self.endpoints.clone(),
            connection: self.connection.clone(),
            peer: self.peer,
            line: self.line.clone(),
        }
    }
}

fn acknowledgement(record: &Record) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(format!(r#"{{"id":"{}"}}"#, record.header.id).into()));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}
