//! Resolves limits and retention.

use std::{ops::RangeInclusive, time::Duration};

use jiff::{Span, SpanRelativeTo};
use toml::Spanned;

use super::{
    Limits,
    file::{LimitsTable, RetentionTable},
    resolve::Resolver,
};
use crate::log::Retention;

/// hyper accepts no smaller limit.
const MIN_HEADER_BYTES: usize = 8192;
/// The record of a body repeats some of it in its header and must stay below 1 GiB.
const MAX_BODY_BYTES: usize = 256 << 20;

impl Resolver<'_> {
    pub(super) fn limits(&mut self, table: &LimitsTable) -> Limits {
        let default = Limits::default();
        let any = 1..=usize::MAX;
        let limits = Limits {
            body_bytes: self.number("body_bytes", table.body_bytes.as_ref(), 1..=MAX_BODY_BYTES, default.body_bytes),
            header_bytes: self.number(
                "header_bytes",
                table.header_bytes.as_ref(),
                MIN_HEADER_BYTES..=usize::MAX,
                default.header_bytes,
            ),
            header_fields: self.number(
                "header_fields",
                table.header_fields.as_ref(),
                any.clone(),
                default.header_fields,
            ),
            connections: self.number(
                "connections",
                table.connections.as_ref(),
                1..=usize::MAX >> 3,
                default.connections,
            ),
            requests: self.number("requests", table.requests.as_ref(), any.clone(), default.requests),
            bodies_bytes: self.number("bodies_bytes", table.bodies_bytes.as_ref(), any, default.bodies_bytes),
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
                    "`bodies_bytes` is for all bodies together and must be at least `body_bytes`: {} is less than {}",
                    limits.bodies_bytes, limits.body_bytes
                ),
            );
        }
        limits
    }

    pub(super) fn retention(&mut self, table: &RetentionTable) -> Retention {
        let max_bytes = table.max_bytes.as_ref().map(|typed| self.number("max_bytes", Some(typed), 1..=usize::MAX, 1));
        let max_age = table.max_age.as_ref().map(|typed| self.duration("max_age", Some(typed), Duration::MAX));
        Retention { max_age, max_bytes: max_bytes.map(|bytes| bytes as u64) }
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        typed: Option<&Spanned<usize>>,
        range: RangeInclusive<usize>,
        default: usize,
    ) -> usize {
        let Some(typed) = typed else { return default };
        let number = *typed.get_ref();
        if range.contains(&number) {
            return number;
        }
        let (bound, limit) =
            if number < *range.start() { ("at least", range.start()) } else { ("at most", range.end()) };
        self.problem(typed.span().start, format!("`{key}` must be {bound} {limit}"));
        default
    }

    pub(super) fn duration(&mut self, key: &str, typed: Option<&Spanned<String>>, default: Duration) -> Duration {
        let Some(typed) = typed else { return default };
        let span = typed.get_ref().parse::<Span>().ok();
        let parsed = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        let parsed = parsed.and_then(|duration| duration.try_into().ok());
        let positive = parsed.filter(|duration: &Duration| !duration.is_zero());
        if positive.is_none() {
            self.problem(typed.span().start, format!("`{key}` must be a duration, such as 500ms, 10s, 1m or 90d"));
        }
        positive.unwrap_or(default)
    }
}
