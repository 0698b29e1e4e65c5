//! A request as received, with nothing repaired. It holds credentials, so it is never shown.

use std::borrow::Cow;

use schemas::{uri::normalize_path, wire::has_token};

/// A request, or the part of it that could be read.
#[derive(Default)]
pub(super) struct RawRequest {
    pub(super) method: String,
    pub(super) target: String,
    /// The minor version: 1 for HTTP/1.1.
    pub(super) version: u8,
    /// In order; names in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) faults: Vec<RequestFault>,
    /// Whether it was not the first on its connection.
    pub(super) reused: bool,
    /// Whether it was answered with the challenge and not sent again with credentials.
    pub(super) unanswered: bool,
}

/// A syntax error of a request, whatever its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestFault {
    RequestLine,
    /// A header breaks the grammar, or there are too many.
    Header,
    /// It has both `content-length` and `transfer-encoding`.
    LengthAndCoding,
    TwoLengths,
    NoNumber,
    /// A transfer coding that does not end in `chunked`.
    Coding,
    Chunk,
    /// The connection ended or stalled before the request was complete.
    CutShort,
    /// The body is larger than the listener reads, which is not the sender's fault.
    TooLarge,
}

impl RawRequest {
    /// Marks the request as not sent again with credentials after the challenge.
    pub(super) fn unanswered(self) -> Self {
        Self { unanswered: true, ..self }
    }

    /// The values of a header; the name in lower case.
    pub(super) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// The normalized path of the target, which may be a whole URL (RFC 9112 section 3.2.2).
    pub(super) fn path(&self) -> Cow<'_, str> {
        let target = match self.target.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
            _ => &self.target,
        };
        normalize_path(target.split('?').next().unwrap_or_default())
    }

    /// Whether a header's comma-separated values include this one, in any letter case.
    pub(super) fn has_word(&self, name: &str, word: &str) -> bool {
        self.header(name).any(|value| has_token(value, word))
    }

    /// Whether another request can follow on the connection.
    pub(super) fn keeps_alive(&self) -> bool {
        self.faults.is_empty() && self.version == 1 && !self.has_word("connection", "close")
    }

    /// Whether the head could be read.
    pub(super) fn has_head(&self) -> bool {
        !self.method.is_empty()
    }

    /// Whether the body is complete.
    pub(super) fn has_body(&self) -> bool {
        self.has_head() && self.faults.iter().all(|fault| *fault == RequestFault::LengthAndCoding)
    }
}

impl RequestFault {
    /// The clause that it violates, if any.
    pub(super) fn clause(self) -> Option<&'static str> {
        match self {
            Self::RequestLine => Some("HTTP-18"),
            Self::TooLarge => None,
            _ => Some("HTTP-17"),
        }
    }

    /// The error as half a sentence.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::RequestLine => "is malformed",
            Self::Header => "has a malformed header, or more than 128 headers",
            Self::LengthAndCoding => "has both `content-length` and `transfer-encoding`",
            Self::TwoLengths => "has two `content-length` values that differ",
            Self::NoNumber => "has a `content-length` that is not a number",
            Self::Coding => "has a `transfer-encoding` that does not end in `chunked`",
            Self::Chunk => "has a malformed chunk",
            Self::CutShort => "ended or stalled before the request was complete",
            Self::TooLarge => "has a body that is larger than the listener reads",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_in_every_form_of_the_target() {
        for target in ["/a/~b", "/a/%7Eb?x", "HTTP://h:1/a/~b", "http://h/a/./%7eb?x=/", "/a/x/../~b"] {
            assert_eq!(RawRequest { target: target.to_owned(), ..RawRequest::default() }.path(), "/a/~b", "{target}");
        }
        assert_eq!(RawRequest { target: "http://h".to_owned(), ..RawRequest::default() }.path(), "/");
        assert_eq!(RawRequest { target: "/r?u=http://h/a".to_owned(), ..RawRequest::default() }.path(), "/r");
    }
}
