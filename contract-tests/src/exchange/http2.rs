//! One request over HTTP/2.

use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    time::Duration,
};

use bytes::Bytes;
use delivery::EndpointUrl;
use h2::{RecvStream, SendStream};
use http::{HeaderName, HeaderValue};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    task::JoinSet,
    time::timeout,
};

use super::{
    answer::{Answer, MAX_BODY_BYTES},
    connection::CONTINUE_WAIT,
    progress::Progress,
    transport_error::{MAX_INTERIM_RESPONSES, TransportError},
};
use crate::request::Request;

/// Number of bytes of a body to send at a time, so that a slow upload shows progress.
const FRAME_BYTES: usize = 16 * 1024;

/// Sends a request and reads its answer, which may arrive before the request is sent. The limit counts from the last byte of
/// the request.
pub(super) async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    endpoint: &EndpointUrl,
    request: &Request,
    limit: Duration,
) -> Result<Answer, TransportError> {
    let progress = Progress::begin();
    let mut status = None;
    let answered = tokio::select! {
        biased;
        answered = exchange(stream, endpoint, request, &progress, &mut status) => Some(answered),
        () = progress.quiet_for(limit) => None,
    };
    match (answered, status) {
        (Some(answered), _) => answered.map(|answer| Answer { took: progress.since_sent(), ..answer }),
        (None, None) => Err(TransportError::TimedOut { after: limit }),
        (None, status) => Err(TransportError::Unfinished { status, after: limit }),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    endpoint: &EndpointUrl,
    request: &Request,
    progress: &Progress,
    status: &mut Option<u16>,
) -> Result<Answer, TransportError> {
    let (sender, connection) = h2::client::handshake(stream).await?;
    // Dropped with this future, so that a request without an answer leaves nothing behind.
    let mut driver = JoinSet::new();
    driver.spawn(connection);

    let body = Bytes::from(request.parts.body.clone());
    let sent = head(endpoint, request, body.len())
        .map_err(|_| TransportError::NotHttp { why: "the case's request has no form in HTTP/2".to_owned() })?;
    let mut sender = sender.ready().await?;
    let (mut response, upload) = sender.send_request(sent, body.is_empty())?;
    let go_on = Notify::new();
    let write = async {
        if request.ask_to_continue {
            progress.sent_after(CONTINUE_WAIT);
            // Without an interim response, send the body anyway.
            let _ = timeout(CONTINUE_WAIT, go_on.notified()).await;
        }
        // An endpoint may answer and read no more.
        let _ = write(upload, body, progress).await;
        pending::<Infallible>().await
    };
    let read = async {
        let mut interim = 0;
        while let Some(response) = poll_fn(|cx| response.poll_informational(cx)).await {
            response?;
            go_on.notify_one();
            interim += 1;
            if interim > MAX_INTERIM_RESPONSES {
                return Err(TransportError::too_many_interim_responses());
            }
        }
        let (head, body) = response.await?.into_parts();
        *status = Some(head.status.as_u16());
        Ok(Answer {
            status: head.status.as_u16(),
            reason: String::new(),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
            body: kept(body).await?,
            took: Duration::ZERO,
            reusable: false,
        })
    };
    tokio::select! {
        biased;
        answer = read => answer,
        never = write => match never {},
    }
}

impl From<h2::Error> for TransportError {
    fn from(error: h2::Error) -> Self {
        Self::NotHttp { why: format!("HTTP/2: {error}") }
    }
}

/// The head of a request whose body has this many bytes.
fn head(endpoint: &EndpointUrl, request: &Request, length: usize) -> Result<http::Request<()>, http::Error> {
    let mut head = http::Request::builder().method(request.parts.method.as_str()).uri(endpoint.uri()).body(())?;
    for (name, value) in request.parts.headers.iter().filter(|(name, _)| name != "host") {
        head.headers_mut().append(name.parse::<HeaderName>()?, HeaderValue::from_bytes(value)?);
    }
    head.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    if request.ask_to_continue {
        head.headers_mut().insert(http::header::EXPECT, HeaderValue::from_static("100-continue"));
    }
    Ok(head)
}

/// Writes a body as fast as the endpoint reads it, and records the progress.
async fn write(mut upload: SendStream<Bytes>, mut body: Bytes, progress: &Progress) -> Result<(), h2::Error> {
    while !body.is_empty() {
        upload.reserve_capacity(body.len().min(FRAME_BYTES));
        while upload.capacity() == 0 {
            match poll_fn(|cx| upload.poll_capacity(cx)).await {
                Some(capacity) => capacity?,
                // The endpoint reads no more.
                None => return Ok(()),
            };
        }
        let part = body.split_to(upload.capacity().min(body.len()).min(FRAME_BYTES));
        upload.send_data(part, body.is_empty())?;
        progress.sent_after(Duration::ZERO);
    }
    Ok(())
}

/// A body up to its maximum size; the rest is not read.
async fn kept(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut kept = Vec::new();
    while kept.len() < MAX_BODY_BYTES
        && let Some(data) = body.data().await
    {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        kept.extend_from_slice(&data[..data.len().min(MAX_BODY_BYTES - kept.len())]);
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use h2::server::SendResponse;
    use http::{Response, StatusCode};
    use tokio::io::DuplexStream;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// The result of a request of this form, on a connection to an endpoint with this behaviour.
    async fn exchanged<F: Future<Output = ()> + Send + 'static>(
        form: &str,
        limit: Duration,
        endpoint: impl Fn(http::Request<RecvStream>, SendResponse<Bytes>) -> F + Send + 'static,
    ) -> Result<Answer, TransportError> {
        let request = Request::for_test("https://a.example/hooks", form);
        let (near, far) = tokio::io::duplex(16 * 1024);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connection = h2::server::handshake::<DuplexStream>(far).await.unwrap();
            let mut streams = JoinSet::new();
            while let Some(Ok((request, reply))) = connection.accept().await {
                streams.spawn(endpoint(request, reply));
            }
        });
        send(near, &"https://a.example/hooks".parse().unwrap(), &request, limit).await
    }

    fn response(status: StatusCode) -> Response<()> {
        Response::builder().status(status).body(()).unwrap()
    }

    /// The number of bytes of a request's body.
    async fn read(request: http::Request<RecvStream>) -> usize {
        let announced = request.headers()[http::header::CONTENT_LENGTH].to_str().unwrap().to_owned();
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(data) = body.data().await {
            let data = data.unwrap();
            body.flow_control().release_capacity(data.len()).unwrap();
            length += data.len();
        }
        assert_eq!(length.to_string(), announced);
        length
    }

    /// Answers 200 with a body of this size, which ends or does not.
    async fn answer(mut reply: SendResponse<Bytes>, bytes: usize, ends: bool) {
        let stream = reply.send_response(response(StatusCode::OK), false).unwrap();
        let body = Bytes::from(vec![b'x'; bytes]);
        if ends {
            // Where the connection has ended, the rest cannot be written.
            let _ = match body.is_empty() {
                true => { stream }.send_data(body, true),
                false => write(stream, body, &Progress::begin()).await,
            };
        } else {
            let mut stream = stream;
            let _ = stream.send_data(body, false);
            pending::<()>().await;
        }
    }

    #[tokio::test]
    async fn of_a_body_without_an_end_the_beginning_is_kept() {
        for (name, bytes, ends, expected) in [
            ("empty", 0, true, 0),
            ("short", 20_000, true, 20_000),
            ("just over the limit", MAX_BODY_BYTES + 1, true, MAX_BODY_BYTES),
            ("endless", 2 * MAX_BODY_BYTES, false, MAX_BODY_BYTES),
        ] {
            let answer = exchanged("{}", LIMIT, move |_, reply| answer(reply, bytes, ends)).await.unwrap();
            assert_eq!(answer.body.len(), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn a_large_body_arrives_whole_and_an_answer_without_an_end_is_told_so() {
        let form = r#"{"size": 200000}"#;
        let short = Duration::from_millis(500);
        for (name, ends, limit, expected) in [
            ("it ends", true, LIMIT, Ok(2)),
            ("it does not", false, short, Err(TransportError::Unfinished { status: Some(200), after: short })),
        ] {
            let actual = exchanged(form, limit, move |request, reply| async move {
                assert!(read(request).await >= 200_000);
                answer(reply, 2, ends).await;
            });
            assert_eq!(actual.await.map(|answer| answer.body.len()), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_held_back_follows_when_it_is_asked_for() {
        let form = r#"{"size": 60000, "askToContinue": true}"#;
        let actual = exchanged(form, LIMIT, |request, mut reply| async move {
            assert_eq!(request.headers()[http::header::EXPECT], "100-continue");
            let mut body = request.into_body();
            let first = timeout(CONTINUE_WAIT / 4, poll_fn(|cx| body.poll_data(cx))).await;
            assert!(first.is_err(), "it comes before it is asked for");
            reply.send_informational(response(StatusCode::CONTINUE)).unwrap();
            assert!(poll_fn(|cx| body.poll_data(cx)).await.is_some());
            answer(reply, 1, true).await;
        });
        assert_eq!(actual.await.unwrap().status, 200);
    }

    #[tokio::test]
    async fn interim_responses_have_a_limit() {
        for (interim, expected) in
            [(0, Some(200)), (MAX_INTERIM_RESPONSES, Some(200)), (MAX_INTERIM_RESPONSES + 1, None), (100_000, None)]
        {
            let actual = exchanged("{}", LIMIT, move |_, mut reply| async move {
                for _ in 0..interim {
                    if reply.send_informational(response(StatusCode::EARLY_HINTS)).is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
                answer(reply, 0, true).await;
            });
            assert_eq!(actual.await.ok().map(|answer| answer.status), expected, "{interim}");
        }
    }
}
