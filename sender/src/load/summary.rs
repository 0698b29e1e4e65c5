//! The result of a load in numbers. Its JSON names are stable.

use std::{collections::BTreeMap, time::Duration};

use console::format::milliseconds;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::{
    options::Load,
    schedule::{LoadPace, Schedule},
    tally::RequestTally,
};

/// The result of a load, without the requests of the warm-up.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    /// The endpoint, with the values of its query masked.
    pub(crate) url: String,
    /// The requested rate per second; `None` if it was as fast as the connections allowed.
    pub(crate) wanted_rate: Option<f64>,
    /// Answers per second, without those after the end.
    pub(crate) achieved_rate: f64,
    /// Without the warm-up.
    pub(crate) duration_ms: u64,
    pub(crate) warm_up_ms: u64,
    pub(crate) connections: usize,
    pub(crate) threads: usize,
    pub(crate) seed: Option<u64>,
    pub(crate) interrupted: bool,
    pub(crate) answered: u64,
    /// Answers with a 2xx status.
    pub(crate) accepted: u64,
    /// Requests without an answer: see `failures`.
    pub(crate) unanswered: u64,
    /// Requests without an answer at the end and the grace period.
    pub(crate) unfinished: u64,
    /// Requests that were due and never sent, because no connection was free.
    pub(crate) unsent: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by the code of the error.
    pub(crate) failures: BTreeMap<&'static str, u64>,
    /// Time from when a request was due (without a rate: sent) to the end of its answer. Requests that timed out, are
    /// unfinished or were not sent count with the time that they waited.
    pub(crate) latency_us: Option<Latency>,
    /// Time from when a request was sent: the latency that a load generator that waits for answers would measure.
    pub(crate) service_us: Option<Latency>,
    /// Size of the bodies of answered requests.
    pub(crate) sent_bytes: u64,
    /// Size of the answers' bodies.
    pub(crate) received_bytes: u64,
}

/// Times in microseconds, to three significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
    pub(crate) mean: f64,
}

impl Summary {
    /// Whether every request was answered 2xx. Requests that were not sent do not count against it.
    pub(crate) fn is_all_accepted(&self) -> bool {
        self.accepted > 0 && self.accepted == self.answered + self.unanswered + self.unfinished
    }

    pub(super) fn new(load: &Load, tally: &RequestTally, took: Duration, interrupted: bool) -> Self {
        let wanted_rate = match load.pace {
            LoadPace::Rate(rate) => Schedule::new(rate).map(|schedule| schedule.per_second()),
            LoadPace::Max => None,
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
        // A quantile is reported as the end of its bucket, which may be above the maximum.
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

#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub(crate) elapsed: Duration,
    /// Answers so far, without the warm-up.
    pub(crate) answered: u64,
    /// Answers with another status than 2xx, and requests without an answer.
    pub(crate) errors: u64,
    pub(crate) latency: Option<Latency>,
}

impl Progress {
    pub(super) fn of(tally: &RequestTally, elapsed: Duration) -> Self {
        let answered: u64 = tally.statuses.values().sum();
        let accepted: u64 = tally.statuses.range(200..300).map(|(_, count)| count).sum();
        let unanswered: u64 = tally.failures.values().sum();
        Self { elapsed, answered, errors: answered - accepted + unanswered, latency: Latency::of(&tally.latency) }
    }
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_times() {
        assert_eq!(Latency::of(&RequestTally::new().latency), None);
        let mut times = RequestTally::new().latency;
        // 1 to 1000 ms: each quantile is its own number, up to the bucket of the third digit.
        (1..=1000).for_each(|milliseconds| times.record(milliseconds * 1000).unwrap());
        let latency = Latency::of(&times).unwrap();
        for (name, reported, expected) in [
            ("p50", latency.p50, 500_000.0),
            ("p90", latency.p90, 900_000.0),
            ("p99", latency.p99, 990_000.0),
            ("p999", latency.p999, 999_000.0),
            ("max", latency.max, 1_000_000.0),
            ("mean", latency.mean as u64, 500_500.0),
        ] {
            let off: f64 = (reported as f64 - expected) / expected;
            assert!(off.abs() < 0.001, "{name}: {reported} for {expected}");
        }
    }

    #[test]
    fn all_are_accepted_only_if_no_request_has_another_result() {
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
            ("unsent", summary(3, 3, 0, 0, 1), true),
        ] {
            assert_eq!(summary.is_all_accepted(), expected, "{name}");
        }
    }
}
