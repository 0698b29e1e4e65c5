//! Limits the rate of deliveries. They are spread evenly: a limit of 4 per second would be exceeded by 4 at the end of one
//! second and 4 at the beginning of the next.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};

use super::rate::Rate;

/// How late a delivery may be without delaying all that follow: the inaccuracy of a timer.
const TIMER_SLACK: Duration = Duration::from_millis(10);

/// Limits the rate for each destination and pauses destinations. Dispatchers that share it limit their rate together.
#[derive(Debug, Default)]
pub struct RateLimiter {
    limits: Mutex<Limits>,
}

#[derive(Debug, Default)]
pub(super) struct Limits {
    /// The time from one delivery to the next; 0 without a rate.
    interval: Duration,
    slack: Duration,
    /// When the next delivery may begin.
    next: HashMap<Arc<str>, Instant>,
    held: HashSet<Arc<str>>,
    releases: BTreeSet<(Instant, Arc<str>)>,
}

impl RateLimiter {
    /// Keeps a rate on average: a delivery that was late by the inaccuracy of a timer does not delay the following ones.
    pub fn average(rate: Rate) -> Self {
        let limits = Limits { interval: rate.interval(), slack: TIMER_SLACK, ..Limits::default() };
        Self { limits: Mutex::new(limits) }
    }

    /// Sets a rate that no span of time exceeds, or removes it.
    pub fn set_maximum(&self, rate: Option<Rate>) {
        // A little slower than the rate: requests do not take equally long, and the endpoint counts them as they arrive.
        let interval = rate.map_or(Duration::ZERO, |rate| rate.interval() + rate.interval() / 25);
        let mut limits = self.lock();
        (limits.interval, limits.slack) = (interval, Duration::ZERO);
    }

    /// Pauses a destination until then, or longer if it is paused for longer already.
    pub fn pause_until(&self, destination: &Arc<str>, then: Instant) {
        self.lock().hold_until(destination, then);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock()
    }
}

impl Limits {
    /// Whether there is a rate.
    pub(super) fn has_rate(&self) -> bool {
        !self.interval.is_zero()
    }

    /// The destinations to which nothing may be delivered now.
    pub(super) fn held(&mut self, now: Instant) -> &HashSet<Arc<str>> {
        while self.releases.first().is_some_and(|(release, _)| *release <= now) {
            if let Some((_, released)) = self.releases.pop_first() {
                self.held.remove(&released);
            }
        }
        &self.held
    }

    /// Records that a delivery to a destination begins.
    pub(super) fn record(&mut self, destination: &Arc<str>, now: Instant) {
        if self.interval.is_zero() {
            return;
        }
        let earliest = now.checked_sub(self.slack).unwrap_or(now);
        let from = self.next.get(destination).map_or(now, |next| earliest.max(*next));
        self.hold_until(destination, from + self.interval);
    }

    /// When the next held destination is released.
    pub(super) fn next_release(&self) -> Option<Instant> {
        self.releases.first().map(|(release, _)| *release)
    }

    fn hold_until(&mut self, destination: &Arc<str>, then: Instant) {
        let next = self.next.entry(Arc::clone(destination)).or_insert(then);
        self.releases.remove(&(*next, Arc::clone(destination)));
        *next = then.max(*next);
        self.releases.insert((*next, Arc::clone(destination)));
        self.held.insert(Arc::clone(destination));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Arc<str> {
        "a".into()
    }

    /// The milliseconds, every `step`, at which a delivery may begin.
    fn allowed(limiter: &RateLimiter, step: usize) -> Vec<u64> {
        let start = Instant::now();
        let mut limits = limiter.lock();
        let is_free = |now: &u64| {
            let now = start + Duration::from_millis(*now);
            let is_free = limits.held(now).is_empty();
            if is_free {
                limits.record(&name(), now);
            }
            is_free
        };
        (0..10_000).step_by(step).filter(is_free).collect()
    }

    fn busiest(times: &[u64], span: u64) -> usize {
        let in_span = |start: u64| times.iter().filter(|time| (start..start + span).contains(time)).count();
        (0..10_000 - span.min(9_999)).map(in_span).max().unwrap_or_default()
    }

    #[test]
    fn deliveries_are_spread_evenly() {
        let (limiter, start) = (RateLimiter::average("4/s".parse().unwrap()), Instant::now());
        let mut limits = limiter.lock();
        let at = |millisecond| start + Duration::from_millis(millisecond);
        assert!(limits.held(at(0)).is_empty(), "the first goes at once");
        for (name, recorded, release) in [
            ("the first", 1000, 1250),
            ("in time", 1250, 1500),
            ("late by less than the slack", 1504, 1750),
            ("late by more: no more than the slack is made up for", 2000, 2240),
            ("after a long rest", 90_000, 90_240),
        ] {
            limits.held(at(recorded));
            limits.record(&"a".into(), at(recorded));
            assert_eq!(limits.next_release(), Some(at(release)), "{name}");
            assert!(!limits.held(at(release - 1)).is_empty(), "{name}");
            assert!(limits.held(at(release)).is_empty(), "{name}");
        }
    }

    #[test]
    fn no_second_has_more_than_its_rate_and_the_slack() {
        for (rate, step, most) in [("4/s", 1, 5), ("100/s", 3, 102), ("1000/s", 1, 1011), ("90/m", 7, 3)] {
            let times = allowed(&RateLimiter::average(rate.parse().unwrap()), step);
            let busiest = busiest(&times, 1000);
            assert!(busiest <= most && busiest + 11 >= most.min(1000 / step), "{rate}: {busiest}");
        }
    }

    #[test]
    fn no_span_has_more_than_the_maximum_rate() {
        for (rate, step) in [("4/s", 1), ("4/s", 70), ("100/s", 1), ("90/m", 7)] {
            let (limiter, parsed) = (RateLimiter::default(), rate.parse::<Rate>().unwrap());
            limiter.set_maximum(Some(parsed));
            let times = allowed(&limiter, step);
            let (count, span) = parsed.count_in();
            let span = u64::try_from(span.as_millis()).unwrap();
            let busiest = busiest(&times, span);
            assert!(busiest <= count.get() as usize, "{rate}: {busiest}");
            assert!(times.len() as u64 * span >= 9_000 * u64::from(count.get()) * 9 / 10, "{rate}: {}", times.len());
        }
    }

    #[test]
    fn each_destination_has_its_own_rate() {
        let (limiter, start) = (RateLimiter::average("4/s".parse().unwrap()), Instant::now());
        let mut limits = limiter.lock();
        let at = |millisecond| start + Duration::from_millis(millisecond);
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        limits.record(&a, at(0));
        limits.record(&b, at(100));
        for (now, held, release) in [
            (100, vec![&a, &b], Some(250)),
            (249, vec![&a, &b], Some(250)),
            (250, vec![&b], Some(350)),
            (350, vec![], None),
        ] {
            assert_eq!(*limits.held(at(now)), held.into_iter().cloned().collect(), "{now}");
            assert_eq!(limits.next_release(), release.map(at), "{now}");
        }
        let mut none = Limits::default();
        none.record(&a, start);
        assert_eq!((none.held(start).len(), none.next_release(), none.has_rate()), (0, None, false));
    }

    #[test]
    fn a_pause_holds_and_is_never_shortened() {
        let (limiter, start, second) = (RateLimiter::default(), Instant::now(), Duration::from_secs(1));
        limiter.pause_until(&name(), start + 3 * second);
        limiter.pause_until(&name(), start + second);
        let mut limits = limiter.lock();
        limits.record(&name(), start);
        assert!(!limits.held(start + second).is_empty());
        assert_eq!(limits.next_release(), Some(start + 3 * second));
        assert!(limits.held(start + 3 * second).is_empty());
    }
}
