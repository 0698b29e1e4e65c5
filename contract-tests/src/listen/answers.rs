//! What a listener answers: one status after the other, the last for ever. A status that asks for a header has it.

use std::str::FromStr;

/// Where a redirect leads: a place of its own, so that a sender that follows is seen.
pub(super) const REDIRECTED: &str = "/webhook-contract/redirected";

/// The statuses that messages are answered with, in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers(Vec<u16>);

/// The text is no list of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write statuses from 200 to 599 with commas between them, as in 503,503,200")]
pub struct AnswersError;

impl Default for Answers {
    fn default() -> Self {
        Self(vec![200])
    }
}

impl FromStr for Answers {
    type Err = AnswersError;

    fn from_str(text: &str) -> Result<Self, AnswersError> {
        let status = |part: &str| part.trim().parse().ok().filter(|status| (200..600).contains(status));
        text.split(',').map(status).collect::<Option<Vec<u16>>>().map(Self).ok_or(AnswersError)
    }
}

impl Answers {
    /// The status for the message with this number, counted from 0.
    pub(super) fn status(&self, number: usize) -> u16 {
        // A list has at least one: text without a comma is one part.
        self.0.get(number).or(self.0.last()).copied().unwrap_or(200)
    }
}

/// The status line and headers of an answer, but for those on its framing.
pub(super) fn head(status: u16) -> String {
    let more = match status {
        300..=399 => format!("location: {REDIRECTED}\r\n"),
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
        let answers: Answers = "503, 429,200".parse().unwrap();
        assert_eq!([0, 1, 2, 3, 99].map(|number| answers.status(number)), [503, 429, 200, 200, 200]);
        for text in ["", "200,", "100", "600", "ok", "200;503", "-1"] {
            assert_eq!(text.parse::<Answers>(), Err(AnswersError), "{text:?}");
        }
    }
}
