//! One request over HTTP/2.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{
    answer::{Answer, BODY_MAX},
    no_answer::NoAnswer,
};
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
        Ok::<_, hyper::Error>((head, kept(body).await?))
    };
    let answered = answer.await;
    driver.abort();
    let (head, body) = answered.map_err(not_http)?;
    Ok(Answer {
        status: head.status.as_u16(),
        reason: String::new(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
        body,
        took: begun.elapsed(),
        reusable: false,
    })
}

/// A body, as far as it is kept; the rest is not read.
async fn kept<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Vec<u8>, B::Error> {
    let mut kept = Vec::new();
    while kept.len() < BODY_MAX
        && let Some(frame) = body.frame().await
    {
        if let Some(data) = frame?.data_ref() {
            kept.extend_from_slice(&data[..data.len().min(BODY_MAX - kept.len())]);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn of_a_body_without_an_end_the_beginning_is_kept() {
        for (name, frames, expected) in [
            ("empty", Some(0), 0),
            ("short", Some(2), 20_000),
            ("just over the limit", Some(27), BODY_MAX),
            ("endless", None, BODY_MAX),
        ] {
            let frame = |_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; 10_000])));
            let body = StreamBody::new(stream::iter((0..frames.unwrap_or(usize::MAX)).map(frame)));
            assert_eq!(kept(body).await.map(|body| body.len()), Ok(expected), "{name}");
        }
    }
}
