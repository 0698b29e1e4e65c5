//! The body of an answer as it may be shown and kept: credentials masked, and in words what it says.

use schemas::wire;
use serde_json::Value;

use super::{mask::Mask, outcome::Answer};
use crate::harmless::harmless;

/// Most characters of a body that its words have.
const MAX_CHARACTERS: usize = 500;

/// An answer's body, masked.
pub(crate) enum AnswerBody {
    Empty,
    Json(Value),
    Text(String),
}

impl AnswerBody {
    pub(crate) fn read(answer: &Answer, mask: &Mask) -> Self {
        if answer.body.is_empty() {
            return Self::Empty;
        }
        match serde_json::from_slice(&answer.body) {
            Ok(value) => Self::Json(mask.value(value)),
            Err(_) => Self::Text(mask.text(&String::from_utf8_lossy(&answer.body))),
        }
    }

    pub(crate) fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Empty | Self::Text(_) => None,
        }
    }

    /// The problem's title and detail (RFC 9457), or the beginning of the body.
    pub(crate) fn words(&self, answer: &Answer) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Text(text) => Some(harmless(text.trim(), MAX_CHARACTERS)),
            Self::Json(value) => {
                let part = |name: &str| is_problem(answer).then(|| value.get(name)?.as_str()).flatten();
                let words = match (part("title"), part("detail")) {
                    (Some(title), Some(detail)) => format!("{title}: {detail}"),
                    (Some(words), None) | (None, Some(words)) => words.to_owned(),
                    (None, None) => value.to_string(),
                };
                Some(harmless(&words, MAX_CHARACTERS))
            }
        }
    }
}

fn is_problem(answer: &Answer) -> bool {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(wire::PROBLEM_JSON)
}
