//! The admin listener: health, readiness and metrics, and nothing else. It has few connections, each with one request and
//! a short life, so that whoever asks here can never take from those who send messages.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use schemas::{uri::normalize_path, wire::JSON};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::vitals::Vitals;
use crate::metrics::OPENMETRICS;

/// Most connections at a time; further ones wait.
const CONNECTIONS: usize = 16;
/// Longest time for a head to arrive.
const HEAD: Duration = Duration::from_secs(2);
/// Longest life of a connection.
const LIFE: Duration = Duration::from_secs(10);
/// How long to wait when the operating system has no descriptor left for a new connection.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers until `stop`.
pub(super) async fn run(listener: TcpListener, vitals: Arc<Vitals>, stop: impl Future<Output = ()>) {
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(tokio::time::timeout(LIFE, serve(stream, vitals.clone())))),
                Err(_) => tokio::time::sleep(OUT_OF_DESCRIPTORS).await,
            },
        }
    }
    // Nobody may hold the log once this ends.
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, vitals: Arc<Vitals>) {
    let answer = service_fn(|request: Request<Incoming>| {
        let vitals = vitals.clone();
        async move { Ok::<_, Infallible>(answer(request.method(), request.uri().path(), vitals).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false).max_buf_size(8 << 10);
    // Whoever asked and went away is nobody's loss.
    let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
}

async fn answer(method: &Method, path: &str, vitals: Arc<Vitals>) -> Response<Full<Bytes>> {
    let reads = method == Method::GET || method == Method::HEAD;
    let (status, kind, body) = match &*normalize_path(path) {
        "/healthz" | "/readyz" | "/metrics" if !reads => {
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, "Ask with GET.\n".to_owned())
        }
        "/healthz" => (StatusCode::OK, TEXT, "ok\n".to_owned()),
        // Both look at files, which must not hold up the requests.
        "/readyz" => match tokio::task::spawn_blocking(move || vitals.readiness()).await {
            Ok(readiness) => {
                let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                let text = serde_json::to_string(&readiness).expect("it is made of strings and booleans");
                (status, JSON, format!("{text}\n"))
            }
            Err(_) => broken(),
        },
        "/metrics" => match tokio::task::spawn_blocking(move || vitals.text()).await {
            Ok(text) => (StatusCode::OK, OPENMETRICS, text),
            Err(_) => broken(),
        },
        _ => (StatusCode::NOT_FOUND, TEXT, "Here are /healthz, /readyz and /metrics.\n".to_owned()),
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

fn broken() -> (StatusCode, &'static str, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, TEXT, "This could not be looked at; see the log.\n".to_owned())
}
