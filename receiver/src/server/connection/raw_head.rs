//! The bytes of an HTTP/1.1 head as they arrive: where it ends, and whether it has a `Content-Length`. hyper drops the
//! `Content-Length` of a request that has a `Transfer-Encoding` too, and such a request must be refused (HTTP-17 in
//! `CONTRACT.md`): a proxy in front may believe the other length, and then the rest of the body is a request of the sender's
//! choice. Only the beginning of one line is kept, because thousands of clients may be sending a head at the same time.

const CONTENT_LENGTH: &[u8] = b"content-length";
/// As much of a line as shows whether this is its name.
const LINE_BYTES: usize = 24;

#[derive(Debug, Default)]
pub(super) struct RawHead {
    /// Bytes so far.
    length: usize,
    line: [u8; LINE_BYTES],
    /// Bytes of the current line so far, including those that are not kept.
    line_length: usize,
    names_content_length: bool,
    /// Number of bytes read after the empty line that ends it; `None` before that line.
    bytes_after: Option<u64>,
}

impl RawHead {
    /// Adds bytes that were read. Those after the head are only counted: a body may be a thousand times as long.
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        if let Some(count) = &mut self.bytes_after {
            *count += bytes.len() as u64;
            return;
        }
        if self.length == 0 {
            // Empty lines before a head are not part of it (RFC 9112 section 2.2).
            let line_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
            bytes = &bytes[bytes.iter().take_while(|byte| line_break(byte)).count()..];
        }
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            self.add_to_line(line);
            bytes = rest;
            if matches!(&self.line[..self.line_length.min(LINE_BYTES)], b"\n" | b"\r\n") {
                self.bytes_after = Some(bytes.len() as u64);
                return;
            }
            self.end_line();
        }
        self.add_to_line(bytes);
    }

    fn add_to_line(&mut self, bytes: &[u8]) {
        let from = self.line_length.min(LINE_BYTES);
        let kept = bytes.len().min(LINE_BYTES - from);
        self.line[from..from + kept].copy_from_slice(&bytes[..kept]);
        self.line_length += bytes.len();
        self.length += bytes.len();
    }

    fn end_line(&mut self) {
        let line = &self.line[..self.line_length.min(LINE_BYTES)];
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        self.names_content_length |= name.trim_ascii().eq_ignore_ascii_case(CONTENT_LENGTH);
        self.line_length = 0;
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    pub(super) fn names_content_length(&self) -> bool {
        self.names_content_length
    }

    pub(super) fn bytes_after(&self) -> Option<u64> {
        self.bytes_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_followed_to_its_end_and_what_comes_after_is_counted_however_they_arrive() {
        let body = "{\r\n\r\n}";
        for (head, names_length) in [
            ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nCONTENT-LENGTH:3\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nX: Content-Length: 3\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length-Of-Another-Kind: 3\r\n\r\n", false),
            ("POST / HTTP/1.1\nContent-Length: 3\n\n", true),
        ] {
            let whole = [head, body].concat();
            for first in 0..=whole.len() {
                for second in first..=whole.len() {
                    let mut received = RawHead::default();
                    let parts = [&whole[..first], &whole[first..second], &whole[second..]];
                    parts.iter().filter(|part| !part.is_empty()).for_each(|part| received.add(part.as_bytes()));
                    let known = (received.length(), received.names_content_length(), received.bytes_after());
                    assert_eq!(known, (head.len(), names_length, Some(body.len() as u64)), "{head:?} {first} {second}");
                }
            }
            let mut late = RawHead::default();
            ["\r\n", "\r", "\n\r\n", &whole].iter().for_each(|part| late.add(part.as_bytes()));
            assert_eq!(late.length(), head.len(), "after empty lines");
            let mut unended = RawHead::default();
            unended.add(&head.as_bytes()[..head.len() - 1]);
            assert_eq!(unended.bytes_after(), None);
        }
    }
}
