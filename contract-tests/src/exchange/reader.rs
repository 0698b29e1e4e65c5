//! Reads answers from a connection, and accepts what RFC 9112 requires of a client: folded headers (section 5.2), a bare
//! LF at the end of a line of the head (2.2), spaces between the parts of the status line (4), equal lengths twice (6.3).

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{
    answer::{Answer, MAX_BODY_BYTES},
    transport_error::TransportError,
};

/// Maximum size of a head, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Maximum number of bytes to keep of data that is not an answer.
const MAX_SHOWN_BYTES: usize = 1024;
/// Maximum number of headers.
const MAX_HEADERS: usize = 128;

/// Where a body ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    NoBody,
    Length(u64),
    Chunked,
    /// At the end of the connection.
    ToEnd,
}

/// Bytes that were read and not used yet.
#[derive(Default)]
pub(super) struct AnswerReader {
    bytes: Vec<u8>,
}

impl AnswerReader {
    /// Whether there are bytes that were not used yet.
    pub(super) fn has_bytes(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Reads more; `false` at the end of the stream or after an error.
    async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> bool {
        self.bytes.reserve(16 * 1024);
        matches!(stream.read_buf(&mut self.bytes).await, Ok(read) if read > 0)
    }

    /// Reads one head: of the answer, or of an interim answer (1xx), of which only the status matters.
    pub(super) async fn head(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<Answer, TransportError> {
        loop {
            if let Some(answer) = self.parse()? {
                return Ok(answer);
            }
            if self.bytes.len() > MAX_HEAD_BYTES {
                return Err(TransportError::NotHttp { why: "its head has more than 64 KiB".to_owned() });
            }
            if !self.more(stream).await {
                return Err(if self.bytes.is_empty() { TransportError::Closed } else { not_http(&self.bytes) });
            }
        }
    }

    fn parse(&mut self) -> Result<Option<Answer>, TransportError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let mut config = httparse::ParserConfig::default();
        config
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_multiple_spaces_in_response_status_delimiters(true);
        match config.parse_response(&mut head, &self.bytes) {
            Err(httparse::Error::TooManyHeaders) => {
                Err(TransportError::NotHttp { why: format!("its head has more than {MAX_HEADERS} headers") })
            }
            Err(_) => Err(not_http(&self.bytes)),
            Ok(httparse::Status::Partial) => Ok(None),
            Ok(httparse::Status::Complete(length)) => {
                let answer = Answer {
                    status: head.code.unwrap_or_default(),
                    reason: head.reason.unwrap_or_default().to_owned(),
                    headers: head
                        .headers
                        .iter()
                        .map(|header| (header.name.to_ascii_lowercase(), unfolded(header.value)))
                        .collect(),
                    body: Vec::new(),
                    took: Duration::ZERO,
                    reusable: head.version == Some(1),
                };
                self.bytes.drain(..length);
                Ok(Some(answer))
            }
        }
    }

    /// Reads the body of an answer, up to its maximum size.
    pub(super) async fn body(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        mut answer: Answer,
        to_head: bool,
    ) -> Result<Answer, TransportError> {
        let keeps = answer.reusable && !answer.has_token("connection", "close");
        let whole = match framing(&answer, to_head)? {
            Framing::NoBody => true,
            Framing::Chunked => self.chunks(stream, &mut answer).await?,
            Framing::Length(length) => {
                let kept = usize::try_from(length).unwrap_or(usize::MAX).min(MAX_BODY_BYTES);
                while self.bytes.len() < kept {
                    if !self.more(stream).await {
                        return Err(TransportError::Broken { status: answer.status });
                    }
                }
                answer.body = self.bytes.drain(..kept).collect();
                kept as u64 == length
            }
            Framing::ToEnd => {
                while self.bytes.len() < MAX_BODY_BYTES && self.more(stream).await {}
                answer.body = std::mem::take(&mut self.bytes);
                false
            }
        };
        answer.reusable = keeps && whole;
        Ok(answer)
    }

    /// Whether all chunks were read.
    async fn chunks(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        answer: &mut Answer,
    ) -> Result<bool, TransportError> {
        let broken = TransportError::Broken { status: answer.status };
        let malformed = || TransportError::NotHttp { why: "its body has a malformed chunk".to_owned() };
        loop {
            let Some(line) = self.line(stream).await else { return Err(broken) };
            // A line may end in a bare LF only in the head and in trailers (RFC 9112 section 2.2).
            let line = line.strip_suffix(b"\r").ok_or_else(malformed)?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
            let size = std::str::from_utf8(digits).ok().filter(|_| is_number);
            let size = size.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or_else(malformed)?;
            if size == 0 {
                while !self.line(stream).await.ok_or_else(|| broken.clone())?.trim_ascii().is_empty() {}
                return Ok(true);
            }
            let room = MAX_BODY_BYTES - answer.body.len();
            let Some(size) = usize::try_from(size).ok().filter(|size| *size <= room) else { return Ok(false) };
            while self.bytes.len() < size + 2 {
                if !self.more(stream).await {
                    return Err(broken);
                }
            }
            answer.body.extend(self.bytes.drain(..size));
            if self.bytes.drain(..2).as_slice() != b"\r\n" {
                return Err(malformed());
            }
        }
    }

    /// A line without its LF.
    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.bytes.drain(..=end).collect();
                line.pop();
                return Some(line);
            }
            if self.bytes.len() > MAX_HEAD_BYTES || !self.more(stream).await {
                return None;
            }
        }
    }
}

fn framing(answer: &Answer, to_head: bool) -> Result<Framing, TransportError> {
    if to_head || matches!(answer.status, 204 | 304) {
        return Ok(Framing::NoBody);
    }
    let codings: Vec<String> = answer.header("transfer-encoding").collect();
    if !codings.is_empty() {
        let codings = codings.join(",");
        let last = codings.rsplit(',').map(str::trim).find(|coding| !coding.is_empty());
        let is_chunked = last.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        return Ok(if is_chunked { Framing::Chunked } else { Framing::ToEnd });
    }
    let malformed = |why: &str| TransportError::NotHttp { why: why.to_owned() };
    let mut length = None;
    for value in answer.header("content-length") {
        for text in value.split(',').map(str::trim) {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<u64>().ok().filter(|_| is_number);
            let number = number.ok_or_else(|| malformed("its content-length is not a number"))?;
            if length.replace(number).is_some_and(|other| other != number) {
                return Err(malformed("it has two content-length values that differ"));
            }
        }
    }
    Ok(length.map_or(Framing::ToEnd, Framing::Length))
}

/// A header's value with one space for each fold.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    lines.join(&b' ').trim_ascii().to_vec()
}

fn not_http(bytes: &[u8]) -> TransportError {
    // The first bytes of a TLS record with an alert (RFC 8446 section 5.1).
    if bytes.starts_with(&[0x15, 0x03]) {
        return TransportError::NotHttp { why: "it speaks TLS; write https:// in the URL".to_owned() };
    }
    TransportError::NoStatusLine { bytes: bytes[..bytes.len().min(MAX_SHOWN_BYTES)].to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &str, to_head: bool) -> Result<(u16, String, bool), TransportError> {
        let answer = answer(bytes.as_bytes(), to_head).await?;
        Ok((answer.status, String::from_utf8(answer.body).unwrap(), answer.reusable))
    }

    async fn answer(mut stream: &[u8], to_head: bool) -> Result<Answer, TransportError> {
        let mut reader = AnswerReader::default();
        let head = reader.head(&mut stream).await?;
        reader.body(&mut stream, head, to_head).await
    }

    #[tokio::test]
    async fn a_head_is_read_as_rfc_9112_tells_a_client_to() {
        let body = b"content-length: 2\r\n\r\nhi";
        for (name, head, value) in [
            ("folded", &b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\n"[..], "a b"),
            ("folded by a tab, twice", b"HTTP/1.1 200 OK\r\nx: a \r\n\t b\r\n  c\r\n", "a b c"),
            ("folded from the first line on", b"HTTP/1.1 200 OK\r\nx:\r\n a\r\n", "a"),
            ("folded with a bare LF", b"HTTP/1.1 200 OK\nx: a\n b\n", "a b"),
            ("a bare LF", b"HTTP/1.1 200 OK\nx: a\n", "a"),
            ("an empty reason", b"HTTP/1.1 200 \r\nx: a\r\n", "a"),
            ("no reason, and no space", b"HTTP/1.1 200\r\nx: a\r\n", "a"),
            ("obs-text in the reason", b"HTTP/1.1 200 D\xe9j\xe0 vu\r\nx: a\r\n", "a"),
            ("a tab in the reason", b"HTTP/1.1 200 all\tright\r\nx: a\r\n", "a"),
            ("spaces around the status", b"HTTP/1.1  200  OK\r\nx: a\r\n", "a"),
            ("a space before the colon", b"HTTP/1.1 200 OK\r\nx : a\r\n", "a"),
            ("space around the value", b"HTTP/1.1 200 OK\r\nx: \t a \t \r\n", "a"),
            ("obs-text in the value", b"HTTP/1.1 200 OK\r\nx: \xc3\xa4\r\n", "ä"),
            ("an empty value", b"HTTP/1.1 200 OK\r\nx:\r\n", ""),
            ("an empty line before it", b"\r\nHTTP/1.1 200 OK\r\nx: a\r\n", "a"),
            ("equal lengths", b"HTTP/1.1 200 OK\r\nx: a\r\nContent-Length: 2\r\n", "a"),
            ("equal lengths in a list", b"HTTP/1.1 200 OK\r\nx: a\r\nContent-Length: 2, 2\r\n", "a"),
        ] {
            let answer = answer(&[head, body].concat(), false).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            let values: Vec<String> = answer.header("x").collect();
            assert_eq!((values.as_slice(), answer.body.as_slice()), (&[value.to_owned()][..], &b"hi"[..]), "{name}");
        }
    }

    #[tokio::test]
    async fn a_body_ends_where_rfc_9112_says() {
        for (name, framing, rest, expected) in [
            ("other lengths", "content-length: 2\r\ncontent-length: 3\r\n", "hi", None),
            ("other lengths in a list", "content-length: 2, 3\r\n", "hi", None),
            ("a length with a sign", "content-length: +2\r\n", "hi", None),
            ("a length in words", "content-length: two\r\n", "hi", None),
            ("an empty length", "content-length: \r\n", "hi", None),
            (
                "chunks and a length",
                "content-length: 9\r\ntransfer-encoding: chunked\r\n",
                "2\r\nhi\r\n0\r\n\r\n",
                Some("hi"),
            ),
            ("chunks last", "transfer-encoding: gzip,\r\n Chunked\r\n", "2\r\nhi\r\n0\r\n\r\n", Some("hi")),
            (
                "chunks in a second header",
                "transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
                "2\r\nhi\r\n0\r\n\r\n",
                Some("hi"),
            ),
            ("chunks not last", "transfer-encoding: chunked, gzip\r\n", "2\r\nhi", Some("2\r\nhi")),
            ("another coding, and a length", "transfer-encoding: identity\r\ncontent-length: 1\r\n", "hi", Some("hi")),
            ("trailers with a bare LF", "transfer-encoding: chunked\r\n", "2 ;a=b\r\nhi\r\n0\r\nx: y\n\n", Some("hi")),
            ("a size with a bare LF", "transfer-encoding: chunked\r\n", "2\nhi\r\n0\r\n\r\n", None),
            ("a size with a sign", "transfer-encoding: chunked\r\n", "+2\r\nhi\r\n0\r\n\r\n", None),
            ("a chunk that is longer", "transfer-encoding: chunked\r\n", "2\r\nhigh\r\n0\r\n\r\n", None),
        ] {
            let read = answer(format!("HTTP/1.1 200 OK\r\n{framing}\r\n{rest}").as_bytes(), false).await;
            let body = read.as_ref().map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
            assert_eq!(body.ok().as_deref(), expected, "{name}: {read:?}");
        }
    }

    #[tokio::test]
    async fn answers_are_read_to_their_end() {
        let closed = |status| Err(TransportError::Broken { status });
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
            ("", false, Err(TransportError::Closed)),
            (
                "\u{15}\u{3}\u{3}",
                false,
                Err(TransportError::NotHttp { why: "it speaks TLS; write https:// in the URL".to_owned() }),
            ),
            ("SSH-2.0-x\r\n", false, Err(TransportError::NoStatusLine { bytes: b"SSH-2.0-x\r\n".to_vec() })),
        ] {
            assert_eq!(read(bytes, to_head).await, expected, "{bytes:?}");
        }
    }
}
