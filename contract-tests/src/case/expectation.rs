//! What must come back, in the words of `CONTRACT.md`: accept, refuse, reject.

use serde::Deserialize;

/// What must come back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectation {
    /// The status.
    pub answer: Verdict,
    /// Further statuses that are as good.
    #[serde(default)]
    pub also: Vec<u16>,
    /// Headers that the answer has: name, and a word that its value holds.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The status with which the headers are due; with every one where none is named.
    pub headers_with: Option<u16>,
    /// Whether a connection that is closed without an answer is as good.
    #[serde(default)]
    pub or_closed: bool,
}

/// What a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// 200 to 299.
    Accept,
    /// 401 or 403: a credential is not good.
    Refuse,
    /// 400 to 499: a request is not good.
    Reject,
    /// Anything but 200 to 299.
    NotAccept,
    /// Anything at all.
    Any,
    /// This status.
    Status(u16),
}

impl Expectation {
    /// Whether this status is what must come.
    pub fn holds(&self, status: u16) -> bool {
        self.also.contains(&status)
            || match self.answer {
                Verdict::Accept => (200..300).contains(&status),
                Verdict::Refuse => matches!(status, 401 | 403),
                Verdict::Reject => (400..500).contains(&status),
                Verdict::NotAccept => !(200..300).contains(&status),
                Verdict::Any => true,
                Verdict::Status(wanted) => status == wanted,
            }
    }
}
