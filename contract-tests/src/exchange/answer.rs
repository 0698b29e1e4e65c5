//! An answer. [`super::reader`] reads it from a connection.

use std::time::Duration;

/// Maximum size of a body, in bytes; the rest is not read.
pub(super) const MAX_BODY_BYTES: usize = 256 * 1024;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// From the last byte of the request to the last byte of the answer.
    pub(crate) took: Duration,
    /// Whether the connection can be used again.
    pub(crate) reusable: bool,
}

impl Answer {
    /// Whether it accepts the message.
    pub(crate) fn is_acceptance(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body was cut off at its maximum size.
    pub(crate) fn is_cut(&self) -> bool {
        self.body.len() >= MAX_BODY_BYTES
    }

    /// The values of a header; the name in lower case.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let of_name = self.headers.iter().filter(move |(known, _)| known == name);
        of_name.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// Whether it is about load or start-up and not about the request: the rate limit (RFC 6585 section 4), the overload
    /// (RFC 9110 section 15.6.4), or a gateway that does not reach the endpoint (sections 15.6.3 and 15.6.5; 520 to 530
    /// are Cloudflare's, 509 is cPanel's, 420, 430, 598 and 599 are other services' own). A refusal with `Retry-After` is
    /// about load too, unless the body was too large (section 15.5.14).
    pub(crate) fn is_unavailable(&self) -> bool {
        match self.status {
            420 | 429 | 430 | 502..=504 | 509 | 520..=530 | 598 | 599 => true,
            413 => false,
            400..=499 => self.retry_after().is_some(),
            _ => false,
        }
    }

    pub(super) fn has_token(&self, name: &str, token: &str) -> bool {
        self.header(name).any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    }
}
