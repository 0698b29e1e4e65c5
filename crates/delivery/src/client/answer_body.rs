//! The body of an answer as it may be shown and stored: with its credentials masked, and summarized.

use schemas::{Redactor, json, text::one_line, wire};
use serde_json::Value;

use super::answer::{Answer, AnswerEnd};

/// Maximum number of characters of a body in its summary.
const MAX_SUMMARY_CHARACTERS: usize = 500;

/// An answer's body, masked.
#[derive(Clone, Debug)]
pub enum AnswerBody {
    /// There is no body.
    Empty,
    /// A JSON text.
    Json {
        /// Its value.
        value: Value,
        /// On one line, with the original digits of its numbers.
        text: String,
    },
    /// Another text.
    Text(String),
}

impl AnswerBody {
    /// Masks the body of an answer.
    pub fn read(answer: &Answer, redactor: &Redactor) -> Self {
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

    /// Its value, where it is JSON.
    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::Json { value, .. } => Some(value),
            Self::Empty | Self::Text(_) => None,
        }
    }

    /// The problem's title and detail (RFC 9457), or the beginning of the body.
    pub fn summary(&self, answer: &Answer, redactor: &Redactor) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Text(text) => Some(one_line(text.trim(), MAX_SUMMARY_CHARACTERS)),
            Self::Json { value, text } => {
                let part = |name: &str| is_problem(answer).then(|| value.get(name)?.as_str()).flatten();
                let summary = match (part("title"), part("detail")) {
                    (Some(title), Some(detail)) => format!("{title}: {detail}"),
                    (Some(part), None) | (None, Some(part)) => part.to_owned(),
                    (None, None) => text.clone(),
                };
                // Parsing the JSON removed one level of encoding, so a credential may be visible only now.
                Some(one_line(&redactor.mask(&summary), MAX_SUMMARY_CHARACTERS))
            }
        }
    }
}

fn is_problem(answer: &Answer) -> bool {
    let content_type = answer.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| wire::media_type(value) == wire::PROBLEM_MEDIA_TYPE)
}
