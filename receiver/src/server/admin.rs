//! The admin listener: health, readiness and metrics, and nothing else. It has few connections, each with one request and
//! a short life, so its clients can never take resources from those that send messages.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use schemas::{uri::normalize_path, wire::JSON_MEDIA_TYPE};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{accept::ACCEPT_RETRY_DELAY, health::HealthState};
use crate::metrics::OPENMETRICS_TYPE;

/// Maximum number of connections at a time; further ones wait.
const MAX_CONNECTIONS: usize = 16;
const HEADER_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// Answers until `stop`.
pub(super) async fn run(listener: TcpListener, health: Arc<HealthState>, stop: impl Future<Output = ()>) {
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(tokio::time::timeout(CONNECTION_TIMEOUT, serve(stream, health.clone())))),
                Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
            },
        }
    }
    // Nothing may hold the log once this ends.
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, health: Arc<HealthState>) {
    let answer = service_fn(|request: Request<Incoming>| {
        let health = health.clone();
        async move { Ok::<_, Infallible>(answer(request.method(), request.uri().path(), health).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).keep_alive(false).max_buf_size(8 << 10);
    // A client that has gone away needs no answer.
    let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(method: &Method, path: &str, health: Arc<HealthState>) -> Response<Full<Bytes>> {
    let reads = method == Method::GET || method == Method::HEAD;
    let (status, kind, body) = match &*normalize_path(path) {
        "/healthz" | "/readyz" | "/metrics" if !reads => {
            (StatusCode::METHOD_NOT_ALLOWED, PLAIN_TEXT, "Send the request with GET.\n".to_owned())
        }
        "/healthz" => (StatusCode::OK, PLAIN_TEXT, "ok\n".to_owned()),
        // Both read files, which must not delay other requests.
        "/readyz" => match tokio::task::spawn_blocking(move || health.readiness()).await {
            Ok(readiness) => {
                let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                let text = serde_json::to_string(&readiness).expect("readiness is made of strings and booleans");
                (status, JSON_MEDIA_TYPE, format!("{text}\n"))
            }
            Err(_) => failed(),
        },
        "/metrics" => match tokio::task::spawn_blocking(move || health.render_metrics()).await {
            Ok(text) => (StatusCode::OK, OPENMETRICS_TYPE, text),
            Err(_) => failed(),
        },
        _ => (StatusCode::NOT_FOUND, PLAIN_TEXT, "The paths are /healthz, /readyz and /metrics.\n".to_owned()),
    };
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

fn failed() -> (StatusCode, &'static str, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, PLAIN_TEXT, "The check failed; see the log.\n".to_owned())
}
