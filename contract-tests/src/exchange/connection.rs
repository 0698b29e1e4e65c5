//! An HTTP/1.1 connection: writes a request as its case requires, and reads the answer meanwhile.

use std::{
    sync::atomic::{AtomicBool, AtomicU16, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    answer::Answer,
    progress::Progress,
    reader::AnswerReader,
    transport_error::{MAX_INTERIM_RESPONSES, TransportError},
};
use crate::request::Request;

/// How long a request that asked to continue waits before it sends its body anyway (RFC 9110 section 10.1.1).
pub(super) const CONTINUE_WAIT: Duration = Duration::from_secs(1);
/// Number of bytes to write at a time, so that a slow upload shows progress.
const WRITE_BYTES: usize = 16 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) struct Connection {
    reading: ReadHalf<Box<dyn Stream>>,
    writing: WriteHalf<Box<dyn Stream>>,
    reader: AnswerReader,
}

impl Connection {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (reading, writing) = split(Box::new(stream) as Box<dyn Stream>);
        Self { reading, writing, reader: AnswerReader::default() }
    }

    /// Sends a request and reads its answer, which may arrive before the request is sent. The limit counts from the last byte
    /// sent: while the endpoint reads the request, it is not late.
    pub(crate) async fn send(&mut self, request: &Request, limit: Duration) -> Result<Answer, TransportError> {
        let progress = Progress::begin();
        let go_on = Notify::new();
        let whole = AtomicBool::new(false);
        // 0 until the head of the answer is whole.
        let status = AtomicU16::new(0);
        let to_head = request.parts.method == "HEAD";
        let Self { reading, writing, reader } = self;
        let write = async {
            // An endpoint may answer and close before it has read everything.
            whole.store(write(writing, request, &go_on, &progress).await.is_ok(), Ordering::Relaxed);
            std::future::pending::<()>().await;
        };
        let read = async {
            let mut interim = 0;
            loop {
                let head = reader.head(reading).await?;
                if head.status == 101 {
                    return Err(TransportError::NotHttp {
                        why: "it switches to another protocol without being asked".to_owned(),
                    });
                }
                if (100..200).contains(&head.status) {
                    go_on.notify_one();
                    interim += 1;
                    if interim > MAX_INTERIM_RESPONSES {
                        return Err(TransportError::too_many_interim_responses());
                    }
                    continue;
                }
                status.store(head.status, Ordering::Relaxed);
                return reader.body(reading, head, to_head).await;
            }
        };
        let answered = tokio::select! {
            biased;
            answer = read => answer,
            () = write => Err(TransportError::Closed),
            () = progress.quiet_for(limit) => Err(TransportError::TimedOut { after: limit }),
        };
        let mut answer = match (answered, status.into_inner()) {
            (Err(TransportError::TimedOut { after }), 0) if reader.has_bytes() => {
                return Err(TransportError::Unfinished { status: None, after });
            }
            (Err(TransportError::TimedOut { after }), status) if status > 0 => {
                return Err(TransportError::Unfinished { status: Some(status), after });
            }
            (answered, _) => answered?,
        };
        answer.took = progress.since_sent();
        // The next request would be read as the rest of this one.
        answer.reusable &= whole.load(Ordering::Relaxed);
        Ok(answer)
    }
}

async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    request: &Request,
    go_on: &Notify,
    progress: &Progress,
) -> std::io::Result<()> {
    if request.ask_to_continue {
        write_all(stream, &request.head, progress).await?;
        progress.sent_after(CONTINUE_WAIT);
        // Without an interim answer, send the body anyway.
        let _ = timeout(CONTINUE_WAIT, go_on.notified()).await;
        write_all(stream, &request.body, progress).await?;
    } else {
        let bytes = [request.head.as_slice(), &request.body].concat();
        let mut written = 0;
        for size in &request.pieces {
            let size = if *size == 0 { request.head.len().saturating_sub(written) } else { *size };
            let end = (written + size).min(bytes.len());
            write_all(stream, &bytes[written..end], progress).await?;
            let pause = Duration::from_millis(request.pause_ms);
            progress.sent_after(pause);
            sleep(pause).await;
            written = end;
        }
        write_all(stream, &bytes[written..], progress).await?;
    }
    if request.half_close {
        stream.shutdown().await?;
    }
    Ok(())
}

async fn write_all(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], progress: &Progress) -> std::io::Result<()> {
    for part in bytes.chunks(WRITE_BYTES) {
        stream.write_all(part).await?;
        stream.flush().await?;
        progress.sent_after(Duration::ZERO);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn interim_responses_have_a_limit() {
        let request = Request::for_test("http://127.0.0.1/hooks", "{}");
        for (interim, expected) in [(0, Some(200)), (32, Some(200)), (33, None), (100_000, None)] {
            let (near, mut far) = tokio::io::duplex(64 * 1024);
            let mut connection = Connection::new(near);
            let mut responses = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(interim);
            responses.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            // If the connection has ended, the rest cannot be written.
            let answers = tokio::spawn(async move { (far.write_all(&responses).await.is_ok(), far) });
            let answer = connection.send(&request, Duration::from_secs(60)).await;
            assert_eq!(answer.ok().map(|answer| answer.status), expected, "{interim}");
            drop(connection);
            drop(answers.await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_connection_is_used_again_only_after_the_whole_request() {
        let request = Request::for_test("http://127.0.0.1/hooks", "{}");
        for (name, body, reusable) in [("small", 2, true), ("too large to be out before its answer", 100_000, false)] {
            let (near, mut far) = tokio::io::duplex(64 * 1024);
            let mut connection = Connection::new(near);
            let answers = async {
                // Of the large body most is not read before the answer.
                let mut read = vec![0; 2];
                far.read_exact(&mut read).await.unwrap();
                far.write_all(b"HTTP/1.1 413 x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                far
            };
            let request = Request { body: vec![b'x'; body], ..request.clone() };
            let (answer, _far) = tokio::join!(connection.send(&request, Duration::from_secs(10)), answers);
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.reusable), (413, reusable), "{name}");
        }
    }

    /// A request with a body of this size, on a connection to `endpoint`, and the result.
    async fn exchanged<F: Future<Output = tokio::io::DuplexStream>>(
        body: usize,
        limit: Duration,
        endpoint: impl FnOnce(tokio::io::DuplexStream) -> F,
    ) -> Result<Answer, TransportError> {
        let request = Request { body: vec![b'x'; body], ..Request::for_test("http://127.0.0.1/hooks", "{}") };
        let (near, far) = tokio::io::duplex(16 * 1024);
        let mut connection = Connection::new(near);
        let (answer, _far) = tokio::join!(connection.send(&request, limit), endpoint(far));
        answer
    }

    #[tokio::test]
    async fn the_time_of_an_answer_counts_from_the_last_byte_sent() {
        const LIMIT: Duration = Duration::from_secs(3);
        let body = 128 * 1024;
        let slow = exchanged(body, LIMIT, |mut far| async move {
            // Four pauses take longer than the limit, none of them does.
            for _ in 0..4 {
                sleep(LIMIT / 3).await;
                far.read_exact(&mut vec![0; body / 4]).await.unwrap();
            }
            sleep(LIMIT / 6).await;
            far.write_all(b"HTTP/1.1 204 x\r\n\r\n").await.unwrap();
            far
        });
        let answer = slow.await.unwrap();
        assert!(answer.took < LIMIT && answer.took >= LIMIT / 7, "{:?}", answer.took);
    }

    #[tokio::test]
    async fn an_endpoint_that_stops_reading_or_answering_is_told_so() {
        let after = Duration::from_millis(100);
        let unfinished = |status| TransportError::Unfinished { status, after };
        for (name, body, bytes, expected) in [
            ("it stops reading", 128 * 1024, "", TransportError::TimedOut { after }),
            ("it does not answer", 2, "", TransportError::TimedOut { after }),
            ("only an interim answer", 2, "HTTP/1.1 100 Continue\r\n\r\n", TransportError::TimedOut { after }),
            ("half a head", 2, "HTTP/1.1 200 OK\r\ncontent-", unfinished(None)),
            ("a body without an end", 2, "HTTP/1.1 200 OK\r\n\r\nfirst", unfinished(Some(200))),
            ("a body that is too short", 2, "HTTP/1.1 500 x\r\ncontent-length: 9\r\n\r\nfirst", unfinished(Some(500))),
            (
                "no last chunk",
                2,
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n",
                unfinished(Some(200)),
            ),
        ] {
            let actual = exchanged(body, after, |mut far| async move {
                far.write_all(bytes.as_bytes()).await.unwrap();
                far
            });
            assert_eq!(actual.await, Err(expected), "{name}");
        }
    }
}
