//! One request over HTTP/2.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};

use super::{answer::Answer, no_answer::NoAnswer, progress::Progress, reader::MAX_BODY_BYTES};
use crate::{endpoint::Endpoint, request::Request};

/// Bytes of a request's body that are handed over at a time; the next ones when the endpoint has room for them.
const FRAME_BYTES: usize = 16 * 1024;

/// Sends a request and reads its answer; the limit counts from the last byte of the request.
pub(super) async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    endpoint: &Endpoint,
    request: &Request,
    limit: Duration,
) -> Result<Answer, NoAnswer> {
    let progress = Arc::new(Progress::begin());
    let mut status = None;
    let answered = tokio::select! {
        biased;
        answered = exchange(stream, endpoint, request, &progress, &mut status) => Some(answered),
        () = progress.quiet_for(limit) => None,
    };
    match (answered, status) {
        (Some(answered), _) => answered.map(|answer| Answer { took: progress.since_sent(), ..answer }),
        (None, None) => Err(NoAnswer::TimedOut { after: limit }),
        (None, status) => Err(NoAnswer::Unfinished { status, after: limit }),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    endpoint: &Endpoint,
    request: &Request,
    progress: &Arc<Progress>,
    status: &mut Option<u16>,
) -> Result<Answer, NoAnswer> {
    let not_http = |error: hyper::Error| NoAnswer::NotHttp { why: format!("HTTP/2: {error}") };
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(not_http)?;
    // Dropped with this future, so that a request without an answer leaves nothing behind.
    let mut driver = JoinSet::new();
    driver.spawn(connection);

    let malformed = |_| NoAnswer::NotHttp { why: "the case's request has no form in HTTP/2".to_owned() };
    let body = Upload { rest: Bytes::from(request.parts.body.clone()), progress: Arc::clone(progress) };
    let mut sent = http::Request::builder()
        .method(request.parts.method.as_str())
        .uri(endpoint.url())
        .body(body)
        .map_err(malformed)?;
    for (name, value) in request.parts.headers.iter().filter(|(name, _)| name != "host") {
        let name: HeaderName =
            name.parse().map_err(|error: http::header::InvalidHeaderName| malformed(error.into()))?;
        let value = HeaderValue::from_bytes(value).map_err(|error| malformed(error.into()))?;
        sent.headers_mut().append(name, value);
    }
    let (head, body) = sender.send_request(sent).await.map_err(not_http)?.into_parts();
    *status = Some(head.status.as_u16());
    Ok(Answer {
        status: head.status.as_u16(),
        reason: String::new(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
        body: kept(body).await.map_err(not_http)?,
        took: Duration::ZERO,
        reusable: false,
    })
}

/// The body of a request, which notes how far it has gone out.
struct Upload {
    rest: Bytes,
    progress: Arc<Progress>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.rest.len().min(FRAME_BYTES);
        let part = self.rest.split_to(size);
        self.progress.sent_after(Duration::ZERO);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// A body, as far as it is kept; the rest is not read.
async fn kept<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Vec<u8>, B::Error> {
    let mut kept = Vec::new();
    while kept.len() < MAX_BODY_BYTES
        && let Some(frame) = body.frame().await
    {
        if let Some(data) = frame?.data_ref() {
            kept.extend_from_slice(&data[..data.len().min(MAX_BODY_BYTES - kept.len())]);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};
    use http_body_util::StreamBody;
    use hyper::body::Incoming;
    use schemas::{Authentication, Profile};

    use super::*;
    use crate::{case::RequestForm, request::Maker};

    #[tokio::test]
    async fn of_a_body_without_an_end_the_beginning_is_kept() {
        for (name, frames, expected) in [
            ("empty", Some(0), 0),
            ("short", Some(2), 20_000),
            ("just over the limit", Some(27), MAX_BODY_BYTES),
            ("endless", None, MAX_BODY_BYTES),
        ] {
            let frame = |_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; 10_000])));
            let body = StreamBody::new(stream::iter((0..frames.unwrap_or(usize::MAX)).map(frame)));
            assert_eq!(kept(body).await.map(|body| body.len()), Ok(expected), "{name}");
        }
    }

    #[tokio::test]
    async fn a_large_body_arrives_whole_and_an_answer_without_an_end_is_told_so() {
        let address = "https://a.example/hooks".parse().unwrap();
        let maker = Maker { endpoint: &address, authentication: &Authentication::None, profile: Profile::v1() };
        let form: RequestForm = serde_json::from_str(r#"{"size": 200000, "http2": true}"#).unwrap();
        let request = maker.make(&form, 1).unwrap();
        for (name, ends, expected) in [
            ("it ends", true, Ok((200, request.parts.body.len().to_string()))),
            ("it does not", false, Err(NoAnswer::Unfinished { status: Some(200), after: Duration::from_secs(2) })),
        ] {
            let (near, far) = tokio::io::duplex(16 * 1024);
            let service = hyper::service::service_fn(move |request: http::Request<Incoming>| async move {
                let announced = request.headers()[http::header::CONTENT_LENGTH].to_str().unwrap().to_owned();
                let length = request.into_body().collect().await?.to_bytes().len().to_string();
                assert_eq!(length, announced);
                let frames = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(length)))]);
                let body = match ends {
                    true => StreamBody::new(frames.boxed()),
                    false => StreamBody::new(frames.chain(stream::pending()).boxed()),
                };
                Ok::<_, hyper::Error>(http::Response::new(body))
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let serving = tokio::spawn(async move { server.serve_connection(TokioIo::new(far), service).await });
            let answer = send(near, &address, &request, Duration::from_secs(2)).await;
            let answer = answer.map(|answer| (answer.status, String::from_utf8(answer.body).unwrap()));
            assert_eq!(answer, expected, "{name}");
            serving.abort();
        }
    }
}
