//! One request over HTTP/2.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{answer::Answer, no_answer::NoAnswer};
use crate::{endpoint::Endpoint, request::Request};

pub(super) async fn send(
    stream: TlsStream<TcpStream>,
    endpoint: &Endpoint,
    request: &Request,
    begun: Instant,
) -> Result<Answer, NoAnswer> {
    let not_http = |error: hyper::Error| NoAnswer::NotHttp { why: format!("HTTP/2: {error}") };
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(not_http)?;
    let driver = tokio::spawn(connection);

    let malformed = |_| NoAnswer::NotHttp { why: "the case's request has no form in HTTP/2".to_owned() };
    let mut sent = http::Request::builder()
        .method(request.parts.method.as_str())
        .uri(endpoint.url())
        .body(Full::new(Bytes::from(request.parts.body.clone())))
        .map_err(malformed)?;
    for (name, value) in request.parts.headers.iter().filter(|(name, _)| name != "host") {
        let name: HeaderName =
            name.parse().map_err(|error: http::header::InvalidHeaderName| malformed(error.into()))?;
        let value = HeaderValue::from_bytes(value).map_err(|error| malformed(error.into()))?;
        sent.headers_mut().append(name, value);
    }
    let answer = async {
        let (head, body) = sender.send_request(sent).await?.into_parts();
        Ok::<_, hyper::Error>((head, body.collect().await?.to_bytes()))
    };
    let answered = answer.await;
    driver.abort();
    let (head, body) = answered.map_err(not_http)?;
    Ok(Answer {
        status: head.status.as_u16(),
        reason: String::new(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
        body: body.to_vec(),
        took: begun.elapsed(),
        reusable: false,
    })
}
