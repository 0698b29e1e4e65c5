//! The answers of a listener: one status after the other, then the last one for all messages that follow. A status that
//! requires a header has it.

use std::str::FromStr;

/// The target of redirects: a path of its own, so that a sender that follows one is noticed.
pub(super) const REDIRECT_PATH: &str = "/webhook-contract/redirected";

/// The statuses of the answers, in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSequence(Vec<u16>);

/// The text is not a list of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write statuses from 200 to 599, separated by commas, as in 503,503,200")]
pub struct AnswerSequenceError;

impl Default for AnswerSequence {
    fn default() -> Self {
        Self(vec![200])
    }
}

impl FromStr for AnswerSequence {
    type Err = AnswerSequenceError;

    fn from_str(text: &str) -> Result<Self, AnswerSequenceError> {
        let status = |part: &str| part.trim().parse().ok().filter(|status| (200..600).contains(status));
        text.split(',').map(status).collect::<Option<Vec<u16>>>().map(Self).ok_or(AnswerSequenceError)
    }
}

impl AnswerSequence {
    /// The status for the message with this number, counted from 0.
    pub(super) fn status(&self, number: usize) -> u16 {
        // A list has at least one: text without a comma is one part.
        self.0.get(number).or(self.0.last()).copied().unwrap_or(200)
    }
}

/// The status line and headers of an answer, except those about its framing.
pub(super) fn head(status: u16) -> String {
    let more = match status {
        300..=399 => format!("location: {REDIRECT_PATH}\r\n"),
        401 => "www-authenticate: Basic realm=\"webhook-contract\", charset=\"UTF-8\"\r\n".to_owned(),
        405 => "allow: POST\r\n".to_owned(),
        429 | 503 => "retry-after: 1\r\n".to_owned(),
        _ => String::new(),
    };
    format!("HTTP/1.1 {status} \r\ncontent-type: text/plain; charset=utf-8\r\n{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_status_stays() {
        let answers: AnswerSequence = "503, 429,200".parse().unwrap();
        assert_eq!([0, 1, 2, 3, 99].map(|number| answers.status(number)), [503, 429, 200, 200, 200]);
        for text in ["", "200,", "100", "600", "ok", "200;503", "-1"] {
            assert_eq!(text.parse::<AnswerSequence>(), Err(AnswerSequenceError), "{text:?}");
        }
    }
}
