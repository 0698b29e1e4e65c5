//! The metrics of the last half hour, in memory: enough for charts without a monitoring system.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval_at};

use super::exposition::{MetricSample, samples};

/// Time between two readings.
const INTERVAL: Duration = Duration::from_secs(5);
/// How far back the readings go.
const SPAN: Duration = Duration::from_secs(30 * 60);
/// Number of readings in a minute.
pub(super) const MINUTE: usize = 12;

/// Reads the metrics, and keeps the readings of the last half hour.
pub(super) struct History {
    render: Box<dyn Fn() -> String + Send + Sync>,
    readings: Mutex<VecDeque<Arc<Reading>>>,
}

/// The metrics at one moment.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) at: Timestamp,
    taken: Instant,
    /// Number of requests by verdict since the start.
    pub(super) verdicts: BTreeMap<String, u64>,
    /// Number of accepted requests that took at most these seconds, since the start.
    durations: Vec<(f64, u64)>,
    pub(super) gauges: Gauges,
    /// The relay's destinations by name.
    pub(super) destinations: BTreeMap<String, DestinationGauges>,
}

/// Sizes and lags at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Gauges {
    /// What is not durable yet.
    pub(super) queue_bytes: u64,
    /// From here on messages are refused.
    pub(super) queue_limit_bytes: u64,
    /// What the index has not read.
    pub(super) index_lag_bytes: u64,
    /// What the relay has not read; `None` if nothing is relayed.
    pub(super) relay_lag_bytes: Option<u64>,
    pub(super) log_bytes: Option<u64>,
    pub(super) index_bytes: Option<u64>,
    /// What is free on the disk of the data folder.
    pub(super) free_bytes: Option<u64>,
}

/// A destination of the relay at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DestinationGauges {
    pub(super) waiting: u64,
    /// When the oldest waiting message was received.
    pub(super) oldest_waiting: Option<Timestamp>,
    pub(super) dead_letters: u64,
}

/// What happened in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Point {
    /// Its end.
    pub(super) at: Timestamp,
    /// Its length.
    pub(super) seconds: f64,
    /// How long before the last reading it ended.
    #[serde(skip)]
    pub(super) age: Duration,
    pub(super) accepted_per_second: f64,
    pub(super) refused_per_second: f64,
    /// Of accepted requests; `None` if there were none.
    pub(super) median_seconds: Option<f64>,
    /// 99 % of accepted requests took at most this long.
    pub(super) p99_seconds: Option<f64>,
    /// The largest queue and lag, and the sizes at the end.
    #[serde(flatten)]
    pub(super) gauges: Gauges,
}

impl History {
    /// `render` gives all metrics in the form that Prometheus reads; it may read files. The first reading is taken now.
    pub(super) fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let history = Self { render: Box::new(render), readings: Mutex::default() };
        history.keep(history.read());
        history
    }

    /// Takes readings until it is dropped.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut ticks = interval_at(tokio::time::Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let history = self.clone();
            // It fails only if the runtime ends.
            let _ = tokio::task::spawn_blocking(move || history.keep(history.read())).await;
        }
    }

    fn keep(&self, reading: Reading) {
        let mut readings = self.readings.lock();
        while readings.front().is_some_and(|first| reading.taken.duration_since(first.taken) > SPAN) {
            readings.pop_front();
        }
        readings.push_back(Arc::new(reading));
    }

    fn read(&self) -> Reading {
        Reading::of(&(self.render)(), Timestamp::now(), Instant::now())
    }

    /// The readings so far, the oldest first, and one of this moment, so there is at least one. It reads files.
    pub(super) fn until_now(&self) -> Vec<Arc<Reading>> {
        let now = Arc::new(self.read());
        self.readings.lock().iter().cloned().chain([now]).collect()
    }
}

impl Reading {
    fn of(text: &str, at: Timestamp, taken: Instant) -> Self {
        let mut reading = Self {
            at,
            taken,
            verdicts: BTreeMap::new(),
            durations: Vec::new(),
            gauges: Gauges::default(),
            destinations: BTreeMap::new(),
        };
        samples(text).for_each(|sample| reading.add(&sample));
        reading
    }

    fn add(&mut self, sample: &MetricSample<'_>) {
        // Counts and sizes are whole numbers and not negative.
        let value = sample.value as u64;
        let destination = sample.label("destination");
        let gauges = &mut self.gauges;
        match sample.name {
            "requests_total" if value > 0 => {
                *self.verdicts.entry(sample.label("verdict").to_owned()).or_default() += value;
            }
            "request_duration_seconds_bucket" if sample.label("outcome") == "accepted" => {
                if let Ok(bound) = sample.label("le").parse() {
                    self.durations.push((bound, value));
                }
            }
            "log_queue_bytes" => gauges.queue_bytes = value,
            "log_queue_limit_bytes" => gauges.queue_limit_bytes = value,
            "index_lag_bytes" => gauges.index_lag_bytes = value,
            "relay_lag_bytes" => gauges.relay_lag_bytes = Some(value),
            "log_size_bytes" => gauges.log_bytes = Some(value),
            "index_size_bytes" => gauges.index_bytes = Some(value),
            "data_free_bytes" => gauges.free_bytes = Some(value),
            "relay_waiting" => self.destination(destination).waiting = value,
            "relay_dead_letters" => self.destination(destination).dead_letters = value,
            "relay_oldest_waiting_timestamp_seconds" if value > 0 => {
                self.destination(destination).oldest_waiting = Timestamp::from_second(value.cast_signed()).ok();
            }
            _ => {}
        }
    }

    fn destination(&mut self, name: &str) -> &mut DestinationGauges {
        self.destinations.entry(name.to_owned()).or_default()
    }

    /// Number of accepted requests since the start, captured ones among them.
    pub(super) fn accepted(&self) -> u64 {
        ["accepted", "captured"].iter().filter_map(|verdict| self.verdicts.get(*verdict)).sum()
    }

    /// Number of refused requests since the start.
    pub(super) fn refused(&self) -> u64 {
        self.verdicts.values().sum::<u64>() - self.accepted()
    }
}

/// What happened between the readings, in intervals of `step` readings; the first interval may be shorter.
pub(super) fn points(readings: &[Arc<Reading>], step: usize) -> Vec<Point> {
    let Some(newest) = readings.last() else { return Vec::new() };
    let mut points = Vec::new();
    let mut end = readings.len() - 1;
    while end > 0 {
        let start = end.saturating_sub(step);
        let (from, to) = (&readings[start], &readings[end]);
        let elapsed = to.taken.duration_since(from.taken).as_secs_f64().max(f64::EPSILON);
        let durations = increase(&from.durations, &to.durations);
        let largest = |gauge: fn(&Gauges) -> u64| {
            readings[start + 1..=end].iter().map(|reading| gauge(&reading.gauges)).max().unwrap_or_default()
        };
        let relay_lag = readings[start + 1..=end].iter().filter_map(|reading| reading.gauges.relay_lag_bytes).max();
        points.push(Point {
            at: to.at,
            seconds: elapsed,
            age: newest.taken.duration_since(to.taken),
            accepted_per_second: to.accepted().saturating_sub(from.accepted()) as f64 / elapsed,
            refused_per_second: to.refused().saturating_sub(from.refused()) as f64 / elapsed,
            median_seconds: quantile(&durations, 0.5),
            p99_seconds: quantile(&durations, 0.99),
            gauges: Gauges {
                queue_bytes: largest(|gauges| gauges.queue_bytes),
                index_lag_bytes: largest(|gauges| gauges.index_lag_bytes),
                relay_lag_bytes: relay_lag,
                ..to.gauges
            },
        });
        end = start;
    }
    points.reverse();
    points
}

fn increase(from: &[(f64, u64)], to: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let before = |bound: f64| from.iter().find(|(known, _)| *known == bound).map_or(0, |(_, count)| *count);
    to.iter().map(|(bound, count)| (*bound, count.saturating_sub(before(*bound)))).collect()
}

/// The value below which this part of the observations is, as Prometheus estimates it: evenly spread within its bucket, and
/// at the largest bound for those above it. `buckets` are cumulative, with ascending bounds, the last infinite.
fn quantile(buckets: &[(f64, u64)], part: f64) -> Option<f64> {
    let total = buckets.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
    let rank = part * total as f64;
    let (mut lower, mut below) = (0.0, 0);
    for (bound, count) in buckets {
        if *count as f64 >= rank && *count > below {
            let share = (rank - below as f64) / (count - below) as f64;
            return Some(if bound.is_finite() { lower + (bound - lower) * share } else { lower });
        }
        (lower, below) = (*bound, *count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(second: u64, start: Instant, lines: &str) -> Arc<Reading> {
        let text: String = lines.lines().map(|line| format!("webhook_receiver_{}\n", line.trim())).collect();
        let at = Timestamp::from_second(second.cast_signed()).unwrap();
        Arc::new(Reading::of(&text, at, start + Duration::from_secs(second)))
    }

    fn requests(second: u64, start: Instant, accepted: u64, refused: u64, queue: u64) -> Arc<Reading> {
        reading(
            second,
            start,
            &format!(
                "requests_total{{endpoint=\"/a\",verdict=\"accepted\"}} {accepted}
                 requests_total{{endpoint=\"/b\",verdict=\"accepted\"}} {accepted}
                 requests_total{{endpoint=\"/b\",verdict=\"captured\"}} 1
                 requests_total{{endpoint=\"/b\",verdict=\"not-json\"}} {refused}
                 request_duration_seconds_bucket{{le=\"0.001\",outcome=\"accepted\"}} {accepted}
                 request_duration_seconds_bucket{{le=\"+Inf\",outcome=\"accepted\"}} {accepted}
                 log_queue_bytes {queue}
                 relay_waiting{{destination=\"teams\"}} 3
                 relay_oldest_waiting_timestamp_seconds{{destination=\"teams\"}} 7"
            ),
        )
    }

    #[test]
    fn a_point_has_the_rates_of_its_interval_and_the_largest_queue_in_it() {
        let start = Instant::now();
        let counts = [(0, 10, 0, 0), (5, 20, 5, 900), (10, 20, 5, 0), (15, 20, 5, 0), (20, 40, 5, 7)];
        let readings: Vec<_> =
            counts.map(|(second, accepted, refused, queue)| requests(second, start, accepted, refused, queue)).into();
        let found: Vec<_> = points(&readings, 3)
            .iter()
            .map(|point| {
                let Point { seconds, accepted_per_second, refused_per_second, median_seconds, gauges, .. } = *point;
                (
                    point.age.as_secs(),
                    seconds,
                    accepted_per_second,
                    refused_per_second,
                    median_seconds,
                    gauges.queue_bytes,
                )
            })
            .collect();
        assert_eq!(found, [(15, 5.0, 4.0, 1.0, Some(0.0005), 900), (0, 15.0, 40.0 / 15.0, 0.0, Some(0.0005), 7)]);
        assert_eq!(points(&readings[..1], 3), []);
        assert_eq!((readings[4].accepted(), readings[4].refused()), (81, 5));
        let teams = DestinationGauges { waiting: 3, oldest_waiting: Timestamp::from_second(7).ok(), dead_letters: 0 };
        assert_eq!(readings[0].destinations, BTreeMap::from([("teams".to_owned(), teams)]));
    }

    #[test]
    fn quantiles_are_estimated_within_their_bucket() {
        let buckets = [(0.1, 0), (0.2, 10), (0.4, 20), (f64::INFINITY, 100)];
        for (part, expected) in [(0.05, 0.15), (0.1, 0.2), (0.15, 0.3), (0.2, 0.4), (0.5, 0.4), (1.0, 0.4)] {
            let found = quantile(&buckets, part).unwrap();
            assert!((found - expected).abs() < 1e-9, "{part}: {found}");
        }
        assert_eq!(quantile(&[(0.1, 0), (f64::INFINITY, 0)], 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn readings_older_than_half_an_hour_are_dropped() {
        let history = History::new(String::new);
        let start = Instant::now();
        let second = Duration::from_secs(1);
        for after in [Duration::ZERO, second, SPAN, SPAN + second, SPAN + 3 * second] {
            history.keep(Reading::of("", Timestamp::now(), start + after));
        }
        let kept: Vec<_> = history.readings.lock().iter().map(|reading| reading.taken.duration_since(start)).collect();
        assert_eq!(kept, [SPAN, SPAN + second, SPAN + 3 * second]);
    }
}
