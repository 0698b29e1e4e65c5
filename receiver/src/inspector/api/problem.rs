//! Errors of the API, as problem documents (RFC 9457).

use std::ops::Range;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use schemas::wire::PROBLEM_MEDIA_TYPE;
use serde::Serialize;

use super::json;
use crate::{inspector::page::Problem, query::QueryError};

/// Why a request has no other answer.
#[derive(Debug)]
pub(super) struct ApiProblem {
    status: StatusCode,
    /// For programs, in kebab-case.
    code: &'static str,
    /// What happened, for people.
    detail: String,
    /// What to do next.
    tip: Option<String>,
    /// Where in the query the error is.
    place: Option<CharacterRange>,
}

/// The body of the answer.
#[derive(Serialize)]
struct Document<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tip: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'p CharacterRange>,
}

/// Characters (code points) of a query, the first at 0.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct CharacterRange {
    start: usize,
    /// After the last.
    end: usize,
}

impl ApiProblem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), tip: None, place: None }
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(super) fn wrong_method() -> Self {
        let detail = "The path does not take this method; the Allow header names those that it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
    }

    /// A parameter cannot be used.
    pub(super) fn parameter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", detail)
    }

    /// `text` is not a query.
    pub(super) fn query(text: &str, error: &QueryError) -> Self {
        let tip = error.tip();
        let place = Some(CharacterRange::of(text, &error.place));
        Self { tip, place, ..Self::new(StatusCode::BAD_REQUEST, "invalid-query", format!("{error}.")) }
    }
}

impl CharacterRange {
    fn of(text: &str, bytes: &Range<usize>) -> Self {
        let characters = |end: usize| text.get(..end).unwrap_or(text).chars().count();
        Self { start: characters(bytes.start), end: characters(bytes.end) }
    }
}

impl<P: Into<Problem>> From<P> for ApiProblem {
    fn from(problem: P) -> Self {
        let Problem { status, title, advice } = problem.into();
        let code = match status {
            StatusCode::NOT_FOUND => "not-found",
            StatusCode::GONE => "gone",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "internal",
        };
        Self { tip: Some(advice), ..Self::new(status, code, format!("{title}.")) }
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            tip: self.tip.as_deref(),
            place: self.place.as_ref(),
        };
        let mut response = json(PROBLEM_MEDIA_TYPE, &document);
        *response.status_mut() = self.status;
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters() {
        assert_eq!(CharacterRange::of("水 flwo:1", &(4..8)), CharacterRange { start: 2, end: 6 });
        assert_eq!(CharacterRange::of("水", &(3..3)), CharacterRange { start: 1, end: 1 });
    }
}
