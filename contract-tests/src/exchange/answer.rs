//! An answer, and its reading from a connection (RFC 9112): head by httparse, body by length, by chunks or to the end.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::no_answer::NoAnswer;

/// Most bytes of a head.
const HEAD_MAX: usize = 64 * 1024;
/// Most headers.
const HEADERS_MAX: usize = 128;
/// Most bytes of a body that are kept; the rest is not read.
pub(super) const BODY_MAX: usize = 256 * 1024;

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// From the first byte written to the last byte read.
    pub(crate) took: Duration,
    /// Whether the connection can be used again.
    pub(crate) reusable: bool,
}

impl Answer {
    /// Whether it says that the message was accepted.
    pub(crate) fn is_acceptance(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether no more of the body was read than is kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.body.len() >= BODY_MAX
    }

    /// The values of a header; the name in lower case.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let of_name = self.headers.iter().filter(move |(known, _)| known == name);
        of_name.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        self.header(name).any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    }
}

/// Bytes that were read and not used yet.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// Reads more. `false` at the end of the stream, and where it breaks off.
    async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> bool {
        self.bytes.reserve(16 * 1024);
        matches!(stream.read_buf(&mut self.bytes).await, Ok(read) if read > 0)
    }

    /// Reads one head: of the answer, or of an interim answer (1xx), whose status alone matters then.
    pub(super) async fn head(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        begun: Instant,
    ) -> Result<Answer, NoAnswer> {
        loop {
            if let Some(answer) = self.parse(begun)? {
                return Ok(answer);
            }
            if self.bytes.len() > HEAD_MAX {
                return Err(NoAnswer::NotHttp { why: "its head has more than 64 KiB".to_owned() });
            }
            if !self.more(stream).await {
                return Err(if self.bytes.is_empty() { NoAnswer::Closed } else { not_http(&self.bytes) });
            }
        }
    }

    fn parse(&mut self, begun: Instant) -> Result<Option<Answer>, NoAnswer> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        match head.parse(&self.bytes) {
            Err(_) => Err(not_http(&self.bytes)),
            Ok(httparse::Status::Partial) => Ok(None),
            Ok(httparse::Status::Complete(length)) => {
                let answer = Answer {
                    status: head.code.unwrap_or_default(),
                    reason: head.reason.unwrap_or_default().to_owned(),
                    headers: head
                        .headers
                        .iter()
                        .map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()))
                        .collect(),
                    body: Vec::new(),
                    took: begun.elapsed(),
                    reusable: head.version == Some(1),
                };
                self.bytes.drain(..length);
                Ok(Some(answer))
            }
        }
    }

    /// Reads the body of an answer, as far as it is kept.
    pub(super) async fn body(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        mut answer: Answer,
        to_head: bool,
    ) -> Result<Answer, NoAnswer> {
        let keeps = answer.reusable && !answer.has_token("connection", "close");
        let bodiless = to_head || answer.status == 204 || answer.status == 304;
        let length = answer.header("content-length").next().and_then(|value| value.trim().parse::<usize>().ok());
        let whole = if bodiless {
            true
        } else if answer.has_token("transfer-encoding", "chunked") {
            self.chunks(stream, &mut answer).await?
        } else if let Some(length) = length {
            while self.bytes.len() < length.min(BODY_MAX) {
                if !self.more(stream).await {
                    return Err(NoAnswer::Broken { status: answer.status });
                }
            }
            let kept = length.min(BODY_MAX);
            answer.body = self.bytes.drain(..kept).collect();
            kept == length
        } else {
            while self.bytes.len() < BODY_MAX && self.more(stream).await {}
            answer.body = std::mem::take(&mut self.bytes);
            false
        };
        answer.reusable = keeps && whole;
        Ok(answer)
    }

    /// Whether all chunks were read.
    async fn chunks(&mut self, stream: &mut (impl AsyncRead + Unpin), answer: &mut Answer) -> Result<bool, NoAnswer> {
        let broken = NoAnswer::Broken { status: answer.status };
        loop {
            let line = self.line(stream).await.ok_or_else(|| broken.clone())?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16)
                .map_err(|_| NoAnswer::NotHttp { why: "a chunk of its body has no size".to_owned() })?;
            if size == 0 {
                while !self.line(stream).await.ok_or_else(|| broken.clone())?.is_empty() {}
                return Ok(true);
            }
            if answer.body.len().saturating_add(size) > BODY_MAX {
                return Ok(false);
            }
            while self.bytes.len() < size + 2 {
                if !self.more(stream).await {
                    return Err(broken);
                }
            }
            answer.body.extend(self.bytes.drain(..size));
            self.bytes.drain(..2);
        }
    }

    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|window| window == b"\r\n") {
                let line = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
                self.bytes.drain(..end + 2);
                return Some(line);
            }
            if self.bytes.len() > HEAD_MAX || !self.more(stream).await {
                return None;
            }
        }
    }
}

fn not_http(bytes: &[u8]) -> NoAnswer {
    // The first bytes of a TLS record with an alert (RFC 8446 section 5.1).
    let why = if bytes.starts_with(&[0x15, 0x03]) {
        "it speaks TLS; write https:// in the URL".to_owned()
    } else {
        let start: String = String::from_utf8_lossy(&bytes[..bytes.len().min(12)]).escape_default().collect();
        format!("it begins with \"{start}\"")
    };
    NoAnswer::NotHttp { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &str, to_head: bool) -> Result<(u16, String, bool), NoAnswer> {
        let (mut stream, begun) = (bytes.as_bytes(), Instant::now());
        let mut buffer = Buffer::default();
        let head = buffer.head(&mut stream, begun).await?;
        let answer = buffer.body(&mut stream, head, to_head).await?;
        Ok((answer.status, String::from_utf8(answer.body).unwrap(), answer.reusable))
    }

    #[tokio::test]
    async fn answers_are_read_to_their_end() {
        let closed = |status| Err(NoAnswer::Broken { status });
        for (bytes, to_head, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, Ok((200, "hi".to_owned(), true))),
            ("HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n", true, Ok((200, String::new(), true))),
            ("HTTP/1.1 204 No Content\r\n\r\n", false, Ok((204, String::new(), true))),
            (
                "HTTP/1.1 400 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                false,
                Ok((400, String::new(), false)),
            ),
            ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", false, Ok((200, "hi".to_owned(), false))),
            ("HTTP/1.1 200 OK\r\n\r\nto the end", false, Ok((200, "to the end".to_owned(), false))),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\na: b\r\n\r\n",
                false,
                Ok((200, "hi!".to_owned(), true)),
            ),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", false, closed(200)),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhi", false, closed(200)),
            ("", false, Err(NoAnswer::Closed)),
            (
                "\u{15}\u{3}\u{3}",
                false,
                Err(NoAnswer::NotHttp { why: "it speaks TLS; write https:// in the URL".to_owned() }),
            ),
            ("SSH-2.0-x\r\n", false, Err(NoAnswer::NotHttp { why: "it begins with \"SSH-2.0-x\\r\\n\"".to_owned() })),
        ] {
            assert_eq!(read(bytes, to_head).await, expected, "{bytes:?}");
        }
    }
}
