//! Limits and retention as they are typed: numbers and times, each held to its range.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use toml::Spanned;

use super::{
    Limits,
    check::Check,
    file::{LimitsTable, RetentionTable},
};
use crate::log::Retention;

/// Smallest head that hyper can be told to take.
const LEAST_HEADER_BYTES: usize = 8192;
/// Longest body: in the log its record, which repeats some of it in its header, must stay below 1 GiB.
const MOST_BODY_BYTES: usize = 256 << 20;

impl Check<'_> {
    pub(super) fn limits(&mut self, table: &LimitsTable) -> Limits {
        let default = Limits::default();
        let limits = Limits {
            body_bytes: self.number("body_bytes", table.body_bytes.as_ref(), 1, MOST_BODY_BYTES, default.body_bytes),
            header_bytes: self.number(
                "header_bytes",
                table.header_bytes.as_ref(),
                LEAST_HEADER_BYTES,
                usize::MAX,
                default.header_bytes,
            ),
            header_fields: self.number(
                "header_fields",
                table.header_fields.as_ref(),
                1,
                usize::MAX,
                default.header_fields,
            ),
            connections: self.number(
                "connections",
                table.connections.as_ref(),
                1,
                usize::MAX >> 3,
                default.connections,
            ),
            requests: self.number("requests", table.requests.as_ref(), 1, usize::MAX, default.requests),
            bodies_bytes: self.number("bodies_bytes", table.bodies_bytes.as_ref(), 1, usize::MAX, default.bodies_bytes),
            header_timeout: self.duration("header_timeout", table.header_timeout.as_ref(), default.header_timeout),
            body_timeout: self.duration("body_timeout", table.body_timeout.as_ref(), default.body_timeout),
            idle_timeout: self.duration("idle_timeout", table.idle_timeout.as_ref(), default.idle_timeout),
            drain_timeout: self.duration("drain_timeout", table.drain_timeout.as_ref(), default.drain_timeout),
        };
        if limits.bodies_bytes < limits.body_bytes {
            let typed = table.bodies_bytes.as_ref().or(table.body_bytes.as_ref());
            self.problem(
                typed.map_or(0, |typed| typed.span().start),
                format!(
                    "`bodies_bytes`, {}, is for all bodies together: make it at least as much as `body_bytes`, {}",
                    limits.bodies_bytes, limits.body_bytes
                ),
            );
        }
        limits
    }

    pub(super) fn retention(&mut self, table: &RetentionTable) -> Retention {
        let max_bytes = table.max_bytes.as_ref().map(|typed| self.number("max_bytes", Some(typed), 1, usize::MAX, 0));
        let max_age = table.max_age.as_ref().map(|typed| self.duration("max_age", Some(typed), Duration::MAX));
        Retention { max_age, max_bytes: max_bytes.map(|bytes| bytes as u64) }
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        typed: Option<&Spanned<usize>>,
        least: usize,
        most: usize,
        default: usize,
    ) -> usize {
        let Some(typed) = typed else { return default };
        let number = *typed.get_ref();
        if number < least {
            self.problem(typed.span().start, format!("`{key}` is at least {least}"));
        } else if number > most {
            self.problem(typed.span().start, format!("`{key}` is at most {most}"));
        }
        number
    }

    pub(super) fn duration(&mut self, key: &str, typed: Option<&Spanned<String>>, default: Duration) -> Duration {
        let Some(typed) = typed else { return default };
        let span = typed.get_ref().parse::<Span>().ok();
        let parsed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        let parsed = parsed.and_then(|duration| duration.try_into().ok());
        let positive = parsed.filter(|duration: &Duration| !duration.is_zero());
        if positive.is_none() {
            self.problem(typed.span().start, format!("`{key}` takes a time such as 500ms, 10s, 1m or 90d"));
        }
        positive.unwrap_or(default)
    }
}
