//! Parameters in the query of a URL.

use axum::extract::{FromRequestParts, Query};
use console::time::parse_now;
use http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};

use super::problem::ApiProblem;
use crate::log::Position;

/// Maximum number of rows in an answer.
const MAX_LIMIT: usize = 200;
const DEFAULT_LIMIT: usize = 50;

/// The parameters of a request. An unknown, repeated or malformed one is a problem.
pub(super) struct Parameters<T>(pub(super) T);

/// The parameters of an operation without any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {}

/// Maximum number of rows in an answer, 1 to 200.
#[derive(Clone, Copy)]
pub(super) struct Limit(pub(super) usize);

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = String::deserialize(deserializer)?.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit.map(Self).ok_or_else(|| D::Error::custom(format_args!("write a whole number from 1 to {MAX_LIMIT}")))
    }
}

/// A position in the log.
pub(super) fn position<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Position>, D::Error> {
    let position: Option<i64> = String::deserialize(deserializer)?.parse().ok().filter(|position| *position >= 0);
    let position =
        position.ok_or_else(|| D::Error::custom(format_args!("write a whole number from 0 to {}", i64::MAX)))?;
    Ok(Some(Position(position.cast_unsigned())))
}

/// A time as queries have it, such as `2026-11-24T08:00:00Z` or `2h`.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_now(&text).map(Some).map_err(D::Error::custom)
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiProblem> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(parameters)| Self(parameters)).map_err(|rejection| {
            let text = rejection.body_text();
            // Without the words of the library before it.
            let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
            ApiProblem::parameter(format!("{reason}."))
        })
    }
}
