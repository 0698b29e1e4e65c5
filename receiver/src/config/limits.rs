//! Resolves limits and retention.

use std::{ops::RangeInclusive, time::Duration};

use console::duration;
use toml::Spanned;

use super::{
    Limits,
    file::{LimitsTable, RetentionTable},
    resolve::ConfigResolver,
};
use crate::log::Retention;

/// hyper accepts no smaller limit.
const MIN_HEADER_BYTES: usize = 8192;
/// The record of a body repeats some of it in its header and must stay below 1 GiB.
const MAX_BODY_BYTES: usize = 256 << 20;

impl ConfigResolver<'_> {
    pub(super) fn limits(&mut self, table: &LimitsTable) -> Limits {
        let default = Limits::default();
        let any = 1..=usize::MAX;
        let limits = Limits {
            body_bytes: self.number("body_bytes", &table.body_bytes, 1..=MAX_BODY_BYTES, default.body_bytes),
            header_bytes: self.number(
                "header_bytes",
                &table.header_bytes,
                MIN_HEADER_BYTES..=usize::MAX,
                default.header_bytes,
            ),
            header_fields: self.number("header_fields", &table.header_fields, any.clone(), default.header_fields),
            connections: self.number("connections", &table.connections, 1..=usize::MAX >> 3, default.connections),
            requests: self.number("requests", &table.requests, any.clone(), default.requests),
            bodies_bytes: self.number("bodies_bytes", &table.bodies_bytes, any, default.bodies_bytes),
            header_timeout: self.duration("header_timeout", &table.header_timeout, default.header_timeout),
            body_timeout: self.duration("body_timeout", &table.body_timeout, default.body_timeout),
            idle_timeout: self.duration("idle_timeout", &table.idle_timeout, default.idle_timeout),
            drain_timeout: self.duration("drain_timeout", &table.drain_timeout, default.drain_timeout),
        };
        if limits.bodies_bytes < limits.body_bytes {
            let typed = table.bodies_bytes.as_ref().or(table.body_bytes.as_ref());
            self.problem_at(
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
        let max_age = self.duration("max_age", &table.max_age, Duration::MAX);
        let max_bytes = self.number("max_bytes", &table.max_bytes, 1..=usize::MAX, usize::MAX);
        Retention {
            max_age: table.max_age.as_ref().map(|_| max_age),
            max_bytes: table.max_bytes.as_ref().map(|_| max_bytes as u64),
        }
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        typed: &Option<Spanned<usize>>,
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
        self.problem(typed, format!("`{key}` must be {bound} {limit}"));
        default
    }

    pub(super) fn duration(&mut self, key: &str, typed: &Option<Spanned<String>>, default: Duration) -> Duration {
        let Some(typed) = typed else { return default };
        match duration::parse(typed.get_ref()) {
            Ok(Duration::ZERO) => self.problem(typed, format!("`{key}` must be more than 0")),
            Ok(duration) => return duration,
            Err(error) => self.problem(typed, format!("`{key}`: {error}")),
        }
        default
    }
}
