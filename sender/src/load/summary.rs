//! The summary: what came of a load, in numbers. Its JSON names are stable.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{
    run::Load,
    schedule::{Pace, Schedule},
    tally::Tally,
};

/// What came of a load. Requests of the warm-up are not in it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The endpoint, with the values in its query masked.
    pub url: String,
    /// Requests a second that were wanted; none when it went as fast as the connections allowed.
    pub wanted_rate: Option<f64>,
    /// Answers a second, of those that came before the end.
    pub achieved_rate: f64,
    /// How long it went on, in milliseconds, without the warm-up.
    pub duration_ms: u64,
    /// How long it went on before the counting began, in milliseconds.
    pub warm_up_ms: u64,
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// Threads over which the connections were spread.
    pub threads: usize,
    /// What the messages were generated from; none when they were given.
    pub seed: Option<u64>,
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// Requests with an answer, of whatever status.
    pub answered: u64,
    /// Those of them with a 2xx.
    pub accepted: u64,
    /// Requests without one: see `failures`.
    pub unanswered: u64,
    /// Requests whose answer was still out at the end, and [`super::GRACE`] later too.
    pub unfinished: u64,
    /// Requests that were due and never sent, since no connection came free.
    pub unsent: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by the `code` of [`crate::delivery::NoAnswer`] or
    /// [`crate::delivery::ThisSideFailed`].
    pub failures: BTreeMap<&'static str, u64>,
    /// From the time a request was due (without a rate: sent) to the end of its answer, in microseconds. Those that
    /// ran out of time, and those unfinished or unsent, count with the time that they had waited. None when there is
    /// nothing to tell.
    pub latency_us: Option<Latency>,
    /// The same from the time a request was sent: what a load generator that waits for answers would see.
    pub service_us: Option<Latency>,
    /// Bytes of the bodies that were answered.
    pub sent_bytes: u64,
    /// Bytes of the answers' bodies.
    pub received_bytes: u64,
}

/// Times in microseconds, to three significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Half took no longer.
    pub p50: u64,
    /// 9 in 10 took no longer.
    pub p90: u64,
    /// 99 in 100.
    pub p99: u64,
    /// 999 in 1000.
    pub p999: u64,
    /// The longest.
    pub max: u64,
    /// The mean.
    pub mean: f64,
}

impl Summary {
    /// Whether every request was answered 2xx. Requests that were not sent do not count against it.
    pub fn is_all_accepted(&self) -> bool {
        self.accepted > 0 && self.accepted == self.answered + self.unanswered + self.unfinished
    }

    pub(super) fn new(load: &Load, tally: &Tally, took: Duration, interrupted: bool) -> Self {
        let wanted_rate = match load.pace {
            Pace::Rate(rate) => Schedule::new(rate).map(|schedule| schedule.per_second()),
            Pace::Max => None,
        };
        let of = |wanted: fn(u16) -> bool| tally.statuses.iter().filter(move |(status, _)| wanted(**status));
        let seconds = took.as_secs_f64();
        Self {
            url: load.target.to_string(),
            wanted_rate,
            achieved_rate: if seconds > 0.0 { tenths(tally.in_time as f64 / seconds) } else { 0.0 },
            duration_ms: milliseconds(took),
            warm_up_ms: milliseconds(load.warm_up),
            connections: load.connections.get(),
            threads: load.threads.get(),
            seed: load.messages.seed(),
            interrupted,
            answered: of(|_| true).map(|(_, count)| count).sum(),
            accepted: of(|status| (200..300).contains(&status)).map(|(_, count)| count).sum(),
            unanswered: tally.failures.values().sum(),
            unfinished: tally.unfinished,
            unsent: tally.unsent,
            statuses: tally.statuses.clone(),
            failures: tally.failures.clone(),
            latency_us: Latency::of(&tally.latency),
            service_us: Latency::of(&tally.service),
            sent_bytes: tally.sent_bytes,
            received_bytes: tally.received_bytes,
        }
    }
}

impl Latency {
    pub(super) fn of(times: &Histogram<u64>) -> Option<Self> {
        // A quantile is told as the end of its class, which may lie above the longest.
        let quantile = |quantile| times.value_at_quantile(quantile).min(times.max());
        (!times.is_empty()).then(|| Self {
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: times.max(),
            mean: tenths(times.mean()),
        })
    }
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_times() {
        assert_eq!(Latency::of(&Tally::new().latency), None);
        let mut times = Tally::new().latency;
        // 1 to 1000 ms: a quantile is its own number, but for the third digit's class.
        (1..=1000).for_each(|milliseconds| times.record(milliseconds * 1000).unwrap());
        let latency = Latency::of(&times).unwrap();
        for (name, told, expected) in [
            ("p50", latency.p50, 500_000.0),
            ("p90", latency.p90, 900_000.0),
            ("p99", latency.p99, 990_000.0),
            ("p999", latency.p999, 999_000.0),
            ("max", latency.max, 1_000_000.0),
            ("mean", latency.mean as u64, 500_500.0),
        ] {
            let off: f64 = (told as f64 - expected) / expected;
            assert!(off.abs() < 0.001, "{name}: {told} for {expected}");
        }
    }

    #[test]
    fn all_is_accepted_only_when_nothing_else_came_of_a_request() {
        let summary = |answered, accepted, unanswered, unfinished, unsent| Summary {
            url: String::new(),
            wanted_rate: None,
            achieved_rate: 0.0,
            duration_ms: 0,
            warm_up_ms: 0,
            connections: 1,
            threads: 1,
            seed: None,
            interrupted: false,
            answered,
            accepted,
            unanswered,
            unfinished,
            unsent,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            latency_us: None,
            service_us: None,
            sent_bytes: 0,
            received_bytes: 0,
        };
        for (name, summary, expected) in [
            ("all", summary(3, 3, 0, 0, 0), true),
            ("nothing", summary(0, 0, 0, 0, 0), false),
            ("another answer", summary(3, 2, 0, 0, 0), false),
            ("no answer", summary(3, 3, 1, 0, 0), false),
            ("no answer by the end", summary(3, 3, 0, 1, 0), false),
            ("a line", summary(3, 3, 0, 0, 1), true),
        ] {
            assert_eq!(summary.is_all_accepted(), expected, "{name}");
        }
    }
}
