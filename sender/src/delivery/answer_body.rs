//! The body of an answer as it may be shown and kept: credentials masked, and in words what it says.

use schemas::{Redactor, json, wire};
use serde_json::Value;

use super::outcome::{Answer, AnswerEnd};
use schemas::text::one_line;

/// Most characters of a body that its words have.
const MAX_CHARACTERS: usize = 500;

/// An answer's body, masked.
pub(crate) enum AnswerBody {
    Empty,
    Json {
        value: Value,
        /// On one line, numbers with the digits that they came with.
        text: String,
    },
    Text(String),
}

impl AnswerBody {
    pub(crate) fn read(answer: &Answer, redactor: &Redactor) -> Self {
        if answer.body.is_empty() {
            return Self::Empty;
        }
        let text = String::from_utf8_lossy(&answer.body);
        let masked = if answer.end == AnswerEnd::Whole { redactor.mask(&text) } else { redactor.mask_cut(&text) };
        match (serde_json::from_str(&masked), json::compact(masked.as_bytes())) {
            (Ok(value), Some(text)) => Self::Json { value, text },
            _ => Self::Text(masked),
        }
    }

    pub(crate) fn json(&self) -> Option<&Value> {
        match self {
            Self::Json { value, .. } => Some(value),
            Self::Empty | Self::Text(_) => None,
        }
    }

    /// The problem's title and detail (RFC 9457), or the beginning of the body.
    pub(crate) fn words(&self, answer: &Answer, redactor: &Redactor) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Text(text) => Some(one_line(text.trim(), MAX_CHARACTERS)),
            Self::Json { value, text } => {
                let part = |name: &str| is_problem(answer).then(|| value.get(name)?.as_str()).flatten();
                let words = match (part("title"), part("detail")) {
                    (Some(title), Some(detail)) => format!("{title}: {detail}"),
                    (Some(words), None) | (None, Some(words)) => words.to_owned(),
                    (None, None) => text.clone(),
                };
                // Reading the JSON has removed an encoding that may have been one too many.
                Some(one_line(&redactor.mask(&words), MAX_CHARACTERS))
            }
        }
    }
}

fn is_problem(answer: &Answer) -> bool {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| wire::media_type(value) == wire::PROBLEM_MEDIA_TYPE)
}
