//! The expected answer, in the terms of `CONTRACT.md`: accept, refuse, reject.

use serde::Deserialize;

/// The expected answer: its status and headers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectation {
    pub answer: ExpectedAnswer,
    /// Further statuses that are right.
    #[serde(default)]
    pub also: Vec<u16>,
    /// Required headers: name, and a word in the value.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The status for which the headers are required; by default every one.
    pub headers_with: Option<u16>,
    /// Whether closing the connection without an answer is right.
    #[serde(default)]
    pub or_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExpectedAnswer {
    /// 200 to 299.
    Accept,
    /// 401 or 403: the credential is wrong.
    Refuse,
    /// 400 to 499: the request is wrong.
    Reject,
    /// Anything except 200 to 299.
    NotAccept,
    Any,
    Status(u16),
}

impl Expectation {
    /// Whether this status is expected.
    pub fn holds(&self, status: u16) -> bool {
        self.also.contains(&status)
            || match self.answer {
                ExpectedAnswer::Accept => (200..300).contains(&status),
                ExpectedAnswer::Refuse => matches!(status, 401 | 403),
                ExpectedAnswer::Reject => (400..500).contains(&status),
                ExpectedAnswer::NotAccept => !(200..300).contains(&status),
                ExpectedAnswer::Any => true,
                ExpectedAnswer::Status(wanted) => status == wanted,
            }
    }
}
