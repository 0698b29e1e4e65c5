//! Reads requests from a connection (RFC 9112) and writes answers to it. It does not use a server library, which would
//! repair or refuse what must be judged here: two lengths, a missing `host`, a broken chunk.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

use super::raw_request::{RawRequest, RequestFault};

/// Time for the first byte of a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for each further part of a request.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a head, and of a line of a chunked body.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Maximum number of headers.
const MAX_HEADERS: usize = 128;
/// Maximum size of a body.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// What a sender sends next on a connection.
pub(super) enum Incoming {
    Request(Box<RawRequest>),
    /// A TLS handshake: the sender uses an `https` URL.
    Tls,
    End,
}

pub(super) struct Http1Reader<S> {
    stream: S,
    /// Bytes that were read and not used yet.
    buffer: Vec<u8>,
    requests: u64,
}

enum Framing {
    Length(usize),
    Chunked,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1Reader<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new(), requests: 0 }
    }

    /// Reads the next request, or the part of it that arrives.
    pub(super) async fn next(&mut self) -> Incoming {
        if self.buffer.is_empty() && !self.more(IDLE_TIMEOUT).await {
            return Incoming::End;
        }
        if self.buffer.starts_with(&[0x16, 0x03]) {
            return Incoming::Tls;
        }
        self.requests += 1;
        let mut request = match self.head().await {
            Ok(request) => request,
            Err(fault) => RawRequest { faults: vec![fault], ..RawRequest::default() },
        };
        request.reused = self.requests > 1;
        if request.has_head()
            && let Err(fault) = self.body(&mut request).await
        {
            request.faults.push(fault);
        }
        Incoming::Request(Box::new(request))
    }

    async fn head(&mut self) -> Result<RawRequest, RequestFault> {
        loop {
            // httparse skips empty lines before a request (RFC 9112 section 2.2).
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(&self.buffer) {
                Ok(httparse::Status::Complete(length)) => {
                    let named = |header: &httparse::Header<'_>| (header.name.to_lowercase(), header.value.to_vec());
                    let request = RawRequest {
                        method: request.method.unwrap_or_default().to_owned(),
                        target: request.path.unwrap_or_default().to_owned(),
                        version: request.version.unwrap_or_default(),
                        headers: request.headers.iter().map(named).collect(),
                        ..RawRequest::default()
                    };
                    self.buffer.drain(..length);
                    return Ok(request);
                }
                Ok(httparse::Status::Partial) if self.buffer.len() > MAX_HEAD_BYTES => {
                    return Err(RequestFault::Header);
                }
                Ok(httparse::Status::Partial) => {
                    if !self.more(READ_TIMEOUT).await {
                        return Err(RequestFault::CutShort);
                    }
                }
                Err(httparse::Error::HeaderName | httparse::Error::HeaderValue | httparse::Error::TooManyHeaders) => {
                    return Err(RequestFault::Header);
                }
                Err(_) => return Err(RequestFault::RequestLine),
            }
        }
    }

    async fn body(&mut self, request: &mut RawRequest) -> Result<(), RequestFault> {
        let framing = framing(request)?;
        let expected = !matches!(framing, Framing::Length(0));
        if expected && self.buffer.is_empty() && request.has_word("expect", "100-continue") {
            // Reading notices a sender that has gone away.
            let _ = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
        match framing {
            Framing::Length(length) if length > MAX_BODY_BYTES => return Err(RequestFault::TooLarge),
            Framing::Length(length) => request.body = self.exactly(length).await?,
            Framing::Chunked => self.chunks(&mut request.body).await?,
        }
        Ok(())
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) -> Result<(), RequestFault> {
        loop {
            let line = self.line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii_end();
            let hexadecimal = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
            let size = std::str::from_utf8(digits).ok().filter(|_| hexadecimal);
            let size = size.and_then(|digits| usize::from_str_radix(digits, 16).ok()).ok_or(RequestFault::Chunk)?;
            if size == 0 {
                // Trailers, up to an empty line.
                while !self.line().await?.is_empty() {}
                return Ok(());
            }
            if size > MAX_BODY_BYTES - body.len() {
                return Err(RequestFault::TooLarge);
            }
            body.extend(self.exactly(size).await?);
            if !self.line().await?.is_empty() {
                return Err(RequestFault::Chunk);
            }
        }
    }

    /// A line of the chunked coding without its end, which must be CR LF.
    async fn line(&mut self) -> Result<Vec<u8>, RequestFault> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                return if line.pop() == Some(b'\r') { Ok(line) } else { Err(RequestFault::Chunk) };
            }
            if self.buffer.len() > MAX_HEAD_BYTES {
                return Err(RequestFault::Chunk);
            }
            if !self.more(READ_TIMEOUT).await {
                return Err(RequestFault::CutShort);
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, RequestFault> {
        while self.buffer.len() < length {
            if !self.more(READ_TIMEOUT).await {
                return Err(RequestFault::CutShort);
            }
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// Reads more within this time; `false` if there is nothing more.
    async fn more(&mut self, limit: Duration) -> bool {
        matches!(timeout(limit, self.stream.read_buf(&mut self.buffer)).await, Ok(Ok(read)) if read > 0)
    }

    /// Writes an answer. One to `HEAD` has no body.
    pub(super) async fn answer(&mut self, head: &str, body: &str, keeps_alive: bool) -> io::Result<()> {
        let connection = if keeps_alive { "" } else { "connection: close\r\n" };
        let answer = format!("{head}content-length: {}\r\n{connection}\r\n{body}", body.len());
        let written = async {
            self.stream.write_all(answer.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(READ_TIMEOUT, written).await.map_err(io::Error::from)?
    }

    /// Closes the connection, after reading what the sender still sends, so that it gets the answer.
    pub(super) async fn close(mut self) {
        if self.stream.shutdown().await.is_ok() {
            let mut discarded = [0; 16 * 1024];
            let drained = async { while self.stream.read(&mut discarded).await.is_ok_and(|read| read > 0) {} };
            // A sender that goes on sending is cut off.
            let _ = timeout(Duration::from_secs(1), drained).await;
        }
    }
}

/// How the body is framed (RFC 9112 section 6.3). With both a length and a transfer coding, records the error and uses the
/// coding.
fn framing(request: &mut RawRequest) -> Result<Framing, RequestFault> {
    let coding: Vec<u8> = request.header("transfer-encoding").collect::<Vec<_>>().join(&b","[..]);
    let lengths: Vec<Vec<u8>> = request.header("content-length").map(<[u8]>::to_vec).collect();
    if !coding.is_empty() {
        if !lengths.is_empty() {
            request.faults.push(RequestFault::LengthAndCoding);
        }
        let last = coding.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        return if last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            Ok(Framing::Chunked)
        } else {
            Err(RequestFault::Coding)
        };
    }
    let mut length = None;
    for text in lengths.iter().flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(text).ok().filter(|_| digits).and_then(|text| text.parse::<usize>().ok());
        let number = number.ok_or(RequestFault::NoNumber)?;
        if length.replace(number).is_some_and(|other| other != number) {
            return Err(RequestFault::TwoLengths);
        }
    }
    Ok(Framing::Length(length.unwrap_or_default()))
}
