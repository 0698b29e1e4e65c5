//! A request as it arrived, with nothing repaired. It holds credentials: nothing shows it.

use std::borrow::Cow;

use schemas::{uri::normalize_path, wire::has_token};

/// A request, or as much of one as could be read.
#[derive(Default)]
pub(super) struct Arrived {
    pub(super) method: String,
    pub(super) target: String,
    /// The minor version: 1 for HTTP/1.1.
    pub(super) version: u8,
    /// In their order; names in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) faults: Vec<Fault>,
    /// Whether it was not the first on its connection.
    pub(super) reused: bool,
    /// Whether it was answered with the challenge, and did not come again with credentials.
    pub(super) unanswered: bool,
}

/// What is wrong with the form of a request, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The request line breaks the grammar.
    RequestLine,
    /// A header breaks the grammar, or there are too many.
    Header,
    /// `content-length` stands beside `transfer-encoding`.
    LengthAndCoding,
    /// Two lengths that differ.
    TwoLengths,
    /// A length that is no number.
    NoNumber,
    /// A transfer coding that does not end in `chunked`.
    Coding,
    /// A chunk breaks the grammar.
    Chunk,
    /// The connection ended, or nothing more came, before the request was whole.
    CutShort,
    /// The body is larger than the listener reads. No fault of the sender.
    TooLarge,
}

impl Arrived {
    /// The same, once it has not come again with credentials after the challenge.
    pub(super) fn unanswered(self) -> Self {
        Self { unanswered: true, ..self }
    }

    /// The values of a header; the name in lower case.
    pub(super) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// The path of the target in its normal form, also where the target is a whole URL (RFC 9112 section 3.2.2).
    pub(super) fn path(&self) -> Cow<'_, str> {
        let target = match self.target.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
            _ => &self.target,
        };
        normalize_path(target.split('?').next().unwrap_or_default())
    }

    /// Whether a header's comma-separated words have this one, in any letter case.
    pub(super) fn has_word(&self, name: &str, word: &str) -> bool {
        self.header(name).any(|value| has_token(value, word))
    }

    /// Whether another request can follow on the connection.
    pub(super) fn keeps_alive(&self) -> bool {
        self.faults.is_empty() && self.version == 1 && !self.has_word("connection", "close")
    }

    /// Whether the head could be read, so that method, target and headers say something.
    pub(super) fn has_head(&self) -> bool {
        !self.method.is_empty()
    }

    /// Whether the body is all that the sender meant.
    pub(super) fn has_body(&self) -> bool {
        self.has_head() && self.faults.iter().all(|fault| *fault == Fault::LengthAndCoding)
    }
}

impl Fault {
    /// The clause that it breaks, if any.
    pub(super) fn clause(self) -> Option<&'static str> {
        match self {
            Self::RequestLine => Some("HTTP-18"),
            Self::TooLarge => None,
            _ => Some("HTTP-17"),
        }
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::RequestLine => "it breaks the grammar",
            Self::Header => "a header breaks the grammar, or there are more than 128",
            Self::LengthAndCoding => "`content-length` stands beside `transfer-encoding`",
            Self::TwoLengths => "there are two `content-length` values that differ",
            Self::NoNumber => "`content-length` is not a number",
            Self::Coding => "`transfer-encoding` does not end in `chunked`",
            Self::Chunk => "a chunk breaks the grammar",
            Self::CutShort => "the request ended, or stood still, before it was whole",
            Self::TooLarge => "the body is larger than is read here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_in_every_form_of_the_target() {
        for target in ["/a/~b", "/a/%7Eb?x", "HTTP://h:1/a/~b", "http://h/a/./%7eb?x=/", "/a/x/../~b"] {
            assert_eq!(Arrived { target: target.to_owned(), ..Arrived::default() }.path(), "/a/~b", "{target}");
        }
        assert_eq!(Arrived { target: "http://h".to_owned(), ..Arrived::default() }.path(), "/");
        assert_eq!(Arrived { target: "/r?u=http://h/a".to_owned(), ..Arrived::default() }.path(), "/r");
    }
}
