//! Requests read from a connection (RFC 9112), and answers written to it. It reads for itself, since a server's library
//! repairs or refuses what must be judged here: two lengths, a missing `host`, a broken chunk.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::arrived::{Arrived, Fault};

/// Time for the first byte of a request.
const IDLE: Duration = Duration::from_secs(60);
/// Time for each further part of a request.
const PART: Duration = Duration::from_secs(10);
/// Most bytes of a head, and of a line of a chunked body.
const HEAD_MOST: usize = 64 * 1024;
/// Most headers.
const HEADERS_MOST: usize = 128;
/// Most bytes of a body.
const BODY_MOST: usize = 16 * 1024 * 1024;

/// What came next on a connection.
pub(super) enum Next {
    Request(Box<Arrived>),
    /// A TLS greeting: the sender calls an `https` URL.
    Tls,
    /// Nothing more.
    End,
}

/// A connection of a sender.
pub(super) struct Wire<S> {
    stream: S,
    /// Bytes that were read and not used yet.
    ahead: Vec<u8>,
    requests: u64,
}

/// A body's framing.
enum Framing {
    Length(usize),
    Chunked,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, ahead: Vec::new(), requests: 0 }
    }

    /// Reads the next request, or as much of one as there is.
    pub(super) async fn next(&mut self) -> Next {
        if self.ahead.is_empty() && !self.more(IDLE).await {
            return Next::End;
        }
        if self.ahead.starts_with(&[0x16, 0x03]) {
            return Next::Tls;
        }
        self.requests += 1;
        let mut arrived = match self.head().await {
            Ok(arrived) => arrived,
            Err(fault) => Arrived { faults: vec![fault], ..Arrived::default() },
        };
        arrived.reused = self.requests > 1;
        if arrived.has_head()
            && let Err(fault) = self.body(&mut arrived).await
        {
            arrived.faults.push(fault);
        }
        Next::Request(Box::new(arrived))
    }

    async fn head(&mut self) -> Result<Arrived, Fault> {
        loop {
            // Empty lines before a request are passed over (RFC 9112 section 2.2); httparse does so, too.
            let mut headers = [httparse::EMPTY_HEADER; HEADERS_MOST];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(&self.ahead) {
                Ok(httparse::Status::Complete(length)) => {
                    let named = |header: &httparse::Header<'_>| (header.name.to_lowercase(), header.value.to_vec());
                    let arrived = Arrived {
                        method: request.method.unwrap_or_default().to_owned(),
                        target: request.path.unwrap_or_default().to_owned(),
                        version: request.version.unwrap_or_default(),
                        headers: request.headers.iter().map(named).collect(),
                        ..Arrived::default()
                    };
                    self.ahead.drain(..length);
                    return Ok(arrived);
                }
                Ok(httparse::Status::Partial) if self.ahead.len() > HEAD_MOST => return Err(Fault::Header),
                Ok(httparse::Status::Partial) => {
                    if !self.more(PART).await {
                        return Err(Fault::CutShort);
                    }
                }
                Err(httparse::Error::HeaderName | httparse::Error::HeaderValue | httparse::Error::TooManyHeaders) => {
                    return Err(Fault::Header);
                }
                Err(_) => return Err(Fault::RequestLine),
            }
        }
    }

    async fn body(&mut self, arrived: &mut Arrived) -> Result<(), Fault> {
        let framing = framing(arrived)?;
        let expected = !matches!(framing, Framing::Length(0));
        if expected && self.ahead.is_empty() && arrived.has_word("expect", "100-continue") {
            // A sender that is gone is noticed by the reading.
            let _ = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
        match framing {
            Framing::Length(length) if length > BODY_MOST => return Err(Fault::TooLarge),
            Framing::Length(length) => arrived.body = self.exactly(length).await?,
            Framing::Chunked => self.chunks(&mut arrived.body).await?,
        }
        Ok(())
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) -> Result<(), Fault> {
        loop {
            let line = self.line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
            let hexadecimal = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
            let size = std::str::from_utf8(digits).ok().filter(|_| hexadecimal);
            let size = size.and_then(|digits| usize::from_str_radix(digits, 16).ok()).ok_or(Fault::Chunk)?;
            if size == 0 {
                // Trailers, up to an empty line.
                while !self.line().await?.is_empty() {}
                return Ok(());
            }
            if size > BODY_MOST - body.len() {
                return Err(Fault::TooLarge);
            }
            body.extend(self.exactly(size).await?);
            if !self.line().await?.is_empty() {
                return Err(Fault::Chunk);
            }
        }
    }

    /// A line of the chunked coding, without its end, which is CR LF and nothing less.
    async fn line(&mut self) -> Result<Vec<u8>, Fault> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.ahead.drain(..=end).collect();
                line.pop();
                return if line.pop() == Some(b'\r') { Ok(line) } else { Err(Fault::Chunk) };
            }
            if self.ahead.len() > HEAD_MOST {
                return Err(Fault::Chunk);
            }
            if !self.more(PART).await {
                return Err(Fault::CutShort);
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Fault> {
        while self.ahead.len() < length {
            if !self.more(PART).await {
                return Err(Fault::CutShort);
            }
        }
        let rest = self.ahead.split_off(length);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Reads more within this time; `false` where nothing more came.
    async fn more(&mut self, limit: Duration) -> bool {
        matches!(timeout(limit, self.stream.read_buf(&mut self.ahead)).await, Ok(Ok(read)) if read > 0)
    }

    /// Writes an answer. One to `HEAD` has no body.
    pub(super) async fn answer(&mut self, head: &str, body: &str, keeps_alive: bool) -> io::Result<()> {
        let connection = if keeps_alive { "" } else { "connection: close\r\n" };
        let answer = format!("{head}content-length: {}\r\n{connection}\r\n{body}", body.len());
        let written = async {
            self.stream.write_all(answer.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(PART, written).await.map_err(io::Error::from)?
    }

    /// Closes, and lets what the sender has still under way run out, so that it reads the answer.
    pub(super) async fn close(mut self) {
        if self.stream.shutdown().await.is_ok() {
            let mut room = [0; 16 * 1024];
            let drained = async { while self.stream.read(&mut room).await.is_ok_and(|read| read > 0) {} };
            // Whoever goes on sending is cut off.
            let _ = timeout(Duration::from_secs(1), drained).await;
        }
    }
}

/// How the body is framed (RFC 9112 section 6.3). A length beside a transfer coding is noted, and the coding counts.
fn framing(arrived: &mut Arrived) -> Result<Framing, Fault> {
    let coding: Vec<u8> = arrived.header("transfer-encoding").collect::<Vec<_>>().join(&b","[..]);
    let lengths: Vec<Vec<u8>> = arrived.header("content-length").map(<[u8]>::to_vec).collect();
    if !coding.is_empty() {
        if !lengths.is_empty() {
            arrived.faults.push(Fault::LengthAndCoding);
        }
        let last = coding.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        return if last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            Ok(Framing::Chunked)
        } else {
            Err(Fault::Coding)
        };
    }
    let mut length = None;
    for text in lengths.iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(text).ok().filter(|_| digits).and_then(|text| text.parse::<usize>().ok());
        let number = number.ok_or(Fault::NoNumber)?;
        if length.replace(number).is_some_and(|other| other != number) {
            return Err(Fault::TwoLengths);
        }
    }
    Ok(Framing::Length(length.unwrap_or_default()))
}
