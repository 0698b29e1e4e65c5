//! The connections of the receiver, byte by byte: no library of HTTP stands between a defect and the wire.

use std::{io, sync::Arc, sync::atomic::Ordering, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream},
    net::TcpListener,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::mutants::{
    answer::Answer,
    request::{Framing, Head, Request},
    rules::{After, Leave, Rules, Shared},
};

/// How long a connection that is closed may still send, so that its answer is not lost.
const LINGER: Duration = Duration::from_millis(300);

/// An endpoint that listens until it is dropped.
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// Starts an endpoint on a free port of the loopback.
    pub(crate) async fn start(rules: Rules, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (rules, shared) = (Arc::new(rules), Arc::new(Shared::default()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (rules, shared, tls) = (Arc::clone(&rules), Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &rules, &shared).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &rules, &shared).await,
                            Err(error) => Err(error),
                        },
                    }
                });
            }
        });
        Self { port, task }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, rules: &Rules, shared: &Shared) -> io::Result<()> {
    let mut stream = BufStream::new(stream);
    for count in 1.. {
        match exchange(&mut stream, rules, shared, count).await? {
            After::Keep => {}
            After::Drop => return Ok(()),
            After::Close => {
                stream.get_mut().shutdown().await?;
                let mut nowhere = tokio::io::sink();
                return timeout(LINGER, tokio::io::copy(&mut stream, &mut nowhere))
                    .await
                    .map_or(Ok(()), |copied| copied.map(drop));
            }
        }
    }
    Ok(())
}

/// One request and its answer.
async fn exchange(
    stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
    rules: &Rules,
    shared: &Shared,
    count: usize,
) -> io::Result<After> {
    let text = match read_head(stream, rules.head_limit).await? {
        Found::Head(text) => text,
        Found::Nothing => return Ok(After::Drop),
        Found::TooMuch => return answer(stream, Answer::new(431, "the head is too large"), false, After::Close).await,
    };
    let Some(head) = Head::read(&text) else {
        return answer(stream, (rules.finish)(None, rules.expected, Answer::bad_request()), false, After::Close).await;
    };
    if let Err(refusal) = (rules.nth)(count) {
        return answer(stream, refusal, false, After::Close).await;
    }
    let to_head = head.method == "HEAD";
    let asks_leave = head.all("expect").iter().any(|value| value.eq_ignore_ascii_case("100-continue"));
    if let Some(early) = (rules.early)(&head) {
        return answer(stream, early, to_head, After::Close).await;
    }
    let framing = match rules.judge_head(&head) {
        Ok(framing) => framing,
        Err(refusal) => {
            let length = (rules.framing)(&head).ok().filter(|_| !asks_leave);
            let request = Request { head: head.clone(), body: Vec::new() };
            let refusal = (rules.finish)(Some(&request), rules.expected, refusal);
            let mut after = (rules.after)(&head, count);
            if rules.drain {
                match length {
                    Some(Framing::Length(length)) if length <= rules.limit => {
                        read_body(stream, Framing::Length(length), rules).await?;
                    }
                    _ => after = After::Close,
                }
            }
            return answer(stream, refusal, to_head, after).await;
        }
    };
    if asks_leave {
        match (rules.leave)(&head) {
            Leave::Given => {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                stream.flush().await?;
            }
            Leave::Refused(refusal) => return answer(stream, refusal, to_head, After::Close).await,
        }
    }
    let body = match read_body(stream, framing, rules).await? {
        Body::Whole(body) => body,
        Body::Broken => return answer(stream, Answer::bad_request(), to_head, After::Close).await,
        Body::TooLarge => return answer(stream, (rules.too_large)(), to_head, After::Close).await,
    };
    let request = Request { head, body };
    shared.running.fetch_add(1, Ordering::SeqCst);
    let verdict = rules.judge(&request, shared);
    sleep(rules.work).await;
    shared.running.fetch_sub(1, Ordering::SeqCst);
    let given = verdict.map_or_else(|refusal| refusal, |()| (rules.accepted)(&request));
    let given = (rules.finish)(Some(&request), rules.expected, given);
    answer(stream, given, to_head, (rules.after)(&request.head, count)).await
}

async fn answer(
    stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
    answer: Answer,
    to_head: bool,
    after: After,
) -> io::Result<After> {
    // Status 0 stands for a handler that died: the connection closes without an answer.
    if answer.status == 0 {
        return Ok(After::Drop);
    }
    stream.write_all(&answer.bytes(to_head, after == After::Close)).await?;
    stream.flush().await?;
    Ok(after)
}

enum Found {
    Head(String),
    Nothing,
    TooMuch,
}

async fn read_head(stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>, limit: usize) -> io::Result<Found> {
    let mut head = Vec::new();
    loop {
        let read = stream.take((limit + 1 - head.len()) as u64).read_until(b'\n', &mut head).await?;
        if head.len() > limit {
            return Ok(Found::TooMuch);
        }
        if read == 0 {
            return Ok(Found::Nothing);
        }
        // An empty line before the request line is left aside, as RFC 9112 section 2.2 has it.
        if head == b"\r\n" {
            head.clear();
        }
        if head.ends_with(b"\r\n\r\n") {
            head.truncate(head.len() - 4);
            return Ok(Found::Head(String::from_utf8_lossy(&head).into_owned()));
        }
    }
}

enum Body {
    Whole(Vec<u8>),
    Broken,
    TooLarge,
}

async fn read_body(
    stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
    framing: Framing,
    rules: &Rules,
) -> io::Result<Body> {
    if let Framing::Length(length) = framing {
        let mut body = vec![0; length];
        if !rules.takes_short_bodies {
            stream.read_exact(&mut body).await?;
            return Ok(Body::Whole(body));
        }
        let mut read = 0;
        while read < length {
            match stream.read(&mut body[read..]).await? {
                0 => break,
                more => read += more,
            }
        }
        body.truncate(read);
        return Ok(Body::Whole(body));
    }
    let mut body = Vec::new();
    loop {
        let Some(size) = line(stream).await?.and_then(|line| (rules.chunk_size)(&line)) else {
            return Ok(Body::Broken);
        };
        if size == 0 {
            while line(stream).await?.is_some_and(|trailer| !trailer.is_empty()) {
                if !rules.takes_trailers {
                    return Ok(Body::Broken);
                }
            }
            return Ok(Body::Whole(body));
        }
        if body.len().saturating_add(size) > rules.limit {
            return Ok(Body::TooLarge);
        }
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..]).await?;
        let mut end = [0; 2];
        stream.read_exact(&mut end).await?;
        if !(rules.chunk_end)(end) {
            return Ok(Body::Broken);
        }
    }
}

/// A line without its end; `None` where it has none or is absurdly long.
async fn line(stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    stream.take(4096).read_until(b'\n', &mut line).await?;
    Ok(line.strip_suffix(b"\r\n").map(|line| String::from_utf8_lossy(line).into_owned()))
}
