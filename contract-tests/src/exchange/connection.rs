//! A connection for HTTP/1.1: writes a request as its case wants it, and reads what comes meanwhile.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    answer::{Answer, Buffer},
    no_answer::NoAnswer,
};
use crate::request::Request;

/// How long a request that asked to continue waits before it sends its body all the same (RFC 9110 section 10.1.1).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open connection.
pub(crate) struct Connection {
    reading: ReadHalf<Box<dyn Stream>>,
    writing: WriteHalf<Box<dyn Stream>>,
    buffer: Buffer,
}

impl Connection {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        let (reading, writing) = split(Box::new(stream) as Box<dyn Stream>);
        Self { reading, writing, buffer: Buffer::default() }
    }

    /// Sends a request and reads its answer, which may come before the request is out.
    pub(crate) async fn send(&mut self, request: &Request, limit: Duration) -> Result<Answer, NoAnswer> {
        let begun = Instant::now();
        let go_on = Notify::new();
        let whole = AtomicBool::new(false);
        let to_head = request.parts.method == "HEAD";
        let Self { reading, writing, buffer } = self;
        let write = async {
            // An endpoint that has its answer may close before it has read everything: the answer tells.
            whole.store(write(writing, request, &go_on).await.is_ok(), Ordering::Relaxed);
            std::future::pending::<()>().await;
        };
        let read = async {
            loop {
                let head = buffer.head(reading, begun).await?;
                // 101 would be the last; nobody asked for it.
                if (100..200).contains(&head.status) {
                    go_on.notify_one();
                    continue;
                }
                return buffer.body(reading, head, to_head).await;
            }
        };
        let answered = timeout(limit, async {
            tokio::select! {
                biased;
                answer = read => answer,
                () = write => Err(NoAnswer::Closed),
            }
        });
        let mut answer = answered.await.map_err(|_| NoAnswer::TimedOut { after: limit })??;
        answer.took = begun.elapsed();
        // The next request would be read as the rest of this one.
        answer.reusable &= whole.load(Ordering::Relaxed);
        Ok(answer)
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), request: &Request, go_on: &Notify) -> std::io::Result<()> {
    if request.ask_to_continue {
        stream.write_all(&request.head).await?;
        stream.flush().await?;
        // Without an interim answer the body follows all the same.
        let _ = timeout(CONTINUE_WAIT, go_on.notified()).await;
        stream.write_all(&request.body).await?;
    } else {
        let bytes = [request.head.as_slice(), &request.body].concat();
        let mut written = 0;
        for size in &request.pieces {
            let size = if *size == 0 { request.head.len().saturating_sub(written) } else { *size };
            let end = (written + size).min(bytes.len());
            stream.write_all(&bytes[written..end]).await?;
            stream.flush().await?;
            sleep(Duration::from_millis(request.pause_ms)).await;
            written = end;
        }
        stream.write_all(&bytes[written..]).await?;
    }
    stream.flush().await?;
    if request.half_close {
        stream.shutdown().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use schemas::{Authentication, Profile};
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::{case::RequestForm, request::Maker};

    #[tokio::test]
    async fn a_connection_is_used_again_only_after_the_whole_request() {
        let endpoint = "http://127.0.0.1/hooks".parse().unwrap();
        let maker = Maker { endpoint: &endpoint, authentication: &Authentication::None, profile: Profile::v1() };
        let request = maker.make(&RequestForm::default(), 1).unwrap();
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
}
